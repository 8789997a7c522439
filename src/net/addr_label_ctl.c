/* SPDX-License-Identifier: BSD-2-Clause */
/* RTM_*ADDRLABEL. Order of checks, errors and words as in Linux's addrlabel.c; nobody is told of changes there either. */
#include <linux/if_addrlabel.h>
#include <linux/rtnetlink.h>

#include "net/addr_label.h"
#include "net/ctl_util.h"

static const struct nl_policy label_policy[IFAL_MAX + 1] = {
	[IFAL_ADDRESS] = { NL_BYTES, .min = 16, .name = "IFAL_ADDRESS", .help = "the prefix" },
	[IFAL_LABEL] = { NL_U32, .name = "IFAL_LABEL" },
};

static bool has_iface(const struct nl_req *r, uint32_t ifindex)
{
	return !ifindex || iface_by_index(r->st, ifindex);
}

static int read_label(const struct nl_req *r, struct addr_label *ret)
{
	const struct ifaddrlblmsg *m = r->hdr;
	if (m->ifal_family != AF_INET6 || m->ifal_prefixlen > 128 || !r->attrs[IFAL_ADDRESS] ||
	    !r->attrs[IFAL_LABEL])
		return -EINVAL;
	*ret = (struct addr_label){ .ifindex = m->ifal_index,
				    .plen = m->ifal_prefixlen,
				    .label = mnl_attr_get_u32(r->attrs[IFAL_LABEL]) };
	memcpy(&ret->prefix, mnl_attr_get_payload(r->attrs[IFAL_ADDRESS]), sizeof ret->prefix);
	return ret->label == ADDR_LABEL_NONE ? -EINVAL : 0;
}

static int new_label(struct nl_req *r)
{
	struct addr_label l;
	int err = read_label(r, &l);
	if (err || !has_iface(r, l.ifindex))
		return -EINVAL;
	return addr_label_add(r->st, &l, r->msg->nlmsg_flags & NLM_F_REPLACE);
}

static int del_label(struct nl_req *r)
{
	struct addr_label l;
	int err = read_label(r, &l);
	return err ? err : addr_label_delete(r->st, &l);
}

static int put(struct nl_req *r, uint16_t flags, const struct addr_label *l)
{
	struct ifaddrlblmsg *m =
		nl_begin(r->reply, RTM_NEWADDRLABEL, flags, r->msg->nlmsg_seq, r->portid, sizeof *m);
	if (m)
		*m = (struct ifaddrlblmsg){ .ifal_family = AF_INET6,
					    .ifal_prefixlen = l->plen,
					    .ifal_index = l->ifindex,
					    .ifal_seq = addr_label_seq(r->st) };
	nl_put(r->reply, IFAL_ADDRESS, &l->prefix, sizeof l->prefix);
	nl_put_u32(r->reply, IFAL_LABEL, l->label);
	return nl_end(r->reply);
}

static int check_strict_get(const struct nl_req *r)
{
	const struct ifaddrlblmsg *m = r->hdr;
	if (m->__ifal_reserved || m->ifal_flags || m->ifal_seq)
		return nl_bad(r->ext, NULL, -EINVAL, "Invalid values in header for addrlabel get request");
	if (r->attrs[IFAL_LABEL])
		return nl_bad(r->ext, r->attrs[IFAL_LABEL], -EINVAL,
			      "Unsupported attribute in addrlabel get request");
	return 0;
}

static int get_label(struct nl_req *r)
{
	const struct ifaddrlblmsg *m = r->hdr;
	struct ip6 a;
	int err = r->strict ? check_strict_get(r) : 0;
	if (err)
		return err;
	if (m->ifal_family != AF_INET6 || m->ifal_prefixlen != 128 || !has_iface(r, m->ifal_index) ||
	    !r->attrs[IFAL_ADDRESS])
		return -EINVAL;
	memcpy(&a, mnl_attr_get_payload(r->attrs[IFAL_ADDRESS]), sizeof a);
	const struct addr_label *l = addr_label_find(&addr_state(r->st)->table, &a, m->ifal_index);
	return l ? put(r, 0, l) : -ESRCH;
}

static int check_strict_dump(const struct nl_req *r)
{
	const struct ifaddrlblmsg *m = r->hdr;
	if (m->__ifal_reserved || m->ifal_prefixlen || m->ifal_flags || m->ifal_index || m->ifal_seq)
		return nl_bad(r->ext, NULL, -EINVAL,
			      "Invalid values in header for address label dump request");
	if (r->attrs[IFAL_ADDRESS] || r->attrs[IFAL_LABEL])
		return nl_bad(r->ext, NULL, -EINVAL,
			      "Invalid data after header for address label dump request");
	return 0;
}

static int dump_labels(struct nl_req *r, struct nl_dump *d)
{
	const struct addr_labels *all = addr_state(r->st)->table.labels;
	int err = r->strict ? check_strict_dump(r) : 0;
	if (err)
		return err;
	for (; all && d->key[0] < all->n; d->key[0]++)
		if (put(r, NLM_F_MULTI, &all->row[d->key[0]]))
			return 1;
	return 0;
}

enum { HDR = sizeof(struct ifaddrlblmsg) };
static const struct nl_msg label_msgs[] = {
	{ RTM_GETADDRLABEL, 0, HDR, IFAL_MAX, label_policy, get_label, dump_labels, "RTM_GETADDRLABEL" },
	{ RTM_NEWADDRLABEL, NL_ADMIN, HDR, IFAL_MAX, label_policy, new_label, NULL, "RTM_NEWADDRLABEL" },
	{ RTM_DELADDRLABEL, NL_ADMIN, HDR, IFAL_MAX, label_policy, del_label, NULL, "RTM_DELADDRLABEL" },
	{ 0 },
};

const struct nl_family addr_label_family = {
	.name = "route/addrlabel", .protocol = NETLINK_ROUTE, .pf = AF_INET6, .msgs = label_msgs
};

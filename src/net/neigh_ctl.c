/* SPDX-License-Identifier: BSD-2-Clause */
/* RTM_*NEIGH. Order of checks, errors and words as in Linux's neighbour.c. */
#include <linux/if_ether.h>
#include <linux/rtnetlink.h>

#include "net/ctl_util.h"

static const struct nl_policy neigh_policy[NDA_MAX + 1] = {
	[NDA_DST] = { NL_BYTES, .max = 32, .name = "NDA_DST" },
	[NDA_LLADDR] = { NL_BYTES, .max = 32, .name = "NDA_LLADDR", .help = "6 bytes" },
	[NDA_PROBES] = { NL_U32, .name = "NDA_PROBES" },
	[NDA_IFINDEX] = { NL_U32, .name = "NDA_IFINDEX", .help = "a filter in dumps" },
	[NDA_MASTER] = { NL_U32, .name = "NDA_MASTER", .help = "a filter in dumps" },
	[NDA_PROTOCOL] = { NL_U8, .name = "NDA_PROTOCOL" },
	[NDA_FLAGS_EXT] = { NL_U32, .name = "NDA_FLAGS_EXT", .help = "refused" },
};

/* --- out --- */

/* Linux: the states in which the link-layer address is worth telling. */
enum { NUD_VALID = NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY };

static uint32_t ticks_since(const struct leat_stack *st, uint64_t when_us)
{
	uint64_t now_us = st->rt->ctl->now_us;
	return when_us <= now_us ? ticks_of_us(now_us - when_us) : 0;
}

static int put(struct nl_buf *b, struct leat_stack *st, uint16_t type, uint16_t nlm_flags, uint32_t seq,
	       uint32_t portid, const struct neigh_info *n)
{
	struct nda_cacheinfo ci = {
		.ndm_confirmed = ticks_since(st, n->confirmed_us),
		.ndm_used = ticks_since(st, n->used_us),
		.ndm_updated = ticks_since(st, n->updated_us),
		.ndm_refcnt = 0,
	};
	struct ndmsg *m = nl_begin(b, type, nlm_flags, seq, portid, sizeof *m);
	if (m)
		*m = (struct ndmsg){
			.ndm_family = n->family,
			.ndm_ifindex = (int)ifindex_of(st, n->if_handle),
			.ndm_state = n->state,
			.ndm_flags = n->flags,
			.ndm_type = RTN_UNICAST,
		};
	put_addr(b, NDA_DST, n->family, &n->addr);
	if (n->has_mac && n->state & NUD_VALID)
		nl_put(b, NDA_LLADDR, n->mac, sizeof n->mac);
	nl_put_u32(b, NDA_PROBES, n->probes);
	nl_put(b, NDA_CACHEINFO, &ci, sizeof ci);
	if (n->protocol)
		nl_put_u8(b, NDA_PROTOCOL, n->protocol);
	return nl_end(b);
}

struct told {
	struct leat_stack *st;
	const struct neigh_info *n;
};

static void fill_told(struct nl_buf *b, uint16_t type, uint32_t seq, uint32_t portid, const void *what)
{
	const struct told *t = what;
	put(b, t->st, type, 0, seq, portid, t->n);
}

void neigh_tell(struct leat_stack *st, uint16_t type, const struct neigh_info *n)
{
	struct told t = { .st = st, .n = n };
	nl_notify(st, NETLINK_ROUTE, RTNLGRP_NEIGH, type, fill_told, &t);
}

/* --- dump and get --- */

static int check_strict_dump(const struct nl_req *r)
{
	const struct ndmsg *m = r->hdr;
	if (m->ndm_pad1 || m->ndm_pad2 || m->ndm_ifindex || m->ndm_state || m->ndm_type)
		return nl_bad(r->ext, NULL, -EINVAL, "Invalid values in header for neighbor dump request");
	if (m->ndm_flags & ~NTF_PROXY)
		return nl_bad(r->ext, NULL, -EINVAL, "Invalid flags in header for neighbor dump request");
	for (uint16_t t = 1; t <= NDA_MAX; t++)
		if (r->attrs[t] && t != NDA_IFINDEX && t != NDA_MASTER)
			return nl_bad(r->ext, r->attrs[t], -EINVAL,
				      "Unsupported attribute in neighbor dump request");
	return 0;
}

static bool dump_wants(const struct nl_req *r, const struct neigh_info *n)
{
	const struct ndmsg *m = r->hdr;
	if (m->ndm_family && m->ndm_family != n->family)
		return false;
	if (r->attrs[NDA_MASTER] && mnl_attr_get_u32(r->attrs[NDA_MASTER]))
		return false;
	return !r->attrs[NDA_IFINDEX] ||
	       mnl_attr_get_u32(r->attrs[NDA_IFINDEX]) == ifindex_of(r->st, n->if_handle);
}

static int dump_neighs(struct nl_req *r, struct nl_dump *d)
{
	const struct ndmsg *m = r->hdr;
	struct neigh_info n;
	int err = r->strict ? check_strict_dump(r) : 0;
	if (err)
		return err;
	if (m->ndm_flags & NTF_PROXY)
		return 0; /* nobody answers for others yet */
	/* Linux: of neighbours the messages say that they are a choice, and DONE does not. */
	uint16_t filtered = r->attrs[NDA_IFINDEX] || r->attrs[NDA_MASTER] ? NLM_F_DUMP_FILTERED : 0;
	for (uint64_t pos = d->key[0]; neigh_next(r->st, &pos, &n); d->key[0] = pos)
		if (dump_wants(r, &n) && put(r->reply, r->st, RTM_NEWNEIGH, NLM_F_MULTI | filtered,
					     r->msg->nlmsg_seq, r->portid, &n))
			return 1;
	return 0;
}

static int find_iface(struct nl_req *r, struct iface **ret)
{
	const struct ndmsg *m = r->hdr;
	*ret = m->ndm_ifindex > 0 ? iface_by_index(r->st, (uint32_t)m->ndm_ifindex) : NULL;
	return m->ndm_ifindex > 0 && !*ret ? -ENODEV : 0;
}

static int get_neigh(struct nl_req *r)
{
	const struct ndmsg *m = r->hdr;
	struct neigh_info n;
	struct ipaddr who;
	struct iface *i;
	if (m->ndm_family != AF_INET && m->ndm_family != AF_INET6)
		return nl_bad(r->ext, NULL, -EINVAL, "Unsupported family in header for neighbor get request");
	if (!r->attrs[NDA_DST])
		return nl_bad(r->ext, NULL, -EINVAL, "Network address not specified");
	if (!addr_of_attr(r->attrs[NDA_DST], m->ndm_family, &who))
		return nl_bad(r->ext, r->attrs[NDA_DST], -EINVAL,
			      "Invalid network address in neighbor get request");
	int err = find_iface(r, &i);
	if (err)
		return nl_bad(r->ext, NULL, err, "Unknown device ifindex");
	if (!i)
		return nl_bad(r->ext, NULL, -EINVAL, "No device specified");
	if (!neigh_get(r->st, i->handle, m->ndm_family, &who, &n))
		return nl_bad(r->ext, NULL, -ENOENT, "Neighbour entry not found");
	return put(r->reply, r->st, RTM_NEWNEIGH, 0, r->msg->nlmsg_seq, r->portid, &n);
}

/* --- new and delete --- */

enum { FLAGS_EXT_KNOWN = 7 }; /* NTF_EXT_*: managed, locked, validated from outside */

static int check_flags(struct nl_req *r)
{
	const struct ndmsg *m = r->hdr;
	if (m->ndm_flags & NTF_PROXY)
		return nl_bad(r->ext, NULL, -EOPNOTSUPP, "Proxy neighbours are not supported yet");
	uint32_t ext = r->attrs[NDA_FLAGS_EXT] ? mnl_attr_get_u32(r->attrs[NDA_FLAGS_EXT]) : 0;
	if (ext & ~(uint32_t)FLAGS_EXT_KNOWN)
		return nl_bad(r->ext, r->attrs[NDA_FLAGS_EXT], -EINVAL, "reserved bit set");
	if (ext && m->ndm_state & NUD_PERMANENT)
		return nl_bad(r->ext, NULL, -EINVAL, "Invalid NTF_* flag for permanent entry");
	if (m->ndm_flags & NTF_EXT_LEARNED || ext)
		return nl_bad(r->ext, NULL, -EOPNOTSUPP,
			      "Neighbours managed from outside are not supported yet");
	return 0;
}

static int read_neigh(struct nl_req *r, struct neigh_info *n)
{
	const struct ndmsg *m = r->hdr;
	struct iface *i;
	if (!r->attrs[NDA_DST])
		return nl_bad(r->ext, NULL, -EINVAL, "Network address not specified");
	int err = find_iface(r, &i);
	if (err)
		return err;
	*n = (struct neigh_info){ .family = m->ndm_family,
				  .state = (uint8_t)m->ndm_state,
				  .flags = m->ndm_flags & NTF_ROUTER };
	if (m->ndm_family != AF_INET && m->ndm_family != AF_INET6)
		return -EAFNOSUPPORT;
	if (mnl_attr_get_payload_len(r->attrs[NDA_DST]) < addr_len(m->ndm_family))
		return nl_bad(r->ext, NULL, -EINVAL, "Invalid network address");
	memcpy(&n->addr, mnl_attr_get_payload(r->attrs[NDA_DST]), addr_len(m->ndm_family));
	err = check_flags(r);
	if (err)
		return err;
	if (!i)
		return nl_bad(r->ext, NULL, -EINVAL, "Device not specified");
	n->if_handle = i->handle;
	return 0;
}

static int new_neigh(struct nl_req *r)
{
	struct neigh_info n;
	const struct nlattr *mac = r->attrs[NDA_LLADDR];
	int err = read_neigh(r, &n);
	if (err)
		return err;
	if (mac && mnl_attr_get_payload_len(mac) < ETH_ALEN)
		return nl_bad(r->ext, NULL, -EINVAL, "Invalid link address");
	if (mac) {
		memcpy(n.mac, mnl_attr_get_payload(mac), ETH_ALEN);
		n.has_mac = true;
	}
	if (r->attrs[NDA_PROTOCOL])
		n.protocol = mnl_attr_get_u8(r->attrs[NDA_PROTOCOL]);
	err = neigh_set(r->st, &n, r->msg->nlmsg_flags);
	if (err == -EINVAL && n.state & NUD_VALID && !mac)
		return nl_bad(r->ext, NULL, err, "No link layer address given");
	return err;
}

static int del_neigh(struct nl_req *r)
{
	struct neigh_info n;
	int err = read_neigh(r, &n);
	if (err)
		return err;
	return neigh_delete(r->st, n.if_handle, n.family, &n.addr);
}

enum { HDR = sizeof(struct ndmsg) };
static const struct nl_msg neigh_msgs[] = {
	{ RTM_GETNEIGH, 0, HDR, NDA_MAX, neigh_policy, get_neigh, dump_neighs, "RTM_GETNEIGH" },
	{ RTM_NEWNEIGH, NL_ADMIN, HDR, NDA_MAX, neigh_policy, new_neigh, NULL, "RTM_NEWNEIGH" },
	{ RTM_DELNEIGH, NL_ADMIN, HDR, NDA_MAX, neigh_policy, del_neigh, NULL, "RTM_DELNEIGH" },
	{ 0 },
};

static const struct nl_family neigh_family = {
	.name = "route/neigh", .protocol = NETLINK_ROUTE, .pf = AF_UNSPEC, .msgs = neigh_msgs
};

const struct nl_family *const neigh_families[] = { &neigh_family, NULL };

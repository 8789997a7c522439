/* SPDX-License-Identifier: BSD-2-Clause */
/* RTM_*NEIGH. Order of checks, errors and words as in Linux's neighbour.c. */
#include <linux/if_ether.h>
#include <linux/rtnetlink.h>

#include "net/ctl_util.h"
#include "net/neigh_internal.h"

static const struct nl_policy neigh_policy[NDA_MAX + 1] = {
	[NDA_DST] = { NL_BYTES, .max = 32, .name = "NDA_DST" },
	[NDA_LLADDR] = { NL_BYTES, .max = 32, .name = "NDA_LLADDR", .help = "6 bytes" },
	[NDA_PROBES] = { NL_U32, .name = "NDA_PROBES" },
	[NDA_IFINDEX] = { NL_U32, .name = "NDA_IFINDEX", .help = "a filter in dumps" },
	[NDA_MASTER] = { NL_U32, .name = "NDA_MASTER", .help = "a filter in dumps" },
	[NDA_PROTOCOL] = { NL_U8, .name = "NDA_PROTOCOL" },
	[NDA_FLAGS_EXT] = { NL_U32, .name = "NDA_FLAGS_EXT",
			    .help = "1: managed, 4: validated from outside" },
};

/* --- out --- */

static uint32_t ticks_since(const struct leat_stack *st, uint64_t when_us)
{
	uint64_t now_us = st->rt->ctl->now_us;
	return when_us <= now_us ? ticks_of_us(now_us - when_us) : 0;
}

static void put_end(struct nl_buf *b, const struct neigh_info *n)
{
	if (n->protocol)
		nl_put_u8(b, NDA_PROTOCOL, n->protocol);
	if (n->flags >> NTF_EXT_SHIFT)
		nl_put_u32(b, NDA_FLAGS_EXT, n->flags >> NTF_EXT_SHIFT);
}

static int put(struct nl_buf *b, struct leat_stack *st, uint16_t type, uint16_t nlm_flags, uint32_t seq,
	       uint32_t portid, const struct neigh_info *n)
{
	struct nda_cacheinfo ci = {
		.ndm_confirmed = ticks_since(st, n->confirmed_us),
		.ndm_used = ticks_since(st, n->used_us),
		.ndm_updated = ticks_since(st, n->updated_us),
		.ndm_refcnt = n->state & (NUD_INCOMPLETE | NUD_REACHABLE | NUD_DELAY | NUD_PROBE)
				      ? 1
				      : 0, /* Linux: its timer holds it */
	};
	struct ndmsg *m = nl_begin(b, type, nlm_flags, seq, portid, sizeof *m);
	if (m)
		*m = (struct ndmsg){
			.ndm_family = n->family,
			.ndm_ifindex = (int)ifindex_of(st, n->if_handle),
			.ndm_state = n->state,
			.ndm_flags = (uint8_t)n->flags,
			.ndm_type = RTN_UNICAST,
		};
	put_addr(b, NDA_DST, n->family, &n->addr);
	if (n->has_mac && n->state & NUD_VALID)
		nl_put(b, NDA_LLADDR, n->mac, sizeof n->mac);
	nl_put_u32(b, NDA_PROBES, n->probes);
	nl_put(b, NDA_CACHEINFO, &ci, sizeof ci);
	put_end(b, n);
	return nl_end(b);
}

/* What is said of an address that we answer for. */
static int put_proxy(struct nl_buf *b, struct leat_stack *st, uint16_t nlm_flags, uint32_t seq,
		     uint32_t portid, const struct neigh_info *n)
{
	struct ndmsg *m = nl_begin(b, RTM_NEWNEIGH, nlm_flags, seq, portid, sizeof *m);
	if (m)
		*m = (struct ndmsg){
			.ndm_family = n->family,
			.ndm_ifindex = n->if_handle ? (int)ifindex_of(st, n->if_handle) : 0,
			.ndm_flags = (uint8_t)n->flags,
			.ndm_type = RTN_UNICAST,
		};
	put_addr(b, NDA_DST, n->family, &n->addr);
	put_end(b, n);
	return nl_end(b);
}

struct told {
	struct leat_stack *st;
	const struct neigh_info *n;
};

static void fill_told(struct nl_buf *b, uint16_t type, uint32_t seq, uint32_t portid, const void *what)
{
	const struct told *t = what;
	put(b, t->st, type, type == RTM_GETNEIGH ? NLM_F_REQUEST : 0, seq, portid, t->n);
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
	if (!has_master(iface_by_handle(r->st, n->if_handle), r->attrs[NDA_MASTER]))
		return false;
	return !r->attrs[NDA_IFINDEX] ||
	       mnl_attr_get_u32(r->attrs[NDA_IFINDEX]) == ifindex_of(r->st, n->if_handle);
}

static int dump_entries(struct nl_req *r, struct nl_dump *d, uint16_t flags)
{
	struct neigh_info n;
	for (uint64_t pos = d->key[0]; neigh_next(r->st, &pos, &n); d->key[0] = pos)
		if (dump_wants(r, &n) &&
		    put(r->reply, r->st, RTM_NEWNEIGH, flags, r->msg->nlmsg_seq, r->portid, &n))
			return 1;
	return 0;
}

static int dump_proxies(struct nl_req *r, struct nl_dump *d, uint16_t flags)
{
	struct neigh_info n;
	for (uint64_t pos = d->key[0]; neigh_proxy_next(r->st, &pos, &n); d->key[0] = pos)
		if (dump_wants(r, &n) && put_proxy(r->reply, r->st, flags, r->msg->nlmsg_seq, r->portid, &n))
			return 1;
	return 0;
}

static int dump_neighs(struct nl_req *r, struct nl_dump *d)
{
	const struct ndmsg *m = r->hdr;
	int err = r->strict ? check_strict_dump(r) : 0;
	if (err)
		return err;
	/* Linux: of neighbours the messages say that they are a choice, and DONE does not. */
	uint16_t flags = NLM_F_MULTI;
	flags |= r->attrs[NDA_IFINDEX] || r->attrs[NDA_MASTER] ? NLM_F_DUMP_FILTERED : 0;
	return m->ndm_flags == NTF_PROXY ? dump_proxies(r, d, flags) : dump_entries(r, d, flags);
}

static int find_iface(struct nl_req *r, struct iface **ret)
{
	const struct ndmsg *m = r->hdr;
	*ret = m->ndm_ifindex > 0 ? iface_by_index(r->st, (uint32_t)m->ndm_ifindex) : NULL;
	return m->ndm_ifindex > 0 && !*ret ? -ENODEV : 0;
}

static int check_get(const struct nl_req *r)
{
	const struct ndmsg *m = r->hdr;
	if (m->ndm_pad1 || m->ndm_pad2 || m->ndm_state || m->ndm_type)
		return nl_bad(r->ext, NULL, -EINVAL, "Invalid values in header for neighbor get request");
	if (m->ndm_flags & ~NTF_PROXY)
		return nl_bad(r->ext, NULL, -EINVAL, "Invalid flags in header for neighbor get request");
	if (!(m->ndm_flags & NTF_PROXY) && !m->ndm_ifindex)
		return nl_bad(r->ext, NULL, -EINVAL, "No device specified");
	for (uint16_t t = 1; t <= NDA_MAX; t++)
		if (r->attrs[t] && t != NDA_DST)
			return nl_bad(r->ext, NULL, -EINVAL, "Unsupported attribute in neighbor get request");
	return 0;
}

static int get_proxy(struct nl_req *r, const struct iface *i, const struct ipaddr *who)
{
	const struct ndmsg *m = r->hdr;
	struct neigh_info n;
	if (!neigh_proxy_get(r->st, i ? i->handle : 0, m->ndm_family, who, &n))
		return nl_bad(r->ext, NULL, -ENOENT, "Proxy neighbour entry not found");
	return put_proxy(r->reply, r->st, 0, r->msg->nlmsg_seq, r->portid, &n);
}

static int get_neigh(struct nl_req *r)
{
	const struct ndmsg *m = r->hdr;
	struct neigh_info n;
	struct ipaddr who;
	struct iface *i;
	int err = check_get(r);
	if (err)
		return err;
	if (m->ndm_family != AF_INET && m->ndm_family != AF_INET6)
		return nl_bad(r->ext, NULL, -EINVAL, "Unsupported family in header for neighbor get request");
	if (!r->attrs[NDA_DST])
		return nl_missing(r->ext, NULL, NDA_DST, NULL);
	if (!addr_of_attr(r->attrs[NDA_DST], m->ndm_family, &who))
		return nl_bad(r->ext, r->attrs[NDA_DST], -EINVAL,
			      "Invalid network address in neighbor get request");
	err = find_iface(r, &i);
	if (err)
		return nl_bad(r->ext, NULL, err, "Unknown device ifindex");
	if (m->ndm_flags & NTF_PROXY)
		return get_proxy(r, i, &who);
	if (!i)
		return nl_bad(r->ext, NULL, -EINVAL, "No device specified");
	if (!neigh_get(r->st, i->handle, m->ndm_family, &who, &n))
		return nl_bad(r->ext, NULL, -ENOENT, "Neighbour entry not found");
	return put(r->reply, r->st, RTM_NEWNEIGH, 0, r->msg->nlmsg_seq, r->portid, &n);
}

/* --- new and delete --- */

enum { FLAGS_EXT_KNOWN = (NEIGH_MANAGED | NEIGH_VALIDATED) >> NTF_EXT_SHIFT };

static int read_flags(const struct nl_req *r, uint16_t *ret)
{
	const struct ndmsg *m = r->hdr;
	uint32_t ext = r->attrs[NDA_FLAGS_EXT] ? mnl_attr_get_u32(r->attrs[NDA_FLAGS_EXT]) : 0;
	if (ext & ~(uint32_t)FLAGS_EXT_KNOWN)
		return nl_bad(r->ext, r->attrs[NDA_FLAGS_EXT], -EINVAL, "reserved bit set");
	*ret = (uint16_t)(m->ndm_flags | ext << NTF_EXT_SHIFT);
	return 0;
}

static int read_mac(const struct nl_req *r, struct neigh_info *n)
{
	const struct nlattr *mac = r->attrs[NDA_LLADDR];
	if (mac && n->if_handle && mnl_attr_get_payload_len(mac) < ETH_ALEN)
		return nl_bad(r->ext, NULL, -EINVAL, "Invalid link address");
	n->has_mac = mac && n->if_handle;
	if (n->has_mac)
		memcpy(n->mac, mnl_attr_get_payload(mac), ETH_ALEN);
	return 0;
}

/* What both directions read, in Linux's order of complaints. */
static int read_neigh(struct nl_req *r, struct neigh_info *n)
{
	const struct ndmsg *m = r->hdr;
	struct iface *i;
	*n = (struct neigh_info){ .family = m->ndm_family, .state = (uint8_t)m->ndm_state };
	int err = read_flags(r, &n->flags);
	if (err)
		return err;
	if (!r->attrs[NDA_DST])
		return nl_bad(r->ext, NULL, -EINVAL, "Network address not specified");
	err = find_iface(r, &i);
	if (err)
		return err;
	n->if_handle = i ? i->handle : 0;
	err = read_mac(r, n);
	if (err)
		return err;
	if (m->ndm_family != AF_INET && m->ndm_family != AF_INET6)
		return -EAFNOSUPPORT;
	if (mnl_attr_get_payload_len(r->attrs[NDA_DST]) < addr_len(m->ndm_family))
		return nl_bad(r->ext, NULL, -EINVAL, "Invalid network address");
	memcpy(&n->addr, mnl_attr_get_payload(r->attrs[NDA_DST]), addr_len(m->ndm_family));
	if (n->family == AF_INET && i && i->flags & (IFF_LOOPBACK | IFF_POINTOPOINT))
		n->addr = (struct ipaddr){
			0
		}; /* Linux: arp_constructor(): whoever is meant, there is one at the other end */
	if (r->attrs[NDA_PROTOCOL])
		n->protocol = mnl_attr_get_u8(r->attrs[NDA_PROTOCOL]);
	return 0;
}

static int new_proxy(struct nl_req *r, const struct neigh_info *n)
{
	if (n->flags & (NEIGH_MANAGED | NEIGH_VALIDATED))
		return nl_bad(r->ext, NULL, -EINVAL, "Invalid NTF_* flag combination");
	return neigh_proxy_set(r->st, n);
}

/* Who is validated from outside must have an address. `old`: NULL when there is no entry. */
static int check_validated(const struct nl_req *r, const struct neigh_info *n, const struct neigh_info *old)
{
	uint8_t state = n->state;
	if (!(n->flags & NEIGH_VALIDATED))
		return 0;
	if (n->flags & (NTF_USE | NEIGH_MANAGED))
		state = old ? old->state & ~NUD_PERMANENT : NUD_NONE;
	if (state & NUD_VALID)
		return 0;
	return nl_bad(r->ext, NULL, -EINVAL,
		      old ? "Cannot mark neighbor as externally validated with an invalid state"
			  : "Cannot create externally validated neighbor with an invalid state");
}

static int check_flags(const struct nl_req *r, const struct neigh_info *n)
{
	struct neigh_info old;
	bool is_there = neigh_get(r->st, n->if_handle, n->family, &n->addr, &old);
	if (is_there ? r->msg->nlmsg_flags & NLM_F_EXCL : !(r->msg->nlmsg_flags & NLM_F_CREATE))
		return 0; /* refused for that */
	if (!is_there && n->state & NUD_PERMANENT && n->flags & NEIGH_MANAGED)
		return nl_bad(r->ext, NULL, -EINVAL, "Invalid NTF_* flag for permanent entry");
	return check_validated(r, n, is_there ? &old : NULL);
}

static int new_neigh(struct nl_req *r)
{
	struct neigh_info n;
	int err = read_neigh(r, &n);
	if (err)
		return err;
	if (n.flags & NTF_PROXY)
		return new_proxy(r, &n);
	if (!n.if_handle)
		return nl_bad(r->ext, NULL, -EINVAL, "Device not specified");
	err = check_flags(r, &n);
	if (err)
		return err;
	err = neigh_set(r->st, &n, r->msg->nlmsg_flags);
	if (err == -EINVAL && n.state & NUD_VALID && !n.has_mac)
		return nl_bad(r->ext, NULL, err, "No link layer address given");
	return err;
}

static int del_neigh(struct nl_req *r)
{
	struct neigh_info n;
	int err = read_neigh(r, &n);
	if (err)
		return err;
	if (n.flags & NTF_PROXY)
		return neigh_proxy_delete(r->st, n.if_handle, n.family, &n.addr);
	return n.if_handle ? neigh_delete(r->st, n.if_handle, n.family, &n.addr) : -EINVAL;
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

const struct nl_family *const neigh_families[] = { &neigh_family, &neightbl_family, NULL };

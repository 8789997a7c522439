/* SPDX-License-Identifier: BSD-2-Clause */
/* A route as RTM_NEWROUTE shows it; attributes in the order of Linux's fib_dump_info() and rt6_fill_node(). */
#include "net/route_fill.h"

#include "net/ctl_util.h"

void route_put_gateway(struct nl_buf *b, uint8_t family, uint8_t gw_family, const struct ipaddr *gw)
{
	struct {
		uint16_t family;
		struct ip6 addr;
	} via = { .family = gw_family, .addr = gw->v6 };
	if (!gw_family)
		return;
	if (gw_family == family)
		put_addr(b, RTA_GATEWAY, family, gw);
	else
		nl_put(b, RTA_VIA, &via, sizeof via.family + addr_len(gw_family));
}

/* Linux: a route through an interface without carrier stays and says so; of several ways those stay, too, whose interface is
 * down. */
static uint32_t link_flags(struct leat_stack *st, uint8_t family, uint32_t if_handle, bool one_of_several)
{
	const struct iface *i = iface_by_handle(st, if_handle);
	if (!i)
		return 0;
	if (one_of_several && !(i->flags & IFF_UP))
		return RTNH_F_DEAD | RTNH_F_LINKDOWN;
	if (!(i->flags & IFF_UP) || i->flags & (IFF_RUNNING | IFF_LOWER_UP))
		return 0;
	return RTNH_F_LINKDOWN | (fib_ignores(st, family, if_handle) ? RTNH_F_DEAD : 0);
}

/* Of one that goes with its interface, if that had lost its carrier before. */
static uint32_t flags_going(struct leat_stack *st, const struct fib_route *r)
{
	const struct iface *i = iface_by_handle(st, r->nh.if_handle);
	bool lost = i && !(i->flags & IFF_UP) && !i->carrier && !i->carrier_news;
	return !r->n_hops && r->nh.type != RTN_LOCAL && lost ? RTNH_F_LINKDOWN : 0;
}

/* Linux: of IPv4, a route none of whose ways has carrier says so itself, too. */
static uint32_t way_flags(struct leat_stack *st, const struct fib_route *r)
{
	uint32_t all = r->n_hops && r->family == AF_INET ? RTNH_F_LINKDOWN | RTNH_F_DEAD : 0;
	if (r->nh.type == RTN_LOCAL || (r->family == AF_INET6 && r->nh.type == RTN_ANYCAST))
		return r->nh.flags; /* Linux: what is ours is, whatever the link */
	if (!r->n_hops)
		return r->nh.flags | link_flags(st, r->family, r->nh.if_handle, false);
	for (unsigned i = 0; i < r->n_hops; i++)
		all &= link_flags(st, r->family, r->hops[i].if_handle, true);
	return all;
}

/* A struct rtnexthop has the layout of an attribute: its flags and hops stand where the type does, the interface is the
 * beginning of what is inside. */
static void put_hop(struct nl_buf *b, struct leat_stack *st, uint8_t family, const struct fib_hop *hop)
{
	static_assert(offsetof(struct rtnexthop, rtnh_hops) == 3 && sizeof(struct rtnexthop) == 8,
		      "as an attribute");
	uint8_t flags = (uint8_t)(hop->flags | link_flags(st, family, hop->if_handle, true));
	uint32_t ifindex = ifindex_of(st, hop->if_handle);
	size_t at = b->len_bytes;
	nl_put(b, (uint16_t)(flags | (hop->weight - 1) << 8), &ifindex, sizeof ifindex);
	route_put_gateway(b, family, hop->gw_family, &hop->gw);
	if (hop->realms)
		nl_put_u32(b, RTA_FLOW, hop->realms);
	nl_nest_end(b, at);
}

static void put_hops(struct nl_buf *b, struct leat_stack *st, const struct fib_route *r)
{
	size_t nest = nl_nest_noflag(b, RTA_MULTIPATH);
	for (unsigned i = 0; i < r->n_hops; i++)
		put_hop(b, st, r->family, &r->hops[i]);
	nl_nest_end(b, nest);
}

static void put_way(struct nl_buf *b, struct leat_stack *st, const struct fib_route *r)
{
	uint32_t oif = ifindex_of(st, r->nh.if_handle);
	route_put_gateway(b, r->family, r->nh.gw_family, &r->nh.gw);
	if (!oif && r->family == AF_INET6) /* Linux: routes of IPv6 that lead nowhere do so on the loopback */
		oif = loopback_index(st);
	if (oif)
		nl_put_u32(b, RTA_OIF, oif);
	if (r->nh.realms)
		nl_put_u32(b, RTA_FLOW, r->nh.realms);
}

int32_t route_ticks_left(struct leat_stack *st, const struct fib_route *r)
{
	uint64_t now_us = st->rt->ctl->now_us, left_us = r->until_us > now_us ? r->until_us - now_us : 0;
	return (int32_t)MIN(left_us / 10000, (uint64_t)INT32_MAX);
}

int route_put(struct nl_buf *b, struct leat_stack *st, uint16_t type, uint16_t nlm_flags, uint32_t seq,
	      uint32_t portid, const struct fib_route *r)
{
	return route_put_in(b, st, type, nlm_flags, seq, portid, r, 0);
}

int route_put_in(struct nl_buf *b, struct leat_stack *st, uint16_t type, uint16_t nlm_flags, uint32_t seq,
		 uint32_t portid, const struct fib_route *r, uint32_t iif)
{
	const struct fib_nh *nh = &r->nh;
	struct rtmsg *m = nl_begin(b, type, nlm_flags, seq, portid, sizeof *m);
	if (m)
		*m = (struct rtmsg){
			.rtm_family = r->family,
			.rtm_dst_len = r->plen,
			.rtm_src_len = nh->src_plen,
			.rtm_tos = r->tos,
			.rtm_table = (uint8_t)(r->table < 256 ? r->table : RT_TABLE_COMPAT),
			.rtm_protocol = r->protocol,
			.rtm_scope = r->family == AF_INET ? nh->scope
							  : RT_SCOPE_UNIVERSE, /* Linux: none in IPv6 */
			.rtm_type = nh->type,
			.rtm_flags =
				r->flags | way_flags(st, r) | (type == RTM_DELROUTE ? flags_going(st, r) : 0),
		};
	nl_put_u32(b, RTA_TABLE, r->table);
	if (r->plen)
		put_addr(b, RTA_DST, r->family, &r->dst);
	if (nh->src_plen)
		put_addr(b, RTA_SRC, r->family, &nh->src);
	if (iif)
		nl_put_u32(b, RTA_IIF, iif);
	if (r->metric || r->family == AF_INET6)
		nl_put_u32(b, RTA_PRIORITY, r->metric);
	route_put_metrics(b, nh);
	if (!ipaddr_is_zero(&nh->prefsrc))
		put_addr(b, RTA_PREFSRC, r->family, &nh->prefsrc);
	if (nh->nh_id)
		nl_put_u32(b, RTA_NH_ID, nh->nh_id);
	if (r->n_hops)
		put_hops(b, st, r);
	else
		put_way(b, st, r);
	if (r->family == AF_INET6) {
		/* Linux: what goes has no end any more. */
		const struct rta_cacheinfo ci = { .rta_expires = type == RTM_DELROUTE
									 ? 0
									 : route_ticks_left(st, r) };
		nl_put(b, RTA_CACHEINFO, &ci, sizeof ci);
		nl_put_u8(b, RTA_PREF, r->pref);
	}
	return nl_end(b);
}

struct told {
	struct leat_stack *st;
	const struct fib_route *r;
	uint16_t nlm_flags;
};

static void fill_told(struct nl_buf *b, uint16_t type, uint32_t seq, uint32_t portid, const void *what)
{
	const struct told *t = what;
	route_put(b, t->st, type, t->nlm_flags, seq, portid, t->r);
}

void route_tell(struct leat_stack *st, uint16_t type, uint16_t nlm_flags, const struct fib_route *r)
{
	struct told t = { .st = st, .r = r, .nlm_flags = nlm_flags };
	nl_notify(st, NETLINK_ROUTE, r->family == AF_INET ? RTNLGRP_IPV4_ROUTE : RTNLGRP_IPV6_ROUTE, type,
		  fill_told, &t);
}

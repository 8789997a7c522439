/* SPDX-License-Identifier: BSD-2-Clause */
/* A route as RTM_NEWROUTE shows it; attributes in the order of Linux's fib_dump_info() and rt6_fill_node(). */
#include "net/route_fill.h"

#include "net/ctl_util.h"

static void put_gateway(struct nl_buf *b, const struct fib_route *r)
{
	struct {
		uint16_t family;
		struct ip6 addr;
	} via = { .family = r->nh.gw_family, .addr = r->nh.gw.v6 };
	if (!r->nh.gw_family)
		return;
	if (r->nh.gw_family == r->family)
		put_addr(b, RTA_GATEWAY, r->family, &r->nh.gw);
	else
		nl_put(b, RTA_VIA, &via, sizeof via.family + addr_len(r->nh.gw_family));
}

/* Linux: a route through an interface without carrier stays and says so. */
static uint32_t link_flags(struct leat_stack *st, const struct fib_nh *nh)
{
	const struct iface *i = iface_by_handle(st, nh->if_handle);
	return i && i->flags & IFF_UP && !(i->flags & IFF_LOWER_UP) ? RTNH_F_LINKDOWN : 0;
}

int route_put(struct nl_buf *b, struct leat_stack *st, uint16_t type, uint16_t nlm_flags, uint32_t seq,
	      uint32_t portid, const struct fib_route *r)
{
	const struct fib_nh *nh = &r->nh;
	struct rtmsg *m = nl_begin(b, type, nlm_flags, seq, portid, sizeof *m);
	if (m)
		*m = (struct rtmsg){
			.rtm_family = r->family,
			.rtm_dst_len = r->plen,
			.rtm_tos = r->tos,
			.rtm_table = (uint8_t)(r->table < 256 ? r->table : RT_TABLE_COMPAT),
			.rtm_protocol = r->protocol,
			.rtm_scope = r->family == AF_INET ? nh->scope
							  : RT_SCOPE_UNIVERSE, /* Linux: none in IPv6 */
			.rtm_type = nh->type,
			.rtm_flags = r->flags | nh->flags | link_flags(st, nh),
		};
	nl_put_u32(b, RTA_TABLE, r->table);
	if (r->plen)
		put_addr(b, RTA_DST, r->family, &r->dst);
	if (r->metric || r->family == AF_INET6)
		nl_put_u32(b, RTA_PRIORITY, r->metric);
	route_put_metrics(b, nh);
	if (!ipaddr_is_zero(&nh->prefsrc))
		put_addr(b, RTA_PREFSRC, r->family, &nh->prefsrc);
	put_gateway(b, r);
	uint32_t oif = ifindex_of(st, nh->if_handle);
	if (!oif && r->family == AF_INET6) /* Linux: routes of IPv6 that lead nowhere do so on the loopback */
		oif = loopback_index(st);
	if (oif)
		nl_put_u32(b, RTA_OIF, oif);
	if (r->family == AF_INET6) {
		struct rta_cacheinfo ci = { 0 };
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

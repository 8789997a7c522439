/* SPDX-License-Identifier: BSD-2-Clause */
/* `ip route get`: what would happen to a packet for that destination. */
#include "net/ctl_util.h"
#include "net/route_fill.h"

static int error_of_type(uint8_t type)
{
	switch (type) {
	case RTN_BLACKHOLE:
		return -EINVAL;
	case RTN_PROHIBIT:
		return -EACCES;
	case RTN_UNREACHABLE:
		return -EHOSTUNREACH;
	case RTN_THROW:
		return -ENETUNREACH;
	default:
		return 0;
	}
}

/* Leaves *ret as it is when there is none. */
static void choose_source(struct nl_req *r, const struct fib_nh *nh, uint8_t family, const struct ipaddr *dst,
			  struct ipaddr *ret)
{
	/* Source selection reads nothing but the view; the control lcore is its writer and may look at any time. */
	struct worker here = { .lc = r->st->rt->ctl, .st = r->st, .view = r->st->view };
	const struct iface *out = iface_by_handle(r->st, nh->if_handle);
	if (r->attrs[RTA_SRC])
		addr_of_attr(r->attrs[RTA_SRC], family, ret);
	else if (!addr_is_zero(&nh->prefsrc))
		*ret = nh->prefsrc;
	else if (nh->type == RTN_LOCAL)
		*ret = *dst;
	else if (out)
		addr_select_source(&here, out, family, dst, ret);
}

/* Linux: an address of ours is reached through the loopback. */
static uint32_t oif_of(struct leat_stack *st, const struct fib_nh *nh)
{
	return nh->type == RTN_LOCAL ? loopback_index(st) : ifindex_of(st, nh->if_handle);
}

static uint32_t flags4(uint8_t type)
{
	enum {
		CACHE_BROADCAST = 0x10000000,
		CACHE_MULTICAST = 0x20000000
	}; /* RTCF_* of <linux/in_route.h> */
	const uint32_t cache_local = 0x80000000;
	switch (type) {
	case RTN_LOCAL:
		return RTM_F_CLONED | cache_local;
	case RTN_BROADCAST:
		return RTM_F_CLONED | CACHE_BROADCAST | cache_local;
	case RTN_MULTICAST:
		return RTM_F_CLONED | CACHE_MULTICAST;
	default:
		return RTM_F_CLONED;
	}
}

static void put_metrics(struct nl_buf *b, const struct fib_nh *nh)
{
	if (!nh->mtu)
		return;
	size_t nest = nl_nest_noflag(b, RTA_METRICS);
	nl_put_u32(b, RTAX_MTU, nh->mtu);
	nl_nest_end(b, nest);
}

/* What rt_fill_info() says: the answer as an entry of the cache that once was. Linux: tables local and main are one
 * unless there are rules, so the answer never names local. */
static void put_result4(struct nl_req *r, const struct fib_route *f, const struct ipaddr *dst,
			const struct ipaddr *src)
{
	const struct rtmsg *asked = r->hdr;
	bool real = asked->rtm_flags & RTM_F_LOOKUP_TABLE && f->table != RT_TABLE_LOCAL;
	uint32_t table = real ? f->table : RT_TABLE_MAIN, oif = oif_of(r->st, &f->nh);
	struct rta_cacheinfo ci = { 0 };
	struct nl_buf *b = r->reply;
	struct rtmsg *m = nl_begin(b, RTM_NEWROUTE, 0, r->msg->nlmsg_seq, r->portid, sizeof *m);
	if (m)
		*m = (struct rtmsg){
			.rtm_family = AF_INET,
			.rtm_dst_len = 32,
			.rtm_table = (uint8_t)(table < 256 ? table : RT_TABLE_COMPAT),
			.rtm_type = f->nh.type,
			.rtm_flags = flags4(f->nh.type),
		};
	put_addr(b, RTA_DST, AF_INET, dst);
	nl_put_u32(b, RTA_TABLE, table);
	if (r->attrs[RTA_SRC])
		put_addr(b, RTA_SRC, AF_INET, src);
	if (oif)
		nl_put_u32(b, RTA_OIF, oif);
	if (!r->attrs[RTA_SRC] && !addr_is_zero(src))
		put_addr(b, RTA_PREFSRC, AF_INET, src);
	if (f->nh.gw_family == AF_INET)
		put_addr(b, RTA_GATEWAY, AF_INET, &f->nh.gw);
	put_metrics(b, &f->nh);
	nl_put_u32(b, RTA_UID, r->attrs[RTA_UID] ? mnl_attr_get_u32(r->attrs[RTA_UID]) : r->uid);
	nl_put(b, RTA_CACHEINFO, &ci, sizeof ci);
}

/* What rt6_fill_node() says: the route itself, for one destination. */
static void put_result6(struct nl_req *r, const struct fib_route *f, const struct ipaddr *dst,
			const struct ipaddr *src)
{
	static const struct ipaddr any;
	struct ipaddr asked = any;
	uint32_t oif = oif_of(r->st, &f->nh);
	struct rta_cacheinfo ci = { 0 };
	struct nl_buf *b = r->reply;
	struct rtmsg *m = nl_begin(b, RTM_NEWROUTE, 0, r->msg->nlmsg_seq, r->portid, sizeof *m);
	if (m)
		*m = (struct rtmsg){
			.rtm_family = AF_INET6,
			.rtm_dst_len = 128,
			.rtm_src_len = 128,
			.rtm_table = (uint8_t)(f->table < 256 ? f->table : RT_TABLE_COMPAT),
			.rtm_protocol = f->protocol,
			.rtm_type = f->nh.type,
		};
	if (r->attrs[RTA_SRC])
		addr_of_attr(r->attrs[RTA_SRC], AF_INET6, &asked);
	nl_put_u32(b, RTA_TABLE, f->table);
	put_addr(b, RTA_DST, AF_INET6, dst);
	put_addr(b, RTA_SRC, AF_INET6, &asked);
	if (oif)
		nl_put_u32(b, RTA_OIF, oif);
	if (!addr_is_zero(src))
		put_addr(b, RTA_PREFSRC, AF_INET6, src);
	if (f->nh.gw_family)
		put_addr(b, RTA_GATEWAY, AF_INET6, &f->nh.gw);
	put_metrics(b, &f->nh);
	nl_put_u32(b, RTA_PRIORITY, f->metric);
	nl_put(b, RTA_CACHEINFO, &ci, sizeof ci);
	nl_put_u8(b, RTA_PREF, 0);
}

int route_get(struct nl_req *r)
{
	const struct rtmsg *m = r->hdr;
	uint8_t family = m->rtm_family;
	struct ipaddr dst = { 0 }, src = { 0 };
	if (r->attrs[RTA_DST] && !addr_of_attr(r->attrs[RTA_DST], family, &dst))
		return -EINVAL;
	if (r->strict && m->rtm_dst_len && m->rtm_dst_len != addr_len(family) * 8)
		return nl_bad(r->ext, NULL, -EINVAL, "Invalid values in header for route get request");
	const struct fib_route *f = fib_lookup_ctl(r->st, family, &dst);
	if (!f)
		return -ENETUNREACH;
	/* Linux: IPv4 answers with the error itself, IPv6 shows the route that says so. */
	int err = error_of_type(f->nh.type);
	if (err && (family == AF_INET || f->nh.type == RTN_THROW))
		return err;
	if (m->rtm_flags & RTM_F_FIB_MATCH)
		return route_put(r->reply, r->st, RTM_NEWROUTE, 0, r->msg->nlmsg_seq, r->portid, f);
	choose_source(r, &f->nh, family, &dst, &src);
	if (family == AF_INET)
		put_result4(r, f, &dst, &src);
	else
		put_result6(r, f, &dst, &src);
	return nl_end(r->reply);
}

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

static bool choose_source(struct nl_req *r, const struct fib_nh *nh, uint8_t family, const struct ipaddr *dst,
			  struct ipaddr *ret)
{
	/* Source selection reads nothing but the view; the control lcore is its writer and may look at any time. */
	struct worker here = { .lc = r->st->rt->ctl, .st = r->st, .view = r->st->view };
	const struct iface *out = iface_by_handle(r->st, nh->if_handle);
	if (r->attrs[RTA_SRC])
		return addr_of_attr(r->attrs[RTA_SRC], family, ret) && !addr_is_zero(ret);
	if (!addr_is_zero(&nh->prefsrc)) {
		*ret = nh->prefsrc;
		return true;
	}
	return out && addr_select_source(&here, out, family, dst, ret);
}

static void put_result(struct nl_req *r, const struct fib_route *f, const struct ipaddr *dst,
		       const struct ipaddr *src)
{
	const struct rtmsg *asked = r->hdr;
	bool is4 = f->family == AF_INET, real_table = asked->rtm_flags & RTM_F_LOOKUP_TABLE || !is4;
	uint32_t table = real_table ? f->table : RT_TABLE_MAIN;
	struct rta_cacheinfo ci = { 0 };
	struct nl_buf *b = r->reply;
	struct rtmsg *m = nl_begin(b, RTM_NEWROUTE, 0, r->msg->nlmsg_seq, r->portid, sizeof *m);
	if (m)
		*m = (struct rtmsg){
			.rtm_family = f->family,
			.rtm_dst_len = is4 ? 32 : 128,
			.rtm_table = (uint8_t)(table < 256 ? table : RT_TABLE_COMPAT),
			.rtm_type = f->nh.type,
			.rtm_protocol = is4 ? RTPROT_UNSPEC : f->protocol,
			.rtm_flags =
				is4 ? (asked->rtm_flags & RTM_F_LOOKUP_TABLE) | RTM_F_CLONED : RTM_F_CLONED,
		};
	put_addr(b, RTA_DST, f->family, dst);
	nl_put_u32(b, RTA_TABLE, table);
	if (r->attrs[RTA_SRC])
		put_addr(b, RTA_SRC, f->family, src);
	uint32_t oif = ifindex_of(r->st, f->nh.if_handle);
	if (oif)
		nl_put_u32(b, RTA_OIF, oif);
	if (src && !r->attrs[RTA_SRC])
		put_addr(b, RTA_PREFSRC, f->family, src);
	if (f->nh.gw_family == f->family)
		put_addr(b, RTA_GATEWAY, f->family, &f->nh.gw);
	if (f->metric && !is4)
		nl_put_u32(b, RTA_PRIORITY, f->metric);
	if (f->nh.mtu) {
		size_t nest = nl_nest_noflag(b, RTA_METRICS);
		nl_put_u32(b, RTAX_MTU, f->nh.mtu);
		nl_nest_end(b, nest);
	}
	if (is4 && r->attrs[RTA_UID])
		nl_put_u32(b, RTA_UID, mnl_attr_get_u32(r->attrs[RTA_UID]));
	nl_put(b, RTA_CACHEINFO, &ci, sizeof ci);
	if (!is4)
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
	bool has_src = choose_source(r, &f->nh, family, &dst, &src);
	put_result(r, f, &dst, has_src ? &src : NULL);
	return nl_end(r->reply);
}

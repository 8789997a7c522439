/* SPDX-License-Identifier: BSD-2-Clause */
/* `ip route get`: what would happen to a packet for that destination. */
#include <netinet/in.h>

#include "net/ctl_util.h"
#include "net/fib_hash.h"
#include "net/fib_exc.h"
#include "net/fib_internal.h"
#include "net/route_fill.h"
#include "wire/ip6.h"

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

/* What is asked. */
struct question {
	struct leat_stack *st;
	uint8_t family;
	struct ipaddr dst, src; /* src zero: none given */
	const struct iface *in, *out; /* NULL: none given */
	struct fib_query q; /* what the rules see, but for the interfaces */
};

/* Leaves *ret as it is when there is none. */
static void choose_source(struct leat_stack *st, const struct fib_nh *nh, const struct question *q,
			  struct ipaddr *ret)
{
	/* Source selection reads nothing but the view; the control lcore is its writer and may look at any time. */
	struct worker here = { .lc = st->rt->ctl, .st = st, .view = st->view };
	const struct iface *out = iface_by_handle(st, nh->if_handle);
	if (!ipaddr_is_zero(&nh->prefsrc))
		*ret = nh->prefsrc;
	else if (nh->type == RTN_LOCAL &&
		 q->family == AF_INET) /* of IPv6 a whole prefix may be ours, without an address */
		*ret = q->dst;
	else if (out)
		addr_select_source(&here, out, q->family, &q->dst, ret);
}

/* Linux: an address of ours is reached through the loopback, and so is what comes in for all on a link. */
static uint32_t oif_of(struct leat_stack *st, bool came_in, const struct fib_nh *nh)
{
	bool ours = nh->type == RTN_LOCAL || (came_in && nh->type == RTN_BROADCAST);
	return ours ? loopback_index(st) : ifindex_of(st, nh->if_handle);
}

static uint32_t flags4(const struct question *q, const struct fib_nh *nh)
{
	enum {
		CACHE_BROADCAST = 0x10000000,
		CACHE_MULTICAST = 0x20000000
	}; /* RTCF_* of <linux/in_route.h> */
	const uint32_t cache_local = 0x80000000;
	const struct iface *out = iface_by_handle(q->st, nh->if_handle);
	uint32_t inward = !q->in && out && (out->flags & IFF_LOOPBACK || out->l3_table) ? cache_local : 0;
	switch (nh->type) {
	case RTN_LOCAL:
		return RTM_F_CLONED | cache_local;
	case RTN_BROADCAST:
		return RTM_F_CLONED | CACHE_BROADCAST | cache_local;
	case RTN_MULTICAST:
		return RTM_F_CLONED | CACHE_MULTICAST | inward;
	default:
		return RTM_F_CLONED | inward;
	}
}

static void put_in_iface(struct nl_req *r, const struct question *q)
{
	if (q->in)
		nl_put_u32(r->reply, RTA_IIF, q->in->ifindex);
}

/* Linux: tables local and main are one until there are rules, so answers do not name local before. */
static uint32_t table_of(struct leat_stack *st, const struct fib_route *f)
{
	return f->table == RT_TABLE_LOCAL && !fib_state(st)->had_rules ? RT_TABLE_MAIN : f->table;
}

enum { CACHE_NOTIFY = 0x00010000 }; /* RTCF_NOTIFY of <linux/in_route.h> */

/* Linux: set_class_tag(); what the route leaves open the rule says. */
static uint32_t realms_of(const struct fib_route *f, const struct fib_why *why)
{
	uint32_t realms = f->nh.realms;
	if (!(realms & 0xffff))
		realms |= why->realms & 0xffff;
	if (!(realms >> 16))
		realms |= why->realms & 0xffff0000;
	return realms;
}

/* What rt_fill_info() says: the answer as an entry of the cache that once was. */
static void put_result4(struct nl_req *r, const struct fib_route *f, const struct question *q,
			const struct ipaddr *chosen, const struct fib_exc *x, uint32_t realms)
{
	const struct rtmsg *asked = r->hdr;
	bool has_src = !ipaddr_is_zero(&q->src);
	uint32_t table = asked->rtm_flags & RTM_F_LOOKUP_TABLE ? table_of(r->st, f) : RT_TABLE_MAIN;
	uint32_t oif = oif_of(r->st, q->in && q->family == AF_INET, &f->nh);
	uint32_t mark = r->attrs[RTA_MARK] ? mnl_attr_get_u32(r->attrs[RTA_MARK]) : 0;
	const struct rta_cacheinfo ci = route_exc_cacheinfo(r->st, x);
	struct nl_buf *b = r->reply;
	struct rtmsg *m = nl_begin(b, RTM_NEWROUTE, 0, r->msg->nlmsg_seq, r->portid, sizeof *m);
	if (m)
		*m = (struct rtmsg){
			.rtm_family = AF_INET,
			.rtm_dst_len = 32,
			.rtm_src_len = has_src ? 32 : 0,
			.rtm_tos = f->tos,
			.rtm_table = (uint8_t)(table < 256 ? table : RT_TABLE_COMPAT),
			.rtm_type = f->nh.type,
			.rtm_flags = flags4(q, &f->nh) | route_exc_flags(x) |
				     (asked->rtm_flags & RTM_F_NOTIFY ? RTM_F_NOTIFY | CACHE_NOTIFY : 0),
		};
	put_addr(b, RTA_DST, AF_INET, &q->dst);
	nl_put_u32(b, RTA_TABLE, table);
	if (has_src)
		put_addr(b, RTA_SRC, AF_INET, &q->src);
	if (oif)
		nl_put_u32(b, RTA_OIF, oif);
	if (realms)
		nl_put_u32(b, RTA_FLOW, realms);
	if (!has_src && !ipaddr_is_zero(chosen))
		put_addr(b, RTA_PREFSRC, AF_INET, chosen);
	route_put_gateway(b, AF_INET, f->nh.gw_family, &f->nh.gw);
	route_put_metrics(b, &f->nh);
	if (mark)
		nl_put_u32(b, RTA_MARK, mark);
	if (!q->in)
		nl_put_u32(b, RTA_UID, r->attrs[RTA_UID] ? mnl_attr_get_u32(r->attrs[RTA_UID]) : r->uid);
	put_in_iface(r, q);
	nl_put(b, RTA_CACHEINFO, &ci, sizeof ci);
}

/* What rt6_fill_node() says: the route itself, for one destination. */
static void put_result6(struct nl_req *r, const struct fib_route *f, const struct question *q,
			const struct ipaddr *chosen, const struct fib_exc *x)
{
	/* Linux: RTF_ANYCAST, of those that follow from addresses, is reached through the loopback, too */
	bool ours = f->nh.type == RTN_ANYCAST && f->protocol == RTPROT_KERNEL;
	uint32_t oif = ours ? loopback_index(r->st) : oif_of(r->st, false, &f->nh);
	const struct rta_cacheinfo ci = route_exc_cacheinfo(r->st, x);
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
			.rtm_flags = route_exc_flags(x),
		};
	nl_put_u32(b, RTA_TABLE, f->table);
	put_addr(b, RTA_DST, AF_INET6, &q->dst);
	put_addr(b, RTA_SRC, AF_INET6, &q->src);
	put_in_iface(r, q);
	if (oif)
		nl_put_u32(b, RTA_OIF, oif);
	if (!q->in && !ipaddr_is_zero(chosen))
		put_addr(b, RTA_PREFSRC, AF_INET6, chosen);
	if (f->nh.gw_family)
		put_addr(b, RTA_GATEWAY, AF_INET6, &f->nh.gw);
	route_put_metrics(b, &f->nh);
	nl_put_u32(b, RTA_PRIORITY, f->metric);
	nl_put(b, RTA_CACHEINFO, &ci, sizeof ci);
	nl_put_u8(b, RTA_PREF, f->pref);
}

static int read_iface(struct nl_req *r, uint16_t attr, const struct iface **ret)
{
	uint32_t index = r->attrs[attr] ? mnl_attr_get_u32(r->attrs[attr]) : 0;
	*ret = index ? iface_by_index(r->st, index) : NULL;
	return index && !*ret ? -ENODEV : 0;
}

static int check_strict(struct nl_req *r)
{
	static const uint8_t asked[RTA_MAX + 1] = {
		[RTA_IIF] = 1, [RTA_OIF] = 1,   [RTA_SRC] = 1,   [RTA_DST] = 1,      [RTA_MARK] = 1,
		[RTA_UID] = 1, [RTA_SPORT] = 1, [RTA_DPORT] = 1, [RTA_IP_PROTO] = 1,
	};
	for (uint16_t t = 1; t <= RTA_MAX; t++)
		if (r->attrs[t] && !asked[t])
			return nl_bad(r->ext, NULL, -EINVAL,
				      ((const struct rtmsg *)r->hdr)->rtm_family == AF_INET
					      ? "ipv4: Unsupported attribute in route get request"
					      : "Unsupported attribute in get route request");
	return 0;
}

static uint16_t port_of(const struct nlattr *a)
{
	be16 port = { { 0 } };
	if (a)
		memcpy(&port, mnl_attr_get_payload(a), sizeof port);
	return be16_get(port);
}

/* Linux: rtm_getroute_parse_ip_proto(). */
static int read_proto(struct nl_req *r, uint8_t family, uint8_t *ret)
{
	const struct nlattr *a = r->attrs[RTA_IP_PROTO];
	uint8_t proto = a ? mnl_attr_get_u8(a) : 0;
	*ret = a ? proto : family == AF_INET ? IPPROTO_UDP : 0;
	if (!a || proto == IPPROTO_TCP || proto == IPPROTO_UDP ||
	    proto == (family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6))
		return 0;
	return nl_bad(r->ext, NULL, -EOPNOTSUPP, "Unsupported ip proto");
}

static int read_flow(struct nl_req *r, struct question *q)
{
	const struct rtmsg *m = r->hdr;
	const struct nlattr *mark = r->attrs[RTA_MARK], *uid = r->attrs[RTA_UID];
	q->q = (struct fib_query){ .family = q->family, .dst = q->dst, .src = q->src, .dsfield = m->rtm_tos };
	q->q.mark = mark ? mnl_attr_get_u32(mark) : 0;
	q->q.uid = uid ? mnl_attr_get_u32(uid) : q->in ? UINT32_MAX : r->uid;
	q->q.sport = port_of(r->attrs[RTA_SPORT]);
	q->q.dport = port_of(r->attrs[RTA_DPORT]);
	return read_proto(r, q->family, &q->q.proto);
}

static int read_question(struct nl_req *r, struct question *q)
{
	const struct rtmsg *m = r->hdr;
	*q = (struct question){ .st = r->st, .family = m->rtm_family };
	if (r->attrs[RTA_DST] && !addr_of_attr(r->attrs[RTA_DST], q->family, &q->dst))
		return -EINVAL;
	if (r->attrs[RTA_SRC] && !addr_of_attr(r->attrs[RTA_SRC], q->family, &q->src))
		return -EINVAL;
	if (r->strict && m->rtm_dst_len && m->rtm_dst_len != addr_len(q->family) * 8)
		return nl_bad(r->ext, NULL, -EINVAL, "Invalid values in header for route get request");
	int err = r->strict ? check_strict(r) : 0;
	if (err)
		return err;
	if (r->strict && q->family == AF_INET6 && m->rtm_flags & ~(unsigned)RTM_F_FIB_MATCH)
		return nl_bad(r->ext, NULL, -EINVAL, "ipv6: Invalid flags for get route request");
	err = read_iface(r, RTA_IIF, &q->in);
	if (!err)
		err = read_iface(r, RTA_OIF, &q->out);
	return err ? err : read_flow(r, q);
}

static struct fib_query query_of(const struct question *q, const struct iface *out)
{
	struct fib_query fq = q->q;
	fq.iif = q->in ? q->in->handle : 0;
	fq.oif = out ? out->handle : 0;
	return fq;
}

/* Linux: a source must be one of ours, or come in by an interface. */
static int check_source4(struct leat_stack *st, const struct question *q)
{
	bool from_nobody = ipaddr_is_zero(&q->src), to_nobody = ipaddr_is_zero(&q->dst);
	if (q->in && (ip4_is_loopback(q->src.v4) || ip4_is_loopback(q->dst.v4)) &&
	    !q->in->conf.guard[0].route_localnet)
		return -EINVAL;
	if (q->in && from_nobody) /* Linux: who asks everybody may not know its address yet */
		return to_nobody || be32_get(q->dst.v4) == UINT32_MAX ? 0 : -EINVAL;
	if (q->in)
		return to_nobody ? -EINVAL : 0;
	if (ipaddr_is_zero(&q->src) || fib_addr_type(st, AF_INET, &q->src) == RTN_LOCAL)
		return 0;
	return ip4_is_multicast(q->src.v4) ? -EINVAL : -ENETUNREACH;
}

/* Groups and the limited broadcast have no next hop but themselves. */
static void without_gateway(struct fib_route *f, uint8_t type)
{
	f->nh.type = type;
	f->nh.gw_family = 0;
	f->nh.realms = 0;
	memset(f->nh.metric, 0, sizeof f->nh.metric);
	memset(f->nh.cc_algo, 0, sizeof f->nh.cc_algo);
}

/* Linux: who sends to a group from an address means its interface. */
static const struct iface *owner_of(struct leat_stack *st, const struct ipaddr *a)
{
	if (ipaddr_is_zero(a))
		return NULL;
	for (const struct iface *i = iface_next(st, 0); i; i = iface_next(st, i->ifindex))
		for (const struct addr *own = addr_first(st, i); own; own = addr_next(st, i, own))
			if (own->family == AF_INET && ipaddr_eq(&own->local, a))
				return i;
	return NULL;
}

/* Linux, with an interface given: what no route leads to is taken to be on its link. */
static int answer4(struct leat_stack *st, const struct question *q, struct fib_route *ret,
		   struct fib_why *ret_why)
{
	const struct ipaddr *dst = &q->dst;
	bool everyone = be32_get(dst->v4) == UINT32_MAX || (q->in && ipaddr_is_zero(dst)),
	     group = ip4_is_multicast(dst->v4);
	*ret = (struct fib_route){ .family = AF_INET, .nh.type = RTN_UNICAST };
	int err = check_source4(st, q);
	if (err)
		return err;
	if (q->out && !q->in && !(q->out->flags & IFF_UP))
		return -ENETUNREACH;
	if (ipaddr_is_zero(dst) &&
	    !q->in) { /* Linux: oneself, by an address of the interface that is named */
		struct worker here = { .lc = st->rt->ctl, .st = st, .view = st->view };
		ret->nh.type = RTN_LOCAL;
		ret->nh.prefsrc.v4 = be32_of(INADDR_LOOPBACK);
		if (q->out)
			addr_select_source(&here, q->out, AF_INET, dst, &ret->nh.prefsrc);
		return 0;
	}
	const struct iface *of_source =
		!q->in && !q->out && (everyone || group) ? owner_of(st, &q->src) : NULL;
	const struct fib_query fq = query_of(q, q->in ? NULL : of_source ? of_source : q->out);
	uint32_t out = fq.oif;
	const struct fib_route *f = out && (everyone || group) ? NULL : fib_ask_why(st, &fq, ret_why);
	if (f && out && error_of_type(f->nh.type)) /* on the link, too */
		f = NULL;
	if (!f && q->in && everyone) {
		ret->nh.type = RTN_BROADCAST;
		return 0;
	}
	if (!f && !out)
		return q->in && !q->in->conf.forward4 ? -EHOSTUNREACH : -ENETUNREACH;
	if (f && q->in && f->nh.type == RTN_UNICAST && !q->in->conf.forward4)
		return -EHOSTUNREACH; /* Linux: ip_route_input_slow() */
	if (f)
		*ret = *f;
	else
		ret->nh.if_handle = out;
	if (everyone)
		without_gateway(ret, RTN_BROADCAST);
	else if (group && ret->plen < 4)
		without_gateway(ret, RTN_MULTICAST);
	if (!f || everyone || (group && ret->plen < 4))
		ret_why->realms = 0;
	return 0;
}

/* Linux: an interface binds when no source is given, or when the destination means nothing without one. */
static int answer6(struct leat_stack *st, const struct question *q, struct fib_route *ret)
{
	const struct ip6 *dst = &q->dst.v6;
	const struct iface *out = q->in ? q->in : q->out;
	bool needs_link = ip6_is_link_local(dst) || ip6_is_multicast(dst) || ip6_is_loopback(dst);
	bool binds = out && (needs_link || (!q->in && ipaddr_is_zero(&q->src)));
	const struct fib_query fq = query_of(q, binds ? out : NULL);
	const struct fib_route *f = fib_ask(st, &fq);
	if (f)
		*ret = *f;
	return f ? 0 : -ENETUNREACH;
}

static uint32_t hash_of(struct nl_req *r, const struct question *q)
{
	struct worker here = { .lc = r->st->rt->ctl, .st = r->st, .view = r->st->view };
	struct fib_flow f = { .family = q->family, .src = q->src, .dst = q->dst };
	be16 port;
	if (r->attrs[RTA_IP_PROTO])
		f.proto = mnl_attr_get_u8(r->attrs[RTA_IP_PROTO]);
	if (r->attrs[RTA_SPORT]) {
		memcpy(&port, mnl_attr_get_payload(r->attrs[RTA_SPORT]), sizeof port);
		f.sport = be16_get(port);
	}
	if (r->attrs[RTA_DPORT]) {
		memcpy(&port, mnl_attr_get_payload(r->attrs[RTA_DPORT]), sizeof port);
		f.dport = be16_get(port);
	}
	return fib_hash_flow(&here, &f);
}

/* Of several ways the one that a packet would take. */
static void choose_way(struct nl_req *r, const struct question *q, struct fib_route *f)
{
	uint32_t out = q->out && !q->in ? q->out->handle : 0;
	const struct fib_hop *hop = f->n_hops ? fib_hop_by_hash(r->st, f, hash_of(r, q)) : NULL;
	if (!hop)
		return;
	for (unsigned i = 0; i < f->n_hops && out && hop->if_handle != out; i++)
		hop = &f->hops[i];
	f->nh = fib_nh_with_hop(&f->nh, hop);
	f->n_hops = 0;
}

/* What is known of the destination otherwise, for packets of our own. */
static const struct fib_exc *exception_for(struct leat_stack *st, const struct question *q,
					   const struct fib_nh *nh)
{
	const struct fib_via via = fib_via_of(nh->if_handle, nh);
	return q->in || nh->type != RTN_UNICAST ? NULL : fib_exc_lookup(st, q->family, &q->dst, &via);
}

int route_get(struct nl_req *r)
{
	const struct rtmsg *m = r->hdr;
	struct fib_route f;
	struct fib_why why = { 0 };
	struct question q;
	struct ipaddr src = { 0 };
	int err = read_question(r, &q);
	if (!err)
		err = q.family == AF_INET ? answer4(r->st, &q, &f, &why) : answer6(r->st, &q, &f);
	if (!err)
		err = error_of_type(f.nh.type);
	if (err)
		return err;
	if (m->rtm_flags & RTM_F_FIB_MATCH && q.family == AF_INET) {
		if (!f.table)
			return -EHOSTUNREACH;
		f.table = table_of(r->st, &f);
	}
	if (q.family == AF_INET6 && q.in && ip6_is_multicast(&q.dst.v6))
		return -EMSGSIZE; /* Linux: routes of groups that came in are ip6mr's to show, and it has none */
	if (m->rtm_flags & RTM_F_FIB_MATCH)
		return route_put_in(r->reply, r->st, RTM_NEWROUTE, 0, r->msg->nlmsg_seq, r->portid, &f,
				    q.family == AF_INET6 && q.in ? q.in->ifindex : 0);
	choose_way(r, &q, &f);
	choose_source(r->st, &f.nh, &q, &src);
	const struct fib_exc *x = exception_for(r->st, &q, &f.nh);
	route_exc_apply(&f.nh, x);
	if (q.family == AF_INET)
		put_result4(r, &f, &q, &src, x, realms_of(&f, &why));
	else
		put_result6(r, &f, &q, &src, x);
	return nl_end(r->reply);
}

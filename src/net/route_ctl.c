/* SPDX-License-Identifier: BSD-2-Clause */
/* RTM_*ROUTE for both families. What Linux keeps apart (fib_frontend.c, ip6_fib.c) is one table here; where the two differ
 * in what a tool can see, the family decides. */
#include <linux/rtnetlink.h>
#include <stdlib.h>

#include "net/ctl_util.h"
#include "net/fib_internal.h"
#include "net/nexthop.h"
#include "net/route_fill.h"
#include "net/rule_ctl.h"

enum { METRIC_IP6_DEFAULT = 1024, ECN_BITS = 3 };

static const struct nl_policy route_policy[RTA_MAX + 1] = {
	[RTA_DST] = { NL_BYTES, .name = "RTA_DST" },
	[RTA_SRC] = { NL_BYTES, .name = "RTA_SRC", .help = "for these sources alone; IPv6" },
	[RTA_IIF] = { NL_U32, .name = "RTA_IIF" },
	[RTA_OIF] = { NL_U32, .name = "RTA_OIF" },
	[RTA_GATEWAY] = { NL_BYTES, .name = "RTA_GATEWAY" },
	[RTA_PRIORITY] = { NL_U32, .name = "RTA_PRIORITY", .help = "metric" },
	[RTA_PREFSRC] = { NL_BYTES, .name = "RTA_PREFSRC" },
	[RTA_METRICS] = { NL_NESTED, .name = "RTA_METRICS",
			  .help = "RTAX_*; of these the MTU, the hop limit, and the algorithm of TCP (with "
				  "locks) act" },
	[RTA_MULTIPATH] = { NL_BYTES, .min = sizeof(struct rtnexthop), .name = "RTA_MULTIPATH",
			    .help = "struct rtnexthop with RTA_GATEWAY or RTA_VIA, several" },
	[RTA_FLOW] = { NL_U32, .name = "RTA_FLOW", .help = "realms, kept and shown; IPv4" },
	[RTA_TABLE] = { NL_U32, .name = "RTA_TABLE" },
	[RTA_MARK] = { NL_U32, .name = "RTA_MARK" },
	[RTA_VIA] = { NL_BYTES, .min = 2, .max = 18, .name = "RTA_VIA",
		      .help = "a gateway of the other family" },
	[RTA_PREF] = { NL_U8, .name = "RTA_PREF" },
	[RTA_ENCAP_TYPE] = { NL_U16, .name = "RTA_ENCAP_TYPE", .help = "refused" },
	[RTA_ENCAP] = { NL_NESTED, .name = "RTA_ENCAP", .help = "refused" },
	[RTA_EXPIRES] = { NL_U32, .name = "RTA_EXPIRES", .help = "seconds; IPv6" },
	[RTA_UID] = { NL_U32, .name = "RTA_UID" },
	[RTA_IP_PROTO] = { NL_U8, .name = "RTA_IP_PROTO" },
	[RTA_SPORT] = { NL_U16, .name = "RTA_SPORT" },
	[RTA_DPORT] = { NL_U16, .name = "RTA_DPORT" },
	[RTA_NH_ID] = { NL_U32, .name = "RTA_NH_ID", .help = "a nexthop object" },
};

static uint32_t table_of(const struct nl_req *r)
{
	const struct rtmsg *m = r->hdr;
	return r->attrs[RTA_TABLE] ? mnl_attr_get_u32(r->attrs[RTA_TABLE]) : m->rtm_table;
}

/* --- in --- */

static int refuse_unsupported(struct nl_req *r)
{
	static const struct {
		uint16_t type;
		const char *why;
	} refused[] = {
		{ RTA_ENCAP, "lwt encapsulation type not supported" },
	};
	const struct rtmsg *m = r->hdr;
	for (unsigned k = 0; k < ARRAY_SIZE(refused); k++)
		if (r->attrs[refused[k].type])
			return nl_bad(r->ext, r->attrs[refused[k].type], -EOPNOTSUPP, refused[k].why);
	if (m->rtm_tos && m->rtm_family == AF_INET6)
		return nl_bad(r->ext, NULL, -EINVAL, "Invalid dsfield (tos): option not available for IPv6");
	if (m->rtm_tos & ECN_BITS)
		return nl_bad(r->ext, NULL, -EINVAL, "Invalid dsfield (tos): ECN bits must be 0");
	return 0;
}

static int read_dst(struct nl_req *r, struct fib_route *to)
{
	const struct rtmsg *m = r->hdr;
	const char *bad = to->family == AF_INET ? "Invalid prefix for given prefix length" : NULL;
	if (m->rtm_dst_len > addr_len(to->family) * 8)
		return nl_bad(r->ext, NULL, -EINVAL, "Invalid prefix length");
	if (r->attrs[RTA_DST] && !addr_of_attr(r->attrs[RTA_DST], to->family, &to->dst))
		return -EINVAL;
	to->plen = m->rtm_dst_len;
	/* Linux: IPv4 refuses host bits, IPv6 clears them. */
	return addr_mask(&to->dst, to->plen) && bad ? nl_bad(r->ext, NULL, -EINVAL, bad) : 0;
}

/* Linux: of IPv6 alone; IPv4 does not look at it. */
static int read_src(struct nl_req *r, struct fib_route *to)
{
	const struct rtmsg *m = r->hdr;
	const struct nlattr *a = r->attrs[RTA_SRC];
	size_t len = (m->rtm_src_len + 7u) / 8;
	if (to->family != AF_INET6)
		return 0;
	if (m->rtm_src_len > 128)
		return nl_bad(r->ext, NULL, -EINVAL, "Invalid source address length");
	if (a && mnl_attr_get_payload_len(a) < len)
		return -EINVAL;
	if (a)
		memcpy(to->nh.src.b, mnl_attr_get_payload(a), len);
	to->nh.src_plen = m->rtm_src_len;
	addr_mask(&to->nh.src, to->nh.src_plen);
	return 0;
}

static int read_nexthop(struct nl_req *r, struct fib_route *to)
{
	struct fib_nh *nh = &to->nh;
	if (r->attrs[RTA_OIF] && mnl_attr_get_u32(r->attrs[RTA_OIF])) {
		struct iface *i = iface_by_index(r->st, mnl_attr_get_u32(r->attrs[RTA_OIF]));
		if (!i)
			return -ENODEV;
		nh->if_handle = i->handle;
	}
	if (r->attrs[RTA_FLOW] && to->family == AF_INET)
		nh->realms = mnl_attr_get_u32(r->attrs[RTA_FLOW]);
	if (r->attrs[RTA_PREFSRC]) {
		if (!addr_of_attr(r->attrs[RTA_PREFSRC], to->family, &nh->prefsrc))
			return -EINVAL;
		nh->prefsrc_family = to->family;
	}
	if (r->attrs[RTA_NH_ID] && mnl_attr_get_u32(r->attrs[RTA_NH_ID])) {
		if (nh->if_handle || r->attrs[RTA_GATEWAY] || r->attrs[RTA_VIA] || r->attrs[RTA_MULTIPATH])
			return nl_bad(r->ext, NULL, -EINVAL,
				      "Nexthop specification and nexthop id are mutually exclusive");
		nh->nh_id = mnl_attr_get_u32(r->attrs[RTA_NH_ID]);
		nh->nh_family = to->family;
		return 0;
	}
	struct fib_hop hop = { 0 };
	int err = route_read_gateway(r->ext, r->attrs[RTA_GATEWAY], r->attrs[RTA_VIA], to->family, &hop);
	nh->gw_family = hop.gw_family;
	nh->gw = hop.gw;
	return err;
}

static uint8_t read_pref(const struct nlattr *a)
{
	uint8_t pref = mnl_attr_get_u8(a);
	return pref == ROUTE_PREF_HIGH || pref == ROUTE_PREF_LOW ? pref : ROUTE_PREF_MEDIUM;
}

static int read_route(struct nl_req *r, struct fib_route *to)
{
	const struct rtmsg *m = r->hdr;
	/* Linux: IPv4 refuses those that it alone may set, IPv6 does not look at them. */
	uint32_t flags = RTNH_F_ONLINK | (m->rtm_family == AF_INET ? RTNH_F_DEAD | RTNH_F_LINKDOWN : 0);
	*to = (struct fib_route){
		.family = m->rtm_family,
		.tos = m->rtm_tos,
		.protocol = m->rtm_protocol,
		.table = table_of(r),
		.nh = { .type = m->rtm_type,
			.scope = m->rtm_scope,
			.flags = (uint8_t)(m->rtm_flags & flags) },
	};
	if (r->attrs[RTA_PRIORITY])
		to->metric = mnl_attr_get_u32(r->attrs[RTA_PRIORITY]);
	const struct nlattr *life = r->attrs[RTA_EXPIRES];
	if (life && to->family == AF_INET6 && mnl_attr_get_u32(life) != UINT32_MAX)
		to->until_us = r->st->rt->ctl->now_us + mnl_attr_get_u32(life) * UINT64_C(1000000);
	if (r->attrs[RTA_PREF] && to->family == AF_INET6)
		to->pref = read_pref(r->attrs[RTA_PREF]);
	if (m->rtm_type > RTN_MAX)
		return nl_bad(r->ext, NULL, -EINVAL, "Invalid route type");
	int err = refuse_unsupported(r);
	if (!err)
		err = read_dst(r, to);
	if (!err)
		err = read_src(r, to);
	return err ? err : read_nexthop(r, to);
}

/* NLM_F_* as Linux reads them (RFC 3549 leaves it open): CREATE alone puts in front of equals. */
static enum fib_how how_of(uint16_t f)
{
	if (f & NLM_F_REPLACE)
		return f & NLM_F_CREATE ? FIB_REPLACE : FIB_CHANGE;
	if (f & NLM_F_EXCL)
		return FIB_ADD;
	return f & NLM_F_APPEND ? FIB_APPEND : FIB_PREPEND;
}

/* Linux: the empty prefix is there always, as a node of its tree. */
static bool has_prefix(struct leat_stack *st, const struct fib_route *route)
{
	const struct fib_table *t = fib_table_find(fib_state(st), route->family, route->table);
	const struct fib_key key = fib_key_of(route->family, &route->dst);
	return t && (!route->plen || fib_trie_get(t->trie, &key, route->plen));
}

static int add_route(struct nl_req *r, struct fib_route *route, struct fib_hop *hops)
{
	const char *why = NULL;
	uint16_t flags = r->msg->nlmsg_flags;
	int err = route_read_hops(r, route, hops, true);
	if (err)
		return err;
	struct fib_table *t = route->family == AF_INET ? fib_table_make(r->st, AF_INET, route->table) : NULL;
	if (t) /* Linux: who asks for a route in it makes it, whatever comes of that */
		t->shown = true;
	err = fib_add(r->st, route, how_of(flags), &why);
	if (err == -ENOENT && route->family == AF_INET6 && !has_prefix(r->st, route))
		why = "Can not replace route - no match found";
	return err && why ? nl_bad(r->ext, NULL, err, why) : err;
}

static int new_route(struct nl_req *r)
{
	struct fib_route route;
	struct fib_hop *hops = NULL;
	int err = read_route(r, &route);
	if (err)
		return err;
	if (!route.nh.type)
		route.nh.type = RTN_UNICAST;
	if (!route.table)
		route.table = RT_TABLE_MAIN;
	if (route.family == AF_INET6 && !route.metric)
		route.metric = METRIC_IP6_DEFAULT;
	if (route.family == AF_INET6 && ((const struct rtmsg *)r->hdr)->rtm_flags & RTM_F_CLONED)
		return nl_bad(r->ext, NULL, -EINVAL, "Userspace can not set RTF_CACHE");
	err = route_read_metrics(r->attrs[RTA_METRICS], &route.nh, r->ext);
	if (err)
		return err;
	if (!(r->msg->nlmsg_flags & (NLM_F_CREATE | NLM_F_REPLACE)))
		return -ENOENT;
	err = route_hops_new(r, &hops);
	if (!err)
		err = add_route(r, &route, hops);
	mem_free(hops);
	return err;
}

/* Linux: where there is no default route of IPv6 stands an entry that says so, and that cannot be deleted. */
static bool means_null_entry(struct leat_stack *st, const struct fib_route *route)
{
	const struct fib_table *t = fib_table_find(fib_state(st), route->family, route->table);
	const struct fib_key key = fib_key_of(route->family, &route->dst);
	const struct fib_node *n = t ? fib_trie_get(t->trie, &key, 0) : NULL;
	return route->family == AF_INET6 && !route->plen && t && !(n && n->entries) && !route->nh.if_handle &&
	       !route->nh.gw_family && !route->metric && !route->n_hops && !route->nh.nh_id &&
	       (!route->protocol || route->protocol == RTPROT_KERNEL);
}

static int del_route(struct nl_req *r)
{
	struct fib_route route;
	int err = read_route(r, &route);
	if (err)
		return err;
	if (!route.table)
		route.table = RT_TABLE_MAIN;
	if (r->attrs[RTA_NH_ID] && !nexthop_find(r->st, mnl_attr_get_u32(r->attrs[RTA_NH_ID])))
		return nl_bad(r->ext, NULL, -EINVAL, "Nexthop id does not exist");
	if (route.family == AF_INET6 && ((const struct rtmsg *)r->hdr)->rtm_flags & RTM_F_CLONED)
		return route_exc_delete(r->st, &route);
	struct nl_ext unsaid = { 0 };
	if (route.family == AF_INET && route_read_metrics(r->attrs[RTA_METRICS], &route.nh, &unsaid))
		return -ESRCH; /* Linux: then none has them */
	/* RT_SCOPE_NOWHERE means any, as zero does in fib_delete(). */
	if (route.nh.scope == RT_SCOPE_NOWHERE)
		route.nh.scope = 0;
	struct fib_hop *hops = NULL;
	err = route_hops_new(r, &hops);
	if (!err)
		err = route_read_hops(r, &route, hops, false);
	if (!err)
		err = fib_delete(r->st, &route);
	mem_free(hops);
	if (err == -ESRCH && !fib_has_table(r->st, route.family, route.table))
		return nl_bad(r->ext, NULL, err, "FIB table does not exist");
	return err == -ESRCH && means_null_entry(r->st, &route) ? -ENOENT : err;
}

/* --- dump --- */

/* What a strict request asks for; zero: anything. */
struct filter {
	uint32_t table, oif_handle, flags;
	uint8_t protocol, type;
};

/* The place of a dump: the last route shown, by value. */
struct place {
	struct fib_route last;
	uint8_t family; /* being shown */
	bool begun;
};

static int read_filter(struct nl_req *r, struct filter *f)
{
	const struct rtmsg *m = r->hdr;
	*f = (struct filter){ .flags = m->rtm_flags };
	if (!r->strict)
		return 0;
	if (m->rtm_dst_len || m->rtm_src_len || m->rtm_tos || m->rtm_scope)
		return nl_bad(r->ext, NULL, -EINVAL, "Invalid values in header for FIB dump request");
	for (uint16_t t = 1; t <= RTA_MAX; t++)
		if (r->attrs[t] && t != RTA_TABLE && t != RTA_OIF)
			return nl_bad(r->ext, r->attrs[t], -EINVAL, "Unsupported attribute in dump request");
	f->table = table_of(r);
	f->protocol = m->rtm_protocol;
	f->type = m->rtm_type;
	if (!r->attrs[RTA_OIF])
		return 0;
	struct iface *i = iface_by_index(r->st, mnl_attr_get_u32(r->attrs[RTA_OIF]));
	if (!i)
		return -ENODEV;
	f->oif_handle = i->handle;
	return 0;
}

static bool is_wanted(const struct filter *f, const struct fib_route *r)
{
	return (!f->table || f->table == r->table) && (!f->protocol || f->protocol == r->protocol) &&
	       (!f->type || f->type == r->nh.type) && (!f->oif_handle || fib_route_uses_if(r, f->oif_handle));
}

static int dump_family(struct nl_req *r, struct place *p, const struct filter *f)
{
	struct fib_route next;
	while (fib_next(r->st, p->begun ? &p->last : NULL, p->family, &next)) {
		if (is_wanted(f, &next) && route_put(r->reply, r->st, RTM_NEWROUTE,
						     NLM_F_MULTI | (f->table ? NLM_F_DUMP_FILTERED : 0),
						     r->msg->nlmsg_seq, r->portid, &next))
			return 1;
		p->last = next;
		p->begun = true;
	}
	return 0;
}

/* Linux: asking a table that has never had a route is an error. */
static bool table_is_missing(const struct nl_req *r, const struct filter *f)
{
	const struct rtmsg *m = r->hdr;
	return m->rtm_family && f->table && !fib_has_table(r->st, m->rtm_family, f->table);
}

static int dump_routes(struct nl_req *r, struct nl_dump *d)
{
	const struct rtmsg *m = r->hdr;
	struct filter f;
	int err = read_filter(r, &f);
	if (err)
		return err;
	if (f.table || f.protocol || f.type || f.oif_handle)
		d->flags = NLM_F_DUMP_FILTERED;
	if (f.flags & RTM_F_CLONED)
		return route_exc_dump(r, d, m->rtm_family, f.oif_handle);
	if (!d->priv)
		d->priv = calloc(1, sizeof(struct place));
	struct place *p = d->priv;
	if (!p)
		return -ENOMEM;
	if (!p->family)
		p->family = m->rtm_family == AF_INET6 ? AF_INET6 : AF_INET;
	for (;;) {
		if (dump_family(r, p, &f))
			return 1;
		if (p->family == AF_INET6 || m->rtm_family == AF_INET)
			break;
		*p = (struct place){ .family = AF_INET6 };
	}
	if (table_is_missing(r, &f))
		return nl_bad(r->ext, NULL, -ENOENT,
			      m->rtm_family == AF_INET ? "ipv4: FIB table does not exist"
						       : "ipv6: FIB table does not exist");
	return 0;
}

enum { HDR = sizeof(struct rtmsg) };
static const struct nl_msg any_msgs[] = {
	{ RTM_GETROUTE, 0, HDR, RTA_MAX, route_policy, NULL, dump_routes, "RTM_GETROUTE" },
	{ 0 },
};
static const struct nl_msg inet_msgs[] = {
	{ RTM_GETROUTE, 0, HDR, RTA_MAX, route_policy, route_get, dump_routes, "RTM_GETROUTE" },
	{ RTM_NEWROUTE, NL_ADMIN, HDR, RTA_MAX, route_policy, new_route, NULL, "RTM_NEWROUTE" },
	{ RTM_DELROUTE, NL_ADMIN, HDR, RTA_MAX, route_policy, del_route, NULL, "RTM_DELROUTE" },
	{ 0 },
};

static const struct nl_family route_family = { .name = "route/route",
					       .protocol = NETLINK_ROUTE,
					       .msgs = any_msgs };
static const struct nl_family route4_family = {
	.name = "route/route4", .protocol = NETLINK_ROUTE, .pf = AF_INET, .msgs = inet_msgs
};
static const struct nl_family route6_family = {
	.name = "route/route6", .protocol = NETLINK_ROUTE, .pf = AF_INET6, .msgs = inet_msgs
};

const struct nl_family *const route_families[] = {
	&route_family, &route4_family, &route6_family, &rule_family, &nexthop_family, NULL,
};

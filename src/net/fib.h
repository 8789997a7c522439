/* SPDX-License-Identifier: BSD-2-Clause */
/* Routes: longest-prefix match over IPv4 and IPv6, behind an interface that hides the structure. There is no cache, and
 * nothing in a result depends on the packet's own source or destination (W:R7), but where routes name sources. */
#ifndef LEAT_NET_FIB_H
#define LEAT_NET_FIB_H

#include <linux/rtnetlink.h>

#include "net/iface.h"

enum { FIB_CC_ALGO_MAX = 16 };

struct fib;
struct fib_paths;

/* What a lookup finds: immutable and shared by all routes that are equal here, but for `paths`. */
struct fib_nh {
	/* Several ways out, of which each flow takes one (fib_nh_path()); NULL: this is the only one. Of several, what is said
	 * below of interface and gateway is the first one's; gw_family is 0 when one of them has none.
	 * Read: any worker, within a turn.   Write: control lcore.   Free: rt_defer() in fib_paths_follow(). */
	rcu_ptr(const struct fib_paths) paths;
	uint32_t if_handle;
	uint8_t type; /* RTN_UNICAST, RTN_LOCAL, RTN_BROADCAST, RTN_BLACKHOLE, RTN_UNREACHABLE, RTN_PROHIBIT, RTN_THROW */
	uint8_t scope; /* RT_SCOPE_* */
	uint8_t gw_family; /* 0: on link, the next hop is the destination itself */
	uint8_t flags; /* RTNH_F_* */
	struct ipaddr gw;
	struct ipaddr prefsrc; /* all zero: none */
	uint8_t prefsrc_family;
	char cc_algo[FIB_CC_ALGO_MAX]; /* RTAX_CC_ALGO; empty: none */
	uint32_t nh_id; /* the nexthop object it is of; 0: none */
	uint8_t nh_family; /* of the routes by one */
	uint32_t metric[RTAX_MAX + 1]; /* RTAX_* but that; 0: nothing is said */
	uint32_t realms; /* RTA_FLOW: from << 16 | to (IPv4); shown, and looked at by nobody here */
	uint8_t src_plen; /* 0: for all sources; else for those of src alone (IPv6) */
	struct ipaddr src; /* host bits zero */
};
static inline bool fib_nh_mtu_locked(const struct fib_nh *nh) /* it is not to be changed by what ICMP says */
{
	return nh->metric[RTAX_LOCK] & 1u << RTAX_MTU;
}

/* One way of several, as netlink sees it. */
struct fib_hop {
	uint32_t if_handle;
	uint8_t gw_family, flags; /* RTNH_F_* */
	uint16_t weight; /* 1 and up */
	uint32_t realms;
	struct ipaddr gw;
};

/* A route as netlink sees it. */
struct fib_route {
	uint8_t family, plen, tos, protocol;
	uint8_t pref; /* RFC 4191, 2.1: ICMPV6_ROUTER_PREF_* (IPv6) */
	struct ipaddr dst; /* host bits zero */
	uint32_t table; /* RT_TABLE_* */
	uint32_t metric;
	uint32_t flags; /* RTM_F_* */
	uint16_t n_hops; /* 0: one way, which nh says; else these, and nh says what they share */
	/* Borrowed: of a route that a call has described, until a route changes or another one is described. IPv6 keeps a route
	 * of several ways as one each, its siblings (fib_node.c). */
	const struct fib_hop *hops;
	uint16_t weight; /* of one way that may become one of several; 0: 1 */
	uint64_t until_us; /* when it goes by itself; 0: never */
	uint64_t serial; /* of a route that a call has described: no other has had it */
	struct fib_nh nh;
};

bool fib_route_uses_if(const struct fib_route *r, uint32_t if_handle);

/* --- any worker, within a turn --- */

/* What rules may look at beyond the destination and the interface of arrival, as bits of fib_looks(). */
enum fib_look {
	FIB_LOOK_RULES = 1 << 0, /* there are other rules than the built-in ones */
	FIB_LOOK_SRC = 1 << 1,
	FIB_LOOK_OIF = 1 << 2,
	FIB_LOOK_MARK = 1 << 3,
	FIB_LOOK_UID = 1 << 4,
	FIB_LOOK_PROTO = 1 << 5,
	FIB_LOOK_PORTS = 1 << 6,
	FIB_LOOK_DSFIELD = 1 << 7,
	FIB_LOOK_FLOW = 1 << 8, /* the flow label */
	FIB_LOOK_IIF = 1 << 9,
	FIB_LOOK_VRF = 1 << 10, /* the table of the interface's VRF */
};
enum {
	FIB_LOOK_PACKET = FIB_LOOK_SRC | FIB_LOOK_MARK | FIB_LOOK_PROTO | FIB_LOOK_PORTS | FIB_LOOK_DSFIELD |
			  FIB_LOOK_FLOW
}; /* what packets that came by one interface for one destination may differ in */

/* What a route is asked for with. Rules choose the table by it; in a table nothing counts but the destination,
 * and the source where routes name one. Zero: not known,
 * or none. Every byte is a member's: queries may be compared as bytes. */
struct fib_query {
	struct ipaddr dst, src;
	uint32_t iif; /* handle of the interface it came by; 0: made by this stack */
	uint32_t oif; /* handle of the interface it has to leave by */
	uint32_t mark, uid, flow;
	uint16_t sport, dport; /* in host order; zero in fragments */
	uint8_t family, proto, dsfield, pad;
};
static_assert(sizeof(struct fib_query) == 60, "no holes: it is compared as bytes");

/* The bits that make a difference; 0: nothing does, and a query needs its destination only. */
uint32_t fib_looks(const struct worker *w, uint8_t family);
/* The route that the rules lead to, by default those of tables local, main and default in this order. NULL: none. Good until the
 * end of the turn. */
const struct fib_nh *fib_lookup(const struct worker *w, const struct fib_query *q);
/* What the rules look at of a packet whose IP header is at l3_off; the rest stays zero, so packets that the rules cannot tell apart
 * have equal queries. oif is none. ours: this stack made it. */
void fib_query_of(const struct pkt *p, uint8_t family, uint32_t looks, bool ours, struct fib_query *ret);
/* The same for a packet of which nothing but its destination is known, or looked at. */
const struct fib_nh *fib4_lookup(const struct worker *w, be32 dst);
const struct fib_nh *fib6_lookup(const struct worker *w, const struct ip6 *dst);
/* For who asks for many, while fib_looks() is 0: the tables, once, and then each destination. fib_tables() may be NULL; the finders
 * take that. */
const struct fib *fib_tables(const struct worker *w, uint8_t family);
const struct fib_nh *fib4_find(const struct fib *f, be32 dst);
const struct fib_nh *fib6_find(const struct fib *f, const struct ip6 *dst);
/* For a vector's worth of destinations, at most PKT_VEC_MAX: where a table is so large that each lookup waits for memory, all of
 * them wait together. NULL is never large. */
bool fib_is_large(const struct fib *f);
void fib4_find_many(const struct fib *f, const be32 *dst, unsigned n, const struct fib_nh **ret);
void fib6_find_many(const struct fib *f, const struct ip6 *const *dst, unsigned n, const struct fib_nh **ret);

/* Several ways: a flow's hash picks one of them by their weights, and the same while they stay (RFC 2992). */
static inline bool fib_nh_has_paths(const struct fib_nh *nh)
{
	return unlikely(rcu_get(nh->paths));
}
const struct fib_nh *fib_path_of(const struct worker *w, const struct fib_nh *nh, uint32_t hash);
static inline const struct fib_nh *fib_nh_path(const struct worker *w, const struct fib_nh *nh, uint32_t hash)
{
	return fib_nh_has_paths(nh) ? fib_path_of(w, nh, hash) : nh;
}
/* Of a nexthop object with one way, that way: lookups do it before they answer, so whoever asks meets one way or several. */
const struct fib_nh *fib_nh_settle_slow(const struct fib_nh *nh);
static inline const struct fib_nh *fib_nh_settle(const struct fib_nh *nh)
{
	return fib_nh_has_paths(nh) ? fib_nh_settle_slow(nh) : nh;
}
/* The first of them that leads through an interface; NULL: none does. */
const struct fib_nh *fib_nh_through(const struct fib_nh *nh, uint32_t if_handle);
static inline bool fib_nh_uses_if(const struct fib_nh *nh, uint32_t if_handle)
{
	return fib_nh_through(nh, if_handle);
}
/* The same, but one that fits goes before one that does not (Linux: whose source is the flow's). */
typedef bool fib_path_fits_fn(const struct worker *w, const struct fib_nh *nh, const void *ctx);
const struct fib_nh *fib_path_that_fits(const struct worker *w, const struct fib_nh *nh, uint32_t hash,
					fib_path_fits_fn *fits, const void *ctx);

/* The route that what came by that interface would take: in a VRF, by its table. */
static inline const struct fib_nh *fib4_lookup_at(const struct worker *w, uint32_t in_if, be32 dst)
{
	const struct fib_query q = { .family = 2 /* AF_INET */, .dst.v4 = dst, .iif = in_if };
	return fib_lookup(w, &q);
}
static inline const struct fib_nh *fib6_lookup_at(const struct worker *w, uint32_t in_if,
						  const struct ip6 *dst)
{
	const struct fib_query q = { .family = 10 /* AF_INET6 */, .dst.v6 = *dst, .iif = in_if };
	return fib_lookup(w, &q);
}

/* --- control lcore --- */

/* As `ip route add`, `replace`, `append`, `prepend` and `change` (which must find one). */
enum fib_how { FIB_ADD, FIB_REPLACE, FIB_APPEND, FIB_PREPEND, FIB_CHANGE };
/* Notifies RTM_NEWROUTE. 0, -EEXIST, -ENOENT, -EINVAL, -ENETUNREACH (the gateway is not on a link), -ENODEV, -ENOMEM; *ret_why, when
 * given, is a static line for the extended ack, as Linux words it. */
int fib_add(struct leat_stack *st, const struct fib_route *r, enum fib_how how, const char **ret_why);
/* Deletes the first route that matches what `r` says (zero members: any, as RTM_DELROUTE does) and notifies RTM_DELROUTE. 0 or
 * -ESRCH. Routes through an interface go by themselves when it goes down or away. */
int fib_delete(struct leat_stack *st, const struct fib_route *r);
/* An address is no longer ours: routes that prefer it as their source go, and nobody is told, as on Linux. */
void fib_source_gone(struct leat_stack *st, uint8_t family, const struct ipaddr *a);
/* An IPv6 route that is the same as r, if there is one, ends at r->until_us from now on; 0: never. Nobody is told. Without memory it
 * stays as it was. */
void fib_set_until(struct leat_stack *st, const struct fib_route *r);
/* Of the routes of one prefix and metric that routers advertised (RTPROT_RA), those with the highest rank carry the packets, flow by
 * flow (RFC 4311); all have 0 at first. r: one that has been added. Nobody is told. */
void fib_set_rank(struct leat_stack *st, const struct fib_route *r, uint8_t rank);
/* IPv4 or IPv6 is over on an interface: its routes go, and listeners are told. */
void fib_flush_iface(struct leat_stack *st, uint8_t family, uint32_t if_handle);
/* Lookup from the control lcore, with the route it came from, or, when a rule refuses by itself, one that has nothing but that type.
 * q->oif, when not 0, is the interface it must lead through. NULL: none. The route is a copy that the next call overwrites. */
const struct fib_route *fib_ask(struct leat_stack *st, const struct fib_query *q);
/* The same, with the rule that decided. */
struct fib_why {
	bool by_rule; /* false: none of them had an answer */
	uint32_t priority, realms;
};
const struct fib_route *fib_ask_why(struct leat_stack *st, const struct fib_query *q,
				    struct fib_why *ret_why);
const struct fib_route *fib_lookup_ctl(struct leat_stack *st, uint8_t family, const struct ipaddr *dst,
				       uint32_t oif);
/* Whether the table has ever had a route, as on Linux. */
bool fib_has_table(struct leat_stack *st, uint8_t family, uint32_t table);
/* Whether packets pass by routes through that interface, for it has no carrier (ignore_routes_with_linkdown). Control lcore. */
bool fib_ignores(struct leat_stack *st, uint8_t family, uint32_t if_handle);
/* The route after `after` (NULL: the first) in the order of family, table, prefix, metric: dumps resume by key. false: no
 * more. */
bool fib_next(struct leat_stack *st, const struct fib_route *after, uint8_t family, struct fib_route *ret);
/* How many routes of a family there are, in all tables. */
uint64_t fib_count(const struct leat_stack *st, uint8_t family);

extern const struct module fib_module;

#endif

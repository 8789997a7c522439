/* SPDX-License-Identifier: BSD-2-Clause */
/* What ip4-route and ip6-route share: a decision, and the run of packets it is good for.
 *
 * Theory of operation: what becomes of a packet follows from the next hop of its route and from the interface it came by. So
 * neighbouring packets to one destination share the lookup, and neighbours whose lookups find the same next hop share the
 * decision: for most packets there is nothing left but to compare. Where a next hop has several ways the decision is the same
 * for all of them, and each packet's flow picks its way. Rules may look at more of a packet than its destination; then its
 * question is compared with the last one (struct ip_route_ask), and the lookup shared while it stays the same. In large tables
 * the whole vector is looked up ahead (fib_many.c). Where the
 * destination itself matters (by_dst, or no
 * route was asked for) the decision ends with it. */
#ifndef LEAT_IP_ROUTE_H
#define LEAT_IP_ROUTE_H

#include "ip/ip_internal.h"
#include "net/mcast.h"
#include "net/fib_hash.h"

/* The edges of both nodes, and with them what routes of a type do: a table of RTN_MAX + 1 rows. An empty row acts as
 * RTN_UNSPEC, no route; so do RTN_THROW, which ends a lookup, and types that nobody knows. */
enum ip_route_next {
	IP_ROUTE_LOCAL = 1,
	IP_ROUTE_LOCAL_HOOK,
	IP_ROUTE_FORWARD,
	IP_ROUTE_ERROR,
	IP_ROUTE_REASS, /* for us, but not before it is whole */
};
struct ip_route_type {
	uint8_t next, code; /* code: of ICMP unreachable, with IP_ROUTE_ERROR */
	enum drop why; /* with IP_ROUTE_ERROR and NEXT_DROP */
};

/* RFC 1122, 3.3.6: a unicast packet in a group frame was meant for somebody else's ears, or worse. */
enum { IP_ROUTE_GROUP_FRAME = PKT_F_L2_MULTICAST | PKT_F_L2_BROADCAST };

/* What the lookups of a vector share: what the rules look at, and the answer to the last question that was put to them. */
struct ip_route_ask {
	uint32_t looks; /* 0: there are no rules but the built-in ones; or IP_ROUTE_AHEAD */
	const struct fib *tables; /* with 0 */
	const struct fib_nh *nh;
	struct fib_query last;
};
/* There are no rules and the tables are large: each packet's answer is there already, in edge.ip_route.nh. */
#define IP_ROUTE_AHEAD (1U << 31)
/* No packet's interface: each one is asked about. */
#define IP_ROUTE_NO_RUN UINT32_MAX

/* All zero: of no packet yet; one without an interface that meets it is dropped for that. */
struct ip_route_run {
	struct ipaddr dst;
	uint32_t
		key_if; /* packets of that interface and dst go the same way; IP_ROUTE_NO_RUN when rules look at more */
	uint32_t in_if;
	struct ip_route_type say;
	bool go; /* the common path: not refused, and no packet has to be looked at closer */
	bool refused;
	bool by_dst; /* the decision is for this destination alone */
	bool spread; /* nh has several ways: each packet's own flow says which */
	bool closer; /* spread, or not to be forwarded: what is not refused is not yet done with */
	uint8_t guard; /* of the interface: enum ip_guard */
	uint8_t bad_flags; /* packets with one of these are not on the common path */
	uint8_t refused_flags; /* and of those, with one of these they are refused */
	const struct iface *in;
	const struct mcast_sources *sources; /* IPv4: whom the group is heard from; NULL: everybody */
	const struct fib_nh *nh; /* what the lookup found; NULL: nothing, or there was none */
};

static inline void ip_route_ask_init(const struct worker *w, struct ip_route_ask *a, uint8_t family)
{
	a->looks = fib_looks(w, family);
	if (likely(!a->looks))
		a->tables = fib_tables(w, family);
	else
		memset(&a->last, 0, sizeof a->last);
}

static inline uint32_t ip_route_key_if(const struct ip_route_ask *a, const struct pkt *p)
{
	return likely(!(a->looks & FIB_LOOK_PACKET)) ? p->in_if : IP_ROUTE_NO_RUN;
}

static inline bool ip_route_is_to_look_ahead(const struct ip_route_ask *a)
{
	return unlikely(!a->looks && fib_is_large(a->tables));
}

/* By the rules that there are; asked again only for a packet that they can tell from the last one. Or what was found ahead. */
static inline const struct fib_nh *ip_route_by_rules(const struct worker *w, struct ip_route_ask *a,
						     const struct pkt *p, uint8_t family)
{
	struct fib_query q;
	if (a->looks == IP_ROUTE_AHEAD)
		return p->edge.ip_route.nh;
	fib_query_of(p, family, a->looks, false, &q);
	if (memcmp(&q, &a->last, sizeof q) != 0) {
		a->last = q;
		a->nh = fib_lookup(w, &q);
	}
	return a->nh;
}

static inline bool ip_route_goes_on(const struct ip_route_run *r, const struct pkt *p,
				    const struct fib_nh *nh)
{
	return likely(nh && nh == r->nh && p->in_if == r->in_if && !r->by_dst);
}

static inline void ip_route_refuse(struct ip_route_run *r, enum drop why)
{
	r->say = (struct ip_route_type){ NEXT_DROP, 0, why };
	r->go = false;
	r->refused = true;
}

static inline void ip_route_decide(struct ip_route_run *r, const struct ip_route_type *types, uint8_t type)
{
	const struct ip_route_type *t = &types[type];
	r->say = t->next || t->why ? *t : types[RTN_UNSPEC];
	r->refused = r->say.next == NEXT_DROP || r->say.next == IP_ROUTE_ERROR;
	r->go = !r->refused && !(r->guard & IP_GUARD_RPF);
}

/* As the type of the route that was found says. */
static inline void ip_route_follow(struct ip_route_run *r, const struct ip_route_type *types, bool forwards)
{
	ip_route_decide(r, types, r->nh ? r->nh->type : RTN_UNSPEC);
	r->spread = r->say.next == IP_ROUTE_FORWARD && fib_nh_has_paths(r->nh);
	if (!forwards && r->say.next != IP_ROUTE_LOCAL) /* Linux: a host is silent about what is not for it */
		ip_route_refuse(r, DROP_IP_FORWARDING_OFF);
}

static inline bool ip_route_is_common(const struct ip_route_run *r, const struct pkt *p)
{
	return likely(r->go && !(p->flags & r->bad_flags));
}
static inline bool ip_route_refuses(const struct ip_route_run *r, const struct pkt *p)
{
	return r->refused || p->flags & r->refused_flags;
}

/* The way of this packet. */
static inline const struct fib_nh *ip_route_nh(const struct worker *w, const struct ip_route_run *r,
					       uint8_t family, const struct pkt *p)
{
	return unlikely(r->spread) ? fib_nh_for(w, r->nh, family, p) : r->nh;
}

/* To others, by nh. */
static inline uint8_t ip_route_forward(struct pkt *p, const struct fib_nh *nh)
{
	p->edge.ip_route.nh = nh;
	p->edge.ip_route.exc = NULL;
	return IP_ROUTE_FORWARD;
}

/* Frames to groups carry packets to groups; others go no further than here, or, mostly, not even so far. */
static inline void ip_route_judge_frames(struct ip_route_run *r, bool to_group)
{
	bool may = to_group ? r->say.next != IP_ROUTE_FORWARD
			    : r->say.next == IP_ROUTE_LOCAL && !(r->guard & IP_GUARD_L2_MULTICAST);
	r->refused_flags = may ? 0 : IP_ROUTE_GROUP_FRAME;
	r->bad_flags = r->refused_flags | PKT_F_IP_OPTIONS;
}

/* To others, but first to those who look at router alerts, while there are any. */
static inline uint8_t ip_route_alert(const struct ip_stack *ip, uint8_t next)
{
	uint8_t edge = racy_get(ip->alert_edge);
	return next == IP_ROUTE_FORWARD && edge ? edge : next;
}

/* The edge for a packet that is refused. unreachable: the type of ICMP error that the code belongs to. */
static inline uint8_t ip_route_refusal(const struct ip_route_run *r, struct pkt *p, uint8_t unreachable)
{
	if (p->flags & r->refused_flags)
		return pkt_drop(p, DROP_IP_MULTICAST_LINK);
	if (r->say.next == IP_ROUTE_ERROR)
		return ip_error(p, IP_ROUTE_ERROR, unreachable, r->say.code, 0, r->say.why);
	return pkt_drop(p, r->say.why ? r->say.why : DROP_IF_GONE);
}

#endif

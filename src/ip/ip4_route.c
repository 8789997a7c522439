/* SPDX-License-Identifier: BSD-2-Clause */
/* ip4-route: for us, for somebody else, or for nobody? Neighbouring packets to the same destination from the same interface
 * share one lookup, and those that find the same next hop one decision. */
#include <errno.h>

#include "ip/ip_internal.h"
#include "net/addr.h"
#include "wire/icmp4.h"
#include "wire/ip4.h"

/* What is decided for a run of packets. why: the drop reason when next is NEXT_DROP or IP_ROUTE_ERROR. */
struct route_run {
	bool valid, unicast, foreign_source; /* foreign_source: must not be ours */
	uint8_t next, code;
	enum drop why;
	be32 dst;
	uint32_t in_if;
	const struct fib_nh *nh;
};

/* By type of route; Linux: ip_error(). RTN_THROW and unknown ones end a lookup as if there were no route. */
static const struct route_type {
	uint8_t next, code;
	enum drop why;
} route_types[] = {
	[RTN_UNSPEC] = { IP_ROUTE_ERROR, ICMP4_UNREACH_NET, DROP_IP_NO_ROUTE },
	[RTN_UNICAST] = { IP_ROUTE_FORWARD, 0, DROP_NONE },
	[RTN_LOCAL] = { IP_ROUTE_LOCAL, 0, DROP_NONE },
	[RTN_BROADCAST] = { IP_ROUTE_LOCAL, 0, DROP_NONE },
	[RTN_ANYCAST] = { IP_ROUTE_LOCAL, 0, DROP_NONE },
	[RTN_MULTICAST] = { NEXT_DROP, 0, DROP_IP_NOT_MEMBER },
	[RTN_BLACKHOLE] = { NEXT_DROP, 0, DROP_IP_BLACKHOLE },
	[RTN_UNREACHABLE] = { IP_ROUTE_ERROR, ICMP4_UNREACH_HOST, DROP_IP_UNREACHABLE },
	[RTN_PROHIBIT] = { IP_ROUTE_ERROR, ICMP4_UNREACH_ADMIN_PROHIBITED, DROP_IP_PROHIBIT },
};

static void decide(struct route_run *r, const struct route_type *t)
{
	r->next = t->next;
	r->code = t->code;
	r->why = t->why;
}

static void decide_group(struct route_run *r)
{
	bool ours =
		be32_get(r->dst) == UINT32_MAX || be32_get(r->dst) == 0xe0000001; /* RFC 1112: all hosts */
	decide(r, &route_types[ours ? RTN_LOCAL : RTN_MULTICAST]);
}

static void decide_unicast(struct route_run *r, const struct iface *in)
{
	uint8_t type = r->nh && r->nh->type < ARRAY_SIZE(route_types) ? r->nh->type : RTN_UNSPEC;
	decide(r, &route_types[route_types[type].next || route_types[type].why ? type : RTN_UNSPEC]);
	r->unicast = type != RTN_BROADCAST;
	r->foreign_source = r->next == IP_ROUTE_LOCAL && !(racy_get(in->flags) & IFF_LOOPBACK);
	if (!racy_get(in->conf.forward4) &&
	    r->next != IP_ROUTE_LOCAL) { /* Linux: a host is silent about what is not for it */
		r->next = NEXT_DROP;
		r->why = DROP_IP_FORWARDING_OFF;
	}
}

static bool is_group(be32 dst)
{
	return be32_get(dst) == UINT32_MAX || ip4_is_multicast(dst);
}

static void run_start(struct worker *w, struct route_run *r, const struct pkt *p, be32 dst,
		      const struct fib_nh *nh)
{
	*r = (struct route_run){ .valid = true, .dst = dst, .in_if = p->in_if, .nh = nh };
	const struct iface *in = iface_get(w, p->in_if);
	if (!in) {
		r->why = DROP_IF_GONE;
		return;
	}
	if (is_group(dst))
		decide_group(r);
	else
		decide_unicast(r, in);
	if (r->next == IP_ROUTE_LOCAL)
		r->next = racy_get(in->hooks.edge[HOOK_IP4_INPUT]);
}

/* Another destination or another interface: a new run, unless its next hop and all else says that the last goes on. */
static void run_change(struct worker *w, struct route_run *r, const struct pkt *p, be32 dst)
{
	const struct fib_nh *nh = is_group(dst) ? NULL : fib4_lookup(w, dst);
	if (likely(nh && nh == r->nh && p->in_if == r->in_if))
		r->dst = dst;
	else
		run_start(w, r, p, dst, nh);
}

/* Linux: nobody else may use our address as source. Forwarded packets are not held against that here. */
static bool source_is_ours(const struct worker *w, be32 src)
{
	struct ipaddr a = { .v4 = src };
	return addr_find(w, AF_INET, &a) != NULL;
}

static uint8_t ip4_route_one(struct worker *w, struct pkt *p, struct route_run *r)
{
	const struct ip4_hdr *h = pkt_l3(p);
	if (unlikely(!r->valid || !be32_eq(h->dst, r->dst) || p->in_if != r->in_if))
		run_change(w, r, p, h->dst);
	/* RFC 1122, 3.3.6: a unicast packet in a group frame was meant for somebody else's ears, or worse. */
	if (unlikely(r->unicast && p->flags & (PKT_F_L2_MULTICAST | PKT_F_L2_BROADCAST)))
		return pkt_drop(p, DROP_IP_MULTICAST_LINK);
	if (unlikely(r->next == NEXT_DROP))
		return pkt_drop(p, r->why);
	if (unlikely(r->next == IP_ROUTE_ERROR))
		return ip_error(p, IP_ROUTE_ERROR, ICMP4_UNREACH, r->code, 0, r->why);
	if (unlikely(r->foreign_source && source_is_ours(w, h->src)))
		return pkt_drop(p, DROP_IP_MARTIAN_SOURCE);
	p->edge.ip_route.nh = r->nh;
	return r->next;
}

static void ip4_route(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	struct route_run run = { 0 };
	for (unsigned i = 0; i < v->n; i++) {
		pkt_prefetch(v, i + 4);
		next[i] = ip4_route_one(w, v->pkt[i], &run);
	}
	vec_dispatch(w, v, next);
}

const struct node ip4_route_node = {
	.name = "ip4-route",
	.run = ip4_route,
	.next = { [IP_ROUTE_LOCAL] = "ip4-local",
		  [IP_ROUTE_LOCAL_HOOK] = "hook-ip4-local-in",
		  [IP_ROUTE_FORWARD] = "ip4-forward",
		  [IP_ROUTE_ERROR] = "icmp4-error" },
};

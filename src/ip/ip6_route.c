/* SPDX-License-Identifier: BSD-2-Clause */
/* ip6-route: for us, for somebody else, or for nobody? Neighbouring packets to the same destination from the same interface
 * share one lookup and one decision. Link-local destinations are known by address and interface, never by the FIB, and never
 * leave their link (RFC 4291, 2.5.6). */
#include <sys/socket.h>

#include "ip/ip6_internal.h"

/* What is decided for a run of packets. why: the drop reason when next is NEXT_DROP or IP_ROUTE_ERROR. */
struct route_run {
	bool valid, unicast;
	uint8_t next, code;
	enum drop why;
	struct ip6 dst;
	uint32_t in_if;
	const struct fib_nh *nh;
};

/* By type of route. Linux: an unreachable route answers as no route does. */
static const struct route_type {
	uint8_t next, code;
	enum drop why;
} route_types[] = {
	[RTN_UNSPEC] = { IP_ROUTE_ERROR, ICMP6_UNREACH_NO_ROUTE, DROP_IP_NO_ROUTE },
	[RTN_UNICAST] = { IP_ROUTE_FORWARD, 0, DROP_NONE },
	[RTN_LOCAL] = { IP_ROUTE_LOCAL, 0, DROP_NONE },
	[RTN_ANYCAST] = { IP_ROUTE_LOCAL, 0, DROP_NONE },
	[RTN_MULTICAST] = { NEXT_DROP, 0, DROP_IP_NOT_MEMBER },
	[RTN_BLACKHOLE] = { NEXT_DROP, 0, DROP_IP_BLACKHOLE },
	[RTN_UNREACHABLE] = { IP_ROUTE_ERROR, ICMP6_UNREACH_NO_ROUTE, DROP_IP_UNREACHABLE },
	[RTN_PROHIBIT] = { IP_ROUTE_ERROR, ICMP6_UNREACH_PROHIBITED, DROP_IP_PROHIBIT },
};

static void decide(struct route_run *r, unsigned type)
{
	if (type >= ARRAY_SIZE(route_types) || (!route_types[type].next && !route_types[type].why))
		type = RTN_UNSPEC;
	r->next = route_types[type].next;
	r->code = route_types[type].code;
	r->why = route_types[type].why;
}

static void refuse(struct route_run *r, enum drop why)
{
	r->next = NEXT_DROP;
	r->why = why;
}

static void decide_link_local(struct worker *w, struct route_run *r, const struct iface *in)
{
	struct ipaddr a = { .v6 = r->dst };
	const struct addr *ours = racy_get(in->flags) & IFF_LOOPBACK
					  ? addr_find(w, AF_INET6, &a)
					  : addr_find_on(w, r->in_if, AF_INET6, &a);
	decide(r, RTN_LOCAL);
	if (!ours)
		refuse(r, DROP_IP_SCOPE);
}

static void decide_global(struct worker *w, struct route_run *r)
{
	r->nh = fib6_lookup(w, &r->dst);
	decide(r, r->nh ? r->nh->type : RTN_UNSPEC);
	if (!racy_get(ip6_stack(w->st)->forwarding) &&
	    r->next != IP_ROUTE_LOCAL) /* Linux: a host is silent about what is not for it */
		refuse(r, DROP_IP_FORWARDING_OFF);
}

/* RFC 4862, 5.4: what is sent to a tentative address is discarded. It has no local route yet, so what is for it looks like a
 * packet for a neighbour; Linux would send it back to the link. */
static bool is_tentative(const struct worker *w, const struct route_run *r)
{
	struct ipaddr a = { .v6 = r->dst };
	const struct addr *ours = addr_find_on(w, r->nh ? r->nh->if_handle : r->in_if, AF_INET6, &a);
	return ours && racy_get(ours->flags) & (IFA_F_TENTATIVE | IFA_F_DADFAILED);
}

static void run_start(struct worker *w, struct route_run *r, const struct pkt *p, const struct ip6 *dst)
{
	*r = (struct route_run){ .valid = true, .dst = *dst, .in_if = p->in_if };
	const struct iface *in = iface_get(w, p->in_if);
	if (!in) {
		refuse(r, DROP_IF_GONE);
		return;
	}
	r->unicast = !ip6_is_multicast(dst);
	if (!r->unicast)
		decide(r, ip6_is_member(w, p->in_if, dst) ? RTN_LOCAL : RTN_MULTICAST);
	else if (ip6_is_link_local(dst))
		decide_link_local(w, r, in);
	else
		decide_global(w, r);
	bool local = r->next == IP_ROUTE_LOCAL, on_link = r->next == IP_ROUTE_FORWARD && !r->nh->gw_family;
	if (r->unicast && (local || on_link) && is_tentative(w, r))
		refuse(r, DROP_IP_TENTATIVE);
	else if (local)
		r->next = racy_get(in->hooks.edge[HOOK_IP6_INPUT]);
}

static uint8_t ip6_route_one(struct worker *w, struct pkt *p, struct route_run *r)
{
	const struct ip6_hdr *h = pkt_l3(p);
	if (unlikely(!r->valid || p->in_if != r->in_if || !ip6_eq(&h->dst, &r->dst)))
		run_start(w, r, p, &h->dst);
	if (unlikely(r->unicast && p->flags & (PKT_F_L2_MULTICAST | PKT_F_L2_BROADCAST)))
		return pkt_drop(p, DROP_IP_MULTICAST_LINK);
	if (unlikely(r->next == NEXT_DROP))
		return pkt_drop(p, r->why);
	if (unlikely(r->next == IP_ROUTE_ERROR))
		return ip_error(p, IP_ROUTE_ERROR, ICMP6_UNREACH, r->code, 0, r->why);
	p->edge.ip_route.nh = r->nh;
	return r->next;
}

static void ip6_route(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	struct route_run run = { 0 };
	for (unsigned i = 0; i < v->n; i++) {
		pkt_prefetch(v, i + 4);
		next[i] = ip6_route_one(w, v->pkt[i], &run);
	}
	vec_dispatch(w, v, next);
}

const struct node ip6_route_node = {
	.name = "ip6-route",
	.run = ip6_route,
	.next = { [IP_ROUTE_LOCAL] = "ip6-local",
		  [IP_ROUTE_LOCAL_HOOK] = "hook-ip6-local-in",
		  [IP_ROUTE_FORWARD] = "ip6-forward",
		  [IP_ROUTE_ERROR] = "icmp6-error" },
};

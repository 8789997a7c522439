/* SPDX-License-Identifier: BSD-2-Clause */
/* ip6-route: for us, for somebody else, or for nobody? ip_route.h says how neighbouring packets share the answer. Link-local
 * destinations are known by address and interface, never by the FIB, and never leave their link (RFC 4291, 2.5.6). */
#include "ip/ip_route.h"
#include "ip/ip_explain.h"

#include <sys/socket.h>

#include "ip/ip6_internal.h"

/* Linux: an unreachable route answers as no route does. */
static const struct ip_route_type route_types[RTN_MAX + 1] = {
	[RTN_UNSPEC] = { IP_ROUTE_ERROR, ICMP6_UNREACH_NO_ROUTE, DROP_IP_NO_ROUTE },
	[RTN_UNICAST] = { IP_ROUTE_FORWARD, 0, DROP_NONE },
	[RTN_LOCAL] = { IP_ROUTE_LOCAL, 0, DROP_NONE },
	[RTN_ANYCAST] = { IP_ROUTE_LOCAL, 0, DROP_NONE },
	[RTN_MULTICAST] = { NEXT_DROP, 0, DROP_IP_NOT_MEMBER },
	[RTN_BLACKHOLE] = { NEXT_DROP, 0, DROP_IP_BLACKHOLE },
	[RTN_UNREACHABLE] = { IP_ROUTE_ERROR, ICMP6_UNREACH_NO_ROUTE, DROP_IP_UNREACHABLE },
	[RTN_PROHIBIT] = { IP_ROUTE_ERROR, ICMP6_UNREACH_PROHIBITED, DROP_IP_PROHIBIT },
};

static void decide_group(struct worker *w, struct ip_route_run *r)
{
	bool member = ip6_hears_always(w, &r->dst.v6) || mcast_find(w, r->in_if, AF_INET6, &r->dst);
	ip_route_decide(r, route_types, member ? RTN_LOCAL : RTN_MULTICAST);
	ip_route_judge_frames(r, true);
}

static void decide_link_local(struct worker *w, struct ip_route_run *r, const struct iface *in)
{
	const struct addr *ours = racy_get(in->flags) & IFF_LOOPBACK
					  ? addr_find(w, AF_INET6, &r->dst)
					  : addr_find_on(w, r->in_if, AF_INET6, &r->dst);
	ip_route_decide(r, route_types, RTN_LOCAL);
	if (!ours && !icmp6_is_anycast(w, r->in_if, &r->dst.v6))
		ip_route_refuse(r, DROP_IP_SCOPE);
}

/* RFC 4862, 5.4: what is sent to a tentative address is discarded. It has no local route yet, so what is for it looks like a
 * packet for a neighbour; Linux would send it back to the link. */
static bool is_tentative(const struct worker *w, const struct ip_route_run *r)
{
	const struct addr *ours = addr_find_on(w, r->nh ? r->nh->if_handle : r->in_if, AF_INET6, &r->dst);
	return ours && racy_get(ours->flags) & (IFA_F_TENTATIVE | IFA_F_DADFAILED);
}

static void decide_unicast(struct worker *w, struct ip_route_run *r, const struct iface *in)
{
	if (ip6_is_link_local(&r->dst.v6))
		decide_link_local(w, r, in);
	else
		ip_route_follow(r, route_types, racy_get(ip6_stack(w->st)->forwarding));
	ip_route_judge_frames(r, false);
	r->by_dst = r->say.next == IP_ROUTE_LOCAL || (r->say.next == IP_ROUTE_FORWARD && !r->nh->gw_family);
	if (r->by_dst && is_tentative(w, r))
		ip_route_refuse(r, DROP_IP_TENTATIVE);
}

static void run_start(struct worker *w, struct ip_route_run *r, const struct pkt *p, const struct ip6 *dst,
		      const struct fib_nh *nh)
{
	*r = (struct ip_route_run){ .dst.v6 = *dst, .key_if = r->key_if, .in_if = p->in_if, .nh = nh };
	const struct iface *in = r->in = iface_get(w, p->in_if);
	if (!in) {
		ip_route_refuse(r, DROP_IF_GONE);
		return;
	}
	r->guard = (uint8_t)ip_guard_of(ip6_stack(w->st), in, true);
	if (ip6_is_multicast(dst))
		decide_group(w, r);
	else
		decide_unicast(w, r, in);
	if (r->say.next == IP_ROUTE_LOCAL)
		r->say.next = racy_get(in->hooks.edge[HOOK_IP6_INPUT]);
	r->closer = r->spread || r->say.next != IP_ROUTE_FORWARD;
}

static const struct fib_nh *look_up(const struct worker *w, struct ip_route_ask *a, const struct pkt *p,
				    const struct ip6 *dst)
{
	if (ip6_is_multicast(dst) || ip6_is_link_local(dst))
		return NULL;
	return likely(!a->looks) ? fib6_find(a->tables, dst) : ip_route_by_rules(w, a, p, AF_INET6);
}

/* Another destination or another interface, or rules that look at more. */
static void run_change(struct worker *w, struct ip_route_run *r, struct ip_route_ask *a, const struct pkt *p,
		       const struct ip6 *dst)
{
	const struct fib_nh *nh = look_up(w, a, p, dst);
	r->key_if = ip_route_key_if(a, p);
	if (ip_route_goes_on(r, p, nh))
		r->dst.v6 = *dst;
	else
		run_start(w, r, p, dst, nh);
}

/* Behind whatever other extension headers. What is wrong with those ip6-local says, which needs no reassembly to be built in. */
static bool is_fragment(const struct worker *w, const struct pkt *p)
{
	struct ip6_chain ch;
	return !ip6_walk_in(w, p, IP6_WALK_FRAGMENT, &ch) && ip6_is_fragment(&ch);
}

static uint8_t go_on(struct worker *w, struct pkt *p, struct ip_route_run *r, const struct ip6_hdr *h)
{
	p->edge.ip_route.nh = ip_route_nh(w, r, AF_INET6, p);
	p->edge.ip_route.exc = NULL;
	if (unlikely(r->say.next != IP_ROUTE_FORWARD && ip6_is_ext(h->next) && is_fragment(w, p)))
		return IP_ROUTE_REASS;
	return r->say.next;
}

/* Refused, or with a router alert, or of a source that is to be looked for. */
static uint8_t off_the_common_path(struct worker *w, struct pkt *p, struct ip_route_run *r)
{
	enum drop why = r->in && !r->refused ? ip6_guard_source(w, p, r->in, r->guard) : DROP_NONE;
	if (why)
		return pkt_drop(p, why);
	if (ip_route_refuses(r, p))
		return ip_route_refusal(r, p, ICMP6_UNREACH);
	bool alert = p->flags & PKT_F_IP_OPTIONS;
	p->flags &= (uint8_t)~PKT_F_IP_OPTIONS;
	uint8_t next = go_on(w, p, r, pkt_l3(p));
	return alert ? ip_route_alert(ip6_stack(w->st), next) : next;
}

static uint8_t ip6_route_one(struct worker *w, struct pkt *p, struct ip_route_run *r, struct ip_route_ask *a)
{
	const struct ip6_hdr *h = pkt_l3(p);
	if (unlikely(p->in_if != r->key_if || !ip6_eq(&h->dst, &r->dst.v6)))
		run_change(w, r, a, p, &h->dst);
	if (!ip_route_is_common(r, p))
		return off_the_common_path(w, p, r);
	return unlikely(r->closer) ? go_on(w, p, r, h) : ip_route_forward(p, r->nh);
}

static void look_ahead(struct ip_route_ask *a, struct pkt_vec *v)
{
	const struct ip6 *dst[PKT_VEC_MAX];
	const struct fib_nh *nh[PKT_VEC_MAX];
	for (unsigned i = 0; i < v->n; i++)
		dst[i] = &((const struct ip6_hdr *)pkt_l3(v->pkt[i]))->dst;
	fib6_find_many(a->tables, dst, v->n, nh);
	for (unsigned i = 0; i < v->n; i++)
		v->pkt[i]->edge.ip_route.nh = nh[i];
	a->looks = IP_ROUTE_AHEAD;
}

static void ip6_route(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	struct ip_route_run run = { 0 };
	struct ip_route_ask ask;
	ip_route_ask_init(w, &ask, AF_INET6);
	if (ip_route_is_to_look_ahead(&ask))
		look_ahead(&ask, v);
	for (unsigned i = 0; i < v->n; i++) {
		pkt_prefetch(v, i + 4);
		next[i] = ip6_route_one(w, v->pkt[i], &run, &ask);
	}
	vec_dispatch(w, v, next);
}

const struct node ip6_route_node = {
	.name = "ip6-route",
	.run = ip6_route,
	.explain = ip6_route_explain,
	.next = { [IP_ROUTE_LOCAL] = "ip6-local",
		  [IP_ROUTE_LOCAL_HOOK] = "hook-ip6-local-in",
		  [IP_ROUTE_FORWARD] = "ip6-forward",
		  [IP_ROUTE_ERROR] = "icmp6-error",
		  [IP_ROUTE_REASS] = "ip6-reass" },
};

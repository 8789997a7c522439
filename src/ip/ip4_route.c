/* SPDX-License-Identifier: BSD-2-Clause */
/* ip4-route: for us, for somebody else, or for nobody? ip_route.h says how neighbouring packets share the answer. */
#include "ip/ip_route.h"
#include "ip/ip_explain.h"

#include <sys/socket.h>

#include "ip/ip4_options.h"
#include "net/addr.h"
#include "wire/icmp4.h"
#include "wire/ip4.h"

/* Linux: ip_error(). Anycast is nothing of IPv4's: nobody is to come in for such a route. */
static const struct ip_route_type route_types[RTN_MAX + 1] = {
	[RTN_UNSPEC] = { IP_ROUTE_ERROR, ICMP4_UNREACH_NET, DROP_IP_NO_ROUTE },
	[RTN_UNICAST] = { IP_ROUTE_FORWARD, 0, DROP_NONE },
	[RTN_LOCAL] = { IP_ROUTE_LOCAL, 0, DROP_NONE },
	[RTN_BROADCAST] = { IP_ROUTE_LOCAL, 0, DROP_NONE },
	[RTN_ANYCAST] = { NEXT_DROP, 0, DROP_IP_MARTIAN_DEST },
	[RTN_MULTICAST] = { NEXT_DROP, 0, DROP_IP_NOT_MEMBER },
	[RTN_BLACKHOLE] = { NEXT_DROP, 0, DROP_IP_BLACKHOLE },
	[RTN_UNREACHABLE] = { IP_ROUTE_ERROR, ICMP4_UNREACH_HOST, DROP_IP_UNREACHABLE },
	[RTN_PROHIBIT] = { IP_ROUTE_ERROR, ICMP4_UNREACH_ADMIN_PROHIBITED, DROP_IP_PROHIBIT },
};

static bool is_to_all(be32 dst)
{
	return ip4_is_group(dst) || be32_get(dst) == 0;
}

static void decide_group(struct worker *w, struct ip_route_run *r)
{
	uint32_t dst = be32_get(r->dst.v4);
	bool ours = !ip4_is_multicast(r->dst.v4) || dst == 0xe0000001; /* RFC 1112: all hosts */
	const struct mcast_group *g = ours ? NULL : mcast_find(w, r->in_if, AF_INET, &r->dst);
	ip_route_decide(r, route_types, ours || g ? RTN_LOCAL : RTN_MULTICAST);
	ip_route_judge_frames(r, true);
	r->sources = g ? rcu_get(g->sources) : NULL;
}

static void decide_unicast(struct ip_route_run *r, const struct iface *in)
{
	bool broadcast = r->nh && r->nh->type == RTN_BROADCAST;
	ip_route_follow(r, route_types, racy_get(in->conf.forward4));
	if (broadcast && r->guard & IP_GUARD_BC_FORWARDING) /* RFC 1812, 5.3.5.2 */
		ip_route_decide(r, route_types, RTN_UNICAST);
	ip_route_judge_frames(r, broadcast);
}

static void run_start(struct worker *w, struct ip_route_run *r, const struct pkt *p, be32 dst,
		      const struct fib_nh *nh)
{
	*r = (struct ip_route_run){ .dst.v4 = dst, .key_if = r->key_if, .in_if = p->in_if, .nh = nh };
	const struct iface *in = r->in = iface_get(w, p->in_if);
	if (!in) {
		ip_route_refuse(r, DROP_IF_GONE);
		return;
	}
	r->guard = (uint8_t)ip_guard_of(ip4_stack(w->st), in, false);
	if (is_to_all(dst))
		decide_group(w, r);
	else
		decide_unicast(r, in);
	if (r->say.next == IP_ROUTE_LOCAL)
		r->say.next = racy_get(in->hooks.edge[HOOK_IP4_INPUT]);
	r->closer = r->spread || r->say.next != IP_ROUTE_FORWARD;
}

static const struct fib_nh *look_up(const struct worker *w, struct ip_route_ask *a, const struct pkt *p,
				    be32 dst)
{
	if (!ip4_is_common(dst) && is_to_all(dst))
		return NULL;
	return likely(!a->looks) ? fib4_find(a->tables, dst) : ip_route_by_rules(w, a, p, AF_INET);
}

/* Another destination or another interface, or rules that look at more. */
static void run_change(struct worker *w, struct ip_route_run *r, struct ip_route_ask *a, const struct pkt *p,
		       be32 dst)
{
	const struct fib_nh *nh = look_up(w, a, p, dst);
	r->key_if = ip_route_key_if(a, p);
	if (ip_route_goes_on(r, p, nh))
		r->dst.v4 = dst;
	else
		run_start(w, r, p, dst, nh);
}

/* RFC 3376, 3.2: nobody listens to that source. IGMP's own messages are for us all the same. */
static bool is_unwanted(const struct ip_route_run *r, const struct ip4_hdr *h)
{
	const struct ipaddr src = { .v4 = h->src };
	return r->sources && h->proto != IP_PROTO_IGMP && !mcast_wants(r->sources, &src);
}

static uint8_t go_on(struct worker *w, struct pkt *p, struct ip_route_run *r)
{
	const struct ip4_hdr *h = pkt_l3(p);
	p->edge.ip_route.nh = ip_route_nh(w, r, AF_INET, p);
	p->edge.ip_route.exc = NULL;
	if (likely(r->say.next == IP_ROUTE_FORWARD))
		return IP_ROUTE_FORWARD;
	if (is_unwanted(r, h))
		return pkt_drop(p, DROP_IP_NOT_MEMBER);
	return ip4_is_fragment(h) ? IP_ROUTE_REASS : r->say.next;
}

/* To where the options say, or as the run does. Linux: of what cannot go on they are looked at, too. */
static uint8_t with_options(struct worker *w, struct pkt *p, struct ip_route_run *r)
{
	struct ip4_options_say say = { .nh = ip_route_nh(w, r, AF_INET, p),
				       .forward = r->say.next == IP_ROUTE_FORWARD };
	bool went = say.forward;
	p->flags &= (uint8_t)~PKT_F_IP_OPTIONS;
	enum drop why = ip4_options_receive(w, p, r->in, &say);
	if (why && say.type)
		return ip_error(p, IP_ROUTE_ERROR, say.type, say.code, (uint32_t)say.pointer << 24, why);
	if (why)
		return pkt_drop(p, why);
	if (!(say.forward && !went) && ip_route_refuses(r, p))
		return ip_route_refusal(r, p, ICMP4_UNREACH);
	/* a source route may lead on */
	uint8_t next = say.forward && !went ? ip_route_forward(p, say.nh) : go_on(w, p, r);
	return say.router_alert ? ip_route_alert(ip4_stack(w->st), next) : next;
}

/* Refused, or with options, or of a source that is to be looked for. */
static uint8_t off_the_common_path(struct worker *w, struct pkt *p, struct ip_route_run *r)
{
	enum drop why = r->in && !r->refused ? ip4_guard_source(w, p, r->in, r->guard) : DROP_NONE;
	if (why)
		return pkt_drop(p, why);
	if (r->in && p->flags & PKT_F_IP_OPTIONS)
		return with_options(w, p, r);
	return ip_route_refuses(r, p) ? ip_route_refusal(r, p, ICMP4_UNREACH) : go_on(w, p, r);
}

static uint8_t ip4_route_one(struct worker *w, struct pkt *p, struct ip_route_run *r, struct ip_route_ask *a,
			     const struct ip_own *own)
{
	const struct ip4_hdr *h = pkt_l3(p);
	if (unlikely(!be32_eq(h->dst, r->dst.v4) || p->in_if != r->key_if))
		run_change(w, r, a, p, h->dst);
	if (unlikely(!ip_route_is_common(r, p) || ip4_may_be_own(own, h->src)))
		return off_the_common_path(w, p, r);
	return unlikely(r->closer) ? go_on(w, p, r) : ip_route_forward(p, r->nh);
}

static void look_ahead(struct ip_route_ask *a, struct pkt_vec *v)
{
	be32 dst[PKT_VEC_MAX];
	const struct fib_nh *nh[PKT_VEC_MAX];
	for (unsigned i = 0; i < v->n; i++)
		dst[i] = ((const struct ip4_hdr *)pkt_l3(v->pkt[i]))->dst;
	fib4_find_many(a->tables, dst, v->n, nh);
	for (unsigned i = 0; i < v->n; i++)
		v->pkt[i]->edge.ip_route.nh = nh[i];
	a->looks = IP_ROUTE_AHEAD;
}

static void ip4_route(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	struct ip_route_run run = { 0 };
	struct ip_route_ask ask;
	const struct ip_own *own = &ip4_stack(w->st)->own;
	ip_route_ask_init(w, &ask, AF_INET);
	if (ip_route_is_to_look_ahead(&ask))
		look_ahead(&ask, v);
	for (unsigned i = 0; i < v->n; i++) {
		pkt_prefetch(v, i + 4);
		next[i] = ip4_route_one(w, v->pkt[i], &run, &ask, own);
	}
	vec_dispatch(w, v, next);
}

const struct node ip4_route_node = {
	.name = "ip4-route",
	.run = ip4_route,
	.explain = ip4_route_explain,
	.next = { [IP_ROUTE_LOCAL] = "ip4-local",
		  [IP_ROUTE_LOCAL_HOOK] = "hook-ip4-local-in",
		  [IP_ROUTE_FORWARD] = "ip4-forward",
		  [IP_ROUTE_ERROR] = "icmp4-error",
		  [IP_ROUTE_REASS] = "ip4-reass" },
};

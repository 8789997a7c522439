/* SPDX-License-Identifier: BSD-2-Clause */
/* ip4-route: for us, for somebody else, or for nobody? ip_route.h says how neighbouring packets share the answer. */
#include "ip/ip_route.h"

#include <sys/socket.h>

#include "net/addr.h"
#include "wire/icmp4.h"
#include "wire/ip4.h"

/* Linux: ip_error(). */
static const struct ip_route_type route_types[RTN_MAX + 1] = {
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

static void decide_group(struct ip_route_run *r)
{
	uint32_t dst = be32_get(r->dst.v4);
	bool ours = dst == UINT32_MAX || dst == 0xe0000001; /* RFC 1112: all hosts */
	ip_route_decide(r, route_types, ours ? RTN_LOCAL : RTN_MULTICAST);
}

static void decide_unicast(struct ip_route_run *r, const struct iface *in)
{
	ip_route_follow(r, route_types, racy_get(in->conf.forward4));
	r->bad_flags = r->nh && r->nh->type == RTN_BROADCAST ? 0 : IP_ROUTE_GROUP_FRAME;
	r->foreign_source = r->say.next == IP_ROUTE_LOCAL && !(racy_get(in->flags) & IFF_LOOPBACK);
}

static void run_start(struct worker *w, struct ip_route_run *r, const struct pkt *p, be32 dst,
		      const struct fib_nh *nh)
{
	*r = (struct ip_route_run){ .dst.v4 = dst, .key_if = r->key_if, .in_if = p->in_if, .nh = nh };
	const struct iface *in = iface_get(w, p->in_if);
	if (!in) {
		ip_route_refuse(r, DROP_IF_GONE);
		return;
	}
	if (ip4_is_group(dst))
		decide_group(r);
	else
		decide_unicast(r, in);
	if (r->say.next == IP_ROUTE_LOCAL)
		r->say.next = racy_get(in->hooks.edge[HOOK_IP4_INPUT]);
}

static const struct fib_nh *look_up(const struct worker *w, struct ip_route_ask *a, const struct pkt *p,
				    be32 dst)
{
	if (ip4_is_group(dst))
		return NULL;
	return likely(!a->looks) ? fib4_lookup(w, dst) : ip_route_by_rules(w, a, p, AF_INET);
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

/* Linux: nobody else may use our address as source. Forwarded packets are not held against that here. */
static bool source_is_ours(const struct worker *w, be32 src)
{
	struct ipaddr a = { .v4 = src };
	return addr_find(w, AF_INET, &a) != NULL;
}

static uint8_t ip4_route_one(struct worker *w, struct pkt *p, struct ip_route_run *r, struct ip_route_ask *a)
{
	const struct ip4_hdr *h = pkt_l3(p);
	if (unlikely(!be32_eq(h->dst, r->dst.v4) || p->in_if != r->key_if))
		run_change(w, r, a, p, h->dst);
	if (ip_route_refuses(r, p))
		return ip_route_refusal(r, p, ICMP4_UNREACH);
	if (unlikely(r->foreign_source && source_is_ours(w, h->src)))
		return pkt_drop(p, DROP_IP_MARTIAN_SOURCE);
	p->edge.ip_route.nh = ip_route_nh(w, r, AF_INET, p);
	p->edge.ip_route.exc = NULL;
	if (unlikely(r->say.next != IP_ROUTE_FORWARD && ip4_is_fragment(h)))
		return IP_ROUTE_REASS;
	return r->say.next;
}

static void ip4_route(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	struct ip_route_run run = { 0 };
	struct ip_route_ask ask;
	ip_route_ask_init(w, &ask, AF_INET);
	for (unsigned i = 0; i < v->n; i++) {
		pkt_prefetch(v, i + 4);
		next[i] = ip4_route_one(w, v->pkt[i], &run, &ask);
	}
	vec_dispatch(w, v, next);
}

const struct node ip4_route_node = {
	.name = "ip4-route",
	.run = ip4_route,
	.next = { [IP_ROUTE_LOCAL] = "ip4-local",
		  [IP_ROUTE_LOCAL_HOOK] = "hook-ip4-local-in",
		  [IP_ROUTE_FORWARD] = "ip4-forward",
		  [IP_ROUTE_ERROR] = "icmp4-error",
		  [IP_ROUTE_REASS] = "ip4-reass" },
};

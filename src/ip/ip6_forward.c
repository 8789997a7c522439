/* SPDX-License-Identifier: BSD-2-Clause */
/* ip6-forward and ip6-post: the first decides that a packet goes on and takes one hop off it; the second is where all that
 * leaves comes through, forwarded or ours, and says whose link-layer address is wanted. Nothing is fragmented on the way
 * (RFC 8200, 5); only what this stack itself sends is (ip6_frag.c). */
#include "ip/ip6_internal.h"
#include "ip/ip_explain.h"
#include "ip/ip_way_run.h"
#include "ip/nd.h"
#include "ip/redirect_internal.h"
#include "pkt/csum.h"

enum { ND_HOP_LIMIT = 255 };
enum ip6_forward_next {
	IP6_FORWARD_POST = 1,
	IP6_FORWARD_HOOK,
	IP6_FORWARD_ERROR,
	IP6_FORWARD_REDIRECT,
	IP6_FORWARD_LOCAL
};
enum ip6_post_next { IP6_POST_NEIGH = 1, IP6_POST_HOOK, IP6_POST_FRAG, IP6_POST_ERROR };

/* RFC 4291, 2.5.2 and 2.5.6: may this source leave its link? */
static uint8_t refuse_source(struct pkt *p, const struct ip6_hdr *h)
{
	if (ip6_is_link_local(&h->src))
		return ip_error(p, IP6_FORWARD_ERROR, ICMP6_UNREACH, ICMP6_UNREACH_SCOPE, 0, DROP_IP_SCOPE);
	return pkt_drop(p, DROP_IP_MARTIAN_SOURCE);
}

/* RFC 4861, 7.2.8: who stands in for a node hears what is asked of it alone. Hop limit 255 tells neighbour discovery. */
static bool is_for_proxied(const struct worker *w, const struct pkt *p, const struct ip6_hdr *h)
{
	const struct ipaddr dst = { .v6 = h->dst };
	struct cursor c = pkt_cursor_at(p, p->l4_off);
	uint8_t tmp;
	const uint8_t *type = h->next == IP_PROTO_ICMP6 ? cur_peek(&c, &tmp, sizeof tmp) : NULL;
	if (!type || *type < ICMP6_ROUTER_SOLICIT || *type > ICMP6_REDIRECT)
		return false;
	const struct iface *in = iface_get(w, p->in_if);
	return in && nd_proxies(w, in) && neigh_is_proxied(w, p->in_if, AF_INET6, &dst, NULL);
}

/* As ip6_packet_mtu() for packets without exceptions. */
static bool way_start(const struct worker *w, struct ip_way_run *run, const struct fib_nh *nh,
		      uint32_t out_if, enum hook_point hook)
{
	if (!ip_way_start(w, run, nh, out_if, hook))
		return false;
	run->mtu = MAX(link_mtu6(run->out, run->mtu), (uint32_t)IP6_MIN_MTU);
	return true;
}

static uint8_t ip6_forward_one(struct worker *w, struct pkt *p, struct ip_way_run *run)
{
	const struct fib_nh *nh = p->edge.ip_route.nh;
	struct ip6_hdr *h = pkt_l3(p);
	if (!ip_way_goes_on(run, nh, nh->if_handle) &&
	    !way_start(w, run, nh, nh->if_handle, HOOK_IP6_FORWARD))
		return pkt_drop(p, DROP_IF_GONE);
	if (unlikely(h->hop_limit <= 1)) /* RFC 8200, 3 */
		return ip_error(p, IP6_FORWARD_ERROR, ICMP6_TIME_EXCEEDED, ICMP6_EXCEEDED_HOPS, 0,
				DROP_IP_TTL_EXPIRED);
	if (unlikely(ip6_is_link_local(&h->src) || ip6_is_zero(&h->src)))
		return refuse_source(p, h);
	if (unlikely(h->hop_limit == ND_HOP_LIMIT) && is_for_proxied(w, p, h))
		return IP6_FORWARD_LOCAL;
	if (unlikely(!fits(p, run->mtu))) /* RFC 8200, 5 */
		return ip_error(p, IP6_FORWARD_ERROR, ICMP6_TOO_BIG, 0, run->mtu, DROP_IP_TOO_BIG);
	if (unlikely(p->in_if == run->out_if))
		redirect6_send(w, p, nh, IP6_FORWARD_REDIRECT);
	h->hop_limit--;
	pkt_csum_headers_changed(p);
	p->out_if = run->out_if;
	return run->edge;
}

static void ip6_forward(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	struct ip_way_run run = { .out_if = IP_WAY_NONE };
	for (unsigned i = 0; i < v->n; i++)
		next[i] = ip6_forward_one(w, v->pkt[i], &run);
	vec_dispatch(w, v, next);
}

/* Headers that somebody else wrote have no protocol known behind them. */
static bool may_be_cut(const struct pkt *p)
{
	return p->flags & PKT_F_LOCAL_OUT && !pkt_is_gso(p) && !ip6_is_ext(p->ip_proto);
}

/* No route (a group, or an interface that was named): the destination is on the link. */
static bool post_start(const struct worker *w, struct ip_way_run *run, const struct fib_nh *nh,
		       uint32_t out_if)
{
	if (!way_start(w, run, nh, out_if, HOOK_IP6_POSTROUTING))
		return false;
	run->has_hop = nh && nh->gw_family;
	run->hop = run->has_hop ? nh->gw : run->hop;
	return true;
}

static void set_next_hop(struct pkt *p, const struct ip_way_run *run, const struct fib_exc *exc,
			 const struct ip6 *dst)
{
	struct ipaddr *hop = &p->edge.neigh_output.next_hop;
	if (unlikely(exc && exc->redirected))
		*hop = ip_exc_hop(exc);
	else if (likely(run->has_hop))
		*hop = run->hop;
	else
		*hop = (struct ipaddr){ .v6 = *dst };
}

static uint8_t ip6_post_one(struct worker *w, struct pkt *p, struct ip_way_run *run)
{
	const struct fib_nh *nh = p->edge.ip_route.nh;
	const struct ip6_hdr *h = pkt_l3(p);
	if (!ip_way_goes_on(run, nh, p->out_if) && !post_start(w, run, nh, p->out_if))
		return pkt_drop(p, DROP_IF_GONE);
	uint32_t mtu = ip_way_is_own(p) ? ip6_packet_mtu(w, p, run->out) : run->mtu;
	if (unlikely(!fits(p, mtu)))
		return may_be_cut(p) ? IP6_POST_FRAG
				     : ip_error(p, IP6_POST_ERROR, ICMP6_TOO_BIG, 0, mtu, DROP_IP_TOO_BIG);
	set_next_hop(p, run, p->edge.ip_route.exc, &h->dst);
	return run->edge;
}

static void ip6_post(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	struct ip_way_run run = { .out_if = IP_WAY_NONE };
	for (unsigned i = 0; i < v->n; i++)
		next[i] = ip6_post_one(w, v->pkt[i], &run);
	vec_dispatch(w, v, next);
}

const struct node ip6_forward_node = {
	.name = "ip6-forward",
	.run = ip6_forward,
	.explain = ip_forward_explain,
	.next = { [IP6_FORWARD_POST] = "ip6-post",
		  [IP6_FORWARD_HOOK] = "hook-ip6-forward",
		  [IP6_FORWARD_ERROR] = "icmp6-error",
		  [IP6_FORWARD_REDIRECT] = "ip6-output",
		  [IP6_FORWARD_LOCAL] = "ip6-local" },
};
const struct node ip6_post_node = {
	.name = "ip6-post",
	.run = ip6_post,
	.explain = ip_post_explain,
	.next = { [IP6_POST_NEIGH] = "neigh-output",
		  [IP6_POST_HOOK] = "hook-ip6-postrouting",
		  [IP6_POST_FRAG] = "ip6-frag",
		  [IP6_POST_ERROR] = "icmp6-error" },
};

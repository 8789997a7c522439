/* SPDX-License-Identifier: BSD-2-Clause */
/* ip6-output: sends what this stack makes. ip.h says what the packet must look like when it comes here. A destination of our
 * own goes out by the loopback interface and comes back in. */
#include "ip/ip_output.h"
#include "ip/ip_explain.h"

#include <sys/socket.h>

#include "ip/ip6_internal.h"
#include "wire/eth.h"
#include "wire/icmp6.h"

enum ip6_output_next { IP6_OUTPUT_POST = 1, IP6_OUTPUT_HOOK };

/* Addresses that mean nothing without an interface. */
static enum drop route_on_link(const struct worker *w, const struct ip6 *dst, uint32_t *out_if)
{
	struct ipaddr a = { .v6 = *dst };
	if (!*out_if)
		return DROP_IP_NO_ROUTE;
	bool ours = addr_find_on(w, *out_if, AF_INET6, &a) || anycast_find(w, *out_if, dst);
	return ours ? ip_to_loopback(w, ip6_stack(w->st), out_if) : DROP_NONE;
}

/* Neighbour discovery stays on its link, whatever routes say of its addresses (RFC 4861, 7.2.4; Linux asks none for it). */
static bool is_for_link(const struct pkt *p, const struct ip6_hdr *h)
{
	if (!p->out_if || h->next != IP_PROTO_ICMP6 || h->hop_limit != 255 || p->head_len <= sizeof *h)
		return false;
	uint8_t type = *(const uint8_t *)pkt_l4(p);
	return type >= ICMP6_ROUTER_SOLICIT && type <= ICMP6_REDIRECT;
}

static struct fib_flow flow_of(const struct ip6_hdr *h)
{
	return (struct fib_flow){ .family = AF_INET6, .src.v6 = h->src, .dst.v6 = h->dst, .proto = h->next };
}

/* *ret_nh NULL: the destination is on the link. f, p: the flow, by which one of several ways is chosen; p NULL before there is a
 * packet. */
static enum drop route_out(const struct worker *w, const struct fib_query *q, const struct fib_flow *f,
			   const struct pkt *p, uint32_t *ret_out_if, const struct fib_nh **ret_nh)
{
	const struct ip6 *dst = &q->dst.v6;
	*ret_nh = NULL;
	*ret_out_if = q->oif;
	if (ip6_is_link_local(dst) || (ip6_is_multicast(dst) && q->oif))
		return route_on_link(w, dst, ret_out_if);
	const struct fib_nh *nh = fib_lookup(w, q);
	if (nh && (nh->type == RTN_LOCAL || nh->type == RTN_ANYCAST)) {
		*ret_nh = nh;
		return ip_to_loopback(w, ip6_stack(w->st), ret_out_if);
	}
	*ret_out_if = ip_named_if(w, q->oif);
	if (nh && !*ret_out_if && fib_nh_has_paths(nh))
		nh = ip_flow_path(w, nh, f, p);
	return ip_to_others(nh, ret_out_if, ret_nh);
}

static enum drop route_by_dst(const struct worker *w, const struct ip6 *dst, uint32_t *out_if,
			      const struct fib_nh **ret_nh)
{
	const struct fib_query q = { .family = AF_INET6, .dst.v6 = *dst, .oif = *out_if };
	const struct fib_flow f = ip_flow_of(&q);
	return route_out(w, &q, &f, NULL, out_if, ret_nh);
}

enum drop ip6_way_of(const struct worker *w, const struct fib_query *q, struct ip_way *ret)
{
	const struct fib_flow f = ip_flow_of(q);
	const struct fib_nh *nh;
	uint32_t out_if;
	enum drop why = route_out(w, q, &f, NULL, &out_if, &nh);
	if (!why)
		why = ip_way_of(w, nh, out_if, AF_INET6, &q->dst, ret);
	if (why)
		return why;
	ret->mtu = MAX(ret->mtu, (uint32_t)IP6_MIN_MTU);
	if (ip6_is_multicast(&q->dst.v6))
		ret->type = RTN_MULTICAST;
	return DROP_NONE;
}

enum drop ip6_way(const struct worker *w, uint32_t out_if, const struct ip6 *dst, struct ip_way *ret)
{
	return ip6_way_of(w, &(struct fib_query){ .family = AF_INET6, .dst.v6 = *dst, .oif = out_if }, ret);
}

uint8_t ip6_hops(const struct worker *w, uint32_t out_if, const struct ip6 *dst)
{
	const struct fib_nh *nh = NULL;
	enum drop why = route_by_dst(w, dst, &out_if, &nh);
	return route_hops(w, nh, why ? NULL : iface_get(w, out_if), AF_INET6);
}

static bool choose_source(const struct worker *w, const struct fib_nh *nh, uint32_t out_if,
			  const struct ip6 *dst, struct ip6 *ret)
{
	const struct ipaddr to = { .v6 = *dst };
	struct ipaddr src;
	if (!ip_choose_source(w, nh, out_if, AF_INET6, &to, &src))
		return false;
	*ret = src.v6;
	return true;
}

bool ip6_source(const struct worker *w, uint32_t out_if, const struct ip6 *dst, struct ip6 *ret)
{
	const struct fib_nh *nh;
	return !route_by_dst(w, dst, &out_if, &nh) && choose_source(w, nh, out_if, dst, ret);
}

static enum drop finish_header(const struct worker *w, struct pkt *p, const struct fib_nh *nh)
{
	struct ip6_hdr *h = pkt_l3(p);
	if (p->len - sizeof *h > UINT16_MAX)
		return DROP_IP_TOO_BIG;
	/* Neighbour discovery alone may speak without an address, while it has none (RFC 4861, 4.3). */
	if (ip6_is_zero(&h->src) && !ip6_is_multicast(&h->dst) &&
	    !choose_source(w, nh, p->out_if, &h->dst, &h->src))
		return DROP_IP_NO_SOURCE;
	h->payload_len = be16_of((uint16_t)(p->len - sizeof *h));
	return DROP_NONE;
}

/* whole: somebody else wrote the header; nothing in it is ours to fill in. */
static inline uint8_t ip6_output_one(struct worker *w, struct pkt *p, bool whole)
{
	const struct fib_nh *nh = NULL;
	const struct ip6_hdr *h = pkt_l3(p);
	const struct fib_flow f = flow_of(h);
	struct fib_query q;
	ip_output_query(w, p, AF_INET6, &f.dst, &q);
	bool for_link = !whole && is_for_link(p, h);
	enum drop why =
		for_link ? route_on_link(w, &h->dst, &p->out_if) : route_out(w, &q, &f, p, &p->out_if, &nh);
	if (!why && !whole)
		why = finish_header(w, p, nh);
	if (why)
		return pkt_drop(p, why);
	const struct fib_exc *exc = for_link ? NULL : ip_output_exc(w, p, nh, AF_INET6);
	/* who wrote extension headers himself has said what stands behind them */
	uint8_t proto = !whole && ip6_is_ext(h->next) ? p->ip_proto : h->next;
	ip_count_out(w, AF_INET6, p, proto);
	return ip_output_done(w, p, nh, exc, ETH_P_IPV6, proto, HOOK_IP6_OUTPUT);
}

static inline void ip6_output_body(struct worker *w, struct pkt_vec *v, bool whole)
{
	uint8_t next[PKT_VEC_MAX];
	for (unsigned i = 0; i < v->n; i++)
		next[i] = ip6_output_one(w, v->pkt[i], whole);
	vec_dispatch(w, v, next);
}

static void ip6_output(struct worker *w, struct pkt_vec *v)
{
	ip6_output_body(w, v, false);
}

static void ip6_output_whole(struct worker *w, struct pkt_vec *v)
{
	ip6_output_body(w, v, true);
}

const struct node ip6_output_node = {
	.name = "ip6-output",
	.run = ip6_output,
	.explain = ip6_output_explain,
	.next = { [IP6_OUTPUT_POST] = "ip6-post", [IP6_OUTPUT_HOOK] = "hook-ip6-local-out" },
};
const struct node ip6_output_whole_node = {
	.name = "ip6-output-whole",
	.run = ip6_output_whole,
	.explain = ip6_output_explain,
	.next = { [IP6_OUTPUT_POST] = "ip6-post", [IP6_OUTPUT_HOOK] = "hook-ip6-local-out" },
};

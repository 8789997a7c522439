/* SPDX-License-Identifier: BSD-2-Clause */
/* ip4-output: sends what this stack makes. ip.h says what the packet must look like when it comes here. A destination of our
 * own goes out by the loopback interface and comes back in. */
#include "ip/ip_output.h"
#include "ip/ip_explain.h"

#include <sys/socket.h>

#include "base/siphash.h"
#include "wire/eth.h"
#include "wire/ip4.h"

enum ip4_output_next { IP4_OUTPUT_POST = 1, IP4_OUTPUT_HOOK };

static struct fib_flow flow_of(const struct ip4_hdr *h)
{
	return (struct fib_flow){ .family = AF_INET, .src.v4 = h->src, .dst.v4 = h->dst, .proto = h->proto };
}

/* *ret_nh NULL: the destination is on the link. f, p: the flow, by which one of several ways is chosen; p NULL before there is a
 * packet. */
static enum drop route_out(const struct worker *w, const struct fib_query *q, const struct fib_flow *f,
			   const struct pkt *p, uint32_t *ret_out_if, const struct fib_nh **ret_nh)
{
	be32 dst = q->dst.v4;
	const struct fib_nh *nh = be32_get(dst) == UINT32_MAX ? NULL : fib_lookup(w, q);
	*ret_out_if = q->oif;
	if (nh && nh->type == RTN_LOCAL && !ip4_is_multicast(dst)) {
		*ret_nh = nh;
		return ip_to_loopback(w, ip4_stack(w->st), ret_out_if);
	}
	*ret_out_if = ip_named_if(w, q->oif);
	if (nh && !*ret_out_if && fib_nh_has_paths(nh))
		nh = ip_flow_path(w, nh, f, p);
	enum drop why = ip_to_others(nh, ret_out_if, ret_nh);
	if (ip4_is_multicast(dst)) /* a route says by which interface, the group is on its link */
		*ret_nh = NULL;
	return why;
}

enum drop ip4_way_of(const struct worker *w, const struct fib_query *q, struct ip_way *ret)
{
	const struct fib_nh *nh;
	uint32_t out_if;
	const struct fib_flow f = ip_flow_of(q);
	enum drop why = route_out(w, q, &f, NULL, &out_if, &nh);
	if (!why)
		why = ip_way_of(w, nh, out_if, AF_INET, &q->dst, ret);
	if (!why && ip4_is_group(q->dst.v4))
		ret->type = ip4_is_multicast(q->dst.v4) ? RTN_MULTICAST : RTN_BROADCAST;
	return why;
}

enum drop ip4_way(const struct worker *w, uint32_t out_if, be32 dst, struct ip_way *ret)
{
	return ip4_way_of(w, &(struct fib_query){ .family = AF_INET, .dst.v4 = dst, .oif = out_if }, ret);
}

uint8_t ip4_hops(const struct worker *w, uint32_t vrf, be32 dst)
{
	return route_hops(w, fib4_lookup_at(w, vrf, dst), NULL, AF_INET);
}

static bool fill_source(const struct worker *w, const struct fib_nh *nh, uint32_t out_if, struct ip4_hdr *h)
{
	const struct ipaddr to = { .v4 = h->dst };
	struct ipaddr src;
	if (!ip_choose_source(w, nh, out_if, AF_INET, &to, &src))
		return false;
	h->src = src.v4;
	return true;
}

/* RFC 6864: unique for a source, destination and protocol for as long as fragments may live. A counter per worker, from
 * a place that depends on the destination and that strangers cannot guess. */
static uint16_t new_id(struct worker *w, const struct ip4_hdr *h)
{
	struct ip4_worker *iw = worker_state(w, MODULE_ip4);
	uint64_t where = siphash_2u64(&w->st->hash_key, be32_get(h->dst), (uint64_t)w->index << 8 | h->proto);
	return (uint16_t)(where + iw->next_id++);
}

/* whole: somebody else wrote the header, and may have chosen the identification himself. */
static enum drop finish_header(struct worker *w, struct pkt *p, const struct fib_nh *nh, bool whole)
{
	struct ip4_hdr *h = pkt_l3(p);
	if (p->len > IP4_LEN_MAX)
		return DROP_IP_TOO_BIG;
	if (be32_get(h->src) == 0 && !fill_source(w, nh, p->out_if, h))
		return DROP_IP_NO_SOURCE;
	h->len = be16_of((uint16_t)p->len);
	if (!whole || be16_get(h->id) == 0)
		h->id = be16_of(new_id(w, h));
	ip4_csum_set(h);
	return DROP_NONE;
}

static inline uint8_t ip4_output_one(struct worker *w, struct pkt *p, bool whole)
{
	const struct fib_nh *nh;
	const struct ip4_hdr *h = pkt_l3(p);
	const struct fib_flow f = flow_of(h);
	struct fib_query q;
	ip_output_query(w, p, AF_INET, &f.dst, &q);
	enum drop why = route_out(w, &q, &f, p, &p->out_if, &nh);
	if (!why)
		why = finish_header(w, p, nh, whole);
	if (why)
		return pkt_drop(p, why);
	ip_count_out(w, AF_INET, p, h->proto);
	return ip_output_done(w, p, nh, ip_output_exc(w, p, nh, AF_INET), ETH_P_IP, h->proto,
			      HOOK_IP4_OUTPUT);
}

static inline void ip4_output_body(struct worker *w, struct pkt_vec *v, bool whole)
{
	uint8_t next[PKT_VEC_MAX];
	for (unsigned i = 0; i < v->n; i++)
		next[i] = ip4_output_one(w, v->pkt[i], whole);
	vec_dispatch(w, v, next);
}

static void ip4_output(struct worker *w, struct pkt_vec *v)
{
	ip4_output_body(w, v, false);
}

static void ip4_output_whole(struct worker *w, struct pkt_vec *v)
{
	ip4_output_body(w, v, true);
}

const struct node ip4_output_node = {
	.name = "ip4-output",
	.run = ip4_output,
	.explain = ip4_output_explain,
	.next = { [IP4_OUTPUT_POST] = "ip4-post", [IP4_OUTPUT_HOOK] = "hook-ip4-local-out" },
};
const struct node ip4_output_whole_node = {
	.name = "ip4-output-whole",
	.run = ip4_output_whole,
	.explain = ip4_output_explain,
	.next = { [IP4_OUTPUT_POST] = "ip4-post", [IP4_OUTPUT_HOOK] = "hook-ip4-local-out" },
};

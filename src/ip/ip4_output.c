/* SPDX-License-Identifier: BSD-2-Clause */
/* ip4-output: sends what this stack makes. ip.h says what the packet must look like when it comes here. A destination of our
 * own goes out by the loopback interface and comes back in. */
#include <sys/socket.h>

#include "base/siphash.h"
#include "ip/ip_internal.h"
#include "net/addr.h"
#include "wire/eth.h"
#include "wire/ip4.h"

enum ip4_output_next { IP4_OUTPUT_POST = 1, IP4_OUTPUT_HOOK };

static bool is_group(be32 a)
{
	return ip4_is_multicast(a) || be32_get(a) == UINT32_MAX;
}

/* *out_if is what the sender asked for, 0 for none, and becomes where it goes. *ret_nh NULL: the destination is on the link. */
static enum drop route_out(const struct worker *w, be32 dst, uint32_t *out_if, const struct fib_nh **ret_nh)
{
	const struct fib_nh *nh = be32_get(dst) == UINT32_MAX ? NULL : fib4_lookup(w, dst);
	*ret_nh = nh;
	if (nh && nh->type == RTN_LOCAL && !is_group(dst)) {
		*out_if = racy_get(ip4_stack(w->st)->lo_handle);
		return *out_if ? DROP_NONE : DROP_IP_NO_ROUTE;
	}
	if (*out_if) { /* the sender named the interface: by its routes, or on the link */
		if (nh && nh->if_handle != *out_if)
			*ret_nh = NULL;
		return DROP_NONE;
	}
	if (!nh)
		return DROP_IP_NO_ROUTE;
	*out_if = nh->if_handle;
	if (ip4_is_multicast(dst)) /* the route says by which interface, the group is on its link */
		*ret_nh = NULL;
	switch (nh->type) {
	case RTN_UNICAST:
	case RTN_BROADCAST:
	case RTN_MULTICAST:
		return DROP_NONE;
	case RTN_BLACKHOLE:
		return DROP_IP_BLACKHOLE;
	case RTN_PROHIBIT:
		return DROP_IP_PROHIBIT;
	default:
		return DROP_IP_UNREACHABLE;
	}
}

static bool choose_source(const struct worker *w, const struct fib_nh *nh, uint32_t out_if, be32 dst,
			  be32 *ret)
{
	struct ipaddr to = { .v4 = dst }, src;
	if (nh && nh->type == RTN_LOCAL) { /* to ourselves: from the same address */
		*ret = dst;
		return true;
	}
	if (nh && nh->prefsrc_family == AF_INET) {
		*ret = nh->prefsrc.v4;
		return true;
	}
	const struct iface *out = iface_get(w, out_if);
	if (!out || !addr_select_source(w, out, AF_INET, &to, &src))
		return false;
	*ret = src.v4;
	return true;
}

/* A group or a broadcast is on the link, whatever gateway its route has. */
static uint8_t way_type(be32 dst, const struct fib_nh *nh)
{
	if (ip4_is_multicast(dst))
		return RTN_MULTICAST;
	if (be32_get(dst) == UINT32_MAX)
		return RTN_BROADCAST;
	return nh ? nh->type : RTN_UNICAST;
}

enum drop ip4_way(const struct worker *w, uint32_t out_if, be32 dst, struct ip_way *ret)
{
	const struct fib_nh *nh;
	enum drop why = route_out(w, dst, &out_if, &nh);
	const struct iface *out = why ? NULL : iface_get(w, out_if);
	if (!out)
		return why ? why : DROP_IF_GONE;
	*ret = (struct ip_way){ .out_if = out_if, .mtu = route_mtu(nh, out), .type = way_type(dst, nh) };
	ret->has_src = choose_source(w, nh, out_if, dst, &ret->src.v4);
	return DROP_NONE;
}

bool ip4_source(const struct worker *w, uint32_t out_if, be32 dst, be32 *ret)
{
	const struct fib_nh *nh;
	return !route_out(w, dst, &out_if, &nh) && choose_source(w, nh, out_if, dst, ret);
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
	if (be32_get(h->src) == 0 && !choose_source(w, nh, p->out_if, h->dst, &h->src))
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
	enum drop why = route_out(w, h->dst, &p->out_if, &nh);
	if (!why)
		why = finish_header(w, p, nh, whole);
	const struct iface *out = why ? NULL : iface_get(w, p->out_if);
	if (!out)
		return pkt_drop(p, why ? why : DROP_IF_GONE);
	p->ethertype = ETH_P_IP;
	p->ip_proto = h->proto;
	p->flags |= PKT_F_LOCAL_OUT;
	p->edge.ip_route.nh = nh;
	return racy_get(out->hooks.edge[HOOK_IP4_OUTPUT]);
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
	.next = { [IP4_OUTPUT_POST] = "ip4-post", [IP4_OUTPUT_HOOK] = "hook-ip4-local-out" },
};
const struct node ip4_output_whole_node = {
	.name = "ip4-output-whole",
	.run = ip4_output_whole,
	.next = { [IP4_OUTPUT_POST] = "ip4-post", [IP4_OUTPUT_HOOK] = "hook-ip4-local-out" },
};

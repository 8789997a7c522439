/* SPDX-License-Identifier: BSD-2-Clause */
/* ip6-output: sends what this stack makes. ip.h says what the packet must look like when it comes here. A destination of our
 * own goes out by the loopback interface and comes back in. */
#include <sys/socket.h>

#include "ip/ip6_internal.h"
#include "wire/eth.h"

enum ip6_output_next { IP6_OUTPUT_POST = 1, IP6_OUTPUT_HOOK };

static enum drop to_loopback(const struct worker *w, uint32_t *out_if)
{
	*out_if = racy_get(ip6_stack(w->st)->lo_handle);
	return *out_if ? DROP_NONE : DROP_IP_NO_ROUTE;
}

/* Addresses that mean nothing without an interface. */
static enum drop route_on_link(const struct worker *w, const struct ip6 *dst, uint32_t *out_if)
{
	struct ipaddr a = { .v6 = *dst };
	if (!*out_if)
		return DROP_IP_NO_ROUTE;
	return addr_find_on(w, *out_if, AF_INET6, &a) ? to_loopback(w, out_if) : DROP_NONE;
}

static enum drop route_by_type(const struct fib_nh *nh)
{
	switch (nh->type) {
	case RTN_UNICAST:
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

/* *out_if is what the sender asked for, 0 for none, and becomes where it goes. *ret_nh NULL: the destination is on the link. */
static enum drop route_out(const struct worker *w, const struct ip6 *dst, uint32_t *out_if,
			   const struct fib_nh **ret_nh)
{
	*ret_nh = NULL;
	if (ip6_is_link_local(dst) || (ip6_is_multicast(dst) && *out_if))
		return route_on_link(w, dst, out_if);
	const struct fib_nh *nh = fib6_lookup(w, dst);
	if (nh && (nh->type == RTN_LOCAL || nh->type == RTN_ANYCAST)) {
		*ret_nh = nh;
		return to_loopback(w, out_if);
	}
	if (*out_if) { /* the sender named the interface: by its routes, or on the link */
		*ret_nh = nh && nh->if_handle == *out_if ? nh : NULL;
		return DROP_NONE;
	}
	if (!nh)
		return DROP_IP_NO_ROUTE;
	*ret_nh = nh;
	*out_if = nh->if_handle;
	return route_by_type(nh);
}

static bool choose_source(const struct worker *w, const struct fib_nh *nh, uint32_t out_if,
			  const struct ip6 *dst, struct ip6 *ret)
{
	struct ipaddr to = { .v6 = *dst }, src;
	if (nh && nh->type == RTN_LOCAL) { /* to ourselves: from the same address */
		*ret = *dst;
		return true;
	}
	if (nh && nh->prefsrc_family == AF_INET6) {
		*ret = nh->prefsrc.v6;
		return true;
	}
	const struct iface *out = iface_get(w, out_if);
	if (!out || !addr_select_source(w, out, AF_INET6, &to, &src))
		return false;
	*ret = src.v6;
	return true;
}

enum drop ip6_way(const struct worker *w, uint32_t out_if, const struct ip6 *dst, struct ip_way *ret)
{
	const struct fib_nh *nh;
	enum drop why = route_out(w, dst, &out_if, &nh);
	const struct iface *out = why ? NULL : iface_get(w, out_if);
	if (!out)
		return why ? why : DROP_IF_GONE;
	*ret = (struct ip_way){ .out_if = out_if,
				.mtu = ip6_mtu(nh, out),
				.type = ip6_is_multicast(dst) ? RTN_MULTICAST
					: nh                  ? nh->type
							      : RTN_UNICAST };
	ret->has_src = choose_source(w, nh, out_if, dst, &ret->src.v6);
	return DROP_NONE;
}

bool ip6_source(const struct worker *w, uint32_t out_if, const struct ip6 *dst, struct ip6 *ret)
{
	const struct fib_nh *nh;
	return !route_out(w, dst, &out_if, &nh) && choose_source(w, nh, out_if, dst, ret);
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
	const struct fib_nh *nh;
	const struct ip6_hdr *h = pkt_l3(p);
	enum drop why = route_out(w, &h->dst, &p->out_if, &nh);
	if (!why && !whole)
		why = finish_header(w, p, nh);
	const struct iface *out = why ? NULL : iface_get(w, p->out_if);
	if (!out)
		return pkt_drop(p, why ? why : DROP_IF_GONE);
	p->ethertype = ETH_P_IPV6;
	p->ip_proto = h->next;
	p->flags |= PKT_F_LOCAL_OUT;
	p->edge.ip_route.nh = nh;
	return racy_get(out->hooks.edge[HOOK_IP6_OUTPUT]);
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
	.next = { [IP6_OUTPUT_POST] = "ip6-post", [IP6_OUTPUT_HOOK] = "hook-ip6-local-out" },
};
const struct node ip6_output_whole_node = {
	.name = "ip6-output-whole",
	.run = ip6_output_whole,
	.next = { [IP6_OUTPUT_POST] = "ip6-post", [IP6_OUTPUT_HOOK] = "hook-ip6-local-out" },
};

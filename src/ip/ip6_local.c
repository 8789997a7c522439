/* SPDX-License-Identifier: BSD-2-Clause */
/* ip6-local: a packet for this stack. The destination judges every extension header (RFC 8200, 4), then the packet goes to
 * whoever registered for its protocol. Fragments have been put together on the way (reass6.c). */
#include "ip/ip6_internal.h"

enum ip6_local_next { IP6_LOCAL_ERROR = 1 };

static uint8_t to_proto(const struct ip_stack *ip, struct pkt *p, uint32_t next_off)
{
	uint8_t edge = ip->proto_edge[p->ip_proto];
	if (likely(edge))
		return edge;
	if (p->ip_proto == IP_PROTO_NONE) /* RFC 8200, 4.7 */
		return pkt_drop(p, DROP_IP_PROTO_UNKNOWN);
	/* RFC 8200, 4. */
	return ip_error(p, IP6_LOCAL_ERROR, ICMP6_PARAM_PROBLEM, ICMP6_PARAM_NEXT_HEADER, next_off,
			DROP_IP_PROTO_UNKNOWN);
}

static uint8_t ip6_local_one(const struct worker *w, const struct ip_stack *ip, struct pkt *p)
{
	const struct ip6_hdr *h = pkt_l3(p);
	struct ip6_chain ch;
	pkt_edge_done(p);
	if (likely(!ip6_is_ext(h->next)))
		return to_proto(ip, p, offsetof(struct ip6_hdr, next));
	enum drop why = ip6_walk_in(w, p, IP6_WALK_DESTINATION, &ch);
	if (why)
		return ip6_walk_failed(p, IP6_LOCAL_ERROR, &ch, why);
	if (ip6_is_fragment(
		    &ch)) /* nobody puts them together, or a setting changed while it was on its way */
		return pkt_drop(p, DROP_NO_MODULE);
	p->l4_off = (uint16_t)(p->headroom + ch.l4_off);
	p->ip_proto = ch.proto;
	return to_proto(ip, p, ch.next_off);
}

static void ip6_local(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	const struct ip_stack *ip = ip6_stack(w->st);
	for (unsigned i = 0; i < v->n; i++)
		next[i] = ip6_local_one(w, ip, v->pkt[i]);
	vec_dispatch(w, v, next);
}

const struct node ip6_local_node = {
	.name = "ip6-local",
	.run = ip6_local,
	.next = { [IP6_LOCAL_ERROR] = "icmp6-error" },
};

/* SPDX-License-Identifier: BSD-2-Clause */
/* ip4-local: a packet for this stack goes to whoever registered for its protocol. Fragments have been put together on the
 * way (reass4.c). */
#include "ip/ip_internal.h"
#include "wire/icmp4.h"
#include "wire/ip4.h"

enum ip4_local_next { IP4_LOCAL_ERROR = 1 };

static uint8_t ip4_local_one(const struct ip_stack *ip, struct pkt *p)
{
	const struct ip4_hdr *h = pkt_l3(p);
	pkt_edge_done(p);
	uint8_t edge = ip->proto_edge[h->proto];
	if (likely(edge))
		return edge;
	/* RFC 1122, 3.2.2.1 */
	return ip_error(p, IP4_LOCAL_ERROR, ICMP4_UNREACH, ICMP4_UNREACH_PROTO, 0, DROP_IP_PROTO_UNKNOWN);
}

static void ip4_local(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	const struct ip_stack *ip = ip4_stack(w->st);
	for (unsigned i = 0; i < v->n; i++)
		next[i] = ip4_local_one(ip, v->pkt[i]);
	vec_dispatch(w, v, next);
}

const struct node ip4_local_node = {
	.name = "ip4-local",
	.run = ip4_local,
	.next = { [IP4_LOCAL_ERROR] = "icmp4-error" },
};

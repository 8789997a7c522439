/* SPDX-License-Identifier: BSD-2-Clause */
#include "ip/ip_frag.h"

#include <linux/if_ether.h>

void ip_frag_inherit(struct pkt *f, const struct pkt *p, uint32_t hdr_len)
{
	f->l3_off = f->headroom;
	f->l4_off = (uint16_t)(f->headroom + hdr_len);
	f->ip_proto = p->ip_proto;
	f->ethertype = p->ethertype;
	f->in_if = p->in_if;
	f->out_if = p->out_if;
	f->hash = p->hash;
	f->flags = p->flags & (PKT_F_TRACED | PKT_F_LOCAL_OUT | PKT_F_LINK_MTU);
	f->trace_id = p->trace_id;
	f->edge.ip_route = p->edge.ip_route;
}

enum drop ip_frag_all(struct worker *w, const struct pkt *p, uint32_t body, uint32_t step, ip_cut_fn *cut,
		      const void *how)
{
	struct pkt_queue q;
	struct pkt *f;
	pkt_queue_init(&q);
	for (uint32_t at = 0; at < body; at += step) {
		f = cut(w, p, how, at, MIN(step, body - at));
		if (f) {
			pkt_queue_push(&q, f);
			continue;
		}
		while ((f = pkt_queue_pop(&q)))
			pkt_free(w->lc, f);
		return DROP_NO_BUFFER;
	}
	struct ip_counts *c = ip_counts(w, p->ethertype == ETH_P_IP ? AF_INET : AF_INET6);
	while ((f = pkt_queue_pop(&q))) {
		if (c)
			racy_add(c->frag_created, 1);
		node_send(w, IP_FRAG_POST, f);
	}
	return DROP_NONE;
}

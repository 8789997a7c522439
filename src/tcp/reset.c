/* SPDX-License-Identifier: BSD-2-Clause */
/* Segments of no connection: the answer to what nobody waits for, and what a request or a connection in TIME-WAIT has to say. */
#include <linux/rtnetlink.h>

#include "tcp/tcp_internal.h"
#include "wire/ip4.h"

void tcp_send_bare(struct worker *w, struct tcp_out *o)
{
	struct pkt *p = tcp_begin(w, o);
	if (p)
		tcp_finish(w, o->key, p, 0, UINT16_MAX);
}

/* RFC 9293, 3.5.2 (group 1): a reset that the peer believes. Never one against a reset. */
void tcp_refuse(struct worker *w, const struct tcp_key *k, const struct tcp_seg *s, uint32_t in_if)
{
	bool ack = s->flags & TCP_F_ACK;
	struct tcp_out o = { .key = k,
			     .flags = ack ? TCP_F_RST : TCP_F_RST | TCP_F_ACK,
			     .seq = ack ? s->ack : 0,
			     .ack = ack ? 0 : s->end };
	struct tcp_path path;
	if (s->flags & TCP_F_RST)
		return;
	if (k->scope && !l4_is4(&k->local)) /* by the way it came */
		o.ip.out_if = in_if;
	if (k->scope && l4_is4(&k->local))
		o.ip.out_if = k->scope;
	if (tcp_path_find(w, k, &o.ip, &path))
		return;
	o.ip.ttl = path.hops;
	o.ip.df = true;
	tcp_send_bare(w, &o);
	tcp_count(w, TCP_N_OUT_RSTS);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: explicit congestion notification (RFC 3168). Who both said so in their SYNs marks data as able to be marked
 * (ECT) instead of dropped; a router that is full sets CE; the receiver repeats that in every ACK (ECE) until the sender says
 * that it has heard (CWR), which he does once in a round trip, with his window halved (recover.c, enter_cwr()).
 *
 * Marked is new data only: not what is sent again, nor ACKs (6.1.4, 6.1.5; RFC 8311 would allow more). An algorithm may want other
 * things (enum cc_flags): CC_NEEDS_ECN asks for ECN whatever the knob says, and marks all segments; with CC_EXACT_ECE the receiver
 * does not repeat, but tells of each segment whether it was marked (RFC 8257, 3.2).
 *
 * The knob tcp_ecn: 0 never, 1 ask for it and agree, 2 agree when asked; a route (feature ecn) asks and agrees. A SYN that was sent again asks no more: there are those who
 * drop what they do not know (6.1.1.1; tcp_ecn_fallback). */
#include "tcp/tcp_internal.h"

enum { CE = 3, ECT0 = 2, ECN_MASK = 3 };
enum { ASKS = TCP_F_ECE | TCP_F_CWR };

static const struct tcp_conf *conf_of(const struct tcp_conn *c)
{
	return &tcp_stack(c->w->st)->conf;
}

static bool needs(const struct tcp_conn *c)
{
	return c->cc.ops->flags & CC_NEEDS_ECN;
}

/* --- agreeing --- */

uint16_t tcp_ecn_syn(struct tcp_conn *c)
{
	if (c->h.state == TCP_SYN_RECV)
		return c->ecn_ok ? TCP_F_ECE : 0;
	c->ecn_ok |= racy_get(conf_of(c)->ecn) == 1 || needs(c); /* or the route wants it */
	if (c->syn_again && racy_get(conf_of(c)->ecn_fallback))
		c->ecn_ok = false;
	return c->ecn_ok ? ASKS : 0;
}

void tcp_ecn_answered(struct tcp_conn *c, const struct tcp_seg *s)
{
	uint16_t said = s->flags & ASKS, wanted = s->flags & TCP_F_ACK ? TCP_F_ECE : ASKS;
	c->ecn_ok &= said == wanted;
}

/* RFC 3168, 6.1.1: a SYN is not marked; one that is comes from somebody who does not follow it, but for the bit that RFC 9768 took. */
bool tcp_ecn_agrees(const struct leat_stack *st, bool by_route, const struct cc_ops *cc,
		    const struct tcp_seg *s)
{
	if ((s->flags & ASKS) != ASKS)
		return false;
	bool plain = !s->ecn || s->flags & TCP_F_AE;
	return (plain && (by_route || racy_get(tcp_stack(st)->conf.ecn))) || cc->flags & CC_NEEDS_ECN;
}

/* --- sending --- */

/* Flags of a segment that is to leave; *tos as its IP header's. fresh: with data that was never sent. */
uint16_t tcp_ecn_send(struct tcp_conn *c, bool fresh, uint8_t *tos)
{
	uint16_t flags = c->ecn_echo ? TCP_F_ECE : 0;
	if (!c->ecn_ok)
		return 0;
	if (fresh || needs(c))
		*tos = (uint8_t)((*tos & ~ECN_MASK) | ECT0);
	if (fresh && c->ecn_cwr) {
		c->ecn_cwr = false;
		flags |= TCP_F_CWR;
	}
	return flags;
}

/* --- receiving --- */

/* RFC 8257, 3.2: what came before is acknowledged as it was, and then the ACKs say the other thing. */
static void echo_each(struct tcp_conn *c, bool marked)
{
	if (marked == c->ecn_echo)
		return;
	if (c->ack_later && c->rcv_nxt != c->rcv_wup)
		tcp_send_ack(c);
	c->ecn_echo = marked;
	c->ack_now = true;
}

/* Linux: __tcp_ecn_check_ce(). Before the data is taken. */
void tcp_ecn_data(struct tcp_conn *c, const struct tcp_seg *s)
{
	uint8_t ecn = s->ecn;
	if (!ecn) {
		if (c->ecn_seen) /* most likely sent again */
			c->quick = (uint8_t)MAX(c->quick, 2);
		return;
	}
	c->ecn_seen = true;
	if (c->cc.ops->flags & CC_EXACT_ECE) {
		echo_each(c, ecn == CE);
	} else if (ecn == CE && !c->ecn_echo) {
		c->quick = (uint8_t)MAX(c->quick, 2); /* a sender with a small window waits for it */
		c->ecn_echo = true;
	}
}

/* 6.1.3 */
void tcp_ecn_heard(struct tcp_conn *c, const struct tcp_seg *s)
{
	if (!(s->flags & TCP_F_CWR))
		return;
	if (!(c->cc.ops->flags & CC_EXACT_ECE))
		c->ecn_echo = false;
	if (s->len)
		c->ack_now = true;
}

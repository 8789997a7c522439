/* SPDX-License-Identifier: BSD-2-Clause */
/* What the peer says of what is beyond a hole: SACK blocks (RFC 2018), what it got twice (RFC 2883), duplicate ACKs where there is no
 * SACK; and what follows for the order in which segments travel: how far some overtake others is remembered, since that is how long one
 * has to wait before what is late is called lost. */
#include "tcp/recover.h"

/* --- duplicates --- */

/* RFC 2883, 4: the first block tells of what came twice: it begins below the ACK, or lies within the second. */
static bool is_dsack(const struct tcp_conn *c, const struct tcp_seg *s)
{
	const struct tcp_range *r = s->sack;
	bool old = seq_lt(r[0].start, s->ack);
	if (!old && (s->n_sack < 2 || seq_lt(r[0].start, r[1].start) || seq_lt(r[1].end, r[0].end)))
		return false;
	tcp_count(c->w, old ? TCP_N_DSACK_RECV : TCP_N_DSACK_OFO_RECV);
	return true;
}

/* Linux: tcp_dsack_seen(). 0: nobody can have got that twice. */
static uint32_t segments_twice(struct tcp_conn *c, const struct tcp_range *r, struct tcp_news *n)
{
	uint32_t len = r->end - r->start, segs = 1;
	if (!seq_lt(r->start, r->end) || len > c->max_wnd)
		return 0;
	if (len > c->mss)
		segs = (len + c->mss - 1U) / c->mss;
	else
		n->dsack_of_probe = c->m->tlp && c->m->tlp_end == r->end;
	c->m->dsacks += segs;
	return c->m->dsacks > c->m->sent_again ? 0 : segs;
}

static void take_dsack(struct tcp_conn *c, const struct tcp_range *r, struct tcp_news *n)
{
	struct tcp_motion *m = c->m;
	uint32_t segs = segments_twice(c, r, n);
	if (!segs) {
		tcp_count(c->w, TCP_N_DSACK_IGNORED_DUBIOUS);
		return;
	}
	racy_add(tcp_worker(c->w)->counts[TCP_N_DSACK_RECV_SEGS], segs);
	m->rack_dsack |= m->times_reordered && !n->dsack_of_probe;
	n->dsack = true;
	if (seq_le(r->end, c->snd_una)) {
		if (seq_lt(m->undo_una, r->end))
			tcp_undo_note_twice(c, r->end - r->start);
		return;
	}
	tcp_undo_note_twice(c, tcp_log_twice(&m->log, r, &n->took));
}

/* --- blocks --- */

/* Linux: one that begins where the ACK ends would say that the ACK is too low. */
static bool is_block(const struct tcp_conn *c, const struct tcp_range *r, seq32 ack)
{
	return seq_lt(r->start, r->end) && seq_lt(ack, r->start) && seq_le(r->end, c->snd_nxt);
}

static void take_block(struct tcp_conn *c, const struct tcp_range *r, struct tcp_news *n)
{
	struct tcp_motion *m = c->m;
	seq32 ack = seq_max(n->ack, c->snd_una);
	if (seq_le(r->end, ack))
		return;
	if (!is_block(c, r, ack)) {
		tcp_count(c->w, TCP_N_SACK_DISCARD);
		return;
	}
	bool any = m->log.sacked != 0;
	tcp_log_sack(&m->log, &c->w->st->mem, r, &n->took);
	m->highest = any ? seq_max(m->highest, r->end) : r->end;
}

void tcp_take_sacks(struct tcp_conn *c, const struct tcp_seg *s, struct tcp_news *n)
{
	unsigned i = 0;
	if (is_dsack(c, s))
		take_dsack(c, &s->sack[i++], n);
	for (; i < s->n_sack; i++)
		take_block(c, &s->sack[i], n);
}

/* --- order --- */

/* Linux: tcp_check_sack_reordering() */
void tcp_note_overtaken(struct tcp_conn *c, seq32 low, bool by_stamp)
{
	struct tcp_motion *m = c->m;
	if (!seq_lt(low, m->highest))
		return;
	uint32_t segs = (m->highest - low + c->mss - 1) / c->mss;
	if (segs > m->reordering)
		m->reordering = (uint16_t)MIN(segs, racy_get(tcp_stack(c->w->st)->conf.reordering_max));
	m->times_reordered++;
	tcp_count(c->w, by_stamp ? TCP_N_TS_REORDER : TCP_N_SACK_REORDER);
}

/* --- without SACK --- */

/* RFC 5681, 3.2: each says that one more has arrived. */
void tcp_count_dups(struct tcp_conn *c, uint32_t n)
{
	while (n-- && tcp_log_dup(&c->m->log, &c->w->st->mem))
		;
	c->m->highest = c->snd_una; /* nobody knows what overtook what */
}

void tcp_forget_dups(struct tcp_conn *c)
{
	tcp_log_forget_sacks(&c->m->log);
}

/* The first of those acknowledged was the hole, the others had been counted. */
void tcp_lessen_dups(struct tcp_conn *c, uint32_t before, uint32_t acked)
{
	tcp_forget_dups(c);
	tcp_count_dups(c, before + 1 > acked ? before + 1 - acked : 0);
}

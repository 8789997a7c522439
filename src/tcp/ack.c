/* SPDX-License-Identifier: BSD-2-Clause */
/* What an acknowledgment says: how far the peer is, how much more it takes, what it has beyond a hole, how long the way was. */
#include "tcp/tcp_internal.h"

/* --- round trips --- */

/* RFC 6298, 2, with 4 * RTTVAR of 200 ms at least (Linux: TCP_RTO_MIN; the RFC would have the whole be a second). */
void tcp_measured(struct tcp_conn *c, uint64_t rtt_us)
{
	uint32_t r = (uint32_t)MIN(MAX(rtt_us, (uint64_t)1), (uint64_t)TCP_RTO_MAX_US);
	if (!c->srtt_us) {
		c->srtt_us = r;
		c->rttvar_us = r / 2;
	} else {
		uint32_t off = r > c->srtt_us ? r - c->srtt_us : c->srtt_us - r;
		c->rttvar_us = c->rttvar_us - c->rttvar_us / 4 + off / 4;
		c->srtt_us = c->srtt_us - c->srtt_us / 8 + r / 8;
	}
	uint32_t swing = MAX(4 * c->rttvar_us, (uint32_t)TCP_RTO_MIN_US);
	c->rto_us = (uint32_t)MIN((uint64_t)c->srtt_us + swing, (uint64_t)TCP_RTO_MAX_US);
}

/* 5.5: doubled with each timeout */
uint64_t tcp_rto_us(const struct tcp_conn *c)
{
	uint64_t us = (uint64_t)c->rto_us << MIN(c->backoff, 30);
	return MIN(us, (uint64_t)TCP_RTO_MAX_US);
}

/* --- the timer --- */

static bool has_unsent(const struct tcp_conn *c)
{
	return (c->snd_end != c->snd_nxt || c->fin_wanted) && !c->fin_sent;
}

/* RFC 6298, 5.1 to 5.3. With nothing under way, and something to be sent that the window does not let out, it is time to ask
 * (RFC 9293, 3.8.6.1). */
void tcp_arm_retransmit(struct tcp_conn *c)
{
	bool under_way = c->snd_una != c->snd_nxt;
	c->probing = !under_way && has_unsent(c) && !(c->paced && tcp_pace_queued(c));
	if (under_way || c->probing)
		tcp_set_timer(c, TCP_TIMER_RETRANSMIT, tcp_rto_us(c));
	else
		tcp_stop_timer(c, TCP_TIMER_RETRANSMIT);
}

/* --- SACK --- */

/* RFC 2883, 4: the first block tells of what came twice: below the ACK, or within the second. */
static bool is_dsack(const struct tcp_seg *s)
{
	if (seq_le(s->sack[0].end, s->ack))
		return true;
	return s->n_sack > 1 && seq_le(s->sack[1].start, s->sack[0].start) &&
	       seq_le(s->sack[0].end, s->sack[1].end);
}

/* Karn: never by what was sent twice, unless a time stamp tells which one it was (RFC 7323, 4). An answer to what came twice echoes
 * the stamp of what came first, however long ago: it tells nothing of the way. */
static uint32_t measure(struct tcp_conn *c, const struct tcp_seg *s, const struct tcp_log_acked *a)
{
	uint32_t ms = tcp_now_stamp(c->w, c->ts_off) - s->ts_ecr,
		 since_us = (uint32_t)c->w->lc->now_us - a->sent_us;
	bool twice = c->sack_ok ? s->n_sack && is_dsack(s) : a->was_again && ms > since_us / 1000 + 1;
	if (a->has_time && !a->was_again) {
		tcp_measured(c, since_us);
		return MAX(since_us, 1U);
	}
	if (c->ts_ok && s->has_ts && s->ts_ecr && !twice && ms < TCP_RTO_MAX_US / 1000)
		tcp_measured(c, MAX(ms, 1U) * 1000ULL);
	return 0;
}

static uint32_t take_sacks(struct tcp_conn *c, const struct tcp_seg *s)
{
	uint32_t newly = 0;
	for (unsigned i = 0; c->m && c->sack_ok && i < s->n_sack; i++) {
		const struct tcp_range *r = &s->sack[i];
		if (i == 0 && is_dsack(s))
			continue;
		if (seq_lt(c->snd_una, r->end) && seq_lt(r->start, r->end) && seq_le(r->end, c->snd_nxt) &&
		    seq_le(c->snd_una, r->start))
			newly += tcp_log_sack(&c->m->log, &c->w->st->mem, r);
	}
	return newly;
}

/* --- the window --- */

/* RFC 9293, 3.10.7.4, fifth: not by a segment older than the one that said last. */
static bool take_window(struct tcp_conn *c, const struct tcp_seg *s)
{
	uint32_t wnd = (uint32_t)s->win << c->snd_wscale;
	bool newer = seq_lt(c->snd_una, s->ack) || seq_lt(c->snd_wl1, s->seq) ||
		     (c->snd_wl1 == s->seq && wnd > c->snd_wnd);
	if (!newer)
		return false;
	bool changed = wnd != c->snd_wnd;
	c->snd_wl1 = s->seq;
	c->snd_wnd = wnd;
	c->max_wnd = MAX(c->max_wnd, wnd);
	return changed;
}

/* RFC 7661's idea: a window that is not used does not grow. Linux: tcp_is_cwnd_limited() */
static bool uses_window(const struct tcp_conn *c)
{
	if (c->cc.cwnd < c->cc.ssthresh)
		return c->cwnd_limited || c->cc.cwnd < 2 * c->m->max_flight;
	return c->cwnd_limited;
}

/* How fast it went, by what the log says has arrived and was lost since the last time. */
static void sample(struct tcp_conn *c, uint32_t rtt_us, struct cc_sample *ret)
{
	struct tcp_motion *m = c->m;
	struct cc_rate *r = &m->rate;
	uint32_t now_us = (uint32_t)c->w->lc->now_us, min_us;
	min_us =
		rtt_us ? cc_min_add(&m->min_rtt, racy_get(tcp_stack(c->w->st)->conf.min_rtt_wlen_s) * 1000000,
				    now_us, rtt_us)
		       : tcp_min_rtt(c);
	ret->flight = tcp_in_flight(c);
	r->lost = m->log.lost_ever;
	if (m->log.any_new) /* after the repair has said what is lost */
		cc_rate_sample(r, now_us, m->log.delivered - r->delivered, m->log.newest_us,
			       min_us == UINT32_MAX ? 0 : min_us, ret);
	m->log.any_new = false;
}

/* Linux: what was SACKed before has had its turn; a window grows with what snd_una passes. */
static void control(struct tcp_conn *c, uint32_t acked, uint32_t newly, uint32_t rtt_us, uint32_t flight)
{
	struct cc_sample s = { .prior_flight = flight };
	sample(c, rtt_us, &s);
	const struct cc_ack a = { .bytes = newly,
				  .rate = &s,
				  .limited = c->cwnd_limited,
				  .una = c->snd_una,
				  .nxt = c->snd_nxt,
				  .rtt_us = rtt_us,
				  .srtt_us = c->srtt_us,
				  .now_us = c->w->lc->now_us,
				  .grows = acked && c->repair != TCP_RECOVERY && uses_window(c) };
	cc_acked(&c->cc, &a);
	tcp_pace_update(c);
}

/* --- all of it --- */

/* RFC 5961, 5.2: what acknowledges too much, or something very old, is a stranger's.
 * Linux: where both still talk nobody answers what acknowledges too much (RFC 9293, 3.10.7.4, fifth: an ACK is due). */
static enum drop judge(struct tcp_conn *c, const struct tcp_seg *s)
{
	bool early = seq_lt(c->snd_nxt, s->ack);
	if (early && c->h.state == TCP_ESTABLISHED)
		return DROP_TCP_ACK;
	if (early || seq_lt(s->ack, c->snd_una - c->max_wnd)) {
		tcp_challenge(c);
		return DROP_TCP_ACK;
	}
	return DROP_NONE;
}

enum drop tcp_ack(struct tcp_conn *c, struct tcp_seg *s)
{
	enum drop why = judge(c, s);
	if (why)
		return why;
	if (seq_lt(s->ack, c->snd_una)) { /* old: its blocks may be news all the same */
		tcp_repair(c, s, 0, take_sacks(c, s), false);
		return DROP_NONE;
	}
	uint32_t flight = c->snd_nxt - c->snd_una;
	bool outstanding = flight != 0, window = take_window(c, s);
	uint32_t before = tcp_in_flight(c), sacked = take_sacks(c, s);
	const struct tcp_log_acked a = c->m ? tcp_log_ack(&c->m->log, s->ack) : (struct tcp_log_acked){ 0 };
	bool dup = !a.bytes && outstanding && !s->len && !window && !(s->flags & (TCP_F_SYN | TCP_F_FIN));
	uint32_t rtt_us = 0;
	c->probes = 0;
	if (a.bytes) {
		c->snd_una = s->ack;
		c->backoff = 0;
		tcp_acked_bytes(c);
		rtt_us = measure(c, s, &a);
	}
	uint32_t newly = a.bytes - a.sacked + sacked;
	tcp_repair(c, s, a.bytes, newly, dup);
	if (newly)
		control(c, a.bytes, newly, rtt_us, before);
	if (a.bytes || c->probing || window) {
		if (!a.bytes && window)
			c->backoff = 0;
		tcp_arm_retransmit(c);
	}
	if (c->m && c->snd_una == c->snd_nxt)
		c->m->max_flight = 0;
	return DROP_NONE;
}

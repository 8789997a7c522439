/* SPDX-License-Identifier: BSD-2-Clause */
/* What an acknowledgment says: how far the peer is, how much more it takes, what it has beyond a hole, how long the way was. */
#include "tcp/recover.h"

/* --- round trips --- */

/* RFC 6298, 2, with 4 * RTTVAR of 200 ms at least (Linux: TCP_RTO_MIN, or the route's; the RFC would have the whole be a second). */
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
	uint32_t swing = MAX(4 * c->rttvar_us, tcp_rto_min_us(c));
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

/* Until the timeout of what is first under way, had it been set when that was sent; may be over. */
int64_t tcp_left_us(const struct tcp_conn *c)
{
	uint32_t since = (uint32_t)c->w->lc->now_us - tcp_log_at(&c->m->log, 0)->sent_us;
	return (int64_t)tcp_rto_us(c) - since;
}

/* RFC 6298, 5.1 to 5.3. With nothing under way, and something to be sent that the window does not let out, it is time to ask
 * (RFC 9293, 3.8.6.1). Where a probe or RACK had the timer the timeout goes on from when it would have begun. */
void tcp_arm_retransmit(struct tcp_conn *c)
{
	bool under_way = c->snd_una != c->snd_nxt;
	c->probing = !under_way && has_unsent(c) && !(c->paced && tcp_pace_queued(c));
	uint64_t in_us = c->probing ? tcp_probe_in_us(c) : tcp_rto_us(c);
	if (!under_way && !c->probing) {
		tcp_stop_timer(c, TCP_TIMER_RETRANSMIT);
		return;
	}
	if (c->m && c->m->due != TCP_DUE_TIMEOUT) {
		if (under_way)
			in_us = (uint64_t)MAX(tcp_left_us(c), (int64_t)1);
		c->m->due = TCP_DUE_TIMEOUT;
	}
	tcp_set_timer(c, TCP_TIMER_RETRANSMIT, in_us);
}

/* --- how long the way is --- */

/* Karn: never by what was sent twice, unless a time stamp tells which one it was (RFC 7323, 4). An answer to what came twice echoes the
 * stamp of what came first, however long ago: it tells nothing of the way. */
static bool by_stamp(struct tcp_conn *c, struct tcp_news *n)
{
	uint32_t ms = tcp_now_stamp(c->w, c->ts_off) - n->ecr;
	bool twice = c->sack_ok ? n->dsack
				: n->took.again_acked && ms > (n->took.now_us - n->took.again_us) / 1000 + 1;
	if (!c->ts_ok || !n->ecr || !n->advanced || twice || ms >= TCP_RTO_MAX_US / 1000)
		return false;
	n->rtt_us = MAX(ms, 1U) * 1000;
	tcp_measured(c, n->rtt_us);
	return true;
}

/* Linux: tcp_ack_update_rtt(). The first tells of the timeout, since the receiver may have waited with the ACK; the last of the way. */
static void measure(struct tcp_conn *c, struct tcp_news *n)
{
	const struct tcp_took *t = &n->took;
	if (t->has_time && !t->again_acked) {
		n->rtt_us = MAX(t->now_us - t->last_us, 1U);
		tcp_measured(c, t->now_us - t->first_us);
	} else if (t->has_sack_time) {
		tcp_measured(c, t->now_us - t->sack_first_us);
	} else if (!by_stamp(c, n)) {
		/* Linux: still as long; where nearly all is sent twice it would be given up */
		if (n->advanced && !c->sack_ok)
			c->backoff = 0;
		return;
	}
	if (t->has_sack_time)
		n->rtt_us = MAX(t->now_us - t->sack_last_us, 1U);
	c->backoff = 0; /* RFC 6298, 5.7: only by what was measured */
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

/* Linux: tcp_cong_control(). What was SACKed before has had its turn; a window grows with what snd_una passes, and where segments
 * overtake each other with what was SACKed, too. */
static void control(struct tcp_conn *c, const struct tcp_news *n)
{
	const struct tcp_motion *m = c->m;
	bool reducing = tcp_is_reducing(c),
	     late = m->reordering > racy_get(tcp_stack(c->w->st)->conf.reordering);
	struct cc_sample s = { .prior_flight = n->prior_flight };
	sample(c, n->rtt_us, &s);
	const struct cc_ack a = { .bytes = n->took.newly,
				  .rate = &s,
				  .recovering = c->repair == TCP_LOSS,
				  .limited = c->cwnd_limited,
				  .una = c->snd_una,
				  .nxt = c->snd_nxt,
				  .rtt_us = n->rtt_us,
				  .srtt_us = c->srtt_us,
				  .now_us = c->w->lc->now_us,
				  .ece = n->ece,
				  .paced = c->paced,
				  .pace_rate = m->pace_rate == UINT64_MAX ? 0 : m->pace_rate,
				  .start = &tcp_stack(c->w->st)->conf.start,
				  .grows = !reducing && (n->advanced || late) && uses_window(c) };
	if (reducing && !(c->cc.ops->flags & CC_OWNS_WINDOW))
		tcp_reduce(c, a.bytes, n->advanced && m->log.lost <= n->prior_lost);
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

/* What a time stamp tells is told once. */
static void begin_news(struct tcp_conn *c, const struct tcp_seg *s, struct tcp_news *n)
{
	const struct tcp_motion *m = c->m;
	*n = (struct tcp_news){ .ack = s->ack,
				.prior_una = c->snd_una,
				.ecr = s->has_ts ? s->ts_ecr : 0,
				.prior_lost = m->log.lost,
				.prior_flight = tcp_in_flight(c),
				.prior_dups = m->log.n_sacked,
				.ece = c->ecn_ok && (s->flags & (TCP_F_ECE | TCP_F_SYN)) == TCP_F_ECE,
				.has_data = s->len || s->flags & (TCP_F_SYN | TCP_F_FIN),
				.took = { .now_us = (uint32_t)c->w->lc->now_us,
					  .min_rtt_us = tcp_min_rtt(c),
					  .recover = m->recover,
					  .highest =
						  m->log.sacked && c->sack_ok ? m->highest : c->snd_una } };
}

static void take_ack(struct tcp_conn *c, struct tcp_news *n)
{
	if (n->ack == c->snd_una)
		return;
	c->m->bytes_acked += n->ack - c->snd_una;
	c->snd_una = n->ack;
	n->advanced = n->set_timer = true;
	c->m->timeouts = 0;
	tcp_log_ack(&c->m->log, n->ack, &n->took);
	tcp_acked_bytes(c);
	if (unlikely(c->mtu_search))
		tcp_mtu_acked(c);
	if ((uint32_t)c->w->lc->now_us - c->m->confirmed_us >= TCP_CONFIRM_US) {
		c->m->confirmed_us = (uint32_t)c->w->lc->now_us;
		tcp_confirm(c);
	}
	if (!c->sack_ok && n->took.again_acked) /* what lay behind the hole may have arrived long ago */
		n->took.original = false;
}

/* RFC 6298, 5.2 and 5.3. Linux: when what was SACKed was sent after what is first now, the timeout begins anew, too. */
static void set_timer(struct tcp_conn *c, const struct tcp_news *n)
{
	const struct tcp_log *l = &c->m->log;
	bool sacked = n->took.has_sack_time && l->n &&
		      (int32_t)(n->took.sack_first_us - tcp_log_at((struct tcp_log *)l, 0)->sent_us) < 0;
	if ((n->set_timer || sacked) && !n->keep_timer && !tcp_tlp_arm(c, true))
		tcp_arm_retransmit(c);
}

/* Is there more to it than that all goes well? Linux: tcp_ack_is_dubious() */
static bool is_news(const struct tcp_conn *c, const struct tcp_news *n)
{
	return c->repair != TCP_OPEN || n->took.sacked || n->dsack || n->ece ||
	       !(n->advanced || n->has_data || n->window);
}

/* Something was under way. */
static void take_news(struct tcp_conn *c, const struct tcp_seg *s, struct tcp_news *n)
{
	struct tcp_motion *m = c->m;
	m->hold = m->new_first = false;
	if (s->n_sack && c->sack_ok)
		tcp_take_sacks(c, s, n);
	take_ack(c, n);
	if (n->took.newly)
		measure(c, n);
	if (n->took.was_overtaken && (c->repair != TCP_LOSS || m->undoable))
		tcp_note_overtaken(c, n->took.overtaken, false);
	if (c->sack_ok) {
		tcp_rack_note(c, &n->took);
		tcp_rack_adapt(c);
	}
	if (m->tlp)
		tcp_tlp_acked(c, n);
	if (is_news(c, n)) {
		n->dups = !n->advanced && !n->has_data && !n->window && !n->dsack;
		tcp_repair(c, n);
	}
	set_timer(c, n);
	if (!c->sack_ok && n->dups) /* Linux: what a duplicate ACK tells of was delivered */
		n->took.newly += c->mss;
	m->delivered += n->took.n_newly;
	m->delivered_ce += n->ece ? n->took.n_newly : 0;
	if (n->took.newly)
		control(c, n);
}

enum drop tcp_ack(struct tcp_conn *c, struct tcp_seg *s)
{
	struct tcp_news n;
	enum drop why = judge(c, s);
	if (why)
		return why;
	bool old = seq_lt(s->ack, c->snd_una), under_way = c->snd_nxt != c->snd_una;
	bool window = !old && take_window(c, s);
	c->probes = old ? c->probes : 0;
	if (unlikely(c->ecn_ok))
		tcp_ecn_heard(c, s);
	if (under_way || (c->m && s->n_sack)) {
		begin_news(c, s, &n);
		n.window = window;
		n.ack = seq_max(n.ack, c->snd_una);
		take_news(c, s, &n);
	}
	if (!under_way && (c->probing || window)) {
		c->backoff = window ? 0 : c->backoff;
		tcp_arm_retransmit(c);
	}
	if (under_way && c->snd_una == c->snd_nxt)
		c->m->max_flight = 0;
	return DROP_NONE;
}

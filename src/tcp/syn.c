/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening from this side (RFC 9293, 3.10.7.3), and what both sides of an open have in common: what was agreed upon. */
#include "tcp/tcp_internal.h"

/* What the peer's SYN allows, of what we asked for. */
static void agree(struct tcp_conn *c, const struct tcp_seg *s)
{
	const struct tcp_conf *f = &tcp_stack(c->w->st)->conf;
	tcp_ecn_answered(c, s);
	c->ts_ok = s->has_ts && f->stamps;
	c->sack_ok = s->sack_ok && f->sack;
	c->wscale_ok = s->wscale >= 0 && f->wscale;
	c->snd_wscale = c->wscale_ok ? (uint8_t)s->wscale : 0;
	if (!c->wscale_ok)
		c->rcv_wscale = 0;
	c->peer_mss = s->mss ? s->mss : tcp_is6(&c->h.key) ? TCP_MSS_UNSAID6 : TCP_MSS_UNSAID;
	if (c->ts_ok) {
		c->ts_recent = s->ts_val;
		c->ts_recent_us = c->w->lc->now_us;
	}
	tcp_set_mss(c);
}

static void begin_receiving(struct tcp_conn *c, const struct tcp_seg *s)
{
	c->rcv_nxt = c->rcv_wup = c->rcv_read = s->seq + 1;
	c->snd_wl1 = s->seq;
	c->snd_wnd = c->max_wnd = s->win; /* RFC 7323, 2.2: a SYN's is not scaled */
}

void tcp_begin_transfer(struct tcp_conn *c, bool called)
{
	const struct cc_ops *ops = c->cc.ops;
	tcp_mtu_begin(c, called);
	cc_init(&c->cc, ops, c->mss);
	c->cc.cwnd = c->backoff > 1 ? c->mss
				    : tcp_initial_window(c); /* RFC 6928, 3; Linux: not by the first time */
	c->backoff = 0;
	c->heard_us = c->last_data_us = c->w->lc->now_us;
	uint32_t most = MIN(c->rcv_wnd / 2, (uint32_t)TCP_MSS_UNSAID); /* Linux: tcp_initialize_rcv_mss() */
	c->rcv_mss = (uint16_t)MIN((uint32_t)c->mss, most);
	tcp_space_established(c);
	if (c->m) { /* it was there before anything was known */
		cc_lend(&c->cc, c->m->cc_large);
		tcp_space_moves(c);
		tcp_pace_update(c);
	}
	tcp_set_timer(c, TCP_TIMER_TIDY, TCP_TIDY_US);
	if (c->keepalive)
		tcp_set_timer(c, TCP_TIMER_LIFE, (uint64_t)tcp_keep_idle_s(c) * 1000000);
}

/* What was sent first is echoed: sending it again was in vain (RFC 3522; Linux: tcp_try_undo_spurious_syn()). */
bool tcp_syn_was_late(const struct tcp_conn *c, const struct tcp_seg *s, uint64_t first_us)
{
	return c->ts_ok && s->has_ts && s->ts_ecr == (uint32_t)(first_us / 1000) + c->ts_off;
}

void tcp_begin_established(struct tcp_conn *c, bool called)
{
	tcp_begin_transfer(c, called);
	tcp_stop_timer(c, TCP_TIMER_RETRANSMIT);
	tcp_set_state(c, TCP_ESTABLISHED);
}

/* Of what went along with the SYN so much is acknowledged. */
static void take_ack(struct tcp_conn *c, seq32 ack)
{
	struct tcp_took t = { .now_us = (uint32_t)c->w->lc->now_us,
			      .min_rtt_us = UINT32_MAX,
			      .recover = c->snd_una,
			      .highest = c->snd_una };
	if (ack == c->snd_una)
		return;
	c->m->bytes_acked += ack - c->snd_una;
	c->snd_una = ack;
	tcp_log_ack(&c->m->log, ack, &t);
	tcp_acked_bytes(c);
}

/* Our SYN is acknowledged. */
void tcp_opened(struct tcp_conn *c, const struct tcp_seg *s)
{
	c->snd_una = c->snd_first = c->snd_una + 1;
	if (c->syn_again && tcp_syn_was_late(c, s, c->last_sent_us)) {
		c->syn_again = false;
		c->backoff = 0;
	}
	if (!c->syn_again)
		tcp_measured(c, c->w->lc->now_us - c->last_sent_us);
	else if (c->ts_ok && s->has_ts && s->ts_ecr)
		tcp_measured(c, 1000ULL * MAX(tcp_now_stamp(c->w, c->ts_off) - s->ts_ecr, 1U));
	else
		c->rto_us = 3 * TCP_RTO_FIRST_US; /* RFC 6298, 5.7 */
	c->last_sent_us = 0;
	tcp_begin_established(c, false);
	if (c->snd_una != c->snd_nxt)
		take_ack(c, s->ack);
	tcp_tell(c);
}

/* 3.10.7.3, fourth, at its end: both have called. */
static enum drop simultaneous(struct tcp_conn *c, struct tcp_seg *s)
{
	agree(c, s);
	c->deferred = false;
	begin_receiving(c, s);
	tcp_set_state(c, TCP_SYN_RECV);
	tcp_send_syn(c);
	return DROP_TCP_DONE;
}

/* Linux: where somebody waits to write his data acknowledges, too. */
static void acknowledge(struct tcp_conn *c)
{
	c->ack_now = !c->write_waits;
	c->ack_later = c->write_waits;
	if (!c->write_waits)
		return;
	c->write_waits = false;
	c->ato_us = TCP_DELACK_US;
	c->quick = TCP_QUICK_ACKS;
	tcp_set_timer(c, TCP_TIMER_DELACK, TCP_DELACK_MAX_US);
}

/* Data on a SYN is taken where it may be, after Fast Open; else it comes again. */
static enum drop open_by_answer(struct tcp_conn *c, struct tcp_seg *s)
{
	bool had_data = c->snd_nxt - c->snd_una > 1;
	enum drop why = DROP_TCP_DONE;
	agree(c, s);
	begin_receiving(c, s);
	tcp_opened(c, s);
	acknowledge(c);
	bool takes = tcp_fast_answered(c, s, had_data);
	if (takes && s->end != s->seq + 1) {
		s->seq++;
		s->flags &= (uint16_t)~TCP_F_SYN;
		c->ack_now = true;
		if (!tcp_take_text(c, s, &why))
			return why;
	}
	tcp_output(c);
	return why;
}

enum drop tcp_syn_sent_input(struct tcp_conn *c, struct tcp_seg *s)
{
	bool ack = s->flags & TCP_F_ACK;
	if (ack && (seq_le(s->ack, c->snd_una) || seq_lt(c->snd_nxt, s->ack))) {
		tcp_refuse(c->w, &c->h.key, s, c->h.out_if);
		return DROP_TCP_ACK;
	}
	if (ack && c->ts_asked && s->has_ts && s->ts_ecr &&
	    seq_lt(tcp_now_stamp(c->w, c->ts_off), s->ts_ecr)) { /* Linux: of a time to come */
		tcp_refuse(c->w, &c->h.key, s, c->h.out_if);
		return DROP_TCP_PAWS;
	}
	if (s->flags & TCP_F_RST) {
		if (!ack) /* 3.10.7.3, second: only who has heard us can refuse */
			return DROP_TCP_RST;
		tcp_fail(c, ECONNREFUSED);
		return DROP_TCP_DONE;
	}
	if (!(s->flags & TCP_F_SYN))
		return DROP_TCP_NO_ACK;
	if (!ack)
		return simultaneous(c, s);
	return open_by_answer(c, s);
}

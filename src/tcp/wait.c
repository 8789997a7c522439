/* SPDX-License-Identifier: BSD-2-Clause */
/* TIME-WAIT (RFC 9293, 3.10.7.4), and what is left of FIN-WAIT-2 when nobody listens any more: a small object in the connection's place,
 * which answers what still comes, and gives way to a new connection that cannot be taken for the old one (RFC 6191). */
#include "tcp/tcp_internal.h"

static void over(struct lcore *lc, struct timer *t)
{
	tcp_wait_free(container_of(t, struct tcp_wait, timer));
}

void tcp_wait_free(struct tcp_wait *t)
{
	lcore_timer_stop(t->w->lc, &t->timer);
	list_remove(&t->link);
	tcp_leave_table(t->w, &t->h);
	slab_free_at(t, sizeof *t, t->h.place);
}

/* The connection is over; what it needs to answer with lives on. Without memory it just ends, as on Linux. */
void tcp_begin_wait(struct tcp_conn *c, uint64_t how_long_us)
{
	struct tcp_worker *tw = tcp_worker(c->w);
	struct tcp_wait *t = slab_zalloc(&tw->waits);
	uint8_t state = c->h.state == TCP_FIN_WAIT2 && !c->fin_got ? TCP_FIN_WAIT2 : TCP_TIME_WAIT;
	struct worker *w = c->w;
	if (t) {
		uint16_t place = t->h.place;
		*t = (struct tcp_wait){ .h = { .key = c->h.key, .out_if = c->h.out_if },
					.w = w,
					.rcv_nxt = c->rcv_nxt,
					.snd_nxt = c->snd_nxt,
					.rcv_wnd = c->rcv_wnd,
					.rcv_wscale = c->rcv_wscale,
					.ts_ok = c->ts_ok,
					.ts_recent = c->ts_recent,
					.ts_recent_us = c->ts_recent_us,
					.ts_off = c->ts_off,
					.mark = c->mark,
					.tos = c->tos,
					.ttl = c->ttl,
					.df = c->df };
		t->h.place = place;
		t->h.kind = TCP_KIND_WAIT;
		t->h.state = state;
		timer_init(&t->timer, over);
	}
	tcp_done(c);
	if (!t)
		return;
	tcp_enter_table(w, &t->h);
	list_append(&tw->all_waits, &t->link);
	lcore_timer_in(w->lc, &t->timer, how_long_us);
	tcp_count(w, TCP_N_TW);
}

static void answer(struct tcp_wait *t, uint16_t flags)
{
	struct tcp_out o = {
		.key = &t->h.key,
		.ip = { .tos = t->tos, .ttl = t->ttl, .df = t->df, .out_if = t->h.out_if, .mark = t->mark },
		.flags = flags,
		.seq = t->snd_nxt,
		.ack = t->rcv_nxt,
		.win = (uint16_t)MIN(t->rcv_wnd >> t->rcv_wscale, (uint32_t)UINT16_MAX)
	};
	if (t->ts_ok)
		o.n_opts = tcp_put_stamp(o.opts, tcp_now_stamp(t->w, t->ts_off), t->ts_recent);
	tcp_send_bare(t->w, &o);
}

/* Linux: duplicates are answered twice a second at most (tcp_invalid_ratelimit), so that two such ends do not talk for ever. */
static void answer_seldom(struct tcp_wait *t)
{
	uint64_t now = t->w->lc->now_us;
	if (t->refused_us && now - t->refused_us < TCP_CHALLENGE_US)
		return;
	t->refused_us = now;
	answer(t, TCP_F_ACK);
}

/* RFC 6191, 2; RFC 1122, 4.2.2.13 */
static bool may_begin_anew(const struct tcp_wait *t, const struct tcp_seg *s)
{
	if ((s->flags & (TCP_F_SYN | TCP_F_ACK | TCP_F_RST | TCP_F_FIN)) != TCP_F_SYN ||
	    t->h.state != TCP_TIME_WAIT)
		return false;
	if (seq_lt(t->rcv_nxt, s->seq))
		return true;
	return t->ts_ok && s->has_ts && seq_lt(t->ts_recent, s->ts_val);
}

/* What is left of FIN-WAIT-2: the peer's FIN makes it TIME-WAIT, data has nobody to go to (RFC 2525, 2.17). */
static enum drop fin_wait2(struct tcp_wait *t, const struct tcp_seg *s)
{
	if (s->flags & TCP_F_RST) {
		if (s->seq == t->rcv_nxt)
			tcp_wait_free(t);
		return DROP_TCP_DONE;
	}
	if (seq_lt(t->rcv_nxt, s->end - (s->flags & TCP_F_FIN ? 1 : 0))) {
		answer(t, TCP_F_RST);
		tcp_count(t->w, TCP_N_OUT_RSTS);
		tcp_count(t->w, TCP_N_ABORT_ON_DATA);
		tcp_wait_free(t);
		return DROP_TCP_DONE;
	}
	if (!(s->flags & TCP_F_FIN) || s->end != t->rcv_nxt + 1)
		return DROP_TCP_DONE;
	t->rcv_nxt = s->end;
	t->h.state = TCP_TIME_WAIT;
	if (s->has_ts)
		t->ts_recent = s->ts_val;
	answer(t, TCP_F_ACK);
	lcore_timer_in(t->w->lc, &t->timer, TCP_TIME_WAIT_US);
	return DROP_TCP_DONE;
}

static bool in_window(const struct tcp_wait *t, const struct tcp_seg *s)
{
	return seq_le(t->rcv_nxt, s->end) && seq_le(s->seq, t->rcv_nxt + t->rcv_wnd);
}

bool tcp_wait_input(struct tcp_wait *t, struct tcp_seg *s, enum drop *ret_why)
{
	bool old = t->ts_ok && s->has_ts && seq_lt(s->ts_val, t->ts_recent);
	*ret_why = DROP_TCP_DONE;
	if (may_begin_anew(t, s))
		return true;
	if (t->h.state == TCP_FIN_WAIT2) {
		if (!in_window(t, s) || old)
			answer_seldom(t);
		else
			*ret_why = fin_wait2(t, s);
		return false;
	}
	if (s->flags & TCP_F_RST) { /* RFC 1337: only where the knob does not protect */
		if (s->seq == t->rcv_nxt && !tcp_stack(t->w->st)->conf.rfc1337)
			tcp_wait_free(t);
		return false;
	}
	if (s->flags & TCP_F_FIN) /* the last ACK was lost: 2MSL again */
		lcore_timer_in(t->w->lc, &t->timer, TCP_TIME_WAIT_US);
	if (s->end != s->seq || s->seq != t->rcv_nxt || old)
		answer_seldom(t);
	return false;
}

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
	if (t->port & TCP_HOLD_IS)
		tcp_unhold_port(t->w, &t->h, t->uid, (uint8_t)(t->port & ~TCP_HOLD_IS));
	slab_free_at(t, sizeof *t, t->h.place);
}

/* Of all workers, a little old. */
static bool too_many(const struct leat_stack *st)
{
	uint64_t n = 0;
	for (unsigned i = 0; i < st->n_workers; i++)
		n += racy_get(tcp_worker(st->worker[i])->waits.used);
	return n >= racy_get(tcp_stack(st)->conf.waits_max);
}

static struct tcp_wait *wait_new(const struct tcp_conn *c)
{
	struct tcp_wait *t = too_many(c->w->st) ? NULL : slab_zalloc(&tcp_worker(c->w)->waits);
	if (!t)
		return NULL;
	uint16_t place = t->h.place;
	uint8_t sharing = c->end ? tcp_sharing(c->end) : c->port;
	*t = (struct tcp_wait){
		.h = { .key = c->h.key, .out_if = c->h.out_if, .kind = TCP_KIND_WAIT, .place = place },
		.w = c->w,
		.rcv_nxt = c->rcv_nxt,
		.snd_nxt = c->snd_nxt,
		.rcv_wnd = c->rcv_wnd,
		.rcv_wscale = c->rcv_wscale,
		.ts_ok = c->ts_ok,
		.ts_recent = c->ts_recent,
		.ts_recent_us = c->ts_recent_us,
		.ts_off = c->ts_off,
		.mark = c->mark,
		.uid = c->uid,
		.tos = c->tos,
		.ttl = c->ttl,
		.df = c->df
	};
	t->h.state = c->h.state == TCP_FIN_WAIT2 && !c->fin_got ? TCP_FIN_WAIT2 : TCP_TIME_WAIT;
	t->port = (uint8_t)((sharing & (TCP_HOLD_REUSEADDR | TCP_HOLD_REUSEPORT)) | TCP_HOLD_WAIT);
	timer_init(&t->timer, over);
	return t;
}

static void enter(struct tcp_wait *t, uint64_t how_long_us)
{
	tcp_enter_table(t->w, &t->h);
	if (tcp_hold_port(t->w, &t->h, t->uid, t->port))
		t->port |= TCP_HOLD_IS;
	list_append(&tcp_worker(t->w)->all_waits, &t->link);
	lcore_timer_in(t->w->lc, &t->timer, how_long_us);
}

/* The connection is over; what it needs to answer with lives on. With too many of them, or without memory, it just ends, as on Linux. */
void tcp_begin_wait(struct tcp_conn *c, uint64_t how_long_us)
{
	struct tcp_wait *t = wait_new(c);
	tcp_count(c->w, t ? TCP_N_TW : TCP_N_TW_OVERFLOW);
	tcp_done(c);
	if (t)
		enter(t, how_long_us);
}

void tcp_wait_put_back(struct worker *w, const struct tcp_wait *like, uint64_t in_us)
{
	struct tcp_wait *t = too_many(w->st) ? NULL : slab_zalloc(&tcp_worker(w)->waits);
	if (!t)
		return;
	uint16_t place = t->h.place;
	*t = *like;
	t->w = w;
	t->h.place = place;
	t->h.kind = TCP_KIND_WAIT;
	t->port = (uint8_t)((t->port & (TCP_HOLD_REUSEADDR | TCP_HOLD_REUSEPORT)) | TCP_HOLD_WAIT);
	timer_init(&t->timer, over);
	enter(t, in_us);
}

static void answer(struct tcp_wait *t, uint16_t flags)
{
	struct tcp_out o = { .key = &t->h.key,
			     .ip = { .tos = t->tos,
				     .ttl = t->ttl,
				     .df = t->df,
				     .out_if = t->h.out_if,
				     .mark = t->mark,
				     .uid = t->uid },
			     .flags = flags,
			     .seq = t->snd_nxt,
			     .ack = t->rcv_nxt,
			     .win = (uint16_t)MIN(t->rcv_wnd >> t->rcv_wscale, (uint32_t)UINT16_MAX) };
	if (t->ts_ok)
		o.n_opts = tcp_put_stamp(o.opts, tcp_now_stamp(t->w, t->ts_off), t->ts_recent);
	tcp_send_bare(t->w, &o);
}

void tcp_wait_answer(struct tcp_wait *t)
{
	answer(t, TCP_F_ACK);
}

static void answer_seldom(struct tcp_wait *t, const struct tcp_seg *s, enum tcp_count n)
{
	if (!tcp_is_too_often(t->w, s, &t->refused_us, n))
		answer(t, TCP_F_ACK);
}

static void note_stamp(struct tcp_wait *t, const struct tcp_seg *s)
{
	if (!t->ts_ok || !s->has_ts)
		return;
	t->ts_recent = s->ts_val;
	t->ts_recent_us = t->w->lc->now_us;
}

static void wait_again(struct tcp_wait *t)
{
	lcore_timer_in(t->w->lc, &t->timer, TCP_TIME_WAIT_US);
}

static bool in_window(const struct tcp_wait *t, const struct tcp_seg *s)
{
	if (s->seq == t->rcv_nxt || (seq_lt(t->rcv_nxt, s->end) && seq_lt(s->seq, t->rcv_nxt + t->rcv_wnd)))
		return true;
	return s->seq == t->rcv_nxt + t->rcv_wnd && s->seq == s->end;
}

/* --- while the peer's end is still to come --- */

static enum drop reset(struct tcp_wait *t, const struct tcp_seg *s)
{
	tcp_refuse(t->w, &t->h.key, s, s->p->in_if);
	tcp_wait_free(t);
	return DROP_TCP_DONE;
}

/* What is left of FIN-WAIT-2: the peer's FIN makes it TIME-WAIT, data has nobody to go to (RFC 2525, 2.17). */
static enum drop fin_wait2(struct tcp_wait *t, const struct tcp_seg *s, bool old)
{
	if (old || !in_window(t, s)) {
		if (!(s->flags & TCP_F_RST))
			answer_seldom(t, s, TCP_N_SKIPPED_FIN_WAIT2);
		return old ? DROP_TCP_PAWS : DROP_TCP_WINDOW;
	}
	if (s->flags & TCP_F_RST) {
		if (s->seq == t->rcv_nxt) /* RFC 5961, 3.2 */
			tcp_wait_free(t);
		return DROP_TCP_DONE;
	}
	if (s->flags & TCP_F_SYN && seq_le(t->rcv_nxt, s->seq))
		return reset(t, s);
	if (!(s->flags & TCP_F_ACK) || seq_le(s->end, t->rcv_nxt) || s->end == s->seq)
		return DROP_TCP_DONE;
	if (!(s->flags & TCP_F_FIN) || s->end != t->rcv_nxt + 1) {
		tcp_count(t->w, TCP_N_ABORT_ON_DATA);
		return reset(t, s);
	}
	t->rcv_nxt = s->end;
	t->h.state = TCP_TIME_WAIT;
	note_stamp(t, s);
	answer(t, TCP_F_ACK);
	wait_again(t);
	return DROP_TCP_DONE;
}

/* --- TIME-WAIT --- */

/* RFC 6191, 2; RFC 1122, 4.2.2.13: its number or its time stamp cannot be one of before. */
static bool may_begin_anew(const struct tcp_wait *t, const struct tcp_seg *s)
{
	if ((s->flags & (TCP_F_SYN | TCP_F_ACK | TCP_F_RST | TCP_F_FIN)) != TCP_F_SYN)
		return false;
	return seq_lt(t->rcv_nxt, s->seq) || (t->ts_ok && s->has_ts && seq_lt(t->ts_recent, s->ts_val));
}

/* RFC 1122, 4.2.2.13: beyond all that the old one can have sent. */
static seq32 next_iss(const struct tcp_wait *t)
{
	return t->snd_nxt + UINT16_MAX + 2;
}

/* At its place, and without anything: a reset, or the ACK of our last one. */
static void in_place(struct tcp_wait *t, const struct tcp_seg *s)
{
	if (s->flags & TCP_F_RST) {
		if (!racy_get(tcp_stack(t->w->st)
				      ->conf.rfc1337)) { /* RFC 1337: only where the knob does not protect */
			tcp_wait_free(t);
			return;
		}
	} else {
		wait_again(t);
	}
	note_stamp(t, s);
}

bool tcp_wait_input(struct tcp_wait *t, struct tcp_seg *s, enum drop *ret_why)
{
	bool old = t->ts_ok && s->has_ts && seq_lt(s->ts_val, t->ts_recent), rst = s->flags & TCP_F_RST;
	*ret_why = DROP_TCP_DONE;
	if (t->h.state == TCP_FIN_WAIT2) {
		*ret_why = fin_wait2(t, s, old);
		return false;
	}
	if (!old && s->seq == t->rcv_nxt && (s->seq == s->end || rst)) {
		in_place(t, s);
		return false;
	}
	if (!old && may_begin_anew(t, s)) {
		s->iss = next_iss(t);
		s->has_iss = true;
		return true;
	}
	if (old)
		tcp_count(t->w, TCP_N_PAWS_ESTAB);
	if (rst)
		return false;
	if (old ||
	    s->flags &
		    TCP_F_ACK) /* Linux: a SYN alone may be an old one, and a good one with another number */
		wait_again(t);
	answer_seldom(t, s, TCP_N_SKIPPED_TIME_WAIT);
	return false;
}

/* --- connect() --- */

static bool is_loopback(const struct tcp_key *k)
{
	static const struct ip6 one = { .b[15] = 1 };
	if (tcp_is6(k))
		return ip6_eq(&k->local, &one) || ip6_eq(&k->remote, &one);
	return k->local.b[12] == 127 || k->remote.b[12] == 127;
}

/* RFC 6191 from this side: with time stamps the peer can tell (Linux: tcp_twsk_unique()). A port that we choose ourselves is not
 * taken over at once, and not without leave. */
bool tcp_wait_may_be_called(const struct tcp_wait *t, bool chosen)
{
	const struct tcp_conf *f = &tcp_stack(t->w->st)->conf;
	if (!t->ts_ok || !t->ts_recent_us || t->h.state != TCP_TIME_WAIT)
		return false;
	if (!chosen)
		return true;
	bool leave = f->reuse_wait == 1 || (f->reuse_wait == 2 && is_loopback(&t->h.key));
	return leave && t->w->lc->now_us > t->ts_recent_us + f->reuse_wait_ms * 1000ULL;
}

void tcp_wait_give_way(struct tcp_wait *t, struct tcp_conn *c)
{
	seq32 iss = next_iss(t);
	c->snd_una = iss;
	c->ts_recent = t->ts_recent;
	c->ts_recent_us = t->ts_recent_us;
	tcp_wait_free(t);
}

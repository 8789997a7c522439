/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: a connection that has been at rest for TCP_TIDY_US, with nothing sent or received that somebody still has to
 * see, falls asleep: what it keeps is the front of struct tcp_conn, up to the window of its congestion control, and that moves into
 * memory of that size. It stands in the table under its key as before, its endpoint leads to it, its keepalive timer runs. Whatever wants more of it than
 * its names and numbers (a segment, a call, the timer) wakes it first: it moves back, and is as it was but for what an algorithm had
 * measured besides the window.
 *
 * Where there is no memory to wake up in, a segment is dropped, to come again, and a timer strikes a second later; a call ends the
 * connection (TCPAbortOnMemory): its peer gets a reset with the next segment. */
#include "tcp/tcp_internal.h"

static void strike(struct lcore *lc, struct timer *t)
{
	struct tcp_conn *c = container_of(t, struct tcp_conn, timer), *awake = tcp_wake(c);
	if (!awake) {
		lcore_timer_in(lc, t, 1000000);
		return;
	}
	awake->due_us[TCP_TIMER_LIFE] = lc->now_us;
	tcp_timer_fire(lc, &awake->timer);
}

/* Is all of it in the front? */
static bool may_sleep(const struct tcp_conn *c)
{
	bool quiet = !c->snd.head && !c->rcv.head && !c->ofo && c->snd_una == c->snd_end && !c->m;
	bool told = !c->ack_now && !c->ack_later && !c->dsack_due && !c->fin_known && !c->fin_wanted;
	return c->end && !(c->rare && c->rare->notes) && !c->noting && c->h.state == TCP_ESTABLISHED &&
	       !c->in_accept && quiet && told && !c->probing && !c->probes &&
	       !tcp_timer_runs(c, TCP_TIMER_RETRANSMIT) && !tcp_timer_runs(c, TCP_TIMER_DELACK);
}

static void move_timer(struct tcp_conn *from, struct tcp_conn *to, timer_fn *fn, uint64_t when_us)
{
	lcore_timer_stop(from->w->lc, &from->timer);
	timer_init(&to->timer, fn);
	if (when_us != UINT64_MAX)
		timer_set_at(&to->w->lc->wheel, &to->timer, when_us);
}

/* Of the front alone, and the new place is its own. */
static void move(struct tcp_conn *from, struct tcp_conn *to, enum tcp_kind kind)
{
	uint16_t place = to->h.place;
	tcp_leave_table(from->w, &from->h);
	memcpy(to, from, TCP_ASLEEP_BYTES);
	to->h.place = place;
	to->h.kind = kind;
	tcp_enter_table(to->w, &to->h);
	to->end->stream.conn = to;
}

void tcp_sleep(struct tcp_conn *c)
{
	struct tcp_conn *to = may_sleep(c) ? slab_zalloc(&tcp_worker(c->w)->asleep) : NULL;
	if (!to) {
		tcp_set_timer(c, TCP_TIMER_TIDY,
			      6ULL * TCP_TIDY_US); /* something is left to be read, or to be had */
		return;
	}
	c->small_out = false;
	move(c, to, TCP_KIND_ASLEEP);
	move_timer(c, to, strike, c->due_us[TCP_TIMER_LIFE]);
	slab_free_at(c, sizeof *c, c->h.place);
}

struct tcp_conn *tcp_wake(struct tcp_conn *s)
{
	struct tcp_conn *c = slab_zalloc(&tcp_worker(s->w)->conns);
	if (!c)
		return NULL;
	uint64_t life_us = timer_is_set(&s->timer) ? s->timer.when_us : UINT64_MAX;
	move(s, c, TCP_KIND_CONN);
	lcore_timer_stop(s->w->lc, &s->timer);
	slab_free_at(s, TCP_ASLEEP_BYTES, s->h.place);
	tcp_timer_init(c);
	c->snd_first = c->snd_una;
	cc_change(&c->cc, c->cc.ops, NULL);
	uint64_t now = c->w->lc->now_us;
	if (life_us != UINT64_MAX)
		tcp_set_timer(c, TCP_TIMER_LIFE, life_us > now ? life_us - now : 0);
	tcp_set_timer(c, TCP_TIMER_TIDY, TCP_TIDY_US);
	return c;
}

static void give_up(struct tcp_conn *s)
{
	struct l4_end *e = s->end;
	tcp_count(s->w, TCP_N_ABORT_ON_MEMORY);
	tcp_set_state(s, TCP_CLOSE);
	tcp_leave_table(s->w, &s->h);
	tcp_conn_unhold(s);
	lcore_timer_stop(s->w->lc, &s->timer);
	mem_free(s->rare);
	slab_free_at(s, TCP_ASLEEP_BYTES, s->h.place);
	e->stream.conn = NULL;
	e->error = ENOMEM;
}

void tcp_wake_for_call(struct tcp_conn *s)
{
	if (!tcp_wake(s))
		give_up(s);
}

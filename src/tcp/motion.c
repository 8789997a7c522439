/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: a connection that rests is small. What only moving data needs (the log of what is under way, the state of
 * recovery, rates, tuning) is one object more, of the worker's slab: taken with the first data sent or received, given back by
 * the timer when nothing is under way and nothing was sent or heard for TCP_TIDY_US.
 *
 * At a limit there is none. Then whoever receives goes without, and whoever would send waits, as for a closed window: the probe's timer
 * asks again (tcp_arm_retransmit()), and so does each segment and each call. Nothing is lost by that but time. */
#include "tcp/tcp_internal.h"

struct tcp_motion *tcp_move(struct tcp_conn *c)
{
	if (likely(c->m))
		return c->m;
	struct tcp_motion *m = slab_zalloc(&tcp_worker(c->w)->motions);
	if (!m)
		return NULL;
	tcp_log_init(&m->log);
	m->reordering = (uint16_t)racy_get(tcp_stack(c->w->st)->conf.reordering);
	m->rack_steps = 1;
	tcp_set_timer(c, TCP_TIMER_TIDY, TCP_TIDY_US);
	c->m = m;
	m->held_since_us = c->w->lc->now_us;
	tcp_space_moves(c);
	tcp_pace_begin(c);
	return m;
}

void tcp_rest(struct tcp_conn *c)
{
	if (!c->m)
		return;
	tcp_pace_end(c);
	tcp_log_done(&c->m->log);
	slab_free_at(c->m, sizeof *c->m, c->m->place);
	c->m = NULL;
	c->repair = TCP_OPEN;
}

static uint64_t last_moved_us(const struct tcp_conn *c)
{
	return MAX(c->heard_us, c->last_sent_us);
}

void tcp_tidy(struct tcp_conn *c)
{
	uint64_t rests_us = c->w->lc->now_us - last_moved_us(c);
	bool rests = c->snd_una == c->snd_nxt && rests_us >= TCP_TIDY_US && !c->fast;
	if (rests)
		tcp_rest(c);
	if (!rests || c->in_accept)
		tcp_set_timer(c, TCP_TIMER_TIDY,
			      rests_us < TCP_TIDY_US ? TCP_TIDY_US - rests_us : TCP_TIDY_US);
	else
		tcp_sleep(c);
}

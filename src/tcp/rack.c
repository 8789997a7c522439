/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: RACK (RFC 8985). Time tells what is lost: what was sent before something that has arrived, and has not
 * arrived within a round trip and some more (reo_wnd), is. It works for what was sent again, too, and where a tail of a flight is
 * missing once the probe's answer is there (tlp.c). Some more is nothing until segments were seen to overtake others, then a quarter of the
 * smallest round trip, and a quarter more for each round trip in which the peer got something twice; after 16 recoveries without that
 * it begins anew.
 *
 * The knob tcp_recovery: 1 RACK at all (else RFC 6675), 2 some more stays the same, 4 no counting of SACKed segments (6.2, step 4).
 * What remains to be seen when the wait is over is the timer's: TCP_DUE_OVERTAKEN. */
#include "tcp/recover.h"

enum {
	STATIC = 2,
	NO_COUNT = 4,
	PERSISTS = 16,
	STEPS_MAX = 255,
	TICKS_US = 2000 /* Linux: TCP_TIMEOUT_MIN */
};

static uint8_t knob(const struct tcp_conn *c)
{
	return racy_get(tcp_stack(c->w->st)->conf.recovery);
}

/* 6.2, step 4 */
static uint32_t reo_wnd_us(const struct tcp_conn *c)
{
	const struct tcp_motion *m = c->m;
	if (!m->times_reordered) {
		if (c->repair >= TCP_RECOVERY)
			return 0;
		if (m->log.n_sacked >= m->reordering && !(knob(c) & NO_COUNT))
			return 0;
	}
	uint64_t wait = (uint64_t)(tcp_min_rtt(c) / 4) * m->rack_steps;
	return (uint32_t)MIN(wait, (uint64_t)c->srtt_us);
}

/* Step 2 */
void tcp_rack_note(struct tcp_conn *c, const struct tcp_took *t)
{
	struct tcp_motion *m = c->m;
	if (!t->has_newest)
		return;
	int32_t later = (int32_t)(t->newest_us - m->rack_us);
	m->rack_news = true;
	m->rack_rtt_us = t->now_us - t->last_arrived_us; /* Linux: not the newest's */
	if (m->rack && (later < 0 || (!later && seq_le(t->newest_end, m->rack_end))))
		return;
	m->rack = true;
	m->rack_us = t->newest_us;
	m->rack_end = t->newest_end;
}

/* Step 4, of DSACKs: once in a round trip. */
void tcp_rack_adapt(struct tcp_conn *c)
{
	struct tcp_motion *m = c->m;
	if (knob(c) & STATIC)
		return;
	if (m->rack_dsack && seq_le(m->rack_round, c->snd_una)) {
		m->rack_steps = (uint8_t)MIN(m->rack_steps + 1, STEPS_MAX);
		m->rack_persist = PERSISTS;
		m->rack_round = c->snd_nxt;
	} else if (!m->rack_persist) {
		m->rack_steps = 1;
	}
	m->rack_dsack = false;
}

/* Step 5. Returns when to look again; 0: no need. */
static uint32_t find_lost(struct tcp_conn *c, uint32_t *ret_lost_again)
{
	struct tcp_motion *m = c->m;
	const struct tcp_took newest = { .now_us = (uint32_t)c->w->lc->now_us,
					 .newest_us = m->rack_us,
					 .newest_end = m->rack_end };
	uint32_t again_us;
	if (tcp_log_rack(&m->log, &newest, m->rack_rtt_us + reo_wnd_us(c), &again_us, ret_lost_again))
		racy_add(tcp_worker(c->w)->counts[TCP_N_LOST_RETRANSMIT], *ret_lost_again);
	return again_us;
}

static void look_again(struct tcp_conn *c, uint32_t wait_us)
{
	c->m->due = TCP_DUE_OVERTAKEN;
	tcp_set_timer(c, TCP_TIMER_RETRANSMIT, wait_us + TICKS_US);
}

void tcp_rack_find_lost(struct tcp_conn *c, struct tcp_news *n)
{
	uint32_t again;
	if (!c->m->rack_news)
		return;
	c->m->rack_news = false;
	uint32_t wait_us = find_lost(c, &again);
	n->lost_again |= again != 0;
	if (!wait_us)
		return;
	n->keep_timer = true;
	look_again(c, wait_us);
}

/* 6.3: what was late is lost now. */
void tcp_rack_timeout(struct tcp_conn *c)
{
	uint32_t flight = tcp_in_flight(c), again, wait_us = find_lost(c, &again);
	if (tcp_in_flight(c) != flight) {
		if (c->repair != TCP_RECOVERY)
			tcp_begin_recovery(c, false);
		if (!(c->cc.ops->flags & CC_OWNS_WINDOW))
			tcp_reduce(c, c->mss, false);
		tcp_output(c);
	}
	if (wait_us) {
		look_again(c, wait_us);
	} else if (!tcp_timer_runs(c, TCP_TIMER_RETRANSMIT) || c->m->due != TCP_DUE_TIMEOUT) {
		tcp_arm_retransmit(c);
	}
}

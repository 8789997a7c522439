/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: large packets are cheap to make and rough on the way. One holds what the way takes in a millisecond (pace.c), and no
 * more than half of the window, so that ACKs come back for one half while the other is sent (Linux: tcp_cwnd_test()).
 *
 * ACKs open the window bit by bit, and whoever sends each bit at once makes small packets for ever. So what is less than a third of
 * the window waits (tcp_tso_win_divisor) for the next ACK to make it more: only while data flows without a break, and when that ACK is due
 * soon, half a round trip after the oldest segment under way was sent (Linux: tcp_tso_should_defer()). */
#include "tcp/tcp_internal.h"

enum { FLOWS_US = 1000, WAIT_SEGMENTS = 3 };

uint32_t tcp_tso_most(const struct tcp_conn *c)
{
	uint32_t half = MAX(c->cc.cwnd / 2, (uint32_t)c->mss);
	half -= half % c->mss;
	return MIN(half, c->m->tso_bytes);
}

/* ACKs come, and nothing else is more urgent. */
static bool flows(const struct tcp_conn *c)
{
	return c->snd_una != c->snd_nxt && c->repair < TCP_RECOVERY && c->m->log.n &&
	       c->w->lc->now_us - c->last_sent_us < FLOWS_US;
}

bool tcp_tso_waits(const struct tcp_conn *c, uint32_t there, uint32_t room, uint32_t most)
{
	if (room >= most || !flows(c) || (c->fin_wanted && room >= there))
		return false;
	uint32_t divisor = racy_get(tcp_stack(c->w->st)->conf.tso_win_divisor);
	uint32_t whole = MIN(c->snd_wnd, c->cc.cwnd);
	if (divisor ? (uint64_t)room * divisor >= whole : room > WAIT_SEGMENTS * (uint32_t)c->mss)
		return false;
	uint32_t age_us = (uint32_t)c->w->lc->now_us - tcp_log_at(&c->m->log, 0)->sent_us;
	return 2 * age_us >= c->srtt_us;
}

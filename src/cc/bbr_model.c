/* SPDX-License-Identifier: BSD-2-Clause */
/* BBR's model of the path (draft-ietf-ccwg-bbr, 4.1.1 and 5.5): how much it delivers, what it holds, what was lost of late. */
#include "cc/bbr.h"

enum {
	LOSS_THRESH = 5, /* of 256: LossThresh, 2 % */
	EXTRA_ROUNDS = 5, /* of each of two windows: ExtraAckedFilterLen is 10 */
	QUANTUM_SEGMENTS = 3 * 2, /* three packets of two segments at least: 5.6.4.2 */
};

/* --- parts that are set back --- */

/* 5.5.10.3 */
void bbr_model_reset_short(struct bbr *b)
{
	b->bw_shortterm = UINT64_MAX;
	b->inflight_shortterm = UINT32_MAX;
}

void bbr_model_reset_signals(struct bbr *b)
{
	b->loss_in_round = false;
	b->bw_latest = 0;
	b->inflight_latest = 0;
}

/* 5.3.1.2 */
void bbr_model_reset_full(struct bbr *b, uint64_t rate)
{
	b->full_bw = rate;
	b->full_bw_count = 0;
	b->full_bw_now = false;
}

void bbr_model_start_round(struct bbr *b)
{
	b->next_round = b->delivered;
}

/* 5.5.6: max_bw is that of this cycle of ProbeBW and of the one before. */
void bbr_model_next_cycle(struct bbr *b)
{
	if (!b->bw_filter[1])
		return;
	b->bw_filter[0] = b->bw_filter[1];
	b->bw_filter[1] = 0;
}

/* --- amounts --- */

uint32_t bbr_min_pipe(const struct cc *c)
{
	return BBR_MIN_PIPE_SEGMENTS * c->mss;
}

/* 5.6.4.2; nothing measured: the first window */
uint32_t bbr_bdp(const struct cc *c, const struct bbr *b, uint64_t bw, uint32_t gain)
{
	if (b->min_rtt_us == UINT32_MAX || !bw)
		return cc_initial_window(c->mss);
	uint64_t bdp = bw * b->min_rtt_us / 1000000;
	return (uint32_t)MIN(bbr_part(bdp, gain), (uint64_t)INT32_MAX);
}

/* BBRQuantizationBudget() */
uint32_t bbr_inflight(const struct cc *c, const struct bbr *b, uint32_t gain)
{
	uint32_t n = MAX(bbr_bdp(c, b, bbr_max_bw(b), gain), QUANTUM_SEGMENTS * c->mss);
	n = MAX(n, bbr_min_pipe(c));
	return b->state == BBR_UP ? n + 2 * c->mss : n;
}

bool bbr_too_much(const struct cc_sample *s)
{
	return s->lost > bbr_part(s->tx_flight, LOSS_THRESH);
}

/* --- rounds --- */

/* 5.5.1: a round has gone by when something sent after it began was acknowledged. */
static void take_round(struct bbr *b, const struct bbr_ack *k)
{
	b->round_start = false;
	if (!k->s->tx_flight || !cc_reached(k->s->prior_delivered, b->next_round))
		return;
	bbr_model_start_round(b);
	b->rounds_since_probe += b->rounds_since_probe < UINT8_MAX;
	b->round_start = true;
	b->extra_rounds++;
	if (b->extra_rounds >= EXTRA_ROUNDS) {
		b->extra_rounds = 0;
		b->extra_acked[0] = b->extra_acked[1];
		b->extra_acked[1] = 0;
	}
}

/* --- losses --- */

/* 5.5.10.3: what was lost while nothing was probed for tells what the path bears for now. */
static void bound_shortterm(struct cc *c, struct bbr *b)
{
	if (b->state == BBR_STARTUP || b->state == BBR_REFILL || b->state == BBR_UP || !b->loss_in_round)
		return;
	if (b->bw_shortterm == UINT64_MAX)
		b->bw_shortterm = bbr_max_bw(b);
	if (b->inflight_shortterm == UINT32_MAX)
		b->inflight_shortterm = c->cwnd;
	b->bw_shortterm = MAX(b->bw_latest, bbr_part(b->bw_shortterm, BBR_BETA));
	b->inflight_shortterm = MAX(b->inflight_latest, (uint32_t)bbr_part(b->inflight_shortterm, BBR_BETA));
}

static void take_signals(struct cc *c, struct bbr *b, const struct bbr_ack *k)
{
	const struct cc_sample *s = k->s;
	b->loss_round_start = false;
	b->bw_latest = MAX(b->bw_latest, k->rate);
	b->inflight_latest = MAX(b->inflight_latest, s->bytes);
	if (s->tx_flight && cc_reached(s->prior_delivered, b->loss_round)) {
		b->loss_round = b->delivered;
		b->loss_round_start = true;
	}
	if (k->rate && (k->rate >= bbr_max_bw(b) || !s->app_limited))
		b->bw_filter[1] = MAX(b->bw_filter[1], k->rate);
	if (s->newly_lost) {
		b->loss_in_round = true;
		b->loss_events += b->loss_events < UINT8_MAX;
	}
	if (!b->loss_round_start)
		return;
	bound_shortterm(c, b);
	b->loss_in_round = false;
}

/* --- acknowledgments that come in lumps --- */

/* 5.5.9: how much more came than the rate would have it. */
static void take_extra(struct cc *c, struct bbr *b, const struct bbr_ack *k)
{
	uint32_t since = k->now_us - b->extra_since_us;
	uint64_t expected = b->bw * since / 1000000;
	if (b->extra_delivered <= expected) {
		b->extra_delivered = 0;
		b->extra_since_us = k->now_us;
		expected = 0;
	}
	b->extra_delivered += k->s->newly;
	uint64_t extra = b->extra_delivered - MIN(expected, (uint64_t)b->extra_delivered);
	b->extra_acked[1] = MAX(b->extra_acked[1], (uint32_t)MIN(extra, (uint64_t)c->cwnd));
}

void bbr_model_take(struct cc *c, struct bbr *b, const struct bbr_ack *k)
{
	b->delivered += k->s->newly;
	take_round(b, k);
	take_signals(c, b, k);
	take_extra(c, b, k);
}

void bbr_model_advance(struct bbr *b, const struct bbr_ack *k)
{
	if (b->loss_round_start) {
		b->bw_latest = k->rate;
		b->inflight_latest = k->s->bytes;
	}
	b->bw = MIN(bbr_max_bw(b), b->bw_shortterm);
}

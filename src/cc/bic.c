/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: BIC (Xu, Harfoush, Rhee, "Binary Increase Congestion Control for Fast Long-Distance Networks", INFOCOM 2004),
 * with the changes of version 1.1: steps of 16 segments at most, a window that shrinks to 0.8, a smoothed approach to where it lost.
 * Between the window at which it lost (W_max) and the one it has it searches, by a quarter of the distance in a round trip:
 *
 *	far below W_max        16 segments more		close below it or just above   one in five round trips (smoothed)
 *	else below             a quarter of the way	beyond, for some time          faster as it gets away, up to 16
 *
 * Windows of up to 14 segments behave as Reno's do. Who loses below where he lost last leaves room for others (fast convergence). */
#include "cc/cc.h"

enum {
	SEARCH_SHIFT = 2, /* a quarter of the distance */
	SMOOTH = 20, /* round trips for the last four segments */
	STEP_MAX = 16, /* segments */
	LOW_WINDOW = 14,
	PROBE_PER = 20, /* nothing lost yet: 5 % in a round trip */
	STALE_US = 31250, /* Linux: HZ / 32 */
};

struct bic {
	uint64_t since_us; /* when `per` was computed */
	uint32_t w_max, undo_w_max;
	uint32_t cwnd; /* for which it was */
	uint32_t per; /* segments acknowledged for one more */
};
static_assert(sizeof(struct bic) <= sizeof(((struct cc *)0)->priv), "an algorithm's room");

static struct bic *bic_of(struct cc *c)
{
	return (struct bic *)c->priv;
}

/* In segments: how many are acknowledged for one more. */
static uint32_t below(uint32_t cwnd, uint32_t w_max)
{
	uint32_t step = (w_max - cwnd) >> SEARCH_SHIFT;
	if (step <= 1)
		return cwnd * SMOOTH >> SEARCH_SHIFT;
	return cwnd / MIN(step, (uint32_t)STEP_MAX);
}

static uint32_t beyond(uint32_t cwnd, uint32_t w_max)
{
	uint32_t over = cwnd - w_max;
	if (over < 1 << SEARCH_SHIFT)
		return cwnd * SMOOTH >> SEARCH_SHIFT;
	if (over < STEP_MAX * 3)
		return cwnd * 3 / over;
	return cwnd / STEP_MAX;
}

static uint32_t growth(uint32_t cwnd, uint32_t w_max)
{
	uint32_t per;
	if (cwnd <= LOW_WINDOW)
		return cwnd;
	per = cwnd < w_max ? below(cwnd, w_max) : beyond(cwnd, w_max);
	return MAX(w_max ? per : MIN(per, (uint32_t)PROBE_PER), 1U);
}

static void avoid(struct cc *c, const struct cc_ack *a)
{
	struct bic *b = bic_of(c);
	if (b->cwnd != c->cwnd || a->now_us - b->since_us > STALE_US) {
		b->cwnd = c->cwnd;
		b->since_us = a->now_us;
		b->per = growth(MAX(c->cwnd / c->mss, 1U), b->w_max / c->mss);
	}
	cc_grow(c, a->bytes, b->per * c->mss);
}

static uint32_t ssthresh(struct cc *c, enum cc_why why)
{
	struct bic *b = bic_of(c);
	b->undo_w_max = b->w_max;
	b->w_max = c->cwnd < b->w_max ? (uint32_t)((uint64_t)c->cwnd * 9 / 10) : c->cwnd;
	if (c->cwnd <= LOW_WINDOW * c->mss)
		return c->cwnd / 2;
	return (uint32_t)((uint64_t)c->cwnd * 4 / 5);
}

static void undo(struct cc *c)
{
	bic_of(c)->w_max = bic_of(c)->undo_w_max;
}

/* Linux: after a timeout nothing is known. */
static void restart(struct cc *c)
{
	bic_of(c)->w_max = 0;
}

const struct cc_ops cc_bic = {
	.name = "bic", .avoid = avoid, .ssthresh = ssthresh, .undo = undo, .restart = restart
};

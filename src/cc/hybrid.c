/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: hybrid slow start, in rounds of one window, once the window is cc_start.low_window segments. Two signs tell that
 * the path is full before it loses something:
 *
 *	train	ACKs that come less than ack_delta_us apart are one train. A window that leaves as a burst makes a train as long as the
 *		bottleneck needs for it; half of the shortest round trip is what the way itself holds in one direction. With pacing
 *		the burst itself takes that long, so then it is the whole of it. Large packets make ACKs late by what one takes.
 *	delay	the shortest of more than eight round trips is an eighth (4 ms at least, 16 ms at most) above the shortest ever
 *
 * Linux: hystart_update(). HyStart++ (hystart.h) is what came of it: no trains, and a second look before slow start is over. */
#include "cc/hybrid.h"

enum {
	N_SAMPLES = 8, /* Linux: HYSTART_MIN_SAMPLES */
	DELAY_LEAST_US = 4000,
	DELAY_MOST_US = 16000,
	LARGE_US_MOST = 1000,
	LARGE_BYTES = 4 * 65536,
};

static void begin_round(struct hybrid *h, const struct cc_ack *a)
{
	uint32_t now_us = (uint32_t)a->now_us;
	*h = (struct hybrid){ .round_end = a->nxt,
			      .round_us = now_us,
			      .last_us = now_us,
			      .min_us = UINT32_MAX,
			      .begun = true };
}

/* Linux: hystart_ack_delay() */
static uint32_t large_us(const struct cc_ack *a)
{
	if (!a->pace_rate)
		return 0;
	return (uint32_t)MIN(LARGE_BYTES * UINT64_C(1000000) / a->pace_rate, (uint64_t)LARGE_US_MOST);
}

static bool is_long_train(struct hybrid *h, const struct cc_ack *a, uint32_t min_us)
{
	uint32_t now_us = (uint32_t)a->now_us, most_us;
	if (now_us - h->last_us > a->start->ack_delta_us)
		return false;
	h->last_us = now_us;
	most_us = min_us + large_us(a);
	return now_us - h->round_us > (a->paced ? most_us : most_us / 2);
}

static bool is_delayed(struct hybrid *h, const struct cc_ack *a, uint32_t min_us)
{
	uint32_t more_us = MIN(MAX(min_us >> 3, (uint32_t)DELAY_LEAST_US), (uint32_t)DELAY_MOST_US);
	h->min_us = MIN(h->min_us, a->rtt_us);
	if (h->samples < N_SAMPLES) {
		h->samples++;
		return false;
	}
	return h->min_us > min_us + more_us;
}

bool hybrid_is_full(struct hybrid *h, const struct cc *c, const struct cc_ack *a, uint32_t min_us)
{
	bool full = false;
	if (!h->begun || (a->una != h->round_end && cc_reached(a->una, h->round_end)))
		begin_round(h, a);
	if (c->cwnd / c->mss < a->start->low_window)
		return false;
	if (a->start->detect & CC_START_TRAIN)
		full = is_long_train(h, a, min_us);
	if (a->start->detect & CC_START_DELAY)
		full |= is_delayed(h, a, min_us);
	return full;
}

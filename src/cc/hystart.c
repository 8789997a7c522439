/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: HyStart++ (RFC 9406). Slow start doubles the window until something is lost, which is late: a queue has been
 * filled by then, and a window's worth of loss is to be repaired. So the smallest of the round trips in each round (of one window) is
 * compared with that of the round before. If it has grown by an eighth (4 ms at least, 16 ms at most), a queue is likely to be there:
 *
 *	slow start --- RTT grew ---> conservative slow start (CSS): grows a quarter as fast
 *	    ^                              |            |
 *	    +------ RTT fell again --------+            +--- five rounds ---> congestion avoidance
 *
 * Falling again means that the growth was noise. Eight samples make a round's minimum (4.3). Growth for one ACK is not limited (L):
 * Linux: without pacing, too. */
#include "cc/hystart.h"

/* RFC 9406, 4.3 */
enum {
	MIN_RTT_THRESH_US = 4000,
	MAX_RTT_THRESH_US = 16000,
	MIN_RTT_DIVISOR_SHIFT = 3,
	N_RTT_SAMPLE = 8,
	CSS_GROWTH_SHIFT = 2,
	CSS_ROUNDS = 5,
};

/* 4.2: windowEnd was acknowledged. */
static void next_round(struct hystart *h, const struct cc_ack *a)
{
	h->window_end = a->nxt;
	h->last_min_us = h->min_us;
	h->min_us = 0;
	h->samples = 0;
	h->css_round += h->css_round != 0;
}

static void sample(struct hystart *h, uint32_t rtt_us)
{
	if (!rtt_us)
		return;
	h->min_us = h->min_us ? MIN(h->min_us, rtt_us) : rtt_us;
	h->samples += h->samples < N_RTT_SAMPLE;
}

static bool has_grown(const struct hystart *h)
{
	uint32_t thresh = h->last_min_us >> MIN_RTT_DIVISOR_SHIFT;
	thresh = MIN(MAX(thresh, (uint32_t)MIN_RTT_THRESH_US), (uint32_t)MAX_RTT_THRESH_US);
	return h->last_min_us && h->min_us >= h->last_min_us + thresh;
}

static void judge(struct hystart *h)
{
	if (h->samples < N_RTT_SAMPLE)
		return;
	if (!h->css_round && has_grown(h)) {
		h->css_min_us = h->min_us;
		h->css_round = 1;
	} else if (h->css_round && h->min_us < h->css_min_us) {
		h->css_round = 0;
	}
}

uint32_t hystart_acked(struct hystart *h, struct cc *c, const struct cc_ack *a)
{
	if (!h->begun) {
		*h = (struct hystart){ .begun = true, .window_end = a->nxt };
	} else if (cc_reached(a->una, h->window_end)) {
		next_round(h, a);
		if (h->css_round > CSS_ROUNDS) {
			c->ssthresh = c->cwnd;
			return a->bytes;
		}
	}
	sample(h, a->rtt_us);
	judge(h);
	if (!h->css_round)
		return cc_slow_start(c, a->bytes);
	return cc_slow_start(c, a->bytes >> CSS_GROWTH_SHIFT) << CSS_GROWTH_SHIFT;
}

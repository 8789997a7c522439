/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: CUBIC (RFC 9438). After a loss the window W shrinks to 0.7 of what it was (beta), then grows back along a
 * cubic of the time since: fast, flat around the size at which it lost (W_max), fast again beyond:
 *
 *	W(t) = 0.4 * (t - K)^3 + W_max,   K such that W(0) is the window after the loss      (4.2)
 *
 * but never slower than Reno would (W_est, 4.3). All in integers: bytes and milliseconds. HyStart++ (RFC 9406) is not in it. */
#include "cc/cc.h"

struct cubic {
	uint64_t epoch_us; /* when this growth began; 0: not yet */
	uint32_t w_max, w_est, prior, k_ms; /* prior: cwnd before the last loss */
	uint32_t est_acked;
};
static_assert(sizeof(struct cubic) <= sizeof(((struct cc *)0)->priv), "an algorithm's room");

enum { TIME_MAX_MS = 1 << 20 };

static struct cubic *cubic_of(struct cc *c)
{
	return (struct cubic *)c->priv;
}

/* The largest x with x^3 <= n. */
static uint32_t cube_root(uint64_t n)
{
	uint32_t x = 0;
	for (uint32_t bit = 1 << 20; bit; bit >>= 1) {
		uint64_t try = x | bit;
		if (try * try * try <= n)
			x = (uint32_t)try;
	}
	return x;
}

/* 4.2, fig. 2: K = cbrt((W_max - cwnd) / 0.4) seconds, windows in segments. */
static void epoch_begin(struct cc *c, struct cubic *q, uint64_t now_us)
{
	q->epoch_us = MAX(now_us, (uint64_t)1);
	q->w_max = MAX(q->w_max, c->cwnd);
	q->w_est = c->cwnd;
	q->est_acked = 0;
	uint64_t below = q->w_max - c->cwnd;
	q->k_ms = cube_root(below * 2500 / c->mss * 1000000);
}

/* 4.2, fig. 1, in bytes; may be below zero. */
static int64_t window_at(const struct cc *c, const struct cubic *q, uint64_t t_ms)
{
	int64_t d = (int64_t)MIN(t_ms, (uint64_t)TIME_MAX_MS) - q->k_ms;
	return d * d * d / 1000000 * c->mss / 2500 + q->w_max;
}

/* 4.3: W_est grows by alpha segments in a round trip, 3 * (1 - beta) / (1 + beta) = 9 / 17 until it is back where it was. */
static void reno_grows(struct cc *c, struct cubic *q, uint32_t bytes)
{
	uint64_t add = (uint64_t)bytes * c->mss;
	if (q->w_est < q->prior)
		add = add * 9 / 17;
	add += q->est_acked;
	q->w_est += (uint32_t)(add / c->cwnd);
	q->est_acked = (uint32_t)(add % c->cwnd);
}

static void avoid(struct cc *c, const struct cc_ack *a)
{
	struct cubic *q = cubic_of(c);
	if (!q->epoch_us)
		epoch_begin(c, q, a->now_us);
	reno_grows(c, q, a->bytes);
	uint64_t t_ms = (a->now_us - MIN(a->now_us, q->epoch_us)) / 1000;
	if (window_at(c, q, t_ms) < (int64_t)q->w_est) {
		c->cwnd = MAX(c->cwnd, q->w_est);
		return;
	}
	int64_t target = window_at(c, q, t_ms + a->srtt_us / 1000);
	target = MIN(MAX(target, (int64_t)c->cwnd), (int64_t)c->cwnd + c->cwnd / 2);
	uint32_t gap = (uint32_t)(target - c->cwnd);
	if (gap) /* 4.4: (target - cwnd) / cwnd for each segment acknowledged */
		cc_grow(c, a->bytes, (uint32_t)MAX((uint64_t)c->cwnd * c->mss / gap, (uint64_t)1));
}

/* 4.6; 4.7: who loses below where he lost last leaves room for others. */
static uint32_t ssthresh(struct cc *c)
{
	struct cubic *q = cubic_of(c);
	q->epoch_us = 0;
	q->prior = c->cwnd;
	q->w_max = c->cwnd < q->w_max ? (uint32_t)((uint64_t)c->cwnd * 17 / 20) : c->cwnd;
	return MAX((uint32_t)((uint64_t)c->cwnd * 7 / 10), 2 * c->mss);
}

static void restart(struct cc *c)
{
	cubic_of(c)->epoch_us = 0;
}

const struct cc_ops cc_cubic = { .name = "cubic", .avoid = avoid, .ssthresh = ssthresh, .restart = restart };

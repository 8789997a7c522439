/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: CUBIC (RFC 9438). After a loss the window W shrinks to 0.7 of what it was (beta), then grows back along a
 * cubic of the time since: fast, flat around the size at which it lost (W_max), fast again beyond:
 *
 *	W(t) = 0.4 * (t - K)^3 + W_max,   K such that W(0) is the window after the loss      (4.2)
 *
 * but never slower than Reno would (W_est, 4.3). Before the first loss it is hybrid slow start (hybrid.h) or HyStart++ (hystart.h), whose
 * state and the cubic's are never needed together. All in integers: bytes and milliseconds; how much is to be acknowledged for one
 * segment more is computed anew when the window has changed, or 31 ms after (Linux: HZ / 32), and no ACK in between divides.
 *
 * Linux, and we: W is what it will be the shortest round trip from now, not this one; while nobody knows where it would lose (before the
 * first loss, after a timeout) it grows by a segment for 20 at least. */
#include "cc/cc.h"
#include "cc/hybrid.h"
#include "cc/hystart.h"

struct cubic {
	uint32_t epoch_ms; /* when this growth began; 0: not yet */
	uint32_t seen_ms; /* the last ACK that came while the window was made use of */
	uint32_t prior; /* cwnd before the last reduction; 0: not known */
	uint32_t origin; /* the plateau of this growth: W_max, or where it began */
	uint32_t undo_prior; /* and before that, low bit as `lower` */
	uint32_t k_ms, w_est, est_acked;
	uint32_t per : 31; /* bytes acknowledged for one segment more; 0: to be computed */
	uint32_t lower : 1; /* fast convergence: W_max is below prior */
};

struct cubic_room {
	uint32_t min_us; /* the shortest round trip; 0: none yet */
	union {
		struct hystart start; /* ssthresh is infinite; its setting says which of both */
		struct hybrid hybrid;
		struct cubic cubic;
	};
};
static_assert(sizeof(struct cubic_room) <= sizeof(((struct cc *)0)->priv), "an algorithm's room");

enum { TIME_MAX_MS = 1 << 20, STALE_MASK_MS = 31, BLIND_SEGMENTS = 20 };

static struct cubic_room *room_of(struct cc *c)
{
	return (struct cubic_room *)c->priv;
}

static struct cubic *cubic_of(struct cc *c)
{
	return &room_of(c)->cubic;
}

static void forget(struct cc *c)
{
	*room_of(c) = (struct cubic_room){ .min_us = room_of(c)->min_us };
}

static uint32_t ms_of(uint64_t us)
{
	return (uint32_t)(us / 1000);
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

/* --- before the first loss --- */

static bool is_plus(const struct cc_ack *a)
{
	return !a->start || a->start->detect & CC_START_PLUS;
}

/* Linux: whether the window grows by this one or not. */
static void acked(struct cc *c, const struct cc_ack *a)
{
	struct cubic_room *r = room_of(c);
	if (!a->rtt_us)
		return;
	r->min_us = r->min_us ? MIN(r->min_us, a->rtt_us) : a->rtt_us;
	if (c->ssthresh != UINT32_MAX || is_plus(a) || !hybrid_is_full(&r->hybrid, c, a, r->min_us))
		return;
	c->ssthresh = c->cwnd;
	forget(c);
}

static uint32_t slow_start(struct cc *c, const struct cc_ack *a)
{
	if (c->ssthresh != UINT32_MAX || !is_plus(a))
		return cc_slow_start(c, a->bytes);
	uint32_t rest = hystart_acked(&room_of(c)->start, c, a);
	if (c->ssthresh != UINT32_MAX)
		forget(c);
	return rest;
}

/* --- the cubic --- */

/* 4.7: who lost below where he lost before leaves room for others. */
static uint32_t w_max_of(const struct cubic *q)
{
	return q->lower ? (uint32_t)((uint64_t)q->prior * 17 / 20) : q->prior;
}

/* 4.2, fig. 2: K = cbrt((W_max - cwnd) / 0.4) seconds, windows in segments. */
static void epoch_begin(struct cc *c, struct cubic *q, uint32_t now_ms)
{
	q->origin = MAX(w_max_of(q), c->cwnd);
	q->epoch_ms = MAX(now_ms, 1U);
	q->w_est = c->cwnd;
	q->est_acked = 0;
	q->per = 0;
	uint64_t below = q->origin - c->cwnd;
	q->k_ms = cube_root(below * 2500 / c->mss * 1000000);
}

/* 4.2, fig. 1, in bytes; may be below zero. */
static int64_t window_at(const struct cc *c, const struct cubic *q, uint32_t t_ms)
{
	int64_t d = (int64_t)MIN(t_ms, (uint32_t)TIME_MAX_MS) - q->k_ms;
	return d * d * d / 1000000 * c->mss / 2500 + q->origin;
}

/* 4.3: W_est grows by alpha segments in a round trip, 3 * (1 - beta) / (1 + beta) = 9 / 17 until it is back where it was; where that
 * is not known, for ever (Linux). Returns the bytes for one segment more that bring the window there in a round trip. */
static uint32_t reno_per_segment(const struct cc *c, struct cubic *q)
{
	uint32_t per = !q->prior || q->w_est < q->prior ? (uint32_t)((uint64_t)c->cwnd * 17 / 9) : c->cwnd;
	for (; q->est_acked >= per; q->est_acked -= per)
		q->w_est += c->mss;
	if (q->w_est <= c->cwnd)
		return INT32_MAX;
	return (uint32_t)MAX((uint64_t)c->cwnd * c->mss / (q->w_est - c->cwnd), (uint64_t)1);
}

/* 4.4 and 4.5: (target - cwnd) / cwnd segments for each segment acknowledged, 1.5 * cwnd being the most. */
static uint32_t bytes_per_segment(const struct cc *c, const struct cubic *q, uint32_t t_ms, uint32_t rtt_ms)
{
	int64_t target = MIN(window_at(c, q, t_ms + rtt_ms), (int64_t)c->cwnd + c->cwnd / 2);
	uint32_t blind = q->prior ? INT32_MAX : BLIND_SEGMENTS * c->mss;
	if (target <= c->cwnd)
		return blind;
	uint64_t per = (uint64_t)c->cwnd * c->mss / (uint64_t)(target - c->cwnd);
	return (uint32_t)MIN(MAX(per, (uint64_t)1), (uint64_t)blind);
}

static void avoid(struct cc *c, const struct cc_ack *a)
{
	struct cubic *q = cubic_of(c);
	uint32_t now_ms = ms_of(a->now_us), before = c->cwnd;
	if (!q->epoch_ms)
		epoch_begin(c, q, now_ms);
	if ((now_ms ^ q->seen_ms) & ~(uint32_t)STALE_MASK_MS)
		q->per = 0;
	q->seen_ms = now_ms;
	q->est_acked += a->bytes;
	if (!q->per) {
		uint32_t reno = reno_per_segment(c, q), per;
		per = bytes_per_segment(c, q, now_ms - q->epoch_ms, ms_of(room_of(c)->min_us));
		q->per = MAX(MIN(per, reno), 2 * c->mss); /* Linux: one for two at most */
	}
	if (q->per != INT32_MAX)
		cc_grow(c, a->bytes, q->per);
	if (c->cwnd != before)
		q->per = 0;
}

/* --- losses and pauses --- */

/* 4.6. Before the first loss there was another state here. 4.8: after a timeout a new W_max is looked for. */
static uint32_t ssthresh(struct cc *c, enum cc_why why)
{
	struct cubic *q = cubic_of(c);
	if (c->ssthresh == UINT32_MAX)
		forget(c);
	q->undo_prior = (q->prior & ~1U) | q->lower;
	q->lower = c->cwnd < w_max_of(q);
	q->prior = why == CC_TIMEOUT ? 0 : c->cwnd;
	q->epoch_ms = 0;
	return (uint32_t)((uint64_t)c->cwnd * 7 / 10);
}

/* 4.9: all as it was; the time of the epoch is not known any more, a new one begins. */
static void undo(struct cc *c)
{
	struct cubic *q = cubic_of(c);
	if (c->ssthresh == UINT32_MAX) {
		forget(c);
		return;
	}
	q->prior = q->undo_prior & ~1U;
	q->lower = q->undo_prior & 1;
	q->epoch_ms = 0;
}

static void restart(struct cc *c)
{
	if (c->ssthresh != UINT32_MAX)
		cubic_of(c)->epoch_ms = 0;
	else
		forget(c);
}

/* 4.2: t leaves out what time nothing was sent. */
static void resume(struct cc *c, uint64_t now_us, uint64_t idle_us)
{
	struct cubic *q = cubic_of(c);
	if (c->ssthresh == UINT32_MAX || !q->epoch_ms)
		return;
	q->epoch_ms = MAX(MIN(q->epoch_ms + ms_of(idle_us), ms_of(now_us)), 1U);
}

const struct cc_ops cc_cubic = {
	.name = "cubic",
	.slow_start = slow_start,
	.acked = acked,
	.avoid = avoid,
	.ssthresh = ssthresh,
	.undo = undo,
	.restart = restart,
	.resume = resume,
};

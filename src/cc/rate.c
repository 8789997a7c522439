/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: the rate of delivery is what was delivered between two moments: when a segment P was sent, and when it was
 * acknowledged. So with what is sent it is noted how much was delivered by then (a mark), and the acknowledgment of P gives a sample:
 *
 *	bytes = delivered - P.delivered,   time = max(ack phase, send phase)		(3.1.3, 3.3)
 *	ack phase = now - P.delivered_us,  send phase = P.sent_us - P.first_us
 *
 * The longer of the phases, so that ACKs that come in a bunch do not make the way look faster than it was fed. A sample during which the
 * sender had nothing to send says less about the way than about the program (app_limited, 3.4), and one that took less than the
 * smallest round trip says nothing.
 *
 * Linux keeps a mark with each segment. Here they are few in a ring, found by the time at which the segment was sent, which the log of
 * what is under way has anyhow: all that leaves in a microsecond shares one, and when the ring is full every second one goes and the gap
 * between them is doubled. A segment without a mark of its own is judged by the one before: that sample is as true, and a little longer. */
#include "cc/rate.h"

static bool is_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static struct cc_mark *mark_at(struct cc_rate *r, unsigned i)
{
	return &r->marks[(r->first + i) % CC_MARKS];
}

static void thin_out(struct cc_rate *r)
{
	r->gap_us = MAX((mark_at(r, r->n - 1U)->sent_us - mark_at(r, 0)->sent_us) / (CC_MARKS / 2), 1U);
	for (unsigned i = 1; i < CC_MARKS / 2; i++)
		*mark_at(r, i) = *mark_at(r, i * 2);
	r->n = CC_MARKS / 2;
}

void cc_rate_sent(struct cc_rate *r, uint32_t now_us, uint32_t flight, uint32_t bytes)
{
	if (!flight) { /* 3.2: a new flight begins */
		r->first_us = r->delivered_us = now_us;
		r->n = 0;
		r->gap_us = 0;
	}
	if (r->n) {
		struct cc_mark *last = mark_at(r, r->n - 1U);
		if (last->sent_us == now_us)
			last->flight += bytes;
		if (now_us - last->sent_us <= r->gap_us)
			return;
		if (r->n == CC_MARKS)
			thin_out(r);
		else if (r->n < CC_MARKS / 4)
			r->gap_us /= 2;
	}
	*mark_at(r, r->n++) = (struct cc_mark){ .sent_us = now_us,
						.delivered = r->delivered,
						.delivered_us = r->delivered_us,
						.first_us = r->first_us,
						.lost = r->lost,
						.flight = (flight + bytes) & INT32_MAX,
						.app_limited = r->app_limited };
}

/* The last at or before that time; those before it are not needed any more. NULL: none. */
static struct cc_mark *mark_of(struct cc_rate *r, uint32_t sent_us)
{
	unsigned lo = 0, hi = r->n;
	while (lo < hi) {
		unsigned mid = (lo + hi) / 2;
		if (is_before(sent_us, mark_at(r, mid)->sent_us))
			hi = mid;
		else
			lo = mid + 1;
	}
	if (!lo)
		return NULL;
	r->first = (uint8_t)((r->first + lo - 1) % CC_MARKS);
	r->n = (uint8_t)(r->n - (lo - 1));
	return mark_at(r, 0);
}

/* What TCP_INFO tells: a sample that the program limited counts only when it is faster all the same. */
static void remember(struct cc_rate *r, const struct cc_sample *s)
{
	if (s->app_limited && (uint64_t)s->bytes * r->best_us < (uint64_t)r->best_bytes * s->us)
		return;
	r->best_bytes = s->bytes;
	r->best_us = s->us;
	r->best_app_limited = s->app_limited;
}

void cc_rate_sample(struct cc_rate *r, uint32_t now_us, uint32_t bytes, uint32_t sent_us, uint32_t min_rtt_us,
		    struct cc_sample *ret)
{
	const struct cc_mark *m = mark_of(r, sent_us);
	r->delivered += bytes;
	r->delivered_us = now_us;
	ret->newly = bytes;
	ret->newly_lost = r->lost - r->lost_seen;
	r->lost_seen = r->lost;
	if (r->app_limited && is_before(r->app_end, r->delivered))
		r->app_limited = false;
	if (!m)
		return;
	uint32_t ack_us = now_us - m->delivered_us, send_us = sent_us - m->first_us;
	if (!is_before(sent_us, r->first_us))
		r->first_us = sent_us;
	ret->prior_delivered = m->delivered;
	ret->bytes = r->delivered - m->delivered;
	ret->lost = r->lost - m->lost;
	ret->tx_flight = m->flight;
	ret->app_limited = m->app_limited;
	ret->us = MAX(ack_us, send_us);
	if (ret->us < min_rtt_us) /* 3.3: too short to be true */
		ret->us = 0;
	else if (ret->us)
		remember(r, ret);
}

uint64_t cc_rate_bytes_per_s(const struct cc_rate *r)
{
	return r->best_us ? (uint64_t)r->best_bytes * 1000000 / r->best_us : 0;
}

/* --- the smallest of a time --- */

static uint32_t fresh_start(struct cc_min *m, struct cc_min_at s)
{
	m->best[0] = m->best[1] = m->best[2] = s;
	return s.v;
}

/* The best has grown old, or a quarter or half of the window has passed without a second or third. */
static uint32_t grow_older(struct cc_min *m, uint32_t window_us, struct cc_min_at s)
{
	uint32_t age = s.at_us - m->best[0].at_us;
	if (age > window_us) {
		m->best[0] = m->best[1];
		m->best[1] = m->best[2];
		m->best[2] = s;
		if (s.at_us - m->best[0].at_us > window_us) {
			m->best[0] = m->best[1];
			m->best[1] = m->best[2];
		}
	} else if (m->best[1].at_us == m->best[0].at_us && age > window_us / 4) {
		m->best[1] = m->best[2] = s;
	} else if (m->best[2].at_us == m->best[1].at_us && age > window_us / 2) {
		m->best[2] = s;
	}
	return m->best[0].v;
}

uint32_t cc_min_add(struct cc_min *m, uint32_t window_us, uint32_t now_us, uint32_t v)
{
	struct cc_min_at s = { now_us, v };
	if (!m->best[0].v || v <= m->best[0].v || now_us - m->best[2].at_us > window_us)
		return fresh_start(m, s);
	if (v <= m->best[1].v)
		m->best[1] = m->best[2] = s;
	else if (v <= m->best[2].v)
		m->best[2] = s;
	return grow_older(m, window_us, s);
}

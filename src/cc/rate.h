/* SPDX-License-Identifier: BSD-2-Clause */
/* How fast data is delivered (draft-cheng-iccrg-delivery-rate-estimation, the semantics of Linux's tcp_rate.c), and the smallest round
 * trip of a time. A transport says when bytes leave, are delivered, are lost; with each acknowledgment it gets a sample. */
#ifndef LEAT_CC_RATE_H
#define LEAT_CC_RATE_H

#include "base/base.h"

/* What was known when something was sent. Times are the lower bits of microseconds, numbers of bytes go round. */
struct cc_mark {
	uint32_t sent_us;
	uint32_t delivered, delivered_us; /* until then; when the last of it was */
	uint32_t first_us; /* when what was delivered last had been sent */
	uint32_t lost;
	uint32_t flight : 31, app_limited : 1; /* flight: with what was sent */
};

enum { CC_MARKS = 16 };

struct cc_rate {
	uint32_t delivered, delivered_us, first_us, lost, lost_seen;
	/* `delivered` at which a sample is the way's again, not the application's; if app_limited. */
	uint32_t app_end;
	uint32_t best_bytes, best_us; /* the last sample that says what the way can do */
	uint8_t first, n; /* marks, a ring in the order of time */
	bool app_limited, best_app_limited;
	uint32_t gap_us; /* between marks, at least */
	struct cc_mark marks[CC_MARKS];
};

/* Of one acknowledgment. */
struct cc_sample {
	uint32_t bytes, us; /* delivered in how long; us 0: nothing can be said */
	uint32_t prior_delivered; /* when the newest of what it acknowledges was sent */
	uint32_t newly, newly_lost; /* bytes delivered and lost since the last sample */
	uint32_t lost; /* since that was sent */
	uint32_t tx_flight, prior_flight, flight; /* then; before this acknowledgment; now */
	bool app_limited;
};

/* Bytes leave, `flight` being under way before them. */
void cc_rate_sent(struct cc_rate *r, uint32_t now_us, uint32_t flight, uint32_t bytes);
/* `bytes` were delivered; the newest of them was sent at sent_us. */
void cc_rate_sample(struct cc_rate *r, uint32_t now_us, uint32_t bytes, uint32_t sent_us, uint32_t min_rtt_us,
		    struct cc_sample *ret);
/* There is nothing to send, and the window would let out more. */
static inline void cc_rate_app_limited(struct cc_rate *r, uint32_t flight)
{
	r->app_end = r->delivered + MAX(flight, 1U);
	r->app_limited = true;
}
uint64_t cc_rate_bytes_per_s(const struct cc_rate *r); /* 0: not known */

/* --- the smallest of a time --- */

/* Kathleen Nichols' filter (Linux: win_minmax.c): the best, the second and the third best of a window, each younger than the one before,
 * so that there is one to fall back on when the best is too old. */
struct cc_min {
	struct cc_min_at {
		uint32_t at_us, v;
	} best[3];
};
/* Returns the smallest of the last window_us. */
uint32_t cc_min_add(struct cc_min *m, uint32_t window_us, uint32_t now_us, uint32_t v);

#endif

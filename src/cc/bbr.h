/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of BBR share: bbr.c (states and control), bbr_model.c (what is known of the path). Names of members are those of
 * draft-ietf-ccwg-bbr as far as they are not longer than this code can bear. */
#ifndef LEAT_CC_BBR_H
#define LEAT_CC_BBR_H

#include "cc/cc.h"

enum bbr_state {
	BBR_STARTUP,
	BBR_DRAIN,
	BBR_DOWN, /* ProbeBW, its four phases */
	BBR_CRUISE,
	BBR_REFILL,
	BBR_UP,
	BBR_PROBE_RTT,
	BBR_STATES
};

/* 5.3.3.6: what acknowledgments that come now tell of. */
enum bbr_acks { BBR_ACKS_INIT, BBR_ACKS_REFILLING, BBR_ACKS_STARTING, BBR_ACKS_FEEDBACK, BBR_ACKS_STOPPING };

/* Rates in bytes a second, amounts in bytes; times are the lower bits of microseconds. */
struct bbr {
	uint64_t bw_filter[2]; /* max_bw of the cycle before and of this one */
	uint64_t bw; /* min(max_bw, bw_shortterm) */
	uint64_t bw_shortterm, bw_latest, full_bw;
	uint64_t pacing_rate; /* 0: not known yet */

	uint32_t inflight_longterm, inflight_shortterm, inflight_latest; /* UINT32_MAX: no bound */
	uint32_t delivered; /* C.delivered */
	uint32_t next_round, loss_round; /* delivered at which a round ends */
	uint32_t round_delivered, round_lost; /* what it was when the round began */
	uint32_t extra_acked[2], extra_delivered, extra_since_us;
	uint32_t min_rtt_us, min_rtt_at_us, probe_min_us, probe_min_at_us;
	uint32_t probe_rtt_done_us, cycle_at_us, probe_wait_us;
	uint32_t probe_up_per, probe_up_acked; /* bytes acknowledged for one segment more */
	uint32_t prior_cwnd, random;

	uint8_t state; /* enum bbr_state */
	uint8_t acks; /* enum bbr_acks */
	uint8_t full_bw_count, up_rounds, rounds_since_probe, extra_rounds, loss_events;
	bool begun : 1, round_start : 1, loss_round_start : 1, loss_in_round : 1;
	bool full_bw_now : 1, full_bw_reached : 1, probe_samples : 1, idle_restart : 1;
	bool has_probe_rtt_done : 1, probe_rtt_round_done : 1, in_loss : 1;
};
static_assert(sizeof(struct bbr) <= CC_LARGE_BYTES, "what a transport lends");

/* What an acknowledgment brings, worked out once. */
struct bbr_ack {
	const struct cc_ack *a;
	const struct cc_sample *s;
	uint64_t rate; /* RS.delivery_rate; 0: none */
	uint32_t now_us;
};

static inline struct bbr *bbr_of(const struct cc *c)
{
	return c->large;
}
/* C * UINT16 / 256: gains and other fractions */
static inline uint64_t bbr_part(uint64_t v, uint32_t of_256)
{
	return v * of_256 >> 8;
}
static inline uint64_t bbr_max_bw(const struct bbr *b)
{
	return MAX(b->bw_filter[0], b->bw_filter[1]);
}
static inline bool bbr_is_probing_bw(const struct bbr *b) /* the phases of ProbeBW */
{
	return b->state >= BBR_DOWN && b->state <= BBR_UP;
}

enum {
	BBR_BETA = 179, /* 0.7 */
	BBR_HEADROOM = 218, /* 0.85 is used */
	BBR_GAIN_ONE = 256,
	BBR_MIN_PIPE_SEGMENTS = 4,
};

/* --- bbr_model.c --- */

void bbr_model_reset_short(struct bbr *b);
void bbr_model_reset_signals(struct bbr *b);
void bbr_model_reset_full(struct bbr *b, uint64_t rate);
void bbr_model_start_round(struct bbr *b);
void bbr_model_take(struct cc *c, struct bbr *b,
		    const struct bbr_ack *k); /* rounds, bandwidth, losses, aggregation */
void bbr_model_advance(struct bbr *b, const struct bbr_ack *k); /* when everything else is done */
void bbr_model_next_cycle(struct bbr *b);
uint32_t bbr_bdp(const struct cc *c, const struct bbr *b, uint64_t bw, uint32_t gain);
uint32_t bbr_inflight(const struct cc *c, const struct bbr *b, uint32_t gain); /* of max_bw */
uint32_t bbr_min_pipe(const struct cc *c);
bool bbr_too_much(const struct cc_sample *s); /* 5.3.3.6: more than 2 % of it was lost */

#endif

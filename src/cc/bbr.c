/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: BBR, version 3 (draft-ietf-ccwg-bbr). It does not wait for losses to tell how much is too much. From samples of
 * delivery it knows how fast the bottleneck is (max_bw), from the smallest round trip how long the way is without queues (min_rtt);
 * their product is what the way holds. It paces at what the bottleneck does, and keeps about twice the product under way at most.
 * Both numbers have to be asked for, the one by sending a little more than the way takes, the other by sending a little less, so it goes
 * round through states:
 *
 *	STARTUP --- no faster any more, or losses ---> DRAIN --- the queue is gone ---> DOWN -> CRUISE -> REFILL -> UP --+
 *	                                                                                 ^                               |
 *	                                                                                 +------ enough, or losses ------+
 *	PROBE_RTT: for 200 ms, when the smallest round trip is 5 s old: half of what the way holds; then back to where it was
 *
 * Losses bound it twice: inflight_longterm is what was under way when UP lost more than 2 %, and UP probes from there slowly, then
 * faster; bw_shortterm and inflight_shortterm are what is left of rate and flight after losses at other times, until REFILL forgets
 * them. Every so often (2 to 3 s, and no more seldom than Reno would need to fill the path) it probes, so it finds room, and
 * leaves some for others.
 *
 * The pacing rate and the window are the only output (bbr_control()); the transport's recovery decides what is sent, and not how much
 * (CC_OWNS_WINDOW). Left out: ECN; losses are judged when acknowledgments come and not segment by segment (5.5.10.2), so
 * inflight_longterm is the flight of what was acknowledged last. One division in an acknowledgment is for the rate of its sample. */
#include "cc/bbr.h"

#include <string.h>

enum {
	MIN_RTT_LEN_US = 10000000, /* MinRTTFilterLen */
	PROBE_RTT_EVERY_US = 5000000, /* ProbeRTTInterval */
	PROBE_RTT_US = 200000, /* ProbeRTTDuration */
	PROBE_WAIT_US = 2000000, /* and up to a second more */
	RENO_ROUNDS_MAX = 63,
	FULL_ROUNDS = 3,
	FULL_GROWTH = 320, /* 1.25 */
	FULL_LOSSES = 6, /* StartupFullLossCnt */
	PACED_PART = 253, /* PacingMarginPercent: 1 % less */
	UP_ROUNDS_MAX = 15,
};

/* 5.1, 5.6: of 256. */
static const struct gains {
	uint16_t pacing, cwnd;
} gains[BBR_STATES] = {
	[BBR_STARTUP] = { 709, 512 }, /* 4 * ln 2 */
	[BBR_DRAIN] = { 89, 512 }, /* the draft: 0.5; Linux: 1 / 2.885 */
	[BBR_DOWN] = { 230, 512 }, /* 0.9 */
	[BBR_CRUISE] = { 256, 512 },    [BBR_REFILL] = { 256, 512 }, [BBR_UP] = { 320, 576 }, /* 1.25, 2.25 */
	[BBR_PROBE_RTT] = { 256, 128 },
};

/* --- numbers --- */

/* Spreads probes of flows that share a way; nothing else hangs on it. */
static uint32_t chance(struct bbr *b, uint32_t n)
{
	b->random = b->random * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)b->random * n >> 32);
}

static bool is_later(uint32_t now_us, uint32_t than_us)
{
	return (int32_t)(now_us - than_us) > 0;
}

static uint32_t target(const struct cc *c, const struct bbr *b)
{
	return MIN(bbr_bdp(c, b, b->bw, BBR_GAIN_ONE), c->cwnd);
}

/* 5.6.4.7: some room is left for others. */
static uint32_t with_headroom(const struct cc *c, const struct bbr *b)
{
	if (b->inflight_longterm == UINT32_MAX)
		return UINT32_MAX;
	uint32_t n = (uint32_t)bbr_part(b->inflight_longterm, BBR_HEADROOM);
	n = MIN(n, b->inflight_longterm > c->mss ? b->inflight_longterm - c->mss : 0);
	return MAX(n, bbr_min_pipe(c));
}

static uint32_t probe_rtt_cwnd(const struct cc *c, const struct bbr *b)
{
	return MAX(bbr_bdp(c, b, b->bw, gains[BBR_PROBE_RTT].cwnd), bbr_min_pipe(c));
}

static void save_cwnd(struct cc *c, struct bbr *b)
{
	b->prior_cwnd = !b->in_loss && b->state != BBR_PROBE_RTT ? c->cwnd : MAX(b->prior_cwnd, c->cwnd);
}

/* --- phases of ProbeBW (5.3.3) --- */

static void go_down(struct bbr *b, uint32_t now_us)
{
	bbr_model_reset_signals(b);
	b->probe_up_per = UINT32_MAX;
	b->rounds_since_probe = (uint8_t)chance(b, 2);
	b->probe_wait_us = PROBE_WAIT_US + chance(b, 1000000);
	b->cycle_at_us = now_us;
	b->acks = BBR_ACKS_STOPPING;
	bbr_model_start_round(b);
	b->state = BBR_DOWN;
}

static void refill(struct bbr *b)
{
	bbr_model_reset_short(b);
	b->up_rounds = 0;
	b->probe_up_acked = 0;
	b->acks = BBR_ACKS_REFILLING;
	bbr_model_start_round(b);
	b->state = BBR_REFILL;
}

/* 5.3.3.4: what was too much once is passed slowly, then twice as fast in each round. */
static void raise_slope(struct cc *c, struct bbr *b)
{
	b->probe_up_per = MAX(c->cwnd >> b->up_rounds, c->mss);
	b->up_rounds += b->up_rounds < UP_ROUNDS_MAX;
}

static void go_up(struct cc *c, struct bbr *b, const struct bbr_ack *k)
{
	b->acks = BBR_ACKS_STARTING;
	bbr_model_start_round(b);
	bbr_model_reset_full(b, k->rate);
	b->cycle_at_us = k->now_us;
	b->state = BBR_UP;
	raise_slope(c, b);
}

/* 5.3.3.8: Reno would lose once in so many round trips; who waits longer gets less than it. */
static bool time_to_probe(struct cc *c, struct bbr *b, uint32_t now_us)
{
	uint32_t reno = MIN(target(c, b) / c->mss, (uint32_t)RENO_ROUNDS_MAX);
	if (now_us - b->cycle_at_us <= b->probe_wait_us && b->rounds_since_probe < reno)
		return false;
	refill(b);
	return true;
}

static bool time_to_cruise(const struct cc *c, const struct bbr *b, uint32_t flight)
{
	return flight <= with_headroom(c, b) && flight <= bbr_inflight(c, b, BBR_GAIN_ONE);
}

static bool time_to_go_down(const struct cc *c, struct bbr *b, const struct bbr_ack *k)
{
	if (k->a->limited && c->cwnd >= b->inflight_longterm) /* the bound kept the rate from growing */
		bbr_model_reset_full(b, k->rate);
	return b->full_bw_now;
}

/* --- what a phase has found out: 5.3.3.6 --- */

static void probe_upward(struct cc *c, struct bbr *b, const struct bbr_ack *k)
{
	if (!k->a->limited || c->cwnd < b->inflight_longterm)
		return;
	for (b->probe_up_acked += k->s->newly; b->probe_up_acked >= b->probe_up_per;
	     b->probe_up_acked -= b->probe_up_per)
		b->inflight_longterm += c->mss;
	if (b->round_start)
		raise_slope(c, b);
}

static void handle_too_much(struct cc *c, struct bbr *b, const struct bbr_ack *k)
{
	b->probe_samples = false;
	if (!k->s->app_limited)
		b->inflight_longterm = MAX(k->s->tx_flight, (uint32_t)bbr_part(target(c, b), BBR_BETA));
	if (b->state == BBR_UP)
		go_down(b, k->now_us);
}

static void adapt_longterm(struct cc *c, struct bbr *b, const struct bbr_ack *k)
{
	if (b->acks == BBR_ACKS_STARTING && b->round_start)
		b->acks = BBR_ACKS_FEEDBACK;
	if (b->acks == BBR_ACKS_STOPPING && b->round_start) {
		b->probe_samples = false;
		b->acks = BBR_ACKS_INIT;
		if (bbr_is_probing_bw(b) && !k->s->app_limited)
			bbr_model_next_cycle(b);
	}
	if (bbr_too_much(k->s)) {
		if (b->probe_samples)
			handle_too_much(c, b, k);
		return;
	}
	if (b->inflight_longterm == UINT32_MAX)
		return;
	b->inflight_longterm = MAX(b->inflight_longterm, k->s->tx_flight);
	if (b->state == BBR_UP)
		probe_upward(c, b, k);
}

static void next_phase(struct cc *c, struct bbr *b, const struct bbr_ack *k)
{
	if (!b->full_bw_reached)
		return;
	adapt_longterm(c, b, k);
	switch (b->state) {
	case BBR_DOWN:
		if (!time_to_probe(c, b, k->now_us) && time_to_cruise(c, b, k->s->flight))
			b->state = BBR_CRUISE;
		break;
	case BBR_CRUISE:
		time_to_probe(c, b, k->now_us);
		break;
	case BBR_REFILL: /* a round at what the way takes: the queue that UP fills is its own */
		if (b->round_start) {
			b->probe_samples = true;
			go_up(c, b, k);
		}
		break;
	case BBR_UP:
		if (time_to_go_down(c, b, k))
			go_down(b, k->now_us);
		break;
	default:
		break;
	}
}

/* --- Startup and Drain --- */

/* 5.3.1.2: three rounds without a quarter more. */
static void check_full_bw(struct bbr *b, const struct bbr_ack *k)
{
	if (b->full_bw_now || !b->round_start || k->s->app_limited || !k->rate)
		return;
	if (k->rate >= bbr_part(b->full_bw, FULL_GROWTH)) {
		bbr_model_reset_full(b, k->rate);
		return;
	}
	b->full_bw_now = ++b->full_bw_count >= FULL_ROUNDS;
	b->full_bw_reached |= b->full_bw_now;
}

/* 5.3.1.3: six times in a round, and more than 2 % of it. */
static void check_startup_losses(struct cc *c, struct bbr *b, const struct bbr_ack *k)
{
	if (!b->loss_round_start)
		return;
	if (b->loss_events >= FULL_LOSSES && bbr_too_much(k->s)) {
		b->full_bw_reached = true;
		b->inflight_longterm = MAX(bbr_bdp(c, b, bbr_max_bw(b), BBR_GAIN_ONE), b->inflight_latest);
	}
	b->loss_events = 0;
}

static void leave_startup(struct cc *c, struct bbr *b, const struct bbr_ack *k)
{
	if (b->state == BBR_STARTUP) {
		check_startup_losses(c, b, k);
		if (b->full_bw_reached)
			b->state = BBR_DRAIN;
	}
	if (b->state == BBR_DRAIN && k->s->flight <= bbr_inflight(c, b, BBR_GAIN_ONE))
		go_down(b, k->now_us);
}

/* --- the smallest round trip (5.3.4) --- */

static void leave_probe_rtt(struct cc *c, struct bbr *b, uint32_t now_us)
{
	if (!b->has_probe_rtt_done || !is_later(now_us, b->probe_rtt_done_us))
		return;
	b->probe_min_at_us = now_us;
	c->cwnd = MAX(c->cwnd, b->prior_cwnd);
	bbr_model_reset_short(b);
	b->state = BBR_STARTUP;
	if (b->full_bw_reached) {
		go_down(b, now_us);
		b->state = BBR_CRUISE;
	}
}

static void probe_rtt(struct cc *c, struct bbr *b, const struct bbr_ack *k)
{
	if (!b->has_probe_rtt_done) {
		if (k->s->flight > probe_rtt_cwnd(c, b))
			return;
		b->has_probe_rtt_done = true;
		b->probe_rtt_done_us = k->now_us + PROBE_RTT_US;
		b->probe_rtt_round_done = false;
		bbr_model_start_round(b);
		return;
	}
	b->probe_rtt_round_done |= b->round_start;
	if (b->probe_rtt_round_done)
		leave_probe_rtt(c, b, k->now_us);
}

static void take_min_rtt(struct cc *c, struct bbr *b, const struct bbr_ack *k)
{
	bool stale = k->now_us - b->probe_min_at_us > PROBE_RTT_EVERY_US;
	uint32_t rtt = k->a->rtt_us;
	if (rtt && (rtt < b->probe_min_us || stale)) {
		b->probe_min_us = rtt;
		b->probe_min_at_us = k->now_us;
	}
	if (b->probe_min_us <= b->min_rtt_us || k->now_us - b->min_rtt_at_us > MIN_RTT_LEN_US) {
		b->min_rtt_us = b->probe_min_us;
		b->min_rtt_at_us = b->probe_min_at_us;
	}
	if (stale && b->state != BBR_PROBE_RTT && !b->idle_restart) {
		save_cwnd(c, b);
		b->state = BBR_PROBE_RTT;
		b->has_probe_rtt_done = false;
		b->acks = BBR_ACKS_STOPPING;
		bbr_model_start_round(b);
	}
	if (b->state == BBR_PROBE_RTT)
		probe_rtt(c, b, k);
	b->idle_restart = false;
}

/* --- control (5.6) --- */

static void set_pacing(struct bbr *b, uint32_t gain)
{
	uint64_t rate = bbr_part(bbr_part(b->bw, gain), PACED_PART);
	if (b->full_bw_reached || rate > b->pacing_rate)
		b->pacing_rate = rate;
}

/* 5.6.4.7 */
static uint32_t bound_by_model(const struct cc *c, const struct bbr *b)
{
	uint32_t cap = UINT32_MAX;
	if (bbr_is_probing_bw(b) && b->state != BBR_CRUISE)
		cap = b->inflight_longterm;
	else if (b->state == BBR_PROBE_RTT || b->state == BBR_CRUISE)
		cap = with_headroom(c, b);
	cap = MIN(cap, b->inflight_shortterm);
	return MAX(cap, bbr_min_pipe(c));
}

static void set_cwnd(struct cc *c, struct bbr *b, const struct bbr_ack *k)
{
	uint32_t extra = MAX(b->extra_acked[0], b->extra_acked[1]);
	uint32_t most = bbr_inflight(c, b, gains[b->state].cwnd) + extra;
	if (b->full_bw_reached)
		c->cwnd = MIN(c->cwnd + k->s->newly, most);
	else if (c->cwnd < most || b->delivered < cc_initial_window(c->mss))
		cc_widen(c, k->s->newly);
	if (b->state == BBR_PROBE_RTT)
		c->cwnd = MIN(c->cwnd, probe_rtt_cwnd(c, b));
	c->cwnd = MIN(c->cwnd, bound_by_model(c, b));
	c->cwnd = MAX(c->cwnd, bbr_min_pipe(c));
}

static void begin(struct bbr *b, const struct bbr_ack *k)
{
	b->begun = true;
	b->extra_since_us = b->probe_min_at_us = b->min_rtt_at_us = k->now_us;
	b->probe_min_us = b->min_rtt_us = k->a->rtt_us    ? k->a->rtt_us
					  : k->a->srtt_us ? k->a->srtt_us
							  : UINT32_MAX;
	b->random = k->a->nxt ^ k->now_us;
}

static void control(struct cc *c, const struct cc_ack *a)
{
	struct bbr *b = bbr_of(c);
	const struct cc_sample *s = a->rate;
	struct bbr_ack k = { .a = a, .s = s, .now_us = (uint32_t)a->now_us };
	if (s->us)
		k.rate = (uint64_t)s->bytes * 1000000 / s->us;
	if (!b->begun)
		begin(b, &k);
	b->in_loss &= a->recovering;
	bbr_model_take(c, b, &k);
	check_full_bw(b, &k);
	leave_startup(c, b, &k);
	next_phase(c, b, &k);
	take_min_rtt(c, b, &k);
	bbr_model_advance(b, &k);
	set_pacing(b, gains[b->state].pacing);
	set_cwnd(c, b, &k);
}

/* --- the rest of the table --- */

static void init(struct cc *c)
{
	struct bbr *b = bbr_of(c);
	memset(b, 0, sizeof *b);
	bbr_model_reset_short(b);
	b->inflight_longterm = UINT32_MAX;
	b->min_rtt_us = b->probe_min_us = UINT32_MAX;
	c->ssthresh = UINT32_MAX;
}

/* 5.6.4.4: the window is the model's business; it comes back to what it was when all is repaired. */
static uint32_t ssthresh(struct cc *c, enum cc_why why)
{
	struct bbr *b = bbr_of(c);
	if (b)
		save_cwnd(c, b);
	return c->ssthresh;
}

/* A timeout: what filled the way once is not known to do so now. */
static void restart(struct cc *c)
{
	struct bbr *b = bbr_of(c);
	if (!b)
		return;
	b->in_loss = true;
	bbr_model_reset_full(b, 0);
	bool probes = b->state == BBR_STARTUP || b->state == BBR_REFILL || b->state == BBR_UP;
	if (!probes && b->inflight_shortterm == UINT32_MAX)
		b->inflight_shortterm = b->prior_cwnd;
}

/* The losses were none: bounds that came of them go. */
static void undo(struct cc *c)
{
	struct bbr *b = bbr_of(c);
	b->in_loss = false;
	bbr_model_reset_full(b, 0);
	bbr_model_reset_short(b);
	b->loss_in_round = false;
}

/* 5.4.1: after a pause at what the way is known to take, without a burst. */
static void resume(struct cc *c, uint64_t now_us, uint64_t idle_us)
{
	struct bbr *b = bbr_of(c);
	if (!b || !b->begun)
		return;
	b->idle_restart = true;
	b->extra_since_us = (uint32_t)now_us;
	b->extra_delivered = 0;
	if (bbr_is_probing_bw(b))
		set_pacing(b, BBR_GAIN_ONE);
	else if (b->state == BBR_PROBE_RTT)
		leave_probe_rtt(c, b, (uint32_t)now_us);
}

static uint64_t pacing(const struct cc *c)
{
	const struct bbr *b = bbr_of(c);
	return b ? b->pacing_rate : 0;
}

const struct cc_ops cc_bbr = {
	.name = "bbr",
	.flags = CC_PACES | CC_OWNS_WINDOW,
	.large_bytes = sizeof(struct bbr),
	.init = init,
	.control = control,
	.ssthresh = ssthresh,
	.undo = undo,
	.restart = restart,
	.resume = resume,
	.pacing = pacing,
};

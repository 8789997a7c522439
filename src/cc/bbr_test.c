/* SPDX-License-Identifier: BSD-2-Clause */
/* BBR over a link in a queue of its own: packets leave by its pacing rate and window, wait at the bottleneck, and are acknowledged one
 * by one. Whatever is lost is told to the sender when the packet behind it is acknowledged. */
#include "bbr.c"

#include "base/test.h"

enum { MSS = 1000, MS = 1000, SEC = 1000000, RING = 4096, STEP_US = 10 };

struct link {
	struct cc c;
	uint64_t area[CC_LARGE_BYTES / 8];
	struct cc_rate rate;
	uint64_t now_us, next_ns, busy_us;
	uint32_t bytes_per_ms, delay_us, queue; /* delay: there and back; queue: packets */
	uint32_t lose_every; /* 0: never */
	struct {
		uint64_t sent_us, acked_us;
		bool lost;
	} p[RING];
	uint32_t head, tail; /* acknowledged, sent */
	uint32_t lost, most_queued;
	unsigned seen; /* states, a bit each */
	bool app_slow; /* the program sends a packet each 10 ms */
};

static void fresh(struct link *l)
{
	*l = (struct link){ .now_us = SEC, .bytes_per_ms = 1000, .delay_us = 40 * MS, .queue = 100 };
	cc_init(&l->c, &cc_bbr, MSS);
	cc_lend(&l->c, l->area);
}

static struct bbr *state_of(struct link *l)
{
	return bbr_of(&l->c);
}

static uint32_t flight(const struct link *l)
{
	return (l->tail - l->head) * MSS;
}

static void send_one(struct link *l)
{
	uint64_t start = MAX(l->busy_us, l->now_us), takes = (uint64_t)MSS * 1000 / l->bytes_per_ms;
	uint32_t queued = (uint32_t)((start - l->now_us) / takes);
	bool lost = queued >= l->queue || (l->lose_every && l->tail % l->lose_every == l->lose_every - 1);
	cc_rate_sent(&l->rate, (uint32_t)l->now_us, flight(l), MSS);
	if (!lost) {
		l->busy_us = start + takes;
		l->most_queued = MAX(l->most_queued, queued);
	}
	l->p[l->tail % RING].lost = lost;
	l->p[l->tail % RING].sent_us = l->now_us;
	l->p[l->tail++ % RING].acked_us = (lost ? start : l->busy_us) + l->delay_us;
	uint64_t rate = l->c.ops->pacing(&l->c);
	uint64_t gap_ns = l->app_slow ? 10 * MS * 1000 : rate ? (uint64_t)MSS * SEC * 1000 / rate : 0;
	l->next_ns = MAX(l->next_ns, (l->now_us - STEP_US) * 1000) + gap_ns; /* a step late is no delay */
}

static void take_one(struct link *l)
{
	struct cc_sample s = { .prior_flight = flight(l) };
	uint64_t sent_us = l->p[l->head % RING].sent_us;
	bool lost = l->p[l->head++ % RING].lost;
	l->lost += lost;
	l->rate.lost += lost ? MSS : 0;
	if (lost)
		return;
	s.flight = flight(l);
	cc_rate_sample(&l->rate, (uint32_t)l->now_us, MSS, (uint32_t)sent_us, 0, &s);
	const struct cc_ack a = { .bytes = MSS,
				  .una = l->head * MSS,
				  .nxt = l->tail * MSS,
				  .rtt_us = (uint32_t)(l->now_us - sent_us),
				  .srtt_us = l->delay_us,
				  .now_us = l->now_us,
				  .limited = flight(l) + 2 * MSS > l->c.cwnd,
				  .rate = &s };
	cc_acked(&l->c, &a);
	l->seen |= 1U << state_of(l)->state;
}

static void run(struct link *l, uint32_t ms)
{
	for (uint64_t until = l->now_us + ms * (uint64_t)MS; l->now_us < until; l->now_us += STEP_US) {
		while (l->head != l->tail && l->p[l->head % RING].acked_us <= l->now_us)
			take_one(l);
		while (l->next_ns <= l->now_us * 1000 && flight(l) + MSS <= l->c.cwnd)
			send_one(l);
		if (l->app_slow)
			cc_rate_app_limited(&l->rate, flight(l));
	}
}

static void startup_finds_what_the_link_does(void **state)
{
	struct link l;
	fresh(&l);
	run(&l, 1000);
	assert_true(state_of(&l)->full_bw_reached);
	assert_in_range(bbr_max_bw(state_of(&l)), 950000, 1050000);
	assert_int_equal(state_of(&l)->min_rtt_us / MS, 41);
	assert_true(l.seen & 1 << BBR_DRAIN);
	assert_true(bbr_is_probing_bw(state_of(&l)));
}

/* 4 * ln 2 and 2: no state has more under way than these times what the way holds. */
static void it_goes_round_and_keeps_the_queue_short(void **state)
{
	struct link l;
	fresh(&l);
	run(&l, 2000);
	l.seen = l.most_queued = 0;
	uint32_t sent = l.head;
	run(&l, 10000);
	assert_int_equal(l.seen >> BBR_DOWN & 31, 31); /* all phases, and ProbeRTT */
	assert_in_range(l.head - sent, 9000, 10000); /* of 1000 packets a second */
	assert_in_range(l.most_queued, 1, 60);
	assert_int_equal(l.lost, 0);
}

/* 5.3.4: for 200 ms, with half of what the way holds. */
static void the_smallest_round_trip_is_asked_for(void **state)
{
	struct link l;
	fresh(&l);
	run(&l, 4000);
	l.delay_us = 60 * MS; /* longer now */
	l.seen = 0;
	run(&l, 16000);
	assert_true(l.seen & 1 << BBR_PROBE_RTT);
	assert_in_range(state_of(&l)->min_rtt_us, 60 * MS, 64 * MS);
	assert_int_not_equal(state_of(&l)->state, BBR_STARTUP);
}

static void a_short_queue_bounds_what_is_under_way(void **state)
{
	struct link l;
	fresh(&l);
	l.queue = 8;
	run(&l, 3000);
	assert_int_not_equal(state_of(&l)->inflight_longterm, UINT32_MAX);
	uint32_t lost = l.lost, head = l.head;
	run(&l, 20000);
	assert_in_range(l.lost - lost, 0, (l.head - head) * 3 / 100);
	assert_in_range(l.head - head, 17000, 20000);
}

static void random_losses_do_not_stop_it(void **state)
{
	struct link l;
	fresh(&l);
	l.bytes_per_ms = 10000; /* 400 packets are under way, of which 2 are lost */
	l.queue = 1000;
	l.lose_every = 200;
	run(&l, 3000);
	uint32_t head = l.head;
	run(&l, 5000);
	assert_in_range(l.head - head, 38000, 50500); /* CRUISE gives way a little with each round */
}

static void a_program_that_rests_is_not_a_slow_link(void **state)
{
	struct link l;
	fresh(&l);
	run(&l, 2000);
	l.app_slow = true;
	run(&l, 1500);
	assert_in_range(bbr_max_bw(state_of(&l)), 900000, 1100000);
}

/* 5.5.6: what was true two cycles ago is forgotten. */
static void a_slower_link_is_noticed(void **state)
{
	struct link l;
	fresh(&l);
	run(&l, 3000);
	l.bytes_per_ms = 300;
	run(&l, 12000);
	assert_in_range(bbr_max_bw(state_of(&l)), 280000, 360000);
	l.bytes_per_ms = 2000;
	run(&l, 20000);
	assert_in_range(bbr_max_bw(state_of(&l)), 1800000, 2100000);
}

static void losses_taken_back_leave_no_bound(void **state)
{
	struct link l;
	fresh(&l);
	run(&l, 2000);
	uint32_t cwnd = l.c.cwnd;
	assert_true(cc_reduced(&l.c, CC_TIMEOUT) == UINT32_MAX);
	l.c.ops->restart(&l.c);
	l.c.cwnd = MSS;
	state_of(&l)->bw_shortterm = 1000;
	cc_undo(&l.c, cwnd, UINT32_MAX);
	assert_int_equal(l.c.cwnd, cwnd);
	assert_true(state_of(&l)->bw_shortterm == UINT64_MAX);
}

static void without_its_area_it_leaves_the_window_alone(void **state)
{
	struct cc c;
	const struct cc_sample s = { 0 };
	const struct cc_ack a = { .bytes = MSS, .grows = true, .rate = &s };
	cc_init(&c, &cc_bbr, MSS);
	cc_acked(&c, &a);
	assert_int_equal(c.cwnd, cc_initial_window(MSS));
	assert_int_equal(c.ops->pacing(&c), 0);
	c.ops->restart(&c);
	cc_undo(&c, 20 * MSS, UINT32_MAX);
	assert_int_equal(c.cwnd, 20 * MSS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(startup_finds_what_the_link_does),
		cmocka_unit_test(it_goes_round_and_keeps_the_queue_short),
		cmocka_unit_test(the_smallest_round_trip_is_asked_for),
		cmocka_unit_test(a_short_queue_bounds_what_is_under_way),
		cmocka_unit_test(random_losses_do_not_stop_it),
		cmocka_unit_test(a_program_that_rests_is_not_a_slow_link),
		cmocka_unit_test(a_slower_link_is_noticed),
		cmocka_unit_test(losses_taken_back_leave_no_bound),
		cmocka_unit_test(without_its_area_it_leaves_the_window_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

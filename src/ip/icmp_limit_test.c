/* SPDX-License-Identifier: BSD-2-Clause */
#include "icmp_limit.c"

#include <string.h>

#include "base/test.h"

static struct icmp_limit_conf conf;
static struct lcore lc;
static struct leat_stack st;
static struct worker w = { .lc = &lc, .st = &st };

static struct icmp_limit *setup(uint32_t per_sec, uint32_t burst, unsigned n_workers)
{
	static struct icmp_limit l;
	memset(&l, 0, sizeof l);
	conf = (struct icmp_limit_conf){ per_sec, burst };
	st.state[MODULE_icmp4] = &conf;
	st.hash_key = (struct sipkey){ { 7, 9 } };
	st.n_workers = n_workers;
	w.index = 0;
	lc.now_us = 1000;
	return &l;
}

static unsigned take_all(struct icmp_limit *l, uint32_t peer_ms)
{
	unsigned n = 0;
	for (uint64_t who = 2; icmp_limit_take(&w, l, who * 0x9e3779b97f4a7c15, peer_ms); who++)
		assert_true(++n < 100000);
	return n;
}

static void burst_and_rate_hold_on_average_but_cannot_be_counted(void **state)
{
	struct icmp_limit *l = setup(ICMP_LIMIT_PER_SEC, ICMP_LIMIT_BURST, 1);
	unsigned seen[200] = { 0 }, sum = 0, differ = 0;
	for (unsigned i = 0; i < 1000; i++) {
		lc.now_us += 1000000;
		unsigned n = take_all(l, 0);
		assert_in_range(n, ICMP_LIMIT_BURST / 2, 199);
		sum += n;
		differ += !seen[n]++;
	}
	assert_in_range(sum, 49 * 1000, 52 * 1000);
	assert_true(differ > 10);
	sum = 0;
	for (unsigned i = 0; i < 10000; i++, lc.now_us += 1000)
		sum += take_all(l, 0);
	assert_in_range(sum, 9700, 10400);
}

static void nothing_at_all_where_the_knobs_say_so(void **state)
{
	struct icmp_limit *l = setup(0, 50, 1);
	assert_false(icmp_limit_take(&w, l, 2, 0));
	l = setup(50, 0, 1);
	assert_false(icmp_limit_take(&w, l, 2, 0));
	l = setup(2000000, 1, 1); /* more often than microseconds can tell */
	assert_true(icmp_limit_take(&w, l, 2, 0));
}

static void workers_share_the_rate_and_each_has_some(void **state)
{
	unsigned sum = 0;
	struct icmp_limit *l = setup(1000, 50, 3);
	for (w.index = 0; w.index < 3; w.index++) {
		sum += share(&w, 1000);
		assert_in_range(share(&w, 50), 16, 17);
		assert_int_equal(share(&w, 1), 1);
		assert_int_equal(share(&w, 0), 0);
	}
	assert_int_equal(sum, 1000);
	w.index = 2;
	assert_in_range(take_all(l, 0), 8, 60);
}

static void one_destination_is_told_six_times_and_then_once_a_period(void **state)
{
	struct icmp_limit *l = setup(1000000, 1000000, 1);
	for (unsigned i = 0; i < ICMP_PEER_BURST; i++)
		assert_true(icmp_limit_take(&w, l, 42, 1000));
	assert_false(icmp_limit_take(&w, l, 42, 1000));
	assert_true(icmp_limit_take(&w, l, 44, 1000)); /* others are others */
	lc.now_us += 999999;
	assert_false(icmp_limit_take(&w, l, 42, 1000));
	lc.now_us++;
	assert_true(icmp_limit_take(&w, l, 42, 1000));
	assert_false(icmp_limit_take(&w, l, 42, 1000));
	assert_true(icmp_limit_take(&w, l, 42, 0));
	lc.now_us += 3600u * 1000000;
	for (unsigned i = 0; i < ICMP_PEER_BURST; i++)
		assert_true(icmp_limit_take(&w, l, 42, 1000));
	assert_false(icmp_limit_take(&w, l, 42, 1000));
}

static void what_a_destinations_own_bucket_refuses_costs_others_nothing(void **state)
{
	struct icmp_limit *l = setup(10, 20, 1);
	for (unsigned i = 0; i < ICMP_PEER_BURST; i++)
		assert_true(icmp_limit_take(&w, l, 42, 1000));
	uint64_t was = l->full_us;
	for (unsigned i = 0; i < 100; i++)
		assert_false(icmp_limit_take(&w, l, 42, 1000));
	assert_int_equal(l->full_us, was);
}

/* The one who has had most is remembered longest. */
static void strangers_push_each_other_out_before_a_busy_one(void **state)
{
	struct icmp_limit *l = setup(1000000, 1000000, 1);
	const uint64_t busy = 1;
	for (unsigned i = 0; i < ICMP_PEER_BURST; i++)
		icmp_limit_take(&w, l, busy, 1000);
	for (uint64_t i = 1; i < 100; i++)
		assert_true(icmp_limit_take(&w, l, busy + 2 * i * ICMP_PEER_SETS, 1000));
	assert_false(icmp_limit_take(&w, l, busy, 1000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(burst_and_rate_hold_on_average_but_cannot_be_counted),
		cmocka_unit_test(nothing_at_all_where_the_knobs_say_so),
		cmocka_unit_test(workers_share_the_rate_and_each_has_some),
		cmocka_unit_test(one_destination_is_told_six_times_and_then_once_a_period),
		cmocka_unit_test(what_a_destinations_own_bucket_refuses_costs_others_nothing),
		cmocka_unit_test(strangers_push_each_other_out_before_a_busy_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

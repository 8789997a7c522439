/* SPDX-License-Identifier: BSD-2-Clause */
#include "hybrid.c"

#include "base/test.h"

enum { MSS = 1000, MS = 1000 };

static uint32_t una;
static uint64_t now_us;
static struct cc c;
static struct hybrid h;
static struct cc_start start;

static void fresh(uint8_t detect, uint32_t segs)
{
	una = 0;
	now_us = 0;
	h = (struct hybrid){ 0 };
	start = (struct cc_start){ .detect = detect, .low_window = 16, .ack_delta_us = 2 * MS };
	cc_init(&c, &cc_cubic, MSS);
	c.cwnd = segs * MSS;
}

static bool ack(uint32_t rtt_us, uint32_t min_us, bool paced)
{
	una += MSS;
	const struct cc_ack a = { .bytes = MSS,
				  .una = una,
				  .nxt = una + c.cwnd,
				  .rtt_us = rtt_us,
				  .now_us = now_us,
				  .start = &start,
				  .paced = paced };
	return hybrid_is_full(&h, &c, &a, min_us);
}

static void nine_longer_round_trips_end_it(void **state)
{
	fresh(CC_START_DELAY, 20);
	for (unsigned i = 0; i < 8; i++)
		assert_false(ack(217 * MS, 200 * MS, false));
	assert_true(ack(217 * MS, 200 * MS, false)); /* an eighth is 25 ms, and 16 ms the most */
}

static void one_short_round_trip_among_them_is_enough_not_to(void **state)
{
	fresh(CC_START_DELAY, 20);
	for (unsigned i = 0; i < 8; i++)
		assert_false(ack(240 * MS, 200 * MS, false));
	assert_false(ack(200 * MS, 200 * MS, false));
	assert_false(ack(240 * MS, 200 * MS, false));
}

static void small_windows_are_let_alone(void **state)
{
	fresh(CC_START_DELAY, 15);
	for (unsigned i = 0; i < 15; i++)
		assert_false(ack(400 * MS, 200 * MS, false));
}

/* ACKs a millisecond apart: after more than 10 ms, the half of 20. */
static void a_train_of_half_a_round_trip_ends_it(void **state)
{
	fresh(CC_START_TRAIN, 100);
	for (; now_us <= 10 * MS; now_us += MS)
		assert_false(ack(20 * MS, 20 * MS, false));
	assert_true(ack(20 * MS, 20 * MS, false));
}

static void paced_trains_may_be_as_long_as_a_round_trip(void **state)
{
	fresh(CC_START_TRAIN, 100);
	for (; now_us <= 20 * MS; now_us += MS)
		assert_false(ack(20 * MS, 20 * MS, true));
	assert_true(ack(20 * MS, 20 * MS, true));
}

static void a_train_with_a_gap_is_none(void **state)
{
	fresh(CC_START_TRAIN, 100);
	for (; now_us <= 40 * MS; now_us += 3 * MS)
		assert_false(ack(20 * MS, 20 * MS, false));
}

static void a_new_round_counts_anew(void **state)
{
	fresh(CC_START_DELAY, 16);
	for (unsigned round = 0; round < 3; round++) {
		uint32_t end = h.begun ? h.round_end : 0;
		for (unsigned i = 0; i < 7; i++)
			assert_false(ack(400 * MS, 200 * MS, false));
		una = end + 20 * MSS * (round + 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nine_longer_round_trips_end_it),
		cmocka_unit_test(one_short_round_trip_among_them_is_enough_not_to),
		cmocka_unit_test(small_windows_are_let_alone),
		cmocka_unit_test(a_train_of_half_a_round_trip_ends_it),
		cmocka_unit_test(paced_trains_may_be_as_long_as_a_round_trip),
		cmocka_unit_test(a_train_with_a_gap_is_none),
		cmocka_unit_test(a_new_round_counts_anew),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

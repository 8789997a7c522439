/* SPDX-License-Identifier: BSD-2-Clause */
#include "cc.c"

#include "base/test.h"

enum { MSS = 1000 };

static void ack(struct cc *c, uint32_t bytes, uint64_t now_us)
{
	const struct cc_ack a = { .bytes = bytes, .now_us = now_us, .srtt_us = 100000 };
	cc_acked(c, &a);
}

/* A round trip: a window's worth, segment by segment. */
static void round_trip(struct cc *c, uint64_t now_us)
{
	for (uint32_t n = c->cwnd / MSS; n; n--)
		ack(c, MSS, now_us);
}

static void slow_start_doubles(void **state)
{
	struct cc c;
	cc_init(&c, &cc_reno, MSS);
	assert_int_equal(c.cwnd, 10 * MSS);
	round_trip(&c, 0);
	assert_int_equal(c.cwnd, 20 * MSS);
}

static void slow_start_ends_at_ssthresh(void **state)
{
	struct cc c;
	cc_init(&c, &cc_reno, MSS);
	c.ssthresh = 12 * MSS;
	round_trip(&c, 0);
	assert_int_equal(c.cwnd, 12 * MSS);
}

static void reno_grows_by_one_in_a_round_trip_and_halves(void **state)
{
	struct cc c;
	cc_init(&c, &cc_reno, MSS);
	c.ssthresh = c.cwnd;
	round_trip(&c, 0);
	assert_int_equal(c.cwnd, 11 * MSS);
	assert_int_equal(c.ops->ssthresh(&c), 11 * MSS / 2);
	c.cwnd = MSS;
	assert_int_equal(c.ops->ssthresh(&c), 2 * MSS); /* RFC 5681, eqn. 4 */
}

/* RFC 9438, 4.2: after K seconds it is where it lost. W_max 1000 segments: K = cbrt(300 / 0.4) = 9.09 s. */
static void cubic_is_back_after_k(void **state)
{
	struct cc c;
	uint64_t now = 1000000;
	cc_init(&c, &cc_cubic, MSS);
	c.cwnd = 1000 * MSS;
	c.ssthresh = c.ops->ssthresh(&c);
	c.cwnd = c.ssthresh;
	assert_int_equal(c.cwnd, 700 * MSS);
	for (; now < 1000000 + 4500000; now += 100000)
		round_trip(&c, now);
	assert_in_range(c.cwnd, 950 * MSS, 970 * MSS); /* at half of K: 1000 - 0.4 * 4.5^3 = 963 */
	for (; now < 1000000 + 9090000; now += 100000)
		round_trip(&c, now);
	assert_in_range(c.cwnd, 990 * MSS, 1010 * MSS);
	for (; now < 1000000 + 18000000; now += 100000)
		round_trip(&c, now);
	assert_in_range(c.cwnd, 1230 * MSS, 1330 * MSS); /* 1000 + 0.4 * 8.9^3 = 1282 */
}

/* RFC 9438, 4.3: with small windows Reno is faster. */
static void cubic_is_no_slower_than_reno(void **state)
{
	struct cc c;
	cc_init(&c, &cc_cubic, MSS);
	c.cwnd = 10 * MSS;
	c.ssthresh = c.ops->ssthresh(&c);
	c.cwnd = c.ssthresh;
	for (unsigned i = 0; i < 10; i++)
		round_trip(&c, 1000000 + i * 10000);
	assert_in_range(c.cwnd, 11 * MSS, 14 * MSS);
}

/* RFC 9438, 4.7 */
static void cubic_leaves_room_when_it_loses_early(void **state)
{
	struct cc c;
	cc_init(&c, &cc_cubic, MSS);
	c.cwnd = 100 * MSS;
	c.cwnd = c.ssthresh = c.ops->ssthresh(&c);
	c.cwnd = c.ssthresh = c.ops->ssthresh(&c);
	assert_int_equal(c.cwnd, 49 * MSS);
	uint64_t now = 1000000;
	for (; now < 1000000 + 2500000; now += 100000) /* flat around 70 * 0.85 = 59.5 */
		round_trip(&c, now);
	assert_in_range(c.cwnd, 58 * MSS, 64 * MSS);
}

static void algorithms_have_names(void **state)
{
	assert_ptr_equal(cc_find("reno"), &cc_reno);
	assert_ptr_equal(cc_find("cubic"), &cc_cubic);
	assert_null(cc_find("tahoe"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slow_start_doubles),
		cmocka_unit_test(slow_start_ends_at_ssthresh),
		cmocka_unit_test(reno_grows_by_one_in_a_round_trip_and_halves),
		cmocka_unit_test(cubic_is_back_after_k),
		cmocka_unit_test(cubic_is_no_slower_than_reno),
		cmocka_unit_test(cubic_leaves_room_when_it_loses_early),
		cmocka_unit_test(algorithms_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "cc.c"

#include "base/test.h"

enum { MSS = 1000 };

static uint32_t una;

static void ack_with(struct cc *c, uint32_t bytes, uint64_t now_us, bool ece)
{
	una += bytes;
	const struct cc_ack a = { .bytes = bytes,
				  .una = una,
				  .nxt = una + c->cwnd,
				  .now_us = now_us,
				  .srtt_us = 100000,
				  .rtt_us = 100000,
				  .grows = true,
				  .ece = ece };
	cc_acked(c, &a);
}

static void ack(struct cc *c, uint32_t bytes, uint64_t now_us)
{
	ack_with(c, bytes, now_us, false);
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
	assert_int_equal(cc_reduced(&c, CC_LOSS), 11 * MSS / 2);
	c.cwnd = MSS;
	assert_int_equal(cc_reduced(&c, CC_LOSS), 2 * MSS); /* RFC 5681, eqn. 4 */
}

/* RFC 9438, 4.2: after K seconds it is where it lost. W_max 1000 segments: K = cbrt(300 / 0.4) = 9.09 s. */
static void cubic_is_back_after_k(void **state)
{
	struct cc c;
	uint64_t now = 1000000;
	cc_init(&c, &cc_cubic, MSS);
	c.cwnd = 1000 * MSS;
	c.ssthresh = cc_reduced(&c, CC_LOSS);
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
	c.ssthresh = cc_reduced(&c, CC_LOSS);
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
	c.cwnd = c.ssthresh = cc_reduced(&c, CC_LOSS);
	c.cwnd = c.ssthresh = cc_reduced(&c, CC_LOSS);
	assert_int_equal(c.cwnd, 49 * MSS);
	uint64_t now = 1000000;
	for (; now < 1000000 + 2500000; now += 100000) /* flat around 70 * 0.85 = 59.5 */
		round_trip(&c, now);
	assert_in_range(c.cwnd, 58 * MSS, 64 * MSS);
}

/* RFC 9438, 4.9: it was reordering. */
static void cubic_takes_a_loss_back(void **state)
{
	struct cc c;
	cc_init(&c, &cc_cubic, MSS);
	c.cwnd = 200 * MSS;
	c.cwnd = c.ssthresh = cc_reduced(&c, CC_LOSS);
	uint32_t cwnd = c.cwnd, ssthresh = c.ssthresh;
	c.cwnd = c.ssthresh = cc_reduced(&c, CC_LOSS);
	cc_undo(&c, cwnd, ssthresh);
	assert_int_equal(c.cwnd, 140 * MSS);
	assert_int_equal(c.ssthresh, 140 * MSS);
	for (uint64_t now = 1000000; now < 6300000; now += 100000) /* K = cbrt(60 / 0.4) = 5.3 s */
		round_trip(&c, now);
	assert_in_range(c.cwnd, 196 * MSS, 204 * MSS);
}

/* RFC 9438, 4.2: t stands still while nothing is sent. */
static void cubic_does_not_grow_by_resting(void **state)
{
	struct cc c;
	cc_init(&c, &cc_cubic, MSS);
	c.cwnd = 1000 * MSS;
	c.cwnd = c.ssthresh = cc_reduced(&c, CC_LOSS);
	round_trip(&c, 1000000);
	c.ops->resume(&c, 61000000, 60000000);
	round_trip(&c, 61000000);
	assert_in_range(c.cwnd, 700 * MSS, 740 * MSS);
}

static void bic_searches(void **state)
{
	struct cc c;
	uint64_t now = 1000000;
	cc_init(&c, &cc_bic, MSS);
	c.cwnd = 1000 * MSS;
	c.cwnd = c.ssthresh = cc_reduced(&c, CC_LOSS);
	assert_int_equal(c.cwnd, 800 * MSS);
	round_trip(&c, now += 100000);
	assert_in_range(c.cwnd, 814 * MSS, 818 * MSS); /* far: 16 */
	for (unsigned i = 0; i < 15; i++)
		round_trip(&c, now += 100000);
	assert_in_range(c.cwnd, 960 * MSS, 1000 * MSS);
	uint32_t before = c.cwnd;
	for (unsigned i = 0; i < 10; i++)
		round_trip(&c, now += 100000);
	assert_in_range(c.cwnd, before + 5 * MSS, 1003 * MSS); /* near: slowly */
	for (unsigned i = 0; i < 60; i++)
		round_trip(&c, now += 100000);
	assert_in_range(c.cwnd, 1100 * MSS, 2000 * MSS); /* and away */
}

static void bic_is_reno_when_small(void **state)
{
	struct cc c;
	cc_init(&c, &cc_bic, MSS);
	c.cwnd = c.ssthresh = 12 * MSS;
	round_trip(&c, 1000000);
	assert_int_equal(c.cwnd, 13 * MSS);
	assert_int_equal(cc_reduced(&c, CC_LOSS), 13 * MSS / 2);
}

/* RFC 8257, 3.3: half of it marked, for long: a quarter less. */
static void dctcp_gives_up_what_was_marked(void **state)
{
	struct cc c;
	cc_init(&c, &cc_dctcp, MSS);
	assert_int_equal(cc_reduced(&c, CC_ECE), 5 * MSS); /* nothing is known: all */
	c.ssthresh = 1;
	for (unsigned i = 0; i < 100; i++) {
		c.cwnd = 100 * MSS;
		for (unsigned k = 0; k < 100; k++)
			ack_with(&c, MSS, 1000000, k % 2);
	}
	c.cwnd = 100 * MSS;
	assert_in_range(cc_reduced(&c, CC_ECE), 74 * MSS, 76 * MSS);
	assert_int_equal(cc_reduced(&c, CC_LOSS), 50 * MSS); /* 3.5 */
	for (unsigned i = 0; i < 200; i++) {
		c.cwnd = 100 * MSS;
		round_trip(&c, 1000000);
	}
	assert_true(cc_reduced(&c, CC_ECE) >= c.cwnd); /* nothing for long: nothing */
}

static void algorithms_have_names(void **state)
{
	assert_ptr_equal(cc_find("reno"), &cc_reno);
	assert_ptr_equal(cc_find("cubic"), &cc_cubic);
	assert_null(cc_find("tahoe"));
	for (unsigned i = 0; cc_get(i); i++) {
		assert_int_equal(cc_number(cc_get(i)), i);
		assert_ptr_equal(cc_find(cc_name(i)), cc_get(i));
		assert_true(strlen(cc_name(i)) < CC_NAME_MAX);
	}
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
		cmocka_unit_test(cubic_takes_a_loss_back),
		cmocka_unit_test(cubic_does_not_grow_by_resting),
		cmocka_unit_test(bic_searches),
		cmocka_unit_test(bic_is_reno_when_small),
		cmocka_unit_test(dctcp_gives_up_what_was_marked),
		cmocka_unit_test(algorithms_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

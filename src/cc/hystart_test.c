/* SPDX-License-Identifier: BSD-2-Clause */
#include "hystart.c"

#include "base/test.h"

enum { MSS = 1000, MS = 1000 };

static uint32_t una;
static struct cc c;
static struct hystart h;

static void fresh(void)
{
	una = 0;
	h = (struct hystart){ 0 };
	cc_init(&c, &cc_cubic, MSS);
}

/* A window's worth of acknowledgments, each with this round trip. */
static void round_of(uint32_t rtt_us)
{
	for (uint32_t n = c.cwnd / MSS, nxt = una + c.cwnd; n; n--) {
		una += MSS;
		const struct cc_ack a = { .bytes = MSS, .una = una, .nxt = nxt + MSS, .rtt_us = rtt_us };
		if (c.cwnd < c.ssthresh)
			hystart_acked(&h, &c, &a);
	}
}

static void it_doubles_while_the_way_stays_as_long(void **state)
{
	fresh();
	for (unsigned i = 0; i < 5; i++)
		round_of(50 * MS);
	assert_int_equal(c.cwnd, 320 * MSS);
	assert_int_equal(c.ssthresh, UINT32_MAX);
}

static void a_longer_way_slows_it_and_then_ends_it(void **state)
{
	fresh();
	round_of(50 * MS);
	round_of(50 * MS);
	round_of(60 * MS); /* 50 / 8 is less */
	assert_in_range(c.cwnd, 45 * MSS,
			70 * MSS); /* a quarter of 40 and what came before the eighth sample */
	assert_int_equal(h.css_round, 1);
	uint32_t before = c.cwnd;
	round_of(60 * MS);
	assert_in_range(c.cwnd, before * 5 / 4 - MSS, before * 5 / 4 + MSS);
	for (unsigned i = 0; i < 4; i++)
		round_of(61 * MS);
	assert_int_equal(c.ssthresh, c.cwnd); /* five rounds */
}

static void noise_is_forgiven(void **state)
{
	fresh();
	round_of(50 * MS);
	round_of(50 * MS);
	round_of(60 * MS);
	assert_int_equal(h.css_round, 1);
	round_of(51 * MS);
	assert_int_equal(h.css_round, 0);
	uint32_t before = c.cwnd;
	round_of(51 * MS);
	assert_int_equal(c.cwnd, 2 * before);
}

/* 4.3: 4 ms at least, and 16 ms at most. */
static void thresholds_have_bounds(void **state)
{
	fresh();
	round_of(8 * MS);
	round_of(11 * MS);
	assert_int_equal(h.css_round, 0);
	round_of(15 * MS);
	assert_int_equal(h.css_round, 1);
	fresh();
	round_of(400 * MS);
	round_of(417 * MS);
	assert_int_equal(h.css_round, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_doubles_while_the_way_stays_as_long),
		cmocka_unit_test(a_longer_way_slows_it_and_then_ends_it),
		cmocka_unit_test(noise_is_forgiven),
		cmocka_unit_test(thresholds_have_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "ip/icmp_limit.h"

#include "base/test.h"

static void burst_then_one_a_millisecond(void **state)
{
	struct icmp_limit l = { 0 };
	for (unsigned i = 0; i < ICMP_LIMIT_BURST; i++)
		assert_true(icmp_limit_take(&l, NULL, 1000));
	assert_false(icmp_limit_take(&l, NULL, 1000));
	assert_false(icmp_limit_take(&l, NULL, 1999));
	assert_true(icmp_limit_take(&l, NULL, 2000));
	assert_false(icmp_limit_take(&l, NULL, 2000));
}

static void rest_fills_the_bucket_and_no_more(void **state)
{
	struct icmp_limit l = { 0 };
	unsigned n = 0;
	for (unsigned i = 0; i < ICMP_LIMIT_BURST; i++)
		icmp_limit_take(&l, NULL, 0);
	while (icmp_limit_take(&l, NULL, 1000000000))
		n++;
	assert_int_equal(n, ICMP_LIMIT_BURST);
}

static void knobs_say_how_many(void **state)
{
	struct icmp_limit_conf c = { .per_sec = 10, .burst = 2 };
	struct icmp_limit l = { 0 };
	assert_true(icmp_limit_take(&l, &c, 5) && icmp_limit_take(&l, &c, 5));
	assert_false(icmp_limit_take(&l, &c, 100004));
	assert_true(icmp_limit_take(&l, &c, 100005));
	c.per_sec = 0;
	assert_false(icmp_limit_take(&l, &c, 1000000000));
	c = (struct icmp_limit_conf){ .per_sec = 2000000 };
	assert_false(icmp_limit_take(&l, &c, 1000000000));
	c.burst = 1;
	assert_true(icmp_limit_take(&l, &c, 1000000000));
	assert_false(icmp_limit_take(&l, &c, 1000000000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(burst_then_one_a_millisecond),
		cmocka_unit_test(rest_fills_the_bucket_and_no_more),
		cmocka_unit_test(knobs_say_how_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

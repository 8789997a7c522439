/* SPDX-License-Identifier: BSD-2-Clause */
#include "ip/icmp_limit.h"

#include "base/test.h"

static void burst_then_one_a_millisecond(void **state)
{
	struct icmp_limit l = { 0 };
	for (unsigned i = 0; i < ICMP_LIMIT_BURST; i++)
		assert_true(icmp_limit_take(&l, 1000));
	assert_false(icmp_limit_take(&l, 1000));
	assert_false(icmp_limit_take(&l, 1999));
	assert_true(icmp_limit_take(&l, 2000));
	assert_false(icmp_limit_take(&l, 2000));
}

static void rest_fills_the_bucket_and_no_more(void **state)
{
	struct icmp_limit l = { 0 };
	unsigned n = 0;
	for (unsigned i = 0; i < ICMP_LIMIT_BURST; i++)
		icmp_limit_take(&l, 0);
	while (icmp_limit_take(&l, 1000000000))
		n++;
	assert_int_equal(n, ICMP_LIMIT_BURST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(burst_then_one_a_millisecond),
		cmocka_unit_test(rest_fills_the_bucket_and_no_more),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

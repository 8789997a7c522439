/* SPDX-License-Identifier: BSD-2-Clause */
#include "ip4_frag.c"

#include "base/test.h"

static void options_for_the_first_fragment_only_become_padding(void **state)
{
	uint8_t opt[12] = {
		IP4_OPT_RECORD_ROUTE, 3, 4, IP4_OPT_ROUTER_ALERT, 4, 0, 0, IP4_OPT_NOP, 68, 4, 5, 0
	};
	const uint8_t want[12] = { 1, 1, 1, IP4_OPT_ROUTER_ALERT, 4, 0, 0, 1, 1, 1, 1, 1 };
	drop_first_only_options(opt, sizeof opt);
	opt[11] = 1; /* the end of the list may stay what it is */
	assert_memory_equal(opt, want, sizeof opt);
}

static void malformed_options_are_left_alone(void **state)
{
	uint8_t opt[4] = { 7, 9, 4, 0 }, was[4];
	memcpy(was, opt, sizeof opt);
	drop_first_only_options(opt, sizeof opt);
	assert_memory_equal(opt, was, sizeof opt);
	uint8_t one[1] = { 7 };
	drop_first_only_options(one, sizeof one);
	assert_int_equal(one[0], 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_for_the_first_fragment_only_become_padding),
		cmocka_unit_test(malformed_options_are_left_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

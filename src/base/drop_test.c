/* SPDX-License-Identifier: BSD-2-Clause */
#include "drop.c"

#include <ctype.h>

#include "base/test.h"

static void names_are_lower_case_with_dashes(void **state)
{
	assert_string_equal(drop_name(DROP_TRUNCATED), "truncated");
	assert_string_equal(drop_name(DROP_IP_TTL_EXPIRED), "ip-ttl-expired");
	assert_string_equal(drop_name(DROP_L4_CSUM), "l4-csum");
	assert_string_equal(drop_name(DROP_NONE), "none");
	for (unsigned i = 0; i < DROP_MAX; i++) {
		for (const char *c = drop_name((enum drop)i); *c; c++)
			assert_true(islower(*c) || isdigit(*c) || *c == '-');
	}
}

static void numbers_past_the_end_have_a_name_too(void **state)
{
	assert_string_equal(drop_name(DROP_MAX), "?");
	assert_string_equal(drop_name((enum drop)255), "?");
	assert_non_null(drop_help((enum drop)255));
}

static void every_reason_is_found_by_its_name_and_has_help(void **state)
{
	for (unsigned i = 1; i < DROP_MAX; i++) {
		assert_int_equal(drop_from_name(drop_name((enum drop)i)), i);
		assert_true(strlen(drop_help((enum drop)i)) > 5);
	}
}

static void unknown_names_give_none(void **state)
{
	assert_int_equal(drop_from_name("no-such-reason"), DROP_NONE);
	assert_int_equal(drop_from_name(""), DROP_NONE);
}

static void what_is_done_is_no_loss(void **state)
{
	assert_true(drop_is_done(DROP_ARP_DONE));
	assert_true(drop_is_done(DROP_TCP_DONE));
	assert_true(drop_is_done(DROP_REASSEMBLED));
	assert_false(drop_is_done(DROP_NONE));
	assert_false(drop_is_done(DROP_IF_DOWN));
	assert_false(drop_is_done(DROP_ARP_NOT_FOR_US));
	assert_false(drop_is_done(DROP_MAX));
	for (unsigned i = 1; i < DROP_MAX; i++) {
		const char *name = drop_name((enum drop)i);
		size_t len = strlen(name);
		if (len > 5 && !strcmp(name + len - 5, "-done"))
			assert_true(drop_is_done((enum drop)i));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_lower_case_with_dashes),
		cmocka_unit_test(numbers_past_the_end_have_a_name_too),
		cmocka_unit_test(every_reason_is_found_by_its_name_and_has_help),
		cmocka_unit_test(unknown_names_give_none),
		cmocka_unit_test(what_is_done_is_no_loss),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "graph/facts.c"

#include "base/test.h"

static void what_was_said_comes_back_in_order(void **state)
{
	struct facts f = { 0 };
	const char *name, *value;
	size_t at = 0;
	fact(&f, "rule", "%u: lookup %s", 32766, "main");
	fact(&f, "empty", "%s", "");
	assert_true(facts_next(&f, &at, &name, &value));
	assert_string_equal(name, "rule");
	assert_string_equal(value, "32766: lookup main");
	assert_true(facts_next(&f, &at, &name, &value));
	assert_string_equal(name, "empty");
	assert_string_equal(value, "");
	assert_false(facts_next(&f, &at, &name, &value));
	assert_string_equal(facts_find(&f, "rule"), "32766: lookup main");
	assert_null(facts_find(&f, "route"));
}

static void what_has_no_room_is_left_out_whole(void **state)
{
	struct facts f = { 0 };
	const char *name, *value;
	unsigned n = 0;
	for (unsigned i = 0; i < 100; i++)
		fact(&f, "name", "%0250u", i);
	for (size_t at = 0; facts_next(&f, &at, &name, &value); n++)
		assert_int_equal(strlen(value), 250);
	assert_int_equal(n, FACTS_BYTES / 256);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_said_comes_back_in_order),
		cmocka_unit_test(what_has_no_room_is_left_out_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

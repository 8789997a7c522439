/* SPDX-License-Identifier: BSD-2-Clause */
#include "units.c"

#include "base/test.h"

static void times_have_units(void **state)
{
	static const struct {
		const char *text;
		uint64_t us;
	} good[] = { { "0", 0 },         { "5us", 5 },        { "5ms", 5000 },     { "1.5s", 1500000 },
		     { "0.000001s", 1 }, { "2m", 120000000 }, { "1h", 3600000000 } };
	uint64_t v;
	for (unsigned i = 0; i < ARRAY_SIZE(good); i++) {
		assert_true(unit_time_us(good[i].text, &v));
		assert_int_equal(v, good[i].us);
	}
	static const char *const bad[] = { "",      "5",   "ms",  ".5s",
					   "1.5us", "-1s", "1 s", "99999999999999999999s",
					   "5msx" };
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(unit_time_us(bad[i], &v));
}

static void rates_count_in_thousands(void **state)
{
	uint64_t v;
	assert_true(unit_rate_bps("1G", &v));
	assert_int_equal(v, 1000000000);
	assert_true(unit_rate_bps("2.5M", &v));
	assert_int_equal(v, 2500000);
	assert_true(unit_rate_bps("9600", &v));
	assert_int_equal(v, 9600);
	assert_false(unit_rate_bps("1Gi", &v));
}

static void chances_are_parts_of_one(void **state)
{
	uint32_t v;
	assert_true(unit_chance("0.1%", &v));
	assert_int_equal(v, 1000000);
	assert_true(unit_chance("100%", &v));
	assert_int_equal(v, 1000000000);
	assert_true(unit_chance("0.5", &v));
	assert_int_equal(v, 500000000);
	assert_false(unit_chance("101%", &v));
	assert_false(unit_chance("0.00000001%", &v));
}

static void counts_stay_in_their_range(void **state)
{
	uint32_t v;
	assert_true(unit_u32("10", 1, 10, &v));
	assert_int_equal(v, 10);
	assert_false(unit_u32("11", 1, 10, &v));
	assert_false(unit_u32("0", 1, 10, &v));
	assert_false(unit_u32("1.0", 1, 10, &v));
	assert_false(unit_u32("", 0, 10, &v));
	assert_false(unit_u32("5x", 0, 10, &v));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_have_units),
		cmocka_unit_test(rates_count_in_thousands),
		cmocka_unit_test(chances_are_parts_of_one),
		cmocka_unit_test(counts_stay_in_their_range),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "options.c"

#include "base/test.h"

struct words {
	uint64_t n;
	bool yes;
	char s[8];
	uint8_t mac[6];
};

static const struct dev_option table[] = {
	{ "n", DEV_OPT_U64, offsetof(struct words, n), 1, 256 },
	{ "yes", DEV_OPT_BOOL, offsetof(struct words, yes), 0, 1 },
	{ "s", DEV_OPT_STR, offsetof(struct words, s), 0, 8 },
	{ "mac", DEV_OPT_MAC, offsetof(struct words, mac), 0, 0 },
	{ 0 },
};

static void each_type_is_read(void **state)
{
	struct words w = { 0 };
	char why[100];
	assert_int_equal(dev_options(table, "n=0x10,yes=1,s=seven77,mac=02:00:5e:00:53:FF", &w, why,
				     sizeof why),
			 0);
	assert_int_equal(w.n, 16);
	assert_true(w.yes);
	assert_string_equal(w.s, "seven77");
	assert_memory_equal(w.mac, "\x02\x00\x5e\x00\x53\xff", 6);
	assert_int_equal(dev_options(table, ",,n=256,", &w, why, sizeof why), 0);
	assert_int_equal(w.n, 256);
	assert_int_equal(dev_options(table, "", &w, why, sizeof why), 0);
}

static void what_makes_no_sense_is_named(void **state)
{
	static const char *const bad[] = { "n=0",
					   "n=257",
					   "n=1x",
					   "n=",
					   "n=-1",
					   "n= 1",
					   "n",
					   "yes=2",
					   "s=",
					   "s=eight888",
					   "mac=01:00:00:00:00:00",
					   "mac=0:0:0:0:0:0",
					   "mac=2:0:0:0:0",
					   "mac=2:0:0:0:0:0:0",
					   "other=1",
					   "=1",
					   "n=99999999999999999999" };
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		struct words w = { 0 };
		static const struct words untouched;
		char why[100] = "";
		assert_int_equal(dev_options(table, bad[i], &w, why, sizeof why), -EINVAL);
		assert_true(why[0]);
		assert_memory_equal(&w, &untouched, sizeof w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_type_is_read),
		cmocka_unit_test(what_makes_no_sense_is_named),
	};
	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}

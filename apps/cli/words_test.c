/* SPDX-License-Identifier: BSD-2-Clause */
#include "words.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { LONG_ONLY = 256 };
static const struct cli_option own[] = {
	{ .letter = 'c', .name = "count", .arg = "N", .help = "so many" },
	{ .letter = 'q', .help = "quiet" },
	{ .id = LONG_ONLY, .name = "drops", .help = "drops" },
	{ 0 },
};
static const struct cli_option shared[] = {
	{ .letter = 'n', .arg = "NAME", .help = "the daemon" },
	{ .letter = 'q', .name = "quit", .help = "hidden" },
	{ 0 },
};
static const struct cli_page page = { .program = "p", .options = own, .shared = shared };

static void all_forms_of_values(void **state)
{
	const char *argv[] = { "-c5", "-c", "6", "--count=7", "--count", "8", "--count=", NULL };
	static const char *const want[] = { "5", "6", "7", "8", "" };
	struct cli_words w = { .argv = (char **)argv, .page = &page };

	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(cli_next(&w), 'c');
		assert_string_equal(w.value, want[i]);
	}
	assert_int_equal(cli_next(&w), CLI_END);
}

static void letters_stand_together(void **state)
{
	const char *argv[] = { "-qqc9", "-", NULL };
	struct cli_words w = { .argv = (char **)argv, .page = &page };

	assert_int_equal(cli_next(&w), 'q');
	assert_int_equal(cli_next(&w), 'q');
	assert_int_equal(cli_next(&w), 'c');
	assert_string_equal(w.value, "9");
	assert_int_equal(cli_next(&w), CLI_END);
	assert_string_equal(w.argv[0], "-");
}

static void operands_are_moved_behind(void **state)
{
	const char *argv[] = { "a", "-q", "b", "--drops", "c", "-n", "x", "--", "-q", NULL };
	static const char *const want[] = { "a", "b", "c", "-q", NULL };
	struct cli_words w = { .argv = (char **)argv, .page = &page };

	assert_int_equal(cli_next(&w), 'q');
	assert_int_equal(cli_next(&w), LONG_ONLY);
	assert_int_equal(cli_next(&w), 'n');
	assert_int_equal(cli_next(&w), CLI_END);
	for (unsigned i = 0; i < 5; i++)
		assert_true(want[i] ? !strcmp(w.argv[i], want[i]) : !w.argv[i]);
}

static void options_end_at_the_first_operand_when_in_order(void **state)
{
	const char *argv[] = { "-q", "a", "-q", NULL };
	struct cli_words w = { .argv = (char **)argv, .page = &page, .in_order = true };

	assert_int_equal(cli_next(&w), 'q');
	assert_int_equal(cli_next(&w), CLI_END);
	assert_string_equal(w.argv[0], "a");
	assert_string_equal(w.argv[1], "-q");
}

static void is_bad(const char *a, const char *b, const char *why)
{
	const char *argv[] = { a, b, NULL };
	struct cli_words w = { .argv = (char **)argv, .page = &page };

	assert_int_equal(cli_next(&w), CLI_BAD);
	assert_string_equal(w.why, why);
}

static void mistakes_are_named(void **state)
{
	is_bad("-x", NULL, "unknown option -x");
	is_bad("--dro", NULL, "unknown option --dro");
	is_bad("-c", NULL, "-c needs a value");
	is_bad("--count", NULL, "--count needs a value");
	is_bad("--drops=1", NULL, "--drops=1 takes no value");
}

static void count(const struct cli_option *o, void *ctx)
{
	++*(unsigned *)ctx;
}

static void own_options_hide_shared_ones(void **state)
{
	unsigned n = 0;

	cli_each(&page, count, &n);
	assert_int_equal(n, 4);
	assert_string_equal(cli_find(&page, NULL, 'q')->help, "quiet");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_forms_of_values),
		cmocka_unit_test(letters_stand_together),
		cmocka_unit_test(operands_are_moved_behind),
		cmocka_unit_test(options_end_at_the_first_operand_when_in_order),
		cmocka_unit_test(mistakes_are_named),
		cmocka_unit_test(own_options_hide_shared_ones),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "knob.c"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "core/manual.h"

struct state {
	uint8_t small;
	uint32_t ports[2];
	uint64_t large;
	unsigned changes;
	uint32_t rmem[3];
};

static int check_ports(struct leat_stack *st, struct iface *i, const uint64_t v[KNOB_VALUES])
{
	return v[0] <= v[1] ? 0 : -EINVAL;
}

static void count(struct leat_stack *st, struct iface *i, const struct knob *k)
{
	((struct state *)stack_state(st, MODULE_TEST))->changes++;
}

static const struct knob knobs[] = {
	KNOB("net.small", struct state, small, 7, 1, 9, .changed = count, .help = "a byte"),
	KNOB("net.ports", struct state, ports[0], 100, 0, 65535, .dflt[1] = 200, .more = 1,
	     .check = check_ports, .help = "a pair"),
	KNOB("net.large", struct state, large, UINT64_MAX, 0, UINT64_MAX, .help = "eight bytes"),
	KNOB("net.large_k", struct state, large, 1, 0, UINT64_MAX / 1000, .scale = 1000, .flags = KNOB_ALIAS,
	     .help = "the same in thousands"),
	KNOB("net.rmem", struct state, rmem[0], 4096, 1, 1 << 30, .dflt[1] = 131072, .dflt[2] = 6291456,
	     .more = 2, .help = "three"),
	{ 0 },
};
static uint8_t seen_in_init;
static int init(struct leat_stack *st)
{
	seen_in_init = ((struct state *)stack_state(st, MODULE_TEST))->small;
	return 0;
}
static const struct module module = {
	.name = "test", .id = MODULE_TEST, .knobs = knobs, .stack_size = sizeof(struct state), .init = init
};

struct setup {
	struct manual_rt *m;
	struct leat_stack *st;
	struct state *s;
};

static struct setup start(void)
{
	static const struct module *const modules[] = { &module, NULL };
	struct setup u = { .m = manual_rt_new(1, 1) };
	assert_int_equal(stack_new(manual_rt_of(u.m), "test", 1, modules, &u.st), 0);
	u.s = stack_state(u.st, MODULE_TEST);
	return u;
}

static void stop(struct setup *u)
{
	stack_free(u->st);
	manual_rt_free(u->m);
}

static int set(struct setup *u, const struct knob *k, const char *text, char why[96])
{
	uint64_t v[KNOB_VALUES];
	if (!knob_parse(k, text, v))
		return -EDOM;
	return knob_set(u->st, NULL, k, u->s, v, why, 96);
}

static void defaults_are_there_before_init(void **state)
{
	struct setup u = start();
	assert_int_equal(seen_in_init, 7);
	assert_int_equal(u.s->ports[0], 100);
	assert_int_equal(u.s->ports[1], 200);
	assert_true(u.s->large == UINT64_MAX); /* an alias does not count */
	assert_int_equal(u.s->changes, 0);
	stop(&u);
}

static void values_are_bounded_checked_and_told(void **state)
{
	struct setup u = start();
	char why[96] = "";
	assert_int_equal(set(&u, &knobs[0], "9", why), 0);
	assert_int_equal(u.s->small, 9);
	assert_int_equal(u.s->changes, 1);
	assert_int_equal(set(&u, &knobs[0], "10", why), -EINVAL);
	assert_string_equal(why, "10 is not between 1 and 9");
	assert_int_equal(set(&u, &knobs[0], "265", why), -EINVAL); /* not 9 */
	assert_int_equal(u.s->changes, 1);
	assert_int_equal(set(&u, &knobs[1], "30 20", why), -EINVAL);
	assert_int_equal(u.s->ports[0], 100);
	assert_int_equal(set(&u, &knobs[1], " 0x20\t050\n", why), 0);
	assert_int_equal(u.s->ports[0], 32);
	assert_int_equal(u.s->ports[1], 40);
	stop(&u);
}

static void three_numbers_are_read_checked_and_shown_together(void **state)
{
	struct setup u = start();
	char why[96] = "", text[KNOB_TEXT_MAX];
	uint64_t v[KNOB_VALUES];
	knob_read(&knobs[4], u.s, v);
	knob_print(&knobs[4], v, text);
	assert_string_equal(text, "4096\t131072\t6291456");
	assert_true(knob_is_default(&knobs[4], u.s));
	assert_int_equal(set(&u, &knobs[4], "1 2", why), -EDOM);
	assert_int_equal(set(&u, &knobs[4], "1 2 3 4", why), -EDOM);
	assert_int_equal(set(&u, &knobs[4], "4096 131072 0", why), -EINVAL);
	assert_int_equal(set(&u, &knobs[4], "4096 131072\t7\n", why), 0);
	assert_int_equal(u.s->rmem[2], 7);
	assert_false(knob_is_default(&knobs[4], u.s));
	stop(&u);
}

static void text_that_is_no_number_is_refused(void **state)
{
	static const char *const bad[] = {
		"", " ", "-1", "+1", "x", "1x", "1 2", "18446744073709551616", "1."
	};
	uint64_t v[KNOB_VALUES] = { 5, 5 };
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(knob_parse(&knobs[0], bad[i], v));
	assert_false(knob_parse(&knobs[1], "1", v));
	assert_false(knob_parse(&knobs[1], "1 2 3", v));
	assert_int_equal(v[0], 5); /* written on success only */
}

static void bits_are_a_list_of_ranges(void **state)
{
	static const struct knob bits = { .name = "net.bits", .flags = KNOB_BITS, .more = 1, .size = 8 };
	static const struct {
		const char *in, *out;
	} good[] = { { "", "" },         { " 0-1,3-127\n", "0-1,3-127" }, { "5", "5" },
		     { "3,2,1", "1-3" }, { "60-70,64,127", "60-70,127" }, { "1,", "1" } };
	static const char *const bad[] = { "128", "3-2", "x", "1;2", "1-", "-1", ",1", "1 2", "0-128" };
	char text[KNOB_TEXT_MAX];
	uint64_t v[KNOB_VALUES];
	for (unsigned i = 0; i < ARRAY_SIZE(good); i++) {
		assert_true(knob_parse(&bits, good[i].in, v));
		knob_print(&bits, v, text);
		assert_string_equal(text, good[i].out);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(knob_parse(&bits, bad[i], v));
	v[0] = v[1] = UINT64_C(0x5555555555555555); /* the longest text */
	knob_print(&bits, v, text);
	assert_string_equal(text + strlen(text) - 4, ",126");
}

static const char *word(unsigned n)
{
	static const char *const words[] = { "one", "two", "three" };
	return n < ARRAY_SIZE(words) ? words[n] : NULL;
}

static void words_stand_for_numbers(void **state)
{
	static const struct knob one = { .name = "net.one", .flags = KNOB_WORD, .word = word },
				 some = { .name = "net.some", .flags = KNOB_WORDS, .word = word };
	char text[KNOB_TEXT_MAX];
	uint64_t v[KNOB_VALUES] = { 9 };
	assert_true(knob_parse(&one, " two\n", v));
	assert_int_equal(v[0], 1);
	knob_print(&one, v, text);
	assert_string_equal(text, "two");
	assert_false(knob_parse(&one, "", v));
	assert_false(knob_parse(&one, "two three", v));
	assert_false(knob_parse(&one, "tw", v));
	assert_int_equal(v[0], 1);
	assert_true(knob_parse(&some, "three\tone three", v));
	assert_int_equal(v[0], 5);
	knob_print(&some, v, text);
	assert_string_equal(text, "one three");
	assert_true(knob_parse(&some, "", v));
	assert_int_equal(v[0], 0);
	assert_false(knob_parse(&some, "one four", v));
}

static void keys_are_words_with_dashes(void **state)
{
	static const struct knob keys = { .name = "net.keys", .flags = KNOB_KEYS, .more = 4, .size = 8 };
	static const char *const bad[] = { "",          "1-2-3",          "1-2-3-4-5",
					   "1-2-3-4,",  "1-2-3-4,5-6-7",  "1-2-3-x",
					   "1 - 2-3-4", "123456789-2-3-4" };
	char text[KNOB_TEXT_MAX];
	uint64_t v[KNOB_VALUES] = { 9 };
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(knob_parse(&keys, bad[i], v));
	assert_int_equal(v[0], 9);
	assert_true(knob_parse(&keys, " a0bf63f7-ed803d81-CD641D30-cebc4a90\n", v));
	assert_int_equal(v[0], 1);
	assert_int_equal(v[1], UINT64_C(0xed803d81a0bf63f7));
	knob_print(&keys, v, text);
	assert_string_equal(text, "a0bf63f7-ed803d81-cd641d30-cebc4a90");
	assert_true(knob_parse(&keys, "1-2-3-4,ffffffff-0-0-5", v));
	assert_int_equal(v[0], 2);
	knob_print(&keys, v, text);
	assert_string_equal(text, "00000001-00000002-00000003-00000004,ffffffff-00000000-00000000-00000005");
}

static void an_alias_counts_in_its_own_unit(void **state)
{
	struct setup u = start();
	char why[96], text[KNOB_TEXT_MAX];
	uint64_t v[KNOB_VALUES];
	assert_int_equal(set(&u, &knobs[3], "25", why), 0);
	assert_int_equal(u.s->large, 25000);
	u.s->large = 25999;
	knob_read(&knobs[3], u.s, v);
	knob_print(&knobs[3], v, text);
	assert_string_equal(text, "25");
	knob_read(&knobs[1], u.s, v);
	knob_print(&knobs[1], v, text);
	assert_string_equal(text, "100\t200");
	stop(&u);
}

static void what_was_set_comes_back_and_the_rest_is_as_at_first(void **state)
{
	struct setup a = start(), b = start();
	char *text, why[96];
	size_t len;
	set(&a, &knobs[1], "5 6", why);
	set(&a, &knobs[2], "18446744073709551614", why);
	assert_int_equal(stack_save_text(a.st, &text, &len), 0);
	assert_null(strstr(text, "net.small"));
	set(&b, &knobs[0], "3", why);
	assert_int_equal(stack_restore_text(b.st, text, len, why, sizeof why), 0);
	assert_int_equal(b.s->small, 7);
	assert_int_equal(b.s->ports[1], 6);
	assert_true(b.s->large == UINT64_MAX - 1);
	free(text);
	stop(&a);
	stop(&b);
}

static void a_saved_value_out_of_bounds_is_named(void **state)
{
	static const char *const bad[] = { "\"99\"", "\"x\"", "7", "null" };
	struct setup u = start();
	char text[512], why[384];
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(text, sizeof text,
			 "{\"leat_save_format\": 1, \"flow_key\": \"%080d\", \"modules\": {\"test\": "
			 "{\"knobs\": "
			 "{\"net.small\": %s}}}}",
			 0, bad[i]);
		assert_int_equal(stack_restore_text(u.st, text, strlen(text), why, sizeof why), -EINVAL);
		assert_non_null(strstr(why, "modules.test.knobs.net.small: "));
	}
	stop(&u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_there_before_init),
		cmocka_unit_test(values_are_bounded_checked_and_told),
		cmocka_unit_test(three_numbers_are_read_checked_and_shown_together),
		cmocka_unit_test(text_that_is_no_number_is_refused),
		cmocka_unit_test(bits_are_a_list_of_ranges),
		cmocka_unit_test(words_stand_for_numbers),
		cmocka_unit_test(keys_are_words_with_dashes),
		cmocka_unit_test(an_alias_counts_in_its_own_unit),
		cmocka_unit_test(what_was_set_comes_back_and_the_rest_is_as_at_first),
		cmocka_unit_test(a_saved_value_out_of_bounds_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

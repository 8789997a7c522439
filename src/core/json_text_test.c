/* SPDX-License-Identifier: BSD-2-Clause */
#include "json_text.c"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static bool is_json(const char *text)
{
	struct json_text t;
	char why[128] = "";
	/* A copy without anything behind it, so that a sanitizer sees who reads on. */
	size_t len = strlen(text);
	char *copy = malloc(len + !len);
	memcpy(copy, text, len);
	int err = json_text_init(&t, copy, len, why, sizeof why);
	assert_true(err ? why[0] : json_text_skip(&t, t.root) <= t.end);
	json_text_done(&t);
	free(copy);
	return !err;
}

static void what_is_json_is_taken(void **state)
{
	static const char *const good[] = {
		"{}",
		" [ ] ",
		"0",
		"-0",
		"12.5e+3",
		"1E2",
		"\"\"",
		"true",
		"false",
		"null",
		"[1,2]",
		"[[],{}]",
		"{\"a\":{\"b\":[null]}}",
		"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\"",
		"\"\\ud83d\\ude00\"",
		"\"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80\"",
	};
	for (unsigned i = 0; i < ARRAY_SIZE(good); i++)
		if (!is_json(good[i]))
			fail_msg("%s", good[i]);
}

static void what_is_none_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		" ",
		"{",
		"[",
		"]",
		"[1,]",
		"[,1]",
		"{\"a\"}",
		"{\"a\":}",
		"{a:1}",
		"{\"a\":1,}",
		"{1:2}",
		"01",
		"-",
		"1.",
		"1e",
		".5",
		"+1",
		"\"",
		"\"\\",
		"\"\\x\"",
		"\"\\u12\"",
		"\"\\u0000\"",
		"\"\\ud83d\"",
		"\"\\ude00\"",
		"\"\\ud83d\\u0041\"",
		"\"\n\"",
		"\"\xc0\x80\"",
		"\"\xed\xa0\x80\"",
		"\"\xf4\x90\x80\x80\"",
		"\"\xe2\x82\"",
		"\"\xff\"",
		"tru",
		"nul",
		"nonsense",
		"{} x",
		"[1 2]",
		"{\"a\" 1}",
		"[1}",
	};
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		if (is_json(bad[i]))
			fail_msg("%s", bad[i]);
}

static void the_nest_is_bounded(void **state)
{
	char text[2 * NEST_MAX + 3];
	memset(text, '[', NEST_MAX);
	memset(text + NEST_MAX, ']', NEST_MAX);
	text[2 * NEST_MAX] = 0;
	assert_true(is_json(text));
	memset(text, '[', NEST_MAX + 1);
	memset(text + NEST_MAX + 1, ']', NEST_MAX + 1);
	text[2 * NEST_MAX + 2] = 0;
	assert_false(is_json(text));
}

static void the_line_is_told(void **state)
{
	static const char text[] = "{\n \"a\": 1,\n \"b\" 2\n}";
	struct json_text t;
	char why[128];
	assert_int_equal(json_text_init(&t, text, strlen(text), why, sizeof why), -EINVAL);
	assert_string_equal(why, "line 3: a field without a colon");
}

static void integers_have_64_bits(void **state)
{
	static const struct {
		const char *text;
		bool ok;
		uint64_t v;
	} rows[] = {
		{ "0", true, 0 },
		{ "18446744073709551615", true, UINT64_MAX },
		{ "18446744073709551616", false, 0 },
		{ "-1", true, UINT64_MAX },
		{ "-9223372036854775808", true, (uint64_t)1 << 63 },
		{ "-9223372036854775809", false, 0 },
		{ "1.0", false, 0 },
		{ "1e3", false, 0 },
		{ "null", false, 0 },
	};
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct json_text t;
		char why[128];
		uint64_t v = 0;
		assert_int_equal(json_text_init(&t, rows[i].text, strlen(rows[i].text), why, sizeof why), 0);
		assert_int_equal(json_text_integer(&t, t.root, &v), rows[i].ok);
		assert_int_equal(v, rows[i].v);
		json_text_done(&t);
	}
}

static void members_are_counted_and_stepped_over(void **state)
{
	static const char text[] = "[1, [2, 3], {\"a\": \"]\\\"[\"}, \"x\\\\\", null ]";
	struct json_text t;
	char why[128];
	assert_int_equal(json_text_init(&t, text, strlen(text), why, sizeof why), 0);
	assert_int_equal(json_text_count(&t, t.root), 5);
	assert_ptr_equal(json_text_skip(&t, t.root), t.end);
	assert_int_equal(json_text_count(&t, t.root + 4), 2);
	json_text_done(&t);
}

static void what_is_long_is_walked_once(void **state)
{
	enum { LEN = 3 * BIG };
	char *text = malloc(LEN + 1), why[128];
	struct json_text t;
	memset(text, ' ', LEN);
	memcpy(text, "[[1,", 4);
	memcpy(text + LEN - 8, "2],3,4]", 7);
	text[LEN] = 0;
	assert_int_equal(json_text_init(&t, text, LEN, why, sizeof why), 0);
	assert_int_equal(t.n_big, 2);
	assert_int_equal(json_text_count(&t, text), 3);
	assert_int_equal(json_text_count(&t, text + 1), 2);
	memset(text + 2, '!', LEN - 3); /* nobody looks */
	assert_ptr_equal(json_text_skip(&t, text + 1), text + LEN - 6);
	json_text_done(&t);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_json_is_taken),
		cmocka_unit_test(what_is_none_is_refused),
		cmocka_unit_test(the_nest_is_bounded),
		cmocka_unit_test(the_line_is_told),
		cmocka_unit_test(integers_have_64_bits),
		cmocka_unit_test(members_are_counted_and_stepped_over),
		cmocka_unit_test(what_is_long_is_walked_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

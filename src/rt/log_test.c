/* SPDX-License-Identifier: BSD-2-Clause */
#include "log.c"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "rt/rt.h"

enum { SECOND_US = 1000000 };

static unsigned allowed(struct rt_log *l, uint32_t kind, uint64_t now_us, unsigned n, uint64_t *ret_left_out)
{
	unsigned ok = 0;
	for (unsigned i = 0; i < n; i++)
		ok += log_allowed(l, kind, now_us, ret_left_out);
	return ok;
}

static void a_kind_is_the_text_without_numbers_and_names(void **state)
{
	assert_int_equal(kind_of(LOG_WARN, "veth0: lost 17 frames of \"a\""),
			 kind_of(LOG_WARN, "veth12: lost 4 frames of \"b\""));
	assert_int_not_equal(kind_of(LOG_WARN, "lost"), kind_of(LOG_ERROR, "lost"));
	assert_int_not_equal(kind_of(LOG_WARN, "lost"), kind_of(LOG_WARN, "gone"));
}

static void what_is_said_often_leaves_room_for_the_rest(void **state)
{
	struct rt_log l = { .tokens = ALL_BURST };
	uint64_t left_out = 0;
	assert_int_equal(allowed(&l, 1, 0, 1000, &left_out), KIND_BURST);
	assert_int_equal(allowed(&l, 2, 0, 1, &left_out), 1);
	assert_int_equal(left_out, 0);
	assert_int_equal(allowed(&l, 1, KIND_SECONDS * SECOND_US, 1, &left_out), 1);
	assert_int_equal(left_out, 1000 - KIND_BURST);
	assert_int_equal(allowed(&l, 1, 2 * KIND_SECONDS * SECOND_US, 1, &left_out), 1);
	assert_int_equal(left_out, 0);
}

static void all_kinds_together_are_bounded(void **state)
{
	struct rt_log l = { .tokens = ALL_BURST };
	uint64_t left_out;
	unsigned ok = 0;
	for (uint32_t kind = 0; kind < 1000; kind++)
		ok += allowed(&l, kind, 0, 1, &left_out);
	assert_int_equal(ok, ALL_BURST);
	assert_int_equal(allowed(&l, 5000, SECOND_US, 1, &left_out), 1);
}

static void the_journal_gets_fields(void **state)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct rt_opts o = { .log_level = LOG_INFO, .log_name = "leatd" };
	struct leat_runtime *rt;
	char text[2048];
	snprintf(a.sun_path, sizeof a.sun_path, "/tmp/leat-journal-%d", (int)getpid());
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	setenv("LEAT_JOURNAL", a.sun_path, 1);
	assert_int_equal(rt_new(1, &o, &rt), 0);
	rt_log(rt, LOG_WARN, "%s is gone\nor not", "veth0");
	rt_log(rt, LOG_DEBUG, "nobody asked");
	ssize_t n = recv(fd, text, sizeof text - 1, 0);
	assert_true(n > 0);
	text[n] = 0;
	assert_string_equal(text, "PRIORITY=4\nSYSLOG_IDENTIFIER=leatd\nLEAT_LEVEL=warning\nLEAT_LEFT_OUT=0\n"
				  "MESSAGE=veth0 is gone or not\n");
	assert_int_equal(recv(fd, text, sizeof text, 0), -1);
	rt_free(rt);
	close(fd);
	unlink(a.sun_path);
	unsetenv("LEAT_JOURNAL");
}

static void a_stream_of_the_journal_is_known_by_its_number(void **state)
{
	struct stat st;
	char words[64];
	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	snprintf(words, sizeof words, "%llu:%llu", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", words, 1);
	assert_true(stderr_is_journal());
	setenv("JOURNAL_STREAM", "1:2", 1);
	assert_false(stderr_is_journal());
	unsetenv("JOURNAL_STREAM");
	assert_false(stderr_is_journal());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kind_is_the_text_without_numbers_and_names),
		cmocka_unit_test(what_is_said_often_leaves_room_for_the_rest),
		cmocka_unit_test(all_kinds_together_are_bounded),
		cmocka_unit_test(the_journal_gets_fields),
		cmocka_unit_test(a_stream_of_the_journal_is_known_by_its_number),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

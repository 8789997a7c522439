/* SPDX-License-Identifier: BSD-2-Clause */
#include "fds.c"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "core/saved_test.h"

enum { MANY = 200 };

static void each_is_found_by_its_place_and_taken_once(void **state)
{
	struct fds f = { 0 };
	struct saver *s = writing();
	char key[16];
	int fd;
	for (int i = 0; i < MANY; i++) {
		snprintf(key, sizeof key, "fd%d", i);
		save_fd(s, key, &f, 1000 + i);
	}
	save_u64(s, "beyond", MANY);
	struct loader *l = written(s);
	assert_int_equal(f.n, MANY);
	assert_true(load_fd(l, "fd7", &f, &fd) && fd == 1007);
	assert_true(load_fd(l, "fd199", &f, &fd) && fd == 1199);
	fd = -5;
	assert_false(load_fd(l, "fd7", &f, &fd));
	assert_int_equal(fd, -5);
	assert_int_equal(load_error(l), -EINVAL);
	loader_free(l);
	fds_done(&f);
	assert_null(f.fd);
}

static void what_the_list_does_not_have_is_an_error(void **state)
{
	struct fds f = { 0 };
	struct saver *s = writing();
	int fd;
	save_u64(s, "fd", 0);
	struct loader *l = written(s);
	assert_false(load_fd(l, "fd", &f, &fd));
	assert_non_null(strstr(load_error_text(l), "no such descriptor"));
	loader_free(l);
}

static void those_that_nobody_took_are_closed(void **state)
{
	struct fds f = { 0 };
	int pair[2];
	assert_int_equal(pipe(pair), 0);
	assert_int_equal(fds_add(&f, pair[0]), 0);
	assert_int_equal(fds_add(&f, -1), 0);
	fds_close(&f);
	assert_int_equal(fcntl(pair[0], F_GETFD), -1);
	assert_int_equal(fcntl(pair[1], F_GETFD), 0);
	close(pair[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_found_by_its_place_and_taken_once),
		cmocka_unit_test(what_the_list_does_not_have_is_an_error),
		cmocka_unit_test(those_that_nobody_took_are_closed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

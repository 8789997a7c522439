/* SPDX-License-Identifier: BSD-2-Clause */
#include "path.c"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static char dir[] = "/tmp/leat-path-test-XXXXXX";

static int make_rundir(void **state)
{
	if (!mkdtemp(dir))
		return -1;
	return setenv("LEAT_RUNDIR", dir, 1);
}

static int remove_rundir(void **state)
{
	return rmdir(dir);
}

static void names_cannot_leave_the_directory(void **state)
{
	char path[SOCKD_PATH_MAX];

	assert_int_equal(sockd_path("", path, sizeof path), -EINVAL);
	assert_int_equal(sockd_path("..", path, sizeof path), -EINVAL);
	assert_int_equal(sockd_path("a/b", path, sizeof path), -EINVAL);
	assert_int_equal(sockd_path("a12345678901234567890123456789012", path, sizeof path), -EINVAL);
	assert_int_equal(sockd_path("r1.a_b-c", path, sizeof path), 0);
	assert_memory_equal(path, dir, strlen(dir));
	assert_string_equal(path + strlen(dir), "/r1.a_b-c.sock");
}

static void a_path_too_long_is_refused(void **state)
{
	char path[SOCKD_PATH_MAX];

	assert_int_equal(sockd_path("x", path, strlen(dir) + strlen("/x.sock")), -ENAMETOOLONG);
	assert_int_equal(sockd_path("x", path, strlen(dir) + strlen("/x.sock") + 1), 0);
}

static void a_listener_is_found_and_not_replaced_while_it_lives(void **state)
{
	char path[SOCKD_PATH_MAX], at[SOCKD_PATH_MAX];
	int fd, client, second;

	assert_int_equal(sockd_connect("x", at, sizeof at, &client), -ENOENT);
	assert_int_equal(sockd_path("x", path, sizeof path), 0);
	assert_string_equal(path, at);
	assert_int_equal(sockd_listen(path, &fd), 0);
	assert_int_equal(sockd_listen(path, &second), -EADDRINUSE);
	assert_int_equal(sockd_connect("x", at, sizeof at, &client), 0);
	close(client);
	close(fd);
	assert_int_equal(sockd_connect("x", at, sizeof at, &client), -ECONNREFUSED);
	assert_int_equal(sockd_listen(path, &fd), 0);
	close(fd);
	unlink(path);
}

static void a_name_is_one_process_s_however_many_start_at_once(void **state)
{
	char path[SOCKD_PATH_MAX], lock[SOCKD_PATH_MAX + 8];
	int fd, copy, second;

	assert_int_equal(sockd_path("x", path, sizeof path), 0);
	assert_int_equal(sockd_lock(path, &fd), 0);
	assert_int_equal(sockd_lock(path, &second), -EADDRINUSE);
	copy = dup(fd);
	close(fd);
	assert_int_equal(sockd_lock(path, &second),
			 -EADDRINUSE); /* it goes on in whoever has the descriptor */
	close(copy);
	assert_int_equal(sockd_lock(path, &fd), 0); /* a killed one leaves nothing behind but the file */
	close(fd);
	snprintf(lock, sizeof lock, "%s.lock", path);
	unlink(lock);
}

static void a_file_that_is_no_socket_stays(void **state)
{
	char path[SOCKD_PATH_MAX];
	int fd;
	FILE *f;

	assert_int_equal(sockd_path("f", path, sizeof path), 0);
	f = fopen(path, "w");
	fputs("precious", f);
	fclose(f);
	assert_int_equal(sockd_listen(path, &fd), -EEXIST);
	assert_int_equal(access(path, F_OK), 0);
	unlink(path);
}

static void note_name(void *ctx, const char *name)
{
	strcat(strcat(ctx, name), " ");
}

static void those_that_run_are_told_and_the_dead_are_not(void **state)
{
	char b[SOCKD_PATH_MAX], a[SOCKD_PATH_MAX], names[64] = "";
	int fd_a, fd_b;

	assert_int_equal(sockd_path("b", b, sizeof b), 0);
	assert_int_equal(sockd_path("a", a, sizeof a), 0);
	assert_int_equal(sockd_listen(b, &fd_b), 0);
	assert_int_equal(sockd_listen(a, &fd_a), 0);
	sockd_each(note_name, names);
	assert_string_equal(names, "a b ");
	close(fd_a); /* killed: the socket stays */
	*names = 0;
	sockd_each(note_name, names);
	assert_string_equal(names, "b ");
	close(fd_b);
	unlink(a);
	unlink(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_cannot_leave_the_directory),
		cmocka_unit_test(a_path_too_long_is_refused),
		cmocka_unit_test(a_listener_is_found_and_not_replaced_while_it_lives),
		cmocka_unit_test(a_name_is_one_process_s_however_many_start_at_once),
		cmocka_unit_test(a_file_that_is_no_socket_stays),
		cmocka_unit_test(those_that_run_are_told_and_the_dead_are_not),
	};

	return cmocka_run_group_tests(tests, make_rundir, remove_rundir);
}

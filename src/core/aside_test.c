/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/aside.c"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/test.h"
#include "core/manual.h"

struct fixture {
	struct manual_rt *m;
	struct leat_runtime *rt;
	int number, file;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	f->m = manual_rt_new(2, 1);
	f->rt = manual_rt_of(f->m);
	f->file = -1;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	manual_rt_free(f->m);
	if (f->file >= 0)
		close(f->file);
	free(f);
	return 0;
}

static size_t read_all(const struct aside *a, char *to, size_t room)
{
	size_t got = 0;
	for (ssize_t n; got < room && (n = read(a->fd, to + got, room - got)) > 0;)
		got += (size_t)n;
	return got;
}

static void add_one(struct lcore *at, const struct msg *m)
{
	struct fixture *f = m->arg[0].p;
	f->number++;
}

static void post_and_tell(struct leat_runtime *rt, int out, void *ctx)
{
	struct fixture *f = ctx;
	lcore_post(rt->ctl, rt->lcore[1], &(struct msg){ .fn = add_one, .arg[0].p = f });
	aside_settle(rt);
	aside_write(out, &f->number, sizeof f->number);
}

static void what_happens_aside_happens_to_nobody(void **state)
{
	struct fixture *f = *state;
	struct aside a;
	int number = 0;
	f->number = 41;
	assert_int_equal(aside_start(f->rt, NULL, post_and_tell, f, &a), 0);
	assert_int_equal(read_all(&a, (char *)&number, sizeof number), sizeof number);
	assert_int_equal(aside_end(&a, true), 0);
	assert_int_equal(number, 42);
	assert_int_equal(f->number, 41);
	manual_rt_settle(f->m);
	assert_int_equal(f->number, 41);
}

static void write_to_file(struct leat_runtime *rt, int out, void *ctx)
{
	struct fixture *f = ctx;
	char c = write(f->file, "x", 1) < 0 && errno == EBADF ? 'y' : 'n';
	aside_write(out, &c, 1);
}

static void it_has_no_descriptor_but_the_one_it_answers_by(void **state)
{
	struct fixture *f = *state;
	struct aside a;
	char c = 0;
	f->file = memfd_create("test", MFD_CLOEXEC);
	assert_int_equal(aside_start(f->rt, NULL, write_to_file, f, &a), 0);
	assert_int_equal(read_all(&a, &c, 1), 1);
	assert_int_equal(aside_end(&a, true), 0);
	assert_int_equal(c, 'y');
	assert_int_equal(lseek(f->file, 0, SEEK_END), 0);
}

static void wait_for_ever(struct leat_runtime *rt, int out, void *ctx)
{
	for (;;)
		pause();
}

static void one_that_is_not_waited_for_is_ended(void **state)
{
	struct fixture *f = *state;
	struct aside a;
	assert_int_equal(aside_start(f->rt, NULL, wait_for_ever, f, &a), 0);
	int status = aside_end(&a, false);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	assert_int_equal(kill(a.pid, 0), -1);
}

static void may_be_alarmed(struct leat_runtime *rt, int out, void *ctx)
{
	sigset_t blocked;
	sigprocmask(SIG_BLOCK, NULL, &blocked);
	char c = sigismember(&blocked, SIGALRM) || alarm(0) == 0 ? 'n' : 'y';
	aside_write(out, &c, 1);
}

static void it_has_its_time_whatever_the_original_does_with_alarms(void **state)
{
	struct fixture *f = *state;
	struct aside a;
	sigset_t alarms, before;
	char c = 0;
	sigemptyset(&alarms);
	sigaddset(&alarms, SIGALRM);
	sigprocmask(SIG_BLOCK, &alarms, &before);
	assert_int_equal(aside_start(f->rt, NULL, may_be_alarmed, f, &a), 0);
	sigprocmask(SIG_SETMASK, &before, NULL);
	assert_int_equal(read_all(&a, &c, 1), 1);
	assert_int_equal(aside_end(&a, true), 0);
	assert_int_equal(c, 'y');
}

/* Nobody may wait for it: its parent is gone, and whoever comes in its place need not care. */
static bool is_zombie(pid_t pid)
{
	char path[64], line[256] = "";
	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	FILE *f = fopen(path, "r");
	if (!f)
		return true;
	const char *state = fgets(line, sizeof line, f) ? strrchr(line, ')') : NULL;
	fclose(f);
	return !state || state[2] == 'Z';
}

/* A process that has a copy made and then is killed: its copy does not stay. */
static void it_ends_with_the_original(void **state)
{
	struct fixture *f = *state;
	struct aside a;
	int end[2];
	char c;
	assert_int_equal(pipe2(end, 0), 0); /* open as long as one of the two lives: copies close it */
	pid_t original = fork();
	if (!original) {
		if (aside_start(f->rt, NULL, wait_for_ever, f, &a))
			_exit(1);
		dprintf(end[1], "%d ", a.pid);
		raise(SIGKILL);
	}
	close(end[1]);
	char text[32] = "";
	assert_true(read(end[0], text, sizeof text - 1) > 0);
	assert_int_equal(waitpid(original, NULL, 0), original);
	pid_t copy = atoi(text);
	for (unsigned i = 0; i < 500 && kill(copy, 0) == 0 && !is_zombie(copy); i++)
		usleep(10000);
	assert_true(kill(copy, 0) < 0 || is_zombie(copy));
	assert_int_equal(read(end[0], &c, 1), 0);
	close(end[0]);
}

static void crash(struct leat_runtime *rt, int out, void *ctx)
{
	signal(SIGTERM, SIG_DFL);
	raise(SIGTERM);
}

static void how_it_ended_is_told(void **state)
{
	struct fixture *f = *state;
	struct aside a;
	char c;
	assert_int_equal(aside_start(f->rt, NULL, crash, f, &a), 0);
	assert_int_equal(read_all(&a, &c, 1), 0);
	int status = aside_end(&a, true);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGTERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_happens_aside_happens_to_nobody, set_up, tear_down),
		cmocka_unit_test_setup_teardown(it_has_no_descriptor_but_the_one_it_answers_by, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(one_that_is_not_waited_for_is_ended, set_up, tear_down),
		cmocka_unit_test_setup_teardown(it_has_its_time_whatever_the_original_does_with_alarms,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(it_ends_with_the_original, set_up, tear_down),
		cmocka_unit_test_setup_teardown(how_it_ended_is_told, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "notify.c"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "core/manual.h"

enum { PERIOD_US = 4000000 };

struct manager {
	char dir[32], path[64];
	int fd;
	struct manual_rt *m;
	struct leat_runtime *rt;
	struct notify n;
};

static int up(void **state)
{
	struct manager *g = calloc(1, sizeof *g);
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	char pid[16];
	strcpy(g->dir, "/tmp/leat-notify-XXXXXX");
	assert_non_null(mkdtemp(g->dir));
	snprintf(g->path, sizeof g->path, "%s/s", g->dir);
	strcpy(a.sun_path, g->path);
	g->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(g->fd, (struct sockaddr *)&a, sizeof a), 0);
	snprintf(pid, sizeof pid, "%d", (int)getpid());
	setenv("NOTIFY_SOCKET", g->path, 1);
	setenv("WATCHDOG_USEC", "4000000", 1);
	setenv("WATCHDOG_PID", pid, 1);
	g->m = manual_rt_new(2, 1);
	g->rt = manual_rt_of(g->m);
	*state = g;
	return 0;
}

static int down(void **state)
{
	struct manager *g = *state;
	lcore_timer_stop(g->rt->ctl, &g->n.beat);
	notify_done(&g->n);
	close(g->fd);
	unlink(g->path);
	rmdir(g->dir);
	manual_rt_free(g->m);
	free(g);
	return 0;
}

/* What the manager has heard, or "". */
static const char *heard(struct manager *g)
{
	static char text[TEXT_MAX];
	ssize_t n = recv(g->fd, text, sizeof text - 1, 0);
	text[n > 0 ? n : 0] = 0;
	return text;
}

static void what_is_said_is_heard(void **state)
{
	struct manager *g = *state;
	notify_init(&g->n);
	notify_say(&g->n, "READY=1\nMAINPID=%d", 7);
	assert_string_equal(heard(g), "READY=1\nMAINPID=7");
	assert_null(getenv("NOTIFY_SOCKET"));
	assert_null(getenv("WATCHDOG_USEC"));
}

static void an_abstract_name_will_do(void **state)
{
	struct manager *g = *state;
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "\0leat-notify-test" };
	socklen_t len = offsetof(struct sockaddr_un, sun_path) + sizeof "leat-notify-test";
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, len), 0);
	setenv("NOTIFY_SOCKET", "@leat-notify-test", 1);
	notify_init(&g->n);
	assert_true(g->n.fd >= 0);
	close(fd);
}

static void without_a_manager_nothing_is_said(void **state)
{
	struct manager *g = *state;
	unsetenv("NOTIFY_SOCKET");
	notify_init(&g->n);
	assert_int_equal(g->n.fd, -1);
	notify_say(&g->n, "READY=1");
	notify_watch(&g->n, g->rt);
	assert_false(timer_is_set(&g->n.beat));
}

static void a_watchdog_of_another_process_is_not_ours(void **state)
{
	struct manager *g = *state;
	setenv("WATCHDOG_PID", "1", 1);
	notify_init(&g->n);
	assert_int_equal(g->n.watchdog_us, 0);
}

static unsigned beats(struct manager *g)
{
	unsigned n = 0;
	while (!strcmp(heard(g), "WATCHDOG=1"))
		n++;
	return n;
}

static void while_all_go_on_the_manager_hears_so_four_times_a_period(void **state)
{
	struct manager *g = *state;
	notify_init(&g->n);
	notify_watch(&g->n, g->rt);
	manual_rt_run(g->m, 2 * PERIOD_US);
	assert_in_range(beats(g), 7, 9);
}

static void when_one_lcore_is_stuck_it_hears_nothing(void **state)
{
	struct manager *g = *state;
	notify_init(&g->n);
	notify_watch(&g->n, g->rt);
	manual_rt_run(g->m, PERIOD_US);
	assert_true(beats(g) > 0);
	/* The control lcore's timer goes on, but nobody takes a turn. */
	for (unsigned i = 0; i < 5; i++) {
		g->n.heard[1] = 0;
		on_beat(g->rt->ctl, &g->n.beat);
	}
	assert_int_equal(beats(g), 0);
	manual_rt_run(g->m, PERIOD_US);
	assert_true(beats(g) > 0); /* it was only slow */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, up, down)
		T(what_is_said_is_heard),
		T(an_abstract_name_will_do),
		T(without_a_manager_nothing_is_said),
		T(a_watchdog_of_another_process_is_not_ours),
		T(while_all_go_on_the_manager_hears_so_four_times_a_period),
		T(when_one_lcore_is_stuck_it_hears_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation of the watchdog: four times in the period that the manager allows, a timer of the control lcore sends each
 * lcore a message. It runs in the lcore's next turn (asleep ones are woken) and notes the round. When the timer fires again and all of
 * them have noted it, and the control lcore is there to look, the manager is told WATCHDOG=1; else it is not, and the log names who
 * is stuck. After a period without, the manager ends us, and starts us anew. */
#include "notify.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { BEATS = 4, TEXT_MAX = 512 };

static int connect_to(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	size_t len = strlen(path);
	if ((path[0] != '/' && path[0] != '@') || len >= sizeof a.sun_path)
		return -1;
	memcpy(a.sun_path, path, len);
	if (path[0] == '@')
		a.sun_path[0] = 0; /* an abstract name */
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t alen = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + (path[0] == '/'));
	if (fd >= 0 && connect(fd, (struct sockaddr *)&a, alen)) {
		close(fd);
		return -1;
	}
	return fd;
}

void notify_init(struct notify *n)
{
	const char *path = getenv("NOTIFY_SOCKET"), *us = getenv("WATCHDOG_USEC"),
		   *pid = getenv("WATCHDOG_PID");
	*n = (struct notify){ .fd = path ? connect_to(path) : -1 };
	if (us && (!pid || strtol(pid, NULL, 10) == getpid()))
		n->watchdog_us = strtoull(us, NULL, 10);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

void notify_say(const struct notify *n, const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list ap;
	if (n->fd < 0)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	send(n->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* --- the watchdog --- */

/* On each lcore. */
static void answer(struct lcore *at, const struct msg *m)
{
	struct notify *n = m->arg[0].p;
	racy_set(n->heard[at->id], m->arg[1].u);
}

static void ask_all(struct notify *n)
{
	const struct msg m = { .fn = answer, .arg = { { .p = n }, { .u = ++n->round } } };
	for (unsigned i = 0; i < n->rt->n_lcores; i++)
		lcore_post(n->rt->ctl, n->rt->lcore[i], &m);
}

static bool all_have_answered(struct notify *n, unsigned *ret_stuck)
{
	for (unsigned i = 0; i < n->rt->n_lcores; i++)
		if (racy_get(n->heard[i]) != n->round) {
			*ret_stuck = i;
			return false;
		}
	return true;
}

static void on_beat(struct lcore *lc, struct timer *t)
{
	struct notify *n = container_of(t, struct notify, beat);
	unsigned stuck;
	if (all_have_answered(n, &stuck)) {
		notify_say(n, "WATCHDOG=1");
		n->missed = 0;
	} else if (n->missed++ == 1) { /* once may be a busy machine */
		rt_log(n->rt, LOG_ERROR,
		       "lcore %u makes no progress: the watchdog is not told that all is well", stuck);
	}
	ask_all(n);
	lcore_timer_in(lc, &n->beat, n->watchdog_us / BEATS);
}

void notify_watch(struct notify *n, struct leat_runtime *rt)
{
	n->rt = rt;
	timer_init(&n->beat, on_beat);
	if (n->fd < 0 || !n->watchdog_us)
		return;
	for (unsigned i = 0; i < LCORE_MAX; i++)
		n->heard[i] = n->round;
	lcore_timer_in(rt->ctl, &n->beat, 0);
}

void notify_done(struct notify *n)
{
	if (n->fd >= 0)
		close(n->fd);
	n->fd = -1;
}

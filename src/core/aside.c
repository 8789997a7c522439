/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: while all other lcores stand between turns the process forks. The copy has every table, every queue, every
 * counter and every setting as they were at that moment, in memory of its own: what happens there happens to nobody. So
 * whoever wants to know what would become of a packet gives it to the very nodes that packets meet, and they act as they do: they count,
 * they make neighbours, take tokens of rate limits, put fragments together; there is no second way through the code that could
 * say something else, and no node has to know that it is asked. What runs here pays for none of it.
 *
 * The copy must not reach out of its memory. It closes all descriptors but the one it answers by; only what is mapped shared is
 * left. Rings of devices are touched by pollers, which do not run in the copy, and by drivers' transmit
 * functions, which the caller replaces (explain/explain.c). Frames that devices share with the kernel hold packets that wait, which the copy may
 * well complete and send on: those it makes its own (pkt_arenas_own()). Its runtime defers nothing (freed memory would come back
 * differently), wakes nobody, logs nothing, and its clock stands at the moment of the fork.
 *
 * Cost: the other lcores wait while the kernel copies the process's page tables: 0.5 ms for a daemon of 34 MB, 1 ms for one with 1.1
 * million routes, which were 5.5 ms before large tables lay in large pages (measured; docs/watch.md). Afterwards, while the copy lives,
 * the first write to each page costs a page fault. The copy of an explained packet lives a few milliseconds.
 *
 * The copy ends when it is done, when nobody listens to it, when the original ends, and after a time in any case.
 *
 * Threads: fork() takes the calling thread alone along. Those of other lcores are parked in rt_pause(), the reaper waits; none of
 * them holds a lock that the copy could want, and glibc sees to its own. */
#include "core/aside.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/stack.h"

/* --- the runtime of the copy --- */

static uint64_t clock_stands(struct leat_runtime *rt)
{
	return rt->ctl->now_us;
}

static void wake_nobody(struct leat_runtime *rt, struct lcore *lc)
{
}

static void defer_for_ever(struct leat_runtime *rt, struct lcore *from, struct deferred *d)
{
}

static int watch_nothing(struct leat_runtime *rt, struct lcore *lc, struct fd_watch *w)
{
	return 0;
}

static void unwatch_nothing(struct leat_runtime *rt, struct lcore *lc, struct fd_watch *w)
{
}

static void nothing_runs(struct leat_runtime *rt)
{
}

static void log_nothing(struct leat_runtime *rt, enum log_level level, const char *line)
{
}

static bool ops_replace(struct leat_runtime *rt)
{
	struct runtime_ops *o = malloc(sizeof *o);
	if (!o)
		return false;
	*o = *rt->ops;
	o->now_us = clock_stands;
	o->wake = wake_nobody;
	o->defer = defer_for_ever;
	o->fd_watch = watch_nothing;
	o->fd_unwatch = unwatch_nothing;
	o->pause = o->resume = o->run_deferred = nothing_runs;
	o->log = log_nothing;
	rt->ops = o;
	return true;
}

/* An lcore that slept has an old idea of the time and of its tables: it would have taken both anew at the start of its turn. What the
 * control lcore was to do at the end of its own (answers to clients) is not ours to do. */
static void wake_up(struct leat_runtime *rt, struct lcore *lc, uint64_t now_us)
{
	struct worker *w;
	lc->now_us = MAX(lc->now_us, now_us);
	list_for_each (w, &lc->workers, lc_link)
		w->view = rcu_get(w->st->view);
	if (lc == rt->ctl) {
		lc->turn_end = NULL;
		lc->turn_end_tail = &lc->turn_end;
	}
}

/* However the original came to its signals, an alarm ends the copy. The original may have ended before the copy said that it wants to hear
 * of that. */
static void end_in_time(pid_t original)
{
	sigset_t alarms;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != original)
		_exit(1);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGALRM, SIG_DFL);
	sigemptyset(&alarms);
	sigaddset(&alarms, SIGALRM);
	sigprocmask(SIG_UNBLOCK, &alarms, NULL);
	alarm(ASIDE_SECONDS);
}

static _Noreturn void be_aside(struct leat_runtime *rt, pid_t original, aside_own_fn *own, aside_fn *fn,
			       void *ctx, int out)
{
	uint64_t now_us = rt->ops->now_us(rt);
	end_in_time(original);
	if (own)
		own(rt);
	close_range(STDERR_FILENO + 1, (unsigned)out - 1, 0);
	close_range((unsigned)out + 1, ~0U, 0);
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	if (!ops_replace(rt))
		_exit(1);
	for (unsigned i = 0; i <= rt->n_lcores; i++)
		wake_up(rt, rt->lcore[i], now_us);
	fn(rt, out, ctx);
	_exit(0);
}

void aside_settle(struct leat_runtime *rt)
{
	rt_flush_messages(rt);
}

void aside_write(int out, const void *bytes, size_t len_bytes)
{
	for (const char *p = bytes; len_bytes;) {
		ssize_t n = write(out, p, len_bytes);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			_exit(0);
		p += n;
		len_bytes -= (size_t)n;
	}
}

/* --- the original --- */

/* Above the three of every process, so that the copy can close what it likes. */
static int pipe_above(int fd[2])
{
	int low[2];
	if (pipe2(low, O_CLOEXEC))
		return -errno;
	int err = 0;
	for (unsigned i = 0; i < 2; i++) {
		fd[i] = fcntl(low[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		err = fd[i] < 0 && !err ? -errno : err;
		close(low[i]);
	}
	for (unsigned i = 0; i < 2 && err; i++)
		if (fd[i] >= 0)
			close(fd[i]);
	return err;
}

int aside_start(struct leat_runtime *rt, aside_own_fn *own, aside_fn *fn, void *ctx, struct aside *ret)
{
	int fd[2], err = pipe_above(fd);
	if (err)
		return err;
	uint64_t from_us = rt->ops->now_us(rt);
	rt->ops->pause(rt);
	pid_t self = getpid(), pid = fork();
	if (!pid)
		be_aside(rt, self, own, fn, ctx, fd[1]);
	err = pid < 0 ? -errno : 0;
	rt->ops->resume(rt);
	rt_log(rt, LOG_DEBUG, "the process was copied: packets waited %llu us",
	       (unsigned long long)(rt->ops->now_us(rt) - from_us));
	close(fd[1]);
	if (err) {
		close(fd[0]);
		return err;
	}
	*ret = (struct aside){ .pid = pid, .fd = fd[0] };
	return 0;
}

int aside_end(struct aside *a, bool heard)
{
	int status = 0;
	if (!heard)
		kill(a->pid, SIGKILL);
	while (waitpid(a->pid, &status, 0) < 0 && errno == EINTR) {}
	close(a->fd);
	return status;
}

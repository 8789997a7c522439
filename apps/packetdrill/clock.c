/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation.
 *
 * The tool has a thread that plays the script and a second one for calls that block. Its clock is our gettimeofday(); it waits by
 * usleep() and by asking the time over and over. So the stack's virtual clock moves in these places only: by what usleep() is
 * given; by a microsecond each time somebody asks for the time (a clock that stands still would be asked for ever); and from timer
 * to timer while the first thread waits for a packet, or in a call.
 *
 * A call that blocks on the second thread sleeps on a condition, which is how the tool knows that it blocks (/proc says that
 * the thread sleeps). Whoever moves the clock stops at each instant at which a timer is due, and tries the call again there; what
 * it returned, and when, is kept for the second thread. However late the kernel wakes that one, its next question for the time,
 * which is the tool's measure of when the call came back, is answered with the instant in which it did. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "packetdrill/tested.h"

/* Real time passes in two places only: to find that the tool waits, and to let its second thread go on. */
enum { MOMENT_MS = 20, STILL_MOMENTS = 8, TOOL_WAITS_US = 1000000, LET_RETURN_MOMENTS = 50 };

static uint64_t now(const struct tested *t)
{
	return manual_rt_now_us(t->w->m);
}

/* The call under way once more, at this instant. */
static void try_waiting(struct tested *t)
{
	struct waiting *w = &t->waiting;
	if (!w->try || w->done)
		return;
	int64_t r = w->try(w->fd, w->arg);
	if (r == -EAGAIN && now(t) < w->until_us)
		return;
	w->done = t->returned = true;
	w->result = r;
	t->returned_us = now(t);
	pthread_cond_broadcast(&t->woken);
}

/* To the next instant at which something may happen, at most to until_us. */
static void step(struct tested *t, uint64_t until_us)
{
	uint64_t stop = MIN(until_us, manual_rt_next_us(t->w->m));
	if (t->waiting.try && !t->waiting.done)
		stop = MIN(stop, t->waiting.until_us);
	manual_rt_run(t->w->m, MAX(stop, now(t)) - now(t));
	manual_rt_settle(t->w->m);
	try_waiting(t);
}

static void go_to(struct tested *t, uint64_t until_us)
{
	do
		step(t, until_us);
	while (now(t) < until_us);
}

/* The same, but no farther than to where the call under way returns. */
static void go_to_return(struct tested *t, uint64_t until_us)
{
	while (!t->waiting.done && now(t) < until_us)
		step(t, until_us);
}

/* Does the first thread sleep? Then it waits for the second one, or in a shell. */
static bool first_sleeps(const struct tested *t)
{
	char path[64], text[256] = "";
	snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)t->first_tid);
	FILE *f = fopen(path, "re");
	const char *state = f && fgets(text, sizeof text, f) ? strrchr(text, ')') : NULL;
	if (f)
		fclose(f);
	return state && state[1] && state[2] == 'S';
}

static bool wait_a_moment(struct tested *t)
{
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += MOMENT_MS * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	return pthread_cond_timedwait(&t->woken, &t->lock, &until) == ETIMEDOUT;
}

/* On the second thread. One call at a time blocks there; a second one would be the tool's error. Where the next event is a call, or
 * there is none, the tool waits up to a second for this one before it goes on, and does not move the clock meanwhile; then we do. */
static int64_t sleep_until_done(struct tested *t, struct tested_fd *fd, try_fn *try, void *arg,
				uint64_t until_us)
{
	unsigned still = 0;
	if (t->waiting.try)
		return -EBUSY;
	t->waiting = (struct waiting){ .try = try, .fd = fd, .arg = arg, .until_us = until_us };
	for (uint64_t seen = now(t); !t->waiting.done; seen = now(t)) {
		bool quiet = wait_a_moment(t) && now(t) == seen && first_sleeps(t);
		still = quiet ? still + 1 : 0;
		if (still == STILL_MOMENTS)
			go_to_return(t, now(t) + TOOL_WAITS_US);
	}
	t->waiting.try = NULL;
	return t->waiting.result;
}

int64_t clock_wait(struct tested *t, struct tested_fd *fd, try_fn *try, void *arg, uint64_t until_us)
{
	int64_t r = try(fd, arg);
	uint64_t give_up = MIN(until_us, now(t) + t->patience_us);
	if (r != -EAGAIN || until_us <= now(t))
		return r;
	if (!pthread_equal(pthread_self(), t->clockwork))
		return sleep_until_done(t, fd, try, arg, until_us);
	while (r == -EAGAIN && now(t) < give_up) {
		step(t, give_up);
		r = try(fd, arg);
	}
	return r;
}

struct caught *clock_packet(struct tested *t)
{
	uint64_t give_up = now(t) + t->patience_us;
	struct caught *k;
	while (!(k = world_take(t->w)) && now(t) < give_up)
		step(t, give_up);
	return k;
}

void clock_poke(struct tested *t)
{
	try_waiting(t);
}

/* A call has come back, and the second thread has not been told yet, or not told the tool: it has the processor first, or what the
 * script does next would meet a call that is still under way. */
static void let_it_return(struct tested *t)
{
	static const struct timespec moment = { .tv_nsec = 1000000 };
	unsigned n = 0;
	if (!t->returned)
		return;
	for (bool last = false; !last && n < LET_RETURN_MOMENTS; n++) {
		last = !t->returned;
		tested_unlock(t);
		nanosleep(&moment, NULL);
		tested_lock(t);
	}
}

int clock_usleep(void *u, useconds_t us)
{
	struct tested *t = u;
	tested_lock(t);
	let_it_return(t);
	go_to(t, now(t) + us);
	tested_unlock(t);
	return 0;
}

int clock_gettimeofday(void *u, struct timeval *tv, struct timezone *tz)
{
	struct tested *t = u;
	tested_lock(t);
	uint64_t us = t->returned_us;
	if (t->returned && !pthread_equal(pthread_self(), t->clockwork)) {
		t->returned = false;
	} else {
		go_to(t, now(t) + 1);
		us = now(t);
	}
	*tv = (struct timeval){ (time_t)(us / 1000000), (suseconds_t)(us % 1000000) };
	tested_unlock(t);
	return 0;
}

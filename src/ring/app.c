/* SPDX-License-Identifier: BSD-2-Clause */
/* The program's side of a ring.
 *
 * Sleeping and waking, in both directions: who sleeps says so first, fences, and looks once more at what would wake it; who has
 * something for it writes that first, fences, and looks whether it sleeps. The worker's word is lcore.sleeping, its last look
 * struct poller.more; the program's word is `waiting`, which the worker takes back before it writes to the eventfd, so that one
 * sleep costs one write. */
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "ring/ring_internal.h"

struct leat_sqe *leat_sqe(struct leat_ring *r)
{
	if (r->sq_next - __atomic_load_n(&r->sq_tail, __ATOMIC_ACQUIRE) > r->sq_mask)
		return NULL;
	struct leat_sqe *e = &r->sq[r->sq_next++ & r->sq_mask];
	*e = (struct leat_sqe){ .fd = -1 };
	return e;
}

unsigned leat_submit(struct leat_ring *r)
{
	unsigned n = r->sq_next - r->sq_head;
	struct lcore *lc = r->hub->w->lc;
	if (!n)
		return 0;
	__atomic_store_n(&r->sq_head, r->sq_next, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (racy_get(lc->sleeping))
		r->rt->ops->wake(r->rt, lc);
	return n;
}

static bool has_completion(const struct leat_ring *r)
{
	return __atomic_load_n(&r->cq_head, __ATOMIC_ACQUIRE) != r->cq_tail;
}

static unsigned reap_ring(struct leat_ring *r, struct leat_cqe *to, unsigned max)
{
	uint32_t tail = r->cq_tail;
	unsigned n = MIN(__atomic_load_n(&r->cq_head, __ATOMIC_ACQUIRE) - tail, max);
	for (unsigned i = 0; i < n; i++)
		to[i] = r->cq[(tail + i) & r->cq_mask];
	__atomic_store_n(&r->cq_tail, tail + n, __ATOMIC_RELEASE);
	return n;
}

static unsigned reap_aside(struct leat_ring *r, struct leat_cqe *to, unsigned max)
{
	unsigned n = MIN(r->n_aside, max);
	for (unsigned i = 0; i < n; i++)
		to[i] = r->aside[r->aside_first + i];
	r->aside_first += n;
	r->n_aside -= n;
	if (!r->n_aside)
		r->aside_first = 0;
	return n;
}

unsigned leat_reap(struct leat_ring *r, struct leat_cqe *to, unsigned max)
{
	unsigned n = r->n_aside ? reap_aside(r, to, max) : 0;
	return n + reap_ring(r, to + n, max - n);
}

int leat_ring_fd(const struct leat_ring *r)
{
	return r->fd;
}

/* The worker left off because the completion ring was full, and may be asleep: now there is room. */
static void wake_if_stuck(struct leat_ring *r)
{
	struct lcore *lc = r->hub->w->lc;
	bool stuck = racy_get(r->has_late) || __atomic_load_n(&r->sq_tail, __ATOMIC_ACQUIRE) != r->sq_head;
	if (stuck && racy_get(lc->sleeping))
		r->rt->ops->wake(r->rt, lc);
}

bool leat_arm(struct leat_ring *r)
{
	racy_set(r->waiting, 1);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!has_completion(r)) {
		wake_if_stuck(r);
		return true;
	}
	racy_set(r->waiting, 0);
	return false;
}

static int64_t clock_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Until the eventfd was written to, or the time has come. */
static int sleep_until(struct leat_ring *r, int64_t until_us)
{
	struct pollfd p = { .fd = r->fd, .events = POLLIN };
	struct timespec t, *timeout = NULL;
	uint64_t times;
	if (until_us >= 0) {
		int64_t left = MAX(until_us - clock_us(), 0);
		t = (struct timespec){ .tv_sec = left / 1000000, .tv_nsec = left % 1000000 * 1000 };
		timeout = &t;
	}
	int n = ppoll(&p, 1, timeout, NULL);
	if (n < 0)
		return -errno;
	if (!n)
		return -ETIME;
	return read(r->fd, &times, sizeof times) == sizeof times || errno == EAGAIN ? 0 : -errno;
}

static int64_t until_of(int64_t timeout_us)
{
	return timeout_us < 0 ? -1 : clock_us() + timeout_us;
}

static int wait_until(struct leat_ring *r, int64_t until_us)
{
	while (leat_arm(r)) {
		int err = sleep_until(r, until_us);
		if (!err)
			continue;
		racy_set(r->waiting, 0);
		return has_completion(r) ? 0 : err;
	}
	return 0;
}

int leat_wait(struct leat_ring *r, int64_t timeout_us)
{
	if (r->n_aside || has_completion(r))
		return 0;
	return timeout_us ? wait_until(r, until_of(timeout_us)) : -ETIME;
}

/* --- who waits for a certain one --- */

/* Room for one more. False: no memory. */
static bool make_room(struct leat_ring *r)
{
	unsigned room = r->aside_room ? r->aside_room * 2 : 64;
	if (r->aside_first) {
		memmove(r->aside, r->aside + r->aside_first, r->n_aside * sizeof *r->aside);
		r->aside_first = 0;
	}
	if (r->aside_first + r->n_aside < r->aside_room)
		return true;
	struct leat_cqe *at = realloc(r->aside, room * sizeof *at);
	if (!at)
		return false;
	r->aside = at;
	r->aside_room = room;
	return true;
}

void ring_put_aside(struct leat_ring *r)
{
	while (has_completion(r) && make_room(r))
		reap_ring(r, &r->aside[r->aside_first + r->n_aside++], 1);
}

static bool take_aside(struct leat_ring *r, unsigned from, uint64_t lo, uint64_t hi, struct leat_cqe *ret)
{
	for (unsigned i = from; i < r->n_aside; i++) {
		struct leat_cqe *c = &r->aside[r->aside_first + i];
		if (c->user_data < lo || c->user_data > hi)
			continue;
		*ret = *c;
		memmove(c, c + 1, (--r->n_aside - i) * sizeof *c);
		return true;
	}
	return false;
}

int ring_take(struct leat_ring *r, uint64_t lo, uint64_t hi, int64_t timeout_us, struct leat_cqe *ret)
{
	int64_t until_us = until_of(timeout_us);
	unsigned seen = 0;
	for (;;) {
		ring_put_aside(r);
		if (take_aside(r, seen, lo, hi, ret))
			return 0;
		seen = r->n_aside;
		int err = wait_until(r, until_us);
		if (err)
			return err;
	}
}

int leat_submit_and_wait(struct leat_ring *r, struct leat_cqe *to, unsigned max, int64_t timeout_us)
{
	leat_submit(r);
	int err = leat_wait(r, timeout_us);
	return err ? err : (int)leat_reap(r, to, max);
}

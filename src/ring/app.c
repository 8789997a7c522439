/* SPDX-License-Identifier: BSD-2-Clause */
/* The program's side of a ring.
 *
 * Sleeping and waking, in both directions: who sleeps says so first, fences, and looks once more at what would wake it; who has
 * something for it writes that first, fences, and looks whether it sleeps. The worker's word is lcore.sleeping, its last look
 * struct poller.more; the program's word is `waiting`, which the worker takes back before it writes to the eventfd, so that one
 * sleep costs one write. */
#include <poll.h>
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

unsigned leat_reap(struct leat_ring *r, struct leat_cqe *to, unsigned max)
{
	uint32_t tail = r->cq_tail;
	unsigned n = MIN(__atomic_load_n(&r->cq_head, __ATOMIC_ACQUIRE) - tail, max);
	for (unsigned i = 0; i < n; i++)
		to[i] = r->cq[(tail + i) & r->cq_mask];
	__atomic_store_n(&r->cq_tail, tail + n, __ATOMIC_RELEASE);
	return n;
}

int leat_ring_fd(const struct leat_ring *r)
{
	return r->fd;
}

bool leat_arm(struct leat_ring *r)
{
	racy_set(r->waiting, 1);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!has_completion(r))
		return true;
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

int leat_wait(struct leat_ring *r, int64_t timeout_us)
{
	int64_t until_us = timeout_us < 0 ? -1 : 0;
	if (has_completion(r))
		return 0;
	if (!timeout_us)
		return -ETIME;
	if (timeout_us > 0)
		until_us = clock_us() + timeout_us;
	while (leat_arm(r)) {
		int err = sleep_until(r, until_us);
		if (err) {
			racy_set(r->waiting, 0);
			return has_completion(r) ? 0 : err;
		}
	}
	return 0;
}

int leat_submit_and_wait(struct leat_ring *r, struct leat_cqe *to, unsigned max, int64_t timeout_us)
{
	leat_submit(r);
	int err = leat_wait(r, timeout_us);
	return err ? err : (int)leat_reap(r, to, max);
}

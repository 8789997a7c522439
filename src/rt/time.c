/* SPDX-License-Identifier: BSD-2-Clause */
/* Time and randomness: what a stack may not fetch for itself. */
#include "rt/rt_internal.h"

#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

static uint64_t clock_ns(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

uint64_t rt_clock_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

uint64_t rt_now_us(struct leat_runtime *rt)
{
	return (rt_clock_ns() - real(rt)->start_ns) / 1000;
}

uint64_t rt_wall_ns(struct leat_runtime *rt)
{
	return clock_ns(CLOCK_REALTIME);
}

/* Cannot fail once the kernel's pool is up; before that, and on kernels without the call, there is no way to go on. */
static void random_fetch(uint8_t *to, size_t len)
{
	while (len) {
		ssize_t n = getrandom(to, len, 0);
		assert(n > 0 || (n < 0 && "getrandom"));
		if (n > 0) {
			to += n;
			len -= (size_t)n;
		}
	}
}

/* Small draws come from a buffer, so that one system call serves many. Nobody waits for it: who finds it in use asks the
 * kernel. What was drawn is wiped, so a later look at memory does not tell it. */
void rt_random(struct leat_runtime *rt, void *buf, size_t len)
{
	struct rt_random *r = &real(rt)->random;
	if (len > sizeof r->buf / 4 || __atomic_test_and_set(&r->busy, __ATOMIC_ACQUIRE)) {
		random_fetch(buf, len);
		return;
	}
	if (r->left < len) {
		random_fetch(r->buf, sizeof r->buf);
		r->left = sizeof r->buf;
	}
	r->left -= (unsigned)len;
	memcpy(buf, r->buf + r->left, len);
	memset(r->buf + r->left, 0, len);
	__atomic_clear(&r->busy, __ATOMIC_RELEASE);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Time, randomness and the log: the three things a stack may not fetch for itself. */
#include "rt/rt_internal.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum { LOG_BURST = 50, LOG_PER_SECOND = 10 };

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

void rt_log_init(struct rt_log *l)
{
	pthread_mutex_init(&l->lock, NULL);
	l->tokens = LOG_BURST;
}

/* A token bucket, so that a stranger who finds a way to cause log lines cannot fill a disk. */
static bool log_allowed(struct rt_log *l, uint64_t now_us, uint64_t *ret_suppressed)
{
	uint64_t earned = (now_us - l->tokens_at_us) * LOG_PER_SECOND / 1000000;
	if (earned) {
		l->tokens = (unsigned)MIN((uint64_t)LOG_BURST, l->tokens + earned);
		l->tokens_at_us = now_us;
	}
	if (!l->tokens) {
		l->suppressed++;
		return false;
	}
	l->tokens--;
	*ret_suppressed = l->suppressed;
	l->suppressed = 0;
	return true;
}

void rt_log_line(struct leat_runtime *rt, enum log_level level, const char *line)
{
	static const char *const names[] = {
		[LOG_ERROR] = "error", [LOG_WARN] = "warning", [LOG_INFO] = "info", [LOG_DEBUG] = "debug"
	};
	struct real_rt *rr = real(rt);
	uint64_t suppressed = 0;
	if (level > rr->opts.log_level)
		return;
	pthread_mutex_lock(&rr->log.lock);
	bool allowed = log_allowed(&rr->log, rt_now_us(rt), &suppressed);
	pthread_mutex_unlock(&rr->log.lock);
	if (suppressed)
		dprintf(STDERR_FILENO, "%s: warning: %llu log lines left out: too many at once\n",
			rr->opts.log_name, (unsigned long long)suppressed);
	if (allowed)
		dprintf(STDERR_FILENO, "%s: %s: %s\n", rr->opts.log_name, names[level], line);
}

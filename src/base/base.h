/* SPDX-License-Identifier: BSD-2-Clause */
/* What every file needs: sizes, branches, published pointers. No state, no functions with a body in a .c file. */
#ifndef LEAT_BASE_H
#define LEAT_BASE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(a)     (sizeof(a) / sizeof((a)[0]))
#define CACHELINE         64
#define cacheline_aligned __attribute__((aligned(CACHELINE)))
#define likely(x)         __builtin_expect(!!(x), 1)
#define unlikely(x)       __builtin_expect(!!(x), 0)
#define cold_fn           __attribute__((cold, noinline))
#define printf_like(f, a) __attribute__((format(printf, f, a)))

#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

#define MIN(a, b)                                  \
	({                                         \
		typeof(a) min_a_ = (a);            \
		typeof(b) min_b_ = (b);            \
		min_a_ < min_b_ ? min_a_ : min_b_; \
	})
#define MAX(a, b)                                  \
	({                                         \
		typeof(a) max_a_ = (a);            \
		typeof(b) max_b_ = (b);            \
		max_a_ > max_b_ ? max_a_ : max_b_; \
	})

/* A pointer that one thread publishes and others read without a lock. What it pointed to may be freed only through
 * rt_defer(). Reads are acquire, writes release, so what is behind it is complete before it can be seen. */
#define rcu_ptr(type)       type *
#define rcu_get(field)      __atomic_load_n(&(field), __ATOMIC_ACQUIRE)
#define rcu_set(field, val) __atomic_store_n(&(field), (val), __ATOMIC_RELEASE)

/* A plain integer that one thread writes and others may read at any time (counters, flags, packed states). */
#define racy_get(field)      __atomic_load_n(&(field), __ATOMIC_RELAXED)
#define racy_set(field, val) __atomic_store_n(&(field), (val), __ATOMIC_RELAXED)
/* By the one writer only: an addition that costs what a plain one costs. */
#define racy_add(field, val) racy_set(field, racy_get(field) + (val))

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Timers on a hierarchical wheel with 64-bit time (W:R6).
 *
 * Time in leat is microseconds since the runtime started, in 64 bits: it wraps after 584,542 years, so nothing compares
 * times on a circle. (Nanoseconds would wrap after 584 years, and a timer a thousand years out has to fire.)
 *
 * Theory of operation: eleven levels of 64 slots, the slot of level n being 64^n us wide. A timer sits at the level of the
 * highest bit in which its time differs from now, so it moves down a level at most ten times in its life and fires in the
 * exact microsecond. A bitmap per level finds the next busy slot, so advancing over a thousand empty years costs the
 * same as over one. Setting, moving and stopping a timer are O(1) and allocate nothing.
 *
 * Threads: a wheel belongs to one lcore. Timers that fire at the same microsecond fire in the order they were set. */
#ifndef LEAT_CORE_TIMER_H
#define LEAT_CORE_TIMER_H

#include "base/base.h"

struct lcore;
struct timer;
typedef void timer_fn(struct lcore *lc, struct timer *t);

struct timer_link {
	struct timer_link *next, *prev; /* NULL when not set */
};
struct timer {
	struct timer_link link;
	uint64_t when_us;
	timer_fn *fn;
};
static_assert(sizeof(struct timer) == 32, "sockets hold several");

enum { WHEEL_LEVELS = 11, WHEEL_SLOTS = 64 };

struct wheel {
	uint64_t now_us;
	uint64_t busy[WHEEL_LEVELS];
	struct timer_link due; /* set for a time already past: fires at the next advance */
	struct timer_link slot[WHEEL_LEVELS][WHEEL_SLOTS];
};

void wheel_init(struct wheel *w, uint64_t now_us);
/* Fires what is due up to and including now_us. A callback may set, move and stop any timer. Returns how many fired. */
unsigned wheel_advance(struct wheel *w, struct lcore *lc, uint64_t now_us);
/* When to advance next, or UINT64_MAX: the time of the next timer or, when that is far off, an earlier one at which it moves
 * down a level. */
uint64_t wheel_next_us(const struct wheel *w);

void timer_init(struct timer *t, timer_fn *fn);
/* Sets or moves. A time already past fires at the next advance. */
void timer_set_at(struct wheel *w, struct timer *t, uint64_t when_us);
void timer_stop(struct wheel *w, struct timer *t); /* harmless when not set */
static inline bool timer_is_set(const struct timer *t)
{
	return t->link.next != NULL;
}

#endif

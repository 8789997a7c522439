/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/timer.h"

enum { SLOT_BITS = 6 };

static void link_init(struct timer_link *l)
{
	l->next = l->prev = l;
}

static bool link_empty(const struct timer_link *l)
{
	return l->next == l;
}

static void link_append(struct timer_link *head, struct timer_link *e)
{
	e->next = head;
	e->prev = head->prev;
	head->prev->next = e;
	head->prev = e;
}

/* Moves all of *from to the empty *to. */
static void link_take_all(struct timer_link *from, struct timer_link *to)
{
	link_init(to);
	if (link_empty(from))
		return;
	*to = *from;
	to->next->prev = to->prev->next = to;
	link_init(from);
}

void wheel_init(struct wheel *w, uint64_t now_us)
{
	*w = (struct wheel){ .now_us = now_us };
	link_init(&w->due);
	for (unsigned level = 0; level < WHEEL_LEVELS; level++)
		for (unsigned i = 0; i < WHEEL_SLOTS; i++)
			link_init(&w->slot[level][i]);
}

void timer_init(struct timer *t, timer_fn *fn)
{
	*t = (struct timer){ .fn = fn };
}

/* The slot under which `when` is found from `now`: the level of the highest bit in which they differ. */
static void place(struct wheel *w, struct timer *t)
{
	if (t->when_us <= w->now_us) {
		link_append(&w->due, &t->link);
		return;
	}
	unsigned level = (63 - (unsigned)__builtin_clzll(t->when_us ^ w->now_us)) / SLOT_BITS;
	unsigned i = t->when_us >> (level * SLOT_BITS) & (WHEEL_SLOTS - 1);
	link_append(&w->slot[level][i], &t->link);
	w->busy[level] |= (uint64_t)1 << i;
}

void timer_set_at(struct wheel *w, struct timer *t, uint64_t when_us)
{
	timer_stop(w, t);
	t->when_us = when_us;
	place(w, t);
}

void timer_stop(struct wheel *w, struct timer *t)
{
	struct timer_link *l = &t->link;
	if (!l->next)
		return;
	if (l->next == l->prev) { /* the last one: what remains is the head, perhaps that of a slot */
		struct timer_link *first = &w->slot[0][0];
		uintptr_t i = ((uintptr_t)l->next - (uintptr_t)first) / sizeof *first;
		if (l->next >= first && i < WHEEL_LEVELS * WHEEL_SLOTS)
			w->busy[i / WHEEL_SLOTS] &= ~((uint64_t)1 << i % WHEEL_SLOTS);
	}
	l->prev->next = l->next;
	l->next->prev = l->prev;
	l->next = l->prev = NULL;
}

/* The next busy slot after now: lower levels come first in time. False: none. */
static bool next_slot(const struct wheel *w, unsigned *ret_level, unsigned *ret_i, uint64_t *ret_start)
{
	for (unsigned level = 0; level < WHEEL_LEVELS; level++) {
		unsigned shift = level * SLOT_BITS, at = w->now_us >> shift & (WHEEL_SLOTS - 1);
		uint64_t later = at == WHEEL_SLOTS - 1 ? 0 : w->busy[level] >> (at + 1) << (at + 1);
		if (!later)
			continue;
		unsigned i = (unsigned)__builtin_ctzll(later), above = shift + SLOT_BITS;
		uint64_t base = above >= 64 ? 0 : w->now_us >> above << above;
		*ret_level = level;
		*ret_i = i;
		*ret_start = base | (uint64_t)i << shift;
		return true;
	}
	return false;
}

uint64_t wheel_next_us(const struct wheel *w)
{
	unsigned level, i;
	uint64_t start;
	if (!link_empty(&w->due))
		return w->now_us;
	return next_slot(w, &level, &i, &start) ? start : UINT64_MAX;
}

/* A callback may stop timers that are still on the list, or set new ones, which go elsewhere. */
static unsigned fire(struct lcore *lc, struct wheel *w, struct timer_link *list)
{
	unsigned n = 0;
	while (!link_empty(list)) {
		struct timer *t = container_of(list->next, struct timer, link);
		timer_stop(w, t);
		t->fn(lc, t);
		n++;
	}
	return n;
}

static unsigned fire_due(struct lcore *lc, struct wheel *w)
{
	struct timer_link list;
	link_take_all(&w->due, &list);
	return fire(lc, w, &list);
}

unsigned wheel_advance(struct wheel *w, struct lcore *lc, uint64_t now_us)
{
	unsigned level, i, n = fire_due(lc, w);
	uint64_t start;
	while (next_slot(w, &level, &i, &start) && start <= now_us) {
		struct timer_link list;
		w->now_us = start;
		w->busy[level] &= ~((uint64_t)1 << i);
		link_take_all(&w->slot[level][i], &list);
		if (level == 0) {
			n += fire(lc, w, &list);
			continue;
		}
		/* Down a level; what is due at this very microsecond fires in the order in which it was set. */
		struct timer_link now;
		link_init(&now);
		while (!link_empty(&list)) {
			struct timer *t = container_of(list.next, struct timer, link);
			timer_stop(w, t);
			if (t->when_us <= start)
				link_append(&now, &t->link);
			else
				place(w, t);
		}
		n += fire(lc, w, &now);
	}
	if (now_us > w->now_us)
		w->now_us = now_us;
	return n;
}

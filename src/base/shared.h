/* SPDX-License-Identifier: BSD-2-Clause */
/* Values that many objects have alike (options of a million sockets): one copy, counted. Who wants another value makes it his own
 * first, and gives it back to be shared when it is complete.
 *
 * A pool remembers the last few values, by which equal ones are found. It is changed (own, settle) while nobody else looks at it;
 * looking (find), taking and giving references may be done by many threads at a time. */
#ifndef LEAT_BASE_SHARED_H
#define LEAT_BASE_SHARED_H

#include "base/mem.h"

/* A value begins with it; no padding behind it may differ between equal ones (so they begin zeroed). */
struct shared {
	uint32_t refs;
};

enum { SHARED_RECENT = 8 };
struct shared_pool {
	struct mem_account *mem;
	size_t bytes;
	const struct shared *recent[SHARED_RECENT];
	unsigned next;
};

void shared_init(struct shared_pool *p, struct mem_account *mem, size_t bytes);
void shared_done(struct shared_pool *p);
/* One that equals *value, or a copy of it; NULL at a limit. What is shared is const: only one's own is written to. */
const void *shared_of(const struct shared_pool *p, const void *value);
const void *shared_get(const void *v);
void shared_put(const void *v); /* NULL is welcome */
/* In exchange for a reference to v one that nobody else has, to be changed. NULL at a limit: then v is as it was. */
void *shared_own(const struct shared_pool *p, const void *v);
/* v is complete: in exchange for it one that equals it. */
const void *shared_settle(struct shared_pool *p, const void *v);

#endif

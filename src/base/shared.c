/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/shared.h"

#include <string.h>

void shared_init(struct shared_pool *p, struct mem_account *mem, size_t bytes)
{
	*p = (struct shared_pool){ .mem = mem, .bytes = bytes };
}

void shared_done(struct shared_pool *p)
{
	for (unsigned i = 0; i < SHARED_RECENT; i++) {
		shared_put(p->recent[i]);
		p->recent[i] = NULL;
	}
}

static bool equal(const struct shared_pool *p, const void *a, const void *b)
{
	return memcmp((const struct shared *)a + 1, (const struct shared *)b + 1,
		      p->bytes - sizeof(struct shared)) == 0;
}

static const void *find(const struct shared_pool *p, const void *value)
{
	for (unsigned i = 0; i < SHARED_RECENT; i++)
		if (p->recent[i] && equal(p, p->recent[i], value))
			return shared_get(p->recent[i]);
	return NULL;
}

static void *copy(const struct shared_pool *p, const void *value)
{
	struct shared *v = mem_zalloc(p->mem, p->bytes);
	if (!v)
		return NULL;
	memcpy(v, value, p->bytes);
	v->refs = 1;
	return v;
}

const void *shared_of(const struct shared_pool *p, const void *value)
{
	const void *v = find(p, value);
	return v ? v : copy(p, value);
}

const void *shared_get(const void *v)
{
	__atomic_fetch_add(&((struct shared *)v)->refs, 1, __ATOMIC_RELAXED);
	return v;
}

void shared_put(const void *v)
{
	if (v && __atomic_fetch_sub(&((struct shared *)v)->refs, 1, __ATOMIC_ACQ_REL) == 1)
		mem_free((void *)v);
}

void *shared_own(const struct shared_pool *p, const void *v)
{
	if (racy_get(((struct shared *)v)->refs) == 1)
		return (void *)v;
	void *own = copy(p, v);
	if (own)
		shared_put(v);
	return own;
}

const void *shared_settle(struct shared_pool *p, const void *v)
{
	const void *same = find(p, v);
	if (same) {
		shared_put(v);
		return same;
	}
	unsigned at = p->next++ % SHARED_RECENT;
	shared_put(p->recent[at]);
	p->recent[at] = shared_get(v);
	return v;
}

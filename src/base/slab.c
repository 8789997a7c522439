/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/slab.h"

#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define ONE_BY_ONE 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ONE_BY_ONE 1
#endif
#endif
#ifdef ONE_BY_ONE
enum { FEWEST = 1, MOST = 1 };
#else
enum { FEWEST = 8, MOST = 128 };
#endif
enum { LARGE_FROM = 2 * MEM_LARGE }; /* bytes of objects */

struct slab_chunk {
	struct slab *slab;
	struct list link; /* slab.roomy, while it is not full */
	uint16_t n, used, fresh; /* fresh: from here on never used, and zero */
	uint16_t free; /* the first that is free again; n: none. Each leads to the next by its place */
	bool large; /* by mem_zalloc_large() */
	uint8_t obj[] cacheline_aligned;
};

void slab_init(struct slab *s, struct mem_account *mem, size_t obj_bytes, size_t place_off)
{
	*s = (struct slab){ .mem = mem, .obj_bytes = (uint32_t)obj_bytes, .place_off = (uint32_t)place_off };
	list_init(&s->roomy);
}

void slab_done(struct slab *s)
{
	assert(!s || !s->used);
}

static uint16_t *place_of(const struct slab *s, void *obj)
{
	return (uint16_t *)((uint8_t *)obj + s->place_off);
}

static struct slab_chunk *chunk_large(struct slab *s, uint64_t *ret_n)
{
	bool many = MOST > 1 && s->used * s->obj_bytes >= LARGE_FROM;
	struct slab_chunk *c = !many       ? NULL
			       : s->smooth ? mem_zalloc_smooth(s->mem)
					   : mem_zalloc_large(s->mem);
	if (!c)
		return NULL;
	*ret_n = MIN((MEM_LARGE - sizeof *c) / s->obj_bytes, (size_t)UINT16_MAX);
	c->large = true;
	return c;
}

static struct slab_chunk *chunk_new(struct slab *s)
{
	uint64_t n = MIN(MAX(s->used, (uint64_t)FEWEST), (uint64_t)MOST);
	struct slab_chunk *c = chunk_large(s, &n);
	if (!c)
		c = mem_zalloc_aligned(s->mem, sizeof *c + n * s->obj_bytes, CACHELINE);
	if (!c)
		return NULL;
	c->slab = s;
	c->n = c->free = (uint16_t)n;
	list_push(&s->roomy, &c->link);
	return c;
}

void *slab_zalloc(struct slab *s)
{
	struct slab_chunk *c =
		list_empty(&s->roomy) ? chunk_new(s) : list_first(&s->roomy, struct slab_chunk, link);
	if (!c)
		return NULL;
	uint16_t place = c->free < c->n ? c->free : c->fresh++;
	void *obj = c->obj + (size_t)place * s->obj_bytes;
	if (place == c->free) {
		c->free = *place_of(s, obj);
		memset(obj, 0, s->obj_bytes);
	}
	*place_of(s, obj) = place;
	racy_add(s->used, 1); /* others may ask how many there are */
	if (++c->used == c->n)
		list_remove(&c->link);
	return obj;
}

void slab_free_at(void *obj, size_t obj_bytes, uint16_t place)
{
	uint8_t *first = (uint8_t *)obj - place * obj_bytes;
	struct slab_chunk *c = (struct slab_chunk *)(first - offsetof(struct slab_chunk, obj));
	struct slab *s = c->slab;
	assert(s->obj_bytes == obj_bytes && c->used);
	racy_add(s->used, -1UL);
	if (--c->used == 0) {
		list_remove(&c->link);
		if (c->large)
			mem_free_large(s->mem, c);
		else
			mem_free(c);
		return;
	}
	*place_of(s, obj) = c->free;
	c->free = place;
	if (c->used == c->n - 1)
		list_push(&s->roomy, &c->link);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Objects of one size, of which there may be a million. Each block of mem_zalloc() has 16 bytes of its own, as much again of the
 * C library, and is charged to every account up to the root; here they come by the chunk, which is charged once, and each of 64
 * bytes is a cache line. A chunk goes back when its last object does. Chunks grow with the number of objects, so a few cost little, up
 * to large pages for hundreds of thousands.
 *
 * An object says in a uint16_t of its own where in its chunk it is; while it is free the slab uses those two bytes, and no others.
 * One thread. Under AddressSanitizer each object is a block by itself, so that a look at one that has gone is found. */
#ifndef LEAT_BASE_SLAB_H
#define LEAT_BASE_SLAB_H

#include "base/list.h"
#include "base/mem.h"

struct slab {
	struct mem_account *mem;
	struct list roomy; /* struct slab_chunk */
	uint64_t used; /* objects */
	uint32_t obj_bytes, place_off;
	bool smooth; /* no large pages, whose first touch takes milliseconds: for what is taken in turns */
};

void slab_init(struct slab *s, struct mem_account *mem, size_t obj_bytes, size_t place_off);
/* Of a type, `place` being its uint16_t. */
#define SLAB_INIT(s, mem, type, place) slab_init(s, mem, sizeof(type), offsetof(type, place))
/* Asserts that every object is back. NULL is welcome. */
void slab_done(struct slab *s);

/* Zeroed but for its place; NULL at a limit. */
void *slab_zalloc(struct slab *s);
/* The slab it is of is found by the object. */
void slab_free_at(void *obj, size_t obj_bytes, uint16_t place);
#define slab_free(obj, place) slab_free_at(obj, sizeof *(obj), (obj)->place)

#endif

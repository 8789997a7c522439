/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory that a device's kernel side fills and empties itself (AF_XDP calls it umem), cut into frames. Frame i is the head buffer
 * of a descriptor of its own, so what arrives in it is a packet without a copy. The frames of an lcore lie on a shelf while
 * they are neither in a packet nor with the kernel.
 *
 * One frame a page: no frame crosses a page border, as a device that does the transfer itself wants it in memory that is not
 * contiguous. Within its page it lies at one of 16 offsets, so the headers of successive frames do not meet in the same cache
 * sets; docs/packet.md has the measurement.
 *
 * An arena belongs to the runtime, like pools: packets may outlive the device they came by. Devices that come later use it
 * again. */
#ifndef LEAT_PKT_ARENA_H
#define LEAT_PKT_ARENA_H

#include "base/list.h"
#include "pkt/pkt.h"

enum {
	ARENA_PITCH_SHIFT = 12,
	ARENA_FRAME_SIZE = 3072,
	ARENA_COLOURS = 16,
	ARENA_COLOUR_SIZE = CACHELINE,
	/* Bytes at the start that are no frame's: drivers may subtract up to as much from an address. */
	ARENA_START = 1 << ARENA_PITCH_SHIFT,
};
static_assert(ARENA_FRAME_SIZE + ARENA_COLOURS * ARENA_COLOUR_SIZE <= 1 << ARENA_PITCH_SHIFT,
	      "a frame stays within its page");

struct pkt_arena;
struct pkt_region;

/* Home lcore, or anybody while it is paused; n and promised: control lcore. */
struct pkt_shelf {
	struct lcore *lc;
	struct pkt *free; /* last in, first out: warm ones first */
	uint32_t n_free;
	uint32_t n; /* frames of this lcore in all */
	uint32_t promised; /* to devices that are open */
} cacheline_aligned;

struct pkt_arena {
	struct pkt_shelf shelf[LCORE_MAX]; /* by lcore */
	uint8_t *mem;
	size_t len_bytes;
	int fd; /* of the memory, for who maps it as well */
	uint32_t per_lcore; /* frames; a multiple of what a region has */
	struct pkt_arena *next; /* of all arenas; control lcore */
	struct list users; /* the drivers': devices that are open on it; control lcore */
	uint32_t next_user; /* the drivers': for telling users apart */
	unsigned n_regions;
	struct pkt_region *region[];
};

/* --- control lcore --- */

/* One with room for need[lcore] more frames on each lcore, and promises them: an old one, or a new one with as many again. 0,
 * -ENOMEM. */
int pkt_arena_get(struct leat_runtime *rt, const uint32_t need[LCORE_MAX], struct pkt_arena **ret);
/* In a copy of the process (core/aside.h): what it writes into frames from now on neither the original nor the kernel sees. The copy ends
 * when that cannot be had. */
void pkt_arenas_own(struct leat_runtime *rt);
/* One whose memory is fd's, which it takes, made by another process for as many lcores with per_lcore frames each; the one that has
 * that memory already, if there is one. 0, -ENOMEM, -EXDEV: it is of another size, -errno. */
int pkt_arena_adopt(struct leat_runtime *rt, int fd, uint32_t per_lcore, const uint32_t need[LCORE_MAX],
		    struct pkt_arena **ret);
/* Frames that have a user are not on the shelves any more. While all lcores are paused. */
void pkt_arena_sift(struct pkt_arena *a);
/* Takes the promise back. */
void pkt_arena_put(struct pkt_arena *a, const uint32_t need[LCORE_MAX]);

/* --- addresses: offsets from mem --- */

static inline bool arena_has(const struct pkt_arena *a, const uint8_t *bytes)
{
	return (size_t)(bytes - a->mem) < a->len_bytes;
}
static inline uint64_t arena_addr(const struct pkt_arena *a, const uint8_t *bytes)
{
	return (uint64_t)(bytes - a->mem);
}
/* The packet whose frame holds the byte at addr; NULL for an address that is no frame's. */
struct pkt *pkt_arena_at(const struct pkt_arena *a, uint64_t addr);

/* Its i-th frame; NULL behind the last. */
struct pkt *pkt_arena_frame(const struct pkt_arena *a, uint32_t i);

/* --- frames; home lcore --- */

/* Out of the shelf, for the kernel or for a packet of our own; NULL: there is none. Its bytes start at buf->mem. */
static inline struct pkt *pkt_shelf_take(struct pkt_shelf *s)
{
	struct pkt *p = s->free;
	if (unlikely(!p))
		return NULL;
	s->free = p->next;
	s->n_free--;
	return p;
}
/* Back, from who took it. */
static inline void pkt_shelf_put(struct pkt_shelf *s, struct pkt *p)
{
	p->next = s->free;
	s->free = p;
	s->n_free++;
}
/* Makes a packet of it with len bytes at `off` of its frame. It comes back to the shelf by itself when it is freed. */
void pkt_shelf_fill(struct pkt_shelf *s, struct pkt *p, uint32_t off, uint32_t len);
/* Appends a frame that was taken out of the shelf, with len bytes at `off`, to p. False when p's list is full. */
bool pkt_shelf_append(struct pkt_shelf *s, struct pkt *p, struct pkt *frame, uint32_t off, uint32_t len);

#endif

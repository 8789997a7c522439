/* SPDX-License-Identifier: BSD-2-Clause */
/* A hash table that grows and shrinks one bucket at a time (W:T7), read without a lock while it changes.
 *
 * Theory of operation: a split-ordered list (Shalev and Shavit, "Split-Ordered Lists", JACM 2006). All elements sit in
 * one list sorted by bit-reversed hash; a bucket is a marker in that list, made when first needed. Doubling the table is
 * one store; elements never move, so a reader is never led astray. Shrinking halves the size at once and frees markers a
 * few at a time, after a grace period. Memory for markers comes in small chunks.
 *
 * Threads: one writer (or one at a time, ordered by its own means); any number of readers within an RCU read side.
 * Removed elements and chunks may be reused only after a grace period: the caller defers its own elements; the table
 * gives its chunks to the defer function it was made with (NULL: free at once, for tables of one thread). */
#ifndef LEAT_BASE_HASH_H
#define LEAT_BASE_HASH_H

#include "base/mem.h"

struct hash_node {
	struct hash_node *next;
	uint64_t order; /* bit-reversed hash; bit 0 tells an element from a marker */
};

/* Something to free later. `fn` gets the same pointer back. */
struct deferred {
	struct deferred *next;
	void (*fn)(struct deferred *d);
};
typedef void hash_defer_fn(void *ctx, struct deferred *d);

struct hash {
	struct mem_account *mem;
	hash_defer_fn *defer;
	void *defer_ctx;
	uint64_t count;
	uint64_t seg_bytes; /* hash_memory_bytes() */
	uint32_t mask; /* buckets - 1 */
	uint32_t shrink_at; /* marker clean-up cursor; 0 when idle */
	struct hash_seg *seg[33];
	struct hash_node first; /* bucket 0 */
};

/* No memory is taken until the first insert. */
void hash_init(struct hash *h, struct mem_account *mem, hash_defer_fn *defer, void *ctx);
void hash_done(struct hash *h); /* must hold no element; frees markers at once: no reader may be left */

/* Never fails: without memory for markers, chains get longer. */
void hash_insert(struct hash *h, struct hash_node *n, uint32_t hash);
void hash_remove(struct hash *h, struct hash_node *n);
/* The first element with this hash, or NULL; then hash_next_same() for more. Compare the key yourself. */
struct hash_node *hash_first(const struct hash *h, uint32_t hash);
struct hash_node *hash_next_same(const struct hash_node *n);

/* All elements in an order that changes of size do not disturb: a dump remembers `order` of the last element and its key,
 * and goes on after it. Readers may iterate; *pos starts at 0. Elements with equal order are visited in insertion order. */
struct hash_node *hash_from(const struct hash *h, uint64_t order); /* first element with .order >= order */
struct hash_node *hash_next(const struct hash_node *n);

uint64_t hash_memory_bytes(const struct hash *h); /* markers and tables */

#define hash_for_each_same(n, h, hash) for (n = hash_first(h, hash); n; n = hash_next_same(n))
#define hash_for_each(n, h)            for (n = hash_from(h, 0); n; n = hash_next(n))

/* Spreads a small integer key; not for keys a stranger chooses (siphash.h). */
static inline uint32_t hash_u32(uint32_t x)
{
	x ^= x >> 16;
	x *= 0x7feb352dU;
	x ^= x >> 15;
	x *= 0x846ca68bU;
	return x ^ x >> 16;
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Buckets and where their markers live. Bucket b > 0 belongs to segment s, which holds buckets 2^(s-1) to 2^s - 1: doubling
 * the table adds one segment, halving takes the last away. A segment up to 2^10 markers is one chunk; a larger one is a
 * directory of chunks, a very large one a root of directories, each made when first needed:
 *
 *	seg[5]  -> 16 markers
 *	seg[16] -> 32 chunks of 1,024 markers
 *	seg[24] -> 4 directories of 2,048 chunks of 1,024 markers
 *
 * so no allocation is larger than 16 KiB and a bit, and no insert takes more than three. A bucket without a marker (not
 * made yet, or no memory) is searched from its parent: the bucket whose number lacks the highest bit.
 *
 * Growing: at 2 elements a bucket the mask doubles; inserts make the markers they meet missing. Shrinking: below 1/4 the
 * mask halves, and each insert or remove then unlinks up to CLEAN_STEP markers of the last segment. The next doubling or
 * halving waits for that; at CLEAN_STEP 8 it is done long before either is due. A reader that still has the old mask may
 * stand on an unlinked marker: what it leads to was in the list when the reader began, and goes only after a grace period
 * that waits for it. */
#include "base/hash.h"

enum {
	CHUNK_BITS = 10,
	DIR_BITS = 11,
	CLEAN_STEP = 8,
	BUCKETS_MAX_BITS = 31,
};

struct hash_seg {
	struct deferred deferred;
	union {
		struct hash_node marker[0]; /* a chunk; order 0: not made */
		struct hash_seg *sub[0]; /* a directory or root */
	};
};

static uint32_t reverse(uint32_t x)
{
	x = (x & 0x55555555) << 1 | (x >> 1 & 0x55555555);
	x = (x & 0x33333333) << 2 | (x >> 2 & 0x33333333);
	x = (x & 0x0f0f0f0f) << 4 | (x >> 4 & 0x0f0f0f0f);
	return __builtin_bswap32(x);
}

static uint64_t element_order(uint32_t hash)
{
	return (uint64_t)reverse(hash) << 32 | 1;
}

static uint64_t marker_order(uint32_t bucket)
{
	return (uint64_t)reverse(bucket) << 32;
}

static bool is_element(const struct hash_node *n)
{
	return n->order & 1;
}

static unsigned high_bit(uint32_t bucket)
{
	return 31 - (unsigned)__builtin_clz(bucket);
}

static uint32_t parent_of(uint32_t bucket)
{
	return bucket & ~(1u << high_bit(bucket));
}

/* --- segments: `bits` is the binary logarithm of how many buckets one holds --- */

static unsigned levels_of(unsigned bits)
{
	return bits <= CHUNK_BITS ? 0 : bits <= CHUNK_BITS + DIR_BITS ? 1 : 2;
}

static unsigned shift_of(unsigned level)
{
	return level == 0 ? 0 : level == 1 ? CHUNK_BITS : CHUNK_BITS + DIR_BITS;
}

static size_t seg_size(unsigned bits, unsigned level)
{
	unsigned top = MIN(bits, shift_of(level + 1)), width = level == 2 ? bits : top;
	size_t each = level ? sizeof(struct hash_seg *) : sizeof(struct hash_node);
	return sizeof(struct hash_seg) + (each << (width - shift_of(level)));
}

static struct hash_seg **seg_sub(struct hash_seg *seg, uint32_t off, unsigned level)
{
	return &seg->sub[off >> shift_of(level) & ((1u << DIR_BITS) - 1)];
}

static struct hash_node *seg_marker(struct hash_seg *seg, uint32_t off)
{
	return &seg->marker[off & ((1u << CHUNK_BITS) - 1)];
}

static void seg_free(struct deferred *d)
{
	mem_free(container_of(d, struct hash_seg, deferred));
}

static bool seg_new(struct hash *h, struct hash_seg **at, size_t size)
{
	struct hash_seg *seg = mem_zalloc(h->mem, size);
	if (!seg)
		return false;
	h->seg_bytes += size + MEM_OVERHEAD;
	rcu_set(*at, seg);
	return true;
}

/* Takes a segment, directory or chunk out of reach; free when nobody can still see it. */
static void seg_drop(struct hash *h, struct hash_seg **at, size_t size)
{
	struct hash_seg *seg = *at;
	if (!seg)
		return;
	rcu_set(*at, NULL);
	h->seg_bytes -= size + MEM_OVERHEAD;
	seg->deferred.fn = seg_free;
	if (h->defer)
		h->defer(h->defer_ctx, &seg->deferred);
	else
		seg_free(&seg->deferred);
}

/* Where bucket's marker is, made or not; NULL when there is no memory for it yet. Readers too. */
static struct hash_node *slot_find(const struct hash *h, uint32_t bucket)
{
	if (bucket == 0)
		return (struct hash_node *)&h->first;
	unsigned bits = high_bit(bucket), level = levels_of(bits);
	uint32_t off = bucket - (1u << bits);
	struct hash_seg *seg = rcu_get(h->seg[bits + 1]);
	for (; seg && level > 0; level--)
		seg = rcu_get(*seg_sub(seg, off, level));
	return seg ? seg_marker(seg, off) : NULL;
}

static struct hash_node *slot_make(struct hash *h, uint32_t bucket)
{
	if (bucket == 0)
		return &h->first;
	unsigned bits = high_bit(bucket), level = levels_of(bits);
	uint32_t off = bucket - (1u << bits);
	struct hash_seg **at = &h->seg[bits + 1];
	for (;; level--) {
		if (!*at && !seg_new(h, at, seg_size(bits, level)))
			return NULL;
		if (level == 0)
			return seg_marker(*at, off);
		at = seg_sub(*at, off, level);
	}
}

/* --- the list --- */

/* The marker to search a bucket from: its own or, where that is not made, the nearest ancestor's. Readers too. */
static struct hash_node *marker_find(const struct hash *h, uint32_t bucket)
{
	for (;; bucket = parent_of(bucket)) {
		struct hash_node *m = slot_find(h, bucket);
		if (bucket == 0 || (m && __atomic_load_n(&m->order, __ATOMIC_ACQUIRE)))
			return m;
	}
}

/* The last node, at or after `from`, whose order is smaller than `order`. Writer. */
static struct hash_node *last_before(struct hash_node *from, uint64_t order)
{
	while (from->next && from->next->order < order)
		from = from->next;
	return from;
}

/* As marker_find(), making the bucket's marker when it is missing. Writer. */
static struct hash_node *marker_make(struct hash *h, uint32_t bucket)
{
	struct hash_node *m = slot_make(h, bucket);
	if (!m)
		return marker_find(h, bucket);
	if (bucket == 0 || m->order)
		return m;
	struct hash_node *before = last_before(marker_make(h, parent_of(bucket)), marker_order(bucket));
	/* A reader may come through the slot as soon as order is set: next must lead on by then. */
	rcu_set(m->next, before->next);
	__atomic_store_n(&m->order, marker_order(bucket), __ATOMIC_RELEASE);
	rcu_set(before->next, m);
	return m;
}

/* Writer. The node's own next stays: readers standing on it go on from there. */
static void unlink_node(struct hash_node *from, struct hash_node *n)
{
	while (from->next != n) {
		from = from->next;
		assert(from);
	}
	rcu_set(from->next, n->next);
}

/* --- growing and shrinking --- */

static uint64_t buckets_of(const struct hash *h)
{
	return (uint64_t)h->mask + 1;
}

/* `last` is the last bucket of a chunk: drops the chunk, and each directory above whose end this is. */
static void chunk_drop(struct hash *h, uint32_t last)
{
	unsigned bits = high_bit(last), top = levels_of(bits);
	uint32_t off = last - (1u << bits);
	struct hash_seg **at[3];
	at[top] = &h->seg[bits + 1];
	for (unsigned level = top; level > 0; level--)
		at[level - 1] = *at[level] ? seg_sub(*at[level], off, level) : at[level];
	for (unsigned level = 0; level <= top; level++) {
		uint32_t span = level == top ? 1u << bits : 1u << shift_of(level + 1);
		if ((off + 1) % span != 0)
			return;
		if (level == top || at[level] != at[level + 1])
			seg_drop(h, at[level], seg_size(bits, level));
	}
}

/* One bucket of the segment behind the mask; where it has no chunk, all buckets that chunk would have held. */
static void clean_one(struct hash *h)
{
	uint32_t half = h->mask + 1, bucket = h->shrink_at;
	uint32_t chunk = MIN(half, 1u << CHUNK_BITS);
	struct hash_node *m = slot_find(h, bucket);
	if (m && m->order)
		unlink_node(marker_find(h, parent_of(bucket)), m);
	uint32_t done = m ? bucket + 1 - half : (bucket - half) / chunk * chunk + chunk;
	if (done % chunk == 0)
		chunk_drop(h, half + done - 1);
	h->shrink_at = done == half ? 0 : half + done;
}

static void resize_some(struct hash *h)
{
	for (unsigned i = 0; i < CLEAN_STEP && h->shrink_at; i++)
		clean_one(h);
	if (h->shrink_at)
		return;
	if (h->count > 2 * buckets_of(h) && buckets_of(h) < (uint64_t)1 << BUCKETS_MAX_BITS) {
		racy_set(h->mask, h->mask * 2 + 1);
	} else if (h->count * 4 < buckets_of(h) && h->mask) {
		racy_set(h->mask, h->mask >> 1);
		h->shrink_at = h->mask + 1;
	}
}

/* --- what hash.h promises --- */

void hash_init(struct hash *h, struct mem_account *mem, hash_defer_fn *defer, void *ctx)
{
	*h = (struct hash){ .mem = mem, .defer = defer, .defer_ctx = ctx };
}

static void seg_free_all(struct hash_seg *seg, unsigned bits, unsigned level)
{
	if (!seg)
		return;
	size_t n = (seg_size(bits, level) - sizeof *seg) / sizeof(struct hash_seg *);
	for (size_t i = 0; level > 0 && i < n; i++)
		seg_free_all(seg->sub[i], bits, level - 1);
	mem_free(seg);
}

void hash_done(struct hash *h)
{
	if (!h)
		return;
	assert(h->count == 0);
	for (unsigned s = 1; s < ARRAY_SIZE(h->seg); s++) {
		seg_free_all(h->seg[s], s - 1, levels_of(s - 1));
		h->seg[s] = NULL;
	}
	hash_init(h, h->mem, h->defer, h->defer_ctx);
}

void hash_insert(struct hash *h, struct hash_node *n, uint32_t hash)
{
	racy_add(h->count, 1);
	resize_some(h);
	n->order = element_order(hash);
	/* Behind its equals: they are visited in insertion order. */
	struct hash_node *before = last_before(marker_make(h, hash & h->mask), n->order + 1);
	n->next = before->next;
	rcu_set(before->next, n);
}

void hash_remove(struct hash *h, struct hash_node *n)
{
	unlink_node(marker_find(h, reverse((uint32_t)(n->order >> 32)) & h->mask), n);
	assert(h->count > 0);
	racy_add(h->count, -1);
	resize_some(h);
}

struct hash_node *hash_first(const struct hash *h, uint32_t hash)
{
	uint64_t order = element_order(hash);
	struct hash_node *n = marker_find(h, hash & racy_get(h->mask));
	while (n && n->order < order)
		n = rcu_get(n->next);
	return n && n->order == order ? n : NULL;
}

struct hash_node *hash_next_same(const struct hash_node *n)
{
	struct hash_node *next = rcu_get(n->next);
	return next && next->order == n->order ? next : NULL;
}

struct hash_node *hash_from(const struct hash *h, uint64_t order)
{
	struct hash_node *n = marker_find(h, reverse((uint32_t)(order >> 32)) & racy_get(h->mask));
	while (n && (n->order < order || !is_element(n)))
		n = rcu_get(n->next);
	return n;
}

struct hash_node *hash_next(const struct hash_node *n)
{
	struct hash_node *next = rcu_get(n->next);
	while (next && !is_element(next))
		next = rcu_get(next->next);
	return next;
}

uint64_t hash_memory_bytes(const struct hash *h)
{
	return racy_get(h->seg_bytes);
}

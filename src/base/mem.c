/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: 16 bytes in front of each block name its account and its length, so that mem_free() needs no more
 * than the pointer. An aligned block starts further into what the C library gave; how far stands beside the length.
 * Charging walks from the account to the root and takes back what it charged when one of them refuses. */
#include "base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct mem_hdr {
	struct mem_account *account;
	uint64_t len : 48; /* as asked for */
	uint64_t back : 16; /* from the block back to what calloc() returned */
};
static_assert(sizeof(struct mem_hdr) == MEM_OVERHEAD, "what mem.h promises");

#define LEN_MAX ((uint64_t)1 << 47)

static struct mem_hdr *hdr_of(void *p)
{
	return (struct mem_hdr *)p - 1;
}

void mem_account_init(struct mem_account *a, const char *name, struct mem_account *parent,
		      uint64_t limit_bytes)
{
	*a = (struct mem_account){ .name = name, .parent = parent, .limit_bytes = limit_bytes };
}

void mem_account_done(struct mem_account *a)
{
	assert(!a || racy_get(a->used_bytes) == 0);
}

static bool told_to_fail(struct mem_account *a)
{
	uint64_t n = racy_get(a->fail_after);
	while (n > 0) {
		if (__atomic_compare_exchange_n(&a->fail_after, &n, n - 1, false, __ATOMIC_RELAXED,
						__ATOMIC_RELAXED))
			return n == 1;
	}
	return false;
}

static void note_peak(struct mem_account *a, uint64_t used)
{
	uint64_t peak = racy_get(a->peak_bytes);
	while (used > peak) {
		if (__atomic_compare_exchange_n(&a->peak_bytes, &peak, used, false, __ATOMIC_RELAXED,
						__ATOMIC_RELAXED))
			return;
	}
}

static bool charge_one(struct mem_account *a, uint64_t len)
{
	uint64_t limit = racy_get(a->limit_bytes), used = racy_get(a->used_bytes);
	if (told_to_fail(a))
		return false;
	do {
		if (limit && (used > limit || len > limit - used))
			return false;
	} while (!__atomic_compare_exchange_n(&a->used_bytes, &used, used + len, false, __ATOMIC_RELAXED,
					      __ATOMIC_RELAXED));
	note_peak(a, used + len);
	return true;
}

static void uncharge_up_to(struct mem_account *a, const struct mem_account *end, uint64_t len)
{
	for (; a != end; a = a->parent) {
		uint64_t was = __atomic_fetch_sub(&a->used_bytes, len, __ATOMIC_RELAXED);
		assert(was >= len);
		(void)was;
	}
}

int mem_charge(struct mem_account *a, uint64_t len_bytes)
{
	for (struct mem_account *up = a; up; up = up->parent) {
		if (!charge_one(up, len_bytes)) {
			__atomic_fetch_add(&up->refused, 1, __ATOMIC_RELAXED);
			uncharge_up_to(a, up, len_bytes);
			return -ENOMEM;
		}
	}
	return 0;
}

void mem_uncharge(struct mem_account *a, uint64_t len_bytes)
{
	uncharge_up_to(a, NULL, len_bytes);
}

/* The block that starts `back` bytes into raw. */
static void *block_at(uint8_t *raw, uint64_t back, struct mem_account *a, size_t len)
{
	void *p = raw + back;
	*hdr_of(p) = (struct mem_hdr){ .account = a, .len = len, .back = back & 0xffff };
	return p;
}

static void *alloc(struct mem_account *a, size_t len, size_t align)
{
	size_t slack = align > MEM_OVERHEAD ? align : 0;
	if (len >= LEN_MAX || mem_charge(a, len + MEM_OVERHEAD) != 0)
		return NULL;
	uint8_t *raw = calloc(1, len + MEM_OVERHEAD + slack);
	if (!raw) {
		mem_uncharge(a, len + MEM_OVERHEAD);
		return NULL;
	}
	uintptr_t at = ((uintptr_t)raw + MEM_OVERHEAD + align - 1) & ~((uintptr_t)align - 1);
	return block_at(raw, at - (uintptr_t)raw, a, len);
}

void *mem_zalloc(struct mem_account *a, size_t len_bytes)
{
	return alloc(a, len_bytes, MEM_OVERHEAD);
}

void *mem_zalloc_aligned(struct mem_account *a, size_t len_bytes, size_t align)
{
	assert(align >= 16 && align <= 4096 && (align & (align - 1)) == 0);
	return alloc(a, len_bytes, align);
}

/* realloc() would lose the alignment: a new block takes over. How far the old one was aligned shows in its address. */
static void *resize_aligned(struct mem_account *a, void *p, size_t len)
{
	size_t align = (uintptr_t)p & -(uintptr_t)p;
	void *q = alloc(a, len, MIN(align, (size_t)4096));
	if (!q)
		return NULL;
	memcpy(q, p, MIN((size_t)hdr_of(p)->len, len));
	mem_free(p);
	return q;
}

static void *resize_plain(struct mem_account *a, void *p, size_t len)
{
	size_t old = hdr_of(p)->len;
	if (len > old && mem_charge(a, len - old) != 0)
		return NULL;
	uint8_t *raw = realloc(hdr_of(p), len + MEM_OVERHEAD);
	if (!raw) {
		if (len > old)
			mem_uncharge(a, len - old);
		return NULL;
	}
	if (len > old)
		memset(raw + MEM_OVERHEAD + old, 0, len - old);
	else
		mem_uncharge(a, old - len);
	return block_at(raw, MEM_OVERHEAD, a, len);
}

void *mem_resize(struct mem_account *a, void *p, size_t len_bytes)
{
	if (!p)
		return mem_zalloc(a, len_bytes);
	assert(hdr_of(p)->account == a);
	if (len_bytes >= LEN_MAX)
		return NULL;
	return hdr_of(p)->back == MEM_OVERHEAD ? resize_plain(a, p, len_bytes)
					       : resize_aligned(a, p, len_bytes);
}

char *mem_strdup(struct mem_account *a, const char *s)
{
	size_t len = strlen(s) + 1;
	char *t = mem_zalloc(a, len);
	return t ? memcpy(t, s, len) : NULL;
}

void mem_free(void *p)
{
	if (!p)
		return;
	struct mem_hdr h = *hdr_of(p);
	mem_uncharge(h.account, h.len + MEM_OVERHEAD);
	free((uint8_t *)p - h.back);
}

/* --- large ones --- */

/* Twice as much is mapped, and what lies around the aligned part goes back. Where the host has no large pages it is as any memory. */
static void *map_large(int advice)
{
	uint8_t *raw =
		mmap(NULL, 2 * (size_t)MEM_LARGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (raw == MAP_FAILED)
		return NULL;
	size_t front = -(uintptr_t)raw & (MEM_LARGE - 1);
	if (front)
		munmap(raw, front);
	munmap(raw + front + MEM_LARGE, MEM_LARGE - front);
	madvise(raw + front, MEM_LARGE, advice);
	return raw + front;
}

static void *zalloc_large(struct mem_account *a, int advice)
{
	if (mem_charge(a, MEM_LARGE))
		return NULL;
	void *p = map_large(advice);
	if (!p)
		mem_uncharge(a, MEM_LARGE);
	return p;
}

void *mem_zalloc_large(struct mem_account *a)
{
	return zalloc_large(a, MADV_HUGEPAGE);
}

void *mem_zalloc_smooth(struct mem_account *a)
{
	return zalloc_large(a, MADV_NOHUGEPAGE);
}

void mem_free_large(struct mem_account *a, void *p)
{
	munmap(p, MEM_LARGE);
	mem_uncharge(a, MEM_LARGE);
}

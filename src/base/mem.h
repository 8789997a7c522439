/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory with an account. Every allocation outside the packet path names the account it is charged to: a stack, a
 * socket, a client or the runtime. Accounts form a tree; an allocation is charged to each account up to the root and
 * refused (NULL) when one of them would pass its limit.
 *
 * Threads: any thread may charge any account (relaxed atomics; nothing here is done per packet).
 * Sizes are bytes as asked for plus MEM_OVERHEAD. */
#ifndef LEAT_BASE_MEM_H
#define LEAT_BASE_MEM_H

#include "base/base.h"

struct mem_account {
	const char *name; /* borrowed; shown by `leat stats` */
	struct mem_account *parent;
	uint64_t used_bytes, peak_bytes;
	uint64_t limit_bytes; /* 0: no limit of its own */
	uint64_t refused; /* allocations refused here */
	/* For tests: when fail_after is n > 0, the n-th allocation from now on fails. */
	uint64_t fail_after;
};

enum { MEM_OVERHEAD = 16, MEM_LARGE = 2 << 20 };

void mem_account_init(struct mem_account *a, const char *name, struct mem_account *parent,
		      uint64_t limit_bytes);
/* In debug builds asserts that everything charged has been freed. */
void mem_account_done(struct mem_account *a);

/* Zeroed memory aligned to 16 bytes, or NULL at a limit. */
void *mem_zalloc(struct mem_account *a, size_t len_bytes);
/* Zeroed memory aligned to a power of two from 16 to 4096. Freed by mem_free(). */
void *mem_zalloc_aligned(struct mem_account *a, size_t len_bytes, size_t align);
/* Grows or shrinks; NULL leaves the old block as it was. New bytes are zero. p may be NULL. */
void *mem_resize(struct mem_account *a, void *p, size_t len_bytes);
char *mem_strdup(struct mem_account *a, const char *s);
void mem_free(void *p); /* NULL is welcome */

/* Zeroed memory of MEM_LARGE bytes, aligned to as many, for tables that are large anyway: the host may give a large page for it, which is
 * one entry of a page table where it else were 512: to copy the process takes a tenth of the time, and more of a table is found
 * without a walk. Freed by mem_free_large(). */
void *mem_zalloc_large(struct mem_account *a);
/* The same, but touched a small page at a time: to make a large one takes the host milliseconds. */
void *mem_zalloc_smooth(struct mem_account *a);
void mem_free_large(struct mem_account *a, void *p);

/* Charges without allocating (regions mapped elsewhere, buffers queued to an owner). 0 or -ENOMEM. */
int mem_charge(struct mem_account *a, uint64_t len_bytes);
void mem_uncharge(struct mem_account *a, uint64_t len_bytes);

#endif

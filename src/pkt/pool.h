/* SPDX-License-Identifier: BSD-2-Clause */
/* Pools of descriptors, head buffers and pages; room-internal. */
#ifndef LEAT_PKT_POOL_H
#define LEAT_PKT_POOL_H

#include <string.h>

#include "pkt/arena.h"

enum {
	POOL_REGION_PKTS = 1024,
	POOL_REGION_PAGES = 256,
	POOL_REGIONS_MAX = 4096, /* of each kind: four million packets an lcore */
	POOL_RETURN_BUFS = 6, /* references that go home in one message */
};

/* Descriptors dense, then what belongs to descriptor i, each in an array of its own. Memory is mapped at once and becomes
 * resident as it is touched. */
struct pkt_region {
	struct pkt pkt[POOL_REGION_PKTS];
	struct buf buf[POOL_REGION_PKTS];
	struct pkt_ext ext[POOL_REGION_PKTS];
	struct pkt_frag frags[POOL_REGION_PKTS][PKT_FRAGS_MAX];
	struct pkt_shelf *shelf; /* whose frames its head buffers are (arena.h); NULL: they are mem */
	uint8_t mem[POOL_REGION_PKTS][BUF_HEAD_SIZE] cacheline_aligned;
};
static_assert(BUF_HEAD_SIZE % 4096 != 0 && (BUF_HEAD_SIZE & (BUF_HEAD_SIZE - 1)) != 0 &&
		      BUF_HEAD_SIZE % CACHELINE == 0,
	      "docs/packet.md");

/* One without memory of its own for head buffers. */
enum { POOL_REGION_WHOLE = sizeof(struct pkt_region), POOL_REGION_BARE = offsetof(struct pkt_region, mem) };

struct page_region {
	uint8_t mem[POOL_REGION_PAGES][BUF_PAGE_SIZE];
	struct buf buf[POOL_REGION_PAGES];
};

/* What goes back to one other lcore at the end of the turn. */
struct pool_returns {
	struct pkt *first, **tail; /* chained by next */
	unsigned n_bufs;
	struct buf *buf[POOL_RETURN_BUFS];
};

struct pkt_pool {
	struct lcore *lc;
	struct pkt *free_pkts; /* last in, first out: warm ones first */
	struct buf *free_pages;
	uint64_t budget_bytes;
	struct pkt_stats stats;
	uint32_t n_regions, n_page_regions;
	struct pkt_region *region[POOL_REGIONS_MAX];
	struct page_region *page_region[POOL_REGIONS_MAX];
	struct turn_end flush;
	uint64_t returns_pending; /* lcores with something in returns[] */
	struct pool_returns returns[LCORE_MAX];
	struct pkt_arena *arenas; /* the control lcore's pool: all of them */
};

static inline struct pkt_pool *pool_of(const struct lcore *lc)
{
	return lc->slot[LCORE_SLOT_PKT];
}

/* Zeroed, of that many bytes; NULL at the budget. Whoever asked fills it in and then enters it. */
struct pkt_region *pool_region_new(struct pkt_pool *pool, size_t len_bytes);
/* What descriptor i of the next region has from then on. Its buf is the caller's to write. */
void pool_region_pkt(const struct pkt_pool *pool, struct pkt_region *r, unsigned i);
void pkt_arena_free(struct leat_runtime *rt, struct pkt_arena *a);

/* A recycled packet remembers nothing: the first line whole, and of the second all that tells of the last packet. */
static inline void pkt_clean(struct pkt *p)
{
	memset(p, 0, offsetof(struct pkt, buf));
	p->data = p->buf->mem + BUF_HEADROOM;
	p->headroom = BUF_HEADROOM;
	p->ext = NULL;
	p->vlan_tci = p->vlan_proto = 0;
	p->gso_size = p->gso_segs = 0;
	p->drop = DROP_NONE;
	p->trace_id = 0;
	p->next = NULL;
}

/* What a copy of a descriptor takes over; it must get the same headroom for the header offsets to mean the same. */
void pkt_copy_meta(struct pkt *to, const struct pkt *from);

/* The extension block of p's index. */
static inline struct pkt_ext *pool_ext(const struct pkt *p)
{
	uint32_t i = p->index % POOL_REGION_PKTS;
	const struct pkt_region *r = container_of(p - i, struct pkt_region, pkt[0]);
	return (struct pkt_ext *)&r->ext[i];
}

#endif

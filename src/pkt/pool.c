/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: each lcore has a pool that grows by whole regions up to its budget and never shrinks while it
 * runs. Head buffer i, extension block i and scatter list i belong to descriptor i, so a driver allocates nothing per
 * packet. A descriptor returns to the free list when the last reference to its head buffer goes, which is at once unless
 * part of it has been shared as a fragment of other packets.
 *
 * What another lcore frees goes home at the end of that lcore's turn: packets as a chain in one message, references to
 * single buffers six to a message. The counts are plain integers because only the home lcore touches them. */
#include "pkt/pool.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

static void *region_map(struct pkt_pool *pool, size_t len)
{
	struct mem_account *mem = &pool->lc->rt->mem;
	if (pool->stats.pool_bytes + len > pool->budget_bytes || mem_charge(mem, len))
		return NULL;
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED) {
		mem_uncharge(mem, len);
		return NULL;
	}
	racy_add(pool->stats.pool_bytes, len);
	return p;
}

static void region_unmap(struct pkt_pool *pool, void *p, size_t len)
{
	if (!p)
		return;
	munmap(p, len);
	mem_uncharge(&pool->lc->rt->mem, len);
}

struct pkt_region *pool_region_new(struct pkt_pool *pool, size_t len_bytes)
{
	return pool->n_regions < POOL_REGIONS_MAX ? region_map(pool, len_bytes) : NULL;
}

void pool_region_pkt(const struct pkt_pool *pool, struct pkt_region *r, unsigned i)
{
	struct pkt *p = &r->pkt[i];
	p->buf = &r->buf[i];
	p->frags = r->frags[i];
	p->index = pool->n_regions * POOL_REGION_PKTS + i;
	p->home = (uint16_t)pool->lc->id;
}

static bool grow_pkts(struct pkt_pool *pool)
{
	struct pkt_region *r = pool_region_new(pool, POOL_REGION_WHOLE);
	if (!r)
		return false;
	for (unsigned i = POOL_REGION_PKTS; i--;) {
		struct pkt *p = &r->pkt[i];
		r->buf[i] = (struct buf){ .mem = r->mem[i],
					  .size = BUF_HEAD_SIZE,
					  .home = (uint16_t)pool->lc->id,
					  .kind = BUF_HEAD,
					  .ctx = p };
		pool_region_pkt(pool, r, i);
		p->next = pool->free_pkts;
		pool->free_pkts = p;
	}
	pool->region[pool->n_regions++] = r;
	return true;
}

static bool grow_pages(struct pkt_pool *pool)
{
	struct page_region *r = pool->n_page_regions < POOL_REGIONS_MAX ? region_map(pool, sizeof *r) : NULL;
	if (!r)
		return false;
	for (unsigned i = POOL_REGION_PAGES; i--;) {
		r->buf[i] = (struct buf){ .mem = r->mem[i],
					  .size = BUF_PAGE_SIZE,
					  .home = (uint16_t)pool->lc->id,
					  .kind = BUF_PAGE,
					  .next_free = pool->free_pages };
		pool->free_pages = &r->buf[i];
	}
	pool->page_region[pool->n_page_regions++] = r;
	return true;
}

unsigned pkt_new_bulk(struct lcore *lc, struct pkt **ret, unsigned n)
{
	struct pkt_pool *pool = pool_of(lc);
	unsigned i = 0;
	for (; i < n; i++) {
		if (unlikely(!pool->free_pkts) && !grow_pkts(pool)) {
			racy_add(pool->stats.out_of_buffers, 1);
			break;
		}
		struct pkt *p = ret[i] = pool->free_pkts;
		pool->free_pkts = p->next;
		__builtin_prefetch(p->next);
		p->buf->refs = 1;
		pkt_clean(p);
	}
	racy_add(pool->stats.allocated, i);
	return i;
}

struct pkt *pkt_new(struct lcore *lc)
{
	struct pkt *p;
	return pkt_new_bulk(lc, &p, 1) ? p : NULL;
}

struct buf *buf_page_new(struct lcore *lc)
{
	struct pkt_pool *pool = pool_of(lc);
	if (!pool->free_pages && !grow_pages(pool)) {
		racy_add(pool->stats.out_of_buffers, 1);
		return NULL;
	}
	struct buf *b = pool->free_pages;
	pool->free_pages = b->next_free;
	b->refs = 1;
	racy_add(pool->stats.pages_in_use, 1);
	return b;
}

void buf_get(struct lcore *lc, struct buf *b)
{
	assert(b->home == lc->id);
	b->refs++;
}

/* The last reference has gone; on the home lcore. */
static void buf_release(struct pkt_pool *pool, struct buf *b)
{
	struct pkt *p = b->ctx;
	switch (b->kind) {
	case BUF_HEAD:
		racy_add(pool->stats.freed, 1);
		p->next = pool->free_pkts;
		pool->free_pkts = p;
		break;
	case BUF_PAGE:
		b->next_free = pool->free_pages;
		pool->free_pages = b;
		racy_set(pool->stats.pages_in_use, pool->stats.pages_in_use - 1);
		break;
	case BUF_FOREIGN:
		b->release(pool->lc, b);
		break;
	}
}

static void put_home(struct pkt_pool *pool, struct buf *b)
{
	assert(b->refs);
	if (--b->refs == 0)
		buf_release(pool, b);
}

static void bufs_come_home(struct lcore *at, const struct msg *m)
{
	for (unsigned i = 0; i < POOL_RETURN_BUFS && m->arg[i].p; i++)
		put_home(pool_of(at), m->arg[i].p);
}

static void free_home(struct pkt_pool *pool, struct pkt *p)
{
	for (unsigned i = 0; i < p->n_frags; i++)
		buf_put(pool->lc, p->frags[i].buf);
	p->n_frags = 0;
	p->gen++;
	put_home(pool, p->buf);
}

static void pkts_come_home(struct lcore *at, const struct msg *m)
{
	for (struct pkt *p = m->arg[0].p, *next; p; p = next) {
		next = p->next;
		free_home(pool_of(at), p);
	}
}

static void send_bufs_home(struct pkt_pool *pool, unsigned to)
{
	struct pool_returns *r = &pool->returns[to];
	struct msg m = { .fn = bufs_come_home };
	for (unsigned i = 0; i < r->n_bufs; i++)
		m.arg[i].p = r->buf[i];
	if (r->n_bufs && lcore_post(pool->lc, pool->lc->rt->lcore[to], &m))
		r->n_bufs = 0;
}

static void send_pkts_home(struct pkt_pool *pool, unsigned to)
{
	struct pool_returns *r = &pool->returns[to];
	struct msg m = { .fn = pkts_come_home, .arg[0].p = r->first };
	if (!r->first || !lcore_post(pool->lc, pool->lc->rt->lcore[to], &m))
		return;
	r->first = NULL;
	r->tail = &r->first;
}

/* What memory did not suffice to send stays pending for the next turn. */
static void flush_returns(struct turn_end *e, struct lcore *lc)
{
	struct pkt_pool *pool = pool_of(lc);
	for (uint64_t m = pool->returns_pending; m; m &= m - 1) {
		unsigned to = (unsigned)__builtin_ctzll(m);
		send_pkts_home(pool, to);
		send_bufs_home(pool, to);
		if (!pool->returns[to].first && !pool->returns[to].n_bufs)
			pool->returns_pending &= ~((uint64_t)1 << to);
	}
}

static struct pool_returns *returns_to(struct pkt_pool *pool, unsigned home)
{
	pool->returns_pending |= (uint64_t)1 << home;
	lcore_at_turn_end(pool->lc, &pool->flush);
	return &pool->returns[home];
}

void buf_put(struct lcore *lc, struct buf *b)
{
	struct pkt_pool *pool = pool_of(lc);
	if (likely(b->home == lc->id)) {
		put_home(pool, b);
		return;
	}
	struct pool_returns *r = returns_to(pool, b->home);
	r->buf[r->n_bufs++] = b;
	if (r->n_bufs == POOL_RETURN_BUFS)
		send_bufs_home(pool, b->home);
	/* Only when memory ran out is there no room now; the reference is then lost with its buffer, never used again. */
	if (r->n_bufs == POOL_RETURN_BUFS)
		r->n_bufs--;
}

void pkt_free(struct lcore *lc, struct pkt *p)
{
	if (!p)
		return;
	struct pkt_pool *pool = pool_of(lc);
	if (likely(p->home == lc->id)) {
		free_home(pool, p);
		return;
	}
	struct pool_returns *r = returns_to(pool, p->home);
	p->next = NULL;
	*r->tail = p;
	r->tail = &p->next;
}

/* Nothing but the head buffer that came with it, which nobody shares: it goes back to the free list as it is. */
static inline bool is_plain(const struct pkt *p)
{
	return !p->n_frags && p->buf->kind == BUF_HEAD && p->buf->refs == 1;
}

void pkt_free_bulk(struct lcore *lc, struct pkt *const *p, unsigned n)
{
	struct pkt_pool *pool = pool_of(lc);
	unsigned freed = 0;
	for (unsigned i = 0; i < n; i++) {
		struct pkt *f = p[i];
		if (unlikely(f->home != lc->id || !is_plain(f))) {
			pkt_free(lc, f);
			continue;
		}
		f->gen++;
		f->buf->refs = 0;
		f->next = pool->free_pkts;
		pool->free_pkts = f;
		freed++;
	}
	racy_add(pool->stats.freed, freed);
}

struct pkt_ext *pkt_ext(struct lcore *lc, struct pkt *p)
{
	if (!p->ext) {
		p->ext = pool_ext(p);
		memset(p->ext, 0, sizeof *p->ext);
	}
	return p->ext;
}

struct pkt *pkt_by_ref(struct lcore *lc, uint32_t index, uint32_t gen)
{
	struct pkt_pool *pool = pool_of(lc);
	if (index / POOL_REGION_PKTS >= pool->n_regions)
		return NULL;
	struct pkt *p = &pool->region[index / POOL_REGION_PKTS]->pkt[index % POOL_REGION_PKTS];
	return p->gen == gen ? p : NULL;
}

void pkt_stats(const struct lcore *lc, struct pkt_stats *ret)
{
	const struct pkt_stats *s = &pool_of(lc)->stats;
	*ret = (struct pkt_stats){
		.allocated = racy_get(s->allocated),
		.freed = racy_get(s->freed),
		.out_of_buffers = racy_get(s->out_of_buffers),
		.copied_bytes = racy_get(s->copied_bytes),
		.pulled_up = racy_get(s->pulled_up),
		.pages_in_use = racy_get(s->pages_in_use),
		.pool_bytes = racy_get(s->pool_bytes),
	};
	ret->in_use = ret->allocated - ret->freed;
}

int pkt_pools_init(struct leat_runtime *rt, uint64_t budget_bytes_per_lcore)
{
	for (unsigned i = 0; i <= rt->n_lcores; i++) {
		struct pkt_pool *pool = mem_zalloc_aligned(&rt->mem, sizeof *pool, CACHELINE);
		if (!pool) {
			pkt_pools_done(rt);
			return -ENOMEM;
		}
		pool->lc = rt->lcore[i];
		pool->budget_bytes = budget_bytes_per_lcore;
		pool->flush.fn = flush_returns;
		for (unsigned k = 0; k < LCORE_MAX; k++)
			pool->returns[k].tail = &pool->returns[k].first;
		rt->lcore[i]->slot[LCORE_SLOT_PKT] = pool;
	}
	return 0;
}

void pkt_pools_done(struct leat_runtime *rt)
{
	for (unsigned i = 0; i <= rt->n_lcores; i++) {
		struct pkt_pool *pool = rt->lcore[i] ? rt->lcore[i]->slot[LCORE_SLOT_PKT] : NULL;
		if (!pool)
			continue;
		for (uint32_t k = 0; k < pool->n_regions; k++)
			region_unmap(pool, pool->region[k],
				     pool->region[k]->shelf ? (size_t)POOL_REGION_BARE : POOL_REGION_WHOLE);
		for (uint32_t k = 0; k < pool->n_page_regions; k++)
			region_unmap(pool, pool->page_region[k], sizeof *pool->page_region[k]);
		for (struct pkt_arena *a = pool->arenas, *next; a; a = next) {
			next = a->next;
			pkt_arena_free(rt, a);
		}
		mem_free(pool);
		rt->lcore[i]->slot[LCORE_SLOT_PKT] = NULL;
	}
}

/* The pools belong to lcores and outlive any stack: the module is here for its place in the table of contents. */
const struct module pkt_module = { .name = "pkt", .id = MODULE_pkt };

/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: an arena's frames are dealt to the lcores in regions of POOL_REGION_PKTS descriptors, which are regions of
 * the lcore's pool like others, but for their head buffers: those are foreign, lie in the arena, and go back to the shelf. So
 * a packet in a frame is parked, counted and found like any other. */
#include "pkt/arena.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkt/pool.h"

static struct pkt_region *region_of(const struct pkt *p)
{
	return container_of(p - p->index % POOL_REGION_PKTS, struct pkt_region, pkt[0]);
}

static void to_shelf(struct lcore *at, struct buf *b)
{
	struct pkt *p = b->ctx;
	racy_add(pool_of(at)->stats.freed, 1);
	pkt_shelf_put(region_of(p)->shelf, p);
}

void pkt_shelf_fill(struct pkt_shelf *s, struct pkt *p, uint32_t off, uint32_t len)
{
	assert(off <= ARENA_FRAME_SIZE && len <= ARENA_FRAME_SIZE - off);
	pkt_clean(p);
	p->buf->refs = 1;
	p->data = p->buf->mem + off;
	p->headroom = (uint16_t)off;
	p->len = p->head_len = len;
	racy_add(pool_of(s->lc)->stats.allocated, 1);
}

bool pkt_shelf_append(struct pkt_shelf *s, struct pkt *p, struct pkt *frame, uint32_t off, uint32_t len)
{
	if (!pkt_add_frag(s->lc, p, frame->buf, off, len))
		return false;
	frame->buf->refs = 1;
	racy_add(pool_of(s->lc)->stats.allocated, 1);
	return true;
}

struct pkt *pkt_arena_frame(const struct pkt_arena *a, uint32_t i)
{
	return pkt_arena_at(a, ARENA_START + ((uint64_t)i << ARENA_PITCH_SHIFT));
}

struct pkt *pkt_arena_at(const struct pkt_arena *a, uint64_t addr)
{
	uint64_t i = (addr - ARENA_START) >> ARENA_PITCH_SHIFT;
	if (unlikely(i / POOL_REGION_PKTS >= a->n_regions))
		return NULL;
	return &a->region[i / POOL_REGION_PKTS]->pkt[i % POOL_REGION_PKTS];
}

/* --- making one --- */

static uint8_t *frame_mem(const struct pkt_arena *a, unsigned region, unsigned i)
{
	size_t n = (size_t)region * POOL_REGION_PKTS + i;
	return a->mem + ARENA_START + (n << ARENA_PITCH_SHIFT) +
	       (size_t)(i % ARENA_COLOURS) * ARENA_COLOUR_SIZE;
}

/* The pools are paused. */
static int add_region(struct pkt_arena *a, struct pkt_shelf *s)
{
	struct pkt_pool *pool = pool_of(s->lc);
	struct pkt_region *r = pool_region_new(pool, POOL_REGION_BARE);
	if (!r)
		return -ENOMEM;
	r->shelf = s;
	for (unsigned i = POOL_REGION_PKTS; i--;) {
		struct pkt *p = &r->pkt[i];
		r->buf[i] = (struct buf){ .mem = frame_mem(a, a->n_regions, i),
					  .size = ARENA_FRAME_SIZE,
					  .home = (uint16_t)s->lc->id,
					  .kind = BUF_FOREIGN,
					  .release = to_shelf,
					  .ctx = p };
		pool_region_pkt(pool, r, i);
		pkt_shelf_put(s, p);
	}
	s->n += POOL_REGION_PKTS;
	pool->region[pool->n_regions++] = r;
	a->region[a->n_regions++] = r;
	return 0;
}

static int map_frames(struct leat_runtime *rt, struct pkt_arena *a)
{
	int err = mem_charge(&rt->mem, a->len_bytes);
	if (err)
		return err;
	bool ours = a->fd < 0;
	if (ours)
		a->fd = memfd_create("leat-frames", MFD_CLOEXEC);
	if (a->fd >= 0 && (!ours || ftruncate(a->fd, (off_t)a->len_bytes) == 0))
		a->mem = mmap(NULL, a->len_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, a->fd, 0);
	if (a->mem && a->mem != MAP_FAILED)
		return 0;
	err = -errno;
	if (a->fd >= 0)
		close(a->fd);
	mem_uncharge(&rt->mem, a->len_bytes);
	return err;
}

void pkt_arena_free(struct leat_runtime *rt, struct pkt_arena *a)
{
	munmap(a->mem, a->len_bytes);
	close(a->fd);
	mem_uncharge(&rt->mem, a->len_bytes);
	mem_free(a);
}

void pkt_arenas_own(struct leat_runtime *rt)
{
	for (struct pkt_arena *a = pool_of(rt->ctl) ? pool_of(rt->ctl)->arenas : NULL; a; a = a->next)
		if (mmap(a->mem, a->len_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, a->fd, 0) ==
		    MAP_FAILED)
			_exit(ENOMEM);
}

/* fd: -1: memory of its own. From the first region on it stays, with as many as memory sufficed for: descriptors of a pool are never taken back. */
static int arena_new(struct leat_runtime *rt, int fd, uint32_t per_lcore, struct pkt_arena **ret)
{
	unsigned n_regions = per_lcore / POOL_REGION_PKTS * rt->n_lcores;
	struct pkt_arena *a =
		mem_zalloc_aligned(&rt->mem, sizeof *a + n_regions * sizeof(struct pkt_region *), CACHELINE);
	if (!a)
		return -ENOMEM;
	a->fd = fd;
	a->per_lcore = per_lcore;
	a->len_bytes = ARENA_START + ((size_t)n_regions * POOL_REGION_PKTS << ARENA_PITCH_SHIFT);
	list_init(&a->users);
	int err = map_frames(rt, a);
	if (err) {
		mem_free(a);
		return err;
	}
	rt->ops->pause(rt);
	for (unsigned l = 0; l < rt->n_lcores; l++) {
		a->shelf[l].lc = rt->lcore[l];
		for (unsigned i = 0; i < per_lcore / POOL_REGION_PKTS && !err; i++)
			err = add_region(a, &a->shelf[l]);
	}
	rt->ops->resume(rt);
	struct pkt_arena **end = &pool_of(rt->ctl)->arenas;
	while (*end)
		end = &(*end)->next;
	*end = a;
	*ret = a;
	return err;
}

/* --- promises --- */

static bool has_room(const struct pkt_arena *a, const uint32_t need[LCORE_MAX])
{
	for (unsigned l = 0; l < LCORE_MAX; l++)
		if (need[l] && a->shelf[l].promised + need[l] > a->shelf[l].n)
			return false;
	return true;
}

static void promise(struct pkt_arena *a, const uint32_t need[LCORE_MAX], bool on)
{
	for (unsigned l = 0; l < LCORE_MAX; l++)
		a->shelf[l].promised += on ? need[l] : -need[l];
}

int pkt_arena_get(struct leat_runtime *rt, const uint32_t need[LCORE_MAX], struct pkt_arena **ret)
{
	struct pkt_arena *a;
	uint32_t most = 0;
	for (a = pool_of(rt->ctl)->arenas; a; a = a->next)
		if (has_room(a, need)) {
			promise(a, need, true);
			*ret = a;
			return 0;
		}
	for (unsigned l = 0; l < LCORE_MAX; l++)
		most = MAX(most, need[l]);
	most = (2 * most + POOL_REGION_PKTS - 1) / POOL_REGION_PKTS * POOL_REGION_PKTS;
	int err = arena_new(rt, -1, most, &a);
	if (err)
		return err;
	promise(a, need, true);
	*ret = a;
	return 0;
}

void pkt_arena_put(struct pkt_arena *a, const uint32_t need[LCORE_MAX])
{
	promise(a, need, false);
}

/* --- from another process --- */

static struct pkt_arena *arena_of_file(struct leat_runtime *rt, const struct stat *file)
{
	struct stat st;
	for (struct pkt_arena *a = pool_of(rt->ctl)->arenas; a; a = a->next)
		if (!fstat(a->fd, &st) && st.st_ino == file->st_ino && st.st_dev == file->st_dev)
			return a;
	return NULL;
}

static bool has_size(const struct leat_runtime *rt, const struct stat *file, uint32_t per_lcore)
{
	uint64_t frames = (uint64_t)per_lcore * rt->n_lcores;
	return per_lcore && per_lcore % POOL_REGION_PKTS == 0 &&
	       (uint64_t)file->st_size == ARENA_START + (frames << ARENA_PITCH_SHIFT);
}

int pkt_arena_adopt(struct leat_runtime *rt, int fd, uint32_t per_lcore, const uint32_t need[LCORE_MAX],
		    struct pkt_arena **ret)
{
	struct stat st;
	if (fstat(fd, &st) || !has_size(rt, &st, per_lcore)) {
		close(fd);
		return -EXDEV;
	}
	struct pkt_arena *a = arena_of_file(rt, &st);
	if (a)
		close(fd);
	int err = a ? 0 : arena_new(rt, fd, per_lcore, &a);
	if (err)
		return err;
	promise(a, need, true);
	*ret = a;
	return 0;
}

void pkt_arena_sift(struct pkt_arena *a)
{
	for (unsigned l = 0; l < LCORE_MAX; l++) {
		struct pkt_shelf *s = &a->shelf[l];
		struct pkt *p = s->free, *next;
		s->free = NULL;
		s->n_free = 0;
		for (; p; p = next) {
			next = p->next;
			if (!p->buf->user)
				pkt_shelf_put(s, p);
		}
	}
}

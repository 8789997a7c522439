/* SPDX-License-Identifier: BSD-2-Clause */
/* Several ways to one destination, and which of them a flow takes.
 *
 * Theory of operation: a flow's hash is a place on a line of 2^31; each way owns as much of the line as its weight is of all
 * (hash-threshold, RFC 2992, 3). A flow keeps its way while the ways stay. When one goes, the others grow into its part, and some
 * flows between them move, too; groups whose flows never do that are resilient ones. A way whose gateway is known not to answer is
 * passed by, as on Linux: in groups of nexthop objects, and, with net.ipv4.fib_multipath_use_neigh, in IPv4 routes with several
 * ways; its flows go by the next one that answers. When its failure is forgotten it is tried again.
 *
 * Threads: workers read; control makes a new line when an interface comes or goes and lets the old one go after a grace period. */
#include <errno.h>

#include "net/fib_internal.h"
#include "net/neigh.h"

enum { USED_FRESH_US = 1000 };

/* --- any worker --- */

/* Linux: fib_good_nh(). Who was never asked may be there. */
static bool answers(const struct worker *w, const struct fib_nh *nh)
{
	enum { VALID = NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY };
	uint8_t state = nh->gw_family ? neigh_state_of(w, nh->if_handle, nh->gw_family, &nh->gw) : 0;
	return !state || state & VALID;
}

static bool heeds_neighbours(const struct worker *w, const struct fib_paths *ps)
{
	if (ps->of == FIB_PATHS_OF_ROUTE4)
		return racy_get(fib_state(w->st)->spread.use_neigh);
	return ps->of == FIB_PATHS_OF_GROUP;
}

static const struct fib_path *path_of(const struct worker *w, const struct fib_paths *ps, uint32_t hash)
{
	int32_t h = (int32_t)(hash >> 1);
	struct fib_buckets *buckets = racy_get(ps->buckets);
	if (buckets) {
		struct fib_bucket *b = &buckets->bucket[hash % buckets->n];
		if (w->lc->now_us - racy_get(b->used_us) >= USED_FRESH_US)
			racy_set(b->used_us, w->lc->now_us);
		return &ps->path[MIN((uint32_t)racy_get(b->way), ps->n - 1)];
	}
	bool heed = heeds_neighbours(w, ps);
	const struct fib_path *first = NULL;
	for (uint32_t i = 0; i < ps->n; i++) {
		const struct fib_path *path = &ps->path[i];
		if (path->upper < 0 || (heed && !answers(w, path->nh)))
			continue;
		if (h <= path->upper)
			return path;
		first = first ? first : path;
	}
	return first ? first : &ps->path[0]; /* none is alive, or none of them answers */
}

static const struct fib_nh *take(const struct worker *w, const struct fib_path *path)
{
	struct fib_hits *hits = racy_get(path->hits);
	if (hits)
		racy_add(hits->n[w->index], 1);
	return path->nh;
}

const struct fib_nh *fib_path_of(const struct worker *w, const struct fib_nh *nh, uint32_t hash)
{
	const struct fib_paths *ps = rcu_get(nh->paths);
	return ps ? take(w, path_of(w, ps, hash)) : nh;
}

const struct fib_nh *fib_nh_settle_slow(const struct fib_nh *nh)
{
	const struct fib_paths *ps = rcu_get(nh->paths);
	return ps->n == 1 ? ps->path[0].nh
			  : nh; /* uncounted: of a group of one there is nothing to compare */
}

const struct fib_nh *fib_nh_through(const struct fib_nh *nh, uint32_t if_handle)
{
	const struct fib_paths *ps = rcu_get(nh->paths);
	if (likely(!ps))
		return nh->if_handle == if_handle ? nh : NULL;
	for (uint32_t i = 0; i < ps->n; i++)
		if (ps->path[i].nh->if_handle == if_handle)
			return ps->path[i].nh;
	return NULL;
}

/* Linux: fib_select_multipath(). */
const struct fib_nh *fib_path_that_fits(const struct worker *w, const struct fib_nh *nh, uint32_t hash,
					fib_path_fits_fn *fits, const void *ctx)
{
	enum { IN_PLACE = 1, FITS = 2, BEST = 3 };
	const struct fib_paths *ps = rcu_get(nh->paths);
	const struct fib_path *best = NULL;
	int32_t h = (int32_t)(hash >> 1);
	int best_score = 0;
	bool heed = ps && heeds_neighbours(w, ps);
	for (uint32_t i = 0; ps && !ps->buckets && i < ps->n && best_score < BEST; i++) {
		const struct fib_path *path = &ps->path[i];
		if (path->upper < 0 || (heed && !answers(w, path->nh)))
			continue;
		int score = (h <= path->upper ? IN_PLACE : 0) + (fits(w, path->nh, ctx) ? FITS : 0);
		if (score > best_score) {
			best = path;
			best_score = score;
		}
	}
	return best ? take(w, best) : fib_path_of(w, nh, hash);
}

/* --- control lcore --- */

static bool is_alive(struct leat_stack *st, uint32_t if_handle)
{
	const struct iface *i = iface_by_handle(st, if_handle);
	return i && i->flags & IFF_UP;
}

bool fib_path_is_alive(struct leat_stack *st, const struct fib_shared_nh *leg)
{
	return is_alive(st, leg->nh.if_handle);
}

bool fib_ignores(struct leat_stack *st, uint8_t family, uint32_t if_handle)
{
	const struct iface *i = iface_by_handle(st, if_handle);
	if (!i || (i->flags & (IFF_UP | IFF_RUNNING | IFF_LOWER_UP)) != IFF_UP)
		return false;
	return i->conf.guard[fib_index(family)].ignore_linkdown ||
	       (family == AF_INET && fib_state(st)->ignore_linkdown[0]);
}

/* Packets may take it. family 0: of routes of both. */
static bool carries(struct leat_stack *st, uint8_t family, const struct fib_nh *nh)
{
	uint8_t of = family ? family : nh->gw_family ? nh->gw_family : AF_INET;
	return is_alive(st, nh->if_handle) && !fib_ignores(st, of, nh->if_handle);
}

/* Where the part of a way ends that has so much of the weight in front of it and its own. Linux: fib_rebalance(). */
static int32_t line_end(uint64_t so_far, uint64_t total)
{
	return (int32_t)(((so_far << 31) + total / 2) / total - 1);
}

static bool hop_carries(struct leat_stack *st, uint8_t family, const struct fib_hop *h)
{
	return is_alive(st, h->if_handle) && !fib_ignores(st, family, h->if_handle);
}

static uint64_t alive_weight(struct leat_stack *st, uint8_t family, const struct fib_hop *hops, unsigned n)
{
	uint64_t total = 0;
	for (unsigned i = 0; i < n; i++)
		total += hop_carries(st, family, &hops[i]) ? hops[i].weight : 0;
	return total;
}

static void draw_line(struct leat_stack *st, uint8_t family, struct fib_paths *ps, const struct fib_leg *legs)
{
	uint64_t total = 0, so_far = 0;
	for (uint32_t i = 0; i < ps->n; i++)
		total += carries(st, family, &legs[i].nh->nh) ? legs[i].weight : 0;
	for (uint32_t i = 0; i < ps->n; i++) {
		bool alive = carries(st, family, &legs[i].nh->nh);
		so_far += alive ? legs[i].weight : 0;
		ps->path[i] = (struct fib_path){ .nh = &legs[i].nh->nh,
						 .upper = alive ? line_end(so_far, total) : -1 };
	}
}

const struct fib_hop *fib_hop_by_hash(struct leat_stack *st, const struct fib_route *r, uint32_t hash)
{
	uint64_t total = alive_weight(st, r->family, r->hops, r->n_hops), so_far = 0;
	for (unsigned i = 0; i < r->n_hops; i++) {
		if (!hop_carries(st, r->family, &r->hops[i]))
			continue;
		so_far += r->hops[i].weight;
		if ((int32_t)(hash >> 1) <= line_end(so_far, total))
			return &r->hops[i];
	}
	return &r->hops[0];
}

struct fib_paths *fib_paths_new(struct leat_stack *st, uint8_t family, enum fib_paths_of of,
				const struct fib_leg *legs, unsigned n)
{
	struct fib_paths *ps = mem_zalloc(&st->mem, sizeof *ps + n * sizeof ps->path[0]);
	if (!ps)
		return NULL;
	ps->n = n;
	ps->of = (uint8_t)of;
	draw_line(st, family, ps, legs);
	return ps;
}

static void paths_free(struct deferred *d)
{
	mem_free(container_of(d, struct fib_paths, deferred));
}

void fib_paths_drop_legs(struct leat_stack *st, struct fib_paths *ps)
{
	for (uint32_t i = 0; ps && ps->owns && i < ps->n; i++)
		fib_nh_put(st, container_of(ps->path[i].nh, struct fib_shared_nh, nh));
}

void fib_paths_swap(struct leat_stack *st, struct fib_shared_nh *sh, struct fib_paths *new)
{
	struct fib_paths *old = (struct fib_paths *)sh->nh.paths;
	rcu_set(sh->nh.paths, new);
	fib_paths_drop_legs(st, old);
	if (old)
		rt_defer(st->rt->ctl, st->rt, &old->deferred, paths_free);
}

void fib_paths_detach(struct fib_paths *ps)
{
	racy_set(ps->buckets, NULL);
	for (uint32_t i = 0; i < ps->n; i++)
		racy_set(ps->path[i].hits, NULL);
}

void fib_paths_follow(struct leat_stack *st, uint32_t if_handle)
{
	struct hash_node *n;
	hash_for_each (n, &fib_state(st)->nhs) {
		struct fib_shared_nh *sh = container_of(n, struct fib_shared_nh, node);
		if (!sh->n_legs || !fib_nh_uses_if(&sh->nh, if_handle))
			continue;
		struct fib_paths *new =
			fib_paths_new(st, sh->family, fib_paths_kind(sh), sh->legs, sh->n_legs);
		if (new) /* else flows spread as before, and what leads nowhere is dropped by name */
			fib_paths_swap(st, sh, new);
	}
}

bool fib_paths_all_dead(struct leat_stack *st, const struct fib_shared_nh *sh)
{
	for (uint32_t i = 0; i < sh->n_legs; i++)
		if (fib_path_is_alive(st, sh->legs[i].nh))
			return false;
	return true;
}

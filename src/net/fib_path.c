/* SPDX-License-Identifier: BSD-2-Clause */
/* Several ways to one destination, and which of them a flow takes.
 *
 * Theory of operation: a flow's hash is a place on a line of 2^31; each way owns as much of the line as its weight is of all
 * (hash-threshold, RFC 2992, 3). A flow keeps its way while the ways stay. When one goes, the others grow into its part, and some
 * flows between them move, too; groups whose flows never do that are resilient ones.
 *
 * Threads: workers read; control makes a new line when an interface comes or goes and lets the old one go after a grace period. */
#include <errno.h>

#include "net/fib_internal.h"

/* --- any worker --- */

const struct fib_nh *fib_path_of(const struct fib_nh *nh, uint32_t hash)
{
	const struct fib_paths *ps = rcu_get(nh->paths);
	if (!ps)
		return nh;
	int32_t h = (int32_t)(hash >> 1);
	for (uint32_t i = 0; i < ps->n; i++)
		if (h <= ps->path[i].upper)
			return ps->path[i].nh;
	return ps->path[0].nh; /* none is alive */
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
	const struct fib_nh *best = NULL;
	int32_t h = (int32_t)(hash >> 1);
	int best_score = 0;
	for (uint32_t i = 0; ps && i < ps->n && best_score < BEST; i++) {
		const struct fib_path *path = &ps->path[i];
		if (path->upper < 0)
			continue;
		int score = (h <= path->upper ? IN_PLACE : 0) + (fits(w, path->nh, ctx) ? FITS : 0);
		if (score > best_score) {
			best = path->nh;
			best_score = score;
		}
	}
	return best ? best : fib_path_of(nh, hash);
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

/* Where the part of a way ends that has so much of the weight in front of it and its own. Linux: fib_rebalance(). */
static int32_t line_end(uint64_t so_far, uint64_t total)
{
	return (int32_t)(((so_far << 31) + total / 2) / total - 1);
}

static uint64_t alive_weight(struct leat_stack *st, const struct fib_hop *hops, unsigned n)
{
	uint64_t total = 0;
	for (unsigned i = 0; i < n; i++)
		total += is_alive(st, hops[i].if_handle) ? hops[i].weight : 0;
	return total;
}

static void draw_line(struct leat_stack *st, const struct fib_shared_nh *sh, struct fib_paths *ps)
{
	uint64_t total = alive_weight(st, sh->hops, sh->n_legs), so_far = 0;
	for (uint32_t i = 0; i < sh->n_legs; i++) {
		bool alive = is_alive(st, sh->hops[i].if_handle);
		so_far += alive ? sh->legs[i].weight : 0;
		ps->path[i] = (struct fib_path){ .nh = &sh->legs[i].nh->nh,
						 .upper = alive ? line_end(so_far, total) : -1 };
	}
}

const struct fib_hop *fib_hop_by_hash(struct leat_stack *st, const struct fib_route *r, uint32_t hash)
{
	uint64_t total = alive_weight(st, r->hops, r->n_hops), so_far = 0;
	for (unsigned i = 0; i < r->n_hops; i++) {
		if (!is_alive(st, r->hops[i].if_handle))
			continue;
		so_far += r->hops[i].weight;
		if ((int32_t)(hash >> 1) <= line_end(so_far, total))
			return &r->hops[i];
	}
	return &r->hops[0];
}

struct fib_paths *fib_paths_new(struct leat_stack *st, const struct fib_shared_nh *sh)
{
	struct fib_paths *ps = mem_zalloc(&st->mem, sizeof *ps + sh->n_legs * sizeof ps->path[0]);
	if (!ps)
		return NULL;
	ps->n = sh->n_legs;
	draw_line(st, sh, ps);
	return ps;
}

static void paths_free(struct deferred *d)
{
	mem_free(container_of(d, struct fib_paths, deferred));
}

static void redraw(struct leat_stack *st, struct fib_shared_nh *sh)
{
	struct fib_paths *old = (struct fib_paths *)sh->nh.paths, *new = fib_paths_new(st, sh);
	if (!new)
		return; /* flows are spread as before; what leads nowhere is dropped by name */
	rcu_set(sh->nh.paths, new);
	rt_defer(st->rt->ctl, st->rt, &old->deferred, paths_free);
}

void fib_paths_follow(struct leat_stack *st, uint32_t if_handle)
{
	struct hash_node *n;
	hash_for_each (n, &fib_state(st)->nhs) {
		struct fib_shared_nh *sh = container_of(n, struct fib_shared_nh, node);
		if (sh->n_legs && fib_nh_uses_if(&sh->nh, if_handle))
			redraw(st, sh);
	}
}

bool fib_paths_all_dead(struct leat_stack *st, const struct fib_shared_nh *sh)
{
	for (uint32_t i = 0; i < sh->n_legs; i++)
		if (fib_path_is_alive(st, sh->legs[i].nh))
			return false;
	return true;
}

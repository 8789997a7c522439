/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: a resilient group has a table of buckets; a flow's hash picks its bucket, and each bucket has a way. When
 * members come, go or change their weights, each way wants another share of the buckets. Buckets whose way is gone move at once;
 * others move only from a way that has too many to one that has too few, and only when no packet has met them for idle_us, or when
 * the group has been out of balance for unbalanced_us. So a living flow never moves while its way lives, unless one asks for it.
 *
 * Workers read a bucket's way and write when it was used; control moves it with one store. When the members themselves change,
 * ways are numbered anew, and a new table takes the place of the old one together with the paths that it belongs to.
 * Linux: nh_res_table_upkeep(), and which way is the first to be given buckets. */
#include <errno.h>

#include "net/nexthop.h"

enum { NOWHERE = UINT16_MAX };

static void upkeep_due(struct lcore *lc, struct timer *t);

static uint32_t wants(const struct nexthop *g, uint32_t n_buckets, unsigned way)
{
	uint64_t total = 0, before = 0;
	for (unsigned i = 0; i < g->n_members; i++)
		total += g->members[i].weight;
	for (unsigned i = 0; i < way; i++)
		before += g->members[i].weight;
	uint64_t end = (n_buckets * (before + g->members[way].weight) + total / 2) / total;
	return (uint32_t)(end - (n_buckets * before + total / 2) / total);
}

static uint32_t has(const struct fib_buckets *b, unsigned way)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < b->n; i++)
		n += b->bucket[i].settled && b->bucket[i].way == way;
	return n;
}

/* What each way has more than it wants. */
static int32_t *surplus_of(const struct nexthop_res *res)
{
	int32_t *s = mem_zalloc(&res->st->mem, res->group->n_members * sizeof *s);
	for (unsigned i = 0; s && i < res->group->n_members; i++)
		s[i] = (int32_t)has(res->buckets, i) - (int32_t)wants(res->group, res->buckets->n, i);
	return s;
}

/* The last of those that have too few; NOWHERE: none has. */
static unsigned poorest(const struct nexthop_res *res, const int32_t *surplus)
{
	for (unsigned i = res->group->n_members; i-- > 0;)
		if (surplus[i] < 0)
			return i;
	return NOWHERE;
}

/* May the bucket move now? If not, *next becomes no later than when it may. */
static bool may_move(const struct nexthop_res *res, const struct fib_bucket *b, uint64_t now, uint64_t *next)
{
	uint64_t used = racy_get(b->used_us), idle_at = used ? used + res->idle_us : now;
	uint64_t forced_at = res->unbalanced_us ? res->unbalanced_since_us + res->unbalanced_us : UINT64_MAX;
	if (now >= idle_at || now > forced_at)
		return true;
	uint64_t at = MIN(idle_at, forced_at);
	*next = MIN(*next, at);
	return false;
}

static void move(struct nexthop_res *res, uint32_t i, int32_t *surplus, unsigned to)
{
	struct fib_bucket *b = &res->buckets->bucket[i];
	if (b->settled)
		surplus[b->way]--;
	surplus[to]++;
	b->settled = true;
	racy_set(b->used_us, (uint64_t)0);
	racy_set(b->way, (uint16_t)to);
}

static bool is_balanced(const struct nexthop_res *res, const int32_t *surplus)
{
	return poorest(res, surplus) == NOWHERE;
}

void nexthop_res_upkeep(struct nexthop_res *res, bool tell)
{
	int32_t *surplus = surplus_of(res);
	uint64_t now = res->st->rt->ctl->now_us, next = UINT64_MAX;
	if (!surplus) {
		lcore_timer_in(res->st->rt->ctl, &res->timer, 1000000);
		return;
	}
	for (uint32_t i = 0; i < res->buckets->n; i++) {
		const struct fib_bucket *b = &res->buckets->bucket[i];
		if (b->settled && (surplus[b->way] <= 0 || !may_move(res, b, now, &next)))
			continue;
		unsigned to = poorest(res, surplus);
		if (to == NOWHERE && !b->settled)
			to = b->way < res->group->n_members ? b->way : 0;
		if (to == NOWHERE)
			continue;
		move(res, i, surplus, to);
		if (tell)
			nexthop_tell_bucket(res->st, res->group, i);
	}
	if (is_balanced(res, surplus))
		res->unbalanced_since_us = 0;
	else if (!res->unbalanced_since_us)
		res->unbalanced_since_us = now;
	mem_free(surplus);
	if (next != UINT64_MAX && res->unbalanced_since_us)
		lcore_timer_in(res->st->rt->ctl, &res->timer, next - now + 1);
	else
		lcore_timer_stop(res->st->rt->ctl, &res->timer);
}

static void upkeep_due(struct lcore *lc, struct timer *t)
{
	nexthop_res_upkeep(container_of(t, struct nexthop_res, timer), true);
}

static struct fib_buckets *buckets_new(struct leat_stack *st, uint32_t n)
{
	struct fib_buckets *b = mem_zalloc(&st->mem, sizeof *b + n * sizeof b->bucket[0]);
	if (b)
		b->n = n;
	return b;
}

static void buckets_free(struct deferred *d)
{
	mem_free(container_of(d, struct fib_buckets, deferred));
}

static void buckets_drop(struct leat_stack *st, struct fib_buckets *b)
{
	rt_defer(st->rt->ctl, st->rt, &b->deferred, buckets_free);
}

int nexthop_res_new(struct leat_stack *st, struct nexthop *group, const struct nexthop_new *how)
{
	struct nexthop_res *res = mem_zalloc(&st->mem, sizeof *res);
	if (!res)
		return -ENOMEM;
	res->buckets = buckets_new(st, how->res.buckets);
	if (!res->buckets) {
		mem_free(res);
		return -ENOMEM;
	}
	res->st = st;
	res->group = group;
	res->idle_us = how->res.idle_us;
	res->unbalanced_us = how->res.unbalanced_us;
	timer_init(&res->timer, upkeep_due);
	group->res = res;
	nexthop_res_upkeep(res, false);
	return 0;
}

void nexthop_res_free(struct nexthop_res *res)
{
	if (!res)
		return;
	lcore_timer_stop(res->st->rt->ctl, &res->timer);
	buckets_drop(res->st, res->buckets);
	mem_free(res);
}

static unsigned now_at(const struct nexthop *g, uint32_t id)
{
	for (unsigned i = 0; i < g->n_members; i++)
		if (g->members[i].id == id)
			return i;
	return NOWHERE;
}

int nexthop_res_rebalance(struct nexthop_res *res, const uint32_t *was_id, unsigned n_was, bool tell)
{
	struct fib_buckets *old = res->buckets, *new = buckets_new(res->st, old->n);
	if (!new)
		return -ENOMEM;
	for (uint32_t i = 0; i < old->n; i++) {
		const struct fib_bucket *b = &old->bucket[i];
		unsigned at = b->way < n_was ? now_at(res->group, was_id[b->way]) : NOWHERE;
		new->bucket[i] = (struct fib_bucket){ .used_us = racy_get(b->used_us),
						      .way = (uint16_t)(at == NOWHERE ? 0 : at),
						      .settled = at != NOWHERE };
	}
	res->buckets = new;
	nexthop_res_upkeep(res, tell);
	res->old = old; /* paths still point to it */
	return 0;
}

void nexthop_res_drop_old(struct nexthop_res *res)
{
	if (res && res->old)
		buckets_drop(res->st, res->old);
	if (res)
		res->old = NULL;
}

void nexthop_res_put_back(struct nexthop_res *res, uint32_t bucket, unsigned way)
{
	if (bucket >= res->buckets->n || way >= res->group->n_members)
		return;
	res->buckets->bucket[bucket].way = (uint16_t)way;
	res->buckets->bucket[bucket].used_us = res->st->rt->ctl->now_us;
}

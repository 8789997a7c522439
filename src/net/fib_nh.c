/* SPDX-License-Identifier: BSD-2-Clause */
/* Next hops. Routes whose next hops are equal share one object: a full table of a million prefixes has a handful. They are counted
 * by routes, found by their bytes, never changed, and freed after a grace period.
 *
 * One with several ways holds a reference to an object of each way, which says everything a packet on that way needs to know:
 * once its way is chosen, the packet's next hop is like any other. */
#include "net/fib_internal.h"

struct fib_nh fib_nh_canonical(const struct fib_nh *nh)
{
	struct fib_nh c;
	memset(&c, 0, sizeof c);
	c.if_handle = nh->if_handle;
	c.type = nh->type;
	c.scope = nh->scope;
	c.gw_family = nh->gw_family;
	c.flags = nh->flags;
	c.gw = nh->gw_family ? nh->gw : c.gw;
	c.prefsrc = nh->prefsrc;
	c.prefsrc_family = ipaddr_is_zero(&nh->prefsrc) ? 0 : nh->prefsrc_family;
	c.nh_id = nh->nh_id;
	memcpy(c.metric, nh->metric, sizeof c.metric);
	memcpy(c.cc_algo, nh->cc_algo, sizeof c.cc_algo); /* zeroes behind the name */
	return c;
}

/* --- what identifies one --- */

/* All but the paths, which follow from the rest. */
enum { NH_KEY_AT = offsetof(struct fib_nh, if_handle), NH_KEY_LEN = sizeof(struct fib_nh) - NH_KEY_AT };

static const void *key_of(const struct fib_nh *nh)
{
	return (const uint8_t *)nh + NH_KEY_AT;
}

struct fib_nh fib_nh_with_hop(const struct fib_nh *nh, const struct fib_hop *hop)
{
	struct fib_nh leg = *nh;
	leg.paths = NULL;
	leg.if_handle = hop->if_handle;
	leg.gw_family = hop->gw_family;
	leg.flags = hop->flags;
	leg.gw = hop->gw;
	return fib_nh_canonical(&leg);
}

/* Of several: what they share, and of the rest what the first one says. */
static struct fib_nh canonical_of(const struct fib_nh *nh, const struct fib_hop *hops, unsigned n)
{
	struct fib_nh c = n ? fib_nh_with_hop(nh, &hops[0]) : fib_nh_canonical(nh);
	for (unsigned i = 1; i < n; i++)
		if (!hops[i].gw_family)
			c.gw_family = 0;
	return c;
}

static bool is_hop(const struct fib_hop *a, const struct fib_hop *b)
{
	return a->if_handle == b->if_handle && a->gw_family == b->gw_family && a->flags == b->flags &&
	       a->weight == b->weight && (!a->gw_family || ipaddr_eq(&a->gw, &b->gw));
}

static bool are_hops(const struct fib_shared_nh *sh, const struct fib_hop *hops, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (!is_hop(&sh->hops[i], &hops[i]))
			return false;
	return true;
}

bool fib_nh_is(const struct fib_shared_nh *sh, const struct fib_nh *nh, const struct fib_hop *hops,
	       unsigned n)
{
	const struct fib_nh c = canonical_of(nh, hops, n);
	return sh->n_legs == n && !memcmp(key_of(&sh->nh), key_of(&c), NH_KEY_LEN) && are_hops(sh, hops, n);
}

/* --- making --- */

static void shared_free(struct deferred *d)
{
	struct fib_shared_nh *sh = container_of(d, struct fib_shared_nh, deferred);
	mem_free((void *)sh->nh.paths);
	mem_free(sh);
}

static struct fib_shared_nh *shared_new(struct leat_stack *st, const struct fib_nh *c,
					const struct fib_hop *hops, unsigned n)
{
	struct fib_shared_nh *sh =
		mem_zalloc(&st->mem, sizeof *sh + n * (sizeof(struct fib_leg) + sizeof *hops));
	if (!sh)
		return NULL;
	sh->nh = *c;
	sh->refs = 1;
	sh->hops = (struct fib_hop *)&sh->legs[n];
	for (unsigned i = 0; i < n; i++)
		sh->hops[i] = hops[i];
	return sh;
}

static bool add_legs(struct leat_stack *st, struct fib_shared_nh *sh, unsigned n)
{
	for (; sh->n_legs < n; sh->n_legs++) {
		const struct fib_nh leg = fib_nh_with_hop(&sh->nh, &sh->hops[sh->n_legs]);
		struct fib_shared_nh *l = fib_nh_get(st, &leg, NULL, 0);
		if (!l)
			return false;
		sh->legs[sh->n_legs] = (struct fib_leg){ l, sh->hops[sh->n_legs].weight };
	}
	if (!n)
		return true;
	sh->nh.paths = fib_paths_new(st, sh);
	return sh->nh.paths;
}

static void drop_legs(struct leat_stack *st, struct fib_shared_nh *sh)
{
	for (unsigned i = 0; i < sh->n_legs; i++)
		fib_nh_put(st, sh->legs[i].nh);
}

struct fib_shared_nh *fib_nh_get(struct leat_stack *st, const struct fib_nh *nh, const struct fib_hop *hops,
				 unsigned n_hops)
{
	struct fib_stack *s = fib_state(st);
	const struct fib_nh c = canonical_of(nh, hops, n_hops);
	uint32_t h = (uint32_t)siphash(&st->hash_key, key_of(&c), NH_KEY_LEN);
	struct hash_node *n;
	hash_for_each_same(n, &s->nhs, h)
	{
		struct fib_shared_nh *found = container_of(n, struct fib_shared_nh, node);
		if (fib_nh_is(found, nh, hops, n_hops)) {
			found->refs++;
			return found;
		}
	}
	struct fib_shared_nh *new = shared_new(st, &c, hops, n_hops);
	if (!new)
		return NULL;
	if (!add_legs(st, new, n_hops)) {
		drop_legs(st, new);
		shared_free(&new->deferred);
		return NULL;
	}
	hash_insert(&s->nhs, &new->node, h);
	return new;
}

void fib_nh_put(struct leat_stack *st, struct fib_shared_nh *nh)
{
	if (!nh || --nh->refs)
		return;
	hash_remove(&fib_state(st)->nhs, &nh->node);
	drop_legs(st, nh);
	rt_defer(st->rt->ctl, st->rt, &nh->deferred, shared_free);
}

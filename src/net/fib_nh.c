/* SPDX-License-Identifier: BSD-2-Clause */
/* Next hops. Routes whose next hops are equal share one object: a full table of a million prefixes has a handful. They are counted
 * by routes, found by their bytes, never changed, and freed after a grace period.
 *
 * One with several ways holds a reference to an object of each way, which says everything a packet on that way needs to know:
 * once its way is chosen, the packet's next hop is like any other. */
#include "net/fib_internal.h"
#include "net/nexthop.h"

struct fib_nh fib_nh_canonical(const struct fib_nh *nh)
{
	struct fib_nh c;
	memset(&c, 0, sizeof c);
	c.type = nh->type;
	c.scope = nh->scope;
	if (!nh->nh_id) { /* else the object says them */
		c.if_handle = nh->if_handle;
		c.gw_family = nh->gw_family;
		c.flags = nh->flags;
		c.gw = nh->gw_family ? nh->gw : c.gw;
		c.realms = nh->realms;
	}
	c.prefsrc = nh->prefsrc;
	c.prefsrc_family = ipaddr_is_zero(&nh->prefsrc) ? 0 : nh->prefsrc_family;
	c.src = nh->src;
	c.src_plen = nh->src_plen;
	c.nh_id = nh->nh_id;
	c.nh_family = nh->nh_id ? nh->nh_family : 0;
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

void fib_nh_put_hop(struct fib_nh *nh, const struct fib_hop *hop)
{
	nh->if_handle = hop->if_handle;
	nh->gw_family = hop->gw_family;
	nh->flags = hop->flags;
	nh->gw = hop->gw;
	nh->realms = hop->realms;
}

struct fib_nh fib_nh_with_hop(const struct fib_nh *nh, const struct fib_hop *hop)
{
	struct fib_nh leg = *nh;
	leg.paths = NULL;
	leg.nh_id = 0;
	fib_nh_put_hop(&leg, hop);
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
	       a->weight == b->weight && a->realms == b->realms &&
	       (!a->gw_family || ipaddr_eq(&a->gw, &b->gw));
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

static struct fib_hop hop_of(const struct fib_leg *leg)
{
	const struct fib_nh *nh = &leg->nh->nh;
	return (struct fib_hop){ .if_handle = nh->if_handle,
				 .gw_family = nh->gw_family,
				 .flags = nh->flags,
				 .gw = nh->gw,
				 .realms = nh->realms,
				 .weight = leg->weight };
}

static void drop_legs(struct leat_stack *st, const struct fib_leg *legs, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		fib_nh_put(st, legs[i].nh);
}

static uint32_t hash_of(const struct leat_stack *st, const struct fib_nh *c)
{
	return (uint32_t)siphash(&st->hash_key, key_of(c), NH_KEY_LEN);
}

struct fib_shared_nh *fib_nh_get(struct leat_stack *st, const struct fib_nh *nh)
{
	struct fib_stack *s = fib_state(st);
	const struct fib_nh c = fib_nh_canonical(nh);
	struct hash_node *n;
	if (s->last_nh && !memcmp(key_of(&s->last_nh->nh), key_of(&c), NH_KEY_LEN)) {
		s->last_nh->refs++;
		return s->last_nh;
	}
	uint32_t h = hash_of(st, &c);
	hash_for_each_same(n, &s->nhs, h)
	{
		struct fib_shared_nh *found = container_of(n, struct fib_shared_nh, node);
		if (!found->n_legs && !memcmp(key_of(&found->nh), key_of(&c), NH_KEY_LEN)) {
			found->refs++;
			s->last_nh = found;
			return found;
		}
	}
	struct fib_shared_nh *new = mem_zalloc(&st->mem, sizeof *new);
	if (!new)
		return NULL;
	memcpy(&new->nh, &c, sizeof c);
	new->refs = 1;
	if (c.nh_id && !(new->nh.paths = nexthop_paths(st, &c))) {
		mem_free(new);
		return NULL;
	}
	hash_insert(&s->nhs, &new->node, h);
	s->last_nh = new;
	return new;
}

static bool are_legs(const struct fib_shared_nh *sh, const struct fib_leg *legs, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (sh->legs[i].nh != legs[i].nh || sh->legs[i].weight != legs[i].weight)
			return false;
	return true;
}

static struct fib_shared_nh *joined_new(struct leat_stack *st, const struct fib_nh *c, uint8_t family,
					bool siblings, const struct fib_leg *legs, unsigned n)
{
	struct fib_shared_nh *sh =
		mem_zalloc(&st->mem, sizeof *sh + n * (sizeof(struct fib_leg) + sizeof(struct fib_hop)));
	if (!sh)
		return NULL;
	memcpy(&sh->nh, c, sizeof *c);
	sh->refs = 1;
	sh->family = family;
	sh->siblings = siblings;
	sh->n_legs = n;
	sh->hops = (struct fib_hop *)&sh->legs[n];
	for (unsigned i = 0; i < n; i++) {
		sh->legs[i] = legs[i];
		sh->hops[i] = hop_of(&legs[i]);
	}
	sh->nh.paths = fib_paths_new(st, sh->family, fib_paths_kind(sh), sh->legs, n);
	if (sh->nh.paths)
		return sh;
	mem_free(sh);
	return NULL;
}

static struct fib_shared_nh *joined_find(struct leat_stack *st, const struct fib_nh *c, uint8_t family,
					 bool siblings, const struct fib_leg *legs, unsigned n)
{
	struct hash_node *at;
	hash_for_each_same(at, &fib_state(st)->nhs, hash_of(st, c))
	{
		struct fib_shared_nh *sh = container_of(at, struct fib_shared_nh, node);
		if (sh->n_legs == n && sh->family == family && sh->siblings == siblings &&
		    !memcmp(key_of(&sh->nh), key_of(c), NH_KEY_LEN) && are_legs(sh, legs, n))
			return sh;
	}
	return NULL;
}

struct fib_shared_nh *fib_nh_join(struct leat_stack *st, uint8_t family, bool siblings,
				  const struct fib_leg *legs, unsigned n)
{
	struct fib_nh c = fib_nh_canonical(&legs[0].nh->nh);
	for (unsigned i = 1; i < n; i++)
		if (!legs[i].nh->nh.gw_family)
			c.gw_family = 0;
	struct fib_shared_nh *sh = joined_find(st, &c, family, siblings, legs, n);
	if (sh) {
		sh->refs++;
		drop_legs(st, legs, n);
		return sh;
	}
	sh = joined_new(st, &c, family, siblings, legs, n);
	if (sh)
		hash_insert(&fib_state(st)->nhs, &sh->node, hash_of(st, &c));
	else
		drop_legs(st, legs, n);
	return sh;
}

struct fib_shared_nh *fib_nh_of_route(struct leat_stack *st, const struct fib_route *r)
{
	if (!r->n_hops)
		return fib_nh_get(st, &r->nh);
	struct fib_leg *legs = mem_zalloc(&st->mem, r->n_hops * sizeof *legs);
	struct fib_shared_nh *sh = NULL;
	unsigned n;
	for (n = 0; legs && n < r->n_hops; n++) {
		const struct fib_nh leg = fib_nh_with_hop(&r->nh, &r->hops[n]);
		legs[n] = (struct fib_leg){ fib_nh_get(st, &leg), r->hops[n].weight };
		if (!legs[n].nh)
			break;
	}
	if (n == r->n_hops)
		sh = fib_nh_join(st, r->family, false, legs, n);
	else if (legs)
		drop_legs(st, legs, n);
	mem_free(legs);
	return sh;
}

void fib_nh_put(struct leat_stack *st, struct fib_shared_nh *nh)
{
	if (!nh || --nh->refs)
		return;
	hash_remove(&fib_state(st)->nhs, &nh->node);
	if (fib_state(st)->last_nh == nh)
		fib_state(st)->last_nh = NULL;
	drop_legs(st, nh->legs, nh->n_legs);
	fib_paths_drop_legs(st, (struct fib_paths *)nh->nh.paths);
	rt_defer(st->rt->ctl, st->rt, &nh->deferred, shared_free);
}

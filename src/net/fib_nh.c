/* SPDX-License-Identifier: BSD-2-Clause */
/* Next hops. Routes whose next hops are equal share one object: a full table of a million prefixes has a handful. They are counted
 * by routes, found by their bytes, never changed, and freed after a grace period. */
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
	memcpy(c.metric, nh->metric, sizeof c.metric);
	memcpy(c.cc_algo, nh->cc_algo, sizeof c.cc_algo); /* zeroes behind the name */
	return c;
}

struct fib_shared_nh *fib_nh_get(struct leat_stack *st, const struct fib_nh *nh)
{
	struct fib_stack *s = fib_state(st);
	const struct fib_nh c = fib_nh_canonical(nh);
	uint32_t h = (uint32_t)siphash(&st->hash_key, &c, sizeof c);
	struct hash_node *n;
	hash_for_each_same(n, &s->nhs, h)
	{
		struct fib_shared_nh *found = container_of(n, struct fib_shared_nh, node);
		if (!memcmp(&found->nh, &c, sizeof c)) {
			found->refs++;
			return found;
		}
	}
	struct fib_shared_nh *new = mem_zalloc(&st->mem, sizeof *new);
	if (!new)
		return NULL;
	memcpy(&new->nh, &c, sizeof c);
	new->refs = 1;
	hash_insert(&s->nhs, &new->node, h);
	return new;
}

static void nh_free(struct deferred *d)
{
	mem_free(container_of(d, struct fib_shared_nh, deferred));
}

void fib_nh_put(struct leat_stack *st, struct fib_shared_nh *nh)
{
	if (--nh->refs)
		return;
	hash_remove(&fib_state(st)->nhs, &nh->node);
	rt_defer(st->rt->ctl, st->rt, &nh->deferred, nh_free);
}

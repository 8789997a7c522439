/* SPDX-License-Identifier: BSD-2-Clause */
/* Routes that live for a time (RFC 4861, 6.3.4; RFC 4191, 3.1; `ip -6 route add ... expires N`). Each has a timer of its own: routes
 * without a lifetime are never looked at, and one that has ended is gone at that moment, told of as Linux's collector does. */
#include "net/ctl_fill.h"
#include "net/fib_exc.h"
#include "net/fib_internal.h"

struct fib_expiry {
	struct timer timer;
	struct leat_stack *st;
	uint64_t serial; /* of the route */
	uint64_t until_us;
	struct ipaddr dst;
	uint32_t table;
	uint8_t family, plen;
};

/* This object goes with the route. */
static void on_expiry(struct lcore *lc, struct timer *t)
{
	const struct fib_expiry *x = container_of(t, struct fib_expiry, timer);
	struct leat_stack *st = x->st;
	const struct fib_key key = fib_key_of(x->family, &x->dst);
	struct fib_table *table = fib_table_find(fib_state(st), x->family, x->table);
	struct fib_node *n = table ? fib_trie_get(table->trie, &key, x->plen) : NULL;
	unsigned plen = x->plen;
	uint8_t family = x->family;
	struct fib_route gone;
	struct fib_entry **at = n ? &n->entries : NULL;
	while (at && *at && (*at)->serial != x->serial)
		at = &(*at)->next;
	if (!at || !*at)
		return;
	fib_describe_one(family, table->id, n, *at, &gone);
	fib_node_delete(st, table->trie, family, n, at);
	fib_trie_prune(st, table->trie, &key, plen);
	fib_exc_forget(st, family, &gone.dst, plen);
	route_tell(st, RTM_DELROUTE, 0, &gone);
}

struct fib_expiry *fib_expiry_new(struct leat_stack *st, const struct fib_route *r, uint64_t serial)
{
	struct fib_expiry *x = mem_zalloc(&st->mem, sizeof *x);
	if (!x)
		return NULL;
	*x = (struct fib_expiry){ .st = st,
				  .serial = serial,
				  .until_us = r->until_us,
				  .dst = r->dst,
				  .table = r->table,
				  .family = r->family,
				  .plen = r->plen };
	timer_init(&x->timer, on_expiry);
	timer_set_at(&st->rt->ctl->wheel, &x->timer, x->until_us);
	return x;
}

void fib_expiry_set(struct fib_expiry *x, uint64_t until_us)
{
	x->until_us = until_us;
	timer_set_at(&x->st->rt->ctl->wheel, &x->timer, until_us);
}

void fib_expiry_free(struct fib_expiry *x)
{
	if (!x)
		return;
	timer_stop(&x->st->rt->ctl->wheel, &x->timer);
	mem_free(x);
}

uint64_t fib_expiry_until_us(const struct fib_expiry *x)
{
	return x ? x->until_us : 0;
}

void fib_set_until(struct leat_stack *st, const struct fib_route *r)
{
	struct fib_table *t = fib_table_find(fib_state(st), r->family, r->table);
	const struct fib_key key = fib_key_of(r->family, &r->dst);
	struct fib_node *n = t ? fib_trie_get(t->trie, &key, r->plen) : NULL;
	if (n)
		fib_node_set_until(st, n, r);
}

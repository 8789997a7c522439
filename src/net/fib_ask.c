/* SPDX-License-Identifier: BSD-2-Clause */
/* What the control lcore asks of the routes: which of them leads to an address, as a lookup would find it or with conditions, and
 * which comes next in a dump. */
#include <netinet/in.h>

#include "net/rule_internal.h"

/* --- lookups --- */

/* In one table; skips what want() refuses, and what does not fit. */
static const struct fib_entry *table_ask(struct leat_stack *st, uint8_t family, const struct fib_table *t,
					 const struct fib_key *key, const struct fib_choice *c,
					 fib_want_fn *want, const struct fib_node **ret_node)
{
	for (unsigned below = 129; t;) {
		const struct fib_node *n = fib_trie_cover(t->trie, key, below);
		if (!n)
			break;
		for (const struct fib_entry *e = n->entries; e; e = e->next)
			if (fib_choice_fits(c, e) && (!want || want(&e->nh->nh)) &&
			    !fib_nh_is_ignored(st, family, e->nh)) {
				*ret_node = n;
				return e;
			}
		below = n->plen;
	}
	return NULL;
}

/* What is asked for, and what was found. */
struct asking {
	struct leat_stack *st;
	struct fib_stack *s;
	const struct fib_query *q;
	fib_want_fn *want;
	uint32_t oif; /* that the route must lead through; 0: any */
	const struct fib_node *node;
	uint32_t table;
	struct fib_why why;
};

static const struct fib_entry *ask_table(struct asking *a, uint32_t table, const struct fib_key *key)
{
	const struct fib_choice c = fib_choice_of(a->st, a->q, a->oif);
	a->table = table;
	const struct fib_entry *e = table_ask(a->st, a->q->family, fib_table_find(a->s, a->q->family, table),
					      key, &c, a->want, &a->node);
	return e && e->nh->nh.type != RTN_THROW ? e : NULL;
}

static const void *ask_rule(void *ctx, const struct fib_rule *r, const struct rule_table *t,
			    const struct fib_key *dst)
{
	struct asking *a = ctx;
	const struct fib_entry *e = ask_table(a, t->id, dst);
	const struct iface *i = e ? iface_by_handle(a->st, e->nh->nh.if_handle) : NULL;
	return e && rule_suppresses(r, e->nh->nh.type, a->node->plen, i) ? NULL : e;
}

static const struct iface *vrf_of(struct leat_stack *st, uint32_t if_handle)
{
	const struct iface *i = if_handle ? iface_by_handle(st, if_handle) : NULL;
	return i && i->l3_master ? iface_by_handle(st, i->l3_master) : i && i->l3_table ? i : NULL;
}

/* Of the rules that there are when there are no others, by the tables they name (FIB_LOCAL, ...). */
static const uint32_t built_in[FIB_TABLES] = { 0, 32766, 32767 };

/* *ret_action: as rules_ask(). */
static const struct fib_entry *ask(struct leat_stack *st, struct asking *a, uint8_t *ret_action)
{
	const struct fib_rules *rules = view_ctl(st, a->q->family == AF_INET6 ? VIEW_rules6 : VIEW_rules4);
	const struct fib_key key = fib_key_of(a->q->family, &a->q->dst);
	const struct fib_entry *e = NULL;
	if (rules) {
		const struct iface *vrf = vrf_of(st, a->q->oif);
		vrf = vrf ? vrf : vrf_of(st, a->q->iif);
		a->oif = vrf && vrf->handle == a->q->oif ? 0 : a->q->oif; /* any that belongs to it */
		const struct fib_rule *rule;
		e = rules_ask(rules, a->q, vrf, ask_rule, a, ret_action, &rule);
		a->why = (struct fib_why){ .by_rule = rule,
					   .priority = rule ? rule->priority : 0,
					   .realms = rule ? rule->realms : 0 };
		return e;
	}
	for (unsigned k = 0; k < a->s->fib[fib_index(a->q->family)].n && !e; k++) {
		e = ask_table(a, fib_table_ids[k], &key);
		a->why = (struct fib_why){ .by_rule = e, .priority = built_in[k] };
	}
	*ret_action = e ? FR_ACT_TO_TBL : FR_ACT_UNREACHABLE;
	return e;
}

const struct fib_nh *fib_find_route(struct leat_stack *st, uint8_t family, uint32_t table,
				    const struct ipaddr *dst, uint32_t oif, fib_want_fn *want)
{
	const struct fib_query q = { .family = family, .dst = *dst, .oif = oif };
	const struct fib_key key = fib_key_of(family, dst);
	struct asking a = { .st = st, .s = fib_state(st), .q = &q, .oif = oif, .want = want };
	uint8_t action;
	const struct fib_entry *e = table ? ask_table(&a, table, &key) : ask(st, &a, &action);
	return e ? &e->nh->nh : NULL;
}

uint8_t fib_addr_type(struct leat_stack *st, uint8_t family, const struct ipaddr *a)
{
	if (family == AF_INET && ip4_is_multicast(a->v4))
		return RTN_MULTICAST;
	const struct fib_nh *nh = fib_find_route(st, family, RT_TABLE_LOCAL, a, 0, NULL);
	return nh ? nh->type : RTN_UNICAST;
}

const struct fib_route *fib_ask_why(struct leat_stack *st, const struct fib_query *q, struct fib_why *ret_why)
{
	struct fib_stack *s = fib_state(st);
	struct asking a = { .st = st, .s = s, .q = q, .oif = q->oif };
	uint8_t action;
	const struct fib_entry *e = ask(st, &a, &action);
	*ret_why = a.why;
	if (e) {
		fib_describe(st, q->family, a.table, a.node, e, &s->found);
		return &s->found;
	}
	if (action == FR_ACT_UNREACHABLE)
		return NULL;
	s->found = (struct fib_route){ .family = q->family,
				       .nh.type = action == FR_ACT_PROHIBIT ? RTN_PROHIBIT : RTN_BLACKHOLE };
	return &s->found;
}

const struct fib_route *fib_ask(struct leat_stack *st, const struct fib_query *q)
{
	struct fib_why why;
	return fib_ask_why(st, q, &why);
}

const struct fib_route *fib_lookup_ctl(struct leat_stack *st, uint8_t family, const struct ipaddr *dst,
				       uint32_t oif)
{
	return fib_ask(st, &(struct fib_query){ .family = family, .dst = *dst, .oif = oif });
}

bool fib_route_uses_if(const struct fib_route *r, uint32_t if_handle)
{
	for (unsigned i = 0; i < r->n_hops; i++)
		if (r->hops[i].if_handle == if_handle)
			return true;
	return !r->n_hops && r->nh.if_handle == if_handle;
}

uint64_t fib_count(const struct leat_stack *st, uint8_t family)
{
	return fib_state(st)->count[fib_index(family)];
}

/* --- dumps --- */

/* Of one half of a prefix's routes, those by source or the others. */
static const struct fib_entry *first_of(const struct fib_node *n, bool sources)
{
	const struct fib_entry *e = n->entries;
	while (!sources && e->nh->nh.src_plen)
		e = e->next;
	return e;
}

static bool table_next(struct leat_stack *st, const struct fib_table *t, uint8_t family,
		       const struct fib_route *after, struct fib_route *ret)
{
	const struct fib_entry *e = NULL;
	const struct fib_node *n;
	bool sources = after && after->nh.src_plen;
	if (after) {
		const struct fib_key key = fib_key_of(family, &after->dst);
		n = fib_trie_get(t->trie, &key, after->plen);
		e = n ? fib_node_after(n, after) : NULL;
		if (!e || sources != !!e->nh->nh.src_plen) {
			n = fib_walk(t->trie, family, &key, after->plen, &sources);
			e = NULL;
		}
	} else {
		n = fib_walk(t->trie, family, NULL, 0, &sources);
	}
	if (!n)
		return false;
	fib_describe(st, family, t->id, n, e ? e : first_of(n, sources), ret);
	return true;
}

static bool family_next(struct leat_stack *st, uint8_t family, const struct fib_route *after,
			struct fib_route *ret)
{
	struct fib_table *t;
	list_for_each (t, &fib_state(st)->tables[fib_index(family)], link)
		if ((!after || fib_table_rank(t->id) >= fib_table_rank(after->table)) &&
		    table_next(st, t, family, after && t->id == after->table ? after : NULL, ret))
			return true;
	return false;
}

bool fib_next(struct leat_stack *st, const struct fib_route *after, uint8_t family, struct fib_route *ret)
{
	uint8_t at = after ? after->family : AF_INET;
	if (family != AF_UNSPEC)
		return family_next(st, family, after, ret);
	if (family_next(st, at, after, ret))
		return true;
	return at == AF_INET && family_next(st, AF_INET6, NULL, ret);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The routes of one prefix: a list in the order in which they count, and which of them packets take.
 *
 * Theory of operation: the order is tos downwards, then metric upwards; routes equal in both are peers, and stand as append and
 * prepend say. Whether a new route joins its peers, takes the place of one, or is refused is Linux's decision, and differs
 * between the families. After each change the node's `best` is set, in one store, to the next hop of the first route with tos 0;
 * only then may the next hop of a route that went be let go. */
#include <errno.h>
#include <netinet/in.h>

#include "net/ctl_fill.h"
#include "net/fib_internal.h"

static bool comes_before(const struct fib_entry *e, uint8_t tos, uint32_t metric)
{
	return e->tos > tos || (e->tos == tos && e->metric < metric);
}

static bool is_peer(const struct fib_entry *e, const struct fib_route *r)
{
	return e && e->tos == r->tos && e->metric == r->metric;
}

static void settle_best(struct fib_node *n)
{
	const struct fib_entry *e = n->entries;
	while (e && e->tos)
		e = e->next;
	rcu_set(n->best, e ? &e->nh->nh : NULL);
}

void fib_describe(uint8_t family, uint32_t table, const struct fib_node *n, const struct fib_entry *e,
		  struct fib_route *ret)
{
	memset(ret, 0, sizeof *ret);
	ret->family = family;
	ret->plen = n->plen;
	ret->tos = e->tos;
	ret->protocol = e->protocol;
	ret->pref = e->pref;
	ret->table = table;
	ret->metric = e->metric;
	ret->flags = e->flags;
	ret->serial = e->serial;
	ret->n_hops = (uint16_t)e->nh->n_legs;
	ret->hops = e->nh->hops;
	ret->nh = e->nh->nh;
	ret->nh.paths = NULL; /* hops say it, and live as long as this */
	be64 hi = be64_of(n->key.hi), lo = be64_of(n->key.lo);
	memcpy(ret->dst.b, &hi, sizeof hi);
	memcpy(ret->dst.b + 8, &lo, sizeof lo);
}

/* Linux: an IPv4 route is another one when anything differs, an IPv6 route when its next hop does. */
static bool is_same(const struct fib_entry *e, const struct fib_route *r)
{
	if (r->family == AF_INET)
		return e->protocol == r->protocol && fib_nh_is(e->nh, &r->nh, r->hops, r->n_hops);
	const struct fib_nh c = fib_nh_canonical(&r->nh);
	return e->nh->nh.if_handle == c.if_handle && e->nh->nh.gw_family == c.gw_family &&
	       ipaddr_eq(&e->nh->nh.gw, &c.gw);
}

static struct fib_entry *entry_new(struct leat_stack *st, const struct fib_route *r)
{
	struct fib_entry *e = mem_zalloc(&st->mem, sizeof *e);
	if (!e)
		return NULL;
	e->nh = fib_nh_get(st, &r->nh, r->hops, r->n_hops);
	if (!e->nh) {
		mem_free(e);
		return NULL;
	}
	e->serial = ++fib_state(st)->serial;
	e->metric = r->metric;
	e->flags = r->flags;
	e->tos = r->tos;
	e->protocol = r->protocol;
	e->pref = r->pref;
	return e;
}

static void entry_free(struct leat_stack *st, struct fib_entry *e)
{
	fib_nh_put(st, e->nh);
	mem_free(e);
}

/* Where a new route goes among those of its prefix, or why it must not. *ret_flags: what listeners are told. */
static int find_place(struct fib_entry **at, const struct fib_route *r, enum fib_how how,
		      struct fib_entry ***ret_at, unsigned *ret_flags)
{
	while (*at && comes_before(*at, r->tos, r->metric))
		at = &(*at)->next;
	struct fib_entry **first = at;
	bool had_peer = is_peer(*at, r), same = false;
	for (; is_peer(*at, r); at = &(*at)->next)
		same |= is_same(*at, r);
	if (!had_peer && how == FIB_CHANGE)
		return -ENOENT;
	if (had_peer && how == FIB_ADD)
		return -EEXIST;
	*ret_at = at;
	*ret_flags = NLM_F_CREATE | (had_peer ? 0 : NLM_F_EXCL);
	if (!had_peer)
		return 0;
	if (how == FIB_REPLACE || how == FIB_CHANGE) {
		if (same && !is_same(*first, r) && r->family == AF_INET)
			return -EEXIST;
		*ret_at = first;
		*ret_flags = NLM_F_REPLACE;
		return 0;
	}
	if (same)
		return -EEXIST;
	if (how == FIB_APPEND)
		*ret_flags |= NLM_F_APPEND;
	if (how == FIB_PREPEND && r->family == AF_INET) /* Linux: IPv6 knows no prepending */
		*ret_at = first;
	return 0;
}

/* Linux: IPv6 routes of one metric that have gateways are the paths of one route; who replaces it replaces them all. */
static void delete_siblings6(struct leat_stack *st, struct fib_node *n, struct fib_entry *e,
			     const struct fib_route *r)
{
	struct fib_entry **at = &e->next;
	while (e->nh->nh.gw_family && is_peer(*at, r)) {
		struct fib_entry *sibling = *at;
		if (!sibling->nh->nh.gw_family) {
			at = &sibling->next;
			continue;
		}
		*at = sibling->next;
		fib_state(st)->count[fib_index(AF_INET6)]--;
		entry_free(st, sibling);
	}
}

int fib_node_add(struct leat_stack *st, struct fib_node *n, const struct fib_route *r, enum fib_how how)
{
	struct fib_entry **at, *old = NULL;
	unsigned flags;
	int err = find_place(&n->entries, r, how, &at, &flags);
	if (err)
		return err;
	struct fib_entry *e = entry_new(st, r);
	if (!e)
		return -ENOMEM;
	if (flags & NLM_F_REPLACE) {
		old = *at;
		e->next = old->next;
	} else {
		e->next = *at;
		fib_state(st)->count[fib_index(r->family)]++;
	}
	*at = e;
	if (old && r->family == AF_INET6)
		delete_siblings6(st, n, e, r);
	settle_best(n);
	if (old)
		entry_free(st, old);
	struct fib_route added;
	fib_describe(r->family, r->table, n, e, &added);
	route_tell(st, RTM_NEWROUTE, (uint16_t)flags, &added);
	return 0;
}

void fib_node_delete(struct leat_stack *st, uint8_t family, struct fib_node *n, struct fib_entry **at)
{
	struct fib_entry *e = *at;
	*at = e->next;
	fib_state(st)->count[fib_index(family)]--;
	settle_best(n);
	entry_free(st, e);
}

const struct fib_entry *fib_node_after(const struct fib_node *n, const struct fib_route *after)
{
	const struct fib_entry *e;
	for (e = n->entries; e; e = e->next)
		if (e->serial == after->serial)
			return e->next;
	for (e = n->entries; e && (comes_before(e, after->tos, after->metric) || is_peer(e, after));
	     e = e->next) {}
	return e;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The routes of one prefix: a list in the order in which they count, and which of them packets take.
 *
 * Theory of operation: the order is tos downwards, then the source's prefix (the longer one first), then metric upwards;
 * routes equal in all are peers, and stand as append and
 * prepend say. Whether a new route joins its peers, takes the place of one, or is refused is Linux's decision, and differs
 * between the families. After each change the node's `best` is set, in one store, to the next hop of the first route that asks for no tos and no source;
 * only then may the next hop of a route that went be let go.
 *
 * IPv4 has a route of several ways as one entry. IPv6 has an entry for each: peers with gateways are siblings, which netlink shows as
 * one route, and which come and go one by one (Linux). For packets they are joined to one next hop, which `best` holds. */
#include <errno.h>
#include <netinet/in.h>

#include "net/ctl_fill.h"
#include "net/fib_internal.h"
#include "net/nexthop.h"
#include "net/rule_internal.h"

static bool same_source(const struct fib_nh *a, const struct fib_nh *b)
{
	return a->src_plen == b->src_plen && ipaddr_eq(&a->src, &b->src);
}

/* What lies within a prefix goes before it, as in a walk through Linux's tree. */
static bool source_before(const struct fib_nh *a, const struct fib_nh *b)
{
	const struct fib_key ka = fib_key6(&a->src.v6), kb = fib_key6(&b->src.v6);
	if (fib_key_match(&ka, &kb, MIN(a->src_plen, b->src_plen)))
		return a->src_plen > b->src_plen;
	return ka.hi != kb.hi ? ka.hi < kb.hi : ka.lo < kb.lo;
}

static bool comes_before(const struct fib_entry *e, const struct fib_route *r)
{
	if (e->tos != r->tos)
		return e->tos > r->tos;
	if (!same_source(&e->nh->nh, &r->nh))
		return source_before(&e->nh->nh, &r->nh);
	return e->metric < r->metric;
}

static bool is_peer(const struct fib_entry *e, const struct fib_route *r)
{
	return e && e->tos == r->tos && e->metric == r->metric && same_source(&e->nh->nh, &r->nh);
}

/* --- siblings --- */

/* Linux: rt6_qualify_for_ecmp(). What a router advertises is no sibling. */
static bool joins6(const struct fib_nh *nh, uint8_t protocol)
{
	return nh->gw_family == AF_INET6 && !nh->nh_id && protocol != RTPROT_RA;
}

static bool are_siblings(const struct fib_entry *a, const struct fib_entry *b)
{
	return a->tos == b->tos && a->metric == b->metric && same_source(&a->nh->nh, &b->nh->nh) &&
	       joins6(&a->nh->nh, a->protocol) && joins6(&b->nh->nh, b->protocol);
}

const struct fib_entry *fib_first_sibling(const struct fib_node *n, const struct fib_entry *e)
{
	const struct fib_entry *first = n->entries;
	while (first != e && !are_siblings(first, e))
		first = first->next;
	return first;
}

const struct fib_entry *fib_next_sibling(const struct fib_entry *e)
{
	for (const struct fib_entry *o = e->next; o && o->metric == e->metric; o = o->next)
		if (are_siblings(e, o))
			return o;
	return NULL;
}

static unsigned count_siblings(const struct fib_entry *first)
{
	unsigned n = 0;
	for (; first; first = fib_next_sibling(first))
		n++;
	return n;
}

/* --- routes of routers --- */

static bool is_advertised(const struct fib_entry *e)
{
	return e->protocol == RTPROT_RA && e->nh->nh.gw_family == AF_INET6;
}

static bool are_equals(const struct fib_entry *a, const struct fib_entry *b)
{
	return a->tos == b->tos && a->metric == b->metric && is_advertised(b) && a->rank == b->rank;
}

/* The first of those with the highest rank. */
static const struct fib_entry *first_router(const struct fib_entry *e)
{
	const struct fib_entry *best = e;
	for (; e && e->tos == best->tos && e->metric == best->metric; e = e->next)
		if (is_advertised(e) && e->rank > best->rank)
			best = e;
	return best;
}

/* Who shares the packets with e, e's next one of them. */
static const struct fib_entry *next_equal(const struct fib_entry *e)
{
	for (const struct fib_entry *o = e->next; o && o->metric == e->metric; o = o->next)
		if (are_equals(e, o))
			return o;
	return NULL;
}

static const struct fib_entry *next_in_group(const struct fib_entry *e)
{
	return is_advertised(e) ? next_equal(e) : fib_next_sibling(e);
}

/* One next hop for all of them; without memory the first one's. */
static struct fib_shared_nh *join_siblings(struct leat_stack *st, const struct fib_entry *first)
{
	unsigned n = 0, i = 0;
	for (const struct fib_entry *e = first; e; e = next_in_group(e))
		n++;
	struct fib_leg *legs = n > 1 ? mem_zalloc(&st->mem, n * sizeof *legs) : NULL;
	struct fib_shared_nh *sh = NULL;
	if (!legs)
		return NULL;
	for (; first; first = next_in_group(first)) {
		first->nh->refs++;
		legs[i++] = (struct fib_leg){ first->nh, first->weight };
	}
	sh = fib_nh_join(st, AF_INET6, true, legs, n);
	mem_free(legs);
	return sh;
}

/* --- what packets take --- */

/* Linux: ignore_routes_with_linkdown. What is ours is, whatever the link. */
bool fib_nh_is_ignored(struct leat_stack *st, uint8_t family, const struct fib_shared_nh *sh)
{
	if (sh->nh.type == RTN_LOCAL || sh->nh.type == RTN_ANYCAST || !sh->nh.if_handle)
		return false;
	for (uint32_t i = 0; i < sh->n_legs; i++)
		if (!fib_ignores(st, family, sh->legs[i].nh->nh.if_handle))
			return false;
	return sh->n_legs || fib_ignores(st, family, sh->nh.if_handle);
}

static void settle_best(struct leat_stack *st, struct fib_trie *t, uint8_t family, struct fib_node *n)
{
	const struct fib_nh *was = n->best;
	const struct fib_entry *e = n->entries;
	while (e && (e->tos || e->nh->nh.src_plen || fib_nh_is_ignored(st, family, e->nh)))
		e = e->next;
	if (e && is_advertised(e))
		e = first_router(e);
	struct fib_shared_nh *joined = e && family == AF_INET6 ? join_siblings(st, e) : NULL;
	const struct fib_nh *best = joined ? &joined->nh : e ? &e->nh->nh : NULL;
	fib_trie_set_best(t, n, best);
	fib_several_follow(st, t, n);
	if (was && was->paths && container_of(was, struct fib_shared_nh, nh)->siblings)
		fib_nh_put(st, container_of(was, struct fib_shared_nh, nh));
}

void fib_node_settle(struct leat_stack *st, struct fib_trie *t, uint8_t family, struct fib_node *n)
{
	settle_best(st, t, family, n);
}

void fib_node_set_rank(struct leat_stack *st, struct fib_trie *t, struct fib_node *n,
		       const struct fib_route *r, uint8_t rank)
{
	bool changed = false;
	for (struct fib_entry *e = n->entries; e; e = e->next) {
		const struct fib_nh *nh = &e->nh->nh;
		if (!is_advertised(e) || e->metric != r->metric || nh->if_handle != r->nh.if_handle ||
		    !ipaddr_eq(&nh->gw, &r->nh.gw))
			continue;
		changed |= e->rank != rank;
		racy_set(e->rank, rank);
	}
	if (changed)
		settle_best(st, t, AF_INET6, n);
}

/* --- telling --- */

void fib_describe_one(uint8_t family, uint32_t table, const struct fib_node *n, const struct fib_entry *e,
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
	ret->until_us = fib_expiry_until_us(e->expiry);
	ret->weight = e->weight;
	ret->n_hops = (uint16_t)e->nh->n_legs;
	ret->hops = e->nh->hops;
	ret->nh = e->nh->nh;
	ret->nh.paths = NULL; /* hops say it, and live as long as this */
	be64 hi = be64_of(n->key.hi), lo = be64_of(n->key.lo);
	memcpy(ret->dst.b, &hi, sizeof hi);
	memcpy(ret->dst.b + 8, &lo, sizeof lo);
}

static void put_hop(struct fib_hop *to, const struct fib_entry *e)
{
	const struct fib_nh *nh = &e->nh->nh;
	*to = (struct fib_hop){ .if_handle = nh->if_handle,
				.gw_family = nh->gw_family,
				.flags = nh->flags,
				.gw = nh->gw,
				.realms = nh->realms,
				.weight = e->weight };
}

/* What a nexthop object says stands in the route as if it said it itself; Linux: of IPv6, a group of one, too. */
static void describe_object(struct leat_stack *st, struct fib_route *ret)
{
	struct fib_hop one;
	bool blackhole;
	unsigned n = nexthop_hops(st, ret->nh.nh_id, &one, 1, &blackhole);
	if (blackhole)
		ret->nh.type = RTN_BLACKHOLE;
	if (n == 1)
		fib_nh_put_hop(&ret->nh, &one);
	if (n < 2 && !(ret->family == AF_INET6 && nexthop_is_group(st, ret->nh.nh_id)))
		return;
	struct fib_hop *hops = mem_zalloc(&st->mem, n * sizeof *hops);
	if (!hops)
		return;
	nexthop_hops(st, ret->nh.nh_id, hops, n, &blackhole);
	mem_free(fib_state(st)->described);
	ret->hops = fib_state(st)->described = hops;
	ret->n_hops = (uint16_t)n;
}

void fib_describe(struct leat_stack *st, uint8_t family, uint32_t table, const struct fib_node *n,
		  const struct fib_entry *e, struct fib_route *ret)
{
	struct fib_stack *s = fib_state(st);
	fib_describe_one(family, table, n, e, ret);
	if (e->nh->nh.nh_id)
		describe_object(st, ret);
	if (family != AF_INET6 || !joins6(&e->nh->nh, e->protocol))
		return;
	const struct fib_entry *first = fib_first_sibling(n, e);
	unsigned n_hops = count_siblings(first), i = 1;
	struct fib_hop *hops = n_hops > 1 ? mem_zalloc(&st->mem, n_hops * sizeof *hops) : NULL;
	if (!hops)
		return;
	put_hop(&hops[0], e);
	for (const struct fib_entry *o = e; (o = fib_next_sibling(o));)
		put_hop(&hops[i++], o);
	for (const struct fib_entry *o = first; o != e; o = fib_next_sibling(o))
		put_hop(&hops[i++], o);
	mem_free(s->described);
	ret->hops = s->described = hops;
	ret->n_hops = (uint16_t)n_hops;
}

/* --- changing --- */

/* Linux: an IPv4 route is another one when anything differs, an IPv6 route when its next hop does. */
static bool is_same(const struct fib_entry *e, const struct fib_route *r)
{
	if (r->family == AF_INET)
		return e->protocol == r->protocol && fib_nh_is(e->nh, &r->nh, r->hops, r->n_hops);
	const struct fib_nh c = fib_nh_canonical(&r->nh);
	if (c.nh_id || e->nh->nh.nh_id)
		return c.nh_id == e->nh->nh.nh_id;
	return e->nh->nh.if_handle == c.if_handle && e->nh->nh.gw_family == c.gw_family &&
	       ipaddr_eq(&e->nh->nh.gw, &c.gw);
}

static struct fib_entry *entry_new(struct leat_stack *st, const struct fib_route *r)
{
	struct fib_entry *e = slab_zalloc(&fib_state(st)->entries);
	if (!e)
		return NULL;
	e->nh = fib_nh_of_route(st, r);
	if (!e->nh) {
		slab_free(e, place);
		return NULL;
	}
	e->serial = ++fib_state(st)->serial;
	e->expiry = r->until_us ? fib_expiry_new(st, r, e->serial) : NULL;
	if (r->until_us && !e->expiry) {
		fib_nh_put(st, e->nh);
		slab_free(e, place);
		return NULL;
	}
	e->metric = r->metric;
	e->flags = r->flags;
	e->tos = r->tos;
	e->protocol = r->protocol;
	e->pref = r->pref;
	e->weight = r->weight ? r->weight : 1;
	return e;
}

static void entry_free_now(struct deferred *d)
{
	struct fib_entry *e = container_of(d, struct fib_entry, deferred);
	slab_free(e, place);
}

/* It is in no list any more; workers may still stand on it, and go on from there. */
static void entry_free(struct leat_stack *st, struct fib_entry *e)
{
	fib_nh_put(st, e->nh);
	fib_expiry_free(e->expiry);
	rt_defer(st->rt->ctl, st->rt, &e->deferred, entry_free_now);
}

/* Routes by tos or by source count from the first of them on; before, nobody looks at it. Workers read the number. 0 or -ENOMEM. */
static int choice_begins(struct leat_stack *st, uint8_t family, const struct fib_entry *e)
{
	uint32_t *n = &fib_state(st)->n_chosen[fib_index(family)];
	int err;
	if (!fib_entry_is_chosen(e))
		return 0;
	racy_add(*n, 1);
	err = *n == 1 ? rules_renew(st, family) : 0;
	if (err)
		racy_add(*n, -1);
	return err;
}

/* No view: it has been taken back. */
static void choice_ends(struct leat_stack *st, uint8_t family, const struct fib_entry *e)
{
	uint32_t *n = &fib_state(st)->n_chosen[fib_index(family)];
	if (!fib_entry_is_chosen(e))
		return;
	racy_add(*n, -1);
	if (!*n && view_ctl(st, family == AF_INET6 ? VIEW_rules6 : VIEW_rules4))
		rules_renew(st, family); /* without memory it is looked at in vain */
}

/* Which of its peers a route replaces. Linux: in IPv6 one that can have siblings replaces one that can, if there is one. */
static struct fib_entry **replaced(struct fib_entry **first, const struct fib_route *r)
{
	bool joins = joins6(&r->nh, r->protocol);
	for (struct fib_entry **at = first; r->family == AF_INET6 && is_peer(*at, r); at = &(*at)->next)
		if (joins == joins6(&(*at)->nh->nh, (*at)->protocol))
			return at;
	return first;
}

/* Where a new route goes among those of its prefix, or why it must not. *ret_flags: what listeners are told. */
static int find_place(struct fib_entry **at, const struct fib_route *r, enum fib_how how,
		      struct fib_entry ***ret_at, unsigned *ret_flags)
{
	while (*at && comes_before(*at, r))
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
		*ret_at = replaced(first, r);
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

/* Linux: IPv6 routes of one metric that have gateways are the paths of one route; who replaces it replaces them all. Their next ones
 * stay, for readers. */
static struct fib_entry *take_siblings6(struct leat_stack *st, struct fib_entry *e,
					const struct fib_entry *old)
{
	struct fib_entry **at = &e->next, *taken = NULL;
	while (*at && (*at)->metric == old->metric) {
		struct fib_entry *sibling = *at;
		if (!are_siblings(sibling, old)) {
			at = &sibling->next;
			continue;
		}
		rcu_set(*at, sibling->next);
		fib_state(st)->count[fib_index(AF_INET6)]--;
		sibling->gone = taken;
		taken = sibling;
	}
	return taken;
}

static void free_all(struct leat_stack *st, struct fib_entry *e)
{
	while (e) {
		struct fib_entry *next = e->gone;
		entry_free(st, e);
		e = next;
	}
}

static void set_until(struct leat_stack *st, struct fib_entry *e, const struct fib_route *r)
{
	if (e->expiry && r->until_us) {
		fib_expiry_set(e->expiry, r->until_us);
	} else if (r->until_us) {
		e->expiry = fib_expiry_new(st, r, e->serial);
	} else {
		fib_expiry_free(e->expiry);
		e->expiry = NULL;
	}
}

static struct fib_entry *find_same(struct fib_node *n, const struct fib_route *r)
{
	struct fib_entry *e = n->entries;
	while (e && !(is_peer(e, r) && is_same(e, r)))
		e = e->next;
	return e;
}

void fib_node_set_until(struct leat_stack *st, struct fib_node *n, const struct fib_route *r)
{
	struct fib_entry *e = find_same(n, r);
	if (e)
		set_until(st, e, r);
}

/* Linux: fib6_add_rt2node(). Who adds a route again that has an end changes it, and is refused all the same. */
static void renew(struct leat_stack *st, struct fib_node *n, const struct fib_route *r)
{
	struct fib_entry *e = r->family == AF_INET6 ? find_same(n, r) : NULL;
	if (e && e->expiry)
		set_until(st, e, r);
}

int fib_node_add(struct leat_stack *st, struct fib_trie *t, struct fib_node *n, const struct fib_route *r,
		 enum fib_how how, unsigned *ret_told, const struct fib_entry **ret_entry)
{
	struct fib_entry **at, *old = NULL, *gone = NULL;
	int err = find_place(&n->entries, r, how, &at, ret_told);
	if (err == -EEXIST && how != FIB_ADD)
		renew(st, n, r);
	if (err)
		return err;
	if (*ret_told & NLM_F_REPLACE && r->family == AF_INET && is_same(*at, r)) {
		*ret_told = 0; /* Linux: by itself it is not replaced, and nobody hears of it */
		*ret_entry = *at;
		return 0;
	}
	struct fib_entry *e = entry_new(st, r);
	if (!e)
		return -ENOMEM;
	err = choice_begins(st, r->family, e);
	if (err) {
		entry_free(st, e);
		return err;
	}
	if (*ret_told & NLM_F_REPLACE) {
		old = *at;
		e->next = old->next;
	} else {
		e->next = *at;
		fib_state(st)->count[fib_index(r->family)]++;
	}
	rcu_set(*at, e);
	if (old && r->family == AF_INET6)
		gone = take_siblings6(st, e, old);
	settle_best(st, t, r->family, n);
	for (const struct fib_entry *g = gone; g; g = g->gone)
		choice_ends(st, r->family, g);
	if (old) {
		choice_ends(st, r->family, old);
		entry_free(st, old);
	}
	free_all(st, gone);
	*ret_entry = e;
	return 0;
}

void fib_node_delete(struct leat_stack *st, struct fib_trie *t, uint8_t family, struct fib_node *n,
		     struct fib_entry **at)
{
	struct fib_entry *e = *at;
	rcu_set(*at, e->next);
	fib_state(st)->count[fib_index(family)]--;
	settle_best(st, t, family, n);
	choice_ends(st, family, e);
	entry_free(st, e);
}

/* One with siblings is shown with the first of them. */
static const struct fib_entry *shown_from(const struct fib_node *n, const struct fib_entry *e)
{
	while (e && fib_first_sibling(n, e) != e)
		e = e->next;
	return e;
}

const struct fib_entry *fib_node_after(const struct fib_node *n, const struct fib_route *after)
{
	const struct fib_entry *e;
	for (e = n->entries; e; e = e->next)
		if (e->serial == after->serial)
			return shown_from(n, e->next);
	for (e = n->entries; e && (comes_before(e, after) || is_peer(e, after)); e = e->next) {}
	return shown_from(n, e);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: a table is a trie of prefixes (fib_trie.h); each prefix has a list of routes in the order in which
 * they count: tos downwards, then metric upwards, then as append and prepend say. What a packet takes is the first of
 * them with tos 0 (no packet is routed by its tos yet); the writer leaves it in the trie's node. Next hops that are equal
 * are one object, counted, freed after a grace period.
 *
 * A lookup asks table local, then main, then default; a throw route ends the search of its table only. Other tables are
 * kept, shown, and asked by nobody until there are rules.
 *
 * Routes of an interface go when it goes down, but for what is ours in IPv4: Linux answers for addresses of interfaces that are
 * down. Linux tells listeners of the IPv6 ones and leaves them to conclude the others from the link; so do we.
 *
 * Threads: one writer, the control lcore; readers within a turn. Left out: multiple next hops, nexthop objects, rules,
 * routes by source or tos, expiry. */
#include "net/fib.h"

#include <errno.h>
#include <netinet/in.h>

#include "net/ctl_fill.h"
#include "net/fib_internal.h"

/* --- any worker --- */

typedef const struct fib_nh *trie_find_fn(const struct fib_trie *t, const struct fib_key *key);

static inline const struct fib_nh *fib_find(const struct fib *f, const struct fib_key *key,
					    trie_find_fn *find)
{
	for (unsigned t = 0; f && t < FIB_TABLES; t++) {
		const struct fib_nh *nh = find(&f->trie[t], key);
		if (nh && likely(nh->type != RTN_THROW))
			return nh;
	}
	return NULL;
}

const struct fib_nh *fib4_lookup(const struct worker *w, be32 dst)
{
	const struct fib_key key = fib_key4(dst);
	return fib_find(view_get(w, VIEW_fib4), &key, fib4_trie_find);
}

const struct fib_nh *fib6_lookup(const struct worker *w, const struct ip6 *dst)
{
	const struct fib_key key = fib_key6(dst);
	return fib_find(view_get(w, VIEW_fib6), &key, fib_trie_find);
}

/* --- next hops --- */

/* Every byte defined, so that bytes can be compared. */
static struct fib_nh canonical(const struct fib_nh *nh)
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
	c.mtu = nh->mtu;
	return c;
}

static struct fib_shared_nh *nh_get(struct leat_stack *st, const struct fib_nh *nh)
{
	struct fib_stack *s = fib_state(st);
	const struct fib_nh c = canonical(nh);
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

static void nh_put(struct leat_stack *st, struct fib_shared_nh *nh)
{
	if (--nh->refs)
		return;
	hash_remove(&fib_state(st)->nhs, &nh->node);
	rt_defer(st->rt->ctl, st->rt, &nh->deferred, nh_free);
}

/* --- tables --- */

static struct fib_table *table_find(struct fib_stack *s, uint8_t family, uint32_t id)
{
	struct fib_table *t;
	list_for_each (t, &s->tables[fib_index(family)], link)
		if (t->id == id)
			return t;
	return NULL;
}

static struct fib_table *table_make(struct leat_stack *st, uint8_t family, uint32_t id, struct fib_trie *trie)
{
	struct list *tables = &fib_state(st)->tables[fib_index(family)], *l = tables->prev;
	struct fib_table *t = table_find(fib_state(st), family, id);
	if (t)
		return t;
	t = mem_zalloc(&st->mem, sizeof *t);
	if (!t)
		return NULL;
	t->id = id;
	t->trie = trie ? trie : &t->own;
	while (l != tables && list_entry(l, struct fib_table, link)->id > id)
		l = l->prev;
	list_insert(l, &t->link);
	return t;
}

static void table_free(struct fib_table *t)
{
	list_remove(&t->link);
	mem_free(t);
}

bool fib_has_table(struct leat_stack *st, uint8_t family, uint32_t table)
{
	return table_find(fib_state(st), family, table);
}

/* --- a prefix's routes --- */

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

/* The route an entry of a node stands for. */
static void describe(uint8_t family, uint32_t table, const struct fib_node *n, const struct fib_entry *e,
		     struct fib_route *ret)
{
	memset(ret, 0, sizeof *ret);
	ret->family = family;
	ret->plen = n->plen;
	ret->tos = e->tos;
	ret->protocol = e->protocol;
	ret->table = table;
	ret->metric = e->metric;
	ret->flags = e->flags;
	ret->nh = e->nh->nh;
	be64 hi = be64_of(n->key.hi), lo = be64_of(n->key.lo);
	memcpy(ret->dst.b, &hi, sizeof hi);
	memcpy(ret->dst.b + 8, &lo, sizeof lo);
}

/* Linux: an IPv4 route is another one when anything differs, an IPv6 route when its next hop does. */
static bool is_same(const struct fib_entry *e, const struct fib_route *r)
{
	const struct fib_nh c = canonical(&r->nh);
	if (r->family == AF_INET)
		return e->protocol == r->protocol && !memcmp(&e->nh->nh, &c, sizeof c);
	return e->nh->nh.if_handle == c.if_handle && e->nh->nh.gw_family == c.gw_family &&
	       ipaddr_eq(&e->nh->nh.gw, &c.gw);
}

static struct fib_entry *entry_new(struct leat_stack *st, const struct fib_route *r)
{
	struct fib_entry *e = mem_zalloc(&st->mem, sizeof *e);
	if (!e)
		return NULL;
	e->nh = nh_get(st, &r->nh);
	if (!e->nh) {
		mem_free(e);
		return NULL;
	}
	e->metric = r->metric;
	e->flags = r->flags;
	e->tos = r->tos;
	e->protocol = r->protocol;
	return e;
}

static void entry_free(struct leat_stack *st, struct fib_entry *e)
{
	nh_put(st, e->nh);
	mem_free(e);
}

/* --- adding --- */

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

static int node_add(struct leat_stack *st, struct fib_node *n, const struct fib_route *r, enum fib_how how)
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
	describe(r->family, r->table, n, e, &added);
	route_tell(st, RTM_NEWROUTE, (uint16_t)flags, &added);
	return 0;
}

int fib_add_checked(struct leat_stack *st, const struct fib_route *r, enum fib_how how)
{
	const struct fib_key key = fib_key_of(r->family, &r->dst);
	struct fib_table *t = table_make(st, r->family, r->table, NULL);
	if (!t)
		return -ENOMEM;
	struct fib_node *n = fib_trie_make(st, t->trie, &key, r->plen);
	int err = n ? node_add(st, n, r, how) : -ENOMEM;
	if (err)
		fib_trie_prune(st, t->trie, &key, r->plen);
	return err;
}

static void cut_host_bits6(struct fib_route *r)
{
	for (unsigned i = r->plen; i < 128; i++)
		r->dst.b[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
}

int fib_add(struct leat_stack *st, const struct fib_route *r, enum fib_how how, const char **ret_why)
{
	const char *why = NULL;
	struct fib_route checked = *r;
	if (r->family == AF_INET6)
		cut_host_bits6(&checked);
	int err = fib_check(st, &checked, &why);
	if (err && why && ret_why)
		*ret_why = why;
	return err ? err : fib_add_checked(st, &checked, how);
}

/* --- deleting --- */

static void node_delete(struct leat_stack *st, uint8_t family, struct fib_node *n, struct fib_entry **at)
{
	struct fib_entry *e = *at;
	*at = e->next;
	fib_state(st)->count[fib_index(family)]--;
	settle_best(n);
	entry_free(st, e);
}

/* Linux shows IPv6 routes that lead nowhere as if through the loopback, and `ip route flush` asks for what it was shown. */
static bool leads_through(const struct fib_entry *e, const struct fib_route *r)
{
	uint32_t handle = e->nh->nh.if_handle;
	return !r->nh.if_handle || r->nh.if_handle == handle || (r->family == AF_INET6 && !handle);
}

/* RTM_DELROUTE: what is not given matches anything. */
static bool is_meant(const struct fib_entry *e, const struct fib_route *r)
{
	const struct fib_nh *nh = &e->nh->nh, *want = &r->nh;
	return e->tos == r->tos && (!want->type || want->type == nh->type) &&
	       (!want->scope || want->scope == RT_SCOPE_NOWHERE || want->scope == nh->scope) &&
	       (!r->protocol || r->protocol == e->protocol) && (!r->metric || r->metric == e->metric) &&
	       leads_through(e, r) &&
	       (!want->gw_family || (want->gw_family == nh->gw_family && ipaddr_eq(&want->gw, &nh->gw))) &&
	       (ipaddr_is_zero(&want->prefsrc) || ipaddr_eq(&want->prefsrc, &nh->prefsrc));
}

int fib_delete(struct leat_stack *st, const struct fib_route *r)
{
	struct fib_table *t = table_find(fib_state(st), r->family, r->table);
	const struct fib_key key = fib_key_of(r->family, &r->dst);
	struct fib_node *n = t ? fib_trie_get(t->trie, &key, r->plen) : NULL;
	struct fib_route gone;
	struct fib_entry **at;
	if (!n)
		return -ESRCH;
	for (at = &n->entries; *at && !is_meant(*at, r); at = &(*at)->next) {}
	if (!*at)
		return -ESRCH;
	describe(r->family, t->id, n, *at, &gone);
	node_delete(st, r->family, n, at);
	fib_trie_prune(st, t->trie, &key, r->plen);
	route_tell(st, RTM_DELROUTE, 0, &gone);
	return 0;
}

/* Takes every route of a table away that `doomed` says yes to. */
typedef bool doomed_fn(const struct fib_entry *e, const void *ctx);
static void table_sweep(struct leat_stack *st, uint8_t family, struct fib_table *t, doomed_fn *doomed,
			const void *ctx, bool tell)
{
	struct fib_node *n = fib_trie_next(t->trie, NULL, 0);
	while (n) {
		const struct fib_key key = n->key;
		unsigned plen = n->plen;
		struct fib_entry **at = &n->entries;
		while (*at) {
			struct fib_route gone;
			if (!doomed(*at, ctx)) {
				at = &(*at)->next;
				continue;
			}
			describe(family, t->id, n, *at, &gone);
			node_delete(st, family, n, at);
			if (tell)
				route_tell(st, RTM_DELROUTE, 0, &gone);
		}
		if (!n->entries)
			fib_trie_prune(st, t->trie, &key, plen);
		n = fib_trie_next(t->trie, &key, plen);
	}
}

static void sweep(struct leat_stack *st, uint8_t family, doomed_fn *doomed, const void *ctx, bool tell)
{
	struct fib_table *t;
	list_for_each (t, &fib_state(st)->tables[fib_index(family)], link)
		table_sweep(st, family, t, doomed, ctx, tell);
}

static bool through_iface(const struct fib_entry *e, const void *ctx)
{
	return e->nh->nh.if_handle == *(const uint32_t *)ctx;
}

/* Linux: scope host survives an interface that is down (fib_sync_down_dev()). */
static bool through_iface_but_ours(const struct fib_entry *e, const void *ctx)
{
	return through_iface(e, ctx) && e->nh->nh.scope != RT_SCOPE_HOST;
}

static bool has_source(const struct fib_entry *e, const void *ctx)
{
	return ipaddr_eq(&e->nh->nh.prefsrc, ctx);
}

static bool any(const struct fib_entry *e, const void *ctx)
{
	return true;
}

void fib_source_gone(struct leat_stack *st, uint8_t family, const struct ipaddr *a)
{
	struct hash_node *n;
	hash_for_each (n, &fib_state(st)->nhs)
		if (ipaddr_eq(&container_of(n, struct fib_shared_nh, node)->nh.prefsrc, a))
			break;
	if (n) /* a million routes are walked only if one can be meant */
		sweep(st, family, has_source, a, false);
}

static bool iface_has_routes(struct leat_stack *st, uint32_t handle)
{
	struct hash_node *n;
	hash_for_each (n, &fib_state(st)->nhs)
		if (container_of(n, struct fib_shared_nh, node)->nh.if_handle == handle)
			return true;
	return false;
}

static void on_iface(struct iface_watch *w, struct iface *i, enum iface_event e)
{
	if ((e != IFACE_DOWN && e != IFACE_GOING) || !iface_has_routes(i->st, i->handle))
		return;
	sweep(i->st, AF_INET, e == IFACE_DOWN ? through_iface_but_ours : through_iface, &i->handle, false);
	sweep(i->st, AF_INET6, through_iface, &i->handle, true);
}

/* --- asking --- */

/* In one table; skips what want() refuses, as a lookup skips entries with tos, and routes not through `oif` (0: any). */
static const struct fib_entry *table_ask(const struct fib_table *t, const struct fib_key *key, uint32_t oif,
					 fib_want_fn *want, const struct fib_node **ret_node)
{
	for (unsigned below = 129; t;) {
		const struct fib_node *n = fib_trie_cover(t->trie, key, below);
		if (!n)
			break;
		for (const struct fib_entry *e = n->entries; e; e = e->next)
			if (!e->tos && (!oif || oif == e->nh->nh.if_handle) && (!want || want(&e->nh->nh))) {
				*ret_node = n;
				return e;
			}
		below = n->plen;
	}
	return NULL;
}

static const uint32_t lookup_order[FIB_TABLES] = { RT_TABLE_LOCAL, RT_TABLE_MAIN, RT_TABLE_DEFAULT };

static const struct fib_entry *ask(struct leat_stack *st, uint8_t family, uint32_t table,
				   const struct fib_key *key, uint32_t oif, fib_want_fn *want,
				   const struct fib_node **ret_node, uint32_t *ret_table)
{
	for (unsigned k = 0; k < FIB_TABLES; k++) {
		*ret_table = table ? table : lookup_order[k];
		const struct fib_entry *e =
			table_ask(table_find(fib_state(st), family, *ret_table), key, oif, want, ret_node);
		if (e && e->nh->nh.type != RTN_THROW)
			return e;
		if (table)
			break;
	}
	return NULL;
}

const struct fib_nh *fib_find_route(struct leat_stack *st, uint8_t family, uint32_t table,
				    const struct ipaddr *a, fib_want_fn *want)
{
	const struct fib_key key = fib_key_of(family, a);
	const struct fib_node *n;
	uint32_t id;
	const struct fib_entry *e = ask(st, family, table, &key, 0, want, &n, &id);
	return e ? &e->nh->nh : NULL;
}

uint8_t fib_addr_type(struct leat_stack *st, uint8_t family, const struct ipaddr *a)
{
	if (family == AF_INET && ip4_is_multicast(a->v4))
		return RTN_MULTICAST;
	const struct fib_nh *nh = fib_find_route(st, family, RT_TABLE_LOCAL, a, NULL);
	return nh ? nh->type : RTN_UNICAST;
}

const struct fib_route *fib_lookup_ctl(struct leat_stack *st, uint8_t family, const struct ipaddr *dst,
				       uint32_t oif)
{
	struct fib_stack *s = fib_state(st);
	const struct fib_key key = fib_key_of(family, dst);
	const struct fib_node *n;
	uint32_t table;
	const struct fib_entry *e = ask(st, family, 0, &key, oif, NULL, &n, &table);
	if (!e)
		return NULL;
	describe(family, table, n, e, &s->found);
	return &s->found;
}

uint64_t fib_count(const struct leat_stack *st, uint8_t family)
{
	return fib_state(st)->count[fib_index(family)];
}

/* --- dumps --- */

/* The entry behind the one that `after` describes; when that is gone, the first that sorts behind it. */
static const struct fib_entry *entry_after(const struct fib_node *n, const struct fib_route *after)
{
	const struct fib_entry *e;
	for (e = n->entries; e; e = e->next)
		if (is_peer(e, after) && is_same(e, after) && e->protocol == after->protocol)
			return e->next;
	for (e = n->entries; e && (comes_before(e, after->tos, after->metric) || is_peer(e, after));
	     e = e->next) {}
	return e;
}

static bool table_next(const struct fib_table *t, uint8_t family, const struct fib_route *after,
		       struct fib_route *ret)
{
	const struct fib_entry *e = NULL;
	const struct fib_node *n;
	if (after) {
		const struct fib_key key = fib_key_of(family, &after->dst);
		n = fib_trie_get(t->trie, &key, after->plen);
		e = n ? entry_after(n, after) : NULL;
		if (!e)
			n = fib_trie_next(t->trie, &key, after->plen);
	} else {
		n = fib_trie_next(t->trie, NULL, 0);
	}
	if (!n)
		return false;
	describe(family, t->id, n, e ? e : n->entries, ret);
	return true;
}

static bool family_next(struct leat_stack *st, uint8_t family, const struct fib_route *after,
			struct fib_route *ret)
{
	struct fib_table *t;
	list_for_each (t, &fib_state(st)->tables[fib_index(family)], link)
		if ((!after || t->id >= after->table) &&
		    table_next(t, family, after && t->id == after->table ? after : NULL, ret))
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

/* --- module --- */

static void free_tables(struct leat_stack *st)
{
	struct fib_table *t, *next;
	for (unsigned f = 0; f < 2; f++)
		list_for_each_safe (t, next, &fib_state(st)->tables[f], link)
			table_free(t);
}

static int fib_init(struct leat_stack *st)
{
	struct fib_stack *s = fib_state(st);
	hash_init(&s->nhs, &st->mem, NULL, NULL);
	list_init(&s->tables[0]);
	list_init(&s->tables[1]);
	int err = 0;
	for (unsigned k = 0; k < FIB_TABLES && !err; k++)
		if (!table_make(st, AF_INET, lookup_order[k], &s->fib[0].trie[k]) ||
		    !table_make(st, AF_INET6, lookup_order[k], &s->fib[1].trie[k]))
			err = -ENOMEM;
	if (!err)
		err = view_stage(st, VIEW_fib4, &s->fib[0]);
	if (!err)
		err = view_stage(st, VIEW_fib6, &s->fib[1]);
	if (err) {
		free_tables(st);
		return err;
	}
	s->watch.event = on_iface;
	iface_watch_add(st, &s->watch);
	return 0;
}

static void fib_unlink(struct leat_stack *st)
{
	iface_watch_remove(st, &fib_state(st)->watch);
	view_stage(st, VIEW_fib4, NULL);
	view_stage(st, VIEW_fib6, NULL);
}

static void fib_drain(struct leat_stack *st)
{
	sweep(st, AF_INET, any, NULL, false);
	sweep(st, AF_INET6, any, NULL, false);
}

static void fib_done(struct leat_stack *st)
{
	free_tables(st);
	hash_done(&fib_state(st)->nhs);
}

const struct module fib_module = {
	.name = "fib",
	.id = MODULE_fib,
	.netlink = route_families,
	.stack_size = sizeof(struct fib_stack),
	.init = fib_init,
	.unlink = fib_unlink,
	.drain = fib_drain,
	.free = fib_done,
	.save = fib_save,
	.restore = fib_restore,
};

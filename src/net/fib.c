/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: a table is a trie of prefixes (fib_trie.h); each prefix has a list of routes in the order in which
 * they count (fib_node.c). What a packet takes is the first of them with no tos and no source; the writer leaves its next hop, which equal
 * routes share (fib_nh.c), in the trie's node. Lookups that name an interface, and all while there are routes by tos or by source, look at the others, too (fib_several.c).
 *
 * A lookup asks table local, then main, then default, until there are rules (rule.c); a throw route ends the search of its
 * table only.
 *
 * Routes of an interface go when it goes down, but for what is ours in IPv4: Linux answers for addresses of interfaces that are
 * down. Linux tells listeners of the IPv6 ones and leaves them to conclude the others from the link; so do we.
 *
 * Threads: one writer, the control lcore; readers within a turn.
 *
 * This file: lookups of workers, the tables, adding and deleting. What control asks is in fib_ask.c. */
#include "net/fib.h"

#include <errno.h>
#include <linux/netconf.h>
#include <netinet/in.h>

#include "net/ctl_fill.h"
#include "net/fib_exc.h"
#include "net/fib_index.h"
#include "net/fib_internal.h"
#include "net/l3.h"
#include "net/netconf_ctl.h"
#include "net/nexthop.h"
#include "net/rule_internal.h"

/* --- any worker --- */

typedef const struct fib_nh *trie_find_fn(const struct fib_trie *t, const struct fib_key *key);

/* By the built-in rules, in the first n tables. */
static inline const struct fib_nh *find_in(const struct fib *f, unsigned n, const struct fib_key *key,
					   trie_find_fn *find)
{
	for (unsigned t = 0; t < n; t++) {
		const struct fib_nh *nh = find(&f->trie[t], key);
		if (nh && likely(nh->type != RTN_THROW))
			return fib_nh_settle(nh);
	}
	return NULL;
}

/* Small tables are not even asked whether they have an index. */
static inline const struct fib_nh *fib_find(const struct fib *f, const struct fib_key *key,
					    trie_find_fn *find, trie_find_fn *find_large)
{
	if (unlikely(!f))
		return NULL;
	unsigned n = racy_get(f->n_small);
	return likely(n) ? find_in(f, n, key, find) : find_in(f, f->n, key, find_large);
}

static const struct fib_rules *rules_of(const struct worker *w, uint8_t family)
{
	return view_get(w, family == AF_INET6 ? VIEW_rules6 : VIEW_rules4);
}

const struct fib *fib_tables(const struct worker *w, uint8_t family)
{
	return view_get(w, family == AF_INET6 ? VIEW_fib6 : VIEW_fib4);
}

bool fib_is_large(const struct fib *f)
{
	return f && !racy_get(f->n_small);
}

const struct fib_nh *fib4_find(const struct fib *f, be32 dst)
{
	const struct fib_key key = fib_key4(dst);
	return fib_find(f, &key, fib4_trie_find, fib4_find_in);
}

const struct fib_nh *fib6_find(const struct fib *f, const struct ip6 *dst)
{
	const struct fib_key key = fib_key6(dst);
	return fib_find(f, &key, fib_trie_find, fib_find_in);
}

const struct fib_nh *fib4_lookup(const struct worker *w, be32 dst)
{
	const struct fib_rules *rules = view_get(w, VIEW_rules4);
	if (unlikely(rules))
		return rules_find(w, rules, &(struct fib_query){ .family = AF_INET, .dst.v4 = dst });
	return fib4_find(view_get(w, VIEW_fib4), dst);
}

const struct fib_nh *fib6_lookup(const struct worker *w, const struct ip6 *dst)
{
	const struct fib_rules *rules = view_get(w, VIEW_rules6);
	if (unlikely(rules))
		return rules_find(w, rules, &(struct fib_query){ .family = AF_INET6, .dst.v6 = *dst });
	return fib6_find(view_get(w, VIEW_fib6), dst);
}

uint32_t fib_looks(const struct worker *w, uint8_t family)
{
	const struct fib_rules *rules = rules_of(w, family);
	return rules ? rules->looks : 0;
}

/* The same among the routes that lead through an interface. */
static const struct fib_nh *find_through(const struct fib *f, const struct fib_query *q,
					 const struct fib_choice *c)
{
	const struct fib_key key = fib_key_of(q->family, &q->dst);
	unsigned plen;
	for (unsigned t = 0; f && t < f->n; t++) {
		const struct fib_nh *nh = fib_choose(&f->trie[t], &key, c, &plen);
		if (nh && nh->type != RTN_THROW)
			return fib_nh_settle(nh);
	}
	return NULL;
}

/* nh: what there is without regard to the interface, nearly always what there is with it. */
static const struct fib_nh *through_oif(const struct worker *w, const struct fib_query *q,
					const struct fib_nh *nh)
{
	const struct fib_choice c = fib_choice_of(w->st, q, q->oif);
	if (!nh || fib_choice_leads(&c, nh) || l3_is_master(w, q->oif))
		return nh;
	return find_through(view_get(w, q->family == AF_INET6 ? VIEW_fib6 : VIEW_fib4), q, &c);
}

const struct fib_nh *fib_lookup(const struct worker *w, const struct fib_query *q)
{
	const struct fib_rules *rules = rules_of(w, q->family);
	if (unlikely(rules))
		return rules_find(w, rules, q);
	const struct fib_nh *nh =
		q->family == AF_INET6 ? fib6_lookup(w, &q->dst.v6) : fib4_lookup(w, q->dst.v4);
	return q->oif ? through_oif(w, q, nh) : nh;
}

/* --- tables --- */

const uint32_t fib_table_ids[FIB_TABLES] = { RT_TABLE_LOCAL, RT_TABLE_MAIN, RT_TABLE_DEFAULT };

struct fib_table *fib_table_find(struct fib_stack *s, uint8_t family, uint32_t id)
{
	struct hash_node *n;
	hash_for_each_same(n, &s->by_id[fib_index(family)], hash_u32(id))
	{
		struct fib_table *t = container_of(n, struct fib_table, node);
		if (t->id == id)
			return t;
	}
	return NULL;
}

static struct fib_table *table_make(struct leat_stack *st, uint8_t family, uint32_t id, struct fib_trie *trie)
{
	struct list *tables = &fib_state(st)->tables[fib_index(family)], *l = tables->prev;
	struct fib_table *t = fib_table_find(fib_state(st), family, id);
	if (t)
		return t;
	t = mem_zalloc(&st->mem, sizeof *t);
	if (!t)
		return NULL;
	t->id = id;
	t->trie = trie ? trie : &t->own;
	t->trie->several = &t->several;
	t->trie->slab = t->several.slab = &fib_state(st)->nodes;
	while (l != tables && fib_table_rank(list_entry(l, struct fib_table, link)->id) > fib_table_rank(id))
		l = l->prev;
	list_insert(l, &t->link);
	hash_insert(&fib_state(st)->by_id[fib_index(family)], &t->node, hash_u32(id));
	return t;
}

struct fib_table *fib_table_make(struct leat_stack *st, uint8_t family, uint32_t id)
{
	return table_make(st, family, id, NULL);
}

bool fib_has_table(struct leat_stack *st, uint8_t family, uint32_t table)
{
	const struct fib_table *t = fib_table_find(fib_state(st), family, table);
	return t && t->shown;
}

/* --- adding --- */

/* *ret_told: what listeners are to be told; the route that came, with its siblings. */
static int add_one(struct leat_stack *st, const struct fib_route *r, enum fib_how how, unsigned *ret_told,
		   struct fib_route *ret_added)
{
	const struct fib_key key = fib_key_of(r->family, &r->dst);
	struct fib_table *t = table_make(st, r->family, r->table, NULL);
	const struct fib_entry *e;
	if (!t)
		return -ENOMEM;
	t->shown = true;
	struct fib_node *n = fib_trie_make(st, t->trie, &key, r->plen);
	int err = n ? fib_node_add(st, t->trie, n, r, how, ret_told, &e) : -ENOMEM;
	if (err) {
		fib_trie_prune(st, t->trie, &key, r->plen);
		return err;
	}
	fib_exc_forget(st, r->family, &r->dst, r->plen);
	fib_describe(st, r->family, r->table, n, e, ret_added);
	return 0;
}

bool fib_show_siblings(struct leat_stack *st, const struct fib_route *r, uint64_t serial, bool eldest,
		       struct fib_route *ret)
{
	struct fib_table *t = fib_table_find(fib_state(st), r->family, r->table);
	const struct fib_key key = fib_key_of(r->family, &r->dst);
	struct fib_node *n = t ? fib_trie_get(t->trie, &key, r->plen) : NULL;
	const struct fib_entry *e = n ? n->entries : NULL;
	while (e && e->serial != serial)
		e = e->next;
	if (e)
		fib_describe(st, r->family, r->table, n, eldest ? fib_first_sibling(n, e) : e, ret);
	return e;
}

int fib_add_checked(struct leat_stack *st, const struct fib_route *r, enum fib_how how, const char **ret_why)
{
	struct fib_route added;
	unsigned told;
	if (r->n_hops && r->family == AF_INET6)
		return fib_add_siblings(st, r, how, add_one, ret_why);
	int err = add_one(st, r, how, &told, &added);
	if (!err && told)
		route_tell(st, RTM_NEWROUTE, (uint16_t)told, &added);
	return err;
}

int fib_add(struct leat_stack *st, const struct fib_route *r, enum fib_how how, const char **ret_why)
{
	const char *why = NULL;
	struct fib_route checked = *r;
	struct fib_hop *hops = NULL; /* checking fills in their interfaces */
	if (r->family == AF_INET6) {
		checked.dst = ipaddr_prefix(&r->dst, r->plen);
		checked.nh.src = ipaddr_prefix(&r->nh.src, r->nh.src_plen);
	}
	if (r->n_hops) {
		checked.hops = hops = mem_zalloc(&st->mem, r->n_hops * sizeof *hops);
		if (!hops)
			return -ENOMEM;
		memcpy(hops, r->hops, r->n_hops * sizeof *hops);
	}
	int err = fib_check(st, &checked, hops, &why);
	if (!err)
		err = fib_add_checked(st, &checked, how, &why);
	if (err && why && ret_why)
		*ret_why = why;
	mem_free(hops);
	return err;
}

/* --- deleting --- */

/* The way of a route, or its first. */
static struct fib_hop first_hop(const struct fib_entry *e)
{
	const struct fib_nh *nh = &e->nh->nh;
	return e->nh->n_legs ? e->nh->hops[0]
			     : (struct fib_hop){ .if_handle = nh->if_handle,
						 .gw_family = nh->gw_family,
						 .realms = nh->realms,
						 .gw = nh->gw };
}

static bool leads_via(const struct fib_hop *hop, uint8_t gw_family, const struct ipaddr *gw)
{
	return !gw_family || (gw_family == hop->gw_family && ipaddr_eq(gw, &hop->gw));
}

/* Linux shows IPv6 routes that lead nowhere as if through the loopback, and `ip route flush` asks for what it was shown. */
static bool leads_through(const struct fib_entry *e, const struct fib_route *r)
{
	const struct fib_hop hop = first_hop(e);
	if ((r->nh.if_handle || r->nh.gw_family) && r->nh.realms && r->nh.realms != hop.realms)
		return false;
	return (!r->nh.if_handle || r->nh.if_handle == hop.if_handle ||
		(r->family == AF_INET6 && !hop.if_handle)) &&
	       leads_via(&hop, r->nh.gw_family, &r->nh.gw);
}

/* Linux: fib_nh_match(); way by way, and there may be fewer than the route has. */
static bool has_hops(const struct fib_entry *e, const struct fib_route *r)
{
	const struct fib_hop first = first_hop(e);
	unsigned n = e->nh->n_legs ? e->nh->n_legs : 1;
	const struct fib_hop *hops = e->nh->n_legs ? e->nh->hops : &first;
	if (!r->n_hops || r->family == AF_INET6)
		return true;
	for (unsigned i = 0; i < n; i++) {
		const struct fib_hop *want = &r->hops[i];
		if (i >= r->n_hops || (want->if_handle && want->if_handle != hops[i].if_handle) ||
		    !leads_via(&hops[i], want->gw_family, &want->gw) ||
		    (want->realms && want->realms != hops[i].realms))
			return false;
	}
	return true;
}

/* Linux: IPv4 alone looks at them. */
static bool has_metrics(const struct fib_nh *nh, const struct fib_nh *want)
{
	for (unsigned i = 1; i <= RTAX_MAX; i++)
		if (want->metric[i] && want->metric[i] != nh->metric[i])
			return false;
	return !want->cc_algo[0] || !strcmp(want->cc_algo, nh->cc_algo);
}

static bool names_a_way(const struct fib_route *r)
{
	return r->nh.if_handle || r->nh.gw_family || r->n_hops;
}

/* RTM_DELROUTE: what is not given matches anything. */
static bool is_meant(const struct fib_entry *e, const struct fib_route *r)
{
	const struct fib_nh *nh = &e->nh->nh, *want = &r->nh;
	if (want->nh_id ? want->nh_id != nh->nh_id : nh->nh_id && names_a_way(r))
		return false;
	if (r->family == AF_INET6 && (want->src_plen != nh->src_plen || !ipaddr_eq(&want->src, &nh->src)))
		return false;
	return e->tos == r->tos && (!want->type || want->type == nh->type) &&
	       (!want->scope || want->scope == RT_SCOPE_NOWHERE || want->scope == nh->scope) &&
	       (!r->protocol || r->protocol == e->protocol) && (!r->metric || r->metric == e->metric) &&
	       leads_through(e, r) && has_hops(e, r) && (r->family == AF_INET6 || has_metrics(nh, want)) &&
	       (ipaddr_is_zero(&want->prefsrc) || ipaddr_eq(&want->prefsrc, &nh->prefsrc));
}

/* Linux: who names no gateway means all the paths of an IPv6 route, and hears of them in one message. */
static void delete_with_siblings(struct leat_stack *st, struct fib_trie *t, struct fib_node *n,
				 struct fib_entry **at)
{
	const struct fib_entry *first = fib_first_sibling(n, *at);
	for (at = &n->entries; *at != first; at = &(*at)->next) {}
	for (const struct fib_entry *next = first; next;) {
		while (*at != next)
			at = &(*at)->next;
		next = fib_next_sibling(*at);
		fib_node_delete(st, t, AF_INET6, n, at);
	}
}

/* Siblings go one by one. */
static void describe_gone(struct leat_stack *st, uint8_t family, uint32_t table, const struct fib_node *n,
			  const struct fib_entry *e, struct fib_route *ret)
{
	if (e->nh->nh.nh_id)
		fib_describe(st, family, table, n, e, ret);
	else
		fib_describe_one(family, table, n, e, ret);
}

static int delete_one(struct leat_stack *st, const struct fib_route *r, bool with_siblings)
{
	struct fib_table *t = fib_table_find(fib_state(st), r->family, r->table);
	const struct fib_key key = fib_key_of(r->family, &r->dst);
	struct fib_node *n = t ? fib_trie_get(t->trie, &key, r->plen) : NULL;
	struct fib_route gone;
	struct fib_entry **at;
	if (!n)
		return -ESRCH;
	for (at = &n->entries; *at && !is_meant(*at, r); at = &(*at)->next) {}
	if (!*at)
		return -ESRCH;
	if (with_siblings) {
		fib_describe(st, r->family, t->id, n, *at, &gone);
		delete_with_siblings(st, t->trie, n, at);
	} else {
		describe_gone(st, r->family, t->id, n, *at, &gone);
		fib_node_delete(st, t->trie, r->family, n, at);
	}
	fib_trie_prune(st, t->trie, &key, r->plen);
	fib_exc_forget(st, r->family, &gone.dst, gone.plen);
	route_tell(st, RTM_DELROUTE, 0, &gone);
	return 0;
}

int fib_delete(struct leat_stack *st, const struct fib_route *r)
{
	int err = 0;
	if (r->family == AF_INET || !r->n_hops)
		return delete_one(st, r, r->family == AF_INET6 && !r->nh.gw_family);
	for (unsigned i = 0; i < r->n_hops; i++) { /* Linux: each for itself; the last one's failure counts */
		struct fib_route one = *r;
		one.n_hops = 0;
		one.nh.if_handle = r->hops[i].if_handle ? r->hops[i].if_handle : r->nh.if_handle;
		one.nh.gw_family = r->hops[i].gw_family;
		one.nh.gw = r->hops[i].gw;
		int e = delete_one(st, &one, false);
		err = e ? e : err;
	}
	return err;
}

/* --- sweeping --- */

/* Which routes go: what their next hop must be like. */
typedef bool doomed_fn(struct leat_stack *st, const struct fib_shared_nh *sh, const void *ctx);
/* ... or the whole of it. */
typedef bool falls_fn(struct leat_stack *st, const struct fib_node *n, const struct fib_entry *e,
		      const void *ctx);

static void table_sweep(struct leat_stack *st, uint8_t family, struct fib_table *t, doomed_fn *doomed,
			const void *ctx, falls_fn *falls, bool tell)
{
	struct fib_node *n = fib_trie_next(t->trie, NULL, 0);
	while (n) {
		const struct fib_key key = n->key;
		unsigned plen = n->plen;
		struct fib_entry **at = &n->entries;
		while (*at) {
			struct fib_route gone;
			if (falls ? !falls(st, n, *at, ctx) : !doomed(st, (*at)->nh, ctx)) {
				at = &(*at)->next;
				continue;
			}
			describe_gone(st, family, t->id, n, *at, &gone);
			fib_node_delete(st, t->trie, family, n, at);
			fib_exc_forget(st, family, &gone.dst, gone.plen);
			if (tell)
				route_tell(st, RTM_DELROUTE, 0, &gone);
		}
		if (!n->entries)
			fib_trie_prune(st, t->trie, &key, plen);
		n = fib_trie_next(t->trie, &key, plen);
	}
}

static bool some_doomed(struct leat_stack *st, doomed_fn *doomed, const void *ctx)
{
	struct hash_node *n;
	hash_for_each (n, &fib_state(st)->nhs)
		if (doomed(st, container_of(n, struct fib_shared_nh, node), ctx))
			return true;
	return false;
}

/* A million routes are walked only if one of their few next hops is meant. */
static void sweep(struct leat_stack *st, uint8_t family, doomed_fn *doomed, const void *ctx, falls_fn *falls,
		  bool tell)
{
	struct fib_stack *s = fib_state(st);
	struct fib_table *t;
	if (!some_doomed(st, doomed, ctx))
		return;
	list_for_each (t, &s->tables[fib_index(family)], link)
		table_sweep(st, family, t, doomed, ctx, falls, tell);
}

static bool through_iface(struct leat_stack *st, const struct fib_shared_nh *sh, const void *ctx)
{
	return !sh->nh.nh_id &&
	       fib_nh_uses_if(&sh->nh, *(const uint32_t *)ctx); /* the others go with the object */
}

/* Of several ways the others may still lead there. */
static bool through_iface_alone(struct leat_stack *st, const struct fib_shared_nh *sh, const void *ctx)
{
	return through_iface(st, sh, ctx) && (!sh->n_legs || fib_paths_all_dead(st, sh));
}

/* Linux: scope host survives an interface that is down (fib_sync_down_dev()). */
static bool through_iface_but_ours(struct leat_stack *st, const struct fib_shared_nh *sh, const void *ctx)
{
	return through_iface_alone(st, sh, ctx) && sh->nh.scope != RT_SCOPE_HOST;
}

/* Addresses take their own routes along. */
static bool through_iface_but_local(struct leat_stack *st, const struct fib_shared_nh *sh, const void *ctx)
{
	return through_iface(st, sh, ctx) && sh->nh.type != RTN_LOCAL;
}

/* Linux: the paths of an IPv6 route wait for their interface while one of them is alive (fib6_ifdown()). */
static bool falls6(struct leat_stack *st, const struct fib_node *n, const struct fib_entry *e,
		   const void *ctx)
{
	bool here = through_iface(st, e->nh, ctx),
	     has_siblings = fib_first_sibling(n, e) != e || fib_next_sibling(e);
	if (!e->nh->nh.gw_family || !has_siblings)
		return here || (e->nh->nh.gw_family && !fib_path_is_alive(st, e->nh));
	for (e = fib_first_sibling(n, e); e; e = fib_next_sibling(e))
		if (fib_path_is_alive(st, e->nh))
			return false;
	return true;
}

static bool by_nexthop(struct leat_stack *st, const struct fib_shared_nh *sh, const void *ctx)
{
	return sh->nh.nh_id == *(const uint32_t *)ctx;
}

static bool has_source(struct leat_stack *st, const struct fib_shared_nh *sh, const void *ctx)
{
	return ipaddr_eq(&sh->nh.prefsrc, ctx);
}

static bool any(struct leat_stack *st, const struct fib_shared_nh *sh, const void *ctx)
{
	return true;
}

void fib_source_gone(struct leat_stack *st, uint8_t family, const struct ipaddr *a)
{
	sweep(st, family, has_source, a, NULL, family == AF_INET); /* Linux: fib_info.pfsrc_removed */
}

void fib_iface_flush(struct iface *i)
{
	sweep(i->st, AF_INET, through_iface, &i->handle, NULL, false);
	sweep(i->st, AF_INET6, through_iface, &i->handle, NULL, true);
}

/* Rules name interfaces, and all that this stack makes comes by the loopback for them. */
static void follow_names(const struct iface *i, enum iface_event e)
{
	struct fib_stack *s = fib_state(i->st);
	if (i->flags & IFF_LOOPBACK)
		s->lo_handle = e == IFACE_GOING ? 0 : i->handle;
	s->going = e == IFACE_GOING ? i->handle : 0;
	rules_follow_ifaces(i->st);
	s->going = 0;
}

void fib_set_rank(struct leat_stack *st, const struct fib_route *r, uint8_t rank)
{
	struct fib_table *t = fib_table_find(fib_state(st), AF_INET6, r->table);
	const struct fib_key key = fib_key_of(AF_INET6, &r->dst);
	struct fib_node *n = t ? fib_trie_get(t->trie, &key, r->plen) : NULL;
	if (n)
		fib_node_set_rank(st, t->trie, n, r, rank);
}

void fib_flush_iface(struct leat_stack *st, uint8_t family, uint32_t if_handle)
{
	sweep(st, family, through_iface, &if_handle, NULL, family == AF_INET6);
}

void fib_nexthop_gone(struct leat_stack *st, uint32_t id)
{
	sweep(st, AF_INET, by_nexthop, &id, NULL, false);
	sweep(st, AF_INET6, by_nexthop, &id, NULL, fib_state(st)->nexthops.compat);
}

void fib_nexthop_changed(struct leat_stack *st, uint32_t id)
{
	struct fib_route r;
	if (!fib_state(st)->nexthops.compat || !some_doomed(st, by_nexthop, &id))
		return;
	for (bool more = fib_next(st, NULL, AF_UNSPEC, &r); more; more = fib_next(st, &r, AF_UNSPEC, &r))
		if (r.nh.nh_id == id)
			route_tell(st, RTM_NEWROUTE, NLM_F_REPLACE, &r);
}

static bool uses_if(const struct fib_node *n, uint32_t if_handle)
{
	for (const struct fib_entry *e = n->entries; e; e = e->next)
		if (fib_nh_uses_if(&e->nh->nh, if_handle))
			return true;
	return false;
}

/* Which routes are passed by for want of carrier has changed: of an interface, or (0) of any. */
static void settle_again(struct leat_stack *st, uint8_t family, uint32_t if_handle)
{
	struct fib_table *t;
	list_for_each (t, &fib_state(st)->tables[fib_index(family)], link) {
		struct fib_node *n = fib_trie_next(t->trie, NULL, 0);
		for (; n; n = fib_trie_next(t->trie, &n->key, n->plen))
			if (!if_handle || uses_if(n, if_handle))
				fib_node_settle(st, t->trie, family, n);
	}
}

static void follow_carrier(const struct iface *i)
{
	const struct fib_stack *s = fib_state(i->st);
	bool of4 = i->conf.guard[0].ignore_linkdown || s->ignore_linkdown[0],
	     of6 = i->conf.guard[1].ignore_linkdown;
	if (of4 || of6)
		fib_paths_follow(i->st, i->handle);
	if (of4)
		settle_again(i->st, AF_INET, i->handle);
	if (of6)
		settle_again(i->st, AF_INET6, i->handle);
}

static void follow_all(struct leat_stack *st, uint8_t family)
{
	for (const struct iface *i = iface_next(st, 0); i; i = iface_next(st, i->ifindex))
		fib_paths_follow(st, i->handle);
	settle_again(st, family, 0);
}

void fib_linkdown_changed(struct leat_stack *st, struct iface *i, const struct knob *k)
{
	uint8_t family = strncmp(k->name, "net.ipv4.", 9) ? AF_INET6 : AF_INET;
	follow_all(st, family);
	netconf_tell_linkdown(st, family, i ? (int32_t)i->ifindex : NETCONFA_IFINDEX_DEFAULT);
}

/* Linux: of IPv6 it is written to all of them, of IPv4 it counts beside theirs. */
void fib_all_linkdown_changed(struct leat_stack *st, struct iface *none, const struct knob *k)
{
	uint8_t family = strncmp(k->name, "net.ipv4.", 9) ? AF_INET6 : AF_INET;
	uint8_t on = fib_state(st)->ignore_linkdown[fib_index(family)];
	if (family == AF_INET6) {
		iface_conf_default(st)->guard[1].ignore_linkdown = on;
		for (struct iface *i = iface_next(st, 0); i; i = iface_next(st, i->ifindex)) {
			i->conf.guard[1].ignore_linkdown = on;
			netconf_tell_linkdown(st, family, (int32_t)i->ifindex);
		}
		netconf_tell_linkdown(st, family, NETCONFA_IFINDEX_DEFAULT);
	}
	follow_all(st, family);
	netconf_tell_linkdown(st, family, NETCONFA_IFINDEX_ALL);
}

static void on_iface(struct iface_watch *w, struct iface *i, enum iface_event e)
{
	if (e == IFACE_ADDED || e == IFACE_RENAMED || e == IFACE_GOING)
		follow_names(i, e);
	if (e == IFACE_DOWN || e == IFACE_GOING || (e == IFACE_CHANGED && i->flags & IFF_UP && !i->carrier))
		nexthop_flush_iface(i->st, i, e != IFACE_CHANGED);
	if (e == IFACE_UP || e == IFACE_DOWN)
		fib_paths_follow(i->st, i->handle);
	if (e == IFACE_CHANGED || e == IFACE_UP)
		follow_carrier(i);
	if (e != IFACE_DOWN && e != IFACE_GOING)
		return;
	bool addresses = stack_state(i->st, MODULE_addr); /* they go next, and then what they left behind */
	doomed_fn *going = addresses ? through_iface_but_local : through_iface;
	sweep(i->st, AF_INET, e == IFACE_DOWN ? through_iface_but_ours : going, &i->handle, NULL, false);
	sweep(i->st, AF_INET6, through_iface, &i->handle, e == IFACE_DOWN ? falls6 : NULL, true);
}

/* --- module --- */

static void free_tables(struct leat_stack *st)
{
	struct fib_table *t, *next;
	for (unsigned f = 0; f < 2; f++) {
		struct hash *by_id = &fib_state(st)->by_id[f];
		list_for_each_safe (t, next, &fib_state(st)->tables[f], link) {
			hash_remove(by_id, &t->node);
			list_remove(&t->link);
			mem_free(t);
		}
		hash_done(by_id);
	}
}

static int fib_init(struct leat_stack *st)
{
	struct fib_stack *s = fib_state(st);
	SLAB_INIT(&s->nodes, &st->mem, struct fib_node, place);
	SLAB_INIT(&s->entries, &st->mem, struct fib_entry, place);
	hash_init(&s->nhs, &st->mem, NULL, NULL);
	list_init(&s->nexthops.all);
	list_init(&s->tables[0]);
	list_init(&s->tables[1]);
	hash_init(&s->by_id[0], &st->mem, NULL, NULL);
	hash_init(&s->by_id[1], &st->mem, NULL, NULL);
	int err = rules_init(st);
	for (unsigned k = 0; k < FIB_TABLES && !err; k++)
		if (!table_make(st, AF_INET, fib_table_ids[k], &s->fib[0].trie[k]) ||
		    !table_make(st, AF_INET6, fib_table_ids[k], &s->fib[1].trie[k]))
			err = -ENOMEM;
	for (unsigned k = 0; k < FIB_TABLES; k++) {
		s->fib[0].trie[k].of = &s->fib[0];
		s->fib[1].trie[k].of = &s->fib[1];
	}
	if (!err)
		err = view_stage(st, VIEW_fib4, &s->fib[0]);
	if (!err)
		err = view_stage(st, VIEW_fib6, &s->fib[1]);
	if (!err)
		err = l3_find_tables(st);
	if (err) {
		rules_done(st);
		free_tables(st);
		return err;
	}
	s->fib[0].n = s->fib[0].n_small = FIB_TABLES;
	s->fib[1].n = s->fib[1].n_small = FIB_DEFAULT;
	s->watch.event = on_iface;
	iface_watch_add(st, &s->watch);
	for (struct iface *i = iface_next(st, 0); i; i = iface_next(st, i->ifindex))
		on_iface(&s->watch, i, IFACE_ADDED);
	return 0;
}

static void fib_unlink(struct leat_stack *st)
{
	iface_watch_remove(st, &fib_state(st)->watch);
	view_stage(st, VIEW_fib4, NULL);
	view_stage(st, VIEW_fib6, NULL);
	rules_unlink(st);
	l3_lose_tables(st);
}

static void fib_drain(struct leat_stack *st)
{
	sweep(st, AF_INET, any, NULL, NULL, false);
	sweep(st, AF_INET6, any, NULL, NULL, false);
	nexthops_free(st);
}

static void fib_done(struct leat_stack *st)
{
	rules_done(st);
	free_tables(st);
	slab_done(&fib_state(st)->nodes);
	slab_done(&fib_state(st)->entries);
	mem_free(fib_state(st)->described);
	hash_done(&fib_state(st)->nhs);
}

const struct module fib_module = {
	.name = "fib",
	.id = MODULE_fib,
	.knobs = fib_knobs,
	.netlink = route_families,
	.stack_size = sizeof(struct fib_stack),
	.init = fib_init,
	.unlink = fib_unlink,
	.drain = fib_drain,
	.free = fib_done,
	.save = fib_save,
	.restore = fib_restore,
};

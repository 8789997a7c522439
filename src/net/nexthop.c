/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: a nexthop object is a way out with a number; a group is a list of them with weights. A route that names
 * one shares a struct fib_nh with all routes that are equal but for their prefix; its `paths` are made of the object, and made
 * anew when the object, or a member of it, is replaced: one store moves a million routes at once (fib_nh.c, fib_path.c).
 *
 * Whoever goes takes along what uses it, as on Linux: an object its routes and its places in groups, a group without members
 * itself, an interface that goes down, away, or loses its carrier its objects.
 *
 * Left out: encapsulation; hardware statistics (there is no such hardware); what nexthops of a bridge's FDB are for: they are
 * kept and shown. */
#include "net/nexthop.h"

#include <errno.h>
#include <linux/nexthop.h>
#include <netinet/in.h>

#include "net/ctl_fill.h"

static struct nexthop_stack *state_of(const struct leat_stack *st)
{
	return &fib_state(st)->nexthops;
}

static int refuse(const char **ret_why, int err, const char *why)
{
	*ret_why = why;
	return err;
}

/* --- finding --- */

struct nexthop *nexthop_next(const struct leat_stack *st, uint32_t after)
{
	struct nexthop *nh;
	list_for_each (nh, &state_of(st)->all, link)
		if (nh->id > after)
			return nh;
	return NULL;
}

struct nexthop *nexthop_find(const struct leat_stack *st, uint32_t id)
{
	struct nexthop *nh;
	list_for_each (nh, &state_of(st)->all, link)
		if (nh->id == id)
			return nh;
	return NULL;
}

static void insert(struct leat_stack *st, struct nexthop *nh)
{
	struct list *all = &state_of(st)->all, *l = all->prev;
	while (l != all && list_entry(l, struct nexthop, link)->id > nh->id)
		l = l->prev;
	list_insert(l, &nh->link);
}

static uint32_t unused_id(struct leat_stack *st)
{
	struct nexthop_stack *s = state_of(st);
	do {
		s->last_id++;
	} while (!s->last_id || nexthop_find(st, s->last_id));
	return s->last_id;
}

static struct nexthop_member *member_of(const struct nexthop *group, uint32_t id)
{
	for (unsigned i = 0; i < group->n_members; i++)
		if (group->members[i].id == id)
			return &group->members[i];
	return NULL;
}

bool nexthop_is_group(const struct leat_stack *st, uint32_t id)
{
	const struct nexthop *nh = nexthop_find(st, id);
	return nh && nh->is_group;
}

/* The object itself, or the n-th of a group; NULL: no more. */
static const struct nexthop *way_of(const struct leat_stack *st, const struct nexthop *nh, unsigned i)
{
	if (!nh->is_group)
		return i ? NULL : nh;
	return i < nh->n_members ? nexthop_find(st, nh->members[i].id) : NULL;
}

static struct fib_hop hop_of(const struct nexthop *nh, const struct nexthop *way, unsigned i)
{
	struct fib_hop hop = way->hop;
	hop.weight = nh->is_group ? nh->members[i].weight : 1;
	return hop;
}

unsigned nexthop_hops(const struct leat_stack *st, uint32_t id, struct fib_hop *to, unsigned max,
		      bool *ret_blackhole)
{
	const struct nexthop *nh = nexthop_find(st, id), *way;
	unsigned n;
	*ret_blackhole = false;
	for (n = 0; nh && (way = way_of(st, nh, n)); n++) {
		*ret_blackhole |= way->blackhole;
		if (n < max)
			to[n] = hop_of(nh, way, n);
	}
	return n;
}

/* --- what workers meet --- */

static struct fib_leg leg_of(struct leat_stack *st, const struct fib_nh *base, const struct nexthop *nh,
			     const struct nexthop *way, unsigned i)
{
	const struct fib_hop hop = hop_of(nh, way, i);
	struct fib_nh leg = fib_nh_with_hop(base, &hop);
	if (way->blackhole)
		leg.type = RTN_BLACKHOLE;
	return (struct fib_leg){ fib_nh_get(st, &leg), hop.weight };
}

static struct fib_paths *paths_of(struct leat_stack *st, const struct nexthop *nh, const struct fib_leg *legs,
				  unsigned n)
{
	struct fib_paths *ps = fib_paths_new(st, 0, FIB_PATHS_OF_GROUP, legs, n);
	if (!ps)
		return NULL;
	ps->owns = true;
	ps->buckets = nh->res ? nh->res->buckets : NULL;
	for (unsigned i = 0; nh->is_group && i < n; i++)
		ps->path[i].hits = nh->members[i].hits;
	return ps;
}

struct fib_paths *nexthop_paths(struct leat_stack *st, const struct fib_nh *base)
{
	const struct nexthop *nh = nexthop_find(st, base->nh_id);
	unsigned n = nh ? nh->is_group ? nh->n_members : 1 : 0, i;
	struct fib_leg *legs = n ? mem_zalloc(&st->mem, n * sizeof *legs) : NULL;
	struct fib_paths *ps = NULL;
	for (i = 0; legs && i < n; i++) {
		legs[i] = leg_of(st, base, nh, way_of(st, nh, i), i);
		if (!legs[i].nh)
			break;
	}
	if (legs && i == n)
		ps = paths_of(st, nh, legs, n);
	while (legs && !ps && i)
		fib_nh_put(st, legs[--i].nh);
	mem_free(legs);
	return ps;
}

static bool uses(const struct leat_stack *st, uint32_t of, uint32_t id)
{
	const struct nexthop *nh = of == id ? NULL : nexthop_find(st, of);
	return of == id || (nh && nh->is_group && member_of(nh, id));
}

/* All routes by an object, or by groups it is in, take what it says now. */
static void follow(struct leat_stack *st, uint32_t id)
{
	struct hash_node *n, *next;
	for (n = hash_from(&fib_state(st)->nhs, 0); n; n = next) {
		struct fib_shared_nh *sh = container_of(n, struct fib_shared_nh, node);
		next = hash_next(n);
		if (!sh->nh.nh_id || !uses(st, sh->nh.nh_id, id))
			continue;
		sh->refs++; /* it stays while its ways change */
		struct fib_paths *new = nexthop_paths(st, &sh->nh);
		if (new)
			fib_paths_swap(st, sh, new);
		else
			fib_paths_detach((struct fib_paths *)sh->nh.paths);
		next = hash_next(n);
		fib_nh_put(st, sh);
	}
}

/* --- removing --- */

static void hits_free(struct deferred *d)
{
	mem_free(container_of(d, struct fib_hits, deferred));
}

/* Workers may still count in it. */
static void hits_drop(struct leat_stack *st, struct fib_hits *hits)
{
	if (hits)
		rt_defer(st->rt->ctl, st->rt, &hits->deferred, hits_free);
}

static void members_drop(struct leat_stack *st, struct nexthop *nh)
{
	for (unsigned i = 0; i < nh->n_members; i++)
		hits_drop(st, nh->members[i].hits);
	mem_free(nh->members);
	nh->members = NULL;
	nh->n_members = 0;
}

static void nexthop_free(struct leat_stack *st, struct nexthop *nh)
{
	nexthop_res_free(nh->res);
	members_drop(st, nh);
	mem_free(nh);
}

static void remove_one(struct leat_stack *st, struct nexthop *nh, bool tell);

static void leave_group(struct leat_stack *st, struct nexthop *group, uint32_t id, bool tell)
{
	uint32_t was[UINT8_MAX + 1], *was_id = was;
	unsigned n_was = group->n_members, at = (unsigned)(member_of(group, id) - group->members);
	if (n_was == 1) {
		remove_one(st, group, tell);
		return;
	}
	if (n_was > ARRAY_SIZE(was))
		was_id = mem_zalloc(&st->mem, n_was * sizeof *was_id);
	for (unsigned i = 0; was_id && i < n_was; i++)
		was_id[i] = group->members[i].id;
	struct fib_hits *hits = group->members[at].hits;
	memmove(&group->members[at], &group->members[at + 1], (n_was - at - 1) * sizeof group->members[0]);
	group->n_members--;
	if (group->res)
		nexthop_res_rebalance(group->res, was_id, was_id ? n_was : 0, tell);
	follow(st, group->id);
	hits_drop(st, hits);
	nexthop_res_drop_old(group->res);
	if (was_id != was)
		mem_free(was_id);
	if (tell)
		nexthop_tell(st, RTM_NEWNEXTHOP, NLM_F_REPLACE, group);
}

static void leave_groups(struct leat_stack *st, uint32_t id, bool tell)
{
	struct nexthop *g = nexthop_next(st, 0);
	while (g) {
		uint32_t at = g->id;
		if (g->is_group && member_of(g, id))
			leave_group(st, g, id, tell);
		g = nexthop_next(st, at);
	}
}

/* Linux: listeners hear of the object, not of what it takes along but for IPv6 routes. */
static void remove_one(struct leat_stack *st, struct nexthop *nh, bool tell)
{
	uint32_t id = nh->id;
	if (tell)
		nexthop_tell(st, RTM_DELNEXTHOP, 0, nh);
	fib_nexthop_gone(st, id);
	leave_groups(st, id, tell);
	list_remove(&nh->link);
	nexthop_free(st, nh);
}

void nexthop_remove(struct leat_stack *st, struct nexthop *nh)
{
	remove_one(st, nh, true);
}

void nexthop_flush_iface(struct leat_stack *st, const struct iface *i, bool blackholes_too)
{
	struct nexthop *nh = nexthop_next(st, 0);
	while (nh) {
		uint32_t at = nh->id;
		if (!nh->is_group && !nh->blackhole && nh->hop.if_handle == i->handle)
			remove_one(st, nh, false);
		nh = nexthop_next(st, at);
	}
}

void nexthops_free(struct leat_stack *st)
{
	struct nexthop *nh;
	while ((nh = nexthop_next(st, 0))) {
		list_remove(&nh->link);
		nexthop_free(st, nh);
	}
}

/* --- may it be used? --- */

static bool has_v4(const struct leat_stack *st, const struct nexthop *nh)
{
	const struct nexthop *way;
	for (unsigned i = 0; (way = way_of(st, nh, i)); i++)
		if (way->family == AF_INET)
			return true;
	return false;
}

static int check_scope4(const struct nexthop *way, uint8_t scope, const char **ret_why)
{
	if (scope == RT_SCOPE_HOST && way->hop.gw_family)
		return refuse(ret_why, -EINVAL, "Route with host scope can not have a gateway");
	if (way->flags & RTNH_F_ONLINK && scope >= RT_SCOPE_LINK)
		return refuse(ret_why, -EINVAL, "Scope mismatch with nexthop");
	return 0;
}

static int check_route(const struct leat_stack *st, const struct nexthop *nh, uint8_t family, uint8_t scope,
		       const char **ret_why)
{
	if (family == AF_INET6 && has_v4(st, nh))
		return refuse(ret_why, -EINVAL, "IPv6 routes can not use an IPv4 nexthop");
	if (family == AF_INET && nh->is_group && scope == RT_SCOPE_HOST)
		return refuse(ret_why, -EINVAL, "Route with host scope can not have multiple nexthops");
	if (nh->fdb)
		return refuse(ret_why, -EINVAL, "Route cannot point to a fdb nexthop");
	const struct nexthop *way = way_of(st, nh, 0);
	return family == AF_INET && way ? check_scope4(way, scope, ret_why) : 0;
}

int nexthop_check_route(const struct leat_stack *st, uint32_t id, uint8_t family, uint8_t scope,
			const char **ret_why)
{
	const struct nexthop *nh = nexthop_find(st, id);
	return nh ? check_route(st, nh, family, scope, ret_why)
		  : refuse(ret_why, -EINVAL, "Nexthop id does not exist");
}

/* Are the routes by `old` content with `new` in its place? */
static int check_users(struct leat_stack *st, uint32_t old, const struct nexthop *new, const char **ret_why)
{
	struct hash_node *n;
	int err = 0;
	hash_for_each (n, &fib_state(st)->nhs) {
		const struct fib_nh *nh = &container_of(n, struct fib_shared_nh, node)->nh;
		if (nh->nh_id == old && !err)
			err = check_route(st, new, nh->nh_family, nh->scope, ret_why);
	}
	return err;
}

/* --- replacing --- */

static int check_replace(struct leat_stack *st, const struct nexthop *old, const struct nexthop_new *how,
			 const char **ret_why)
{
	const struct nexthop *new = &how->nh;
	int err = check_users(st, old->id, new, ret_why);
	for (struct nexthop *g = nexthop_next(st, 0); g && !err; g = nexthop_next(st, g->id)) {
		if (!g->is_group || !member_of(g, old->id))
			continue;
		if (new->blackhole && g->n_members > 1)
			return refuse(
				ret_why, -EINVAL,
				"Blackhole nexthop can not be a member of a group with more than one path");
		err = check_users(st, g->id, new, ret_why);
		if (!err && new->fdb != old->fdb)
			return refuse(ret_why, -EINVAL, "Cannot change nexthop FDB status while in a group");
	}
	if (err)
		return err;
	if (old->is_group && !new->is_group)
		return refuse(ret_why, -EINVAL, "Can not replace a nexthop group with a nexthop.");
	if (!old->is_group && new->is_group)
		return refuse(ret_why, -EINVAL, "Can not replace a nexthop with a nexthop group.");
	if (old->is_group && how->resilient != (old->res != NULL))
		return refuse(ret_why, -EINVAL,
			      "Can not replace a nexthop group with one of a different type.");
	if (old->res && how->res.has_buckets && how->res.buckets != old->res->buckets->n)
		return refuse(ret_why, -EINVAL,
			      "Can not change number of buckets of a resilient nexthop group.");
	return 0;
}

/* *how has the former ones then: workers may still count in them. */
static void take_members(struct leat_stack *st, struct nexthop *old, struct nexthop_new *how)
{
	const struct nexthop was = *old;
	uint32_t *was_id = old->res ? mem_zalloc(&st->mem, was.n_members * sizeof *was_id) : NULL;
	for (unsigned i = 0; was_id && i < was.n_members; i++)
		was_id[i] = was.members[i].id;
	old->members = how->nh.members;
	old->n_members = how->nh.n_members;
	how->nh.members = was.members;
	how->nh.n_members = was.n_members;
	if (old->res) {
		old->res->idle_us = how->res.has_idle ? how->res.idle_us : old->res->idle_us;
		old->res->unbalanced_us =
			how->res.has_unbalanced ? how->res.unbalanced_us : old->res->unbalanced_us;
		nexthop_res_rebalance(old->res, was_id, was_id ? was.n_members : 0, true);
	}
	mem_free(was_id);
}

static int replace(struct leat_stack *st, struct nexthop *old, struct nexthop_new *how, const char **ret_why)
{
	const struct nexthop *new = &how->nh;
	int err = check_replace(st, old, how, ret_why);
	if (err)
		return err;
	old->protocol = new->protocol;
	old->flags = new->flags;
	old->hw_stats = new->hw_stats;
	if (old->is_group) {
		take_members(st, old, how);
	} else {
		old->family = new->family;
		old->scope = new->scope;
		old->hop = new->hop;
		old->blackhole = new->blackhole;
		old->fdb = new->fdb;
	}
	follow(st, old->id);
	nexthop_res_drop_old(old->res);
	nexthop_tell(st, RTM_NEWNEXTHOP,
		     (uint16_t)(how->nlm_flags & (NLM_F_CREATE | NLM_F_EXCL | NLM_F_REPLACE)), old);
	fib_nexthop_changed(st, old->id);
	for (struct nexthop *g = nexthop_next(st, 0); g && !old->is_group; g = nexthop_next(st, g->id))
		if (g->is_group && member_of(g, old->id))
			fib_nexthop_changed(st, g->id);
	return 0;
}

/* --- adding --- */

static int create(struct leat_stack *st, struct nexthop_new *how, const char **ret_why)
{
	if (how->nh.is_group && how->resilient && !how->res.has_buckets)
		return refuse(ret_why, -EINVAL,
			      "Number of buckets not specified for nexthop group insertion");
	struct nexthop *nh = mem_zalloc(&st->mem, sizeof *nh);
	if (!nh)
		return -ENOMEM;
	*nh = how->nh;
	int err = how->resilient ? nexthop_res_new(st, nh, how) : 0;
	if (err) {
		mem_free(nh);
		return err;
	}
	how->nh.members = NULL;
	how->nh.n_members = 0;
	insert(st, nh);
	nexthop_tell(st, RTM_NEWNEXTHOP,
		     (uint16_t)(how->nlm_flags & (NLM_F_CREATE | NLM_F_EXCL | NLM_F_REPLACE)), nh);
	return 0;
}

static int place(struct leat_stack *st, struct nexthop_new *how, const char **ret_why)
{
	if (how->nlm_flags & NLM_F_REPLACE && !how->nh.id)
		return refuse(ret_why, -EINVAL, "Replace requires nexthop id");
	if (!how->nh.id)
		how->nh.id = unused_id(st);
	struct nexthop *old = nexthop_find(st, how->nh.id);
	if (old)
		return how->nlm_flags & NLM_F_REPLACE ? replace(st, old, how, ret_why) : -EEXIST;
	if (how->nlm_flags & NLM_F_REPLACE && !(how->nlm_flags & NLM_F_CREATE))
		return refuse(ret_why, -ENOENT, "Replace specified without create and no entry exists");
	return create(st, how, ret_why);
}

static int count_hits(struct leat_stack *st, struct nexthop *nh)
{
	for (unsigned i = 0; i < nh->n_members; i++) {
		struct fib_hits *hits =
			mem_zalloc(&st->mem, sizeof *hits + st->n_workers * sizeof hits->n[0]);
		if (!hits)
			return -ENOMEM;
		nh->members[i].hits = hits;
	}
	return 0;
}

int nexthop_add(struct leat_stack *st, struct nexthop_new *how, const char **ret_why)
{
	int err = count_hits(st, &how->nh);
	if (!err)
		err = place(st, how, ret_why);
	members_drop(st, &how->nh); /* what was not taken, or what was replaced */
	return err;
}

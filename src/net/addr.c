/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: one hash by family and address answers "is this ours" and, per interface, a small array answers
 * "what could I send from"; workers read both without a lock. Behind them the control lcore keeps a list per interface in the
 * order in which Linux shows it.
 *
 * Life of an IPv6 address (RFC 4862): tentative at first, which means on the list and in the hash but not ours; nd hears of
 * it (ADDR_ADDED), asks on the link, and ends that with addr_dad_done(). Where nobody can be asked, or with IFA_F_NODAD,
 * it is ours at once. The route that makes it local comes at that moment. A duplicate stays, tentative and marked.
 *
 * Lifetimes: one timer an address, at the end of the preferred lifetime (IFA_F_DEPRECATED) and then of the valid one (gone).
 *
 * IPv4 as Linux has it: a further address in the subnet of another is secondary and goes when that one goes.
 *
 * Those that follow from router advertisements are made in addr_slaac.c, temporary ones beside them in addr_temp.c.
 *
 * Left out: promotion of secondaries. */
#include "net/addr.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "net/addr_internal.h"
#include "net/addr_label.h"
#include "net/addr_temp.h"
#include "net/ctl_fill.h"
#include "net/l3.h"

enum { IP6_MTU_MIN = 1280 }; /* RFC 8200, 5 */

void addr_event_send(struct leat_stack *st, const struct addr *a, enum addr_event e)
{
	struct addr_watch *w, *next;
	list_for_each_safe (w, next, &addr_state(st)->watches, link)
		w->event(w, st, a, e);
}

void addr_watch_add(struct leat_stack *st, struct addr_watch *w)
{
	list_append(&addr_state(st)->watches, &w->link);
}

void addr_watch_remove(struct leat_stack *st, struct addr_watch *w)
{
	list_remove(&w->link);
}

/* --- finding --- */

static uint32_t addr_hash(const struct leat_stack *st, uint8_t family, const struct ipaddr *a)
{
	uint64_t hi, lo;
	memcpy(&hi, a->b, sizeof hi);
	memcpy(&lo, a->b + 8, sizeof lo);
	return (uint32_t)siphash_3u64(&st->hash_key, family, hi, lo);
}

/* if_handle 0: any interface. */
static struct addr *table_find(const struct leat_stack *st, const struct addr_table *t, uint32_t if_handle,
			       uint8_t family, const struct ipaddr *a, bool ours_only)
{
	struct hash_node *n;
	hash_for_each_same(n, &t->addrs, addr_hash(st, family, a))
	{
		struct addr *found = container_of(n, struct addr, node);
		if (found->family == family && ipaddr_eq(&found->local, a) &&
		    (!if_handle || found->if_handle == if_handle) && (!ours_only || addr_is_ours(found)))
			return found;
	}
	return NULL;
}

const struct addr *addr_find(const struct worker *w, uint8_t family, const struct ipaddr *a)
{
	const struct addr_table *t = view_get(w, VIEW_addrs);
	return t ? table_find(w->st, t, 0, family, a, true) : NULL;
}

const struct addr *addr_find_in(const struct worker *w, uint32_t vrf_handle, uint8_t family,
				const struct ipaddr *a)
{
	const struct addr_table *t = view_get(w, VIEW_addrs);
	struct hash_node *n;
	if (!t)
		return NULL;
	hash_for_each_same(n, &t->addrs, addr_hash(w->st, family, a))
	{
		const struct addr *found = container_of(n, struct addr, node);
		if (found->family == family && ipaddr_eq(&found->local, a) && addr_is_ours(found) &&
		    l3_handle_of(w, found->if_handle) == vrf_handle)
			return found;
	}
	return NULL;
}

const struct addr *addr_find_on(const struct worker *w, uint32_t if_handle, uint8_t family,
				const struct ipaddr *a)
{
	const struct addr_table *t = view_get(w, VIEW_addrs);
	return t && if_handle ? table_find(w->st, t, if_handle, family, a, false) : NULL;
}

struct addr_if *addr_if_find(const struct addr_table *t, uint32_t if_handle)
{
	struct hash_node *n;
	hash_for_each_same(n, &t->ifs, hash_u32(if_handle))
	{
		struct addr_if *f = container_of(n, struct addr_if, node);
		if (f->if_handle == if_handle)
			return f;
	}
	return NULL;
}

struct addr *addr_get6(struct leat_stack *st, uint32_t if_handle, const struct ip6 *a)
{
	struct ipaddr ip = { .v6 = *a };
	return table_find(st, &addr_state(st)->table, if_handle, AF_INET6, &ip, false);
}

struct addr *addr_first(struct leat_stack *st, const struct iface *i)
{
	struct addr_if *f = addr_if_find(&addr_state(st)->table, i->handle);
	return f && !list_empty(&f->addrs) ? list_first(&f->addrs, struct addr, link) : NULL;
}

struct addr *addr_next(struct leat_stack *st, const struct iface *i, const struct addr *a)
{
	struct addr_if *f = addr_if_find(&addr_state(st)->table, i->handle);
	return f && a->link.next != &f->addrs ? list_entry(a->link.next, struct addr, link) : NULL;
}

/* --- what workers choose sources from --- */

static void set_free(struct deferred *d)
{
	mem_free(container_of(d, struct addr_set, deferred));
}

static void set_publish(struct leat_stack *st, struct addr_if *f, struct addr_set *set)
{
	struct addr_set *old = f->set;
	rcu_set(f->set, set);
	if (old)
		rt_defer(st->rt->ctl, st->rt, &old->deferred, set_free);
}

/* Room for all that are on the list now, and `more`. */
static struct addr_set *set_new(struct leat_stack *st, const struct addr_if *f, uint32_t more)
{
	const struct addr *a;
	uint32_t n = more;
	list_for_each (a, &f->addrs, link)
		n++;
	return mem_zalloc(&st->mem, sizeof(struct addr_set) + n * sizeof(struct addr *));
}

static void set_fill(struct addr_set *set, const struct addr_if *f)
{
	const struct addr *a;
	list_for_each (a, &f->addrs, link)
		set->addr[set->n++] = a;
}

/* One address fewer: without memory for a smaller array, workers get none to choose from rather than a stale one. */
static void set_rebuild(struct leat_stack *st, struct addr_if *f)
{
	struct addr_set *set = list_empty(&f->addrs) ? NULL : set_new(st, f, 0);
	if (set)
		set_fill(set, f);
	set_publish(st, f, set);
}

/* --- interfaces that have addresses --- */

static struct addr_if *addr_if_get(struct leat_stack *st, const struct iface *i)
{
	struct addr_table *t = &addr_state(st)->table;
	struct addr_if *f = addr_if_find(t, i->handle);
	if (f)
		return f;
	f = mem_zalloc(&st->mem, sizeof *f);
	if (!f)
		return NULL;
	f->if_handle = i->handle;
	f->ifindex = i->ifindex;
	list_init(&f->addrs);
	hash_insert(&t->ifs, &f->node, hash_u32(i->handle));
	return f;
}

static void addr_if_free(struct deferred *d)
{
	mem_free(container_of(d, struct addr_if, deferred));
}

static void addr_if_put(struct leat_stack *st, struct addr_if *f)
{
	if (!list_empty(&f->addrs))
		return;
	hash_remove(&addr_state(st)->table.ifs, &f->node);
	set_publish(st, f, NULL);
	rt_defer(st->rt->ctl, st->rt, &f->deferred, addr_if_free);
}

/* --- lifetimes --- */

static uint64_t end_us(const struct addr *a, uint32_t lifetime_s)
{
	return lifetime_s == UINT32_MAX ? UINT64_MAX : a->updated_us + (uint64_t)lifetime_s * 1000000;
}

static void timer_at(struct leat_stack *st, struct timer *t, uint64_t when_us)
{
	if (when_us == UINT64_MAX)
		lcore_timer_stop(st->rt->ctl, t);
	else
		timer_set_at(&st->rt->ctl->wheel, t, when_us);
}

static void set_timer(struct leat_stack *st, struct addr *a)
{
	const struct iface *i = iface_by_handle(st, a->if_handle);
	bool temp = a->family == AF_INET6 && a->flags & IFA_F_TEMPORARY;
	timer_at(st, &a->expiry, end_us(a, a->flags & IFA_F_DEPRECATED ? a->valid_s : a->preferred_s));
	timer_at(st, &a->regen, temp && i ? addr_temp_regen_us(i, a) : UINT64_MAX);
}

static void on_expiry(struct lcore *lc, struct timer *t)
{
	struct addr *a = container_of(t, struct addr, expiry);
	struct leat_stack *st = a->st;
	if (lc->now_us >= end_us(a, a->valid_s)) {
		addr_remove(st, a);
		return;
	}
	racy_set(a->flags, a->flags | IFA_F_DEPRECATED);
	set_timer(st, a);
	addr_tell(st, RTM_NEWADDR, a);
	addr_event_send(st, a, ADDR_CHANGED);
}

static void set_lifetimes(struct leat_stack *st, struct addr *a, const struct addr *how)
{
	uint32_t flags = a->flags & ~(uint32_t)(IFA_F_DEPRECATED | IFA_F_PERMANENT);
	a->valid_s = how->valid_s;
	a->preferred_s = how->preferred_s;
	a->updated_us = st->rt->ctl->now_us;
	if (addr_is_permanent(a))
		flags |= IFA_F_PERMANENT;
	if (a->preferred_s == 0)
		flags |= IFA_F_DEPRECATED;
	racy_set(a->flags, flags);
	set_timer(st, a);
}

static bool manages_temp(const struct addr *a)
{
	return a->family == AF_INET6 && a->flags & IFA_F_MANAGETEMPADDR;
}

void addr_renew(struct leat_stack *st, struct addr *a, const struct addr *how)
{
	set_lifetimes(st, a, how);
	if (!(a->flags & IFA_F_TENTATIVE)) /* Linux: nobody knows of it yet */
		addr_tell(st, RTM_NEWADDR, a);
	addr_event_send(st, a, ADDR_CHANGED);
	if (manages_temp(a))
		addr_temp_follow(st, a, false);
}

/* --- deleting --- */

static bool same_subnet4(const struct addr *a, const struct addr *b)
{
	return a->family == AF_INET && b->family == AF_INET && a->plen == b->plen &&
	       addr_same_prefix(addr_far_end(a), addr_far_end(b), a->plen);
}

static void addr_free(struct deferred *d)
{
	mem_free(container_of(d, struct addr, deferred));
}

static bool has_ip4(const struct addr_if *f)
{
	const struct addr *a;
	list_for_each (a, &f->addrs, link)
		if (a->family == AF_INET)
			return true;
	return false;
}

/* unlink: from the hash and the array; a worker in its turn may still hold it; then a grace period, then free. */
static void remove_one(struct leat_stack *st, struct addr_if *f, struct addr *a)
{
	addr_event_send(st, a, ADDR_GOING);
	lcore_timer_stop(st->rt->ctl, &a->expiry);
	lcore_timer_stop(st->rt->ctl, &a->regen);
	hash_remove(&addr_state(st)->table.addrs, &a->node);
	list_remove(&a->link);
	set_rebuild(st, f);
	addr_tell(st, RTM_DELADDR, a);
	addr_routes_delete(st, a);
	if (a->family == AF_INET && !has_ip4(f) && stack_state(st, MODULE_fib)) /* Linux: fib_disable_ip() */
		fib_flush_iface(st, AF_INET, a->if_handle);
	rt_defer(st->rt->ctl, st->rt, &a->deferred, addr_free);
}

static void remove_temps(struct leat_stack *st, const struct addr *pub)
{
	struct addr_if *f = addr_if_find(&addr_state(st)->table, pub->if_handle);
	struct addr *a, *next;
	list_for_each_safe (a, next, &f->addrs, link)
		if (addr_is_temp_of(a, pub))
			remove_one(st, f, a);
}

void addr_remove(struct leat_stack *st, struct addr *a)
{
	struct addr_if *f = addr_if_find(&addr_state(st)->table, a->if_handle);
	struct addr *other, *next;
	if (manages_temp(a)) /* Linux: none outlives the one it stands beside */
		remove_temps(st, a);
	if (a->family == AF_INET && !(a->flags & IFA_F_SECONDARY))
		list_for_each_safe (other, next, &f->addrs, link)
			if (other->flags & IFA_F_SECONDARY && same_subnet4(other, a))
				remove_one(st, f, other);
	remove_one(st, f, a);
	addr_if_put(st, f);
}

int addr_delete(struct leat_stack *st, uint32_t if_handle, uint8_t family, const struct ipaddr *local,
		uint8_t plen)
{
	struct addr_if *f = addr_if_find(&addr_state(st)->table, if_handle);
	struct addr *a;
	if (!f)
		return -EADDRNOTAVAIL;
	list_for_each (a, &f->addrs, link)
		if (a->family == family && a->plen == plen && ipaddr_eq(&a->local, local)) {
			addr_remove(st, a);
			return 0;
		}
	return -EADDRNOTAVAIL;
}

/* --- adding --- */

static bool is_loopback6(const struct ip6 *a)
{
	static const struct ip6 loopback = { { [15] = 1 } };
	return ip6_eq(a, &loopback);
}

static int check(const struct iface *i, const struct addr *how)
{
	if (how->valid_s == 0 || how->preferred_s > how->valid_s)
		return -EINVAL;
	if (how->family == AF_INET)
		return how->plen > 32 ? -EINVAL : 0;
	if (how->family != AF_INET6 || how->plen > 128 ||
	    (ip6_is_multicast(&how->local.v6) && !(how->flags & IFA_F_MCAUTOJOIN)))
		return -EINVAL;
	if (i->mtu < IP6_MTU_MIN)
		return -EINVAL;
	if (i->conf.ip6.disable)
		return -EACCES;
	if (ipaddr_is_zero(&how->local) || (is_loopback6(&how->local.v6) && !(i->flags & IFF_LOOPBACK)))
		return -EADDRNOTAVAIL;
	return 0;
}

/* Linux: an IPv4 address is the same with the same mask only, an IPv6 address with any. */
static struct addr *find_same(const struct addr_if *f, const struct addr *how)
{
	struct addr *a;
	list_for_each (a, &f->addrs, link)
		if (a->family == how->family && ipaddr_eq(&a->local, &how->local) &&
		    (a->family == AF_INET6 || same_subnet4(a, how)))
			return a;
	return NULL;
}

static unsigned rank6(uint8_t scope)
{
	return scope == RT_SCOPE_UNIVERSE ? 3 : scope == RT_SCOPE_SITE ? 2 : scope == RT_SCOPE_LINK ? 1 : 0;
}

/* Linux: IPv4 primaries first, the narrowest scope first, in order of arrival; IPv6 by scope, the newest first. */
static bool stands_before(const struct addr *old, const struct addr *a)
{
	bool secondary = a->flags & IFA_F_SECONDARY;
	if (old->family != a->family)
		return old->family == AF_INET;
	if (a->family == AF_INET6)
		return rank6(old->scope) > rank6(a->scope);
	return secondary || (!(old->flags & IFA_F_SECONDARY) && old->scope >= a->scope);
}

static void put_in_place(struct addr_if *f, struct addr *a)
{
	struct list *l = f->addrs.prev;
	while (l != &f->addrs && !stands_before(list_entry(l, struct addr, link), a))
		l = l->prev;
	list_insert(l, &a->link);
}

static uint8_t scope6(const struct ip6 *a)
{
	unsigned group_scope = ip6_is_multicast(a) ? a->b[1] & 0xf : 0; /* RFC 4291, 2.7 */
	if (is_loopback6(a) || group_scope == 1)
		return RT_SCOPE_HOST;
	if (group_scope)
		return group_scope == 2   ? RT_SCOPE_LINK
		       : group_scope == 5 ? RT_SCOPE_SITE
					  : RT_SCOPE_UNIVERSE;
	return ip6_is_link_local(a) ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
}

/* Linux takes the scope of IPv4 addresses as it is told, and knows that of IPv6 ones. */
static struct addr *addr_copy(struct leat_stack *st, const struct iface *i, const struct addr *how)
{
	struct addr *a = mem_zalloc(&st->mem, sizeof *a);
	if (!a)
		return NULL;
	a->st = st;
	a->if_handle = i->handle;
	a->family = how->family;
	a->plen = how->plen;
	a->scope = how->family == AF_INET6 ? scope6(&how->local.v6) : how->scope;
	a->flags = how->flags & ~(uint32_t)(IFA_F_TENTATIVE | IFA_F_DADFAILED);
	if (a->family == AF_INET)
		a->flags &= ~(uint32_t)IFA_F_SECONDARY; /* the same bit is IFA_F_TEMPORARY in IPv6 */
	a->local = how->local;
	a->peer = ipaddr_eq(&how->peer, &how->local) ? (struct ipaddr){ 0 } : how->peer;
	a->broadcast = how->broadcast;
	a->proto = how->proto;
	a->metric = how->metric;
	a->created_us = st->rt->ctl->now_us;
	snprintf(a->label, sizeof a->label, "%s", how->label);
	a->origin = how->origin;
	a->retries = how->retries;
	a->tokenized = how->tokenized;
	a->renewed = how->renewed;
	a->regen_count = how->regen_count;
	a->pub = how->pub;
	timer_init(&a->expiry, on_expiry);
	timer_init(&a->regen, addr_temp_on_regen);
	return a;
}

static int find_primary(const struct addr_if *f, struct addr *a)
{
	const struct addr *other;
	list_for_each (other, &f->addrs, link) {
		if (!same_subnet4(other, a))
			continue;
		if (other->scope != a->scope)
			return -EINVAL;
		a->flags |= IFA_F_SECONDARY;
	}
	return 0;
}

/* Linux: what a person adds is tentative at first, if only for a moment. */
static void tell_added(struct leat_stack *st, struct addr *a)
{
	bool untested =
		a->family == AF_INET6 && !(a->flags & (IFA_F_TENTATIVE | IFA_F_NODAD | IFA_F_OPTIMISTIC)) &&
		a->origin == ADDR_ADMIN && a->proto != IFAPROT_KERNEL_LL && a->proto != IFAPROT_KERNEL_LO;
	if (untested) {
		struct addr first = *a;
		first.flags |= IFA_F_TENTATIVE;
		addr_tell(st, RTM_NEWADDR, &first);
	}
	addr_tell(st, RTM_NEWADDR, a);
}

static int add_new(struct leat_stack *st, const struct iface *i, struct addr_if *f, const struct addr *how)
{
	struct addr *a = addr_copy(st, i, how);
	struct addr_set *set = set_new(st, f, 1);
	int err = a && set ? find_primary(f, a) : -ENOMEM;
	if (err) {
		mem_free(a);
		mem_free(set);
		return err;
	}
	if (addr_needs_test(st, i, a))
		a->flags |= IFA_F_TENTATIVE;
	else
		a->flags &= ~(uint32_t)IFA_F_OPTIMISTIC;
	set_lifetimes(st, a, how);
	put_in_place(f, a);
	set_fill(set, f);
	hash_insert(&addr_state(st)->table.addrs, &a->node, addr_hash(st, a->family, &a->local));
	set_publish(st, f, set);
	addr_prefix_routes_add(st, a); /* Linux: before the address is told of, with IPv6 */
	tell_added(st, a);
	addr_routes_add(st, a);
	addr_event_send(st, a, ADDR_ADDED);
	if (manages_temp(a) && !addr_state(st)->restoring)
		addr_temp_follow(st, a, true);
	return 0;
}

/* What may change without the address going and coming back. */
static void change(struct leat_stack *st, struct addr *a, const struct addr *how)
{
	const uint32_t taken = IFA_F_NOPREFIXROUTE | IFA_F_MANAGETEMPADDR | IFA_F_NODAD | IFA_F_HOMEADDRESS;
	bool managed = manages_temp(a);
	struct addr was = *a;
	if (a->family == AF_INET || how->metric) /* Linux: IPv6's stays when none is given */
		a->metric = how->metric;
	a->proto = how->proto;
	if (a->family == AF_INET6)
		racy_set(a->flags, (a->flags & ~taken) | (how->flags & taken));
	set_lifetimes(st, a, how);
	if (a->family == AF_INET)
		addr_prefix_routes_change(st, a, &was);
	addr_tell(st, RTM_NEWADDR, a);
	if (a->family == AF_INET6)
		addr_prefix_routes_change(st, a, &was);
	addr_event_send(st, a, ADDR_CHANGED);
	if (managed && !manages_temp(a))
		remove_temps(st, a);
	else if (manages_temp(a))
		addr_temp_follow(st, a, !managed);
}

int addr_add(struct leat_stack *st, const struct addr *how, bool replace)
{
	struct iface *i = iface_by_handle(st, how->if_handle);
	int err = i ? check(i, how) : -ENODEV;
	if (err || ipaddr_is_zero(&how->local)) /* Linux: 0.0.0.0 is taken and forgotten */
		return err;
	struct addr_if *f = addr_if_get(st, i);
	if (!f)
		return -ENOMEM;
	struct addr *same = find_same(f, how);
	if (same && !replace)
		return -EEXIST;
	if (same) {
		change(st, same, how);
		return 0;
	}
	err = add_new(st, i, f, how);
	if (err)
		addr_if_put(st, f);
	return err;
}

/* --- module --- */

static void defer_chunk(void *ctx, struct deferred *d)
{
	struct leat_stack *st = ctx;
	rt_defer(st->rt->ctl, st->rt, d, d->fn);
}

static int addr_init(struct leat_stack *st)
{
	struct addr_stack *s = addr_state(st);
	hash_init(&s->table.addrs, &st->mem, defer_chunk, st);
	hash_init(&s->table.ifs, &st->mem, defer_chunk, st);
	list_init(&s->watches);
	int err = addr_labels_init(st);
	if (!err)
		err = view_stage(st, VIEW_addrs, &s->table);
	if (err) {
		addr_labels_free(st);
		return err;
	}
	s->watch.event = addr_on_iface;
	iface_watch_add(st, &s->watch);
	return 0;
}

/* Here rather than in drain: the routes go along, and the fib stops before us. */
static void addr_unlink(struct leat_stack *st)
{
	struct hash *h = &addr_state(st)->table.ifs;
	iface_watch_remove(st, &addr_state(st)->watch);
	for (struct hash_node *n; (n = hash_from(h, 0));) {
		struct addr_if *f = container_of(n, struct addr_if, node);
		while (!list_empty(&f->addrs))
			remove_one(st, f, list_first(&f->addrs, struct addr, link));
		addr_if_put(st, f);
	}
	view_stage(st, VIEW_addrs, NULL);
}

static void addr_done(struct leat_stack *st)
{
	hash_done(&addr_state(st)->table.addrs);
	hash_done(&addr_state(st)->table.ifs);
	addr_labels_free(st);
}

const struct module addr_module = {
	.name = "addr",
	.id = MODULE_addr,
	.knobs = addr_knobs,
	.netlink = addr_families,
	.stack_size = sizeof(struct addr_stack),
	.init = addr_init,
	.unlink = addr_unlink,
	.free = addr_done,
	.save = addr_save,
	.restore = addr_restore,
};

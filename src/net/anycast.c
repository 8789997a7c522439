/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: an anycast address is an address of an interface that is nobody's own. It has users: each address of ours
 * whose subnet's routers it names (RFC 4291, 2.6.1), while the interface is up and forwards, the address has passed its test, and
 * the prefix is shorter than /127 (RFC 6164); and each program that has joined it (IPV6_JOIN_ANYCAST). With the first comes a
 * route of type anycast in table local, by which packets are ours on whatever interface they come, and watchers hear of it, so
 * that solicitations for it are heard; with the last both go. Workers ask here what no route tells: link-local ones, and
 * whether a solicitation is for one.
 *
 * Nothing is saved but the routes of the first kind: it follows from addresses and settings, and programs' sockets end with a stack. */
#include "net/anycast.h"

#include <errno.h>
#include <linux/rtnetlink.h>

#include "net/addr_internal.h"
#include "net/ctl_util.h"
#include "net/l3.h"

#ifndef RTNLGRP_IPV6_ACADDR
enum { RTM_NEWANYCAST = 60, RTM_DELANYCAST, RTNLGRP_IPV6_ACADDR = 39 };
#endif
enum { PLEN_MAX = 126 };

struct anycast_stack {
	/* Read: any worker, within a turn.   Write: control lcore.   Free: rt_defer() in end(). */
	struct hash by_addr;
	struct list all, watches;
	struct addr_watch addrs;
	struct iface_watch ifaces;
	uint32_t n; /* read by workers, too */
	uint64_t serial; /* of the one that came last */
};

static struct anycast_stack *anycast_state(const struct leat_stack *st)
{
	return stack_state(st, MODULE_anycast);
}

/* --- finding --- */

static uint32_t anycast_hash(const struct leat_stack *st, const struct ip6 *a)
{
	return (uint32_t)siphash(&st->hash_key, a, sizeof *a);
}

static struct anycast *find(const struct leat_stack *st, uint32_t if_handle, const struct ip6 *a)
{
	const struct anycast_stack *s = anycast_state(st);
	struct hash_node *n;
	if (unlikely(!s) || likely(!racy_get(s->n)))
		return NULL;
	hash_for_each_same(n, &s->by_addr, anycast_hash(st, a))
	{
		struct anycast *found = container_of(n, struct anycast, node);
		if (ip6_eq(&found->addr, a) && (!if_handle || found->if_handle == if_handle))
			return found;
	}
	return NULL;
}

const struct anycast *anycast_find(const struct worker *w, uint32_t if_handle, const struct ip6 *a)
{
	return find(w->st, if_handle, a);
}

const struct anycast *anycast_next(const struct leat_stack *st, const struct anycast *after)
{
	const struct anycast_stack *s = anycast_state(st);
	if (!s)
		return NULL;
	const struct list *l = after ? after->link.next : s->all.next;
	return l == &s->all ? NULL : list_entry(l, struct anycast, link);
}

/* --- telling --- */

static bool is_site_local(const struct ip6 *a)
{
	return a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0xc0;
}

/* Linux: a link-local one is not told apart. */
static int put(struct nl_buf *b, uint16_t type, uint16_t nlm_flags, uint32_t seq, uint32_t portid,
	       const struct anycast *a)
{
	const struct ifa_cacheinfo ci = { .ifa_prefered = UINT32_MAX,
					  .ifa_valid = UINT32_MAX,
					  .cstamp = ticks_of_us(a->created_us),
					  .tstamp = ticks_of_us(a->created_us) };
	struct ifaddrmsg *m = nl_begin(b, type, nlm_flags, seq, portid, sizeof *m);
	if (m)
		*m = (struct ifaddrmsg){ .ifa_family = AF_INET6,
					 .ifa_prefixlen = 128,
					 .ifa_flags = IFA_F_PERMANENT,
					 .ifa_scope =
						 is_site_local(&a->addr) ? RT_SCOPE_SITE : RT_SCOPE_UNIVERSE,
					 .ifa_index = a->ifindex };
	nl_put(b, IFA_ANYCAST, &a->addr, sizeof a->addr);
	nl_put(b, IFA_CACHEINFO, &ci, sizeof ci);
	return nl_end(b);
}

static void fill_told(struct nl_buf *b, uint16_t type, uint32_t seq, uint32_t portid, const void *what)
{
	put(b, type, 0, seq, portid, what);
}

static void tell(struct leat_stack *st, const struct anycast *a, enum anycast_event e)
{
	struct anycast_watch *w, *next;
	nl_notify(st, NETLINK_ROUTE, RTNLGRP_IPV6_ACADDR,
		  e == ANYCAST_ADDED ? RTM_NEWANYCAST : RTM_DELANYCAST, fill_told, a);
	list_for_each_safe (w, next, &anycast_state(st)->watches, link)
		w->event(w, st, a, e);
}

void anycast_watch_add(struct leat_stack *st, struct anycast_watch *w)
{
	if (!anycast_state(st))
		return;
	list_append(&anycast_state(st)->watches, &w->link);
	for (const struct anycast *a = NULL; (a = anycast_next(st, a));)
		w->event(w, st, a, ANYCAST_ADDED);
}

void anycast_watch_remove(struct leat_stack *st, struct anycast_watch *w)
{
	if (anycast_state(st))
		list_remove(&w->link);
}

/* --- coming and going --- */

static struct fib_route route_of(struct leat_stack *st, const struct anycast *a)
{
	return (struct fib_route){
		.family = AF_INET6,
		.plen = 128,
		.protocol = RTPROT_KERNEL,
		.dst.v6 = a->addr,
		.table = l3_table_of(st, a->if_handle, RT_TABLE_LOCAL),
		.nh = { .if_handle = a->if_handle, .type = RTN_ANYCAST },
	};
}

/* Of an interface that is down it comes when that is up. */
static void route_add(struct leat_stack *st, const struct anycast *a)
{
	const struct fib_route r = route_of(st, a);
	if (stack_state(st, MODULE_fib))
		fib_add(st, &r, FIB_APPEND, NULL);
}

static void route_delete(struct leat_stack *st, const struct anycast *a)
{
	const struct fib_route r = route_of(st, a);
	if (stack_state(st, MODULE_fib))
		fib_delete(st, &r);
}

/* Nearly always the last, so from behind. */
static void put_in_place(struct anycast_stack *s, struct anycast *a)
{
	struct list *l = s->all.prev;
	while (l != &s->all && list_entry(l, struct anycast, link)->ifindex >= a->ifindex)
		l = l->prev;
	list_insert(l, &a->link);
}

static void anycast_free(struct deferred *d)
{
	mem_free(container_of(d, struct anycast, deferred));
}

static void end(struct leat_stack *st, struct anycast *a)
{
	struct anycast_stack *s = anycast_state(st);
	tell(st, a, ANYCAST_GOING);
	hash_remove(&s->by_addr, &a->node);
	racy_set(s->n, s->n - 1);
	list_remove(&a->link);
	route_delete(st, a);
	rt_defer(st->rt->ctl, st->rt, &a->deferred, anycast_free);
}

int anycast_join(struct leat_stack *st, const struct iface *i, const struct ip6 *addr)
{
	struct anycast_stack *s = anycast_state(st);
	struct anycast *a = find(st, i->handle, addr);
	if (a) {
		a->users++;
		return 0;
	}
	a = s ? mem_zalloc(&st->mem, sizeof *a) : NULL;
	if (!a)
		return -ENOMEM;
	a->if_handle = i->handle;
	a->ifindex = i->ifindex;
	a->addr = *addr;
	a->users = 1;
	a->serial = ++s->serial;
	a->created_us = st->rt->ctl->now_us;
	put_in_place(s, a);
	hash_insert(&s->by_addr, &a->node, anycast_hash(st, addr));
	racy_set(s->n, s->n + 1);
	route_add(st, a);
	tell(st, a, ANYCAST_ADDED);
	return 0;
}

int anycast_leave(struct leat_stack *st, uint32_t if_handle, const struct ip6 *addr)
{
	struct anycast *a = find(st, if_handle, addr);
	if (!a)
		return -ENOENT;
	if (!--a->users)
		end(st, a);
	return 0;
}

bool anycast_is_of_programs(const struct leat_stack *st, uint32_t if_handle, const struct ip6 *addr)
{
	const struct anycast *a = find(st, if_handle, addr);
	return a && !a->own;
}

/* --- of the routers of our subnets --- */

static bool is_wanted(const struct iface *i, const struct addr *a, const struct ipaddr *subnet)
{
	return i->conf.forward6 && i->flags & IFF_UP && addr_is_ours(a) && a->plen <= PLEN_MAX &&
	       !ipaddr_is_zero(subnet) && !ip6_is_multicast(&a->local.v6);
}

static void follow(struct leat_stack *st, const struct iface *i, struct addr *a, bool going)
{
	const struct ipaddr subnet = ipaddr_prefix(&a->local, a->plen);
	bool wanted = !going && is_wanted(i, a, &subnet);
	if (a->family != AF_INET6 || a->anycast == wanted)
		return;
	if (wanted) {
		a->anycast = !anycast_join(st, i, &subnet.v6);
		if (a->anycast)
			find(st, i->handle, &subnet.v6)->own++;
		return;
	}
	a->anycast = false;
	find(st, i->handle, &subnet.v6)->own--;
	anycast_leave(st, i->handle, &subnet.v6);
}

static void follow_all(struct leat_stack *st, const struct iface *i)
{
	for (struct addr *a = addr_first(st, i); a; a = addr_next(st, i, a))
		follow(st, i, a, false);
}

static void addr_event(struct addr_watch *w, struct leat_stack *st, const struct addr *a, enum addr_event e)
{
	const struct iface *i = iface_by_handle(st, a->if_handle);
	struct addr *own = a->family == AF_INET6 ? addr_get6(st, a->if_handle, &a->local.v6) : NULL;
	if (i && own)
		follow(st, i, own, e == ADDR_GOING);
}

void anycast_forwarding_changed(struct leat_stack *st, const struct iface *i)
{
	if (anycast_state(st))
		follow_all(st, i);
}

/* Its addresses may outlive it for a moment. */
static void forget(struct leat_stack *st, const struct iface *i)
{
	struct anycast *a, *next;
	for (struct addr *own = addr_first(st, i); own; own = addr_next(st, i, own))
		own->anycast = false;
	list_for_each_safe (a, next, &anycast_state(st)->all, link)
		if (a->if_handle == i->handle)
			end(st, a);
}

static void on_up(struct leat_stack *st, const struct iface *i)
{
	for (const struct anycast *a = NULL; (a = anycast_next(st, a));)
		if (a->if_handle == i->handle)
			route_add(st, a);
	follow_all(st, i);
}

static void iface_event(struct iface_watch *w, struct iface *i, enum iface_event e)
{
	if (e == IFACE_GOING)
		forget(i->st, i);
	else if (e == IFACE_UP)
		on_up(i->st, i);
	else if (e == IFACE_DOWN)
		follow_all(i->st, i);
}

/* --- RTM_GETANYCAST --- */

enum { KEY_IFINDEX, KEY_SERIAL };

static bool is_shown(const struct anycast *a, const struct nl_dump *d)
{
	return a->ifindex > d->key[KEY_IFINDEX] ||
	       (a->ifindex == d->key[KEY_IFINDEX] && a->serial < d->key[KEY_SERIAL]);
}

static int dump_anycast(struct nl_req *r, struct nl_dump *d)
{
	const struct ifaddrmsg *h = r->hdr;
	uint32_t only = r->strict ? h->ifa_index : 0;
	int err = r->strict ? addr_check_dump(r) : 0;
	if (err)
		return err;
	if (only && !iface_by_index(r->st, only))
		return -ENODEV;
	d->flags = only ? NLM_F_DUMP_FILTERED : 0;
	for (const struct anycast *a = NULL; (a = anycast_next(r->st, a));) {
		if ((only && a->ifindex != only) || !is_shown(a, d))
			continue;
		if (put(r->reply, r->msg->nlmsg_type, NLM_F_MULTI, r->msg->nlmsg_seq, r->portid, a))
			return 1;
		d->key[KEY_IFINDEX] = a->ifindex;
		d->key[KEY_SERIAL] = a->serial;
	}
	return 0;
}

static const struct nl_msg anycast_msgs[] = {
	{ RTM_GETANYCAST, 0, sizeof(struct ifaddrmsg), IFA_MAX, addr_policy, NULL, dump_anycast,
	  "RTM_GETANYCAST" },
	{ 0 },
};
static const struct nl_family anycast_family = {
	.name = "route/anycast6", .protocol = NETLINK_ROUTE, .pf = AF_INET6, .msgs = anycast_msgs
};
static const struct nl_family *const anycast_families[] = { &anycast_family, NULL };

/* --- the module --- */

static void defer_chunk(void *ctx, struct deferred *d)
{
	struct leat_stack *st = ctx;
	rt_defer(st->rt->ctl, st->rt, d, d->fn);
}

static int anycast_init(struct leat_stack *st)
{
	struct anycast_stack *s = anycast_state(st);
	hash_init(&s->by_addr, &st->mem, defer_chunk, st);
	list_init(&s->all);
	list_init(&s->watches);
	s->addrs.event = addr_event;
	s->ifaces.event = iface_event;
	addr_watch_add(st, &s->addrs);
	iface_watch_add(st, &s->ifaces);
	for (const struct iface *i = iface_next(st, 0); i; i = iface_next(st, i->ifindex))
		follow_all(st, i);
	return 0;
}

static void anycast_unlink(struct leat_stack *st)
{
	addr_watch_remove(st, &anycast_state(st)->addrs);
	iface_watch_remove(st, &anycast_state(st)->ifaces);
	for (const struct iface *i = iface_next(st, 0); i; i = iface_next(st, i->ifindex))
		forget(st, i);
}

static void anycast_done(struct leat_stack *st)
{
	hash_done(&anycast_state(st)->by_addr);
}

const struct module anycast_module = {
	.name = "anycast",
	.id = MODULE_anycast,
	.netlink = anycast_families,
	.stack_size = sizeof(struct anycast_stack),
	.init = anycast_init,
	.unlink = anycast_unlink,
	.free = anycast_done,
};

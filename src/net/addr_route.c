/* SPDX-License-Identifier: BSD-2-Clause */
/* The routes that follow from an address, as Linux makes them (fib_add_ifaddr(), addrconf_prefix_route()):
 *
 *	                   route                          table   when
 *	IPv4 A/n           local A                        local   always
 *	                   prefix/n, on loopback: local   main    up, not secondary
 *	                   broadcast: given, prefix's     local   up; the prefix's if n < 31
 *	IPv6 A/n           local A                        local   not tentative
 *	                   prefix/n but ::1, peer's /128  main    up
 *	any on a link      multicast ff00::/8             local   up
 *
 * Adding is idempotent: it is done again when the interface comes up. Deleting keeps what another address still needs. */
#include "net/addr_internal.h"
#include "net/fib.h"
#include "net/l3.h"

enum { METRIC_ADDRCONF = 256 }; /* Linux: IP6_RT_PRIO_ADDRCONF */

static struct fib_route kernel_route(const struct addr *a, uint8_t type, const struct ipaddr *dst,
				     unsigned plen)
{
	uint32_t table = type == RTN_UNICAST ? RT_TABLE_MAIN : RT_TABLE_LOCAL;
	return (struct fib_route){
		.family = a->family,
		.plen = (uint8_t)plen,
		.protocol = RTPROT_KERNEL,
		.dst = ipaddr_prefix(dst, plen),
		.table = l3_table_of(a->st, a->if_handle, table),
		.nh = { .if_handle = a->if_handle, .type = type },
	};
}

static struct fib_route route4(const struct addr *a, const struct addr *primary, uint8_t type,
			       const struct ipaddr *dst, unsigned plen)
{
	struct fib_route r = kernel_route(a, type, dst, plen);
	r.nh.scope = type == RTN_LOCAL ? RT_SCOPE_HOST : RT_SCOPE_LINK;
	r.nh.prefsrc = primary->local;
	r.nh.prefsrc_family = AF_INET;
	return r;
}

static struct fib_route prefix4(const struct addr *a, const struct iface *i)
{
	struct fib_route r =
		route4(a, a, i->flags & IFF_LOOPBACK ? RTN_LOCAL : RTN_UNICAST, addr_far_end(a), a->plen);
	r.metric = a->metric;
	return r;
}

static struct fib_route prefix6(const struct addr *a, const struct ipaddr *dst, unsigned plen)
{
	struct fib_route r = kernel_route(a, RTN_UNICAST, dst, plen);
	r.metric = a->metric ? a->metric : METRIC_ADDRCONF;
	return r;
}

static void add(struct leat_stack *st, const struct fib_route *r)
{
	/* -EEXIST: another address has brought it; else it comes when the link does. */
	fib_add(st, r, FIB_APPEND, NULL);
}

/* --- who else needs it --- */

static const struct addr *others(struct leat_stack *st, const struct iface *i, const struct addr *a)
{
	return a ? addr_next(st, i, a) : addr_first(st, i);
}
#define for_each_other(o, st, i) for (const struct addr *o = others(st, i, NULL); o; o = others(st, i, o))

static const struct addr *primary_of(struct leat_stack *st, const struct iface *i, const struct addr *a)
{
	for_each_other(o, st, i) if (o->family == AF_INET && !(o->flags & IFA_F_SECONDARY) &&
				     o->plen == a->plen &&
				     addr_same_prefix(addr_far_end(o), addr_far_end(a), a->plen)) return o;
	return a;
}

static struct ipaddr last_of_prefix(const struct addr *a)
{
	uint32_t host = a->plen < 32 ? UINT32_MAX >> a->plen : 0;
	return (struct ipaddr){ .v4 = be32_of(be32_get(addr_far_end(a)->v4) | host) };
}

static bool has_prefix4(const struct addr *a)
{
	struct ipaddr prefix = ipaddr_prefix(addr_far_end(a), a->plen);
	return !ipaddr_is_zero(&prefix) && !(a->flags & IFA_F_SECONDARY) &&
	       (a->plen < 32 || !ipaddr_eq(&prefix, &a->local));
}

static bool is_broadcast_of(const struct addr *o, const struct ipaddr *b)
{
	struct ipaddr last = last_of_prefix(o);
	return o->family == AF_INET && (ipaddr_eq(&o->broadcast, b) || (o->plen < 31 && ipaddr_eq(&last, b)));
}

/* --- IPv4 --- */

static void add4(struct leat_stack *st, const struct iface *i, const struct addr *a)
{
	const struct addr *primary = a->flags & IFA_F_SECONDARY ? primary_of(st, i, a) : a;
	struct ipaddr last = last_of_prefix(a);
	struct fib_route r = route4(a, primary, RTN_LOCAL, &a->local, 32);
	add(st, &r);
	if (!(i->flags & IFF_UP))
		return;
	if (!ipaddr_is_zero(&a->broadcast) && be32_get(a->broadcast.v4) != UINT32_MAX) {
		r = route4(a, primary, RTN_BROADCAST, &a->broadcast, 32);
		add(st, &r);
	}
	if (!has_prefix4(a) || ip4_is_multicast(a->local.v4))
		return;
	if (!(a->flags & IFA_F_NOPREFIXROUTE)) {
		r = prefix4(a, i);
		add(st, &r);
	}
	if (a->plen < 31) {
		r = route4(a, primary, RTN_BROADCAST, &last, 32);
		add(st, &r);
	}
}

static void delete_broadcast4(struct leat_stack *st, const struct iface *i, const struct addr *a,
			      const struct ipaddr *b)
{
	struct fib_route r = route4(a, a, RTN_BROADCAST, b, 32);
	for_each_other(o, st, i) if (is_broadcast_of(o, b)) return;
	r.nh.prefsrc = (struct ipaddr){ 0 };
	fib_delete(st, &r);
}

static void delete_local4(struct leat_stack *st, const struct iface *i, const struct addr *a)
{
	struct fib_route r = route4(a, a, RTN_LOCAL, &a->local, 32);
	for_each_other(o, st, i) if (o->family == AF_INET && ipaddr_eq(&o->local, &a->local)) return;
	r.nh.prefsrc = (struct ipaddr){ 0 };
	fib_delete(st, &r);
	const struct fib_query q = { .family = AF_INET, .dst = a->local, .iif = a->if_handle };
	const struct fib_route *still = fib_ask(st, &q);
	if (!still || still->nh.type != RTN_LOCAL || still->plen != 32)
		fib_source_gone(st, AF_INET, &a->local);
}

static void delete4(struct leat_stack *st, const struct iface *i, const struct addr *a)
{
	struct ipaddr last = last_of_prefix(a);
	if (has_prefix4(a) && !(a->flags & IFA_F_NOPREFIXROUTE)) {
		struct fib_route r = prefix4(a, i);
		fib_delete(st, &r);
	}
	if (!ipaddr_is_zero(&a->broadcast))
		delete_broadcast4(st, i, a, &a->broadcast);
	if (a->plen < 31)
		delete_broadcast4(st, i, a, &last);
	delete_local4(st, i, a);
}

/* --- IPv6 --- */

/* Linux: a route even for a /128, but none for ::1. That of an announced prefix comes and goes as its router says (ip/ra_prefix.c). */
static bool has_prefix6(const struct addr *a)
{
	static const struct ipaddr loopback = { .b = { [15] = 1 } };
	return !(a->flags & IFA_F_NOPREFIXROUTE) && a->origin == ADDR_ADMIN &&
	       !ipaddr_eq(&a->local, &loopback);
}

/* Linux: check_cleanup_prefix_route(). An address that a router brought speaks for the prefix, too. */
static bool needs_prefix6(const struct addr *o, const struct addr *a)
{
	return o->family == AF_INET6 && o->plen == a->plen && !(o->flags & IFA_F_NOPREFIXROUTE) &&
	       (has_prefix6(o) || o->origin != ADDR_ADMIN) && addr_same_prefix(&o->local, &a->local, a->plen);
}

static bool is_longer(const struct addr *o, uint64_t until_us)
{
	return until_us &&
	       (addr_is_permanent(o) || o->updated_us + o->valid_s * UINT64_C(1000000) > until_us);
}

/* When the last of those that need the prefix ends; 0: never. Linux: when the last one that was set does, and what other addresses
 * need is gone too early. */
static uint64_t prefix_until_us(struct leat_stack *st, const struct iface *i, const struct addr *a)
{
	uint64_t until_us = addr_is_permanent(a) ? 0 : a->updated_us + a->valid_s * UINT64_C(1000000);
	for_each_other(o, st, i) if (o != a && needs_prefix6(o, a) && is_longer(o, until_us)) until_us =
		addr_is_permanent(o) ? 0 : o->updated_us + o->valid_s * UINT64_C(1000000);
	return until_us;
}

static void add_prefix6(struct leat_stack *st, const struct iface *i, const struct addr *a)
{
	struct fib_route r;
	if (!(i->flags & IFF_UP))
		return;
	if (has_prefix6(a)) {
		r = prefix6(a, &a->local, a->plen);
		r.until_us = prefix_until_us(st, i, a);
		add(st, &r);
		fib_set_until(st, &r);
	}
}

static void add6(struct leat_stack *st, const struct iface *i, const struct addr *a)
{
	struct fib_route r = kernel_route(a, RTN_LOCAL, &a->local, 128);
	add_prefix6(st, i, a);
	if (addr_is_ours(a))
		add(st, &r);
	if (i->flags & IFF_UP && !ipaddr_is_zero(&a->peer)) {
		r = prefix6(a, &a->peer, 128);
		add(st, &r);
	}
}

static void delete6(struct leat_stack *st, const struct iface *i, const struct addr *a)
{
	struct fib_route r;
	bool shared = false;
	if (!ipaddr_is_zero(&a->peer)) {
		r = prefix6(a, &a->peer, 128);
		fib_delete(st, &r);
	}
	r = kernel_route(a, RTN_LOCAL, &a->local, 128);
	fib_delete(st, &r);
	fib_source_gone(st, AF_INET6, &a->local);
	for_each_other(o, st, i) shared |= needs_prefix6(o, a);
	if (!shared && has_prefix6(a)) {
		r = prefix6(a, &a->local, a->plen);
		fib_delete(st, &r);
	}
}

/* Linux: inet_rtm_newaddr() and modify_prefix_route(): of what a change bears on, the prefix's route alone. */
void addr_prefix_routes_change(struct leat_stack *st, const struct addr *a, const struct addr *was)
{
	const struct iface *i = iface_by_handle(st, a->if_handle);
	struct fib_route r;
	if (!i || !stack_state(st, MODULE_fib) || !(i->flags & IFF_UP))
		return;
	if (a->family == AF_INET) {
		bool shown = has_prefix4(a) && !(a->flags & IFA_F_NOPREFIXROUTE);
		if (!shown || a->metric == was->metric)
			return;
		r = prefix4(a, i);
		add(st, &r);
		r = prefix4(was, i);
		fib_delete(st, &r);
		return;
	}
	if (has_prefix6(was) && (!has_prefix6(a) || a->metric != was->metric)) {
		r = prefix6(was, &a->local, a->plen);
		fib_delete(st, &r);
	}
	add_prefix6(st, i, a);
}

/* --- */

void addr_prefix_routes_add(struct leat_stack *st, const struct addr *a)
{
	const struct iface *i = iface_by_handle(st, a->if_handle);
	if (i && a->family == AF_INET6 && stack_state(st, MODULE_fib))
		add_prefix6(st, i, a);
}

void addr_routes_add(struct leat_stack *st, const struct addr *a)
{
	const struct iface *i = iface_by_handle(st, a->if_handle);
	if (!i || !stack_state(st, MODULE_fib))
		return;
	if (a->family == AF_INET)
		add4(st, i, a);
	else
		add6(st, i, a);
}

void addr_routes_delete(struct leat_stack *st, const struct addr *a)
{
	const struct iface *i = iface_by_handle(st, a->if_handle);
	if (!i || !stack_state(st, MODULE_fib))
		return;
	if (a->family == AF_INET)
		delete4(st, i, a);
	else
		delete6(st, i, a);
}

void addr_group_route_add(struct leat_stack *st, const struct iface *i)
{
	const struct addr link = { .family = AF_INET6, .if_handle = i->handle, .st = st };
	const struct ipaddr all = { .b = { 0xff } };
	struct fib_route r = kernel_route(&link, RTN_MULTICAST, &all, 8);
	r.metric = METRIC_ADDRCONF;
	if (stack_state(st, MODULE_fib))
		add(st, &r);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* What interfaces that come and go do to addresses, as Linux does it. The loopback gets 127.0.0.1/8 and ::1/128 when it comes
 * up. Another gets its link-local IPv6 address when it is up and has carrier (RFC 4862, 5.3), made as addr_gen_mode says
 * (addr_gen.c). IPv4 addresses outlive an interface that goes down; IPv6 addresses go, unless they are to be kept. */
#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "net/addr_gen.h"
#include "net/ctl_fill.h"
#include "net/netconf_ctl.h"

enum { IP6_LINK_MTU_MIN = 1280 }; /* RFC 8200, 5 */

static void loopback_up(struct leat_stack *st, const struct iface *i)
{
	struct addr a = {
		.if_handle = i->handle,
		.family = AF_INET,
		.plen = 8,
		.scope = RT_SCOPE_HOST,
		.local = { .b = { 127, 0, 0, 1 } },
		.valid_s = UINT32_MAX,
		.preferred_s = UINT32_MAX,
		.proto = IFAPROT_KERNEL_LO,
	};
	snprintf(a.label, sizeof a.label, "%s", i->name);
	addr_add(st, &a, false);
	a.family = AF_INET6;
	a.plen = 128;
	a.local = (struct ipaddr){ .b = { [15] = 1 } };
	a.label[0] = 0;
	addr_add(st, &a, false);
}

static bool has_link_local(struct leat_stack *st, const struct iface *i)
{
	for (const struct addr *a = addr_first(st, i); a; a = addr_next(st, i, a))
		if (a->family == AF_INET6 && ip6_is_link_local(&a->local.v6))
			return true;
	return false;
}

/* As addr_gen_mode says. False: there is none to be made. */
static bool make_link_local(struct leat_stack *st, struct iface *i, struct addr *a)
{
	a->local = (struct ipaddr){ .b = { 0xfe, 0x80 } };
	if (i->conf.addr_gen_mode == IN6_ADDR_GEN_MODE_EUI64)
		return addr_gen_eui64(i, &a->local.v6);
	a->flags |= IFA_F_STABLE_PRIVACY;
	return addr_gen_is_stable(st, i) && addr_gen_stable(st, i, 0, &a->local.v6);
}

static void link_ready(struct leat_stack *st, struct iface *i)
{
	struct addr a = {
		.if_handle = i->handle,
		.family = AF_INET6,
		.plen = 64,
		.valid_s = UINT32_MAX,
		.preferred_s = UINT32_MAX,
		.proto = IFAPROT_KERNEL_LL,
	};
	if (i->hw_type != ARPHRD_ETHER || i->mtu < IP6_LINK_MTU_MIN || i->conf.ip6.disable)
		return;
	i->in6.ready = true;
	if (i->l3_table) /* Linux: a VRF has no link */
		return;
	addr_group_route_add(st, i);
	/* Linux: a host, by leave of its settings, uses what it tests meanwhile */
	if (i->conf.ip6.optimistic_dad && !i->conf.forward6)
		a.flags |= IFA_F_OPTIMISTIC;
	if (!has_link_local(st, i) && make_link_local(st, i, &a))
		addr_add(st, &a, false);
}

static void on_up(struct leat_stack *st, struct iface *i)
{
	if (i->flags & IFF_LOOPBACK)
		loopback_up(st, i);
	for (const struct addr *a = addr_first(st, i); a; a = addr_next(st, i, a))
		addr_routes_add(st, a);
	if (iface_is_up(i))
		link_ready(st, i);
}

/* The routes of the interface are gone already: fib is told before us. */
static void remove_all(struct leat_stack *st, const struct iface *i, bool with_ip4)
{
	for (struct addr *a = addr_first(st, i); a;) {
		if (a->family == AF_INET && !with_ip4) {
			a = addr_next(st, i, a);
			continue;
		}
		addr_remove(st, a);
		a = addr_first(st, i);
	}
}

/* Linux: with keep_addr_on_down, what a person set up stays, but for link-local addresses; it is tested again. */
static bool is_kept(const struct iface *i, const struct addr *a)
{
	return i->conf.ip6.keep_addr_on_down > 0 && !i->conf.ip6.disable && addr_is_permanent(a) &&
	       !ip6_is_link_local(&a->local.v6);
}

static void on_down(struct leat_stack *st, struct iface *i)
{
	i->in6.ready = false;
	for (struct addr *a = addr_first(st, i); a;) {
		if (a->family == AF_INET6 && !is_kept(i, a)) {
			addr_remove(st, a);
			a = addr_first(st, i); /* temporary ones may have gone along */
			continue;
		}
		if (a->family == AF_INET6 && addr_needs_test(st, i, a))
			racy_set(a->flags, (a->flags | IFA_F_TENTATIVE) & ~(uint32_t)IFA_F_DADFAILED);
		a = addr_next(st, i, a);
	}
}

void addr_ip6_switched(struct iface *i)
{
	struct leat_stack *st = i->st;
	if (i->conf.ip6.disable) {
		i->in6.ready = false;
		remove_all(st, i, false);
		fib_flush_iface(st, AF_INET6, i->handle);
	} else if (i->flags & IFF_UP) {
		on_up(st, i);
	}
	iface_changed(i);
}

/* Linux: addrconf_ifdown(): IPv6 has no business with so small an MTU, and but for the loopback's, its switches go, too. */
static void leave_ip6(struct leat_stack *st, struct iface *i)
{
	i->in6.ready = false;
	if (stack_state(st, MODULE_fib))
		fib_flush_iface(st, AF_INET6, i->handle);
	remove_all(st, i, false);
	if (i->flags & IFF_LOOPBACK || i->in6.gone)
		return;
	i->in6.gone = true;
	netconf_tell_ip6(i, RTM_DELNETCONF);
}

static void enter_ip6(struct leat_stack *st, struct iface *i)
{
	if (i->in6.gone) {
		i->in6.gone = false;
		netconf_tell_ip6(i, RTM_NEWNETCONF);
	}
	if (iface_is_up(i) && !i->in6.ready)
		link_ready(st, i);
}

static void on_changed(struct leat_stack *st, struct iface *i)
{
	if (i->mtu < IP6_LINK_MTU_MIN)
		leave_ip6(st, i);
	else
		enter_ip6(st, i);
}

/* As Linux does it: the first address gets the bare name, the others keep what stands behind the colon or are numbered. */
static void relabel(struct addr *a, const char *ifname, unsigned nth)
{
	char tail[sizeof a->label] = "";
	const char *colon = strchr(a->label, ':');
	if (nth > 1 && colon)
		memcpy(tail, colon, strlen(colon));
	else if (nth > 1)
		snprintf(tail, sizeof tail, ":%u", nth);
	size_t room = sizeof a->label - 1 - strlen(tail); /* a long name is cut, the tail stays whole */
	size_t n = MIN(strlen(ifname), room);
	memcpy(a->label, ifname, n);
	memcpy(a->label + n, tail, strlen(tail) + 1);
}

static void on_renamed(struct leat_stack *st, const struct iface *i)
{
	unsigned nth = 0;
	for (struct addr *a = addr_first(st, i); a; a = addr_next(st, i, a)) {
		if (a->family != AF_INET)
			continue;
		relabel(a, i->name, ++nth);
		addr_tell(st, RTM_NEWADDR, a);
	}
}

/* Linux: addrconf_dad_run(); those that need no test pass it at once, and are told of. */
static void on_arp(struct leat_stack *st, const struct iface *i)
{
	for (struct addr *a = addr_first(st, i); i->in6.ready && a; a = addr_next(st, i, a))
		if (a->family == AF_INET6 && !(a->flags & IFA_F_TENTATIVE))
			addr_tell(st, RTM_NEWADDR, a);
}

void addr_on_iface(struct iface_watch *w, struct iface *i, enum iface_event e)
{
	switch (e) {
	case IFACE_UP:
		on_up(i->st, i);
		break;
	case IFACE_CHANGED:
		on_changed(i->st, i);
		break;
	case IFACE_RENAMED:
		on_renamed(i->st, i);
		break;
	case IFACE_DOWN:
		on_down(i->st, i);
		break;
	case IFACE_GOING:
		remove_all(i->st, i, true);
		if (stack_state(i->st, MODULE_fib))
			fib_flush_iface(i->st, AF_INET, i->handle);
		break;
	case IFACE_ARP:
		on_arp(i->st, i);
		break;
	case IFACE_ADDED:
	case IFACE_MAC:
		break;
	}
}

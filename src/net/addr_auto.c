/* SPDX-License-Identifier: BSD-2-Clause */
/* What interfaces that come and go do to addresses, as Linux does it. The loopback gets 127.0.0.1/8 and ::1/128 when it comes
 * up. Another gets its link-local IPv6 address when it is up and has carrier (RFC 4862, 5.3), made from its MAC (RFC 4291,
 * appendix A) if addr_gen_mode says eui64. IPv4 addresses outlive an interface that goes down; IPv6 addresses go. */
#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "net/addr_internal.h"
#include "net/ctl_fill.h"

enum { IP6_LINK_MTU_MIN = 1280 }; /* RFC 8200, 5 */

#ifndef IFAPROT_KERNEL_LO
enum { IFAPROT_KERNEL_LO = 1, IFAPROT_KERNEL_RA, IFAPROT_KERNEL_LL };
#endif

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

static struct ip6 link_local_of(const uint8_t mac[6])
{
	return (struct ip6){ { 0xfe, 0x80, 0, 0, 0, 0, 0, 0, mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe, mac[3],
			       mac[4], mac[5] } };
}

static bool has_link_local(struct leat_stack *st, const struct iface *i)
{
	for (const struct addr *a = addr_first(st, i); a; a = addr_next(st, i, a))
		if (a->family == AF_INET6 && ip6_is_link_local(&a->local.v6))
			return true;
	return false;
}

static void link_ready(struct leat_stack *st, const struct iface *i)
{
	struct addr a = {
		.if_handle = i->handle,
		.family = AF_INET6,
		.plen = 64,
		.local = { .v6 = link_local_of(i->mac) },
		.valid_s = UINT32_MAX,
		.preferred_s = UINT32_MAX,
		.proto = IFAPROT_KERNEL_LL,
	};
	if (i->hw_type != ARPHRD_ETHER || i->mtu < IP6_LINK_MTU_MIN)
		return;
	addr_group_route_add(st, i);
	if (i->conf.addr_gen_mode == IN6_ADDR_GEN_MODE_EUI64 && !has_link_local(st, i))
		addr_add(st, &a, false);
}

static void on_up(struct leat_stack *st, const struct iface *i)
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

static void on_changed(struct leat_stack *st, const struct iface *i)
{
	if (i->mtu < IP6_LINK_MTU_MIN)
		remove_all(st, i, false);
	else if (iface_is_up(i))
		link_ready(st, i);
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
		remove_all(i->st, i, false);
		break;
	case IFACE_GOING:
		remove_all(i->st, i, true);
		break;
	case IFACE_ADDED:
	case IFACE_MAC:
		break;
	}
}

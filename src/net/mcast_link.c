/* SPDX-License-Identifier: BSD-2-Clause */
/* Linux: igmp_group_added(), igmp6_group_added() and what an interface that comes up or goes down makes of them. IPv4's groups are heard
 * while the interface is up; IPv6's from when they come, but for when it is down again. What every node listens to (the groups of all
 * hosts) is no group here, and is heard likewise. */
#include "net/mcast_link.h"

#include <sys/socket.h>

#include "net/hw_list.h"

static const struct ipaddr all_nodes[] = { { .b = { 224, 0, 0, 1 } }, { .b = { 0xff, 0x02, [15] = 1 } } };

static void hear_all_nodes(struct iface *i, uint8_t family, bool hear)
{
	bool *heard = &i->hears_all[family == AF_INET6];
	uint8_t mac[6];
	if (hear == *heard || !hw_of_group(i, family, &all_nodes[family == AF_INET6], mac))
		return;
	if (hear && hw_list_add(i, HW_GROUPS, mac, HW_FOR_GROUP))
		return;
	if (!hear)
		hw_list_remove(i, HW_GROUPS, mac, HW_FOR_GROUP);
	*heard = hear;
}

static void hear(struct iface *i, struct mcast_group *g, bool hear)
{
	uint8_t mac[6];
	if (hear == g->loaded || !hw_of_group(i, g->family, &g->addr, mac))
		return;
	if (hear && hw_list_add(i, HW_GROUPS, mac, HW_FOR_GROUP))
		return;
	if (!hear)
		hw_list_remove(i, HW_GROUPS, mac, HW_FOR_GROUP);
	g->loaded = hear;
}

void mcast_link_came(struct iface *i, struct mcast_group *g)
{
	if (g->family == AF_INET6 || i->flags & IFF_UP)
		hear(i, g, true);
}

void mcast_link_gone(struct iface *i, struct mcast_group *g)
{
	hear(i, g, false);
}

/* The youngest first, as Linux's lists are. */
static void hear_all(struct iface *i, uint8_t family, bool yes)
{
	const struct mcast_group *g = NULL;
	while ((g = mcast_before(i->st, g)))
		if (g->if_handle == i->handle && g->family == family)
			hear(i, (struct mcast_group *)g, yes);
}

static void iface_event(struct iface_watch *w, struct iface *i, enum iface_event e)
{
	if (e == IFACE_ADDED)
		hear_all_nodes(i, AF_INET6, true);
	if (e == IFACE_UP) {
		hear_all_nodes(i, AF_INET, true);
		hear_all(i, AF_INET, true);
		hear_all(i, AF_INET6, true);
		hear_all_nodes(i, AF_INET6, true);
	}
	if (e == IFACE_DOWN) {
		hear_all(i, AF_INET, false);
		hear_all_nodes(i, AF_INET, false);
		hear_all(i, AF_INET6, false);
		hear_all_nodes(i, AF_INET6, false);
	}
}

/* Addresses, which come with their groups, come after the groups of all nodes. */
void mcast_link_init(struct leat_stack *st, struct iface_watch *w)
{
	w->event = iface_event;
	iface_watch_add_first(st, w);
	for (struct iface *i = iface_next(st, 0); i; i = iface_next(st, i->ifindex)) {
		iface_event(w, i, IFACE_ADDED);
		if (i->flags & IFF_UP)
			iface_event(w, i, IFACE_UP);
	}
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The multicast groups an endpoint is in. Like everything of an endpoint, called with the workers between turns. */
#ifndef LEAT_L4_GROUP_H
#define LEAT_L4_GROUP_H

#include "l4/l4.h"
#include "net/mcast.h"

/* One of them: read by any worker within a turn. */
struct l4_membership {
	struct l4_membership *next;
	uint32_t if_handle;
	uint8_t family;
	bool exclude; /* the mode asked for, whatever the list */
	struct ipaddr group;
	struct mcast_listener listener;
};

struct l4_membership *l4_group_find(const struct l4_end *e, uint8_t family, const struct ipaddr *group,
				    uint32_t if_handle); /* NULL: not in it */
unsigned l4_group_count(const struct l4_end *e, uint8_t family);
/* Hears the group from now on: everything (exclude), or nothing until l4_group_want() names sources. 0, -EADDRINUSE, -EINVAL,
 * -ENOMEM. */
int l4_group_join(struct l4_end *e, const struct iface *i, uint8_t family, const struct ipaddr *group,
		  bool exclude);
int l4_group_want(struct l4_end *e, struct l4_membership *m, bool exclude, const struct ipaddr *src,
		  uint32_t n);
void l4_group_leave(struct l4_end *e, struct l4_membership *m);
void l4_groups_leave(struct l4_end *e); /* all of them */

/* Does e want a packet from `from` to `to`? What is for no group it does. Worker. */
bool l4_group_hears(const struct l4_end *e, uint32_t in_if, const struct ip6 *to, const struct ip6 *from);

#endif

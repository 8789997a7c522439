/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LEAT_NET_NETCONF_CTL_H
#define LEAT_NET_NETCONF_CTL_H

#include "nlmsg/family.h"

/* The knob has been written: whose, by index, NETCONFA_IFINDEX_ALL or NETCONFA_IFINDEX_DEFAULT. */
void netconf_tell_forwarding(struct leat_stack *st, uint8_t family, int32_t ifindex);

void netconf_tell_linkdown(struct leat_stack *st, uint8_t family,
			   int32_t ifindex); /* ignore_routes_with_linkdown */

struct iface;
/* All switches of an interface, of either family: it has come (RTM_NEWNETCONF), or goes (RTM_DELNETCONF). */
void netconf_tell_iface(const struct iface *i, uint16_t type);

void netconf_tell_renamed(const struct iface *i); /* Linux: they go, and come under the new name */

void netconf_tell_ip6(const struct iface *i, uint16_t type); /* of that family alone */

extern const struct nl_family netconf_family, netconf4_family, netconf6_family;

#endif

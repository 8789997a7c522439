/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LEAT_NET_LINK_FILL_H
#define LEAT_NET_LINK_FILL_H

#include "net/iface.h"
#include "nlmsg/nlmsg.h"

struct link_view {
	const struct iface *i;
	uint32_t change; /* ifi_change */
	uint32_t ext_mask; /* RTEXT_FILTER_* */
	uint8_t family; /* AF_INET6: only what neighbour discovery's side of an interface has to say */
	uint16_t nlm_flags;
	uint32_t event; /* IFLA_EVENT_*: what it is told for; 0: it does not matter */
};
/* One RTM_NEWLINK or RTM_DELLINK. 0 or -EMSGSIZE. */
int link_put(struct nl_buf *b, uint16_t type, uint32_t seq, uint32_t portid, const struct link_view *v);
void link_stats64(const struct iface *i, struct rtnl_link_stats64 *ret);
/* What Linux calls that kind of device in IFLA_INFO_KIND; NULL: it has no name for it. */
const char *link_kind_of(const struct iface *i);

/* RTNLGRP_IPV6_IFINFO: what IPv6 keeps of it has changed. */
void link_tell6(const struct iface *i);

/* Whether its device sets no bound to large packets but Linux's own. */
bool link_takes_large_segments(const struct iface *i);

#endif

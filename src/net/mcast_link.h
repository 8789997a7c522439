/* SPDX-License-Identifier: BSD-2-Clause */
/* Which of its groups an interface's link layer hears (net/hw_list.h). Control lcore. */
#ifndef LEAT_NET_MCAST_LINK_H
#define LEAT_NET_MCAST_LINK_H

#include "net/mcast.h"

void mcast_link_came(struct iface *i, struct mcast_group *g);
void mcast_link_gone(struct iface *i, struct mcast_group *g);
void mcast_link_init(struct leat_stack *st, struct iface_watch *w);

#endif

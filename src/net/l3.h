/* SPDX-License-Identifier: BSD-2-Clause */
/* L3 master devices (VRF): interfaces that stand for a routing table. Those that are enslaved to one have their addresses and routes in
 * that table, and what comes by them is routed by it; a rule (priority 1000) says so. */
#ifndef LEAT_NET_L3_H
#define LEAT_NET_L3_H

#include "net/iface.h"

/* --- any worker, within a turn --- */

/* The VRF that an interface belongs to, itself if it is one; NULL: none. */
static inline const struct iface *l3_master_of(const struct worker *w, uint32_t if_handle)
{
	const struct iface *i = if_handle ? iface_get(w, if_handle) : NULL;
	if (!i || unlikely(racy_get(i->l3_table)))
		return i;
	uint32_t master = racy_get(i->l3_master);
	return unlikely(master) ? iface_get(w, master) : NULL;
}
static inline uint32_t l3_handle_of(const struct worker *w, uint32_t if_handle)
{
	const struct iface *vrf = l3_master_of(w, if_handle);
	return unlikely(vrf != NULL) ? vrf->handle : 0;
}
static inline bool l3_is_master(const struct worker *w, uint32_t if_handle)
{
	const struct iface *i = if_handle ? iface_get(w, if_handle) : NULL;
	return i && racy_get(i->l3_table);
}

/* --- control lcore --- */

/* A new interface stands for that table. 0 or -ENOMEM. The first one makes the rules. */
int l3_begin(struct iface *vrf, uint32_t table);
/* Enslaves i, or, with master NULL, frees it. Linux: an interface that is up goes down and comes up again, so that its addresses and
 * routes are made anew. 0 or -EINVAL: that is no VRF, or i is one itself. */
int l3_enslave(struct iface *i, struct iface *master);
/* Frees those that are enslaved to a VRF that goes. */
void l3_end(struct iface *vrf);
/* The tables come and go with the module that has them. */
int l3_find_tables(struct leat_stack *st); /* 0 or -ENOMEM */
void l3_lose_tables(struct leat_stack *st);
/* The table for the addresses and routes of i: of its VRF, or the one given. */
uint32_t l3_table_of(struct leat_stack *st, uint32_t if_handle, uint32_t otherwise);

#endif

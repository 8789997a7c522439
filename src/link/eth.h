/* SPDX-License-Identifier: BSD-2-Clause */
/* The Ethernet module: what the files of this room share, and what it is asked from outside. Protocols above Ethernet need
 * only net/ethertype.h. */
#ifndef LEAT_LINK_ETH_H
#define LEAT_LINK_ETH_H

#include "net/ethertype.h"
#include "net/iface.h"

struct eth_stack {
	struct ethertypes types; /* first: net/ethertype.h finds it here */
	uint16_t neigh_resume; /* number of the node at which packets that waited for a neighbour go on */
};

static inline struct eth_stack *eth_stack(const struct leat_stack *st)
{
	return stack_state(st, MODULE_eth);
}

/* neigh_output.c */
extern const struct node neigh_output_node, neigh_resume_node;

extern const struct module eth_module;

#endif

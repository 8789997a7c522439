/* SPDX-License-Identifier: BSD-2-Clause */
/* Who takes which EtherType: a protocol names its node here, and frames of that type come to it from eth-demux with data at
 * the network header. eth-demux drops only what is for another station: broadcast and multicast frames come too, with
 * PKT_F_L2_BROADCAST or PKT_F_L2_MULTICAST, and whether to heed them is the node's business. The table is the eth module's;
 * protocols know no more of Ethernet than this file. */
#ifndef LEAT_NET_ETHERTYPE_H
#define LEAT_NET_ETHERTYPE_H

#include "graph/node.h"

enum { ETHERTYPES_MAX = 16 };

/* The first member of the eth module's stack state.
 * Read: any worker, per packet.   Write: control lcore, workers between turns. */
struct ethertypes {
	unsigned n;
	struct {
		uint16_t type;
		uint8_t edge; /* of eth-demux */
		const char *node;
	} row[ETHERTYPES_MAX];
};

/* In a module's init and unlink. 0, -EEXIST, -ENOBUFS (no room, or no memory); 0 without effect in a stack without Ethernet. `node` is borrowed. */
int ethertype_add(struct leat_stack *st, uint16_t type, const char *node);
void ethertype_remove(struct leat_stack *st, uint16_t type);

#endif

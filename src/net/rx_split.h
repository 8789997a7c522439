/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the payload of a received frame begins (W:B4). Each protocol says it for itself; a driver that is told to split puts what is
 * in front into the head buffer and the payload at the start of a page, from where it can be handed on without a copy. */
#ifndef LEAT_NET_RX_SPLIT_H
#define LEAT_NET_RX_SPLIT_H

#include "net/iface.h"

/* The length of a message's header: bytes from the transport header on, which is the first in c; of those not all need to
 * be there. 0: this one is not to be split. */
typedef uint32_t rx_split_fn(struct cursor c);

/* A protocol, and those of its ports that have more to say: port 0 for all others. `port` is a frame's destination, host order. */
struct rx_split_rule {
	uint8_t proto;
	uint16_t port;
	rx_split_fn *fn;
};
/* Control lcore. 0, -EEXIST, -ENOSPC. */
int rx_split_add(struct leat_stack *st, const struct rx_split_rule *rule);
void rx_split_remove(struct leat_stack *st, const struct rx_split_rule *rule);

/* Worker: bytes of a frame, Ethernet header and all, in front of its payload; 0: nobody says where that is. Fragments have none. */
uint32_t rx_split_at(const struct leat_stack *st, const uint8_t *frame, uint32_t len);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* The flow hash: the same for both directions of a flow, so that both meet the same worker. It is the Toeplitz hash that devices
 * compute whose input was made symmetric as Linux's RXH_XFRM_SYM_OR_XOR says (<linux/ethtool.h>), so a device that can do that
 * may be given the stack's key and spread as software does. */
#ifndef LEAT_NET_FLOW_H
#define LEAT_NET_FLOW_H

#include "pkt/pkt.h"

/* Hash of the flow whose IP header is the next thing in c; ethertype says which. Never 0 for a flow; 0 for what has none and
 * stays where it arrives: no IP, neighbour discovery, less than an IP header. TCP, UDP, UDP-Lite, SCTP and DCCP count
 * their ports; fragments, which may lack them, and all else only the addresses. */
uint32_t flow_hash(const struct toeplitz *key, uint16_t ethertype, struct cursor c);

#endif

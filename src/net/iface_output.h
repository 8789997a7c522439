/* SPDX-License-Identifier: BSD-2-Clause */
/* The last node: what is left of a packet's way before a driver gets it. */
#ifndef LEAT_NET_IFACE_OUTPUT_H
#define LEAT_NET_IFACE_OUTPUT_H

#include "graph/node.h"

/* "iface-output": frames for out_if, data at the Ethernet header. */
extern const struct node iface_output_node;

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* ARP for IPv4 over Ethernet. Everybody meets it through the neighbour table. */
#ifndef LEAT_LINK_ARP_H
#define LEAT_LINK_ARP_H

#include "core/module.h"

extern const struct module arp_module;

#endif

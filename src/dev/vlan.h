/* SPDX-License-Identifier: BSD-2-Clause */
/* VLANs: IEEE 802.1Q and 802.1ad, nested to any depth (W:L3). `ip link add link eth0 name eth0.5 type vlan id 5`. */
#ifndef LEAT_DEV_VLAN_H
#define LEAT_DEV_VLAN_H

#include "net/iface.h"

/* Of an interface of kind "vlan". Control lcore. */
uint16_t vlan_id_of(const struct iface *i);

extern const struct module vlan_module;

#endif

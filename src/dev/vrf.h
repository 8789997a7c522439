/* SPDX-License-Identifier: BSD-2-Clause */
/* A VRF: an interface that stands for a routing table (net/l3.h). What this stack sends to itself in the VRF goes through it, as
 * through a loopback of its own. */
#ifndef LEAT_DEV_VRF_H
#define LEAT_DEV_VRF_H

#include "net/iface.h"

extern const struct iface_kind vrf_kind; /* `vrf:NAME,table=N` */

#endif

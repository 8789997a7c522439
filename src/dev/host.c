/* SPDX-License-Identifier: BSD-2-Clause */
#include "dev/host.h"

#include "dev/hostdev.h"

void dev_host_register(struct leat_stack *st, struct dev_host *h)
{
	h->af_packet = (struct iface_kind){ .name = "af_packet", .open = af_packet_open };
	h->af_xdp = (struct iface_kind){ .name = "af_xdp", .open = af_xdp_open };
	h->tap = (struct iface_kind){ .name = "tap", .open = tap_open };
	iface_kind_add(st, &h->af_packet);
	iface_kind_add(st, &h->af_xdp);
	iface_kind_add(st, &h->tap);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "dev/loopback.h"

#include <linux/if_arp.h>

#include "dev/cross.h"

enum { LOOPBACK_IFINDEX = 1, LOOPBACK_MTU = 65536 };

/* Not at once: an answer to an answer to oneself would keep the turn from ending. */
static void loopback_xmit(struct iface *ifc, struct worker *w, struct pkt *const *p, unsigned n)
{
	dev_cross(w, ifc, w, ifc->handle, p, n);
}

static int loopback_set_mac(struct iface *ifc, const uint8_t mac[6])
{
	return 0;
}

static const struct iface_ops loopback_ops = {
	.kind = "loopback",
	.inward = true,
	.stateless = true,
	.large_segments = true,
	.xmit = loopback_xmit,
	.set_mac = loopback_set_mac,
};

int loopback_new(struct leat_stack *st, struct iface **ret)
{
	const struct iface_new how = { .name = "lo",
				       .ifindex = LOOPBACK_IFINDEX,
				       .ops = &loopback_ops,
				       .hw_type = ARPHRD_LOOPBACK,
				       .flags = IFF_LOOPBACK,
				       .features = IFACE_TX_CSUM | IFACE_TX_TSO4 | IFACE_TX_TSO6 |
						   IFACE_TX_USO | IFACE_TX_SG,
				       .mtu = LOOPBACK_MTU };
	return iface_add(st, &how, ret);
}

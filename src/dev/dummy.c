/* SPDX-License-Identifier: BSD-2-Clause */
#include "dev/dummy.h"

#include <stdio.h>
#include <string.h>

#include <linux/if_arp.h>
#include <linux/if_ether.h>

#include "dev/options.h"

/* Counted by iface-output, as all that leaves. */
static void dummy_xmit(struct iface *ifc, struct worker *w, struct pkt *const *p, unsigned n)
{
	pkt_free_bulk(w->lc, p, n);
}

static int dummy_set_mac(struct iface *ifc, const uint8_t mac[6])
{
	return 0; /* also while up */
}

static void dummy_describe(const struct iface *ifc, char *to, size_t len)
{
	snprintf(to, len, "dummy:%s", ifc->name);
}

static const struct iface_ops dummy_ops = {
	.kind = "dummy",
	.stateless = true,
	.carrier_settable = true,
	.xmit = dummy_xmit,
	.set_mac = dummy_set_mac,
	.describe = dummy_describe,
};

/* Linux: dummy_setup() */
static int dummy_open(struct leat_stack *st, const char *ifname, const char *options, char *ret_why,
		      size_t why_len)
{
	static const struct dev_option none[] = { { 0 } };
	struct iface_new how = { .ops = &dummy_ops,
				 .hw_type = ARPHRD_ETHER,
				 .flags = IFF_BROADCAST | IFF_NOARP,
				 .features = IFACE_TX_CSUM | IFACE_TX_TSO4 | IFACE_TX_TSO6 | IFACE_TX_USO |
					     IFACE_TX_SG | IFACE_TX_VLAN,
				 .mtu = ETH_DATA_LEN };
	struct iface *i;
	int err = dev_options(none, options, NULL, ret_why, why_len);
	if (err)
		return err;
	snprintf(how.name, sizeof how.name, "%s", ifname);
	st->rt->ops->random(st->rt, how.mac, sizeof how.mac);
	how.mac[0] = (uint8_t)((how.mac[0] & 0xfc) | 2);
	err = iface_add(st, &how, &i);
	if (err)
		snprintf(ret_why, why_len, "%s", strerror(-err));
	return err;
}

const struct iface_kind dummy_kind = { .name = "dummy", .open = dummy_open };

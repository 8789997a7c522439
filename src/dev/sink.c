/* SPDX-License-Identifier: BSD-2-Clause */
#include "dev/sink.h"

#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <string.h>

#include "dev/options.h"

/* Counted by iface-output, as all that leaves. */
static void sink_xmit(struct iface *ifc, struct worker *w, struct pkt *const *p, unsigned n)
{
	pkt_free_bulk(w->lc, p, n);
}

static int sink_set_mac(struct iface *ifc, const uint8_t mac[6])
{
	return 0;
}

static void sink_describe(const struct iface *ifc, char *to, size_t len)
{
	snprintf(to, len, "sink:%s", ifc->name);
}

static const struct iface_ops sink_ops = {
	.kind = "sink",
	.xmit = sink_xmit,
	.set_mac = sink_set_mac,
	.describe = sink_describe,
};

int sink_new(struct leat_stack *st, const char *name, struct iface **ret)
{
	struct iface_new how = { .ops = &sink_ops,
				 .hw_type = ARPHRD_ETHER,
				 .flags = IFF_BROADCAST | IFF_MULTICAST,
				 .features = IFACE_TX_CSUM | IFACE_TX_TSO4 | IFACE_TX_TSO6 | IFACE_TX_USO |
					     IFACE_TX_SG,
				 .mtu = ETH_DATA_LEN,
				 .mtu_min = ETH_MIN_MTU,
				 .mtu_max = ETH_MAX_MTU };
	snprintf(how.name, sizeof how.name, "%s", name);
	st->rt->ops->random(st->rt, how.mac, sizeof how.mac);
	how.mac[0] = (uint8_t)((how.mac[0] & 0xfc) | 2);
	return iface_add(st, &how, ret);
}

struct sink_words {
	uint8_t mac[6];
};
static const struct dev_option sink_options[] = {
	{ "mac", DEV_OPT_MAC, offsetof(struct sink_words, mac), 0, 0 },
	{ 0 },
};

static int sink_open(struct leat_stack *st, const char *ifname, const char *options, char *ret_why,
		     size_t why_len)
{
	static const struct sink_words none;
	struct sink_words o = none;
	struct iface *i;
	int err = dev_options(sink_options, options, &o, ret_why, why_len);
	if (err)
		return err;
	err = sink_new(st, ifname, &i);
	if (!err && memcmp(&o, &none, sizeof o))
		err = iface_set_mac(i, o.mac);
	if (err)
		snprintf(ret_why, why_len, "%s", strerror(-err));
	return err;
}

const struct iface_kind sink_kind = { .name = "sink", .open = sink_open };

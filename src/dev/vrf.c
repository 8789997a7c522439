/* SPDX-License-Identifier: BSD-2-Clause */
#include "dev/vrf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <linux/if_arp.h>

#include "dev/cross.h"
#include "dev/options.h"
#include "net/l3.h"
#include "nlmsg/nlmsg.h"

enum { VRF_MTU = 65575, VRF_MTU_MIN = 1280 }; /* Linux: vrf_setup() */

/* Not at once: an answer to an answer to oneself would keep the turn from ending. */
static void vrf_xmit(struct iface *ifc, struct worker *w, struct pkt *const *p, unsigned n)
{
	dev_cross(w, ifc, w, ifc->handle, p, n);
}

static int vrf_set_mac(struct iface *ifc, const uint8_t mac[6])
{
	return 0;
}

static void vrf_stop(struct iface *ifc)
{
	l3_end(ifc);
}

static void vrf_describe(const struct iface *ifc, char *to, size_t len)
{
	snprintf(to, len, "vrf:%s,table=%u", ifc->name, ifc->l3_table);
}

static void vrf_fill_info(const struct iface *ifc, struct nl_buf *b)
{
	nl_put_u32(b, IFLA_VRF_TABLE, ifc->l3_table);
}

static const struct iface_ops vrf_ops = {
	.kind = "vrf",
	.inward = true,
	.xmit = vrf_xmit,
	.set_mac = vrf_set_mac,
	.stop = vrf_stop,
	.describe = vrf_describe,
	.fill_info = vrf_fill_info,
};

struct vrf_words {
	uint64_t table;
};
static const struct dev_option vrf_options[] = {
	{ "table", DEV_OPT_U64, offsetof(struct vrf_words, table), 1, UINT32_MAX },
	{ 0 },
};

static int vrf_open(struct leat_stack *st, const char *ifname, const char *options, char *ret_why,
		    size_t why_len)
{
	struct iface_new how = { .ops = &vrf_ops,
				 .hw_type = ARPHRD_ETHER,
				 .flags = IFF_MASTER | IFF_NOARP,
				 .features = IFACE_TX_CSUM | IFACE_TX_TSO4 | IFACE_TX_TSO6 | IFACE_TX_USO |
					     IFACE_TX_SG,
				 .mtu = VRF_MTU,
				 .mtu_min = VRF_MTU_MIN,
				 .mtu_max = VRF_MTU };
	struct vrf_words o = { 0 };
	struct iface *i;
	int err = dev_options(vrf_options, options, &o, ret_why, why_len);
	if (err)
		return err;
	if (!o.table) {
		snprintf(ret_why, why_len, "it needs the number of its routing table: vrf:%s,table=NUMBER",
			 ifname);
		return -EINVAL;
	}
	snprintf(how.name, sizeof how.name, "%s", ifname);
	st->rt->ops->random(st->rt, how.mac, sizeof how.mac);
	how.mac[0] = (uint8_t)((how.mac[0] & 0xfc) | 2);
	err = iface_add(st, &how, &i);
	if (!err) {
		err = l3_begin(i, (uint32_t)o.table);
		if (err)
			iface_delete(i);
	}
	if (err)
		snprintf(ret_why, why_len, "%s", strerror(-err));
	return err;
}

const struct iface_kind vrf_kind = { .name = "vrf", .open = vrf_open };

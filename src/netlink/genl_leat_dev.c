/* SPDX-License-Identifier: BSD-2-Clause */
/* `leat dev`: devices with what Linux has no attribute for. */
#include <errno.h>
#include <stdio.h>

#include "net/iface.h"
#include "netlink/genl_leat.h"

static void put_features(struct nl_buf *b, uint32_t features)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} names[] = { { IFACE_TX_CSUM, "tx-csum" },
		      { IFACE_TX_TSO4, "tx-tso4" },
		      { IFACE_TX_TSO6, "tx-tso6" },
		      { IFACE_TX_USO, "tx-uso" },
		      { IFACE_TX_SG, "tx-sg" } };
	char text[64] = "";
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		if (!(features & names[i].bit))
			continue;
		if (text[0])
			strcat(text, " ");
		strcat(text, names[i].name);
	}
	nl_put_str(b, LEAT_A_FEATURES, text);
}

static void put_counters(struct nl_buf *b, const struct iface *i)
{
	struct iface_worker_stats s;
	iface_stats(i, &s);
	leat_put_u64(b, LEAT_A_RX_PACKETS, s.rx_packets);
	leat_put_u64(b, LEAT_A_RX_BYTES, s.rx_bytes);
	leat_put_u64(b, LEAT_A_RX_DROPPED, s.rx_dropped);
	leat_put_u64(b, LEAT_A_RX_ERRORS, s.rx_errors);
	leat_put_u64(b, LEAT_A_TX_PACKETS, s.tx_packets);
	leat_put_u64(b, LEAT_A_TX_BYTES, s.tx_bytes);
	leat_put_u64(b, LEAT_A_TX_DROPPED, s.tx_dropped);
	leat_put_u64(b, LEAT_A_TX_ERRORS, s.tx_errors);
}

static void put_queues(struct nl_buf *b, const struct iface *i)
{
	struct iface_queue_stats s;
	for (unsigned k = 0; i->ops->queue && i->ops->queue(i, k, &s); k++) {
		size_t nest = nl_nest(b, LEAT_A_QUEUE);
		nl_put_u32(b, LEAT_QUEUE_A_WORKER, s.worker);
		nl_put(b, LEAT_QUEUE_A_RX_PACKETS, &s.rx_packets, sizeof s.rx_packets);
		nl_put(b, LEAT_QUEUE_A_TX_PACKETS, &s.tx_packets, sizeof s.tx_packets);
		nl_put(b, LEAT_QUEUE_A_TX_KICKS, &s.tx_kicks, sizeof s.tx_kicks);
		nl_put(b, LEAT_QUEUE_A_RX_COPIED, &s.rx_copied, sizeof s.rx_copied);
		nl_put(b, LEAT_QUEUE_A_TX_COPIED, &s.tx_copied, sizeof s.tx_copied);
		nl_nest_end(b, nest);
	}
}

static int put_dev(struct nl_req *r, const struct iface *i, uint16_t flags)
{
	struct nl_buf *b = r->reply;
	char words[256] = "";
	leat_begin(r, LEAT_CMD_DEV_GET, flags);
	nl_put_u32(b, LEAT_A_IFINDEX, i->ifindex);
	nl_put_str(b, LEAT_A_IFNAME, i->name);
	nl_put_str(b, LEAT_A_KIND, i->ops->kind);
	if (i->ops->describe)
		i->ops->describe(i, words, sizeof words);
	if (words[0])
		nl_put_str(b, LEAT_A_OPTIONS, words);
	nl_put_u32(b, LEAT_A_FLAGS, i->flags);
	nl_put_u32(b, LEAT_A_MTU, i->mtu);
	nl_put(b, LEAT_A_MAC, i->mac, sizeof i->mac);
	put_features(b, i->features);
	put_counters(b, i);
	words[0] = 0;
	if (i->ops->mode)
		i->ops->mode(i, words, sizeof words);
	if (words[0])
		nl_put_str(b, LEAT_A_MODE, words);
	put_queues(b, i);
	return nl_end(b);
}

static int find_dev(struct nl_req *r, struct iface **ret)
{
	const struct nlattr *index = r->attrs[LEAT_A_IFINDEX], *name = r->attrs[LEAT_A_IFNAME];
	if (!index && !name)
		return nl_missing(r->ext, NULL, LEAT_A_IFNAME, "A device is wanted, by name or index");
	*ret = index ? iface_by_index(r->st, mnl_attr_get_u32(index))
		     : iface_by_name(r->st, mnl_attr_get_str(name));
	return *ret ? 0 : nl_bad(r->ext, index ? index : name, -ENODEV, "There is no such device");
}

int leat_dev_get(struct nl_req *r)
{
	struct iface *i;
	int err = find_dev(r, &i);
	return err ? err : put_dev(r, i, 0);
}

int leat_dev_dump(struct nl_req *r, struct nl_dump *d)
{
	for (struct iface *i; (i = iface_next(r->st, (uint32_t)d->key[0])); d->key[0] = i->ifindex)
		if (put_dev(r, i, NLM_F_MULTI))
			return 1;
	return 0;
}

int leat_dev_add(struct nl_req *r)
{
	const struct nlattr *kind = r->attrs[LEAT_A_KIND], *name = r->attrs[LEAT_A_IFNAME];
	const struct nlattr *options = r->attrs[LEAT_A_OPTIONS];
	char why[NL_EXT_TEXT] = "";
	if (!kind || !name)
		return nl_missing(r->ext, NULL, kind ? LEAT_A_IFNAME : LEAT_A_KIND,
				  "A kind and a name are wanted");
	struct iface_kind *k = iface_kind_find(r->st, mnl_attr_get_str(kind));
	if (!k)
		return nl_bad(r->ext, kind, -EOPNOTSUPP, "There is no such kind of device");
	int err = k->open(r->st, mnl_attr_get_str(name), options ? mnl_attr_get_str(options) : "", why,
			  sizeof why);
	return err && why[0] ? nl_bad_text(r->ext, NULL, err, "%s", why) : err;
}

int leat_dev_del(struct nl_req *r)
{
	struct iface *i;
	int err = find_dev(r, &i);
	if (err)
		return err;
	if (i->flags & IFF_LOOPBACK)
		return nl_bad(r->ext, NULL, -EOPNOTSUPP, "The loopback stays");
	iface_delete(i);
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* `ethtool -k` and `-K`: what leat leaves to a device, or does itself whatever the device can. */
#include <errno.h>

#include "netlink/genl_ethtool.h"

/* In the order of their numbers, by Linux's names (net/ethtool/common.c): what it is of a device, and, where that is nothing because
 * leat does it or has no such thing, whether it is on; then it cannot be switched. */
#define FEATURES(X)                                       \
	X("tx-scatter-gather", IFACE_TX_SG, false)        \
	X("tx-checksum-ip-generic", IFACE_TX_CSUM, false) \
	X("tx-vlan-hw-insert", IFACE_TX_VLAN, false)      \
	X("tx-generic-segmentation", 0, true)             \
	X("tx-tcp-segmentation", IFACE_TX_TSO4, false)    \
	X("tx-tcp6-segmentation", IFACE_TX_TSO6, false)   \
	X("tx-udp-segmentation", IFACE_TX_USO, false)     \
	X("rx-checksum", 0, true)                         \
	X("rx-vlan-hw-parse", 0, true)                    \
	X("rx-gro", 0, false)                             \
	X("rx-lro", 0, false)                             \
	X("rx-ntuple-filter", 0, false)                   \
	X("rx-hashing", 0, false)

static const struct {
	uint32_t feature;
	bool on;
} rows[] = {
#define ROW(name, feature, on) { feature, on },
	FEATURES(ROW)
#undef ROW
};
static const char *const names[] = {
#define ROW(name, feature, on) name,
	FEATURES(ROW)
#undef ROW
};
const struct ethtool_bits ethtool_feature_bits = { names, ARRAY_SIZE(names) };

/* The rows of features, and of what is always on. */
static uint32_t bits_of(uint32_t features, bool fixed)
{
	uint32_t ret = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].feature ? features & rows[i].feature : fixed && rows[i].on)
			ret |= 1u << i;
	return ret;
}

static uint32_t features_of(uint32_t bits)
{
	uint32_t ret = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		if (bits >> i & 1)
			ret |= rows[i].feature;
	return ret;
}

static void put_sets(struct nl_buf *b, const struct iface *i, bool compact)
{
	const uint32_t all = (1u << ARRAY_SIZE(rows)) - 1;
	ethtool_put_bits(b, ETHTOOL_A_FEATURES_HW, &ethtool_feature_bits, bits_of(i->can, false), &all,
			 compact);
	ethtool_put_bits(b, ETHTOOL_A_FEATURES_WANTED, &ethtool_feature_bits,
			 bits_of(i->can & ~i->off, false), NULL, compact);
	ethtool_put_bits(b, ETHTOOL_A_FEATURES_ACTIVE, &ethtool_feature_bits, bits_of(i->features, true),
			 NULL, compact);
	ethtool_put_bits(b, ETHTOOL_A_FEATURES_NOCHANGE, &ethtool_feature_bits, 0, NULL, compact);
}

static int put_features(struct nl_req *r, const struct ethtool_ask *ask, uint16_t flags)
{
	ethtool_begin(r, ETHTOOL_MSG_FEATURES_GET_REPLY, flags, ask->ifc);
	put_sets(r->reply, ask->ifc, ask->flags & ETHTOOL_FLAG_COMPACT_BITSETS);
	return nl_end(r->reply);
}

int ethtool_features_get(struct nl_req *r)
{
	return ethtool_get(r, put_features);
}

int ethtool_features_dump(struct nl_req *r, struct nl_dump *d)
{
	return ethtool_dump(r, d, put_features);
}

/* --- changing --- */

static void fill_change(struct nl_buf *b, uint16_t type, uint32_t seq, uint32_t portid, const void *what)
{
	const struct iface *i = what;
	genl_begin(b, type, ETHTOOL_MSG_FEATURES_NTF, ETHTOOL_GENL_VERSION, 0, seq, portid);
	ethtool_put_header(b, i);
	put_sets(b, i, true); /* Linux: messages that nobody asked for are short */
	nl_end(b);
}

/* What came of it: where that is not what was asked for, and where anything is not as it was. */
static int answer(struct nl_req *r, const struct ethtool_ask *ask, uint32_t wanted, uint32_t mask,
		  uint32_t was)
{
	bool compact = ask->flags & ETHTOOL_FLAG_COMPACT_BITSETS;
	uint32_t is = bits_of(ask->ifc->features, true);
	uint32_t missed = (wanted ^ is) & mask, changed = was ^ is;
	if (ask->flags & ETHTOOL_FLAG_OMIT_REPLY)
		return 0;
	ethtool_begin(r, ETHTOOL_MSG_FEATURES_SET_REPLY, 0, ask->ifc);
	ethtool_put_bits(r->reply, ETHTOOL_A_FEATURES_WANTED, &ethtool_feature_bits, wanted & missed, &missed,
			 compact);
	ethtool_put_bits(r->reply, ETHTOOL_A_FEATURES_ACTIVE, &ethtool_feature_bits, is & changed, &changed,
			 compact);
	return nl_end(r->reply);
}

int ethtool_features_set(struct nl_req *r)
{
	struct ethtool_ask ask;
	uint32_t wanted, mask;
	int err = ethtool_ask(r, true, &ask);
	if (err)
		return err;
	if (!r->attrs[ETHTOOL_A_FEATURES_WANTED])
		return -EINVAL;
	err = ethtool_take_bits(r->attrs[ETHTOOL_A_FEATURES_WANTED], &ethtool_feature_bits, &wanted, &mask,
				r->ext);
	if (err)
		return err;
	struct iface *i = ask.ifc;
	uint32_t was = bits_of(i->features, true), off = i->off;
	iface_set_off(i, ((off & ~features_of(mask)) | features_of(mask & ~wanted)) & i->can);
	if (i->off != off) {
		iface_changed(i);
		nl_multicast(r->st, NETLINK_GENERIC, genl_group_id(r->st, &ethtool_family, 0),
			     genl_family_id(r->st, &ethtool_family), fill_change, i);
	}
	return answer(r, &ask, wanted, mask, was);
}

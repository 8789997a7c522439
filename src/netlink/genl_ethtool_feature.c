/* SPDX-License-Identifier: BSD-2-Clause */
/* `ethtool -k` and `-K`: what leat leaves to a device, or does itself whatever the device can. */
#include <errno.h>

#include "netlink/genl_ethtool.h"

static struct ethtool_bits all_bits(void)
{
	return (struct ethtool_bits){ ETH_SS_FEATURES, ethtool_n_names(NULL, ETH_SS_FEATURES) };
}

static void put_sets(struct nl_buf *b, const struct iface *i, bool compact)
{
	const struct ethtool_bits bits = all_bits();
	const uint64_t all = (1ull << bits.n) - 1;
	struct ethtool_features f;
	ethtool_features_of(i, &f);
	ethtool_put_bits(b, ETHTOOL_A_FEATURES_HW, &bits, f.can, &all, compact);
	ethtool_put_bits(b, ETHTOOL_A_FEATURES_WANTED, &bits, f.wanted, NULL, compact);
	ethtool_put_bits(b, ETHTOOL_A_FEATURES_ACTIVE, &bits, f.active, NULL, compact);
	ethtool_put_bits(b, ETHTOOL_A_FEATURES_NOCHANGE, &bits, f.never, NULL, compact);
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
	ethtool_put_header(b, ETHTOOL_HEADER, i);
	put_sets(b, i, true); /* Linux: messages that nobody asked for are short */
	nl_end(b);
}

/* What came of it: where that is not what was asked for, and where anything is not as it was. */
static int answer(struct nl_req *r, const struct ethtool_ask *ask, uint64_t wanted, uint64_t mask,
		  const struct ethtool_features *was)
{
	const struct ethtool_bits bits = all_bits();
	bool compact = ask->flags & ETHTOOL_FLAG_COMPACT_BITSETS;
	struct ethtool_features is;
	ethtool_features_of(ask->ifc, &is);
	uint64_t missed = (wanted ^ is.active) & mask, changed = was->active ^ is.active;
	if (ask->flags & ETHTOOL_FLAG_OMIT_REPLY)
		return 0;
	ethtool_begin(r, ETHTOOL_MSG_FEATURES_SET_REPLY, 0, ask->ifc);
	ethtool_put_bits(r->reply, ETHTOOL_A_FEATURES_WANTED, &bits, wanted & missed, &missed, compact);
	ethtool_put_bits(r->reply, ETHTOOL_A_FEATURES_ACTIVE, &bits, is.active & changed, &changed, compact);
	return nl_end(r->reply);
}

void ethtool_features_want(struct iface *i, uint64_t wanted, uint64_t mask)
{
	uint32_t off = i->off;
	uint32_t others = off & ~ethtool_features_named(mask);
	iface_set_off(i, (others | ethtool_features_named(mask & ~wanted)) & i->can);
	if (i->off == off)
		return;
	iface_features_changed(i);
	if (!genl_family_id(i->st, &ethtool_family)) /* asked by ioctl, in a stack without the family */
		return;
	nl_multicast(i->st, NETLINK_GENERIC, genl_group_id(i->st, &ethtool_family, 0),
		     genl_family_id(i->st, &ethtool_family), fill_change, i);
}

int ethtool_features_set(struct nl_req *r)
{
	const struct ethtool_bits bits = all_bits();
	struct ethtool_features was;
	struct ethtool_ask ask;
	uint64_t wanted, mask;
	int err = ethtool_ask(r, true, &ask);
	if (err)
		return err;
	if (!r->attrs[ETHTOOL_A_FEATURES_WANTED])
		return -EINVAL;
	err = ethtool_take_bits(r->attrs[ETHTOOL_A_FEATURES_WANTED], &bits, &wanted, &mask, r->ext);
	if (err)
		return err;
	ethtool_features_of(ask.ifc, &was);
	if (mask & was.never)
		return nl_bad(r->ext, NULL, -EINVAL, "attempt to change non-ethtool features");
	ethtool_features_want(ask.ifc, wanted, mask);
	return answer(r, &ask, wanted, mask, &was);
}

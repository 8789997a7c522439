/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the generic netlink family "ethtool" share. Control lcore. */
#ifndef LEAT_NETLINK_GENL_ETHTOOL_H
#define LEAT_NETLINK_GENL_ETHTOOL_H

#include <linux/ethtool_netlink.h>

#include "netlink/ethtool.h"
#include "netlink/netlink_internal.h"

/* A request begins with a nest that names its device; so does each answer. They have number 1 in all messages but one. */
enum { ETHTOOL_HEADER = 1, ETHTOOL_HEADER_OF_STATS = ETHTOOL_A_STATS_HEADER };
static_assert((int)ETHTOOL_HEADER == (int)ETHTOOL_A_STRSET_HEADER &&
		      (int)ETHTOOL_HEADER == (int)ETHTOOL_A_FEATURES_HEADER &&
		      (int)ETHTOOL_HEADER == (int)ETHTOOL_A_RINGS_HEADER,
	      "the same everywhere");

extern const struct nl_policy ethtool_header_policy[ETHTOOL_A_HEADER_MAX + 1];

struct ethtool_ask {
	struct iface *ifc; /* NULL: of none (string sets) */
	uint32_t flags; /* ETHTOOL_FLAG_* */
};
/* 0, -EINVAL, -ENODEV, -EOPNOTSUPP in Linux's words. */
int ethtool_ask(struct nl_req *r, bool want_device, struct ethtool_ask *ret);
int ethtool_ask_by(struct nl_req *r, const struct nlattr *header, bool want_device, struct ethtool_ask *ret);

/* An answer to r, or a step of its dump, about ifc (NULL: none). */
void ethtool_begin(struct nl_req *r, uint8_t cmd, uint16_t flags, const struct iface *ifc);
/* The attribute that names it. */
void ethtool_put_header(struct nl_buf *b, uint16_t type, const struct iface *ifc);

/* An answer about each device that has one: `put` fills it in, -EOPNOTSUPP: this device has none. */
typedef int ethtool_put_fn(struct nl_req *r, const struct ethtool_ask *ask, uint16_t flags);
int ethtool_get(struct nl_req *r, ethtool_put_fn *put);
int ethtool_dump(struct nl_req *r, struct nl_dump *d, ethtool_put_fn *put);

/* genl_ethtool_bits.c: sets of up to 64 named bits. */
struct ethtool_bits {
	uint32_t set; /* ETH_SS_*: their names */
	unsigned n;
};
extern const struct nl_policy ethtool_bitset_policy[ETHTOOL_A_BITSET_MAX + 1];
/* mask NULL: a list of those that are set, as the wire calls it. */
void ethtool_put_bits(struct nl_buf *b, uint16_t type, const struct ethtool_bits *bits, uint64_t value,
		      const uint64_t *mask, bool compact);
/* What a request wants changed: *ret_mask are the bits it speaks of, *ret_value what they are to be. */
int ethtool_take_bits(const struct nlattr *a, const struct ethtool_bits *bits, uint64_t *ret_value,
		      uint64_t *ret_mask, struct nl_ext *ext);
int ethtool_strset_get(struct nl_req *r);

/* genl_ethtool_feature.c */
int ethtool_features_get(struct nl_req *r);
int ethtool_features_dump(struct nl_req *r, struct nl_dump *d);
int ethtool_features_set(struct nl_req *r);
extern const struct nl_policy ethtool_features_policy[ETHTOOL_A_FEATURES_MAX + 1];

/* genl_ethtool_queue.c: rings, channels, moderation. */
extern const struct nl_policy ethtool_rings_policy[ETHTOOL_A_RINGS_MAX + 1];
extern const struct nl_policy ethtool_channels_policy[ETHTOOL_A_CHANNELS_MAX + 1];
extern const struct nl_policy ethtool_coalesce_policy[ETHTOOL_A_COALESCE_MAX + 1];
int ethtool_rings_get(struct nl_req *r);
int ethtool_rings_dump(struct nl_req *r, struct nl_dump *d);
int ethtool_rings_set(struct nl_req *r);
int ethtool_channels_get(struct nl_req *r);
int ethtool_channels_dump(struct nl_req *r, struct nl_dump *d);
int ethtool_channels_set(struct nl_req *r);
int ethtool_coalesce_get(struct nl_req *r);
int ethtool_coalesce_dump(struct nl_req *r, struct nl_dump *d);
int ethtool_coalesce_set(struct nl_req *r);

extern const struct nl_family ethtool_family;

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* What there is to say of a device to ethtool(8), whether it asks by netlink (genl_ethtool.c) or by ioctl (compat/ioctl_ethtool.c).
 * Structures are those of <linux/ethtool.h>, without their commands. False: this device has no such thing. Control lcore. */
#ifndef LEAT_NETLINK_ETHTOOL_H
#define LEAT_NETLINK_ETHTOOL_H

#include <linux/ethtool.h>

#include "net/iface.h"

/* A set of names, ETH_SS_*. Those of counters are the device's own; i may be NULL for the others. */
unsigned ethtool_n_names(const struct iface *i, uint32_t set);
void ethtool_name(const struct iface *i, uint32_t set, unsigned n, char ret[ETH_GSTRING_LEN]);
uint64_t ethtool_counter(const struct iface *i, unsigned n); /* that name of ETH_SS_STATS */

/* Bits by the names of ETH_SS_FEATURES. */
struct ethtool_features {
	uint64_t can, wanted, active;
	uint64_t never; /* nobody may ask for a change of these */
};
void ethtool_features_of(const struct iface *i, struct ethtool_features *ret);
uint32_t ethtool_features_named(uint64_t bits); /* enum iface_feature */
/* Of those in mask, these. Listeners are told. */
void ethtool_features_want(struct iface *i, uint64_t wanted, uint64_t mask);

bool ethtool_driver(const struct iface *i, struct ethtool_drvinfo *ret);
bool ethtool_link(const struct iface *i, struct iface_link *ret);
bool ethtool_rings(const struct iface *i, struct ethtool_ringparam *ret);
bool ethtool_channels(const struct iface *i, struct ethtool_channels *ret);
bool ethtool_coalesce(const struct iface *i, struct ethtool_coalesce *ret);

/* How flows are spread over workers. The table belongs to the stack. */
struct ethtool_spread {
	unsigned n_rings, n_buckets;
	const uint8_t *ring, *key; /* [n_buckets], [TOEPLITZ_KEY] */
};
bool ethtool_spread(const struct iface *i, struct ethtool_spread *ret);
enum { ETHTOOL_SPREAD_FUNCTION = 1 }; /* of ETH_SS_RSS_HASH_FUNCS: Toeplitz */

#endif

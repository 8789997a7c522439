/* SPDX-License-Identifier: BSD-2-Clause */
/* Sets of names (ETH_SS_*), and what stands behind those of features and counters. Names are Linux's (net/ethtool/common.c,
 * strset.c), and so is their order. */
#include "netlink/ethtool.h"

#include <linux/ethtool_netlink.h>
#include <stdio.h>
#include <string.h>

/* --- features: what leat leaves to a device, or does itself whatever the device can --- */

/* What it is of a device, and, where that is nothing because leat does it or has no such thing, whether it is on; then it
 * cannot be switched. */
#define FEATURES(X)                                       \
	X("tx-scatter-gather", IFACE_TX_SG, false)        \
	X("tx-checksum-ipv4", 0, false)                   \
	X("tx-checksum-ip-generic", IFACE_TX_CSUM, false) \
	X("tx-checksum-ipv6", 0, false)                   \
	X("highdma", 0, false)                            \
	X("tx-scatter-gather-fraglist", 0, false)         \
	X("tx-vlan-hw-insert", IFACE_TX_VLAN, false)      \
	X("rx-vlan-hw-parse", 0, true)                    \
	X("rx-vlan-filter", 0, false)                     \
	X("vlan-challenged", 0, false)                    \
	X("tx-generic-segmentation", 0, true)             \
	X("rx-gro", 0, false)                             \
	X("rx-lro", 0, false)                             \
	X("tx-tcp-segmentation", IFACE_TX_TSO4, false)    \
	X("tx-gso-robust", 0, false)                      \
	X("tx-tcp-ecn-segmentation", 0, false)            \
	X("tx-tcp-mangleid-segmentation", 0, false)       \
	X("tx-tcp6-segmentation", IFACE_TX_TSO6, false)   \
	X("tx-fcoe-segmentation", 0, false)               \
	X("tx-gre-segmentation", 0, false)                \
	X("tx-gre-csum-segmentation", 0, false)           \
	X("tx-ipxip4-segmentation", 0, false)             \
	X("tx-ipxip6-segmentation", 0, false)             \
	X("tx-udp_tnl-segmentation", 0, false)            \
	X("tx-udp_tnl-csum-segmentation", 0, false)       \
	X("tx-gso-partial", 0, false)                     \
	X("tx-tunnel-remcsum-segmentation", 0, false)     \
	X("tx-sctp-segmentation", 0, false)               \
	X("tx-esp-segmentation", 0, false)                \
	X("tx-udp-segmentation", IFACE_TX_USO, false)     \
	X("tx-gso-list", 0, false)                        \
	X("tx-checksum-fcoe-crc", 0, false)               \
	X("tx-checksum-sctp", 0, false)                   \
	X("rx-ntuple-filter", 0, false)                   \
	X("rx-hashing", 0, false)                         \
	X("rx-checksum", 0, true)                         \
	X("tx-nocache-copy", 0, false)                    \
	X("loopback", 0, false)                           \
	X("rx-fcs", 0, false)                             \
	X("rx-all", 0, false)                             \
	X("tx-vlan-stag-hw-insert", 0, false)             \
	X("rx-vlan-stag-hw-parse", 0, false)              \
	X("rx-vlan-stag-filter", 0, false)                \
	X("l2-fwd-offload", 0, false)                     \
	X("hw-tc-offload", 0, false)                      \
	X("esp-hw-offload", 0, false)                     \
	X("esp-tx-csum-hw-offload", 0, false)             \
	X("rx-udp_tunnel-port-offload", 0, false)         \
	X("tls-hw-tx-offload", 0, false)                  \
	X("tls-hw-rx-offload", 0, false)                  \
	X("rx-gro-hw", 0, false)                          \
	X("tls-hw-record", 0, false)                      \
	X("rx-gro-list", 0, false)                        \
	X("macsec-hw-offload", 0, false)                  \
	X("rx-udp-gro-forwarding", 0, false)              \
	X("hsr-tag-ins-offload", 0, false)                \
	X("hsr-tag-rm-offload", 0, false)                 \
	X("hsr-fwd-offload", 0, false)                    \
	X("hsr-dup-offload", 0, false)

static const struct {
	uint32_t feature;
	bool on;
} features[] = {
#define ROW(name, feature, on) { feature, on },
	FEATURES(ROW)
#undef ROW
};
static const char *const feature_names[] = {
#define ROW(name, feature, on) name,
	FEATURES(ROW)
#undef ROW
};
static_assert(ARRAY_SIZE(features) <= 64, "a set is a number");
enum { VLAN_CHALLENGED = 9 }; /* Linux: NETIF_F_NEVER_CHANGE */

/* The rows of features, and of what is always on. */
static uint64_t bits_of(uint32_t of, bool fixed)
{
	uint64_t ret = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(features); i++)
		if (features[i].feature ? of & features[i].feature : fixed && features[i].on)
			ret |= 1ull << i;
	return ret;
}

uint32_t ethtool_features_named(uint64_t bits)
{
	uint32_t ret = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(features); i++)
		if (bits >> i & 1)
			ret |= features[i].feature;
	return ret;
}

void ethtool_features_of(const struct iface *i, struct ethtool_features *ret)
{
	*ret = (struct ethtool_features){ .can = bits_of(i->can, false),
					  .wanted = bits_of(i->can & ~i->off, false),
					  .active = bits_of(i->features, true),
					  .never = 1ull << VLAN_CHALLENGED };
}

/* --- counters --- */

static const struct queue_counter {
	const char *way, *what;
	size_t at; /* in struct iface_queue_stats */
} queue_counters[] = {
	{ "rx", "packets", offsetof(struct iface_queue_stats, rx_packets) },
	{ "rx", "copied", offsetof(struct iface_queue_stats, rx_copied) },
	{ "tx", "packets", offsetof(struct iface_queue_stats, tx_packets) },
	{ "tx", "copied", offsetof(struct iface_queue_stats, tx_copied) },
	{ "tx", "kicks", offsetof(struct iface_queue_stats, tx_kicks) },
};
enum { PER_QUEUE = ARRAY_SIZE(queue_counters) };

/* Linux: a veth says in a counter where its other end is. */
static bool is_pair(const struct iface *i)
{
	return !strcmp(i->ops->kind, "veth");
}

static unsigned n_counters(const struct iface *i)
{
	struct iface_queue_stats s;
	unsigned n = 0;
	while (i->ops->queue && i->ops->queue(i, n, &s))
		n++;
	return n * PER_QUEUE + is_pair(i);
}

static void name_counter(const struct iface *i, unsigned n, char ret[ETH_GSTRING_LEN])
{
	const struct queue_counter *c = &queue_counters[n % PER_QUEUE];
	if (is_pair(i))
		snprintf(ret, ETH_GSTRING_LEN, "peer_ifindex");
	else
		snprintf(ret, ETH_GSTRING_LEN, "%s_queue_%u_%s", c->way, n / PER_QUEUE, c->what);
}

uint64_t ethtool_counter(const struct iface *i, unsigned n)
{
	struct iface_queue_stats s;
	uint32_t peer = is_pair(i) ? i->ops->lower(i) : 0;
	if (is_pair(i))
		return peer == IFACE_LOWER_UNSEEN ? 0 : peer;
	if (!i->ops->queue || !i->ops->queue(i, n / PER_QUEUE, &s))
		return 0;
	return *(const uint64_t *)((const char *)&s + queue_counters[n % PER_QUEUE].at);
}

/* --- the sets --- */

static const char *const hash_names[] = { "toeplitz", "xor", "crc32" };
static const char *const stamp_names[] = {
	"hardware-transmit",     "software-transmit",     "hardware-receive",   "software-receive",
	"software-system-clock", "hardware-legacy-clock", "hardware-raw-clock", "option-id",
	"sched-transmit",        "ack-transmit",          "option-cmsg",        "option-tsonly",
	"option-stats",          "option-pktinfo",        "option-tx-swhw",     "bind-phc",
	"option-id-tcp",
};
static const char *const group_names[] = { "eth-phy", "eth-mac", "eth-ctrl", "rmon" };
static const char *const phy_names[] = { "SymbolErrorDuringCarrier" };
static const char *const mac_names[] = {
	"FramesTransmittedOK",
	"SingleCollisionFrames",
	"MultipleCollisionFrames",
	"FramesReceivedOK",
	"FrameCheckSequenceErrors",
	"AlignmentErrors",
	"OctetsTransmittedOK",
	"FramesWithDeferredXmissions",
	"LateCollisions",
	"FramesAbortedDueToXSColls",
	"FramesLostDueToIntMACXmitError",
	"CarrierSenseErrors",
	"OctetsReceivedOK",
	"FramesLostDueToIntMACRcvError",
	"MulticastFramesXmittedOK",
	"BroadcastFramesXmittedOK",
	"FramesWithExcessiveDeferral",
	"MulticastFramesReceivedOK",
	"BroadcastFramesReceivedOK",
	"InRangeLengthErrors",
	"OutOfRangeLengthField",
	"FrameTooLongErrors",
};
static const char *const ctrl_names[] = { "MACControlFramesTransmitted", "MACControlFramesReceived",
					  "UnsupportedOpcodesReceived" };
static const char *const rmon_names[] = { "etherStatsUndersizePkts", "etherStatsOversizePkts",
					  "etherStatsFragments", "etherStatsJabbers" };

static const struct name_set {
	uint32_t id;
	const char *const *names;
	unsigned n;
} sets[] = {
#define SET(id, names)                       \
	{                                    \
		id, names, ARRAY_SIZE(names) \
	}
	SET(ETH_SS_FEATURES, feature_names),       SET(ETH_SS_RSS_HASH_FUNCS, hash_names),
	SET(ETH_SS_SOF_TIMESTAMPING, stamp_names), SET(ETH_SS_STATS_STD, group_names),
	SET(ETH_SS_STATS_ETH_PHY, phy_names),      SET(ETH_SS_STATS_ETH_MAC, mac_names),
	SET(ETH_SS_STATS_ETH_CTRL, ctrl_names),    SET(ETH_SS_STATS_RMON, rmon_names),
#undef SET
};

static const struct name_set *find(uint32_t id)
{
	for (unsigned k = 0; k < ARRAY_SIZE(sets); k++)
		if (sets[k].id == id)
			return &sets[k];
	return NULL;
}

unsigned ethtool_n_names(const struct iface *i, uint32_t set)
{
	const struct name_set *s = find(set);
	if (set == ETH_SS_STATS && i)
		return n_counters(i);
	return s ? s->n : 0;
}

void ethtool_name(const struct iface *i, uint32_t set, unsigned n, char ret[ETH_GSTRING_LEN])
{
	const struct name_set *s = find(set);
	memset(ret, 0, ETH_GSTRING_LEN);
	if (set == ETH_SS_STATS && i)
		name_counter(i, n, ret);
	else if (s && n < s->n)
		snprintf(ret, ETH_GSTRING_LEN, "%s", s->names[n]);
}

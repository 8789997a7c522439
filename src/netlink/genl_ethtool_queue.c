/* SPDX-License-Identifier: BSD-2-Clause */
/* `ethtool -g`, `-l`, `-c` and what sets them: rings, channels and moderation are what a device was opened with, and can be read. Who
 * sets what is so anyway is told yes; limits are checked as Linux checks them (net/ethtool/rings.c, channels.c, coalesce.c). */
#include <errno.h>

#include "netlink/genl_ethtool.h"

union queue_facts {
	struct ethtool_ringparam rings;
	struct ethtool_channels channels;
	struct ethtool_coalesce coalesce;
};
/* A number of the device's: its attribute, where it is, and the attribute and place of its limit; of moderation there is none. */
struct number {
	uint16_t attr, at, max_attr, max_at;
};
/* What kind of facts a request is about. */
struct kind {
	uint8_t reply;
	uint16_t max_attr;
	bool (*of)(const struct iface *i, union queue_facts *ret);
	const struct number *numbers;
	unsigned n;
	bool limited;
	const char *too_many;
};

static bool rings_of(const struct iface *i, union queue_facts *ret)
{
	return ethtool_rings(i, &ret->rings);
}
static bool channels_of(const struct iface *i, union queue_facts *ret)
{
	return ethtool_channels(i, &ret->channels);
}
static bool coalesce_of(const struct iface *i, union queue_facts *ret)
{
	return ethtool_coalesce(i, &ret->coalesce);
}

#define RING(name, field, max)                                                                \
	{                                                                                     \
		ETHTOOL_A_RINGS_##name, offsetof(struct ethtool_ringparam, field),            \
			ETHTOOL_A_RINGS_##name##_MAX, offsetof(struct ethtool_ringparam, max) \
	}
static const struct number rings[] = {
	RING(RX, rx_pending, rx_max_pending),
	RING(RX_MINI, rx_mini_pending, rx_mini_max_pending),
	RING(RX_JUMBO, rx_jumbo_pending, rx_jumbo_max_pending),
	RING(TX, tx_pending, tx_max_pending),
};
#define CHANNEL(name, field, max)                                                               \
	{                                                                                       \
		ETHTOOL_A_CHANNELS_##name##_COUNT, offsetof(struct ethtool_channels, field),    \
			ETHTOOL_A_CHANNELS_##name##_MAX, offsetof(struct ethtool_channels, max) \
	}
static const struct number channels[] = {
	CHANNEL(RX, rx_count, max_rx),
	CHANNEL(TX, tx_count, max_tx),
	CHANNEL(OTHER, other_count, max_other),
	CHANNEL(COMBINED, combined_count, max_combined),
};
static const struct number coalesce[] = {
	{ ETHTOOL_A_COALESCE_RX_USECS, offsetof(struct ethtool_coalesce, rx_coalesce_usecs), 0, 0 },
};

static const struct kind rings_kind = {
	ETHTOOL_MSG_RINGS_GET_REPLY,          ETHTOOL_A_RINGS_MAX, rings_of, rings, ARRAY_SIZE(rings), true,
	"requested ring size exceeds maximum"
};
static const struct kind channels_kind = { ETHTOOL_MSG_CHANNELS_GET_REPLY,
					   ETHTOOL_A_CHANNELS_MAX,
					   channels_of,
					   channels,
					   ARRAY_SIZE(channels),
					   true,
					   "requested channel count exceeds maximum" };
static const struct kind coalesce_kind = { ETHTOOL_MSG_COALESCE_GET_REPLY,
					   ETHTOOL_A_COALESCE_MAX,
					   coalesce_of,
					   coalesce,
					   ARRAY_SIZE(coalesce),
					   false,
					   NULL };

#define U32(attr) [attr] = { NL_U32, .name = #attr }
#define U8(attr)  [attr] = { NL_U8, .max = UINT8_MAX, .name = #attr }
#define HEAD                                                                                               \
	[ETHTOOL_HEADER] = { NL_NESTED, .nested = ethtool_header_policy, .max_attr = ETHTOOL_A_HEADER_MAX, \
			     .name = "ETHTOOL_A_HEADER" }
const struct nl_policy ethtool_rings_policy[ETHTOOL_A_RINGS_MAX + 1] = {
	HEAD,
	U32(ETHTOOL_A_RINGS_RX),
	U32(ETHTOOL_A_RINGS_RX_MINI),
	U32(ETHTOOL_A_RINGS_RX_JUMBO),
	U32(ETHTOOL_A_RINGS_TX),
	U32(ETHTOOL_A_RINGS_RX_BUF_LEN),
	U32(ETHTOOL_A_RINGS_CQE_SIZE),
	U8(ETHTOOL_A_RINGS_TX_PUSH),
};
const struct nl_policy ethtool_channels_policy[ETHTOOL_A_CHANNELS_MAX + 1] = {
	HEAD,
	U32(ETHTOOL_A_CHANNELS_RX_COUNT),
	U32(ETHTOOL_A_CHANNELS_TX_COUNT),
	U32(ETHTOOL_A_CHANNELS_OTHER_COUNT),
	U32(ETHTOOL_A_CHANNELS_COMBINED_COUNT),
};
const struct nl_policy ethtool_coalesce_policy[ETHTOOL_A_COALESCE_MAX + 1] = {
	HEAD,
	U32(ETHTOOL_A_COALESCE_RX_USECS),
	U32(ETHTOOL_A_COALESCE_RX_MAX_FRAMES),
	U32(ETHTOOL_A_COALESCE_RX_USECS_IRQ),
	U32(ETHTOOL_A_COALESCE_RX_MAX_FRAMES_IRQ),
	U32(ETHTOOL_A_COALESCE_TX_USECS),
	U32(ETHTOOL_A_COALESCE_TX_MAX_FRAMES),
	U32(ETHTOOL_A_COALESCE_TX_USECS_IRQ),
	U32(ETHTOOL_A_COALESCE_TX_MAX_FRAMES_IRQ),
	U32(ETHTOOL_A_COALESCE_STATS_BLOCK_USECS),
	U8(ETHTOOL_A_COALESCE_USE_ADAPTIVE_RX),
	U8(ETHTOOL_A_COALESCE_USE_ADAPTIVE_TX),
	U32(ETHTOOL_A_COALESCE_PKT_RATE_LOW),
	U32(ETHTOOL_A_COALESCE_RX_USECS_LOW),
	U32(ETHTOOL_A_COALESCE_RX_MAX_FRAMES_LOW),
	U32(ETHTOOL_A_COALESCE_TX_USECS_LOW),
	U32(ETHTOOL_A_COALESCE_TX_MAX_FRAMES_LOW),
	U32(ETHTOOL_A_COALESCE_PKT_RATE_HIGH),
	U32(ETHTOOL_A_COALESCE_RX_USECS_HIGH),
	U32(ETHTOOL_A_COALESCE_RX_MAX_FRAMES_HIGH),
	U32(ETHTOOL_A_COALESCE_TX_USECS_HIGH),
	U32(ETHTOOL_A_COALESCE_TX_MAX_FRAMES_HIGH),
	U32(ETHTOOL_A_COALESCE_RATE_SAMPLE_INTERVAL),
	U8(ETHTOOL_A_COALESCE_USE_CQE_MODE_TX),
	U8(ETHTOOL_A_COALESCE_USE_CQE_MODE_RX),
};

static uint32_t value_at(const union queue_facts *f, uint16_t at)
{
	uint32_t v;
	memcpy(&v, (const uint8_t *)f + at, sizeof v);
	return v;
}

/* Linux: of what the device has none of, its limit being 0, nothing is said. */
static int put(struct nl_req *r, const struct ethtool_ask *ask, uint16_t flags, const struct kind *k)
{
	union queue_facts f = { 0 };
	if (!k->of(ask->ifc, &f))
		return -EOPNOTSUPP;
	ethtool_begin(r, k->reply, flags, ask->ifc);
	for (const struct number *n = k->numbers; n < k->numbers + k->n; n++) {
		if (k->limited && !value_at(&f, n->max_at))
			continue;
		if (k->limited)
			nl_put_u32(r->reply, n->max_attr, value_at(&f, n->max_at));
		nl_put_u32(r->reply, n->attr, value_at(&f, n->at));
	}
	return nl_end(r->reply);
}

/* The number of that kind which an attribute is; NULL: of none that the device has. */
static const struct number *number_of(const struct kind *k, uint16_t attr)
{
	for (const struct number *n = k->numbers; n < k->numbers + k->n; n++)
		if (n->attr == attr)
			return n;
	return NULL;
}

/* 0: as it is; 1: another value; -errno. */
static int check_number(struct nl_req *r, const struct kind *k, const union queue_facts *f,
			const struct nlattr *a)
{
	const struct number *n = number_of(k, mnl_attr_get_type(a));
	if (!n)
		return nl_bad(r->ext, a, -EOPNOTSUPP,
			      k->limited ? NULL : "cannot modify an unsupported parameter");
	if (k->limited && mnl_attr_get_u32(a) > value_at(f, n->max_at))
		return nl_bad(r->ext, a, -EINVAL, k->too_many);
	return mnl_attr_get_u32(a) != value_at(f, n->at);
}

static int set(struct nl_req *r, const struct kind *k)
{
	union queue_facts f = { 0 };
	struct ethtool_ask ask;
	bool other = false;
	int err = ethtool_ask(r, true, &ask);
	if (err)
		return err;
	if (!k->of(ask.ifc, &f))
		return -EOPNOTSUPP;
	for (uint16_t i = ETHTOOL_HEADER + 1; i <= k->max_attr; i++) {
		err = r->attrs[i] ? check_number(r, k, &f, r->attrs[i]) : 0;
		if (err < 0)
			return err;
		other |= err;
	}
	return other ? nl_bad(r->ext, NULL, -EOPNOTSUPP, "the device has what it was opened with") : 0;
}

#define KIND(name)                                                                             \
	static int put_##name(struct nl_req *r, const struct ethtool_ask *ask, uint16_t flags) \
	{                                                                                      \
		return put(r, ask, flags, &name##_kind);                                       \
	}                                                                                      \
	int ethtool_##name##_get(struct nl_req *r)                                             \
	{                                                                                      \
		return ethtool_get(r, put_##name);                                             \
	}                                                                                      \
	int ethtool_##name##_dump(struct nl_req *r, struct nl_dump *d)                         \
	{                                                                                      \
		return ethtool_dump(r, d, put_##name);                                         \
	}                                                                                      \
	int ethtool_##name##_set(struct nl_req *r)                                             \
	{                                                                                      \
		return set(r, &name##_kind);                                                   \
	}
KIND(rings)
KIND(channels)
KIND(coalesce)
#undef KIND

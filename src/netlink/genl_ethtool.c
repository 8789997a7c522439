/* SPDX-License-Identifier: BSD-2-Clause */
/* The generic netlink family "ethtool" (<linux/ethtool_netlink.h>): what leat's devices have of a network card, for the program
 * of that name. */
#include "netlink/genl_ethtool.h"

#include <errno.h>

enum { FLAGS_KNOWN = ETHTOOL_FLAG_COMPACT_BITSETS | ETHTOOL_FLAG_OMIT_REPLY | ETHTOOL_FLAG_STATS };

const struct nl_policy ethtool_header_policy[ETHTOOL_A_HEADER_MAX + 1] = {
	[ETHTOOL_A_HEADER_DEV_INDEX] = { NL_U32, .name = "ETHTOOL_A_HEADER_DEV_INDEX" },
	[ETHTOOL_A_HEADER_DEV_NAME] = { NL_NUL_STRING, .max = IFACE_NAME_MAX - 1,
					.name = "ETHTOOL_A_HEADER_DEV_NAME" },
	[ETHTOOL_A_HEADER_FLAGS] = { NL_MASK32, .max = FLAGS_KNOWN, .name = "ETHTOOL_A_HEADER_FLAGS" },
};

#define HEADER(attr)                                                                             \
	[attr] = { NL_NESTED, .nested = ethtool_header_policy, .max_attr = ETHTOOL_A_HEADER_MAX, \
		   .name = #attr }

/* --- which device --- */

static int find_device(struct nl_req *r, const struct nlattr *header, const struct nlattr **h,
		       struct iface **ret)
{
	const struct nlattr *index = h[ETHTOOL_A_HEADER_DEV_INDEX], *name = h[ETHTOOL_A_HEADER_DEV_NAME];
	*ret = index  ? iface_by_index(r->st, mnl_attr_get_u32(index))
	       : name ? iface_by_name(r->st, mnl_attr_get_str(name))
		      : NULL;
	if (!*ret && index)
		return nl_bad(r->ext, index, -ENODEV, "no device matches ifindex");
	if (!*ret && name)
		return nl_bad(r->ext, name, -ENODEV, "no device matches name");
	if (index && name && strcmp((*ret)->name, mnl_attr_get_str(name)) != 0)
		return nl_bad(r->ext, header, -ENODEV, "ifindex and name do not match");
	return 0;
}

int ethtool_ask_by(struct nl_req *r, const struct nlattr *header, bool want_device, struct ethtool_ask *ret)
{
	const struct nlattr *h[ETHTOOL_A_HEADER_MAX + 1];
	*ret = (struct ethtool_ask){ 0 };
	if (!header)
		return want_device ? nl_bad(r->ext, NULL, -EINVAL, "request header missing") : 0;
	int err = nl_parse_nested(header, NL_STRICT, ethtool_header_policy, ETHTOOL_A_HEADER_MAX, h, r->ext);
	if (err)
		return err;
	if (h[ETHTOOL_A_HEADER_FLAGS])
		ret->flags = mnl_attr_get_u32(h[ETHTOOL_A_HEADER_FLAGS]);
	err = find_device(r, header, h, &ret->ifc);
	if (!err && !ret->ifc && want_device)
		return nl_bad(r->ext, header, -EINVAL, "neither ifindex nor name specified");
	return err;
}

int ethtool_ask(struct nl_req *r, bool want_device, struct ethtool_ask *ret)
{
	return ethtool_ask_by(r, r->attrs[ETHTOOL_HEADER], want_device, ret);
}

void ethtool_put_header(struct nl_buf *b, uint16_t type, const struct iface *ifc)
{
	size_t nest = nl_nest(b, type);
	nl_put_u32(b, ETHTOOL_A_HEADER_DEV_INDEX, ifc->ifindex);
	nl_put_str(b, ETHTOOL_A_HEADER_DEV_NAME, ifc->name);
	nl_nest_end(b, nest);
}

void ethtool_begin(struct nl_req *r, uint8_t cmd, uint16_t flags, const struct iface *ifc)
{
	genl_begin(r->reply, r->msg->nlmsg_type, cmd, ETHTOOL_GENL_VERSION, flags, r->msg->nlmsg_seq,
		   r->portid);
	if (ifc)
		ethtool_put_header(r->reply,
				   cmd == ETHTOOL_MSG_STATS_GET_REPLY ? ETHTOOL_HEADER_OF_STATS
								      : ETHTOOL_HEADER,
				   ifc);
}

int ethtool_get(struct nl_req *r, ethtool_put_fn *put)
{
	struct ethtool_ask ask;
	int err = ethtool_ask(r, true, &ask);
	return err ? err : put(r, &ask, 0);
}

int ethtool_dump(struct nl_req *r, struct nl_dump *d, ethtool_put_fn *put)
{
	struct ethtool_ask ask;
	int err = ethtool_ask(r, false, &ask);
	if (err)
		return err;
	while ((ask.ifc = iface_next(r->st, (uint32_t)d->key[0]))) {
		err = put(r, &ask, NLM_F_MULTI);
		if (err && err != -EOPNOTSUPP)
			return 1;
		d->key[0] = ask.ifc->ifindex;
	}
	return 0;
}

/* --- the link --- */

static int no_link(struct nl_req *r)
{
	return nl_bad(r->ext, NULL, -EOPNOTSUPP, "failed to retrieve link settings");
}

static int put_link_info(struct nl_req *r, const struct ethtool_ask *ask, uint16_t flags)
{
	struct iface_link l;
	if (!ethtool_link(ask->ifc, &l))
		return no_link(r);
	ethtool_begin(r, ETHTOOL_MSG_LINKINFO_GET_REPLY, flags, ask->ifc);
	nl_put_u8(r->reply, ETHTOOL_A_LINKINFO_PORT, l.port);
	nl_put_u8(r->reply, ETHTOOL_A_LINKINFO_PHYADDR, 0);
	nl_put_u8(r->reply, ETHTOOL_A_LINKINFO_TP_MDIX, ETH_TP_MDI_INVALID);
	nl_put_u8(r->reply, ETHTOOL_A_LINKINFO_TP_MDIX_CTRL, ETH_TP_MDI_INVALID);
	nl_put_u8(r->reply, ETHTOOL_A_LINKINFO_TRANSCEIVER, XCVR_INTERNAL);
	return nl_end(r->reply);
}

/* No modes to choose from: nothing is negotiated. */
static int put_link_modes(struct nl_req *r, const struct ethtool_ask *ask, uint16_t flags)
{
	static const struct ethtool_bits none = { 0 };
	const uint64_t mask = 0;
	struct iface_link l;
	if (!ethtool_link(ask->ifc, &l))
		return no_link(r);
	ethtool_begin(r, ETHTOOL_MSG_LINKMODES_GET_REPLY, flags, ask->ifc);
	nl_put_u8(r->reply, ETHTOOL_A_LINKMODES_AUTONEG, AUTONEG_DISABLE);
	ethtool_put_bits(r->reply, ETHTOOL_A_LINKMODES_OURS, &none, 0, &mask,
			 ask->flags & ETHTOOL_FLAG_COMPACT_BITSETS);
	nl_put_u32(r->reply, ETHTOOL_A_LINKMODES_SPEED, l.speed);
	nl_put_u8(r->reply, ETHTOOL_A_LINKMODES_DUPLEX, l.duplex);
	return nl_end(r->reply);
}

static int put_link_state(struct nl_req *r, const struct ethtool_ask *ask, uint16_t flags)
{
	ethtool_begin(r, ETHTOOL_MSG_LINKSTATE_GET_REPLY, flags, ask->ifc);
	nl_put_u8(r->reply, ETHTOOL_A_LINKSTATE_LINK, iface_is_up(ask->ifc));
	return nl_end(r->reply);
}

/* --- standard counters --- */

static int put_stats(struct nl_req *r, const struct ethtool_ask *ask, uint16_t flags, uint64_t groups)
{
	static const uint32_t sets[] = {
		[ETHTOOL_STATS_ETH_PHY] = ETH_SS_STATS_ETH_PHY,
		[ETHTOOL_STATS_ETH_MAC] = ETH_SS_STATS_ETH_MAC,
		[ETHTOOL_STATS_ETH_CTRL] = ETH_SS_STATS_ETH_CTRL,
		[ETHTOOL_STATS_RMON] = ETH_SS_STATS_RMON,
	};
	ethtool_begin(r, ETHTOOL_MSG_STATS_GET_REPLY, flags, ask->ifc);
	for (unsigned k = 0; k < ARRAY_SIZE(sets); k++) {
		if (!(groups >> k & 1))
			continue;
		size_t nest = nl_nest(r->reply, ETHTOOL_A_STATS_GRP);
		nl_put_u32(r->reply, ETHTOOL_A_STATS_GRP_ID, k);
		nl_put_u32(r->reply, ETHTOOL_A_STATS_GRP_SS_ID, sets[k]);
		nl_nest_end(r->reply, nest);
	}
	return nl_end(r->reply);
}

static int groups_of(struct nl_req *r, uint64_t *ret)
{
	const struct ethtool_bits bits = { ETH_SS_STATS_STD, ethtool_n_names(NULL, ETH_SS_STATS_STD) };
	const struct nlattr *a = r->attrs[ETHTOOL_A_STATS_GROUPS];
	uint64_t value, mask;
	if (!a)
		return nl_bad(r->ext, NULL, -EINVAL, "no stats requested");
	int err = ethtool_take_bits(a, &bits, &value, &mask, r->ext);
	*ret = value & mask;
	if (!err && !*ret)
		return nl_bad(r->ext, NULL, -EINVAL, "no stats requested");
	return err;
}

/* No device of leat's counts as IEEE 802.3 would have it: the groups are empty, as on Linux then. */
static int stats_get(struct nl_req *r)
{
	struct ethtool_ask ask;
	uint64_t groups;
	int err = ethtool_ask_by(r, r->attrs[ETHTOOL_HEADER_OF_STATS], true, &ask);
	err = err ? err : groups_of(r, &groups);
	return err ? err : put_stats(r, &ask, 0, groups);
}

/* --- what no device of leat's has --- */

/* Listed all the same: ethtool takes a family without these for an old one, and asks by ioctl instead. */
static int put_nothing(struct nl_req *r, const struct ethtool_ask *ask, uint16_t flags)
{
	return -EOPNOTSUPP;
}

static int nothing_set(struct nl_req *r)
{
	struct ethtool_ask ask;
	int err = ethtool_ask(r, true, &ask);
	return err ? err : -EOPNOTSUPP;
}

static int put_tunnels(struct nl_req *r, const struct ethtool_ask *ask, uint16_t flags)
{
	return nl_bad(r->ext, NULL, -EOPNOTSUPP, "device does not report tunnel offload info");
}

static int module_set(struct nl_req *r)
{
	const struct nlattr *policy = r->attrs[ETHTOOL_A_MODULE_POWER_MODE_POLICY];
	struct ethtool_ask ask;
	int err = ethtool_ask(r, true, &ask);
	if (err || !policy)
		return err;
	return nl_bad(r->ext, policy, -EOPNOTSUPP,
		      "Setting power mode policy is not supported by this device");
}

/* Linux: one without has nothing to say of it, rather than none. */
static int put_module(struct nl_req *r, const struct ethtool_ask *ask, uint16_t flags)
{
	ethtool_begin(r, ETHTOOL_MSG_MODULE_GET_REPLY, flags, ask->ifc);
	return nl_end(r->reply);
}

/* Nobody stamps packets, nor tells the time. */
static int put_stamps(struct nl_req *r, const struct ethtool_ask *ask, uint16_t flags)
{
	ethtool_begin(r, ETHTOOL_MSG_TSINFO_GET_REPLY, flags, ask->ifc);
	return nl_end(r->reply);
}

/* --- the table --- */

#define GETTER(name)                                                \
	static int name##_get(struct nl_req *r)                     \
	{                                                           \
		return ethtool_get(r, put_##name);                  \
	}                                                           \
	static int name##_dump(struct nl_req *r, struct nl_dump *d) \
	{                                                           \
		return ethtool_dump(r, d, put_##name);              \
	}
GETTER(link_info)
GETTER(link_modes)
GETTER(link_state)
GETTER(nothing)
GETTER(tunnels)
GETTER(stamps)
GETTER(module)
#undef GETTER

/* Of requests that say no more than which device. */
static const struct nl_policy plain_policy[ETHTOOL_HEADER + 1] = { HEADER(ETHTOOL_HEADER) };

static const struct nl_policy strings_policy[ETHTOOL_A_STRSET_MAX + 1] = {
	HEADER(ETHTOOL_A_STRSET_HEADER),
	[ETHTOOL_A_STRSET_STRINGSETS] = { NL_NESTED, .name = "ETHTOOL_A_STRSET_STRINGSETS" },
	[ETHTOOL_A_STRSET_COUNTS_ONLY] = { NL_FLAG, .name = "ETHTOOL_A_STRSET_COUNTS_ONLY" },
};
const struct nl_policy ethtool_features_policy[ETHTOOL_A_FEATURES_MAX + 1] = {
	HEADER(ETHTOOL_A_FEATURES_HEADER),
	[ETHTOOL_A_FEATURES_WANTED] = { NL_NESTED, .nested = ethtool_bitset_policy,
					.max_attr = ETHTOOL_A_BITSET_MAX,
					.name = "ETHTOOL_A_FEATURES_WANTED" },
};

static const struct nl_policy stats_policy[ETHTOOL_A_STATS_MAX + 1] = {
	HEADER(ETHTOOL_A_STATS_HEADER),
	[ETHTOOL_A_STATS_GROUPS] = { NL_NESTED, .nested = ethtool_bitset_policy,
				     .max_attr = ETHTOOL_A_BITSET_MAX, .name = "ETHTOOL_A_STATS_GROUPS" },
};

/* Of what is refused in any case. */
#define NEST(attr)         [attr] = { NL_NESTED, .name = #attr }
#define NUMBER(type, attr) [attr] = { type, .name = #attr }
static const struct nl_policy link_info_policy[ETHTOOL_A_LINKINFO_MAX + 1] = {
	HEADER(ETHTOOL_A_LINKINFO_HEADER),
	NUMBER(NL_U8, ETHTOOL_A_LINKINFO_PORT),
	NUMBER(NL_U8, ETHTOOL_A_LINKINFO_PHYADDR),
	NUMBER(NL_U8, ETHTOOL_A_LINKINFO_TP_MDIX_CTRL),
};
static const struct nl_policy link_modes_policy[ETHTOOL_A_LINKMODES_MAX + 1] = {
	HEADER(ETHTOOL_A_LINKMODES_HEADER),
	NUMBER(NL_U8, ETHTOOL_A_LINKMODES_AUTONEG),
	NEST(ETHTOOL_A_LINKMODES_OURS),
	NUMBER(NL_U32, ETHTOOL_A_LINKMODES_SPEED),
	NUMBER(NL_U8, ETHTOOL_A_LINKMODES_DUPLEX),
	NUMBER(NL_U8, ETHTOOL_A_LINKMODES_MASTER_SLAVE_CFG),
	NUMBER(NL_U32, ETHTOOL_A_LINKMODES_LANES),
};
static const struct nl_policy debug_policy[ETHTOOL_A_DEBUG_MAX + 1] = {
	HEADER(ETHTOOL_A_DEBUG_HEADER),
	NEST(ETHTOOL_A_DEBUG_MSGMASK),
};
static const struct nl_policy wol_policy[ETHTOOL_A_WOL_MAX + 1] = {
	HEADER(ETHTOOL_A_WOL_HEADER),
	NEST(ETHTOOL_A_WOL_MODES),
	NUMBER(NL_BYTES, ETHTOOL_A_WOL_SOPASS),
};
static const struct nl_policy flags_policy[ETHTOOL_A_PRIVFLAGS_MAX + 1] = {
	HEADER(ETHTOOL_A_PRIVFLAGS_HEADER),
	NEST(ETHTOOL_A_PRIVFLAGS_FLAGS),
};
static const struct nl_policy pause_policy[ETHTOOL_A_PAUSE_MAX + 1] = {
	HEADER(ETHTOOL_A_PAUSE_HEADER),
	NUMBER(NL_U8, ETHTOOL_A_PAUSE_AUTONEG),
	NUMBER(NL_U8, ETHTOOL_A_PAUSE_RX),
	NUMBER(NL_U8, ETHTOOL_A_PAUSE_TX),
};
static const struct nl_policy eee_policy[ETHTOOL_A_EEE_MAX + 1] = {
	HEADER(ETHTOOL_A_EEE_HEADER),
	NEST(ETHTOOL_A_EEE_MODES_OURS),
	NUMBER(NL_U8, ETHTOOL_A_EEE_ENABLED),
	NUMBER(NL_U8, ETHTOOL_A_EEE_TX_LPI_ENABLED),
	NUMBER(NL_U32, ETHTOOL_A_EEE_TX_LPI_TIMER),
};
static const struct nl_policy fec_policy[ETHTOOL_A_FEC_MAX + 1] = {
	HEADER(ETHTOOL_A_FEC_HEADER),
	NEST(ETHTOOL_A_FEC_MODES),
	NUMBER(NL_U8, ETHTOOL_A_FEC_AUTO),
};
static const struct nl_policy module_policy[ETHTOOL_A_MODULE_MAX + 1] = {
	HEADER(ETHTOOL_A_MODULE_HEADER),
	NUMBER(NL_U8, ETHTOOL_A_MODULE_POWER_MODE_POLICY),
};
static const struct nl_policy eeprom_policy[ETHTOOL_A_MODULE_EEPROM_MAX + 1] = {
	HEADER(ETHTOOL_A_MODULE_EEPROM_HEADER),         NUMBER(NL_U32, ETHTOOL_A_MODULE_EEPROM_OFFSET),
	NUMBER(NL_U32, ETHTOOL_A_MODULE_EEPROM_LENGTH), NUMBER(NL_U8, ETHTOOL_A_MODULE_EEPROM_PAGE),
	NUMBER(NL_U8, ETHTOOL_A_MODULE_EEPROM_BANK),    NUMBER(NL_U8, ETHTOOL_A_MODULE_EEPROM_I2C_ADDRESS),
};
static const struct nl_policy tdr_policy[ETHTOOL_A_CABLE_TEST_TDR_MAX + 1] = {
	HEADER(ETHTOOL_A_CABLE_TEST_TDR_HEADER),
	NEST(ETHTOOL_A_CABLE_TEST_TDR_CFG),
};

#define SET(cmd, policy, set)                                                     \
	{                                                                         \
		cmd, NL_ADMIN, 0, ARRAY_SIZE(policy) - 1, policy, set, NULL, #cmd \
	}
#define PLAIN(cmd, name)                                                               \
	{                                                                              \
		cmd, 0, 0, ETHTOOL_HEADER, plain_policy, name##_get, name##_dump, #cmd \
	}
static const struct nl_msg ethtool_msgs[] = {
	{ ETHTOOL_MSG_STRSET_GET, 0, 0, ETHTOOL_A_STRSET_MAX, strings_policy, ethtool_strset_get, NULL,
	  "ETHTOOL_MSG_STRSET_GET" },
	PLAIN(ETHTOOL_MSG_LINKINFO_GET, link_info),
	PLAIN(ETHTOOL_MSG_LINKMODES_GET, link_modes),
	PLAIN(ETHTOOL_MSG_LINKSTATE_GET, link_state),
	PLAIN(ETHTOOL_MSG_FEATURES_GET, ethtool_features),
	SET(ETHTOOL_MSG_FEATURES_SET, ethtool_features_policy, ethtool_features_set),
	PLAIN(ETHTOOL_MSG_RINGS_GET, ethtool_rings),
	SET(ETHTOOL_MSG_RINGS_SET, ethtool_rings_policy, ethtool_rings_set),
	PLAIN(ETHTOOL_MSG_CHANNELS_GET, ethtool_channels),
	SET(ETHTOOL_MSG_CHANNELS_SET, ethtool_channels_policy, ethtool_channels_set),
	PLAIN(ETHTOOL_MSG_COALESCE_GET, ethtool_coalesce),
	SET(ETHTOOL_MSG_COALESCE_SET, ethtool_coalesce_policy, ethtool_coalesce_set),
	{ ETHTOOL_MSG_STATS_GET, 0, 0, ETHTOOL_A_STATS_MAX, stats_policy, stats_get, NULL,
	  "ETHTOOL_MSG_STATS_GET" },
	PLAIN(ETHTOOL_MSG_TSINFO_GET, stamps),
	PLAIN(ETHTOOL_MSG_TUNNEL_INFO_GET, tunnels),
	SET(ETHTOOL_MSG_LINKINFO_SET, link_info_policy, nothing_set),
	SET(ETHTOOL_MSG_LINKMODES_SET, link_modes_policy, nothing_set),
	PLAIN(ETHTOOL_MSG_DEBUG_GET, nothing),
	SET(ETHTOOL_MSG_DEBUG_SET, debug_policy, nothing_set),
	PLAIN(ETHTOOL_MSG_WOL_GET, nothing),
	SET(ETHTOOL_MSG_WOL_SET, wol_policy, nothing_set),
	PLAIN(ETHTOOL_MSG_PRIVFLAGS_GET, nothing),
	SET(ETHTOOL_MSG_PRIVFLAGS_SET, flags_policy, nothing_set),
	PLAIN(ETHTOOL_MSG_PAUSE_GET, nothing),
	SET(ETHTOOL_MSG_PAUSE_SET, pause_policy, nothing_set),
	PLAIN(ETHTOOL_MSG_EEE_GET, nothing),
	SET(ETHTOOL_MSG_EEE_SET, eee_policy, nothing_set),
	PLAIN(ETHTOOL_MSG_FEC_GET, nothing),
	SET(ETHTOOL_MSG_FEC_SET, fec_policy, nothing_set),
	PLAIN(ETHTOOL_MSG_MODULE_GET, module),
	SET(ETHTOOL_MSG_MODULE_SET, module_policy, module_set),
	{ ETHTOOL_MSG_MODULE_EEPROM_GET, NL_ADMIN, 0, ETHTOOL_A_MODULE_EEPROM_MAX, eeprom_policy, nothing_get,
	  nothing_dump, "ETHTOOL_MSG_MODULE_EEPROM_GET" },
	PLAIN(ETHTOOL_MSG_PHC_VCLOCKS_GET, nothing),
	PLAIN(ETHTOOL_MSG_PSE_GET, nothing),
	SET(ETHTOOL_MSG_CABLE_TEST_ACT, plain_policy, nothing_set),
	SET(ETHTOOL_MSG_CABLE_TEST_TDR_ACT, tdr_policy, nothing_set),
	{ 0 },
};

static const char *const groups[] = { ETHTOOL_MCGRP_MONITOR_NAME, NULL };

const struct nl_family ethtool_family = {
	.name = ETHTOOL_GENL_NAME,
	.protocol = NETLINK_GENERIC,
	.version = ETHTOOL_GENL_VERSION,
	.msgs = ethtool_msgs,
	.parse_flags = NL_STRICT | NL_EXACT,
	.mcgrps = groups,
};
static const struct nl_family *const families[] = { &ethtool_family, NULL };

const struct module genl_ethtool_module = { .name = "genl_ethtool",
					    .id = MODULE_genl_ethtool,
					    .netlink = families };

/* SPDX-License-Identifier: BSD-2-Clause */
/* The generic netlink family "ethtool" (<linux/ethtool_netlink.h>): what leat's devices have of a network card, for the program
 * of that name. */
#include "netlink/genl_ethtool.h"

#include <errno.h>

enum { FLAGS_KNOWN = ETHTOOL_FLAG_COMPACT_BITSETS | ETHTOOL_FLAG_OMIT_REPLY };

static const struct nl_policy header_policy[ETHTOOL_A_HEADER_MAX + 1] = {
	[ETHTOOL_A_HEADER_DEV_INDEX] = { NL_U32, .name = "ETHTOOL_A_HEADER_DEV_INDEX" },
	[ETHTOOL_A_HEADER_DEV_NAME] = { NL_NUL_STRING, .max = IFACE_NAME_MAX - 1,
					.name = "ETHTOOL_A_HEADER_DEV_NAME" },
	[ETHTOOL_A_HEADER_FLAGS] = { NL_U32, .name = "ETHTOOL_A_HEADER_FLAGS" },
};

#define HEADER(attr) \
	[attr] = { NL_NESTED, .nested = header_policy, .max_attr = ETHTOOL_A_HEADER_MAX, .name = #attr }

/* --- which device --- */

static int find_device(struct nl_req *r, const struct nlattr **h, struct iface **ret)
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
		return nl_bad(r->ext, r->attrs[ETHTOOL_HEADER], -ENODEV, "ifindex and name do not match");
	return 0;
}

int ethtool_ask(struct nl_req *r, bool want_device, struct ethtool_ask *ret)
{
	const struct nlattr *h[ETHTOOL_A_HEADER_MAX + 1];
	*ret = (struct ethtool_ask){ 0 };
	if (!r->attrs[ETHTOOL_HEADER])
		return want_device ? nl_bad(r->ext, NULL, -EINVAL, "request header missing") : 0;
	int err = nl_parse_nested(r->attrs[ETHTOOL_HEADER], NL_STRICT, header_policy, ETHTOOL_A_HEADER_MAX, h,
				  r->ext);
	if (err)
		return err;
	if (h[ETHTOOL_A_HEADER_FLAGS])
		ret->flags = mnl_attr_get_u32(h[ETHTOOL_A_HEADER_FLAGS]);
	if (ret->flags & ~(uint32_t)FLAGS_KNOWN)
		return nl_bad(r->ext, h[ETHTOOL_A_HEADER_FLAGS], -EOPNOTSUPP, "unrecognized request flags");
	err = find_device(r, h, &ret->ifc);
	if (!err && !ret->ifc && want_device)
		return nl_bad(r->ext, r->attrs[ETHTOOL_HEADER], -EINVAL,
			      "neither ifindex nor name specified");
	return err;
}

void ethtool_put_header(struct nl_buf *b, const struct iface *ifc)
{
	size_t nest = nl_nest(b, ETHTOOL_HEADER);
	nl_put_u32(b, ETHTOOL_A_HEADER_DEV_INDEX, ifc->ifindex);
	nl_put_str(b, ETHTOOL_A_HEADER_DEV_NAME, ifc->name);
	nl_nest_end(b, nest);
}

void ethtool_begin(struct nl_req *r, uint8_t cmd, uint16_t flags, const struct iface *ifc)
{
	genl_begin(r->reply, r->msg->nlmsg_type, cmd, ETHTOOL_GENL_VERSION, flags, r->msg->nlmsg_seq,
		   r->portid);
	if (ifc)
		ethtool_put_header(r->reply, ifc);
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

static bool link_of(const struct iface *i, struct iface_link *ret)
{
	return i->ops->link && i->ops->link(i, ret);
}

static int put_link_info(struct nl_req *r, const struct ethtool_ask *ask, uint16_t flags)
{
	struct iface_link l;
	if (!link_of(ask->ifc, &l))
		return -EOPNOTSUPP;
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
	const uint32_t mask = 0;
	struct iface_link l;
	if (!link_of(ask->ifc, &l))
		return -EOPNOTSUPP;
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

/* --- queues --- */

static int put_rings(struct nl_req *r, const struct ethtool_ask *ask, uint16_t flags)
{
	struct iface_rings s;
	if (!ask->ifc->ops->rings)
		return -EOPNOTSUPP;
	ask->ifc->ops->rings(ask->ifc, &s);
	ethtool_begin(r, ETHTOOL_MSG_RINGS_GET_REPLY, flags, ask->ifc);
	nl_put_u32(r->reply, ETHTOOL_A_RINGS_RX_MAX, s.rx_max);
	nl_put_u32(r->reply, ETHTOOL_A_RINGS_RX, s.rx);
	nl_put_u32(r->reply, ETHTOOL_A_RINGS_TX_MAX, s.tx_max);
	nl_put_u32(r->reply, ETHTOOL_A_RINGS_TX, s.tx);
	return nl_end(r->reply);
}

static uint32_t n_queues(const struct iface *i)
{
	struct iface_queue_stats s;
	uint32_t n = 0;
	while (i->ops->queue && i->ops->queue(i, n, &s))
		n++;
	return n;
}

/* As many as it was opened with. */
static int put_channels(struct nl_req *r, const struct ethtool_ask *ask, uint16_t flags)
{
	uint32_t n = n_queues(ask->ifc);
	if (!n)
		return -EOPNOTSUPP;
	ethtool_begin(r, ETHTOOL_MSG_CHANNELS_GET_REPLY, flags, ask->ifc);
	nl_put_u32(r->reply, ETHTOOL_A_CHANNELS_COMBINED_MAX, n);
	nl_put_u32(r->reply, ETHTOOL_A_CHANNELS_COMBINED_COUNT, n);
	return nl_end(r->reply);
}

/* --- what no device of leat's has --- */

/* Listed all the same: ethtool takes a family without these for an old one, and asks by ioctl instead. */
static int put_nothing(struct nl_req *r, const struct ethtool_ask *ask, uint16_t flags)
{
	return -EOPNOTSUPP;
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
GETTER(rings)
GETTER(channels)
GETTER(nothing)
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
	{ ETHTOOL_MSG_FEATURES_SET, NL_ADMIN, 0, ETHTOOL_A_FEATURES_WANTED, ethtool_features_policy,
	  ethtool_features_set, NULL, "ETHTOOL_MSG_FEATURES_SET" },
	PLAIN(ETHTOOL_MSG_RINGS_GET, rings),
	PLAIN(ETHTOOL_MSG_CHANNELS_GET, channels),
	PLAIN(ETHTOOL_MSG_DEBUG_GET, nothing),
	PLAIN(ETHTOOL_MSG_WOL_GET, nothing),
	PLAIN(ETHTOOL_MSG_PRIVFLAGS_GET, nothing),
	PLAIN(ETHTOOL_MSG_COALESCE_GET, nothing),
	PLAIN(ETHTOOL_MSG_PAUSE_GET, nothing),
	PLAIN(ETHTOOL_MSG_EEE_GET, nothing),
	PLAIN(ETHTOOL_MSG_FEC_GET, nothing),
	PLAIN(ETHTOOL_MSG_MODULE_GET, nothing),
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

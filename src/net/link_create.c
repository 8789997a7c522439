/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: interfaces come from the kinds that rooms register (iface_kind), whose options are words. So a request is
 * turned into words: `ip link add link eth0 name eth0.5 type vlan id 5` becomes "vlan:eth0.5,link=eth0,id=5,proto=802.1Q", `type veth
 * peer name b` a pair in memory with "peer=b". Save files hold the same words. Errors and their texts are those of Linux's
 * rtnl_newlink() and of the kinds' validate() and newlink(). */
#include "net/link_create.h"

#include <arpa/inet.h>
#include <stdio.h>

#include <linux/if_ether.h>
#include <linux/if_vlan.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

#include "net/ctl_util.h"
#include "net/iface_internal.h"

struct creation {
	struct nl_req *r;
	const struct nl_policy *link_policy;
	const struct nlattr *data; /* IFLA_INFO_DATA or NULL */
	char kind[32], name[IFACE_NAME_MAX], options[64];
};

/* --- veth --- */

/* The other end: an ifinfomsg and attributes inside VETH_INFO_PEER. */
static int read_peer(const struct creation *c, char ret_name[IFACE_NAME_MAX])
{
	const struct nlattr *peer, *attrs[IFLA_MAX + 1];
	if (!c->data)
		return 0;
	mnl_attr_for_each_nested(peer, c->data)
	{
		if (mnl_attr_get_type(peer) != VETH_INFO_PEER)
			continue;
		size_t len = mnl_attr_get_payload_len(peer), skip = sizeof(struct ifinfomsg);
		if (len < skip)
			return -EINVAL;
		int err = nl_parse((const uint8_t *)mnl_attr_get_payload(peer) + skip, len - skip,
				   c->link_policy, IFLA_MAX, 0, attrs, c->r->ext);
		if (err)
			return err;
		if (attrs[IFLA_IFNAME] && !attr_copy_name(attrs[IFLA_IFNAME], ret_name, IFACE_NAME_MAX))
			return -EINVAL;
	}
	return 0;
}

static int veth_words(struct creation *c)
{
	char peer[IFACE_NAME_MAX] = "";
	int err = read_peer(c, peer);
	if (err)
		return err;
	/* The first name is not taken yet, so the pattern would give it again. */
	for (unsigned n = 0; !peer[0] && n < 1000; n++) {
		char next[IFACE_NAME_MAX];
		snprintf(next, sizeof next, "veth%u", n);
		if (strcmp(next, c->name) != 0 && !iface_by_name(c->r->st, next))
			memcpy(peer, next, sizeof next);
	}
	err = iface_name_take(c->r->st, peer, peer);
	snprintf(c->options, sizeof c->options, "peer=%s", peer);
	return err;
}

/* --- vlan --- */

static const struct nl_policy vlan_policy[IFLA_VLAN_MAX + 1] = {
	[IFLA_VLAN_ID] = { NL_U16, .name = "IFLA_VLAN_ID" },
	[IFLA_VLAN_FLAGS] = { NL_BYTES, .max = sizeof(struct ifla_vlan_flags), .name = "IFLA_VLAN_FLAGS" },
	[IFLA_VLAN_EGRESS_QOS] = { NL_NESTED, .name = "IFLA_VLAN_EGRESS_QOS" },
	[IFLA_VLAN_INGRESS_QOS] = { NL_NESTED, .name = "IFLA_VLAN_INGRESS_QOS" },
	[IFLA_VLAN_PROTOCOL] = { NL_U16, .name = "IFLA_VLAN_PROTOCOL", .help = "big-endian" },
};

/* Linux: vlan_validate(); what is not there yet is refused instead of forgotten. */
static int vlan_validate(const struct creation *c, const struct nlattr **a)
{
	struct nl_ext *ext = c->r->ext;
	if (a[IFLA_VLAN_PROTOCOL]) {
		uint16_t proto = ntohs(mnl_attr_get_u16(a[IFLA_VLAN_PROTOCOL]));
		if (proto != ETH_P_8021Q && proto != ETH_P_8021AD)
			return nl_bad(ext, NULL, -EPROTONOSUPPORT, "Invalid VLAN protocol");
	}
	if (a[IFLA_VLAN_ID] && mnl_attr_get_u16(a[IFLA_VLAN_ID]) >= 0x0fff)
		return nl_bad(ext, NULL, -ERANGE, "Invalid VLAN id");
	if (a[IFLA_VLAN_EGRESS_QOS] || a[IFLA_VLAN_INGRESS_QOS])
		return nl_bad(ext,
			      a[IFLA_VLAN_EGRESS_QOS] ? a[IFLA_VLAN_EGRESS_QOS] : a[IFLA_VLAN_INGRESS_QOS],
			      -EOPNOTSUPP, "Priority maps are not supported yet");
	if (a[IFLA_VLAN_FLAGS]) {
		struct ifla_vlan_flags f;
		if (mnl_attr_get_payload_len(a[IFLA_VLAN_FLAGS]) < sizeof f)
			return -EINVAL;
		memcpy(&f, mnl_attr_get_payload(a[IFLA_VLAN_FLAGS]), sizeof f);
		if ((f.flags ^ VLAN_FLAG_REORDER_HDR) & f.mask)
			return nl_bad(ext, a[IFLA_VLAN_FLAGS], -EOPNOTSUPP,
				      "Only the flag REORDER_HDR is supported, and it is on");
	}
	return 0;
}

static int vlan_words(struct creation *c)
{
	const struct nlattr *a[IFLA_VLAN_MAX + 1], *link = c->r->attrs[IFLA_LINK];
	struct nl_ext *ext = c->r->ext;
	if (!c->data)
		return nl_bad(ext, NULL, -EINVAL, "VLAN properties not specified");
	int err = nl_parse_nested(c->data, 0, vlan_policy, IFLA_VLAN_MAX, a, ext);
	if (!err)
		err = vlan_validate(c, a);
	if (err)
		return err;
	if (!a[IFLA_VLAN_ID])
		return nl_bad(ext, NULL, -EINVAL, "VLAN id not specified");
	if (!link)
		return nl_bad(ext, NULL, -EINVAL, "link not specified");
	const struct iface *lower = iface_by_index(c->r->st, mnl_attr_get_u32(link));
	if (!lower)
		return nl_bad(ext, NULL, -ENODEV, "link does not exist");
	const struct nlattr *mtu = c->r->attrs[IFLA_MTU];
	if (mtu && mnl_attr_get_u32(mtu) > lower->mtu)
		return nl_bad(ext, NULL, -EINVAL, "Device MTU is too big");
	bool is_ad = a[IFLA_VLAN_PROTOCOL] && ntohs(mnl_attr_get_u16(a[IFLA_VLAN_PROTOCOL])) == ETH_P_8021AD;
	snprintf(c->options, sizeof c->options, "link=%s,id=%u,proto=%s", lower->name,
		 mnl_attr_get_u16(a[IFLA_VLAN_ID]), is_ad ? "802.1ad" : "802.1Q");
	return 0;
}

/* --- vrf --- */

static const struct nl_policy vrf_policy[IFLA_VRF_MAX + 1] = {
	[IFLA_VRF_TABLE] = { NL_U32, .name = "IFLA_VRF_TABLE" },
};

static int vrf_words(struct creation *c)
{
	const struct nlattr *a[IFLA_VRF_MAX + 1] = { 0 };
	int err = c->data ? nl_parse_nested(c->data, 0, vrf_policy, IFLA_VRF_MAX, a, c->r->ext) : 0;
	if (err)
		return err;
	if (!a[IFLA_VRF_TABLE])
		return nl_bad(c->r->ext, NULL, -EINVAL, "VRF table id is missing");
	uint32_t table = mnl_attr_get_u32(a[IFLA_VRF_TABLE]);
	if (!table)
		return nl_bad(c->r->ext, a[IFLA_VRF_TABLE], -EINVAL, "Invalid VRF table id");
	snprintf(c->options, sizeof c->options, "table=%u", table);
	return 0;
}

/* --- any kind --- */

/* Kinds that Linux calls otherwise, or that a request says more of than its name. */
static const struct row {
	const char *linux_name, *leat;
	int (*words)(struct creation *c);
} rows[] = { { "veth", "mem", veth_words }, { "vlan", "vlan", vlan_words }, { "vrf", "vrf", vrf_words } };

static const struct row *row_of(const char *kind)
{
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		if (!strcmp(rows[i].linux_name, kind))
			return &rows[i];
	return NULL;
}

static int read_creation(struct creation *c, const struct nl_policy *info_policy)
{
	const struct nlattr *info[IFLA_INFO_MAX + 1] = { 0 }, *name = c->r->attrs[IFLA_IFNAME];
	int err = 0;
	if (c->r->attrs[IFLA_LINKINFO])
		err = nl_parse_nested(c->r->attrs[IFLA_LINKINFO], 0, info_policy, IFLA_INFO_MAX, info,
				      c->r->ext);
	if (err)
		return err;
	c->data = info[IFLA_INFO_DATA];
	if (info[IFLA_INFO_KIND] && !attr_copy_name(info[IFLA_INFO_KIND], c->kind, sizeof c->kind))
		return -EINVAL;
	return name && !attr_copy_name(name, c->name, sizeof c->name) ? -EINVAL : 0;
}

/* A name that was not given: kind0, kind1, ... */
static int complete_name(struct creation *c)
{
	char pattern[IFACE_NAME_MAX + 8], taken[IFACE_NAME_MAX];
	snprintf(pattern, sizeof pattern, "%.12s%%d", c->kind);
	int err = iface_name_take(c->r->st, c->name[0] ? c->name : pattern, taken);
	memcpy(c->name, taken, sizeof taken);
	return err;
}

int link_create(struct nl_req *r, const struct nl_policy *link_policy, const struct nl_policy *info_policy,
		struct iface **ret)
{
	struct creation c = { .r = r, .link_policy = link_policy };
	char why[160] = "";
	int err = read_creation(&c, info_policy);
	if (err)
		return err;
	const struct row *row = row_of(c.kind);
	struct iface_kind *kind = c.kind[0] ? iface_kind_find(r->st, row ? row->leat : c.kind) : NULL;
	if (!kind)
		return nl_bad(r->ext, NULL, -EOPNOTSUPP, "Unknown device type");
	err = complete_name(&c);
	if (!err && row)
		err = row->words(&c);
	if (err)
		return err;
	err = kind->open(r->st, c.name, c.options, why, sizeof why);
	if (err)
		return nl_bad_text(r->ext, NULL, err, "%s", why[0] ? why : "The device cannot be opened");
	*ret = iface_by_name(r->st, c.name);
	return *ret ? 0 : -ENODEV;
}

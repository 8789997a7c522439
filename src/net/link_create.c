/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: interfaces come from the kinds that rooms register (iface_kind), whose options are words. So a request is
 * turned into words: `ip link add link eth0 name eth0.5 type vlan id 5` becomes "vlan:eth0.5,link=eth0,id=5,proto=802.1Q", `type veth
 * peer name b` a pair in memory with "peer=b". Save files hold the same words. Errors and their texts are those of Linux's
 * rtnl_newlink() and of the kinds' validate() and newlink(). */
#include "net/link_create.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>

#include <linux/if_ether.h>
#include <linux/if_vlan.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

#include "net/ctl_util.h"
#include "net/iface_internal.h"
#include "net/link_fill.h"

struct creation {
	struct nl_req *r;
	const struct nl_policy *link_policy;
	const struct nlattr *data; /* IFLA_INFO_DATA or NULL */
	char kind[32], name[IFACE_NAME_MAX], peer_name[IFACE_NAME_MAX], options[400];
	struct link_born *peer;
};

static void put_word(struct creation *c, bool *full, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static void put_word(struct creation *c, bool *full, const char *fmt, ...)
{
	size_t at = strlen(c->options);
	va_list ap;
	va_start(ap, fmt);
	*full |= vsnprintf(c->options + at, sizeof c->options - at, fmt, ap) >= (int)(sizeof c->options - at);
	va_end(ap);
}

/* --- veth --- */

/* Linux: veth_validate() */
static int veth_validate(const struct creation *c, const struct nlattr *const *attrs)
{
	static const uint8_t zero[6];
	const struct nlattr *mac = attrs[IFLA_ADDRESS], *mtu = attrs[IFLA_MTU];
	if (mac && mnl_attr_get_payload_len(mac) != sizeof zero)
		return -EINVAL;
	const uint8_t *b = mac ? mnl_attr_get_payload(mac) : NULL;
	if (b && (b[0] & 1 || !memcmp(b, zero, sizeof zero)))
		return -EADDRNOTAVAIL;
	if (mtu && (mnl_attr_get_u32(mtu) < ETH_MIN_MTU || mnl_attr_get_u32(mtu) > ETH_MAX_MTU))
		return -EINVAL;
	return 0;
}

/* The other end: an ifinfomsg and attributes inside VETH_INFO_PEER; else it is like this one, but for name and address. */
static int read_peer(const struct creation *c, struct link_born *peer, char ret_name[IFACE_NAME_MAX])
{
	const struct nlattr *a;
	memcpy(peer->attrs, c->r->attrs, sizeof peer->attrs);
	peer->attrs[IFLA_IFNAME] = peer->attrs[IFLA_ADDRESS] = peer->attrs[IFLA_MASTER] = NULL;
	if (!c->data)
		return 0;
	mnl_attr_for_each_nested(a, c->data)
	{
		if (mnl_attr_get_type(a) != VETH_INFO_PEER)
			continue;
		size_t len = mnl_attr_get_payload_len(a), skip = sizeof peer->hdr;
		if (len < skip)
			return -EINVAL;
		memcpy(&peer->hdr, mnl_attr_get_payload(a), skip);
		int err = nl_parse((const uint8_t *)mnl_attr_get_payload(a) + skip, len - skip,
				   c->link_policy, IFLA_MAX, 0, peer->attrs, c->r->ext);
		if (!err)
			err = veth_validate(c, peer->attrs);
		if (err)
			return err;
		if (peer->attrs[IFLA_IFNAME] &&
		    !attr_copy_name(peer->attrs[IFLA_IFNAME], ret_name, IFACE_NAME_MAX))
			return -EINVAL;
	}
	return 0;
}

static int veth_check(struct creation *c)
{
	return veth_validate(c, c->r->attrs);
}

/* Linux: the other end comes first, and gets the first free number. */
static int veth_words(struct creation *c)
{
	char peer[IFACE_NAME_MAX] = "veth%d";
	int err = veth_validate(c, c->r->attrs);
	if (!err)
		err = read_peer(c, c->peer, peer);
	if (!err)
		err = iface_name_take(c->r->st, peer, peer);
	if (err)
		return err;
	if (!strcmp(peer, c->name)) { /* Linux: by then the other end has come, and it goes with its number */
		iface_state(c->r->st)->last_ifindex++;
		c->peer->took_number = true;
		return -EEXIST;
	}
	for (unsigned n = 0; !c->name[0] && n < 1000; n++) {
		char next[IFACE_NAME_MAX];
		snprintf(next, sizeof next, "veth%u", n);
		if (strcmp(next, peer) != 0 && !iface_by_name(c->r->st, next))
			memcpy(c->name, next, sizeof next);
	}
	int len = snprintf(c->options, sizeof c->options, "peer=%s,peer_first=1", peer);
	if (c->peer->hdr.ifi_index > 0)
		snprintf(c->options + len, sizeof c->options - (size_t)len, ",peer_index=%u",
			 (unsigned)c->peer->hdr.ifi_index);
	memcpy(c->peer_name, peer, sizeof peer);
	return 0;
}

/* --- vlan --- */

static const struct nl_policy vlan_policy[IFLA_VLAN_MAX + 1] = {
	[IFLA_VLAN_ID] = { NL_U16, .name = "IFLA_VLAN_ID" },
	[IFLA_VLAN_FLAGS] = { NL_BYTES, .max = sizeof(struct ifla_vlan_flags), .name = "IFLA_VLAN_FLAGS" },
	[IFLA_VLAN_EGRESS_QOS] = { NL_NESTED, .name = "IFLA_VLAN_EGRESS_QOS" },
	[IFLA_VLAN_INGRESS_QOS] = { NL_NESTED, .name = "IFLA_VLAN_INGRESS_QOS" },
	[IFLA_VLAN_PROTOCOL] = { NL_U16, .name = "IFLA_VLAN_PROTOCOL", .help = "big-endian" },
};

/* Linux: vlan_validate_qos_map(). */
static int check_map(struct nl_ext *ext, const struct nlattr *map, const char *why)
{
	const struct nlattr *m;
	if (!map)
		return 0;
	mnl_attr_for_each_nested(m, map)
	{
		if (mnl_attr_get_type(m) == IFLA_VLAN_QOS_MAPPING &&
		    mnl_attr_get_payload_len(m) < sizeof(struct ifla_vlan_qos_mapping))
			return nl_bad(ext, NULL, -EINVAL, why);
	}
	return 0;
}

/* Linux has these, too, and nothing here could do what they say: so they are refused rather than forgotten. */
static int check_flags(struct nl_ext *ext, const struct nlattr *a)
{
	enum {
		KNOWN = VLAN_FLAG_REORDER_HDR | VLAN_FLAG_GVRP | VLAN_FLAG_LOOSE_BINDING | VLAN_FLAG_MVRP |
			VLAN_FLAG_BRIDGE_BINDING
	};
	struct ifla_vlan_flags f;
	if (!a)
		return 0;
	if (mnl_attr_get_payload_len(a) < sizeof f)
		return -EINVAL;
	memcpy(&f, mnl_attr_get_payload(a), sizeof f);
	if (f.flags & f.mask & ~(uint32_t)KNOWN)
		return nl_bad(ext, NULL, -EINVAL, "8021q: Invalid VLAN flags");
	if ((f.flags ^ VLAN_FLAG_REORDER_HDR) & f.mask & ~(uint32_t)VLAN_FLAG_LOOSE_BINDING)
		return nl_bad(ext, a, -EOPNOTSUPP,
			      "Of the flags only LOOSE_BINDING can be changed; REORDER_HDR is on");
	return 0;
}

/* Linux: vlan_validate(). */
static int vlan_validate(const struct creation *c, const struct nlattr **a)
{
	struct nl_ext *ext = c->r->ext;
	if (a[IFLA_VLAN_PROTOCOL]) {
		uint16_t proto = ntohs(mnl_attr_get_u16(a[IFLA_VLAN_PROTOCOL]));
		if (proto != ETH_P_8021Q && proto != ETH_P_8021AD)
			return nl_bad(ext, NULL, -EPROTONOSUPPORT, "8021q: Invalid VLAN protocol");
	}
	if (a[IFLA_VLAN_ID] && mnl_attr_get_u16(a[IFLA_VLAN_ID]) >= 0x0fff)
		return nl_bad(ext, NULL, -ERANGE, "8021q: Invalid VLAN id");
	int err = check_flags(ext, a[IFLA_VLAN_FLAGS]);
	if (!err)
		err = check_map(ext, a[IFLA_VLAN_INGRESS_QOS], "8021q: Invalid ingress QOS map");
	return err ? err : check_map(ext, a[IFLA_VLAN_EGRESS_QOS], "8021q: Invalid egress QOS map");
}

static int vlan_read(const struct creation *c, const struct nlattr **a)
{
	if (!c->data)
		return nl_bad(c->r->ext, NULL, -EINVAL, "8021q: VLAN properties not specified");
	int err = nl_parse_nested(c->data, 0, vlan_policy, IFLA_VLAN_MAX, a, c->r->ext);
	return err ? err : vlan_validate(c, a);
}

static void put_map(struct creation *c, const char *key, const struct nlattr *map, bool *full)
{
	struct ifla_vlan_qos_mapping m;
	const struct nlattr *one;
	bool more = false;
	if (!map)
		return;
	mnl_attr_for_each_nested(one, map)
	{
		if (mnl_attr_get_type(one) != IFLA_VLAN_QOS_MAPPING)
			continue;
		memcpy(&m, mnl_attr_get_payload(one), sizeof m);
		put_word(c, full, "%s%s%s%u:%u", more ? "/" : ",", more ? "" : key, more ? "" : "=", m.from,
			 m.to);
		more = true;
	}
}

/* What may be changed later, behind the rest. */
static int vlan_change_words(struct creation *c, const struct nlattr *const *a)
{
	struct ifla_vlan_flags f = { 0 };
	bool full = false;
	if (a[IFLA_VLAN_FLAGS])
		memcpy(&f, mnl_attr_get_payload(a[IFLA_VLAN_FLAGS]), sizeof f);
	if (f.mask & VLAN_FLAG_LOOSE_BINDING)
		put_word(c, &full, ",loose=%d", !!(f.flags & VLAN_FLAG_LOOSE_BINDING));
	put_map(c, "ingress", a[IFLA_VLAN_INGRESS_QOS], &full);
	put_map(c, "egress", a[IFLA_VLAN_EGRESS_QOS], &full);
	return full ? nl_bad(c->r->ext, NULL, -ENOSPC, "Too many priorities at once") : 0;
}

static int vlan_check(struct creation *c)
{
	const struct nlattr *a[IFLA_VLAN_MAX + 1];
	return vlan_read(c, a);
}

static int vlan_changes(struct creation *c)
{
	const struct nlattr *a[IFLA_VLAN_MAX + 1];
	int err = vlan_read(c, a);
	return err ? err : vlan_change_words(c, a);
}

static int vlan_words(struct creation *c)
{
	const struct nlattr *a[IFLA_VLAN_MAX + 1], *link = c->r->attrs[IFLA_LINK];
	struct nl_ext *ext = c->r->ext;
	int err = vlan_read(c, a);
	if (err)
		return err;
	if (!a[IFLA_VLAN_ID])
		return nl_bad(ext, NULL, -EINVAL, "8021q: VLAN id not specified");
	if (!link)
		return nl_bad(ext, NULL, -EINVAL, "8021q: link not specified");
	const struct iface *lower = iface_by_index(c->r->st, mnl_attr_get_u32(link));
	if (!lower)
		return nl_bad(ext, NULL, -ENODEV, "8021q: link does not exist");
	const struct nlattr *mtu = c->r->attrs[IFLA_MTU];
	if (mtu && mnl_attr_get_u32(mtu) > lower->mtu)
		return nl_bad(ext, NULL, -EINVAL, "8021q: Device MTU is too big");
	bool is_ad = a[IFLA_VLAN_PROTOCOL] && ntohs(mnl_attr_get_u16(a[IFLA_VLAN_PROTOCOL])) == ETH_P_8021AD;
	snprintf(c->options, sizeof c->options, "link=%s,id=%u,proto=%s", lower->name,
		 mnl_attr_get_u16(a[IFLA_VLAN_ID]), is_ad ? "802.1ad" : "802.1Q");
	return vlan_change_words(c, a);
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
	int (*words)(struct creation *c); /* for the kind's open() */
	int (*changes)(struct creation *c); /* for its change() */
	int (*validate)(struct creation *c); /* NULL: whatever it says will do */
} rows[] = {
	{ "veth", "mem", veth_words, NULL, veth_check },
	{ "vlan", "vlan", vlan_words, vlan_changes, vlan_check },
	{ "vrf", "vrf", vrf_words, NULL, NULL },
};

static const struct row *row_of(const char *kind)
{
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		if (!strcmp(rows[i].linux_name, kind))
			return &rows[i];
	return NULL;
}

bool link_kind_is_known(struct leat_stack *st, const char *linux_name)
{
	const struct row *row = row_of(linux_name);
	return iface_kind_find(st, row ? row->leat : linux_name);
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

/* The device's kind opens it. Its number is the request's, if that names one. */
static int open_quietly(struct creation *c, struct iface_kind *kind)
{
	struct iface_stack *s = iface_state(c->r->st);
	const struct ifinfomsg *m = c->r->hdr;
	char why[160] = "";
	s->want_quiet = true;
	size_t len = strlen(c->options);
	if (m->ifi_index > 0 && c->peer_name[0]) /* the first to come is not the one that is meant */
		snprintf(c->options + len, sizeof c->options - len, ",index=%u", (unsigned)m->ifi_index);
	else if (m->ifi_index > 0)
		s->want_ifindex = (uint32_t)m->ifi_index;
	int err = kind->open(c->r->st, c->name, c->options, why, sizeof why);
	s->want_quiet = false;
	s->want_ifindex = 0;
	if (!err || !strcmp(why, strerror(-err))) /* which says nothing more */
		return err;
	return nl_bad_text(c->r->ext, NULL, err, "%s", why[0] ? why : "The device cannot be opened");
}

int link_validate(struct nl_req *r, const struct nl_policy *link_policy, const struct nl_policy *info_policy)
{
	struct creation c = { .r = r, .link_policy = link_policy };
	int err = read_creation(&c, info_policy);
	const struct row *row = err ? NULL : row_of(c.kind);
	return row && row->validate ? row->validate(&c) : err;
}

int link_create(struct nl_req *r, const struct nl_policy *link_policy, const struct nl_policy *info_policy,
		struct link_born *ret_link, struct link_born *ret_peer)
{
	struct creation c = { .r = r, .link_policy = link_policy, .peer = ret_peer };
	int err = read_creation(&c, info_policy);
	if (err)
		return err;
	const struct row *row = row_of(c.kind);
	struct iface_kind *kind = c.kind[0] ? iface_kind_find(r->st, row ? row->leat : c.kind) : NULL;
	if (!kind)
		return nl_bad(r->ext, NULL, -EOPNOTSUPP, "Unknown device type");
	if (c.name[0]) /* what is taken is said first */
		err = complete_name(&c);
	if (!err && row)
		err = row->words(&c);
	if (!err && !c.name[0])
		err = complete_name(&c);
	if (!err)
		err = open_quietly(&c, kind);
	if (err)
		return err;
	ret_link->i = iface_by_name(r->st, c.name);
	ret_link->hdr = *(const struct ifinfomsg *)r->hdr;
	memcpy(ret_link->attrs, r->attrs, sizeof ret_link->attrs);
	ret_link->attrs[IFLA_IFALIAS] = ret_peer->attrs[IFLA_IFALIAS] = NULL; /* Linux: not at birth */
	ret_peer->i = c.peer_name[0] ? iface_by_name(r->st, c.peer_name) : NULL;
	return ret_link->i ? 0 : -ENODEV;
}

int link_change(struct nl_req *r, const struct nl_policy *link_policy, const struct nl_policy *info_policy,
		struct iface *i, bool *ret_changed)
{
	struct creation c = { .r = r, .link_policy = link_policy };
	const char *have = link_kind_of(i);
	char why[160] = "";
	int err = read_creation(&c, info_policy);
	if (err || !c.data)
		return err;
	const struct row *row = row_of(c.kind);
	if (!row || !have || strcmp(c.kind, have) || !row->changes || !i->ops->change)
		return -EOPNOTSUPP;
	err = row->changes(&c);
	if (err)
		return err;
	*ret_changed = true; /* Linux: whether anything is different or not */
	err = i->ops->change(i, c.options[0] ? c.options + 1 : "", why, sizeof why);
	return err && why[0] ? nl_bad_text(r->ext, NULL, err, "%s", why) : err;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Values by what an attribute's name in its policy says: an interface's number where one is wanted, an address as long as the
 * header's family has them. */
#include <linux/filter.h>
#include <linux/if_addr.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/fib_rules.h>
#include <linux/if_addrlabel.h>
#include <linux/neighbour.h>
#include <linux/netconf.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/base.h"
#include "net/sysctl.h"
#include "request_make.h"

enum { DEPTH_MAX = 5, ATTRS_MAX = 12, TEXT_MAX = 160 };

static bool says(const char *name, const char *word)
{
	return name && strstr(name, word);
}

static bool is(const char *name, const char *word)
{
	return name && !strcmp(name, word);
}

/* --- numbers --- */

static uint32_t choose_ifindex(struct choice *c)
{
	uint8_t b = choose_byte(c);
	return b < 0xf0 ? b % 12u : (uint32_t)choose_u64(c);
}

static uint32_t choose_table(struct choice *c)
{
	static const uint32_t t[] = { 254, 0, 255, 253, 10, 100, 1000, 252, 256, UINT32_MAX };
	return t[choose(c, ARRAY_SIZE(t))];
}

static uint32_t choose_object(struct choice *c)
{
	static const uint32_t id[] = { 1, 2, 3, 4, 5, 10, 11, 12, 20, 21, 22, 0, UINT32_MAX };
	return id[choose(c, ARRAY_SIZE(id))];
}

static uint64_t choose_number(struct choice *c, const struct nl_policy *p)
{
	static const uint64_t edge[] = { 0,          1,          2,         0x7f,      0x80,       0xff,
					 0xffff,     68,         1280,      1500,      0x7fffffff, 0x80000000,
					 0xfffffffe, 0xffffffff, INT64_MAX, UINT64_MAX };
	unsigned how = choose(c, 8);
	if (how == 0)
		return p->min;
	if (how == 1)
		return p->max;
	if (how == 2)
		return edge[choose(c, ARRAY_SIZE(edge))];
	if (how == 3)
		return choose_u64(c);
	return choose_byte(c) % 32u;
}

static uint64_t number(struct maker *m, const struct nl_policy *p)
{
	static const uint16_t protocols[] = { 0x8100, 0xa888, 0x0081, 0x88a8, 0x86dd };
	const char *n = p->name;
	if (says(n, "IFINDEX") || says(n, "OIF") || says(n, "IIF") || says(n, "MASTER") ||
	    says(n, "DEV_INDEX") || is(n, "IFLA_LINK"))
		return choose_ifindex(m->c);
	if (says(n, "TABLE"))
		return choose_table(m->c);
	if (says(n, "NH_ID") || says(n, "NHA_ID"))
		return choose_object(m->c);
	if (says(n, "VLAN_PROTOCOL"))
		return protocols[choose(m->c, ARRAY_SIZE(protocols))];
	return choose_number(m->c, p);
}

static void put_number(struct maker *m, struct nl_buf *b, uint16_t type, const struct nl_policy *p,
		       size_t len)
{
	uint64_t v = number(m, p);
	if (p->type == NL_BE16)
		v = htons((uint16_t)v);
	else if (p->type == NL_BE32)
		v = htonl((uint32_t)v);
	if (choose_rarely(m->c))
		len = choose(m->c, 9);
	nl_put(b, type, &v, len);
}

/* --- text --- */

static const char *const names[] = { "a",       "b",    "a.5", "a.9", "a.9.7", "red", "lo",     "d0",
				     "d1",      "v0",   "v1",  "a.7", "xx",    "",    "d%d",    "alias-a",
				     "alias-b", "lo:1", "a:",  "a/b", ".",     "all", "default" };
static const char *const kinds[] = { "dummy", "vlan", "veth",     "vrf", "bridge",
				     "mem",   "sink", "loopback", "ifb", "" };
static const char *const genls[] = { "nlctrl", "ethtool", "leat", "leat_file", "taskstats" };
static const char *const options[] = { "",       "peer=m1", "peer=a", "mtu=9000", "peer=m1,mtu=68",
				       "csum=0", "x=1",     "=" };
static const char *const values[] = {
	"1",   "0",   "2", "-1",  "10", "255",        "1000",      "1\t2",        "2 1", "4294967295", "0x10",
	"017", "1.5", "",  " 1 ", "x",  "2147483648", "0-1,3-127", "2001:db8::1", "up",  "down"
};
static const char *const files[] = { "proc/net/dev",
				     "proc/net/route",
				     "proc/net/ipv6_route",
				     "proc/net/arp",
				     "proc/net/if_inet6",
				     "proc/net/snmp",
				     "proc/net/snmp6",
				     "proc/net/netstat",
				     "proc/net/igmp",
				     "proc/net/igmp6",
				     "proc/net/mcfilter",
				     "proc/net/mcfilter6",
				     "proc/net/dev_mcast",
				     "proc/net/anycast6",
				     "proc/net/rt6_stats",
				     "proc/net/vlan/config",
				     "proc/net/vlan/a.5",
				     "proc/net/dev_snmp6/a",
				     "proc/net",
				     "proc/sys/net",
				     "proc/sys/net/ipv4/conf/a",
				     "proc/sys/net/ipv4/conf/a/forwarding",
				     "proc/sys/net/ipv6/conf/a.5/mtu",
				     "sys/class/net",
				     "sys/class/net/a",
				     "sys/devices/virtual/net",
				     "sys/devices/virtual/net/a",
				     "sys/devices/virtual/net/a/mtu",
				     "sys/devices/virtual/net/a/ifalias",
				     "sys/devices/virtual/net/a/flags",
				     "sys/devices/virtual/net/a/statistics",
				     "sys/devices/virtual/net/a/statistics/rx_bytes",
				     "sys/devices/virtual/net/a.5/upper_a",
				     "sys/devices/virtual/net/red/operstate",
				     "" };

/* A setting of the stack's own; slashes for a file's path. */
static void choose_knob(struct maker *m, bool file, char to[TEXT_MAX])
{
	struct sysctl_pos pos = { 0 };
	struct sysctl s;
	char name[KNOB_NAME_MAX] = "";
	for (unsigned n = choose_byte(m->c) * 4u + choose(m->c, 4) + 1; n && sysctl_next(m->st, &pos, &s);
	     n--)
		sysctl_name(&s, name);
	snprintf(to, TEXT_MAX, "%s%s", file ? "proc/sys/" : "", name);
	for (char *p = to; file && *p; p++)
		*p = *p == '.' ? '/' : *p;
}

#define ONE_OF(list) snprintf(to, TEXT_MAX, "%s", (list)[choose(m->c, ARRAY_SIZE(list))])
static void choose_text(struct maker *m, const struct nl_policy *p, char to[TEXT_MAX])
{
	unsigned how = choose(m->c, 16);
	if (says(p->name, "PATH") && how < 8)
		choose_knob(m, true, to);
	else if (says(p->name, "PATH"))
		ONE_OF(files);
	else if (says(p->name, "KNOB"))
		choose_knob(m, false, to);
	else if (says(p->name, "VALUE") || says(p->name, "TEXT"))
		ONE_OF(values);
	else if (says(p->name, "KIND"))
		ONE_OF(kinds);
	else if (says(p->name, "FAMILY_NAME"))
		ONE_OF(genls);
	else if (says(p->name, "OPTIONS"))
		ONE_OF(options);
	else if (says(p->name, "NDTA"))
		snprintf(to, TEXT_MAX, "%s", how % 2 ? "arp_cache" : "ndisc_cache");
	else
		ONE_OF(names);
	if (how == 15) /* any other */
		choose_bytes(m->c, to, choose(m->c, 24));
}

static void put_text(struct maker *m, struct nl_buf *b, uint16_t type, const struct nl_policy *p)
{
	char to[TEXT_MAX] = "";
	choose_text(m, p, to);
	to[TEXT_MAX - 1] = 0;
	if (says(p->name, "KIND"))
		for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++)
			if (!strcmp(to, kinds[i]))
				m->kind = kinds[i];
	nl_put(b, type, to, strlen(to) + (choose_rarely(m->c) ? 0 : 1));
}

/* --- addresses --- */

static const uint8_t addr4[][4] = {
	{ 10, 0, 1, 1 },   { 10, 0, 1, 2 },  { 10, 0, 2, 1 },        { 10, 0, 2, 2 },    { 10, 0, 1, 0 },
	{ 10, 0, 5, 1 },   { 10, 0, 7, 1 },  { 198, 51, 100, 0 },    { 203, 0, 113, 0 }, { 198, 18, 0, 0 },
	{ 192, 0, 2, 77 }, { 0, 0, 0, 0 },   { 255, 255, 255, 255 }, { 127, 0, 0, 1 },   { 224, 0, 0, 77 },
	{ 10, 0, 1, 255 }, { 240, 0, 0, 1 }, { 172, 16, 0, 0 },      { 0, 0, 0, 1 },     { 169, 254, 0, 1 },
};
static const uint8_t addr6[][16] = {
	{ 0x20, 1, 0xd, 0xb8, 0, 1, [15] = 1 },
	{ 0x20, 1, 0xd, 0xb8, 0, 1, [15] = 2 },
	{ 0x20, 1, 0xd, 0xb8, 0, 2, [15] = 1 },
	{ 0x20, 1, 0xd, 0xb8, 0, 2, [15] = 2 },
	{ 0x20, 1, 0xd, 0xb8, 0, 1 },
	{ 0x20, 1, 0xd, 0xb8, 0, 0x50 },
	{ 0x20, 1, 0xd, 0xb8, 0, 0x60 },
	{ 0x20, 1, 0xd, 0xb8, 0, 5, [15] = 1 },
	{ 0xfe, 0x80, [15] = 1 },
	{ 0xfe, 0x80, [8] = 2, 0, 0, 0xff, 0xfe, 0, 0, 2 },
	{ 0 },
	{ [15] = 1 },
	{ 0xff, 2, [15] = 0x77 },
	{ 0xff, 2, [15] = 1 },
	{ [10] = 0xff, 0xff, 10, 0, 1, 1 },
	{ 0xfd, [15] = 9 },
};

static void put_addr(struct maker *m, struct nl_buf *b, uint16_t type)
{
	bool six = choose_rarely(m->c) ? m->family != AF_INET6 : m->family == AF_INET6;
	uint8_t a[16];
	size_t len = six ? 16 : 4;
	if (six)
		memcpy(a, addr6[choose(m->c, ARRAY_SIZE(addr6))], 16);
	else
		memcpy(a, addr4[choose(m->c, ARRAY_SIZE(addr4))], 4);
	if (choose_byte(m->c) >= 0xc0)
		a[choose(m->c, (unsigned)len)] = choose_byte(m->c);
	if (choose_rarely(m->c))
		len = choose(m->c, 17);
	nl_put(b, type, a, len);
}

static void put_mac(struct maker *m, struct nl_buf *b, uint16_t type)
{
	uint8_t mac[32] = { 2, 0, 0, 0, 0, choose_byte(m->c) };
	if (choose_rarely(m->c))
		mac[0] = choose_byte(m->c);
	nl_put(b, type, mac, choose_rarely(m->c) ? choose(m->c, 33) : 6);
}

/* --- bytes of a form of their own --- */

static const struct nl_policy hop_policy[RTA_MAX + 1] = {
	[RTA_GATEWAY] = { NL_BYTES, .name = "RTA_GATEWAY" },
	[RTA_VIA] = { NL_BYTES, .name = "RTA_VIA" },
	[RTA_FLOW] = { NL_U32, .name = "RTA_FLOW" },
	[RTA_ENCAP_TYPE] = { NL_U16, .name = "RTA_ENCAP_TYPE" },
};

static void put_multipath(struct maker *m, struct nl_buf *b, uint16_t type)
{
	size_t nest = nl_nest_noflag(b, type);
	for (unsigned n = choose(m->c, 5); n > 0; n--) {
		size_t at = b->len_bytes;
		struct rtnexthop *h = nl_put_room(b, 0, sizeof *h - sizeof(struct nlattr));
		if (!h)
			break;
		make_attrs(m, b, hop_policy, RTA_MAX);
		h = (struct rtnexthop *)(b->p + at);
		*h = (struct rtnexthop){ .rtnh_len = (unsigned short)(b->len_bytes - at),
					 .rtnh_flags = choose_rarely(m->c) ? choose_byte(m->c) : 0,
					 .rtnh_hops = choose_byte(m->c),
					 .rtnh_ifindex = (int)choose_ifindex(m->c) };
		if (choose_rarely(m->c))
			h->rtnh_len = choose_byte(m->c);
	}
	nl_nest_end(b, nest);
}

static void put_group(struct maker *m, struct nl_buf *b, uint16_t type)
{
	struct nexthop_grp g[8] = { 0 };
	unsigned n = choose(m->c, ARRAY_SIZE(g));
	for (unsigned i = 0; i < n; i++) {
		g[i] = (struct nexthop_grp){ .id = choose_object(m->c), .weight = choose(m->c, 6) };
		if (choose_rarely(m->c))
			g[i].resvd2 = choose_byte(m->c);
	}
	nl_put(b, type, g, n * sizeof g[0] + (choose_rarely(m->c) ? 1 : 0));
}

static void put_via(struct maker *m, struct nl_buf *b, uint16_t type)
{
	uint8_t v[18] = { choose(m->c, 2) ? AF_INET6 : AF_INET };
	if (v[0] == AF_INET6)
		memcpy(v + 2, addr6[choose(m->c, ARRAY_SIZE(addr6))], 16);
	else
		memcpy(v + 2, addr4[choose(m->c, ARRAY_SIZE(addr4))], 4);
	nl_put(b, type, v, choose_rarely(m->c) ? choose(m->c, 19) : v[0] == AF_INET6 ? 18 : 6);
}

static void put_numbers(struct maker *m, struct nl_buf *b, uint16_t type, unsigned n, unsigned size)
{
	uint8_t v[64] = { 0 };
	for (unsigned i = 0; i < n; i++) {
		uint64_t x = choose(m->c, 3) ? choose_byte(m->c) : choose_u64(m->c);
		memcpy(v + i * size, &x, size);
	}
	nl_put(b, type, v, n * size - (choose_rarely(m->c) ? 1 : 0));
}

static void put_filter(struct maker *m, struct nl_buf *b, uint16_t type)
{
	struct sock_filter f[16] = { 0 };
	unsigned n = choose(m->c, ARRAY_SIZE(f));
	for (unsigned i = 0; i < n; i++) {
		choose_bytes(m->c, &f[i].code, 1);
		f[i].jt = (uint8_t)choose(m->c, 4);
		f[i].jf = (uint8_t)choose(m->c, 4);
		f[i].k = choose(m->c, 2) ? choose_byte(m->c) : (uint32_t)choose_u64(m->c);
	}
	f[n] = (struct sock_filter){ .code = BPF_RET | BPF_K, .k = 1 };
	nl_put(b, type, f, (n + 1) * sizeof f[0]);
}

static void put_bytes(struct maker *m, struct nl_buf *b, uint16_t type, const struct nl_policy *p)
{
	uint8_t any[64];
	const char *n = p->name;
	if (says(n, "MULTIPATH"))
		put_multipath(m, b, type);
	else if (says(n, "NHA_GROUP"))
		put_group(m, b, type);
	else if (says(n, "RTA_VIA"))
		put_via(m, b, type);
	else if (says(n, "LLADDR") || is(n, "IFLA_ADDRESS") || is(n, "IFLA_BROADCAST"))
		put_mac(m, b, type);
	else if (says(n, "CACHEINFO"))
		put_numbers(m, b, type, 4, 4);
	else if (says(n, "UID_RANGE") || says(n, "VLAN_FLAGS") || says(n, "BITSET"))
		put_numbers(m, b, type, 2, 4);
	else if (says(n, "PORT_RANGE"))
		put_numbers(m, b, type, 2, 2);
	else if (says(n, "FILTER"))
		put_filter(m, b, type);
	else if (says(n, "IFALIAS") || says(n, "TEXT"))
		put_text(m, b, type, p);
	else if (says(n, "RTA_") || says(n, "IFA_") || says(n, "FRA_") || says(n, "NDA_") ||
		 says(n, "NHA_") || says(n, "IFAL_") || says(n, "TOKEN"))
		put_addr(m, b, type);
	else {
		size_t len = choose(m->c, sizeof any);
		choose_bytes(m->c, any, len);
		nl_put(b, type, any, len);
	}
}

/* --- nests that no policy describes --- */

static const struct nl_policy vlan_data[IFLA_VLAN_MAX + 1] = {
	[IFLA_VLAN_ID] = { NL_U16, .max = 4095, .name = "IFLA_VLAN_ID" },
	[IFLA_VLAN_FLAGS] = { NL_BYTES, .name = "IFLA_VLAN_FLAGS" },
	[IFLA_VLAN_EGRESS_QOS] = { NL_NESTED, .name = "IFLA_VLAN_EGRESS_QOS" },
	[IFLA_VLAN_INGRESS_QOS] = { NL_NESTED, .name = "IFLA_VLAN_INGRESS_QOS" },
	[IFLA_VLAN_PROTOCOL] = { NL_U16, .name = "IFLA_VLAN_PROTOCOL" },
};
static const struct nl_policy vrf_data[IFLA_VRF_MAX + 1] = {
	[IFLA_VRF_TABLE] = { NL_U32, .name = "IFLA_VRF_TABLE" },
};
static const struct nl_policy peer_attrs[IFLA_MAX + 1] = {
	[IFLA_IFNAME] = { NL_STRING, .name = "IFLA_IFNAME" },
	[IFLA_ADDRESS] = { NL_BYTES, .name = "IFLA_ADDRESS" },
	[IFLA_MTU] = { NL_U32, .min = 68, .max = 65535, .name = "IFLA_MTU" },
	[IFLA_TXQLEN] = { NL_U32, .name = "IFLA_TXQLEN" },
};
static const struct nl_policy inet6_attrs[IFLA_INET6_MAX + 1] = {
	[IFLA_INET6_TOKEN] = { NL_BYTES, .name = "IFLA_INET6_TOKEN" },
	[IFLA_INET6_ADDR_GEN_MODE] = { NL_U8, .max = 3, .name = "IFLA_INET6_ADDR_GEN_MODE" },
};
static const struct nl_policy prop_attrs[IFLA_MAX + 1] = {
	[IFLA_ALT_IFNAME] = { NL_STRING, .name = "IFLA_ALT_IFNAME" },
};
static const struct nl_policy bit_attrs[4] = {
	[1] = { NL_U32, .max = 31, .name = "BIT" },
	[2] = { NL_NUL_STRING, .name = "BIT_NAME" },
	[3] = { NL_FLAG, .name = "BIT_VALUE" },
};

static void put_peer(struct maker *m, struct nl_buf *b)
{
	size_t nest = nl_nest(b, VETH_INFO_PEER);
	struct ifinfomsg h = { .ifi_flags = choose(m->c, 2) ? IFF_UP : 0 };
	size_t at = b->len_bytes;
	/* The header stands bare in the nest, where nl_put_room() would put an attribute's. */
	uint8_t *room = nl_put_room(b, 0, sizeof h - sizeof(struct nlattr));
	if (room)
		memcpy(b->p + at, &h, sizeof h);
	make_attrs(m, b, peer_attrs, IFLA_MAX);
	nl_nest_end(b, nest);
}

static void put_data(struct maker *m, struct nl_buf *b)
{
	if (m->kind && !strcmp(m->kind, "vlan"))
		make_attrs(m, b, vlan_data, IFLA_VLAN_MAX);
	else if (m->kind && !strcmp(m->kind, "vrf"))
		make_attrs(m, b, vrf_data, IFLA_VRF_MAX);
	else if (m->kind && !strcmp(m->kind, "veth"))
		put_peer(m, b);
}

static void put_repeated(struct maker *m, struct nl_buf *b, uint16_t type, const struct nl_policy *p,
			 uint16_t max)
{
	for (unsigned n = choose(m->c, 4); n > 0; n--) {
		size_t nest = nl_nest(b, type);
		make_attrs(m, b, p, max);
		nl_nest_end(b, nest);
	}
}

static void put_qos(struct maker *m, struct nl_buf *b)
{
	for (unsigned n = choose(m->c, 5); n > 0; n--)
		put_numbers(m, b, IFLA_VLAN_QOS_MAPPING, 2, 4);
}

static void put_words(struct maker *m, struct nl_buf *b, unsigned max_type)
{
	static const struct nl_policy word = { NL_U32 };
	for (unsigned n = choose(m->c, 6); n > 0; n--)
		put_number(m, b, (uint16_t)choose(m->c, max_type + 1), &word, 4);
}

static void put_opaque(struct maker *m, struct nl_buf *b, const struct nl_policy *p)
{
	const char *n = p->name;
	if (says(n, "INFO_DATA"))
		put_data(m, b);
	else if (says(n, "AF_SPEC"))
		put_repeated(m, b, choose(m->c, 8) ? AF_INET6 : AF_INET, inet6_attrs, IFLA_INET6_MAX);
	else if (says(n, "PROP_LIST"))
		make_attrs(m, b, prop_attrs, IFLA_MAX);
	else if (says(n, "BITSET_BITS") || says(n, "STRINGSETS"))
		put_repeated(m, b, 1, bit_attrs, 3);
	else if (says(n, "QOS"))
		put_qos(m, b);
	else
		put_words(m, b, 18);
}

/* --- attributes --- */

void make_attr(struct maker *m, struct nl_buf *b, uint16_t type, const struct nl_policy *p)
{
	static const uint8_t sizes[] = { [NL_U8] = 1,  [NL_U16] = 2,  [NL_U32] = 4,  [NL_U64] = 8,
					 [NL_S32] = 4, [NL_BE16] = 2, [NL_BE32] = 4, [NL_BITFIELD32] = 8 };
	size_t nest;
	switch (p->type) {
	case NL_FLAG:
		nl_put_flag(b, type);
		break;
	case NL_STRING:
	case NL_NUL_STRING:
		put_text(m, b, type, p);
		break;
	case NL_NESTED:
	case NL_NESTED_ARRAY:
		if (m->depth >= DEPTH_MAX)
			break;
		m->depth++;
		nest = choose_rarely(m->c) ? nl_nest_noflag(b, type) : nl_nest(b, type);
		if (p->nested && p->type == NL_NESTED) {
			make_usual(m, b, p->nested, p->max_attr);
			make_attrs(m, b, p->nested, p->max_attr);
		} else if (p->nested)
			put_repeated(m, b, 1, p->nested, p->max_attr);
		else
			put_opaque(m, b, p);
		nl_nest_end(b, nest);
		m->depth--;
		break;
	case NL_BITFIELD32:
		put_numbers(m, b, type, 2, 4);
		break;
	case NL_BYTES:
	case NL_UNUSED:
	case NL_REJECT:
		put_bytes(m, b, type, p);
		break;
	default:
		put_number(m, b, type, p, p->type < ARRAY_SIZE(sizes) && sizes[p->type] ? sizes[p->type] : 4);
	}
}

/* Mostly of those that the policy knows. */
void make_attrs(struct maker *m, struct nl_buf *b, const struct nl_policy *policy, uint16_t max_attr)
{
	static const struct nl_policy unknown = { NL_BYTES };
	uint16_t known[512], n_known = 0;
	for (uint16_t t = 0; policy && t <= max_attr && n_known < ARRAY_SIZE(known); t++)
		if (policy[t].type > NL_REJECT)
			known[n_known++] = t;
	for (unsigned n = choose(m->c, m->depth ? 4 : ATTRS_MAX); n > 0; n--) {
		if (n_known && !choose_rarely(m->c)) {
			uint16_t t = known[choose(m->c, n_known)];
			make_attr(m, b, t, &policy[t]);
		} else {
			make_attr(m, b, (uint16_t)choose_u64(m->c) % (max_attr + 2u), &unknown);
		}
	}
}

/* What hardly any request goes without, so that most get beyond the first checks. */
static bool is_usual(const char *name)
{
	static const char *const usual[] = {
		"IFLA_IFNAME",  "IFLA_LINK",     "IFLA_LINKINFO",    "IFA_LOCAL",        "RTA_DST",
		"RTA_GATEWAY",  "RTA_OIF",       "NDA_DST",          "NDA_LLADDR",       "NHA_ID",
		"NHA_OIF",      "NHA_GATEWAY",   "FRA_TABLE",        "FRA_DST",          "FRA_PRIORITY",
		"IFAL_ADDRESS", "IFAL_LABEL",    "NDTA_NAME",        "LEAT_A_KNOB",      "LEAT_A_KIND",
		"LEAT_A_WHAT",  "LEAT_A_IFNAME", "LEAT_FILE_A_PATH", "LEAT_FILE_A_TEXT",
	};
	for (unsigned i = 0; name && i < ARRAY_SIZE(usual); i++)
		if (!strcmp(name, usual[i]))
			return true;
	return says(name, "_HEADER") || says(name, "INFO_KIND") || says(name, "FAMILY_NAME");
}

void make_usual(struct maker *m, struct nl_buf *b, const struct nl_policy *policy, uint16_t max_attr)
{
	for (uint16_t t = 0; policy && t <= max_attr; t++)
		if (is_usual(policy[t].name) && choose(m->c, 4))
			make_attr(m, b, t, &policy[t]);
}

/* --- headers --- */

static uint8_t choose_family(struct maker *m)
{
	static const uint8_t f[] = { AF_INET,   AF_INET6,  AF_INET,          AF_INET6,
				     AF_UNSPEC, AF_BRIDGE, RTNL_FAMILY_IPMR, AF_MPLS };
	m->family = m->pf && !choose_rarely(m->c) ? m->pf : f[choose(m->c, ARRAY_SIZE(f))];
	return m->family;
}

static uint8_t choose_plen(struct maker *m)
{
	static const uint8_t l4[] = { 24, 32, 16, 0, 8, 31, 33, 255 },
			     l6[] = { 64, 128, 48, 0, 127, 129, 3, 255 };
	return m->family == AF_INET6 ? l6[choose(m->c, sizeof l6)] : l4[choose(m->c, sizeof l4)];
}

static struct ifinfomsg link_header(struct maker *m)
{
	static const unsigned flags[] = {
		0, IFF_UP, IFF_NOARP, IFF_PROMISC, IFF_ALLMULTI, IFF_UP | IFF_NOARP
	};
	struct ifinfomsg h = { .ifi_family = choose_rarely(m->c) ? choose_family(m) : 0 };
	h.ifi_index = (int)(choose(m->c, 2) ? choose_ifindex(m->c) : 0);
	h.ifi_flags = flags[choose(m->c, ARRAY_SIZE(flags))];
	h.ifi_change = choose(m->c, 2) ? flags[choose(m->c, ARRAY_SIZE(flags))] : 0;
	m->family = AF_INET6; /* of what is inside */
	return h;
}

static struct rtmsg route_header(struct maker *m)
{
	struct rtmsg h = { .rtm_family = choose_family(m) };
	h.rtm_dst_len = choose_plen(m);
	h.rtm_src_len = choose(m->c, 4) ? 0 : choose_plen(m);
	h.rtm_tos = choose(m->c, 8) ? 0 : choose_byte(m->c);
	h.rtm_table = (uint8_t)choose_table(m->c);
	h.rtm_protocol = choose(m->c, 2) ? RTPROT_STATIC : choose_byte(m->c);
	h.rtm_scope = choose(m->c, 2) ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
	h.rtm_type = choose(m->c, 2) ? RTN_UNICAST : choose_byte(m->c) % 13;
	h.rtm_flags = choose(m->c, 2) ? 0 : (unsigned)choose_u64(m->c);
	return h;
}

static struct ndmsg neigh_header(struct maker *m)
{
	static const uint16_t states[] = { NUD_PERMANENT, NUD_REACHABLE, NUD_STALE, NUD_NOARP,     NUD_NONE,
					   NUD_FAILED,    NUD_DELAY,     NUD_PROBE, NUD_INCOMPLETE };
	static const uint8_t flags[] = { 0, 0, 0, NTF_PROXY, NTF_ROUTER, NTF_USE, NTF_EXT_LEARNED, NTF_SELF };
	struct ndmsg h = { .ndm_family = choose_family(m) };
	h.ndm_ifindex = (int)choose_ifindex(m->c);
	h.ndm_state = states[choose(m->c, ARRAY_SIZE(states))];
	h.ndm_flags = flags[choose(m->c, ARRAY_SIZE(flags))];
	h.ndm_type = choose_rarely(m->c) ? choose_byte(m->c) : 0;
	return h;
}

static struct ifaddrmsg addr_header(struct maker *m)
{
	struct ifaddrmsg h = { .ifa_family = choose_family(m) };
	h.ifa_prefixlen = choose_plen(m);
	h.ifa_flags = choose(m->c, 2) ? 0 : choose_byte(m->c);
	h.ifa_scope = choose(m->c, 4) ? 0 : choose_byte(m->c);
	h.ifa_index = choose_ifindex(m->c);
	return h;
}

/* The first byte of all others is the family, what is beyond are small numbers. */
static void other_header(struct maker *m, uint8_t *h, size_t len)
{
	for (size_t i = 0; i < len; i++)
		h[i] = choose(m->c, 4) ? 0 : choose_byte(m->c) % 16;
	h[0] = choose_family(m);
}

static void label_header(struct maker *m, struct ifaddrlblmsg *h)
{
	h->ifal_family = choose_rarely(m->c) ? choose_family(m) : AF_INET6;
	m->family = AF_INET6;
	h->ifal_prefixlen = choose_plen(m);
	h->ifal_index = choose(m->c, 2) ? choose_ifindex(m->c) : 0;
}

static void stats_header(struct maker *m, struct if_stats_msg *h)
{
	h->ifindex = choose_ifindex(m->c);
	h->filter_mask = choose(m->c, 4) ? choose_byte(m->c) : (uint32_t)choose_u64(m->c);
}

static void object_header(struct maker *m, struct nhmsg *h)
{
	h->nh_family = choose_family(m);
	h->nh_protocol = choose_byte(m->c) % 6;
	h->nh_scope = choose_rarely(m->c) ? choose_byte(m->c) : 0;
	h->nh_flags = choose(m->c, 4) ? 0 : choose_byte(m->c);
}

#define IS(type, name) ((type) >= RTM_NEW##name && (type) <= RTM_GET##name)
void make_header(struct maker *m, const struct nl_family *f, uint16_t type, void *h, size_t len)
{
	union {
		struct ifinfomsg link;
		struct ifaddrmsg addr;
		struct rtmsg route;
		struct ndmsg neigh;
		struct ifaddrlblmsg label;
		struct if_stats_msg stats;
		struct nhmsg object;
		uint8_t bytes[64];
	} u = { 0 };
	if (!len)
		return;
	if (f->protocol != NETLINK_ROUTE)
		other_header(m, u.bytes, len < sizeof u ? len : sizeof u);
	else if ((type >= RTM_NEWLINK && type <= RTM_SETLINK) || IS(type, LINKPROP))
		u.link = link_header(m);
	else if (IS(type, ADDR) || type == RTM_GETMULTICAST || type == RTM_GETANYCAST)
		u.addr = addr_header(m);
	else if (IS(type, ROUTE) || IS(type, RULE))
		u.route = route_header(
			m); /* a rule's header has the same fields, as far as they have a meaning */
	else if (IS(type, NEIGH))
		u.neigh = neigh_header(m);
	else if (IS(type, ADDRLABEL))
		label_header(m, &u.label);
	else if (IS(type, STATS))
		stats_header(m, &u.stats);
	else if (IS(type, NEXTHOP) || IS(type, NEXTHOPBUCKET))
		object_header(m, &u.object);
	else
		other_header(m, u.bytes, len);
	if (choose_rarely(m->c))
		u.bytes[choose(m->c, (unsigned)len)] = choose_byte(m->c);
	memcpy(h, &u, len < sizeof u ? len : sizeof u);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* /proc/net: the table of files, and those about interfaces, addresses and neighbours. What has no socket behind it yet is a
 * header. */
#include "compat/file_net.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <stdio.h>

#include "dev/vlan.h"
#include "net/addr.h"
#include "net/neigh.h"

/* --- interfaces --- */

static const char dev_head[] =
	"Inter-|   Receive                                                |  Transmit\n"
	" face |bytes    packets errs drop fifo frame compressed multicast|"
	"bytes    packets errs drop fifo colls carrier compressed\n";

int net_dev(struct leat_stack *st, const char *path, struct file_pos *pos, struct text *t)
{
	struct iface_worker_stats s;
	if (file_is_first(pos)) {
		text_add(t, "%s", dev_head);
		return 1;
	}
	const struct iface *i = iface_next(st, (uint32_t)pos->key[KEY_AT]);
	if (!i)
		return 0;
	pos->key[KEY_AT] = i->ifindex;
	iface_stats(i, &s);
	text_add(t,
		 "%6s: %7llu %7llu %4llu %4llu %4u %5u %10u %9llu %8llu %7llu %4llu %4llu %4u %5u %7u %10u\n",
		 i->name, (unsigned long long)s.rx_bytes, (unsigned long long)s.rx_packets,
		 (unsigned long long)s.rx_errors, (unsigned long long)s.rx_dropped, 0, 0, 0,
		 (unsigned long long)s.rx_multicast, (unsigned long long)s.tx_bytes,
		 (unsigned long long)s.tx_packets, (unsigned long long)s.tx_errors,
		 (unsigned long long)s.tx_dropped, 0, 0, 0, 0);
	return 1;
}

static bool is_vlan(const struct iface *i)
{
	return !strcmp(i->ops->kind, "vlan");
}

int net_vlan_config(struct leat_stack *st, const char *path, struct file_pos *pos, struct text *t)
{
	if (file_is_first(pos)) {
		text_add(t, "VLAN Dev name\t | VLAN ID\nName-Type: VLAN_NAME_TYPE_RAW_PLUS_VID_NO_PAD\n");
		return 1;
	}
	const struct iface *i = iface_next(st, (uint32_t)pos->key[KEY_AT]);
	if (!i)
		return 0;
	pos->key[KEY_AT] = i->ifindex;
	const struct iface *lower = is_vlan(i) ? iface_by_index(st, i->ops->lower(i)) : NULL;
	if (is_vlan(i))
		text_add(t, "%-15s| %u  | %s\n", i->name, vlan_id_of(i), lower ? lower->name : "");
	return 1;
}

/* --- addresses --- */

/* Linux: ipv6_addr_scope(), by which addresses are shown. */
static unsigned scope_of(const struct ip6 *a)
{
	enum { GLOBAL = 0x00, HOST = 0x10, LINK = 0x20, SITE = 0x40 };
	static const struct ip6 loopback = { { [15] = 1 } };
	if (ip6_eq(a, &loopback))
		return HOST;
	if (ip6_is_link_local(a))
		return LINK;
	return a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0xc0 ? SITE : GLOBAL;
}

static void put_hex6(struct text *t, const struct ip6 *a)
{
	for (unsigned k = 0; k < sizeof a->b; k++)
		text_add(t, "%02x", a->b[k]);
}

static void put_addr6(struct text *t, const struct iface *i, const struct addr *a)
{
	bool permanent = a->valid_s == UINT32_MAX;
	put_hex6(t, &a->local.v6);
	text_add(t, " %02x %02x %02x %02x %8s\n", i->ifindex, a->plen, scope_of(&a->local.v6),
		 (a->flags & 0xff & ~(unsigned)IFA_F_PERMANENT) | (permanent ? IFA_F_PERMANENT : 0), i->name);
}

int net_if_inet6(struct leat_stack *st, const char *path, struct file_pos *pos, struct text *t)
{
	for (const struct iface *i; (i = iface_next(st, (uint32_t)pos->key[KEY_AT]));
	     pos->key[KEY_AT] = i->ifindex, pos->key[KEY_MORE] = 0) {
		uint64_t n = 0;
		for (const struct addr *a = addr_first(st, i); a; a = addr_next(st, i, a)) {
			if (a->family != AF_INET6 || n++ < pos->key[KEY_MORE])
				continue;
			pos->key[KEY_MORE] = n;
			put_addr6(t, i, a);
			return 1;
		}
	}
	return 0;
}

/* --- neighbours --- */

enum { ARP_PERM = ATF_PERM | ATF_COM, ARP_PUBLISHED = ATF_PUBL | ATF_PERM };
enum { VALID = NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY };

static void put_arp(struct text *t, struct leat_stack *st, const struct neigh_info *n, unsigned flags)
{
	static const uint8_t nothing[6];
	const struct iface *i = iface_by_handle(st, n->if_handle);
	char ip[IP4_TEXT_MAX], mac[MAC_TEXT_MAX];
	text_add(t, "%-16s 0x%-10x0x%-10x%-17s     *        %s\n", ip4_text(n->addr.v4, ip),
		 i ? i->hw_type : 0, flags, mac_text(n->has_mac ? n->mac : nothing, mac), i ? i->name : "*");
}

/* The entries, then those that we answer for. */
int net_arp(struct leat_stack *st, const char *path, struct file_pos *pos, struct text *t)
{
	struct neigh_info n;
	if (file_is_first(pos)) {
		text_add(t,
			 "IP address       HW type     Flags       HW address            Mask     Device\n");
		return 1;
	}
	if (!pos->key[KEY_MORE] && neigh_next(st, &pos->key[KEY_AT], &n)) {
		if (n.family == AF_INET && !(n.state & NUD_NOARP))
			put_arp(t, st, &n,
				n.state & NUD_PERMANENT ? ARP_PERM
				: n.state & VALID       ? ATF_COM
							: 0);
		return 1;
	}
	if (!pos->key[KEY_MORE]++)
		pos->key[KEY_AT] = 0;
	if (!neigh_proxy_next(st, &pos->key[KEY_AT], &n))
		return 0;
	n.has_mac = false;
	if (n.family == AF_INET)
		put_arp(t, st, &n, ARP_PUBLISHED);
	return 1;
}

/* --- what is a header, or always the same --- */

#define SOCKS4 "local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"
#define SOCKS6                                                                  \
	"  sl  local_address                         remote_address           " \
	"             st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"
#define DATAGRAMS " ref pointer drops"

static int put_fixed(struct text *t, unsigned width, const char *text)
{
	text_add(t, "%-*s\n", (int)width, text);
	return 0;
}
static int net_tcp(struct leat_stack *st, const char *path, struct file_pos *pos, struct text *t)
{
	return put_fixed(t, 149, "  sl  " SOCKS4);
}
static int net_tcp6(struct leat_stack *st, const char *path, struct file_pos *pos, struct text *t)
{
	return put_fixed(t, 0, SOCKS6);
}
static int net_udp(struct leat_stack *st, const char *path, struct file_pos *pos, struct text *t)
{
	return put_fixed(t, 127, "   sl  " SOCKS4 DATAGRAMS);
}
static int net_raw(struct leat_stack *st, const char *path, struct file_pos *pos, struct text *t)
{
	return put_fixed(t, 0, "  sl  " SOCKS4 DATAGRAMS);
}
static int net_icmp(struct leat_stack *st, const char *path, struct file_pos *pos, struct text *t)
{
	return put_fixed(t, 127, "  sl  " SOCKS4 DATAGRAMS);
}
static int net_datagrams6(struct leat_stack *st, const char *path, struct file_pos *pos, struct text *t)
{
	return put_fixed(t, 0, SOCKS6 DATAGRAMS);
}
static int net_packet(struct leat_stack *st, const char *path, struct file_pos *pos, struct text *t)
{
	return put_fixed(t, 0, "sk               RefCnt Type Proto  Iface R Rmem   User   Inode");
}
/* Ticks of clocks in nanoseconds, as every Linux says. */
static int net_psched(struct leat_stack *st, const char *path, struct file_pos *pos, struct text *t)
{
	return put_fixed(t, 0, "000003e8 00000040 000f4240 3b9aca00");
}
static int net_sockstat(struct leat_stack *st, const char *path, struct file_pos *pos, struct text *t)
{
	text_add(t, "sockets: used 0\nTCP: inuse 0 orphan 0 tw 0 alloc 0 mem 0\nUDP: inuse 0 mem 0\n"
		    "UDPLITE: inuse 0\nRAW: inuse 0\nFRAG: inuse 0 memory 0\n");
	return 0;
}
static int net_sockstat6(struct leat_stack *st, const char *path, struct file_pos *pos, struct text *t)
{
	text_add(t,
		 "TCP6: inuse 0\nUDP6: inuse 0\nUDPLITE6: inuse 0\nRAW6: inuse 0\nFRAG6: inuse 0 memory 0\n");
	return 0;
}

/* --- the tree --- */

static const struct file_row {
	const char *name;
	file_render_fn *render;
} rows[] = {
	/* clang-format off */
	{ "anycast6",     net_anycast6 },
	{ "arp",          net_arp },
	{ "dev",          net_dev },
	{ "dev_mcast",    net_dev_mcast },
	{ "fib_trie",     net_fib_trie },
	{ "icmp",         net_icmp },
	{ "icmp6",        net_datagrams6 },
	{ "if_inet6",     net_if_inet6 },
	{ "igmp",         net_igmp },
	{ "igmp6",        net_igmp6 },
	{ "ipv6_route",   net_ipv6_route },
	{ "mcfilter",     net_mcfilter },
	{ "mcfilter6",    net_mcfilter6 },
	{ "netlink",      net_netlink },
	{ "netstat",      net_netstat },
	{ "packet",       net_packet },
	{ "psched",       net_psched },
	{ "ptype",        net_ptype },
	{ "raw",          net_raw },
	{ "raw6",         net_datagrams6 },
	{ "route",        net_route },
	{ "rt6_stats",    net_rt6_stats },
	{ "rt_cache",     net_rt_cache },
	{ "snmp",         net_snmp },
	{ "snmp6",        net_snmp6 },
	{ "sockstat",     net_sockstat },
	{ "sockstat6",    net_sockstat6 },
	{ "softnet_stat", net_softnet_stat },
	{ "tcp",          net_tcp },
	{ "tcp6",         net_tcp6 },
	{ "udp",          net_udp },
	{ "udp6",         net_datagrams6 },
	{ "udplite",      net_udp },
	{ "udplite6",     net_datagrams6 },
	{ "vlan/config",  net_vlan_config },
	/* clang-format on */
};

static const char *const dirs[] = { "dev_snmp6", "vlan" };
#define SNMP6_DIR "dev_snmp6/"

static const struct file_row *find(const char *path)
{
	for (unsigned k = 0; k < ARRAY_SIZE(rows); k++)
		if (!strcmp(path, rows[k].name))
			return &rows[k];
	return NULL;
}

static bool is_dir(const char *path)
{
	for (unsigned k = 0; k < ARRAY_SIZE(dirs); k++)
		if (!strcmp(path, dirs[k]))
			return true;
	return !*path;
}

/* The name of an interface, else NULL. */
static const char *in_snmp6(struct leat_stack *st, const char *path)
{
	size_t len = strlen(SNMP6_DIR);
	return !strncmp(path, SNMP6_DIR, len) && iface_by_name(st, path + len) ? path + len : NULL;
}

static void stat_net(struct leat_stack *st, const char *path, struct file_stat *ret)
{
	if (is_dir(path))
		ret->mode = S_IFDIR | 0555;
	else if (find(path) || in_snmp6(st, path))
		ret->mode = S_IFREG | 0444;
}

static bool list_top(struct file_pos *pos, struct file_entry *ret)
{
	uint64_t n = pos->key[KEY_AT]++;
	while (n < ARRAY_SIZE(rows) && strchr(rows[n].name, '/'))
		n = pos->key[KEY_AT]++;
	bool dir = n >= ARRAY_SIZE(rows);
	if (n >= ARRAY_SIZE(rows) + ARRAY_SIZE(dirs))
		return false;
	snprintf(ret->name, sizeof ret->name, "%s", dir ? dirs[n - ARRAY_SIZE(rows)] : rows[n].name);
	ret->mode = dir ? S_IFDIR | 0555 : S_IFREG | 0444;
	return true;
}

static bool list_net(struct leat_stack *st, const char *path, struct file_pos *pos, struct file_entry *ret)
{
	if (!*path)
		return list_top(pos, ret);
	ret->mode = S_IFREG | 0444;
	if (!strcmp(path, "vlan")) {
		snprintf(ret->name, sizeof ret->name, "config");
		return file_is_first(pos);
	}
	const struct iface *i = iface_next(st, (uint32_t)pos->key[KEY_AT]);
	if (!i)
		return false;
	pos->key[KEY_AT] = i->ifindex;
	snprintf(ret->name, sizeof ret->name, "%s", i->name);
	return true;
}

static int read_net(struct leat_stack *st, const char *path, struct file_pos *pos, struct text *to)
{
	const struct file_row *row = find(path);
	if (row)
		return row->render(st, path, pos, to);
	const char *name = in_snmp6(st, path);
	return name ? net_dev_snmp6(st, name, pos, to) : -ENOENT;
}

const struct file_tree file_net = {
	.at = "proc/net",
	.stat = stat_net,
	.list = list_net,
	.read = read_net,
};

/* SPDX-License-Identifier: BSD-2-Clause */
/* Files that on Linux show the machinery: what of them is true here. /proc/net/ptype names nodes in the place of functions, softnet_stat has
 * a line for each worker, fib_trie shows the routes of a table below one node, for leat's trie is another. */
#include <linux/rtnetlink.h>

#include "compat/file_net.h"
#include "net/ethertype.h"
#include "net/iface.h"
#include "netlink/nl_sock.h"

int net_ptype(struct leat_stack *st, const char *path, struct file_pos *pos, struct text *t)
{
	const struct ethertypes *e = stack_state(st, MODULE_eth);
	text_add(t, "Type Device      Function\n");
	for (unsigned i = 0; e && i < e->n; i++)
		text_add(t, "%04x %-8s %s\n", e->row[i].type, "", e->row[i].node);
	return 0;
}

/* Packets that it took in, and its number; the others of Linux's fifteen columns are of queues that are not here. */
int net_softnet_stat(struct leat_stack *st, const char *path, struct file_pos *pos, struct text *t)
{
	uint64_t n = pos->key[KEY_AT]++, packets = 0;
	if (n >= st->n_workers)
		return 0;
	for (const struct iface *i = iface_next(st, 0); i; i = iface_next(st, i->ifindex))
		packets += racy_get(i->stats[n].rx_packets);
	text_add(t, "%08x", (unsigned)packets);
	for (unsigned column = 1; column < 15; column++)
		text_add(t, " %08x", column == 12 ? (unsigned)n : 0);
	text_add(t, "\n");
	return 1;
}

int net_netlink(struct leat_stack *st, const char *path, struct file_pos *pos, struct text *t)
{
	struct nl_sock_facts f;
	if (file_is_first(pos)) {
		text_add(t, "sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops "
			    "   Inode\n");
		return 1;
	}
	if (!nl_sock_at(st, pos->key[KEY_AT]++, &f))
		return 0;
	text_add(t, "%016x %-3d %-10u %08x %-8llu %-8d %-5d %-8d %-8llu %-8lu\n", 0, f.protocol, f.portid,
		 f.groups, (unsigned long long)f.waiting_bytes, 0, f.dumping, 2, (unsigned long long)f.lost,
		 0UL);
	return 1;
}

/* --- fib_trie --- */

static void put_table(struct text *t, uint32_t table)
{
	if (table == RT_TABLE_MAIN || table == RT_TABLE_LOCAL)
		text_add(t, "%s:\n", table == RT_TABLE_MAIN ? "Main" : "Local");
	else
		text_add(t, "Id %u:\n", table);
	text_add(t, "  +-- 0.0.0.0/0 0 0 0\n");
}

static const char *scope_name(uint8_t scope)
{
	switch (scope) {
	case RT_SCOPE_UNIVERSE:
		return "universe";
	case RT_SCOPE_SITE:
		return "site";
	case RT_SCOPE_LINK:
		return "link";
	case RT_SCOPE_HOST:
		return "host";
	default:
		return "nowhere";
	}
}

/* Whatever follows from the route before it stands there already: the table, and the address. */
int net_fib_trie(struct leat_stack *st, const char *path, struct file_pos *pos, struct text *t)
{
	static const char *const types[] = { "UNSPEC",    "UNICAST",   "LOCAL",       "BROADCAST", "ANYCAST",
					     "MULTICAST", "BLACKHOLE", "UNREACHABLE", "PROHIBIT",  "THROW" };
	const struct fib_route before = pos->route;
	struct fib_route r;
	char ip[IP4_TEXT_MAX];
	if (!fib_next(st, before.family ? &before : NULL, AF_INET, &r))
		return 0;
	pos->route = r;
	bool new_table = !before.family || before.table != r.table;
	if (new_table)
		put_table(t, r.table);
	if (new_table || memcmp(before.dst.b, r.dst.b, 4) != 0)
		text_add(t, "     |-- %s\n", ip4_text(r.dst.v4, ip));
	text_add(t, "        /%u %s %s\n", r.plen, scope_name(r.nh.scope),
		 r.nh.type < ARRAY_SIZE(types) ? types[r.nh.type] : "UNSPEC");
	return 1;
}

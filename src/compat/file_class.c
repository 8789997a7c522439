/* SPDX-License-Identifier: BSD-2-Clause */
/* /sys/class/net and the directories its links lead to, /sys/devices/virtual/net/IF. Linux: net/core/net-sysfs.c. */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>

#include "compat/file.h"
#include "net/iface.h"
#include "net/link_fill.h"

/* --- attributes --- */

typedef int show_fn(const struct iface *i, struct text *t);
typedef int store_fn(struct leat_stack *st, const struct nl_creds *who, struct iface *i, const char *text);

/* Linux: IFF_RUNNING and its like are worked out for those who ask, and are not in here. */
enum { VOLATILE_FLAGS = IFF_RUNNING | IFF_LOWER_UP | IFF_DORMANT | IFF_ECHO };
enum { NAME_PREDICTABLE = 2, NAME_BY_USER = 3 }; /* NET_NAME_* */

static int show_mac(struct text *t, const uint8_t mac[6])
{
	text_mac(t, mac);
	text_add(t, "\n");
	return 0;
}
static int show_u32(struct text *t, uint32_t v)
{
	text_add(t, "%u\n", v);
	return 0;
}
/* Linux: what depends on the device at work cannot be read while it is down. */
static int show_running(const struct iface *i, struct text *t, uint32_t v)
{
	return i->flags & IFF_UP ? show_u32(t, v) : -EINVAL;
}

static int show_address(const struct iface *i, struct text *t)
{
	return show_mac(t, i->mac);
}
static int show_broadcast(const struct iface *i, struct text *t)
{
	return show_mac(t, i->broadcast);
}
static int show_addr_len(const struct iface *i, struct text *t)
{
	return show_u32(t, sizeof i->mac);
}
static int show_zero(const struct iface *i, struct text *t)
{
	return show_u32(t, 0);
}
static int show_hex_zero(const struct iface *i, struct text *t)
{
	text_add(t, "0x0\n");
	return 0;
}
/* Linux: asked for only while it is up; of a device that knows nothing of it they cannot be read. */
static bool link_of(const struct iface *i, struct iface_link *ret)
{
	return i->flags & IFF_UP && i->ops->link && i->ops->link(i, ret);
}
static int show_speed(const struct iface *i, struct text *t)
{
	struct iface_link l;
	if (!link_of(i, &l))
		return -EINVAL;
	text_add(t, "%d\n", (int)l.speed);
	return 0;
}
static int show_duplex(const struct iface *i, struct text *t)
{
	struct iface_link l;
	if (!link_of(i, &l))
		return -EINVAL;
	text_add(t, "%s\n", l.duplex == DUPLEX_FULL ? "full" : l.duplex == DUPLEX_HALF ? "half" : "unknown");
	return 0;
}
static int show_carrier(const struct iface *i, struct text *t)
{
	return show_running(i, t, !!i->carrier);
}
static int show_carrier_changes(const struct iface *i, struct text *t)
{
	return show_u32(t, i->carrier_changes[0] + i->carrier_changes[1]);
}
static int show_carrier_down(const struct iface *i, struct text *t)
{
	return show_u32(t, i->carrier_changes[0]);
}
static int show_carrier_up(const struct iface *i, struct text *t)
{
	return show_u32(t, i->carrier_changes[1]);
}
static int show_dormant(const struct iface *i, struct text *t)
{
	return show_running(i, t, !!(i->flags & IFF_DORMANT));
}
static int show_testing(const struct iface *i, struct text *t)
{
	return show_running(i, t, i->operstate == IF_OPER_TESTING);
}
static int show_flags(const struct iface *i, struct text *t)
{
	text_add(t, "0x%x\n", i->flags & ~(uint32_t)VOLATILE_FLAGS);
	return 0;
}
static int show_alias(const struct iface *i, struct text *t)
{
	if (i->alias[0])
		text_add(t, "%s\n", i->alias);
	return 0;
}
static int show_ifindex(const struct iface *i, struct text *t)
{
	return show_u32(t, i->ifindex);
}
static int show_iflink(const struct iface *i, struct text *t)
{
	uint32_t lower = i->ops->lower ? i->ops->lower(i) : 0;
	return show_u32(t, lower && lower != IFACE_LOWER_UNSEEN ? lower : i->ifindex);
}
static int show_link_mode(const struct iface *i, struct text *t)
{
	return show_u32(t, i->link_mode);
}
static int show_mtu(const struct iface *i, struct text *t)
{
	return show_u32(t, i->mtu);
}
static int show_name_type(const struct iface *i, struct text *t)
{
	return show_u32(t, i->flags & IFF_LOOPBACK ? NAME_PREDICTABLE : NAME_BY_USER);
}
static int show_group(const struct iface *i, struct text *t)
{
	return show_u32(t, i->group);
}
static int show_operstate(const struct iface *i, struct text *t)
{
	static const char *const names[] = { "unknown", "notpresent", "down", "lowerlayerdown",
					     "testing", "dormant",    "up" };
	unsigned state = i->flags & IFF_UP ? i->operstate : IF_OPER_DOWN;
	text_add(t, "%s\n", state < ARRAY_SIZE(names) ? names[state] : "unknown");
	return 0;
}
static int show_txqlen(const struct iface *i, struct text *t)
{
	return show_u32(t, i->txqlen);
}
static int show_type(const struct iface *i, struct text *t)
{
	return show_u32(t, i->hw_type);
}
static int show_uevent(const struct iface *i, struct text *t)
{
	const char *kind = link_kind_of(i);
	if (kind && (!strcmp(kind, "vlan") || !strcmp(kind, "vrf")))
		text_add(t, "DEVTYPE=%s\n", kind);
	text_add(t, "INTERFACE=%s\nIFINDEX=%u\n", i->name, i->ifindex);
	return 0;
}

/* Linux: what can be written is a number. */
static bool number_of(const char *text, unsigned long *ret)
{
	char *end;
	errno = 0;
	*ret = strtoul(text, &end, 0);
	return end != text && *text != '-' && !errno && !end[*end == '\n'];
}

static struct ifinfomsg *begin(struct request *q, const struct iface *i)
{
	struct ifinfomsg *m = request_begin(q, RTM_SETLINK, 0, sizeof *m);
	m->ifi_index = (int)i->ifindex;
	return m;
}

static int store_u32(struct leat_stack *st, const struct nl_creds *who, const struct iface *i,
		     const char *text, uint16_t attr)
{
	struct request q;
	unsigned long v;
	if (!number_of(text, &v))
		return -EINVAL;
	if (v > UINT32_MAX)
		return -ERANGE;
	begin(&q, i);
	nl_put_u32(&q.b, attr, (uint32_t)v);
	return request_run(st, who, &q);
}
static int store_mtu(struct leat_stack *st, const struct nl_creds *who, struct iface *i, const char *text)
{
	return store_u32(st, who, i, text, IFLA_MTU);
}
static int store_txqlen(struct leat_stack *st, const struct nl_creds *who, struct iface *i, const char *text)
{
	return store_u32(st, who, i, text, IFLA_TXQLEN);
}
static int store_group(struct leat_stack *st, const struct nl_creds *who, struct iface *i, const char *text)
{
	return store_u32(st, who, i, text, IFLA_GROUP);
}
static int store_u8(struct leat_stack *st, const struct nl_creds *who, const struct iface *i,
		    const char *text, uint16_t attr)
{
	struct request q;
	unsigned long v;
	if (!number_of(text, &v))
		return -EINVAL;
	begin(&q, i);
	nl_put_u8(&q.b, attr, (uint8_t)v);
	return request_run(st, who, &q);
}
static int store_carrier(struct leat_stack *st, const struct nl_creds *who, struct iface *i, const char *text)
{
	return i->flags & IFF_UP ? store_u8(st, who, i, text, IFLA_CARRIER) : -EINVAL;
}
static int store_link_mode(struct leat_stack *st, const struct nl_creds *who, struct iface *i,
			   const char *text)
{
	return store_u8(st, who, i, text, IFLA_LINKMODE);
}
static int store_flags(struct leat_stack *st, const struct nl_creds *who, struct iface *i, const char *text)
{
	struct request q;
	unsigned long v;
	if (!number_of(text, &v))
		return -EINVAL;
	struct ifinfomsg *m = begin(&q, i);
	m->ifi_flags = (unsigned)v;
	m->ifi_change = UINT32_MAX;
	return request_run(st, who, &q);
}
static int store_alias(struct leat_stack *st, const struct nl_creds *who, struct iface *i, const char *text)
{
	struct request q;
	size_t len = strcspn(text, "\n");
	if (len >= sizeof i->alias)
		return -EINVAL;
	begin(&q, i);
	nl_put(&q.b, IFLA_IFALIAS, text, len);
	return request_run(st, who, &q);
}

static const struct file_attr {
	const char *name;
	show_fn *show;
	store_fn *store;
} attrs[] = {
	/* clang-format off */
	{ "addr_assign_type",     show_zero,            NULL },
	{ "addr_len",             show_addr_len,        NULL },
	{ "address",              show_address,         NULL },
	{ "broadcast",            show_broadcast,       NULL },
	{ "carrier",              show_carrier,         store_carrier },
	{ "carrier_changes",      show_carrier_changes, NULL },
	{ "carrier_down_count",   show_carrier_down,    NULL },
	{ "carrier_up_count",     show_carrier_up,      NULL },
	{ "dev_id",               show_hex_zero,        NULL },
	{ "dev_port",             show_zero,            NULL },
	{ "dormant",              show_dormant,         NULL },
	{ "duplex",               show_duplex,          NULL },
	{ "flags",                show_flags,           store_flags },
	{ "gro_flush_timeout",    show_zero,            NULL },
	{ "ifalias",              show_alias,           store_alias },
	{ "ifindex",              show_ifindex,         NULL },
	{ "iflink",               show_iflink,          NULL },
	{ "link_mode",            show_link_mode,       store_link_mode },
	{ "mtu",                  show_mtu,             store_mtu },
	{ "name_assign_type",     show_name_type,       NULL },
	{ "napi_defer_hard_irqs", show_zero,            NULL },
	{ "netdev_group",         show_group,           store_group },
	{ "operstate",            show_operstate,       NULL },
	{ "proto_down",           show_zero,            NULL },
	{ "speed",                show_speed,           NULL },
	{ "testing",              show_testing,         NULL },
	{ "threaded",             show_zero,            NULL },
	{ "tx_queue_len",         show_txqlen,          store_txqlen },
	{ "type",                 show_type,            NULL },
	{ "uevent",               show_uevent,          NULL },
	/* clang-format on */
};

/* --- counters --- */

enum { NOT_COUNTED = -1 };
static const struct file_counter {
	const char *name;
	int at; /* in struct iface_worker_stats */
} counters[] = {
#define COUNTED(name)                                            \
	{                                                        \
#name, offsetof(struct iface_worker_stats, name) \
	}
	{ "collisions", NOT_COUNTED },
	{ "multicast", offsetof(struct iface_worker_stats, rx_multicast) },
	COUNTED(rx_bytes),
	{ "rx_compressed", NOT_COUNTED },
	{ "rx_crc_errors", NOT_COUNTED },
	COUNTED(rx_dropped),
	COUNTED(rx_errors),
	{ "rx_fifo_errors", NOT_COUNTED },
	{ "rx_frame_errors", NOT_COUNTED },
	{ "rx_length_errors", NOT_COUNTED },
	{ "rx_missed_errors", NOT_COUNTED },
	{ "rx_nohandler", NOT_COUNTED },
	{ "rx_over_errors", NOT_COUNTED },
	COUNTED(rx_packets),
	{ "tx_aborted_errors", NOT_COUNTED },
	COUNTED(tx_bytes),
	{ "tx_carrier_errors", NOT_COUNTED },
	{ "tx_compressed", NOT_COUNTED },
	COUNTED(tx_dropped),
	COUNTED(tx_errors),
	{ "tx_fifo_errors", NOT_COUNTED },
	{ "tx_heartbeat_errors", NOT_COUNTED },
	COUNTED(tx_packets),
	{ "tx_window_errors", NOT_COUNTED },
#undef COUNTED
};

static int show_counter(const struct iface *i, const struct file_counter *c, struct text *t)
{
	struct iface_worker_stats s;
	unsigned long long v = 0;
	iface_stats(i, &s);
	if (c->at != NOT_COUNTED)
		v = *(const uint64_t *)((const char *)&s + c->at);
	text_add(t, "%llu\n", v);
	return 0;
}

/* --- links: to the class, and to what stands above and below --- */

/* Those of an interface in order: number 0 is the class, then master, then lower_*, then upper_*. false: there are no more. */
static const struct iface *below(struct leat_stack *st, const struct iface *i)
{
	bool vlan = !strcmp(i->ops->kind, "vlan");
	return vlan ? iface_by_index(st, i->ops->lower(i)) : NULL;
}

static bool is_upper(struct leat_stack *st, const struct iface *upper, const struct iface *i)
{
	return i->l3_master == upper->handle || below(st, upper) == i;
}

/* The n-th of those that stand on i (up), or that it stands on. */
static const struct iface *neighbour(struct leat_stack *st, const struct iface *i, bool up, unsigned n)
{
	const struct iface *o = NULL;
	while ((o = iface_next(st, o ? o->ifindex : 0)))
		if ((up ? is_upper(st, o, i) : is_upper(st, i, o)) && !n--)
			return o;
	return NULL;
}

struct device_link {
	char name[IFACE_NAME_MAX + 8], target[IFACE_NAME_MAX + 32];
};
static bool link_at(struct leat_stack *st, const struct iface *i, unsigned n, struct device_link *ret)
{
	const struct iface *master = i->l3_master ? iface_by_handle(st, i->l3_master) : NULL, *o;
	if (n == 0) {
		*ret = (struct device_link){ "subsystem", "../../../../class/net" };
		return true;
	}
	n--;
	if (master && n == 0) {
		snprintf(ret->name, sizeof ret->name, "master");
		snprintf(ret->target, sizeof ret->target, "../%s", master->name);
		return true;
	}
	n -= master != NULL;
	bool up = false;
	for (o = neighbour(st, i, up, n); !o && !up; o = neighbour(st, i, up, n)) {
		for (unsigned k = 0; neighbour(st, i, false, k); k++)
			n--;
		up = true;
	}
	if (!o)
		return false;
	snprintf(ret->name, sizeof ret->name, "%s_%s", up ? "upper" : "lower", o->name);
	snprintf(ret->target, sizeof ret->target, "../%s", o->name);
	return true;
}

/* --- what can be said of a queue: nothing of it can be set --- */

static const struct queue_attr {
	const char *name, *text;
	bool tx;
} queue_attrs[] = {
	{ "rps_cpus", "0\n", false },  { "rps_flow_cnt", "0\n", false }, { "tx_maxrate", "0\n", true },
	{ "tx_timeout", "0\n", true }, { "xps_cpus", "0\n", true },
};

/* --- what a path below /sys/devices/virtual/net is --- */

enum what { NOTHING, ALL, IFACE, ATTR, STATISTICS, COUNTER, QUEUES, QUEUE, QUEUE_ATTR, LINK };
struct place {
	enum what what;
	struct iface *i;
	unsigned n; /* of the attribute, counter, queue or link */
};

static struct place place_in_queue(struct iface *i, unsigned n, const char *rest)
{
	if (!*rest)
		return (struct place){ QUEUE, i, n };
	for (unsigned k = 0; *rest == '/' && k < ARRAY_SIZE(queue_attrs); k++)
		if (queue_attrs[k].tx == n % 2 && !strcmp(rest + 1, queue_attrs[k].name))
			return (struct place){ QUEUE_ATTR, i, k };
	return (struct place){ 0 };
}

static struct place place_behind(struct leat_stack *st, struct iface *i, const char *rest)
{
	char queue[16];
	if (!strcmp(rest, "statistics"))
		return (struct place){ STATISTICS, i, 0 };
	if (!strcmp(rest, "queues"))
		return (struct place){ QUEUES, i, 0 };
	for (unsigned n = 0; n < 2 * st->n_workers && !strncmp(rest, "queues/", 7); n++) {
		snprintf(queue, sizeof queue, "%s-%u", n % 2 ? "tx" : "rx", n / 2);
		size_t len = strlen(queue);
		if (!strncmp(rest + 7, queue, len) && (!rest[7 + len] || rest[7 + len] == '/'))
			return place_in_queue(i, n, rest + 7 + len);
	}
	for (unsigned n = 0; n < ARRAY_SIZE(attrs); n++)
		if (!strcmp(rest, attrs[n].name))
			return (struct place){ ATTR, i, n };
	for (unsigned n = 0; n < ARRAY_SIZE(counters) && !strncmp(rest, "statistics/", 11); n++)
		if (!strcmp(rest + 11, counters[n].name))
			return (struct place){ COUNTER, i, n };
	struct device_link l;
	for (unsigned n = 0; link_at(st, i, n, &l); n++)
		if (!strcmp(rest, l.name))
			return (struct place){ LINK, i, n };
	return (struct place){ 0 };
}

static struct place place_of(struct leat_stack *st, const char *path)
{
	char name[IFACE_NAME_MAX];
	size_t len = strcspn(path, "/");
	if (!*path)
		return (struct place){ ALL, NULL, 0 };
	if (len >= sizeof name)
		return (struct place){ 0 };
	snprintf(name, sizeof name, "%.*s", (int)len, path);
	struct iface *i = iface_by_name(st, name);
	if (!i)
		return (struct place){ 0 };
	return path[len] ? place_behind(st, i, path + len + 1) : (struct place){ IFACE, i, 0 };
}

static mode_t attr_mode(unsigned n)
{
	return S_IFREG | (attrs[n].store ? 0644 : 0444);
}

static void stat_device(struct leat_stack *st, const char *path, struct file_stat *ret)
{
	struct place p = place_of(st, path);
	struct device_link l;
	ret->mode = p.what == NOTHING                           ? 0
		    : p.what == ATTR                            ? attr_mode(p.n)
		    : p.what == COUNTER || p.what == QUEUE_ATTR ? S_IFREG | 0444
		    : p.what == LINK                            ? S_IFLNK | 0777
								: S_IFDIR | 0755;
	if (p.what == LINK && link_at(st, p.i, p.n, &l))
		snprintf(ret->target, sizeof ret->target, "%s", l.target);
}

enum { KEY = 0 };

static bool next_of_ifaces(struct leat_stack *st, struct file_pos *pos, struct file_entry *ret, mode_t mode)
{
	const struct iface *i = iface_next(st, (uint32_t)pos->key[KEY]);
	if (!i)
		return false;
	pos->key[KEY] = i->ifindex;
	snprintf(ret->name, sizeof ret->name, "%s", i->name);
	ret->mode = mode;
	return true;
}

static bool next_link(struct leat_stack *st, const struct iface *i, unsigned n, struct file_entry *ret)
{
	struct device_link l;
	if (!link_at(st, i, n, &l))
		return false;
	snprintf(ret->name, sizeof ret->name, "%s", l.name);
	ret->mode = S_IFLNK | 0777;
	return true;
}

static bool next_attr(struct leat_stack *st, const struct iface *i, struct file_pos *pos,
		      struct file_entry *ret)
{
	static const char *const dirs[] = { "queues", "statistics" };
	uint64_t n = pos->key[KEY]++;
	if (n < ARRAY_SIZE(dirs)) {
		snprintf(ret->name, sizeof ret->name, "%s", dirs[n]);
		ret->mode = S_IFDIR | 0755;
		return true;
	}
	n -= ARRAY_SIZE(dirs);
	if (n >= ARRAY_SIZE(attrs))
		return next_link(st, i, (unsigned)(n - ARRAY_SIZE(attrs)), ret);
	snprintf(ret->name, sizeof ret->name, "%s", attrs[n].name);
	ret->mode = attr_mode((unsigned)n);
	return true;
}

static bool next_counter(struct file_pos *pos, struct file_entry *ret)
{
	uint64_t n = pos->key[KEY]++;
	if (n >= ARRAY_SIZE(counters))
		return false;
	snprintf(ret->name, sizeof ret->name, "%s", counters[n].name);
	ret->mode = S_IFREG | 0444;
	return true;
}

static bool next_queue(const struct leat_stack *st, struct file_pos *pos, struct file_entry *ret)
{
	uint64_t n = pos->key[KEY]++;
	if (n >= 2 * st->n_workers)
		return false;
	snprintf(ret->name, sizeof ret->name, "%s-%u", n % 2 ? "tx" : "rx", (unsigned)n / 2);
	ret->mode = S_IFDIR | 0755;
	return true;
}

static bool next_queue_attr(bool tx, struct file_pos *pos, struct file_entry *ret)
{
	uint64_t n = pos->key[KEY];
	while (n < ARRAY_SIZE(queue_attrs) && queue_attrs[n].tx != tx)
		n++;
	pos->key[KEY] = n + 1;
	if (n >= ARRAY_SIZE(queue_attrs))
		return false;
	snprintf(ret->name, sizeof ret->name, "%s", queue_attrs[n].name);
	ret->mode = S_IFREG | 0444;
	return true;
}

static bool list_devices(struct leat_stack *st, const char *path, struct file_pos *pos,
			 struct file_entry *ret)
{
	struct place p = place_of(st, path);
	switch (p.what) {
	case ALL:
		return next_of_ifaces(st, pos, ret, S_IFDIR | 0755);
	case IFACE:
		return next_attr(st, p.i, pos, ret);
	case STATISTICS:
		return next_counter(pos, ret);
	case QUEUES:
		return next_queue(st, pos, ret);
	case QUEUE:
		return next_queue_attr(p.n % 2, pos, ret);
	default:
		return false;
	}
}

static int read_device(struct leat_stack *st, const char *path, struct file_pos *pos, struct text *to)
{
	struct place p = place_of(st, path);
	if (p.what == ATTR)
		return attrs[p.n].show(p.i, to);
	if (p.what == QUEUE_ATTR) {
		text_add(to, "%s", queue_attrs[p.n].text);
		return 0;
	}
	return p.what == COUNTER ? show_counter(p.i, &counters[p.n], to) : -EIO;
}

static int write_device(struct leat_stack *st, const struct nl_creds *who, const char *path, const char *text)
{
	struct place p = place_of(st, path);
	return p.what == ATTR && attrs[p.n].store ? attrs[p.n].store(st, who, p.i, text) : -EACCES;
}

const struct file_tree file_devices = {
	.at = "sys/devices/virtual/net",
	.stat = stat_device,
	.list = list_devices,
	.read = read_device,
	.write = write_device,
};

/* --- the links --- */

static void stat_class(struct leat_stack *st, const char *path, struct file_stat *ret)
{
	if (!*path) {
		ret->mode = S_IFDIR | 0755;
	} else if (!strchr(path, '/') && place_of(st, path).i) {
		ret->mode = S_IFLNK | 0777;
		snprintf(ret->target, sizeof ret->target, "../../devices/virtual/net/%s", path);
	}
}

static bool list_class(struct leat_stack *st, const char *path, struct file_pos *pos, struct file_entry *ret)
{
	return next_of_ifaces(st, pos, ret, S_IFLNK | 0777);
}

const struct file_tree file_class = {
	.at = "sys/class/net",
	.stat = stat_class,
	.list = list_class,
};

/* SPDX-License-Identifier: BSD-2-Clause */
/* Interfaces in a saved stack: the words that reopen the device, what was configured, and the counters. The device itself
 * comes back through its kind, unless an interface of that name is there already. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/save.h"
#include "net/hw_list.h"
#include "net/iface_internal.h"
#include "net/iface_stats.h"
#include "net/l3.h"
#include "net/sysctl.h"

enum { DEVICE_WORDS_MAX = 512 };

/* One row per counter, so that saving and loading cannot differ. */
static const struct {
	const char *key;
	size_t at;
} counters[] = {
#define COUNTER(name)                                            \
	{                                                        \
#name, offsetof(struct iface_worker_stats, name) \
	}
	COUNTER(rx_packets), COUNTER(rx_bytes),     COUNTER(rx_dropped),
	COUNTER(rx_errors),  COUNTER(rx_multicast), COUNTER(tx_packets),
	COUNTER(tx_bytes),   COUNTER(tx_dropped),   COUNTER(tx_errors),
#undef COUNTER
};

static uint64_t *counter(struct iface_worker_stats *s, unsigned i)
{
	return (uint64_t *)((char *)s + counters[i].at);
}

void iface_stats_save(const struct iface *i, struct saver *s)
{
	struct iface_worker_stats sum;
	iface_stats(i, &sum);
	save_begin(s, "stats");
	for (unsigned k = 0; k < ARRAY_SIZE(counters); k++)
		save_u64(s, counters[k].key, *counter(&sum, k));
	save_end(s);
}

/* Sums are what anybody asks for, so the first worker may have them all. */
void iface_stats_load(struct iface *i, struct loader *l)
{
	uint64_t v;
	if (!load_begin(l, "stats"))
		return;
	for (unsigned k = 0; k < ARRAY_SIZE(counters); k++)
		if (load_u64(l, counters[k].key, 0, UINT64_MAX, &v))
			racy_add(*counter(&i->stats[0], k), v);
	load_end(l);
}

/* RFC 2863's, as far as somebody said it: the rest the device will tell. */
static void save_state(const struct iface *i, struct saver *s)
{
	uint8_t state = i->operstate;
	bool said = state == IF_OPER_DORMANT || state == IF_OPER_TESTING ||
		    (state == IF_OPER_UP && i->link_mode != IF_LINK_MODE_DEFAULT);
	save_u64(s, "carrier", i->carrier || !i->ops->carrier_settable);
	save_u64(s, "link_mode", i->link_mode);
	save_u64(s, "operstate", said ? state : IF_OPER_UNKNOWN);
}

static int load_state(struct iface *i, struct loader *l, bool up)
{
	uint64_t carrier, mode, operstate;
	if (!load_u64(l, "carrier", 0, 1, &carrier) || !load_u64(l, "link_mode", 0, UINT8_MAX, &mode) ||
	    !load_u64(l, "operstate", 0, IF_OPER_UP, &operstate))
		return -EINVAL;
	if (i->ops->carrier_settable)
		iface_set_carrier(i, carrier);
	i->link_mode = (uint8_t)mode;
	int err = iface_set_up(i, up);
	iface_set_operstate(i, (uint8_t)operstate);
	return err;
}

static void save_altnames(const struct iface *i, struct saver *s)
{
	const struct iface_altname *a;
	if (list_empty(&i->altnames))
		return;
	save_list(s, "altnames");
	list_for_each (a, &i->altnames, link) {
		save_item(s);
		save_str(s, "name", a->name);
		save_end(s);
	}
	save_end(s);
}

static int load_altnames(struct iface *i, struct loader *l)
{
	char name[ALTIFNAMSIZ];
	size_t n;
	int err = 0;
	if (!load_has(l, "altnames"))
		return 0;
	if (!load_list(l, "altnames", &n))
		return -EINVAL;
	for (size_t k = 0; k < n && !err; k++) {
		if (!load_item(l, k) || !load_str(l, "name", name, sizeof name))
			return -EINVAL;
		load_end(l);
		err = iface_altname_add(i, name);
	}
	load_end(l);
	return err ? load_bad(l, "altnames", "taken") : 0;
}

static void save_segments(const struct iface *i, struct saver *s)
{
	if (i->gso_max_size == IFACE_GSO_SIZE && i->gso_max_segs == IFACE_GSO_SEGS &&
	    i->gro_max_size == IFACE_GSO_SIZE)
		return;
	save_u64(s, "gso_max_size", i->gso_max_size);
	save_u64(s, "gso_max_segs", i->gso_max_segs);
	save_u64(s, "gro_max_size", i->gro_max_size);
}

static bool load_segments(struct iface *i, struct loader *l)
{
	uint64_t size, segs, gro;
	if (!load_has(l, "gso_max_size"))
		return true;
	if (!load_u64(l, "gso_max_size", 0, IFACE_GSO_SIZE_MAX, &size) ||
	    !load_u64(l, "gso_max_segs", 0, IFACE_GSO_SEGS, &segs) ||
	    !load_u64(l, "gro_max_size", 0, IFACE_GSO_SIZE_MAX, &gro))
		return false;
	racy_set(i->gso_max_size, (uint32_t)size);
	racy_set(i->gso_max_segs, (uint32_t)segs);
	i->gro_max_size = (uint32_t)gro;
	return true;
}

int iface_save(struct leat_stack *st, struct saver *s)
{
	struct iface *i;
	save_list(s, "interfaces");
	list_for_each (i, &iface_state(st)->ifaces, link) {
		char device[DEVICE_WORDS_MAX] = "";
		if (i->ops->describe)
			i->ops->describe(i, device, sizeof device);
		save_item(s);
		save_str(s, "name", i->name);
		save_str(s, "device", device);
		save_str(s, "alias", i->alias);
		save_u64(s, "ifindex", i->ifindex);
		save_u64(s, "up", !!(i->flags & IFF_UP));
		save_u64(s, "mtu", i->mtu);
		save_bytes(s, "mac", i->mac, sizeof i->mac);
		save_u64(s, "txqlen", i->txqlen);
		save_u64(s, "group", i->group);
		save_u64(s, "off", i->off);
		save_segments(i, s);
		if (i->l3_master)
			save_str(s, "master", iface_by_handle(st, i->l3_master)->name);
		save_altnames(i, s);
		hw_lists_save(s, i);
		save_state(i, s);
		knobs_save_iface(i, s);
		iface_stats_save(i, s);
		save_end(s);
	}
	save_end(s);
	return save_error(s);
}

/* "af_packet:veth0,vnet=1" by the kind's opener, under the number it had. */
static int reopen(struct leat_stack *st, const char *name, char *device, uint32_t ifindex, bool last_try)
{
	char why[256] = "no driver of that name";
	char *ifname = strchr(device, ':');
	char *options = ifname ? strchr(ifname, ',') : NULL;
	if (!ifname)
		return -EINVAL;
	*ifname++ = 0;
	if (options)
		*options++ = 0;
	struct iface_kind *k = iface_kind_find(st, device);
	iface_state(st)->want_ifindex = ifindex;
	iface_state(st)->want_name = name;
	int err = k ? k->open(st, ifname, options ? options : "", why, sizeof why) : -ENODEV;
	iface_state(st)->want_ifindex = 0;
	iface_state(st)->want_name = NULL;
	if (err && (err != -ENODEV || last_try))
		rt_log(st->rt, LOG_ERROR, "restore: interface %s does not open again (%s:%s): %s", name,
		       device, ifname, why);
	return err;
}

static int load_config(struct iface *i, struct loader *l)
{
	uint64_t mtu, txqlen, group, off, up;
	uint8_t mac[6];
	if (!load_str(l, "alias", i->alias, sizeof i->alias) || !load_u64(l, "up", 0, 1, &up) ||
	    !load_u64(l, "mtu", 0, INT32_MAX, &mtu) || !load_bytes(l, "mac", mac, sizeof mac) ||
	    !load_u64(l, "txqlen", 0, UINT32_MAX, &txqlen) || !load_u64(l, "group", 0, UINT32_MAX, &group) ||
	    !load_u64(l, "off", 0, IFACE_FEATURES_ALL, &off) || knobs_restore_iface(i, l) ||
	    load_altnames(i, l) || !hw_lists_load(l, i) || !load_segments(i, l))
		return -EINVAL;
	i->txqlen = (uint32_t)txqlen;
	i->group = (uint32_t)group;
	iface_set_off(i, (uint32_t)off);
	iface_stats_load(i, l);
	int err = iface_set_mtu(i, (uint32_t)mtu);
	if (!err && memcmp(mac, i->mac, sizeof mac)) {
		if (!i->ops->set_mac)
			iface_set_up(i, false);
		err = iface_set_mac(i, mac);
	}
	iface_changed(i);
	return err ? err : load_state(i, l, up);
}

/* What no words reopen came with the stack, the loopback: under the number it has always had. */
static void rename_builtin(struct leat_stack *st, const char *name, uint32_t ifindex)
{
	struct iface *i = iface_by_index(st, ifindex);
	if (i && !i->ops->describe)
		iface_rename(i, name);
}

static int load_one(struct leat_stack *st, struct loader *l, bool last_try)
{
	char name[IFACE_NAME_MAX], device[DEVICE_WORDS_MAX];
	uint64_t ifindex;
	int err = 0;
	if (!load_str(l, "name", name, sizeof name) || !load_str(l, "device", device, sizeof device) ||
	    !load_u64(l, "ifindex", 1, INT32_MAX, &ifindex))
		return -EINVAL;
	if (!iface_by_name(st, name) && device[0])
		err = reopen(st, name, device, (uint32_t)ifindex, last_try);
	else if (!iface_by_name(st, name))
		rename_builtin(st, name, (uint32_t)ifindex);
	struct iface *i = iface_by_name(st, name);
	if (err)
		return err;
	if (!i) {
		rt_log(st->rt, LOG_WARN,
		       "restore: interface %s is not there; what belonged to it is left out", name);
		return 0;
	}
	return load_config(i, l);
}

/* When all are there: a VRF may be younger than what is enslaved to it. */
static int load_master(struct leat_stack *st, struct loader *l)
{
	char name[IFACE_NAME_MAX], master[IFACE_NAME_MAX];
	if (!load_has(l, "master"))
		return 0;
	if (!load_str(l, "name", name, sizeof name) || !load_str(l, "master", master, sizeof master))
		return -EINVAL;
	struct iface *i = iface_by_name(st, name), *m = iface_by_name(st, master);
	if (i && m && l3_enslave(i, m))
		return load_bad(l, "master", "no VRF");
	return 0;
}

static int load_masters(struct leat_stack *st, struct loader *l, size_t n)
{
	int err = 0;
	for (size_t k = 0; k < n && !err; k++) {
		if (!load_item(l, k))
			return -EINVAL;
		err = load_master(st, l);
		load_end(l);
	}
	return err;
}

/* In the order of the file; but what lies on another that has a higher number (a VLAN on one that was made with a number of
 * its own) finds no device at first, and comes after it. */
static int load_ifaces(struct leat_stack *st, struct loader *l, size_t n, bool *done)
{
	bool progress = true;
	for (size_t left = n; left;) {
		bool last_try = !progress;
		progress = false;
		for (size_t k = 0; k < n; k++) {
			if (done[k])
				continue;
			if (!load_item(l, k))
				return -EINVAL;
			int err = load_one(st, l, last_try);
			load_end(l);
			if (err && (err != -ENODEV || last_try))
				return err;
			done[k] = !err;
			left -= !err;
			progress |= !err;
		}
	}
	return 0;
}

int iface_restore(struct leat_stack *st, struct loader *l)
{
	size_t n;
	if (!load_list(l, "interfaces", &n))
		return -EINVAL;
	bool *done = mem_zalloc(&st->mem, n + 1);
	int err = done ? load_ifaces(st, l, n, done) : -ENOMEM;
	mem_free(done);
	if (!err)
		err = load_masters(st, l, n);
	load_end(l);
	return err;
}

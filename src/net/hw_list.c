/* SPDX-License-Identifier: BSD-2-Clause */
/* Linux: net/core/dev_addr_lists.c. Two lists of an interface, single addresses and groups; an address counts who wants it. */
#include "net/hw_list.h"

#include <errno.h>
#include <sys/socket.h>

#include <linux/if_arp.h>

#include "core/save.h"

static struct hw_addr *find(struct iface *i, enum hw_list which, const uint8_t mac[6])
{
	struct hw_addr *a;
	list_for_each (a, &i->hw[which], link)
		if (!memcmp(a->mac, mac, sizeof a->mac))
			return a;
	return NULL;
}

static bool *mark_of(struct hw_addr *a, enum hw_for why)
{
	return why == HW_FOR_STATIC ? &a->is_static : &a->by_fdb;
}

int hw_list_add(struct iface *i, enum hw_list which, const uint8_t mac[6], enum hw_for why)
{
	struct hw_addr *a = find(i, which, mac);
	if (a && why == HW_FOR_FDB)
		return -EEXIST;
	if (a && why == HW_FOR_STATIC && a->is_static)
		return 0;
	if (!a) {
		a = mem_zalloc(&i->st->mem, sizeof *a);
		if (!a)
			return -ENOMEM;
		memcpy(a->mac, mac, sizeof a->mac);
		list_append(&i->hw[which], &a->link);
	}
	if (why != HW_FOR_GROUP)
		*mark_of(a, why) = true;
	a->refs++;
	return 0;
}

int hw_list_remove(struct iface *i, enum hw_list which, const uint8_t mac[6], enum hw_for why)
{
	struct hw_addr *a = find(i, which, mac);
	if (!a || (why == HW_FOR_STATIC && !a->is_static))
		return -ENOENT;
	if (why == HW_FOR_STATIC)
		a->is_static = false;
	if (why == HW_FOR_FDB)
		a->by_fdb = false;
	if (--a->refs == 0) {
		list_remove(&a->link);
		mem_free(a);
	}
	return 0;
}

void hw_lists_init(struct iface *i)
{
	list_init(&i->hw[0]);
	list_init(&i->hw[1]);
}

void hw_lists_done(struct iface *i)
{
	struct hw_addr *a, *next;
	for (unsigned k = 0; k < ARRAY_SIZE(i->hw); k++)
		list_for_each_safe (a, next, &i->hw[k], link) {
			list_remove(&a->link);
			mem_free(a);
		}
}

bool hw_of_group(const struct iface *i, uint8_t family, const struct ipaddr *group, uint8_t ret_mac[6])
{
	enum { SCOPE_LINK = 2 };
	const uint8_t *a = group->b;
	const uint8_t v4[6] = { 1, 0, 0x5e, a[1] & 0x7f, a[2], a[3] };
	const uint8_t v6[6] = { 0x33, 0x33, a[12], a[13], a[14], a[15] };
	memcpy(ret_mac, family == AF_INET ? v4 : v6, sizeof v4);
	return i->hw_type == ARPHRD_ETHER && (family == AF_INET || (a[1] & 0xf) >= SCOPE_LINK);
}

/* --- saving --- */

static bool has_by_hand(const struct iface *i)
{
	const struct hw_addr *a;
	for (unsigned k = 0; k < ARRAY_SIZE(i->hw); k++)
		list_for_each (a, &i->hw[k], link)
			if (a->is_static || a->by_fdb)
				return true;
	return false;
}

void hw_lists_save(struct saver *s, const struct iface *i)
{
	const struct hw_addr *a;
	if (!has_by_hand(i))
		return;
	save_list(s, "hw_addrs");
	for (unsigned k = 0; k < ARRAY_SIZE(i->hw); k++)
		list_for_each (a, &i->hw[k], link) {
			if (!a->is_static && !a->by_fdb)
				continue;
			save_item(s);
			save_bytes(s, "mac", a->mac, sizeof a->mac);
			save_u64(s, "groups", k);
			save_u64(s, "static", a->is_static);
			save_u64(s, "fdb", a->by_fdb);
			save_end(s);
		}
	save_end(s);
}

static bool load_one(struct loader *l, struct iface *i)
{
	uint8_t mac[6];
	uint64_t which, is_static, by_fdb;
	if (!load_bytes(l, "mac", mac, sizeof mac) || !load_u64(l, "groups", 0, 1, &which) ||
	    !load_u64(l, "static", 0, 1, &is_static) || !load_u64(l, "fdb", 0, 1, &by_fdb))
		return false;
	/* Groups that have come meanwhile may want it, too. */
	if (by_fdb && !find(i, which, mac) && hw_list_add(i, which, mac, HW_FOR_FDB))
		return false;
	return !is_static || !hw_list_add(i, which, mac, HW_FOR_STATIC);
}

bool hw_lists_load(struct loader *l, struct iface *i)
{
	size_t n;
	bool ok = true;
	if (!load_has(l, "hw_addrs"))
		return true;
	if (!load_list(l, "hw_addrs", &n))
		return false;
	for (size_t k = 0; k < n && ok; k++) {
		if (!load_item(l, k))
			return false;
		ok = load_one(l, i);
		load_end(l);
	}
	load_end(l);
	return ok;
}

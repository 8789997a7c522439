/* SPDX-License-Identifier: BSD-2-Clause */
/* Link-layer addresses that an interface takes beside its own: those that groups map to, and those that somebody asked for (SIOCADDMULTI,
 * `bridge fdb add ... self`). They are kept and shown as Linux does; a device of leat hears everything anyway. Control lcore. */
#ifndef LEAT_NET_HW_LIST_H
#define LEAT_NET_HW_LIST_H

#include "net/iface.h"

/* Who wants it: groups, each by itself, somebody by ioctl, somebody by netlink. The last two want it once. */
enum hw_for { HW_FOR_GROUP, HW_FOR_STATIC, HW_FOR_FDB };
struct hw_addr {
	struct list link; /* in the order in which they came */
	uint8_t mac[6];
	bool is_static, by_fdb;
	uint32_t refs;
};

enum hw_list { HW_SINGLE, HW_GROUPS }; /* of iface.hw */
/* Linux: what netlink names goes here; groups that never leave a link (01:80:c2:00:00:0x) count as single. */
static inline enum hw_list hw_list_by_mac(const uint8_t mac[6])
{
	static const uint8_t link_local[5] = { 0x01, 0x80, 0xc2 };
	bool stays = !memcmp(mac, link_local, sizeof link_local) && !(mac[5] & 0xf0);
	return mac[0] & 1 && !stays ? HW_GROUPS : HW_SINGLE;
}
/* 0, -ENOMEM; -EEXIST: netlink alone minds that it is there already. */
int hw_list_add(struct iface *i, enum hw_list which, const uint8_t mac[6], enum hw_for why);
/* 0, -ENOENT. */
int hw_list_remove(struct iface *i, enum hw_list which, const uint8_t mac[6], enum hw_for why);
void hw_lists_init(struct iface *i);
void hw_lists_done(struct iface *i);

struct saver;
struct loader;
/* What was asked for by hand. */
void hw_lists_save(struct saver *s, const struct iface *i);
bool hw_lists_load(struct loader *l, struct iface *i);

/* What a group maps to (RFC 1112, 6.4; RFC 2464, 7). False: nothing; it does not leave the host, or the link has no such addresses. */
bool hw_of_group(const struct iface *i, uint8_t family, const struct ipaddr *group, uint8_t ret_mac[6]);

#endif

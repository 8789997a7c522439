/* SPDX-License-Identifier: BSD-2-Clause */
/* Shared by the files that answer ioctls. */
#ifndef LEAT_COMPAT_IOCTL_INTERNAL_H
#define LEAT_COMPAT_IOCTL_INTERNAL_H

#include <net/route.h>
#include <netinet/in.h>

#include <linux/ethtool.h>
#include <linux/if_arp.h>
#include <linux/sockios.h>

#include "compat/ioctl.h"
#include "compat/request.h"
#include "net/addr.h"
#include "net/fib.h"

typedef int ioctl_fn(struct leat_stack *st, struct ioctl_call *c);
/* Of an interface that has been found; what it leaves in the structure goes back. */
typedef int ioctl_if_fn(struct leat_stack *st, struct ioctl_call *c, struct iface *i, struct ifreq *r);

ioctl_if_fn ioctl_get_flags, ioctl_get_mtu, ioctl_get_metric, ioctl_get_hwaddr, ioctl_get_map,
	ioctl_get_index, ioctl_get_txqlen, ioctl_set_flags, ioctl_set_mtu, ioctl_set_hwaddr,
	ioctl_set_hwbroadcast, ioctl_set_txqlen, ioctl_set_name, ioctl_unsupported, ioctl_invalid,
	ioctl_multicast;
ioctl_if_fn ioctl_get_addr, ioctl_get_dstaddr, ioctl_get_brdaddr, ioctl_get_netmask, ioctl_set_addr,
	ioctl_set_dstaddr, ioctl_set_brdaddr, ioctl_set_netmask;
ioctl_fn ioctl_get_conf, ioctl_get_name, ioctl_addr6, ioctl_route4, ioctl_route6, ioctl_arp;
ioctl_if_fn ioctl_ethtool;

/* ioctl_addr.c: the alias "eth0:1" goes when it is set down. */
int ioctl_down_alias(struct leat_stack *st, struct ioctl_call *c, struct iface *i, const struct ifreq *r);

/* By a name that may have a label behind a colon, and need not end. */
struct iface *ioctl_iface(struct leat_stack *st, const char name[IFNAMSIZ]);

static inline struct in_addr in_of(const struct ipaddr *a)
{
	struct in_addr in;
	memcpy(&in, a->b, sizeof in);
	return in;
}
static inline struct ipaddr addr4_of(struct in_addr in)
{
	struct ipaddr a = { 0 };
	memcpy(a.b, &in, sizeof in);
	return a;
}
/* The length of a netmask; -1: its ones are not all in front. */
static inline int mask_len(struct in_addr mask)
{
	uint32_t m = ntohl(mask.s_addr), holes = ~m;
	return holes & (holes + 1) ? -1 : m ? __builtin_popcount(m) : 0;
}
static inline struct in_addr mask_of(unsigned plen)
{
	return (struct in_addr){ plen ? htonl(UINT32_MAX << (32 - plen)) : 0 };
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Ioctls of sockets: the table.
 *
 * Theory of operation: a row says of a command which sockets have it, who may give it, and whose business it is. What is asked is
 * answered out of the tables; what is set becomes a netlink message (request.h). The order of the checks is Linux's: rights,
 * the interface, then the rest (dev_ioctl(), devinet_ioctl()). The structures come from a stranger's memory: nothing in them is
 * trusted, names need not end, and pointers in them mean nothing here. */
#include "compat/ioctl_internal.h"

#include <errno.h>
#include <stdio.h>

#include "net/iface.h"

enum { ADMIN = 1 };

static const struct ioctl_row {
	uint32_t cmd;
	uint16_t family; /* of the sockets that have it; 0: all */
	uint8_t flags;
	ioctl_if_fn *of_iface; /* or */
	ioctl_fn *fn;
	uint16_t len_bytes; /* at least; 0: a struct ifreq */
} rows[] = {
	/* clang-format off */
	{ SIOCGIFCONF,        0,        0,     NULL, ioctl_get_conf, sizeof(struct ioctl_ifconf) },
	{ SIOCGIFNAME,        0,        0,     NULL, ioctl_get_name, 0 },
	{ SIOCGIFFLAGS,       0,        0,     ioctl_get_flags, NULL, 0 },
	{ SIOCGIFMETRIC,      0,        0,     ioctl_get_metric, NULL, 0 },
	{ SIOCGIFMTU,         0,        0,     ioctl_get_mtu, NULL, 0 },
	{ SIOCGIFHWADDR,      0,        0,     ioctl_get_hwaddr, NULL, 0 },
	{ SIOCGIFSLAVE,       0,        0,     ioctl_invalid, NULL, 0 },
	{ SIOCGIFMAP,         0,        0,     ioctl_get_map, NULL, 0 },
	{ SIOCGIFINDEX,       0,        0,     ioctl_get_index, NULL, 0 },
	{ SIOCGIFTXQLEN,      0,        0,     ioctl_get_txqlen, NULL, 0 },
	{ SIOCSIFFLAGS,       0,        ADMIN, ioctl_set_flags, NULL, 0 },
	{ SIOCSIFMETRIC,      0,        ADMIN, ioctl_unsupported, NULL, 0 },
	{ SIOCSIFMTU,         0,        ADMIN, ioctl_set_mtu, NULL, 0 },
	{ SIOCSIFHWADDR,      0,        ADMIN, ioctl_set_hwaddr, NULL, 0 },
	{ SIOCSIFHWBROADCAST, 0,        ADMIN, ioctl_set_hwbroadcast, NULL, 0 },
	{ SIOCSIFMAP,         0,        ADMIN, ioctl_unsupported, NULL, 0 },
	{ SIOCADDMULTI,       0,        ADMIN, ioctl_multicast, NULL, 0 },
	{ SIOCDELMULTI,       0,        ADMIN, ioctl_multicast, NULL, 0 },
	{ SIOCSIFTXQLEN,      0,        ADMIN, ioctl_set_txqlen, NULL, 0 },
	{ SIOCSIFNAME,        0,        ADMIN, ioctl_set_name, NULL, 0 },
	{ SIOCGMIIPHY,        0,        ADMIN, ioctl_unsupported, NULL, 0 },
	{ SIOCGMIIREG,        0,        ADMIN, ioctl_unsupported, NULL, 0 },
	{ SIOCETHTOOL,        0,        0,     ioctl_ethtool, NULL, IOCTL_ETHTOOL_AT + sizeof(uint32_t) },
	{ SIOCGIFADDR,        AF_INET,  0,     ioctl_get_addr, NULL, 0 },
	{ SIOCGIFDSTADDR,     AF_INET,  0,     ioctl_get_dstaddr, NULL, 0 },
	{ SIOCGIFBRDADDR,     AF_INET,  0,     ioctl_get_brdaddr, NULL, 0 },
	{ SIOCGIFNETMASK,     AF_INET,  0,     ioctl_get_netmask, NULL, 0 },
	{ SIOCSIFADDR,        AF_INET,  ADMIN, ioctl_set_addr, NULL, 0 },
	{ SIOCSIFDSTADDR,     AF_INET,  ADMIN, ioctl_set_dstaddr, NULL, 0 },
	{ SIOCSIFBRDADDR,     AF_INET,  ADMIN, ioctl_set_brdaddr, NULL, 0 },
	{ SIOCSIFNETMASK,     AF_INET,  ADMIN, ioctl_set_netmask, NULL, 0 },
	{ SIOCSIFADDR,        AF_INET6, ADMIN, NULL, ioctl_addr6, sizeof(struct in6_addr) + 8 },
	{ SIOCDIFADDR,        AF_INET6, ADMIN, NULL, ioctl_addr6, sizeof(struct in6_addr) + 8 },
	{ SIOCADDRT,          AF_INET,  ADMIN, NULL, ioctl_route4, sizeof(struct rtentry) },
	{ SIOCDELRT,          AF_INET,  ADMIN, NULL, ioctl_route4, sizeof(struct rtentry) },
	{ SIOCADDRT,          AF_INET6, ADMIN, NULL, ioctl_route6, sizeof(struct in6_rtmsg) },
	{ SIOCDELRT,          AF_INET6, ADMIN, NULL, ioctl_route6, sizeof(struct in6_rtmsg) },
	{ SIOCSARP,           AF_INET,  ADMIN, NULL, ioctl_arp, sizeof(struct arpreq) },
	{ SIOCDARP,           AF_INET,  ADMIN, NULL, ioctl_arp, sizeof(struct arpreq) },
	{ SIOCGARP,           AF_INET,  0,     NULL, ioctl_arp, sizeof(struct arpreq) },
	/* clang-format on */
};

static const struct ioctl_row *find(uint32_t cmd, uint16_t family)
{
	for (unsigned k = 0; k < ARRAY_SIZE(rows); k++)
		if (rows[k].cmd == cmd && (!rows[k].family || rows[k].family == family))
			return &rows[k];
	return NULL;
}

struct iface *ioctl_iface(struct leat_stack *st, const char name[IFNAMSIZ])
{
	char plain[IFACE_NAME_MAX];
	snprintf(plain, sizeof plain, "%.*s", IFNAMSIZ - 1, name);
	plain[strcspn(plain, ":")] = 0;
	return iface_by_name(st, plain);
}

static int of_iface(struct leat_stack *st, const struct ioctl_row *row, struct ioctl_call *c)
{
	struct ifreq r;
	memcpy(&r, c->data, sizeof r);
	r.ifr_name[IFNAMSIZ - 1] = 0;
	struct iface *i = ioctl_iface(st, r.ifr_name);
	if (!i)
		return -ENODEV;
	int err = row->of_iface(st, c, i, &r);
	memcpy(c->data, &r, sizeof r);
	if (row->flags & ADMIN)
		c->len_bytes = 0;
	else if (row->cmd != SIOCETHTOOL)
		c->len_bytes = sizeof r;
	return err;
}

int ioctl_run(struct leat_stack *st, struct ioctl_call *c)
{
	const struct ioctl_row *row = find(c->cmd, c->family);
	if (!row)
		return -ENOTTY;
	if (c->len_bytes < (row->len_bytes ? row->len_bytes : sizeof(struct ifreq)))
		return -EFAULT;
	if (row->flags & ADMIN && !c->creds.may_configure)
		return -EPERM;
	int err = row->fn ? row->fn(st, c) : of_iface(st, row, c);
	if (err)
		c->len_bytes = 0;
	return err;
}

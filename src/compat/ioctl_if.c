/* SPDX-License-Identifier: BSD-2-Clause */
/* Interfaces by ioctl. Linux: net/core/dev_ioctl.c. */
#include "compat/ioctl_internal.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>

#include "net/hw_list.h"

/* --- asking --- */

int ioctl_get_flags(struct leat_stack *st, struct ioctl_call *c, struct iface *i, struct ifreq *r)
{
	r->ifr_flags = (short)i->flags;
	return 0;
}

int ioctl_get_metric(struct leat_stack *st, struct ioctl_call *c, struct iface *i, struct ifreq *r)
{
	r->ifr_metric = 0;
	return 0;
}

int ioctl_get_mtu(struct leat_stack *st, struct ioctl_call *c, struct iface *i, struct ifreq *r)
{
	r->ifr_mtu = (int)i->mtu;
	return 0;
}

int ioctl_get_hwaddr(struct leat_stack *st, struct ioctl_call *c, struct iface *i, struct ifreq *r)
{
	memset(r->ifr_hwaddr.sa_data, 0, sizeof r->ifr_hwaddr.sa_data);
	r->ifr_hwaddr.sa_family = i->hw_type;
	memcpy(r->ifr_hwaddr.sa_data, i->mac, sizeof i->mac);
	return 0;
}

int ioctl_get_map(struct leat_stack *st, struct ioctl_call *c, struct iface *i, struct ifreq *r)
{
	r->ifr_map = (struct ifmap){ 0 };
	return 0;
}

int ioctl_get_index(struct leat_stack *st, struct ioctl_call *c, struct iface *i, struct ifreq *r)
{
	r->ifr_ifindex = (int)i->ifindex;
	return 0;
}

int ioctl_get_txqlen(struct leat_stack *st, struct ioctl_call *c, struct iface *i, struct ifreq *r)
{
	r->ifr_qlen = (int)i->txqlen;
	return 0;
}

int ioctl_unsupported(struct leat_stack *st, struct ioctl_call *c, struct iface *i, struct ifreq *r)
{
	return -EOPNOTSUPP;
}

int ioctl_invalid(struct leat_stack *st, struct ioctl_call *c, struct iface *i, struct ifreq *r)
{
	return -EINVAL;
}

int ioctl_get_name(struct leat_stack *st, struct ioctl_call *c)
{
	struct ifreq r;
	memcpy(&r, c->data, sizeof r);
	const struct iface *i = iface_by_index(st, (uint32_t)r.ifr_ifindex);
	if (!i)
		return -ENODEV;
	memcpy(r.ifr_name, i->name, sizeof r.ifr_name);
	memcpy(c->data, &r, sizeof r);
	c->len_bytes = sizeof r;
	return 0;
}

/* --- setting --- */

static struct ifinfomsg *begin_link(struct request *q, const struct iface *i)
{
	struct ifinfomsg *m = request_begin(q, RTM_SETLINK, 0, sizeof *m);
	m->ifi_index = (int)i->ifindex;
	return m;
}

/* Linux: dev_change_flags() lets these change, and an ioctl has room for 16 bits. */
int ioctl_set_flags(struct leat_stack *st, struct ioctl_call *c, struct iface *i, struct ifreq *r)
{
	struct request q;
	if (c->family == AF_INET && strchr(r->ifr_name, ':'))
		return ioctl_down_alias(st, c, i, r);
	struct ifinfomsg *m = begin_link(&q, i);
	m->ifi_flags = (uint16_t)r->ifr_flags;
	m->ifi_change = IFF_UP | IFF_DEBUG | IFF_NOTRAILERS | IFF_NOARP | IFF_PROMISC | IFF_ALLMULTI |
			IFF_MULTICAST | IFF_DYNAMIC;
	return request_run(st, &c->creds, &q);
}

static int set_u32(struct leat_stack *st, struct ioctl_call *c, const struct iface *i, uint16_t attr, int v)
{
	struct request q;
	begin_link(&q, i);
	nl_put_u32(&q.b, attr, (uint32_t)v);
	return request_run(st, &c->creds, &q);
}

int ioctl_set_mtu(struct leat_stack *st, struct ioctl_call *c, struct iface *i, struct ifreq *r)
{
	return set_u32(st, c, i, IFLA_MTU, r->ifr_mtu);
}

int ioctl_set_txqlen(struct leat_stack *st, struct ioctl_call *c, struct iface *i, struct ifreq *r)
{
	return r->ifr_qlen < 0 ? -EINVAL : set_u32(st, c, i, IFLA_TXQLEN, r->ifr_qlen);
}

static int set_link_addr(struct leat_stack *st, struct ioctl_call *c, const struct iface *i, uint16_t attr,
			 const struct sockaddr *a)
{
	struct request q;
	if (a->sa_family != i->hw_type)
		return -EINVAL;
	begin_link(&q, i);
	nl_put(&q.b, attr, a->sa_data, sizeof i->mac);
	return request_run(st, &c->creds, &q);
}

int ioctl_set_hwaddr(struct leat_stack *st, struct ioctl_call *c, struct iface *i, struct ifreq *r)
{
	return set_link_addr(st, c, i, IFLA_ADDRESS, &r->ifr_hwaddr);
}

int ioctl_set_hwbroadcast(struct leat_stack *st, struct ioctl_call *c, struct iface *i, struct ifreq *r)
{
	return set_link_addr(st, c, i, IFLA_BROADCAST, &r->ifr_hwaddr);
}

int ioctl_set_name(struct leat_stack *st, struct ioctl_call *c, struct iface *i, struct ifreq *r)
{
	struct request q;
	r->ifr_newname[IFNAMSIZ - 1] = 0;
	if (!r->ifr_newname[0])
		return -EINVAL;
	begin_link(&q, i);
	nl_put_str(&q.b, IFLA_IFNAME, r->ifr_newname);
	return request_run(st, &c->creds, &q);
}

/* Linux: dev_mc_add_global(), of devices that have a list of what they hear. */
int ioctl_multicast(struct leat_stack *st, struct ioctl_call *c, struct iface *i, struct ifreq *r)
{
	const uint8_t *mac = (const uint8_t *)r->ifr_hwaddr.sa_data;
	if (r->ifr_hwaddr.sa_family != AF_UNSPEC || i->hw_type != ARPHRD_ETHER || i->l3_table)
		return -EINVAL;
	return c->cmd == SIOCADDMULTI ? hw_list_add(i, HW_GROUPS, mac, HW_FOR_STATIC)
				      : hw_list_remove(i, HW_GROUPS, mac, HW_FOR_STATIC);
}

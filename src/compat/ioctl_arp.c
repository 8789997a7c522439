/* SPDX-License-Identifier: BSD-2-Clause */
/* The ARP table by ioctl. Linux: arp_ioctl() of net/ipv4/arp.c. */
#include "compat/ioctl_internal.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "net/neigh.h"

enum { VALID = NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY };

static struct sockaddr_in who_of(const struct arpreq *a)
{
	struct sockaddr_in in;
	memcpy(&in, &a->arp_pa, sizeof in);
	return in;
}

static int check(struct leat_stack *st, struct arpreq *a, const struct iface **ret_i)
{
	*ret_i = NULL;
	a->arp_dev[sizeof a->arp_dev - 1] = 0;
	if (a->arp_pa.sa_family != AF_INET)
		return -EPFNOSUPPORT;
	if (!(a->arp_flags & ATF_PUBL) && a->arp_flags & (ATF_NETMASK | ATF_DONTPUB))
		return -EINVAL;
	if (!(a->arp_flags & ATF_NETMASK))
		((struct sockaddr_in *)&a->arp_netmask)->sin_addr.s_addr = INADDR_BROADCAST;
	if (!a->arp_dev[0])
		return 0;
	*ret_i = iface_by_name(st, a->arp_dev);
	if (!*ret_i)
		return -ENODEV;
	if (!a->arp_ha.sa_family)
		a->arp_ha.sa_family = (*ret_i)->hw_type;
	return a->arp_flags & ATF_COM && a->arp_ha.sa_family != (*ret_i)->hw_type ? -EINVAL : 0;
}

/* Linux: without a name it is where a packet to it would leave. */
static int find_dev(struct leat_stack *st, const struct arpreq *a, const struct iface **i)
{
	struct ipaddr who = addr4_of(who_of(a).sin_addr);
	if (*i)
		return 0;
	const struct fib_route *r = fib_lookup_ctl(st, AF_INET, &who, 0);
	if (!r)
		return -ENETUNREACH;
	*i = iface_by_handle(st, r->nh.if_handle);
	return *i ? 0 : -EINVAL;
}

static int get(struct leat_stack *st, struct arpreq *a, const struct iface *i)
{
	struct ipaddr who = addr4_of(who_of(a).sin_addr);
	struct neigh_info n;
	if (!neigh_get(st, i->handle, AF_INET, &who, &n) || n.state & NUD_NOARP)
		return -ENXIO;
	memset(a->arp_ha.sa_data, 0, sizeof a->arp_ha.sa_data);
	memcpy(a->arp_ha.sa_data, n.mac, sizeof n.mac);
	a->arp_ha.sa_family = i->hw_type;
	a->arp_flags = n.state & NUD_PERMANENT ? ATF_PERM | ATF_COM : n.state & VALID ? ATF_COM : 0;
	memcpy(a->arp_dev, i->name, sizeof a->arp_dev);
	return 0;
}

static int neigh_request(struct leat_stack *st, const struct ioctl_call *c, const struct arpreq *a,
			 const struct iface *i, uint8_t flags)
{
	struct request q;
	struct in_addr who = who_of(a).sin_addr;
	bool set = c->cmd == SIOCSARP;
	struct ndmsg *m = request_begin(&q, set ? RTM_NEWNEIGH : RTM_DELNEIGH,
					set ? NLM_F_CREATE | NLM_F_REPLACE : 0, sizeof *m);
	m->ndm_family = AF_INET;
	m->ndm_ifindex = i ? (int)i->ifindex : 0;
	m->ndm_flags = flags;
	m->ndm_state = a->arp_flags & ATF_PERM || flags ? NUD_PERMANENT : NUD_STALE;
	nl_put(&q.b, NDA_DST, &who, sizeof who);
	if (set && !flags)
		nl_put(&q.b, NDA_LLADDR, a->arp_ha.sa_data, sizeof i->mac);
	return request_run(st, &c->creds, &q);
}

static const struct iface *by_mac(struct leat_stack *st, const struct arpreq *a)
{
	const struct iface *i = NULL;
	while ((i = iface_next(st, i ? i->ifindex : 0)))
		if (i->hw_type == a->arp_ha.sa_family && !memcmp(i->mac, a->arp_ha.sa_data, sizeof i->mac))
			break;
	return i;
}

/* Whom we answer for. Linux: a whole network is all, or nobody: the setting of the interface. */
static int published(struct leat_stack *st, const struct ioctl_call *c, const struct arpreq *a,
		     const struct iface *i)
{
	uint32_t mask = ((const struct sockaddr_in *)&a->arp_netmask)->sin_addr.s_addr;
	if (mask && mask != INADDR_BROADCAST)
		return -EINVAL;
	if (!i && a->arp_flags & ATF_COM && c->cmd == SIOCSARP)
		i = by_mac(st, a);
	if (!i && a->arp_flags & ATF_COM && c->cmd == SIOCSARP)
		return -ENODEV;
	return mask ? neigh_request(st, c, a, i, NTF_PROXY) : -EOPNOTSUPP;
}

static int set(struct leat_stack *st, const struct ioctl_call *c, struct arpreq *a, const struct iface *i)
{
	if (a->arp_flags & ATF_PUBL)
		return published(st, c, a, i);
	int err = find_dev(st, a, &i);
	if (!err && a->arp_ha.sa_family != i->hw_type)
		err = -EINVAL;
	return err ? err : neigh_request(st, c, a, i, 0);
}

static int delete (struct leat_stack *st, const struct ioctl_call *c, struct arpreq *a, const struct iface *i)
{
	if (a->arp_flags & ATF_PUBL)
		return published(st, c, a, i);
	int err = find_dev(st, a, &i);
	if (!err)
		err = neigh_request(st, c, a, i, 0);
	return err == -ENOENT ? -ENXIO : err;
}

int ioctl_arp(struct leat_stack *st, struct ioctl_call *c)
{
	struct arpreq a;
	const struct iface *i;
	memcpy(&a, c->data, sizeof a);
	int err = check(st, &a, &i);
	c->len_bytes = 0;
	if (err)
		return err;
	if (c->cmd != SIOCGARP)
		return c->cmd == SIOCSARP ? set(st, c, &a, i) : delete (st, c, &a, i);
	err = i ? get(st, &a, i) : -ENODEV;
	memcpy(c->data, &a, sizeof a);
	c->len_bytes = err ? 0 : sizeof a;
	return err;
}

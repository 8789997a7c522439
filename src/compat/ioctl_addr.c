/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses by ioctl. Linux: devinet_ioctl() and inet_gifconf() of net/ipv4/devinet.c, addrconf_add_ifaddr() of
 * net/ipv6/addrconf.c. An interface's address is the one whose label is the name asked for: "eth0", or an alias "eth0:1". */
#include "compat/ioctl_internal.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>

enum { PLEN_WITH_BROADCAST = 31 };

static struct sockaddr_in *sin_of(struct ifreq *r)
{
	return (struct sockaddr_in *)&r->ifr_addr;
}

/* Linux: an address in the question chooses among those of one label (4.3BSD); nothing else does. */
static const struct addr *find(struct leat_stack *st, const struct iface *i, struct ifreq *r, bool by_addr)
{
	const struct addr *first = NULL;
	for (const struct addr *a = addr_first(st, i); a; a = addr_next(st, i, a)) {
		if (a->family != AF_INET || strcmp(a->label, r->ifr_name))
			continue;
		if (by_addr && in_of(&a->local).s_addr == sin_of(r)->sin_addr.s_addr)
			return a;
		if (!first)
			first = a;
	}
	return first;
}

/* --- asking --- */

static void answer(struct ifreq *r, struct in_addr in)
{
	memset(&r->ifr_addr, 0, sizeof r->ifr_addr);
	sin_of(r)->sin_family = AF_INET;
	sin_of(r)->sin_addr = in;
}

static const struct addr *asked(struct leat_stack *st, const struct iface *i, struct ifreq *r)
{
	return find(st, i, r, sin_of(r)->sin_family == AF_INET);
}

int ioctl_get_addr(struct leat_stack *st, struct ioctl_call *c, struct iface *i, struct ifreq *r)
{
	const struct addr *a = asked(st, i, r);
	if (!a)
		return -EADDRNOTAVAIL;
	answer(r, in_of(&a->local));
	return 0;
}

int ioctl_get_dstaddr(struct leat_stack *st, struct ioctl_call *c, struct iface *i, struct ifreq *r)
{
	const struct addr *a = asked(st, i, r);
	if (!a)
		return -EADDRNOTAVAIL;
	answer(r, in_of(ipaddr_is_zero(&a->peer) ? &a->local : &a->peer));
	return 0;
}

int ioctl_get_brdaddr(struct leat_stack *st, struct ioctl_call *c, struct iface *i, struct ifreq *r)
{
	const struct addr *a = asked(st, i, r);
	if (!a)
		return -EADDRNOTAVAIL;
	answer(r, in_of(&a->broadcast));
	return 0;
}

int ioctl_get_netmask(struct leat_stack *st, struct ioctl_call *c, struct iface *i, struct ifreq *r)
{
	const struct addr *a = asked(st, i, r);
	if (!a)
		return -EADDRNOTAVAIL;
	answer(r, mask_of(a->plen));
	return 0;
}

static void put_conf(struct ifreq *r, const struct iface *i, const struct addr *a)
{
	*r = (struct ifreq){ 0 };
	memcpy(r->ifr_name, a->label[0] ? a->label : i->name, sizeof r->ifr_name);
	answer(r, in_of(&a->local));
}

/* All IPv4 addresses, interface by interface, as many as there is room for. */
int ioctl_get_conf(struct leat_stack *st, struct ioctl_call *c)
{
	struct ioctl_ifconf at;
	size_t len = sizeof at;
	memcpy(&at, c->data, sizeof at);
	at.more = 0;
	for (struct iface *i; (i = iface_next(st, at.ifindex)); at.ifindex = i->ifindex, at.told = 0) {
		uint32_t n = 0;
		for (const struct addr *a = addr_first(st, i); a; a = addr_next(st, i, a)) {
			struct ifreq r;
			if (a->family != AF_INET || n++ < at.told)
				continue;
			at.more = len + sizeof r > IOCTL_DATA_MAX;
			if (at.more)
				goto out;
			put_conf(&r, i, a);
			memcpy(c->data + len, &r, sizeof r);
			len += sizeof r;
			at.told++;
		}
	}
out:
	memcpy(c->data, &at, sizeof at);
	c->len_bytes = len;
	return 0;
}

/* --- setting: an address is taken away and comes again otherwise --- */

static int address_request(struct leat_stack *st, const struct ioctl_call *c, uint16_t type,
			   const struct addr *a, uint32_t ifindex)
{
	struct request q;
	struct ifaddrmsg *m =
		request_begin(&q, type, type == RTM_NEWADDR ? NLM_F_CREATE | NLM_F_EXCL : 0, sizeof *m);
	size_t len = a->family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
	m->ifa_family = a->family;
	m->ifa_prefixlen = a->plen;
	m->ifa_scope = a->scope;
	m->ifa_index = ifindex;
	nl_put(&q.b, IFA_LOCAL, &a->local, len);
	if (a->family == AF_INET) {
		nl_put(&q.b, IFA_ADDRESS, ipaddr_is_zero(&a->peer) ? &a->local : &a->peer, len);
		nl_put_str(&q.b, IFA_LABEL, a->label);
	}
	if (!ipaddr_is_zero(&a->broadcast))
		nl_put(&q.b, IFA_BROADCAST, &a->broadcast, len);
	return request_run(st, &c->creds, &q);
}

static int replace(struct leat_stack *st, const struct ioctl_call *c, const struct iface *i,
		   const struct addr *old, const struct addr *new)
{
	uint32_t ifindex = i->ifindex;
	int err = old ? address_request(st, c, RTM_DELADDR, old, ifindex) : 0;
	/* Linux: without an address it is none, and that is no mistake. */
	return err || ipaddr_is_zero(&new->local) ? err : address_request(st, c, RTM_NEWADDR, new, ifindex);
}

/* The prefix length that an address had before there were any (RFC 791); -1: it is a group's. */
static int class_len(struct in_addr in)
{
	uint32_t a = ntohl(in.s_addr);
	if (!(a >> 24) || a == UINT32_MAX)
		return 0;
	if (IN_CLASSA(a))
		return 8;
	if (IN_CLASSB(a))
		return 16;
	if (IN_CLASSC(a))
		return 24;
	return IN_MULTICAST(a) ? -1 : 32;
}

static struct ipaddr broadcast_of(const struct ipaddr *local, unsigned plen)
{
	return addr4_of((struct in_addr){ in_of(local).s_addr | ~mask_of(plen).s_addr });
}

static bool wants_broadcast(const struct iface *i, unsigned plen)
{
	return i->flags & IFF_BROADCAST && plen < PLEN_WITH_BROADCAST;
}

int ioctl_set_addr(struct leat_stack *st, struct ioctl_call *c, struct iface *i, struct ifreq *r)
{
	struct in_addr in = sin_of(r)->sin_addr;
	int plen = class_len(in);
	if (sin_of(r)->sin_family != AF_INET || plen < 0)
		return -EINVAL;
	const struct addr *old = find(st, i, r, false);
	if (old && in_of(&old->local).s_addr == in.s_addr)
		return 0;
	struct addr new = { .family = AF_INET, .local = addr4_of(in), .peer = addr4_of(in) };
	new.plen = i->flags &IFF_POINTOPOINT ? 32 : (uint8_t)plen;
	new.scope = ntohl(in.s_addr) >> 24 == IN_LOOPBACKNET ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE;
	if (!(i->flags & IFF_POINTOPOINT) && wants_broadcast(i, new.plen))
		new.broadcast = broadcast_of(&new.local, new.plen);
	snprintf(new.label, sizeof new.label, "%s", r->ifr_name);
	return replace(st, c, i, old, &new);
}

/* Those of an address that is there. */
static int to_change(struct leat_stack *st, const struct iface *i, struct ifreq *r, struct addr *ret_old)
{
	if (sin_of(r)->sin_family != AF_INET)
		return -EINVAL;
	const struct addr *a = find(st, i, r, false);
	if (!a)
		return -EADDRNOTAVAIL;
	ret_old->family = AF_INET;
	ret_old->plen = a->plen;
	ret_old->scope = a->scope;
	ret_old->local = a->local;
	ret_old->peer = ipaddr_is_zero(&a->peer) ? a->local : a->peer;
	ret_old->broadcast = a->broadcast;
	memcpy(ret_old->label, a->label, sizeof a->label);
	return 0;
}

int ioctl_set_brdaddr(struct leat_stack *st, struct ioctl_call *c, struct iface *i, struct ifreq *r)
{
	struct addr old = { 0 };
	int err = to_change(st, i, r, &old);
	if (err || in_of(&old.broadcast).s_addr == sin_of(r)->sin_addr.s_addr)
		return err;
	struct addr new = old;
	new.broadcast = addr4_of(sin_of(r)->sin_addr);
	return replace(st, c, i, &old, &new);
}

int ioctl_set_dstaddr(struct leat_stack *st, struct ioctl_call *c, struct iface *i, struct ifreq *r)
{
	struct addr old = { 0 };
	int err = to_change(st, i, r, &old);
	if (err || in_of(&old.peer).s_addr == sin_of(r)->sin_addr.s_addr)
		return err;
	if (class_len(sin_of(r)->sin_addr) < 0)
		return -EINVAL;
	struct addr new = old;
	new.peer = addr4_of(sin_of(r)->sin_addr);
	return replace(st, c, i, &old, &new);
}

/* A broadcast address that followed from the old mask follows the new one. */
int ioctl_set_netmask(struct leat_stack *st, struct ioctl_call *c, struct iface *i, struct ifreq *r)
{
	struct addr old = { 0 };
	int err = to_change(st, i, r, &old), plen = mask_len(sin_of(r)->sin_addr);
	if (err || plen == old.plen)
		return err;
	if (plen < 0)
		return -EINVAL;
	struct addr new = old;
	struct ipaddr followed = broadcast_of(&old.local, old.plen);
	new.plen = (uint8_t)plen;
	if (wants_broadcast(i, old.plen) && ipaddr_eq(&old.broadcast, &followed))
		new.broadcast = broadcast_of(&old.local, new.plen);
	return replace(st, c, i, &old, &new);
}

int ioctl_down_alias(struct leat_stack *st, struct ioctl_call *c, struct iface *i, const struct ifreq *r)
{
	struct ifreq mutable = *r;
	const struct addr *a = find(st, i, &mutable, false);
	if (!a)
		return -EADDRNOTAVAIL;
	return r->ifr_flags & IFF_UP ? 0 : address_request(st, c, RTM_DELADDR, a, i->ifindex);
}

/* --- IPv6 --- */

struct in6_ifreq_bytes { /* struct in6_ifreq, whose header collides with others */
	struct in6_addr addr;
	uint32_t plen;
	int32_t ifindex;
};

int ioctl_addr6(struct leat_stack *st, struct ioctl_call *c)
{
	struct in6_ifreq_bytes r;
	memcpy(&r, c->data, sizeof r);
	c->len_bytes = 0;
	if (r.plen > 128)
		return -EINVAL;
	struct addr a = { .family = AF_INET6, .plen = (uint8_t)r.plen };
	memcpy(&a.local, &r.addr, sizeof r.addr);
	return address_request(st, c, c->cmd == SIOCSIFADDR ? RTM_NEWADDR : RTM_DELADDR, &a,
			       (uint32_t)r.ifindex);
}

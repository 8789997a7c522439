/* SPDX-License-Identifier: BSD-2-Clause */
/* Anycast addresses that programs join (net/anycast.h); checks and errors in the order of Linux's ipv6_sock_ac_join(). On a host an
 * address must be of a prefix of the interface, since no router would know the way otherwise. */
#include "sock/anycast.h"

#include <netinet/in.h>

#include "ip/ip.h"
#include "net/addr.h"
#include "net/anycast.h"

struct sock_anycast {
	struct sock_anycast *next;
	struct ip6 addr;
	uint32_t if_handle, ifindex;
};

static struct sock_anycast **list_of(struct sock *s)
{
	return (struct sock_anycast **)&s->end.more->own[SOCK_OWN_ANYCASTS];
}

/* A router that knows no way there takes any interface. */
static struct iface *any_up(struct leat_stack *st)
{
	for (struct iface *i = iface_next(st, 0); i; i = iface_next(st, i->ifindex))
		if (i->flags & IFF_UP && !(i->flags & IFF_LOOPBACK))
			return i;
	return NULL;
}

static int iface_of(struct sock *s, uint32_t ifindex, const struct ip6 *a, struct iface **ret)
{
	struct leat_stack *st = s->end.st;
	if (ifindex) {
		*ret = iface_by_index(st, ifindex);
		return *ret ? 0 : -ENODEV;
	}
	const struct fib_nh *nh = fib6_lookup(s->end.home, a);
	if (!nh && !ip_forwarding(st, AF_INET6))
		return -EADDRNOTAVAIL;
	*ret = nh ? iface_by_handle(st, nh->if_handle) : any_up(st);
	return *ret ? 0 : -ENODEV;
}

static bool is_ours(struct sock *s, const struct ip6 *a)
{
	struct ipaddr ip = { .v6 = *a };
	return addr_find(s->end.home, AF_INET6, &ip);
}

static bool is_of_prefix(struct sock *s, const struct iface *i, const struct ip6 *a)
{
	struct ipaddr ip = { .v6 = *a };
	return addr_with_subnet(s->end.home, i->handle, AF_INET6, &ip, &ip);
}

static int join(struct sock *s, uint32_t ifindex, const struct ip6 *a)
{
	struct leat_stack *st = s->end.st;
	struct iface *i;
	if (!s->end.net_admin)
		return -EPERM;
	if (ip6_is_multicast(a) || is_ours(s, a))
		return -EINVAL;
	int err = iface_of(s, ifindex, a, &i);
	if (!err && i->conf.ip6.disable)
		err = ifindex ? -ENODEV : -EADDRNOTAVAIL;
	if (!err && !i->conf.forward6 && !is_of_prefix(s, i, a))
		err = -EADDRNOTAVAIL;
	struct sock_anycast *m = err || !l4_more(&s->end) ? NULL : mem_zalloc(&st->mem, sizeof *m);
	if (!err)
		err = m ? anycast_join(st, i, a) : -ENOMEM;
	if (err) {
		mem_free(m);
		return err;
	}
	view_publish(st); /* its route may be the first of its table */
	*m = (struct sock_anycast){
		.next = *list_of(s), .addr = *a, .if_handle = i->handle, .ifindex = i->ifindex
	};
	*list_of(s) = m;
	return 0;
}

/* An interface that went has taken it along. */
static void leave_one(struct sock *s, struct sock_anycast **at)
{
	struct sock_anycast *m = *at;
	*at = m->next;
	anycast_leave(s->end.st, m->if_handle, &m->addr);
	mem_free(m);
}

static int leave(struct sock *s, uint32_t ifindex, const struct ip6 *a)
{
	struct sock_anycast **at = s->end.more ? list_of(s) : NULL;
	while (at && *at && !(ip6_eq(&(*at)->addr, a) && (!ifindex || (*at)->ifindex == ifindex)))
		at = &(*at)->next;
	if (!at || !*at)
		return -ENOENT;
	leave_one(s, at);
	return 0;
}

int sock_anycast_set(struct sock *s, int name, const void *val, socklen_t len)
{
	struct ipv6_mreq m;
	struct ip6 a;
	if (len < sizeof m)
		return -EINVAL;
	memcpy(&m, val, sizeof m);
	memcpy(&a, &m.ipv6mr_multiaddr, sizeof a);
	return name == IPV6_JOIN_ANYCAST ? join(s, m.ipv6mr_interface, &a) : leave(s, m.ipv6mr_interface, &a);
}

int sock_anycast_get(struct sock *s, int name, void *val, socklen_t *len)
{
	return -ENOPROTOOPT;
}

void sock_anycasts_leave(struct sock *s)
{
	while (s->end.more && *list_of(s))
		leave_one(s, list_of(s));
}

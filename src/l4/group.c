/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: net/mcast.c knows what all listeners want together, which is what routers are told; here is what one endpoint
 * wants. A packet for a group goes to those of its port that are in the group there and want its source, and to those that are not
 * in it but leave IP_MULTICAST_ALL on, as it is at first: that is Linux's, for programs that rely on others having joined. */
#include "l4/group.h"

#include <sys/socket.h>

#include "l4/l4_internal.h"

struct l4_membership *l4_group_find(const struct l4_end *e, uint8_t family, const struct ipaddr *group,
				    uint32_t if_handle)
{
	struct l4_membership *m = e->more ? e->more->groups : NULL;
	while (m && !(m->if_handle == if_handle && m->family == family && ipaddr_eq(&m->group, group)))
		m = m->next;
	return m;
}

unsigned l4_group_count(const struct l4_end *e, uint8_t family)
{
	unsigned n = 0;
	for (const struct l4_membership *m = e->more ? e->more->groups : NULL; m; m = m->next)
		n += m->family == family;
	return n;
}

int l4_group_join(struct l4_end *e, const struct iface *i, uint8_t family, const struct ipaddr *group,
		  bool exclude)
{
	if (l4_group_find(e, family, group, i->handle))
		return -EADDRINUSE;
	struct l4_membership *m = l4_more(e) ? mem_zalloc(&e->st->mem, sizeof *m) : NULL;
	if (!m)
		return -ENOMEM;
	m->if_handle = i->handle;
	m->family = family;
	m->group = *group;
	m->exclude = exclude;
	int err = mcast_join(e->st, i, family, group, exclude, &m->listener);
	if (err) {
		mem_free(m);
		return err;
	}
	m->next = e->more->groups;
	e->more->groups = m;
	return 0;
}

int l4_group_want(struct l4_end *e, struct l4_membership *m, bool exclude, const struct ipaddr *src,
		  uint32_t n)
{
	int err = mcast_want(e->st, &m->listener, exclude, src, n);
	if (!err)
		m->exclude = exclude;
	return err;
}

void l4_group_leave(struct l4_end *e, struct l4_membership *m)
{
	struct l4_membership **at = &e->more->groups;
	while (*at != m)
		at = &(*at)->next;
	*at = m->next;
	mcast_leave(e->st, &m->listener);
	mem_free(m);
}

void l4_groups_leave(struct l4_end *e)
{
	while (e->more && e->more->groups)
		l4_group_leave(e, e->more->groups);
}

bool l4_group_hears(const struct l4_end *e, uint32_t in_if, const struct ip6 *to, const struct ip6 *from)
{
	bool is4 = l4_is4(to);
	struct ipaddr group = { .v6 = *to }, source = { .v6 = *from };
	if (is4 ? !ip4_is_multicast(l4_v4(to)) : !ip6_is_multicast(to))
		return true;
	if (is4) {
		group = (struct ipaddr){ .v4 = l4_v4(to) };
		source = (struct ipaddr){ .v4 = l4_v4(from) };
	}
	const struct l4_membership *m = l4_group_find(e, is4 ? AF_INET : AF_INET6, &group, in_if);
	if (m)
		return mcast_wants(m->listener.want, &source);
	return is4 ? e->opt->mcast_all4 : e->opt->mcast_all6;
}

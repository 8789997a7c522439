/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: which multicast groups are ours without anybody asking: all nodes, all routers while we are one, and
 * for each address its solicited-node group (RFC 4291, 2.8). The latter follow addresses as they come and go, anycast and tentative
 * ones too, since duplicate detection listens there (RFC 4862, 5.4.2), and are listened to in net/mcast.c, as those of
 * programs are, so that routers and switches are told of them. Two addresses may share a group, so it is counted. Those of all
 * routers are listened to there, too, on each interface that we are a router on; that of all nodes is never reported. */
#include <sys/socket.h>

#include "ip/ip6_internal.h"
#include "net/mcast.h"

/* The stack's own part in a group. Control lcore. */
struct ip6_group {
	struct hash_node node;
	struct ip6 group;
	uint32_t if_handle;
	unsigned refs;
	struct mcast_listener listener;
};

static uint32_t group_hash(const struct leat_stack *st, uint32_t if_handle, const struct ip6 *group)
{
	uint64_t w[2];
	memcpy(w, group, sizeof w);
	return (uint32_t)siphash_3u64(&st->hash_key, w[0], w[1], if_handle);
}

static struct ip6_group *find(const struct leat_stack *st, uint32_t if_handle, const struct ip6 *group)
{
	struct hash_node *n;
	hash_for_each_same(n, &ip6_state(st)->groups, group_hash(st, if_handle, group))
	{
		struct ip6_group *g = container_of(n, struct ip6_group, node);
		if (g->if_handle == if_handle && ip6_eq(&g->group, group))
			return g;
	}
	return NULL;
}

/* RFC 4291, 2.7.1 and 2.8. That of the host itself comes by loopback only. */
static const struct ip6 all_routers[] = {
	{ { 0xff, 0x02, [15] = 2 } },
	{ { 0xff, 0x01, [15] = 2 } },
	{ { 0xff, 0x05, [15] = 2 } },
};

static bool is_all_routers(const struct ip6 *group)
{
	for (unsigned k = 0; k < ARRAY_SIZE(all_routers); k++)
		if (ip6_eq(group, &all_routers[k]))
			return true;
	return false;
}

bool ip6_hears_always(const struct worker *w, const struct ip6 *group)
{
	static const struct ip6 nodes = { { 0xff, 0x02, [15] = 1 } };
	static const struct ip6 nodes_here = { { 0xff, 0x01, [15] = 1 } }; /* the same */
	if (ip6_eq(group, &nodes) || ip6_eq(group, &nodes_here))
		return true;
	return is_all_routers(group) && racy_get(ip6_stack(w->st)->forwarding);
}

static struct ip6_group *group_new(struct leat_stack *st, uint32_t if_handle, const struct ip6 *group)
{
	const struct iface *i = iface_by_handle(st, if_handle);
	const struct ipaddr a = { .v6 = *group };
	struct ip6_group *g = mem_zalloc(&st->mem, sizeof *g);
	if (!g || !i || mcast_join(st, i, AF_INET6, &a, true, &g->listener)) {
		rt_log(st->rt, LOG_ERROR, "stack %s: no memory to listen to a group", st->name);
		mem_free(g);
		return NULL;
	}
	g->group = *group;
	g->if_handle = if_handle;
	hash_insert(&ip6_state(st)->groups, &g->node, group_hash(st, if_handle, group));
	return g;
}

static void join(struct leat_stack *st, uint32_t if_handle, const struct ip6 *group)
{
	struct ip6_group *g = find(st, if_handle, group);
	if (!g)
		g = group_new(st, if_handle, group);
	if (g)
		g->refs++;
}

static void leave(struct leat_stack *st, uint32_t if_handle, const struct ip6 *group)
{
	struct ip6_group *g = find(st, if_handle, group);
	if (!g || --g->refs)
		return;
	mcast_leave(st, &g->listener);
	hash_remove(&ip6_state(st)->groups, &g->node);
	mem_free(g);
}

/* Linux: dev_forward_change(). */
static void follow_routers(struct leat_stack *st, const struct iface *i, bool going)
{
	bool wanted = !going && i->conf.forward6 && i->flags & IFF_MULTICAST && !i->conf.ip6.disable;
	for (unsigned k = 0; k < ARRAY_SIZE(all_routers); k++) {
		bool is = find(st, i->handle, &all_routers[k]);
		if (wanted && !is)
			join(st, i->handle, &all_routers[k]);
		else if (!wanted && is)
			leave(st, i->handle, &all_routers[k]);
	}
}

void ip6_groups_forwarding_changed(struct leat_stack *st, const struct iface *i)
{
	if (ip6_state(st))
		follow_routers(st, i, false);
}

static void iface_event(struct iface_watch *watch, struct iface *i, enum iface_event e)
{
	if (e == IFACE_ADDED || e == IFACE_UP || e == IFACE_GOING)
		follow_routers(i->st, i, e == IFACE_GOING);
}

static void addr_event(struct addr_watch *watch, struct leat_stack *st, const struct addr *a,
		       enum addr_event e)
{
	const struct iface *i = iface_by_handle(st, a->if_handle);
	if (a->family != AF_INET6 || (i && i->flags & IFF_LOOPBACK)) /* where nobody solicits */
		return;
	struct ip6 group = ip6_solicited_node(&a->local.v6);
	if (e == ADDR_ADDED)
		join(st, a->if_handle, &group);
	else if (e == ADDR_GOING)
		leave(st, a->if_handle, &group);
	if (i && i->conf.ip6.disable) /* Linux: addrconf_ifdown() */
		follow_routers(st, i, true);
}

/* RFC 4389, 4.1.3.1: solicitations for whom we stand in for come to his group. */
static void neigh_event(struct neigh_watch *watch, struct leat_stack *st, const struct neigh_info *n,
			enum neigh_event e)
{
	if (n->family != AF_INET6 || !n->if_handle)
		return;
	struct ip6 group = ip6_solicited_node(&n->addr.v6);
	if (e == NEIGH_PROXY_ADDED)
		join(st, n->if_handle, &group);
	else if (e == NEIGH_PROXY_GOING)
		leave(st, n->if_handle, &group);
}

static void anycast_event(struct anycast_watch *watch, struct leat_stack *st, const struct anycast *a,
			  enum anycast_event e)
{
	struct ip6 group = ip6_solicited_node(&a->addr);
	if (e == ANYCAST_ADDED)
		join(st, a->if_handle, &group);
	else
		leave(st, a->if_handle, &group);
}

static void proxies_init(struct leat_stack *st)
{
	struct ip6_state *s = ip6_state(st);
	struct neigh_info n;
	s->proxies.event = neigh_event;
	for (uint64_t pos = 0; neigh_proxy_next(st, &pos, &n);)
		neigh_event(&s->proxies, st, &n, NEIGH_PROXY_ADDED);
	neigh_watch_add(st, &s->proxies);
}

void ip6_groups_init(struct leat_stack *st)
{
	struct ip6_state *s = ip6_state(st);
	hash_init(&s->groups, &st->mem, NULL, NULL);
	s->watch.event = addr_event;
	s->ifaces.event = iface_event;
	iface_watch_add(st, &s->ifaces);
	for (struct iface *i = iface_next(st, 0); i; i = iface_next(st, i->ifindex)) {
		follow_routers(st, i, false);
		for (struct addr *a = addr_first(st, i); a; a = addr_next(st, i, a))
			addr_event(&s->watch, st, a, ADDR_ADDED);
	}
	addr_watch_add(st, &s->watch);
	proxies_init(st);
	s->anycasts.event = anycast_event;
	anycast_watch_add(st, &s->anycasts);
}

void ip6_groups_unlink(struct leat_stack *st)
{
	struct hash *h = &ip6_state(st)->groups;
	addr_watch_remove(st, &ip6_state(st)->watch);
	neigh_watch_remove(st, &ip6_state(st)->proxies);
	anycast_watch_remove(st, &ip6_state(st)->anycasts);
	iface_watch_remove(st, &ip6_state(st)->ifaces);
	for (struct hash_node *n; (n = hash_from(h, 0));) {
		struct ip6_group *g = container_of(n, struct ip6_group, node);
		mcast_leave(st, &g->listener);
		hash_remove(h, n);
		mem_free(g);
	}
}

void ip6_groups_free(struct leat_stack *st)
{
	hash_done(&ip6_state(st)->groups);
}

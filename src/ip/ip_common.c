/* SPDX-License-Identifier: BSD-2-Clause */
/* What IPv4 and IPv6 keep per stack. Control lcore. */
#include <errno.h>
#include <linux/netconf.h>
#include <string.h>
#include <sys/socket.h>

#include "ip/ip6_internal.h"
#include "ip/ip_internal.h"
#include "ip/redirect_internal.h"
#include "net/anycast.h"
#include "net/netconf_ctl.h"

static struct ip_stack *ip_stack_of(const struct leat_stack *st, uint8_t family)
{
	return stack_state(st, family == AF_INET ? MODULE_ip4 : MODULE_ip6);
}

/* --- forwarding --- */

static uint8_t *forwards(struct iface_conf *conf, uint8_t family)
{
	return family == AF_INET ? &conf->forward4 : &conf->forward6;
}

/* Linux: inet_forward_change(), addrconf_forward_change(): every interface is told, and those to come. */
void ip_set_forwarding(struct leat_stack *st, uint8_t family, bool on)
{
	struct ip_stack *ip = ip_stack_of(st, family);
	if (!ip)
		return;
	racy_set(ip->forwarding, on);
	if (family == AF_INET && redirect_stack(st)) /* Linux: inet_forward_change() */
		racy_set(redirect_stack(st)->accept, !on);
	*forwards(iface_conf_default(st), family) = on;
	for (struct iface *i = iface_next(st, 0); i; i = iface_next(st, i->ifindex)) {
		racy_set(*forwards(&i->conf, family), on);
		netconf_tell_forwarding(st, family, (int32_t)i->ifindex);
		if (family == AF_INET6) {
			ra_became_router(st, i);
			anycast_forwarding_changed(st, i);
			ip6_groups_forwarding_changed(st, i);
		}
	}
	netconf_tell_forwarding(st, family, NETCONFA_IFINDEX_ALL);
	netconf_tell_forwarding(st, family, NETCONFA_IFINDEX_DEFAULT);
}

static uint8_t family_of(const struct knob *k)
{
	return strncmp(k->name, "net.ipv4.", 9) ? AF_INET6 : AF_INET;
}

void ip_all_forwarding_changed(struct leat_stack *st, struct iface *i, const struct knob *k)
{
	uint8_t family = family_of(k);
	ip_set_forwarding(st, family, ip_forwarding(st, family));
}

void ip_iface_forwarding_changed(struct leat_stack *st, struct iface *i, const struct knob *k)
{
	netconf_tell_forwarding(st, family_of(k), i ? (int32_t)i->ifindex : NETCONFA_IFINDEX_DEFAULT);
	if (i && family_of(k) == AF_INET6) {
		ra_became_router(st, i);
		anycast_forwarding_changed(st, i);
		ip6_groups_forwarding_changed(st, i);
	}
}

bool ip_forwarding(const struct leat_stack *st, uint8_t family)
{
	const struct ip_stack *ip = ip_stack_of(st, family);
	return ip && racy_get(ip->forwarding);
}

uint8_t ip4_default_ttl(const struct leat_stack *st)
{
	const struct ip_stack *ip = ip_stack_of(st, AF_INET);
	return ip ? racy_get(ip->hops) : 64;
}

/* --- protocols --- */

/* The edges that a protocol's packets take, from who stands where now. 0, or -ENOBUFS and nothing has changed for packets. */
static int set_edges(struct leat_stack *st, struct ip_stack *ip, uint8_t proto, const char *node,
		     const char *tap)
{
	const char *first = tap ? tap : node;
	uint8_t edge = first ? node_edge_add(st, ip->local_node, first) : 0;
	uint8_t rest = tap && node ? node_edge_add(st, tap, node) : 0;
	if ((first && !edge) || (tap && node && !rest))
		return -ENOBUFS;
	ip->proto_edge[proto] = edge;
	ip->rest_edge[proto] = rest;
	ip->proto_node[proto] = node;
	ip->tap_node[proto] = tap;
	return 0;
}

static bool is_tapped(const struct ip_stack *ip, const char *tap)
{
	for (unsigned i = 0; i < 256; i++)
		if (ip->tap_node[i] && strcmp(ip->tap_node[i], tap) == 0)
			return true;
	return false;
}

static int proto_add(struct leat_stack *st, struct ip_stack *ip, uint8_t proto, const char *node)
{
	if (!ip)
		return 0;
	return ip->proto_node[proto] ? -EEXIST : set_edges(st, ip, proto, node, ip->tap_node[proto]);
}

static void proto_remove(struct leat_stack *st, struct ip_stack *ip, uint8_t proto)
{
	if (!ip || !ip->proto_node[proto])
		return;
	const char *node = ip->proto_node[proto], *tap = ip->tap_node[proto];
	set_edges(st, ip, proto, NULL, tap); /* the edge to the tap is there already */
	node_edge_remove(st, ip->local_node, node);
	if (tap)
		node_edge_remove(st, tap, node);
}

int ip_proto_tap(struct leat_stack *st, uint8_t family, uint8_t proto, const char *node)
{
	struct ip_stack *ip = ip_stack_of(st, family);
	if (!ip)
		return 0;
	return ip->tap_node[proto] ? -EEXIST : set_edges(st, ip, proto, ip->proto_node[proto], node);
}

void ip_proto_untap(struct leat_stack *st, uint8_t family, uint8_t proto)
{
	struct ip_stack *ip = ip_stack_of(st, family);
	if (!ip || !ip->tap_node[proto])
		return;
	const char *node = ip->proto_node[proto], *tap = ip->tap_node[proto];
	set_edges(st, ip, proto, node, NULL);
	if (node)
		node_edge_remove(st, tap, node);
	if (!is_tapped(ip, tap))
		node_edge_remove(st, ip->local_node, tap);
}

uint8_t ip_proto_rest(const struct leat_stack *st, uint8_t family, uint8_t proto)
{
	const struct ip_stack *ip = ip_stack_of(st, family);
	return ip ? ip->rest_edge[proto] : 0;
}

int ip4_proto_add(struct leat_stack *st, uint8_t proto, const char *node)
{
	return proto_add(st, ip_stack_of(st, AF_INET), proto, node);
}

void ip4_proto_remove(struct leat_stack *st, uint8_t proto)
{
	proto_remove(st, ip_stack_of(st, AF_INET), proto);
}

int ip6_proto_add(struct leat_stack *st, uint8_t proto, const char *node)
{
	return proto_add(st, ip_stack_of(st, AF_INET6), proto, node);
}

void ip6_proto_remove(struct leat_stack *st, uint8_t proto)
{
	proto_remove(st, ip_stack_of(st, AF_INET6), proto);
}

int ip_alert_set(struct leat_stack *st, uint8_t family, const char *node)
{
	struct ip_stack *ip = ip_stack_of(st, family);
	const char *route = family == AF_INET ? ip4_route_node.name : ip6_route_node.name;
	if (!ip)
		return 0;
	uint8_t edge = node ? node_edge_add(st, route, node) : 0;
	if (node && !edge)
		return -ENOBUFS;
	const char *was = ip->alert_node;
	racy_set(ip->alert_edge, edge);
	ip->alert_node = node;
	if (was && !node)
		node_edge_remove(st, route, was);
	return 0;
}

/* --- types of ICMP --- */

int icmp_type_add(struct leat_stack *st, struct icmp_types *t, const char *input, uint8_t type,
		  const char *node)
{
	const char **row = t->node[type];
	if (row[1])
		return -EEXIST;
	uint8_t edge = node_edge_add(st, input, node);
	if (!edge)
		return -ENOBUFS;
	row[row[0] ? 1 : 0] = node;
	t->edge[type] = edge;
	return 0;
}

static bool is_node(const char *own, const char *node)
{
	return own && strcmp(own, node) == 0;
}

static bool node_in_use(const struct icmp_types *t, const char *node)
{
	for (unsigned i = 0; i < 256; i++)
		if (is_node(t->node[i][0], node) || is_node(t->node[i][1], node))
			return true;
	return false;
}

void icmp_type_remove(struct leat_stack *st, struct icmp_types *t, const char *input, uint8_t type,
		      const char *node)
{
	const char **row = t->node[type];
	if (is_node(row[0], node))
		row[0] = row[1];
	else if (!is_node(row[1], node))
		return;
	row[1] = NULL;
	t->edge[type] = row[0] ? node_edge_add(st, input, row[0]) : 0; /* that edge is there already */
	if (!node_in_use(t, node))
		node_edge_remove(st, input, node);
}

/* --- the loopback interface --- */

static void iface_event(struct iface_watch *watch, struct iface *i, enum iface_event e)
{
	struct ip_stack *ip = container_of(watch, struct ip_stack, watch);
	if (!(i->flags & IFF_LOOPBACK))
		return;
	if (e == IFACE_GOING && ip->lo_handle == i->handle)
		racy_set(ip->lo_handle, 0);
	else if (e == IFACE_ADDED)
		racy_set(ip->lo_handle, i->handle);
}

int ip_stack_init(struct leat_stack *st, struct ip_stack *ip, const char *local_node)
{
	ip->local_node = local_node;
	ip->watch.event = iface_event;
	for (struct iface *i = iface_next(st, 0); i; i = iface_next(st, i->ifindex))
		iface_event(&ip->watch, i, IFACE_ADDED);
	iface_watch_add(st, &ip->watch);
	return 0;
}

void ip_stack_unlink(struct leat_stack *st, struct ip_stack *ip)
{
	iface_watch_remove(st, &ip->watch);
}

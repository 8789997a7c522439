/* SPDX-License-Identifier: BSD-2-Clause */
/* What IPv4 and IPv6 keep per stack. Control lcore. */
#include <errno.h>
#include <sys/socket.h>

#include "core/save.h"
#include "ip/ip_internal.h"

static struct ip_stack *ip_stack_of(const struct leat_stack *st, uint8_t family)
{
	return stack_state(st, family == AF_INET ? MODULE_ip4 : MODULE_ip6);
}

void ip_set_forwarding(struct leat_stack *st, uint8_t family, bool on)
{
	struct ip_stack *ip = ip_stack_of(st, family);
	if (ip)
		racy_set(ip->forwarding, on);
}

bool ip_forwarding(const struct leat_stack *st, uint8_t family)
{
	const struct ip_stack *ip = ip_stack_of(st, family);
	return ip && racy_get(ip->forwarding);
}

/* --- protocols --- */

static int proto_add(struct leat_stack *st, struct ip_stack *ip, uint8_t proto, const char *node)
{
	if (!ip)
		return 0;
	if (ip->proto_edge[proto])
		return -EEXIST;
	uint8_t edge = node_edge_add(st, ip->local_node, node);
	if (!edge)
		return -ENOBUFS;
	ip->proto_edge[proto] = edge;
	ip->proto_node[proto] = node;
	return 0;
}

static void proto_remove(struct leat_stack *st, struct ip_stack *ip, uint8_t proto)
{
	if (!ip || !ip->proto_edge[proto])
		return;
	node_edge_remove(st, ip->local_node, ip->proto_node[proto]);
	ip->proto_edge[proto] = 0;
	ip->proto_node[proto] = NULL;
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
	ip->forwarding = true;
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

int ip_stack_save(const struct ip_stack *ip, struct saver *s)
{
	save_u64(s, "forwarding", ip->forwarding);
	return save_error(s);
}

int ip_stack_restore(struct ip_stack *ip, struct loader *l)
{
	uint64_t on;
	if (load_u64(l, "forwarding", 0, 1, &on))
		racy_set(ip->forwarding, (uint8_t)on);
	return load_error(l);
}

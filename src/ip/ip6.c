/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: the IPv6 module (RFC 8200) has the shape of the IPv4 one, a file per node; ip4.c has the picture and
 * says what the edges carry. What differs: link-local destinations are looked up by interface, groups are known by
 * ip6_group.c, extension headers are walked by wire/ip6.c, and no router fragments.
 *
 * Left out: reassembly and fragmentation of our own packets, routing headers other than those with no segments left,
 * jumbograms, anycast addresses of routers, forwarding of multicast. */
#include "ip/ip6_internal.h"
#include "net/ethertype.h"
#include "wire/eth.h"

static int ip6_init(struct leat_stack *st)
{
	int err = ethertype_add(st, ETH_P_IPV6, ip6_input_node.name);
	if (err)
		return err;
	ip6_groups_init(st);
	return ip_stack_init(st, ip6_stack(st), ip6_local_node.name);
}

static void ip6_unlink(struct leat_stack *st)
{
	ethertype_remove(st, ETH_P_IPV6);
	ip6_groups_unlink(st);
	ip_stack_unlink(st, ip6_stack(st));
}

static int ip6_save(struct leat_stack *st, struct saver *s)
{
	return ip_stack_save(ip6_stack(st), s);
}

static int ip6_restore(struct leat_stack *st, struct loader *l)
{
	return ip_stack_restore(ip6_stack(st), l);
}

static const struct node *const ip6_nodes[] = { &ip6_input_node,
						&ip6_route_node,
						&ip6_forward_node,
						&ip6_post_node,
						&ip6_local_node,
						&ip6_output_node,
						NULL };

const struct module ip6_module = {
	.name = "ip6",
	.id = MODULE_ip6,
	.nodes = ip6_nodes,
	.stack_size = sizeof(struct ip6_state),
	.init = ip6_init,
	.unlink = ip6_unlink,
	.free = ip6_groups_free,
	.save = ip6_save,
	.restore = ip6_restore,
};

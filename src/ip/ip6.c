/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: the IPv6 module (RFC 8200) has the shape of the IPv4 one, a file per node; ip4.c has the picture and
 * says what the edges carry. What differs: link-local destinations are looked up by interface, groups are known by
 * ip6_group.c, extension headers are walked by wire/ip6.c, and no router fragments.
 *
 * Left out: routing headers other than those with no segments left,
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

static const struct knob ip6_knobs[] = {
	KNOB("net.ipv6.conf.all.forwarding", struct ip6_state, ip.forwarding, 1, 0, 1,
	     .changed = ip_all_forwarding_changed,
	     .help = "pass packets on; setting it sets every interface and \"default\""),
	/* Linux: this says whether we are a router there, all.forwarding alone whether packets go on. */
	KNOB_IFACE("net.ipv6.conf.IF.forwarding", forward6, 1, 0, 1, .changed = ip_iface_forwarding_changed,
		   .help = "be a router on this interface: advertisements of our addresses say so"),
	KNOB_IFACE("net.ipv6.conf.IF.hop_limit", hop_limit6, 64, 1, 255,
		   .help = "hop limit of our own packets, where no route or socket says otherwise"),
	{ 0 },
};

static const struct node *const ip6_nodes[] = { &ip6_input_node,  &ip6_route_node,        &ip6_forward_node,
						&ip6_post_node,   &ip6_frag_node,         &ip6_local_node,
						&ip6_output_node, &ip6_output_whole_node, NULL };

const struct module ip6_module = {
	.name = "ip6",
	.id = MODULE_ip6,
	.nodes = ip6_nodes,
	.knobs = ip6_knobs,
	.stack_size = sizeof(struct ip6_state),
	.worker_size = sizeof(struct ip6_worker),
	.init = ip6_init,
	.unlink = ip6_unlink,
	.free = ip6_groups_free,
};

/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: the IPv4 module is a file per node.
 *
 *	ip4-input ── prerouting ── ip4-route ─┬─ (ip4-reass) ── local-in ── ip4-local ── by protocol
 *	                                      └─ ip4-forward ── forward ──┐
 *	                          ip4-output ── local-out ────────────────┴─ ip4-post ── postrouting ── neigh-output
 *
 * data stands at the IP header from ip4-input to neigh-output. From routing to ip4-post the edge carries the route found
 * (edge.ip_route.nh), good until the end of the turn: hooks let it pass untouched, and what parks a packet in between resumes
 * it at ip4-route or ip4-output. Any node may refuse a packet towards icmp4-error, which tells its sender and drops it by the
 * reason the edge carries.
 *
 * What ip4-route does with options is in ip4_options.c, what sources a packet may have in ip_guard.c.
 *
 * Left out: multicast but for the all-hosts group. */
#include <errno.h>

#include "ip/ip_internal.h"
#include "net/ethertype.h"
#include "wire/eth.h"

static int ip4_init(struct leat_stack *st)
{
	int err = ethertype_add(st, ETH_P_IP, ip4_input_node.name);
	if (err)
		return err;
	ip4_own_init(st, &ip4_stack(st)->own);
	return ip_stack_init(st, ip4_stack(st), ip4_local_node.name);
}

static void ip4_unlink(struct leat_stack *st)
{
	ethertype_remove(st, ETH_P_IP);
	ip4_own_unlink(st, &ip4_stack(st)->own);
	ip_stack_unlink(st, ip4_stack(st));
}

/* What is said for all interfaces, and for each. */
#define GUARD(name, member, all_dflt, dflt, max, text)                                 \
	KNOB("net.ipv4.conf.all." name, struct ip_stack, all.member, all_dflt, 0, max, \
	     .help = text ": everywhere"),                                             \
		KNOB_IFACE("net.ipv4.conf.IF." name, guard[0].member, dflt, 0, max, .help = text)

static const struct knob ip4_knobs[] = {
	KNOB("net.ipv4.ip_forward", struct ip_stack, forwarding, 1, 0, 1,
	     .changed = ip_all_forwarding_changed,
	     .help = "pass packets on; setting it sets every interface and \"default\""),
	KNOB("net.ipv4.conf.all.forwarding", struct ip_stack, forwarding, 1, 0, 1, .flags = KNOB_ALIAS,
	     .changed = ip_all_forwarding_changed, .help = "the same"),
	KNOB_IFACE("net.ipv4.conf.IF.forwarding", forward4, 1, 0, 1, .changed = ip_iface_forwarding_changed,
		   .help = "pass on what comes in by this interface"),
	GUARD("rp_filter", rp_filter, 0, 0, 2,
	      "the way back to a source must be by the interface it came by (1), or be there (2); the larger "
	      "counts"),
	GUARD("accept_local", accept_local, 0, 0, 1, "let others use our addresses as their source"),
	GUARD("route_localnet", route_localnet, 0, 0, 1, "127.0.0.0/8 may come and go by wires"),
	GUARD("log_martians", log_martians, 0, 0, 1, "write packets with impossible addresses to the log"),
	GUARD("accept_source_route", source_route, 0, 1, 1,
	      "follow source routes; all and the interface must say so"),
	GUARD("bc_forwarding", bc_forwarding, 0, 0, 1,
	      "forward to broadcast addresses of our networks; all and the interface must say so"),
	GUARD("drop_unicast_in_l2_multicast", drop_l2_multicast, 0, 1, 1,
	      "refuse unicast packets in group and broadcast frames"),
	GUARD("src_valid_mark", src_mark, 0, 0, 1, "rp_filter asks for routes with a packet's mark"),
	KNOB("net.ipv4.ip_default_ttl", struct ip_stack, hops, 64, 1, 255,
	     .help = "time to live of our own packets, where no route or socket says otherwise"),
	KNOB("net.ipv4.ip_no_pmtu_disc", struct ip_stack, no_pmtu_disc, 0, 0, 3,
	     .help = "1: sockets start without path MTU discovery, 2: and what is heard is not heeded, 3: "
		     "only of TCP and its like"),
	KNOB("net.ipv4.ip_forward_use_pmtu", struct ip_stack, forward_use_pmtu, 0, 0, 1,
	     .help = "what is known of paths counts for forwarded packets, too"),
	{ 0 },
};

static const struct node *const ip4_nodes[] = { &ip4_input_node,  &ip4_route_node,        &ip4_forward_node,
						&ip4_post_node,   &ip4_frag_node,         &ip4_local_node,
						&ip4_output_node, &ip4_output_whole_node, NULL };

static int ip4_save(struct leat_stack *st, struct saver *s)
{
	return ip_count_save(st, s, AF_INET);
}

static int ip4_restore(struct leat_stack *st, struct loader *l)
{
	return ip_count_restore(st, l, AF_INET);
}

const struct module ip4_module = {
	.name = "ip4",
	.id = MODULE_ip4,
	.nodes = ip4_nodes,
	.knobs = ip4_knobs,
	.stack_size = sizeof(struct ip_stack),
	.worker_size = sizeof(struct ip4_worker),
	.init = ip4_init,
	.unlink = ip4_unlink,
	.save = ip4_save,
	.restore = ip4_restore,
};

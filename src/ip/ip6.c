/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: the IPv6 module (RFC 8200) has the shape of the IPv4 one, a file per node; ip4.c has the picture and
 * says what the edges carry. What differs: link-local destinations are looked up by interface, groups are known by
 * ip6_group.c, extension headers are walked by wire/ip6.c, and no router fragments.
 *
 * Left out: routing headers other than those with no segments left, jumbograms, forwarding of multicast. */
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

/* What is said for all interfaces, and for each. */
#define GUARD(name, member, all_dflt, dflt, max, text)                                     \
	KNOB("net.ipv6.conf.all." name, struct ip6_state, ip.all.member, all_dflt, 0, max, \
	     .help = text ": everywhere"),                                                 \
		KNOB_IFACE("net.ipv6.conf.IF." name, guard[1].member, dflt, 0, max, .help = text)

static const struct knob ip6_knobs[] = {
	KNOB("net.ipv6.conf.all.forwarding", struct ip6_state, ip.forwarding, 1, 0, 1,
	     .changed = ip_all_forwarding_changed,
	     .help = "pass packets on; setting it sets every interface and \"default\""),
	/* Linux: this says whether we are a router there, all.forwarding alone whether packets go on. */
	KNOB_IFACE("net.ipv6.conf.IF.forwarding", forward6, 1, 0, 1, .changed = ip_iface_forwarding_changed,
		   .help = "be a router on this interface: advertisements of our addresses say so"),
	/* Linux has no such setting for IPv6, and a match of netfilter instead. */
	GUARD("rp_filter", rp_filter, 0, 0, 2,
	      "the way back to a source must be by the interface it came by (1), or be there (2); the larger "
	      "counts"),
	GUARD("drop_unicast_in_l2_multicast", drop_l2_multicast, 0, 1, 1,
	      "refuse unicast packets in group and broadcast frames"),
	KNOB("net.ipv6.max_hbh_opts_number", struct ip6_state, limits.hbh_n, IP6_OPTIONS_MAX,
	     KNOB_MINUS(INT32_MAX), INT32_MAX, .flags = KNOB_SIGNED,
	     .help = "hop-by-hop options that are not padding; negative: so many, and no unknown ones"),
	KNOB("net.ipv6.max_dst_opts_number", struct ip6_state, limits.dst_n, IP6_OPTIONS_MAX,
	     KNOB_MINUS(INT32_MAX), INT32_MAX, .flags = KNOB_SIGNED,
	     .help = "the same of destination options"),
	KNOB("net.ipv6.max_hbh_length", struct ip6_state, limits.hbh_len, INT32_MAX, 0, INT32_MAX,
	     .unit = "bytes", .help = "of a header of hop-by-hop options"),
	KNOB("net.ipv6.max_dst_opts_length", struct ip6_state, limits.dst_len, INT32_MAX, 0, INT32_MAX,
	     .unit = "bytes", .help = "of a header of destination options"),
	KNOB("net.ipv6.auto_flowlabels", struct ip6_state, auto_labels, IP6_LABELS_OPT_OUT, 0,
	     IP6_LABELS_FORCED,
	     .help = "flow labels of our packets: none (0), but for sockets that do not want them (1), for "
		     "those "
		     "that do (2), for all (3)"),
	KNOB("net.ipv6.flowlabel_reflect", struct ip6_state, reflect_labels, 0, 0,
	     IP6_REFLECT_ESTABLISHED | IP6_REFLECT_RESETS | IP6_REFLECT_ECHO,
	     .help = "answer with the label of the question; bits: connections (1), resets (2), echo (4)"),
	KNOB("net.ipv6.flowlabel_state_ranges", struct ip6_state, label_ranges, 0, 0, 1,
	     .help = "the labels made here have their highest bit set"),
	KNOB_IFACE("net.ipv6.conf.IF.hop_limit", hop_limit6, 64, 1, 255,
		   .help = "hop limit of our own packets, where no route or socket says otherwise"),
	{ 0 },
};

static const struct node *const ip6_nodes[] = { &ip6_input_node,  &ip6_route_node,        &ip6_forward_node,
						&ip6_post_node,   &ip6_frag_node,         &ip6_local_node,
						&ip6_output_node, &ip6_output_whole_node, NULL };

static int ip6_save(struct leat_stack *st, struct saver *s)
{
	return ip_count_save(st, s, AF_INET6);
}

static int ip6_restore(struct leat_stack *st, struct loader *l)
{
	return ip_count_restore(st, l, AF_INET6);
}

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
	.save = ip6_save,
	.restore = ip6_restore,
};

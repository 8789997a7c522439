/* SPDX-License-Identifier: BSD-2-Clause */
/* The renderers of /proc/net, by what they are about. */
#ifndef LEAT_COMPAT_FILE_NET_H
#define LEAT_COMPAT_FILE_NET_H

#include "compat/file.h"

enum { KEY_AT, KEY_MORE, KEY_HEAD }; /* of struct file_pos */

/* True the first time. */
static inline bool file_is_first(struct file_pos *pos)
{
	return !pos->key[KEY_HEAD]++;
}

file_render_fn net_dev, net_arp, net_if_inet6, net_vlan_config; /* file_net.c */
file_render_fn net_route, net_ipv6_route, net_rt6_stats, net_rt_cache; /* file_net_route.c */
file_render_fn net_igmp, net_igmp6, net_mcfilter, net_mcfilter6, net_anycast6,
	net_dev_mcast; /* file_net_group.c */
file_render_fn net_ptype, net_softnet_stat, net_netlink, net_fib_trie; /* file_net_state.c */
file_render_fn net_snmp, net_netstat, net_snmp6, net_dev_snmp6; /* file_net_mib.c */

#endif

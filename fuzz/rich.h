/* SPDX-License-Identifier: BSD-2-Clause */
/* A stack rich in configuration, so that what a target feeds it meets every table. */
#ifndef LEAT_RICH_H
#define LEAT_RICH_H

struct leat_stack;

/* 10.0.1.1/24 and 2001:db8:1::1/64 near, 10.0.2.1/24 and 2001:db8:2::1/64 far: what rich_fill() wants, for who has none. */
void rich_addresses(struct leat_stack *st, const char *near, const char *far);

/* By netlink, over two Ethernet interfaces that are up and have those addresses:
 *
 *	near.5		VLAN 5; 10.0.5.1/24, 2001:db8:5::1/64
 *	near.9		802.1ad VLAN 9; in it near.9.7, VLAN 7, of the VRF red (table 10); 10.0.7.1/24, 2001:db8:7::1/64
 *	objects		1 via 10.0.1.2 near, 2 via 10.0.2.2 far, 3 via 2001:db8:1::2 near, 4 via 2001:db8:2::2 far, 5 discards;
 *			groups 10 and 12 (resilient) of 1 and 2, 11 of 3 and 4
 *	routes		198.51.100.0/24 by 10, 203.0.113.0/24 by 12, 2001:db8:50::/48 by 11, 198.18.0.0/15 by two ways of its own,
 *			192.88.99.0/24 via inet6 2001:db8:1::2, one with a locked MTU, tables 10 and 100
 *	rules		by source, destination, mark, ports, interface, with goto and suppressor
 *	labels		2001:db8:1::/64 is 99 */
void rich_fill(struct leat_stack *st, const char *near, const char *far);
/* Sockets that somebody else on the wire can reach: UDP ports 53 of IPv4 and 54 of IPv6, where what comes is sent back, ICMP and protocol 253 raw, members of
 * 224.0.0.77 and ff02::77 where groups can be joined. They close with the stack. */
void rich_sockets(struct leat_stack *st, const char *near);

#endif

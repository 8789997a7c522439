/* SPDX-License-Identifier: BSD-2-Clause */
/* IPv4 and IPv6, for other rooms. */
#ifndef LEAT_IP_IP_H
#define LEAT_IP_IP_H

#include "net/iface.h"

/* Forwarding of a whole stack, as net.ipv4.ip_forward and net.ipv6.conf.all.forwarding. leat is a router first, so, unlike
 * on Linux, it starts on. Single interfaces opt out by iface.no_forward4 and no_forward6. Control lcore. */
void ip_set_forwarding(struct leat_stack *st, uint8_t family, bool on);
bool ip_forwarding(const struct leat_stack *st, uint8_t family);

/* Who takes which protocol of local delivery: packets come to `node` with data at the IP header, l4_off and ip_proto set,
 * checksums of the transport not looked at. In a module's init and unlink. 0, -EEXIST, -ENOBUFS (no room, or no memory); 0
 * without effect in a stack without that family. `node` is borrowed. */
int ip4_proto_add(struct leat_stack *st, uint8_t proto, const char *node);
void ip4_proto_remove(struct leat_stack *st, uint8_t proto);
int ip6_proto_add(struct leat_stack *st, uint8_t proto, const char *node);
void ip6_proto_remove(struct leat_stack *st, uint8_t proto);

/* Who takes which type of ICMP and ICMPv6 that the module does not act on itself (echo replies), or instead of it: messages
 * come to `node` with data at the IP header and l4_off at the message, whose checksum holds. As above. */
int icmp4_type_add(struct leat_stack *st, uint8_t type, const char *node);
void icmp4_type_remove(struct leat_stack *st, uint8_t type);
int icmp6_type_add(struct leat_stack *st, uint8_t type, const char *node);
void icmp6_type_remove(struct leat_stack *st, uint8_t type);

/* How to send from here: give a packet to the node "ip4-output" or "ip6-output" with data at an IP header without options
 * or extension headers in one piece, l3_off and l4_off set, and in the header destination, protocol, time to live and traffic class.
 * A zero source is chosen there, as are length, identification and checksum. out_if, when not 0, says by which interface
 * (needed for groups, the limited broadcast and link-local destinations). A transport checksum that covers the source
 * address must already: choose it by ip_source() then. */

/* The source that a packet to dst would get; out_if as above, 0: by the route. False: there is none. */
bool ip4_source(const struct worker *w, uint32_t out_if, be32 dst, be32 *ret);
bool ip6_source(const struct worker *w, uint32_t out_if, const struct ip6 *dst, struct ip6 *ret);

extern const struct module ip4_module, ip6_module, icmp4_module, icmp6_module, nd_module;

#endif

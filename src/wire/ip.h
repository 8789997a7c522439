/* SPDX-License-Identifier: BSD-2-Clause */
/* What both versions of IP share: protocol numbers, and the ECN bits of the traffic class. */
#ifndef LEAT_WIRE_IP_H
#define LEAT_WIRE_IP_H

#include "base/base.h"

enum ip_proto { /* own names: <linux/in.h> and <netinet/in.h> clash */
		IP_PROTO_HOPOPTS = 0,
		IP_PROTO_ICMP4 = 1,
		IP_PROTO_IGMP = 2,
		IP_PROTO_IPIP = 4,
		IP_PROTO_TCP = 6,
		IP_PROTO_UDP = 17,
		IP_PROTO_DCCP = 33,
		IP_PROTO_IPV6 = 41,
		IP_PROTO_ROUTING = 43,
		IP_PROTO_FRAGMENT = 44,
		IP_PROTO_GRE = 47,
		IP_PROTO_ESP = 50,
		IP_PROTO_AH = 51,
		IP_PROTO_ICMP6 = 58,
		IP_PROTO_NONE = 59,
		IP_PROTO_DSTOPTS = 60,
		IP_PROTO_SCTP = 132,
		IP_PROTO_UDPLITE = 136,
};

enum { IP_ECN_MASK = 3, IP_ECN_ECT1 = 1, IP_ECN_ECT0 = 2, IP_ECN_CE = 3 };

/* "tcp", or NULL for one without a name here. */
const char *ip_proto_name(uint8_t proto);

struct cursor;
struct text;
/* What an IP packet carries, from the transport header on. depth: how many packets this one is quoted in. */
void ip_print_body(uint8_t proto, struct cursor c, struct text *to, unsigned depth);
enum { IP_PRINT_DEPTH = 2 };

#endif

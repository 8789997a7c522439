/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/ip.h"

#include "base/cursor.h"
#include "wire/icmp4.h"
#include "wire/icmp6.h"
#include "wire/ip4.h"
#include "wire/ip6.h"
#include "wire/mcast.h"
#include "wire/tcp.h"
#include "wire/text.h"
#include "wire/udp.h"

const char *ip_proto_name(uint8_t proto)
{
	static const char *const names[256] = {
		[IP_PROTO_HOPOPTS] = "hop-by-hop",
		[IP_PROTO_ICMP4] = "icmp",
		[IP_PROTO_IGMP] = "igmp",
		[IP_PROTO_IPIP] = "ipip",
		[IP_PROTO_TCP] = "tcp",
		[IP_PROTO_UDP] = "udp",
		[IP_PROTO_IPV6] = "ipv6",
		[IP_PROTO_ROUTING] = "routing",
		[IP_PROTO_FRAGMENT] = "fragment",
		[IP_PROTO_GRE] = "gre",
		[IP_PROTO_ESP] = "esp",
		[IP_PROTO_AH] = "ah",
		[IP_PROTO_ICMP6] = "icmp6",
		[IP_PROTO_NONE] = "no next header",
		[IP_PROTO_DSTOPTS] = "destination options",
		[IP_PROTO_SCTP] = "sctp",
		[IP_PROTO_UDPLITE] = "udplite",
	};
	return names[proto];
}

static void print_other(uint8_t proto, struct cursor c, struct text *to)
{
	const char *name = ip_proto_name(proto);
	if (name)
		text_add(to, "%s, %u bytes", name, cur_left(&c));
	else
		text_add(to, "protocol %u, %u bytes", proto, cur_left(&c));
}

void ip_print_body(uint8_t proto, struct cursor c, struct text *to, unsigned depth)
{
	if (proto == IP_PROTO_TCP)
		tcp_print(c, to);
	else if (proto == IP_PROTO_UDP)
		udp_print(c, to);
	else if (proto == IP_PROTO_UDPLITE)
		udplite_print(c, to);
	else if (proto == IP_PROTO_ICMP4)
		icmp4_print(c, to, depth);
	else if (proto == IP_PROTO_ICMP6)
		icmp6_print(c, to, depth);
	else if (proto == IP_PROTO_IGMP)
		igmp_print(c, to);
	else if (proto == IP_PROTO_IPIP && depth + 1 < IP_PRINT_DEPTH)
		ip4_print(c, to, depth + 1);
	else if (proto == IP_PROTO_IPV6 && depth + 1 < IP_PRINT_DEPTH)
		ip6_print(c, to, depth + 1);
	else
		print_other(proto, c, to);
}

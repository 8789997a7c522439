/* SPDX-License-Identifier: BSD-2-Clause */
/* ICMPv6 (RFC 4443). Neighbour discovery is in nd.h. */
#ifndef LEAT_WIRE_ICMP6_H
#define LEAT_WIRE_ICMP6_H

#include "base/bytes.h"
#include "base/cursor.h"
#include "base/drop.h"

struct text;

struct icmp6_hdr {
	uint8_t type, code;
	be16 csum;
	be32 info; /* identifier and sequence, MTU, pointer, flags: by type */
};
static_assert(sizeof(struct icmp6_hdr) == 8, "as on the wire");

enum icmp6_type {
	ICMP6_UNREACH = 1,
	ICMP6_TOO_BIG = 2,
	ICMP6_TIME_EXCEEDED = 3,
	ICMP6_PARAM_PROBLEM = 4,
	ICMP6_ECHO = 128,
	ICMP6_ECHO_REPLY = 129,
	ICMP6_MLD_QUERY = 130,
	ICMP6_MLD_REPORT = 131,
	ICMP6_MLD_DONE = 132,
	ICMP6_ROUTER_SOLICIT = 133,
	ICMP6_ROUTER_ADVERT = 134,
	ICMP6_NEIGH_SOLICIT = 135,
	ICMP6_NEIGH_ADVERT = 136,
	ICMP6_REDIRECT = 137,
	ICMP6_NODE_INFO = 139, /* RFC 4620 */
	ICMP6_NODE_INFO_REPLY = 140,
	ICMP6_MLD2_REPORT = 143,
	ICMP6_EXT_ECHO = 160, /* RFC 8335 */
	ICMP6_EXT_ECHO_REPLY = 161,
};
enum icmp6_unreach {
	ICMP6_UNREACH_NO_ROUTE = 0,
	ICMP6_UNREACH_PROHIBITED = 1,
	ICMP6_UNREACH_SCOPE = 2,
	ICMP6_UNREACH_ADDRESS = 3,
	ICMP6_UNREACH_PORT = 4,
	ICMP6_UNREACH_POLICY = 5,
	ICMP6_UNREACH_REJECT = 6,
};
enum { ICMP6_EXCEEDED_HOPS = 0, ICMP6_EXCEEDED_REASSEMBLY = 1 };
enum {
	ICMP6_PARAM_FIELD = 0,
	ICMP6_PARAM_NEXT_HEADER = 1,
	ICMP6_PARAM_OPTION = 2,
	ICMP6_PARAM_HEADER_CHAIN = 3, /* RFC 7112: the first fragment does not show all of it */
};

struct icmp6_msg {
	uint8_t type, code;
	uint32_t info;
	struct cursor body;
};
static inline uint16_t icmp6_echo_id(const struct icmp6_msg *m)
{
	return (uint16_t)(m->info >> 16);
}
static inline uint16_t icmp6_echo_seq(const struct icmp6_msg *m)
{
	return (uint16_t)m->info;
}
static inline bool icmp6_is_error(uint8_t type) /* RFC 4443, 2.1 */
{
	return type < 128;
}

/* The checksum is not looked at: pkt_csum_ok() knows whether that is needed. */
enum drop icmp6_parse(struct cursor c, struct icmp6_msg *ret_msg);
/* Checksum 0. icmp6_csum() gives what belongs there for this header and body between these addresses. */
void icmp6_emit(const struct icmp6_msg *m, struct icmp6_hdr *to);
be16 icmp6_csum(const struct icmp6_msg *m, const struct ip6 *src, const struct ip6 *dst);
void icmp6_print(struct cursor c, struct text *to, unsigned depth); /* depth 0 */

#endif

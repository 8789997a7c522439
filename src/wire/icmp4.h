/* SPDX-License-Identifier: BSD-2-Clause */
/* ICMP (RFC 792). */
#ifndef LEAT_WIRE_ICMP4_H
#define LEAT_WIRE_ICMP4_H

#include "base/bytes.h"
#include "base/cursor.h"
#include "base/drop.h"

struct text;

struct icmp4_hdr {
	uint8_t type, code;
	be16 csum;
	be16 id, seq; /* echo and timestamp messages; errors use them as the accessors below say */
};
static_assert(sizeof(struct icmp4_hdr) == 8, "as on the wire");

enum icmp4_type {
	ICMP4_ECHO_REPLY = 0,
	ICMP4_UNREACH = 3,
	ICMP4_SOURCE_QUENCH = 4,
	ICMP4_REDIRECT = 5,
	ICMP4_ECHO = 8,
	ICMP4_ROUTER_ADVERT = 9, /* RFC 1256 */
	ICMP4_ROUTER_SOLICIT = 10,
	ICMP4_TIME_EXCEEDED = 11,
	ICMP4_PARAM_PROBLEM = 12,
	ICMP4_TIMESTAMP = 13,
	ICMP4_TIMESTAMP_REPLY = 14,
	ICMP4_INFO = 15,
	ICMP4_INFO_REPLY = 16,
	ICMP4_MASK = 17, /* RFC 950 */
	ICMP4_MASK_REPLY = 18,
	ICMP4_EXT_ECHO = 42, /* RFC 8335 */
	ICMP4_EXT_ECHO_REPLY = 43,
};
enum icmp4_unreach { /* RFC 792, RFC 1122 3.2.2.1, RFC 1812 5.2.7.1 */
		     ICMP4_UNREACH_NET = 0,
		     ICMP4_UNREACH_HOST = 1,
		     ICMP4_UNREACH_PROTO = 2,
		     ICMP4_UNREACH_PORT = 3,
		     ICMP4_UNREACH_FRAG_NEEDED = 4,
		     ICMP4_UNREACH_SOURCE_ROUTE = 5,
		     ICMP4_UNREACH_NET_PROHIBITED = 9,
		     ICMP4_UNREACH_HOST_PROHIBITED = 10,
		     ICMP4_UNREACH_ADMIN_PROHIBITED = 13,
};
enum { ICMP4_EXCEEDED_TTL = 0, ICMP4_EXCEEDED_REASSEMBLY = 1 };

struct icmp4_msg {
	uint8_t type, code;
	uint16_t id, seq;
	struct cursor body;
};
/* The second word of errors, both ways: the gateway of a redirect, the MTU of "fragmentation needed" (its lower half, RFC
 * 1191), the pointer of a parameter problem (its first byte). */
static inline uint32_t icmp4_info(const struct icmp4_msg *m)
{
	return (uint32_t)m->id << 16 | m->seq;
}
static inline void icmp4_set_info(struct icmp4_msg *m, uint32_t info)
{
	m->id = (uint16_t)(info >> 16);
	m->seq = (uint16_t)info;
}
/* RFC 1122, 3.2.2: these are errors, and never answered with one. */
static inline bool icmp4_is_error(uint8_t type)
{
	return type == ICMP4_UNREACH || type == ICMP4_SOURCE_QUENCH || type == ICMP4_REDIRECT ||
	       type == ICMP4_TIME_EXCEEDED || type == ICMP4_PARAM_PROBLEM;
}

/* The checksum is not looked at: pkt_csum_ok() knows whether that is needed. */
enum drop icmp4_parse(struct cursor c, struct icmp4_msg *ret_msg);
/* Checksum 0. icmp4_csum() gives what belongs there for this header and body. */
void icmp4_emit(const struct icmp4_msg *m, struct icmp4_hdr *to);
be16 icmp4_csum(const struct icmp4_msg *m);
void icmp4_print(struct cursor c, struct text *to, unsigned depth); /* depth 0 */

#endif

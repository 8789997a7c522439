/* SPDX-License-Identifier: BSD-2-Clause */
/* The redirect of neighbour discovery: RFC 4861, 4.5. */
#ifndef LEAT_WIRE_ND_REDIRECT_H
#define LEAT_WIRE_ND_REDIRECT_H

#include "wire/ip6.h"
#include "wire/nd.h"

struct nd_redirect_hdr {
	struct icmp6_hdr icmp;
	struct ip6 target, dst;
};
static_assert(sizeof(struct nd_redirect_hdr) == 40, "as on the wire");

struct nd_redirected_opt { /* 4.6.3; the packet behind it */
	uint8_t type, len;
	uint8_t reserved[6];
};
static_assert(sizeof(struct nd_redirected_opt) == 8, "as on the wire");

struct nd_redirect_msg {
	struct ip6 target, dst; /* the same: dst is a neighbour */
	bool has_mac; /* of the target */
	uint8_t mac[6];
	struct cursor packet; /* the one that gave rise to it, or its beginning; empty when it is not there */
};

/* All checks of 8.1 that need no state. */
enum drop nd_redirect_parse(struct cursor c, const struct nd_envelope *ip, struct nd_redirect_msg *ret_msg);

/* The message up to the bytes of the packet, of which packet_len follow (a multiple of 8; 0: no such option). Its checksum is left to
 * the caller, who has those bytes. Returns its length. */
enum { ND_REDIRECT_HEAD_MAX = 56 };
unsigned nd_redirect_emit(const struct nd_redirect_msg *m, uint32_t packet_len,
			  uint8_t to[static ND_REDIRECT_HEAD_MAX]);
/* How many bytes of a packet of len find room: in an IPv6 packet of the least MTU, and a multiple of 8 (4.6.3). */
uint32_t nd_redirect_room(const struct nd_redirect_msg *m, uint32_t len);

#endif

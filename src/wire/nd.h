/* SPDX-License-Identifier: BSD-2-Clause */
/* Neighbour discovery for IPv6 over Ethernet (RFC 4861, RFC 2464). Every parser takes the whole ICMPv6 message and what the
 * IPv6 header said, and makes all checks of RFC 4861 that need no state; the checksum is pkt_csum_ok()'s. */
#ifndef LEAT_WIRE_ND_H
#define LEAT_WIRE_ND_H

#include "wire/icmp6.h"

struct nd_neigh_hdr { /* solicitation and advertisement: 4.3, 4.4 */
	struct icmp6_hdr icmp; /* info: ND_NA_* or reserved */
	struct ip6 target;
};
static_assert(sizeof(struct nd_neigh_hdr) == 24, "as on the wire");

struct nd_ra_hdr { /* 4.2 */
	uint8_t type, code;
	be16 csum;
	uint8_t hop_limit, flags;
	be16 lifetime_s;
	be32 reachable_ms, retrans_ms;
};
static_assert(sizeof(struct nd_ra_hdr) == 16, "as on the wire");

struct nd_lladdr_opt { /* 4.6.1: source or target link-layer address */
	uint8_t type, len; /* len: units of 8 bytes, all counted */
	uint8_t mac[6];
};
static_assert(sizeof(struct nd_lladdr_opt) == 8, "as on the wire");

struct nd_prefix_opt { /* 4.6.2 */
	uint8_t type, len, plen, flags;
	be32 valid_s, preferred_s, reserved;
	struct ip6 prefix;
};
static_assert(sizeof(struct nd_prefix_opt) == 32, "as on the wire");

struct nd_mtu_opt { /* 4.6.4 */
	uint8_t type, len;
	be16 reserved;
	be32 mtu;
};
static_assert(sizeof(struct nd_mtu_opt) == 8, "as on the wire");

enum { ND_NA_ROUTER = 1u << 31, ND_NA_SOLICITED = 1 << 30, ND_NA_OVERRIDE = 1 << 29 };
enum { ND_RA_MANAGED = 0x80, ND_RA_OTHER = 0x40 };
enum { ND_PREFIX_ON_LINK = 0x80, ND_PREFIX_AUTONOMOUS = 0x40 };
enum nd_opt_type {
	ND_OPT_SOURCE_LLADDR = 1,
	ND_OPT_TARGET_LLADDR = 2,
	ND_OPT_PREFIX = 3,
	ND_OPT_REDIRECTED = 4,
	ND_OPT_MTU = 5,
	ND_OPT_NONCE = 14,
};
enum {
	ND_NONCE_LEN = 6,
	ND_NEIGH_MAX = 40
}; /* ND_NEIGH_MAX: the longest message nd_ns_emit() and nd_na_emit() make */

/* What the IPv6 header of the message said. */
struct nd_envelope {
	struct ip6 src, dst;
	uint8_t hop_limit;
};

struct nd_ns_msg {
	struct ip6 target;
	bool has_mac; /* source link-layer address option */
	bool has_nonce; /* RFC 7527: tells an echo of one's own from another's */
	uint8_t mac[6];
	uint8_t nonce[ND_NONCE_LEN];
};
struct nd_na_msg {
	struct ip6 target;
	bool router, solicited, override;
	bool has_mac; /* target link-layer address option */
	uint8_t mac[6];
};
struct nd_rs_msg {
	bool has_mac;
	uint8_t mac[6];
};
struct nd_ra_msg {
	uint8_t hop_limit, flags;
	uint16_t lifetime_s;
	uint32_t reachable_ms, retrans_ms;
	bool has_mac; /* source link-layer address option */
	uint8_t mac[6];
	struct cursor options; /* checked: nd_opt_next() walks them */
};

enum drop nd_ns_parse(struct cursor c, const struct nd_envelope *ip, struct nd_ns_msg *ret_msg); /* 7.1.1 */
enum drop nd_na_parse(struct cursor c, const struct nd_envelope *ip, struct nd_na_msg *ret_msg); /* 7.1.2 */
enum drop nd_rs_parse(struct cursor c, const struct nd_envelope *ip, struct nd_rs_msg *ret_msg); /* 6.1.1 */
enum drop nd_ra_parse(struct cursor c, const struct nd_envelope *ip, struct nd_ra_msg *ret_msg); /* 6.1.2 */

/* The whole message, checksum included (the envelope's addresses are in it); returns its length. */
unsigned nd_ns_emit(const struct nd_ns_msg *m, const struct nd_envelope *ip, uint8_t to[static ND_NEIGH_MAX]);
unsigned nd_na_emit(const struct nd_na_msg *m, const struct nd_envelope *ip, uint8_t to[static ND_NEIGH_MAX]);
unsigned nd_rs_emit(const struct nd_rs_msg *m, const struct nd_envelope *ip, uint8_t to[static ND_NEIGH_MAX]);
/* The fixed part; options and checksum are the caller's. */
void nd_ra_emit(const struct nd_ra_msg *m, struct nd_ra_hdr *to);

struct nd_opt {
	uint8_t type;
	struct cursor whole; /* type and length included */
};
/* Takes the next option. False at the end, and with *ret_bad set when the rest is no option: a length of 0 or past the end. */
bool nd_opt_next(struct cursor *c, struct nd_opt *ret_opt, bool *ret_bad);

/* Any of the five messages; knows nothing of the envelope. */
void nd_print(struct cursor c, struct text *to);

#endif

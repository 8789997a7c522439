/* SPDX-License-Identifier: BSD-2-Clause */
/* The options of router advertisements that say how to get about: prefixes, routes, the MTU (RFC 4861, 4.6; RFC 4191, 2.3). */
#ifndef LEAT_WIRE_ND_OPT_H
#define LEAT_WIRE_ND_OPT_H

#include "wire/nd.h"

enum {
	ND_OPT_ROUTE = 24, /* RFC 4191 */
	ND_OPT_RDNSS = 25, /* RFC 8106 */
	ND_OPT_DNSSL = 31, /* RFC 8106 */
	ND_OPT_6CO = 34, /* RFC 6775 */
	ND_OPT_CAPTIVE_PORTAL = 37, /* RFC 8910 */
	ND_OPT_PREF64 = 38, /* RFC 8781 */
};
enum { ND_PREFIX_PREFER_PD = 0x10 }; /* RFC 9762: prefixes are to be had by delegation instead */

struct nd_prefix_msg {
	struct ip6 prefix; /* bits behind plen zeroed */
	uint8_t plen, flags; /* ND_PREFIX_* */
	uint32_t valid_s, preferred_s;
};

/* RFC 4191, 2.1, as two's complement */
enum nd_pref { ND_PREF_MEDIUM = 0, ND_PREF_HIGH = 1, ND_PREF_INVALID = 2, ND_PREF_LOW = 3 };
struct nd_route_msg {
	struct ip6 prefix;
	uint8_t plen;
	enum nd_pref pref;
	uint32_t lifetime_s;
};

/* c: one option, whole. False: it is not of the form its standard gives it. */
bool nd_prefix_parse(struct cursor c, struct nd_prefix_msg *ret_msg);
bool nd_route_parse(struct cursor c, struct nd_route_msg *ret_msg);
bool nd_mtu_parse(struct cursor c, uint32_t *ret_mtu);

/* The flags byte of an advertisement holds the router's preference (RFC 4191, 2.2). */
static inline enum nd_pref nd_ra_pref(uint8_t flags)
{
	return (enum nd_pref)(flags >> 3 & 3);
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/flow.h"

#include <linux/if_ether.h>
#include <netinet/in.h>

enum { FLOW_EXT_HEADERS_MAX = 8 };
enum { ND_FIRST = 133, ND_LAST = 137 }; /* ICMPv6 types, RFC 4861 */

static bool has_ports(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_UDPLITE ||
	       proto == IPPROTO_SCTP || proto == IPPROTO_DCCP;
}

/* Bytes a and b of the two directions: what both share, then what tells them apart, whichever comes first. */
static uint32_t hash_pair(const struct toeplitz *key, unsigned at, const uint8_t *a, const uint8_t *b,
			  unsigned n)
{
	uint8_t both[2 * 16];
	for (unsigned i = 0; i < n; i++) {
		both[i] = a[i] | b[i];
		both[n + i] = a[i] ^ b[i];
	}
	return toeplitz_part(key, at, both, 2 * n);
}

/* A cut-off header has no ports; whoever parses it says what is wrong. */
static uint32_t hash_ports(const struct toeplitz *key, unsigned at, uint8_t proto, struct cursor c)
{
	uint8_t tmp[4];
	const uint8_t *ports = has_ports(proto) ? cur_take(&c, tmp, sizeof tmp) : NULL;
	return ports ? hash_pair(key, at, ports, ports + 2, 2) : 0;
}

static uint32_t hash4(const struct toeplitz *key, struct cursor c)
{
	uint8_t tmp[20];
	const uint8_t *h = cur_take(&c, tmp, sizeof tmp);
	if (!h)
		return 0;
	uint32_t options = (h[0] & 0xfu) * 4;
	bool fragment = (h[6] & 0x3f) || h[7]; /* RFC 791: more fragments, or an offset */
	uint32_t hash = hash_pair(key, 0, h + 12, h + 16, 4);
	if (!fragment && options >= sizeof tmp && cur_skip(&c, options - (uint32_t)sizeof tmp))
		hash ^= hash_ports(key, 8, h[9], c);
	return hash ? hash : 1;
}

/* Walks the extension headers (RFC 8200, 4). False: no upper-layer header to look at, for it is a fragment or cut off. */
static bool skip_extensions(struct cursor *c, uint8_t *proto)
{
	for (unsigned n = 0; n < FLOW_EXT_HEADERS_MAX; n++) {
		uint8_t tmp[8];
		if (*proto != IPPROTO_HOPOPTS && *proto != IPPROTO_ROUTING && *proto != IPPROTO_DSTOPTS &&
		    *proto != IPPROTO_FRAGMENT)
			return true;
		const uint8_t *h = cur_take(c, tmp, sizeof tmp);
		if (!h)
			return false;
		if (*proto == IPPROTO_FRAGMENT &&
		    (h[2] || h[3] & 0xf9)) /* RFC 6946: an atomic one is whole */
			return false;
		if (*proto != IPPROTO_FRAGMENT && !cur_skip(c, h[1] * 8u))
			return false;
		*proto = h[0];
	}
	return false;
}

static bool is_discovery(uint8_t proto, const struct cursor *c)
{
	uint8_t tmp;
	const uint8_t *type = proto == IPPROTO_ICMPV6 ? cur_peek(c, &tmp, 1) : NULL;
	return type && *type >= ND_FIRST && *type <= ND_LAST;
}

static uint32_t hash6(const struct toeplitz *key, struct cursor c)
{
	uint8_t tmp[40];
	const uint8_t *h = cur_take(&c, tmp, sizeof tmp);
	if (!h)
		return 0;
	uint8_t proto = h[6];
	uint32_t hash = hash_pair(key, 0, h + 8, h + 24, 16);
	if (skip_extensions(&c, &proto)) {
		if (is_discovery(proto, &c))
			return 0;
		hash ^= hash_ports(key, 32, proto, c);
	}
	return hash ? hash : 1;
}

uint32_t flow_hash(const struct toeplitz *key, uint16_t ethertype, struct cursor c)
{
	switch (ethertype) {
	case ETH_P_IP:
		return hash4(key, c);
	case ETH_P_IPV6:
		return hash6(key, c);
	default:
		return 0;
	}
}

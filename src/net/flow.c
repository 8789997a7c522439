/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/flow.h"

#include <linux/if_ether.h>
#include <netinet/in.h>

/* What is hashed: the two ends in the order of their bytes, not of their direction. */
struct flow_end {
	uint8_t addr[16];
	uint8_t port[2];
};
struct flow_key {
	struct flow_end end[2];
	uint8_t proto;
	uint8_t pad[3];
};
static_assert(sizeof(struct flow_key) == 40, "no holes: all of it is hashed");

enum { FLOW_EXT_HEADERS_MAX = 8 };
enum { ND_FIRST = 133, ND_LAST = 137 }; /* ICMPv6 types, RFC 4861 */

static bool has_ports(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_UDPLITE ||
	       proto == IPPROTO_SCTP || proto == IPPROTO_DCCP;
}

static uint32_t hash_key(const struct sipkey *key, struct flow_key *k)
{
	if (memcmp(&k->end[0], &k->end[1], sizeof k->end[0]) > 0) {
		struct flow_end e = k->end[0];
		k->end[0] = k->end[1];
		k->end[1] = e;
	}
	uint32_t h = (uint32_t)siphash(key, k, sizeof *k);
	return h ? h : 1;
}

/* A cut-off header has no ports; whoever parses it says what is wrong. */
static void take_ports(struct flow_key *k, uint8_t proto, struct cursor c)
{
	uint8_t tmp[4];
	const uint8_t *ports = has_ports(proto) ? cur_take(&c, tmp, sizeof tmp) : NULL;
	if (!ports)
		return;
	memcpy(k->end[0].port, ports, 2);
	memcpy(k->end[1].port, ports + 2, 2);
	k->proto = proto;
}

static uint32_t hash4(const struct sipkey *key, struct cursor c)
{
	struct flow_key k = { 0 };
	uint8_t tmp[20];
	const uint8_t *h = cur_take(&c, tmp, sizeof tmp);
	if (!h)
		return 0;
	uint32_t options = (h[0] & 0xfu) * 4;
	bool fragment = (h[6] & 0x3f) || h[7]; /* RFC 791: more fragments, or an offset */
	memcpy(k.end[0].addr, h + 12, 4);
	memcpy(k.end[1].addr, h + 16, 4);
	if (!fragment && options >= sizeof tmp && cur_skip(&c, options - (uint32_t)sizeof tmp))
		take_ports(&k, h[9], c);
	return hash_key(key, &k);
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

static uint32_t hash6(const struct sipkey *key, struct cursor c)
{
	struct flow_key k = { 0 };
	uint8_t tmp[40];
	const uint8_t *h = cur_take(&c, tmp, sizeof tmp);
	if (!h)
		return 0;
	uint8_t proto = h[6];
	memcpy(k.end[0].addr, h + 8, 16);
	memcpy(k.end[1].addr, h + 24, 16);
	if (skip_extensions(&c, &proto)) {
		if (is_discovery(proto, &c))
			return 0;
		take_ports(&k, proto, c);
	}
	return hash_key(key, &k);
}

uint32_t flow_hash(const struct sipkey *key, uint16_t ethertype, struct cursor c)
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

/* SPDX-License-Identifier: BSD-2-Clause */
/* Ethernet II frames and 802.1Q tags. EtherTypes are Linux's ETH_P_*. */
#ifndef LEAT_WIRE_ETH_H
#define LEAT_WIRE_ETH_H

#include <linux/if_ether.h>

#include "base/bytes.h"
#include "base/cursor.h"
#include "base/drop.h"

struct text;

struct eth_hdr {
	uint8_t dst[6], src[6];
	be16 type;
};
static_assert(sizeof(struct eth_hdr) == 14, "as on the wire");

/* Behind the source address a tag is (EtherType, TCI); read from behind the EtherType on it is this. */
struct vlan_tag {
	be16 tci;
	be16 type; /* of what follows */
};
static_assert(sizeof(struct vlan_tag) == 4, "as on the wire");

enum { ETH_TYPE_MIN = 0x600 }; /* smaller: an 802.3 length */
enum { VLAN_VID_MASK = 0x0fff, VLAN_DEI = 0x1000, VLAN_PCP_SHIFT = 13 };

struct eth_msg {
	uint8_t dst[6], src[6];
	uint16_t type;
	struct cursor body;
};
struct vlan_msg {
	uint16_t vid;
	uint8_t pcp;
	bool dei;
	uint16_t type;
	struct cursor body;
};

enum drop eth_parse(struct cursor c, struct eth_msg *ret_msg);
void eth_emit(const struct eth_msg *m, struct eth_hdr *to);
enum drop vlan_parse(struct cursor c, struct vlan_msg *ret_msg);
void vlan_emit(const struct vlan_msg *m, struct vlan_tag *to);
void eth_print(struct cursor c, struct text *to); /* the frame and what it carries (frame.c) */

static inline bool eth_is_group(const uint8_t a[6]) /* multicast or broadcast */
{
	return a[0] & 1;
}
static inline bool eth_is_broadcast(const uint8_t a[6])
{
	return (a[0] & a[1] & a[2] & a[3] & a[4] & a[5]) == 0xff;
}
static inline bool eth_is_zero(const uint8_t a[6])
{
	return (a[0] | a[1] | a[2] | a[3] | a[4] | a[5]) == 0;
}
static inline bool eth_is_station(const uint8_t a[6]) /* may be the address of an interface */
{
	return !eth_is_group(a) && !eth_is_zero(a);
}
static inline bool eth_addr_eq(const uint8_t a[6], const uint8_t b[6])
{
	return memcmp(a, b, 6) == 0;
}
/* Where a multicast IP packet goes: RFC 1112, 6.4 and RFC 2464, 7. */
static inline void eth_group_of_ip4(be32 group, uint8_t to[6])
{
	const uint8_t a[6] = { 0x01, 0x00, 0x5e, group.b[1] & 0x7f, group.b[2], group.b[3] };
	memcpy(to, a, 6);
}
static inline void eth_group_of_ip6(const struct ip6 *group, uint8_t to[6])
{
	to[0] = to[1] = 0x33;
	memcpy(to + 2, group->b + 12, 4);
}

#endif

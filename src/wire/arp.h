/* SPDX-License-Identifier: BSD-2-Clause */
/* ARP for IPv4 over Ethernet (RFC 826, RFC 5227). */
#ifndef LEAT_WIRE_ARP_H
#define LEAT_WIRE_ARP_H

#include "base/bytes.h"
#include "base/cursor.h"
#include "base/drop.h"

struct text;

struct arp_hdr {
	be16 htype, ptype;
	uint8_t hlen, plen;
	be16 op;
	uint8_t sha[6];
	be32 spa;
	uint8_t tha[6];
	be32 tpa;
};
static_assert(sizeof(struct arp_hdr) == 28, "as on the wire");

enum { ARP_HTYPE_ETHER = 1, ARP_HTYPE_IEEE802 = 6 };
enum arp_op { ARP_OP_REQUEST = 1, ARP_OP_REPLY = 2 };

struct arp_msg {
	uint16_t op;
	uint8_t sha[6], tha[6]; /* link-layer addresses: sender, target */
	be32 spa, tpa; /* protocol addresses */
};

/* DROP_ARP_MALFORMED for anything but IPv4 over Ethernet. Any op passes; padding behind it is ignored. */
enum drop arp_parse(struct cursor c, struct arp_msg *ret_msg);
void arp_emit(const struct arp_msg *m, struct arp_hdr *to);
void arp_print(struct cursor c, struct text *to);

#endif

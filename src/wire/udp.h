/* SPDX-License-Identifier: BSD-2-Clause */
/* UDP (RFC 768). */
#ifndef LEAT_WIRE_UDP_H
#define LEAT_WIRE_UDP_H

#include "base/bytes.h"
#include "base/cursor.h"
#include "base/drop.h"

struct text;

struct udp_hdr {
	be16 sport, dport, len, csum;
};
static_assert(sizeof(struct udp_hdr) == 8, "as on the wire");

struct udp_msg {
	uint16_t sport, dport;
	uint16_t csum; /* as it stands; 0 over IPv4: none was made */
	struct cursor body; /* cut to the length field */
};
/* The checksum is not looked at: pkt_csum_ok() knows whether that is needed. */
enum drop udp_parse(struct cursor c, struct udp_msg *ret_msg);
/* csum is written as it is in m. False: the body is longer than a datagram can be. */
bool udp_emit(const struct udp_msg *m, struct udp_hdr *to);
void udp_print(struct cursor c, struct text *to);

#endif

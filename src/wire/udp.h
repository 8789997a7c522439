/* SPDX-License-Identifier: BSD-2-Clause */
/* UDP (RFC 768) and UDP-Lite (RFC 3828), whose header says how much its checksum covers where UDP's says how long it is. */
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

enum { UDPLITE_COVERAGE_MIN = sizeof(struct udp_hdr) };

struct udplite_msg {
	uint16_t sport, dport;
	uint16_t csum; /* as it stands */
	uint16_t coverage; /* likewise; 0: all */
	uint32_t covered; /* bytes from the header on */
	struct cursor body;
};
/* c is the datagram, as long as IP says. DROP_TRUNCATED; DROP_UDPLITE_COVERAGE. The checksum is not looked at. */
enum drop udplite_parse(struct cursor c, struct udplite_msg *ret_msg);
void udplite_emit(const struct udplite_msg *m, struct udp_hdr *to); /* what is covered is not asked for */
void udplite_print(struct cursor c, struct text *to);

#endif

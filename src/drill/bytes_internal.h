/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files about a packet's bytes share. */
#ifndef LEAT_DRILL_BYTES_INTERNAL_H
#define LEAT_DRILL_BYTES_INTERNAL_H

#include "base/cursor.h"
#include "drill/bytes.h"

struct text;
enum { ENCAP_BYTES_MAX = PACKET_ENCAPS_MAX * 40 };

uint8_t flow_icmp(uint8_t family); /* the protocol's number */
/* The sum of the pseudo header; out: from the stack. */
uint32_t flow_pseudo(const struct flow *f, bool out, uint8_t proto, uint32_t len);
/* Writes the IP header in front of body_len bytes; returns its length. body_len may be more than what follows: a quote. */
uint32_t emit_ip(const struct flow *f, bool out, uint8_t proto, const struct packet *p, const uint8_t *body,
		 uint32_t body_len, uint8_t *to);

struct ip_seen {
	uint8_t proto;
	struct cursor body; /* as far as it is there */
	uint32_t len; /* of the body, by its length field */
	bool fragment;
};
/* NULL, or why not. A quoted packet is cut short, so its lengths are taken as they are said. */
const char *read_ip(struct cursor c, struct packet *p, struct flow *f, struct ip_seen *ret);

/* --- encap.c: headers in front --- */

/* All of them for a packet of len bytes; their length, 0 when they cannot be. */
uint32_t encap_emit(const struct packet *p, uint8_t family, uint32_t len, uint8_t to[static ENCAP_BYTES_MAX]);
bool encap_is(uint8_t proto); /* of an IP header: it carries another packet */
/* Behind an IP header (in f, and in p's own fields) that carries a packet: both go to p->encap, c to that packet. NULL, or why not. */
const char *encap_read(struct cursor *c, const struct flow *f, uint8_t proto, struct packet *p);
const char *encap_differs(const struct encap *want, const struct encap *seen, char *room, size_t size);
void encap_print(const struct encap *e, struct text *t);

/* [ect0, ttl 64] and a blank, or nothing. */
void packet_print_ip(const struct packet *p, struct text *t);

#endif

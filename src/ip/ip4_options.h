/* SPDX-License-Identifier: BSD-2-Clause */
/* What this stack does with the options of IPv4 packets (RFC 791, 3.1; RFC 1812, 5.2.4 and 5.3.13). Room-internal. */
#ifndef LEAT_IP4_OPTIONS_H
#define LEAT_IP4_OPTIONS_H

#include "ip/ip_internal.h"
#include "wire/ip4.h"

/* What becomes of a packet with options. */
struct ip4_options_say {
	/* Both ways: where its destination leads, and whether it is to go on; a source route may know better. */
	const struct fib_nh *nh;
	bool forward;
	bool router_alert; /* out: RFC 2113 */
	/* With a drop: which error says so; type 0: none. */
	uint8_t type, code, pointer;
};

/* A packet that came by `in`: checks its options, follows a source route, and writes into the others what they ask for. DROP_NONE: it
 * goes on as *say says. */
enum drop ip4_options_receive(struct worker *w, struct pkt *p, const struct iface *in,
			      struct ip4_options_say *say);
/* The options of an answer to a packet that was received in that VRF (0: none); src, dst: of the answer, *ret_hop: where it goes first when a source route
 * is turned around. src zero: as who answers writes them, with slots to be filled. Returns how many bytes, a multiple of 4; negative: such options cannot be answered. */
int ip4_options_echo(const struct worker *w, uint32_t vrf, const struct ip4_hdr *was, be32 src, be32 dst,
		     uint8_t to[static IP4_OPTIONS_MAX], be32 *ret_hop);

/* One slot more, with who we are, if there is one (RFC 791). An unknown kind of timestamp is left alone, as on Linux. */
void ip4_record_route(uint8_t *o, be32 us);
void ip4_stamp(const struct worker *w, uint32_t vrf, uint8_t *o, be32 us);
/* The next slot, as who has it filled writes it. */
void ip4_blank_slot(uint8_t *o);
/* Linux: what stands behind the end of the list becomes nothing. */
void ip4_options_clear_rest(uint8_t *o, unsigned len);

/* Milliseconds since midnight UT (RFC 791, RFC 792). */
uint32_t ip4_time_of_day_ms(const struct worker *w);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames of floods. No two are alike: what may be random is drawn for each, from a seed.
 *
 * random ..... UDP from anywhere to anywhere: to nobody, to hosts that are not there, to a route with room
 * fragments .. of datagrams to leat that are never completed, IPv4 and IPv6
 * scan ....... every address of a /64 and of an IPv4 /16; some of the next
 * strangers .. solicitations and ARP requests for leat's own address, each from another station
 * icmp ....... what wants an answer: echo requests, expired lifetimes, closed ports
 * malformed .. the others with bytes changed, cut off or left over
 * adverts .... routers nobody knows, each with a prefix, a route, a name server
 *
 * They are for this leat: 10.77.1.1 and fd77:1::1 where the client is, 10.77.2.1, 10.80.0.1/16 and fd77:2::1 where the server is,
 * 10.77.3.1 and fd77:3::1 where the attacker is, who has .2 and ::2; 198.18.0.0/15 and 2001:db8::/32 lead to a device that takes
 * everything. */
#ifndef LEAT_TESTS_FLOOD_FRAMES_H
#define LEAT_TESTS_FLOOD_FRAMES_H

#include <stdint.h>

enum { FLOOD_FRAME_MAX = 1024 };

struct flood {
	uint64_t seed; /* not 0 */
	uint8_t mac[6]; /* leat's */
	uint8_t own[6];
	uint8_t *b; /* the frame being made */
	unsigned len;
};

struct flood_kind {
	const char *name;
	void (*make)(struct flood *f); /* into f->b, FLOOD_FRAME_MAX bytes; sets f->len */
};
extern const struct flood_kind flood_kinds[];
const struct flood_kind *flood_kind_find(const char *name); /* NULL: none of that name */

#endif

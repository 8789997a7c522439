/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets of scripts as bytes from the IP header on, and back. */
#ifndef LEAT_DRILL_BYTES_H
#define LEAT_DRILL_BYTES_H

#include "drill/script.h"

enum { DRILL_PACKET_MAX = 65535 + 40 };

/* Between whom; local is the stack under test. */
struct flow {
	uint8_t family;
	struct ipaddr local, remote;
	uint16_t local_port, remote_port;
};

/* The packet as the far side sends it to the stack. An ICMP error quotes the header of a packet that the stack sent over that
 * flow. Returns its length, 0 when it cannot be. */
uint32_t packet_emit(const struct packet *p, const struct flow *f, uint8_t to[static DRILL_PACKET_MAX]);

/* What the stack sent, and over which flow. NULL, or in a few words why it cannot be told (*ret_packet says as much as was
 * understood). Fields that a script may leave unsaid are all said. */
const char *packet_read(const uint8_t *bytes, uint32_t len, struct packet *ret_packet, struct flow *ret_flow);

/* Is it what the script wants? NULL, or the first difference. The text is in `room` or static. */
const char *packet_differs(const struct packet *want, const struct packet *seen, char *room, size_t size);

/* What the script leaves unsaid is left unsaid of the packet, too: for printing. */
void packet_leave_unsaid(const struct packet *want, struct packet *seen);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Hybrid slow start (Ha, Rhee: Taming the elephants, 2011), as Linux has it: slow start ends when a window's worth of ACKs takes half of
 * the shortest round trip to come, or when round trips grow by an eighth. */
#ifndef LEAT_CC_HYBRID_H
#define LEAT_CC_HYBRID_H

#include "cc/cc.h"

struct hybrid {
	uint32_t round_end; /* serial number: the round is over when more than it is acknowledged */
	uint32_t round_us, last_us; /* when it began; the last ACK of its train */
	uint32_t min_us; /* the shortest round trip in it; UINT32_MAX: none */
	uint8_t samples;
	bool begun;
};

/* An acknowledgment in slow start that measured a round trip; min_us: the shortest there was. True: slow start is to end here. */
bool hybrid_is_full(struct hybrid *h, const struct cc *c, const struct cc_ack *a, uint32_t min_us);

#endif

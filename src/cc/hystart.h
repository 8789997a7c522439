/* SPDX-License-Identifier: BSD-2-Clause */
/* HyStart++ (RFC 9406): slow start ends when the way begins to take longer, before it loses. */
#ifndef LEAT_CC_HYSTART_H
#define LEAT_CC_HYSTART_H

#include "cc/cc.h"

struct hystart {
	uint32_t window_end; /* windowEnd */
	uint32_t last_min_us, min_us; /* lastRoundMinRTT, currentRoundMinRTT; 0: none */
	uint32_t css_min_us; /* cssBaselineMinRtt */
	uint8_t samples; /* rttSampleCount */
	uint8_t css_round; /* of conservative slow start, from 1; 0: not in it */
	bool begun;
};

/* One acknowledgment in slow start: the window grows, or is told to be at its end (ssthresh). Returns the bytes not used. */
uint32_t hystart_acked(struct hystart *h, struct cc *c, const struct cc_ack *a);

#endif

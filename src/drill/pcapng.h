/* SPDX-License-Identifier: BSD-2-Clause */
/* What went over the wire of a script, as a pcapng file with the direction of each packet. */
#ifndef LEAT_DRILL_PCAPNG_H
#define LEAT_DRILL_PCAPNG_H

#include "base/base.h"

struct pcapng;

int pcapng_open(const char *path, struct pcapng **ret); /* 0 or -errno */
/* An IP packet; in: towards the stack. NULL is welcome. */
void pcapng_packet(struct pcapng *c, bool in, int64_t at_us, const uint8_t *bytes, uint32_t len);
int pcapng_close(struct pcapng *c); /* 0, or what went wrong with writing; NULL is welcome */

#endif

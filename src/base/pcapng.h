/* SPDX-License-Identifier: BSD-2-Clause */
/* Captures as files: IETF draft-ietf-opsawg-pcapng, in the machine's byte order, times in microseconds. */
#ifndef LEAT_BASE_PCAPNG_H
#define LEAT_BASE_PCAPNG_H

#include "base/cursor.h"

struct pcapng;

enum { PCAPNG_LINK_ETHERNET = 1, PCAPNG_LINK_RAW = 101 /* bare IP packets */ };
/* Which way a packet went, as its interface saw it. */
enum pcapng_way { PCAPNG_ANY_WAY, PCAPNG_INBOUND, PCAPNG_OUTBOUND };

/* A new file of that name. appl: which program makes it; comment may be NULL. 0 or -errno. */
int pcapng_open(const char *path, const char *appl, const char *comment, struct pcapng **ret);
/* What follows with this number, counted from 0, was seen there. rate_bps 0: not told. */
void pcapng_interface(struct pcapng *c, uint16_t link, const char *name, uint64_t rate_bps);
/* All that is left in `bytes`. NULL is welcome. */
void pcapng_packet(struct pcapng *c, uint32_t iface, enum pcapng_way way, uint64_t at_us,
		   struct cursor bytes);
/* Everything written so far goes to the file. 0, or -EIO when something was not written. */
int pcapng_flush(struct pcapng *c);
int pcapng_close(struct pcapng *c); /* 0, or -EIO when not all was written; NULL is welcome */

#endif

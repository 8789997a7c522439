/* SPDX-License-Identifier: BSD-2-Clause */
/* Captures as files: IETF draft-ietf-opsawg-pcapng, in the machine's byte order. */
#ifndef LEAT_BASE_PCAPNG_H
#define LEAT_BASE_PCAPNG_H

#include <stdio.h>

#include "base/cursor.h"

struct pcapng;

enum { PCAPNG_LINK_ETHERNET = 1, PCAPNG_LINK_RAW = 101 /* bare IP packets */ };
/* Which way a packet went, as its interface saw it. */
enum pcapng_way { PCAPNG_ANY_WAY, PCAPNG_INBOUND, PCAPNG_OUTBOUND };

/* A new file of that name. appl: which program makes it; comment may be NULL. 0 or -errno. */
int pcapng_open(const char *path, const char *appl, const char *comment, struct pcapng **ret);
/* What follows with this number, counted from 0, was seen there. rate_bps 0: not told. */
void pcapng_interface(struct pcapng *c, uint16_t link, const char *name, uint64_t rate_bps);
/* The same to a file that is open, for instance a pipe, and is closed with it. snap: bytes of a packet at most, 0: all. Times
 * are in nanoseconds when ns says so, which pcapng_packet_as() then wants. Interfaces as with pcapng_interface(). */
int pcapng_open_file(FILE *f, const char *appl, const char *comment, bool ns, uint32_t snap,
		     struct pcapng **ret);
/* What there may be to say about a packet. */
struct pcapng_about {
	enum pcapng_way way;
	uint64_t at; /* us, or ns */
	uint32_t len; /* of the packet, of which there are fewer bytes; 0: they are all */
	uint64_t lost; /* packets that are missing since the one before on that interface */
	const char *comment; /* or NULL */
};
void pcapng_packet_as(struct pcapng *c, uint32_t iface, const struct pcapng_about *a, struct cursor bytes);
/* At the end, for an interface: what was counted. at: now. */
struct pcapng_counts {
	uint64_t from, at; /* when it began and ended */
	uint64_t accepted, lost, delivered; /* matched the filter; of those not in the file; in the file */
};
void pcapng_statistics(struct pcapng *c, uint32_t iface, const struct pcapng_counts *n);
/* All that is left in `bytes`. NULL is welcome. */
void pcapng_packet(struct pcapng *c, uint32_t iface, enum pcapng_way way, uint64_t at_us,
		   struct cursor bytes);
/* Everything written so far goes to the file. 0, or -EIO when something was not written. */
int pcapng_flush(struct pcapng *c);
int pcapng_close(struct pcapng *c); /* 0, or -EIO when not all was written; NULL is welcome */

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* The two files of a pcap interface. Control lcore, but for reading what was loaded. */
#ifndef LEAT_DEV_PCAP_FILE_H
#define LEAT_DEV_PCAP_FILE_H

#include "core/stack.h"
#include "base/cursor.h"

struct pcap;

/* --- in --- */

/* A capture of Ethernet frames, for libpcap's calls. 0, or -errno with a line in ret_why. */
int pcap_file_open(const char *path, struct pcap **ret, char *ret_why, size_t why_len);

struct pcap_frame {
	uint64_t at_us; /* since the first */
	uint64_t off; /* of its bytes */
	uint32_t len, missing; /* bytes that are there, and that the capture cut off */
};
struct pcap_frames {
	uint32_t n;
	struct pcap_frame *frame; /* in the order of the file */
	uint8_t *bytes;
};
/* All of a capture of Ethernet frames, charged to the stack. 0, or -errno with a line in ret_why. */
int pcap_frames_load(struct leat_stack *st, const char *path, struct pcap_frames *ret, char *ret_why,
		     size_t why_len);
void pcap_frames_free(struct pcap_frames *f);

/* --- out --- */

struct pcap_writer;
/* A new file. 0, or -errno with a line in ret_why. */
int pcap_writer_open(const char *path, const char *ifname, struct pcap_writer **ret, char *ret_why,
		     size_t why_len);
void pcap_writer_put(struct pcap_writer *w, uint64_t at_us, struct cursor frame);
int pcap_writer_flush(struct pcap_writer *w); /* 0, or -EIO: not all was written */
int pcap_writer_close(struct pcap_writer *w); /* the same; NULL is welcome */

#endif

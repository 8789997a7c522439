/* SPDX-License-Identifier: BSD-2-Clause */
/* An interface on which frames arrive that were read from a pcap file: a source of load, and the first half of a benchmark. */
#ifndef LEAT_DEV_GENERATOR_H
#define LEAT_DEV_GENERATOR_H

#include "net/iface.h"

/* Runs while it is up: brings its frames round and round to one worker, `vec` at a time, until `count` have been made.
 * Taking it down and up again starts it anew. */
struct generator_opts {
	char file[4096]; /* pcap of Ethernet frames */
	uint64_t count; /* 0: until it goes down */
	uint64_t vec; /* 1..PKT_VEC_MAX; 0: PKT_VEC_MAX */
	uint64_t worker;
	uint8_t mac[6]; /* zero: the first frame's destination, so that the frames are for this stack */
};

/* Control lcore. 0 or -errno with a line in *ret_why. */
int generator_new(struct leat_stack *st, const char *name, const struct generator_opts *opts,
		  struct iface **ret, char *ret_why, size_t why_len);
/* How many frames it has made since it last came up. Any thread. */
uint64_t generator_made(const struct iface *ifc);

/* "generator": file=PATH[,count=N][,vec=N][,worker=N][,mac=MAC]. */
extern const struct iface_kind generator_kind;

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* What a trace says, in words: a line is a packet at a node, the same from `leat trace` and from a simulation. */
#ifndef LEAT_GRAPH_TRACE_TEXT_H
#define LEAT_GRAPH_TRACE_TEXT_H

#include <stdio.h>

#include "base/cursor.h"

/* Strings may be NULL: not known. */
struct trace_words {
	uint64_t time_us;
	uint32_t id;
	const char *where; /* whose node it is, where there are several stacks */
	const char *node, *next, *drop;
	const char *in, *out; /* interfaces */
	const char *text; /* the node's own */
	bool kept, gso;
	uint32_t to_worker; /* as in struct trace_record */
	uint32_t len;
	uint8_t layer; /* as in struct trace_record */
	uint16_t ethertype;
	struct cursor snap;
};

enum { TRACE_PACKET_MAX = 256 };
/* The packet alone, as far as the bytes in snap say. */
void trace_packet_text(const struct trace_words *t, char *to, size_t size);
/* What it means that the node kept it, as far as is known: "sent", "to worker 1", else dflt. */
const char *trace_kept_text(const struct trace_words *t, const char *dflt, char *to, size_t size);
/* Where it was and where it went, its interfaces and length, the packet, and what the node says beyond that. *last_id is the packet of
 * the line before (0: none): another one is set off by an empty line. */
void trace_print(FILE *out, const struct trace_words *t, uint32_t *last_id);

#endif

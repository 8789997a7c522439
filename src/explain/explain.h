/* SPDX-License-Identifier: BSD-2-Clause */
/* What would happen to a packet, step by step. */
#ifndef LEAT_EXPLAIN_H
#define LEAT_EXPLAIN_H

#include "core/aside.h"
#include "graph/facts.h"
#include "graph/trace.h"

enum { EXPLAIN_LEN_MAX = 60000 };

struct explain_ask {
	/* The interface it comes in by, with bytes from the Ethernet header on, and the worker whose queue gets it. in_if 0: this stack
	 * makes it, and bytes begin at an IP header. */
	uint32_t in_if, worker;
	const uint8_t *bytes;
	uint32_t len;
	/* Of what this stack makes: the interface that its sender has named (0: none), and what rules may look at. */
	uint32_t out_if, mark, uid;
	/* Its header is as its sender wrote it (a raw socket's). Else it has no options or extension headers, source, length,
	 * identification and checksums are filled in, and a source that is zero is chosen, as for any socket. */
	bool whole;
};

/* A packet at a node, as `leat trace` would have recorded it, with what the node said; or a frame on its way out of a device. Those
 * come in the order of events. Packets are told apart by at.trace_id: 1 is the one that was asked about, or what it gave rise to; other ids are
 * of packets that the stack makes of itself because of it. */
struct explain_step {
	struct trace_record at;
	struct facts facts;
	bool leaves; /* by at.out_if: at.len bytes at `frame` */
	const uint8_t *frame; /* good during the call */
};
typedef void explain_fn(const struct explain_step *s, void *ctx);

/* In a process aside (core/aside.h), once: plays it, and calls fn at each step. 0, -ENODEV (in_if or out_if), -EINVAL (no IP header),
 * -ENOMEM, -ENOPROTOOPT (built without that protocol). */
int explain_play(struct leat_stack *st, const struct explain_ask *ask, explain_fn *fn, void *ctx);

#endif

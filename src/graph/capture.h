/* SPDX-License-Identifier: BSD-2-Clause */
/* `leat capture`: copies of packets as they come in, go out, come to a node, or are dropped. While nobody captures, a vector at a node, a
 * burst from or to a driver and a drop each pay one load and a branch.
 *
 * Theory of operation: each capture has a ring of bytes per worker (single producer, the worker; single consumer, the control lcore). A
 * worker that finds captures on its list asks each whether the place and the filter fit, and copies the packet's first bytes, with what
 * there is to say about it, into the ring. A full ring loses the packet for that capture, counted; nothing waits. Captures come and
 * go by a new list for each worker. */
#ifndef LEAT_GRAPH_CAPTURE_H
#define LEAT_GRAPH_CAPTURE_H

#include "graph/node.h"

/* DONE: with DROPS, those that are no loss, too (base/drop_kind.h). */
enum capture_what { CAPTURE_IN = 1, CAPTURE_OUT = 2, CAPTURE_DROPS = 4, CAPTURE_NODE = 8, CAPTURE_DONE = 16 };
enum { CAPTURES_MAX = 8, CAPTURE_SNAP_MAX = 60000, CAPTURE_RING = 2 << 20 };

struct bpf_insn;
struct capture;
struct capture_conf {
	const struct bpf_insn *prog; /* over an Ethernet frame, as for traces; NULL: everything */
	unsigned n_insns;
	uint8_t what; /* enum capture_what, together */
	uint16_t node; /* with CAPTURE_NODE */
	uint32_t if_handle; /* in or out by that interface; 0: any */
	uint32_t snap; /* bytes of each packet; 0: CAPTURE_SNAP_MAX */
	uint32_t ring_bytes; /* per worker, a power of two; 0: CAPTURE_RING */
};

struct capture_record {
	uint32_t size; /* of the record in the ring, with its bytes */
	uint32_t len, snap_len; /* of the packet, and of that here */
	uint32_t in_if, out_if;
	uint64_t time_us; /* of the worker's turn */
	uint64_t lost; /* packets of that worker that were lost since the one before */
	uint16_t node; /* CAPTURE_NODE, CAPTURE_DROPS */
	uint16_t worker;
	uint8_t what; /* one of them */
	uint8_t drop; /* enum drop */
	uint8_t layer; /* 2: a frame; 3: from the network header on; 0: elsewhere */
	uint8_t pad;
	uint16_t ethertype, pad2[3];
};
static inline const uint8_t *capture_bytes(const struct capture_record *r)
{
	return (const uint8_t *)(r + 1);
}

/* Control lcore. 0, -EINVAL (program, ring), -EBUSY (CAPTURES_MAX), -ENOMEM. */
int capture_start(struct leat_stack *st, const struct capture_conf *conf, struct capture **ret);
void capture_halt(struct capture *c); /* no more comes; what is there is still to be read */
void capture_stop(struct capture *c); /* NULL is welcome */
/* The oldest record, good until the next call about c; NULL: none waits. */
const struct capture_record *capture_next(struct capture *c);
struct capture_stats {
	uint64_t seen; /* packets that matched, those that were lost included */
	uint64_t lost;
};
void capture_stats(const struct capture *c, struct capture_stats *ret);

/* --- for drivers' input and output --- */

bool capture_is_on(const struct worker *w);
/* Frames, data at the Ethernet header. what: CAPTURE_IN or CAPTURE_OUT, by that interface. */
void capture_frames(struct worker *w, enum capture_what what, uint32_t if_handle, struct pkt *const *p,
		    unsigned n);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* `leat trace`: follows matching packets through every node. While no trace is on, a device's input pays one load and a
 * branch per vector and nodes pay one per vector.
 *
 * Theory of operation: each worker has a ring of records (single producer, the worker; single consumer, the control
 * lcore). Device input offers each fresh vector (trace_mark_slow()), and graph_enqueue() each packet that the stack made itself
 * (trace_mark_own()), to the filter; what matches gets a trace id, up to a limit. The frame then records, for each node a
 * traced packet visits, the node, the edge it left by or the drop reason, and up to TRACE_SNAP of its first bytes. A full ring
 * loses records, counted. */
#ifndef LEAT_GRAPH_TRACE_H
#define LEAT_GRAPH_TRACE_H

#include "graph/node.h"

enum { TRACE_SNAP = 128 };

struct trace_record {
	uint64_t time_us; /* as the worker's lcore has it */
	uint64_t clock; /* orders records of all workers: those of one packet never the wrong way round */
	uint32_t trace_id; /* one per packet; what a packet gives rise to keeps its id */
	uint16_t node;
	uint16_t next; /* node it went to; 0 when dropped or kept */
	uint8_t drop; /* enum drop */
	uint8_t kept;
	uint16_t worker;
	uint16_t to_worker; /* it went over to that one, from 1; 0: it did not */
	uint32_t in_if, out_if; /* handles */
	uint32_t len; /* of the packet at this node */
	uint32_t snap_len;
	uint16_t ethertype; /* of the packet, host order; 0: not known yet */
	uint8_t layer; /* data stood at: 2 the Ethernet header, 3 the network header, 0 elsewhere */
	uint8_t gso, csum;
	char text[96]; /* the node's own print, or empty */
	uint8_t snap[TRACE_SNAP]; /* from data */
};

/* The filter: a program for libpcap's bpf_filter() over an Ethernet frame (NULL: all), and how many packets to follow
 * (0: no limit). A packet of the stack's own that has no link-layer header yet is shown to it behind one without addresses.
 * Control lcore; one trace per stack at a time. -EBUSY, -EINVAL (program), -ENOMEM, 0. */
struct bpf_insn;
int trace_start(struct leat_stack *st, const struct bpf_insn *prog, unsigned n_insns, uint64_t limit);
/* The same for stacks that one thread runs and that are traced together: *ids, which outlives the traces, is the last id given by
 * any of them, and a packet that comes in with an id keeps it. */
int trace_start_together(struct leat_stack *st, const struct bpf_insn *prog, unsigned n_insns, uint32_t *ids);
void trace_stop(struct leat_stack *st);
/* Every packet is followed, and somebody hears of each step while it is taken: for processes aside (core/aside.h), where one
 * thread runs all workers. No record is lost and none is to be read. 0, -EBUSY, -ENOMEM. */
struct trace_watcher {
	/* p has come to node r->node, which has not seen it yet. */
	void (*met)(struct trace_watcher *x, struct worker *w, const struct trace_record *r,
		    const struct pkt *p);
	/* It leaves: p is as the node made it, edge and all. Not called for what the node kept. */
	void (*leaves)(struct trace_watcher *x, struct worker *w, const struct trace_record *r,
		       const struct pkt *p);
	/* r is complete. */
	void (*done)(struct trace_watcher *x, struct worker *w, const struct trace_record *r);
	uint32_t before,
		ids; /* trace_watch()'s: trace ids are before + 1, ... in the order in which packets came or were made */
};
int trace_watch(struct leat_stack *st, struct trace_watcher *x);
/* Takes the oldest records, at most n; control lcore. A packet's come in the order of its way. Returns how many. *ret_lost grows by records lost. */
unsigned trace_read(struct leat_stack *st, struct trace_record *ret, unsigned n, uint64_t *ret_lost);
/* How many packets the trace has marked so far; 0 without one. Control lcore. */
uint64_t trace_marked(struct leat_stack *st);

/* Device input calls this with frames whose data is at the link-layer header. */
void trace_mark_slow(struct worker *w, struct pkt_vec *v);
/* With a packet that no device handed in. */
void trace_mark_own(struct worker *w, struct pkt *p);
bool trace_is_on(const struct worker *w);

#endif

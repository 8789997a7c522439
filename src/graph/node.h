/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets travel in vectors through a graph of nodes.
 *
 * A node takes a vector and leaves none of it behind: every packet is dispatched to one of its next nodes, dropped with a
 * reason (next 0 of every node), or kept by an object that now owns it (NODE_KEPT). A node is a const struct; adding one
 * touches nobody else's code. A next node that is not built in or not loaded is a drop named no-module, and the graph
 * prints it so. */
#ifndef LEAT_GRAPH_NODE_H
#define LEAT_GRAPH_NODE_H

#include "pkt/pkt.h"

enum { NODE_NEXT_MAX = 32, NODE_MAX = 256 };
enum { NEXT_DROP = 0, NODE_KEPT = 255 };

struct facts;

typedef void node_fn(struct worker *w, struct pkt_vec *v);

struct node {
	const char *name; /* "ip4-input" */
	node_fn *run;
	/* next[0] is the drop edge and stays NULL here; the rest by the node's own enum, NULL where there is none. */
	const char *next[NODE_NEXT_MAX];
	/* For `leat trace`: a line about the packet as this node found it. May be NULL. Must cope with any packet. */
	void (*print)(const struct worker *w, const struct pkt *p, char *to, size_t len);
	/* For `leat explain`: what it decides by and why, in facts of a name and a value (graph/facts.h). May be NULL. Called twice for a
	 * packet: as the node finds it, and (leaves) as it goes out, its edge filled in or p->drop written; not the second time for
	 * what the node keeps. In a process aside (core/aside.h), so it may ask all that the control lcore may ask, but what it
	 * changed the packet would meet. */
	void (*explain)(struct worker *w, const struct pkt *p, bool leaves, struct facts *f);
};

/* --- for nodes --- */

/* Ends a node's run: packet i of v goes to next[i]. The vector itself belongs to the frame. */
void vec_dispatch(struct worker *w, struct pkt_vec *v, const uint8_t *next);
/* All of it to one next node; cheaper. */
void vec_dispatch_all(struct worker *w, struct pkt_vec *v, uint8_t next);
/* The reason is recorded and counted against the current node; returns NEXT_DROP, so that `return pkt_drop(p, WHY)`. */
static inline uint8_t pkt_drop(struct pkt *p, enum drop why)
{
	p->drop = (uint8_t)why;
	return NEXT_DROP;
}
/* From inside a node's run, for packets it made or took from a queue: hands one packet to next edge `next` of the current
 * node. */
void node_send(struct worker *w, uint8_t next, struct pkt *p);

/* Control lcore, in a module's init and unlink: one more edge of a node, beyond its own table, for who comes later (a
 * protocol registers for its EtherType). It leads to the node named `next` as edges of the table do: a drop named no-module
 * while that is not loaded. `next` is borrowed until the edge is removed; the same name gets the same edge again. Returns the
 * edge's index, or 0 when `node` does not exist or its table is full. */
uint8_t node_edge_add(struct leat_stack *st, const char *node, const char *next);
void node_edge_remove(struct leat_stack *st, const char *node, const char *next);

/* --- for devices, timers, messages: outside a node's run --- */

/* A node's number in this stack, or 0 (the drop node) when it is not loaded. Numbers are stable while it is loaded. */
uint16_t node_find(const struct leat_stack *st, const char *name);
/* Queues packets for a node; graph_run() then carries everything pending to its end. Consumes. */
void graph_enqueue(struct worker *w, uint16_t node, struct pkt *p);
void graph_enqueue_bulk(struct worker *w, uint16_t node, struct pkt *const *p, unsigned n);
/* A dropped packet outside any node's run (a queue overflowed, an entry died), counted against `node`. Consumes. */
void graph_drop(struct worker *w, uint16_t node, struct pkt *p, enum drop why);
/* Packets that are there no more to be consumed: a device lost them. Counted as graph_drop() would. */
void graph_count_lost(struct worker *w, uint16_t node, uint64_t n, enum drop why);
/* Carries on until nothing is pending on w. From inside a node's run it does nothing: the run that is on goes on with it. */
void graph_run(struct worker *w);
/* Resumes a parked packet at its node on this worker; the frame revalidates its interfaces first (stale: dropped so). */
void graph_resume(struct worker *w, struct pkt *p);

/* Sends a batch of packets to the worker that owns their flows, to go on at `node` there. Consumes; what does not fit
 * the ring is dropped as handover-full. */
void graph_hand_over(struct worker *w, unsigned to_worker, uint16_t node, struct pkt *const *p, unsigned n);

/* Revalidates a parked packet's handles; set by the room that knows interfaces. false: stale. */
typedef bool graph_valid_fn(struct worker *w, struct pkt *p);
void graph_set_validator(struct leat_stack *st, graph_valid_fn *fn);

/* --- counters; any thread may read, sums over workers --- */

struct node_stats {
	const char *name;
	uint64_t vectors, packets, cycles;
};
unsigned graph_n_nodes(const struct leat_stack *st);
/* NULL past the end or for a hole left by an unloaded node. */
const struct node *graph_node(const struct leat_stack *st, uint16_t id);
/* The node that edge `next` of `id` leads to; 0 for none or not loaded. */
uint16_t graph_edge(const struct leat_stack *st, uint16_t id, unsigned next);
/* As asked for; NULL: none. */
const char *graph_edge_name(const struct leat_stack *st, uint16_t id, unsigned next);
void graph_stats(const struct leat_stack *st, uint16_t id, struct node_stats *ret);
/* id 0: those outside any node. */
uint64_t graph_drops(const struct leat_stack *st, uint16_t id, enum drop why);
uint64_t graph_drops_total(const struct leat_stack *st);

extern const struct module graph_module;

#endif

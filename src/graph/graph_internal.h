/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of this room share. */
#ifndef LEAT_GRAPH_INTERNAL_H
#define LEAT_GRAPH_INTERNAL_H

#include "graph/hook.h"
#include "graph/trace.h"

enum { CHUNK_NODES = 32, N_CHUNKS = NODE_MAX / CHUNK_NODES };
static_assert(NODE_MAX <= 256, "edges hold node numbers in a byte");

/* --- per stack: numbers and edges --- */

/* Read: any worker, within a turn; edge[] is read per packet.   Write: control lcore, workers between turns.
 * A name keeps its number for the life of the stack, so what is parked for an unloaded node can go nowhere else. */
struct node_slot {
	const struct node *node; /* NULL while not loaded */
	char *name;
	const char **added; /* [NODE_NEXT_MAX], edges of node_edge_add(); NULL: there never was one */
	/* The number of each next node; 0: dropped, for want of a module when next[] has a name. */
	uint8_t edge[NODE_NEXT_MAX];
};
struct node_chunk {
	struct node_slot slot[CHUNK_NODES];
};

struct hook_state {
	struct list edges; /* of struct hook_edges */
	struct list listeners[HOOK_MAX]; /* by priority */
	uint8_t straight[HOOK_MAX], hooked[HOOK_MAX]; /* edges of the owner; 0 while it is not loaded */
	uint8_t busy[HOOK_MAX];
};

struct trace;
struct captures;

struct graph_stack {
	struct node_chunk *chunk[N_CHUNKS];
	unsigned n; /* numbers given out, the drop node's included */
	graph_valid_fn *valid;
	struct hook_state hooks;
	struct trace *trace; /* control lcore; NULL: none on */
	uint32_t trace_ids; /* given to packets by traces that have ended */
	struct list captures; /* control lcore */
};

/* --- per worker: counters and what is pending --- */

/* Counters: racy_add by the worker, read by any thread. */
struct node_run {
	uint64_t vectors, packets, cycles;
	uint64_t *drops; /* [DROP_MAX], made at the first drop here; NULL: counted at node 0 */
};
struct run_chunk {
	struct node_run run[CHUNK_NODES];
};

struct graph_worker {
	struct pkt_vec *head, **tail; /* pending vectors in the order in which they were opened */
	struct pkt_vec *running; /* what the current node was given; NULL once it has been sent on whole */
	const uint8_t *edge; /* of the current node */
	struct trace_worker *tracing; /* for the vector that is running; NULL when nobody traces */
	uint16_t node; /* the current one; 0 outside */
	bool in_run;
	struct run_chunk *chunk[N_CHUNKS];
	/* Pending, the last of each node; takes further packets while it has room. */
	struct pkt_vec *open[NODE_MAX];
	/* Read: this worker, once per vector.   Write: control lcore.   Free: rt_defer() in trace_stop(). */
	rcu_ptr(struct trace_worker) trace;
	/* The same: once per vector, and per call of a driver or of the drop node.   Free: rt_defer() in captures_renew(). */
	rcu_ptr(const struct captures) captures; /* NULL: nobody captures */
};

/* --- per lcore: vectors and hand-over batches, shared by its workers --- */

enum { BATCH_MAX = 128 };
struct batch {
	struct batch *next; /* free, or in flight in the order of sending */
	struct worker *to;
	uint16_t node, n;
	uint64_t clock; /* the sender's trace's; 0: it has none */
	int done; /* set by the receiver, seen by the owner; then the batch is the owner's again */
	struct pkt *pkt[BATCH_MAX];
};
struct batch_queue {
	struct batch *head, **tail;
};

struct region {
	struct region *next;
};

struct graph_lcore {
	struct pkt_vec *free_vecs;
	struct batch *free_batches;
	struct batch_queue in_flight[LCORE_MAX]; /* to each lcore */
	struct region *regions; /* all the memory of the above */
	unsigned n_workers;
};

static inline struct graph_stack *graph_of(const struct leat_stack *st)
{
	return stack_state(st, MODULE_graph);
}
static inline struct graph_worker *graph_worker(const struct worker *w)
{
	return worker_state(w, MODULE_graph);
}
static inline struct graph_lcore *graph_lcore(const struct lcore *lc)
{
	return lc->slot[LCORE_SLOT_GRAPH];
}
static inline struct node_slot *node_slot(const struct graph_stack *gs, unsigned id)
{
	return &gs->chunk[id / CHUNK_NODES]->slot[id % CHUNK_NODES];
}
/* What the node's own table or somebody since says edge `next` leads to; NULL: there is no such edge. */
static inline const char *slot_next(const struct node_slot *s, unsigned next)
{
	const char *own = s->node ? s->node->next[next] : NULL;
	return own || !s->added ? own : s->added[next];
}
static inline struct node_run *node_run(const struct graph_worker *g, unsigned id)
{
	return &g->chunk[id / CHUNK_NODES]->run[id % CHUNK_NODES];
}

/* nodes.c */
int nodes_init(struct leat_stack *st);
int nodes_worker_init(struct worker *w);
int nodes_changed(struct leat_stack *st); /* st->modules has changed; workers are between turns */
void nodes_worker_free(struct worker *w);
void nodes_free(struct leat_stack *st);

/* match.c: over an Ethernet frame; l3: the packet begins at its network header. No program matches everything. */
struct bpf_insn;
bool match_pkt(const struct bpf_insn *prog, unsigned n_insns, const struct pkt *p, bool l3);
/* Where the descriptor says that data stands: 2, 3, or 0: elsewhere. What no node has looked at yet is a frame. */
uint8_t pkt_layer(const struct pkt *p);

/* capture.c */
void captures_init(struct leat_stack *st);
void captures_end(struct leat_stack *st); /* all of them; their owners may still call capture_stop() */
void capture_node(struct worker *w, const struct captures *all, const struct pkt_vec *v);
void capture_dropped(struct worker *w, const struct captures *all, unsigned node, struct pkt *const *p,
		     unsigned n);

/* graph.c */
void graph_append(struct worker *w, unsigned node, struct pkt *const *p, unsigned n);
/* Counts, at `node`, frees. Each packet's reason is in p->drop. */
void graph_drop_all(struct worker *w, unsigned node, struct pkt *const *p, unsigned n);

/* vectors.c */
int vectors_init(struct lcore *lc);
void vectors_done(struct lcore *lc);
struct pkt_vec *vec_take_slow(struct lcore *lc);
struct batch *batch_take_slow(struct lcore *lc);

static inline struct pkt_vec *vec_take(struct lcore *lc)
{
	struct graph_lcore *gl = graph_lcore(lc);
	struct pkt_vec *v = gl->free_vecs;
	if (unlikely(!v))
		return vec_take_slow(lc);
	gl->free_vecs = v->next;
	return v;
}
static inline void vec_give(struct graph_lcore *gl, struct pkt_vec *v)
{
	v->next = gl->free_vecs;
	gl->free_vecs = v;
}

/* stats.c */
int graph_save(struct leat_stack *st, struct saver *s);
int graph_restore(struct leat_stack *st, struct loader *l);

/* hook.c */
extern const struct node *const hook_nodes[];
void hooks_init(struct leat_stack *st);
void hooks_nodes_changed(struct leat_stack *st);
void hooks_free(struct leat_stack *st);

/* trace.c: what the frame tells it; with a struct trace_worker only while g->tracing is set */
void trace_enter(struct worker *w, struct trace_worker *t, const struct pkt_vec *v);
void trace_edges(struct worker *w, struct graph_worker *g, const struct pkt_vec *v, const uint8_t *next);
void trace_sent(struct worker *w, struct trace_worker *t, const struct pkt *p, unsigned to);
/* p is about to go over to worker `to`. */
void trace_handed(struct trace_worker *t, const struct pkt *p, unsigned to);
/* The clock of w's trace, 0 without one, goes over with packets, and arrives before they are queued. */
uint64_t trace_clock(const struct worker *w);
void trace_arrived(struct worker *w, uint64_t clock);
void trace_left(struct worker *w, struct trace_worker *t);
/* Outside a node's run, or of a packet that the node made. Loads the trace itself. */
void trace_dropped(struct worker *w, unsigned node, const struct pkt *p);

#endif

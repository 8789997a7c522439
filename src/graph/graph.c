/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: a node's open vector is the one that takes packets sent to it. It is taken from the lcore when the
 * first packet arrives and joins the worker's queue of pending vectors at that moment; when it is full, another is opened
 * behind it. graph_run() takes pending vectors in that order until none is left, so the order in which nodes run follows
 * from the packets alone.
 *
 * Sending costs little when neighbours in a vector go the same way: a whole vector that goes one way becomes the open
 * vector of its next node without a copy, and otherwise runs of equal edges are copied as one. Edges hold numbers of
 * nodes, worked out when modules come and go; 0 is the drop node, for packets that were dropped and for edges whose node
 * is not there. Drops are counted where they happen, by reason, in rows made at the first drop of a node.
 *
 * Threads: everything here belongs to one worker. Counters are read from outside (stats.c). */
#include "graph/node.h"

#include <string.h>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

#include "graph/graph_internal.h"

static inline uint64_t cycles_now(const struct worker *w)
{
#if defined(__x86_64__)
	if (!w->lc->rt->deterministic)
		return __rdtsc();
#endif
	return 0;
}

/* --- drops --- */

static cold_fn uint64_t *drop_row_make(struct worker *w, struct node_run *r)
{
	uint64_t *row = mem_zalloc(&w->st->mem, DROP_MAX * sizeof *row);
	if (!row)
		return node_run(graph_worker(w), 0)->drops; /* made with the worker */
	rcu_set(r->drops, row);
	return row;
}

static inline uint64_t *drop_row(struct worker *w, unsigned node)
{
	struct node_run *r = node_run(graph_worker(w), node);
	return likely(r->drops) ? r->drops : drop_row_make(w, r);
}

void graph_drop_all(struct worker *w, unsigned node, struct pkt *const *p, unsigned n)
{
	uint64_t *row = drop_row(w, node);
	const struct captures *captures = rcu_get(graph_worker(w)->captures);
	if (unlikely(captures))
		capture_dropped(w, captures, node, p, n);
	for (unsigned i = 0; i < n; i++) {
		assert(p[i]->drop < DROP_MAX);
		racy_add(row[p[i]->drop], 1);
		if (unlikely(p[i]->flags & PKT_F_TRACED))
			trace_dropped(w, node, p[i]);
#if LEAT_POISON
		assert(p[i]->drop != DROP_NONE); /* next 0 without a reason */
		memset(p[i]->edge.bytes, 0xdb, sizeof p[i]->edge.bytes);
#endif
	}
	pkt_free_bulk(w->lc, p, n);
}

static cold_fn void drop_all_as(struct worker *w, unsigned node, struct pkt *const *p, unsigned n,
				enum drop why)
{
	for (unsigned i = 0; i < n; i++)
		p[i]->drop = (uint8_t)why;
	graph_drop_all(w, node, p, n);
}

void graph_drop(struct worker *w, uint16_t node, struct pkt *p, enum drop why)
{
	drop_all_as(w, node, &p, 1, why);
}

void graph_count_lost(struct worker *w, uint16_t node, uint64_t n, enum drop why)
{
	if (n)
		racy_add(drop_row(w, node)[why], n);
}

/* --- pending vectors --- */

static inline void open_vec(struct graph_worker *g, struct pkt_vec *v, unsigned node)
{
	v->node = (uint16_t)node;
	v->next = NULL;
	*g->tail = v;
	g->tail = &v->next;
	g->open[node] = v;
}

static __attribute__((noinline)) struct pkt_vec *open_another(struct worker *w, struct graph_worker *g,
							      unsigned node)
{
	struct pkt_vec *v = vec_take(w->lc);
	if (unlikely(!v))
		return NULL;
	v->n = 0;
	open_vec(g, v, node);
	return v;
}

/* A vector with room for at least one more packet to `node`, or NULL without memory. */
static inline struct pkt_vec *open_for(struct worker *w, struct graph_worker *g, unsigned node)
{
	struct pkt_vec *v = g->open[node];
	return likely(v && v->n < PKT_VEC_MAX) ? v : open_another(w, g, node);
}

void graph_append(struct worker *w, unsigned node, struct pkt *const *p, unsigned n)
{
	while (n) {
		struct pkt_vec *v = open_for(w, graph_worker(w), node);
		if (unlikely(!v)) {
			drop_all_as(w, node, p, n, DROP_NO_MEMORY);
			return;
		}
		unsigned k = MIN(n, (unsigned)PKT_VEC_MAX - v->n);
		memcpy(&v->pkt[v->n], p, k * sizeof *p);
		v->n = (uint16_t)(v->n + k);
		p += k;
		n -= k;
	}
}

void graph_enqueue_bulk(struct worker *w, uint16_t node, struct pkt *const *p, unsigned n)
{
	if (likely(node && node < graph_of(w->st)->n))
		graph_append(w, node, p, n);
	else
		drop_all_as(w, 0, p, n, DROP_NO_MODULE);
}

void graph_enqueue(struct worker *w, uint16_t node, struct pkt *p)
{
	if (unlikely(trace_is_on(w)))
		trace_mark_own(w, p);
	graph_enqueue_bulk(w, node, &p, 1);
}

/* --- sending on --- */

static inline void send_run(struct worker *w, struct graph_worker *g, uint8_t next, struct pkt *const *p,
			    unsigned n)
{
	if (unlikely(next >= NODE_NEXT_MAX)) {
		assert(next == NODE_KEPT);
		return;
	}
	unsigned to = g->edge[next];
	if (likely(to))
		graph_append(w, to, p, n);
	else if (next == NEXT_DROP)
		graph_drop_all(w, g->node, p, n);
	else
		drop_all_as(w, g->node, p, n, DROP_NO_MODULE);
}

void vec_dispatch_all(struct worker *w, struct pkt_vec *v, uint8_t next)
{
	struct graph_worker *g = graph_worker(w);
	unsigned to = next < NODE_NEXT_MAX ? g->edge[next] : 0;
	if (unlikely(g->tracing && next != NODE_KEPT))
		for (unsigned i = 0; i < v->n; i++)
			trace_sent(w, g->tracing, v->pkt[i], to);
	if (likely(to && v == g->running && v->n && !g->open[to])) {
		g->running = NULL;
		open_vec(g, v, to);
		return;
	}
	send_run(w, g, next, v->pkt, v->n);
}

static inline void check_edges(const struct worker *w, const struct pkt_vec *v, const uint8_t *next)
{
#if LEAT_POISON
	const struct node_slot *s = node_slot(graph_of(w->st), graph_worker(w)->node);
	for (unsigned i = 0; i < v->n; i++)
		assert(next[i] == NEXT_DROP || next[i] == NODE_KEPT ||
		       (next[i] < NODE_NEXT_MAX && slot_next(s, next[i])));
#endif
}

static __attribute__((noinline)) unsigned send_first_slow(struct worker *w, struct graph_worker *g,
							  struct pkt_vec *v, const uint8_t *next, unsigned i)
{
	unsigned j = i + 1;
	while (j < v->n && next[j] == next[i])
		j++;
	send_run(w, g, next[i], &v->pkt[i], j - i);
	return j;
}

/* Sends packet i and those after it that go the same way; returns where it stopped. Neighbours often part, so this is
 * made for short runs. */
static inline unsigned send_first(struct worker *w, struct graph_worker *g, struct pkt_vec *v,
				  const uint8_t *next, unsigned i)
{
	const uint8_t way = next[i];
	unsigned to = likely(way < NODE_NEXT_MAX) ? g->edge[way] : 0;
	struct pkt_vec *o = likely(to) ? open_for(w, g, to) : NULL;
	if (unlikely(!o))
		return send_first_slow(w, g, v, next, i);
	unsigned n = v->n, k = o->n;
	do
		o->pkt[k++] = v->pkt[i++];
	while (i < n && next[i] == way && k < PKT_VEC_MAX);
	o->n = (uint16_t)k;
	return i;
}

void vec_dispatch(struct worker *w, struct pkt_vec *v, const uint8_t *next)
{
	struct graph_worker *g = graph_worker(w);
	unsigned n = v->n;
	check_edges(w, v, next);
	if (n == 0)
		return;
	if (likely(memcmp(next, next + 1, n - 1) == 0)) {
		vec_dispatch_all(w, v, next[0]);
		return;
	}
	if (unlikely(g->tracing))
		trace_edges(w, g, v, next);
	for (unsigned i = 0; i < n;)
		i = send_first(w, g, v, next, i);
}

void node_send(struct worker *w, uint8_t next, struct pkt *p)
{
	struct graph_worker *g = graph_worker(w);
	if (unlikely(g->tracing && next < NODE_NEXT_MAX))
		trace_sent(w, g->tracing, p, g->edge[next]);
	send_run(w, g, next, &p, 1);
}

/* --- running --- */

static void run_vec(struct worker *w, struct graph_worker *g, const struct graph_stack *gs, struct pkt_vec *v)
{
	const struct node_slot *s = node_slot(gs, v->node);
	struct node_run *r = node_run(g, v->node);
	if (g->open[v->node] == v)
		g->open[v->node] = NULL;
	racy_add(r->vectors, 1);
	racy_add(r->packets, v->n);
	g->running = v;
	if (unlikely(!s->node)) {
		g->tracing = NULL; /* it was the last node's, and nobody would show what is recorded here */
		drop_all_as(w, v->node, v->pkt, v->n, DROP_NO_MODULE);
	} else {
		g->node = v->node;
		g->edge = s->edge;
		g->tracing = rcu_get(g->trace);
		if (unlikely(g->tracing))
			trace_enter(w, g->tracing, v);
		const struct captures *captures = rcu_get(g->captures);
		if (unlikely(captures))
			capture_node(w, captures, v);
		s->node->run(w, v);
		if (unlikely(g->tracing))
			trace_left(w, g->tracing);
	}
	if (g->running)
		vec_give(graph_lcore(w->lc), v);
}

void graph_run(struct worker *w)
{
	struct graph_worker *g = graph_worker(w);
	const struct graph_stack *gs = graph_of(w->st);
	if (g->in_run) /* a device handed in packets while it was being handed some: the outer loop goes on with them */
		return;
	g->in_run = true;
	uint64_t from = cycles_now(w);
	for (struct pkt_vec *v; (v = g->head);) {
		struct node_run *r = node_run(g, v->node);
		g->head = v->next;
		if (!g->head)
			g->tail = &g->head;
		run_vec(w, g, gs, v);
		uint64_t to = cycles_now(w);
		racy_add(r->cycles, to - from);
		from = to;
	}
	g->in_run = false;
	g->node = 0;
	g->tracing = NULL;
	g->running = NULL;
	g->edge = node_slot(gs, 0)->edge;
}

void graph_resume(struct worker *w, struct pkt *p)
{
	graph_valid_fn *valid = graph_of(w->st)->valid;
	uint16_t node = p->resume;
	pkt_unpark(p);
	if (valid && !valid(w, p))
		graph_drop(w, node, p, DROP_STALE);
	else
		graph_enqueue_bulk(w, node, &p, 1);
}

void graph_set_validator(struct leat_stack *st, graph_valid_fn *fn)
{
	graph_of(st)->valid = fn;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The control lcore's and the worker's end of a trace; trace.h has the theory. A record is begun when a node is given a
 * traced packet, since afterwards the packet may be gone, completed when the node says where it went, and shown to the
 * reader when the node is done: what nobody spoke for was kept. Packets are known by their pointer between those two
 * moments, which lie within one run of one node.
 *
 * A packet that goes over to another worker may be recorded there before its node here is done, by a clock that is behind. So
 * records are ordered by a clock of the trace's own: no worker's goes back, and what goes over moves the receiver's past the
 * sender's (Lamport, Time, Clocks, and the Ordering of Events in a Distributed System, 1978). The reader merges by it, and
 * takes no record that is later than one which some worker has begun and not shown. */
#include "graph/trace.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <string.h>

#include "graph/filter.h"
#include "graph/graph_internal.h"

enum { TRACE_RING = 1024 };

struct trace;

/* head and since are the worker's, tail the control lcore's; head and tail only grow. */
struct trace_worker {
	struct trace *trace;
	uint64_t lost, marked; /* racy_add by the worker */
	uint64_t lost_told; /* control lcore */
	uint32_t open; /* records begun in this run and not yet shown: they lie behind head */
	bool full; /* this run's packets did not all get a record, and that is counted */
	uint32_t search; /* of those, the one to look at first */
	const struct pkt *pkt[PKT_VEC_MAX]; /* of each open record */
	uint64_t clock; /* of the newest record, or past it: see above */
	uint32_t head cacheline_aligned;
	uint64_t since; /* clock of the oldest open record, for the reader; 0: none is open */
	uint32_t tail cacheline_aligned;
	struct trace_record ring[TRACE_RING] cacheline_aligned;
};

struct trace {
	struct deferred deferred;
	uint64_t limit; /* 0: none */
	uint32_t *ids; /* shared with other stacks of this thread; NULL: the stack's own */
	uint32_t before; /* ids up to this one belong to earlier traces of the stack */
	struct trace_watcher *watcher; /* NULL: the rings are read */
	unsigned n_workers, n_insns;
	struct trace_worker *worker[LCORE_MAX - 1];
	struct bpf_insn prog[];
};

/* --- worker: marking --- */

bool trace_is_on(const struct worker *w)
{
	return rcu_get(graph_worker(w)->trace) != NULL;
}

static bool matches(const struct trace *t, const struct pkt *p, bool l3)
{
	return match_pkt(t->prog, t->n_insns, p, l3);
}

/* Other workers may mark one each at the same moment, so the limit can be passed by their number; counting exactly would
 * need an atomic operation here. */
static uint64_t marked(const struct trace *t)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < t->n_workers; i++)
		sum += racy_get(t->worker[i]->marked);
	return sum;
}

/* A packet can outlive the trace that marked it: parked, or in a queue. */
static bool follows(const struct trace_worker *t, const struct pkt *p)
{
	return p->flags & PKT_F_TRACED && (int32_t)(p->trace_id - t->trace->before) > 0;
}

static void mark(struct worker *w, struct trace_worker *tw, struct pkt *p)
{
	const struct trace *t = tw->trace;
	p->trace_id = t->ids ? ++*t->ids : t->before + (uint32_t)(tw->marked * t->n_workers + w->index + 1);
	p->flags |= PKT_F_TRACED;
	racy_add(tw->marked, 1);
}

static bool may_mark(const struct trace *t)
{
	return !t->limit || marked(t) < t->limit;
}

void trace_mark_slow(struct worker *w, struct pkt_vec *v)
{
	struct trace_worker *tw = rcu_get(graph_worker(w)->trace);
	for (unsigned i = 0; tw && i < v->n; i++) {
		if (!may_mark(tw->trace))
			return;
		if (follows(tw,
			    v->pkt[i])) /* by the loopback, or from a stack that is traced together with this one */
			continue;
		if (matches(tw->trace, v->pkt[i], false))
			mark(w, tw, v->pkt[i]);
	}
}

void trace_mark_own(struct worker *w, struct pkt *p)
{
	struct trace_worker *tw = rcu_get(graph_worker(w)->trace);
	if (!tw || p->flags & PKT_F_TRACED || !may_mark(tw->trace))
		return;
	if (matches(tw->trace, p, pkt_layer(p) == 3))
		mark(w, tw, p);
}

/* --- worker: recording --- */

static struct trace_record *begin(const struct worker *w, struct trace_worker *t)
{
	uint32_t at = t->head + t->open;
	if (at - __atomic_load_n(&t->tail, __ATOMIC_ACQUIRE) >= TRACE_RING || t->open == PKT_VEC_MAX) {
		racy_add(t->lost, 1);
		t->full = true;
		return NULL;
	}
	t->clock = MAX(t->clock, w->lc->now_us);
	if (!t->open)
		__atomic_store_n(&t->since, t->clock, __ATOMIC_RELEASE);
	return &t->ring[at % TRACE_RING];
}

static void show(struct trace_worker *t, uint32_t n)
{
	__atomic_store_n(&t->head, t->head + n, __ATOMIC_RELEASE);
	__atomic_store_n(&t->since, 0, __ATOMIC_RELEASE);
}

static void fill(const struct worker *w, const struct trace_worker *t, struct trace_record *r, unsigned node,
		 const struct pkt *p)
{
	const struct node *n = graph_node(w->st, (uint16_t)node);
	struct cursor c = pkt_cursor(p);
	*r = (struct trace_record){
		.time_us = w->lc->now_us,
		.clock = t->clock,
		.trace_id = p->trace_id,
		.node = (uint16_t)node,
		.kept = true,
		.worker = (uint16_t)w->index,
		.in_if = p->in_if,
		.out_if = p->out_if,
		.len = p->len,
		.snap_len = MIN(p->len, (uint32_t)TRACE_SNAP),
		.ethertype = p->ethertype,
		.layer = pkt_layer(p),
		.gso = p->gso,
		.csum = p->csum,
	};
	cur_copy(&c, r->snap, r->snap_len);
	if (n && n->print)
		n->print(w, p, r->text, sizeof r->text);
}

void trace_enter(struct worker *w, struct trace_worker *t, const struct pkt_vec *v)
{
	t->search = 0;
	for (unsigned i = 0; i < v->n; i++) {
		struct trace_record *r;
		if (!follows(t, v->pkt[i]) || !(r = begin(w, t)))
			continue;
		fill(w, t, r, v->node, v->pkt[i]);
		t->pkt[t->open++] = v->pkt[i];
		if (t->trace->watcher)
			t->trace->watcher->met(t->trace->watcher, w, r, v->pkt[i]);
	}
}

/* The open record of p, or NULL. Packets leave mostly in the order in which they came. */
static struct trace_record *find_open(struct trace_worker *t, const struct pkt *p)
{
	for (uint32_t k = 0; k < t->open; k++) {
		uint32_t i = (t->search + k) % t->open;
		struct trace_record *r = &t->ring[(t->head + i) % TRACE_RING];
		if (t->pkt[i] != p || r->trace_id != p->trace_id)
			continue;
		t->search = i + 1;
		return r;
	}
	return NULL;
}

static void watch_leave(struct worker *w, const struct trace_worker *t, const struct trace_record *r,
			const struct pkt *p)
{
	if (t->trace->watcher)
		t->trace->watcher->leaves(t->trace->watcher, w, r, p);
}

void trace_sent(struct worker *w, struct trace_worker *t, const struct pkt *p, unsigned to)
{
	struct trace_record *r = p->flags & PKT_F_TRACED ? find_open(t, p) : NULL;
	if (!r)
		return;
	r->next = (uint16_t)to;
	r->kept = false;
	watch_leave(w, t, r, p);
}

void trace_handed(struct trace_worker *t, const struct pkt *p, unsigned to)
{
	struct trace_record *r = p->flags & PKT_F_TRACED ? find_open(t, p) : NULL;
	if (r)
		r->to_worker = (uint16_t)(to + 1);
}

uint64_t trace_clock(const struct worker *w)
{
	const struct trace_worker *t = rcu_get(graph_worker(w)->trace);
	return t ? t->clock : 0;
}

void trace_arrived(struct worker *w, uint64_t clock)
{
	struct trace_worker *t = rcu_get(graph_worker(w)->trace);
	if (t)
		t->clock = MAX(t->clock, clock + 1);
}

void trace_edges(struct worker *w, struct graph_worker *g, const struct pkt_vec *v, const uint8_t *next)
{
	for (unsigned i = 0; i < v->n; i++)
		if (next[i] < NODE_NEXT_MAX)
			trace_sent(w, g->tracing, v->pkt[i], g->edge[next[i]]);
}

static void watch_done(struct worker *w, struct trace_worker *t)
{
	for (uint32_t i = 0; i < t->open; i++)
		t->trace->watcher->done(t->trace->watcher, w, &t->ring[(t->head + i) % TRACE_RING]);
	t->tail += t->open;
}

void trace_left(struct worker *w, struct trace_worker *t)
{
	if (t->trace->watcher)
		watch_done(w, t);
	show(t, t->open);
	t->open = 0;
	t->full = false;
}

void trace_dropped(struct worker *w, unsigned node, const struct pkt *p)
{
	struct graph_worker *g = graph_worker(w);
	struct trace_worker *t = g->tracing ? g->tracing : rcu_get(g->trace);
	if (!t || !follows(t, p))
		return;
	struct trace_record *r = find_open(t, p);
	if (!r && !t->full && (r = begin(w, t))) {
		fill(w, t, r, node, p);
		t->pkt[t->open++] = NULL;
		if (t->trace->watcher)
			t->trace->watcher->met(t->trace->watcher, w, r, p);
	}
	if (r) {
		r->kept = false;
		r->next = 0;
		r->to_worker = 0;
		r->drop = p->drop;
		watch_leave(w, t, r, p);
	}
	if (!g->tracing)
		trace_left(w, t);
}

/* --- control lcore --- */

static void trace_free(struct deferred *d)
{
	struct trace *t = container_of(d, struct trace, deferred);
	for (unsigned i = 0; i < t->n_workers; i++)
		mem_free(t->worker[i]);
	mem_free(t);
}

static struct trace *trace_new(struct leat_stack *st, const struct bpf_insn *prog, unsigned n_insns)
{
	struct trace *t = mem_zalloc(&st->mem, sizeof *t + n_insns * sizeof *prog);
	if (!t)
		return NULL;
	if (n_insns)
		memcpy(t->prog, prog, n_insns * sizeof *prog);
	t->n_insns = n_insns;
	for (; t->n_workers < st->n_workers; t->n_workers++) {
		struct trace_worker *tw = mem_zalloc_aligned(&st->mem, sizeof *tw, CACHELINE);
		if (!tw) {
			trace_free(&t->deferred);
			return NULL;
		}
		tw->trace = t;
		tw->clock = 1;
		t->worker[t->n_workers] = tw;
	}
	return t;
}

static int start(struct leat_stack *st, const struct bpf_insn *prog, unsigned n_insns, uint64_t limit,
		 uint32_t *ids)
{
	struct graph_stack *gs = graph_of(st);
	if (gs->trace)
		return -EBUSY;
	if (!prog)
		n_insns = 0;
	else if (!filter_ok(prog, n_insns))
		return -EINVAL;
	struct trace *t = trace_new(st, prog, n_insns);
	if (!t)
		return -ENOMEM;
	t->limit = limit;
	t->ids = ids;
	t->before = gs->trace_ids;
	gs->trace = t;
	for (unsigned i = 0; i < t->n_workers; i++)
		rcu_set(graph_worker(st->worker[i])->trace, t->worker[i]);
	return 0;
}

int trace_start(struct leat_stack *st, const struct bpf_insn *prog, unsigned n_insns, uint64_t limit)
{
	return start(st, prog, n_insns, limit, NULL);
}

int trace_start_together(struct leat_stack *st, const struct bpf_insn *prog, unsigned n_insns, uint32_t *ids)
{
	return start(st, prog, n_insns, 0, ids);
}

int trace_watch(struct leat_stack *st, struct trace_watcher *x)
{
	x->before = x->ids = graph_of(st)->trace_ids;
	int err = start(st, NULL, 0, 0, &x->ids);
	if (!err)
		graph_of(st)->trace->watcher = x;
	return err;
}

void trace_stop(struct leat_stack *st)
{
	struct graph_stack *gs = graph_of(st);
	struct trace *t = gs->trace;
	if (!t)
		return;
	gs->trace = NULL;
	for (unsigned i = 0; i < t->n_workers; i++) {
		rcu_set(graph_worker(st->worker[i])->trace, NULL);
		/* It may go on marking until its turn ends. */
		uint32_t last =
			t->before + (uint32_t)(racy_get(t->worker[i]->marked) + TRACE_RING) * t->n_workers;
		if ((int32_t)(last - gs->trace_ids) > 0)
			gs->trace_ids = last;
	}
	rt_defer(st->rt->ctl, st->rt, &t->deferred, trace_free);
}

static const struct trace_record *oldest_of(const struct trace_worker *tw)
{
	return __atomic_load_n(&tw->head, __ATOMIC_ACQUIRE) != tw->tail ? &tw->ring[tw->tail % TRACE_RING]
									: NULL;
}

static struct trace_worker *oldest(const struct trace *t)
{
	struct trace_worker *ret = NULL;
	for (unsigned i = 0; i < t->n_workers; i++) {
		const struct trace_record *r = oldest_of(t->worker[i]);
		if (r && (!ret || r->clock < oldest_of(ret)->clock))
			ret = t->worker[i];
	}
	return ret;
}

static bool any_open_before(const struct trace *t, uint64_t clock)
{
	for (unsigned i = 0; i < t->n_workers; i++) {
		uint64_t since = __atomic_load_n(&t->worker[i]->since, __ATOMIC_ACQUIRE);
		if (since && since < clock)
			return true;
	}
	return false;
}

/* Whose oldest record comes next; NULL: none yet. What went before a record was open when that one was seen, and still is, or
 * has been shown since: so it is in a ring at a second look. Each look that differs finds an older one. */
static struct trace_worker *next_to_read(const struct trace *t)
{
	struct trace_worker *tw = oldest(t), *seen = NULL;
	while (tw != seen) {
		seen = tw;
		if (any_open_before(t, oldest_of(seen)->clock))
			return NULL;
		tw = oldest(t);
	}
	return tw;
}

unsigned trace_read(struct leat_stack *st, struct trace_record *ret, unsigned n, uint64_t *ret_lost)
{
	struct trace *t = graph_of(st)->trace;
	struct trace_worker *tw;
	unsigned got = 0;
	for (; t && got < n && (tw = next_to_read(t)); got++) {
		ret[got] = *oldest_of(tw);
		__atomic_store_n(&tw->tail, tw->tail + 1, __ATOMIC_RELEASE);
	}
	for (unsigned i = 0; t && i < t->n_workers; i++) {
		uint64_t lost = racy_get(t->worker[i]->lost);
		*ret_lost += lost - t->worker[i]->lost_told;
		t->worker[i]->lost_told = lost;
	}
	return got;
}

uint64_t trace_marked(struct leat_stack *st)
{
	const struct trace *t = graph_of(st)->trace;
	return t ? marked(t) : 0;
}

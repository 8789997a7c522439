/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: what belongs to another worker crosses in batches: a block of packet pointers and one message that
 * names it. The receiver queues the packets at their node, says so in the block, and runs its graph. Blocks stay with the
 * lcore that made them: those sent to one lcore come back in the order of sending, so before it takes a new one the sender
 * looks whether its oldest is done. Nothing is allocated per packet and nothing is sent back.
 *
 * A full ring drops the batch as handover-full. A stack is freed only after the messages in flight have run. */
#include <string.h>

#include "graph/graph_internal.h"

static struct batch *batch_take(struct lcore *lc, unsigned to_lcore)
{
	struct graph_lcore *gl = graph_lcore(lc);
	struct batch_queue *q = &gl->in_flight[to_lcore];
	struct batch *b = q->head;
	if (b && __atomic_load_n(&b->done, __ATOMIC_ACQUIRE)) {
		q->head = b->next;
		if (!q->head)
			q->tail = &q->head;
		return b;
	}
	b = gl->free_batches;
	if (unlikely(!b))
		return batch_take_slow(lc);
	gl->free_batches = b->next;
	return b;
}

static void batch_arrive(struct lcore *at, const struct msg *m)
{
	struct batch *b = m->arg[0].p;
	struct worker *w = b->to;
	if (unlikely(b->clock))
		trace_arrived(w, b->clock);
	graph_enqueue_bulk(w, b->node, b->pkt, b->n);
	__atomic_store_n(&b->done, 1, __ATOMIC_RELEASE);
	graph_run(w);
}

static bool batch_send(struct worker *w, struct worker *to, uint16_t node, struct pkt *const *p, unsigned n)
{
	struct graph_lcore *gl = graph_lcore(w->lc);
	struct batch *b = batch_take(w->lc, to->lc->id);
	if (!b)
		return false;
	b->to = to;
	b->node = node;
	b->n = (uint16_t)n;
	b->clock = trace_clock(w);
	b->done = 0;
	memcpy(b->pkt, p, n * sizeof *p);
	const struct msg m = { .fn = batch_arrive, .arg[0].p = b };
	if (unlikely(!lcore_try_post(w->lc, to->lc, &m))) {
		b->next = gl->free_batches;
		gl->free_batches = b;
		return false;
	}
	struct batch_queue *q = &gl->in_flight[to->lc->id];
	b->next = NULL;
	*q->tail = b;
	q->tail = &b->next;
	return true;
}

void graph_hand_over(struct worker *w, unsigned to_worker, uint16_t node, struct pkt *const *p, unsigned n)
{
	struct worker *to = w->st->worker[to_worker];
	if (to == w) {
		graph_enqueue_bulk(w, node, p, n);
		return;
	}
	while (n) {
		unsigned k = MIN(n, (unsigned)BATCH_MAX);
		for (unsigned i = 0; i < k && unlikely(graph_worker(w)->tracing); i++)
			trace_handed(graph_worker(w)->tracing, p[i], to_worker);
		if (unlikely(!batch_send(w, to, node, p, k)))
			for (unsigned i = 0; i < k; i++)
				graph_drop(w, graph_worker(w)->node, p[i], DROP_HANDOVER_FULL);
		p += k;
		n -= k;
	}
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The graph as a module of a stack. It starts before every module that has nodes and stops after them. */
#include "graph/node.h"

#include "graph/graph_internal.h"

static int graph_init(struct leat_stack *st)
{
	hooks_init(st);
	captures_init(st);
	return nodes_init(st);
}

/* Nobody sends any more; what was queued but never run goes by name. */
static void graph_drain(struct leat_stack *st)
{
	trace_stop(st);
	captures_end(st);
	for (unsigned i = 0; i < st->n_workers; i++) {
		struct worker *w = st->worker[i];
		struct graph_worker *g = graph_worker(w);
		for (struct pkt_vec *v; (v = g->head);) {
			g->head = v->next;
			for (unsigned k = 0; k < v->n; k++)
				v->pkt[k]->drop = DROP_SHUTDOWN;
			graph_drop_all(w, v->node, v->pkt, v->n);
			g->open[v->node] = NULL;
			vec_give(graph_lcore(w->lc), v);
		}
		g->tail = &g->head;
	}
}

static void graph_free(struct leat_stack *st)
{
	hooks_free(st);
	nodes_free(st);
}

const struct module graph_module = {
	.name = "graph",
	.id = MODULE_graph,
	.nodes = hook_nodes,
	.stack_size = sizeof(struct graph_stack),
	.worker_size = sizeof(struct graph_worker),
	.init = graph_init,
	.worker_init = nodes_worker_init,
	.drain = graph_drain,
	.worker_free = nodes_worker_free,
	.free = graph_free,
	.save = graph_save,
	.restore = graph_restore,
};

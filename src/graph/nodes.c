/* SPDX-License-Identifier: BSD-2-Clause */
/* Which nodes there are: numbers for names, edges for numbers, and the memory that goes with them. All of it runs on the
 * control lcore while the workers stand between turns. Rows come in chunks that stay until the stack goes, so a counter
 * can be read at any time and loading a module moves nothing. */
#include "graph/node.h"

#include <errno.h>
#include <string.h>

#include "graph/graph_internal.h"

static void drop_run(struct worker *w, struct pkt_vec *v)
{
	graph_drop_all(w, 0, v->pkt, v->n);
}

static const struct node drop_node = { .name = "drop", .run = drop_run };

/* By name, loaded or not; gs->n when there is none. */
static unsigned slot_by_name(const struct graph_stack *gs, const char *name)
{
	unsigned id = 0;
	while (id < gs->n && strcmp(node_slot(gs, id)->name, name) != 0)
		id++;
	return id;
}

uint16_t node_find(const struct leat_stack *st, const char *name)
{
	const struct graph_stack *gs = graph_of(st);
	unsigned id = slot_by_name(gs, name);
	return (uint16_t)(id < gs->n && node_slot(gs, id)->node ? id : 0);
}

static int worker_reach(struct worker *w, unsigned id)
{
	struct graph_worker *g = graph_worker(w);
	struct run_chunk **c = &g->chunk[id / CHUNK_NODES];
	if (!*c)
		*c = mem_zalloc_aligned(&w->st->mem, sizeof **c, CACHELINE);
	return *c ? 0 : -ENOMEM;
}

/* Memory for node number id, in the stack and in all workers that have been started. */
static int reach(struct leat_stack *st, unsigned id)
{
	struct graph_stack *gs = graph_of(st);
	struct node_chunk **c = &gs->chunk[id / CHUNK_NODES];
	if (!*c)
		*c = mem_zalloc_aligned(&st->mem, sizeof **c, CACHELINE);
	int err = *c ? 0 : -ENOMEM;
	for (unsigned i = 0; !err && i < st->n_workers; i++)
		if (st->worker[i] && graph_worker(st->worker[i]) && graph_worker(st->worker[i])->tail)
			err = worker_reach(st->worker[i], id);
	return err;
}

static int slot_new(struct leat_stack *st, const char *name)
{
	struct graph_stack *gs = graph_of(st);
	if (gs->n == NODE_MAX)
		return -ENOSPC;
	int err = reach(st, gs->n);
	if (err)
		return err;
	char *copy = mem_strdup(&st->mem, name);
	if (!copy)
		return -ENOMEM;
	node_slot(gs, gs->n++)->name = copy;
	return 0;
}

static int node_add(struct leat_stack *st, const struct node *node)
{
	struct graph_stack *gs = graph_of(st);
	unsigned id = slot_by_name(gs, node->name);
	int err = id < gs->n ? 0 : slot_new(st, node->name);
	if (err)
		return err;
	if (node_slot(gs, id)->node)
		return -EEXIST;
	node_slot(gs, id)->node = node;
	return 0;
}

static void edges_resolve(struct leat_stack *st)
{
	struct graph_stack *gs = graph_of(st);
	for (unsigned id = 0; id < gs->n; id++) {
		struct node_slot *s = node_slot(gs, id);
		memset(s->edge, 0, sizeof s->edge);
		for (unsigned k = 1; s->node && k < NODE_NEXT_MAX; k++)
			if (slot_next(s, k))
				s->edge[k] = (uint8_t)node_find(st, slot_next(s, k));
	}
}

static unsigned edge_by_name(const struct node_slot *s, const char *next)
{
	unsigned k = 1;
	while (k < NODE_NEXT_MAX && (!slot_next(s, k) || strcmp(slot_next(s, k), next) != 0))
		k++;
	return k;
}

uint8_t node_edge_add(struct leat_stack *st, const char *node, const char *next)
{
	unsigned id = node_find(st, node), k;
	if (!id)
		return 0;
	struct node_slot *s = node_slot(graph_of(st), id);
	if ((k = edge_by_name(s, next)) < NODE_NEXT_MAX)
		return (uint8_t)k;
	if (!s->added)
		s->added = mem_zalloc(&st->mem, NODE_NEXT_MAX * sizeof *s->added);
	for (k = 1; k < NODE_NEXT_MAX && slot_next(s, k);)
		k++;
	if (!s->added || k == NODE_NEXT_MAX)
		return 0;
	s->added[k] = next;
	s->edge[k] = (uint8_t)node_find(st, next);
	return (uint8_t)k;
}

void node_edge_remove(struct leat_stack *st, const char *node, const char *next)
{
	struct graph_stack *gs = graph_of(st);
	unsigned id = slot_by_name(gs, node);
	struct node_slot *s = id < gs->n ? node_slot(gs, id) : NULL;
	for (unsigned k = 1; s && s->added && k < NODE_NEXT_MAX; k++) {
		if (s->added[k] && strcmp(s->added[k], next) == 0) {
			s->added[k] = NULL;
			s->edge[k] = 0;
		}
	}
}

/* Returns the first error; every node that can be added is. */
int nodes_changed(struct leat_stack *st)
{
	struct graph_stack *gs = graph_of(st);
	for (unsigned id = 0; id < gs->n; id++)
		node_slot(gs, id)->node = NULL;
	int ret = node_add(st, &drop_node);
	if (ret)
		return ret;
	for (const struct module *const *m = st->modules; *m; m++) {
		for (const struct node *const *n = (*m)->nodes; n && *n; n++) {
			int err = node_add(st, *n);
			if (err)
				rt_log(st->rt, LOG_ERROR, "node %s of module %s is left out: %s", (*n)->name,
				       (*m)->name, strerror(-err));
			ret = ret ? ret : err;
		}
	}
	edges_resolve(st);
	hooks_nodes_changed(st);
	return ret;
}

int nodes_init(struct leat_stack *st)
{
	int err = nodes_changed(st);
	if (err) {
		nodes_free(st);
		return err;
	}
	st->on_modules = nodes_changed;
	return 0;
}

int nodes_worker_init(struct worker *w)
{
	struct graph_worker *g = graph_worker(w);
	struct graph_stack *gs = graph_of(w->st);
	int err = vectors_init(w->lc);
	if (err)
		return err;
	for (unsigned id = 0; !err && id < gs->n; id += CHUNK_NODES)
		err = worker_reach(w, id);
	if (!err) {
		node_run(g, 0)->drops = mem_zalloc(&w->st->mem, DROP_MAX * sizeof(uint64_t));
		err = node_run(g, 0)->drops ? 0 : -ENOMEM;
	}
	g->tail = &g->head;
	g->edge = node_slot(gs, 0)->edge;
	if (err)
		nodes_worker_free(w);
	return err;
}

void nodes_worker_free(struct worker *w)
{
	struct graph_worker *g = graph_worker(w);
	for (unsigned c = 0; c < N_CHUNKS; c++) {
		for (unsigned i = 0; g->chunk[c] && i < CHUNK_NODES; i++)
			mem_free(g->chunk[c]->run[i].drops);
		mem_free(g->chunk[c]);
		g->chunk[c] = NULL;
	}
	if (g->tail)
		vectors_done(w->lc);
	g->tail = NULL;
}

void nodes_free(struct leat_stack *st)
{
	struct graph_stack *gs = graph_of(st);
	st->on_modules = NULL;
	for (unsigned id = 0; id < gs->n; id++) {
		mem_free(node_slot(gs, id)->name);
		mem_free(node_slot(gs, id)->added);
	}
	for (unsigned c = 0; c < N_CHUNKS; c++)
		mem_free(gs->chunk[c]);
	gs->n = 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading the graph: nodes, edges and counters summed over workers. Any thread; numbers past the end answer with nothing.
 * Saved state is the counters, by name, so that they go on after a restore (the first worker then carries them). */
#include "graph/node.h"

#include <string.h>

#include "base/drop_kind.h"
#include "core/save.h"
#include "graph/graph_internal.h"

unsigned graph_n_nodes(const struct leat_stack *st)
{
	return racy_get(graph_of(st)->n);
}

const struct node *graph_node(const struct leat_stack *st, uint16_t id)
{
	return id < graph_n_nodes(st) ? node_slot(graph_of(st), id)->node : NULL;
}

uint16_t graph_edge(const struct leat_stack *st, uint16_t id, unsigned next)
{
	return id < graph_n_nodes(st) && next < NODE_NEXT_MAX ? node_slot(graph_of(st), id)->edge[next] : 0;
}

const char *graph_edge_name(const struct leat_stack *st, uint16_t id, unsigned next)
{
	return graph_node(st, id) && next < NODE_NEXT_MAX ? slot_next(node_slot(graph_of(st), id), next)
							  : NULL;
}

void graph_stats(const struct leat_stack *st, uint16_t id, struct node_stats *ret)
{
	*ret = (struct node_stats){ 0 };
	if (id >= graph_n_nodes(st))
		return;
	ret->name = node_slot(graph_of(st), id)->name;
	for (unsigned i = 0; i < st->n_workers; i++) {
		const struct node_run *r = node_run(graph_worker(st->worker[i]), id);
		ret->vectors += racy_get(r->vectors);
		ret->packets += racy_get(r->packets);
		ret->cycles += racy_get(r->cycles);
	}
}

uint64_t graph_drops(const struct leat_stack *st, uint16_t id, enum drop why)
{
	uint64_t sum = 0;
	if (id >= graph_n_nodes(st) || why >= DROP_MAX)
		return 0;
	for (unsigned i = 0; i < st->n_workers; i++) {
		const uint64_t *row = rcu_get(node_run(graph_worker(st->worker[i]), id)->drops);
		sum += row ? racy_get(row[why]) : 0;
	}
	return sum;
}

uint64_t graph_drops_total(const struct leat_stack *st)
{
	uint64_t sum = 0;
	for (unsigned id = 0; id < graph_n_nodes(st); id++)
		for (unsigned why = 0; why < DROP_MAX; why++)
			if (!drop_is_done((enum drop)why))
				sum += graph_drops(st, (uint16_t)id, why);
	return sum;
}

/* --- saved state --- */

static void save_drops(const struct leat_stack *st, struct saver *s, uint16_t id)
{
	save_list(s, "drops");
	for (unsigned why = 0; why < DROP_MAX; why++) {
		uint64_t n = graph_drops(st, id, why);
		if (!n)
			continue;
		save_item(s);
		save_str(s, "reason", drop_name(why));
		save_u64(s, "packets", n);
		save_end(s);
	}
	save_end(s);
}

int graph_save(struct leat_stack *st, struct saver *s)
{
	save_list(s, "nodes");
	for (unsigned id = 0; id < graph_n_nodes(st); id++) {
		struct node_stats n;
		graph_stats(st, (uint16_t)id, &n);
		save_item(s);
		save_str(s, "name", n.name);
		save_u64(s, "vectors", n.vectors);
		save_u64(s, "packets", n.packets);
		save_u64(s, "cycles", n.cycles);
		save_drops(st, s, (uint16_t)id);
		save_end(s);
	}
	save_end(s);
	return save_error(s);
}

/* The row of a node in the first worker's counters, or the common one without memory. */
static uint64_t *drop_row(struct leat_stack *st, unsigned id)
{
	struct graph_worker *g = graph_worker(st->worker[0]);
	struct node_run *r = node_run(g, id);
	if (!r->drops)
		rcu_set(r->drops, mem_zalloc(&st->mem, DROP_MAX * sizeof *r->drops));
	return r->drops ? r->drops : node_run(g, 0)->drops;
}

static void restore_drops(struct leat_stack *st, struct loader *l, unsigned id)
{
	size_t n;
	if (!load_list(l, "drops", &n))
		return;
	for (size_t i = 0; i < n && load_item(l, i); i++) {
		char name[64];
		uint64_t packets;
		if (load_str(l, "reason", name, sizeof name) &&
		    load_u64(l, "packets", 0, UINT64_MAX, &packets))
			/* An unknown one: DROP_NONE's. */
			racy_add(drop_row(st, id)[drop_from_name(name)], packets);
		load_end(l);
	}
	load_end(l);
}

static void restore_node(struct leat_stack *st, struct loader *l)
{
	struct node_stats n;
	char name[64];
	if (!load_str(l, "name", name, sizeof name) || !load_u64(l, "vectors", 0, UINT64_MAX, &n.vectors) ||
	    !load_u64(l, "packets", 0, UINT64_MAX, &n.packets) ||
	    !load_u64(l, "cycles", 0, UINT64_MAX, &n.cycles))
		return;
	unsigned id = node_find(st, name);
	/* Of a node we do not have: the drop node's. */
	struct node_run *r = node_run(graph_worker(st->worker[0]), id);
	racy_add(r->vectors, n.vectors);
	racy_add(r->packets, n.packets);
	racy_add(r->cycles, n.cycles);
	restore_drops(st, l, id);
}

int graph_restore(struct leat_stack *st, struct loader *l)
{
	size_t n;
	if (!load_list(l, "nodes", &n))
		return load_error(l);
	for (size_t i = 0; i < n && load_item(l, i); i++) {
		restore_node(st, l);
		load_end(l);
	}
	load_end(l);
	return load_error(l);
}

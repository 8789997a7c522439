/* SPDX-License-Identifier: BSD-2-Clause */
/* Counters go on over save and restore: every one that a stack shows before it is saved is shown again when it has come back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph/graph_internal.h"
#include "prop.h"

enum { IFACES_MAX = 2 * WIRES_MAX + 1 };

struct node_counters {
	char name[32];
	uint64_t vectors, packets, drops[DROP_MAX];
};
struct iface_counters {
	char name[IFACE_NAME_MAX];
	struct iface_worker_stats sum;
};
struct counters {
	unsigned n_nodes, n_ifaces;
	struct iface_counters iface[IFACES_MAX];
	struct node_counters node[NODE_MAX];
};

static void take_node(const struct leat_stack *st, uint16_t id, struct node_counters *to)
{
	struct node_stats s;
	graph_stats(st, id, &s);
	snprintf(to->name, sizeof to->name, "%s", s.name);
	to->vectors = s.vectors;
	to->packets = s.packets;
	for (unsigned i = 0; i < st->n_workers; i++) {
		const uint64_t *row = node_run(graph_worker(st->worker[i]), id)->drops;
		for (unsigned why = 0; row && why < DROP_MAX; why++)
			to->drops[why] += row[why];
	}
}

struct counters *counters_take(const struct leat_stack *st)
{
	struct counters *c = calloc(1, sizeof *c);
	if (!c)
		abort();
	for (; c->n_nodes < graph_n_nodes(st); c->n_nodes++)
		take_node(st, (uint16_t)c->n_nodes, &c->node[c->n_nodes]);
	for (const struct iface *i = iface_next((struct leat_stack *)st, 0); i && c->n_ifaces < IFACES_MAX;
	     i = iface_next((struct leat_stack *)st, i->ifindex)) {
		struct iface_counters *to = &c->iface[c->n_ifaces++];
		snprintf(to->name, sizeof to->name, "%s", i->name);
		iface_stats(i, &to->sum);
	}
	return c;
}

void counters_free(struct counters *c)
{
	free(c);
}

static bool same_node(struct world *w, const char *stack, const struct node_counters *was,
		      const struct node_counters *is)
{
	if (was->packets != is->packets || was->vectors != is->vectors)
		return broken(w, "restore: %s: %s had counted %lu packets in %lu vectors, now %lu in %lu",
			      stack, was->name, was->packets, was->vectors, is->packets, is->vectors);
	for (unsigned why = 0; why < DROP_MAX; why++)
		if (was->drops[why] != is->drops[why])
			return broken(w, "restore: %s: %s had dropped %lu as %s, now %lu", stack, was->name,
				      was->drops[why], why ? drop_name((enum drop)why) : "nothing",
				      is->drops[why]);
	return true;
}

static bool nodes_continue(struct world *w, const struct counters *was, const struct counters *is,
			   const char *stack)
{
	static const struct node_counters none;
	for (unsigned i = 0; i < was->n_nodes; i++) {
		const struct node_counters *n = &none;
		for (unsigned k = 0; k < is->n_nodes; k++)
			if (!strcmp(is->node[k].name, was->node[i].name))
				n = &is->node[k];
		if (!same_node(w, stack, &was->node[i], n))
			return false;
	}
	return true;
}

static bool ifaces_continue(struct world *w, const struct counters *was, const struct counters *is,
			    const char *stack)
{
	for (unsigned i = 0; i < was->n_ifaces; i++) {
		const struct iface_counters *n = NULL;
		for (unsigned k = 0; k < is->n_ifaces; k++)
			if (!strcmp(is->iface[k].name, was->iface[i].name))
				n = &is->iface[k];
		if (!n)
			return broken(w, "restore: %s: interface %s did not come back", stack,
				      was->iface[i].name);
		if (memcmp(&n->sum, &was->iface[i].sum, sizeof n->sum) != 0)
			return broken(w,
				      "restore: %s: interface %s had received %lu and sent %lu packets, now "
				      "%lu and %lu (or another counter differs)",
				      stack, n->name, was->iface[i].sum.rx_packets,
				      was->iface[i].sum.tx_packets, n->sum.rx_packets, n->sum.tx_packets);
	}
	return true;
}

bool counters_continue(struct world *w, const struct counters *was, const struct leat_stack *st)
{
	struct counters *is = counters_take(st);
	bool ok = nodes_continue(w, was, is, st->name) && ifaces_continue(w, was, is, st->name);
	counters_free(is);
	return ok;
}

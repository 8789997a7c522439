/* SPDX-License-Identifier: BSD-2-Clause */
/* Counters go on over save and restore: every one that a stack shows before it is saved is shown again when it has come back. And
 * what it would save then is what it had saved, but for what time changes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph/graph_internal.h"
#include "prop.h"

enum { IFACES_MAX = (1 + VLANS_MAX) * WIRES_MAX + 2 };

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
	char *text; /* the save file */
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

static struct counters *take(const struct leat_stack *st)
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

struct counters *counters_take(struct leat_stack *st)
{
	struct counters *c = take(st);
	size_t len;
	if (stack_save_text(st, &c->text, &len))
		abort();
	return c;
}

void counters_free(struct counters *c)
{
	if (c)
		free(c->text);
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

/* --- all the rest of a save file --- */

/* Time goes on while a stack is away. */
static bool is_of_time(const char *line)
{
	static const char *const keys[] = { "_us\":", "valid_s\":", "preferred_s\":", "\"cycles\":" };
	for (unsigned i = 0; i < ARRAY_SIZE(keys); i++)
		if (memmem(line, strcspn(line, "\n"), keys[i], strlen(keys[i])))
			return true;
	return false;
}

static const char *next_line(const char *at)
{
	at += strcspn(at, "\n");
	return at + (*at == '\n');
}

/* Line by line: there is one a field. Where they part, the last list that began says what it is about. */
static bool texts_continue(struct world *w, const char *was, const char *is, const char *stack)
{
	const char *list = "";
	for (; *was && *is; was = next_line(was), is = next_line(is)) {
		size_t n = strcspn(was, "\n"), m = strcspn(is, "\n");
		if (n && was[n - 1] == '[')
			list = was;
		if ((n != m || memcmp(was, is, n) != 0) && !(is_of_time(was) && is_of_time(is)))
			return broken(w, "restore: %s: in %.*s it was%.*s and is%.*s", stack,
				      (int)strcspn(list, "\n"), list, (int)n, was, (int)m, is);
	}
	return *was == *is || broken(w, "restore: %s: what it saves is not as long as it was", stack);
}

bool counters_continue(struct world *w, const struct counters *was, struct leat_stack *st, bool whole)
{
	struct counters *is = counters_take(st);
	bool ok = nodes_continue(w, was, is, st->name) && ifaces_continue(w, was, is, st->name) &&
		  (!whole || texts_continue(w, was->text, is->text, st->name));
	counters_free(is);
	return ok;
}

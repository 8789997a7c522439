/* SPDX-License-Identifier: BSD-2-Clause */
#include "graph/print.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct printer {
	graph_line_fn *line;
	void *ctx;
};

static void say(const struct printer *to, const char *fmt, ...) printf_like(2, 3);
static void say(const struct printer *to, const char *fmt, ...)
{
	char line[256];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	to->line(to->ctx, line);
}

static void edge_text(const struct printer *to, const char *from, const char *name, bool there)
{
	say(to, "  -> %s%s", name, there ? "" : " (no-module)");
}

static void edge_dot(const struct printer *to, const char *from, const char *name, bool there)
{
	say(to, "\t\"%s\" -> \"%s\"%s;", from, name, there ? "" : " [style=dashed]");
}

static void node_text(const struct printer *to, const char *name)
{
	say(to, "%s", name);
}

static void node_dot(const struct printer *to, const char *name)
{
	say(to, "\t\"%s\"%s;", name, strncmp(name, "hook-", 5) == 0 ? " [shape=ellipse]" : "");
}

static void missing_text(const struct printer *to, const char *name)
{
	say(to, "%s (no-module)", name);
}

static void missing_dot(const struct printer *to, const char *name)
{
	say(to, "\t\"%s\" [style=dashed, label=\"%s\\nno-module\"];", name, name);
}

static const struct style {
	const char *head[4], *foot; /* head: up to a NULL */
	void (*node)(const struct printer *to, const char *name);
	void (*edge)(const struct printer *to, const char *from, const char *name, bool there);
	void (*missing)(const struct printer *to, const char *name);
} styles[] = {
	[GRAPH_TEXT] = { { NULL }, NULL, node_text, edge_text, missing_text },
	[GRAPH_DOT] = { { "digraph leat {", "\trankdir=LR;", "\tnode [shape=box];" },
			"}",
			node_dot,
			edge_dot,
			missing_dot },
};

static bool is_missing(const struct leat_stack *st, uint16_t id, unsigned k)
{
	return graph_edge_name(st, id, k) && !graph_edge(st, id, k);
}

/* Does an edge before this one ask for the same absent node? */
static bool asked_before(const struct leat_stack *st, uint16_t id, unsigned k)
{
	const char *name = graph_edge_name(st, id, k);
	for (uint16_t i = 0; i <= id; i++)
		for (unsigned e = 1; e < (i == id ? k : (unsigned)NODE_NEXT_MAX); e++)
			if (is_missing(st, i, e) && strcmp(graph_edge_name(st, i, e), name) == 0)
				return true;
	return false;
}

void graph_print(const struct leat_stack *st, enum graph_format format, graph_line_fn *line, void *ctx)
{
	const struct printer to = { line, ctx };
	const struct style *s = &styles[format];
	unsigned n = graph_n_nodes(st);
	for (const char *const *h = s->head; *h; h++)
		line(ctx, *h);
	for (uint16_t id = 1; id < n; id++) { /* 0, "drop", is everybody's: left out */
		const struct node *node = graph_node(st, id);
		if (!node)
			continue;
		s->node(&to, node->name);
		for (unsigned k = 1; k < NODE_NEXT_MAX; k++)
			if (graph_edge_name(st, id, k))
				s->edge(&to, node->name, graph_edge_name(st, id, k), graph_edge(st, id, k));
	}
	for (uint16_t id = 1; id < n; id++)
		for (unsigned k = 1; k < NODE_NEXT_MAX; k++)
			if (is_missing(st, id, k) && !asked_before(st, id, k))
				s->missing(&to, graph_edge_name(st, id, k));
	if (s->foot)
		line(ctx, s->foot);
}

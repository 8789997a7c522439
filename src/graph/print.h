/* SPDX-License-Identifier: BSD-2-Clause */
/* The graph as text for people, or for Graphviz. Every node, where each of its edges leads, and the nodes that edges ask
 * for and no module has. Control lcore. */
#ifndef LEAT_GRAPH_PRINT_H
#define LEAT_GRAPH_PRINT_H

#include "graph/node.h"

enum graph_format { GRAPH_TEXT, GRAPH_DOT };

/* Called once per line, without newline. */
typedef void graph_line_fn(void *ctx, const char *line);

void graph_print(const struct leat_stack *st, enum graph_format format, graph_line_fn *line, void *ctx);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <linux/genetlink.h>
#include <stdio.h>
#include <string.h>

#include "leat/client.h"
#include "leat/leat.h"

static const struct field node_fields[] = {
	{ LEAT_A_NODE, F_U32, "id" },         { LEAT_A_NODE_NAME, F_STR, "name" },
	{ LEAT_A_VECTORS, F_U64, "vectors" }, { LEAT_A_PACKETS, F_U64, "packets" },
	{ LEAT_A_CYCLES, F_U64, "cycles" },   { 0 },
};

struct edge {
	const char *name;
	bool built; /* leads to a node; else to a drop named no-module */
};

static bool take_edge(const struct nlattr *at, struct edge *ret)
{
	const struct nlattr *a;

	*ret = (struct edge){ 0 };
	if (mnl_attr_get_type(at) != LEAT_A_EDGE)
		return false;
	mnl_attr_for_each_nested(a, at)
	{
		if (mnl_attr_get_type(a) == LEAT_EDGE_A_NAME && !mnl_attr_validate(a, MNL_TYPE_NUL_STRING))
			ret->name = mnl_attr_get_str(a);
		ret->built |= mnl_attr_get_type(a) == LEAT_EDGE_A_NODE;
	}
	return ret->name != NULL;
}

static void print_text(const struct answer *a, void *ctx)
{
	const struct nlattr *at;
	struct edge e;

	printf("%s  (%" PRIu64 " vectors, %" PRIu64 " packets)\n", answer_str(a, LEAT_A_NODE_NAME),
	       answer_u64(a, LEAT_A_VECTORS), answer_u64(a, LEAT_A_PACKETS));
	mnl_attr_for_each (at, a->msg, sizeof(struct genlmsghdr))
		if (take_edge(at, &e))
			printf("    -> %s%s\n", e.name, e.built ? "" : "  (not built in: drop no-module)");
}

static void print_dot(const struct answer *a, void *ctx)
{
	const char *name = answer_str(a, LEAT_A_NODE_NAME);
	const struct nlattr *at;
	struct edge e;

	printf("\t\"%s\" [label=\"%s\\n%" PRIu64 "\"];\n", name, name, answer_u64(a, LEAT_A_PACKETS));
	mnl_attr_for_each (at, a->msg, sizeof(struct genlmsghdr))
		if (take_edge(at, &e))
			printf("\t\"%s\" -> \"%s\"%s;\n", name, e.name, e.built ? "" : " [style=dotted]");
}

static void add_json(const struct answer *a, void *ctx)
{
	json_t *node = answer_json(a, node_fields), *edges = json_array();
	const struct nlattr *at;
	struct edge e;

	mnl_attr_for_each (at, a->msg, sizeof(struct genlmsghdr))
		if (take_edge(at, &e))
			json_array_append_new(edges, json_pack("{s:s, s:b}", "to", e.name, "built", e.built));
	json_object_set_new(node, "edges", edges);
	json_array_append_new(ctx, node);
}

static int run(struct leat_args *a)
{
	json_t *list;
	struct client *c;
	bool dot = false;
	int id, ret;

	while ((id = leat_option(a)) > 0)
		dot = true;
	if (id < 0)
		return leat_bad_usage(a);
	if (a->argc)
		return leat_error("graph: unknown word %s (see leat graph --help)", a->argv[0]);
	if (dot && a->json)
		return leat_error("graph: choose --dot or --json (see leat graph --help)");
	if (client_open(a->name, &c))
		return 1;
	list = a->json ? json_array() : NULL;
	if (dot)
		printf("digraph leat {\n\trankdir=LR;\n\tnode [shape=box];\n");
	ret = client_dump(c, LEAT_CMD_NODE_GET, a->json ? add_json : dot ? print_dot : print_text, list);
	if (dot)
		printf("}\n");
	client_close(c);
	return ret || !a->json ? ret : print_json(list);
}

static const struct cli_option options[] = {
	{ .id = 256, .name = "dot", .help = "print it for Graphviz: `leat graph --dot | dot -Tsvg`" },
	{ 0 },
};

const struct leat_command cmd_graph = {
	.name = "graph",
	.usage = "[--dot | --json]",
	.what = "print the graph of nodes",
	.text = "Each node with the edges packets leave it by. An edge to a node that is not built in is a "
		"drop.\n",
	.options = options,
	.json = true,
	.run = run,
};

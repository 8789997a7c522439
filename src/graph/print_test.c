/* SPDX-License-Identifier: BSD-2-Clause */
#include "print.c"

#include "graph/rig.h"

static void none_run(struct worker *w, struct pkt_vec *v)
{
}
static const struct node one_node = { .name = "one", .run = none_run, .next = { [1] = "two", [2] = "gone" } };
static const struct node two_node = { .name = "two", .run = none_run, .next = { [1] = "gone" } };
static const struct node *const test_nodes[] = { &one_node, &two_node, NULL };
static const struct module test_module = { .name = "test", .id = MODULE_TEST, .nodes = test_nodes };

static char text[8192];

static void collect(void *ctx, const char *line)
{
	strcat(text, line);
	strcat(text, "\n");
}

static unsigned count(const char *what)
{
	unsigned n = 0;
	for (const char *p = text; (p = strstr(p, what)); p++)
		n++;
	return n;
}

static void text_lists_nodes_edges_and_what_is_missing(void **state)
{
	struct rig r;
	rig_open(&r, 1, &test_module);
	text[0] = 0;
	graph_print(r.st, GRAPH_TEXT, collect, NULL);
	assert_non_null(strstr(text, "\none\n  -> two\n  -> gone (no-module)\ntwo\n  -> gone (no-module)\n"));
	assert_int_equal(count("\ngone (no-module)\n"), 1);
	assert_int_equal(count("\nhook-egress\n"), 1);
	assert_int_equal(count("\niface-output (no-module)\n"), 1);
	rig_close(&r);
}

static void dot_is_a_digraph(void **state)
{
	struct rig r;
	rig_open(&r, 1, &test_module);
	text[0] = 0;
	graph_print(r.st, GRAPH_DOT, collect, NULL);
	assert_memory_equal(text, "digraph leat {\n", 15);
	assert_int_equal(count("\t\"one\" -> \"two\";\n"), 1);
	assert_int_equal(count("\t\"two\" -> \"gone\" [style=dashed];\n"), 1);
	assert_int_equal(count("\t\"gone\" [style=dashed, label=\"gone\\nno-module\"];\n"), 1);
	assert_string_equal(text + strlen(text) - 3, "\n}\n");
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_lists_nodes_edges_and_what_is_missing),
		cmocka_unit_test(dot_is_a_digraph),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

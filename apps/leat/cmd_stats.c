/* SPDX-License-Identifier: BSD-2-Clause */
/* `leat stats` and `leat drops`: counters. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "leat/client.h"
#include "leat/leat.h"

static const struct field stack_fields[] = {
	{ LEAT_A_NAME, F_STR, "name" },
	{ LEAT_A_TIME_US, F_U64, "time_us" },
	{ LEAT_A_WORKERS, F_U32, "workers" },
	{ LEAT_A_PACKETS_DROPPED, F_U64, "packets_dropped" },
	{ LEAT_A_ROUTES_IP4, F_U64, "routes_ip4" },
	{ LEAT_A_ROUTES_IP6, F_U64, "routes_ip6" },
	{ LEAT_A_MODULES, F_STR, "modules" },
	{ 0 },
};

static void print_stack(const struct answer *a, void *ctx)
{
	uint64_t s = answer_u64(a, LEAT_A_TIME_US) / 1000000;

	printf("%s: up %" PRIu64 ":%02u:%02u, %" PRIu32 " workers, %" PRIu64 " packets dropped, %" PRIu64
	       " + %" PRIu64 " routes (IPv4 + IPv6)\nmodules: %s\n",
	       answer_str(a, LEAT_A_NAME), s / 3600, (unsigned)(s / 60 % 60), (unsigned)(s % 60),
	       answer_u32(a, LEAT_A_WORKERS), answer_u64(a, LEAT_A_PACKETS_DROPPED),
	       answer_u64(a, LEAT_A_ROUTES_IP4), answer_u64(a, LEAT_A_ROUTES_IP6),
	       answer_str(a, LEAT_A_MODULES));
}

static const struct field node_fields[] = {
	{ LEAT_A_NODE_NAME, F_STR, "node" },
	{ LEAT_A_VECTORS, F_U64, "vectors" },
	{ LEAT_A_PACKETS, F_U64, "packets" },
	{ LEAT_A_CYCLES, F_U64, "cycles" },
	{ 0 },
};

/* Nodes that no packet has met are left out. */
static void print_node(const struct answer *a, void *ctx)
{
	uint64_t vectors = answer_u64(a, LEAT_A_VECTORS), packets = answer_u64(a, LEAT_A_PACKETS);

	if (packets)
		printf("%-24s %12" PRIu64 " %12" PRIu64 " %12.1f %12.1f\n", answer_str(a, LEAT_A_NODE_NAME),
		       vectors, packets, vectors ? (double)packets / vectors : 0.0,
		       (double)answer_u64(a, LEAT_A_CYCLES) / packets);
}

static const struct field lcore_fields[] = {
	{ LEAT_A_LCORE, F_U32, "lcore" },
	{ LEAT_A_CONTROL, F_FLAG, "control" },
	{ LEAT_A_TURNS, F_U64, "turns" },
	{ LEAT_A_BUSY_TURNS, F_U64, "busy_turns" },
	{ LEAT_A_MESSAGES_LOST, F_U64, "messages_lost" },
	{ LEAT_A_POOL_ALLOCATED, F_U64, "pool_allocated" },
	{ LEAT_A_POOL_FREED, F_U64, "pool_freed" },
	{ LEAT_A_POOL_IN_USE, F_U64, "pool_in_use" },
	{ LEAT_A_POOL_PAGES, F_U64, "pool_pages" },
	{ LEAT_A_POOL_BYTES, F_U64, "pool_bytes" },
	{ LEAT_A_POOL_EMPTY, F_U64, "pool_empty" },
	{ LEAT_A_POOL_COPIED, F_U64, "pool_copied_bytes" },
	{ LEAT_A_POOL_PULLED_UP, F_U64, "pool_pulled_up" },
	{ 0 },
};

static void print_lcore(const struct answer *a, void *ctx)
{
	if (a->attr[LEAT_A_CONTROL])
		printf("%-24s %12" PRIu64 " %12" PRIu64 "\n", "control", answer_u64(a, LEAT_A_TURNS),
		       answer_u64(a, LEAT_A_BUSY_TURNS));
	else
		printf("%-24" PRIu32 " %12" PRIu64 " %12" PRIu64 " %12" PRIu64 " %12" PRIu64 " %12" PRIu64
		       "\n",
		       answer_u32(a, LEAT_A_LCORE), answer_u64(a, LEAT_A_TURNS),
		       answer_u64(a, LEAT_A_BUSY_TURNS), answer_u64(a, LEAT_A_POOL_IN_USE),
		       answer_u64(a, LEAT_A_POOL_BYTES), answer_u64(a, LEAT_A_POOL_EMPTY));
}

static const struct field mem_fields[] = {
	{ LEAT_A_ACCOUNT, F_STR, "account" }, { LEAT_A_USED, F_U64, "used_bytes" },
	{ LEAT_A_PEAK, F_U64, "peak_bytes" }, { LEAT_A_LIMIT, F_U64, "limit_bytes" },
	{ LEAT_A_REFUSED, F_U64, "refused" }, { 0 },
};

static void print_mem(const struct answer *a, void *ctx)
{
	printf("%-24s %12" PRIu64 " %12" PRIu64 " %12" PRIu64 " %12" PRIu64 "\n",
	       answer_str(a, LEAT_A_ACCOUNT), answer_u64(a, LEAT_A_USED), answer_u64(a, LEAT_A_PEAK),
	       answer_u64(a, LEAT_A_LIMIT), answer_u64(a, LEAT_A_REFUSED));
}

/* What `leat stats` consists of. */
static const struct part {
	const char *json;
	uint8_t cmd;
	bool dump;
	const struct field *fields;
	answer_fn *print;
	const char *title;
} parts[] = {
	/* clang-format off */
	{ "stack",  LEAT_CMD_STACK_GET, false, stack_fields, print_stack, "" },
	{ "nodes",  LEAT_CMD_NODE_GET,  true,  node_fields,  print_node,
	  "\nnode                          vectors      packets packets/vec  cycles/pkt\n" },
	{ "lcores", LEAT_CMD_LCORE_GET, true,  lcore_fields, print_lcore,
	  "\nlcore                           turns   busy turns      packets   pool bytes   pool empty\n" },
	{ "memory", LEAT_CMD_MEM_GET,   true,  mem_fields,   print_mem,
	  "\nmemory account             used bytes         peak        limit      refused\n" },
	/* clang-format on */
};
enum { PARTS = sizeof parts / sizeof parts[0] };

struct collect {
	const struct field *fields;
	json_t *list;
};

static void add_json(const struct answer *a, void *ctx)
{
	struct collect *to = ctx;

	json_array_append_new(to->list, answer_json(a, to->fields));
}

static int ask_part(struct client *c, const struct part *p, json_t *all)
{
	struct collect to = { p->fields, all ? json_array() : NULL };
	int err;

	if (!all)
		fputs(p->title, stdout);
	client_begin(c, p->cmd, p->dump);
	err = client_run(c, all ? add_json : p->print, &to);
	if (all && p->dump)
		json_object_set_new(all, p->json, to.list);
	else if (all) {
		json_object_set(all, p->json, json_array_get(to.list, 0));
		json_decref(to.list);
	}
	return err ? client_refused(c, p->json, err) : 0;
}

static int run_stats(struct leat_args *a)
{
	struct client *c;
	json_t *all;
	int ret = 0;

	if (leat_option(a) < 0)
		return leat_bad_usage(a);
	if (a->argc)
		return leat_error("stats: unknown word %s (see leat stats --help)", a->argv[0]);
	if (client_open(a->name, &c))
		return 1;
	all = a->json ? json_object() : NULL;
	for (int i = 0; i < PARTS && !ret; i++)
		ret = ask_part(c, &parts[i], all);
	client_close(c);
	return ret || !all ? ret : print_json(all);
}

const struct leat_command cmd_stats = {
	.name = "stats",
	.usage = "[--json]",
	.what = "counters of nodes, lcores and memory",
	.text = "Nodes that no packet has met are left out, except with --json.\n",
	.json = true,
	.run = run_stats,
};

/* --- drops --- */

static const struct field drop_fields[] = {
	{ LEAT_A_NODE_NAME, F_STR, "node" }, { LEAT_A_DROP, F_STR, "reason" },
	{ LEAT_A_COUNT, F_U64, "count" },    { LEAT_A_CONSUMED, F_FLAG, "consumed" },
	{ LEAT_A_HELP, F_STR, "help" },      { 0 },
};

static void print_drop(const struct answer *a, void *ctx)
{
	printf("%12" PRIu64 "  %-20s %-20s %s\n", answer_u64(a, LEAT_A_COUNT),
	       answer_str(a, LEAT_A_NODE_NAME), answer_str(a, LEAT_A_DROP), answer_str(a, LEAT_A_HELP));
}

static void print_loss(const struct answer *a, void *ctx)
{
	if (!a->attr[LEAT_A_CONSUMED])
		print_drop(a, ctx);
}

static int run_drops(struct leat_args *a)
{
	struct collect to = { .fields = drop_fields };
	struct client *c;
	bool all = false;
	int id, err;

	while ((id = leat_option(a)) > 0)
		all = true;
	if (id < 0)
		return leat_bad_usage(a);
	if (a->argc)
		return leat_error("drops: unknown word %s (see leat drops --help)", a->argv[0]);
	if (client_open(a->name, &c))
		return 1;
	to.list = a->json ? json_array() : NULL;
	client_begin(c, LEAT_CMD_DROP_GET, true);
	if (all)
		leat_nl_put_flag(c->nl, LEAT_A_ALL);
	err = client_run(c, a->json ? add_json : all ? print_drop : print_loss, &to);
	if (err)
		client_refused(c, "drops", err);
	client_close(c);
	return err ? 1 : a->json ? print_json(to.list) : 0;
}

static const struct cli_option drop_options[] = {
	{ .letter = 'a',
	  .name = "all",
	  .help = "also the reasons that have not occurred, and those that are no loss (arp-done)" },
	{ 0 },
};

const struct leat_command cmd_drops = {
	.name = "drops",
	.usage = "[-a] [--json]",
	.what = "dropped packets by node and reason",
	.text = "A line is a count, the node that dropped, the reason's name, and what it means. "
		"What came to where it was going is counted, too, but is no drop: -a shows it, and JSON has "
		"it as \"consumed\".\n",
	.options = drop_options,
	.json = true,
	.run = run_drops,
};

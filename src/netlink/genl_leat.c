/* SPDX-License-Identifier: BSD-2-Clause */
/* The generic netlink family "leat" (leat/genl.h): its table of commands, and the module that brings it. */
#include "netlink/genl_leat.h"

#include <errno.h>

#include "explain/explain.h"

static const struct nl_policy leat_policy[LEAT_A_MAX_PLUS_1] = {
	[LEAT_A_ALL] = { NL_FLAG, .name = "LEAT_A_ALL", .help = "those that count nothing too" },
	[LEAT_A_IFINDEX] = { NL_U32, .name = "LEAT_A_IFINDEX" },
	[LEAT_A_IFNAME] = { NL_NUL_STRING, .max = 15, .name = "LEAT_A_IFNAME" },
	[LEAT_A_KIND] = { NL_NUL_STRING, .max = 31, .name = "LEAT_A_KIND",
			  .help = "af_packet, tap, mem, ..." },
	[LEAT_A_OPTIONS] = { NL_NUL_STRING, .max = 255, .name = "LEAT_A_OPTIONS", .help = "key=value,..." },
	[LEAT_A_FILTER] = { NL_BYTES, .min = 8, .max = 32768, .name = "LEAT_A_FILTER",
			    .help = "struct sock_filter, one after another" },
	[LEAT_A_KNOB] = { NL_NUL_STRING, .max = KNOB_NAME_MAX - 1, .name = "LEAT_A_KNOB",
			  .help = "as sysctl has it" },
	[LEAT_A_VALUE] = { NL_NUL_STRING, .max = KNOB_TEXT_MAX - 1, .name = "LEAT_A_VALUE" },
	[LEAT_A_OUT_IFNAME] = { NL_NUL_STRING, .max = 15, .name = "LEAT_A_OUT_IFNAME" },
	[LEAT_A_WORKER] = { NL_U32, .name = "LEAT_A_WORKER" },
	[LEAT_A_PACKET] = { NL_BYTES, .min = 1, .max = EXPLAIN_LEN_MAX, .name = "LEAT_A_PACKET",
			    .help = "from the Ethernet header on, or from that of IP" },
	[LEAT_A_MARK] = { NL_U32, .name = "LEAT_A_MARK" },
	[LEAT_A_UID] = { NL_U32, .name = "LEAT_A_UID" },
	[LEAT_A_NODE_NAME] = { NL_NUL_STRING, .max = 63, .name = "LEAT_A_NODE_NAME" },
	[LEAT_A_WHAT] = { NL_U32, .min = 1, .max = 31, .name = "LEAT_A_WHAT",
			  .help = "enum leat_capture_what" },
	[LEAT_A_SNAP_LEN] = { NL_U32, .name = "LEAT_A_SNAP_LEN" },
	[LEAT_A_WHOLE] = { NL_FLAG, .name = "LEAT_A_WHOLE", .help = "nothing is to be filled in" },
	[LEAT_A_LIMIT_PACKETS] = { NL_U64, .name = "LEAT_A_LIMIT_PACKETS", .help = "0: until stopped" },
};

enum { A = LEAT_A_MAX_PLUS_1 - 1 };
static const struct nl_msg leat_msgs[] = {
	{ LEAT_CMD_STACK_GET, 0, 0, A, leat_policy, leat_stack_get, NULL, "LEAT_CMD_STACK_GET" },
	{ LEAT_CMD_DEV_GET, 0, 0, A, leat_policy, leat_dev_get, leat_dev_dump, "LEAT_CMD_DEV_GET" },
	{ LEAT_CMD_DEV_ADD, NL_ADMIN, 0, A, leat_policy, leat_dev_add, NULL, "LEAT_CMD_DEV_ADD" },
	{ LEAT_CMD_DEV_DEL, NL_ADMIN, 0, A, leat_policy, leat_dev_del, NULL, "LEAT_CMD_DEV_DEL" },
	{ LEAT_CMD_NODE_GET, 0, 0, A, leat_policy, NULL, leat_node_dump, "LEAT_CMD_NODE_GET" },
	{ LEAT_CMD_DROP_GET, 0, 0, A, leat_policy, NULL, leat_drop_dump, "LEAT_CMD_DROP_GET" },
	{ LEAT_CMD_LCORE_GET, 0, 0, A, leat_policy, NULL, leat_lcore_dump, "LEAT_CMD_LCORE_GET" },
	{ LEAT_CMD_MEM_GET, 0, 0, A, leat_policy, NULL, leat_mem_dump, "LEAT_CMD_MEM_GET" },
	{ LEAT_CMD_TRACE_START, NL_ADMIN, 0, A, leat_policy, leat_trace_start, NULL, "LEAT_CMD_TRACE_START" },
	{ LEAT_CMD_TRACE_STOP, NL_ADMIN, 0, A, leat_policy, leat_trace_stop, NULL, "LEAT_CMD_TRACE_STOP" },
	{ LEAT_CMD_SAVE, NL_ADMIN, 0, A, leat_policy, NULL, leat_save_dump, "LEAT_CMD_SAVE" },
	{ LEAT_CMD_KNOB_GET, 0, 0, A, leat_policy, leat_knob_get, leat_knob_dump, "LEAT_CMD_KNOB_GET" },
	{ LEAT_CMD_KNOB_SET, NL_ADMIN, 0, A, leat_policy, leat_knob_set, NULL, "LEAT_CMD_KNOB_SET" },
	{ LEAT_CMD_EXPLAIN, NL_ADMIN, 0, A, leat_policy, leat_explain, NULL, "LEAT_CMD_EXPLAIN" },
	{ LEAT_CMD_CAPTURE_START, NL_ADMIN, 0, A, leat_policy, leat_capture_start, NULL,
	  "LEAT_CMD_CAPTURE_START" },
	{ LEAT_CMD_CAPTURE_STOP, NL_ADMIN, 0, A, leat_policy, leat_capture_stop, NULL,
	  "LEAT_CMD_CAPTURE_STOP" },
	{ 0 },
};

static const struct nl_family leat_family = {
	.name = LEAT_GENL_NAME,
	.protocol = NETLINK_GENERIC,
	.version = LEAT_GENL_VERSION,
	.msgs = leat_msgs,
	.parse_flags = NL_STRICT | NL_EXACT,
};
static const struct nl_family *const leat_families[] = { &leat_family, NULL };

static void sock_closed(struct nl_closer *c, struct nl_sock *s)
{
	leat_trace_closed(container_of(c, struct leat_genl, closer), s);
	leat_explain_closed(container_of(c, struct leat_genl, closer), s);
	leat_capture_closed(container_of(c, struct leat_genl, closer), s);
	leat_save_closed(container_of(c, struct leat_genl, closer), s);
}

static bool sock_is_held(struct nl_closer *c, const struct nl_sock *s)
{
	struct leat_genl *g = container_of(c, struct leat_genl, closer);
	return g->tracer == s || leat_explain_has(g, s) || leat_capture_has(g, s);
}

static int genl_leat_init(struct leat_stack *st)
{
	struct leat_genl *g = leat_genl(st);
	if (!nl_state(st))
		return -ENOPROTOOPT; /* built without netlink */
	g->st = st;
	g->closer.closed = sock_closed;
	g->closer.holds = sock_is_held;
	list_append(&nl_state(st)->closers, &g->closer.link);
	leat_trace_init(g);
	leat_explain_init(g);
	leat_capture_init(g);
	leat_save_init(g);
	return 0;
}

static void genl_leat_unlink(struct leat_stack *st)
{
	leat_trace_done(leat_genl(st));
	leat_explain_done(leat_genl(st));
	leat_capture_done(leat_genl(st));
	leat_save_done(leat_genl(st));
	list_remove(&leat_genl(st)->closer.link);
}

const struct module genl_leat_module = {
	.name = "genl_leat",
	.id = MODULE_genl_leat,
	.netlink = leat_families,
	.stack_size = sizeof(struct leat_genl),
	.init = genl_leat_init,
	.unlink = genl_leat_unlink,
};

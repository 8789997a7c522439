/* SPDX-License-Identifier: BSD-2-Clause */
/* `leat graph`, `leat stats` and `leat drops`: nodes, their edges and counters. */
#include "base/drop_kind.h"
#include "graph/node.h"
#include "netlink/genl_leat.h"

static const char *node_name(const struct leat_stack *st, uint16_t id)
{
	const struct node *n = graph_node(st, id);
	return n ? n->name : "-";
}

static void put_edge(struct nl_buf *b, const struct leat_stack *st, uint16_t id, unsigned next)
{
	const char *name = graph_edge_name(st, id, next);
	uint16_t to = graph_edge(st, id, next);
	if (!name)
		return;
	size_t nest = nl_nest(b, LEAT_A_EDGE);
	nl_put_u32(b, LEAT_EDGE_A_INDEX, next);
	nl_put_str(b, LEAT_EDGE_A_NAME, name);
	if (to)
		nl_put_u32(b, LEAT_EDGE_A_NODE, to);
	nl_nest_end(b, nest);
}

static int put_node(struct nl_req *r, uint16_t id)
{
	struct nl_buf *b = r->reply;
	struct node_stats s;
	graph_stats(r->st, id, &s);
	leat_begin(r, LEAT_CMD_NODE_GET, NLM_F_MULTI);
	nl_put_u32(b, LEAT_A_NODE, id);
	nl_put_str(b, LEAT_A_NODE_NAME, node_name(r->st, id));
	leat_put_u64(b, LEAT_A_VECTORS, s.vectors);
	leat_put_u64(b, LEAT_A_PACKETS, s.packets);
	leat_put_u64(b, LEAT_A_CYCLES, s.cycles);
	for (unsigned next = 1; next < NODE_NEXT_MAX; next++)
		put_edge(b, r->st, id, next);
	return nl_end(b);
}

int leat_node_dump(struct nl_req *r, struct nl_dump *d)
{
	for (; d->key[0] < graph_n_nodes(r->st); d->key[0]++)
		if (graph_node(r->st, (uint16_t)d->key[0]) && put_node(r, (uint16_t)d->key[0]))
			return 1;
	return 0;
}

static int put_drop(struct nl_req *r, uint16_t id, enum drop why, uint64_t count)
{
	struct nl_buf *b = r->reply;
	leat_begin(r, LEAT_CMD_DROP_GET, NLM_F_MULTI);
	nl_put_u32(b, LEAT_A_NODE, id);
	nl_put_str(b, LEAT_A_NODE_NAME, node_name(r->st, id));
	nl_put_str(b, LEAT_A_DROP, drop_name(why));
	nl_put_str(b, LEAT_A_HELP, drop_help(why));
	leat_put_u64(b, LEAT_A_COUNT, count);
	if (drop_is_done(why))
		nl_put_flag(b, LEAT_A_CONSUMED);
	return nl_end(b);
}

/* key[0]: the node; key[1]: the reason. */
int leat_drop_dump(struct nl_req *r, struct nl_dump *d)
{
	for (; d->key[0] < graph_n_nodes(r->st); d->key[0]++, d->key[1] = 0) {
		uint16_t id = (uint16_t)d->key[0];
		for (; d->key[1] < DROP_MAX; d->key[1]++) {
			enum drop why = (enum drop)d->key[1];
			uint64_t count = graph_drops(r->st, id, why);
			bool shown = count || (r->attrs[LEAT_A_ALL] && why && graph_node(r->st, id));
			if (shown && put_drop(r, id, why, count))
				return 1;
		}
	}
	return 0;
}

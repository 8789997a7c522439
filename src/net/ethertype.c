/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/ethertype.h"

#include <errno.h>

static unsigned row_of(const struct ethertypes *t, uint16_t type)
{
	unsigned i = 0;
	while (i < t->n && t->row[i].type != type)
		i++;
	return i;
}

int ethertype_add(struct leat_stack *st, uint16_t type, const char *node)
{
	struct ethertypes *t = stack_state(st, MODULE_eth);
	if (!t)
		return 0;
	unsigned i = row_of(t, type);
	if (i < t->n)
		return -EEXIST;
	uint8_t edge = t->n < ETHERTYPES_MAX ? node_edge_add(st, "eth-demux", node) : 0;
	if (!edge)
		return -ENOBUFS;
	t->row[i].type = type;
	t->row[i].edge = edge;
	t->row[i].node = node;
	t->n++;
	return 0;
}

void ethertype_remove(struct leat_stack *st, uint16_t type)
{
	struct ethertypes *t = stack_state(st, MODULE_eth);
	unsigned i = t ? row_of(t, type) : 0;
	if (!t || i == t->n)
		return;
	node_edge_remove(st, "eth-demux", t->row[i].node);
	t->row[i] = t->row[--t->n];
}

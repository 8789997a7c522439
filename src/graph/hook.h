/* SPDX-License-Identifier: BSD-2-Clause */
/* Hook points: where filters, trackers and taps sit. Each is an edge of the node that owns it, per interface: while
 * nobody listens the edge leads straight on and costs nothing; when somebody does, it leads to the point's hook node,
 * which runs the listeners in order of priority and sends what they accept where the edge led before. */
#ifndef LEAT_GRAPH_HOOK_H
#define LEAT_GRAPH_HOOK_H

#include "graph/node.h"

enum hook_point {
#define HOOK_POINT(NAME, name, owner, next) HOOK_##NAME,
#include "graph/hooks.def"
#undef HOOK_POINT
	HOOK_MAX
};

const char *hook_name(enum hook_point h); /* "ip4-prerouting" */

enum hook_verdict {
	HOOK_ACCEPT,
	HOOK_DROP, /* for p->drop, or DROP_HOOK when that is not set */
	HOOK_STOLEN, /* the listener owns it */
};

struct hook_listener {
	struct list link; /* the hook table's */
	const char *name;
	enum hook_point point;
	int priority; /* lower first; equal: in order of arrival. Linux's NF_IP_PRI_* scale */
	/* verdict[i] for v->pkt[i], all HOOK_ACCEPT at entry. */
	void (*fn)(struct worker *w, struct hook_listener *l, struct pkt_vec *v, uint8_t *verdict);
	void *ctx;
};

/* Per interface: which edge of the owner each point takes now. The fast path reads one byte:
 * next = iface->hooks.edge[HOOK_IP4_FORWARD]. Written by the control lcore. */
struct hook_edges {
	uint8_t edge[HOOK_MAX]; /* first: packets read them */
	struct list link;
};

/* Control lcore. Interfaces register their edges when made, so that later listeners reach them. */
void hook_edges_add(struct leat_stack *st, struct hook_edges *e);
void hook_edges_remove(struct leat_stack *st, struct hook_edges *e);
/* The listener is borrowed until hook_unlisten() and a grace period. 0 or -errno. */
int hook_listen(struct leat_stack *st, struct hook_listener *l);
void hook_unlisten(struct leat_stack *st, struct hook_listener *l);
/* Is anybody at this point? Control lcore. */
bool hook_is_busy(const struct leat_stack *st, enum hook_point h);

/* Any worker: edge[h], which is the owner's edge to the hook node or the one straight on. The owner's `next` table must name
 * both ("hook-<name>" and the default). */
uint8_t hook_read_edge(const struct hook_edges *e, enum hook_point h);

#endif

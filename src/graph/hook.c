/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: two things decide what happens at a point. Workers read which edge to take from a byte of the
 * interface, and the hook node reads whom to call from the published table. Adding a listener publishes the table, then
 * flips the bytes; removing the last one flips the bytes back, then publishes. A worker that sees only half of that is
 * not led astray: a hook node without listeners sends its packets straight on.
 *
 * There is one hook node per point, so each has counters, an edge and a name of its own; they share one body.
 *
 * Threads: listeners come and go on the control lcore. A table, and a listener taken out of it, may be seen by workers
 * until the turn they are in ends, which is what rt_defer() waits for. */
#include "graph/hook.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "graph/facts.h"
#include "graph/graph_internal.h"

enum { HOOK_NEXT_ON = 1 };

static const struct {
	const char *name, *owner, *next, *node;
} points[HOOK_MAX] = {
#define HOOK_POINT(NAME, name, owner, next) [HOOK_##NAME] = { name, owner, next, "hook-" name },
#include "graph/hooks.def"
#undef HOOK_POINT
};

/* Read: any worker, within a turn.   Write: control lcore; complete when published.   Free: rt_defer() in table_publish(). */
struct hook_table {
	struct deferred deferred;
	uint16_t first[HOOK_MAX + 1]; /* of each point, in listener[] */
	rcu_ptr(struct hook_listener) listener[]; /* NULL: taken out in a hurry, table_forget() */
};

const char *hook_name(enum hook_point h)
{
	return h < HOOK_MAX ? points[h].name : "?";
}

/* --- what a packet meets --- */

/* Drops and forgets what the listener did not accept; the rest moves up. */
static void sift(struct worker *w, struct pkt_vec *v, const uint8_t *verdict)
{
	struct graph_worker *g = graph_worker(w);
	unsigned kept = 0;
	for (unsigned i = 0; i < v->n; i++) {
		struct pkt *p = v->pkt[i];
		if (verdict[i] == HOOK_ACCEPT)
			v->pkt[kept++] = p;
		else if (verdict[i] == HOOK_DROP)
			graph_drop(w, g->node, p, p->drop ? p->drop : DROP_HOOK);
	}
	v->n = (uint16_t)kept;
}

static inline void hook_body(struct worker *w, struct pkt_vec *v, enum hook_point h)
{
	const struct hook_table *t = view_get(w, VIEW_hooks);
	uint8_t verdict[PKT_VEC_MAX];
	for (unsigned i = t ? t->first[h] : 0; t && i < t->first[h + 1] && v->n; i++) {
		struct hook_listener *l = rcu_get(t->listener[i]);
		if (!l)
			continue;
		memset(verdict, HOOK_ACCEPT, v->n);
		l->fn(w, l, v, verdict);
		if (verdict[0] != HOOK_ACCEPT || memcmp(verdict, verdict + 1, v->n - 1U) != 0)
			sift(w, v, verdict);
	}
	vec_dispatch_all(w, v, HOOK_NEXT_ON);
}

/* Who listens there, in the order in which they are asked; whoever drops is the last. */
static void hook_explain(struct worker *w, enum hook_point h, bool leaves, struct facts *f)
{
	const struct hook_table *t = view_get(w, VIEW_hooks);
	for (unsigned i = t ? t->first[h] : 0; !leaves && t && i < t->first[h + 1]; i++) {
		const struct hook_listener *l = rcu_get(t->listener[i]);
		if (l)
			fact(f, "hook", "%s, priority %d", l->name ? l->name : "?", l->priority);
	}
}

#define HOOK_POINT(NAME, point, owner, to)                                                              \
	static void run_##NAME(struct worker *w, struct pkt_vec *v)                                     \
	{                                                                                               \
		hook_body(w, v, HOOK_##NAME);                                                           \
	}                                                                                               \
	static void explain_##NAME(struct worker *w, const struct pkt *p, bool leaves, struct facts *f) \
	{                                                                                               \
		hook_explain(w, HOOK_##NAME, leaves, f);                                                \
	}                                                                                               \
	static const struct node node_##NAME = {                                                        \
		.name = "hook-" point,                                                                  \
		.run = run_##NAME,                                                                      \
		.explain = explain_##NAME,                                                              \
		.next = { [HOOK_NEXT_ON] = to },                                                        \
	};
#include "graph/hooks.def"
#undef HOOK_POINT

const struct node *const hook_nodes[] = {
#define HOOK_POINT(NAME, name, owner, next) &node_##NAME,
#include "graph/hooks.def"
#undef HOOK_POINT
	NULL
};

/* --- edges --- */

static uint8_t edge_now(const struct hook_state *hs, enum hook_point h)
{
	return hs->busy[h] && hs->hooked[h] ? hs->hooked[h] : hs->straight[h];
}

static void flip(struct hook_state *hs, enum hook_point h)
{
	struct hook_edges *e;
	list_for_each (e, &hs->edges, link)
		racy_set(e->edge[h], edge_now(hs, h));
}

uint8_t hook_read_edge(const struct hook_edges *e, enum hook_point h)
{
	return racy_get(e->edge[h]);
}

void hook_edges_add(struct leat_stack *st, struct hook_edges *e)
{
	struct hook_state *hs = &graph_of(st)->hooks;
	for (unsigned h = 0; h < HOOK_MAX; h++)
		racy_set(e->edge[h], edge_now(hs, h));
	list_append(&hs->edges, &e->link);
}

void hook_edges_remove(struct leat_stack *st, struct hook_edges *e)
{
	list_remove(&e->link);
}

static uint8_t edge_to(const struct node *owner, const char *name)
{
	for (unsigned k = 1; k < NODE_NEXT_MAX; k++)
		if (owner->next[k] && strcmp(owner->next[k], name) == 0)
			return (uint8_t)k;
	return NEXT_DROP;
}

void hooks_nodes_changed(struct leat_stack *st)
{
	struct hook_state *hs = &graph_of(st)->hooks;
	for (unsigned h = 0; h < HOOK_MAX; h++) {
		uint16_t id = node_find(st, points[h].owner);
		const struct node *owner = id ? graph_node(st, id) : NULL;
		hs->straight[h] = owner ? edge_to(owner, points[h].next) : 0;
		hs->hooked[h] = owner ? edge_to(owner, points[h].node) : 0;
		if (!hs->straight[h] != !hs->hooked[h])
			rt_log(st->rt, LOG_ERROR, "node %s lacks an edge to %s", owner->name,
			       hs->straight[h] ? points[h].node : points[h].next);
		flip(hs, h);
	}
}

/* --- listeners --- */

static void table_free(struct deferred *d)
{
	mem_free(container_of(d, struct hook_table, deferred));
}

static int table_publish(struct leat_stack *st)
{
	struct hook_state *hs = &graph_of(st)->hooks;
	struct hook_listener *l;
	unsigned n = 0;
	for (unsigned h = 0; h < HOOK_MAX; h++)
		list_for_each (l, &hs->listeners[h], link)
			n++;
	struct hook_table *old = view_ctl(st, VIEW_hooks);
	struct hook_table *t = mem_zalloc(&st->mem, sizeof *t + n * sizeof t->listener[0]);
	if (!t || view_stage(st, VIEW_hooks, t)) {
		mem_free(t);
		return -ENOMEM;
	}
	n = 0;
	for (unsigned h = 0; h < HOOK_MAX; h++) {
		list_for_each (l, &hs->listeners[h], link)
			t->listener[n++] = l;
		t->first[h + 1] = (uint16_t)n;
	}
	view_publish(st);
	if (old)
		rt_defer(st->rt->ctl, st->rt, &old->deferred, table_free);
	return 0;
}

int hook_listen(struct leat_stack *st, struct hook_listener *l)
{
	struct hook_state *hs = &graph_of(st)->hooks;
	struct hook_listener *after;
	if (l->point >= HOOK_MAX || !l->fn)
		return -EINVAL;
	list_for_each (after, &hs->listeners[l->point], link)
		if (after->priority > l->priority)
			break;
	list_append(&after->link, &l->link); /* in front of it, or at the end */
	int err = table_publish(st);
	if (err) {
		list_remove(&l->link);
		return err;
	}
	hs->busy[l->point] = true;
	flip(hs, l->point);
	return 0;
}

/* Removal must not fail: without memory for a shorter table the listener's place in the one we have is emptied. */
static void table_forget(struct leat_stack *st, const struct hook_listener *l)
{
	struct hook_table *t = view_ctl(st, VIEW_hooks);
	for (unsigned i = 0; i < t->first[HOOK_MAX]; i++)
		if (t->listener[i] == l)
			rcu_set(t->listener[i], NULL);
}

void hook_unlisten(struct leat_stack *st, struct hook_listener *l)
{
	struct hook_state *hs = &graph_of(st)->hooks;
	list_remove(&l->link);
	hs->busy[l->point] = !list_empty(&hs->listeners[l->point]);
	flip(hs, l->point);
	if (table_publish(st))
		table_forget(st, l);
}

bool hook_is_busy(const struct leat_stack *st, enum hook_point h)
{
	return graph_of(st)->hooks.busy[h];
}

void hooks_init(struct leat_stack *st)
{
	struct hook_state *hs = &graph_of(st)->hooks;
	list_init(&hs->edges);
	for (unsigned h = 0; h < HOOK_MAX; h++)
		list_init(&hs->listeners[h]);
}

/* Every worker and listener is gone. */
void hooks_free(struct leat_stack *st)
{
	mem_free(view_ctl(st, VIEW_hooks));
}

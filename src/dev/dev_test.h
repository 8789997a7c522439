/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of this room share: stacks of a few modules on the manual runtime, and a node in the place of eth-input
 * that keeps what arrives. */
#ifndef LEAT_DEV_DEV_TEST_H
#define LEAT_DEV_DEV_TEST_H

#include <stdio.h>
#include <stdlib.h>

#include "base/test.h"
#include "core/manual.h"
#include "dev/dev.h"
#include "net/iface.h"

struct dev_test {
	struct manual_rt *m;
	struct leat_runtime *rt;
	struct leat_stack *st[2];
	char why[128];
};

/* Per worker: what has arrived, in order. */
struct catcher {
	unsigned n;
	struct pkt *pkt[4096];
};

static inline void catch_run(struct worker *w, struct pkt_vec *v)
{
	struct catcher *c = worker_state(w, MODULE_TEST);
	uint8_t next[PKT_VEC_MAX];
	for (unsigned i = 0; i < v->n; i++) {
		assert_true(c->n < ARRAY_SIZE(c->pkt));
		c->pkt[c->n++] = v->pkt[i];
		next[i] = NODE_KEPT;
	}
	vec_dispatch(w, v, next);
}
static const struct node catch_node = { .name = "eth-input",
					.run = catch_run,
					.next = { [1] = "eth-demux", [2] = "hook-ingress" } };
static const struct node *const catch_nodes[] = { &catch_node, NULL };

static inline void catch_forget(struct worker *w)
{
	struct catcher *c = worker_state(w, MODULE_TEST);
	for (unsigned i = 0; i < c->n; i++)
		pkt_free(w->lc, c->pkt[i]);
	c->n = 0;
}
static const struct module catch_module = {
	.name = "catch",
	.id = MODULE_TEST,
	.nodes = catch_nodes,
	.worker_size = sizeof(struct catcher),
	.worker_free = catch_forget,
};
static inline struct catcher *caught(struct dev_test *t, unsigned st, unsigned worker)
{
	return worker_state(t->st[st]->worker[worker], MODULE_TEST);
}

static const struct module *const dev_test_modules[] = { &pkt_module,   &graph_module, &iface_module,
							 &catch_module, &dev_module,   NULL };

/* Two stacks, the first with a worker on each lcore, the second with one on the first. */
static inline int dev_test_setup(void **state)
{
	struct dev_test *t = calloc(1, sizeof *t);
	t->m = manual_rt_new(2, 7);
	t->rt = manual_rt_of(t->m);
	assert_int_equal(pkt_pools_init(t->rt, 64 << 20), 0);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(stack_new(t->rt, i ? "b" : "a", 2 - i, dev_test_modules, &t->st[i]), 0);
	*state = t;
	return 0;
}

static inline int dev_test_teardown(void **state)
{
	struct dev_test *t = *state;
	struct pkt_stats s;
	stack_free(t->st[0]);
	stack_free(t->st[1]);
	manual_rt_settle(t->m);
	for (unsigned i = 0; i < 2; i++) {
		pkt_stats(t->rt->lcore[i], &s);
		assert_int_equal(s.in_use, 0);
	}
	pkt_pools_done(t->rt);
	manual_rt_free(t->m);
	free(t);
	return 0;
}

/* Queues a frame for iface-output, as eth-output does, and runs the graph of worker w. */
static inline struct pkt *dev_test_send(struct worker *w, struct iface *out, struct pkt *p)
{
	p->out_if = out->handle;
	graph_enqueue(w, node_find(w->st, "iface-output"), p);
	graph_run(w);
	return p;
}

static inline struct pkt *dev_test_frame(struct worker *w, uint32_t len)
{
	static const uint8_t head[14] = {
		2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5
	}; /* for experiments: no flow */
	struct pkt *p = pkt_new(w->lc);
	assert_true(pkt_append(w->lc, p, head, sizeof head));
	for (uint32_t i = sizeof head; i < len; i++)
		assert_true(pkt_append(w->lc, p, &(uint8_t){ (uint8_t)i }, 1));
	return p;
}

static inline uint64_t dev_test_drops(const struct leat_stack *st, enum drop why)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < graph_n_nodes(st); i++)
		sum += graph_drops(st, (uint16_t)i, why);
	return sum;
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* For this room's tests: a stack with the modules pkt, graph and one of the test's own. */
#ifndef LEAT_GRAPH_RIG_H
#define LEAT_GRAPH_RIG_H

#include "base/test.h"
#include "core/manual.h"
#include "graph/node.h"

struct rig {
	struct manual_rt *m;
	struct leat_runtime *rt;
	struct leat_stack *st;
	struct worker *w; /* the first */
};

static inline void rig_open(struct rig *r, unsigned n_workers, const struct module *own)
{
	const struct module *const modules[] = { &pkt_module, &graph_module, own, NULL };
	r->m = manual_rt_new(n_workers, 1);
	r->rt = manual_rt_of(r->m);
	assert_int_equal(pkt_pools_init(r->rt, 16 << 20), 0);
	assert_int_equal(stack_new(r->rt, "rig", n_workers, modules, &r->st), 0);
	r->w = r->st->worker[0];
}

/* Every packet must have found its way back. */
static inline void rig_close(struct rig *r)
{
	struct pkt_stats s;
	stack_free(r->st);
	manual_rt_settle(r->m);
	for (unsigned i = 0; i < r->rt->n_lcores; i++) {
		pkt_stats(r->rt->lcore[i], &s);
		assert_int_equal(s.in_use, 0);
	}
	pkt_pools_done(r->rt);
	manual_rt_free(r->m);
}

/* A packet whose bytes are 0, 1, 2 ... behind the given first one. */
static inline struct pkt *rig_pkt(struct rig *r, uint8_t first, uint32_t len)
{
	struct pkt *p = pkt_new(r->w->lc);
	assert_non_null(p);
	for (uint32_t i = 0; i < len; i++) {
		uint8_t b = i ? (uint8_t)i : first;
		assert_true(pkt_append(r->w->lc, p, &b, 1));
	}
	return p;
}

#endif

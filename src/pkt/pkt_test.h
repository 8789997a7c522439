/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of this room share: a runtime with two lcores and pools, from which nothing may be missing in the end. */
#ifndef LEAT_PKT_PKT_TEST_H
#define LEAT_PKT_PKT_TEST_H

#include <stdlib.h>

#include "base/test.h"
#include "core/manual.h"
#include "pkt/pkt.h"

struct fixture {
	struct manual_rt *m;
	struct leat_runtime *rt;
	struct lcore *lc; /* the first */
	unsigned seed; /* for rand_r() */
};

static inline int setup_budget(void **state, uint64_t budget)
{
	struct fixture *f = calloc(1, sizeof *f);
	f->m = manual_rt_new(2, 1);
	f->rt = manual_rt_of(f->m);
	f->lc = f->rt->lcore[0];
	assert_int_equal(pkt_pools_init(f->rt, budget), 0);
	*state = f;
	return 0;
}

static inline int setup(void **state)
{
	return setup_budget(state, 64 << 20);
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;
	manual_rt_settle(f->m);
	for (unsigned i = 0; i <= f->rt->n_lcores; i++) { /* and the control lcore's */
		struct pkt_stats s;
		pkt_stats(f->rt->lcore[i], &s);
		assert_int_equal(s.in_use, 0);
		assert_int_equal(s.pages_in_use, 0);
	}
	pkt_pools_done(f->rt);
	manual_rt_free(f->m);
	free(f);
	return 0;
}

#endif

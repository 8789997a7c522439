/* SPDX-License-Identifier: BSD-2-Clause */
/* Vectors and hand-over batches of an lcore. They are made by the dozen when first needed, charged to the runtime, and
 * kept until the last worker leaves the lcore. */
#include <errno.h>

#include "graph/graph_internal.h"

enum { VECS_PER_REGION = 15, BATCHES_PER_REGION = 15 };

int vectors_init(struct lcore *lc)
{
	struct graph_lcore *gl = graph_lcore(lc);
	if (!gl) {
		gl = mem_zalloc_aligned(&lc->rt->mem, sizeof *gl, CACHELINE);
		if (!gl)
			return -ENOMEM;
		for (unsigned i = 0; i < LCORE_MAX; i++)
			gl->in_flight[i].tail = &gl->in_flight[i].head;
		lc->slot[LCORE_SLOT_GRAPH] = gl;
	}
	gl->n_workers++;
	return 0;
}

void vectors_done(struct lcore *lc)
{
	struct graph_lcore *gl = graph_lcore(lc);
	if (--gl->n_workers)
		return;
	while (gl->regions) {
		struct region *r = gl->regions;
		gl->regions = r->next;
		mem_free(r);
	}
	mem_free(gl);
	lc->slot[LCORE_SLOT_GRAPH] = NULL;
}

/* n elements behind a line that links the regions; NULL at the budget. */
static void *region_new(struct lcore *lc, size_t len_bytes)
{
	struct graph_lcore *gl = graph_lcore(lc);
	struct region *r = mem_zalloc_aligned(&lc->rt->mem, CACHELINE + len_bytes, CACHELINE);
	if (!r)
		return NULL;
	r->next = gl->regions;
	gl->regions = r;
	return (char *)r + CACHELINE;
}

cold_fn struct pkt_vec *vec_take_slow(struct lcore *lc)
{
	struct graph_lcore *gl = graph_lcore(lc);
	struct pkt_vec *v = region_new(lc, VECS_PER_REGION * sizeof *v);
	for (unsigned i = 1; v && i < VECS_PER_REGION; i++)
		vec_give(gl, &v[i]);
	return v;
}

cold_fn struct batch *batch_take_slow(struct lcore *lc)
{
	struct graph_lcore *gl = graph_lcore(lc);
	struct batch *b = region_new(lc, BATCHES_PER_REGION * sizeof *b);
	for (unsigned i = 1; b && i < BATCHES_PER_REGION; i++) {
		b[i].next = gl->free_batches;
		gl->free_batches = &b[i];
	}
	return b;
}

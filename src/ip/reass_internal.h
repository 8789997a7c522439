/* SPDX-License-Identifier: BSD-2-Clause */
/* The module reass: a table of each family per worker, and the way on for a datagram that is whole. */
#ifndef LEAT_REASS_INTERNAL_H
#define LEAT_REASS_INTERNAL_H

#include "ip/reass.h"

struct reass_stack {
	struct reass_conf c4, c6;
};
static inline const struct reass_stack *reass_stack(const struct worker *w)
{
	return stack_state(w->st, MODULE_reass);
}

struct reass_worker {
	struct reass_table *t4, *t6;
};
static inline struct reass_worker *reass_worker(const struct worker *w)
{
	return worker_state(w, MODULE_reass);
}

/* From inside a node's run: takes a fragment (reass.h says in what shape) and sends the datagram that it completes on by the node's
 * edge IP_ROUTE_LOCAL or IP_ROUTE_LOCAL_HOOK, here or on the worker that owns its flow, which only the whole one shows. The
 * fragment's next edge: NODE_KEPT, or NEXT_DROP with its reason. */
uint8_t reass_take(struct worker *w, uint16_t node, const struct reass_family *fam,
		   const struct reass_conf *conf, struct reass_table **t, const struct reass_key *k,
		   const struct reass_piece *piece, struct pkt *p);

extern const struct node ip4_reass_node, ip6_reass_node;

#endif

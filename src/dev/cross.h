/* SPDX-License-Identifier: BSD-2-Clause */
/* How a frame leaves one interface of the process and enters another, in its own stack or a different one. */
#ifndef LEAT_DEV_CROSS_H
#define LEAT_DEV_CROSS_H

#include "net/iface.h"

/* The worker of `to` that takes what worker w sends: the one on the same lcore where there is one. */
static inline struct worker *cross_to(const struct worker *w, const struct leat_stack *to)
{
	return to->worker[w->index % to->n_workers];
}
/* Hands n frames to interface `to_if` of to's stack, where they arrive in to's next turn. Consumes; what finds no room is
 * dropped by name at w and counted as `from`'s. */
void dev_cross(struct worker *w, struct iface *from, struct worker *to, uint32_t to_if, struct pkt *const *p,
	       unsigned n);

#endif

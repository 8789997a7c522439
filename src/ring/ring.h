/* SPDX-License-Identifier: BSD-2-Clause */
/* Rings between threads of a program and the workers of a stack (leat/ring.h says what they do). */
#ifndef LEAT_RING_RING_H
#define LEAT_RING_RING_H

#include "core/stack.h"
#include "leat/ring.h"

struct rings;

/* What of a stack serves rings. Control lcore, as all that follows here. 0 or -errno. */
int rings_new(struct leat_stack *st, struct rings **ret);
/* Before stack_free(): closes all sockets. Rings must be gone. NULL is welcome. */
void rings_free(struct rings *rs);

int ring_new(struct rings *rs, const struct leat_ring_opts *opts, struct leat_ring **ret);
/* False: bytes that were sent without a copy are still in a device's hands. Call it again, later. */
bool ring_end(struct leat_ring *r);
void ring_free(struct leat_ring *r);
struct leat_stack *ring_stack(const struct leat_ring *r); /* any thread */

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* neigh.c with another way to take a packet out of a queue, and another bound. */
#include "mutants.h"
#include "net/ctl_fill.h"
#include "net/neigh_internal.h"

#define pkt_queue_pop(q) mutant_queue_pop(q)
#undef racy_get
#define racy_get(field) mutant_get(#field, __atomic_load_n(&(field), __ATOMIC_RELAXED))
#define mutant_get(what, is) \
	((__typeof__(is))(sizeof(is) == sizeof(uint32_t) ? mutant_bound(what, (uint32_t)(is)) : (is)))

#include "net/neigh.c"

/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes that are lent to a stack (a program's memory, a device's) must not be kept by others: where a packet leaves for them, it gets
 * pages of its own. */
#ifndef LEAT_PKT_OWN_H
#define LEAT_PKT_OWN_H

#include "pkt/pkt.h"

bool pkt_own_frags_slow(struct lcore *lc, struct pkt *p);

/* False without memory: p has lost some of its bytes, and is to be dropped. */
static inline bool pkt_own_frags(struct lcore *lc, struct pkt *p)
{
	for (unsigned i = 0; i < p->n_frags; i++)
		if (unlikely(p->frags[i].buf->kind == BUF_FOREIGN))
			return pkt_own_frags_slow(lc, p);
	return true;
}

#endif

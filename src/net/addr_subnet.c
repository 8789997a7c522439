/* SPDX-License-Identifier: BSD-2-Clause */
/* Which subnets an interface is in. */
#include "net/addr_internal.h"

const struct addr *addr_with_subnet(const struct worker *w, uint32_t if_handle, uint8_t family,
				    const struct ipaddr *a, const struct ipaddr *b)
{
	const struct addr_table *t = view_get(w, VIEW_addrs);
	const struct addr_if *f = t ? addr_if_find(t, if_handle) : NULL;
	const struct addr_set *set = f ? rcu_get(f->set) : NULL;
	for (uint32_t i = 0; set && i < set->n; i++) {
		const struct addr *x = set->addr[i];
		if (x->family == family && addr_same_prefix(addr_far_end(x), a, x->plen) &&
		    addr_same_prefix(addr_far_end(x), b, x->plen))
			return x;
	}
	return NULL;
}

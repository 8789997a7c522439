/* SPDX-License-Identifier: BSD-2-Clause */
/* Temporary addresses (RFC 8981) beside public ones with IFA_F_MANAGETEMPADDR. Control lcore. */
#ifndef LEAT_NET_ADDR_TEMP_H
#define LEAT_NET_ADDR_TEMP_H

#include "net/addr_internal.h"

/* A public address is new (create) or has new lifetimes. */
void addr_temp_follow(struct leat_stack *st, struct addr *pub, bool create);
/* A temporary one was somebody's already: another in its stead. The caller takes it away. */
void addr_temp_was_duplicate(struct leat_stack *st, const struct addr *a);
/* When a temporary address has to have a successor; UINT64_MAX: never. */
uint64_t addr_temp_regen_us(const struct iface *i, const struct addr *a);
timer_fn addr_temp_on_regen; /* of struct addr.regen */
static inline bool addr_is_temp_of(const struct addr *a, const struct addr *pub)
{
	return a->family == AF_INET6 && a->flags & IFA_F_TEMPORARY && ip6_eq(&a->pub, &pub->local.v6);
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses that follow from prefixes which routers announce (RFC 4862, 5.5.3), and temporary ones beside them (RFC 8981). Control
 * lcore. */
#ifndef LEAT_NET_ADDR_SLAAC_H
#define LEAT_NET_ADDR_SLAAC_H

#include "net/addr.h"

struct addr_prefix {
	struct ip6 prefix; /* of 64 bits */
	uint32_t valid_s, preferred_s;
	bool optimistic; /* whom to ask is known: an address may be used before its test is over, where that is wanted */
};
/* A router said so: a new address, or new lifetimes of the one there is. */
void addr_slaac(struct leat_stack *st, struct iface *i, const struct addr_prefix *p);
/* The interface's token has changed: what was made of the old one goes. */
void addr_token_changed(struct leat_stack *st, const struct iface *i);

#endif

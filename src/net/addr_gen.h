/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the interface identifiers of addresses that are made here come from, and the addresses that are made of prefixes.
 * Control lcore. */
#ifndef LEAT_NET_ADDR_GEN_H
#define LEAT_NET_ADDR_GEN_H

#include "net/addr_internal.h"

/* Each completes the 64 bits of prefix in *a. */
bool addr_gen_eui64(const struct iface *i,
		    struct ip6 *a); /* RFC 4291, appendix A; false: no MAC to make it of */
/* RFC 7217; dad_counter: how many there were before it that somebody else had. False: no secret. */
bool addr_gen_stable(struct leat_stack *st, const struct iface *i, uint8_t dad_counter, struct ip6 *a);
void addr_gen_random(struct leat_stack *st, struct ip6 *a); /* RFC 8981, 3.3.1 */
/* addr_gen_mode wants them stable; mode 3 makes its secret up on first use. */
bool addr_gen_is_stable(struct leat_stack *st, struct iface *i);

#endif

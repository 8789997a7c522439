/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of neighbour discovery share. */
#ifndef LEAT_IP_ND_H
#define LEAT_IP_ND_H

#include "ip/ip6_internal.h"
#include "wire/nd.h"

struct nd_stack {
	struct list dads; /* of struct nd_dad: addresses under test */
	struct addr_watch addrs;
	struct iface_watch ifaces;
	struct leat_stack *st;
};

/* nd.c; worker's lcore, outside a node's run. */
void nd_send_ns(struct worker *w, const struct iface *out, const struct ip6 *src, const struct ip6 *dst,
		const struct nd_ns_msg *m);

/* nd_dad.c */
void nd_dad_init(struct leat_stack *st);
void nd_dad_unlink(struct leat_stack *st);
void nd_dad_drain(struct leat_stack *st);
/* Worker: a message says that somebody else has, or wants, an address that we are testing. nonce: what the solicitation
 * carried, or NULL. */
void nd_dad_heard(struct worker *w, uint32_t if_handle, const struct ip6 *a, const uint8_t *nonce);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* The in-memory pair: what Linux calls veth. Joins two stacks of a process, or two ends of one. */
#ifndef LEAT_DEV_MEM_H
#define LEAT_DEV_MEM_H

#include "net/iface.h"

/* Zeroed: an MTU of 1500, random addresses, all offloads. */
struct mem_opts {
	uint32_t mtu;
	bool peer_first; /* the second end is made first, as Linux does it for who asks by netlink */
	bool no_csum, no_tso, no_sg; /* the edge sums, splits, brings together */
	uint8_t mac[2][6]; /* of either end; zero: random, locally administered */
	uint32_t ifindex[2]; /* 0: the next free one */
};

/* Makes both ends, down. As with Linux's veth an end has carrier while both are up, and deleting one deletes the other.
 * Both stacks are of one runtime. Control lcore. `opts` may be NULL; ret[] may be NULL. 0 or what iface_add() says. */
int mem_pair_new(struct leat_stack *st_a, const char *name_a, struct leat_stack *st_b, const char *name_b,
		 const struct mem_opts *opts, struct iface *ret[2]);

extern const struct iface_kind mem_kind; /* "mem": both ends in one stack; peer=NAME is wanted */

#endif

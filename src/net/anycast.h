/* SPDX-License-Identifier: BSD-2-Clause */
/* IPv6 anycast addresses (RFC 4291, 2.6): those of interfaces, which many stacks may have at once. A router has that of each of
 * its subnets (2.6.1); programs may join others. */
#ifndef LEAT_NET_ANYCAST_H
#define LEAT_NET_ANYCAST_H

#include "net/iface.h"

struct anycast {
	struct hash_node node; /* by address */
	struct list link; /* anycast_stack.all: by interface, the youngest first */
	uint32_t if_handle, ifindex;
	struct ip6 addr;
	uint32_t users; /* addresses of ours in that subnet, and programs */
	uint32_t own; /* of those, addresses of ours */
	uint64_t serial; /* of its coming: never again */
	uint64_t created_us;
	struct deferred deferred;
};

/* --- any worker, within a turn --- */

/* NULL: it is none, there. if_handle 0: on any interface. */
const struct anycast *anycast_find(const struct worker *w, uint32_t if_handle, const struct ip6 *a);

/* --- control lcore --- */

/* One user more or less. 0 or -ENOMEM; -ENOENT. */
int anycast_join(struct leat_stack *st, const struct iface *i, const struct ip6 *a);
int anycast_leave(struct leat_stack *st, uint32_t if_handle, const struct ip6 *a);
/* net.ipv6.conf.IF.forwarding has been written. */
void anycast_forwarding_changed(struct leat_stack *st, const struct iface *i);
/* Only for programs, which end with the stack: what they brought is not saved. */
bool anycast_is_of_programs(const struct leat_stack *st, uint32_t if_handle, const struct ip6 *a);
/* The one behind `after` (NULL: the first), interface by interface; NULL: no more. */
const struct anycast *anycast_next(const struct leat_stack *st, const struct anycast *after);

/* Rooms that keep something per address (the group its solicitations come to) watch them. GOING: it can still be found. */
enum anycast_event { ANYCAST_ADDED, ANYCAST_GOING };
struct anycast_watch {
	struct list link;
	void (*event)(struct anycast_watch *w, struct leat_stack *st, const struct anycast *a,
		      enum anycast_event e);
};
/* Tells of those that there are, too. */
void anycast_watch_add(struct leat_stack *st, struct anycast_watch *w);
void anycast_watch_remove(struct leat_stack *st, struct anycast_watch *w);

extern const struct module anycast_module;

#endif

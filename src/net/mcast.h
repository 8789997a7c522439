/* SPDX-License-Identifier: BSD-2-Clause */
/* Multicast groups as a host hears them: who on this host listens to which group on which interface, and to whose packets. Telling
 * routers is up to IGMP and MLD (ip/mcast_host.h), which watch. */
#ifndef LEAT_NET_MCAST_H
#define LEAT_NET_MCAST_H

#include "net/iface.h"

/* From whom a group's packets are wanted: from these alone, or (exclude) from all but these. */
struct mcast_sources {
	struct deferred deferred;
	bool exclude;
	uint32_t n;
	struct ipaddr src[]; /* in the order of their bytes, each once */
};

/* Somebody who listens; his memory. While `group` is set it belongs to the table. */
struct mcast_listener {
	struct list link; /* of the group */
	struct mcast_group *group; /* NULL: not any more, or never; the interface may have gone */
	struct mcast_sources *want; /* NULL: everything */
};

/* Read: any worker, within a turn (the first five).   Write: control lcore.   Free: rt_defer(). */
struct mcast_group {
	struct hash_node node;
	uint32_t if_handle;
	uint8_t family;
	struct ipaddr addr;
	rcu_ptr(struct mcast_sources) sources; /* of all who listen together; NULL: everything */
	struct list listeners, link; /* link: mcast_stack.groups, in the order of serial */
	uint64_t serial; /* of its coming: never again */
	bool loaded; /* the link layer hears it (mcast_link.c) */
	struct deferred deferred;
};

/* --- any worker, within a turn --- */

/* The group, when anybody listens to it there; NULL: nobody. */
const struct mcast_group *mcast_find(const struct worker *w, uint32_t if_handle, uint8_t family,
				     const struct ipaddr *group);
/* Is that source wanted? NULL: all are. */
bool mcast_wants(const struct mcast_sources *s, const struct ipaddr *source);

/* --- control lcore --- */

/* Listens from now on, to everything (exclude), or to nobody until mcast_want() says to whom. 0, -EINVAL (no group's address), -ENOMEM; l is then as it was. */
int mcast_join(struct leat_stack *st, const struct iface *i, uint8_t family, const struct ipaddr *group,
	       bool exclude, struct mcast_listener *l);
/* What l wants from now on; n sources in any order, copied. 0 or -ENOMEM. */
int mcast_want(struct leat_stack *st, struct mcast_listener *l, bool exclude, const struct ipaddr *src,
	       uint32_t n);
void mcast_leave(struct leat_stack *st, struct mcast_listener *l); /* harmless when it does not listen */
/* The group as it is for all who listen; NULL: nobody does. */
const struct mcast_group *mcast_find_ctl(const struct leat_stack *st, uint32_t if_handle, uint8_t family,
					 const struct ipaddr *group);
/* The group behind `after` (NULL: the first), in the order in which they came; NULL: no more. */
const struct mcast_group *mcast_next(const struct leat_stack *st, const struct mcast_group *after);
const struct mcast_group *mcast_before(const struct leat_stack *st,
				       const struct mcast_group *before); /* the other way */

/* Those who report. was: NULL while nobody listened; is: NULL now that nobody does; both good until the call returns. */
struct mcast_state {
	bool exclude;
	uint32_t n;
	const struct ipaddr *src;
};
struct mcast_watch {
	struct list link;
	uint8_t family;
	void (*changed)(struct mcast_watch *w, struct leat_stack *st, const struct mcast_group *g,
			const struct mcast_state *was, const struct mcast_state *is);
};
void mcast_watch_add(struct leat_stack *st, struct mcast_watch *w);
void mcast_watch_remove(struct leat_stack *st, struct mcast_watch *w);

extern const struct module mcast_module;

#endif

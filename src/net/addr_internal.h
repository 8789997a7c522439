/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the address table share. */
#ifndef LEAT_NET_ADDR_INTERNAL_H
#define LEAT_NET_ADDR_INTERNAL_H

#include <netinet/in.h>

#include "net/addr.h"
#include "nlmsg/family.h"

struct saver;
struct loader;
struct addr_labels;

/* The usual addresses of an interface as workers see them: replaced as a whole. */
struct addr_set {
	struct deferred deferred;
	uint32_t n;
	const struct addr *addr[];
};

/* What an interface has. */
struct addr_if {
	/* Read: any worker, within a turn (set, if_handle, ifindex).   Write: control lcore.   Free: rt_defer(). */
	struct hash_node node; /* by if_handle */
	rcu_ptr(struct addr_set) set;
	uint32_t if_handle, ifindex;
	struct list addrs; /* struct addr.link, control lcore */
	struct deferred deferred;
};

/* VIEW_addrs */
struct addr_table {
	struct hash addrs; /* struct addr.node, by family and address */
	struct hash ifs; /* struct addr_if.node */
	rcu_ptr(struct addr_labels) labels; /* addr_label.h */
};

struct addr_stack {
	struct addr_table table;
	struct list watches;
	struct iface_watch watch;
	uint32_t label_seq;
	uint32_t idgen_retries; /* knobs */
	uint8_t disable_all;
	bool restoring; /* temporary addresses come from the file */
	bool trusted; /* a saved stack's addresses were tested before */
};

static inline struct addr_stack *addr_state(const struct leat_stack *st)
{
	return stack_state(st, MODULE_addr);
}
/* The first plen bits of both are the same. */
static inline bool addr_same_prefix(const struct ipaddr *a, const struct ipaddr *b, unsigned plen)
{
	return memcmp(a->b, b->b, plen / 8) == 0 &&
	       (plen % 8 == 0 || ((a->b[plen / 8] ^ b->b[plen / 8]) >> (8 - plen % 8)) == 0);
}
/* What the connected route leads to: the other end where there is one. */
static inline const struct ipaddr *addr_far_end(const struct addr *a)
{
	return ipaddr_is_zero(&a->peer) ? &a->local : &a->peer;
}
/* May packets be sent from it and to it? Linux: an optimistic one counts. */
static inline bool addr_is_ours(const struct addr *a)
{
	uint32_t flags = racy_get(a->flags);
	return !(flags & IFA_F_DADFAILED) && (!(flags & IFA_F_TENTATIVE) || flags & IFA_F_OPTIMISTIC);
}

#ifndef IFAPROT_KERNEL_LO
enum { IFAPROT_KERNEL_LO = 1, IFAPROT_KERNEL_RA, IFAPROT_KERNEL_LL };
#endif

/* What is left of a lifetime of a, in seconds. */
static inline uint32_t addr_left_s(const struct leat_stack *st, const struct addr *a, uint32_t lifetime_s)
{
	uint64_t gone_s = (st->rt->ctl->now_us - a->updated_us) / 1000000;
	if (lifetime_s == UINT32_MAX)
		return lifetime_s;
	return lifetime_s > gone_s ? (uint32_t)(lifetime_s - gone_s) : 0;
}
/* IFA_F_PERMANENT as Linux shows it: what a router made is not, however long it lives. */
static inline bool addr_is_permanent(const struct addr *a)
{
	return a->valid_s == UINT32_MAX && a->origin == ADDR_ADMIN;
}

/* addr.c */
struct addr *addr_get6(struct leat_stack *st, uint32_t if_handle, const struct ip6 *a); /* or NULL */
void addr_renew(struct leat_stack *st, struct addr *a, const struct addr *how); /* lifetimes, and tells */
void addr_event_send(struct leat_stack *st, const struct addr *a, enum addr_event e);
struct addr_if *addr_if_find(const struct addr_table *t, uint32_t if_handle);
void addr_remove(struct leat_stack *st, struct addr *a); /* with its secondaries, routes and notifications */

/* addr_ctl.c: what every dump of addresses accepts */
extern const struct nl_policy addr_policy[];
int addr_check_dump(const struct nl_req *r);

/* addr_route.c: routes follow from addresses; both may be called again */
void addr_prefix_routes_add(struct leat_stack *st, const struct addr *a); /* IPv6's, part of the next */
void addr_routes_add(struct leat_stack *st, const struct addr *a);
void addr_prefix_routes_change(struct leat_stack *st, const struct addr *a, const struct addr *was);
void addr_routes_delete(struct leat_stack *st, const struct addr *a); /* when a is on no list any more */
void addr_group_route_add(struct leat_stack *st, const struct iface *i);

/* addr_knob.c */
extern const struct knob addr_knobs[];

/* addr_dad.c: must it be tested before it is ours? */
bool addr_needs_test(const struct leat_stack *st, const struct iface *i, const struct addr *a);

/* addr_auto.c */
void addr_ip6_switched(struct iface *i); /* disable_ipv6 was written */
void addr_on_iface(struct iface_watch *w, struct iface *i, enum iface_event e);

/* addr_save.c */
int addr_save(struct leat_stack *st, struct saver *s);
int addr_restore(struct leat_stack *st, struct loader *l);

#endif

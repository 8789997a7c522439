/* SPDX-License-Identifier: BSD-2-Clause */
/* Exceptions from routes: what routers on the way have told about one destination. A path MTU (RFC 1191, RFC 8201), a better first
 * hop (redirects: RFC 1122, 3.2.2.2; RFC 4861, 8), or both. Routes themselves say nothing of single destinations; who sends
 * something of his own asks here, beside the route. */
#ifndef LEAT_NET_FIB_EXC_H
#define LEAT_NET_FIB_EXC_H

#include "net/fib.h"

/* The way that a route gives, from which this is an exception: another way is another matter. */
struct fib_via {
	struct ipaddr gw; /* zero without */
	uint32_t if_handle;
	uint8_t gw_family; /* 0: on link */
};

/* Read: any worker, within a turn.   Write: never once published, but for what is control's.
 * Free: rt_defer() in fib_exc.c. */
struct fib_exc {
	struct ipaddr dst;
	struct fib_via via;
	uint8_t family;
	uint8_t gw_family; /* of the better first hop; 0 with `redirected`: the destination is on the link */
	bool redirected, mtu_locked; /* locked: so small that what is longer may be cut on the way */
	uint32_t mtu; /* 0: nothing is said */
	struct ipaddr gw;
	uint64_t mtu_until_us, gw_until_us;
	/* Control's alone. */
	uint64_t serial; /* grows with each that is made: dumps resume by it, the lowest is the oldest */
	struct list link; /* by serial */
	struct fib_exc **slot; /* where it is published */
	struct timer timer;
	struct leat_stack *st;
	struct deferred deferred;
};

enum {
	FIB_EXC_BUCKETS = 1024,
	FIB_EXC_WAYS = 4, /* of one bucket; so many hold, the oldest makes room */
	FIB_EXC_NEWS_MAX = 32, /* from one worker, on their way to control */
	FIB_EXC_NEWS_PER_SEC = 1000,
};

struct fib_exc_table {
	rcu_ptr(struct fib_exc) slot[FIB_EXC_BUCKETS][FIB_EXC_WAYS];
};

/* Knobs. Read: any worker.   Write: control lcore. */
struct fib_exc_conf {
	uint32_t min_pmtu, mtu_expires_s[2]; /* IPv4, IPv6 */
	uint32_t redirect_expires_s[2];
};

/* The state of module fib_exc. */
struct fib_exc_stack {
	rcu_ptr(struct fib_exc_table) table; /* NULL until there is one */
	struct fib_exc_conf conf;
	struct list all; /* by serial */
	uint32_t n_redirects, n_locked; /* how many have what forwarding heeds; workers may look */
	uint64_t serial;
	int32_t flush[2]; /* written to: net.ipv4.route.flush, net.ipv6.route.flush */
	struct iface_watch watch;
};
static inline struct fib_exc_stack *fib_exc_state(const struct leat_stack *st)
{
	return stack_state(st, MODULE_fib_exc);
}
static inline struct fib_exc_table *fib_exc_table(const struct leat_stack *st)
{
	const struct fib_exc_stack *s = fib_exc_state(st);
	return s ? rcu_get(s->table) : NULL;
}

/* --- any worker, within a turn --- */

/* nh NULL: the destination is taken to be on the link of the interface. */
static inline struct fib_via fib_via_of(uint32_t if_handle, const struct fib_nh *nh)
{
	struct fib_via v = { .if_handle = if_handle };
	if (nh && nh->gw_family) {
		v.gw_family = nh->gw_family;
		v.gw = nh->gw;
	}
	return v;
}
/* The exception for a destination whose route leads that way; NULL: none. Good until the end of the turn. */
const struct fib_exc *fib_exc_lookup(const struct leat_stack *st, uint8_t family, const struct ipaddr *dst,
				     const struct fib_via *via);
static inline const struct fib_exc *fib_exc_find(const struct worker *w, uint8_t family,
						 const struct ipaddr *dst, uint32_t if_handle,
						 const struct fib_nh *nh)
{
	if (likely(!fib_exc_table(w->st)))
		return NULL;
	struct fib_via via = fib_via_of(if_handle, nh);
	return fib_exc_lookup(w->st, family, dst, &via);
}

/* What somebody has told of the way to a destination, and was believed. */
struct fib_exc_news {
	struct ipaddr dst, gw;
	struct fib_via via;
	uint8_t family, gw_family;
	bool redirected, mtu_locked;
	bool must_be_known; /* the better first hop, as a neighbour: until then it is asked for, and no more */
	uint32_t mtu; /* 0: nothing of it */
};
/* Passes it to the control lcore. False: so much has been told lately that this is not heard. */
bool fib_exc_tell(struct worker *w, const struct fib_exc_news *n);

/* --- control lcore --- */

/* As if told: what is known already of the destination otherwise stays. times 0: as the knobs say. 0 or -ENOMEM. */
int fib_exc_learn(struct leat_stack *st, const struct fib_exc_news *n, uint64_t mtu_us, uint64_t gw_us);
/* The routes of a prefix have changed: what was said of destinations in it is forgotten. */
void fib_exc_forget(struct leat_stack *st, uint8_t family, const struct ipaddr *dst, unsigned plen);
/* Who was the better first hop for some is no use any more. */
void fib_exc_gateway_gone(struct leat_stack *st, uint32_t if_handle, uint8_t family, const struct ipaddr *gw);
/* The one with the smallest serial above `after`, of a family (AF_UNSPEC: any); NULL: no more. */
const struct fib_exc *fib_exc_next(struct leat_stack *st, uint8_t family, uint64_t after);

extern const struct module fib_exc_module;

#endif

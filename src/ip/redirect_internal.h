/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of module redirect share, and who forwards. */
#ifndef LEAT_IP_REDIRECT_INTERNAL_H
#define LEAT_IP_REDIRECT_INTERNAL_H

#include "ip/ip_internal.h"
#include "net/neigh.h"

struct nd_redirect_msg;

enum { REDIRECT_SLOTS = 256 };

/* The state of the module. "all" of net.ipv4.conf, and how often.
 * Read: any worker.   Write: control lcore. */
struct redirect_stack {
	uint8_t accept, secure, shared, send;
	uint8_t accept6; /* of no effect, as on Linux */
	uint32_t number, load_ms, silence_ms;
	struct neigh_watch watch;
};
static inline struct redirect_stack *redirect_stack(const struct leat_stack *st)
{
	return stack_state(st, MODULE_redirect);
}

/* Hosts that were told, by keyed hash of their address: those that share a place share its allowance. */
struct redirect_worker {
	struct redirect4_slot {
		uint64_t last_us;
		uint32_t n; /* told since they were last silent */
	} told4[REDIRECT_SLOTS];
	uint64_t full6_us[REDIRECT_SLOTS]; /* token buckets: when full again */
};
static inline struct redirect_worker *redirect_worker(const struct worker *w)
{
	return worker_state(w, MODULE_redirect);
}

/* redirect4.c, redirect6.c: from ip4-forward and ip6-forward, with a packet that leaves by the interface it came by and by the
 * route nh. Told is told by edge `error` (to icmp4-error), or `output` (to ip6-output); the packet stays the caller's. */
void redirect4_send(struct worker *w, struct pkt *p, const struct fib_nh *nh, uint8_t error);
void redirect6_send(struct worker *w, struct pkt *p, const struct fib_nh *nh, uint8_t output);

/* Whether it is about a packet from `us` that this stack has sent, by its flow label. */
bool redirect6_quotes_ours(const struct leat_stack *st, const struct nd_redirect_msg *m,
			   const struct ip6 *us);
extern const struct node redirect6_node;

/* The way of a route that leads to this gateway by this interface; NULL: none does. */
const struct fib_nh *redirect_way(const struct worker *w, const struct fib_nh *nh, uint8_t family,
				  const struct ipaddr *gw, uint32_t if_handle);
/* Whether it is on the link, by the routes. */
bool redirect_is_neighbour(const struct worker *w, uint8_t family, const struct ipaddr *a,
			   uint32_t if_handle);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Neighbours: who on a link has which link-layer address. One table and one state machine for ARP and neighbour discovery
 * (RFC 4861, 7.3); the two protocols differ in a table of operations.
 *
 * Theory of operation: entries are written by the control lcore alone, read by workers without a lock. A worker that meets
 * an address without an entry, or one not resolved yet, parks the packet in its own bounded queue for that entry and posts
 * "wanted" to the control lcore, which makes the entry, asks worker 0 to send solicitations, and runs the timers. ARP and
 * ND input post "heard". When an entry becomes valid or fails, control posts to every worker, which sends or drops what it
 * had parked. An entry's link-layer address, state and use mark are one 64-bit word, so a reader never sees half of a
 * change. */
#ifndef LEAT_NET_NEIGH_H
#define LEAT_NET_NEIGH_H

#include <linux/neighbour.h>

#include "net/iface.h"

/* Packets parked per entry (at first: a knob), and per worker in all. */
enum { NEIGH_QUEUE_MAX = 101, NEIGH_WORKER_QUEUE_MAX = 4096 };
/* What a packet of a frame's length counts for in a queue: Linux's SKB_TRUESIZE(ETH_FRAME_LEN). */
enum { NEIGH_PKT_BYTES = 2090 };
/* NTF_EXT_* as bits of neigh_info.flags. */
enum { NTF_EXT_SHIFT = 8, NEIGH_MANAGED = 1 << 8, NEIGH_VALIDATED = 1 << 10 };

/* What a lookup says. `usable`: send to mac now. */
struct neigh_hop {
	uint8_t mac[6];
	bool usable;
};

/* --- any worker, within a turn --- */

/* The neighbour for next_hop on the interface. When it is STALE this starts the delay timer (a message, once). false: not
 * resolved; the caller then parks with neigh_wait(). */
bool neigh_find(struct worker *w, uint32_t if_handle, uint8_t family, const struct ipaddr *next_hop,
		struct neigh_hop *ret);
/* NUD_*, or 0 when it is not known: for those who choose among routers. */
uint8_t neigh_state_of(const struct worker *w, uint32_t if_handle, uint8_t family,
		       const struct ipaddr *next_hop);
/* A protocol above has had an answer by way of that neighbour (RFC 4861, 7.3.1): it is reachable, and need not be asked. */
void neigh_confirm(struct worker *w, uint32_t if_handle, uint8_t family, const struct ipaddr *next_hop);
/* Parks p until the neighbour is resolved or has failed; resumes at `node`. Consumes; the oldest in the queue is dropped when
 * it is full. */
void neigh_wait(struct worker *w, uint32_t if_handle, uint8_t family, const struct ipaddr *next_hop,
		struct pkt *p, uint16_t node);
/* ARP or ND heard of a mapping; mac NULL: the message gave none. flags: what it said. */
enum neigh_heard {
	NEIGH_HEARD_SOLICITED = 1 << 0, /* an answer to us: reachability is confirmed */
	NEIGH_HEARD_OVERRIDE = 1 << 1,
	NEIGH_HEARD_CREATE = 1 << 2, /* make an entry if there is none (a request to us) */
	NEIGH_HEARD_ROUTER = 1 << 3,
	NEIGH_HEARD_IS_ROUTER_KNOWN =
		1 << 4, /* the router flag of the message means something (an advertisement) */
	NEIGH_HEARD_NA =
		1 << 6, /* a neighbour advertisement: nothing is made REACHABLE of who was not known */
	NEIGH_HEARD_LOCKED = 1 << 5, /* overrides only what is older than locktime (ARP) */
};
/* DROP_NEIGH_CLAIM: it says to be elsewhere than it is known to be, and that has to show (neigh_claim.c). */
enum drop neigh_heard(struct worker *w, uint32_t if_handle, uint8_t family, const struct ipaddr *who,
		      const uint8_t mac[6], unsigned flags);
/* Whether what came from mac, or gives it, may be of that neighbour: false when it is known to be elsewhere and is asked before
 * that changes (neigh.IF.override_probe_time_ms). */
bool neigh_may_be_at(const struct worker *w, uint32_t if_handle, uint8_t family, const struct ipaddr *who,
		     const uint8_t mac[6]);
/* Whether the administrator has said where it is, so that nothing that is heard counts. */
bool neigh_is_fixed(const struct worker *w, uint32_t if_handle, uint8_t family, const struct ipaddr *who);
/* neigh_may_be_at() of a received packet, by the source of its frame, if it has one. */
bool neigh_may_be_from(const struct worker *w, const struct pkt *p, uint8_t family, const struct ipaddr *who);

/* Whether the administrator has us answer for that address on that link (`ip neigh add proxy`). ret_flags, when given: NTF_*. */
bool neigh_is_proxied(const struct worker *w, uint32_t if_handle, uint8_t family, const struct ipaddr *a,
		      uint8_t *ret_flags);
/* An answer that must not come at once, since others may give it, too: parks the question p for a random time below max_ms (0:
 * as if it were 1) and resumes it at `node`. Consumes. */
void neigh_answer_late(struct worker *w, struct pkt *p, uint8_t family, uint32_t max_ms, uint16_t node);

/* --- the protocols: how to solicit. Runs on worker 0. mac is NULL for a multicast or broadcast solicitation. --- */
struct neigh_proto {
	uint8_t family;
	void (*solicit)(struct worker *w, struct iface *out, const struct ipaddr *target, const uint8_t *mac,
			const struct ipaddr *src_hint /* of the packet that waits; all zero: none */);
	/* Drops p, which waited in vain, and tells its sender (ICMP host unreachable). Consumes. */
	void (*unreachable)(struct worker *w, struct pkt *p);
};
void neigh_proto_set(struct leat_stack *st, const struct neigh_proto *p); /* control lcore, at init */
/* At unlink: nobody is asked after that. */
void neigh_proto_clear(struct leat_stack *st, uint8_t family);

/* --- control lcore --- */

struct neigh_info {
	uint32_t if_handle;
	uint8_t family;
	uint8_t state; /* NUD_* */
	uint16_t flags; /* NTF_*, and NTF_EXT_* above them */
	uint8_t protocol; /* NDA_PROTOCOL */
	struct ipaddr addr;
	uint8_t mac[6];
	bool has_mac;
	bool known; /* it has been reachable once */
	uint64_t confirmed_us, used_us, updated_us; /* when */
	uint32_t probes;
	uint32_t queued; /* parked packets, all workers */
};
/* RTM_NEWNEIGH, RTM_DELNEIGH: administrative. flags: NLM_F_*. 0, -EEXIST, -ENOENT, -EINVAL, -ENOMEM. */
int neigh_set(struct leat_stack *st, const struct neigh_info *how, unsigned nlm_flags);
int neigh_delete(struct leat_stack *st, uint32_t if_handle, uint8_t family, const struct ipaddr *addr);
bool neigh_get(struct leat_stack *st, uint32_t if_handle, uint8_t family, const struct ipaddr *addr,
	       struct neigh_info *ret);
/* Who follows neighbours, the default-router list, say (RFC 4861, 6.3.6 and 7.3.3). The entry is as it is now; event by
 * event, with no promise that a worker sees it already. */
enum neigh_event {
	NEIGH_STATE, /* another state or link-layer address */
	NEIGH_ROUTER, /* IsRouter (NTF_ROUTER in n->flags) is not what it was: a router may be none any more (7.2.5) */
	NEIGH_GOING,
	NEIGH_PROXY_ADDED, /* n: of neigh_proxy_get() */
	NEIGH_PROXY_GOING,
};
struct neigh_watch {
	struct list link;
	void (*event)(struct neigh_watch *w, struct leat_stack *st, const struct neigh_info *n,
		      enum neigh_event e);
};
void neigh_watch_add(struct leat_stack *st, struct neigh_watch *w);
void neigh_watch_remove(struct leat_stack *st, struct neigh_watch *w);
/* Addresses that we answer for. if_handle 0: on any link (IPv4; Linux refuses it for IPv6 with -ENOBUFS). How: flags (NTF_ROUTER:
 * it is a router), protocol, state NUD_PERMANENT (stays when the carrier is lost) or 0. */
int neigh_proxy_set(struct leat_stack *st, const struct neigh_info *how); /* 0, -ENOBUFS, -ENOMEM */
int neigh_proxy_delete(struct leat_stack *st, uint32_t if_handle, uint8_t family,
		       const struct ipaddr *addr); /* 0, -ENOENT */
/* That of the interface, or of any. */
bool neigh_proxy_get(struct leat_stack *st, uint32_t if_handle, uint8_t family, const struct ipaddr *addr,
		     struct neigh_info *ret);
bool neigh_proxy_next(struct leat_stack *st, uint64_t *pos, struct neigh_info *ret); /* as neigh_next() */
/* What a router advertisement says of the link (RFC 4861, 6.3.4); 0: nothing. As on Linux it becomes the interface's setting. */
void neigh_set_times(struct leat_stack *st, struct iface *i, uint8_t family, uint32_t reachable_ms,
		     uint32_t retrans_ms);
/* ReachableTime of the interface, drawn anew when its base has changed and every few minutes. */
uint64_t neigh_reachable_us(struct leat_stack *st, struct iface *i, uint8_t family);
/* Dump by position: *pos is 0 at first and opaque after. false: no more. */
bool neigh_next(struct leat_stack *st, uint64_t *pos, struct neigh_info *ret);

extern const struct module neigh_module;

#endif

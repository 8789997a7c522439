/* SPDX-License-Identifier: BSD-2-Clause */
/* How much ICMP may be sent of what others can make us send (RFC 1812, 4.3.2.8; RFC 4443, 2.4(f)). */
#ifndef LEAT_IP_ICMP_LIMIT_H
#define LEAT_IP_ICMP_LIMIT_H

#include "core/stack.h"

enum { ICMP_LIMIT_BURST = 50, ICMP_LIMIT_PER_SEC = 1000 }; /* at first */
enum { ICMP_PEER_SETS = 128, ICMP_PEER_WAYS = 4, ICMP_PEER_BURST = 6 };

/* The first member of module icmp4's state; icmp6 asks there, too. Read: any worker.   Write: control lcore. */
struct icmp_limit_conf {
	uint32_t per_sec, burst; /* of all workers together, for each family */
};

struct icmp_peer {
	uint64_t who; /* a keyed hash of the address; 0: nobody */
	uint64_t full_us;
};

/* Per worker and family; zeroed: all buckets are full. */
struct icmp_limit {
	uint64_t full_us; /* when the bucket for all is full again */
	uint64_t n; /* what was let through, for the dice */
	struct icmp_peer peer[ICMP_PEER_SETS][ICMP_PEER_WAYS];
};

/* May a message go to the destination that hashes to `who` now? peer_ms: how often one destination is told; 0: as often as you like. */
bool icmp_limit_take(const struct worker *w, struct icmp_limit *l, uint64_t who, uint32_t peer_ms);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* How many ICMP errors may be sent (RFC 1812, 4.3.2.8; RFC 4443, 2.4(f)): a token bucket per worker and family, of the size and rate
 * that Linux's icmp_msgs_burst and icmp_msgs_per_sec say. Linux has another one per destination, which this leaves out: a
 * traceroute through us sees every probe answered. */
#ifndef LEAT_IP_ICMP_LIMIT_H
#define LEAT_IP_ICMP_LIMIT_H

#include "core/stack.h"

enum { ICMP_LIMIT_BURST = 50, ICMP_LIMIT_PER_SEC = 1000 }; /* at first */

/* The first member of module icmp4's state; icmp6 asks there, too. Read: any worker.   Write: control lcore. */
struct icmp_limit_conf {
	uint32_t per_sec, burst;
};

struct icmp_limit {
	uint64_t full_us; /* when the bucket is full again; zeroed: full */
};

static inline bool icmp_limit_take(struct icmp_limit *l, const struct icmp_limit_conf *c, uint64_t now_us)
{
	static const struct icmp_limit_conf first = { ICMP_LIMIT_PER_SEC, ICMP_LIMIT_BURST };
	uint64_t full_us = MAX(l->full_us, now_us);
	uint32_t per_sec = c ? racy_get(c->per_sec) : first.per_sec;
	uint32_t burst = c ? racy_get(c->burst) : first.burst;
	if (!per_sec || !burst)
		return false;
	uint64_t token_us = MAX(1000000 / per_sec, 1U);
	if (full_us - now_us > (burst - 1) * token_us)
		return false;
	l->full_us = full_us + token_us;
	return true;
}

static inline const struct icmp_limit_conf *icmp_limit_conf(const struct leat_stack *st)
{
	return stack_state(st, MODULE_icmp4); /* NULL: built without */
}

#endif

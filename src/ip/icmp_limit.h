/* SPDX-License-Identifier: BSD-2-Clause */
/* How many ICMP errors may be sent (RFC 1812, 4.3.2.8; RFC 4443, 2.4(f)): a token bucket per worker and family, of the size and rate
 * of Linux's icmp_msgs_burst and icmp_msgs_per_sec. Linux has another one per destination, which this leaves out: a
 * traceroute through us sees every probe answered. */
#ifndef LEAT_IP_ICMP_LIMIT_H
#define LEAT_IP_ICMP_LIMIT_H

#include "base/base.h"

enum { ICMP_LIMIT_BURST = 50, ICMP_LIMIT_US = 1000 /* per token */ };

struct icmp_limit {
	uint64_t full_us; /* when the bucket is full again; zeroed: full */
};

static inline bool icmp_limit_take(struct icmp_limit *l, uint64_t now_us)
{
	uint64_t full_us = MAX(l->full_us, now_us);
	if (full_us - now_us > (ICMP_LIMIT_BURST - 1) * ICMP_LIMIT_US)
		return false;
	l->full_us = full_us + ICMP_LIMIT_US;
	return true;
}

#endif

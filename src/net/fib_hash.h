/* SPDX-License-Identifier: BSD-2-Clause */
/* By what flows spread over several ways (net.ipv4.fib_multipath_hash_policy and its kin). */
#ifndef LEAT_NET_FIB_HASH_H
#define LEAT_NET_FIB_HASH_H

#include "net/fib.h"
#include "pkt/pkt.h"

/* What of a flow may count. Ports in host order; zero: none, or not known. */
struct fib_flow {
	struct ipaddr src, dst;
	uint32_t flow_label;
	uint16_t sport, dport;
	uint8_t family, proto;
};

/* Any worker. Of a packet whose header of IP is at l3_off; of a flow that has no packet yet. */
uint32_t fib_hash_pkt(const struct worker *w, uint8_t family, const struct pkt *p);
uint32_t fib_hash_flow(const struct worker *w, const struct fib_flow *f);

/* The way that a packet which is forwarded takes. */
static inline const struct fib_nh *fib_nh_for(const struct worker *w, const struct fib_nh *nh, uint8_t family,
					      const struct pkt *p)
{
	return fib_nh_has_paths(nh) ? fib_path_of(w, nh, fib_hash_pkt(w, family, p)) : nh;
}

enum fib_spread_policy { FIB_SPREAD_L3, FIB_SPREAD_L4, FIB_SPREAD_INNER, FIB_SPREAD_CUSTOM };
enum fib_hash_field { /* of the outer header; those of the inner one are FIB_HASH_INNER_SHIFT bits higher */
		      FIB_HASH_SRC = 1,
		      FIB_HASH_DST = 2,
		      FIB_HASH_PROTO = 4,
		      FIB_HASH_LABEL = 8,
		      FIB_HASH_SPORT = 16,
		      FIB_HASH_DPORT = 32,
		      FIB_HASH_INNER_SHIFT = 6,
		      FIB_HASH_ALL = 0xfff,
};

#endif

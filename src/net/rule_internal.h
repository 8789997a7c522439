/* SPDX-License-Identifier: BSD-2-Clause */
/* Routing rules: as workers meet them, and as netlink sees them. */
#ifndef LEAT_NET_RULE_INTERNAL_H
#define LEAT_NET_RULE_INTERNAL_H

#include <linux/fib_rules.h>

#include "net/fib_internal.h"

/* --- what workers read --- */

/* Matches p if p & mask lies in [first, last]. first 0: anything. */
struct rule_ports {
	uint16_t first, last, mask;
};

/* A rule with what it names looked up: tables, interfaces, the rule to go on at. */
struct fib_rule {
	uint32_t looks; /* enum fib_look: what has to be compared at all */
	uint32_t target; /* FR_ACT_GOTO: place of the rule to go on at, behind this one; or RULE_NOWHERE */
	uint8_t action; /* FR_ACT_* */
	bool invert, find_source;
	uint8_t src_plen, dst_plen;
	uint8_t proto, dsfield, dsmask;
	struct fib_key src, dst;
	uint32_t iif, oif; /* handles, or RULE_NOWHERE */
	uint32_t mark, mark_mask, flow, flow_mask;
	uint32_t uid_first, uid_last;
	struct rule_ports sport, dport;
	const struct fib_trie *trie;
	int32_t suppress_plen; /* routes of so short a prefix do not count; -1: all do */
	int64_t suppress_group; /* nor do those through interfaces of that group; -1: all do */
};
/* A name that no interface has now; a target that is not there. */
#define RULE_NOWHERE UINT32_MAX

/* VIEW_rules4, VIEW_rules6: replaced as a whole.
 * Read: any worker, within a turn.   Write: control lcore.   Free: rt_defer() in rules_publish(). */
struct fib_rules {
	struct deferred deferred;
	uint32_t looks; /* of all rules together, and FIB_LOOK_RULES */
	uint32_t lo; /* handle of the loopback interface */
	const struct fib_nh *blackhole, *prohibit;
	uint32_t n;
	struct fib_rule rule[];
};

/* rule_find.c */
const struct fib_nh *rules_find(const struct worker *w, const struct fib_rules *rules,
				const struct fib_query *q);

#endif

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
	const struct fib_trie *trie; /* of its table; NULL: there is none */
	uint32_t table;
	uint32_t priority, realms; /* for who explains */
	int32_t suppress_plen; /* routes of so short a prefix do not count; -1: all do */
	int64_t suppress_group; /* nor do those through interfaces of that group; -1: all do */
};
/* A name that no interface has now; a target that is not there. */
#define RULE_NOWHERE UINT32_MAX

/* VIEW_rules4, VIEW_rules6: replaced as a whole.
 * Read: any worker, within a turn.   Write: control lcore.   Free: rt_defer() in rules_renew(). */
struct fib_rules {
	struct deferred deferred;
	uint32_t looks; /* of all rules together, and FIB_LOOK_RULES */
	uint32_t lo; /* handle of the loopback interface */
	const struct fib_nh *blackhole, *prohibit;
	uint32_t n;
	struct fib_rule rule[];
};

/* rule_find.c: what workers and control ask. */
/* Asked of each table that a matching rule names; the first answer but NULL ends the walk. */
struct rule_table {
	const struct fib_trie *trie;
	uint32_t id;
};
typedef const void *rules_table_fn(void *ctx, const struct fib_rule *r, const struct rule_table *t,
				   const struct fib_key *dst);
/* *ret_action: FR_ACT_TO_TBL with the answer of a table; what a rule answered by itself; FR_ACT_UNREACHABLE: none answered, too.
 * *ret_rule: who answered; NULL: nobody. vrf: what q's interfaces belong to, or NULL. */
const void *rules_ask(const struct fib_rules *rules, const struct fib_query *q, const struct iface *vrf,
		      rules_table_fn *fn, void *ctx, uint8_t *ret_action, const struct fib_rule **ret_rule);
/* Whether a rule counts what its table found. i: where it leads; NULL: nowhere. */
bool rule_suppresses(const struct fib_rule *r, uint8_t type, unsigned plen, const struct iface *i);
const struct fib_nh *rules_find(const struct worker *w, const struct fib_rules *rules,
				const struct fib_query *q);

/* --- what netlink sees: control lcore --- */

/* A rule as it was asked for. */
struct rule {
	struct list link; /* by priority, then age */
	uint64_t serial; /* of all rules ever made: dumps resume by it */
	uint8_t family, action, protocol; /* protocol: who made it, RTPROT_* */
	uint8_t src_plen, dst_plen;
	uint8_t l3mdev, ip_proto;
	uint8_t dsfield, dsmask; /* dsmask 0: dsfield is a TOS, of which three bits count */
	uint32_t flags; /* FIB_RULE_* */
	uint32_t priority, table, target;
	uint32_t mark, mark_mask, flow, flow_mask;
	uint32_t suppress_plen, suppress_group; /* UINT32_MAX: none */
	uint32_t realms; /* of what has none of its own (IPv4); shown, and looked at by nobody here */
	bool has_uids;
	uint32_t uid_first, uid_last;
	struct rule_ports sport, dport;
	uint64_t tun_id; /* as it came */
	char iif[IFACE_NAME_MAX], oif[IFACE_NAME_MAX];
	struct ipaddr src, dst;
};

/* rule.c */
int rules_init(struct leat_stack *st); /* the built-in ones. 0 or -ENOMEM */
void rules_unlink(struct leat_stack *st); /* the workers' */
void rules_done(struct leat_stack *st);
/* Copied, behind those of its priority; workers meet it from now on, and listeners are told. 0 or -ENOMEM. */
int rule_add(struct leat_stack *st, const struct rule *how);
void rule_delete(struct leat_stack *st, struct rule *r);
void rules_clear(struct leat_stack *st,
		 uint8_t family); /* all, and nobody is told; rules_renew() or rule_add() follows */
int rules_renew(struct leat_stack *st, uint8_t family); /* writes them down for workers. 0 or -ENOMEM */
/* The first behind that place; NULL: no more. */
const struct rule *rule_next(const struct leat_stack *st, uint8_t family, const struct rule *after);
/* The rule that a goto leads to, or NULL. */
const struct rule *rule_target(const struct leat_stack *st, const struct rule *r);
/* What one without priority gets (Linux: one less than that of the second). */
uint32_t rule_default_priority(const struct leat_stack *st, uint8_t family);
/* Interfaces came, went, were renamed or moved: what the rules say of them is looked up again. */
void rules_follow_ifaces(struct leat_stack *st);
bool rules_are_built_in(const struct leat_stack *st, uint8_t family);
/* Flags that follow from what there is now: FIB_RULE_UNRESOLVED, FIB_RULE_IIF_DETACHED, FIB_RULE_OIF_DETACHED. */
uint32_t rule_state_flags(struct leat_stack *st, const struct rule *r);

/* rule_ctl.c */
void rule_tell(struct leat_stack *st, uint16_t type, const struct rule *r);

/* rule_save.c */
void rules_save(struct leat_stack *st, struct saver *s);
int rules_restore(struct leat_stack *st, struct loader *l);

#endif

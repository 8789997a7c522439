/* SPDX-License-Identifier: BSD-2-Clause */
/* Which route the rules lead to: the workers' side, free of names and lists. Rules are asked one after the other, as Linux does
 * (fib_rules_lookup()): the first that matches and whose table has a route, or that answers by itself, decides. A throw route
 * and a route that the rule suppresses are as good as none.
 *
 * Costs: each rule names what it has to compare; a rule by mark is one load, one test and one comparison. */
#include <netinet/in.h>

#include "net/l3.h"
#include "net/fib_index.h"
#include "net/rule_internal.h"

/* What is compared, with addresses in the form of the tables. */
struct meeting {
	const struct fib_query *q;
	const struct iface *vrf; /* that its interface belongs to, or NULL */
	struct fib_key src, dst;
	bool has_src;
};

static struct fib_key key_of(uint8_t family, const struct ipaddr *a)
{
	return family == AF_INET6 ? fib_key6(&a->v6) : fib_key4(a->v4);
}

/* Linux: what this host makes comes by the loopback; what belongs to a VRF comes by it and leaves by it, too. */
static bool came_by(const struct fib_rules *rules, const struct fib_rule *r, const struct meeting *m)
{
	return (m->q->iif ? m->q->iif : rules->lo) == r->iif || (m->vrf && m->vrf->handle == r->iif);
}

static bool leaves_by(const struct fib_rule *r, const struct meeting *m)
{
	return m->q->oif == r->oif || (m->vrf && m->vrf->handle == r->oif);
}

/* Linux: a rule with FIB_RULE_FIND_SADDR waits for a source that is not chosen yet. */
static bool source_fits(const struct fib_rule *r, const struct meeting *m)
{
	if (!m->has_src && m->q->family == AF_INET6)
		return r->find_source;
	return fib_key_match(&r->src, &m->src, r->src_plen);
}

static bool ports_fit(const struct rule_ports *r, uint16_t port)
{
	uint16_t p = port & r->mask;
	return !r->first || (p >= r->first && p <= r->last);
}

static bool packet_fits(const struct fib_rule *r, const struct meeting *m)
{
	const struct fib_query *q = m->q;
	if (r->looks & FIB_LOOK_SRC && !source_fits(r, m))
		return false;
	if (r->looks & FIB_LOOK_DSFIELD && (q->dsfield & r->dsmask) != r->dsfield)
		return false;
	if (r->looks & FIB_LOOK_FLOW && (q->flow & r->flow_mask) != r->flow)
		return false;
	if (r->looks & FIB_LOOK_PROTO && q->proto != r->proto)
		return false;
	return !(r->looks & FIB_LOOK_PORTS) ||
	       (ports_fit(&r->sport, q->sport) && ports_fit(&r->dport, q->dport));
}

static bool rule_fits(const struct fib_rules *rules, const struct fib_rule *r, const struct meeting *m)
{
	const struct fib_query *q = m->q;
	if (r->looks & FIB_LOOK_IIF && !came_by(rules, r, m))
		return false;
	if (r->looks & FIB_LOOK_OIF && !leaves_by(r, m))
		return false;
	if (r->looks & FIB_LOOK_MARK && (q->mark & r->mark_mask) != r->mark)
		return false;
	if (r->looks & FIB_LOOK_UID && (q->uid < r->uid_first || q->uid > r->uid_last))
		return false;
	return fib_key_match(&r->dst, &m->dst, r->dst_plen) && packet_fits(r, m);
}

/* --- the walk --- */

static struct rule_table table_of(const struct fib_rule *r, const struct meeting *m)
{
	if (likely(!(r->looks & FIB_LOOK_VRF)))
		return (struct rule_table){ r->trie, r->table };
	if (!m->vrf)
		return (struct rule_table){ 0 };
	return (struct rule_table){ m->vrf->l3_trie[m->q->family == AF_INET6], m->vrf->l3_table };
}

static inline const void *walk(const struct fib_rules *rules, const struct fib_query *q,
			       const struct iface *vrf, rules_table_fn *fn, void *ctx, uint8_t *ret_action,
			       const struct fib_rule **ret_rule)
{
	const struct meeting m = {
		.q = q,
		.vrf = vrf,
		.src = key_of(q->family, &q->src),
		.dst = key_of(q->family, &q->dst),
		.has_src = !ipaddr_is_zero(&q->src),
	};
	for (uint32_t k = 0, next; k < rules->n; k = next) {
		const struct fib_rule *r = &rules->rule[k];
		const void *found;
		struct rule_table t;
		next = k + 1;
		*ret_rule = r;
		if (rule_fits(rules, r, &m) == r->invert)
			continue;
		switch (r->action) {
		case FR_ACT_TO_TBL:
			t = table_of(r, &m);
			found = t.trie ? fn(ctx, r, &t, &m.dst) : NULL;
			if (!found)
				break;
			*ret_action = FR_ACT_TO_TBL;
			return found;
		case FR_ACT_GOTO: /* always forward; or to one that is not there */
			next = r->target == RULE_NOWHERE ? next : r->target;
			break;
		case FR_ACT_NOP:
			break;
		default:
			*ret_action = r->action;
			return NULL;
		}
	}
	*ret_action = FR_ACT_UNREACHABLE;
	*ret_rule = NULL;
	return NULL;
}

const void *rules_ask(const struct fib_rules *rules, const struct fib_query *q, const struct iface *vrf,
		      rules_table_fn *fn, void *ctx, uint8_t *ret_action, const struct fib_rule **ret_rule)
{
	return walk(rules, q, vrf, fn, ctx, ret_action, ret_rule);
}

bool rule_suppresses(const struct fib_rule *r, uint8_t type, unsigned plen, const struct iface *i)
{
	if (type >= RTN_BLACKHOLE) /* Linux: what is refused stays so */
		return false;
	return (int)plen <= r->suppress_plen || (i && racy_get(i->group) == r->suppress_group);
}

/* --- workers --- */

struct finding {
	const struct worker *w;
	struct fib_choice choice;
};

/* The length of the prefix is of interest only to rules that suppress short ones; it costs a walk through the whole trie. */
static const struct fib_nh *best_of(const struct fib_trie *t, const struct fib_key *dst, bool by_plen,
				    unsigned *ret_plen)
{
	*ret_plen = 0;
	if (likely(!by_plen))
		return fib_find_in(t, dst);
	const struct fib_node *n = fib_trie_find_node(t, dst);
	*ret_plen = n ? n->plen : 0;
	return n ? rcu_get(n->best) : NULL;
}

static const void *find_in_table(void *ctx, const struct fib_rule *r, const struct rule_table *t,
				 const struct fib_key *dst)
{
	const struct finding *f = ctx;
	unsigned plen;
	bool by_choice = f->choice.oif || f->choice.tos || f->choice.by_src;
	const struct fib_nh *nh = unlikely(by_choice) ? fib_choose(t->trie, dst, &f->choice, &plen)
						      : best_of(t->trie, dst, r->suppress_plen >= 0, &plen);
	if (!nh)
		return NULL;
	nh = fib_nh_settle(nh);
	if (nh->type == RTN_THROW)
		return NULL;
	const struct iface *i = r->suppress_group < 0 ? NULL : iface_get(f->w, nh->if_handle);
	return rule_suppresses(r, nh->type, plen, i) ? NULL : nh;
}

/* Linux: a rule that says unreachable is answered as if there were no route. */
const struct fib_nh *rules_find(const struct worker *w, const struct fib_rules *rules,
				const struct fib_query *q)
{
	const struct iface *vrf = NULL;
	struct finding f = { .w = w, .choice = fib_choice_of(w->st, q, q->oif) };
	const struct fib_rule *rule;
	uint8_t action;
	if (unlikely(rules->looks & FIB_LOOK_VRF)) {
		vrf = l3_master_of(w, q->oif);
		vrf = vrf ? vrf : l3_master_of(w, q->iif);
		f.choice.oif = vrf && vrf->handle == q->oif ? 0 : q->oif; /* any that belongs to it */
	}
	const struct fib_nh *nh = walk(rules, q, vrf, find_in_table, &f, &action, &rule);
	if (likely(action == FR_ACT_TO_TBL))
		return nh;
	if (action == FR_ACT_UNREACHABLE)
		return NULL;
	return action == FR_ACT_PROHIBIT ? rules->prohibit : rules->blackhole;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Routing rules (ip-rule(8)).
 *
 * Theory of operation: a family's rules are a list by priority. After each change the whole list is written down anew for workers
 * (struct fib_rules), with tables, interfaces and targets of gotos looked up, and published as a view; what workers had is
 * freed after a grace period. While the list is what a stack begins with, and no route goes by tos or source, there is nothing to write down:
 * the view is NULL, and lookups go through the built-in tables without a rule being asked.
 *
 * A table that a rule names exists from then on, empty; it is shown once it has had a route. Names of interfaces may be of none
 * yet: such a rule matches nothing until there is one.
 *
 * Limits: a change costs as much as there are rules. Tunnel ids are kept and shown, and match nothing, as no packet has one. */
#include <errno.h>
#include <netinet/in.h>

#include "net/rule_internal.h"

enum { TOS_BITS = 0x1c }; /* Linux: of a TOS, what is left of RFC 1349's after ECN */
enum { PRIORITY_MAIN = 32766, PRIORITY_DEFAULT = 32767 };

static struct list *list_of(const struct leat_stack *st, uint8_t family)
{
	return &fib_state(st)->rules[fib_index(family)];
}

static enum view_id view_of(uint8_t family)
{
	return family == AF_INET6 ? VIEW_rules6 : VIEW_rules4;
}

/* --- for workers --- */

/* Nothing but a table, for every packet. */
static bool is_plain(const struct rule *r)
{
	bool matches_all = !r->src_plen && !r->dst_plen && !r->ip_proto && !r->dsfield && !r->dsmask &&
			   !r->mark_mask && !r->flow_mask && !r->has_uids && !r->sport.first &&
			   !r->dport.first && !r->tun_id && !r->iif[0] && !r->oif[0] && !r->flags &&
			   !r->realms;
	return matches_all && r->action == FR_ACT_TO_TBL && !r->l3mdev && r->suppress_plen == UINT32_MAX &&
	       r->suppress_group == UINT32_MAX;
}

static unsigned built_in_tables(uint8_t family)
{
	return family == AF_INET6 ? FIB_DEFAULT : FIB_TABLES; /* Linux: IPv6 has no rule for table default */
}

bool rules_are_built_in(const struct leat_stack *st, uint8_t family)
{
	const struct rule *r;
	unsigned n = 0;
	list_for_each (r, list_of(st, family), link)
		if (n == built_in_tables(family) || !is_plain(r) || r->table != fib_table_ids[n++])
			return false;
	return n == built_in_tables(family);
}

static uint32_t handle_of(struct leat_stack *st, const char *name)
{
	const struct iface *i = iface_by_name(st, name);
	return i && i->handle != fib_state(st)->going ? i->handle : RULE_NOWHERE;
}

static uint32_t place_of(const struct leat_stack *st, const struct rule *r)
{
	const struct rule *target = rule_target(st, r), *at;
	uint32_t n = 0;
	list_for_each (at, list_of(st, r->family), link) {
		if (at == target)
			return n;
		n++;
	}
	return RULE_NOWHERE;
}

static void write_matches(struct leat_stack *st, const struct rule *r, struct fib_rule *to)
{
	if (r->iif[0]) {
		to->looks |= FIB_LOOK_IIF;
		to->iif = handle_of(st, r->iif);
	}
	if (r->oif[0]) {
		to->looks |= FIB_LOOK_OIF;
		to->oif = handle_of(st, r->oif);
	}
	if (r->tun_id) { /* no packet has one */
		to->looks |= FIB_LOOK_IIF;
		to->iif = RULE_NOWHERE;
	}
	if (r->mark_mask) {
		to->looks |= FIB_LOOK_MARK;
		to->mark = r->mark & r->mark_mask;
		to->mark_mask = r->mark_mask;
	}
	if (r->has_uids) {
		to->looks |= FIB_LOOK_UID;
		to->uid_first = r->uid_first;
		to->uid_last = r->uid_last;
	}
}

static void write_packet_matches(const struct rule *r, struct fib_rule *to)
{
	to->src = fib_key_of(r->family, &r->src);
	to->dst = fib_key_of(r->family, &r->dst);
	to->src_plen = r->src_plen;
	to->dst_plen = r->dst_plen;
	to->looks |= r->src_plen ? FIB_LOOK_SRC : 0;
	if (r->dsfield || r->dsmask) {
		to->looks |= FIB_LOOK_DSFIELD;
		to->dsmask = r->dsmask ? r->dsmask : TOS_BITS;
		to->dsfield = r->dsfield;
	}
	if (r->flow_mask) {
		to->looks |= FIB_LOOK_FLOW;
		to->flow = r->flow;
		to->flow_mask = r->flow_mask;
	}
	if (r->ip_proto) {
		to->looks |= FIB_LOOK_PROTO;
		to->proto = r->ip_proto;
	}
	if (r->sport.first || r->dport.first)
		to->looks |= FIB_LOOK_PORTS;
	to->sport = r->sport;
	to->dport = r->dport;
	to->sport.mask = r->sport.mask ? r->sport.mask : UINT16_MAX;
	to->dport.mask = r->dport.mask ? r->dport.mask : UINT16_MAX;
}

static int write_rule(struct leat_stack *st, const struct rule *r, struct fib_rule *to)
{
	*to = (struct fib_rule){
		.action = r->action,
		.invert = r->flags & FIB_RULE_INVERT,
		.find_source = r->flags & FIB_RULE_FIND_SADDR,
		.suppress_plen = (int32_t)r->suppress_plen,
		.suppress_group = r->suppress_group == UINT32_MAX ? -1 : (int64_t)r->suppress_group,
		.target = r->action == FR_ACT_GOTO ? place_of(st, r) : 0,
		.priority = r->priority,
		.realms = r->realms,
	};
	write_matches(st, r, to);
	write_packet_matches(r, to);
	if (r->l3mdev)
		to->looks |= FIB_LOOK_VRF;
	if (r->action != FR_ACT_TO_TBL || !r->table)
		return 0;
	const struct fib_table *t = fib_table_make(st, r->family, r->table);
	if (!t)
		return -ENOMEM;
	to->trie = t->trie;
	to->table = r->table;
	return 0;
}

/* What refusing rules lead to, like a route's. */
static bool have_refusals(struct leat_stack *st)
{
	struct fib_stack *s = fib_state(st);
	if (!s->nh_blackhole)
		s->nh_blackhole = fib_nh_get(st, &(struct fib_nh){ .type = RTN_BLACKHOLE });
	if (!s->nh_prohibit)
		s->nh_prohibit = fib_nh_get(st, &(struct fib_nh){ .type = RTN_PROHIBIT });
	return s->nh_blackhole && s->nh_prohibit;
}

/* Routes by tos make lookups look at it, too. */
static uint32_t looks_of_routes(const struct leat_stack *st, uint8_t family)
{
	return !fib_state(st)->n_chosen[fib_index(family)] ? 0
	       : family == AF_INET                         ? FIB_LOOK_DSFIELD
							   : FIB_LOOK_SRC;
}

static int write_rules(struct leat_stack *st, uint8_t family, struct fib_rules **ret)
{
	struct fib_stack *s = fib_state(st);
	const struct rule *r;
	uint32_t n = 0;
	list_for_each (r, list_of(st, family), link)
		n++;
	if (!have_refusals(st))
		return -ENOMEM;
	struct fib_rules *rules = mem_zalloc(&st->mem, sizeof *rules + n * sizeof rules->rule[0]);
	if (!rules)
		return -ENOMEM;
	rules->looks = FIB_LOOK_RULES | looks_of_routes(st, family);
	rules->lo = s->lo_handle;
	rules->blackhole = &s->nh_blackhole->nh;
	rules->prohibit = &s->nh_prohibit->nh;
	list_for_each (r, list_of(st, family), link) {
		struct fib_rule *to = &rules->rule[rules->n++];
		if (write_rule(st, r, to)) {
			mem_free(rules);
			return -ENOMEM;
		}
		rules->looks |= to->looks;
	}
	*ret = rules;
	return 0;
}

static void rules_free(struct deferred *d)
{
	mem_free(container_of(d, struct fib_rules, deferred));
}

int rules_renew(struct leat_stack *st, uint8_t family)
{
	struct fib_rules *old = view_ctl(st, view_of(family)), *new = NULL;
	bool needless = rules_are_built_in(st, family) && !looks_of_routes(st, family);
	int err = needless ? 0 : write_rules(st, family, &new);
	if (!err && (old || new))
		err = view_stage(st, view_of(family), new);
	if (err) {
		mem_free(new);
		return err;
	}
	view_publish(st);
	if (old)
		rt_defer(st->rt->ctl, st->rt, &old->deferred, rules_free);
	return 0;
}

static bool names_iface(const struct leat_stack *st, uint8_t family)
{
	const struct fib_rules *rules = view_ctl(st, view_of(family));
	return rules && rules->looks & (FIB_LOOK_IIF | FIB_LOOK_OIF);
}

void rules_follow_ifaces(struct leat_stack *st)
{
	/* Without memory the old ones stay; a handle that is stale matches nothing. */
	if (names_iface(st, AF_INET))
		rules_renew(st, AF_INET);
	if (names_iface(st, AF_INET6))
		rules_renew(st, AF_INET6);
}

/* --- the list --- */

const struct rule *rule_next(const struct leat_stack *st, uint8_t family, const struct rule *after)
{
	const struct rule *r;
	list_for_each (r, list_of(st, family), link)
		if (!after || r->priority > after->priority ||
		    (r->priority == after->priority && r->serial > after->serial))
			return r;
	return NULL;
}

const struct rule *rule_target(const struct leat_stack *st, const struct rule *r)
{
	const struct rule *t;
	if (r->action != FR_ACT_GOTO)
		return NULL;
	list_for_each (t, list_of(st, r->family), link)
		if (t->priority == r->target)
			return t;
	return NULL;
}

uint32_t rule_default_priority(const struct leat_stack *st, uint8_t family)
{
	const struct rule *r;
	unsigned n = 0;
	list_for_each (r, list_of(st, family), link)
		if (n++ == 1)
			return r->priority ? r->priority - 1 : 0;
	return 0;
}

uint32_t rule_state_flags(struct leat_stack *st, const struct rule *r)
{
	uint32_t flags = 0;
	if (r->action == FR_ACT_GOTO && !rule_target(st, r))
		flags |= FIB_RULE_UNRESOLVED;
	if (r->iif[0] && !iface_by_name(st, r->iif))
		flags |= FIB_RULE_IIF_DETACHED;
	if (r->oif[0] && !iface_by_name(st, r->oif))
		flags |= FIB_RULE_OIF_DETACHED;
	return flags;
}

static struct rule *insert(struct leat_stack *st, const struct rule *how)
{
	struct list *rules = list_of(st, how->family), *l = rules->prev;
	struct rule *r = mem_zalloc(&st->mem, sizeof *r);
	if (!r)
		return NULL;
	*r = *how;
	r->serial = ++fib_state(st)->rule_serial;
	while (l != rules && list_entry(l, struct rule, link)->priority > r->priority)
		l = l->prev;
	list_insert(l, &r->link);
	return r;
}

static void take_out(struct rule *r)
{
	list_remove(&r->link);
	mem_free(r);
}

int rule_add(struct leat_stack *st, const struct rule *how)
{
	struct rule *r = insert(st, how);
	if (!r)
		return -ENOMEM;
	int err = rules_renew(st, r->family);
	if (err) {
		take_out(r);
		return err;
	}
	rule_tell(st, RTM_NEWRULE, r);
	return 0;
}

/* Workers go on with it while there is no memory to write down the others. */
void rule_delete(struct leat_stack *st, struct rule *r)
{
	struct rule gone = *r;
	take_out(r);
	rules_renew(st, gone.family);
	rule_tell(st, RTM_DELRULE, &gone);
}

void rules_clear(struct leat_stack *st, uint8_t family)
{
	struct rule *r, *next;
	list_for_each_safe (r, next, list_of(st, family), link)
		take_out(r);
}

/* --- life --- */

static bool insert_built_in(struct leat_stack *st, uint8_t family)
{
	static const uint32_t priorities[FIB_TABLES] = { 0, PRIORITY_MAIN, PRIORITY_DEFAULT };
	struct rule r = { .family = family,
			  .action = FR_ACT_TO_TBL,
			  .protocol = RTPROT_KERNEL,
			  .suppress_plen = UINT32_MAX,
			  .suppress_group = UINT32_MAX };
	for (unsigned k = 0; k < built_in_tables(family); k++) {
		r.priority = priorities[k];
		r.table = fib_table_ids[k];
		if (!insert(st, &r))
			return false;
	}
	return true;
}

int rules_init(struct leat_stack *st)
{
	struct fib_stack *s = fib_state(st);
	list_init(&s->rules[0]);
	list_init(&s->rules[1]);
	if (insert_built_in(st, AF_INET) && insert_built_in(st, AF_INET6))
		return 0;
	rules_done(st);
	return -ENOMEM;
}

static void unlink_family(struct leat_stack *st, uint8_t family)
{
	struct fib_rules *old = view_ctl(st, view_of(family));
	view_stage(st, view_of(family), NULL);
	if (old)
		rt_defer(st->rt->ctl, st->rt, &old->deferred, rules_free);
}

void rules_unlink(struct leat_stack *st)
{
	unlink_family(st, AF_INET);
	unlink_family(st, AF_INET6);
}

void rules_done(struct leat_stack *st)
{
	struct fib_stack *s = fib_state(st);
	rules_clear(st, AF_INET);
	rules_clear(st, AF_INET6);
	fib_nh_put(st, s->nh_blackhole);
	fib_nh_put(st, s->nh_prohibit);
	s->nh_blackhole = s->nh_prohibit = NULL;
}

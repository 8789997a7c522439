/* SPDX-License-Identifier: BSD-2-Clause */
#include "rule.c"

#include <linux/rtnetlink.h>

#include "core/stack.h"
#include "net/net_test.h"

static const struct module *const modules[] = { &pkt_module, &graph_module, &iface_module, &fib_module,
						NULL };

NET_TEST_LIFE(modules)

/* A default route through i in that table. */
static void default_route(struct net_test *t, uint8_t family, uint32_t table, const struct iface *i)
{
	struct fib_route r = { .family = family,
			       .table = table,
			       .protocol = RTPROT_STATIC,
			       .nh = { .type = RTN_UNICAST,
				       .if_handle = i->handle,
				       .scope = family == AF_INET ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE } };
	assert_int_equal(fib_add(t->st, &r, FIB_ADD, NULL), 0);
}

static struct rule rule_to(uint8_t family, uint32_t priority, uint32_t table)
{
	return (struct rule){ .family = family,
			      .action = FR_ACT_TO_TBL,
			      .priority = priority,
			      .table = table,
			      .suppress_plen = UINT32_MAX,
			      .suppress_group = UINT32_MAX };
}

static void add(struct net_test *t, const struct rule *r)
{
	assert_int_equal(rule_add(t->st, r), 0);
}

static struct worker *last_worker(struct net_test *t)
{
	manual_rt_settle(t->m);
	return t->st->worker[t->st->n_workers - 1];
}

/* Where workers and control send it, who must agree; NULL: nowhere. */
static const struct fib_nh *ask_both(struct net_test *t, const struct fib_query *q)
{
	struct worker *w = last_worker(t);
	const struct fib_nh *nh = fib_lookup(w, q);
	const struct fib_route *r = fib_ask(t->st, q);
	assert_int_equal(nh != NULL, r != NULL);
	assert_true(!nh || (nh->type == r->nh.type && nh->if_handle == r->nh.if_handle &&
			    nh->metric[RTAX_MTU] == r->nh.metric[RTAX_MTU]));
	return nh;
}

static uint32_t way(struct net_test *t, const struct fib_query *q)
{
	const struct fib_nh *nh = ask_both(t, q);
	return nh ? nh->if_handle : 0;
}

static struct fib_query query(const char *dst)
{
	return (struct fib_query){ .family = strchr(dst, ':') ? AF_INET6 : AF_INET, .dst = net_ip(dst) };
}

static struct iface *up(struct net_test *t, const char *name)
{
	struct iface *i = net_test_iface(t, name);
	iface_set_up(i, true);
	return i;
}

/* a: by the built-in rules; b: by table 100, which rules of the test lead to. */
struct ways {
	struct iface *a, *b;
};
static struct ways two_ways(struct net_test *t, uint8_t family)
{
	struct ways w = { up(t, "a"), up(t, "b") };
	default_route(t, family, RT_TABLE_MAIN, w.a);
	default_route(t, family, 100, w.b);
	return w;
}

static void no_rules_cost_no_view(void **state)
{
	struct net_test *t = *state;
	struct ways w = two_ways(t, AF_INET);
	struct fib_query q = query("192.0.2.1");
	assert_int_equal(fib_looks(last_worker(t), AF_INET), 0);
	assert_int_equal(way(t, &q), w.a->handle);
	struct rule r = rule_to(AF_INET, 10, 100);
	add(t, &r);
	assert_int_equal(way(t, &q), w.b->handle);
	assert_int_equal(fib_looks(last_worker(t), AF_INET), FIB_LOOK_RULES);
	assert_int_equal(fib_looks(last_worker(t), AF_INET6), 0);
	rule_delete(t->st, (struct rule *)rule_next(t->st, AF_INET, rule_next(t->st, AF_INET, NULL)));
	assert_true(rules_are_built_in(t->st, AF_INET));
	assert_int_equal(fib_looks(last_worker(t), AF_INET), 0);
	assert_int_equal(way(t, &q), w.a->handle);
}

/* Each row: what the rule wants, a query that has it, one that has not. */
static void each_match_counts(void **state)
{
	struct net_test *t = *state;
	struct ways w = two_ways(t, AF_INET);
	struct iface *lo = net_test_lo(t);
	const struct {
		struct rule rule;
		struct fib_query yes, no;
	} rows[] = {
		{ { .src_plen = 24, .src = net_ip("10.0.0.0") },
		  { .src = net_ip("10.0.0.9") },
		  { .src = net_ip("10.0.1.9") } },
		{ { .dst_plen = 24, .dst = net_ip("192.0.2.0") },
		  { .uid = 0 },
		  { .dst = net_ip("192.0.3.1") } },
		{ { .iif = "a" }, { .iif = w.a->handle }, { .iif = w.b->handle } },
		{ { .iif = "lo" }, { .uid = 0 }, { .iif = w.b->handle } },
		{ { .iif = "lo" }, { .iif = lo->handle }, { .iif = w.a->handle } },
		{ { .oif = "b" }, { .oif = w.b->handle }, { .oif = w.a->handle } },
		{ { .mark = 5, .mark_mask = 0xf }, { .mark = 0x25 }, { .mark = 6 } },
		{ { .has_uids = true, .uid_first = 10, .uid_last = 20 }, { .uid = 20 }, { .uid = 21 } },
		{ { .ip_proto = 17 }, { .proto = 17 }, { .proto = 6 } },
		{ { .sport = { 10, 20, 0 } }, { .sport = 10 }, { .sport = 9 } },
		{ { .dport = { 10, 20, 0 } }, { .dport = 20 }, { .dport = 21 } },
		{ { .dport = { 0x100, 0x100, 0xff00 } }, { .dport = 0x1ff }, { .dport = 0x200 } },
		{ { .dport = { 1, 9, 0 } }, { .dport = 1 }, { .dport = 0 } },
		{ { .dsfield = 0x10 }, { .dsfield = 0x91 }, { .dsfield = 0x20 } },
		{ { .dsfield = 0xb8, .dsmask = 0xfc }, { .dsfield = 0xb9 }, { .dsfield = 0x38 } },
		{ { .flow = 0x10, .flow_mask = 0xff }, { .flow = 0x310 }, { .flow = 0x11 } },
		{ { .flags = FIB_RULE_INVERT, .mark = 7, .mark_mask = UINT32_MAX },
		  { .mark = 8 },
		  { .mark = 7 } },
	};
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct rule base = rule_to(AF_INET, 10, 100), r = rows[i].rule;
		struct fib_query yes = rows[i].yes, no = rows[i].no;
		r.family = yes.family = no.family = AF_INET;
		r.action = base.action;
		r.priority = base.priority;
		r.table = base.table;
		r.suppress_plen = r.suppress_group = UINT32_MAX;
		yes.dst = net_ip("192.0.2.1");
		no.dst = ipaddr_is_zero(&no.dst) ? yes.dst : no.dst;
		add(t, &r);
		print_message("row %u\n", i);
		assert_int_equal(way(t, &yes), w.b->handle);
		assert_int_equal(way(t, &no), w.a->handle);
		rule_delete(t->st, (struct rule *)rule_next(t->st, AF_INET, rule_next(t->st, AF_INET, NULL)));
	}
}

static void ipv6_waits_for_a_source_when_asked_to(void **state)
{
	struct net_test *t = *state;
	struct ways w = two_ways(t, AF_INET6);
	struct rule r = rule_to(AF_INET6, 10, 100);
	struct fib_query q = query("2001:db8::1");
	r.src = net_ip("2001:db8:9::");
	r.src_plen = 48;
	add(t, &r);
	assert_int_equal(way(t, &q), w.a->handle);
	q.src = net_ip("2001:db8:9::7");
	assert_int_equal(way(t, &q), w.b->handle);
	q.src = net_ip("2001:db8:8::7");
	assert_int_equal(way(t, &q), w.a->handle);
	r.flags = FIB_RULE_FIND_SADDR;
	add(t, &r);
	assert_int_equal(way(t, &q), w.a->handle);
	memset(&q.src, 0, sizeof q.src);
	assert_int_equal(way(t, &q), w.b->handle);
}

/* --- more than one route of a prefix --- */

static void add_uplink(struct net_test *t, uint8_t family, uint32_t table, const struct iface *i,
		       uint32_t metric, uint8_t tos)
{
	struct fib_route r = { .family = family,
			       .table = table,
			       .metric = metric,
			       .tos = tos,
			       .protocol = RTPROT_STATIC,
			       .nh = { .type = RTN_UNICAST,
				       .if_handle = i->handle,
				       .metric[RTAX_MTU] = 1300 + metric + tos,
				       .scope = family == AF_INET ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE } };
	assert_int_equal(fib_add(t->st, &r, FIB_APPEND, NULL), 0);
}

static uint32_t way_by(struct net_test *t, uint8_t family, const struct iface *out, uint8_t dsfield)
{
	struct fib_query q = query(family == AF_INET ? "192.0.2.1" : "2001:db8::1");
	q.oif = out ? out->handle : 0;
	q.dsfield = dsfield;
	const struct fib_nh *nh = ask_both(t, &q);
	return nh ? nh->metric[RTAX_MTU] : 0;
}

static void check_uplinks(struct net_test *t, uint8_t family, uint32_t table)
{
	struct iface *i[3] = { up(t, "a"), up(t, "b"), up(t, "c") };
	struct fib_route gone = { .family = family, .table = table, .metric = 2 };
	add_uplink(t, family, table, i[0], 1, 0);
	assert_int_equal(way_by(t, family, i[0], 0), 1301);
	assert_int_equal(way_by(t, family, i[1], 0), 0);
	add_uplink(t, family, table, i[1], 2, 0);
	add_uplink(t, family, table, i[1], 3, 0);
	assert_int_equal(way_by(t, family, NULL, 0), 1301);
	assert_int_equal(way_by(t, family, i[0], 0), 1301);
	assert_int_equal(way_by(t, family, i[1], 0), 1302);
	assert_int_equal(way_by(t, family, i[2], 0), 0);
	assert_int_equal(fib_delete(t->st, &gone), 0);
	assert_int_equal(way_by(t, family, i[1], 0), 1303);
	iface_set_up(i[0], false);
	assert_int_equal(way_by(t, family, NULL, 0), 1303);
	assert_int_equal(way_by(t, family, i[0], 0), 0);
	gone.metric = 3;
	assert_int_equal(fib_delete(t->st, &gone), 0);
	assert_int_equal(way_by(t, family, i[1], 0), 0);
	for (unsigned k = 0; k < 3; k++)
		iface_delete(i[k]);
}

static void the_interface_asked_for_chooses_among_metrics(void **state)
{
	check_uplinks(*state, AF_INET, RT_TABLE_MAIN);
	check_uplinks(*state, AF_INET6, RT_TABLE_MAIN);
}

static void so_it_does_by_rules(void **state)
{
	struct net_test *t = *state;
	struct rule r = rule_to(AF_INET, 10, 100), r6 = rule_to(AF_INET6, 10, 100);
	add(t, &r);
	check_uplinks(t, AF_INET, 100);
	add(t, &r6);
	check_uplinks(t, AF_INET6, 100);
}

static void tos_chooses_among_routes(void **state)
{
	struct net_test *t = *state;
	struct iface *a = up(t, "a"), *b = up(t, "b");
	struct fib_route gone = { .family = AF_INET, .table = RT_TABLE_MAIN, .tos = 0x10 };
	add_uplink(t, AF_INET, RT_TABLE_MAIN, a, 1, 0x10);
	assert_int_equal(fib_looks(last_worker(t), AF_INET), FIB_LOOK_RULES | FIB_LOOK_DSFIELD);
	assert_int_equal(way_by(t, AF_INET, NULL, 0), 0);
	add_uplink(t, AF_INET, RT_TABLE_MAIN, b, 5, 0);
	assert_int_equal(way_by(t, AF_INET, NULL, 0), 1305);
	assert_int_equal(way_by(t, AF_INET, NULL, 0x08), 1305);
	assert_int_equal(way_by(t, AF_INET, NULL, 0x10), 1301 + 0x10);
	assert_int_equal(way_by(t, AF_INET, NULL, 0xb3), 1301 + 0x10); /* Linux: three bits count */
	assert_int_equal(way_by(t, AF_INET, b, 0x10), 1305);
	assert_int_equal(fib_delete(t->st, &gone), 0);
	assert_int_equal(fib_looks(last_worker(t), AF_INET), 0);
	assert_int_equal(way_by(t, AF_INET, NULL, 0x10), 1305);
}

/* A longer prefix by another tos hides nothing. */
static void a_prefix_none_of_whose_routes_fits_is_none(void **state)
{
	struct net_test *t = *state;
	struct iface *a = up(t, "a"), *b = up(t, "b");
	add_uplink(t, AF_INET, RT_TABLE_MAIN, a, 1, 0);
	struct fib_route r = {
		.family = AF_INET,
		.table = RT_TABLE_MAIN,
		.plen = 24,
		.dst = net_ip("192.0.2.0"),
		.tos = 0x08,
		.nh = { .type = RTN_UNICAST,
			.scope = RT_SCOPE_LINK,
			.if_handle = b->handle,
			.metric[RTAX_MTU] = 1200 },
	};
	assert_int_equal(fib_add(t->st, &r, FIB_ADD, NULL), 0);
	assert_int_equal(way_by(t, AF_INET, NULL, 0), 1301);
	assert_int_equal(way_by(t, AF_INET, NULL, 0x10), 1301);
	assert_int_equal(way_by(t, AF_INET, a, 0x08), 1301);
	assert_int_equal(way_by(t, AF_INET, NULL, 0x08), 1200);
	r.tos = 0;
	r.nh = (struct fib_nh){ .type = RTN_PROHIBIT };
	assert_int_equal(fib_add(t->st, &r, FIB_ADD, NULL), 0);
	struct fib_query q = query("192.0.2.1");
	q.oif = a->handle; /* Linux: refused, by whatever interface */
	assert_int_equal(ask_both(t, &q)->type, RTN_PROHIBIT);
}

static void gotos_lead_forward_and_may_lead_nowhere(void **state)
{
	struct net_test *t = *state;
	struct ways w = two_ways(t, AF_INET);
	struct fib_query q = query("192.0.2.1");
	struct rule jump = rule_to(AF_INET, 10, 0), block = rule_to(AF_INET, 20, 0),
		    way_b = rule_to(AF_INET, 30, 100);
	jump.action = FR_ACT_GOTO;
	jump.target = 30;
	block.action = FR_ACT_BLACKHOLE;
	add(t, &block);
	assert_int_equal(ask_both(t, &q)->type, RTN_BLACKHOLE);
	add(t, &jump); /* to nobody yet */
	assert_int_equal(rule_state_flags(t->st, rule_next(t->st, AF_INET, rule_next(t->st, AF_INET, NULL))),
			 FIB_RULE_UNRESOLVED);
	assert_int_equal(ask_both(t, &q)->type, RTN_BLACKHOLE);
	add(t, &way_b);
	assert_int_equal(way(t, &q), w.b->handle);
}

static void rules_refuse_by_themselves(void **state)
{
	struct net_test *t = *state;
	struct ways w = two_ways(t, AF_INET);
	struct fib_query q = query("192.0.2.1");
	static const uint8_t actions[] = { FR_ACT_NOP, FR_ACT_UNREACHABLE, FR_ACT_PROHIBIT,
					   FR_ACT_BLACKHOLE };
	static const int types[] = { RTN_UNICAST, -1, RTN_PROHIBIT, RTN_BLACKHOLE };
	for (unsigned k = 0; k < ARRAY_SIZE(actions); k++) {
		struct rule r = rule_to(AF_INET, 50 - k, 0);
		r.action = actions[k];
		add(t, &r);
		const struct fib_nh *nh = ask_both(t, &q);
		assert_int_equal(nh ? nh->type : -1, types[k]);
	}
	assert_non_null(w.a);
}

static void short_prefixes_and_groups_are_suppressed(void **state)
{
	struct net_test *t = *state;
	struct ways w = two_ways(t, AF_INET);
	struct fib_query q = query("192.0.2.1");
	struct rule r = rule_to(AF_INET, 10, RT_TABLE_MAIN), rest = rule_to(AF_INET, 11, 100);
	r.suppress_plen = 0;
	add(t, &r);
	add(t, &rest);
	assert_int_equal(way(t, &q), w.b->handle); /* the default route of table main does not count */
	struct fib_route near = {
		.family = AF_INET,
		.table = RT_TABLE_MAIN,
		.plen = 1,
		.dst = net_ip("128.0.0.0"),
		.nh = { .type = RTN_UNICAST, .if_handle = w.a->handle, .scope = RT_SCOPE_LINK }
	};
	assert_int_equal(fib_add(t->st, &near, FIB_ADD, NULL), 0);
	assert_int_equal(way(t, &q), w.a->handle);
	r = rule_to(AF_INET, 9, RT_TABLE_MAIN);
	r.suppress_group = 7;
	add(t, &r);
	assert_int_equal(way(t, &q), w.a->handle);
	w.a->group = 7;
	r.priority = 8;
	assert_int_equal(way(t, &q), w.a->handle); /* by the rule behind it */
	rule_delete(t->st,
		    (struct rule *)rule_next(t->st, AF_INET,
					     rule_next(t->st, AF_INET, rule_next(t->st, AF_INET, NULL))));
	assert_int_equal(way(t, &q), w.b->handle);
}

static void names_follow_interfaces(void **state)
{
	struct net_test *t = *state;
	struct ways w = two_ways(t, AF_INET);
	struct fib_query q = query("192.0.2.1");
	struct rule r = rule_to(AF_INET, 10, 100);
	snprintf(r.iif, sizeof r.iif, "late");
	add(t, &r);
	const struct rule *own = rule_next(t->st, AF_INET, rule_next(t->st, AF_INET, NULL));
	assert_int_equal(rule_state_flags(t->st, own), FIB_RULE_IIF_DETACHED);
	struct iface *late = up(t, "late");
	q.iif = late->handle;
	assert_int_equal(way(t, &q), w.b->handle);
	assert_int_equal(rule_state_flags(t->st, own), 0);
	assert_int_equal(iface_rename(late, "other"), 0);
	assert_int_equal(way(t, &q), w.a->handle);
	assert_int_equal(rule_state_flags(t->st, own), FIB_RULE_IIF_DETACHED);
	assert_int_equal(iface_rename(late, "late"), 0);
	assert_int_equal(way(t, &q), w.b->handle);
	iface_delete(late);
	assert_int_equal(way(t, &q), w.a->handle);
}

static void a_throw_goes_on_with_the_next_rule(void **state)
{
	struct net_test *t = *state;
	struct ways w = two_ways(t, AF_INET);
	struct fib_query q = query("192.0.2.1");
	struct rule r = rule_to(AF_INET, 10, 100);
	struct fib_route no = {
		.family = AF_INET, .table = 100, .plen = 24, .dst = net_ip("192.0.2.0"), .nh.type = RTN_THROW
	};
	add(t, &r);
	assert_int_equal(fib_add(t->st, &no, FIB_ADD, NULL), 0);
	assert_int_equal(way(t, &q), w.a->handle);
	q.dst = net_ip("192.0.3.1");
	assert_int_equal(way(t, &q), w.b->handle);
}

static void a_rule_makes_no_table_that_is_seen(void **state)
{
	struct net_test *t = *state;
	struct rule r = rule_to(AF_INET, 10, 4000000000u);
	add(t, &r);
	assert_false(fib_has_table(t->st, AF_INET, 4000000000u));
	struct iface *a = up(t, "a");
	default_route(t, AF_INET, 4000000000u, a);
	assert_true(fib_has_table(t->st, AF_INET, 4000000000u));
	struct fib_query q = query("192.0.2.1");
	assert_int_equal(way(t, &q), a->handle);
}

/* W:R7: nothing is kept of what is asked. */
static void questions_leave_nothing_behind(void **state)
{
	struct net_test *t = *state;
	struct ways w = two_ways(t, AF_INET);
	struct rule r = rule_to(AF_INET, 10, 100);
	r.mark = r.mark_mask = 1;
	add(t, &r);
	struct worker *wk = last_worker(t);
	uint64_t before = t->st->mem.used_bytes, x = 1;
	for (unsigned k = 0; k < 100000; k++) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		struct fib_query q = { .family = AF_INET,
				       .dst.v4 = be32_of((uint32_t)(x >> 32)),
				       .src.v4 = be32_of((uint32_t)x),
				       .mark = (uint32_t)(x >> 20) & 1 };
		assert_int_equal(fib_lookup(wk, &q)->if_handle, q.mark ? w.b->handle : w.a->handle);
	}
	assert_int_equal(t->st->mem.used_bytes, before);
}

static void no_memory_leaves_the_rules_as_they_were(void **state)
{
	struct net_test *t = *state;
	struct ways w = two_ways(t, AF_INET);
	struct rule r = rule_to(AF_INET, 10, 100);
	struct fib_query q = query("192.0.2.1");
	unsigned k = 0;
	int err;
	do {
		t->st->mem.fail_after = ++k;
		err = rule_add(t->st, &r);
		t->st->mem.fail_after = 0;
		assert_true(err == 0 || err == -ENOMEM);
		assert_int_equal(way(t, &q), err ? w.a->handle : w.b->handle);
	} while (err);
	assert_true(k > 2);
}

static void saved_rules_come_back(void **state)
{
	struct net_test *t = *state;
	struct rule r = rule_to(AF_INET, 10, 100), r6 = rule_to(AF_INET6, 11, 101);
	char *text, why[160];
	size_t len;
	snprintf(r.iif, sizeof r.iif, "a");
	r.has_uids = true;
	r.uid_first = 7;
	r.uid_last = 9;
	r.dport = (struct rule_ports){ 53, 53, UINT16_MAX };
	r6.src = net_ip("2001:db8::");
	r6.src_plen = 32;
	add(t, &r);
	add(t, &r6);
	assert_int_equal(stack_save_text(t->st, &text, &len), 0);
	struct net_test *u = net_test_new(1, modules);
	assert_int_equal(stack_restore_text(u->st, text, len, why, sizeof why), 0);
	const struct rule *back = rule_next(u->st, AF_INET, rule_next(u->st, AF_INET, NULL));
	assert_int_equal(back->uid_last, 9);
	assert_int_equal(back->dport.mask, UINT16_MAX);
	assert_string_equal(back->iif, "a");
	back = rule_next(u->st, AF_INET6, rule_next(u->st, AF_INET6, NULL));
	assert_int_equal(back->src_plen, 32);
	assert_true(ipaddr_eq(&back->src, &r6.src));
	assert_int_equal(fib_looks(last_worker(u), AF_INET6), FIB_LOOK_RULES | FIB_LOOK_SRC);
	free(text);
	net_test_free(u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(no_rules_cost_no_view, three_workers, teardown),
		cmocka_unit_test_setup_teardown(each_match_counts, one_worker, teardown),
		cmocka_unit_test_setup_teardown(ipv6_waits_for_a_source_when_asked_to, one_worker, teardown),
		cmocka_unit_test_setup_teardown(the_interface_asked_for_chooses_among_metrics, three_workers,
						teardown),
		cmocka_unit_test_setup_teardown(so_it_does_by_rules, three_workers, teardown),
		cmocka_unit_test_setup_teardown(tos_chooses_among_routes, three_workers, teardown),
		cmocka_unit_test_setup_teardown(a_prefix_none_of_whose_routes_fits_is_none, one_worker,
						teardown),
		cmocka_unit_test_setup_teardown(gotos_lead_forward_and_may_lead_nowhere, one_worker,
						teardown),
		cmocka_unit_test_setup_teardown(rules_refuse_by_themselves, one_worker, teardown),
		cmocka_unit_test_setup_teardown(short_prefixes_and_groups_are_suppressed, one_worker,
						teardown),
		cmocka_unit_test_setup_teardown(names_follow_interfaces, three_workers, teardown),
		cmocka_unit_test_setup_teardown(a_throw_goes_on_with_the_next_rule, one_worker, teardown),
		cmocka_unit_test_setup_teardown(a_rule_makes_no_table_that_is_seen, one_worker, teardown),
		cmocka_unit_test_setup_teardown(questions_leave_nothing_behind, one_worker, teardown),
		cmocka_unit_test_setup_teardown(no_memory_leaves_the_rules_as_they_were, one_worker,
						teardown),
		cmocka_unit_test_setup_teardown(saved_rules_come_back, one_worker, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "iface.c"
#include "iface_input.c"

#include "net/net_test.h"

static const struct module *const modules[] = { &pkt_module, &graph_module, &iface_module, &fake_eth_module,
						NULL };
static const struct module *const no_eth[] = { &pkt_module, &graph_module, &iface_module, NULL };

NET_TEST_LIFE(modules)

static char story[256];
static void note_event(struct iface_watch *w, struct iface *i, enum iface_event e)
{
	static const char *const names[] = { "added", "up", "down", "changed", "renamed", "going", "mac" };
	snprintf(story + strlen(story), sizeof story - strlen(story), "%s:%s ", i->name, names[e]);
}

static void names_follow_linux(void **state)
{
	static const char *const bad[] = { "", ".", "..", "a/b", "a:b", "a b", "sixteen-letters!", "a\tb" };
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(iface_name_valid(bad[i]));
	assert_true(iface_name_valid("fifteen-letters"));
	assert_true(iface_name_valid("..."));
}

static void a_pattern_gets_the_lowest_free_number(void **state)
{
	struct net_test *t = *state;
	assert_string_equal(net_test_iface(t, "tap%d")->name, "tap0");
	struct iface *second = net_test_iface(t, "tap%d");
	assert_string_equal(second->name, "tap1");
	net_test_iface(t, "tap02");
	iface_delete(second);
	assert_string_equal(net_test_iface(t, "tap%d")->name, "tap1");
	assert_string_equal(net_test_iface(t, "tap%d")->name, "tap2");
	struct iface_new how = net_test_eth("x%s", NULL);
	struct iface *i;
	assert_int_equal(iface_add(t->st, &how, &i), -EINVAL);
	how = net_test_eth("tap0", NULL);
	assert_int_equal(iface_add(t->st, &how, &i), -EEXIST);
	how = net_test_eth("abcdefghijklm%d", NULL); /* 14 bytes with the number */
	assert_int_equal(iface_add(t->st, &how, &i), 0);
}

static void alternative_names_find_and_are_taken(void **state)
{
	struct net_test *t = *state;
	struct iface *a = net_test_iface(t, "a"), *b = net_test_iface(t, "b");
	assert_int_equal(iface_altname_add(a, "a-name-longer-than-interfaces-have"), 0);
	assert_int_equal(iface_altname_add(a, "short"), 0);
	assert_int_equal(iface_altname_add(b, "short"), -EEXIST);
	assert_int_equal(iface_altname_add(b, "a"), -EEXIST);
	assert_ptr_equal(iface_by_any_name(t->st, "a-name-longer-than-interfaces-have"), a);
	assert_ptr_equal(iface_by_any_name(t->st, "b"), b);
	assert_int_equal(iface_rename(b, "short"), -EEXIST);
	assert_int_equal(iface_altname_remove(b, "short"), -EINVAL);
	assert_int_equal(iface_altname_remove(a, "nobody"), -ENOENT);
	assert_int_equal(iface_altname_remove(a, "short"), 0);
	assert_int_equal(iface_rename(b, "short"), 0);
	iface_delete(a);
	assert_null(iface_by_any_name(t->st, "a-name-longer-than-interfaces-have"));
}

static void thousands_are_found_by_name_and_number(void **state)
{
	enum { MANY = 3000 };
	struct net_test *t = *state;
	struct iface *all[MANY];
	for (unsigned k = 0; k < MANY; k++) {
		char name[IFACE_NAME_MAX];
		snprintf(name, sizeof name, "i%u", k);
		all[k] = net_test_iface(t, name);
	}
	assert_int_equal(iface_rename(all[7], "seven"), 0);
	assert_ptr_equal(iface_by_name(t->st, "seven"), all[7]);
	assert_null(iface_by_name(t->st, "i7"));
	uint32_t gone = all[5]->ifindex;
	iface_delete(all[5]);
	assert_null(iface_by_name(t->st, "i5"));
	assert_null(iface_by_index(t->st, gone));
	assert_ptr_equal(iface_next(t->st, gone), all[6]); /* a dump goes on where one went away */
	unsigned n = 0;
	for (struct iface *i = NULL; (i = iface_next(t->st, i ? i->ifindex : 0)); n++) {
		assert_ptr_equal(iface_by_index(t->st, i->ifindex), i);
		assert_ptr_equal(iface_by_name(t->st, i->name), i);
	}
	assert_int_equal(n, MANY - 1);
}

static void numbers_grow_and_can_be_chosen(void **state)
{
	struct net_test *t = *state;
	struct iface *lo = net_test_lo(t);
	assert_int_equal(lo->ifindex, 1);
	struct iface_new how = net_test_eth("b", NULL);
	struct iface *b;
	how.ifindex = 9;
	assert_int_equal(iface_add(t->st, &how, &b), 0);
	assert_int_equal(b->ifindex, 9);
	snprintf(how.name, sizeof how.name, "c");
	assert_int_equal(iface_add(t->st, &how, &b), -EEXIST);
	assert_int_equal(net_test_iface(t, "d")->ifindex, 10);
	assert_int_equal(iface_next(t->st, 1)->ifindex, 9);
	assert_null(iface_next(t->st, 10));
	assert_ptr_equal(iface_by_name(t->st, "lo"), lo);
	assert_ptr_equal(iface_by_index(t->st, 1), lo);
}

static void a_handle_dies_with_its_interface(void **state)
{
	struct net_test *t = *state;
	struct worker *w = t->st->worker[0];
	for (unsigned k = 0; k < 5000; k++) { /* longer than a generation lasts in one slot */
		struct iface *i = net_test_iface(t, "x");
		uint32_t handle = i->handle;
		manual_rt_settle(t->m);
		assert_true(handle != 0);
		assert_ptr_equal(iface_get(w, handle), i);
		assert_ptr_equal(iface_by_handle(t->st, handle), i);
		iface_delete(i);
		assert_null(iface_get(w, handle));
		assert_null(iface_by_handle(t->st, handle));
		assert_null(iface_get(w, 0));
	}
}

static void the_table_grows_under_its_readers(void **state)
{
	struct net_test *t = *state;
	struct worker *w = t->st->worker[0];
	uint32_t handle[100];
	for (unsigned k = 0; k < 100; k++)
		handle[k] = net_test_iface(t, "x%d")->handle;
	manual_rt_settle(t->m);
	for (unsigned k = 0; k < 100; k++)
		assert_int_equal(iface_get(w, handle[k])->handle, handle[k]);
	assert_int_equal(iface_state(t->st)->table->n, 128);
}

static void flags_show_admin_state_and_carrier(void **state)
{
	struct net_test *t = *state;
	struct fake_device d = { 0 };
	struct iface_new how = net_test_eth("e0", &d);
	struct iface_watch watch = { .event = note_event };
	struct iface *i;
	story[0] = 0;
	iface_watch_add(t->st, &watch);
	assert_int_equal(iface_add(t->st, &how, &i), 0);
	assert_int_equal(i->flags, IFF_BROADCAST | IFF_MULTICAST);
	assert_int_equal(i->operstate, IF_OPER_DOWN);
	assert_int_equal(iface_set_up(i, true), 0);
	assert_int_equal(i->flags, IFF_BROADCAST | IFF_MULTICAST | IFF_UP | IFF_RUNNING | IFF_LOWER_UP);
	assert_int_equal(i->operstate, IF_OPER_UP);
	assert_true(iface_is_up(i));
	iface_set_carrier(i, false);
	assert_int_equal(i->flags, IFF_BROADCAST | IFF_MULTICAST | IFF_UP);
	assert_int_equal(i->operstate, IF_OPER_DOWN);
	iface_set_carrier(i, true);
	assert_true(iface_is_up(i));
	assert_int_equal(iface_set_up(i, false), 0);
	assert_false(iface_is_up(i));
	d.fail_up = -EIO;
	assert_int_equal(iface_set_up(i, true), -EIO);
	assert_false(i->flags & IFF_UP);
	iface_delete(i);
	iface_watch_remove(t->st, &watch);
	assert_string_equal(story, "e0:added e0:up e0:changed e0:changed e0:down e0:going ");
	assert_string_equal(d.story, "udus");
	manual_rt_settle(t->m);
	assert_string_equal(d.story, "udusf");
}

static void the_loopback_has_no_state_of_its_own(void **state)
{
	struct iface *lo = net_test_lo(*state);
	assert_int_equal(iface_set_up(lo, true), 0);
	assert_int_equal(lo->operstate, IF_OPER_UNKNOWN);
	assert_int_equal(lo->flags, IFF_LOOPBACK | IFF_UP | IFF_RUNNING | IFF_LOWER_UP);
}

static void settings_are_checked(void **state)
{
	struct net_test *t = *state;
	static const uint8_t group[6] = { 1 }, zero[6], good[6] = { 2, 3, 4, 5, 6, 7 };
	struct iface *i = net_test_iface(t, "e0");
	assert_int_equal(iface_set_mtu(i, 67), -EINVAL);
	assert_int_equal(iface_set_mtu(i, 9001), -EINVAL);
	assert_int_equal(iface_set_mtu(i, 9000), 0);
	assert_int_equal(i->mtu, 9000);
	assert_int_equal(iface_set_mac(i, group), -EADDRNOTAVAIL);
	assert_int_equal(iface_set_mac(i, zero), -EADDRNOTAVAIL);
	assert_int_equal(iface_set_mac(i, good), 0);
	iface_set_up(i, true);
	assert_int_equal(iface_set_mac(i, good), -EBUSY);
	net_test_iface(t, "e1");
	assert_int_equal(iface_rename(i, "e1"), -EEXIST);
	assert_int_equal(iface_rename(i, "e1/"), -EINVAL);
	assert_string_equal(i->name, "e0");
	assert_int_equal(iface_rename(i, "e2"), 0);
	assert_ptr_equal(iface_by_name(t->st, "e2"), i);
	assert_null(iface_by_name(t->st, "e0"));
}

static struct pkt *udp4(struct worker *w, uint8_t src, uint8_t dst, uint16_t sport, uint16_t dport)
{
	uint8_t f[42] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, [23] = 17 };
	struct pkt *p = pkt_new(w->lc);
	f[26] = f[30] = 10;
	f[29] = src;
	f[33] = dst;
	f[34] = (uint8_t)(sport >> 8), f[35] = (uint8_t)sport;
	f[36] = (uint8_t)(dport >> 8), f[37] = (uint8_t)dport;
	assert_true(pkt_append(w->lc, p, f, sizeof f));
	return p;
}

static struct fake_eth *eth_of(struct net_test *t, unsigned worker)
{
	return worker_state(t->st->worker[worker], MODULE_TEST);
}

static void input_is_counted_and_goes_on(void **state)
{
	struct net_test *t = *state;
	struct worker *w = t->st->worker[0];
	struct iface *i = net_test_iface(t, "e0");
	struct iface_worker_stats sum;
	struct pkt *p[2] = { udp4(w, 1, 2, 3, 4), udp4(w, 1, 2, 3, 5) };
	iface_input(w, i, p, 2); /* down: nothing gets in */
	assert_int_equal(graph_drops(t->st, node_find(t->st, "iface-input"), DROP_IF_DOWN), 2);
	iface_set_up(i, true);
	p[0] = udp4(w, 1, 2, 3, 4);
	p[1] = udp4(w, 1, 2, 3, 5);
	iface_input(w, i, p, 2);
	assert_int_equal(eth_of(t, 0)->n, 2);
	assert_int_equal(eth_of(t, 0)->last_in_if, i->handle);
	iface_stats(i, &sum);
	assert_int_equal(sum.rx_packets, 2);
	assert_int_equal(sum.rx_bytes, 84);
	assert_int_equal(sum.rx_dropped, 2);
}

/* `leat explain` is made of the records of a trace. */
static void what_an_interface_that_is_down_refuses_is_traced(void **state)
{
	struct net_test *t = *state;
	struct iface *i = net_test_iface(t, "e0");
	assert_int_equal(trace_start(t->st, NULL, 0, 0), 0);
	for (unsigned k = 0; k < 3; k++) {
		struct pkt *p = udp4(t->st->worker[k], 1, 2, 3, 4);
		struct trace_record r;
		uint64_t lost = 0;
		iface_input(t->st->worker[k], i, &p, 1);
		assert_int_equal(trace_read(t->st, &r, 1, &lost), 1);
		assert_int_equal(r.node, node_find(t->st, "iface-input"));
		assert_int_equal(r.drop, DROP_IF_DOWN);
		assert_false(r.kept);
		assert_int_equal(r.in_if, i->handle);
		assert_int_equal(r.worker, k);
	}
	trace_stop(t->st);
}

static void without_eth_input_is_dropped_by_name(void **state)
{
	struct net_test *t = net_test_new(1, no_eth);
	struct iface *i = net_test_iface(t, "e0");
	iface_set_up(i, true);
	struct pkt *p = udp4(t->st->worker[0], 1, 2, 3, 4);
	iface_input(t->st->worker[0], i, &p, 1);
	assert_int_equal(graph_drops(t->st, node_find(t->st, "iface-input"), DROP_NO_MODULE), 1);
	net_test_free(t);
}

static void both_directions_of_a_flow_meet_one_worker(void **state)
{
	struct net_test *t = *state;
	struct iface *i = net_test_iface(t, "e0");
	unsigned used = 0, total = 0;
	iface_set_up(i, true);
	for (uint16_t flow = 0; flow < 60; flow++) {
		unsigned before[3], owner = 99;
		for (unsigned k = 0; k < 3; k++)
			before[k] = eth_of(t, k)->n;
		struct pkt *there = udp4(t->st->worker[flow % 3], 1, 2, 1000 + flow, 53);
		struct pkt *back = udp4(t->st->worker[(flow + 1) % 3], 2, 1, 53, 1000 + flow);
		iface_input(t->st->worker[flow % 3], i, &there, 1);
		iface_input(t->st->worker[(flow + 1) % 3], i, &back, 1);
		manual_rt_settle(t->m);
		for (unsigned k = 0; k < 3; k++)
			if (eth_of(t, k)->n == before[k] + 2)
				owner = k;
		assert_in_range(owner, 0, 2);
		assert_int_equal(bucket_worker(t->st->worker[0], eth_of(t, owner)->last_hash), owner);
		used |= 1u << owner;
		total += 2;
	}
	assert_int_equal(used, 7);
	assert_int_equal(eth_of(t, 0)->n + eth_of(t, 1)->n + eth_of(t, 2)->n, total);
}

static void arp_stays_where_it_arrives(void **state)
{
	struct net_test *t = *state;
	struct iface *i = net_test_iface(t, "e0");
	uint8_t f[42] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 2, 8, 6 };
	iface_set_up(i, true);
	for (unsigned k = 0; k < 3; k++) {
		struct pkt *p = pkt_new(t->st->worker[k]->lc);
		pkt_append(t->st->worker[k]->lc, p, f, sizeof f);
		iface_input(t->st->worker[k], i, &p, 1);
		manual_rt_settle(t->m);
		assert_int_equal(eth_of(t, k)->n, 1);
		assert_int_equal(eth_of(t, k)->last_hash, 0);
	}
}

static void a_parked_packet_of_a_deleted_interface_is_stale(void **state)
{
	struct net_test *t = *state;
	struct worker *w = t->st->worker[0];
	struct iface *i = net_test_iface(t, "e0");
	uint16_t eth = node_find(t->st, "eth-input");
	struct pkt *p = udp4(w, 1, 2, 3, 4), *q = udp4(w, 1, 2, 3, 4);
	p->in_if = q->in_if = i->handle;
	pkt_park(p, eth);
	pkt_park(q, eth);
	graph_resume(w, p);
	graph_run(w);
	assert_int_equal(eth_of(t, 0)->n, 1);
	iface_delete(i);
	graph_resume(w, q);
	graph_run(w);
	assert_int_equal(eth_of(t, 0)->n, 1);
	assert_int_equal(graph_drops(t->st, eth, DROP_STALE), 1);
}

static int fake_open(struct leat_stack *st, const char *ifname, const char *options, char *ret_why,
		     size_t why_len)
{
	struct iface_new how = net_test_eth(ifname, NULL);
	struct iface *i;
	assert_string_equal(options, "speed=9");
	return iface_add(st, &how, &i);
}

static void a_saved_interface_comes_back(void **state)
{
	static const uint8_t mac[6] = { 2, 9, 9, 9, 9, 9 };
	struct net_test *a = *state, *b = net_test_new(3, modules);
	struct iface_kind kind = { .name = "fake", .open = fake_open };
	struct worker *w = a->st->worker[0];
	char path[] = "/tmp/leat-iface-XXXXXX", why[256] = "";
	int fd = mkstemp(path);
	net_test_lo(a);
	struct iface_new how = net_test_eth("e7", NULL);
	struct iface *i;
	how.ifindex = 7;
	assert_int_equal(iface_add(a->st, &how, &i), 0);
	iface_set_mtu(i, 1400);
	iface_set_mac(i, mac);
	snprintf(i->alias, sizeof i->alias, "the \"uplink\"");
	iface_set_up(i, true);
	struct pkt *p = udp4(w, 1, 2, 3, 4);
	iface_input(w, i, &p, 1);
	assert_int_equal(stack_save(a->st, path, why, sizeof why), 0);
	net_test_lo(b);
	assert_int_equal(stack_restore(b->st, path, why, sizeof why), -ENODEV); /* no driver */
	iface_kind_add(b->st, &kind);
	assert_int_equal(stack_restore(b->st, path, why, sizeof why), 0);
	struct iface *j = iface_by_name(b->st, "e7");
	struct iface_worker_stats sum;
	assert_non_null(j);
	assert_int_equal(j->ifindex, 7);
	assert_int_equal(j->mtu, 1400);
	assert_int_equal(j->flags, i->flags);
	assert_memory_equal(j->mac, mac, 6);
	assert_string_equal(j->alias, i->alias);
	iface_stats(j, &sum);
	assert_int_equal(sum.rx_packets, 1);
	assert_int_equal(sum.rx_bytes, 42);
	iface_kind_remove(b->st, &kind);
	close(fd);
	unlink(path);
	net_test_free(b);
}

static void fake_describe_as_before(const struct iface *i, char *to, size_t len)
{
	snprintf(to, len, "fake:e7,speed=9");
}

static void who_was_renamed_comes_back_renamed(void **state)
{
	static struct iface_ops ops;
	struct net_test *a = *state, *b = net_test_new(1, modules);
	struct iface_kind kind = { .name = "fake", .open = fake_open };
	char path[] = "/tmp/leat-iface-XXXXXX", why[256] = "";
	int fd = mkstemp(path);
	struct iface *i, *lo = net_test_lo(a);
	struct iface_new how = net_test_eth("e7", NULL);
	ops = *how.ops;
	ops.describe = fake_describe_as_before;
	how.ops = &ops;
	how.ifindex = 7;
	assert_int_equal(iface_add(a->st, &how, &i), 0);
	assert_int_equal(iface_rename(i, "lan0"), 0);
	assert_int_equal(iface_rename(lo, "self"), 0);
	net_test_iface(a, "e7"); /* the name is free for somebody else */
	assert_int_equal(stack_save(a->st, path, why, sizeof why), 0);
	struct iface *self = net_test_lo(b);
	iface_kind_add(b->st, &kind);
	assert_int_equal(stack_restore(b->st, path, why, sizeof why), 0);
	assert_string_equal(self->name, "self");
	assert_int_equal(iface_by_name(b->st, "lan0")->ifindex, 7);
	assert_int_equal(iface_by_name(b->st, "e7")->ifindex, 8);
	iface_kind_remove(b->st, &kind);
	close(fd);
	unlink(path);
	net_test_free(b);
}

static uint32_t fake_lower(const struct iface *i)
{
	return 7;
}

static void operstate_tells_whose_carrier_is_missing(void **state)
{
	static struct iface_ops ops;
	struct net_test *t = *state;
	struct iface *lower, *upper;
	struct iface_new how = net_test_eth("lower", NULL);
	how.ifindex = 7;
	assert_int_equal(iface_add(t->st, &how, &lower), 0);
	how = net_test_eth("upper", NULL);
	ops = *how.ops;
	ops.lower = fake_lower;
	how.ops = &ops;
	assert_int_equal(iface_add(t->st, &how, &upper), 0);
	iface_set_carrier(upper, false);
	iface_set_up(upper, true);
	assert_int_equal(upper->operstate, IF_OPER_DOWN);
	iface_set_up(upper, false);
	iface_set_carrier(lower, false);
	iface_set_up(upper, true);
	assert_int_equal(upper->operstate, IF_OPER_LOWERLAYERDOWN);
	iface_set_carrier(upper, true);
	assert_int_equal(upper->operstate, IF_OPER_UP);
}

/* RFC 2863, 3.1.13: a link that waits for its supplicant is not announced, and yet lets the supplicant's packets pass. */
static void dormant_until_somebody_says_so(void **state)
{
	struct iface *i = net_test_iface(*state, "e0");
	i->link_mode = IF_LINK_MODE_DORMANT;
	assert_false(iface_set_operstate(i, IF_OPER_UP)); /* not while it is down */
	iface_set_up(i, false);
	iface_set_up(i, true);
	assert_int_equal(i->operstate, IF_OPER_DORMANT);
	assert_int_equal(i->flags & (IFF_UP | IFF_RUNNING | IFF_LOWER_UP), IFF_UP | IFF_LOWER_UP);
	assert_true(iface_is_up(i));
	assert_false(iface_set_operstate(i, IF_OPER_TESTING));
	assert_true(iface_set_operstate(i, IF_OPER_UP));
	assert_true(i->flags & IFF_RUNNING);
	iface_set_carrier(i, false);
	iface_set_carrier(i, true); /* who was let in has to come again */
	assert_int_equal(i->operstate, IF_OPER_DORMANT);
	assert_int_equal(i->carrier_changes[0], 1);
	assert_int_equal(i->carrier_changes[1], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(who_was_renamed_comes_back_renamed, one_worker, teardown),
		cmocka_unit_test_setup_teardown(operstate_tells_whose_carrier_is_missing, one_worker,
						teardown),
		cmocka_unit_test_setup_teardown(dormant_until_somebody_says_so, one_worker, teardown),
		cmocka_unit_test(names_follow_linux),
		cmocka_unit_test_setup_teardown(a_pattern_gets_the_lowest_free_number, one_worker, teardown),
		cmocka_unit_test_setup_teardown(thousands_are_found_by_name_and_number, one_worker, teardown),
		cmocka_unit_test_setup_teardown(numbers_grow_and_can_be_chosen, one_worker, teardown),
		cmocka_unit_test_setup_teardown(a_handle_dies_with_its_interface, one_worker, teardown),
		cmocka_unit_test_setup_teardown(the_table_grows_under_its_readers, three_workers, teardown),
		cmocka_unit_test_setup_teardown(flags_show_admin_state_and_carrier, three_workers, teardown),
		cmocka_unit_test_setup_teardown(the_loopback_has_no_state_of_its_own, one_worker, teardown),
		cmocka_unit_test_setup_teardown(settings_are_checked, one_worker, teardown),
		cmocka_unit_test_setup_teardown(input_is_counted_and_goes_on, one_worker, teardown),
		cmocka_unit_test_setup_teardown(what_an_interface_that_is_down_refuses_is_traced,
						three_workers, teardown),
		cmocka_unit_test(without_eth_input_is_dropped_by_name),
		cmocka_unit_test_setup_teardown(both_directions_of_a_flow_meet_one_worker, three_workers,
						teardown),
		cmocka_unit_test_setup_teardown(arp_stays_where_it_arrives, three_workers, teardown),
		cmocka_unit_test_setup_teardown(a_parked_packet_of_a_deleted_interface_is_stale, one_worker,
						teardown),
		cmocka_unit_test_setup_teardown(alternative_names_find_and_are_taken, one_worker, teardown),
		cmocka_unit_test_setup_teardown(a_saved_interface_comes_back, three_workers, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Whole simulations from C: what is sent arrives as the wire's rules say, counters add up, and runs repeat. */
#include "sim.c"

#include <sys/socket.h>

#include "base/test.h"
#include "sim/sim_test.h"

static void events_run_in_order_of_time_and_asking(void **state)
{
	struct sim *s = test_sim(1, 1);
	struct order_test o = { 0 };
	static const uint64_t at[] = { 30, 10, 20, 10, 30, 5 };
	static const unsigned want[] = { 5, 1, 3, 2, 0, 4 };
	for (unsigned i = 0; i < ARRAY_SIZE(at); i++)
		order_add(s, &o, i, at[i]);
	sim_run(s, 19);
	assert_int_equal(o.n, 3);
	sim_run(s, 100);
	for (unsigned i = 0; i < ARRAY_SIZE(want); i++)
		assert_int_equal(o.seen[i], want[i]);
	assert_int_equal(sim_now_us(s), 119);
	assert_int_equal(sim_free(s), 0);
}

static void cancelled_and_moved_events(void **state)
{
	struct sim *s = test_sim(1, 1);
	struct order_test o = { 0 };
	for (unsigned i = 0; i < 8; i++)
		order_add(s, &o, i, 10 * (i + 1));
	for (unsigned i = 0; i < 8; i += 2)
		sim_cancel(s, &o.e[i].e);
	sim_cancel(s, &o.e[0].e); /* harmless */
	sim_at(s, &o.e[1].e, 70);
	sim_run(s, 100);
	assert_int_equal(o.n, 4);
	static const unsigned want[] = { 3, 5, 1, 7 };
	for (unsigned i = 0; i < ARRAY_SIZE(want); i++)
		assert_int_equal(o.seen[i], want[i]);
	assert_int_equal(sim_free(s), 0);
}

static void ping_takes_the_time_of_rate_and_delay(void **state)
{
	struct sim_wire_conf c = { .rate_bps = 1000000, .delay_us = 5000 };
	struct pair p;
	struct sim_ping_stats st;
	pair_new(&p, 1, 1, &c);
	st = pair_ping(&p, 1, 58); /* 100 bytes: 800 us each way */
	st = pair_ping(&p, 3, 58);
	assert_int_equal(st.received, 3);
	assert_int_equal(st.min_us, 2 * (800 + 5000));
	assert_int_equal(st.max_us, st.min_us);
	pair_free(&p);
}

static void ping6_is_answered_too(void **state)
{
	struct sim_wire_conf c = { .delay_us = 1000 };
	struct pair p;
	struct sim_ping *ping;
	struct sim_ping_stats st;
	pair_new(&p, 1, 1, &c);
	const struct sim_ping_conf conf = {
		.to = "2001:db8::2", .count = 3, .size = 1000, .interval_us = 1000
	};
	assert_int_equal(sim_ping(p.a, &conf, &ping), 0);
	sim_run(p.s, SIM_SEC);
	sim_ping_stats(ping, &st);
	assert_int_equal(st.received, 3);
	assert_int_equal(st.bad, 0);
	pair_free(&p);
}

static void loss_takes_about_its_share(void **state)
{
	struct sim_wire_conf c = { .loss = SIM_ALWAYS / 10 };
	struct pair p;
	struct sim_wire_stats w;
	pair_new(&p, 1, 3, &c);
	pair_ping(&p, 10, 10); /* the neighbour is known */
	pair_burst(&p, 2000, 10);
	sim_wire_stats(p.w, 0, &w);
	assert_in_range(w.dropped[SIM_DROP_LOSS], 150, 250);
	pair_free(&p);
}

/* The mean share of the bad state is enter / (enter + leave); its mean length 1 / leave. */
static void bursts_come_together(void **state)
{
	struct sim_wire_conf c = { .burst_enter = SIM_ALWAYS / 100,
				   .burst_leave = SIM_ALWAYS / 10,
				   .burst_loss = SIM_ALWAYS };
	struct pair p;
	struct sim_wire_stats w;
	pair_new(&p, 1, 3, &c);
	pair_ping(&p, 10, 10);
	pair_burst(&p, 10000, 10);
	sim_wire_stats(p.w, 0, &w);
	assert_in_range(w.dropped[SIM_DROP_BURST], 600, 1200);
	pair_free(&p);
}

static void faults_are_counted_and_seen(void **state)
{
	struct sim_wire_conf c = { .delay_us = 100,
				   .jitter_us = 50,
				   .duplicate = SIM_ALWAYS / 4,
				   .reorder = SIM_ALWAYS / 4,
				   .reorder_us = 2000 };
	struct pair p;
	struct sim_wire_stats w;
	pair_new(&p, 1, 4, &c);
	struct sim_ping_stats st = pair_ping(&p, 200, 100);
	sim_wire_stats(p.w, 0, &w);
	assert_int_equal(st.received, 200);
	assert_in_range(st.duplicates, 50, 150);
	assert_in_range(w.duplicated, 25, 85);
	assert_in_range(w.reordered, 25, 85);
	assert_in_range(st.max_us, 4100, 4300); /* held back both ways */
	pair_free(&p);
}

static void corruption_reaches_no_program(void **state)
{
	struct sim_wire_conf c = { .corrupt = SIM_ALWAYS / 2 };
	struct pair p;
	struct sim_wire_stats w;
	pair_new(&p, 1, 3, &c);
	struct sim_ping_stats st = pair_ping(&p, 300, 200);
	sim_wire_stats(p.w, 0, &w);
	assert_in_range(w.corrupted, 100, 200);
	assert_int_equal(st.bad, 0);
	assert_in_range(st.received, 30, 150);
	pair_free(&p);
}

static void cut_wire_loses_what_is_on_it(void **state)
{
	struct sim_wire_conf c = { .delay_us = 10000 };
	struct pair p;
	struct sim_wire_stats w;
	pair_new(&p, 1, 1, &c);
	pair_ping(&p, 1, 10);
	struct sim_ping *ping = pair_start(&p, 3, 10, 100000);
	struct sim_ping_stats st;
	sim_run(p.s, 5000); /* the first is under way */
	sim_wire_cut(p.w, true);
	sim_run(p.s, 1000);
	sim_wire_cut(p.w, false);
	sim_run(p.s, SIM_SEC);
	sim_ping_stats(ping, &st);
	assert_int_equal(st.received, 2);
	sim_wire_stats(p.w, 0, &w);
	assert_int_equal(w.dropped[SIM_DROP_CUT], 1);
	pair_free(&p);
}

static void unplugged_wire_takes_the_carrier(void **state)
{
	struct sim_wire_conf c = { 0 };
	struct pair p;
	pair_new(&p, 1, 1, &c);
	assert_true(iface_is_up(sim_wire_iface(p.w, 0)));
	sim_wire_unplug(p.w, true);
	sim_settle(p.s);
	assert_false(iface_is_up(sim_wire_iface(p.w, 0)));
	assert_false(iface_is_up(sim_wire_iface(p.w, 1)));
	sim_wire_unplug(p.w, false);
	assert_int_equal(pair_ping(&p, 2, 10).received, 2);
	pair_free(&p);
}

static void wire_that_is_too_narrow_is_silent_about_it(void **state)
{
	struct sim_wire_conf c = { .mtu = 500 };
	struct pair p;
	struct sim_wire_stats w;
	pair_new(&p, 1, 1, &c);
	assert_int_equal(pair_ping(&p, 1, 500 - 28).received, 1);
	assert_int_equal(pair_ping(&p, 1, 501 - 28).received, 0);
	sim_wire_stats(p.w, 0, &w);
	assert_int_equal(w.dropped[SIM_DROP_MTU], 1);
	pair_free(&p);
}

static void crashed_node_is_silent_and_returns_kept(void **state)
{
	struct sim_wire_conf c = { .delay_us = 1000 };
	struct pair p;
	struct sim_wire_stats before, after;
	pair_new(&p, 1, 1, &c);
	assert_int_equal(pair_ping(&p, 1, 10).received, 1);
	sim_wire_stats(p.w, 1, &before);
	assert_int_equal(sim_crash(p.b, true), 0);
	assert_null(sim_node_stack(p.b));
	assert_int_equal(pair_ping(&p, 2, 10).received, 0);
	sim_wire_stats(p.w, 1, &after);
	assert_int_equal(after.in, before.in);
	assert_int_equal(sim_return(p.b), 0);
	assert_int_equal(pair_ping(&p, 2, 10).received, 2); /* with its address and all */
	pair_free(&p);
}

static void node_that_was_not_kept_returns_empty(void **state)
{
	struct sim_wire_conf c = { 0 };
	struct pair p;
	pair_new(&p, 1, 1, &c);
	sim_crash(p.b, false);
	assert_int_equal(sim_return(p.b), 0);
	assert_int_equal(sim_return(p.b), -EEXIST);
	assert_int_equal(pair_ping(&p, 1, 10).received, 0);
	pair_configure(&p, 1);
	assert_int_equal(pair_ping(&p, 2, 10).received, 2);
	pair_free(&p);
}

static void offloads_cross_whole(void **state)
{
	struct sim_wire_conf c = { .offload = true };
	struct pair p;
	pair_new(&p, 1, 1, &c);
	assert_int_equal(pair_ping(&p, 3, 1400).received, 3);
	pair_free(&p);
}

static void datagrams_arrive_by_sockets_of_both_families(void **state)
{
	static const char *const to[] = { NULL, "10.0.0.2", "2001:db8::2" };
	struct sim_wire_conf c = { .delay_us = 1000 };
	struct pair p;
	pair_new(&p, 3, 1, &c);
	pair_ping(&p, 1, 10);
	for (unsigned i = 0; i < ARRAY_SIZE(to); i++) {
		const struct sim_udp_conf conf = {
			.to = to[i], .port = 9, .count = 20, .size = 600, .interval_us = 1000
		};
		struct sim_udp *u;
		struct sim_ping_stats st;
		assert_int_equal(sim_udp(p.a, p.b, &conf, &u), 0);
		assert_true(sim_udp_sending(u));
		sim_run(p.s, SIM_SEC);
		sim_udp_stats(u, &st);
		assert_false(sim_udp_sending(u));
		assert_int_equal(st.sent, 20);
		assert_int_equal(st.received, 20);
		assert_int_equal(st.bad + st.duplicates + st.refused, 0);
		assert_int_equal(st.min_us, i == 2 ? st.min_us : 1000);
	}
	pair_free(&p);
}

static void sockets_of_datagrams_come_back_with_their_node(void **state)
{
	struct sim_wire_conf c = { .delay_us = 1000 };
	const struct sim_udp_conf conf = { .port = 9, .count = 12, .size = 8, .interval_us = 100000 };
	struct pair p;
	struct sim_udp *there, *back;
	struct sim_ping_stats st;
	pair_new(&p, 1, 1, &c);
	assert_int_equal(sim_udp(p.a, p.b, &conf, &there), 0);
	assert_int_equal(sim_udp(p.b, p.a, &conf, &back), 0);
	sim_run(p.s, 350000);
	assert_int_equal(sim_crash(p.b, true), 0);
	sim_run(p.s, 400000);
	assert_int_equal(sim_return(p.b), 0);
	sim_run(p.s, SIM_SEC);
	sim_udp_stats(there, &st);
	assert_int_equal(st.received, 8);
	assert_int_equal(st.refused, 0);
	sim_udp_stats(back, &st);
	assert_int_equal(st.received, 8);
	assert_int_equal(st.refused, 4);
	assert_int_equal(st.why, -ENETDOWN);
	pair_free(&p);
}

static void what_cannot_be_sent_is_told(void **state)
{
	struct sim_wire_conf c = { 0 };
	struct pair p;
	struct sim_udp *u;
	struct sim_ping_stats st;
	pair_new(&p, 1, 1, &c);
	struct sim_udp_conf conf = { .to = "192.0.2.1", .port = 9, .count = 1, .size = 8 };
	assert_int_equal(sim_udp(p.a, p.b, &conf, &u), 0);
	sim_run(p.s, SIM_SEC);
	sim_udp_stats(u, &st);
	assert_int_equal(st.refused, 1);
	assert_int_equal(st.why, -ENETUNREACH);
	conf.size = SIM_UDP_MIN - 1;
	assert_int_equal(sim_udp(p.a, p.b, &conf, &u), -EINVAL);
	conf = (struct sim_udp_conf){
		.to = "10.0.0.2", .from = "2001:db8::1", .port = 9, .count = 1, .size = 8
	};
	assert_int_equal(sim_udp(p.a, p.b, &conf, &u), -EINVAL);
	sim_crash(p.b, false);
	conf = (struct sim_udp_conf){ .port = 9, .count = 1, .size = 8 };
	assert_int_equal(sim_udp(p.a, p.b, &conf, &u), -EADDRNOTAVAIL);
	pair_free(&p);
}

static struct sim_ping_stats ping_from(struct pair *p, const char *to, const char *from)
{
	const struct sim_ping_conf c = { .to = to, .from = from, .count = 2, .size = 8, .interval_us = 1000 };
	struct sim_ping *ping;
	struct sim_ping_stats st;
	assert_int_equal(sim_ping(p->a, &c, &ping), 0);
	sim_run(p->s, SIM_SEC);
	sim_ping_stats(ping, &st);
	return st;
}

static void pings_may_name_where_they_come_from(void **state)
{
	struct sim_wire_conf c = { 0 };
	struct pair p;
	pair_new(&p, 1, 1, &c);
	test_addr(sim_wire_iface(p.w, 0), "10.0.0.7", 24);
	assert_int_equal(ping_from(&p, "10.0.0.2", "10.0.0.7").received, 2);
	assert_int_equal(ping_from(&p, "10.0.0.2", "10.0.0.9").received,
			 0); /* nobody's: answers go nowhere */
	assert_int_equal(ping_from(&p, "10.0.0.2", "eth0").received, 2);
	assert_int_equal(ping_from(&p, "fe80::ff:fe01:2", "eth0").received, 2);
	assert_int_equal(ping_from(&p, "2001:db8::2", "2001:db8::1").received, 2);
	assert_int_equal(ping_from(&p, "10.0.0.2", "eth9").refused, 2);
	const struct sim_ping_conf bad = { .to = "10.0.0.2", .from = "2001:db8::1", .count = 1 };
	assert_int_equal(sim_ping(p.a, &bad, NULL), -EINVAL);
	pair_free(&p);
}

static uint64_t digest_of(unsigned workers, uint64_t seed, uint32_t *ret_received)
{
	struct sim_wire_conf c = { .rate_bps = 10000000,
				   .delay_us = 1000,
				   .jitter_us = 300,
				   .loss = SIM_ALWAYS / 20,
				   .duplicate = SIM_ALWAYS / 20 };
	struct pair p;
	pair_new(&p, workers, seed, &c);
	*ret_received = pair_ping(&p, 100, 200).received;
	uint64_t d = sim_digest(p.s);
	pair_free(&p);
	return d;
}

static void same_seed_same_digest(void **state)
{
	uint32_t got, first;
	uint64_t want = digest_of(1, 42, &first);
	for (unsigned i = 0; i < 9; i++) {
		assert_int_equal(digest_of(1, 42, &got), want);
		assert_int_equal(got, first);
	}
	assert_int_not_equal(digest_of(1, 43, &got), want);
}

static void workers_change_no_outcome(void **state)
{
	uint32_t one, three;
	digest_of(1, 42, &one);
	digest_of(3, 42, &three);
	assert_int_equal(one, three);
	assert_in_range(one, 50, 99);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_run_in_order_of_time_and_asking),
		cmocka_unit_test(cancelled_and_moved_events),
		cmocka_unit_test(ping_takes_the_time_of_rate_and_delay),
		cmocka_unit_test(ping6_is_answered_too),
		cmocka_unit_test(loss_takes_about_its_share),
		cmocka_unit_test(bursts_come_together),
		cmocka_unit_test(faults_are_counted_and_seen),
		cmocka_unit_test(corruption_reaches_no_program),
		cmocka_unit_test(cut_wire_loses_what_is_on_it),
		cmocka_unit_test(unplugged_wire_takes_the_carrier),
		cmocka_unit_test(wire_that_is_too_narrow_is_silent_about_it),
		cmocka_unit_test(crashed_node_is_silent_and_returns_kept),
		cmocka_unit_test(node_that_was_not_kept_returns_empty),
		cmocka_unit_test(offloads_cross_whole),
		cmocka_unit_test(datagrams_arrive_by_sockets_of_both_families),
		cmocka_unit_test(sockets_of_datagrams_come_back_with_their_node),
		cmocka_unit_test(what_cannot_be_sent_is_told),
		cmocka_unit_test(pings_may_name_where_they_come_from),
		cmocka_unit_test(same_seed_same_digest),
		cmocka_unit_test(workers_change_no_outcome),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

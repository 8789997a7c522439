/* SPDX-License-Identifier: BSD-2-Clause */
/* Queues in front of a wire's rate, by what pings meet. */
#include "queue.c"

#include <sys/socket.h>

#include "base/test.h"
#include "sim/sim_test.h"

static void queue_holds_so_many_and_no_more(void **state)
{
	struct sim_wire_conf c = { .rate_bps = 100000, .queue_packets = 5 };
	struct pair p;
	struct sim_wire_stats w;
	pair_new(&p, 1, 1, &c);
	pair_ping(&p, 1, 58);
	struct sim_ping_stats st = pair_burst(&p, 20, 58);
	sim_wire_stats(p.w, 0, &w);
	assert_int_equal(w.dropped[SIM_DROP_QUEUE], 20 - 5 - 1);
	assert_int_equal(st.received, 6);
	pair_free(&p);
}

static void queue_may_count_bytes(void **state)
{
	struct sim_wire_conf c = { .rate_bps = 100000, .queue_bytes = 399 };
	struct pair p;
	struct sim_wire_stats w;
	pair_new(&p, 1, 1, &c);
	pair_ping(&p, 1, 58);
	struct sim_ping_stats st = pair_burst(&p, 20, 58);
	sim_wire_stats(p.w, 0, &w);
	assert_int_equal(w.dropped[SIM_DROP_QUEUE], 20 - 3 - 1);
	assert_int_equal(st.received, 4);
	pair_free(&p);
}

/* Twice what the wire takes, for 20 s: 125 packets a second leave, each 8 ms. */
static struct sim_ping_stats overload(struct pair *p, enum sim_aqm aqm, struct sim_wire_stats *ret_w)
{
	struct sim_wire_conf c = { .rate_bps = 100000, .aqm = aqm };
	struct sim_ping_stats st;
	pair_new(p, 1, 1, &c);
	pair_ping(p, 1, 58);
	struct sim_ping *ping = pair_start(p, 5000, 58, 4000);
	sim_run(p->s, 20 * SIM_SEC);
	sim_ping_stats(ping, &st);
	sim_run(p->s, 20 * SIM_SEC);
	sim_wire_stats(p->w, 0, ret_w);
	return st;
}

static void codel_keeps_the_wait_short(void **state)
{
	struct pair p;
	struct sim_wire_stats w;
	struct sim_ping_stats st = overload(&p, SIM_AQM_NONE, &w);
	assert_int_equal(w.dropped[SIM_DROP_AQM], 0);
	assert_true(st.sum_us / st.received > 3 * SIM_SEC);
	pair_free(&p);
	st = overload(&p, SIM_AQM_CODEL, &w);
	assert_in_range(w.dropped[SIM_DROP_AQM], 2000, 2600);
	assert_int_equal(w.dropped[SIM_DROP_QUEUE], 0);
	assert_true(st.sum_us / st.received < SIM_SEC);
	pair_free(&p);
}

static void codel_drops_at_the_times_of_the_rfc(void **state)
{
	/* 100 ms / sqrt(n), cut to microseconds */
	static const unsigned gap[] = { 100000, 70710, 57735, 50000, 44721 };
	for (unsigned i = 0; i < ARRAY_SIZE(gap); i++)
		assert_int_equal(control_law(7, i + 1), 7 + gap[i]);
}

static void sparse_flow_passes_a_heavy_one_under_fq(void **state)
{
	struct sim_wire_conf c = { .rate_bps = 100000, .aqm = SIM_AQM_FQ_CODEL, .queue_packets = 100 };
	struct pair p;
	struct sim_ping *sparse;
	struct sim_ping_stats st;
	struct sim_wire_stats w;
	pair_new(&p, 1, 1, &c);
	test_addr(sim_wire_iface(p.w, 1), "10.0.0.3", 24);
	const struct sim_ping_conf warm = { .to = "10.0.0.3", .count = 1, .size = 58 };
	assert_int_equal(sim_ping(p.a, &warm, NULL), 0);
	pair_ping(&p, 1, 58);
	pair_start(&p, 5000, 58, 4000);
	sim_run(p.s, SIM_SEC); /* both would be new flows, and the heavy one first */
	const struct sim_ping_conf conf = {
		.to = "10.0.0.3", .count = 38, .size = 58, .interval_us = 500000
	};
	assert_int_equal(sim_ping(p.a, &conf, &sparse), 0);
	sim_run(p.s, 30 * SIM_SEC);
	sim_ping_stats(sparse, &st);
	sim_wire_stats(p.w, 0, &w);
	assert_int_equal(st.received, 38);
	assert_true(
		st.max_us <=
		6 * 8000); /* its own time twice, and at most two of the others' in front of it each way */
	assert_true(w.dropped[SIM_DROP_AQM] + w.dropped[SIM_DROP_QUEUE] > 2000);
	pair_free(&p);
}

static void queue_may_change_its_kind_while_in_use(void **state)
{
	struct sim_wire_conf c = { .rate_bps = 100000 };
	struct pair p;
	struct sim_ping_stats st;
	pair_new(&p, 1, 1, &c);
	pair_ping(&p, 1, 58);
	struct sim_ping *ping = pair_start(&p, 20, 58, 0);
	sim_run(p.s, 20000);
	for (unsigned i = 1; i <= 3; i++) {
		c.aqm = (enum sim_aqm)(3 - i);
		assert_int_equal(sim_wire_set(p.w, &c), 0);
		sim_run(p.s, 10000);
	}
	sim_run(p.s, SIM_SEC);
	sim_ping_stats(ping, &st);
	assert_int_equal(st.received, 20);
	pair_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(queue_holds_so_many_and_no_more),
		cmocka_unit_test(queue_may_count_bytes),
		cmocka_unit_test(codel_keeps_the_wait_short),
		cmocka_unit_test(codel_drops_at_the_times_of_the_rfc),
		cmocka_unit_test(sparse_flow_passes_a_heavy_one_under_fq),
		cmocka_unit_test(queue_may_change_its_kind_while_in_use),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

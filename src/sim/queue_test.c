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

/* --- the queues by themselves, against RFC 8289 and 8290 as they are written --- */

struct bare {
	struct pair p;
	struct sim_dir *d;
};

/* Nobody takes frames out of this queue but the test. */
static void bare_open(struct bare *b, enum sim_aqm aqm, uint32_t packets)
{
	struct sim_wire_conf c = { .aqm = aqm, .queue_packets = packets };
	b->p.s = test_sim(1, 1);
	assert_int_equal(sim_node_new(b->p.s, "a", 1, &b->p.a), 0);
	assert_int_equal(sim_node_new(b->p.s, "b", 1, &b->p.b), 0);
	assert_int_equal(sim_wire_new(b->p.s, b->p.a, "x", b->p.b, "x", &c, &b->p.w), 0);
	b->d = &b->p.w->dir[0];
}

/* IPv4, UDP, source port `flow`; `number` stands in the destination's MAC. */
static void bare_push(struct bare *b, unsigned flow, uint32_t number, uint32_t len)
{
	struct sim_frame *f = calloc(1, sizeof *f + len);
	assert_non_null(f);
	f->len = len;
	f->dir = b->d;
	f->since_ns = sim_now_us(b->p.s) * 1000;
	memcpy(f->b, &number, sizeof number);
	f->b[12] = ETH_P_IP >> 8;
	f->b[ETH_HLEN] = 0x45;
	f->b[ETH_HLEN + 9] = IP_PROTO_UDP;
	f->b[ETH_HLEN + 20] = (uint8_t)(flow >> 8);
	f->b[ETH_HLEN + 21] = (uint8_t)flow;
	b->d->stats.in++;
	queue_push(b->d, f);
}

static bool bare_pop(struct bare *b, unsigned *ret_flow, uint32_t *ret_number)
{
	struct sim_frame *f = queue_pop(b->d);
	if (!f)
		return false;
	memcpy(ret_number, f->b, sizeof *ret_number);
	*ret_flow = (unsigned)f->b[ETH_HLEN + 20] << 8 | f->b[ETH_HLEN + 21];
	b->d->stats.out++;
	free(f);
	return true;
}

/* RFC 8289, 5, in floating point: a queue of (time of arrival, number), frames of one length. */
struct model {
	double at[60000];
	uint32_t head, tail, bytes, len;
	bool dropping;
	double first_above, drop_next;
	uint32_t count, last_count, dropped;
};

struct model_result {
	bool is, ok_to_drop;
	uint32_t number;
};

static struct model_result model_dodequeue(struct model *m, double now)
{
	struct model_result r = { .is = m->head != m->tail };
	if (!r.is) {
		m->first_above = 0;
		return r;
	}
	r.number = m->head++;
	m->bytes -= m->len;
	if (now - m->at[r.number] < 5000 || m->bytes <= 1514)
		m->first_above = 0;
	else if (m->first_above == 0)
		m->first_above = now + 100000;
	else if (now >= m->first_above)
		r.ok_to_drop = true;
	return r;
}

/* Cut to microseconds: the clock has no more. */
static double model_law(double t, uint32_t count)
{
	double root = 1;
	for (unsigned i = 0; i < 60; i++)
		root = (root + count / root) / 2;
	return t + (double)(uint64_t)(100000 / root + 1e-9);
}

static struct model_result model_dequeue(struct model *m, double now)
{
	struct model_result r = model_dodequeue(m, now);
	if (m->dropping) {
		if (!r.ok_to_drop)
			m->dropping = false;
		while (now >= m->drop_next && m->dropping) {
			m->dropped++;
			++m->count;
			r = model_dodequeue(m, now);
			if (!r.ok_to_drop)
				m->dropping = false;
			else
				m->drop_next = model_law(m->drop_next, m->count);
		}
	} else if (r.ok_to_drop) {
		m->dropped++;
		r = model_dodequeue(m, now);
		m->dropping = true;
		uint32_t delta = m->count - m->last_count;
		m->count = 1;
		if (delta > 1 && now - m->drop_next < 16 * 100000)
			m->count = delta;
		m->drop_next = model_law(now, m->count);
		m->last_count = m->count;
	}
	return r;
}

/* A minute: a frame leaves every 2 ms, and they come in waves from nothing to three times as many. */
static void codel_does_what_rfc_8289_writes(void **state)
{
	struct bare b;
	static struct model m;
	uint64_t random = 7;
	uint32_t number = 0, late = 0;
	m = (struct model){ .len = 1000 };
	bare_open(&b, SIM_AQM_CODEL, 20000);
	for (unsigned step = 0; step < 30000; step++) {
		unsigned wave = step / 2000 % 4, n, flow;
		for (n = (unsigned)(sim_random(&random) % (2 * wave + 1)); n; n--) {
			m.at[m.tail++] = (double)sim_now_us(b.p.s);
			m.bytes += m.len;
			bare_push(&b, 1, number++, m.len);
		}
		sim_run(b.p.s, 2000);
		uint32_t got = 0;
		struct model_result want = model_dequeue(&m, (double)sim_now_us(b.p.s));
		assert_int_equal(bare_pop(&b, &flow, &got), want.is);
		if (want.is)
			assert_int_equal(got, want.number);
		assert_int_equal(b.d->stats.dropped[SIM_DROP_AQM], m.dropped);
		late += m.dropping;
		if (m.tail + 8 > ARRAY_SIZE(m.at))
			break;
	}
	assert_true(m.dropped > 500 && late > 1000);
	pair_free(&b.p);
}

/* RFC 8290, 4.2: flows share bytes, whatever the size of their frames; one that is new goes first, once. */
static void fq_codel_shares_bytes_and_lets_new_flows_pass(void **state)
{
	struct bare b;
	uint64_t bytes[3] = { 0 };
	unsigned flow = 0;
	uint32_t number;
	bare_open(&b, SIM_AQM_FQ_CODEL, 20000);
	for (unsigned i = 0; i < 1000; i++) {
		bare_push(&b, 1, i, 1500);
		bare_push(&b, 2, i, 300);
		bare_push(&b, 2, i, 300);
	}
	for (unsigned i = 0; i < 1000; i++) {
		assert_true(bare_pop(&b, &flow, &number));
		bytes[flow] += flow == 1 ? 1500 : 300;
	}
	assert_in_range(bytes[2], bytes[1] - 2 * 1514, bytes[1] + 2 * 1514);
	for (unsigned i = 0; i < 10; i++)
		bare_push(&b, 3, i, 1500);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(bare_pop(&b, &flow, &number));
		assert_int_equal(flow == 3, i < 2); /* 1514 bytes of credit are used up by the second */
	}
	pair_free(&b.p);
}

/* RFC 8290, 4.1: half of the longest queue, from its head; 64 at most. */
static void fq_codel_sheds_half_of_the_longest(void **state)
{
	struct bare b;
	unsigned flow;
	uint32_t number;
	bare_open(&b, SIM_AQM_FQ_CODEL, 50);
	for (unsigned i = 0; i < 10; i++)
		bare_push(&b, 2, i, 100);
	for (unsigned i = 0; i < 41; i++)
		bare_push(&b, 1, i, 100);
	assert_int_equal(b.d->stats.dropped[SIM_DROP_QUEUE], 21);
	do
		assert_true(bare_pop(&b, &flow, &number));
	while (flow != 1);
	assert_int_equal(number, 21);
	pair_free(&b.p);
	bare_open(&b, SIM_AQM_FQ_CODEL, 999);
	for (unsigned i = 0; i < 1000; i++)
		bare_push(&b, 1, i, 100);
	assert_int_equal(b.d->stats.dropped[SIM_DROP_QUEUE], 64);
	pair_free(&b.p);
}

static void queues_count_packets_or_bytes_or_both(void **state)
{
	static const struct {
		uint32_t packets, bytes, held;
	} cases[] = { { 0, 0, 1000 }, { 7, 0, 7 },    { 0, 1999, 1 },
		      { 0, 2000, 2 }, { 3, 2000, 2 }, { 1, 2000, 1 } };
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		for (enum sim_aqm aqm = SIM_AQM_NONE; aqm <= SIM_AQM_CODEL; aqm++) {
			struct bare b;
			bare_open(&b, aqm, cases[i].packets);
			b.p.w->conf.queue_bytes = cases[i].bytes;
			for (unsigned k = 0; k < 1200; k++)
				bare_push(&b, 1, k, 1000);
			assert_int_equal(b.d->stats.held, cases[i].held);
			assert_int_equal(b.d->stats.dropped[SIM_DROP_QUEUE], 1200 - cases[i].held);
			pair_free(&b.p);
		}
	}
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
		cmocka_unit_test(codel_does_what_rfc_8289_writes),
		cmocka_unit_test(fq_codel_shares_bytes_and_lets_new_flows_pass),
		cmocka_unit_test(fq_codel_sheds_half_of_the_longest),
		cmocka_unit_test(queues_count_packets_or_bytes_or_both),
		cmocka_unit_test(sparse_flow_passes_a_heavy_one_under_fq),
		cmocka_unit_test(queue_may_change_its_kind_while_in_use),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

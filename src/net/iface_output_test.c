/* SPDX-License-Identifier: BSD-2-Clause */
#include "iface_output.c"

#include "net/net_test.h"

static const struct module *const modules[] = { &pkt_module, &graph_module, &iface_module, NULL };

/* A device that keeps what it gets and counts the calls. */
struct taker {
	unsigned n, calls;
	struct pkt *pkt[1024];
};

static void taker_xmit(struct iface *i, struct worker *w, struct pkt *const *p, unsigned n)
{
	struct taker *t = i->driver;
	t->calls++;
	for (unsigned k = 0; k < n; k++)
		t->pkt[t->n++] = p[k];
}
static const struct iface_ops taker_ops = { .kind = "taker", .xmit = taker_xmit };

struct rig {
	struct net_test *t;
	struct worker *w;
	struct iface *out[2];
	struct taker taker[2];
	uint16_t node;
};

static int setup(void **state)
{
	struct rig *r = calloc(1, sizeof *r);
	r->t = net_test_new(1, modules);
	r->w = r->t->st->worker[0];
	r->node = node_find(r->t->st, "iface-output");
	for (unsigned i = 0; i < 2; i++) {
		struct iface_new how = net_test_eth("t%d", NULL);
		how.ops = &taker_ops;
		how.driver = &r->taker[i];
		how.features = UINT32_MAX;
		assert_int_equal(iface_add(r->t->st, &how, &r->out[i]), 0);
		assert_int_equal(iface_set_up(r->out[i], true), 0);
	}
	manual_rt_settle(r->t->m);
	*state = r;
	return 0;
}

static int teardown(void **state)
{
	struct rig *r = *state;
	struct pkt_stats s;
	for (unsigned i = 0; i < 2; i++)
		pkt_free_bulk(r->w->lc, r->taker[i].pkt, r->taker[i].n);
	pkt_stats(r->w->lc, &s);
	assert_int_equal(s.in_use, 0);
	net_test_free(r->t);
	free(r);
	return 0;
}

static struct pkt *frame(struct rig *r, unsigned out, uint32_t len)
{
	uint8_t b[10000] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0 };
	struct pkt *p = pkt_new(r->w->lc);
	assert_true(pkt_append(r->w->lc, p, b, len));
	p->out_if = r->out[out]->handle;
	p->l2_off = p->headroom;
	p->l3_off = (uint16_t)(p->headroom + 14);
	p->l4_off = (uint16_t)(p->headroom + 34);
	return p;
}

static void push(struct rig *r, struct pkt *p)
{
	graph_enqueue(r->w, r->node, p);
	graph_run(r->w);
}

static uint64_t drops(struct rig *r, enum drop why)
{
	return graph_drops(r->t->st, r->node, why);
}

static void a_run_is_one_call(void **state)
{
	struct rig *r = *state;
	struct iface_worker_stats s;
	struct pkt *p[PKT_VEC_MAX];
	for (unsigned i = 0; i < PKT_VEC_MAX; i++)
		p[i] = frame(r, i >= 100 && i < 200, 60 + i);
	graph_enqueue_bulk(r->w, r->node, p, PKT_VEC_MAX);
	graph_run(r->w);
	assert_int_equal(r->taker[0].calls, 2);
	assert_int_equal(r->taker[1].calls, 1);
	assert_int_equal(r->taker[0].n, 156);
	assert_memory_equal(r->taker[1].pkt, p + 100, 100 * sizeof p[0]);
	iface_stats(r->out[1], &s);
	assert_int_equal(s.tx_packets, 100);
	assert_int_equal(s.tx_bytes, 100 * 60 + (100 + 199) * 50);
}

static void no_link_no_frame(void **state)
{
	struct rig *r = *state;
	struct iface_worker_stats s;
	struct pkt *stale = frame(r, 1, 60);
	iface_set_up(r->out[0], false);
	iface_set_carrier(r->out[1], false);
	push(r, frame(r, 0, 60));
	push(r, frame(r, 1, 60));
	assert_int_equal(drops(r, DROP_IF_DOWN), 2);
	iface_stats(r->out[0], &s);
	assert_int_equal(s.tx_dropped, 1);
	iface_delete(r->out[1]);
	push(r, stale);
	assert_int_equal(drops(r, DROP_IF_GONE), 1);
	assert_int_equal(r->taker[0].calls + r->taker[1].calls, 0);
}

static void length_counts_against_the_mtu(void **state)
{
	struct rig *r = *state;
	push(r, frame(r, 0, 1514));
	push(r, frame(r, 0, 1515));
	struct pkt *tagged = frame(r, 0, 1518);
	memcpy(tagged->data + 12, "\x81\x00", 2);
	push(r, tagged);
	tagged = frame(r, 0, 1519);
	memcpy(tagged->data + 12, "\x81\x00", 2);
	push(r, tagged);
	assert_int_equal(r->taker[0].n, 2);
	assert_int_equal(drops(r, DROP_TOO_BIG_FOR_DEVICE), 2);
}

/* 34 bytes of headers, UDP, 4,000 bytes of payload, segments of `size`. */
static struct pkt *large(struct rig *r, uint16_t size)
{
	struct pkt *p = frame(r, 0, 4042);
	uint8_t *ip = pkt_l3(p);
	ip[0] = 0x45;
	ip[9] = 17;
	p->gso = PKT_GSO_UDP_L4;
	p->gso_size = size;
	pkt_csum_defer(p, 0x1234, 6);
	return p;
}

static void the_device_does_what_it_can(void **state)
{
	struct rig *r = *state;
	push(r, large(r, 1000));
	assert_int_equal(r->taker[0].n, 1);
	assert_true(pkt_is_gso(r->taker[0].pkt[0]));
	assert_int_equal(r->taker[0].pkt[0]->csum, PKT_CSUM_PARTIAL);
	push(r, large(r, 1473));
	assert_int_equal(drops(r, DROP_TOO_BIG_FOR_DEVICE), 1);
	assert_int_equal(r->taker[0].n, 1);
}

static void the_edge_does_what_the_device_cannot(void **state)
{
	static const struct {
		uint32_t missing;
		unsigned n;
		bool summed, frags;
	} rows[] = {
		{ IFACE_TX_USO, 4, false, true },  { IFACE_TX_CSUM, 4, true, true },
		{ IFACE_TX_SG, 4, false, false },  { UINT32_MAX, 4, true, false },
		{ IFACE_TX_TSO4, 1, false, true },
	};
	struct rig *r = *state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct taker *t = &r->taker[0];
		r->out[0]->features = UINT32_MAX & ~rows[i].missing;
		push(r, large(r, 1000));
		if (t->n != rows[i].n || t->calls != 1)
			fail_msg("row %u: %u frames in %u calls", i, t->n, t->calls);
		for (unsigned k = 0; k < t->n; k++) {
			assert_int_equal(t->pkt[k]->csum, rows[i].summed ? PKT_CSUM_NONE : PKT_CSUM_PARTIAL);
			assert_int_equal(t->pkt[k]->n_frags > 0, rows[i].frags);
		}
		pkt_free_bulk(r->w->lc, t->pkt, t->n);
		t->n = t->calls = 0;
	}
}

static void bad_offloads_are_dropped_by_name(void **state)
{
	struct rig *r = *state;
	r->out[0]->features = 0;
	struct pkt *p = large(r, 0);
	push(r, p);
	p = large(r, 1000);
	p->gso = 7;
	push(r, p);
	p = frame(r, 0, 60);
	p->csum = PKT_CSUM_PARTIAL;
	p->csum_start = 5;
	push(r, p);
	assert_int_equal(drops(r, DROP_BAD_OFFLOAD), 2);
	assert_int_equal(drops(r, DROP_GSO_UNSUPPORTED), 1);
	push(r, large(r, 1473)); /* segments longer than the MTU */
	assert_int_equal(drops(r, DROP_TOO_BIG_FOR_DEVICE), 2);
	assert_int_equal(r->taker[0].n, 1); /* the last one is short */
}

static void more_segments_than_a_vector_take_more_calls(void **state)
{
	struct rig *r = *state;
	r->out[0]->features = IFACE_TX_SG | IFACE_TX_CSUM;
	push(r, large(r, 10));
	assert_int_equal(r->taker[0].n, 400);
	assert_int_equal(r->taker[0].calls, 2);
}

#define row(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		row(a_run_is_one_call),
		row(no_link_no_frame),
		row(length_counts_against_the_mtu),
		row(the_device_does_what_it_can),
		row(the_edge_does_what_the_device_cannot),
		row(bad_offloads_are_dropped_by_name),
		row(more_segments_than_a_vector_take_more_calls),
	};
	return cmocka_run_group_tests_name("iface_output", tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The transmit side over a ring in plain memory, with a descriptor that takes nothing: the kernel's part is played here. */
#include "af_packet.c"

#include "dev/dev_test.h"

enum { SLOTS = 4, SLOT_SIZE = 256, AGES_US = 1000000 };

struct ring_test {
	struct dev_test *t;
	struct af_packet dev;
	struct packet_queue a;
	uint8_t mem[SLOTS * SLOT_SIZE] cacheline_aligned;
};

static void ring_stop(struct iface *ifc)
{
}
static const struct iface_ops ring_ops = { .kind = "ring", .xmit = hostdev_xmit, .stop = ring_stop };

static struct ring_test *ring_new(struct dev_test *t)
{
	struct ring_test *r = aligned_alloc(CACHELINE, (sizeof *r + CACHELINE - 1) / CACHELINE * CACHELINE);
	struct iface_new how = { .name = "r0", .ops = &ring_ops, .driver = r ? &r->dev : NULL, .mtu = 1500 };
	assert_non_null(r);
	memset(r, 0, sizeof *r);
	r->t = t;
	r->a.frame_max = SLOT_SIZE - RING_TX_FRAME_AT_MAX;
	r->a.ring.tx = (struct packet_ring){ .mem = r->mem,
					     .slot_size = SLOT_SIZE,
					     .per_block = SLOTS,
					     .block_size = sizeof r->mem,
					     .n = SLOTS };
	packet_ring_layout(&r->a.ring.tx, 3);
	af_packet_init_queue(&r->a);
	assert_int_equal(iface_add(t->st[0], &how, &r->dev.dev.ifc), 0);
	r->dev.dev.st = t->st[0];
	r->dev.dev.node = node_find(t->st[0], "iface-output");
	hostdev_add_queue(&r->dev.dev, &r->a.q, -1);
	hostdev_place(&r->dev.dev, UINT64_MAX, 0);
	return r;
}

static void send_frames(struct ring_test *r, unsigned n)
{
	struct worker *w = r->t->st[0]->worker[0];
	struct pkt *p[SLOTS + 1];
	for (unsigned i = 0; i < n; i++)
		p[i] = dev_test_frame(w, 60);
	af_packet_send(&r->a.q, w, p, n);
}

static void ring_free(struct ring_test *r)
{
	iface_delete(r->dev.dev.ifc);
	manual_rt_settle(r->t->m);
	free(r);
}

static uint64_t dropped_at_output(struct ring_test *r, enum drop why)
{
	return graph_drops(r->t->st[0], r->dev.dev.node, why);
}

static void what_a_device_never_takes_is_dropped_by_name(void **state)
{
	struct ring_test *r = ring_new(*state);
	struct iface_worker_stats s;
	send_frames(r, 3);
	manual_rt_settle(r->t->m);
	assert_int_equal(dropped_at_output(r, DROP_TX_FULL), 0); /* it waits and is tried again */
	manual_rt_run(r->t->m, AGES_US);
	assert_int_equal(dropped_at_output(r, DROP_TX_FULL), 3);
	iface_stats(r->dev.dev.ifc, &s);
	assert_int_equal(s.tx_dropped, 3);
	assert_int_equal(s.tx_errors, 0);
	for (unsigned i = 0; i < SLOTS; i++)
		assert_int_equal(slot_status(&r->a.ring.tx, ring_slot(&r->a.ring.tx, i)),
				 TP_STATUS_AVAILABLE);
	ring_free(r);
}

static void what_finds_no_slot_is_dropped_too(void **state)
{
	struct ring_test *r = ring_new(*state);
	send_frames(r, SLOTS + 1);
	assert_int_equal(dropped_at_output(r, DROP_TX_FULL), 1);
	manual_rt_run(r->t->m, AGES_US);
	assert_int_equal(dropped_at_output(r, DROP_TX_FULL), SLOTS + 1);
	ring_free(r);
}

static void what_waits_when_the_device_goes_is_dropped_as_such(void **state)
{
	struct ring_test *r = ring_new(*state);
	send_frames(r, 2);
	manual_rt_settle(r->t->m);
	lcore_timer_stop(r->t->rt->lcore[0], &r->a.retry);
	af_packet_give_up(&r->a, r->t->st[0]->worker[0], DROP_IF_GONE);
	assert_int_equal(dropped_at_output(r, DROP_IF_GONE), 2);
	ring_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, dev_test_setup, dev_test_teardown)
		TEST(what_a_device_never_takes_is_dropped_by_name),
		TEST(what_finds_no_slot_is_dropped_too),
		TEST(what_waits_when_the_device_goes_is_dropped_as_such),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

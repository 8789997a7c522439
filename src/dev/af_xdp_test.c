/* SPDX-License-Identifier: BSD-2-Clause */
/* The driver over rings in plain memory, with a descriptor that takes nothing: the kernel's part is played here. */
#include "af_xdp.c"

#include "dev/dev_test.h"

enum { SLOTS = 16, AGES_US = 1000000, KERNEL_HEADROOM = 256 };

struct ring {
	uint32_t producer, consumer, flags;
	uint64_t desc[2 * SLOTS]; /* addresses, or struct xdp_desc */
};

struct xdp_test {
	struct dev_test *t;
	struct worker *w;
	struct hostdev dev;
	struct xdp_queue x;
	struct ring fill, comp, rx, tx;
};

#define SET(r, m, spare)                        \
	do {                                    \
		(r)->mask = SLOTS - 1;          \
		(r)->size = SLOTS;              \
		(r)->producer = &(m)->producer; \
		(r)->consumer = &(m)->consumer; \
		(r)->flags = &(m)->flags;       \
		(r)->ring = (m)->desc;          \
		(r)->cached_cons = (spare);     \
	} while (0)

static void fake_stop(struct iface *ifc)
{
}
static const struct iface_ops fake_ops = { .kind = "rings", .xmit = hostdev_xmit, .stop = fake_stop };

static int setup(void **state)
{
	static const uint32_t need[LCORE_MAX] = { 512, 512 };
	struct xdp_test *k = aligned_alloc(CACHELINE, (sizeof *k + CACHELINE - 1) / CACHELINE * CACHELINE);
	void *t;
	dev_test_setup(&t);
	memset(k, 0, sizeof *k);
	k->t = t;
	k->w = k->t->st[0]->worker[0];
	SET(&k->x.xsk.fill, &k->fill, SLOTS);
	SET(&k->x.xsk.comp, &k->comp, 0);
	SET(&k->x.xsk.rx, &k->rx, 0);
	SET(&k->x.xsk.tx, &k->tx, SLOTS);
	k->tx.flags = XDP_RING_NEED_WAKEUP;
	assert_int_equal(pkt_arena_get(k->t->rt, need, &k->x.arena), 0);
	k->x.shelf = &k->x.arena->shelf[0];
	k->x.user = 1;
	k->x.sg = true;
	k->x.frame_max = 9100;
	k->x.n_slots = SLOTS;
	k->x.slot = calloc(SLOTS, sizeof *k->x.slot);
	af_xdp_init_queue(&k->x);
	struct iface_new how = {
		.name = "x0", .ops = &fake_ops, .driver = &k->dev, .mtu = 9000, .mtu_max = 9000
	};
	assert_int_equal(iface_add(k->t->st[0], &how, &k->dev.ifc), 0);
	k->dev.st = k->t->st[0];
	k->dev.node = node_find(k->t->st[0], "iface-output");
	k->dev.send = af_xdp_send;
	hostdev_add_queue(&k->dev, &k->x.q, -1);
	hostdev_place(&k->dev, UINT64_MAX, 0);
	assert_int_equal(iface_set_up(k->dev.ifc, true), 0);
	manual_rt_settle(k->t->m);
	*state = k;
	return 0;
}

/* Whatever a test leaves behind is the driver's to take back: no frame may be missing then. */
static int teardown(void **state)
{
	struct xdp_test *k = *state;
	void *t = k->t;
	manual_rt_settle(k->t->m);
	catch_forget(k->w);
	lcore_timer_stop(k->w->lc, &k->x.reap);
	lcore_timer_stop(k->w->lc, &k->x.ask);
	af_xdp_take_back(&k->x, k->w, DROP_IF_GONE);
	manual_rt_settle(k->t->m);
	assert_int_equal(k->x.shelf->n_free, k->x.shelf->n);
	iface_delete(k->dev.ifc);
	free(k->x.slot);
	dev_test_teardown(&t);
	free(k);
	return 0;
}

/* --- the kernel --- */

/* Takes an empty frame and gives it back with bytes in it. */
static void kernel_receives(struct xdp_test *k, uint32_t len, bool more)
{
	static const uint8_t head[ETH_HLEN] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5 };
	assert_true(k->fill.consumer != k->fill.producer);
	uint64_t addr = k->fill.desc[k->fill.consumer++ % SLOTS];
	uint8_t *at = k->x.arena->mem + addr + KERNEL_HEADROOM;
	memset(at, 0x5a, len);
	memcpy(at, head, MIN(len, (uint32_t)sizeof head));
	((struct xdp_desc *)k->rx.desc)[k->rx.producer++ % SLOTS] = (struct xdp_desc){
		.addr = addr | (uint64_t)KERNEL_HEADROOM << XSK_UNALIGNED_BUF_OFFSET_SHIFT,
		.len = len,
		.options = more ? XDP_PKT_CONTD : 0,
	};
}

static const struct xdp_desc *kernel_takes(struct xdp_test *k)
{
	assert_true(k->tx.consumer != k->tx.producer);
	return &((struct xdp_desc *)k->tx.desc)[k->tx.consumer++ % SLOTS];
}

static void kernel_completes(struct xdp_test *k, const struct xdp_desc *d)
{
	k->comp.desc[k->comp.producer++ % SLOTS] = d->addr;
}

static const uint8_t *bytes_of(const struct xdp_test *k, const struct xdp_desc *d)
{
	return k->x.arena->mem + xsk_umem__add_offset_to_addr(d->addr);
}

static void refill(struct xdp_test *k)
{
	af_xdp_refill(&k->x);
}

static unsigned poll_once(struct xdp_test *k)
{
	return af_xdp_receive(&k->x.q, k->w);
}

/* A received packet, out of the graph. */
static struct pkt *receive_one(struct xdp_test *k, uint32_t len)
{
	struct catcher *c = caught(k->t, 0, 0);
	refill(k);
	kernel_receives(k, len, false);
	assert_int_equal(poll_once(k), 1);
	return c->pkt[--c->n];
}

static uint64_t dropped(struct xdp_test *k, enum drop why)
{
	return graph_drops(k->t->st[0], k->dev.node, why);
}

static void send_it(struct xdp_test *k, struct pkt *p)
{
	af_xdp_send(&k->x.q, k->w, &p, 1);
}

/* --- receive --- */

static void a_frame_is_a_packet_where_it_lies(void **state)
{
	struct xdp_test *k = *state;
	struct pkt *p = receive_one(k, 100);
	assert_int_equal(p->len, 100);
	assert_int_equal(p->headroom, KERNEL_HEADROOM);
	assert_true(arena_has(k->x.arena, p->data));
	assert_int_equal(p->data[99], 0x5a);
	assert_int_equal(k->x.q.stats.rx_copied, 0);
	pkt_free(k->w->lc, p);
}

static void the_kernel_gets_as_many_frames_as_its_ring_takes(void **state)
{
	struct xdp_test *k = *state;
	refill(k);
	assert_int_equal(k->fill.producer, SLOTS);
	assert_int_equal(k->x.shelf->n_free, k->x.shelf->n - SLOTS);
	refill(k);
	assert_int_equal(k->fill.producer, SLOTS);
}

static void pieces_become_one_packet(void **state)
{
	struct xdp_test *k = *state;
	struct catcher *c = caught(k->t, 0, 0);
	refill(k);
	for (unsigned i = 0; i < 3; i++)
		kernel_receives(k, 2816, true);
	poll_once(k);
	assert_int_equal(c->n, 0); /* the last is yet to come */
	kernel_receives(k, 566, false);
	poll_once(k);
	assert_int_equal(c->n, 1);
	assert_int_equal(c->pkt[0]->len, 3 * 2816 + 566);
	assert_int_equal(c->pkt[0]->n_frags, 3);
}

static void a_frame_longer_than_the_mtu_is_dropped_by_name(void **state)
{
	struct xdp_test *k = *state;
	refill(k);
	for (unsigned i = 0; i < 4; i++)
		kernel_receives(k, 2816, i < 3);
	poll_once(k);
	assert_int_equal(dropped(k, DROP_RX_TOO_LONG), 1);
	refill(k);
	for (unsigned i = 0; i < SLOTS; i++)
		kernel_receives(k, 2816, true);
	poll_once(k);
	for (unsigned i = 0; i < SLOTS; i++)
		kernel_receives(k, 2816, i + 1 < SLOTS); /* more pieces than a packet has places for */
	poll_once(k);
	assert_int_equal(dropped(k, DROP_RX_TOO_LONG), 2);
	assert_int_equal(caught(k->t, 0, 0)->n, 0);
}

static void a_runt_is_dropped_by_name(void **state)
{
	struct xdp_test *k = *state;
	refill(k);
	kernel_receives(k, 13, false);
	poll_once(k);
	assert_int_equal(dropped(k, DROP_TRUNCATED), 1);
}

static void with_few_frames_left_what_arrives_is_copied_and_they_go_back(void **state)
{
	struct xdp_test *k = *state;
	struct pkt *held = NULL, *p;
	refill(k);
	while (k->x.shelf->n_free > 8) {
		p = pkt_shelf_take(k->x.shelf);
		p->next = held;
		held = p;
	}
	p = receive_one(k, 100);
	assert_false(arena_has(k->x.arena, p->data));
	assert_int_equal(p->len, 100);
	assert_int_equal(p->data[99], 0x5a);
	assert_int_equal(k->x.q.stats.rx_copied, 1);
	pkt_free(k->w->lc, p);
	while ((p = held)) {
		held = p->next;
		pkt_shelf_put(k->x.shelf, p);
	}
}

/* --- transmit --- */

static void what_came_by_the_umem_leaves_from_where_it_lies(void **state)
{
	struct xdp_test *k = *state;
	struct pkt *p = receive_one(k, 100);
	uint32_t n_free = k->x.shelf->n_free;
	const uint8_t *data = p->data;
	send_it(k, p);
	const struct xdp_desc *d = kernel_takes(k);
	assert_ptr_equal(bytes_of(k, d), data);
	assert_int_equal(d->len, 100);
	assert_int_equal(k->x.q.stats.tx_copied, 0);
	poll_once(k);
	assert_int_equal(k->x.shelf->n_free, n_free); /* it is the kernel's */
	kernel_completes(k, d);
	poll_once(k);
	assert_int_equal(k->x.shelf->n_free, n_free + 1);
}

static void what_did_not_is_copied_and_counted(void **state)
{
	struct xdp_test *k = *state;
	send_it(k, dev_test_frame(k->w, 60));
	const struct xdp_desc *d = kernel_takes(k);
	assert_int_equal(d->len, 60);
	assert_int_equal(bytes_of(k, d)[59], 59);
	assert_int_equal(k->x.q.stats.tx_copied, 1);
}

static void a_long_one_is_copied_into_several_frames(void **state)
{
	struct xdp_test *k = *state;
	uint8_t bytes[1000] = { 7 };
	struct pkt *p = dev_test_frame(k->w, 60);
	for (unsigned i = 0; i < 9; i++)
		assert_true(pkt_append(k->w->lc, p, bytes, sizeof bytes));
	send_it(k, p);
	uint32_t sum = 0;
	for (unsigned i = 0; i < 3; i++) {
		const struct xdp_desc *d = kernel_takes(k);
		sum += d->len;
		assert_int_equal(d->options & XDP_PKT_CONTD, i < 2 ? XDP_PKT_CONTD : 0);
		kernel_completes(k, d);
	}
	assert_int_equal(sum, 9060);
	assert_int_equal(k->x.n_in_flight, 1);
	poll_once(k);
	assert_int_equal(k->x.n_in_flight, 0);
}

static void completions_may_come_in_any_order(void **state)
{
	struct xdp_test *k = *state;
	struct xdp_desc d[4];
	for (unsigned i = 0; i < 4; i++) {
		send_it(k, receive_one(k, 100));
		d[i] = *kernel_takes(k);
	}
	for (unsigned i = 4; i--;)
		kernel_completes(k, &d[i]);
	poll_once(k);
	assert_int_equal(k->x.n_in_flight, 0);
}

static void payload_shared_by_two_packets_may_be_in_flight_twice(void **state)
{
	struct xdp_test *k = *state;
	struct pkt *p = receive_one(k, 100), *c = pkt_clone(k->w->lc, p, 0);
	struct xdp_desc d[3];
	assert_non_null(c);
	assert_true(pkt_append_range(k->w->lc, p, c, 0, 10)); /* p: its own bytes, and ten of them again */
	send_it(k, p);
	for (unsigned i = 0; i < 2; i++)
		d[i] = *kernel_takes(k);
	assert_ptr_equal(bytes_of(k, &d[0]), bytes_of(k, &d[1]));
	pkt_free(k->w->lc, c);
	kernel_completes(k, &d[0]);
	poll_once(k);
	assert_int_equal(k->x.n_in_flight, 1);
	kernel_completes(k, &d[1]);
	poll_once(k);
	assert_int_equal(k->x.n_in_flight, 0);
}

static void without_room_in_the_ring_it_is_dropped_by_name(void **state)
{
	struct xdp_test *k = *state;
	for (unsigned i = 0; i < SLOTS + 1; i++)
		send_it(k, dev_test_frame(k->w, 60));
	assert_int_equal(dropped(k, DROP_TX_FULL), 1);
	for (unsigned i = 0; i < SLOTS; i++)
		kernel_completes(k, kernel_takes(k));
	send_it(k, dev_test_frame(k->w, 60));
	assert_int_equal(dropped(k, DROP_TX_FULL), 1);
}

static void without_pieces_a_long_frame_is_too_big(void **state)
{
	struct xdp_test *k = *state;
	uint8_t bytes[4000] = { 7 };
	struct pkt *p = dev_test_frame(k->w, 60);
	k->x.sg = false;
	assert_true(pkt_append(k->w->lc, p, bytes, sizeof bytes));
	send_it(k, p);
	assert_int_equal(dropped(k, DROP_TOO_BIG_FOR_DEVICE), 1);
	assert_int_equal(k->tx.producer, 0);
}

/* --- kicks --- */

static void a_turn_kicks_once_whatever_it_sends(void **state)
{
	struct xdp_test *k = *state;
	for (unsigned i = 0; i < 8; i++)
		send_it(k, dev_test_frame(k->w, 60));
	assert_int_equal(k->x.q.stats.tx_kicks, 0);
	lcore_turn(k->w->lc);
	assert_int_equal(k->x.q.stats.tx_kicks, 1);
}

static void a_kernel_that_needs_no_kick_gets_none(void **state)
{
	struct xdp_test *k = *state;
	k->tx.flags = 0;
	send_it(k, dev_test_frame(k->w, 60));
	lcore_turn(k->w->lc);
	assert_int_equal(k->x.q.stats.tx_kicks, 0);
}

static void a_kernel_that_never_takes_it_is_not_asked_for_ever(void **state)
{
	struct xdp_test *k = *state;
	send_it(k, dev_test_frame(k->w, 60));
	manual_rt_run(k->t->m, AGES_US);
	uint64_t kicks = k->x.q.stats.tx_kicks;
	assert_in_range(kicks, 2, RETRIES_MAX + 4);
	manual_rt_run(k->t->m, AGES_US);
	assert_int_equal(k->x.q.stats.tx_kicks, kicks);
	assert_int_equal(manual_rt_next_us(k->t->m), UINT64_MAX); /* asleep */
}

static void what_was_with_the_kernel_is_dropped_when_the_device_goes(void **state)
{
	struct xdp_test *k = *state;
	refill(k);
	send_it(k, dev_test_frame(k->w, 60));
	manual_rt_run(k->t->m, AGES_US);
	af_xdp_take_back(&k->x, k->w, DROP_IF_GONE);
	assert_int_equal(dropped(k, DROP_IF_GONE), 1);
	assert_int_equal(k->x.shelf->n_free, k->x.shelf->n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(a_frame_is_a_packet_where_it_lies),
		TEST(the_kernel_gets_as_many_frames_as_its_ring_takes),
		TEST(pieces_become_one_packet),
		TEST(a_frame_longer_than_the_mtu_is_dropped_by_name),
		TEST(a_runt_is_dropped_by_name),
		TEST(with_few_frames_left_what_arrives_is_copied_and_they_go_back),
		TEST(what_came_by_the_umem_leaves_from_where_it_lies),
		TEST(what_did_not_is_copied_and_counted),
		TEST(a_long_one_is_copied_into_several_frames),
		TEST(completions_may_come_in_any_order),
		TEST(payload_shared_by_two_packets_may_be_in_flight_twice),
		TEST(without_room_in_the_ring_it_is_dropped_by_name),
		TEST(without_pieces_a_long_frame_is_too_big),
		TEST(a_turn_kicks_once_whatever_it_sends),
		TEST(a_kernel_that_needs_no_kick_gets_none),
		TEST(a_kernel_that_never_takes_it_is_not_asked_for_ever),
		TEST(what_was_with_the_kernel_is_dropped_when_the_device_goes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

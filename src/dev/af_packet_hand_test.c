/* SPDX-License-Identifier: BSD-2-Clause */
/* The rings of one device are mapped by another that takes its place; a file of their length plays the socket. */
#include "af_packet_hand.c"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/saved_test.h"
#include "dev/dev_test.h"

enum { SLOT = 256, SLOTS = 8, BLOCK = 4096 };

struct hand_test {
	struct dev_test *t;
	struct dev_host host;
	struct af_packet from, to;
	struct packet_queue q;
};

/* One queue, rings of SLOTS slots each in a block of its own. */
static void device_new(struct hand_test *h, unsigned version)
{
	int fd = memfd_create("rings", MFD_CLOEXEC);
	struct packet_ring ring = { .slot_size = SLOT, .per_block = SLOTS, .block_size = BLOCK, .n = SLOTS };
	assert_int_equal(ftruncate(fd, 2 * BLOCK), 0);
	h->from.dev.st = h->to.dev.st = h->t->st[0];
	h->to.dev.host = &h->host;
	h->q.frame_max = 100;
	h->q.ring.version = version;
	h->q.ring.tx = h->q.ring.rx = ring;
	h->q.ring.blocks = (struct packet_blocks){ .block_size = BLOCK, .n = 1 };
	hostdev_add_queue(&h->from.dev, &h->q.q, fd);
	assert_int_equal(map(&h->q), 0);
}

static int take(struct hand_test *h)
{
	struct fds fds = { 0 };
	struct saver *s = writing();
	af_packet_hand.give(&h->from.dev, s, &fds);
	for (unsigned i = 0; i < fds.n; i++)
		fds.fd[i] = fcntl(fds.fd[i], F_DUPFD_CLOEXEC, 3);
	h->host.handed = written(s);
	h->host.handed_fds = &fds;
	int err = af_packet_take(&h->to);
	hostdev_place(&h->to.dev, UINT64_MAX, 0);
	loader_free(h->host.handed);
	fds_close(&fds);
	return err;
}

static int take_where(struct hand_test *h)
{
	struct saver *s = writing();
	af_packet_hand.give_state(&h->from.dev, s);
	struct loader *l = written(s);
	int err = af_packet_hand.take_state(&h->to.dev, l);
	loader_free(l);
	return err;
}

static void device_free(struct hand_test *h)
{
	for (unsigned i = 0; i < h->to.dev.n_queues; i++) {
		struct packet_queue *q = packet_queue_of(h->to.dev.queue[i]);
		lcore_timer_stop(h->t->rt->lcore[0], &q->retry);
		mem_uncharge(&h->t->st[0]->mem, q->charged_bytes);
		packet_rings_unmap(&q->ring);
		close(q->q.fd);
		mem_free(q);
	}
	packet_rings_unmap(&h->q.ring);
	close(h->q.q.fd);
}

static void it_goes_on_at_the_next_slot_of_the_same_ring(void **state)
{
	struct hand_test h = { .t = *state };
	device_new(&h, 2);
	assert_int_equal(take(&h), 0);
	h.q.ring.rx.at = 5;
	h.q.ring.tx.at = 3;
	assert_int_equal(take_where(&h), 0);
	struct packet_rings *r = &packet_queue_of(h.to.dev.queue[0])->ring;
	assert_int_equal(r->rx.at, 5);
	assert_int_equal(r->tx.at, 3);
	slot_set_status(&h.q.ring.rx, ring_slot(&h.q.ring.rx, 5), TP_STATUS_USER);
	assert_int_equal(slot_status(&r->rx, ring_slot(&r->rx, 5)), TP_STATUS_USER);
	slot_set_status(&r->tx, ring_slot(&r->tx, 3), TP_STATUS_SEND_REQUEST);
	assert_int_equal(slot_status(&h.q.ring.tx, ring_slot(&h.q.ring.tx, 3)), TP_STATUS_SEND_REQUEST);
	assert_int_equal(packet_queue_of(h.to.dev.queue[0])->frame_max, 100);
	device_free(&h);
}

static void it_goes_on_within_a_block(void **state)
{
	struct hand_test h = { .t = *state };
	device_new(&h, 3);
	assert_int_equal(take(&h), 0);
	h.q.ring.blocks.left = 2;
	h.q.ring.blocks.frame = h.q.ring.blocks.mem + 640;
	assert_int_equal(take_where(&h), 0);
	struct packet_blocks *b = &packet_queue_of(h.to.dev.queue[0])->ring.blocks;
	assert_int_equal(b->left, 2);
	assert_int_equal(b->frame - b->mem, 640);
	device_free(&h);
}

static void what_waits_to_be_sent_is_tried_again(void **state)
{
	struct hand_test h = { .t = *state };
	device_new(&h, 2);
	assert_int_equal(take(&h), 0);
	slot_set_status(&h.q.ring.tx, ring_slot(&h.q.ring.tx, 2), TP_STATUS_SEND_REQUEST);
	h.q.ring.tx.at = 3;
	assert_int_equal(take_where(&h), 0);
	assert_true(timer_is_set(&packet_queue_of(h.to.dev.queue[0])->retry));
	device_free(&h);
}

static void rings_that_cannot_be_are_refused(void **state)
{
	struct hand_test h = { .t = *state };
	device_new(&h, 2);
	h.q.ring.tx.slot_size = BLOCK; /* eight of them in one block */
	assert_int_equal(take(&h), -EINVAL);
	h.q.ring.tx.slot_size = SLOT;
	device_free(&h);
}

static void a_place_beyond_the_ring_is_refused(void **state)
{
	struct hand_test h = { .t = *state };
	device_new(&h, 2);
	assert_int_equal(take(&h), 0);
	h.q.ring.rx.at = SLOTS;
	assert_int_equal(take_where(&h), -EINVAL);
	device_free(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, dev_test_setup, dev_test_teardown)
		TEST(it_goes_on_at_the_next_slot_of_the_same_ring), TEST(it_goes_on_within_a_block),
		TEST(what_waits_to_be_sent_is_tried_again),         TEST(rings_that_cannot_be_are_refused),
		TEST(a_place_beyond_the_ring_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

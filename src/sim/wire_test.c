/* SPDX-License-Identifier: BSD-2-Clause */
/* What a wire does to frames, each rule by itself: frames of our own go in at one end, and what comes out at the other is looked at
 * instead of being received. */
#define device_receive see_arrival
#include "wire.c"
#undef device_receive

#include "base/test.h"
#include "sim/sim_test.h"

enum { OURS = 0x88b5 /* for experiments (IEEE 802) */, SEEN_MAX = 40000, LEN = 125 };

static struct seen {
	uint64_t at_us[SEEN_MAX], sent_us[SEEN_MAX];
	uint32_t seq[SEEN_MAX], flipped[SEEN_MAX]; /* the bit that is not as it was, from 1; 0: none */
	unsigned n;
} seen;
static struct pair p;

static uint8_t byte_at(uint32_t seq, uint32_t i)
{
	return (uint8_t)(seq * 7 + i);
}

/* Number and time of sending are repeated thrice, so that a flipped bit does not hide them. */
struct body {
	struct {
		uint32_t seq, sent_us;
	} copy[3];
};

static uint32_t most(uint32_t a, uint32_t b, uint32_t c)
{
	return (a & b) | (a & c) | (b & c);
}

static void fill(struct sim_frame *f, uint32_t seq, uint32_t sent_us)
{
	struct body b;
	for (unsigned i = 0; i < 3; i++) {
		b.copy[i].seq = seq;
		b.copy[i].sent_us = sent_us;
	}
	for (uint32_t i = 0; i < f->len; i++)
		f->b[i] = byte_at(seq, i);
	f->b[12] = OURS >> 8;
	f->b[13] = OURS & 0xff;
	memcpy(f->b + ETH_HLEN, &b, sizeof b);
}

void see_arrival(struct sim_end *e, const struct sim_frame *f)
{
	struct sim_frame *was = malloc(sizeof *was + f->len);
	struct body b;
	assert_non_null(was);
	assert_true(seen.n < SEEN_MAX);
	memcpy(&b, f->b + ETH_HLEN, sizeof b);
	was->len = f->len;
	uint32_t seq = most(b.copy[0].seq, b.copy[1].seq, b.copy[2].seq);
	uint32_t sent = most(b.copy[0].sent_us, b.copy[1].sent_us, b.copy[2].sent_us);
	fill(was, seq, sent);
	seen.flipped[seen.n] = 0;
	for (uint32_t i = 0; i < f->len * 8; i++)
		if ((f->b[i / 8] ^ was->b[i / 8]) >> i % 8 & 1) {
			assert_int_equal(seen.flipped[seen.n], 0); /* one bit, no more */
			seen.flipped[seen.n] = i + 1;
		}
	free(was);
	seen.at_us[seen.n] = sim_now_us(p.s);
	seen.sent_us[seen.n] = sent;
	seen.seq[seen.n++] = seq;
}

static void open_wire(const struct sim_wire_conf *c)
{
	p.s = test_sim(1, 1);
	assert_int_equal(sim_node_new(p.s, "a", 1, &p.a), 0);
	assert_int_equal(sim_node_new(p.s, "b", 1, &p.b), 0);
	assert_int_equal(sim_wire_new(p.s, p.a, "x", p.b, "x", c, &p.w), 0);
	p.w->cut = true; /* what the stacks say when their interfaces come up goes nowhere */
	assert_int_equal(iface_set_up(p.w->end[0].ifc, true), 0);
	assert_int_equal(iface_set_up(p.w->end[1].ifc, true), 0);
	sim_run(p.s, 20 * SIM_SEC);
	p.w->cut = false;
	p.w->dir[0].stats = p.w->dir[1].stats = (struct sim_wire_stats){ 0 };
	seen.n = 0;
}

static void send_len(uint32_t seq, uint32_t len)
{
	struct sim_frame *f = calloc(1, sizeof *f + len);
	assert_non_null(f);
	f->len = len;
	fill(f, seq, (uint32_t)sim_now_us(p.s));
	wire_send(&p.w->dir[0], f);
}

static void send_many(uint32_t n, uint64_t interval_us)
{
	for (uint32_t i = 0; i < n; i++) {
		send_len(i, LEN);
		sim_run(p.s, interval_us);
	}
	sim_run(p.s, 10 * SIM_SEC);
}

static void close_wire(void)
{
	pair_free(&p); /* the counters add up */
}

static void in_about(uint64_t got, double expected, double sigmas)
{
	double sigma = 1;
	while (sigma * sigma < expected)
		sigma++;
	assert_in_range(got, (uint64_t)(expected - sigmas * sigma), (uint64_t)(expected + sigmas * sigma));
}

static void rate_counts_nanoseconds(void **state)
{
	struct sim_wire_conf c = { .rate_bps = 1500000000 }; /* 125 bytes: 666.67 ns */
	open_wire(&c);
	uint64_t start = sim_now_us(p.s);
	send_many(9, 0);
	for (unsigned i = 0; i < 9;
	     i++) /* each begins when the one before has ended, not at the next microsecond */
		assert_int_equal(seen.at_us[i] - start, ((i + 1) * 667 + 999) / 1000);
	close_wire();
}

static void rate_and_delay_add_up(void **state)
{
	struct sim_wire_conf c = { .rate_bps = 1000000, .delay_us = 5000 };
	open_wire(&c);
	send_many(3, 400); /* a frame takes 1000 us */
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(seen.at_us[i] - seen.sent_us[i], 1000 + 5000 + i * (1000 - 400));
	close_wire();
}

/* Each from 1000 - 200 to 1000 + 200, all of it and evenly: in ten parts. */
static void jitter_is_even(void **state)
{
	struct sim_wire_conf c = { .delay_us = 1000, .jitter_us = 200 };
	unsigned part[10] = { 0 };
	open_wire(&c);
	send_many(10000, 500);
	assert_int_equal(seen.n, 10000);
	for (unsigned i = 0; i < seen.n; i++) {
		uint64_t took = seen.at_us[i] - seen.sent_us[i];
		assert_in_range(took, 800, 1200);
		part[(took - 800) * 10 / 401]++;
	}
	for (unsigned i = 0; i < 10; i++)
		in_about(part[i], 1000, 4);
	close_wire();
}

static void jitter_keeps_the_order(void **state)
{
	struct sim_wire_conf c = { .delay_us = 1000, .jitter_us = 900 };
	open_wire(&c);
	send_many(1000, 10);
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(seen.seq[i], i);
	close_wire();
}

static void losses_do_not_know_of_each_other(void **state)
{
	struct sim_wire_conf c = { .loss = SIM_ALWAYS / 10 };
	unsigned pairs = 0;
	open_wire(&c);
	send_many(30000, 0);
	in_about(p.w->dir[0].stats.dropped[SIM_DROP_LOSS], 3000, 4);
	for (unsigned i = 1; i < seen.n; i++)
		if (seen.seq[i] - seen.seq[i - 1] > 2)
			pairs += seen.seq[i] - seen.seq[i - 1] - 2;
	in_about(pairs, 300, 4); /* neighbours that are both lost: a hundredth */
	close_wire();
}

/* Gilbert-Elliott: bad for enter / (enter + leave) of all frames, 1 / leave of them at a time. */
static void losses_in_bursts_have_their_length(void **state)
{
	struct sim_wire_conf c = { .burst_enter = SIM_ALWAYS / 100,
				   .burst_leave = SIM_ALWAYS / 10,
				   .burst_loss = SIM_ALWAYS };
	unsigned bursts = 0;
	open_wire(&c);
	send_many(30000, 0);
	uint64_t lost = p.w->dir[0].stats.dropped[SIM_DROP_BURST];
	for (unsigned i = 1; i < seen.n; i++)
		bursts += seen.seq[i] - seen.seq[i - 1] > 1;
	assert_in_range(lost, 30000 / 11 * 8 / 10, 30000 / 11 * 12 / 10);
	assert_in_range(lost * 10 / bursts, 85, 115);
	close_wire();
}

static void held_back_frames_are_passed(void **state)
{
	struct sim_wire_conf c = { .delay_us = 1000, .reorder = SIM_ALWAYS / 10, .reorder_us = 5000 };
	unsigned held = 0, behind = 0;
	open_wire(&c);
	send_many(5000, 1000);
	for (unsigned i = 0; i < seen.n; i++) {
		uint64_t took = seen.at_us[i] - seen.sent_us[i];
		assert_true(took == 1000 || took == 6000);
		held += took == 6000;
		behind += i && seen.seq[i] < seen.seq[i - 1];
	}
	assert_int_equal(seen.n, 5000);
	assert_int_equal(held, p.w->dir[0].stats.reordered);
	in_about(held, 500, 4);
	assert_in_range(behind, held / 2, held);
	close_wire();
}

static void duplicates_are_the_same_frame(void **state)
{
	struct sim_wire_conf c = { .duplicate = SIM_ALWAYS / 4 };
	unsigned again = 0;
	open_wire(&c);
	send_many(4000, 0);
	for (unsigned i = 1; i < seen.n; i++)
		again += seen.seq[i] == seen.seq[i - 1];
	assert_int_equal(seen.n, 4000 + again);
	assert_int_equal(again, p.w->dir[0].stats.duplicated);
	in_about(again, 1000, 4);
	close_wire();
}

static void corruption_flips_one_bit_anywhere(void **state)
{
	struct sim_wire_conf c = { .corrupt = SIM_ALWAYS };
	unsigned part[5] = { 0 };
	open_wire(&c);
	send_many(5000, 0);
	assert_int_equal(seen.n, 5000);
	for (unsigned i = 0; i < seen.n; i++) {
		assert_int_not_equal(seen.flipped[i], 0);
		part[(seen.flipped[i] - 1) / (LEN * 8 / 5)]++;
	}
	for (unsigned i = 0; i < 5; i++)
		in_about(part[i], 1000, 4);
	close_wire();
}

static void mtu_is_of_what_ethernet_carries(void **state)
{
	struct sim_wire_conf c = { .mtu = 500 };
	open_wire(&c);
	send_len(0, 500 + ETH_HLEN);
	send_len(1, 500 + ETH_HLEN + 1);
	sim_run(p.s, SIM_SEC);
	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.seq[0], 0);
	assert_int_equal(p.w->dir[0].stats.dropped[SIM_DROP_MTU], 1);
	close_wire();
}

static void cut_takes_what_waits_and_what_flies(void **state)
{
	struct sim_wire_conf c = { .rate_bps = 1000000, .delay_us = 2000 };
	open_wire(&c);
	for (unsigned i = 0; i < 5; i++)
		send_len(i, LEN);
	sim_run(p.s, 3500); /* the first is there, two fly, two wait or are being sent */
	assert_int_equal(seen.n, 1);
	sim_wire_cut(p.w, true);
	send_len(5, LEN);
	sim_wire_cut(p.w, false);
	send_len(6, LEN);
	sim_run(p.s, SIM_SEC);
	assert_int_equal(seen.n, 2);
	assert_int_equal(seen.seq[1], 6);
	assert_int_equal(p.w->dir[0].stats.dropped[SIM_DROP_CUT], 5);
	close_wire();
}

static void settings_hold_from_the_next_frame_on(void **state)
{
	struct sim_wire_conf c = { .delay_us = 5000 }, now = { .delay_us = 9000 };
	open_wire(&c);
	send_len(0, LEN);
	assert_int_equal(sim_wire_set(p.w, &now), 0);
	send_len(1, LEN);
	sim_run(p.s, SIM_SEC);
	assert_int_equal(seen.at_us[0] - seen.sent_us[0], 5000);
	assert_int_equal(seen.at_us[1] - seen.sent_us[1], 9000);
	close_wire();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rate_counts_nanoseconds),
		cmocka_unit_test(rate_and_delay_add_up),
		cmocka_unit_test(jitter_is_even),
		cmocka_unit_test(jitter_keeps_the_order),
		cmocka_unit_test(losses_do_not_know_of_each_other),
		cmocka_unit_test(losses_in_bursts_have_their_length),
		cmocka_unit_test(held_back_frames_are_passed),
		cmocka_unit_test(duplicates_are_the_same_frame),
		cmocka_unit_test(corruption_flips_one_bit_anywhere),
		cmocka_unit_test(mtu_is_of_what_ethernet_carries),
		cmocka_unit_test(cut_takes_what_waits_and_what_flies),
		cmocka_unit_test(settings_hold_from_the_next_frame_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

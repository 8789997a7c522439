/* SPDX-License-Identifier: BSD-2-Clause */
#include "sent.c"

#include <stdlib.h>

#include "base/test.h"

enum { MSS = 1000 };

static struct mem_account mem;

static int setup(void **state)
{
	static struct tcp_log l;
	mem_account_init(&mem, "test", NULL, 0);
	memset(&l, 0, sizeof l);
	tcp_log_init(&l);
	*state = &l;
	return 0;
}

static int teardown(void **state)
{
	tcp_log_done(*state);
	mem_account_done(&mem);
	return 0;
}

static void send_segs(struct tcp_log *l, unsigned first, unsigned n, uint64_t now_us)
{
	for (unsigned i = first; i < first + n; i++)
		assert_true(tcp_log_add(l, &mem, i * MSS, (i + 1) * MSS, MSS, now_us));
}

static uint32_t sack(struct tcp_log *l, unsigned from, unsigned to)
{
	const struct tcp_range r = { from * MSS, to * MSS };
	struct tcp_took t = { 0 };
	tcp_log_sack(l, &mem, &r, &t);
	return t.sacked;
}

static struct tcp_took ack(struct tcp_log *l, seq32 una)
{
	struct tcp_took t = { 0 };
	tcp_log_ack(l, una, &t);
	return t;
}

/* As one packet, however many segments it has. */
static void send_large(struct tcp_log *l, unsigned first, unsigned n, uint64_t now_us)
{
	assert_true(tcp_log_add(l, &mem, first * MSS, (first + n) * MSS, MSS, now_us));
}

static void each_packet_is_an_entry(void **state)
{
	struct tcp_log *l = *state;
	send_large(l, 0, 10, 5);
	assert_int_equal(l->n, 1);
	send_large(l, 10, 1, 5);
	assert_int_equal(l->n, 2);
	assert_ptr_equal(l->at, l->own); /* and takes no memory */
}

static void a_push_is_of_the_last_part(void **state)
{
	struct tcp_log *l = *state;
	send_large(l, 0, 4, 5);
	tcp_log_pushed(l);
	sack(l, 1, 2);
	assert_int_equal(l->n, 3);
	assert_int_equal(tcp_log_at(l, 0)->flags & TCP_SENT_PUSHED, 0);
	assert_int_equal(tcp_log_at(l, 1)->flags & TCP_SENT_PUSHED, 0);
	assert_int_equal(tcp_log_at(l, 2)->flags, TCP_SENT_PUSHED);
}

static void an_ack_takes_from_the_front(void **state)
{
	struct tcp_log *l = *state;
	send_segs(l, 0, 2, 5);
	struct tcp_took a = ack(l, 500);
	assert_int_equal(a.acked, 500);
	assert_true(a.has_time && !a.again_acked && a.first_us == 5);
	assert_int_equal(tcp_log_at(l, 0)->start, 500);
	a = ack(l, 2000);
	assert_int_equal(a.acked, 1500);
	assert_int_equal(l->n, 0);
}

static void a_block_splits_and_counts_once(void **state)
{
	struct tcp_log *l = *state;
	send_segs(l, 0, 10, 5);
	assert_int_equal(sack(l, 2, 4), 2 * MSS);
	assert_int_equal(sack(l, 2, 4), 0);
	assert_int_equal(sack(l, 1, 5), 2 * MSS);
	assert_int_equal(l->sacked, 4 * MSS);
	struct tcp_took a = ack(l, 3 * MSS);
	assert_int_equal(a.acked, 3 * MSS);
	assert_int_equal((a.acked - a.newly), 2 * MSS);
	assert_int_equal(l->sacked, 2 * MSS);
}

/* RFC 6675, 4: IsLost() */
static void three_ranges_above_or_their_bytes_mean_loss(void **state)
{
	struct tcp_log *l = *state;
	send_segs(l, 0, 10, 5);
	sack(l, 1, 2);
	sack(l, 3, 4);
	assert_false(tcp_log_find_lost(l, 3, MSS));
	const struct tcp_range small = { 5 * MSS, 5 * MSS + 1 };
	struct tcp_took t = { 0 };
	tcp_log_sack(l, &mem, &small, &t);
	assert_int_equal(t.sacked, 0); /* Linux: not a segment */
	sack(l, 5, 6);
	assert_true(tcp_log_find_lost(l, 3, MSS));
	assert_int_equal(l->lost, MSS); /* the first alone: two ranges are above the next hole */
}

static void lost_data_goes_once(void **state)
{
	struct tcp_log *l = *state;
	send_segs(l, 0, 10, 5);
	sack(l, 3, 10);
	assert_true(tcp_log_find_lost(l, 3, MSS));
	assert_int_equal(l->lost, 3 * MSS);
	for (unsigned i = 0; i < 3; i++) {
		struct tcp_sent *t = tcp_log_next_lost(l, &mem, MSS);
		assert_non_null(t);
		assert_int_equal(t->start, i * MSS);
		tcp_log_sent_again(l, t, false, 7);
	}
	assert_null(tcp_log_next_lost(l, &mem, MSS));
	assert_int_equal(l->again, 3 * MSS);
	struct tcp_took a = ack(l, 10 * MSS);
	assert_true(a.again_acked);
	assert_int_equal(l->sacked + l->lost + l->again, 0);
}

static void a_timeout_takes_all_but_what_is_sacked_for_lost(void **state)
{
	struct tcp_log *l = *state;
	send_segs(l, 0, 4, 5);
	sack(l, 2, 3);
	tcp_log_all_lost(l, false, 0, 0);
	assert_int_equal(l->lost, 3 * MSS);
	tcp_log_sent_again(l, tcp_log_next_lost(l, &mem, MSS), false, 6);
	tcp_log_all_lost(l, false, 0, 0);
	assert_int_equal(l->again, 0);
	tcp_log_all_lost(l, true, 0, 0);
	assert_int_equal(l->lost, 4 * MSS);
	assert_int_equal(l->sacked, 0);
}

static void without_memory_nothing_is_half_done(void **state)
{
	struct tcp_log *l = *state;
	send_large(l, 0, 10, 5);
	mem.limit_bytes = 1;
	assert_int_equal(sack(l, 2, 4), 0); /* there is room for one more entry, and three would be needed */
	assert_int_equal(l->sacked, 0);
	send_segs(l, 10, 0, 6);
	assert_int_equal(ack(l, 10 * MSS).acked, 10 * MSS);
	mem.limit_bytes = 0;
}

/* Against a table of bytes. */
static void sums_are_right_whatever_happens(void **state)
{
	struct tcp_log *l = *state;
	enum { SPAN = 400 };
	static uint8_t sacked[SPAN];
	unsigned seed = 1, una = 0, nxt = 0;
	for (unsigned step = 0; step < 20000; step++) {
		unsigned a = (unsigned)rand_r(&seed), b = (unsigned)rand_r(&seed);
		if (nxt < SPAN && a % 3 == 0) {
			unsigned n = 1 + b % 20, end = nxt + n < SPAN ? nxt + n : SPAN;
			assert_true(tcp_log_add(l, &mem, nxt, end, 1, step));
			nxt = end;
		} else if (a % 3 == 1 && una < nxt) {
			unsigned from = una + b % (nxt - una), to = from + 1 + b / 1000 % (nxt - from);
			const struct tcp_range r = { from, to };
			struct tcp_took t = { 0 };
			tcp_log_sack(l, &mem, &r, &t);
			memset(sacked + from, 1, to - from);
		} else if (b % 8 == 0) {
			una += (nxt - una) / 3;
			ack(l, una);
		}
		uint32_t sum = 0;
		for (unsigned i = una; i < nxt; i++)
			sum += sacked[i];
		assert_int_equal(l->sacked, sum);
		if (una == SPAN || (nxt == SPAN && b % 50 == 0)) { /* begin anew */
			tcp_log_done(l);
			memset(sacked, 0, sizeof sacked);
			una = nxt = 0;
		}
	}
}

/* RFC 8985, 6.2, step 5 */
static bool rack(struct tcp_log *l, uint32_t newest_us, seq32 newest_end, uint32_t now_us, uint32_t most_us,
		 uint32_t *ret_wait)
{
	const struct tcp_took t = { .now_us = now_us, .newest_us = newest_us, .newest_end = newest_end };
	uint32_t again;
	return tcp_log_rack(l, &t, most_us, ret_wait, &again);
}

static void what_was_sent_before_what_arrived_is_lost_after_a_while(void **state)
{
	struct tcp_log *l = *state;
	uint32_t wait;
	send_segs(l, 0, 2, 100);
	send_segs(l, 2, 2, 200);
	send_segs(l, 4, 2, 300);
	sack(l, 3, 4);
	assert_false(rack(l, 200, 4 * MSS, 1000, 950, &wait));
	assert_int_equal(wait, 150); /* until the third segment's time is over, too */
	assert_true(rack(l, 200, 4 * MSS, 1060, 950, &wait));
	assert_int_equal(l->lost, 2 * MSS);
	assert_int_equal(wait, 90);
	assert_true(rack(l, 200, 4 * MSS, 1200, 950, &wait));
	assert_int_equal(l->lost, 3 * MSS); /* what was sent later is not judged */
	assert_int_equal(wait, 0);
}

static void what_was_sent_again_may_be_lost_again(void **state)
{
	struct tcp_log *l = *state;
	uint32_t wait;
	send_segs(l, 0, 4, 100);
	sack(l, 3, 4);
	assert_true(rack(l, 100, 4 * MSS, 1000, 100, &wait));
	tcp_log_sent_again(l, tcp_log_next_lost(l, &mem, MSS), false, 1000);
	assert_int_equal(l->waits, 2 * MSS);
	assert_false(
		rack(l, 100, 4 * MSS, 2000, 100, &wait)); /* nothing that was sent after it has arrived */
	send_segs(l, 4, 1, 1500);
	sack(l, 4, 5);
	assert_true(rack(l, 1500, 5 * MSS, 2000, 100, &wait));
	assert_int_equal(l->waits, 3 * MSS);
	assert_int_equal(tcp_log_next_lost(l, &mem, MSS)->start, 0);
}

static void a_part_of_a_segment_is_not_sacked(void **state)
{
	struct tcp_log *l = *state;
	struct tcp_took t = { 0 };
	send_segs(l, 0, 4, 5);
	tcp_log_sack(l, &mem, &(struct tcp_range){ 500, 2500 }, &t);
	assert_int_equal(t.sacked, MSS);
	assert_int_equal(l->n_sacked, 1);
	tcp_log_sack(l, &mem, &(struct tcp_range){ 2000, 4000 }, &t);
	assert_int_equal(l->n_sacked, 3);
	assert_int_equal(l->n, 2); /* what is SACKed is one entry again */
}

static void what_others_overtook_is_told(void **state)
{
	struct tcp_log *l = *state;
	struct tcp_took t = { .highest = 3 * MSS };
	send_segs(l, 0, 4, 5);
	tcp_log_ack(l, 2 * MSS, &t);
	assert_true(t.was_overtaken);
	assert_int_equal(t.overtaken, 0);
}

static void duplicate_acks_stand_for_segments(void **state)
{
	struct tcp_log *l = *state;
	for (unsigned i = 0; i < 5; i++)
		assert_true(tcp_log_add(l, &mem, i * 10, i * 10 + 10, MSS, 5)); /* small ones */
	assert_true(tcp_log_dup(l, &mem));
	assert_true(tcp_log_dup(l, &mem));
	assert_int_equal(l->n_sacked, 2);
	assert_int_equal(l->sacked, 20);
	assert_int_equal(tcp_log_at(l, 0)->flags, 0); /* never the first */
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(each_packet_is_an_entry),
		CASE(a_push_is_of_the_last_part),
		CASE(an_ack_takes_from_the_front),
		CASE(a_block_splits_and_counts_once),
		CASE(three_ranges_above_or_their_bytes_mean_loss),
		CASE(lost_data_goes_once),
		CASE(a_timeout_takes_all_but_what_is_sacked_for_lost),
		CASE(without_memory_nothing_is_half_done),
		CASE(sums_are_right_whatever_happens),
		CASE(what_was_sent_before_what_arrived_is_lost_after_a_while),
		CASE(what_was_sent_again_may_be_lost_again),
		CASE(a_part_of_a_segment_is_not_sacked),
		CASE(what_others_overtook_is_told),
		CASE(duplicate_acks_stand_for_segments),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

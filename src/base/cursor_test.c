/* SPDX-License-Identifier: BSD-2-Clause */
#include "cursor.c"

#include "base/test.h"

enum { LEN = 24 };

/* LEN counting bytes cut into pieces at the given places; each piece is a block of its own so that a sanitizer sees any
 * step past its end. Places may repeat: then a piece is empty. */
struct pieces {
	unsigned n;
	uint32_t len[4];
	uint8_t *mem[4];
};

static const uint8_t *piece(const void *ctx, unsigned i, uint32_t *ret_len)
{
	const struct pieces *ps = ctx;
	if (i >= ps->n)
		return NULL;
	*ret_len = ps->len[i];
	return ps->mem[i];
}

static void pieces_cut(struct pieces *ps, uint32_t a, uint32_t b, uint32_t c)
{
	const uint32_t at[] = { 0, a, b, c, LEN };
	ps->n = 4;
	for (unsigned i = 0; i < 4; i++) {
		ps->len[i] = at[i + 1] - at[i];
		ps->mem[i] = test_malloc(ps->len[i] + 1);
		for (uint32_t j = 0; j < ps->len[i]; j++)
			ps->mem[i][j] = (uint8_t)(at[i] + j);
	}
}

static void pieces_done(struct pieces *ps)
{
	for (unsigned i = 0; i < ps->n; i++)
		test_free(ps->mem[i]);
}

static struct cursor pieces_cursor(const struct pieces *ps)
{
	return (struct cursor){
		.p = ps->mem[0],
		.here = ps->len[0],
		.left = LEN,
		.piece = 1,
		.more = piece,
		.ctx = ps,
	};
}

/* Calls fn for every way to cut LEN bytes into four pieces, empty ones included. */
static void for_all_cuts(void (*fn)(struct cursor c))
{
	for (uint32_t a = 0; a <= LEN; a++) {
		for (uint32_t b = a; b <= LEN; b++) {
			for (uint32_t c = b; c <= LEN; c++) {
				struct pieces ps;
				pieces_cut(&ps, a, b, c);
				fn(pieces_cursor(&ps));
				pieces_done(&ps);
			}
		}
	}
}

static void expect_counting(const uint8_t *p, uint32_t from, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		assert_int_equal(p[i], from + i);
}

static void take_in_steps(struct cursor c)
{
	for (uint32_t size = 1; size <= 7; size++) {
		struct cursor n = c;
		uint32_t at = 0;
		uint8_t tmp[8];
		const uint8_t *p;
		while ((p = cur_take(&n, tmp, size))) {
			expect_counting(p, at, size);
			at += size;
			assert_int_equal(cur_left(&n), LEN - at);
		}
		assert_int_equal(at, LEN / size * size);
		assert_int_equal(cur_left(&n), LEN - at);
	}
}

static void take_gives_the_bytes_in_order_however_they_are_cut(void **state)
{
	for_all_cuts(take_in_steps);
}

static void take_is_in_place_when_nothing_straddles(void **state)
{
	struct pieces ps;
	uint8_t tmp[8];
	pieces_cut(&ps, 8, 8, 16);
	struct cursor c = pieces_cursor(&ps);
	assert_ptr_equal(cur_take(&c, tmp, 8), ps.mem[0]);
	assert_ptr_equal(cur_take(&c, tmp, 8), ps.mem[2]); /* the empty piece is stepped over */
	assert_ptr_equal(cur_take(&c, tmp, 4), ps.mem[3]);
	assert_int_equal(cur_left(&c), 4);
	pieces_done(&ps);
}

static void take_copies_what_straddles(void **state)
{
	struct pieces ps;
	uint8_t tmp[8];
	pieces_cut(&ps, 3, 5, 20);
	struct cursor c = pieces_cursor(&ps);
	assert_ptr_equal(cur_take(&c, tmp, 8), tmp);
	expect_counting(tmp, 0, 8);
	pieces_done(&ps);
}

static void too_few_bytes_leave_the_cursor_where_it_was(void **state)
{
	struct pieces ps;
	uint8_t tmp[LEN + 1], byte;
	struct cursor sub;
	pieces_cut(&ps, 3, 5, 20);
	struct cursor c = pieces_cursor(&ps);
	assert_null(cur_take(&c, tmp, LEN + 1));
	assert_null(cur_peek(&c, tmp, LEN + 1));
	assert_false(cur_skip(&c, LEN + 1));
	assert_false(cur_copy(&c, tmp, LEN + 1));
	assert_false(cur_sub(&c, LEN + 1, &sub));
	assert_int_equal(cur_left(&sub), 0);
	assert_false(cur_trim(&c, LEN + 1));
	assert_false(cur_equal(&c, tmp, LEN + 1));
	assert_false(cur_take(&c, tmp, UINT32_MAX) || cur_skip(&c, UINT32_MAX));
	assert_int_equal(cur_left(&c), LEN);
	assert_true(cur_u8(&c, &byte));
	assert_int_equal(byte, 0);
	pieces_done(&ps);
}

static void peek_every_length(struct cursor c)
{
	uint8_t tmp[LEN];
	for (uint32_t len = 1; len <= LEN; len++)
		expect_counting(cur_peek(&c, tmp, len), 0, len);
	assert_int_equal(cur_left(&c), LEN);
}

static void peek_consumes_nothing(void **state)
{
	for_all_cuts(peek_every_length);
}

static void sub_every_range(struct cursor c)
{
	for (uint32_t from = 0; from <= LEN; from += 5) {
		for (uint32_t len = 0; from + len <= LEN; len++) {
			struct cursor n = c, sub;
			uint8_t all[LEN], rest;
			assert_true(cur_skip(&n, from));
			assert_true(cur_sub(&n, len, &sub));
			assert_int_equal(cur_left(&sub), len);
			assert_true(cur_copy(&sub, all, len));
			expect_counting(all, from, len);
			assert_false(cur_u8(&sub, &rest)); /* bounded, whatever lies behind */
			assert_int_equal(cur_left(&n), LEN - from - len);
			if (cur_u8(&n, &rest))
				assert_int_equal(rest, from + len);
		}
	}
}

static void sub_is_bounded_and_consumes_its_bytes(void **state)
{
	for_all_cuts(sub_every_range);
}

static void run_through(struct cursor c)
{
	uint32_t at = 0, len;
	const uint8_t *p;
	while ((p = cur_run(&c, &len))) {
		assert_true(len > 0);
		expect_counting(p, at, len);
		at += len;
	}
	assert_int_equal(at, LEN);
	assert_int_equal(cur_left(&c), 0);
}

static void runs_cover_all_bytes_once(void **state)
{
	for_all_cuts(run_through);
}

static void trimmed_run(struct cursor c)
{
	for (uint32_t keep = 0; keep <= LEN; keep++) {
		struct cursor n = c;
		uint32_t at = 0, len;
		assert_true(cur_trim(&n, keep));
		while (cur_run(&n, &len))
			at += len;
		assert_int_equal(at, keep);
	}
}

static void trim_cuts_what_lies_behind(void **state)
{
	for_all_cuts(trimmed_run);
}

static void equal_at_every_length(struct cursor c)
{
	uint8_t want[LEN];
	for (unsigned i = 0; i < LEN; i++)
		want[i] = (uint8_t)i;
	assert_true(cur_equal(&c, want, LEN));
	assert_true(cur_equal(&c, want, 0));
	for (uint32_t bad = 0; bad < LEN; bad++) {
		want[bad] ^= 0x80;
		assert_false(cur_equal(&c, want, LEN));
		assert_true(cur_equal(&c, want, bad));
		want[bad] ^= 0x80;
	}
}

static void equal_compares_across_pieces(void **state)
{
	for_all_cuts(equal_at_every_length);
}

static void a_source_that_ends_early_is_an_end_not_a_crash(void **state)
{
	struct pieces ps;
	uint8_t tmp[LEN];
	uint32_t len;
	pieces_cut(&ps, 4, 8, 12);
	struct cursor c = pieces_cursor(&ps);
	ps.n = 2; /* 8 bytes exist, left says 24 */
	assert_null(cur_take(&c, tmp, 12));
	assert_false(cur_skip(&c, 12));
	assert_non_null(cur_take(&c, tmp, 8));
	assert_null(cur_take(&c, tmp, 1));
	assert_null(cur_run(&c, &len));
	ps.n = 4;
	pieces_done(&ps);
}

static void bytes_cut_off_are_counted_and_never_read(void **state)
{
	uint8_t b[8] = { 0 }, tmp[8];
	struct cursor c = cur_of_cut(b, 4, 100), sub;
	assert_int_equal(cur_left(&c), 100);
	assert_null(cur_take(&c, tmp, 5));
	assert_non_null(cur_take(&c, tmp, 3));
	assert_int_equal(cur_left(&c), 97);
	assert_false(cur_copy(&c, tmp, 2));
	assert_false(cur_skip(&c, 97));
	assert_false(cur_sub(&c, 97, &sub));
	assert_true(cur_trim(&c, 50));
	assert_int_equal(cur_left(&c), 50);
	c = cur_of_cut(b, 8, 4); /* more bytes than the packet has: those count not */
	assert_null(cur_take(&c, tmp, 5));
	assert_int_equal(cur_left(&c), 4);
}

static void one_piece_needs_no_source(void **state)
{
	const uint8_t mem[4] = { 0, 1, 2, 3 };
	uint8_t tmp[4];
	uint32_t len;
	struct cursor c = cur_of(mem, 4);
	assert_ptr_equal(cur_take(&c, tmp, 3), mem);
	assert_null(cur_take(&c, tmp, 2));
	assert_ptr_equal(cur_run(&c, &len), mem + 3);
	assert_int_equal(len, 1);
	assert_null(cur_run(&c, &len));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(take_gives_the_bytes_in_order_however_they_are_cut),
		cmocka_unit_test(take_is_in_place_when_nothing_straddles),
		cmocka_unit_test(take_copies_what_straddles),
		cmocka_unit_test(too_few_bytes_leave_the_cursor_where_it_was),
		cmocka_unit_test(peek_consumes_nothing),
		cmocka_unit_test(sub_is_bounded_and_consumes_its_bytes),
		cmocka_unit_test(runs_cover_all_bytes_once),
		cmocka_unit_test(trim_cuts_what_lies_behind),
		cmocka_unit_test(equal_compares_across_pieces),
		cmocka_unit_test(a_source_that_ends_early_is_an_end_not_a_crash),
		cmocka_unit_test(bytes_cut_off_are_counted_and_never_read),
		cmocka_unit_test(one_piece_needs_no_source),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "csum.c"

#include <stdio.h>

#include "pkt/pkt_test.h"

/* Two bytes at a time, as RFC 1071 says it. */
static uint16_t naive(const uint8_t *b, uint32_t len, uint32_t sum)
{
	for (uint32_t i = 0; i < len; i++)
		sum += i & 1 ? b[i] : (uint32_t)b[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* The bytes of b, cut into pieces of random length: some in the head, the rest anywhere in pages. */
static struct pkt *scattered(struct fixture *f, const uint8_t *b, uint32_t len)
{
	struct pkt *p = pkt_new(f->lc);
	uint32_t at = MIN(len, 8 + (uint32_t)rand_r(&f->seed) % 100);
	assert_true(pkt_append(f->lc, p, b, at));
	while (at < len) {
		struct buf *page = buf_page_new(f->lc);
		uint32_t n = p->n_frags == PKT_FRAGS_MAX - 1 ? len - at : (uint32_t)rand_r(&f->seed) % 400;
		uint32_t off = (uint32_t)rand_r(&f->seed) % 64;
		n = MIN(n, len - at);
		memcpy(page->mem + off, b + at, n);
		assert_true(pkt_add_frag(f->lc, p, page, off, n));
		at += n;
	}
	p->l4_off = p->headroom;
	return p;
}

static void any_pieces_sum_as_one(void **state)
{
	struct fixture *f = *state;
	uint8_t b[4000];
	for (unsigned round = 0; round < 3000; round++) {
		f->seed = round;
		uint32_t len = 8 + (uint32_t)rand_r(&f->seed) % 3900,
			 pseudo = (uint32_t)rand_r(&f->seed) % 0xfffff;
		for (uint32_t i = 0; i < len; i++)
			b[i] = round % 5 ? (uint8_t)rand_r(&f->seed) : 0xff;
		struct pkt *p = scattered(f, b, len);
		uint16_t want = naive(b, len, 0);
		if (csum_cursor(pkt_cursor(p)) != want)
			fail_msg("seed %u: sum of %u bytes", round, len);
		memset(p->data + 2, 0, 2);
		be16 c = be16_of((uint16_t)~naive(b, len, pseudo + (uint16_t)~naive(b + 2, 2, 0)));
		memcpy(p->data + 2, &c, 2);
		if (!pkt_csum_ok(p, pseudo, len))
			fail_msg("seed %u: good checksum refused", round);
		assert_int_equal(p->csum, PKT_CSUM_UNNECESSARY);
		p->csum = PKT_CSUM_NONE;
		p->data[4 + rand_r(&f->seed) % 4] ^= 0x10;
		if (pkt_csum_ok(p, pseudo, len))
			fail_msg("seed %u: bad checksum believed", round);
		pkt_free(f->lc, p);
	}
}

static void what_was_deferred_is_finished(void **state)
{
	struct fixture *f = *state;
	uint8_t b[3000];
	for (unsigned round = 0; round < 500; round++) {
		f->seed = round;
		uint32_t len = 20 + (uint32_t)rand_r(&f->seed) % 2900,
			 pseudo = (uint32_t)rand_r(&f->seed) % 0xfffff;
		for (uint32_t i = 0; i < len; i++)
			b[i] = (uint8_t)rand_r(&f->seed);
		struct pkt *p = scattered(f, b, len);
		assert_true(pkt_push(p, 14)); /* what lies in front of csum_start does not count */
		pkt_csum_defer(p, pseudo, 6);
		assert_int_equal(p->csum, PKT_CSUM_PARTIAL);
		assert_true(pkt_csum_ok(p, pseudo, len));
		assert_int_equal(pkt_csum_finish(p), DROP_NONE);
		assert_int_equal(p->csum, PKT_CSUM_NONE);
		if (!pkt_csum_ok(p, pseudo, len))
			fail_msg("seed %u: the finished checksum is wrong", round);
		pkt_free(f->lc, p);
	}
}

static void a_sum_of_zero_goes_out_as_ones(void **state)
{
	struct fixture *f = *state;
	uint8_t b[8] = { 0xff, 0xff };
	struct pkt *p = scattered(f, b, sizeof b);
	pkt_csum_defer(p, 0, 6);
	assert_int_equal(pkt_csum_finish(p), DROP_NONE);
	assert_int_equal(p->data[6], 0xff);
	assert_int_equal(p->data[7], 0xff);
	pkt_free(f->lc, p);
}

static void what_somebody_summed_is_believed(void **state)
{
	struct fixture *f = *state;
	uint8_t b[8] = { 1, 2, 3 };
	struct pkt *p = scattered(f, b, sizeof b);
	p->csum = PKT_CSUM_UNNECESSARY;
	assert_true(pkt_csum_ok(p, 0, 8));
	p->csum = PKT_CSUM_COMPLETE; /* not kept yet: summed like none */
	assert_false(pkt_csum_ok(p, 0, 8));
	pkt_csum_headers_changed(p);
	assert_int_equal(p->csum, PKT_CSUM_NONE);
	pkt_free(f->lc, p);
}

static void lengths_and_offsets_that_lie_are_refused(void **state)
{
	struct fixture *f = *state;
	uint8_t b[40] = { 0 };
	struct pkt *p = scattered(f, b, 16);
	assert_false(pkt_csum_ok(p, 0xffff, 17));
	p->l4_off = 60000;
	assert_false(pkt_csum_ok(p, 0xffff, 1));
	pkt_csum_defer((p->l4_off = p->headroom, p), 0, 6);
	p->csum_off = 15;
	assert_int_equal(pkt_csum_finish(p), DROP_BAD_OFFLOAD);
	p->csum_off = 65535;
	assert_int_equal(pkt_csum_finish(p), DROP_BAD_OFFLOAD);
	p->csum_off = 6;
	p->csum_start = (uint16_t)(p->headroom - 1);
	assert_int_equal(pkt_csum_finish(p), DROP_BAD_OFFLOAD);
	p->csum_start = 65535;
	assert_int_equal(pkt_csum_finish(p), DROP_BAD_OFFLOAD);
	assert_int_equal(p->csum, PKT_CSUM_PARTIAL);
	pkt_free(f->lc, p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(any_pieces_sum_as_one, setup, teardown),
		cmocka_unit_test_setup_teardown(what_was_deferred_is_finished, setup, teardown),
		cmocka_unit_test_setup_teardown(a_sum_of_zero_goes_out_as_ones, setup, teardown),
		cmocka_unit_test_setup_teardown(what_somebody_summed_is_believed, setup, teardown),
		cmocka_unit_test_setup_teardown(lengths_and_offsets_that_lie_are_refused, setup, teardown),
	};
	return cmocka_run_group_tests_name("csum", tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "ip4_frag.c"

#include "base/test.h"
#include "core/manual.h"

static void options_for_the_first_fragment_only_become_padding(void **state)
{
	uint8_t opt[12] = {
		IP4_OPT_RECORD_ROUTE, 3, 4, IP4_OPT_ROUTER_ALERT, 4, 0, 0, IP4_OPT_NOP, 68, 4, 5, 0
	};
	const uint8_t want[12] = { 1, 1, 1, IP4_OPT_ROUTER_ALERT, 4, 0, 0, 1, 1, 1, 1, 1 };
	drop_first_only_options(opt, sizeof opt);
	opt[11] = 1; /* the end of the list may stay what it is */
	assert_memory_equal(opt, want, sizeof opt);
}

static void malformed_options_are_left_alone(void **state)
{
	uint8_t opt[4] = { 7, 9, 4, 0 }, was[4];
	memcpy(was, opt, sizeof opt);
	drop_first_only_options(opt, sizeof opt);
	assert_memory_equal(opt, was, sizeof opt);
	uint8_t one[1] = { 7 };
	drop_first_only_options(one, sizeof one);
	assert_int_equal(one[0], 7);
}

/* Whatever range of however many pieces: the same bytes, shared and not copied. */
static void ranges_are_shared_across_pieces(void **state)
{
	struct manual_rt *m = manual_rt_new(1, 1);
	struct leat_runtime *rt = manual_rt_of(m);
	struct lcore *lc = rt->lcore[0];
	struct pkt_stats s;
	uint8_t bytes[100], got[100];
	assert_int_equal(pkt_pools_init(rt, 16 << 20), 0);
	struct pkt *p = pkt_new(lc);
	for (unsigned i = 0; i < 100; i++)
		bytes[i] = (uint8_t)i;
	assert_true(pkt_append(lc, p, bytes, 40));
	for (unsigned i = 0; i < 3; i++) {
		struct buf *b = buf_page_new(lc);
		memcpy(b->mem + 5, bytes + 40 + 20 * i, 20);
		assert_true(pkt_add_frag(lc, p, b, 5, 20));
	}
	for (uint32_t from = 0; from < 100; from++) {
		for (uint32_t len = 1; len <= 100 - from; len++) {
			struct pkt *f = pkt_new(lc);
			assert_true(add_body(lc, p, f, from, len));
			struct cursor c = pkt_cursor(f);
			assert_int_equal(cur_left(&c), len);
			assert_true(cur_copy(&c, got, len));
			assert_memory_equal(got, bytes + from, len);
			pkt_free(lc, f);
		}
	}
	pkt_free(lc, p);
	pkt_stats(lc, &s);
	assert_int_equal(s.copied_bytes, 0);
	assert_int_equal(s.in_use, 0);
	assert_int_equal(s.pages_in_use, 0);
	pkt_pools_done(rt);
	manual_rt_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_for_the_first_fragment_only_become_padding),
		cmocka_unit_test(malformed_options_are_left_alone),
		cmocka_unit_test(ranges_are_shared_across_pieces),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "join.c"

#include "base/test.h"
#include "core/manual.h"

static struct manual_rt *rt_new(uint64_t budget)
{
	struct manual_rt *m = manual_rt_new(2, 1);
	assert_int_equal(pkt_pools_init(manual_rt_of(m), budget), 0);
	return m;
}

static struct pkt_stats stats_of(const struct lcore *lc)
{
	struct pkt_stats s;
	pkt_stats(lc, &s);
	return s;
}

static void rt_free(struct manual_rt *m)
{
	struct leat_runtime *rt = manual_rt_of(m);
	manual_rt_settle(m);
	for (unsigned i = 0; i < rt->n_lcores; i++) {
		assert_int_equal(stats_of(rt->lcore[i]).in_use, 0);
		assert_int_equal(stats_of(rt->lcore[i]).pages_in_use, 0);
	}
	pkt_pools_done(rt);
	manual_rt_free(m);
}

static uint8_t byte_at(uint32_t i)
{
	return (uint8_t)(i * 7 + i / 251);
}

/* len bytes of the pattern from `at` on, by a head of head_len and pages. */
static struct pkt *patterned(struct lcore *lc, uint32_t at, uint32_t head_len, uint32_t len)
{
	uint8_t b[BUF_PAGE_SIZE];
	struct pkt *p = pkt_new(lc);
	for (uint32_t i = 0; i < head_len; i++)
		b[i] = byte_at(at + i);
	assert_true(pkt_append(lc, p, b, head_len));
	for (uint32_t done = head_len; done < len;) {
		struct buf *page = buf_page_new(lc);
		uint32_t n = MIN(len - done, (uint32_t)BUF_PAGE_SIZE);
		for (uint32_t i = 0; i < n; i++)
			page->mem[i] = byte_at(at + done + i);
		assert_true(pkt_add_frag(lc, p, page, 0, n));
		done += n;
	}
	return p;
}

static void assert_pattern(const struct pkt *p, uint32_t len)
{
	struct cursor c = pkt_cursor(p);
	uint8_t b;
	assert_int_equal(p->len, len);
	for (uint32_t i = 0; i < len; i++) {
		assert_true(cur_u8(&c, &b));
		assert_int_equal(b, byte_at(i));
	}
}

/* n packets of len bytes behind one of `first`; the last is of the lcore `last`. */
static struct pkt *queue_of(struct pkt_queue *q, struct lcore *lc, struct lcore *last, unsigned n,
			    uint32_t head_len, uint32_t len)
{
	pkt_queue_init(q);
	for (unsigned i = 1; i <= n; i++)
		pkt_queue_push(q, patterned(i == n ? last : lc, i * len, head_len, len));
	return patterned(lc, 0, head_len, len);
}

static void a_few_pieces_are_shared(void **state)
{
	struct manual_rt *m = rt_new(16 << 20);
	struct lcore *lc = manual_rt_of(m)->lcore[0];
	struct pkt_queue q;
	struct pkt *p = queue_of(&q, lc, lc, PKT_FRAGS_MAX, 100, 100);
	assert_true(pkt_join(lc, p, &q));
	assert_int_equal(p->n_frags, PKT_FRAGS_MAX);
	assert_int_equal(q.n, 0);
	assert_int_equal(stats_of(lc).copied_bytes, 0);
	assert_pattern(p, 100 * (PKT_FRAGS_MAX + 1));
	pkt_free(lc, p);
	rt_free(m);
}

static void many_pieces_are_copied_without_gaps(void **state)
{
	struct manual_rt *m = rt_new(16 << 20);
	struct lcore *lc = manual_rt_of(m)->lcore[0];
	struct pkt_queue q;
	struct pkt *p = queue_of(&q, lc, lc, 43, 1480, 1480);
	assert_true(pkt_join(lc, p, &q));
	assert_int_equal(p->n_frags, (43 * 1480 + BUF_PAGE_SIZE - 1) / BUF_PAGE_SIZE);
	assert_int_equal(stats_of(lc).copied_bytes, 43 * 1480);
	assert_pattern(p, 44 * 1480);
	pkt_free(lc, p);
	p = queue_of(&q, lc, lc, 10, 8, 8 + 3 * BUF_PAGE_SIZE); /* more than a list of whole pages holds */
	assert_false(pkt_join(lc, p, &q));
	assert_int_equal(q.n, 10);
	assert_pattern(p, 8 + 3 * BUF_PAGE_SIZE);
	while (q.n)
		pkt_free(lc, pkt_queue_pop(&q));
	pkt_free(lc, p);
	rt_free(m);
}

static void what_another_lcore_counts_is_copied(void **state)
{
	struct manual_rt *m = rt_new(16 << 20);
	struct lcore *lc = manual_rt_of(m)->lcore[0], *other = manual_rt_of(m)->lcore[1];
	struct pkt_queue q;
	struct pkt *p = queue_of(&q, lc, other, 2, 50, 200);
	assert_true(pkt_join(lc, p, &q));
	assert_pattern(p, 600);
	assert_int_equal(stats_of(lc).copied_bytes, 400);
	pkt_free(lc, p);
	rt_free(m);
}

/* Whatever range of however many pieces: the same bytes, shared and not copied. */
static void ranges_are_shared_across_pieces(void **state)
{
	struct manual_rt *m = rt_new(16 << 20);
	struct lcore *lc = manual_rt_of(m)->lcore[0];
	uint8_t bytes[100], got[100];
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
			assert_true(pkt_append_range(lc, f, p, from, len));
			struct cursor c = pkt_cursor(f);
			assert_int_equal(cur_left(&c), len);
			assert_true(cur_copy(&c, got, len));
			assert_memory_equal(got, bytes + from, len);
			pkt_free(lc, f);
		}
	}
	pkt_free(lc, p);
	assert_int_equal(stats_of(lc).copied_bytes, 0);
	rt_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_are_shared_across_pieces),
		cmocka_unit_test(a_few_pieces_are_shared),
		cmocka_unit_test(many_pieces_are_copied_without_gaps),
		cmocka_unit_test(what_another_lcore_counts_is_copied),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

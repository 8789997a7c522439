/* SPDX-License-Identifier: BSD-2-Clause */
#include "pkt.c"

#include "pkt/pkt_test.h"

static int setup_small(void **state)
{
	return setup_budget(state, sizeof(struct pkt_region) + sizeof(struct page_region));
}

static uint8_t pattern(uint32_t i)
{
	return (uint8_t)(i * 7 + i / 251);
}

static struct pkt *filled(struct fixture *f, uint32_t len)
{
	uint8_t *b = malloc(len);
	for (uint32_t i = 0; i < len; i++)
		b[i] = pattern(i);
	struct pkt *p = pkt_new(f->lc);
	assert_true(pkt_append(f->lc, p, b, len));
	free(b);
	return p;
}

/* p holds bytes from..from+len of the pattern. */
static void assert_pattern(const struct pkt *p, uint32_t from, uint32_t len)
{
	struct cursor c = pkt_cursor(p);
	uint32_t n, at = from, sum = p->head_len;
	const uint8_t *run;
	assert_int_equal(p->len, len);
	for (unsigned i = 0; i < p->n_frags; i++)
		sum += p->frags[i].len;
	assert_int_equal(sum, len);
	while ((run = cur_run(&c, &n)))
		for (uint32_t i = 0; i < n; i++)
			assert_int_equal(run[i], pattern(at++));
	assert_int_equal(at - from, len);
}

static void bytes_appended_can_be_read_from_the_scatter_list(void **state)
{
	struct fixture *f = *state;
	struct pkt *p = filled(f, 20000);
	assert_pattern(p, 0, 20000);
	assert_in_range(p->n_frags, 4, 6);
	pkt_free(f->lc, p);
}

static void trimming_at_every_length_frees_what_is_cut(void **state)
{
	struct fixture *f = *state;
	for (uint32_t len = 0; len <= 9000; len += 37) {
		struct pkt *p = filled(f, 9000);
		assert_true(pkt_trim(f->lc, p, len));
		assert_pattern(p, 0, len);
		assert_false(pkt_trim(f->lc, p, len + 1));
		pkt_free(f->lc, p);
	}
}

static void pushing_and_pulling_keeps_header_offsets(void **state)
{
	struct fixture *f = *state;
	struct pkt *p = filled(f, 100);
	p->l3_off = (uint16_t)(p->headroom + 14);
	uint8_t *l3 = pkt_l3(p);
	assert_true(pkt_pull(p, 14));
	assert_ptr_equal(p->data, l3);
	assert_true(pkt_push(p, 14 + BUF_HEADROOM));
	assert_false(pkt_push(p, 1));
	assert_ptr_equal(pkt_l3(p), l3);
	assert_false(pkt_pull(p, p->head_len + 1));
	struct cursor c = pkt_cursor_at(p, p->l3_off);
	assert_ptr_equal(c.p, l3);
	assert_int_equal(cur_left(&c), 86);
	pkt_free(f->lc, p);
}

static void pulling_up_moves_a_header_together_and_is_counted(void **state)
{
	struct fixture *f = *state;
	struct pkt_stats s;
	struct pkt *p = filled(f, 8000);
	uint32_t head = p->head_len;
	assert_true(pkt_pull(p, head - 10)); /* ten bytes left in the first piece, and no room behind them */
	assert_int_equal(pkt_pull_up(f->lc, p, 40), DROP_HEADER_SCATTERED);
	assert_int_equal(pkt_pull_up(f->lc, p, 8000), DROP_TRUNCATED);
	assert_int_equal(p->head_len, 10);
	pkt_free(f->lc, p);

	p = pkt_new(f->lc);
	struct buf *b = buf_page_new(f->lc);
	for (uint32_t i = 0; i < 100; i++)
		b->mem[i] = pattern(i);
	memcpy(p->data, b->mem, 10);
	p->head_len = p->len = 10;
	pkt_add_frag(f->lc, p, b, 10, 20);
	buf_get(f->lc, b);
	pkt_add_frag(f->lc, p, b, 30, 70);
	assert_int_equal(pkt_pull_up(f->lc, p, 40), DROP_NONE);
	assert_int_equal(p->head_len, 40);
	assert_pattern(p, 0, 100);
	assert_int_equal(pkt_pull_up(f->lc, p, 101), DROP_TRUNCATED);
	pkt_stats(f->lc, &s);
	assert_int_equal(s.pulled_up, 1);
	pkt_free(f->lc, p);
}

static void a_clone_shares_payload_and_outlives_its_original(void **state)
{
	struct fixture *f = *state;
	struct pkt *p = filled(f, 5000), *c = pkt_clone(f->lc, p, 60);
	assert_non_null(c);
	assert_int_equal(c->head_len, 60);
	pkt_free(f->lc, p);
	struct pkt *q[50]; /* would overwrite the head buffer had it gone back to the pool */
	for (unsigned i = 0; i < 50; i++) {
		q[i] = pkt_new(f->lc);
		memset(q[i]->data, 0xee, 2000);
	}
	assert_pattern(c, 0, 5000);
	pkt_free_bulk(f->lc, q, 50);
	pkt_free(f->lc, c);
}

static void a_reference_goes_stale_when_its_packet_is_freed(void **state)
{
	struct fixture *f = *state;
	struct pkt *p = pkt_new(f->lc);
	uint32_t index = p->index, gen = p->gen;
	assert_ptr_equal(pkt_by_ref(f->lc, index, gen), p);
	pkt_free(f->lc, p);
	assert_null(pkt_by_ref(f->lc, index, gen));
	assert_null(pkt_by_ref(f->lc, 1u << 31, gen));
}

static void what_another_lcore_frees_comes_home(void **state)
{
	struct fixture *f = *state;
	struct lcore *far = f->rt->lcore[1];
	struct pkt_stats s;
	for (unsigned i = 0; i < 500; i++)
		pkt_free(far, filled(f, 6000));
	for (unsigned i = 0; i < 50; i++) {
		struct buf *b = buf_page_new(f->lc);
		buf_put(far, b);
	}
	pkt_stats(f->lc, &s);
	assert_int_equal(s.in_use, 500);
	manual_rt_settle(f->m);
	pkt_stats(f->lc, &s);
	assert_int_equal(s.in_use, 0);
	assert_int_equal(s.pages_in_use, 0);
}

static void the_budget_refuses_the_newest_and_recovers(void **state)
{
	struct fixture *f = *state;
	static struct pkt *p[POOL_REGION_PKTS];
	struct pkt_stats s;
	assert_int_equal(pkt_new_bulk(f->lc, p, POOL_REGION_PKTS), POOL_REGION_PKTS);
	assert_null(pkt_new(f->lc));
	static uint8_t big[200000];
	unsigned i = 0;
	while (i < POOL_REGION_PKTS && pkt_append(f->lc, p[i], big, 60000))
		i++;
	assert_in_range(i, 10, 20);
	assert_int_equal(p[i]->len, 0); /* as it was */
	pkt_stats(f->lc, &s);
	assert_int_equal(s.out_of_buffers, 2);
	pkt_free_bulk(f->lc, p, POOL_REGION_PKTS);
	p[0] = pkt_new(f->lc);
	assert_non_null(p[0]);
	pkt_free(f->lc, p[0]);
}

static void a_recycled_packet_remembers_nothing(void **state)
{
	struct fixture *f = *state;
	struct pkt *p = filled(f, 3000);
	pkt_ext(f->lc, p)->mark = 7;
	p->gso = PKT_GSO_TCP4;
	p->vlan_proto = 1;
	p->drop = DROP_STALE;
	p->edge.bytes[3] = 9;
	pkt_free(f->lc, p);
	struct pkt *q = pkt_new(f->lc);
	assert_ptr_equal(p, q);
	assert_int_equal(q->len + q->n_frags + q->gso + q->vlan_proto + q->drop + q->edge.bytes[3], 0);
	assert_null(q->ext);
	assert_int_equal(pkt_ext(f->lc, q)->mark, 0);
	pkt_free(f->lc, q);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(bytes_appended_can_be_read_from_the_scatter_list),
		CASE(trimming_at_every_length_frees_what_is_cut),
		CASE(pushing_and_pulling_keeps_header_offsets),
		CASE(pulling_up_moves_a_header_together_and_is_counted),
		CASE(a_clone_shares_payload_and_outlives_its_original),
		CASE(a_reference_goes_stale_when_its_packet_is_freed),
		CASE(what_another_lcore_frees_comes_home),
		cmocka_unit_test_setup_teardown(the_budget_refuses_the_newest_and_recovers, setup_small,
						teardown),
		CASE(a_recycled_packet_remembers_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

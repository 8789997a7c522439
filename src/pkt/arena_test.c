/* SPDX-License-Identifier: BSD-2-Clause */
#include "arena.c"

#include <sys/wait.h>

#include "pkt/pkt_test.h"

enum { NEED = 1024 };

static struct pkt_arena *arena_for(struct fixture *f, uint32_t a, uint32_t b)
{
	const uint32_t need[LCORE_MAX] = { a, b };
	struct pkt_arena *ret = NULL;
	assert_int_equal(pkt_arena_get(f->rt, need, &ret), 0);
	return ret;
}

static void a_frame_lies_in_a_page_of_its_own(void **state)
{
	struct fixture *f = *state;
	struct pkt_arena *a = arena_for(f, NEED, NEED);
	struct pkt_shelf *s = &a->shelf[0];
	uint8_t seen[4096] = { 0 };
	struct pkt *taken[64];
	for (unsigned i = 0; i < ARRAY_SIZE(taken); i++) {
		taken[i] = pkt_shelf_take(s);
		assert_non_null(taken[i]);
		uint64_t first = arena_addr(a, taken[i]->buf->mem), last = first + ARENA_FRAME_SIZE - 1;
		assert_int_equal(first >> ARENA_PITCH_SHIFT, last >> ARENA_PITCH_SHIFT);
		assert_true(first >= ARENA_START);
		assert_int_equal(seen[first >> ARENA_PITCH_SHIFT]++, 0);
		assert_ptr_equal(pkt_arena_at(a, first), taken[i]);
		assert_ptr_equal(pkt_arena_at(a, last), taken[i]);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(taken); i++)
		pkt_shelf_put(s, taken[i]);
	assert_int_equal(s->n_free, s->n);
}

static void addresses_beyond_the_frames_are_nobodys(void **state)
{
	struct fixture *f = *state;
	struct pkt_arena *a = arena_for(f, NEED, NEED);
	assert_null(pkt_arena_at(a, 0));
	assert_null(pkt_arena_at(a, a->len_bytes));
	assert_null(pkt_arena_at(a, UINT64_MAX));
	assert_true(arena_has(a, a->mem));
	assert_false(arena_has(a, a->mem + a->len_bytes));
	assert_false(arena_has(a, a->mem - 1));
}

static void a_packet_in_a_frame_comes_back_to_its_shelf(void **state)
{
	struct fixture *f = *state;
	struct pkt_arena *a = arena_for(f, NEED, NEED);
	struct pkt_shelf *s = &a->shelf[0];
	uint32_t n = s->n_free;
	struct pkt *p = pkt_shelf_take(s);
	pkt_shelf_fill(s, p, 256, 60);
	assert_int_equal(p->headroom, 256);
	assert_int_equal(p->len, 60);
	assert_ptr_equal(p->data, p->buf->mem + 256);
	assert_int_equal(s->n_free, n - 1);
	pkt_free(f->lc, p);
	assert_int_equal(s->n_free, n);
}

static void a_long_packet_brings_all_its_frames_back_from_another_lcore(void **state)
{
	struct fixture *f = *state;
	struct pkt_arena *a = arena_for(f, NEED, NEED);
	struct pkt_shelf *s = &a->shelf[1];
	uint32_t n = s->n_free;
	struct pkt *p = pkt_shelf_take(s);
	pkt_shelf_fill(s, p, 256, 2000);
	for (unsigned i = 0; i < 4; i++)
		assert_true(pkt_shelf_append(s, p, pkt_shelf_take(s), 256, 1000));
	assert_int_equal(p->len, 6000);
	assert_int_equal(s->n_free, n - 5);
	pkt_free(f->lc, p);
	manual_rt_settle(f->m);
	assert_int_equal(s->n_free, n);
}

static void a_frame_is_found_by_index_and_generation_like_any_packet(void **state)
{
	struct fixture *f = *state;
	struct pkt_arena *a = arena_for(f, NEED, NEED);
	struct pkt *p = pkt_shelf_take(&a->shelf[0]);
	pkt_shelf_fill(&a->shelf[0], p, 256, 60);
	uint32_t index = p->index, gen = p->gen;
	assert_ptr_equal(pkt_by_ref(f->lc, index, gen), p);
	assert_non_null(pkt_ext(f->lc, p));
	pkt_free(f->lc, p);
	assert_null(pkt_by_ref(f->lc, index, gen));
}

static void what_is_promised_is_there_and_the_next_arena_comes_when_it_is_not(void **state)
{
	struct fixture *f = *state;
	const uint32_t need[LCORE_MAX] = { NEED, 0 };
	struct pkt_arena *a = arena_for(f, NEED, 0);
	assert_ptr_equal(arena_for(f, NEED, 0), a); /* it has twice as many */
	struct pkt_arena *b = arena_for(f, NEED, 0);
	assert_ptr_not_equal(a, b);
	assert_ptr_equal(arena_for(f, 0, NEED), a); /* the other lcore's part is untouched */
	pkt_arena_put(a, need);
	assert_ptr_equal(arena_for(f, NEED, 0), a);
}

static void an_empty_shelf_gives_nothing(void **state)
{
	struct fixture *f = *state;
	struct pkt_arena *a = arena_for(f, NEED, 0);
	struct pkt_shelf *s = &a->shelf[0];
	struct pkt *all = NULL, *p;
	while ((p = pkt_shelf_take(s))) {
		p->next = all;
		all = p;
	}
	assert_int_equal(s->n_free, 0);
	while ((p = all)) {
		all = p->next;
		pkt_shelf_put(s, p);
	}
	assert_int_equal(s->n_free, s->n);
}

static void memory_at_its_limit_is_an_answer(void **state)
{
	struct fixture *f = *state;
	const uint32_t need[LCORE_MAX] = { 1 << 20 };
	struct pkt_arena *a;
	f->rt->mem.limit_bytes = 1 << 20;
	assert_int_equal(pkt_arena_get(f->rt, need, &a), -ENOMEM);
}

static void a_copy_of_the_process_writes_into_frames_of_its_own(void **state)
{
	struct fixture *f = *state;
	struct pkt_arena *a = arena_for(f, NEED, NEED);
	uint8_t *at = a->shelf[0].free->buf->mem;
	int status = 0;
	at[0] = 1;
	pid_t pid = fork();
	if (!pid) {
		pkt_arenas_own(f->rt);
		uint8_t was = at[0];
		at[0] = 2;
		_exit(was == 1 && at[0] == 2 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(at[0], 1);
}

/* What another process would get: the file, and how many frames each lcore has. */
static void memory_of_another_process_is_mapped_and_its_frames_are_the_same(void **state)
{
	struct fixture *f = *state;
	const uint32_t need[LCORE_MAX] = { NEED };
	struct pkt_arena *first = arena_for(f, NEED, NEED), *a, *again;
	struct pkt *frame = pkt_arena_frame(first, 5);
	int fd = memfd_create("frames", MFD_CLOEXEC);
	assert_int_equal(ftruncate(fd, (off_t)first->len_bytes), 0);
	assert_int_equal(pkt_arena_adopt(f->rt, dup(fd), first->per_lcore, need, &a), 0);
	assert_ptr_not_equal(a, first);
	assert_int_equal(arena_addr(a, pkt_arena_frame(a, 5)->buf->mem), arena_addr(first, frame->buf->mem));
	a->mem[ARENA_START] = 77;
	uint8_t byte = 0;
	assert_int_equal(pread(fd, &byte, 1, ARENA_START), 1);
	assert_int_equal(byte, 77);
	assert_int_equal(pkt_arena_adopt(f->rt, dup(fd), first->per_lcore, need, &again), 0);
	assert_ptr_equal(again, a); /* another device on it */
	assert_int_equal(pkt_arena_adopt(f->rt, fd, 2 * first->per_lcore, need, &again), -EXDEV);
}

static void a_frame_that_has_a_user_is_on_no_shelf(void **state)
{
	struct fixture *f = *state;
	struct pkt_arena *a = arena_for(f, NEED, NEED);
	uint32_t n = a->shelf[0].n_free;
	struct pkt *p = pkt_arena_frame(a, 3);
	p->buf->user = 9;
	pkt_arena_sift(a);
	assert_int_equal(a->shelf[0].n_free, n - 1);
	for (struct pkt *q = a->shelf[0].free; q; q = q->next)
		assert_ptr_not_equal(q, p);
	p->buf->user = 0;
	pkt_shelf_put(&a->shelf[0], p);
	assert_null(pkt_arena_frame(a, a->n_regions * POOL_REGION_PKTS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
		TEST(a_frame_lies_in_a_page_of_its_own),
		TEST(addresses_beyond_the_frames_are_nobodys),
		TEST(a_packet_in_a_frame_comes_back_to_its_shelf),
		TEST(a_long_packet_brings_all_its_frames_back_from_another_lcore),
		TEST(a_frame_is_found_by_index_and_generation_like_any_packet),
		TEST(what_is_promised_is_there_and_the_next_arena_comes_when_it_is_not),
		TEST(memory_of_another_process_is_mapped_and_its_frames_are_the_same),
		TEST(a_frame_that_has_a_user_is_on_no_shelf),
		TEST(an_empty_shelf_gives_nothing),
		TEST(memory_at_its_limit_is_an_answer),
		TEST(a_copy_of_the_process_writes_into_frames_of_its_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "lcore.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/manual.h"

struct fixture {
	struct manual_rt *m;
	struct leat_runtime *rt;
	uint64_t seen[2000];
	unsigned n;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	f->m = manual_rt_new(3, 1);
	f->rt = manual_rt_of(f->m);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	manual_rt_free(f->m);
	free(f);
	return 0;
}

static void take_note(struct lcore *at, const struct msg *m)
{
	struct fixture *f = m->arg[0].p;
	f->seen[f->n++] = m->arg[1].u;
}

static struct msg note_of(struct fixture *f, uint64_t v)
{
	return (struct msg){ .fn = take_note, .arg = { { .p = f }, { v } } };
}

static void messages_arrive_in_order_even_past_the_ring(void **state)
{
	struct fixture *f = *state;
	for (uint64_t i = 0; i < 1000; i++) {
		struct msg m = note_of(f, i);
		assert_true(lcore_post(f->rt->lcore[0], f->rt->lcore[2], &m));
	}
	struct msg m = note_of(f, 1000);
	assert_false(lcore_try_post(f->rt->lcore[0], f->rt->lcore[2], &m)); /* would overtake */
	manual_rt_settle(f->m);
	assert_int_equal(f->n, 1000);
	for (uint64_t i = 0; i < 1000; i++)
		assert_int_equal(f->seen[i], i);
}

static void strangers_get_half_of_a_ring(void **state)
{
	struct fixture *f = *state;
	struct lcore *from = f->rt->lcore[0], *to = f->rt->lcore[2];
	struct msg m = note_of(f, 1);
	unsigned n = 0;
	while (lcore_try_post_stranger(from, to, &m))
		n++;
	assert_int_equal(n, MBOX_SIZE / 2);
	while (lcore_try_post(from, to, &m))
		n++;
	assert_int_equal(n, MBOX_SIZE);
	manual_rt_settle(f->m);
	assert_int_equal(f->n, MBOX_SIZE);
	assert_true(lcore_try_post_stranger(from, to, &m));
}

static void a_message_to_oneself_runs_in_the_next_turn(void **state)
{
	struct fixture *f = *state;
	struct lcore *lc = f->rt->lcore[1];
	struct msg m = note_of(f, 7);
	lcore_post(lc, lc, &m);
	assert_int_equal(f->n, 0);
	assert_int_equal(lcore_sleep_until(lc), 0);
	assert_true(lcore_turn(lc));
	assert_int_equal(f->n, 1);
	assert_false(lcore_turn(lc));
	assert_int_equal(lcore_sleep_until(lc), UINT64_MAX);
}

struct test_poller {
	struct poller p;
	struct test_poller *remove;
	unsigned calls;
};

static unsigned poll_once(struct poller *p, struct lcore *lc)
{
	struct test_poller *t = container_of(p, struct test_poller, p);
	t->calls++;
	if (t->remove)
		lcore_poll_remove(lc, &t->remove->p);
	t->remove = NULL;
	return 0;
}

static void a_poller_may_remove_itself_or_the_next(void **state)
{
	struct fixture *f = *state;
	struct lcore *lc = f->rt->lcore[0];
	struct test_poller t[3] = { { { .poll = poll_once } },
				    { { .poll = poll_once } },
				    { { .poll = poll_once } } };
	for (unsigned i = 0; i < 3; i++)
		lcore_poll_add(lc, &t[i].p);
	t[0].remove = &t[1];
	t[2].remove = &t[2];
	lcore_turn(lc);
	lcore_turn(lc);
	assert_int_equal(t[0].calls, 2);
	assert_int_equal(t[1].calls, 0);
	assert_int_equal(t[2].calls, 1);
	lcore_poll_remove(lc, &t[0].p);
}

struct test_end {
	struct turn_end e;
	struct fixture *f;
	uint64_t id;
};

static void end_note(struct turn_end *e, struct lcore *lc)
{
	struct test_end *t = container_of(e, struct test_end, e);
	t->f->seen[t->f->n++] = t->id;
}

static void turn_ends_run_once_in_the_order_asked_for(void **state)
{
	struct fixture *f = *state;
	struct lcore *lc = f->rt->lcore[0];
	struct test_end a = { { .fn = end_note }, f, 1 }, b = { { .fn = end_note }, f, 2 };
	lcore_at_turn_end(lc, &b.e);
	lcore_at_turn_end(lc, &a.e);
	lcore_at_turn_end(lc, &b.e);
	lcore_turn(lc);
	lcore_turn(lc);
	assert_int_equal(f->n, 2);
	assert_int_equal(f->seen[0], 2);
	assert_int_equal(f->seen[1], 1);
}

static void no_memory_takes_from_the_reserve_and_leaks_nothing(void **state)
{
	struct fixture *f = *state;
	struct msg m = note_of(f, 1);
	for (unsigned i = 0; i < MBOX_SIZE; i++)
		assert_true(lcore_post(f->rt->lcore[0], f->rt->lcore[1], &m));
	f->rt->mem.fail_after = 1;
	assert_true(lcore_post(f->rt->lcore[0], f->rt->lcore[1], &m));
	f->rt->mem.fail_after = 0;
	assert_true(lcore_post(f->rt->lcore[0], f->rt->lcore[1], &m));
	rt_flush_messages(f->rt);
	assert_int_equal(f->n, MBOX_SIZE + 2);
}

static void a_spent_budget_leaves_a_reserve_and_then_counts(void **state)
{
	struct fixture *f = *state;
	struct lcore *from = f->rt->lcore[0], *to = f->rt->lcore[2];
	uint64_t n = 0;
	f->rt->mem.limit_bytes = f->rt->mem.used_bytes;
	for (unsigned round = 1; round <= 2; round++) {
		unsigned before = f->n;
		for (struct msg m = note_of(f, n); lcore_post(from, to, &m); m = note_of(f, ++n)) {}
		assert_int_equal(from->lost, round);
		manual_rt_settle(f->m); /* and it comes back */
		assert_int_equal(f->n - before, 256 + RESERVE);
	}
	for (uint64_t i = 0; i < f->n; i++)
		assert_int_equal(f->seen[i], i);
	f->rt->mem.limit_bytes = 0;
}

static bool say_more(struct poller *p)
{
	return true;
}

static unsigned find_nothing(struct poller *p, struct lcore *lc)
{
	return 0;
}

static void who_has_more_keeps_it_awake(void **state)
{
	struct fixture *f = *state;
	struct poller idle = { .poll = find_nothing }, full = { .poll = find_nothing, .more = say_more };
	lcore_poll_add(f->rt->lcore[0], &idle);
	assert_int_equal(lcore_sleep_until(f->rt->lcore[0]), UINT64_MAX);
	lcore_poll_add(f->rt->lcore[0], &full);
	assert_int_equal(lcore_sleep_until(f->rt->lcore[0]), 0);
	lcore_poll_remove(f->rt->lcore[0], &full);
	assert_int_equal(lcore_sleep_until(f->rt->lcore[0]), UINT64_MAX);
	lcore_poll_remove(f->rt->lcore[0], &idle);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(messages_arrive_in_order_even_past_the_ring, setup, teardown),
		cmocka_unit_test_setup_teardown(a_spent_budget_leaves_a_reserve_and_then_counts, setup,
						teardown),
		cmocka_unit_test_setup_teardown(strangers_get_half_of_a_ring, setup, teardown),
		cmocka_unit_test_setup_teardown(a_message_to_oneself_runs_in_the_next_turn, setup, teardown),
		cmocka_unit_test_setup_teardown(a_poller_may_remove_itself_or_the_next, setup, teardown),
		cmocka_unit_test_setup_teardown(who_has_more_keeps_it_awake, setup, teardown),
		cmocka_unit_test_setup_teardown(turn_ends_run_once_in_the_order_asked_for, setup, teardown),
		cmocka_unit_test_setup_teardown(no_memory_takes_from_the_reserve_and_leaks_nothing, setup,
						teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

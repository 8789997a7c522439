/* SPDX-License-Identifier: BSD-2-Clause */
#include "timer.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

struct probe {
	struct timer timer;
	unsigned fired;
	uint64_t at_us;
	unsigned order;
};

static struct wheel wheel;
static unsigned order;

static void note(struct lcore *lc, struct timer *t)
{
	struct probe *p = container_of(t, struct probe, timer);
	p->fired++;
	p->at_us = wheel.now_us;
	p->order = ++order;
}

static int fresh(void **state)
{
	wheel_init(&wheel, 12345);
	order = 0;
	return 0;
}

static void fires_once_and_in_its_microsecond(void **state)
{
	struct probe p = { 0 };
	timer_init(&p.timer, note);
	timer_set_at(&wheel, &p.timer, 1000000);
	wheel_advance(&wheel, NULL, 999999);
	assert_int_equal(p.fired, 0);
	wheel_advance(&wheel, NULL, 5000000);
	wheel_advance(&wheel, NULL, 9000000);
	assert_int_equal(p.fired, 1);
	assert_int_equal(p.at_us, 1000000);
}

static void a_thousand_years_out_fires_once_on_time(void **state)
{
	const uint64_t year_us = 31556952ull * 1000000, when = 1000 * year_us + 7;
	struct probe p = { 0 };
	timer_init(&p.timer, note);
	timer_set_at(&wheel, &p.timer, when);
	for (unsigned y = 1; y <= 999; y++)
		wheel_advance(&wheel, NULL, y * year_us);
	wheel_advance(&wheel, NULL, when - 1);
	assert_int_equal(p.fired, 0);
	wheel_advance(&wheel, NULL, when);
	assert_int_equal(p.fired, 1);
	wheel_advance(&wheel, NULL, UINT64_MAX - 1);
	assert_int_equal(p.fired, 1);
}

static void the_last_microsecond_of_time_can_be_set(void **state)
{
	struct probe p = { 0 };
	timer_init(&p.timer, note);
	timer_set_at(&wheel, &p.timer, UINT64_MAX);
	wheel_advance(&wheel, NULL, UINT64_MAX - 1);
	assert_int_equal(p.fired, 0);
	wheel_advance(&wheel, NULL, UINT64_MAX);
	assert_int_equal(p.fired, 1);
}

static void equal_times_fire_in_the_order_set(void **state)
{
	struct probe p[4] = { 0 };
	for (unsigned i = 0; i < 4; i++)
		timer_init(&p[i].timer, note);
	timer_set_at(&wheel, &p[0].timer, 500000);
	timer_set_at(&wheel, &p[1].timer, 500000);
	wheel_advance(&wheel, NULL, 499990);
	timer_set_at(&wheel, &p[2].timer, 500000);
	wheel_advance(&wheel, NULL, 499999);
	timer_set_at(&wheel, &p[3].timer, 500000);
	wheel_advance(&wheel, NULL, 500000);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(p[i].order, i + 1);
}

static void a_time_already_past_fires_at_the_next_advance(void **state)
{
	struct probe p = { 0 };
	timer_init(&p.timer, note);
	timer_set_at(&wheel, &p.timer, 3);
	assert_int_equal(wheel_next_us(&wheel), wheel.now_us);
	wheel_advance(&wheel, NULL, wheel.now_us);
	assert_int_equal(p.fired, 1);
}

static struct probe victim;
static void stop_victim(struct lcore *lc, struct timer *t)
{
	note(lc, t);
	timer_stop(&wheel, &victim.timer);
}

static void a_callback_may_stop_one_due_in_the_same_microsecond(void **state)
{
	struct probe killer = { 0 };
	victim = (struct probe){ 0 };
	timer_init(&killer.timer, stop_victim);
	timer_init(&victim.timer, note);
	timer_set_at(&wheel, &killer.timer, 77777);
	timer_set_at(&wheel, &victim.timer, 77777);
	wheel_advance(&wheel, NULL, 100000);
	assert_int_equal(killer.fired, 1);
	assert_int_equal(victim.fired, 0);
	assert_false(timer_is_set(&victim.timer));
	assert_int_equal(wheel_next_us(&wheel), UINT64_MAX);
}

static uint64_t step(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
}

/* Against a model that is a plain array: thousands of timers at all distances, set, moved, stopped, over random steps. */
static void agrees_with_a_plain_array_under_random_use(void **state)
{
	enum { N = 400, STEPS = 3000 };
	static struct probe p[N];
	static uint64_t due[N]; /* 0: not set */
	uint64_t seed = (uint64_t)time(NULL), now = wheel.now_us;
	printf("seed %lu\n", (unsigned long)seed);
	for (unsigned i = 0; i < N; i++)
		timer_init(&p[i].timer, note);
	for (unsigned s = 0; s < STEPS; s++) {
		for (unsigned k = 0; k < 10; k++) {
			unsigned i = step(&seed) % N;
			if (step(&seed) % 4 == 0) {
				timer_stop(&wheel, &p[i].timer);
				due[i] = 0;
			} else {
				due[i] = now + 1 + (step(&seed) << step(&seed) % 28 >> step(&seed) % 32);
				timer_set_at(&wheel, &p[i].timer, due[i]);
			}
		}
		uint64_t to = now + (step(&seed) << step(&seed) % 20 >> step(&seed) % 32);
		assert_true(wheel_next_us(&wheel) > now);
		wheel_advance(&wheel, NULL, to);
		for (unsigned i = 0; i < N; i++) {
			bool should = due[i] && due[i] <= to;
			assert_int_equal(p[i].fired, should);
			if (should)
				assert_int_equal(p[i].at_us, due[i]);
			assert_int_equal(timer_is_set(&p[i].timer), due[i] > to);
			p[i].fired = 0;
			if (should)
				due[i] = 0;
		}
		now = to;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(fires_once_and_in_its_microsecond, fresh),
		cmocka_unit_test_setup(a_thousand_years_out_fires_once_on_time, fresh),
		cmocka_unit_test_setup(the_last_microsecond_of_time_can_be_set, fresh),
		cmocka_unit_test_setup(equal_times_fire_in_the_order_set, fresh),
		cmocka_unit_test_setup(a_time_already_past_fires_at_the_next_advance, fresh),
		cmocka_unit_test_setup(a_callback_may_stop_one_due_in_the_same_microsecond, fresh),
		cmocka_unit_test_setup(agrees_with_a_plain_array_under_random_use, fresh),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

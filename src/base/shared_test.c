/* SPDX-License-Identifier: BSD-2-Clause */
#include "shared.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct value {
	struct shared shared;
	uint32_t n;
};

struct setup {
	struct mem_account mem;
	struct shared_pool pool;
};

static struct setup *start(void)
{
	static struct setup s;
	mem_account_init(&s.mem, "test", NULL, 0);
	shared_init(&s.pool, &s.mem, sizeof(struct value));
	return &s;
}

static void stop(struct setup *s)
{
	shared_done(&s->pool);
	assert_int_equal(s->mem.used_bytes, 0);
	mem_account_done(&s->mem);
}

static const struct value *of(struct setup *s, uint32_t n)
{
	struct value v = { .n = n };
	return shared_settle(&s->pool, shared_of(&s->pool, &v));
}

static void equal_ones_are_one(void **state)
{
	struct setup *s = start();
	const struct value *a = of(s, 1), *b = of(s, 1), *c = of(s, 2);
	assert_ptr_equal(a, b);
	assert_ptr_not_equal(a, c);
	shared_put(a);
	shared_put(b);
	shared_put(c);
	stop(s);
}

static void what_is_changed_was_made_ones_own(void **state)
{
	struct setup *s = start();
	const struct value *a = of(s, 1), *b = of(s, 1);
	struct value *own = shared_own(&s->pool, b);
	assert_ptr_not_equal(own, a);
	own->n = 3;
	assert_int_equal(a->n, 1);
	assert_ptr_equal(shared_own(&s->pool, own), own); /* nobody else has it */
	own->n = 1;
	assert_ptr_equal(shared_settle(&s->pool, own), a); /* it is the same again */
	shared_put(a);
	shared_put(a);
	stop(s);
}

static void at_a_limit_it_stays_as_it_was(void **state)
{
	struct setup *s = start();
	const struct value *a = of(s, 1), *b = of(s, 1);
	s->mem.fail_after = 1;
	assert_null(shared_own(&s->pool, b));
	assert_int_equal(b->n, 1);
	shared_put(a);
	shared_put(b);
	stop(s);
}

static void old_values_are_forgotten_but_stay_with_who_has_them(void **state)
{
	struct setup *s = start();
	const struct value *v[3 * SHARED_RECENT];
	for (unsigned i = 0; i < ARRAY_SIZE(v); i++)
		v[i] = of(s, i);
	for (unsigned i = 0; i < ARRAY_SIZE(v); i++) {
		assert_int_equal(v[i]->n, i);
		shared_put(v[i]);
	}
	stop(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_ones_are_one),
		cmocka_unit_test(what_is_changed_was_made_ones_own),
		cmocka_unit_test(at_a_limit_it_stays_as_it_was),
		cmocka_unit_test(old_values_are_forgotten_but_stay_with_who_has_them),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "slab.c"

#include <stdlib.h>

#include "base/test.h"

struct thing {
	uint64_t a;
	uint16_t place;
	uint8_t rest[54];
};
enum { THINGS = 5000 };

static struct mem_account mem;
static struct slab slab;
static struct thing *thing[THINGS];

static int set_up(void **state)
{
	mem_account_init(&mem, "test", NULL, 0);
	SLAB_INIT(&slab, &mem, struct thing, place);
	memset(thing, 0, sizeof thing);
	return 0;
}

static int tear_down(void **state)
{
	for (unsigned i = 0; i < THINGS; i++)
		if (thing[i])
			slab_free(thing[i], place);
	slab_done(&slab);
	mem_account_done(&mem);
	return 0;
}

static bool is_zero(const struct thing *t)
{
	uint8_t sum = 0;
	for (unsigned i = 0; i < sizeof t->rest; i++)
		sum |= t->rest[i];
	return !sum && !t->a;
}

static void take(unsigned i)
{
	thing[i] = slab_zalloc(&slab);
	assert_non_null(thing[i]);
	assert_true(is_zero(thing[i]));
	thing[i]->a = i;
	memset(thing[i]->rest, (int)i, sizeof thing[i]->rest);
}

/* In any order, each is its own, new ones are zero, and all memory comes back. */
static void objects_keep_what_is_written_and_come_back_zero(void **state)
{
	uint64_t rnd = 20261121;
	for (unsigned step = 0; step < 200000; step++) {
		rnd = rnd * 6364136223846793005u + 1442695040888963407u;
		unsigned i = (unsigned)(rnd >> 33) % THINGS;
		if (!thing[i]) {
			take(i);
			continue;
		}
		assert_int_equal(thing[i]->a, i);
		assert_int_equal(thing[i]->rest[53], (uint8_t)i);
		slab_free(thing[i], place);
		thing[i] = NULL;
	}
	uint64_t used = slab.used;
	for (unsigned i = 0; i < THINGS; i++) {
		if (!thing[i])
			continue;
		slab_free(thing[i], place);
		thing[i] = NULL;
		used--;
	}
	assert_int_equal(used, 0);
	assert_int_equal(mem.used_bytes, 0);
}

static void a_few_cost_little_and_many_cost_little_each(void **state)
{
	take(0);
	assert_true(mem.used_bytes <= 8 * sizeof(struct thing) + 200);
	for (unsigned i = 1; i < THINGS; i++)
		take(i);
#ifndef ONE_BY_ONE
	assert_true(mem.used_bytes <= THINGS * (sizeof(struct thing) + 4));
#endif
	assert_int_equal((uintptr_t)thing[100] % CACHELINE, 0);
}

/* A million things, as routes of a full table: in large pages where there are such, and all come back. */
static void very_many_are_in_large_pieces(void **state)
{
	enum { MANY = 300000 };
	struct thing **many = calloc(MANY, sizeof *many);
	assert_non_null(many);
	for (unsigned i = 0; i < MANY; i++) {
		many[i] = slab_zalloc(&slab);
		assert_non_null(many[i]);
		assert_true(is_zero(many[i]));
		many[i]->a = i;
	}
#ifndef ONE_BY_ONE
	assert_true(mem.used_bytes <= MANY * (sizeof(struct thing) + 4) + MEM_LARGE);
#endif
	for (unsigned i = 0; i < MANY; i++)
		assert_int_equal(many[i]->a, i);
	for (unsigned i = 0; i < MANY; i += 2)
		slab_free(many[i], place);
	for (unsigned i = 0; i < MANY; i += 2) {
		many[i] = slab_zalloc(&slab);
		assert_true(is_zero(many[i]));
	}
	for (unsigned i = 0; i < MANY; i++)
		slab_free(many[i], place);
	assert_int_equal(mem.used_bytes, 0);
	free(many);
}

static void without_memory_there_is_none(void **state)
{
	mem.fail_after = 1;
	assert_null(slab_zalloc(&slab));
	take(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(objects_keep_what_is_written_and_come_back_zero, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_few_cost_little_and_many_cost_little_each, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(very_many_are_in_large_pieces, set_up, tear_down),
		cmocka_unit_test_setup_teardown(without_memory_there_is_none, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "mem.c"

#include <pthread.h>

#include "base/test.h"

static bool all_zero(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (p[i])
			return false;
	}
	return true;
}

static void blocks_are_zero_aligned_and_charged_up_to_the_root(void **state)
{
	struct mem_account root, child;
	mem_account_init(&root, "root", NULL, 0);
	mem_account_init(&child, "child", &root, 0);
	uint8_t *p = mem_zalloc(&child, 100);
	assert_non_null(p);
	assert_int_equal((uintptr_t)p % 16, 0);
	assert_true(all_zero(p, 100));
	assert_int_equal(child.used_bytes, 100 + MEM_OVERHEAD);
	assert_int_equal(root.used_bytes, 100 + MEM_OVERHEAD);
	mem_free(p);
	assert_int_equal(child.used_bytes, 0);
	assert_int_equal(root.used_bytes, 0);
	assert_int_equal(root.peak_bytes, 100 + MEM_OVERHEAD);
	mem_account_done(&child);
	mem_account_done(&root);
}

static void the_tightest_account_on_the_way_refuses(void **state)
{
	struct mem_account root, mid, leaf;
	mem_account_init(&root, "root", NULL, 0);
	mem_account_init(&mid, "mid", &root, 200);
	mem_account_init(&leaf, "leaf", &mid, 1000);
	void *p = mem_zalloc(&leaf, 200 - MEM_OVERHEAD);
	assert_non_null(p);
	assert_null(mem_zalloc(&leaf, 1));
	assert_int_equal(mid.refused, 1);
	assert_int_equal(leaf.refused + root.refused, 0);
	assert_int_equal(leaf.used_bytes, 200);
	assert_int_equal(mid.used_bytes, 200);
	assert_int_equal(root.used_bytes, 200);
	mem_free(p);
	assert_int_equal(leaf.used_bytes, 0);
}

static void a_limit_lowered_below_what_is_used_refuses(void **state)
{
	struct mem_account a;
	mem_account_init(&a, "a", NULL, 0);
	assert_int_equal(mem_charge(&a, 100), 0);
	a.limit_bytes = 50;
	assert_int_equal(mem_charge(&a, 1), -ENOMEM);
	assert_int_equal(mem_charge(&a, UINT64_MAX), -ENOMEM);
	mem_uncharge(&a, 100);
	assert_int_equal(mem_charge(&a, 50), 0);
	mem_uncharge(&a, 50);
	mem_account_done(&a);
}

static void the_nth_allocation_fails_when_told_to(void **state)
{
	struct mem_account root, child;
	mem_account_init(&root, "root", NULL, 0);
	mem_account_init(&child, "child", &root, 0);
	root.fail_after = 3;
	void *p = mem_zalloc(&child, 1), *q = mem_zalloc(&root, 1);
	assert_non_null(p);
	assert_non_null(q);
	assert_null(mem_zalloc(&child, 1));
	assert_int_equal(child.used_bytes, 1 + MEM_OVERHEAD);
	void *r = mem_zalloc(&child, 1);
	assert_non_null(r);
	mem_free(p);
	mem_free(q);
	mem_free(r);
	assert_int_equal(root.used_bytes, 0);
}

static void aligned_blocks_find_their_way_back(void **state)
{
	struct mem_account a;
	mem_account_init(&a, "a", NULL, 0);
	for (size_t align = 16; align <= 4096; align *= 2) {
		for (size_t len = 0; len < 5000; len += 617) {
			uint8_t *p = mem_zalloc_aligned(&a, len, align);
			assert_non_null(p);
			assert_int_equal((uintptr_t)p % align, 0);
			assert_true(all_zero(p, len));
			assert_int_equal(a.used_bytes, len + MEM_OVERHEAD);
			memset(p, 0xff, len);
			mem_free(p);
			assert_int_equal(a.used_bytes, 0);
		}
	}
}

static void resizing_keeps_the_bytes_and_zeroes_new_ones(void **state)
{
	struct mem_account a;
	mem_account_init(&a, "a", NULL, 0);
	uint8_t *p = mem_resize(&a, NULL, 10);
	assert_non_null(p);
	memset(p, 0xaa, 10);
	p = mem_resize(&a, p, 5000);
	assert_int_equal(p[9], 0xaa);
	assert_true(all_zero(p + 10, 4990));
	assert_int_equal(a.used_bytes, 5000 + MEM_OVERHEAD);
	p = mem_resize(&a, p, 5);
	assert_int_equal(p[4], 0xaa);
	assert_int_equal(a.used_bytes, 5 + MEM_OVERHEAD);
	p = mem_resize(&a, p, 10);
	assert_int_equal(p[4], 0xaa);
	assert_true(all_zero(p + 5, 5));
	mem_free(p);
	assert_int_equal(a.used_bytes, 0);
}

static void resizing_an_aligned_block_keeps_its_alignment(void **state)
{
	struct mem_account a;
	mem_account_init(&a, "a", NULL, 0);
	uint8_t *p = mem_zalloc_aligned(&a, 100, 256);
	p[99] = 7;
	p = mem_resize(&a, p, 10000);
	assert_int_equal((uintptr_t)p % 256, 0);
	assert_int_equal(p[99], 7);
	assert_true(all_zero(p + 100, 9900));
	mem_free(p);
	assert_int_equal(a.used_bytes, 0);
}

static void a_refused_resize_leaves_the_block_alone(void **state)
{
	struct mem_account a;
	mem_account_init(&a, "a", NULL, 100);
	uint8_t *p = mem_zalloc(&a, 50);
	p[49] = 9;
	assert_null(mem_resize(&a, p, 90));
	assert_null(mem_resize(&a, p, SIZE_MAX));
	assert_int_equal(p[49], 9);
	assert_int_equal(a.used_bytes, 50 + MEM_OVERHEAD);
	mem_free(p);
}

static void absurd_lengths_are_refused(void **state)
{
	struct mem_account a;
	mem_account_init(&a, "a", NULL, 0);
	assert_null(mem_zalloc(&a, SIZE_MAX));
	assert_null(mem_zalloc(&a, SIZE_MAX - 8));
	assert_null(mem_zalloc_aligned(&a, SIZE_MAX - 4000, 4096));
	assert_int_equal(a.used_bytes, 0);
}

static void strings_are_copied_and_null_may_be_freed(void **state)
{
	struct mem_account a;
	mem_account_init(&a, "a", NULL, 0);
	char *s = mem_strdup(&a, "leat");
	assert_string_equal(s, "leat");
	mem_free(s);
	mem_free(NULL);
	a.fail_after = 1;
	assert_null(mem_strdup(&a, "leat"));
	mem_account_done(&a);
	mem_account_done(NULL);
}

static void *churn(void *arg)
{
	struct mem_account *a = arg;
	for (unsigned i = 1; i < 20000; i++)
		mem_free(mem_zalloc(a, i % 512));
	return NULL;
}

static void many_threads_may_charge_one_account(void **state)
{
	struct mem_account root;
	pthread_t t[4];
	mem_account_init(&root, "root", NULL, 1000);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&t[i], NULL, churn, &root), 0);
	for (unsigned i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	assert_int_equal(root.used_bytes, 0);
	assert_in_range(root.peak_bytes, MEM_OVERHEAD, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_are_zero_aligned_and_charged_up_to_the_root),
		cmocka_unit_test(the_tightest_account_on_the_way_refuses),
		cmocka_unit_test(a_limit_lowered_below_what_is_used_refuses),
		cmocka_unit_test(the_nth_allocation_fails_when_told_to),
		cmocka_unit_test(aligned_blocks_find_their_way_back),
		cmocka_unit_test(resizing_keeps_the_bytes_and_zeroes_new_ones),
		cmocka_unit_test(resizing_an_aligned_block_keeps_its_alignment),
		cmocka_unit_test(a_refused_resize_leaves_the_block_alone),
		cmocka_unit_test(absurd_lengths_are_refused),
		cmocka_unit_test(strings_are_copied_and_null_may_be_freed),
		cmocka_unit_test(many_threads_may_charge_one_account),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

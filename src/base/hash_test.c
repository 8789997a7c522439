/* SPDX-License-Identifier: BSD-2-Clause */
#include "hash.c"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/test.h"

struct item {
	struct hash_node node;
	uint32_t key;
	bool in;
};

static struct item *item_of(struct hash_node *n)
{
	return container_of(n, struct item, node);
}

static struct item *find(const struct hash *h, uint32_t key)
{
	struct hash_node *n;
	hash_for_each_same(n, h, hash_u32(key))
	{
		if (item_of(n)->key == key)
			return item_of(n);
	}
	return NULL;
}

static uint32_t rnd(uint64_t *s)
{
	*s = *s * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*s >> 33);
}

/* The list is sorted, holds exactly count elements, and every made marker of the table stands in it. */
static void check_whole(const struct hash *h)
{
	uint64_t elements = 0, markers = 0, last = 0;
	for (const struct hash_node *n = h->first.next; n; n = n->next) {
		assert_true(n->order >= last);
		last = n->order;
		elements += is_element(n);
		markers += !is_element(n);
	}
	assert_int_equal(elements, h->count);
	uint64_t made = 0;
	for (uint64_t b = 1; b < 2 * ((uint64_t)h->mask + 1); b++) {
		const struct hash_node *m = slot_find(h, (uint32_t)b);
		made += m && m->order && (b <= h->mask || (h->shrink_at && b >= h->shrink_at));
	}
	assert_int_equal(made, markers);
}

static void an_empty_table_takes_no_memory(void **state)
{
	struct mem_account a;
	struct hash h;
	mem_account_init(&a, "a", NULL, 0);
	hash_init(&h, &a, NULL, NULL);
	assert_null(hash_first(&h, 1));
	assert_null(hash_from(&h, 0));
	assert_null(hash_from(&h, UINT64_MAX));
	assert_int_equal(a.used_bytes, 0);
	hash_done(&h);
	hash_done(NULL);
}

static void insert_all(struct hash *h, struct item *it, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		it[i].key = i;
		it[i].in = true;
		hash_insert(h, &it[i].node, hash_u32(i));
	}
}

static void elements_are_found_while_it_grows_and_shrinks(void **state)
{
	enum { N = 60000 };
	struct item *it = calloc(N, sizeof *it);
	struct mem_account a;
	struct hash h;
	mem_account_init(&a, "a", NULL, 0);
	hash_init(&h, &a, NULL, NULL);
	insert_all(&h, it, N);
	check_whole(&h);
	assert_true(h.mask >= N / 2 - 1);
	for (uint32_t i = 0; i < N; i++)
		assert_ptr_equal(find(&h, i), &it[i]);
	assert_null(find(&h, N));
	for (uint32_t i = 0; i < N; i++) {
		hash_remove(&h, &it[i].node);
		assert_null(find(&h, i));
		if (i + 1 < N)
			assert_ptr_equal(find(&h, N - 1), &it[N - 1]);
		if (i % 10007 == 0)
			check_whole(&h);
	}
	assert_null(hash_from(&h, 0));
	assert_true(h.mask < 8);
	hash_done(&h);
	assert_int_equal(a.used_bytes, 0);
	free(it);
}

static void random_work_agrees_with_a_plain_array(void **state)
{
	enum { N = 5000 };
	struct item *it = calloc(N, sizeof *it);
	uint64_t seed = 7, in = 0;
	struct mem_account a;
	struct hash h;
	mem_account_init(&a, "a", NULL, 0);
	hash_init(&h, &a, NULL, NULL);
	for (unsigned step = 0; step < 300000; step++) {
		struct item *x = &it[rnd(&seed) % N];
		/* Waves: mostly inserting for a while, then mostly removing. */
		bool want = (step / 30000) % 2 ? rnd(&seed) % 8 == 0 : rnd(&seed) % 8 != 0;
		x->key = (uint32_t)(x - it);
		assert_ptr_equal(find(&h, x->key), x->in ? x : NULL);
		if (want && !x->in)
			hash_insert(&h, &x->node, hash_u32(x->key));
		else if (!want && x->in)
			hash_remove(&h, &x->node);
		in += (uint64_t)want - x->in;
		x->in = want;
		assert_int_equal(h.count, in);
		assert_int_equal(a.used_bytes, hash_memory_bytes(&h));
		if (step % 9973 == 0)
			check_whole(&h);
	}
	for (unsigned i = 0; i < N; i++) {
		if (it[i].in)
			hash_remove(&h, &it[i].node);
	}
	hash_done(&h);
	assert_int_equal(a.used_bytes, 0);
	free(it);
}

static void equal_hashes_are_all_found_in_insertion_order(void **state)
{
	struct item it[50];
	struct mem_account a;
	struct hash h;
	struct hash_node *n;
	uint32_t want = 0;
	mem_account_init(&a, "a", NULL, 0);
	hash_init(&h, &a, NULL, NULL);
	for (uint32_t i = 0; i < 50; i++) {
		it[i].key = i;
		hash_insert(&h, &it[i].node, i % 2 ? 5 : 0xdeadbeef);
	}
	hash_for_each_same(n, &h, 5)
	{
		assert_int_equal(item_of(n)->key, want * 2 + 1);
		want++;
	}
	assert_int_equal(want, 25);
	for (uint32_t i = 0; i < 50; i++)
		hash_remove(&h, &it[49 - i].node);
	hash_done(&h);
}

static void extreme_hashes_have_their_place(void **state)
{
	const uint32_t hashes[] = { 0, UINT32_MAX, 0x80000000, 1, 0x7fffffff };
	struct item it[5];
	struct mem_account a;
	struct hash h;
	unsigned seen = 0;
	struct hash_node *n;
	mem_account_init(&a, "a", NULL, 0);
	hash_init(&h, &a, NULL, NULL);
	for (unsigned i = 0; i < 5; i++)
		hash_insert(&h, &it[i].node, hashes[i]);
	for (unsigned i = 0; i < 5; i++)
		assert_ptr_equal(hash_first(&h, hashes[i]), &it[i].node);
	hash_for_each (n, &h)
		seen++;
	assert_int_equal(seen, 5);
	for (unsigned i = 0; i < 5; i++)
		hash_remove(&h, &it[i].node);
	hash_done(&h);
}

/* A dump that remembers only the order of its last element sees each old element once, whatever changes meanwhile. */
static void a_dump_resumes_by_order_over_changes_of_size(void **state)
{
	enum { N = 3000, EXTRA = 40000 };
	struct item *it = calloc(N + EXTRA, sizeof *it);
	uint8_t *seen = calloc(N, 1);
	struct mem_account a;
	struct hash h;
	mem_account_init(&a, "a", NULL, 0);
	hash_init(&h, &a, NULL, NULL);
	insert_all(&h, it, N);
	uint32_t added = 0, step = 0;
	for (struct hash_node *n = hash_from(&h, 0); n; step++) {
		uint64_t order = n->order;
		if (item_of(n)->key < N) /* hash_u32 is a bijection: no two orders are equal here */
			seen[item_of(n)->key]++;
		for (unsigned i = 0; i < 20 && added < EXTRA && step < 2500; i++, added++) {
			it[N + added].key = N + added;
			hash_insert(&h, &it[N + added].node, hash_u32(N + added));
		}
		if (step >= 2500 && added > 0) {
			for (unsigned i = 0; i < 60 && added > 0; i++)
				hash_remove(&h, &it[N + --added].node);
		}
		n = hash_from(&h, order + 1);
	}
	for (unsigned i = 0; i < N; i++)
		assert_int_equal(seen[i], 1);
	while (added > 0)
		hash_remove(&h, &it[N + --added].node);
	for (unsigned i = 0; i < N; i++)
		hash_remove(&h, &it[i].node);
	hash_done(&h);
	free(seen);
	free(it);
}

static void order_depends_on_hashes_alone(void **state)
{
	enum { N = 500 };
	struct item x[N], y[N];
	struct mem_account a;
	struct hash h, g;
	mem_account_init(&a, "a", NULL, 0);
	hash_init(&h, &a, NULL, NULL);
	hash_init(&g, &a, NULL, NULL);
	for (uint32_t i = 0; i < N; i++) {
		x[i].key = i;
		hash_insert(&h, &x[i].node, hash_u32(i));
		y[N - 1 - i].key = N - 1 - i;
		hash_insert(&g, &y[N - 1 - i].node, hash_u32(N - 1 - i));
	}
	struct hash_node *n = hash_from(&h, 0), *m = hash_from(&g, 0);
	for (; n && m; n = hash_next(n), m = hash_next(m))
		assert_int_equal(item_of(n)->key, item_of(m)->key);
	assert_true(!n && !m);
	for (uint32_t i = 0; i < N; i++) {
		hash_remove(&h, &x[i].node);
		hash_remove(&g, &y[i].node);
	}
	hash_done(&h);
	hash_done(&g);
}

static void without_memory_chains_get_longer_and_nothing_is_lost(void **state)
{
	enum { N = 3000 };
	struct item *it = calloc(N, sizeof *it);
	struct mem_account a;
	struct hash h;
	mem_account_init(&a, "a", NULL, 2000);
	hash_init(&h, &a, NULL, NULL);
	insert_all(&h, it, N);
	assert_true(a.refused > 0);
	check_whole(&h);
	for (uint32_t i = 0; i < N; i++)
		assert_ptr_equal(find(&h, i), &it[i]);
	a.limit_bytes = 0; /* memory again: the next inserts make their markers */
	for (uint32_t i = 0; i < N; i++) {
		hash_remove(&h, &it[i].node);
		hash_insert(&h, &it[i].node, hash_u32(i));
	}
	assert_true(a.used_bytes > 2000);
	check_whole(&h);
	for (uint32_t i = 0; i < N; i++)
		hash_remove(&h, &it[i].node);
	hash_done(&h);
	assert_int_equal(a.used_bytes, 0);
	free(it);
}

/* Every allocation failing once, in turn. */
static void any_single_refusal_is_survived(void **state)
{
	enum { N = 300 };
	struct item it[N];
	for (uint64_t at = 1; at < 60; at++) {
		struct mem_account a;
		struct hash h;
		mem_account_init(&a, "a", NULL, 0);
		a.fail_after = at;
		hash_init(&h, &a, NULL, NULL);
		insert_all(&h, it, N);
		check_whole(&h);
		for (uint32_t i = 0; i < N; i++) {
			hash_remove(&h, &it[i].node);
			assert_null(find(&h, i));
		}
		hash_done(&h);
		assert_int_equal(a.used_bytes, 0);
	}
}

static void no_step_takes_or_gives_much_memory(void **state)
{
	enum { N = 600000 };
	struct item *it = calloc(N, sizeof *it);
	struct mem_account a;
	struct hash h;
	uint64_t max_up = 0, max_down = 0, peak;
	mem_account_init(&a, "a", NULL, 0);
	hash_init(&h, &a, NULL, NULL);
	for (uint32_t i = 0; i < N; i++) {
		uint64_t was = a.used_bytes;
		it[i].key = i;
		hash_insert(&h, &it[i].node, hash_u32(i));
		max_up = MAX(max_up, a.used_bytes - was);
	}
	assert_true(h.mask >= (1u << 18) - 1); /* the last segments have directories */
	peak = a.used_bytes;
	for (uint32_t i = 0; i < N; i++) {
		uint64_t was = a.used_bytes;
		hash_remove(&h, &it[i].node);
		max_down = MAX(max_down, was - a.used_bytes);
	}
	assert_in_range(max_up, 1, 64 << 10);
	assert_in_range(max_down, 1, 64 << 10);
	assert_true(a.used_bytes < peak / 1000);
	hash_done(&h);
	assert_int_equal(a.used_bytes, 0);
	free(it);
}

/* The largest segments have a root of directories. Markers are made by hand, since so many elements would take long. */
static void segments_with_a_root_are_cleaned_piece_by_piece(void **state)
{
	const uint32_t buckets[] = { 0x400000, 0x5fffff, 0x600000, 0x600400, 0x7fffff, 0x7ff000 };
	struct mem_account a;
	struct hash h;
	struct hash_node n;
	mem_account_init(&a, "a", NULL, 0);
	hash_init(&h, &a, NULL, NULL);
	h.mask = 0x7fffff;
	for (unsigned i = 0; i < ARRAY_SIZE(buckets); i++) {
		struct hash_node *m = marker_make(&h, buckets[i]);
		assert_ptr_equal(m, slot_find(&h, buckets[i]));
		assert_ptr_equal(m, marker_find(&h, buckets[i]));
	}
	assert_non_null(h.seg[23]);
	for (unsigned i = 0; i < 2000; i++) {
		uint64_t was = a.used_bytes;
		hash_insert(&h, &n, 1);
		hash_remove(&h, &n);
		assert_true(was <= a.used_bytes + (64 << 10));
	}
	assert_null(h.seg[23]);
	assert_true(h.mask <= 0x1fffff);
	check_whole(&h);
	assert_int_equal(a.used_bytes, hash_memory_bytes(&h));
	hash_done(&h);
	assert_int_equal(a.used_bytes, 0);
}

/* --- readers beside the writer: what stays in the table must be found at every moment. Nothing is reused until the
 * readers are gone, which is the longest grace period there is. --- */

enum { STAY = 2000, COME = 30000 };

struct shared {
	struct hash h;
	struct item *it;
	bool stop;
	struct deferred *later;
};

static void defer_until_the_end(void *ctx, struct deferred *d)
{
	struct shared *s = ctx;
	d->next = s->later;
	s->later = d;
}

static void *reader(void *arg)
{
	struct shared *s = arg;
	uint64_t seed = 1, missed = 0;
	while (!racy_get(s->stop)) {
		uint32_t key = rnd(&seed) % STAY;
		struct item *x = find(&s->h, key);
		missed += !x || x->key != key;
		if (rnd(&seed) % 1024 == 0) {
			uint64_t n_stay = 0;
			struct hash_node *n;
			hash_for_each (n, &s->h)
				n_stay += item_of(n)->key < STAY;
			missed += n_stay != STAY;
		}
	}
	return (void *)(uintptr_t)missed;
}

static void readers_miss_nothing_while_it_changes(void **state)
{
	struct shared s = { .it = calloc(STAY + COME * 4, sizeof(struct item)) };
	struct mem_account a;
	pthread_t t[2];
	mem_account_init(&a, "a", NULL, 0);
	hash_init(&s.h, &a, defer_until_the_end, &s);
	insert_all(&s.h, s.it, STAY);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&t[i], NULL, reader, &s), 0);
	for (unsigned round = 0; round < 4; round++) {
		/* An element comes back only after a grace period. */
		struct item *it = s.it + STAY + round * COME;
		for (uint32_t i = 0; i < COME; i++) {
			it[i].key = STAY + i;
			hash_insert(&s.h, &it[i].node, hash_u32(STAY + i));
		}
		for (uint32_t i = 0; i < COME; i++)
			hash_remove(&s.h, &it[i].node);
	}
	racy_set(s.stop, true);
	for (unsigned i = 0; i < 2; i++) {
		void *missed;
		pthread_join(t[i], &missed);
		assert_null(missed);
	}
	for (uint32_t i = 0; i < STAY; i++)
		hash_remove(&s.h, &s.it[i].node);
	assert_non_null(s.later); /* it did shrink meanwhile */
	for (struct deferred *d = s.later, *next; d; d = next) {
		next = d->next;
		d->fn(d);
	}
	hash_done(&s.h);
	assert_int_equal(a.used_bytes, 0);
	free(s.it);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_table_takes_no_memory),
		cmocka_unit_test(elements_are_found_while_it_grows_and_shrinks),
		cmocka_unit_test(random_work_agrees_with_a_plain_array),
		cmocka_unit_test(equal_hashes_are_all_found_in_insertion_order),
		cmocka_unit_test(extreme_hashes_have_their_place),
		cmocka_unit_test(a_dump_resumes_by_order_over_changes_of_size),
		cmocka_unit_test(order_depends_on_hashes_alone),
		cmocka_unit_test(without_memory_chains_get_longer_and_nothing_is_lost),
		cmocka_unit_test(any_single_refusal_is_survived),
		cmocka_unit_test(no_step_takes_or_gives_much_memory),
		cmocka_unit_test(segments_with_a_root_are_cleaned_piece_by_piece),
		cmocka_unit_test(readers_miss_nothing_while_it_changes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

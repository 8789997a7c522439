/* SPDX-License-Identifier: BSD-2-Clause */
#include "fib_trie.c"

#include "net/net_test.h"

/* The reference: a list of prefixes, searched from end to end. */
enum { NAIVE_MAX = 600, ROOM = 8 /* nodes in the first chunk */ };
struct naive {
	unsigned n;
	struct {
		struct fib_key key;
		unsigned plen;
		struct fib_nh nh;
	} row[NAIVE_MAX];
};

static const struct module *const modules[] = { &pkt_module, &graph_module, NULL };
static uint64_t seed, rnd_state;

static uint64_t rnd(void)
{
	rnd_state = rnd_state * 6364136223846793005u + 1442695040888963407u;
	uint64_t x = rnd_state;
	return (x ^ x >> 33) * 0xff51afd7ed558ccdu ^ x >> 29;
}

/* Few distinct bits, so that prefixes nest and share. */
static struct fib_key rnd_key(unsigned bits)
{
	struct fib_key k = { rnd() & rnd() & rnd(), rnd() & rnd() & rnd() };
	if (bits == 32)
		k = (struct fib_key){ k.hi & 0xffffffff00000000u, 0 };
	return k;
}

static int naive_get(const struct naive *v, const struct fib_key *key, unsigned plen)
{
	for (unsigned i = 0; i < v->n; i++)
		if (v->row[i].plen == plen && fib_key_match(&v->row[i].key, key, plen))
			return (int)i;
	return -1;
}

static const struct fib_nh *naive_find(const struct naive *v, const struct fib_key *key)
{
	int best = -1;
	for (unsigned i = 0; i < v->n; i++)
		if (fib_key_match(&v->row[i].key, key, v->row[i].plen) &&
		    (best < 0 || v->row[i].plen > v->row[best].plen))
			best = (int)i;
	return best < 0 ? NULL : &v->row[best].nh;
}

static bool before(const struct fib_key *a, unsigned alen, const struct fib_key *b, unsigned blen)
{
	if (a->hi != b->hi || a->lo != b->lo)
		return a->hi != b->hi ? a->hi < b->hi : a->lo < b->lo;
	return alen < blen;
}

static void fail_with_seed(const char *what)
{
	fail_msg("%s differs; seed %llu", what, (unsigned long long)seed);
}

static void check_find(const struct fib_trie *t, const struct naive *v, unsigned bits)
{
	struct fib_key k = rnd_key(bits);
	const struct fib_nh *got = fib_trie_find(t, &k), *want = naive_find(v, &k);
	if (!got != !want || (got && got->if_handle != want->if_handle))
		fail_with_seed("lookup");
}

/* What follows any prefix, whether it is there or not. */
static void check_next(const struct fib_trie *t, const struct naive *v, unsigned bits)
{
	unsigned plen = (unsigned)(rnd() % (bits + 1));
	struct fib_key k = rnd_key(bits);
	k = key_cut(&k, plen);
	int want = -1;
	for (unsigned i = 0; i < v->n; i++)
		if (before(&k, plen, &v->row[i].key, v->row[i].plen) &&
		    (want < 0 ||
		     before(&v->row[i].key, v->row[i].plen, &v->row[want].key, v->row[want].plen)))
			want = (int)i;
	struct fib_node *n = fib_trie_next(t, &k, plen);
	if (!n != (want < 0) || (n && n->best->if_handle != v->row[want].nh.if_handle))
		fail_with_seed("next");
}

static void check_cover(const struct fib_trie *t, const struct naive *v, unsigned bits)
{
	unsigned below = (unsigned)(rnd() % (bits + 2));
	struct fib_key k = rnd_key(bits);
	int want = -1;
	for (unsigned i = 0; i < v->n; i++)
		if (v->row[i].plen < below && fib_key_match(&v->row[i].key, &k, v->row[i].plen) &&
		    (want < 0 || v->row[i].plen > v->row[want].plen))
			want = (int)i;
	struct fib_node *n = fib_trie_cover(t, &k, below);
	if (!n != (want < 0) || (n && n->best->if_handle != v->row[want].nh.if_handle))
		fail_with_seed("cover");
}

static void add(struct leat_stack *st, struct fib_trie *t, struct naive *v, unsigned bits)
{
	unsigned plen = (unsigned)(rnd() % (bits + 1));
	struct fib_key k = rnd_key(bits);
	if (v->n == NAIVE_MAX || naive_get(v, &k, plen) >= 0)
		return;
	struct fib_node *n = fib_trie_make(st, t, &k, plen);
	v->row[v->n].key = key_cut(&k, plen);
	v->row[v->n].plen = plen;
	v->row[v->n].nh = (struct fib_nh){ .if_handle = (uint32_t)rnd() | 1 };
	struct fib_nh *nh = mem_zalloc(&st->mem, sizeof *nh);
	*nh = v->row[v->n].nh;
	n->entries = (struct fib_entry *)nh; /* not looked into by the trie */
	rcu_set(n->best, nh);
	v->n++;
}

static void take_away(struct leat_stack *st, struct fib_trie *t, struct naive *v, unsigned i)
{
	struct fib_node *n = fib_trie_get(t, &v->row[i].key, v->row[i].plen);
	if (!n) {
		fail_with_seed("get");
		return;
	}
	mem_free(n->entries);
	n->entries = NULL;
	rcu_set(n->best, NULL);
	fib_trie_prune(st, t, &v->row[i].key, v->row[i].plen);
	v->row[i] = v->row[--v->n];
}

static void agrees_with_a_list(unsigned bits)
{
	static struct naive v;
	struct net_test *t = net_test_new(1, modules);
	struct slab slab;
	struct fib_trie trie = { .slab = &slab };
	SLAB_INIT(&slab, &t->st->mem, struct fib_node, place);
	v.n = 0;
	seed = getenv("LEAT_SEED") ? strtoull(getenv("LEAT_SEED"), NULL, 0) : 20261121;
	rnd_state = seed;
	for (unsigned step = 0; step < 20000; step++) {
		bool growing = step / 2000 % 2 == 0;
		if (v.n && rnd() % 100 < (growing ? 30 : 70))
			take_away(t->st, &trie, &v, (unsigned)(rnd() % v.n));
		else
			add(t->st, &trie, &v, bits);
		if (trie.nodes > 2 * v.n)
			fail_with_seed("number of nodes");
		check_find(&trie, &v, bits);
		check_find(&trie, &v, bits);
		check_next(&trie, &v, bits);
		check_cover(&trie, &v, bits);
		manual_rt_settle(t->m);
	}
	while (v.n)
		take_away(t->st, &trie, &v, 0);
	assert_null(trie.root);
	assert_int_equal(trie.nodes, 0);
	manual_rt_settle(t->m);
	slab_done(&slab);
	net_test_free(t);
}

static void short_keys_agree_with_a_list(void **state)
{
	agrees_with_a_list(32);
}

static void long_keys_agree_with_a_list(void **state)
{
	agrees_with_a_list(128);
}

/* Chunks of nodes are what is refused: each time with one place left, and none. */
static void without_memory_nothing_changes(void **state)
{
	struct net_test *t = net_test_new(1, modules);
	struct slab slab;
	struct fib_trie trie = { .slab = &slab };
	struct fib_key a = { 0x8000000000000000, 0 }, b = { 0xc000000000000000, 0 };
	struct fib_node *spare[ROOM];
	SLAB_INIT(&slab, &t->st->mem, struct fib_node, place);
	struct fib_node *n = fib_trie_make(t->st, &trie, &a, 8);
	n->entries = (struct fib_entry *)n;
	for (unsigned taken = ROOM - 2; taken < ROOM; taken++) { /* no fork; not even a leaf */
		for (unsigned i = 0; i < taken; i++)
			spare[i] = slab_zalloc(&slab);
		t->st->mem.limit_bytes = t->st->mem.used_bytes;
		assert_null(fib_trie_make(t->st, &trie, &b, 8));
		assert_ptr_equal(trie.root, n);
		assert_int_equal(trie.nodes, 1);
		t->st->mem.limit_bytes = 0;
		for (unsigned i = 0; i < taken; i++)
			slab_free(spare[i], place);
	}
	n->entries = NULL;
	fib_trie_prune(t->st, &trie, &a, 8);
	manual_rt_settle(t->m);
	slab_done(&slab);
	net_test_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_keys_agree_with_a_list),
		cmocka_unit_test(long_keys_agree_with_a_list),
		cmocka_unit_test(without_memory_nothing_changes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

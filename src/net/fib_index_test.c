/* SPDX-License-Identifier: BSD-2-Clause */
#include "fib_index.c"

#include "net/net_test.h"

/* The reference: a list of prefixes, searched from end to end. */
enum { ROWS_MAX = 6000 };
struct row {
	struct fib_key key;
	unsigned plen;
	struct fib_nh nh;
};
struct bed {
	struct net_test *t;
	struct fib fib;
	struct fib_trie several;
	struct slab nodes;
	struct fib_trie *trie; /* of table main */
	unsigned bits, n;
	struct row row[ROWS_MAX];
};

static const struct module *const modules[] = { &pkt_module, &graph_module, NULL };
static uint64_t seed, rnd_state;

static uint64_t rnd(void)
{
	rnd_state = rnd_state * 6364136223846793005u + 1442695040888963407u;
	uint64_t x = rnd_state;
	return (x ^ x >> 33) * 0xff51afd7ed558ccdu ^ x >> 29;
}

static struct bed *bed_new(unsigned bits)
{
	struct bed *b = calloc(1, sizeof *b);
	assert_non_null(b);
	b->t = net_test_new(1, modules);
	SLAB_INIT(&b->nodes, &b->t->st->mem, struct fib_node, place);
	b->fib.n = b->fib.n_small = 2;
	b->bits = bits;
	b->trie = &b->fib.trie[FIB_MAIN];
	for (unsigned k = 0; k < FIB_TABLES; k++) {
		b->fib.trie[k].several = &b->several;
		b->fib.trie[k].slab = &b->nodes;
		b->fib.trie[k].of = &b->fib;
	}
	seed = getenv("LEAT_SEED") ? strtoull(getenv("LEAT_SEED"), NULL, 0) : 20261121;
	rnd_state = seed;
	return b;
}

static void bed_free(struct bed *b)
{
	manual_rt_settle(b->t->m);
	slab_done(&b->nodes);
	net_test_free(b->t);
	free(b);
}

static struct fib_key cut(struct fib_key k, unsigned plen)
{
	k.hi = plen ? k.hi & ~(uint64_t)0 << (64 - MIN(plen, 64u)) : 0;
	k.lo = plen > 64 ? k.lo & ~(uint64_t)0 << (128 - plen) : 0;
	return k;
}

/* Half of them crowd below 16 prefixes of eight bits. */
static struct fib_key rnd_key(const struct bed *b)
{
	struct fib_key k = { rnd(), rnd() & rnd() };
	if (rnd() & 1)
		k.hi = (k.hi & 0x0f00000000000000) | (k.hi & rnd() & 0x00ffffffffffffff);
	return cut(k, b->bits);
}

/* An address inside some prefix, or anywhere. */
static struct fib_key rnd_address(const struct bed *b)
{
	struct fib_key k = rnd_key(b);
	if (!b->n || rnd() % 4 == 0)
		return k;
	const struct row *r = &b->row[rnd() % b->n];
	struct fib_key host = cut(k, r->plen);
	return (struct fib_key){ r->key.hi | (k.hi ^ host.hi), r->key.lo | (k.lo ^ host.lo) };
}

static uint32_t list_find(const struct bed *b, const struct fib_key *key)
{
	const struct row *best = NULL;
	for (const struct row *r = b->row; r < b->row + b->n; r++)
		if ((!best || r->plen > best->plen) && fib_key_match(&r->key, key, r->plen))
			best = r;
	return best ? best->nh.if_handle : 0;
}

static uint32_t answer(const struct fib_nh *nh)
{
	return nh ? nh->if_handle : 0;
}

static void fail_with_seed(const char *what)
{
	fail_msg("%s differs; seed %llu", what, (unsigned long long)seed);
}

static void check_find(struct bed *b)
{
	struct fib_key k = rnd_address(b);
	uint32_t want = list_find(b, &k);
	if (answer(fib_find_in(b->trie, &k)) != want || answer(fib_trie_find(b->trie, &k)) != want)
		fail_with_seed("lookup");
	if (b->bits == 32 && answer(fib4_find_in(b->trie, &k)) != want)
		fail_with_seed("IPv4 lookup");
}

/* What control begins from: of each slot the last node on the way that is shorter than the bits. */
static void check_above(struct bed *b)
{
	const struct fib_index *x = b->trie->index;
	for (size_t i = 0; x && i < (size_t)1 << x->bits; i++) {
		struct fib_key k = { (uint64_t)i << x->shift, 0 };
		const struct fib_node *above = NULL;
		for (const struct fib_node *n = b->trie->root;
		     n && n->plen < x->bits && fib_key_match(&n->key, &k, n->plen);
		     n = n->child[fib_key_bit(&k, n->plen)])
			above = n;
		if (x->above[i] != above)
			fail_with_seed("above");
	}
}

static struct fib_nh *nh_new(struct bed *b, uint32_t number)
{
	struct fib_nh *nh = mem_zalloc(&b->t->st->mem, sizeof *nh);
	assert_non_null(nh);
	nh->if_handle = number;
	nh->type = RTN_UNICAST;
	return nh;
}

/* Most prefixes are long; a few hold many of the slots. */
static void add(struct bed *b)
{
	struct fib_key k = rnd_key(b);
	unsigned plen =
		rnd() % 3 ? (unsigned)(b->bits / 2 + rnd() % (b->bits / 2 + 1)) : (unsigned)(rnd() % 25);
	k = cut(k, plen);
	if (b->n == ROWS_MAX)
		return;
	for (unsigned i = 0; i < b->n; i++)
		if (b->row[i].plen == plen && fib_key_match(&b->row[i].key, &k, plen))
			return;
	struct row *r = &b->row[b->n++];
	*r = (struct row){ .key = k, .plen = plen, .nh.if_handle = (uint32_t)rnd() | 1 };
	struct fib_node *n = fib_trie_make(b->t->st, b->trie, &k, plen);
	struct fib_nh *nh = nh_new(b, r->nh.if_handle);
	n->entries = (struct fib_entry *)nh; /* not looked into by the trie */
	fib_trie_set_best(b->trie, n, nh);
}

static void change(struct bed *b, unsigned i)
{
	struct fib_node *n = fib_trie_get(b->trie, &b->row[i].key, b->row[i].plen);
	struct fib_nh *old = (struct fib_nh *)n->entries;
	b->row[i].nh.if_handle = (uint32_t)rnd() | 1;
	struct fib_nh *nh = nh_new(b, b->row[i].nh.if_handle);
	n->entries = (struct fib_entry *)nh;
	fib_trie_set_best(b->trie, n, nh);
	mem_free(old);
}

static void take_away(struct bed *b, unsigned i)
{
	struct fib_node *n = fib_trie_get(b->trie, &b->row[i].key, b->row[i].plen);
	struct fib_nh *old = (struct fib_nh *)n->entries;
	n->entries = NULL;
	fib_trie_set_best(b->trie, n, NULL);
	fib_trie_prune(b->t->st, b->trie, &b->row[i].key, b->row[i].plen);
	mem_free(old);
	b->row[i] = b->row[--b->n];
}

static void step(struct bed *b, bool growing)
{
	unsigned what = (unsigned)(rnd() % 100);
	if (b->n && what < 10)
		change(b, (unsigned)(rnd() % b->n));
	else if (b->n && what < (growing ? 20 : 80))
		take_away(b, (unsigned)(rnd() % b->n));
	else
		add(b);
}

static void agrees_with_a_list(unsigned bits)
{
	struct bed *b = bed_new(bits);
	unsigned most = 0, resized = 0;
	const struct fib_index *last = NULL;
	for (unsigned k = 0; k < 48000; k++) {
		step(b, k / 12000 % 2 == 0);
		check_find(b);
		if (k % 64 == 0)
			check_above(b);
		manual_rt_settle(b->t->m);
		most = MAX(most, b->trie->index ? b->trie->index->bits : 0);
		resized += b->trie->index != last;
		last = b->trie->index;
		assert_int_equal(b->fib.n_small, last ? 0 : 2);
	}
	assert_true(most >= 12 && resized >= 8);
	while (b->n) {
		take_away(b, (unsigned)(rnd() % b->n));
		if (b->n % 8 == 0) {
			check_find(b);
			check_above(b);
		}
		manual_rt_settle(b->t->m);
	}
	assert_null(b->trie->root);
	assert_null(b->trie->index);
	bed_free(b);
}

static void short_keys_agree_with_a_list(void **state)
{
	agrees_with_a_list(32);
}

static void long_keys_agree_with_a_list(void **state)
{
	agrees_with_a_list(128);
}

/* --- a vector's worth --- */

static void check_many4(struct bed *b)
{
	be32 dst[PKT_VEC_MAX];
	const struct fib_nh *found[PKT_VEC_MAX];
	unsigned n = (unsigned)(1 + rnd() % PKT_VEC_MAX);
	for (unsigned i = 0; i < n; i++)
		dst[i] = i && rnd() % 3 == 0 ? dst[i - 1] : be32_of((uint32_t)(rnd_address(b).hi >> 32));
	fib4_find_many(&b->fib, dst, n, found);
	for (unsigned i = 0; i < n; i++)
		if (found[i] != fib4_find(&b->fib, dst[i]))
			fail_with_seed("one of many");
}

static void check_many6(struct bed *b)
{
	struct ip6 a[PKT_VEC_MAX];
	const struct ip6 *dst[PKT_VEC_MAX];
	const struct fib_nh *found[PKT_VEC_MAX];
	unsigned n = (unsigned)(1 + rnd() % PKT_VEC_MAX);
	for (unsigned i = 0; i < n; i++) {
		struct fib_key k = rnd_address(b);
		be64 hi = be64_of(k.hi), lo = be64_of(k.lo);
		memcpy(a[i].b, &hi, sizeof hi);
		memcpy(a[i].b + 8, &lo, sizeof lo);
		dst[i] = i && rnd() % 3 == 0 ? dst[i - 1] : &a[i];
	}
	fib6_find_many(&b->fib, dst, n, found);
	for (unsigned i = 0; i < n; i++)
		if (found[i] != fib6_find(&b->fib, dst[i]))
			fail_with_seed("one of many");
}

/* Table local in front has a few prefixes, some of which throw what they get back. */
static void put_local(struct bed *b, struct fib_nh *nh, unsigned n)
{
	for (unsigned k = 0; k < n; k++) {
		struct fib_key key = cut(rnd_key(b), 6);
		struct fib_node *node = fib_trie_make(b->t->st, &b->fib.trie[FIB_LOCAL], &key, 6);
		nh[k] = (struct fib_nh){ .if_handle = 1000 + k, .type = k % 2 ? RTN_THROW : RTN_LOCAL };
		node->entries = (struct fib_entry *)nh;
		fib_trie_set_best(&b->fib.trie[FIB_LOCAL], node, &nh[k]);
	}
}

static void take_local(struct bed *b)
{
	struct fib_trie *t = &b->fib.trie[FIB_LOCAL];
	for (struct fib_node *n; (n = fib_trie_next(t, NULL, 0));) {
		const struct fib_key key = n->key;
		n->entries = NULL;
		fib_trie_prune(b->t->st, t, &key, n->plen);
	}
}

static void many_find_what_each_finds(unsigned bits)
{
	struct bed *b = bed_new(bits);
	struct fib_nh local[8];
	put_local(b, local, ARRAY_SIZE(local));
	for (unsigned k = 0; k < 3000; k++) {
		step(b, true);
		if (k % 50 == 0)
			bits == 32 ? check_many4(b) : check_many6(b);
		manual_rt_settle(b->t->m);
	}
	assert_true(fib_is_large(&b->fib));
	while (b->n)
		take_away(b, 0);
	take_local(b);
	manual_rt_settle(b->t->m);
	bed_free(b);
}

static void many_destinations_find_what_each_finds(void **state)
{
	many_find_what_each_finds(32);
	many_find_what_each_finds(128);
}

/* --- memory --- */

static void without_memory_lookups_go_without(void **state)
{
	struct bed *b = bed_new(32);
	while (b->trie->nodes < 1000)
		add(b);
	assert_null(b->trie->index);
	uint64_t limit = b->t->st->mem.used_bytes + 100 * 1024;
	while (b->trie->nodes < 1300) {
		b->t->st->mem.limit_bytes = b->trie->nodes < 1020 ? 0 : b->t->st->mem.used_bytes + 12 * 1024;
		add(b);
		check_find(b);
	}
	assert_null(b->trie->index);
	b->t->st->mem.limit_bytes = 0;
	while (b->trie->nodes < 2100) /* the next time it is asked for */
		add(b);
	assert_non_null(b->trie->index);
	assert_true(b->t->st->mem.used_bytes > limit);
	check_find(b);
	while (b->n)
		take_away(b, 0);
	bed_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_keys_agree_with_a_list),
		cmocka_unit_test(long_keys_agree_with_a_list),
		cmocka_unit_test(many_destinations_find_what_each_finds),
		cmocka_unit_test(without_memory_lookups_go_without),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

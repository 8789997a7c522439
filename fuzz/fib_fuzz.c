/* SPDX-License-Identifier: BSD-2-Clause */
/* Changes of a large table: its index says what the walk through its trie says, for every slot, and nothing is left in the end. Input:
 * six bytes a change: bit 7 withdraws, the rest is the prefix length; a byte of the next hop; the first four bytes of the address. */
#include <stdlib.h>

#include "core/manual.h"
#include "fuzz.h"
#include "net/fib_index.h"
#include "net/fib_internal.h"

enum { CROWD = 620, NEXT_HOPS = 256, CROWDS = NEXT_HOPS, CHANGE_BYTES = 6, CHANGES_MAX = 512 };

static struct manual_rt *m;
static struct leat_stack *st;
static struct slab nodes;
static struct fib_trie several, trie;
static struct fib_nh nh[NEXT_HOPS + 1];

static void put(const struct fib_key *key, unsigned plen, unsigned way)
{
	struct fib_node *n = fib_trie_make(st, &trie, key, plen);
	fuzz_check(n != NULL);
	n->entries = (struct fib_entry *)&nh[way]; /* not looked into by the trie */
	fib_trie_set_best(&trie, n, &nh[way]);
}

static void withdraw(const struct fib_key *key, unsigned plen)
{
	struct fib_node *n = fib_trie_get(&trie, key, plen);
	if (!n || !n->entries || n->entries == (struct fib_entry *)&nh[CROWDS])
		return;
	n->entries = NULL;
	fib_trie_set_best(&trie, n, NULL);
	fib_trie_prune(st, &trie, key, plen);
}

/* So many that a few more or fewer make the index come and grow. */
static void set_up(void)
{
	static const struct module *const modules[] = { &pkt_module, &graph_module, NULL };
	uint64_t x = 20261121;
	m = manual_rt_new(1, 1);
	fuzz_check(pkt_pools_init(manual_rt_of(m), 16 << 20) == 0);
	fuzz_check(stack_new(manual_rt_of(m), "fib", 1, modules, &st) == 0);
	SLAB_INIT(&nodes, &st->mem, struct fib_node, place);
	trie = (struct fib_trie){ .several = &several, .slab = &nodes };
	for (unsigned i = 0; i < CROWD; i++) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		struct fib_key key = { x, 0 };
		put(&key, 16 + i % 40, CROWDS); /* never withdrawn, so that each run begins alike */
	}
}

static struct fib_key key_of(const uint8_t *p)
{
	uint32_t word = (uint32_t)p[2] << 24 | (uint32_t)p[3] << 16 | (uint32_t)p[4] << 8 | p[5];
	return (struct fib_key){ (uint64_t)word << 32 | word, word };
}

static void check(struct fib_key key)
{
	fuzz_check(fib_find_in(&trie, &key) == fib_trie_find(&trie, &key));
	key.hi = ~key.hi;
	fuzz_check(fib_find_in(&trie, &key) == fib_trie_find(&trie, &key));
}

static void check_every_slot(void)
{
	for (uint64_t i = 0; trie.index && i < (uint64_t)1 << trie.index->bits; i++)
		check((struct fib_key){ i << trie.index->shift | (i * 0x9e3779b9 & 0xffffff), 0 });
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t n = MIN(size / CHANGE_BYTES, (size_t)CHANGES_MAX);
	if (!m)
		set_up();
	uint64_t before = trie.nodes;
	for (size_t i = 0; i < n; i++) {
		const uint8_t *p = data + i * CHANGE_BYTES;
		const struct fib_key key = key_of(p);
		unsigned plen = p[0] & 127;
		if (p[0] & 128)
			withdraw(&key, plen);
		else if (!fib_trie_get(&trie, &key, plen) || !fib_trie_get(&trie, &key, plen)->entries)
			put(&key, plen, p[1]);
		check(key);
	}
	check_every_slot();
	for (size_t i = 0; i < n; i++) {
		const struct fib_key key = key_of(data + i * CHANGE_BYTES);
		withdraw(&key, data[i * CHANGE_BYTES] & 127);
	}
	check_every_slot();
	fuzz_check(trie.nodes == before);
	manual_rt_settle(m);
	return 0;
}

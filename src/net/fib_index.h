/* SPDX-License-Identifier: BSD-2-Clause */
/* A shortcut into a trie that has become large.
 *
 * Theory of operation: a lookup in the trie of a full table goes down some twenty nodes, and each is a cache line that the last
 * packet's lookup did not need. The index is an array with a slot for each value of an address's first bits, about as many slots as
 * the trie has nodes. A slot holds what the walk would have come to by there: the answer of the longest prefix that is shorter than
 * those bits, and the first node that is not. So a lookup is a slot and the one or two nodes below it.
 *
 * The trie stays what it is, and what control asks: the index only repeats it. Keeping it needs no memory, so nothing that changes
 * a table can fail for its sake: a link that changes below the bits is one slot; an answer that changes above them is all slots
 * of its prefix but those of longer ones. Every change is one store, and readers take the two halves of a slot as two reads of a
 * trie that changes meanwhile: first the answer from above, then what is below, as a walk from the root would (fib_slot_read()). So
 * whoever replaces a route by longer ones, and adds these first, never has a packet find nothing. What leaves the trie is freed after
 * the turn (rt_defer), so the index may follow within it (tests/stress/fib_race.c). Small tables have none; one that doubles gets another, where there is memory for it.
 *
 * Who changes the trie comes down the same way, and needs the links above what it changes: of those, each slot's last node whose prefix
 * is shorter than the bits stands in an array of its own (`above`), which packets never see.
 *
 * Limits: the slots are spread over all addresses. Where prefixes crowd (IPv6: most lie below a few dozen /12) slots have more nodes
 * below them. A default route that comes or goes writes all slots but those of other prefixes: 3 ms in a table of a million. */
#ifndef LEAT_NET_FIB_INDEX_H
#define LEAT_NET_FIB_INDEX_H

#include "net/fib_trie.h"

enum { FIB_INDEX_BITS_MIN = 10, FIB_INDEX_BITS_MAX = 20 };

struct fib_slot {
	rcu_ptr(struct fib_node) node; /* the first whose prefix is not shorter than `bits`; NULL: none */
	rcu_ptr(const struct fib_nh) best; /* of the longest shorter prefix that has one; NULL: none */
};
/* Read: any worker, within a turn.   Write: control lcore.   Free: rt_defer() in fib_index_fit(). */
struct fib_index {
	struct deferred deferred;
	uint32_t bits, shift; /* shift: 64 - bits */
	struct fib_node **
		above; /* control lcore: for each slot the longest prefix that is shorter than `bits`; NULL: none */
	struct fib_slot slot[] __attribute__((aligned(16))); /* none lies in two cache lines */
};

static inline const struct fib_slot *fib_index_slot(const struct fib_index *x, const struct fib_key *key)
{
	return &x->slot[key->hi >> x->shift];
}

/* The order matters, and that of a call's arguments is the compiler's. */
static inline const struct fib_node *fib_slot_read(const struct fib_slot *s, const struct fib_nh **ret_best)
{
	*ret_best = rcu_get(s->best);
	return rcu_get(s->node);
}

/* Any worker, within a turn; or control. With an index or without. */
static inline const struct fib_nh *fib4_find_in(const struct fib_trie *t, const struct fib_key *key)
{
	const struct fib_index *x = rcu_get(t->index);
	if (!x)
		return fib4_trie_find(t, key);
	const struct fib_nh *best;
	const struct fib_node *n = fib_slot_read(fib_index_slot(x, key), &best);
	return fib4_trie_find_below(n, key, best);
}
static inline const struct fib_nh *fib_find_in(const struct fib_trie *t, const struct fib_key *key)
{
	const struct fib_index *x = rcu_get(t->index);
	if (!x)
		return fib_trie_find(t, key);
	const struct fib_nh *best;
	const struct fib_node *n = fib_slot_read(fib_index_slot(x, key), &best);
	return fib_trie_find_below(n, key, best);
}

/* --- control lcore, called by the trie --- */

/* Where to begin to look for the node of a prefix. */
static inline struct fib_node *fib_index_first(const struct fib_trie *t, const struct fib_key *key,
					       unsigned plen)
{
	const struct fib_index *x = t->index;
	return x && plen >= x->bits ? fib_index_slot(x, key)->node : t->root;
}
/* A node above that of a prefix, close to it, from which one can go down; NULL: only the root is known. */
static inline struct fib_node *fib_index_above(const struct fib_trie *t, const struct fib_key *key,
					       unsigned plen)
{
	const struct fib_index *x = t->index;
	return x && plen >= x->bits ? x->above[key->hi >> x->shift] : NULL;
}
/* n is new, and perhaps a fork above it: top. */
void fib_index_add(struct fib_trie *t, struct fib_node *n, struct fib_node *top);
/* n has gone from below `parent` (NULL: from the root). */
void fib_index_remove(struct fib_trie *t, const struct fib_node *n, struct fib_node *parent);
/* The links along that prefix have changed: a node has gone. */
void fib_index_follow_links(struct fib_trie *t, const struct fib_key *key, unsigned plen);
/* The answer of n has changed. */
void fib_index_follow_best(struct fib_trie *t, const struct fib_node *n);
/* The number of nodes, once `was`, may want another size. */
void fib_index_fit(struct leat_stack *st, struct fib_trie *t, uint64_t was);

#endif

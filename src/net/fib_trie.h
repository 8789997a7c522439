/* SPDX-License-Identifier: BSD-2-Clause */
/* The structure behind fib.h: a path-compressed binary trie (Morrison's PATRICIA with Sklar's masks at every level), for keys
 * of 32 and of 128 bits alike.
 *
 * Theory of operation: a node is a prefix; its children are longer prefixes, told apart by the first bit behind it. A node
 * without routes is a fork and always has two children, so there are fewer than two nodes a prefix. A lookup goes down
 * from the root while prefixes match and remembers the last that had an answer. `best` is that answer, kept by the
 * writer, so readers never see lists of routes.
 *
 * Every change a reader can see is one store: of a link to nodes that are complete, or of `best`. A reader inside a node
 * that has been taken out sees the table as it was; nodes are freed after a grace period.
 *
 * Of most prefixes the one answer is all there is. Those whose routes differ by interface or tos stand once more in a trie of their
 * own, with the list of their routes, which workers walk when a lookup names one of these (fib_several.c).
 *
 * Limits: a lookup in a full table visits 20 to 25 nodes, each a cache line; so a large one has an index (fib_index.h), which
 * leaves the last few of them. */
#ifndef LEAT_NET_FIB_TRIE_H
#define LEAT_NET_FIB_TRIE_H

#include "base/slab.h"
#include "net/fib.h"

/* An address in host order, left-justified: an IPv4 address is the top half of hi. Bit 0 is the first on the wire. */
struct fib_key {
	uint64_t hi, lo;
};

struct fib;
struct fib_entry;
struct fib_index;
struct fib_node {
	/* Read: any worker, within a turn.   Write: control lcore.   Free: rt_defer() in node_drop(). */
	struct fib_key key; /* host bits zero */
	rcu_ptr(struct fib_node) child[2];
	union {
		rcu_ptr(const struct fib_nh) best; /* of the first entry that packets may use; NULL: none */
		rcu_ptr(const struct fib_entry) first; /* in a trie of those that have several */
	};
	uint8_t plen;
	uint8_t several; /* it stands there, too */
	uint16_t place; /* the slab's */
	union {
		struct fib_entry *entries; /* control lcore */
		struct deferred deferred;
	};
};
static_assert(sizeof(struct fib_node) == 64, "a cache line a step");

struct fib_trie {
	rcu_ptr(struct fib_node) root;
	rcu_ptr(struct fib_index) index; /* NULL: it is small */
	uint64_t nodes; /* control lcore */
	struct slab *slab; /* of its nodes */
	struct fib_trie *several; /* of the nodes that have several routes; there from the beginning */
	struct fib *of; /* that is to know whether there is an index; or NULL */
};

static inline struct fib_key fib_key4(be32 a)
{
	return (struct fib_key){ .hi = (uint64_t)be32_get(a) << 32 };
}
static inline struct fib_key fib_key6(const struct ip6 *a)
{
	be64 hi, lo;
	memcpy(&hi, a->b, sizeof hi);
	memcpy(&lo, a->b + 8, sizeof lo);
	return (struct fib_key){ be64_get(hi), be64_get(lo) };
}
/* Of i = 128, behind a whole address, any bit: such a node has no children. */
static inline unsigned fib_key_bit(const struct fib_key *k, unsigned i)
{
	return (i < 64 ? k->hi : k->lo) << (i & 63) >> 63;
}
static inline bool fib_key_match(const struct fib_key *a, const struct fib_key *b, unsigned plen)
{
	uint64_t hi = a->hi ^ b->hi;
	if (plen < 64)
		return hi >> 1 >> (63 - plen) == 0;
	return hi == 0 && (plen == 64 || (a->lo ^ b->lo) >> (128 - plen) == 0);
}

/* The same for IPv4 keys, whose prefixes leave the low half alone: no branch. */
static inline unsigned fib_key4_bit(const struct fib_key *k, unsigned i)
{
	return k->hi << i >> 63;
}
static inline bool fib_key4_match(const struct fib_key *a, const struct fib_key *b, unsigned plen)
{
	return (a->hi ^ b->hi) >> 1 >> (63 - plen) == 0;
}

/* Any worker, within a turn; or control: the answer of the longest prefix from n down that matches, else `best`. */
static inline const struct fib_nh *fib4_trie_find_below(const struct fib_node *n, const struct fib_key *key,
							const struct fib_nh *best)
{
	for (; n && fib_key4_match(&n->key, key, n->plen);
	     n = rcu_get(n->child[fib_key4_bit(key, n->plen)])) {
		const struct fib_nh *nh = rcu_get(n->best);
		if (nh)
			best = nh;
	}
	return best;
}
static inline const struct fib_nh *fib_trie_find_below(const struct fib_node *n, const struct fib_key *key,
						       const struct fib_nh *best)
{
	for (; n && fib_key_match(&n->key, key, n->plen); n = rcu_get(n->child[fib_key_bit(key, n->plen)])) {
		const struct fib_nh *nh = rcu_get(n->best);
		if (nh)
			best = nh;
	}
	return best;
}

/* The same from the root. NULL: nothing matches. */
static inline const struct fib_nh *fib4_trie_find(const struct fib_trie *t, const struct fib_key *key)
{
	return fib4_trie_find_below(rcu_get(t->root), key, NULL);
}
static inline const struct fib_nh *fib_trie_find(const struct fib_trie *t, const struct fib_key *key)
{
	return fib_trie_find_below(rcu_get(t->root), key, NULL);
}

/* The same for either family, by the node that has the answer: its prefix length is of interest, too. */
static inline const struct fib_node *fib_trie_find_node(const struct fib_trie *t, const struct fib_key *key)
{
	const struct fib_node *best = NULL;
	for (const struct fib_node *n = rcu_get(t->root); n && fib_key_match(&n->key, key, n->plen);
	     n = rcu_get(n->child[fib_key_bit(key, n->plen)]))
		if (rcu_get(n->best))
			best = n;
	return best;
}

/* --- control lcore --- */

/* What packets take by that node is best from now on. */
void fib_trie_set_best(struct fib_trie *t, struct fib_node *n, const struct fib_nh *best);
/* The node of exactly that prefix, or NULL. */
struct fib_node *fib_trie_get(const struct fib_trie *t, const struct fib_key *key, unsigned plen);
/* The same, made when there is none. NULL without memory. */
struct fib_node *fib_trie_make(struct leat_stack *st, struct fib_trie *t, const struct fib_key *key,
			       unsigned plen);
/* Takes the node of that prefix away if it holds no entries. */
void fib_trie_prune(struct leat_stack *st, struct fib_trie *t, const struct fib_key *key, unsigned plen);
/* The first node with entries, by (key, shorter prefix first), after that prefix; NULL key: of all. */
struct fib_node *fib_trie_next(const struct fib_trie *t, const struct fib_key *key, unsigned plen);
/* The node with entries whose prefix is the longest that contains key and is shorter than `below` bits, or NULL. */
struct fib_node *fib_trie_cover(const struct fib_trie *t, const struct fib_key *key, unsigned below);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/fib_trie.h"

#include "net/fib_index.h"

/* How many of the first bits a and b share, at most `limit`. */
static unsigned common_bits(const struct fib_key *a, const struct fib_key *b, unsigned limit)
{
	uint64_t hi = a->hi ^ b->hi, lo = a->lo ^ b->lo;
	unsigned n = hi ? (unsigned)__builtin_clzll(hi) : lo ? 64 + (unsigned)__builtin_clzll(lo) : 128;
	return MIN(n, limit);
}

static struct fib_key key_cut(const struct fib_key *k, unsigned plen)
{
	struct fib_key r = { 0, 0 };
	if (plen > 64)
		r = (struct fib_key){ k->hi, k->lo & ~(uint64_t)0 << (128 - plen) };
	else if (plen)
		r.hi = k->hi & ~(uint64_t)0 << (64 - plen);
	return r;
}

static struct fib_node *node_new(struct fib_trie *t, const struct fib_key *key, unsigned plen)
{
	struct fib_node *n = slab_zalloc(t->slab);
	if (!n)
		return NULL;
	n->key = key_cut(key, plen);
	n->plen = (uint8_t)plen;
	t->nodes++;
	return n;
}

static void node_free(struct deferred *d)
{
	struct fib_node *n = container_of(d, struct fib_node, deferred);
	slab_free(n, place);
}

static void node_drop(struct leat_stack *st, struct fib_trie *t, struct fib_node *n)
{
	t->nodes--;
	rt_defer(st->rt->ctl, st->rt, &n->deferred, node_free);
}

struct fib_node *fib_trie_get(const struct fib_trie *t, const struct fib_key *key, unsigned plen)
{
	struct fib_node *n = fib_index_first(t, key, plen);
	while (n && n->plen < plen && fib_key_match(&n->key, key, n->plen))
		n = n->child[fib_key_bit(key, n->plen)];
	return n && n->plen == plen && fib_key_match(&n->key, key, plen) ? n : NULL;
}

/* Puts a new node for key/plen where the link `at` leads to `old`, a longer or different prefix. They part after `same`
 * bits. */
static struct fib_node *insert_above(struct fib_trie *t, rcu_ptr(struct fib_node) * at,
				     const struct fib_key *key, unsigned plen, unsigned same,
				     struct fib_node **ret_top)
{
	struct fib_node *old = *at, *top, *n = node_new(t, key, plen);
	if (!n || same == plen) {
		top = n;
	} else {
		top = node_new(t, key, same);
		if (top)
			top->child[fib_key_bit(key, same)] = n;
	}
	if (!top) {
		t->nodes -= n != NULL;
		if (n)
			slab_free(n, place);
		return NULL;
	}
	top->child[fib_key_bit(&old->key, same)] = old;
	rcu_set(*at, top);
	*ret_top = top;
	return n;
}

/* *ret_top: of the nodes that are new the first; written when there are any. */
static struct fib_node *make(struct fib_trie *t, const struct fib_key *key, unsigned plen,
			     struct fib_node **ret_top)
{
	struct fib_node *n = fib_index_first(t, key, plen);
	rcu_ptr(struct fib_node) *at = &t->root;
	/* The link to the index's node is not known: where that node will not do, from the one above. */
	if (!n || n->plen >= plen || !fib_key_match(&n->key, key, n->plen))
		n = fib_index_above(t, key, plen);
	if (n)
		at = &n->child[fib_key_bit(key, n->plen)];
	while ((n = *at)) {
		unsigned same = common_bits(&n->key, key, MIN((unsigned)n->plen, plen));
		if (same < n->plen)
			return insert_above(t, at, key, plen, same, ret_top);
		if (n->plen == plen)
			return n;
		at = &n->child[fib_key_bit(key, n->plen)];
	}
	n = node_new(t, key, plen);
	if (n) {
		rcu_set(*at, n);
		*ret_top = n;
	}
	return n;
}

struct fib_node *fib_trie_make(struct leat_stack *st, struct fib_trie *t, const struct fib_key *key,
			       unsigned plen)
{
	uint64_t was = t->nodes;
	struct fib_node *top = NULL, *n = make(t, key, plen, &top);
	if (t->nodes == was)
		return n;
	fib_index_add(t, n, top);
	fib_index_fit(st, t, was);
	return n;
}

void fib_trie_set_best(struct fib_trie *t, struct fib_node *n, const struct fib_nh *best)
{
	const struct fib_nh *was = n->best;
	rcu_set(n->best, best);
	if (best != was)
		fib_index_follow_best(t, n);
}

static struct fib_node *only_child(const struct fib_node *n)
{
	return n->child[0] ? n->child[0] : n->child[1];
}

/* The way down to a node: the link to it, its parent, the link to that, and what holds it. */
struct way {
	rcu_ptr(struct fib_node) * at;
	rcu_ptr(struct fib_node) * above; /* NULL: the parent's is not known, or there is no parent */
	struct fib_node *parent, *grand;
};

static struct fib_node *go_down(struct way *w, const struct fib_key *key, unsigned plen)
{
	struct fib_node *n;
	while ((n = *w->at) && n->plen < plen && fib_key_match(&n->key, key, n->plen))
		*w = (struct way){ &n->child[fib_key_bit(key, n->plen)], w->at, n, w->parent };
	return n;
}

/* A fork that has lost one side goes, too. */
static bool takes_fork(const struct way *w, const struct fib_node *n)
{
	return !only_child(n) && w->parent && !w->parent->entries;
}

static struct fib_node *find_way(struct fib_trie *t, const struct fib_key *key, unsigned plen, struct way *w)
{
	struct fib_node *n = fib_index_above(t, key, plen);
	*w = (struct way){ .at = &t->root };
	if (n)
		*w = (struct way){ .at = &n->child[fib_key_bit(key, n->plen)], .parent = n };
	bool from_root = !n;
	n = go_down(w, key, plen);
	if (from_root || !n || !takes_fork(w, n) || w->above)
		return n;
	*w = (struct way){ .at = &t->root };
	return go_down(w, key, plen);
}

static void prune(struct leat_stack *st, struct fib_trie *t, const struct fib_key *key, unsigned plen)
{
	struct way w;
	struct fib_node *n = find_way(t, key, plen, &w);
	if (!n || n->plen != plen || n->entries || (n->child[0] && n->child[1]))
		return;
	bool fork = takes_fork(&w, n);
	rcu_set(*w.at, only_child(n));
	fib_index_remove(t, n, w.parent);
	node_drop(st, t, n);
	if (!fork)
		return;
	rcu_set(*w.above, only_child(w.parent));
	fib_index_remove(t, w.parent, w.grand);
	node_drop(st, t, w.parent);
}

void fib_trie_prune(struct leat_stack *st, struct fib_trie *t, const struct fib_key *key, unsigned plen)
{
	uint64_t was = t->nodes;
	prune(st, t, key, plen);
	if (t->nodes == was)
		return;
	fib_index_follow_links(t, key, plen);
	fib_index_fit(st, t, was);
}

static struct fib_node *first_in(struct fib_node *n)
{
	while (n && !n->entries)
		n = n->child[0];
	return n;
}

struct fib_node *fib_trie_next(const struct fib_trie *t, const struct fib_key *key, unsigned plen)
{
	struct fib_node *n = t->root, *later = NULL; /* what follows everything below n */
	if (!key)
		return first_in(n);
	while (n) {
		unsigned same = common_bits(&n->key, key, MIN((unsigned)n->plen, plen));
		if (same < n->plen) /* n lies inside the prefix, or beside it */
			return first_in(same == plen || !fib_key_bit(key, same) ? n : later);
		if (n->plen == plen)
			return first_in(only_child(n) ? only_child(n) : later);
		unsigned bit = fib_key_bit(key, n->plen);
		if (!bit && n->child[1])
			later = n->child[1];
		n = n->child[bit];
	}
	return first_in(later);
}

struct fib_node *fib_trie_cover(const struct fib_trie *t, const struct fib_key *key, unsigned below)
{
	struct fib_node *best = NULL;
	for (struct fib_node *n = t->root; n && n->plen < below && fib_key_match(&n->key, key, n->plen);
	     n = n->child[fib_key_bit(key, n->plen)])
		if (n->entries)
			best = n;
	return best;
}

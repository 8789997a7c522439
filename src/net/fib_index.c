/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/fib_index.h"

#include "net/fib_internal.h"

static size_t slot_of(const struct fib_index *x, const struct fib_key *key)
{
	return key->hi >> x->shift;
}

/* The slots of n's prefix, which is shorter than the bits: from slot_of() on, before this one. */
static size_t slots_end(const struct fib_index *x, const struct fib_node *n)
{
	return slot_of(x, &n->key) + ((size_t)1 << (x->bits - n->plen));
}

static void paint(struct fib_index *x, size_t from, size_t end, const struct fib_nh *best)
{
	for (; from < end; from++)
		rcu_set(x->slot[from].best, best);
}

static void claim(struct fib_index *x, size_t from, size_t end, struct fib_node *n)
{
	for (; from < end; from++)
		x->above[from] = n;
}

/* Nothing shorter than the bits comes between n and the slots of its prefix, but where a child does. */
static void claim_around(struct fib_index *x, struct fib_node *n)
{
	size_t from = slot_of(x, &n->key), half = (slots_end(x, n) - from) / 2;
	for (unsigned k = 0; k < 2; k++, from += half) {
		const struct fib_node *c = n->child[k];
		bool between = c && c->plen < x->bits;
		claim(x, from, between ? slot_of(x, &c->key) : from + half, n);
		if (between)
			claim(x, slots_end(x, c), from + half, n);
	}
}

/* --- following --- */

void fib_index_add(struct fib_trie *t, struct fib_node *n, struct fib_node *top)
{
	struct fib_index *x = t->index;
	if (!x)
		return;
	if (top->plen < x->bits)
		claim_around(x, top);
	if (n->plen < x->bits) {
		if (n != top)
			claim_around(x, n);
		return;
	}
	struct fib_slot *s = &x->slot[slot_of(x, &n->key)];
	struct fib_node *first = top->plen < x->bits ? n : top;
	if (!s->node || s->node->plen > first->plen)
		rcu_set(s->node, first);
}

void fib_index_remove(struct fib_trie *t, const struct fib_node *n, struct fib_node *parent)
{
	struct fib_index *x = t->index;
	if (!x || n->plen >= x->bits)
		return;
	for (size_t i = slot_of(x, &n->key), end = slots_end(x, n); i < end; i++)
		if (x->above[i] == n)
			x->above[i] = parent;
}

void fib_index_follow_links(struct fib_trie *t, const struct fib_key *key, unsigned plen)
{
	struct fib_index *x = t->index;
	if (!x || plen < x->bits)
		return;
	const struct fib_node *above = x->above[slot_of(x, key)];
	struct fib_node *n = above ? above->child[fib_key_bit(key, above->plen)] : t->root;
	while (n && n->plen < x->bits && fib_key_match(&n->key, key, n->plen))
		n = n->child[fib_key_bit(key, n->plen)];
	rcu_set(x->slot[slot_of(x, key)].node, n && fib_key_match(&n->key, key, x->bits) ? n : NULL);
}

/* Slots from `from` on, up to the end of what lies below n; prefixes with answers of their own keep theirs. Returns where it got to. */
static size_t paint_around(struct fib_index *x, const struct fib_node *n, size_t from,
			   const struct fib_nh *best)
{
	if (!n || n->plen >= x->bits)
		return from;
	if (n->best) {
		paint(x, from, slot_of(x, &n->key), best);
		return slots_end(x, n);
	}
	from = paint_around(x, n->child[0], from, best);
	return paint_around(x, n->child[1], from, best);
}

/* What a prefix without an answer gets from shorter ones. */
static const struct fib_nh *inherited(const struct fib_trie *t, const struct fib_node *n)
{
	const struct fib_nh *best = NULL;
	for (const struct fib_node *up = t->root; up != n; up = up->child[fib_key_bit(&n->key, up->plen)])
		if (up->best)
			best = up->best;
	return best;
}

void fib_index_follow_best(struct fib_trie *t, const struct fib_node *n)
{
	struct fib_index *x = t->index;
	if (!x || n->plen >= x->bits)
		return;
	const struct fib_nh *best = n->best ? n->best : inherited(t, n);
	size_t from = slot_of(x, &n->key);
	from = paint_around(x, n->child[0], from, best);
	from = paint_around(x, n->child[1], from, best);
	paint(x, from, slots_end(x, n), best);
}

/* --- making --- */

static void fill(struct fib_index *x, struct fib_node *n)
{
	if (!n)
		return;
	if (n->plen >= x->bits) {
		x->slot[slot_of(x, &n->key)].node = n;
		return;
	}
	if (n->best)
		paint(x, slot_of(x, &n->key), slots_end(x, n), n->best);
	claim_around(x, n);
	fill(x, n->child[0]);
	fill(x, n->child[1]);
}

static void free_now(struct deferred *d)
{
	mem_free(container_of(d, struct fib_index, deferred));
}

/* Lookups through small tables only do not ask for indices. */
static void tell_fib(const struct fib_trie *t)
{
	struct fib *f = t->of;
	bool large = false;
	for (unsigned k = 0; f && k < f->n; k++)
		large |= f->trie[k].index != NULL;
	if (f)
		racy_set(f->n_small, large ? 0 : f->n);
}

static void swap(struct leat_stack *st, struct fib_trie *t, struct fib_index *x)
{
	struct fib_index *old = t->index;
	rcu_set(t->index, x);
	tell_fib(t);
	if (old)
		rt_defer(st->rt->ctl, st->rt, &old->deferred, free_now);
}

static struct fib_index *index_new(struct leat_stack *st, const struct fib_trie *t, unsigned bits)
{
	size_t slots = sizeof(struct fib_slot) << bits, above = sizeof(struct fib_node *) << bits;
	struct fib_index *x = mem_zalloc(&st->mem, sizeof *x + slots + above);
	if (!x)
		return NULL;
	x->above = (struct fib_node **)((uint8_t *)x->slot + slots);
	x->bits = bits;
	x->shift = 64 - bits;
	fill(x, t->root);
	return x;
}

static unsigned log2_of(uint64_t n)
{
	return n ? 63 - (unsigned)__builtin_clzll(n) : 0;
}

/* Grows with the trie, shrinks two sizes behind it, and goes when it is small. Without memory it stays as it is. */
void fib_index_fit(struct leat_stack *st, struct fib_trie *t, uint64_t was)
{
	unsigned bits = t->index ? t->index->bits : 0, fits = log2_of(t->nodes);
	struct fib_index *x = NULL;
	if (fits == log2_of(was) || !t->several)
		return;
	bool grows = fits > bits && fits >= FIB_INDEX_BITS_MIN && bits < FIB_INDEX_BITS_MAX;
	if (!grows && fits + 1 >= bits)
		return;
	if (fits >= FIB_INDEX_BITS_MIN && !(x = index_new(st, t, MIN(fits, (unsigned)FIB_INDEX_BITS_MAX))))
		return;
	swap(st, t, x);
}

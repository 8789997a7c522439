/* SPDX-License-Identifier: BSD-2-Clause */
/* The order in which Linux shows the routes of a table, so that tools print the same. IPv4 (fib_table_dump()): by address, of those with
 * the same address the longest prefix first. IPv6 (fib6_walk()): a prefix's routes by source, what lies below it, then its others. Both find their place
 * again by key, whatever has gone meanwhile; a step costs a lookup. */
#include "net/fib_internal.h"

static bool has_sources(const struct fib_node *n)
{
	return n->entries && n->entries->nh->nh.src_plen;
}

static bool has_others(const struct fib_node *n)
{
	const struct fib_entry *e = n->entries;
	while (e && e->nh->nh.src_plen)
		e = e->next;
	return e;
}

/* The first to be shown at or below n; below: past its routes by source. */
static struct fib_node *first_of(struct fib_node *n, bool below, bool *ret_sources)
{
	*ret_sources = false;
	for (; n && (n->child[0] || n->child[1]); below = false, n = n->child[0] ? n->child[0] : n->child[1])
		if (!below && has_sources(n)) {
			*ret_sources = true;
			return n;
		}
	*ret_sources = n && !below && has_sources(n);
	return n;
}

static bool is_below(const struct fib_node *n, const struct fib_key *key, unsigned plen)
{
	return n->plen >= plen && fib_key_match(&n->key, key, plen);
}

static bool is_before(const struct fib_node *n, const struct fib_key *key)
{
	return n->key.hi != key->hi ? n->key.hi < key->hi : n->key.lo < key->lo;
}

static struct fib_node *next6(const struct fib_trie *t, const struct fib_key *key, unsigned plen,
			      bool *sources)
{
	struct fib_node *above[129], *n = t->root;
	unsigned depth = 0;
	for (; n && n->plen < plen && fib_key_match(&n->key, key, n->plen);
	     n = n->child[fib_key_bit(key, n->plen)])
		above[depth++] = n;
	if (*sources && n && is_below(n, key, plen)) {
		n = first_of(n, n->plen == plen, sources);
		if (*sources || has_others(n))
			return n;
	} else if (n && !is_below(n, key, plen) && !is_before(n, key)) {
		return first_of(n, false, sources);
	}
	*sources = false;
	while (depth) {
		n = above[--depth];
		if (!fib_key_bit(key, n->plen) && n->child[1])
			return first_of(n->child[1], false, sources);
		if (has_others(n))
			return n;
	}
	return NULL;
}

/* Of the prefixes with that address the longest that is shorter than `below`. */
static struct fib_node *longest4(const struct fib_trie *t, const struct fib_key *key, unsigned below)
{
	struct fib_node *best = NULL;
	for (struct fib_node *n = t->root; n && n->plen < below && fib_key_match(&n->key, key, n->plen);
	     n = n->child[fib_key_bit(key, n->plen)])
		if (n->entries && n->key.hi == key->hi)
			best = n;
	return best;
}

struct fib_node *fib_walk(const struct fib_trie *t, uint8_t family, const struct fib_key *key, unsigned plen,
			  bool *sources)
{
	enum { WHOLE = 32 };
	struct fib_node *n;
	if (family == AF_INET6)
		return key ? next6(t, key, plen, sources) : first_of(t->root, false, sources);
	*sources = false;
	n = key ? longest4(t, key, plen) : NULL;
	if (n)
		return n;
	n = fib_trie_next(t, key, WHOLE);
	return n ? longest4(t, &n->key, WHOLE + 1) : NULL;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Prefixes whose routes are not all alike: default routes by two uplinks, routes by tos or source, the multicast route of every interface.
 *
 * Theory of operation: most lookups want the first route of a prefix, which the trie's node has ready. A lookup that names an
 * interface (SO_BINDTODEVICE), or for a packet with a tos or a source that routes go by, wants the first one that fits; a prefix none of
 * whose routes fits is as good as none. Nodes with more than one route, or with one by tos or source, say so, and stand in a second trie with
 * their list of routes: the nodes that all packets meet stay a cache line. Left out: of several ways of a route by source the first is
 * taken by all.
 *
 * Threads: control changes a list by single stores; what has left it still leads on to what stood behind it, and is freed after a
 * grace period. A reader between two changes may miss what has just come. */
#include "net/fib_internal.h"

/* --- any worker --- */

/* Linux: in IPv4 a route that refuses does so whatever interface is asked for; what is ours is reached through the loopback, too. */
bool fib_choice_leads(const struct fib_choice *c, const struct fib_nh *nh)
{
	if (!c->oif || fib_nh_uses_if(nh, c->oif))
		return true;
	if (nh->type == RTN_LOCAL || nh->type == RTN_ANYCAST)
		return c->oif == c->lo;
	return c->family == AF_INET && nh->type >= RTN_BLACKHOLE && nh->type <= RTN_THROW;
}

static const struct fib_entry *first_of(const struct fib_trie *t, const struct fib_node *n)
{
	const struct fib_node *s = rcu_get(t->several->root);
	while (s && s->plen < n->plen && fib_key_match(&s->key, &n->key, s->plen))
		s = rcu_get(s->child[fib_key_bit(&n->key, s->plen)]);
	return s && s->plen == n->plen && fib_key_match(&s->key, &n->key, n->plen) ? rcu_get(s->first) : NULL;
}

/* The first that fits; of routers of one metric the most preferred. */
static const struct fib_nh *choose_entry(const struct fib_entry *e, const struct fib_choice *c)
{
	const struct fib_entry *best = NULL;
	for (; e && (!best || (e->tos == best->tos && e->nh->nh.src_plen == best->nh->nh.src_plen &&
			       e->metric == best->metric));
	     e = rcu_get(e->next))
		if ((!best || racy_get(e->rank) > racy_get(best->rank)) && fib_choice_fits(c, e))
			best = e;
	return best ? &best->nh->nh : NULL;
}

/* Those by source stand in front. */
static const struct fib_nh *choose_by_source(const struct fib_entry *e, const struct fib_choice *c)
{
	for (; e && e->nh->nh.src_plen; e = rcu_get(e->next))
		if (fib_choice_fits(c, e))
			return &e->nh->nh;
	return NULL;
}

static const struct fib_nh *choose_in(const struct fib_trie *t, const struct fib_node *n,
				      const struct fib_choice *c)
{
	const struct fib_nh *best = rcu_get(n->best), *found = NULL;
	bool several = racy_get(n->several), best_fits = best && fib_choice_leads(c, best);
	if (c->by_src && several)
		found = choose_by_source(first_of(t, n), c);
	if (found || (!c->tos && best_fits))
		return found ? found : best;
	if (several)
		return choose_entry(first_of(t, n), c);
	return best_fits ? best : NULL;
}

const struct fib_nh *fib_choose(const struct fib_trie *t, const struct fib_key *key,
				const struct fib_choice *c, unsigned *ret_plen)
{
	const struct fib_nh *best = NULL;
	for (const struct fib_node *n = rcu_get(t->root); n && fib_key_match(&n->key, key, n->plen);
	     n = rcu_get(n->child[fib_key_bit(key, n->plen)])) {
		const struct fib_nh *nh = choose_in(t, n, c);
		if (!nh)
			continue;
		best = nh;
		*ret_plen = n->plen;
	}
	return best;
}

/* --- control lcore --- */

static bool has_several(const struct fib_node *n)
{
	return n->entries && (n->entries->next || fib_entry_is_chosen(n->entries));
}

static void forget(struct leat_stack *st, struct fib_trie *several, struct fib_node *n)
{
	struct fib_node *s = n->several ? fib_trie_get(several, &n->key, n->plen) : NULL;
	racy_set(n->several, 0);
	if (!s)
		return;
	s->entries = NULL;
	rcu_set(s->first, NULL);
	fib_trie_prune(st, several, &n->key, n->plen);
}

void fib_several_follow(struct leat_stack *st, struct fib_trie *t, struct fib_node *n)
{
	if (!has_several(n)) {
		forget(st, t->several, n);
		return;
	}
	struct fib_node *s = fib_trie_make(st, t->several, &n->key, n->plen);
	if (!s)
		return;
	s->entries = n->entries;
	rcu_set(s->first, n->entries);
	racy_set(n->several, 1);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The routes of many destinations at once.
 *
 * Theory of operation: in a large table each step of a lookup waits for memory, and the next packet's lookup does not depend on it. So
 * the lookups of a vector go in lockstep: all ask for their slots, then all look into them and ask for their nodes, then all take a
 * step, and so on until none is left. Each finds what it would have found by itself.
 *
 * Neighbours with the same destination share one. Small tables are in the caches anyway and are searched one by one. */
#include "net/fib_index.h"
#include "net/fib_internal.h"

/* The lookups of a vector. Those in todo have no answer yet. */
struct many {
	unsigned n_todo, n_live;
	uint8_t todo[PKT_VEC_MAX], live[PKT_VEC_MAX];
	struct fib_key key[PKT_VEC_MAX];
	const struct fib_node *node[PKT_VEC_MAX];
	const struct fib_nh **answer;
};

static inline const struct fib_node *step(const struct fib_node *n, const struct fib_key *key, bool v4,
					  const struct fib_nh **best)
{
	if (!(v4 ? fib_key4_match(&n->key, key, n->plen) : fib_key_match(&n->key, key, n->plen)))
		return NULL;
	const struct fib_nh *nh = rcu_get(n->best);
	*best = nh ? nh : *best;
	return rcu_get(n->child[v4 ? fib_key4_bit(key, n->plen) : fib_key_bit(key, n->plen)]);
}

/* Waits for its next node, or is done. */
static inline void go_to(struct many *m, unsigned *n_live, unsigned i, const struct fib_node *n)
{
	m->node[i] = n;
	m->live[*n_live] = (uint8_t)i;
	*n_live += n != NULL;
	if (n)
		__builtin_prefetch(n);
}

static void look_into_slots(struct many *m, const struct fib_index *x)
{
	for (unsigned k = 0; k < m->n_todo; k++)
		__builtin_prefetch(fib_index_slot(x, &m->key[m->todo[k]]));
	m->n_live = 0;
	for (unsigned k = 0; k < m->n_todo; k++) {
		unsigned i = m->todo[k];
		const struct fib_slot *s = fib_index_slot(x, &m->key[i]);
		go_to(m, &m->n_live, i, fib_slot_read(s, &m->answer[i]));
	}
}

static inline void find_by_index(struct many *m, const struct fib_index *x, bool v4)
{
	look_into_slots(m, x);
	while (m->n_live) {
		unsigned n_live = 0;
		for (unsigned k = 0; k < m->n_live; k++) {
			unsigned i = m->live[k];
			go_to(m, &n_live, i, step(m->node[i], &m->key[i], v4, &m->answer[i]));
		}
		m->n_live = n_live;
	}
}

static inline void find_one_by_one(struct many *m, const struct fib_trie *t, bool v4)
{
	for (unsigned k = 0; k < m->n_todo; k++) {
		unsigned i = m->todo[k];
		m->answer[i] = v4 ? fib4_trie_find(t, &m->key[i]) : fib_trie_find(t, &m->key[i]);
	}
}

/* What this table has no answer for, or throws back, stays for the next. */
static void settle_answers(struct many *m)
{
	unsigned n = 0;
	for (unsigned k = 0; k < m->n_todo; k++) {
		unsigned i = m->todo[k];
		const struct fib_nh *nh = m->answer[i];
		if (nh && likely(nh->type != RTN_THROW)) {
			m->answer[i] = fib_nh_settle(nh);
			continue;
		}
		m->answer[i] = NULL;
		m->todo[n++] = (uint8_t)i;
	}
	m->n_todo = n;
}

static inline void find_all(const struct fib *f, struct many *m, bool v4)
{
	for (unsigned t = 0; t < f->n && m->n_todo; t++) {
		const struct fib_index *x = rcu_get(f->trie[t].index);
		if (x)
			find_by_index(m, x, v4);
		else
			find_one_by_one(m, &f->trie[t], v4);
		settle_answers(m);
	}
}

static void share(const struct many *m, const uint8_t *like, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		m->answer[i] = m->answer[like[i]];
}

void fib4_find_many(const struct fib *f, const be32 *dst, unsigned n, const struct fib_nh **ret)
{
	struct many m;
	uint8_t like[PKT_VEC_MAX];
	m.n_todo = 0;
	m.answer = ret;
	for (unsigned i = 0; i < n; i++) {
		like[i] = i && be32_eq(dst[i], dst[i - 1]) ? like[i - 1] : (uint8_t)i;
		m.key[i] = fib_key4(dst[i]);
		m.todo[m.n_todo] = (uint8_t)i;
		m.n_todo += like[i] == i;
	}
	find_all(f, &m, true);
	share(&m, like, n);
}

void fib6_find_many(const struct fib *f, const struct ip6 *const *dst, unsigned n, const struct fib_nh **ret)
{
	struct many m;
	uint8_t like[PKT_VEC_MAX];
	m.n_todo = 0;
	m.answer = ret;
	for (unsigned i = 0; i < n; i++) {
		like[i] = i && ip6_eq(dst[i], dst[i - 1]) ? like[i - 1] : (uint8_t)i;
		m.key[i] = fib_key6(dst[i]);
		m.todo[m.n_todo] = (uint8_t)i;
		m.n_todo += like[i] == i;
	}
	find_all(f, &m, false);
	share(&m, like, n);
}

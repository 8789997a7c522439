/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: what an open teaches about a host goes from the connection's worker to the control lcore, through a ring of the
 * worker's, and from there into a hash by both addresses, where workers find it without a lock. One that is known is never
 * changed: another takes its place. Only calls of our own teach anything, so no stranger can fill the table; it has a bound all the
 * same, and who was heard of longest ago makes room. What finds no room in the ring is learned next time. */
#include "tcp/host.h"

#include "base/siphash.h"

static uint32_t hash_of(const struct leat_stack *st, const struct ip6 *local, const struct ip6 *remote)
{
	const struct ip6 both[2] = { *local, *remote };
	return (uint32_t)siphash(&st->hash_key, both, sizeof both);
}

const struct tcp_host *tcp_host_find(const struct leat_stack *st, const struct ip6 *local,
				     const struct ip6 *remote)
{
	struct hash_node *n;
	hash_for_each_same(n, &tcp_stack(st)->hosts, hash_of(st, local, remote))
	{
		const struct tcp_host *m = container_of(n, struct tcp_host, by_path);
		if (!memcmp(&m->path.local, local, sizeof *local) &&
		    !memcmp(&m->path.remote, remote, sizeof *remote))
			return m;
	}
	return NULL;
}

/* --- control --- */

static void host_free(struct deferred *d)
{
	mem_free(container_of(d, struct tcp_host, deferred));
}

void tcp_host_forget(struct leat_stack *st, struct tcp_host *m)
{
	hash_remove(&tcp_stack(st)->hosts, &m->by_path);
	list_remove(&m->link);
	rt_defer(st->rt->ctl, st->rt, &m->deferred, host_free);
}

/* Linux: tcp_fastopen_cache_set() */
static void fill(struct tcp_host *m, const struct tcp_host_news *n, uint64_t now_us)
{
	if (n->mss)
		m->mss = n->mss;
	if (n->cookie.len > 0)
		m->cookie = n->cookie;
	else if (n->try_exp > m->try_exp && m->cookie.len <= 0 && !m->cookie.exp)
		m->try_exp = n->try_exp;
	m->syn_losses = n->lost ? (uint16_t)MIN(m->syn_losses + 1, UINT16_MAX) : 0;
	m->lost_us = n->lost ? now_us : m->lost_us;
	m->heard_us = now_us;
}

void tcp_host_learn(struct leat_stack *st, const struct tcp_host_news *n)
{
	struct tcp_stack *ts = tcp_stack(st);
	struct tcp_host *was = (struct tcp_host *)tcp_host_find(st, &n->local, &n->remote);
	struct tcp_host *m = mem_zalloc(&st->mem, sizeof *m);
	if (!m)
		return;
	m->cookie.len = 0;
	if (was) {
		*m = *was;
		tcp_host_forget(st, was);
	} else if (ts->hosts.count >= TCP_HOSTS_MAX) {
		tcp_host_forget(st, list_first(&ts->hosts_by_age, struct tcp_host, link));
	}
	m->path.local = n->local;
	m->path.remote = n->remote;
	m->serial = ++ts->host_serial;
	fill(m, n, st->rt->ctl->now_us);
	list_append(&ts->hosts_by_age, &m->link);
	hash_insert(&ts->hosts, &m->by_path, hash_of(st, &n->local, &n->remote));
}

static void hear(struct lcore *at, const struct msg *m)
{
	struct worker *w = m->arg[0].p;
	struct tcp_host_ring *r = tcp_stack(w->st) ? &tcp_worker(w)->host_news : NULL;
	if (!r || r->tail == __atomic_load_n(&r->head, __ATOMIC_ACQUIRE))
		return; /* the module went meanwhile, or came anew */
	const struct tcp_host_news n = r->at[r->tail % TCP_HOST_NEWS_MAX];
	__atomic_store_n(&r->tail, r->tail + 1, __ATOMIC_RELEASE);
	tcp_host_learn(w->st, &n);
}

/* --- any worker --- */

/* Is it worth a message? Most opens teach what is known. */
static bool is_known(const struct tcp_host *m, const struct tcp_host_news *n)
{
	if (!m || n->lost || (n->mss && n->mss != m->mss) || n->try_exp > m->try_exp)
		return false;
	return n->cookie.len <= 0 || (n->cookie.len == m->cookie.len && n->cookie.exp == m->cookie.exp &&
				      !memcmp(n->cookie.bytes, m->cookie.bytes, (size_t)n->cookie.len));
}

void tcp_host_tell(struct worker *w, const struct tcp_host_news *n)
{
	struct tcp_host_ring *r = &tcp_worker(w)->host_news;
	const struct msg m = { .fn = hear, .arg = { { .p = w } } };
	if (is_known(tcp_host_find(w->st, &n->local, &n->remote), n) ||
	    r->head - __atomic_load_n(&r->tail, __ATOMIC_ACQUIRE) == TCP_HOST_NEWS_MAX)
		return;
	r->at[r->head % TCP_HOST_NEWS_MAX] = *n;
	__atomic_store_n(&r->head, r->head + 1, __ATOMIC_RELEASE);
	if (!lcore_post(w->lc, w->lc->rt->ctl, &m)) /* control takes one for each message */
		__atomic_store_n(&r->head, r->head - 1, __ATOMIC_RELEASE);
}

/* --- the module's --- */

static void defer_chunk(void *ctx, struct deferred *d)
{
	struct leat_stack *st = ctx;
	rt_defer(st->rt->ctl, st->rt, d, d->fn);
}

void tcp_hosts_init(struct leat_stack *st)
{
	hash_init(&tcp_stack(st)->hosts, &st->mem, defer_chunk, st);
	list_init(&tcp_stack(st)->hosts_by_age);
}

/* No worker reads any more. */
void tcp_hosts_free(struct leat_stack *st)
{
	struct tcp_stack *ts = tcp_stack(st);
	while (!list_empty(&ts->hosts_by_age)) {
		struct tcp_host *m = list_first(&ts->hosts_by_age, struct tcp_host, link);
		hash_remove(&ts->hosts, &m->by_path);
		list_remove(&m->link);
		mem_free(m);
	}
	hash_done(&ts->hosts);
}

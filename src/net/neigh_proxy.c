/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses that we answer for though they are others' (`ip neigh add proxy`), and answers that come late.
 *
 * Theory of operation: proxied addresses are a hash beside the neighbours, written by the control lcore, read by ARP and
 * neighbour discovery. Whoever keeps something per address (the group in which solicitations for it come, RFC 4389, 4.1.3.1)
 * hears of them as a neigh_watch.
 *
 * Several may answer for an address that is no station's own: a proxy's, an anycast one's. So that they do not all answer at once,
 * and the station itself comes first, such a question waits a random time (RFC 4861, 7.2.7 and 7.2.8; Linux: proxy_delay and
 * anycast_delay). It is parked in a queue of its worker, short and unsorted as on Linux, and then answered if that is still
 * ours to do: its node asks again. When the queue is full (proxy_qlen) the question is dropped; who asked asks again. */
#include <errno.h>

#include "net/neigh_internal.h"

/* --- the addresses --- */

static uint32_t proxy_hash(const struct leat_stack *st, uint8_t family, const struct ipaddr *a)
{
	const struct neigh_key k = { .family = family, .addr = *a };
	return neigh_hash(st, &k);
}

static struct neigh_proxied *find(const struct leat_stack *st, const struct neigh_table *t,
				  uint32_t if_handle, uint8_t family, const struct ipaddr *a, bool or_any)
{
	struct hash_node *n;
	if (!t || !racy_get(t->n_proxies[neigh_index(family)]))
		return NULL;
	hash_for_each_same(n, &t->proxies, proxy_hash(st, family, a))
	{
		struct neigh_proxied *p = container_of(n, struct neigh_proxied, node);
		if (p->family == family && ipaddr_eq(&p->addr, a) &&
		    (p->if_handle == if_handle || (or_any && !p->if_handle)))
			return p;
	}
	return NULL;
}

bool neigh_is_proxied(const struct worker *w, uint32_t if_handle, uint8_t family, const struct ipaddr *a,
		      uint8_t *ret_flags)
{
	const struct neigh_proxied *p = find(w->st, view_get(w, VIEW_neighs), if_handle, family, a, true);
	if (p && ret_flags)
		*ret_flags = racy_get(p->flags);
	return p != NULL;
}

static void describe(const struct neigh_proxied *p, struct neigh_info *ret)
{
	*ret = (struct neigh_info){
		.if_handle = p->if_handle,
		.family = p->family,
		.flags = p->flags | NTF_PROXY,
		.state = p->permanent ? NUD_PERMANENT : 0,
		.protocol = p->protocol,
		.addr = p->addr,
	};
}

static void tell_watches(struct leat_stack *st, const struct neigh_proxied *p, enum neigh_event what)
{
	struct neigh_watch *w, *next;
	struct neigh_info n;
	describe(p, &n);
	list_for_each_safe (w, next, &neigh_state(st)->watches, link)
		w->event(w, st, &n, what);
}

static int proxy_new(struct leat_stack *st, const struct neigh_info *how, struct neigh_proxied **ret)
{
	struct neigh_stack *s = neigh_state(st);
	struct neigh_proxied *p = mem_zalloc(&st->mem, sizeof *p);
	if (!p)
		return -ENOMEM;
	p->if_handle = how->if_handle;
	p->family = how->family;
	p->addr = how->addr;
	p->id = ++s->last_id;
	list_append(&s->proxies, &p->all);
	hash_insert(&s->table.proxies, &p->node, proxy_hash(st, p->family, &p->addr));
	racy_set(s->table.n_proxies[neigh_index(p->family)], s->table.n_proxies[neigh_index(p->family)] + 1);
	*ret = p;
	return 0;
}

int neigh_proxy_set(struct leat_stack *st, const struct neigh_info *how)
{
	struct neigh_proxied *p =
		find(st, &neigh_state(st)->table, how->if_handle, how->family, &how->addr, true);
	if (!p && how->family == AF_INET6 && !how->if_handle)
		return -ENOBUFS; /* Linux: there is no link to listen on */
	bool is_new = !p;
	int err = p ? 0 : proxy_new(st, how, &p);
	if (err)
		return err;
	racy_set(p->flags, (uint8_t)how->flags);
	p->permanent = how->state & NUD_PERMANENT;
	p->protocol = how->protocol ? how->protocol : p->protocol;
	if (is_new)
		tell_watches(st, p, NEIGH_PROXY_ADDED);
	return 0;
}

static void proxy_free(struct deferred *d)
{
	mem_free(container_of(d, struct neigh_proxied, deferred));
}

static void proxy_remove(struct leat_stack *st, struct neigh_proxied *p)
{
	struct neigh_stack *s = neigh_state(st);
	unsigned f = neigh_index(p->family);
	tell_watches(st, p, NEIGH_PROXY_GOING);
	hash_remove(&s->table.proxies, &p->node);
	list_remove(&p->all);
	racy_set(s->table.n_proxies[f], s->table.n_proxies[f] - 1);
	rt_defer(st->rt->ctl, st->rt, &p->deferred, proxy_free);
}

int neigh_proxy_delete(struct leat_stack *st, uint32_t if_handle, uint8_t family, const struct ipaddr *addr)
{
	struct neigh_proxied *p = find(st, &neigh_state(st)->table, if_handle, family, addr, false);
	if (p)
		proxy_remove(st, p);
	return p ? 0 : -ENOENT;
}

bool neigh_proxy_get(struct leat_stack *st, uint32_t if_handle, uint8_t family, const struct ipaddr *addr,
		     struct neigh_info *ret)
{
	const struct neigh_proxied *p = find(st, &neigh_state(st)->table, if_handle, family, addr, true);
	if (p)
		describe(p, ret);
	return p != NULL;
}

bool neigh_proxy_next(struct leat_stack *st, uint64_t *pos, struct neigh_info *ret)
{
	const struct neigh_proxied *p;
	list_for_each (p, &neigh_state(st)->proxies, all)
		if (p->id > *pos) {
			*pos = p->id;
			describe(p, ret);
			return true;
		}
	return false;
}

void neigh_proxy_flush(struct leat_stack *st, const struct iface *i, unsigned families, bool with_permanent)
{
	struct neigh_proxied *p, *next;
	list_for_each_safe (p, next, &neigh_state(st)->proxies, all)
		if ((!i || p->if_handle == i->handle) && (families & 1U << neigh_index(p->family)) &&
		    (with_permanent || !p->permanent))
			proxy_remove(st, p);
}

static void defer_chunk(void *ctx, struct deferred *d)
{
	struct leat_stack *st = ctx;
	rt_defer(st->rt->ctl, st->rt, d, d->fn);
}

void neigh_proxy_init(struct leat_stack *st)
{
	struct neigh_stack *s = neigh_state(st);
	hash_init(&s->table.proxies, &st->mem, defer_chunk, st);
	list_init(&s->proxies);
}

/* --- late answers --- */

static struct neigh_worker *worker_of(const struct worker *w)
{
	return worker_state(w, MODULE_neigh);
}

static void drop_late(struct worker *w, struct pkt *p, enum drop why)
{
	uint16_t node = p->resume;
	pkt_unpark(p);
	graph_drop(w, node, p, why);
}

static void set_timer(struct lcore *lc, struct neigh_worker *nw)
{
	uint64_t first_us = UINT64_MAX;
	for (const struct pkt *p = nw->late.head; p; p = p->next)
		first_us = MIN(first_us, p->edge.neigh_late.due_us);
	if (nw->late.n)
		timer_set_at(&lc->wheel, &nw->answer, first_us);
}

static void answer_now(struct lcore *lc, struct timer *t)
{
	struct neigh_worker *nw = container_of(t, struct neigh_worker, answer);
	for (uint32_t n = nw->late.n; n--;) {
		struct pkt *p = pkt_queue_pop(&nw->late);
		if (p->edge.neigh_late.due_us <= lc->now_us)
			graph_resume(nw->w, p);
		else
			pkt_queue_push(&nw->late, p);
	}
	set_timer(lc, nw);
	graph_run(nw->w);
}

void neigh_answer_late(struct worker *w, struct pkt *p, uint8_t family, uint32_t max_ms, uint16_t node)
{
	struct neigh_worker *nw = worker_of(w);
	const struct iface *in = iface_get(w, p->in_if);
	if (!in || nw->late.n >= racy_get(in->conf.neigh[neigh_index(family)].proxy_queue_max)) {
		graph_drop(w, node, p, in ? DROP_NEIGH_QUEUE_FULL : DROP_IF_GONE);
		return;
	}
	uint64_t wait_us = rt_random_u64(w->st->rt) % (MAX(max_ms, 1U) * 1000UL);
	pkt_park(p, node);
	p->edge.neigh_late.due_us = w->lc->now_us + wait_us;
	pkt_queue_push(&nw->late, p);
	set_timer(w->lc, nw);
}

void neigh_late_drop(struct worker *w, uint32_t if_handle, enum drop why)
{
	struct neigh_worker *nw = worker_of(w);
	for (uint32_t n = nw->late.n; n--;) {
		struct pkt *p = pkt_queue_pop(&nw->late);
		if (!if_handle || p->in_if == if_handle)
			drop_late(w, p, why);
		else
			pkt_queue_push(&nw->late, p);
	}
	if (!nw->late.n)
		lcore_timer_stop(w->lc, &nw->answer);
}

void neigh_late_init(struct neigh_worker *nw)
{
	pkt_queue_init(&nw->late);
	timer_init(&nw->answer, answer_now);
}

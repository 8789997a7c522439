/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation, the workers' side (neigh_msg.c, neigh_state.c and neigh_table.c are the other). A worker reads an
 * entry's word, one load, and sends or parks. What it parks it keeps: a queue per neighbour, found by the same key, in its
 * own small hash. It asks control once a queue ("wanted") and again after some seconds, in case an answer was lost;
 * control answers "valid" or "failed".
 *
 *	packet ── neigh_find ── valid ── send               control ── "valid" ── each packet resumes at its node
 *	              └── else neigh_wait ── parked, "wanted"          └─ "failed" ── each is dropped, its sender told
 *
 * That a neighbour is in use is a time per worker in the entry, written once a second; that a stale one is in use is told
 * to control once, by a message. So is what transports know of it (neigh_confirm).
 *
 * Limits: so many packets a neighbour (neigh.IF.unres_qlen) and NEIGH_WORKER_QUEUE_MAX a worker. Queues come from a pool; when
 * it runs short control sends more, so that nothing is allocated here. Heard messages that find the ring full (of strangers: half
 * of it) are lost, and counted, as if the wire had lost them. When memory is spent a question or an answer may be lost, too: a timer asks again for
 * what has waited long.
 *
 * A scan of a /64 (RFC 6583) wants a stranger with every packet: a neighbour that never answered. Queues for strangers stand in a
 * line, are bounded by themselves (unconfirmed_max) and asked for at a bounded rate (solicit_rate), those that must wait for
 * that from the line's front by a timer. There is a line for what this stack itself wants, and some for the nets that others'
 * packets come from, by a hash: they are asked for in turn, and whenever room is wanted, for a queue or for a packet, the oldest
 * stranger of the longest line goes. So who scans from one net makes nobody else's strangers wait. Known neighbours that have to
 * be asked again are neither counted nor made to wait with them. */
#include "net/neigh.h"

#include <errno.h>
#include <limits.h>
#include <linux/if_ether.h>

#include "net/ctl_fill.h"
#include "net/neigh_internal.h"

enum { ASK_AGAIN_US = 5000000, MARK_US = 1000000, FREE_LOW = NEIGH_PENDS / 2 };
enum { PACE_US = 10000 }; /* how often strangers that wait to be asked for are looked at */
enum {
	CHUNKS_MAX = 2 * NEIGH_MAX / NEIGH_PENDS
}; /* whatever gc_thresh3 says: these are asked for at one time */

/* --- the table --- */

uint32_t neigh_hash(const struct leat_stack *st, const struct neigh_key *k)
{
	uint64_t word[3];
	neigh_key_put(word, k, 0);
	return (uint32_t)siphash_3u64(&st->hash_key, word[0], word[1], word[2]);
}

struct neigh_entry *neigh_lookup(const struct leat_stack *st, const struct neigh_table *t,
				 const struct neigh_key *k)
{
	struct hash_node *n;
	if (unlikely(!t))
		return NULL;
	hash_for_each_same(n, &t->hash, neigh_hash(st, k))
	{
		struct neigh_entry *e = container_of(n, struct neigh_entry, node);
		if (e->if_handle == k->if_handle && e->family == k->family && ipaddr_eq(&e->addr, &k->addr))
			return e;
	}
	return NULL;
}

static struct neigh_worker *worker_of(const struct worker *w)
{
	return worker_state(w, MODULE_neigh);
}

bool neigh_tell_ctl(struct worker *w, msg_fn *fn, const struct neigh_key *k, uint32_t extra,
		    const uint64_t *more, neigh_post_fn *post)
{
	struct msg m = neigh_msg(fn, w, k, extra);
	for (unsigned i = 0; more && i < 2; i++)
		m.arg[4 + i].u = more[i];
	return post(w->lc, w->st->rt->ctl, &m);
}

static void mark_used(struct worker *w, struct neigh_entry *e, const struct neigh_key *k, uint8_t state)
{
	struct neigh_mark *m = &e->mark[w->index];
	if (w->lc->now_us - racy_get(m->used_us) >= MARK_US || unlikely(!racy_get(m->used_us)))
		racy_set(m->used_us, w->lc->now_us);
	if (unlikely(state == NUD_STALE) && !racy_get(m->told) &&
	    neigh_tell_ctl(w, neigh_on_used, k, 0, NULL, lcore_post))
		racy_set(m->told, 1);
}

bool neigh_find(struct worker *w, uint32_t if_handle, uint8_t family, const struct ipaddr *next_hop,
		struct neigh_hop *ret)
{
	const struct neigh_key k = { if_handle, family, *next_hop };
	struct neigh_entry *e = neigh_lookup(w->st, view_get(w, VIEW_neighs), &k);
	uint64_t word = e ? racy_get(e->word) : 0;
	uint8_t state = neigh_word_state(word);
	if (!(state & NUD_VALID))
		return false;
	memcpy(ret->mac, &word, sizeof ret->mac);
	ret->usable = true;
	mark_used(w, e, &k, state);
	return true;
}

uint8_t neigh_state_of(const struct worker *w, uint32_t if_handle, uint8_t family,
		       const struct ipaddr *next_hop)
{
	const struct neigh_key k = { if_handle, family, *next_hop };
	const struct neigh_entry *e = neigh_lookup(w->st, view_get(w, VIEW_neighs), &k);
	return e ? neigh_word_state(racy_get(e->word)) : 0;
}

/* Of one that is reachable the time is enough; of others control wants to hear (RFC 4861, appendix C). */
void neigh_confirm(struct worker *w, uint32_t if_handle, uint8_t family, const struct ipaddr *next_hop)
{
	const struct neigh_key k = { if_handle, family, *next_hop };
	struct neigh_entry *e = neigh_lookup(w->st, view_get(w, VIEW_neighs), &k);
	struct neigh_mark *m = e ? &e->mark[w->index] : NULL;
	uint8_t state = e ? neigh_word_state(racy_get(e->word)) : 0;
	if (!(state & NUD_VALID) ||
	    (racy_get(m->confirmed_us) && w->lc->now_us - racy_get(m->confirmed_us) < MARK_US))
		return;
	racy_set(m->confirmed_us, w->lc->now_us);
	if (state & (NUD_STALE | NUD_DELAY | NUD_PROBE))
		neigh_tell_ctl(w, neigh_on_confirmed, &k, 0, NULL,
			       lcore_try_post); /* lost: said again in a second */
}

/* --- queues --- */

static bool is_pend_of(const struct neigh_pend *d, const struct neigh_key *k)
{
	return d->if_handle == k->if_handle && d->family == k->family && ipaddr_eq(&d->addr, &k->addr);
}

/* Where the queue for k hangs, or the end of its bucket. */
static struct neigh_pend **pend_at(const struct worker *w, const struct neigh_key *k)
{
	struct neigh_pend **at = &worker_of(w)->bucket[neigh_hash(w->st, k) % NEIGH_PEND_BUCKETS];
	while (*at && !is_pend_of(*at, k))
		at = &(*at)->next;
	return at;
}

bool neigh_is_awaited(const struct worker *w, const struct neigh_key *k)
{
	return *pend_at(w, k) != NULL;
}

static void ask_for_more(struct worker *w, struct neigh_worker *nw)
{
	const struct msg m = { .fn = neigh_on_more, .arg[0].p = w };
	if (nw->n_free < FREE_LOW && !nw->asked_for_more && nw->n_chunks < CHUNKS_MAX)
		nw->asked_for_more = lcore_post(w->lc, w->st->rt->ctl, &m);
}

static void pend_give(struct neigh_worker *nw, struct neigh_pend *d)
{
	if (d->stranger) {
		list_remove(&d->in_line);
		nw->n_strangers--;
		nw->n_of[d->asker]--;
		nw->n_unasked -= !d->asked;
		d->stranger = false;
	}
	d->next = nw->free;
	nw->free = d;
	nw->n_free++;
}

/* A frame's worth at least, so that the bound holds for memory. */
static uint32_t queue_bytes_of(const struct pkt *p)
{
	return MAX(p->len, (uint32_t)ETH_FRAME_LEN) + NEIGH_PKT_BYTES - ETH_FRAME_LEN;
}

static struct pkt *pend_pop(struct neigh_worker *nw, struct neigh_pend *d)
{
	struct pkt *p = pkt_queue_pop(&d->q);
	nw->parked -= p != NULL;
	d->bytes -= p ? queue_bytes_of(p) : 0;
	return p;
}

static void drop_parked(struct worker *w, struct pkt *p, enum drop why)
{
	uint16_t node = p->resume;
	pkt_unpark(p);
	graph_drop(w, node, p, why);
}

/* Of whom most strangers are wanted. */
static unsigned greediest(const struct neigh_worker *nw)
{
	unsigned most = 0;
	for (unsigned k = 1; k < NEIGH_ASKERS; k++)
		if (nw->n_of[k] > nw->n_of[most])
			most = k;
	return most;
}

/* Of those that who wants most wants, the queue goes that has waited longest. False: there is none. */
static bool oldest_stranger_goes(struct worker *w, enum drop why)
{
	struct neigh_worker *nw = worker_of(w);
	if (!nw->n_strangers)
		return false;
	unsigned from = greediest(nw);
	struct list *line = list_empty(&nw->asked[from]) ? &nw->unasked_by[from] : &nw->asked[from];
	struct neigh_pend *d = list_first(line, struct neigh_pend, in_line);
	const struct neigh_key k = { d->if_handle, d->family, d->addr };
	struct neigh_entry *e = neigh_lookup(w->st, view_get(w, VIEW_neighs), &k);
	if (e)
		racy_set(e->mark[w->index].queued, 0);
	*pend_at(w, &k) = d->next;
	for (struct pkt *p; (p = pend_pop(nw, d));)
		drop_parked(w, p, why);
	pend_give(nw, d);
	return true;
}

/* A free queue, from the oldest stranger if need be. */
static struct neigh_pend *pend_find_free(struct worker *w, uint8_t family, bool stranger)
{
	struct neigh_worker *nw = worker_of(w);
	uint32_t max = racy_get(neigh_state(w->st)->strangers[neigh_index(family)]);
	ask_for_more(w, nw);
	if ((stranger && max && nw->n_strangers >= max) || !nw->free)
		oldest_stranger_goes(w, DROP_NEIGH_TABLE_FULL);
	struct neigh_pend *d = nw->free;
	if (d) {
		nw->free = d->next;
		nw->n_free--;
	}
	return d;
}

/* Whose packet wants it: ours, or that of another's net (a /64, a /24), by its hash. */
static uint8_t asker_of(const struct worker *w, const struct pkt *p, uint8_t family, const struct ipaddr *src)
{
	uint64_t net = family == AF_INET6 ? 0 : be32_get(src->v4) >> 8;
	if (p->flags & PKT_F_LOCAL_OUT)
		return 0;
	if (family == AF_INET6)
		memcpy(&net, src->b, sizeof net);
	return (uint8_t)(1 + siphash_2u64(&w->st->hash_key, net, p->in_if) % (NEIGH_ASKERS - 1));
}

static struct neigh_pend *pend_take(struct worker *w, const struct neigh_key *k, const struct ipaddr *src,
				    uint8_t asker)
{
	struct neigh_worker *nw = worker_of(w);
	const struct neigh_entry *e = neigh_lookup(w->st, view_get(w, VIEW_neighs), k);
	bool stranger = !e || !neigh_word_known(racy_get(e->word));
	struct neigh_pend *d = pend_find_free(w, k->family, stranger);
	if (!d)
		return NULL;
	if (!timer_is_set(&nw->again))
		lcore_timer_in(w->lc, &nw->again, ASK_AGAIN_US);
	*d = (struct neigh_pend){
		.if_handle = k->if_handle,
		.family = k->family,
		.addr = k->addr,
		.src = *src,
		.stranger = stranger,
		.asker = asker,
	};
	pkt_queue_init(&d->q);
	list_init(&d->in_line);
	if (stranger) {
		list_append(&nw->unasked_by[asker], &d->in_line);
		nw->n_of[asker]++;
		nw->n_strangers++;
		nw->n_unasked++;
	}
	*pend_at(w, k) = d; /* looked up again: who went may have been in front */
	return d;
}

/* The source of a packet that waits: solicitations may show it. */
static void source_of(const struct pkt *p, uint8_t family, struct ipaddr *ret)
{
	unsigned at = family == AF_INET6 ? 8 : 12, len = family == AF_INET6 ? 16 : 4;
	struct cursor c = pkt_cursor_at(p, p->l3_off);
	if (p->ethertype != (family == AF_INET6 ? ETH_P_IPV6 : ETH_P_IP) || !cur_skip(&c, at) ||
	    !cur_copy(&c, ret, len))
		*ret = (struct ipaddr){ 0 };
}

static void ask(struct worker *w, struct neigh_pend *d, const struct neigh_key *k)
{
	struct neigh_worker *nw = worker_of(w);
	uint64_t more[2];
	memcpy(more, d->src.b, sizeof more);
	d->asked_us = w->lc->now_us;
	if (d->stranger && !d->asked) {
		list_remove(&d->in_line);
		list_append(&nw->asked[d->asker], &d->in_line);
		nw->n_unasked--;
	}
	d->asked = true;
	if (!neigh_tell_ctl(w, neigh_on_wanted, k, 0, more,
			    lcore_post)) /* asked again by the next packet, or the timer */
		racy_add(nw->unasked, 1);
}

/* Takes one of the tokens that strangers are asked for with. */
static bool may_ask_stranger(struct worker *w, uint8_t family)
{
	struct neigh_worker *nw = worker_of(w);
	uint32_t rate = racy_get(neigh_state(w->st)->solicit_rate[neigh_index(family)]);
	if (!rate)
		return true;
	uint64_t us = w->lc->now_us - nw->filled_us, more = MIN(us, 1000000UL) * rate / 1000000;
	if (more) { /* what is less than one more stays owed */
		nw->filled_us = us >= 1000000 ? w->lc->now_us : nw->filled_us + more * 1000000 / rate;
		nw->tokens = (uint32_t)MIN(nw->tokens + more, (uint64_t)NEIGH_SOLICIT_BURST);
	}
	if (!nw->tokens)
		return false;
	nw->tokens--;
	return true;
}

/* At once if nobody else waits for that. */
static void ask_or_wait(struct worker *w, struct neigh_pend *d, const struct neigh_key *k)
{
	struct neigh_worker *nw = worker_of(w);
	if (!d->stranger || (nw->n_unasked == 1 && may_ask_stranger(w, k->family))) {
		ask(w, d, k);
		return;
	}
	if (!timer_is_set(&nw->pace))
		lcore_timer_in(w->lc, &nw->pace, PACE_US);
}

static uint32_t queue_max_bytes(const struct worker *w, const struct neigh_key *k)
{
	const struct iface *i = iface_get(w, k->if_handle);
	return i ? racy_get(i->conf.neigh[neigh_index(k->family)].queue_bytes) : NEIGH_QUEUE_BYTES;
}

/* Whose packet goes when the worker has too many: one for a stranger of who wants most of them. */
static void make_room(struct worker *w, struct neigh_pend *d)
{
	struct neigh_worker *nw = worker_of(w);
	if (!nw->n_strangers || (d->stranger && d->asker == greediest(nw)))
		drop_parked(w, pend_pop(nw, d), DROP_NEIGH_QUEUE_FULL);
	else
		oldest_stranger_goes(w, DROP_NEIGH_QUEUE_FULL);
}

static void park(struct worker *w, struct neigh_pend *d, const struct neigh_key *k, struct pkt *p,
		 uint16_t node)
{
	struct neigh_worker *nw = worker_of(w);
	struct neigh_entry *e = neigh_lookup(w->st, view_get(w, VIEW_neighs), k);
	pkt_park(p, node);
	pkt_queue_push(&d->q, p);
	nw->parked++;
	d->bytes += queue_bytes_of(p);
	while (d->q.n && d->bytes > queue_max_bytes(w, k))
		drop_parked(w, pend_pop(nw, d), DROP_NEIGH_QUEUE_FULL);
	while (d->q.n && nw->parked > NEIGH_WORKER_QUEUE_MAX)
		make_room(w, d);
	if (e)
		racy_set(e->mark[w->index].queued, d->q.n);
}

void neigh_wait(struct worker *w, uint32_t if_handle, uint8_t family, const struct ipaddr *next_hop,
		struct pkt *p, uint16_t node)
{
	const struct neigh_key k = { if_handle, family, *next_hop };
	struct neigh_pend *d = *pend_at(w, &k);
	if (!d) {
		struct ipaddr src = { 0 };
		source_of(p, family, &src);
		d = pend_take(w, &k, &src, asker_of(w, p, family, &src));
		if (!d) {
			graph_drop(w, node, p, DROP_NEIGH_TABLE_FULL);
			return;
		}
		ask_or_wait(w, d, &k);
	} else if (d->asked && w->lc->now_us - d->asked_us >= ASK_AGAIN_US) {
		source_of(p, family, &d->src);
		ask(w, d, &k);
	}
	park(w, d, &k, p, node);
}

/* What was asked for long ago: the question, or the answer, was lost when memory was spent. */
static void ask_again(struct lcore *lc, struct timer *t)
{
	struct neigh_worker *nw = container_of(t, struct neigh_worker, again);
	bool any = false;
	nw->asked_for_more = false;
	for (unsigned b = 0; b < NEIGH_PEND_BUCKETS; b++)
		for (struct neigh_pend *d = nw->bucket[b]; d; d = d->next) {
			const struct neigh_key k = { d->if_handle, d->family, d->addr };
			any = true;
			if (d->asked && lc->now_us - d->asked_us >= ASK_AGAIN_US)
				ask(nw->w, d, &k);
		}
	if (any)
		lcore_timer_in(lc, t, ASK_AGAIN_US);
}

/* Strangers who wait to be asked for, one for each who wants some in turn, and of his those first who have waited longest. */
static void ask_strangers(struct lcore *lc, struct timer *t)
{
	struct neigh_worker *nw = container_of(t, struct neigh_worker, pace);
	while (nw->n_unasked) {
		struct list *line = &nw->unasked_by[nw->turn];
		struct neigh_pend *d = list_empty(line) ? NULL : list_first(line, struct neigh_pend, in_line);
		if (d && !may_ask_stranger(nw->w, d->family))
			break;
		if (d) {
			const struct neigh_key k = { d->if_handle, d->family, d->addr };
			ask(nw->w, d, &k);
		}
		nw->turn = (nw->turn + 1) % NEIGH_ASKERS;
	}
	if (nw->n_unasked)
		lcore_timer_in(lc, t, PACE_US);
}

/* --- what control says --- */

/* Takes the queue for k out of its bucket; NULL when nothing waits. */
static struct neigh_pend *pend_claim(struct worker *w, const struct neigh_key *k)
{
	struct neigh_pend **at = pend_at(w, k), *d = *at;
	struct neigh_entry *e = d ? neigh_lookup(w->st, view_get(w, VIEW_neighs), k) : NULL;
	if (d)
		*at = d->next;
	if (e)
		racy_set(e->mark[w->index].queued, 0);
	return d;
}

void neigh_on_valid(struct lcore *at, const struct msg *m)
{
	struct worker *w = m->arg[0].p;
	struct neigh_worker *nw = worker_of(w);
	uint32_t extra;
	const struct neigh_key k = neigh_key_get(m, &extra);
	struct neigh_pend *d = pend_claim(w, &k);
	if (!d)
		return;
	for (struct pkt *p; (p = pend_pop(nw, d));)
		graph_resume(w, p);
	pend_give(nw, d);
	graph_run(w);
}

/* Who answers is the packet's own protocol: an IPv4 packet may wait for an IPv6 neighbour. */
static void fail_one(struct worker *w, struct pkt *p, enum drop why)
{
	uint8_t family = p->ethertype == ETH_P_IPV6 ? AF_INET6 : AF_INET;
	const struct neigh_proto *proto = rcu_get(neigh_state(w->st)->proto[neigh_index(family)]);
	if (why != DROP_NEIGH_FAILED || !proto || !proto->unreachable) {
		drop_parked(w, p, why);
		return;
	}
	pkt_unpark(p);
	proto->unreachable(w, p);
}

static void pend_fail(struct worker *w, struct neigh_pend *d, enum drop why)
{
	struct neigh_worker *nw = worker_of(w);
	for (struct pkt *p; (p = pend_pop(nw, d));)
		fail_one(w, p, why);
	pend_give(nw, d);
}

void neigh_on_failed(struct lcore *at, const struct msg *m)
{
	struct worker *w = m->arg[0].p;
	uint32_t why;
	const struct neigh_key k = neigh_key_get(m, &why);
	struct neigh_pend *d = pend_claim(w, &k);
	if (!d)
		return;
	pend_fail(w, d, (enum drop)why);
	graph_run(w);
}

/* Every queue of the interface, or of all with handle 0. families: a bit each. */
static void fail_all(struct worker *w, uint32_t if_handle, unsigned families, enum drop why)
{
	struct neigh_worker *nw = worker_of(w);
	neigh_late_drop(w, if_handle, why);
	for (unsigned b = 0; b < NEIGH_PEND_BUCKETS; b++)
		for (struct neigh_pend **at = &nw->bucket[b], *d; (d = *at);) {
			if ((if_handle && d->if_handle != if_handle) ||
			    !(families & 1U << neigh_index(d->family))) {
				at = &d->next;
				continue;
			}
			*at = d->next;
			pend_fail(w, d, why);
		}
}

void neigh_on_iface_gone(struct lcore *at, const struct msg *m)
{
	fail_all(m->arg[0].p, (uint32_t)m->arg[1].u, (unsigned)m->arg[3].u, (enum drop)m->arg[2].u);
}

void neigh_drop_parked(struct worker *w, enum drop why)
{
	fail_all(w, 0, UINT_MAX, why);
}

static void add_chunk(struct neigh_worker *nw, struct neigh_chunk *c)
{
	c->next = nw->chunks;
	nw->chunks = c;
	nw->n_chunks++;
	for (unsigned i = 0; i < NEIGH_PENDS; i++)
		pend_give(nw, &c->pend[i]);
}

void neigh_on_chunk(struct lcore *at, const struct msg *m)
{
	struct neigh_worker *nw = worker_of(m->arg[0].p);
	nw->asked_for_more = false;
	if (m->arg[1].p)
		add_chunk(nw, m->arg[1].p);
}

/* --- module --- */

void neigh_proto_set(struct leat_stack *st, const struct neigh_proto *p)
{
	rcu_set(neigh_state(st)->proto[neigh_index(p->family)], p);
}

void neigh_proto_clear(struct leat_stack *st, uint8_t family)
{
	rcu_set(neigh_state(st)->proto[neigh_index(family)], NULL);
}

static int neigh_worker_init(struct worker *w)
{
	struct neigh_chunk *c = mem_zalloc(&w->st->mem, sizeof *c);
	if (!c)
		return -ENOMEM;
	worker_of(w)->w = w;
	worker_of(w)->tokens = NEIGH_SOLICIT_BURST;
	for (unsigned k = 0; k < NEIGH_ASKERS; k++) {
		list_init(&worker_of(w)->asked[k]);
		list_init(&worker_of(w)->unasked_by[k]);
	}
	timer_init(&worker_of(w)->again, ask_again);
	timer_init(&worker_of(w)->pace, ask_strangers);
	neigh_late_init(worker_of(w));
	add_chunk(worker_of(w), c);
	return 0;
}

static void neigh_drain(struct leat_stack *st)
{
	for (unsigned i = 0; i < st->n_workers; i++) {
		neigh_drop_parked(st->worker[i], DROP_SHUTDOWN);
		lcore_timer_stop(st->worker[i]->lc, &worker_of(st->worker[i])->again);
		lcore_timer_stop(st->worker[i]->lc, &worker_of(st->worker[i])->pace);
	}
}

static void neigh_worker_free(struct worker *w)
{
	struct neigh_worker *nw = worker_of(w);
	while (nw->chunks) {
		struct neigh_chunk *c = nw->chunks;
		nw->chunks = c->next;
		mem_free(c);
	}
}

static void neigh_done(struct leat_stack *st)
{
	hash_done(&neigh_state(st)->table.hash);
	hash_done(&neigh_state(st)->table.proxies);
}

const struct module neigh_module = {
	.name = "neigh",
	.id = MODULE_neigh,
	.knobs = neigh_knobs,
	.netlink = neigh_families,
	.stack_size = sizeof(struct neigh_stack),
	.worker_size = sizeof(struct neigh_worker),
	.init = neigh_table_init,
	.worker_init = neigh_worker_init,
	.unlink = neigh_table_unlink,
	.drain = neigh_drain,
	.worker_free = neigh_worker_free,
	.free = neigh_done,
	.save = neigh_save,
	.restore = neigh_restore,
};

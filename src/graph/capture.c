/* SPDX-License-Identifier: BSD-2-Clause */
/* Both ends of a capture; capture.h has the theory. A record never wraps round the end of its ring: what does not fit in front of it
 * begins at the start, and a record without packet fills the rest. */
#include "graph/capture.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <pcap/pcap.h>
#include <string.h>

#include "base/drop_kind.h"
#include "graph/filter.h"
#include "graph/graph_internal.h"

enum { ADDRESSES = 2 * ETH_ALEN, TAG = 4, FILLER = 0 /* capture_record.what */ };

/* head is the worker's, tail the control lcore's; both only grow. */
struct ring {
	uint64_t seen, lost; /* racy_add by the worker */
	uint64_t lost_before; /* worker: those the next record tells of */
	uint64_t head cacheline_aligned;
	uint64_t tail cacheline_aligned;
	uint64_t shown; /* control lcore: bytes behind tail that are the caller's still */
	uint8_t bytes[] cacheline_aligned;
};

struct capture {
	struct deferred deferred;
	struct list link;
	struct leat_stack *st;
	struct capture_conf conf;
	unsigned n_workers;
	bool ended; /* its stack has taken it off already */
	struct ring *ring[LCORE_MAX - 1];
	struct bpf_insn *prog;
};

/* What a worker goes through: immutable. */
struct captures {
	struct deferred deferred;
	unsigned n;
	uint8_t what; /* of all of them */
	struct capture *at[CAPTURES_MAX];
};

/* --- worker --- */

bool capture_is_on(const struct worker *w)
{
	return rcu_get(graph_worker(w)->captures) != NULL;
}

static struct capture_record *room_for(struct ring *r, uint32_t ring_bytes, uint32_t size)
{
	uint64_t used = r->head - __atomic_load_n(&r->tail, __ATOMIC_ACQUIRE);
	uint32_t at = (uint32_t)(r->head & (ring_bytes - 1)), to_end = ring_bytes - at;
	if (to_end < size) {
		if (used + to_end + size > ring_bytes)
			return NULL;
		*(struct capture_record *)(r->bytes + at) =
			(struct capture_record){ .size = to_end, .what = FILLER };
		__atomic_store_n(&r->head, r->head + to_end, __ATOMIC_RELEASE);
		at = 0;
	} else if (used + size > ring_bytes) {
		return NULL;
	}
	return (struct capture_record *)(r->bytes + at);
}

/* A tag in the descriptor stands in the frame that one sees. */
static uint32_t copy_bytes(const struct pkt *p, uint8_t layer, uint32_t snap, uint8_t *to)
{
	struct cursor c = pkt_cursor(p);
	bool tagged = layer == 2 && p->vlan_proto && p->len >= ADDRESSES;
	uint32_t n = MIN(p->len + (tagged ? (uint32_t)TAG : 0), snap);
	if (!tagged || n < ADDRESSES + TAG) {
		cur_copy(&c, to, n);
		return n;
	}
	const be16 tag[2] = { be16_of(p->vlan_proto), be16_of(p->vlan_tci) };
	cur_copy(&c, to, ADDRESSES);
	memcpy(to + ADDRESSES, tag, sizeof tag);
	cur_copy(&c, to + ADDRESSES + TAG, n - ADDRESSES - TAG);
	return n;
}

static bool put(struct worker *w, struct capture *c, struct ring *r, const struct capture_record *about,
		const struct pkt *p)
{
	uint32_t len = p->len + (about->layer == 2 && p->vlan_proto ? (uint32_t)TAG : 0);
	uint32_t snap = MIN(len, c->conf.snap);
	uint32_t size = (uint32_t)((sizeof *about + snap + 63) & ~(size_t)63);
	struct capture_record *to = room_for(r, c->conf.ring_bytes, size);
	if (!to)
		return false;
	*to = *about;
	to->size = size;
	to->len = len;
	to->time_us = w->lc->now_us;
	to->worker = (uint16_t)w->index;
	to->ethertype = p->ethertype;
	to->lost = r->lost_before;
	to->snap_len = copy_bytes(p, about->layer, snap, (uint8_t *)(to + 1));
	r->lost_before = 0;
	__atomic_store_n(&r->head, r->head + size, __ATOMIC_RELEASE);
	return true;
}

static void take(struct worker *w, struct capture *c, const struct capture_record *about, const struct pkt *p)
{
	struct ring *r = c->ring[w->index];
	if (!match_pkt(c->prog, c->conf.n_insns, p, about->layer == 3))
		return;
	racy_add(r->seen, 1);
	if (put(w, c, r, about, p))
		return;
	racy_add(r->lost, 1);
	r->lost_before++;
}

static bool is_by(const struct capture *c, uint32_t in_if, uint32_t out_if)
{
	return !c->conf.if_handle || c->conf.if_handle == in_if || c->conf.if_handle == out_if;
}

void capture_frames(struct worker *w, enum capture_what what, uint32_t if_handle, struct pkt *const *p,
		    unsigned n)
{
	const struct captures *all = rcu_get(graph_worker(w)->captures);
	struct capture_record about = { .what = (uint8_t)what, .layer = 2 };
	about.in_if = what == CAPTURE_IN ? if_handle : 0;
	about.out_if = what == CAPTURE_OUT ? if_handle : 0;
	if (!all || !(all->what & what))
		return;
	for (unsigned k = 0; k < all->n; k++)
		for (unsigned i = 0; i < n; i++)
			if (all->at[k]->conf.what & what && is_by(all->at[k], if_handle, if_handle))
				take(w, all->at[k], &about, p[i]);
}

static struct capture_record about_pkt(enum capture_what what, unsigned node, const struct pkt *p)
{
	return (struct capture_record){ .what = (uint8_t)what,
					.node = (uint16_t)node,
					.in_if = p->in_if,
					.out_if = p->out_if,
					.drop = what == CAPTURE_DROPS ? p->drop : 0,
					.layer = pkt_layer(p) };
}

void capture_node(struct worker *w, const struct captures *all, const struct pkt_vec *v)
{
	for (unsigned k = 0; all->what & CAPTURE_NODE && k < all->n; k++) {
		struct capture *c = all->at[k];
		if (!(c->conf.what & CAPTURE_NODE) || c->conf.node != v->node)
			continue;
		for (unsigned i = 0; i < v->n; i++) {
			const struct capture_record about = about_pkt(CAPTURE_NODE, v->node, v->pkt[i]);
			if (is_by(c, about.in_if, about.out_if))
				take(w, c, &about, v->pkt[i]);
		}
	}
}

void capture_dropped(struct worker *w, const struct captures *all, unsigned node, struct pkt *const *p,
		     unsigned n)
{
	for (unsigned k = 0; all->what & CAPTURE_DROPS && k < all->n; k++) {
		struct capture *c = all->at[k];
		if (!(c->conf.what & CAPTURE_DROPS) || (c->conf.what & CAPTURE_NODE && c->conf.node != node))
			continue;
		for (unsigned i = 0; i < n; i++) {
			const struct capture_record about = about_pkt(CAPTURE_DROPS, node, p[i]);
			bool shown = c->conf.what & CAPTURE_DONE || !drop_is_done((enum drop)p[i]->drop);
			if (shown && is_by(c, about.in_if, about.out_if))
				take(w, c, &about, p[i]);
		}
	}
}

/* --- control lcore: life --- */

static void captures_free(struct deferred *d)
{
	mem_free(container_of(d, struct captures, deferred));
}

/* The list as it is now, for all workers alike; NULL without captures. */
static int captures_renew(struct leat_stack *st)
{
	struct graph_stack *gs = graph_of(st);
	struct captures *old = (struct captures *)graph_worker(st->worker[0])->captures, *all = NULL;
	struct capture *c;
	if (!list_empty(&gs->captures)) {
		all = mem_zalloc(&st->mem, sizeof *all);
		if (!all)
			return -ENOMEM;
	}
	list_for_each (c, &gs->captures, link) {
		all->what |= c->conf.what;
		all->at[all->n++] = c;
	}
	for (unsigned i = 0; i < st->n_workers; i++)
		rcu_set(graph_worker(st->worker[i])->captures, all);
	if (old)
		rt_defer(st->rt->ctl, st->rt, &old->deferred, captures_free);
	return 0;
}

static void capture_free(struct deferred *d)
{
	struct capture *c = container_of(d, struct capture, deferred);
	for (unsigned i = 0; i < c->n_workers; i++)
		mem_free(c->ring[i]);
	mem_free(c->prog);
	mem_free(c);
}

static struct capture *capture_new(struct leat_stack *st, const struct capture_conf *conf)
{
	struct mem_account *mem = &st->rt->client_mem;
	struct capture *c = mem_zalloc(mem, sizeof *c);
	if (!c)
		return NULL;
	c->st = st;
	c->conf = *conf;
	c->prog = conf->n_insns ? mem_zalloc(mem, conf->n_insns * sizeof *c->prog) : NULL;
	if (c->prog)
		memcpy(c->prog, conf->prog, conf->n_insns * sizeof *c->prog);
	for (; c->n_workers < st->n_workers; c->n_workers++) {
		struct ring *r = mem_zalloc_aligned(mem, sizeof *r + conf->ring_bytes, CACHELINE);
		if (!r || (conf->n_insns && !c->prog)) {
			mem_free(r);
			capture_free(&c->deferred);
			return NULL;
		}
		c->ring[c->n_workers] = r;
	}
	return c;
}

static unsigned count(const struct leat_stack *st)
{
	struct capture *c;
	unsigned n = 0;
	list_for_each (c, &graph_of(st)->captures, link)
		n++;
	return n;
}

int capture_start(struct leat_stack *st, const struct capture_conf *conf, struct capture **ret)
{
	struct capture_conf k = *conf;
	if (!k.prog)
		k.n_insns = 0;
	k.snap = k.snap ? MIN(k.snap, (uint32_t)CAPTURE_SNAP_MAX) : CAPTURE_SNAP_MAX;
	k.ring_bytes = k.ring_bytes ? k.ring_bytes : CAPTURE_RING;
	if ((k.prog && !filter_ok(k.prog, k.n_insns)) || k.ring_bytes & (k.ring_bytes - 1) ||
	    k.ring_bytes < 4096)
		return -EINVAL;
	if (count(st) >= CAPTURES_MAX)
		return -EBUSY;
	struct capture *c = capture_new(st, &k);
	if (!c)
		return -ENOMEM;
	list_append(&graph_of(st)->captures, &c->link);
	int err = captures_renew(st);
	if (err) {
		list_remove(&c->link);
		capture_free(&c->deferred);
		return err;
	}
	*ret = c;
	return 0;
}

/* Without memory for a shorter list nobody is captured for any more, until the next one comes or goes. */
static void forget(struct capture *c)
{
	struct leat_stack *st = c->st;
	list_remove(&c->link);
	if (!captures_renew(st))
		return;
	struct captures *old = (struct captures *)graph_worker(st->worker[0])->captures;
	for (unsigned i = 0; i < st->n_workers; i++)
		rcu_set(graph_worker(st->worker[i])->captures, NULL);
	if (old)
		rt_defer(st->rt->ctl, st->rt, &old->deferred, captures_free);
}

void capture_halt(struct capture *c)
{
	if (!c->ended)
		forget(c);
	c->ended = true;
}

void capture_stop(struct capture *c)
{
	if (!c)
		return;
	capture_halt(c);
	rt_defer(c->st->rt->ctl, c->st->rt, &c->deferred, capture_free);
}

void captures_init(struct leat_stack *st)
{
	list_init(&graph_of(st)->captures);
}

void captures_end(struct leat_stack *st)
{
	struct list *all = &graph_of(st)->captures;
	while (!list_empty(all))
		capture_halt(list_first(all, struct capture, link));
}

/* --- control lcore: reading --- */

static const struct capture_record *oldest_of(struct ring *r, uint32_t ring_bytes)
{
	for (;;) {
		if (__atomic_load_n(&r->head, __ATOMIC_ACQUIRE) == r->tail)
			return NULL;
		const struct capture_record *at = (const void *)(r->bytes + (r->tail & (ring_bytes - 1)));
		if (at->what != FILLER)
			return at;
		__atomic_store_n(&r->tail, r->tail + at->size, __ATOMIC_RELEASE);
	}
}

/* What was shown last goes back to its worker. */
static void give_back(struct capture *c)
{
	for (unsigned i = 0; i < c->n_workers; i++) {
		struct ring *r = c->ring[i];
		if (r->shown)
			__atomic_store_n(&r->tail, r->tail + r->shown, __ATOMIC_RELEASE);
		r->shown = 0;
	}
}

const struct capture_record *capture_next(struct capture *c)
{
	const struct capture_record *ret = NULL;
	struct ring *from = NULL;
	give_back(c);
	for (unsigned i = 0; i < c->n_workers; i++) {
		const struct capture_record *r = oldest_of(c->ring[i], c->conf.ring_bytes);
		if (r && (!ret || r->time_us < ret->time_us)) {
			ret = r;
			from = c->ring[i];
		}
	}
	if (ret)
		from->shown = ret->size;
	return ret;
}

void capture_stats(const struct capture *c, struct capture_stats *ret)
{
	*ret = (struct capture_stats){ 0 };
	for (unsigned i = 0; i < c->n_workers; i++) {
		ret->seen += racy_get(c->ring[i]->seen);
		ret->lost += racy_get(c->ring[i]->lost);
	}
}

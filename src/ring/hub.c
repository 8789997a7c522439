/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: each worker of a stack has a hub, which looks at the submission rings of its threads in each turn. An operation is
 * tried at once where its socket lives. Most are done with that, and their completion is written without anything having been
 * allocated; what has to wait, or to cross to another worker, is kept in an object of the ring's hub, which comes back to it in the end.
 *
 * One producer, one consumer: a ring's entries are written by its thread and read by its worker, completions the other way round; so no
 * lock, and no atomic read-modify-write. A fence stands where somebody may be asleep: once a turn in which completions were written, once
 * a batch that was submitted (app.c).
 *
 * A ring whose completions nobody takes is not asked for more; what completes meanwhile waits in a list. */
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "ring/ring_internal.h"

/* --- completions --- */

static bool has_room(struct leat_ring *r)
{
	if (r->cq_head - r->cq_tail_seen <= r->cq_mask)
		return true;
	r->cq_tail_seen = __atomic_load_n(&r->cq_tail, __ATOMIC_ACQUIRE);
	return r->cq_head - r->cq_tail_seen <= r->cq_mask;
}

static void write_completion(struct leat_ring *r, const struct leat_cqe *e)
{
	struct ring_hub *h = r->hub;
	r->cq[r->cq_head & r->cq_mask] = *e;
	__atomic_store_n(&r->cq_head, r->cq_head + 1, __ATOMIC_RELEASE);
	if (!list_empty(&r->wake))
		return;
	list_append(&h->to_wake, &r->wake);
	lcore_at_turn_end(h->w->lc, &h->wake_end);
}

/* Without memory, too, it is lost; the ring's owner has let a great many lie. */
static void put_late(struct leat_ring *r, const struct leat_cqe *e)
{
	struct ring_late *l = slab_zalloc(&r->hub->lates);
	if (!l) {
		rt_log(r->rt, LOG_ERROR, "ring: a completion is lost: memory is spent, and the ring is full");
		return;
	}
	l->e = *e;
	list_append(&r->late, &l->link);
	racy_set(r->has_late, 1);
}

void ring_put(struct leat_ring *r, const struct leat_cqe *e)
{
	if (list_empty(&r->late) && has_room(r))
		write_completion(r, e);
	else if (!r->ended)
		put_late(r, e);
}

static unsigned put_waiting(struct leat_ring *r)
{
	unsigned n = 0;
	while (!list_empty(&r->late) && has_room(r)) {
		struct ring_late *l = list_first(&r->late, struct ring_late, link);
		write_completion(r, &l->e);
		list_remove(&l->link);
		slab_free(l, place);
		n++;
	}
	racy_set(r->has_late, !list_empty(&r->late));
	return n;
}

static void wake_all(struct turn_end *e, struct lcore *lc)
{
	struct ring_hub *h = container_of(e, struct ring_hub, wake_end);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	while (!list_empty(&h->to_wake)) {
		struct leat_ring *r = list_first(&h->to_wake, struct leat_ring, wake);
		list_remove(&r->wake);
		if (!racy_get(r->waiting))
			continue;
		racy_set(r->waiting, 0);
		(void)!write(r->fd, &(uint64_t){ 1 }, sizeof(uint64_t));
	}
}

/* --- operations on their way --- */

struct ring_op *ring_keep(struct ring_hub *h, struct ring_op *op)
{
	if (op->kept)
		return op;
	struct ring_op *k = slab_zalloc(&h->ops);
	if (!k) {
		ring_finish(h, op, -ENOBUFS);
		return NULL;
	}
	uint16_t place = k->place;
	*k = *op;
	k->place = place;
	k->kept = true;
	list_init(&k->of_sock);
	list_append(&op->ring->ops, &k->of_ring);
	return k;
}

static void post_op(struct lcore *from, struct lcore *to, msg_fn *fn, struct ring_op *op)
{
	const struct msg m = { .fn = fn, .arg = { { .p = op } } };
	if (lcore_post(from, to, &m) || from == from->rt->ctl)
		return;
	op->unsent_fn = fn;
	op->unsent_to = to;
	for (unsigned i = 0; op->ring->hub->all->hub[i]; i++) {
		struct ring_hub *h = op->ring->hub->all->hub[i];
		if (h->w->lc == from)
			list_append(&h->unsent, &op->of_sock);
	}
}

static unsigned send_unsent(struct ring_hub *h)
{
	unsigned n = 0;
	while (!list_empty(&h->unsent)) {
		struct ring_op *op = list_first(&h->unsent, struct ring_op, of_sock);
		const struct msg m = { .fn = op->unsent_fn, .arg = { { .p = op } } };
		if (!lcore_post(h->w->lc, op->unsent_to, &m))
			break;
		list_remove(&op->of_sock);
		n++;
	}
	return n;
}

static struct ring_hub *hub_at(const struct rings *all, const struct lcore *lc)
{
	return all->hub[lc->id];
}

static void run_here(struct lcore *at, const struct msg *m)
{
	struct ring_op *op = m->arg[0].p;
	ring_run(hub_at(op->ring->hub->all, at), op);
}

void ring_send_op(struct lcore *from, struct ring_hub *to, struct ring_op *op)
{
	post_op(from, to->w->lc, run_here, op);
}

void ring_to_ctl(struct ring_hub *h, struct ring_op *op)
{
	op = ring_keep(h, op);
	if (op)
		post_op(h->w->lc, h->w->lc->rt->ctl, ring_ctl_run, op);
}

static void complete(struct ring_op *op, int res)
{
	const struct leat_cqe e = { .user_data = op->e.user_data,
				    .res = res,
				    .flags = op->flags,
				    .data = op->data,
				    .lent = op->lent };
	ring_lend_release(op);
	if (res < 0 || !(op->e.flags & LEAT_QUIET))
		ring_put(op->ring, &e);
}

static void end_kept(struct ring_op *op)
{
	complete(op, op->res);
	list_remove(&op->of_ring);
	slab_free(op, place);
}

static void finish_here(struct lcore *at, const struct msg *m)
{
	end_kept(m->arg[0].p);
}

void ring_finish(struct ring_hub *h, struct ring_op *op, int res)
{
	op->res = res;
	if (!op->kept)
		complete(op, res);
	else if (op->ring->hub == h)
		end_kept(op);
	else
		post_op(h->w->lc, op->ring->hub->w->lc, finish_here, op);
}

void ring_finish_later(struct lcore *from, struct ring_op *op, int res)
{
	op->res = res;
	post_op(from, op->ring->hub->w->lc, finish_here, op);
}

static void more_here(struct lcore *at, const struct msg *m)
{
	const struct leat_cqe e = { .user_data = m->arg[1].u,
				    .res = (int32_t)m->arg[2].u,
				    .flags = LEAT_CQE_MORE };
	ring_put(m->arg[0].p, &e);
}

void ring_more(struct ring_hub *h, const struct ring_op *op, int res)
{
	const struct msg m = { .fn = more_here,
			       .arg = { { .p = op->ring }, { op->e.user_data }, { (uint32_t)res } } };
	if (op->ring->hub == h)
		more_here(h->w->lc, &m);
	else
		lcore_post(h->w->lc, op->ring->hub->w->lc, &m);
}

/* --- submissions --- */

static unsigned drain(struct ring_hub *h, struct leat_ring *r)
{
	uint32_t there = __atomic_load_n(&r->sq_head, __ATOMIC_ACQUIRE) - r->sq_tail;
	unsigned n = 0, late = list_empty(&r->late) ? 0 : put_waiting(r);
	for (; n < MIN(there, (uint32_t)RING_BATCH) && list_empty(&r->late) && has_room(r); n++) {
		struct ring_op op = { .ring = r, .e = r->sq[r->sq_tail & r->sq_mask] };
		__atomic_store_n(&r->sq_tail, r->sq_tail + 1, __ATOMIC_RELEASE);
		ring_begin(h, &op);
	}
	return n + late;
}

static unsigned poll_rings(struct poller *p, struct lcore *lc)
{
	struct ring_hub *h = container_of(p, struct ring_hub, poller);
	unsigned n = list_empty(&h->unsent) ? 0 : send_unsent(h);
	for (struct list *l = h->rings.next; l != &h->rings; l = l->next)
		n += drain(h, list_entry(l, struct leat_ring, link));
	return n;
}

static bool wants_turn(struct leat_ring *r)
{
	bool some = !list_empty(&r->late) || __atomic_load_n(&r->sq_head, __ATOMIC_ACQUIRE) != r->sq_tail;
	return some && has_room(r);
}

/* The last look before the lcore sleeps. A ring that takes no completions is left alone until its thread submits again, or sleeps
 * (app.c, wake_if_stuck()). */
static bool has_more(struct poller *p)
{
	struct ring_hub *h = container_of(p, struct ring_hub, poller);
	for (struct list *l = h->rings.next; l != &h->rings; l = l->next)
		if (wants_turn(list_entry(l, struct leat_ring, link)))
			return true;
	return !list_empty(&h->unsent);
}

/* --- life --- */

static void hub_free(struct ring_hub *h)
{
	if (!h)
		return;
	if (h->poller.poll)
		lcore_poll_remove(h->w->lc, &h->poller);
	if (h->anchor)
		slab_free(h->anchor, place);
	slab_done(&h->ops);
	slab_done(&h->lates);
	ring_table_done(h);
	mem_free(h->scratch);
	mem_free(h);
}

static struct ring_hub *hub_new(struct rings *all, struct worker *w)
{
	struct mem_account *mem = &w->st->mem;
	struct ring_hub *h = mem_zalloc_aligned(mem, sizeof *h, CACHELINE);
	if (!h)
		return NULL;
	h->w = w;
	h->all = all;
	list_init(&h->rings);
	list_init(&h->to_wake);
	list_init(&h->unsent);
	SLAB_INIT(&h->ops, mem, struct ring_op, place);
	SLAB_INIT(&h->lates, mem, struct ring_late, place);
	h->wake_end.fn = wake_all;
	h->scratch = mem_zalloc(mem, RING_DATAGRAM_MAX);
	h->anchor = slab_zalloc(&h->ops);
	if (!h->scratch || !h->anchor) {
		hub_free(h);
		return NULL;
	}
	h->poller.poll = poll_rings;
	h->poller.more = has_more;
	lcore_poll_add(w->lc, &h->poller);
	return h;
}

static void close_all(struct ring_hub *h)
{
	uint32_t at = 0;
	for (struct ring_sock *rs; (rs = ring_sock_next(h, &at));) {
		struct sock *s = rs->s;
		if (rs->l)
			ring_listener_stop(rs->l);
		ring_sock_remove(h, rs);
		sock_close(s);
	}
}

void rings_free(struct rings *all)
{
	if (!all)
		return;
	struct leat_runtime *rt = all->st->rt;
	rt->ops->pause(rt);
	for (unsigned i = 0; all->hub[i]; i++) {
		assert(list_empty(&all->hub[i]->rings));
		close_all(all->hub[i]);
	}
	rt_flush_messages(rt);
	for (unsigned i = 0; all->hub[i]; i++)
		hub_free(all->hub[i]);
	while (!list_empty(&all->listeners)) {
		struct ring_listener *l = list_first(&all->listeners, struct ring_listener, link);
		list_remove(&l->link);
		mem_free(l);
	}
	mem_free(all);
	rt->ops->resume(rt);
}

int rings_new(struct leat_stack *st, struct rings **ret)
{
	struct rings *all = mem_zalloc(&st->mem, sizeof *all);
	if (!all)
		return -ENOMEM;
	all->st = st;
	list_init(&all->listeners);
	st->rt->ops->pause(st->rt);
	for (unsigned i = 0; i < st->n_workers; i++) {
		all->hub[i] = hub_new(all, st->worker[i]);
		if (!all->hub[i]) {
			rings_free(all);
			st->rt->ops->resume(st->rt);
			return -ENOMEM;
		}
	}
	st->rt->ops->resume(st->rt);
	*ret = all;
	return 0;
}

/* --- a ring's life --- */

static void release(struct leat_ring *r)
{
	if (r->fd >= 0)
		close(r->fd);
	mem_free(r->sq);
	mem_free(r->cq);
	mem_free(r->lend);
	free(r->aside);
	mem_free(r);
}

static int allocate(struct mem_account *mem, unsigned entries, unsigned lends, struct leat_ring **ret)
{
	struct leat_ring *r = mem_zalloc_aligned(mem, sizeof *r, CACHELINE);
	if (!r)
		return -ENOMEM;
	r->sq = mem_zalloc_aligned(mem, entries * sizeof *r->sq, CACHELINE);
	r->cq = mem_zalloc_aligned(mem, entries * RING_CQ_FACTOR * sizeof *r->cq, CACHELINE);
	r->lend = mem_zalloc(mem, lends * sizeof *r->lend);
	r->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (r->sq && r->cq && r->lend && r->fd >= 0) {
		*ret = r;
		return 0;
	}
	int err = r->fd < 0 ? -errno : -ENOMEM;
	release(r);
	return err;
}

static void fill(struct leat_ring *r, struct ring_hub *h, unsigned entries, unsigned lends)
{
	r->hub = h;
	r->rt = h->w->st->rt;
	r->sq_mask = entries - 1;
	r->cq_mask = entries * RING_CQ_FACTOR - 1;
	list_init(&r->wake);
	list_init(&r->ops);
	list_init(&r->late);
	r->n_lends = lends;
	for (unsigned i = 0; i < lends; i++)
		r->lend[i].next = i + 1 < lends ? i + 2 : 0;
	r->lend_free = 1;
}

int ring_new(struct rings *all, const struct leat_ring_opts *opts, struct leat_ring **ret)
{
	struct leat_ring_opts o = opts ? *opts : (struct leat_ring_opts){ .worker = -1 };
	unsigned n_workers = all->st->n_workers;
	struct leat_runtime *rt = all->st->rt;
	o.entries = o.entries ? o.entries : RING_ENTRIES;
	o.lends = o.lends ? o.lends : RING_LENDS;
	if (o.entries & (o.entries - 1) || o.entries > RING_ENTRIES_MAX || o.lends > UINT16_MAX ||
	    o.worker >= (int)n_workers)
		return -EINVAL;
	unsigned w = o.worker < 0 ? all->next_hub++ % n_workers : (unsigned)o.worker;
	int err = allocate(&all->st->mem, o.entries, o.lends, ret);
	if (err)
		return err;
	fill(*ret, all->hub[w], o.entries, o.lends);
	rt->ops->pause(rt);
	list_append(&all->hub[w]->rings, &(*ret)->link);
	rt->ops->resume(rt);
	return 0;
}

struct leat_stack *ring_stack(const struct leat_ring *r)
{
	return r->hub->w->st;
}

static void forget_late(struct leat_ring *r)
{
	while (!list_empty(&r->late)) {
		struct ring_late *l = list_first(&r->late, struct ring_late, link);
		list_remove(&l->link);
		slab_free(l, place);
	}
}

static void cancel_all(struct leat_ring *r)
{
	struct ring_op *op, *tmp;
	list_for_each_safe (op, tmp, &r->ops, of_ring)
		if (op->rs)
			ring_end_wait(ring_hub_of(r->hub->all, op->rs->fd), op, -ECANCELED);
		else if (op->e.op == LEAT_OP_TIMEOUT)
			ring_end_wait(r->hub, op, -ECANCELED);
}

/* Nothing new is begun; what is under way between workers comes to where it waits, and is cancelled there. */
bool ring_end(struct leat_ring *r)
{
	struct leat_runtime *rt = r->rt;
	rt->ops->pause(rt);
	r->ended = true;
	racy_set(r->sq_tail, r->sq_head);
	for (unsigned i = 0; i < 3 && !list_empty(&r->ops); i++) {
		rt_flush_messages(rt);
		cancel_all(r);
		ring_abort_lent(r);
	}
	rt_flush_messages(rt);
	bool over = list_empty(&r->ops);
	rt->ops->resume(rt);
	return over;
}

void ring_free(struct leat_ring *r)
{
	struct leat_runtime *rt = r->rt;
	rt->ops->pause(rt);
	assert(list_empty(&r->ops));
	ring_lends_done(r);
	forget_late(r);
	list_remove(&r->wake);
	list_remove(&r->link);
	release(r);
	rt->ops->resume(rt);
}

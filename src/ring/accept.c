/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: connections come to a listener at every worker, and stay where they came to; the operations that accept them wait
 * at the worker at which the listener was opened, its home. A worker to which a connection came tells the home, at the end of its turn;
 * the home sends it the operation that has waited longest, if that is its own worker's business it acts itself. One that accepts a single connection
 * goes over and ends there, or comes back and waits on; of one that accepts many (LEAT_MULTI) only leave goes over to take so many
 * connections for it, so several workers can do so at the same time. Each tells the home when it is done, and whether more are there. */
#include "ring/ring_internal.h"

/* --- where a connection came to --- */

static void write_peer(struct ring_op *op, const struct sock *s)
{
	if (op->e.addr && op->e.ret_len)
		*op->e.ret_len = sock_peer_in_turn(s, op->e.addr, *op->e.ret_len);
}

/* One that came to h: its number, -EAGAIN, or what else keeps it from being made. */
static int accept_one(struct ring_hub *h, const struct ring_listener *l, struct ring_op *op)
{
	struct sock *s;
	if (!ring_sock_has_room(h)) /* it waits on */
		return -ENFILE;
	int err = sock_accept_in_turn(l->s, h->w, &s);
	if (err)
		return err;
	write_peer(op, s);
	return ring_sock_add(h, s)->fd;
}

/* At most so many for one that accepts many: what it ended with. */
static int accept_many(struct ring_hub *h, const struct ring_listener *l, struct ring_op *op, unsigned max)
{
	int res = RING_WAIT;
	for (unsigned i = 0; i < max; i++) {
		res = accept_one(h, l, op);
		if (res < 0)
			break;
		ring_more(h, op, res);
	}
	return res;
}

static void someone_came(struct lcore *at, const struct msg *m);
static void came_back(struct lcore *at, const struct msg *m);

static void tell_home(struct ring_hub *h, const struct ring_listener *l)
{
	const struct msg m = { .fn = someone_came,
			       .arg = { { .p = l->home }, { (uint32_t)l->fd }, { h->w->index } } };
	if (l->s)
		lcore_post(h->w->lc, l->home->w->lc, &m);
}

static void at_turn_end(struct turn_end *e, struct lcore *lc)
{
	const struct ring_listener_at *a = container_of(e, struct ring_listener_at, end);
	struct ring_listener *l = a->l;
	struct ring_sock *rs = l->s && l->home == a->h ? ring_sock_find(a->h, l->fd) : NULL;
	if (!rs) {
		tell_home(a->h, l);
		return;
	}
	l->ready_mask |= 1U << a->h->w->index;
	ring_accept_step(a->h, rs);
}

static void ready(struct sock *s, struct worker *at, void *ctx)
{
	struct ring_listener *l = ctx;
	lcore_at_turn_end(at->lc, &l->at[at->index].end);
}

/* Leave to accept came over. */
static void take_for(struct lcore *at, const struct msg *m)
{
	struct ring_hub *h = m->arg[0].p;
	struct ring_op *op = m->arg[1].p;
	const struct ring_listener *l = m->arg[2].p;
	bool there = l->s && l->gen == m->arg[3].u, many = op->e.flags & LEAT_MULTI;
	int res = !there ? -ECANCELED : many ? accept_many(h, l, op, RING_ACCEPTS) : accept_one(h, l, op);
	struct msg back = { .fn = came_back,
			    .arg = { { .p = m->arg[4].p },
				     { .p = many || res == -EAGAIN ? op : NULL },
				     { m->arg[5].u },
				     { h->w->index },
				     { (uint32_t)res } } };
	if (!many && res != -EAGAIN)
		ring_finish(h, op, res);
	lcore_post(at, ((struct ring_hub *)m->arg[4].p)->w->lc, &back);
}

/* --- at the listener's home --- */

static struct ring_op *next_op(struct ring_sock *rs)
{
	struct ring_op *op;
	list_for_each (op, &rs->ops, of_sock)
		if (op->e.op == LEAT_OP_ACCEPT)
			return op;
	return NULL;
}

static void send_over(struct ring_hub *h, struct ring_sock *rs, struct ring_op *op, unsigned worker)
{
	struct ring_listener *l = rs->l;
	struct ring_hub *to = h->all->hub[worker];
	const struct msg m = {
		.fn = take_for,
		.arg = { { .p = to }, { .p = op }, { .p = l }, { l->gen }, { .p = h }, { (uint32_t)rs->fd } }
	};
	if (op->e.flags & LEAT_MULTI)
		op->out++;
	else
		ring_unwait(h, op);
	l->ready_mask &= ~(1U << worker);
	lcore_post(h->w->lc, to->w->lc, &m);
}

static void accept_own(struct ring_hub *h, struct ring_sock *rs, struct ring_op *op)
{
	bool many = op->e.flags & LEAT_MULTI;
	int res = many ? accept_many(h, rs->l, op, UINT_MAX) : accept_one(h, rs->l, op);
	if (res == -EAGAIN)
		rs->l->ready_mask &= ~(1U << h->w->index);
	else
		ring_end_wait(h, op, res);
}

void ring_accept_step(struct ring_hub *h, struct ring_sock *rs)
{
	uint32_t own = 1U << h->w->index;
	struct ring_op *op;
	while (rs->l->ready_mask && (op = next_op(rs))) {
		if (rs->l->ready_mask & own)
			accept_own(h, rs, op);
		else
			send_over(h, rs, op, (unsigned)__builtin_ctz(rs->l->ready_mask));
	}
	if (rs->waits[RING_DIR_NONE])
		ring_step(h, rs); /* who polls */
}

static void someone_came(struct lcore *at, const struct msg *m)
{
	struct ring_hub *h = m->arg[0].p;
	struct ring_sock *rs = ring_sock_find(h, (int32_t)m->arg[1].u);
	if (!rs || !rs->l)
		return;
	rs->l->ready_mask |= 1U << m->arg[2].u;
	ring_accept_step(h, rs);
}

static void came_back(struct lcore *at, const struct msg *m)
{
	struct ring_hub *h = m->arg[0].p;
	struct ring_op *op = m->arg[1].p;
	struct ring_sock *rs = ring_sock_find(h, (int32_t)m->arg[2].u);
	int res = (int)m->arg[4].u;
	if (rs && rs->l && res != -EAGAIN && res != -ECANCELED)
		rs->l->ready_mask |= 1U << m->arg[3].u;
	if (op && !(op->e.flags & LEAT_MULTI)) {
		ring_run(h, op); /* it waits again, or the listener is gone */
	} else if (op) {
		op->out--;
		if (op->over && !op->out)
			ring_finish(h, op, op->res);
		else if (res < 0 && res != -EAGAIN && !op->over)
			ring_end_wait(h, op, res);
	}
	if (rs && rs->l)
		ring_accept_step(h, rs);
}

int ring_try_accept(struct ring_hub *h, struct ring_sock *rs, struct ring_op *op)
{
	if (!sock_is_stream_type(rs->s))
		return -EOPNOTSUPP;
	if (!rs->l)
		return -EINVAL;
	bool many = op->e.flags & LEAT_MULTI;
	int res = many ? accept_many(h, rs->l, op, UINT_MAX) : accept_one(h, rs->l, op);
	if (res != -EAGAIN)
		return res;
	bool may_wait = !(op->e.arg & MSG_DONTWAIT) && !(op->e.flags & LEAT_NOWAIT);
	return may_wait || rs->l->ready_mask & ~(1U << h->w->index) ? RING_WAIT : res; /* others have some */
}

/* --- life, between turns --- */

struct ring_listener *ring_listener_new(struct rings *all, struct ring_hub *home, struct ring_sock *rs)
{
	struct ring_listener *l, *found = NULL;
	list_for_each (l, &all->listeners, link)
		if (!l->s)
			found = l;
	l = found ? found : mem_zalloc(&all->st->mem, sizeof *l);
	if (!l)
		return NULL;
	if (!found)
		list_append(&all->listeners, &l->link);
	for (unsigned i = 0; all->hub[i]; i++)
		l->at[i] = (struct ring_listener_at){ .end.fn = at_turn_end, .l = l, .h = all->hub[i] };
	l->s = rs->s;
	l->home = home;
	l->fd = rs->fd;
	l->ready_mask = 0;
	sock_on_ready_in_turn(rs->s, ready, l);
	return l;
}

void ring_listener_stop(struct ring_listener *l)
{
	l->s = NULL;
	l->gen++;
}

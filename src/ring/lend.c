/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: bytes that are sent without a copy are a buffer in the operation itself; the operation ends when the last reference
 * to it goes (tcp/lend.c), so what the program was told of is neither retransmitted nor in a device's hands any more. Of what came, the
 * program is lent whole packets: each takes one of the ring's places, of which there are so many (leat_ring_opts.lends), and comes back
 * when all pieces have been given back. An operation for a socket of another worker brings its place along. */
#include "ring/ring_internal.h"

enum { LENT_MAX = 1 << 28 }; /* bytes of one send: sequence numbers are compared on a circle */

/* --- out --- */

static void sent(struct lcore *at, struct buf *b)
{
	struct ring_op *op = b->ctx;
	ring_finish_later(at, op, b->user ? -ECONNRESET : (int)b->size);
}

int ring_try_send_zc(struct ring_hub *h, struct ring_sock *rs, struct ring_op *op)
{
	if (!op->e.len || op->e.len > LENT_MAX)
		return op->e.len ? -EMSGSIZE : 0;
	op->buf = (struct buf){ .mem = op->e.buf,
				.size = (uint32_t)op->e.len,
				.home = (uint16_t)h->w->lc->id,
				.kind = BUF_FOREIGN,
				.refs = 1,
				.release = sent,
				.ctx = op };
	int err = sock_send_lent_in_turn(rs->s, &op->buf);
	if (err == -EAGAIN)
		return op->e.flags & LEAT_NOWAIT ? err : RING_WAIT;
	return err ? err : RING_MOVED;
}

static bool is_of_ring(const struct buf *b, void *ring)
{
	return b->release == sent && ((struct ring_op *)b->ctx)->ring == ring;
}

void ring_abort_lent(struct leat_ring *r)
{
	struct rings *all = r->hub->all;
	struct ring_op *op;
	bool any = false;
	list_for_each (op, &r->ops, of_ring)
		any |= op->e.op == LEAT_OP_SEND_ZC;
	for (unsigned i = 0; any && all->hub[i]; i++)
		tcp_abort_lent(all->hub[i]->w, is_of_ring, r);
}

/* --- places --- */

bool ring_lend_reserve(struct leat_ring *r, struct ring_op *op)
{
	if (op->lend || !r->lend_free)
		return op->lend;
	op->lend = r->lend_free;
	r->lend_free = r->lend[op->lend - 1].next;
	return true;
}

static void free_place(struct leat_ring *r, uint32_t place)
{
	struct ring_lend *l = &r->lend[place - 1];
	l->p = NULL;
	l->next = r->lend_free;
	r->lend_free = place;
}

void ring_lend_release(struct ring_op *op)
{
	if (op->lend)
		free_place(op->ring, op->lend);
	op->lend = 0;
}

void ring_lends_done(struct leat_ring *r)
{
	for (unsigned i = 0; i < r->n_lends; i++)
		pkt_free(r->rt->ctl, r->lend[i].p);
}

/* --- in --- */

/* Bytes [*off, *off + len) of piece i of p; *off goes on to the next piece. */
static struct iovec part_of(const struct pkt *p, unsigned i, uint32_t *off, uint32_t len)
{
	uint8_t *at = i ? p->frags[i - 1].buf->mem + p->frags[i - 1].off : p->data;
	uint32_t there = i ? p->frags[i - 1].len : p->head_len;
	if (*off >= there) {
		*off -= there;
		return (struct iovec){ 0 };
	}
	struct iovec v = { at + *off, MIN(there - *off, len) };
	*off = 0;
	return v;
}

/* A completion for each piece; the last one is left in op. Takes its place. */
static uint32_t lend_pieces(struct ring_op *op, struct pkt *p, uint32_t off, uint32_t len)
{
	struct leat_ring *r = op->ring;
	struct ring_lend *l = &r->lend[op->lend - 1];
	struct leat_cqe e = { .user_data = op->e.user_data, .lent = op->lend };
	l->p = p;
	l->left = 0;
	for (unsigned i = 0; len && i <= p->n_frags; i++) {
		struct iovec v = part_of(p, i, &off, len);
		if (!v.iov_len)
			continue;
		len -= (uint32_t)v.iov_len;
		l->left++;
		e.res = (int32_t)v.iov_len;
		e.data = v.iov_base;
		e.flags = LEAT_CQE_LENT | (len ? LEAT_CQE_MORE : 0);
		if (len)
			ring_put(r, &e);
	}
	op->lend = 0;
	op->flags = e.flags;
	op->data = e.data;
	op->lent = e.lent;
	return (uint32_t)e.res;
}

static void lend_here(struct lcore *at, const struct msg *m)
{
	struct ring_op *op = m->arg[0].p;
	op->res = (int)lend_pieces(op, m->arg[1].p, (uint32_t)m->arg[2].u, (uint32_t)m->arg[3].u);
	ring_finish(op->ring->hub, op, op->res);
}

/* One more follows. */
static void put_left(struct ring_op *op, int res)
{
	const struct leat_cqe e = { .user_data = op->e.user_data,
				    .res = res,
				    .flags = op->flags | LEAT_CQE_MORE,
				    .data = op->data,
				    .lent = op->lent };
	ring_put(op->ring, &e);
	op->flags = 0;
	op->data = NULL;
	op->lent = 0;
}

static int lend_away(struct ring_hub *h, struct ring_op *op, struct pkt *p, uint32_t off, ssize_t n)
{
	const struct msg m = { .fn = lend_here,
			       .arg = { { .p = op }, { .p = p }, { off }, { (uint64_t)n } } };
	if (!lcore_post(h->w->lc, op->ring->hub->w->lc, &m)) {
		pkt_free(h->w->lc, p);
		return -ENOBUFS;
	}
	return RING_MOVED;
}

int ring_try_recv_lend(struct ring_hub *h, struct ring_sock *rs, struct ring_op *op)
{
	bool many = op->e.flags & LEAT_MULTI, here = op->ring->hub == h;
	uint32_t off;
	ssize_t n;
	if (many && !here)
		return -EOPNOTSUPP;
	for (;;) {
		if (here && !ring_lend_reserve(op->ring, op))
			return -ENOBUFS;
		struct pkt *p = sock_recv_lent_in_turn(rs->s, &off, &n);
		if (!p && here)
			ring_lend_release(op);
		if (!p)
			return n == -EAGAIN && !(op->e.flags & LEAT_NOWAIT) ? RING_WAIT : (int)n;
		if (!here)
			return lend_away(h, op, p, off, n);
		int res = (int)lend_pieces(op, p, off, (uint32_t)n);
		if (!many)
			return res;
		put_left(op, res);
	}
}

int ring_try_give_back(struct ring_hub *h, struct ring_sock *rs, struct ring_op *op)
{
	struct leat_ring *r = op->ring;
	struct ring_lend *l = op->e.len - 1 < r->n_lends ? &r->lend[op->e.len - 1] : NULL;
	if (!l || !l->p)
		return -EINVAL;
	if (--l->left)
		return 0;
	pkt_free(h->w->lc, l->p);
	free_place(r, (uint32_t)op->e.len);
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* What becomes of an operation: a table says where each kind is done, and by what. One that would have to wait is kept at its socket, in
 * order, and tried again when the socket has something to tell. What needs more than its worker (names of listed sockets, options) goes
 * to the control lcore, where all workers are held for it. */
#include "ring/ring_internal.h"

const struct ring_row ring_rows[LEAT_OPS] = {
	[LEAT_OP_NOP] = { "nop", .try = ring_try_nop },
	[LEAT_OP_SOCKET] = { "socket", .try = ring_try_open, .ctl = ring_ctl_open },
	[LEAT_OP_BIND] = { "bind", RING_AT_CTL, .ctl = ring_ctl_bind },
	[LEAT_OP_LISTEN] = { "listen", RING_AT_CTL, .ctl = ring_ctl_listen },
	[LEAT_OP_CONNECT] = { "connect", RING_AT_SOCK, RING_DIR_OUT, ring_try_connect, ring_ctl_connect },
	[LEAT_OP_ACCEPT] = { "accept", RING_AT_SOCK, RING_DIR_IN, ring_try_accept },
	[LEAT_OP_SEND] = { "send", RING_AT_SOCK, RING_DIR_OUT, ring_try_send, ring_ctl_sendmsg },
	[LEAT_OP_RECV] = { "recv", RING_AT_SOCK, RING_DIR_IN, ring_try_recv },
	[LEAT_OP_SENDMSG] = { "sendmsg", RING_AT_SOCK, RING_DIR_OUT, ring_try_sendmsg, ring_ctl_sendmsg },
	[LEAT_OP_RECVMSG] = { "recvmsg", RING_AT_SOCK, RING_DIR_IN, ring_try_recvmsg },
	[LEAT_OP_SEND_ZC] = { "send_zc", RING_AT_SOCK, RING_DIR_OUT, ring_try_send_zc, .keep = true },
	[LEAT_OP_RECV_LEND] = { "recv_lend", RING_AT_SOCK, RING_DIR_IN, ring_try_recv_lend },
	[LEAT_OP_GIVE_BACK] = { "give_back", .try = ring_try_give_back },
	[LEAT_OP_SHUTDOWN] = { "shutdown", RING_AT_SOCK, RING_DIR_OUT, ring_try_shutdown, ring_ctl_shutdown },
	[LEAT_OP_CLOSE] = { "close", RING_AT_SOCK, RING_DIR_NONE, ring_try_close, ring_ctl_close },
	[LEAT_OP_POLL] = { "poll", RING_AT_SOCK, RING_DIR_NONE, ring_try_poll },
	[LEAT_OP_CANCEL] = { "cancel", RING_AT_SOCK, RING_DIR_NONE, ring_try_cancel },
	[LEAT_OP_TIMEOUT] = { "timeout", .try = ring_try_timeout, .keep = true },
	[LEAT_OP_SETSOCKOPT] = { "setsockopt", RING_AT_SOCK, RING_DIR_NONE, ring_try_set, ring_ctl_set },
	[LEAT_OP_GETSOCKOPT] = { "getsockopt", RING_AT_SOCK, RING_DIR_NONE, ring_try_get, ring_ctl_get },
	[LEAT_OP_GETSOCKNAME] = { "getsockname", RING_AT_CTL, .ctl = ring_ctl_name },
	[LEAT_OP_GETPEERNAME] = { "getpeername", RING_AT_CTL, .ctl = ring_ctl_peer },
};

/* --- waiting --- */

static void too_late(struct lcore *lc, struct timer *t)
{
	struct ring_op *op = container_of(t, struct ring_op, timer);
	struct ring_hub *h = op->ring->hub->all->hub[lc->id];
	ring_give_up(h, op, -ETIME);
}

static void wait(struct ring_hub *h, struct ring_sock *rs, struct ring_op *op)
{
	op = ring_keep(h, op);
	if (!op)
		return;
	op->rs = rs;
	list_append(&rs->ops, &op->of_sock);
	rs->waits[ring_row(op)->dir]++;
	timer_init(&op->timer, too_late);
	if (op->e.timeout_us)
		lcore_timer_in(h->w->lc, &op->timer, op->e.timeout_us);
	if (rs->l)
		ring_accept_step(h, rs);
}

void ring_unwait(struct ring_hub *h, struct ring_op *op)
{
	if (op->rs) {
		op->rs->waits[ring_row(op)->dir]--;
		list_remove(&op->of_sock);
	}
	op->rs = NULL;
	lcore_timer_stop(h->w->lc, &op->timer);
}

/* An accepting one that has gone to other workers ends when they are done. */
void ring_end_wait(struct ring_hub *h, struct ring_op *op, int res)
{
	ring_unwait(h, op);
	op->res = res;
	if (op->out)
		op->over = true;
	else
		ring_finish(h, op, res);
}

void ring_give_up(struct ring_hub *h, struct ring_op *op, int err)
{
	uint64_t n = op->done;
	if (op->rs && ring_row(op)->dir == RING_DIR_OUT)
		n += sock_sent_untold_in_turn(op->rs->s);
	ring_end_wait(h, op, n ? (int)n : err);
}

void ring_step(struct ring_hub *h, struct ring_sock *rs)
{
	bool blocked[RING_DIRS] = { false };
	struct ring_op *op, *tmp;
	list_for_each_safe (op, tmp, &rs->ops, of_sock) {
		enum ring_dir dir = ring_row(op)->dir;
		if (dir && blocked[dir])
			continue;
		int res = ring_row(op)->try(h, rs, op);
		if (res == RING_WAIT)
			blocked[dir] = true;
		else if (res == RING_MOVED)
			ring_unwait(h, op);
		else
			ring_end_wait(h, op, res);
	}
}

void ring_ready(struct sock *s, struct worker *at, void *ctx)
{
	struct ring_sock *rs = ctx;
	ring_step(rs->hub, rs);
}

/* --- the way of an operation --- */

static bool may_not_wait(const struct ring_op *op)
{
	return op->e.arg & MSG_DONTWAIT || op->e.flags & LEAT_NOWAIT;
}

static void act(struct ring_hub *h, struct ring_sock *rs, struct ring_op *op)
{
	const struct ring_row *row = ring_row(op);
	if (row->keep)
		op = ring_keep(h, op);
	if (!op)
		return;
	bool queue = rs && row->dir && rs->waits[row->dir];
	int res = !queue ? row->try(h, rs, op) : may_not_wait(op) ? -EAGAIN : RING_WAIT;
	if (res == RING_WAIT)
		wait(h, rs, op);
	else if (res == RING_CTL)
		ring_to_ctl(h, op);
	else if (res != RING_MOVED)
		ring_finish(h, op, res);
}

static void forward(struct ring_hub *h, struct ring_op *op)
{
	struct ring_hub *to = ring_hub_of(h->all, op->e.fd);
	if (op->e.op == LEAT_OP_RECV_LEND && op->ring->hub == h && !ring_lend_reserve(op->ring, op)) {
		ring_finish(h, op, -ENOBUFS);
		return;
	}
	op = ring_keep(h, op);
	if (op)
		ring_send_op(h->w->lc, to, op);
}

void ring_run(struct ring_hub *h, struct ring_op *op)
{
	struct ring_sock *rs = ring_sock_find(h, op->e.fd);
	if (!rs) {
		ring_finish(h, op, -EBADF);
		return;
	}
	if (!rs->moved) {
		act(h, rs, op);
		return;
	}
	op->e.fd = rs->moved;
	if (op->e.op == LEAT_OP_CLOSE)
		ring_sock_remove(h, rs);
	forward(h, op);
}

void ring_begin(struct ring_hub *h, struct ring_op *op)
{
	const struct ring_row *row = op->e.op < LEAT_OPS ? ring_row(op) : NULL;
	if (!row || !row->name) {
		ring_finish(h, op, -EINVAL);
		return;
	}
	if (row->where == RING_AT_CTL) {
		ring_to_ctl(h, op);
		return;
	}
	if (row->where == RING_AT_RING || (op->e.op == LEAT_OP_CANCEL && op->e.fd < 0)) {
		act(h, NULL, op);
		return;
	}
	struct ring_hub *to = ring_hub_of(h->all, op->e.fd);
	if (!to)
		ring_finish(h, op, -EBADF);
	else if (to == h)
		ring_run(h, op);
	else
		forward(h, op);
}

/* --- those that are about operations --- */

int ring_try_nop(struct ring_hub *h, struct ring_sock *rs, struct ring_op *op)
{
	return 0;
}

static void time_is_up(struct lcore *lc, struct timer *t)
{
	struct ring_op *op = container_of(t, struct ring_op, timer);
	ring_finish(op->ring->hub, op, -ETIME);
}

int ring_try_timeout(struct ring_hub *h, struct ring_sock *rs, struct ring_op *op)
{
	if (!op->e.timeout_us)
		return -ETIME;
	timer_init(&op->timer, time_is_up);
	lcore_timer_in(h->w->lc, &op->timer, op->e.timeout_us);
	return RING_MOVED;
}

static int cancel_timeouts(struct ring_hub *h, struct leat_ring *r, uint64_t user_data)
{
	struct ring_op *op, *tmp;
	int n = 0;
	list_for_each_safe (op, tmp, &r->ops, of_ring) {
		if (op->e.op != LEAT_OP_TIMEOUT || op->e.user_data != user_data)
			continue;
		ring_end_wait(h, op, -ECANCELED);
		n++;
	}
	return n ? n : -ENOENT;
}

int ring_try_cancel(struct ring_hub *h, struct ring_sock *rs, struct ring_op *op)
{
	uint64_t user_data = (uintptr_t)op->e.buf;
	struct ring_op *o, *tmp;
	int n = 0;
	if (!rs)
		return cancel_timeouts(h, op->ring, user_data);
	list_for_each_safe (o, tmp, &rs->ops, of_sock) {
		if (o->ring != op->ring || o->e.user_data != user_data)
			continue;
		ring_give_up(h, o, -ECANCELED);
		n++;
	}
	return n ? n : -ENOENT;
}

/* What is listed is the control lcore's to close; nobody here finds it from now on. */
int ring_try_close(struct ring_hub *h, struct ring_sock *rs, struct ring_op *op)
{
	struct sock *s = rs->s;
	while (!list_empty(&rs->ops))
		ring_give_up(h, list_first(&rs->ops, struct ring_op, of_sock), -ECANCELED);
	bool unlisted = sock_is_unlisted(s);
	op->e.addr = rs->l;
	op->e.buf = s;
	ring_sock_remove(h, rs);
	if (!unlisted)
		return RING_CTL;
	sock_close_in_turn(s);
	return 0;
}

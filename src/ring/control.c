/* SPDX-License-Identifier: BSD-2-Clause */
/* What takes more than one worker: it is done on the control lcore, with every worker between turns. */
#include "ring/ring_internal.h"

static struct ring_sock *find(const struct rings *all, struct ring_op *op, struct ring_hub **ret_hub)
{
	struct ring_hub *h = ring_hub_of(all, op->e.fd);
	struct ring_sock *rs = h ? ring_sock_find(h, op->e.fd) : NULL;
	if (rs && rs->moved) {
		op->e.fd = rs->moved;
		return find(all, op, ret_hub);
	}
	*ret_hub = h;
	return rs;
}

void ring_ctl_run(struct lcore *at, const struct msg *m)
{
	struct ring_op *op = m->arg[0].p;
	struct rings *all = op->ring->hub->all;
	struct leat_runtime *rt = at->rt;
	struct ring_hub *h;
	bool no_sock = op->e.op == LEAT_OP_SOCKET || op->e.op == LEAT_OP_CLOSE;
	rt->ops->pause(rt);
	struct ring_sock *rs = no_sock ? NULL : find(all, op, &h);
	int res = rs || no_sock ? ring_row(op)->ctl(all, rs, op) : -EBADF;
	rt->ops->resume(rt);
	if (res == RING_MOVED)
		ring_send_op(at, ring_hub_of(all, op->e.fd), op);
	else
		ring_finish_later(at, op, res);
}

/* --- life --- */

int ring_ctl_open(struct rings *all, struct ring_sock *none, struct ring_op *op)
{
	struct ring_hub *h = op->ring->hub;
	struct sock *s;
	int err = sock_open(all->st, op->e.fd, (int)op->e.arg, op->e.arg2, NULL, &s);
	if (err)
		return err;
	sock_set_home(s, h->w);
	struct ring_sock *rs = ring_sock_add(h, s);
	if (rs)
		return rs->fd;
	sock_close(s);
	return -ENFILE;
}

/* Its number is nobody's any more: ring_try_close(). */
int ring_ctl_close(struct rings *all, struct ring_sock *none, struct ring_op *op)
{
	if (op->e.addr)
		ring_listener_stop(op->e.addr);
	sock_close(op->e.buf);
	return 0;
}

/* --- names --- */

int ring_ctl_bind(struct rings *all, struct ring_sock *rs, struct ring_op *op)
{
	return sock_bind(rs->s, op->e.addr, (socklen_t)op->e.addr_len);
}

int ring_ctl_listen(struct rings *all, struct ring_sock *rs, struct ring_op *op)
{
	int err = sock_listen(rs->s, (int)op->e.arg);
	if (err || rs->l)
		return err;
	rs->l = ring_listener_new(all, ring_hub_of(all, rs->fd), rs);
	return rs->l ? 0 : -ENOMEM;
}

/* What waits goes along. */
static void move_ops(struct leat_runtime *rt, struct ring_sock *from, struct ring_sock *to)
{
	while (!list_empty(&from->ops)) {
		struct ring_op *op = list_first(&from->ops, struct ring_op, of_sock);
		ring_unwait(from->hub, op);
		op->e.fd = to->fd;
		if (op->e.op == LEAT_OP_RECV_LEND && !ring_lend_reserve(op->ring, op))
			ring_finish_later(rt->ctl, op, -ENOBUFS);
		else
			ring_send_op(rt->ctl, to->hub, op);
	}
}

/* The flow of one that was bound may be another worker's: there it goes on, and its number leads there. */
static int move(struct rings *all, struct ring_sock *rs, struct ring_op *op)
{
	struct ring_hub *to = all->hub[sock_home(rs->s)->index];
	struct ring_sock *now = ring_sock_add(to, rs->s);
	if (!now)
		return -ENFILE;
	rs->moved = now->fd;
	rs->s = NULL;
	move_ops(all->st->rt, rs, now);
	op->e.fd = now->fd;
	return 0;
}

int ring_ctl_connect(struct rings *all, struct ring_sock *rs, struct ring_op *op)
{
	int err = sock_connect(rs->s, op->e.addr, (socklen_t)op->e.addr_len);
	if (err != -EINPROGRESS)
		return err;
	op->begun = true;
	err = 0;
	if (ring_hub_of(all, rs->fd)->w != sock_home(rs->s))
		err = move(all, rs, op);
	return err ? err : RING_MOVED;
}

int ring_ctl_name(struct rings *all, struct ring_sock *rs, struct ring_op *op)
{
	return sock_getsockname(rs->s, op->e.addr, op->e.ret_len);
}

int ring_ctl_peer(struct rings *all, struct ring_sock *rs, struct ring_op *op)
{
	return sock_getpeername(rs->s, op->e.addr, op->e.ret_len);
}

int ring_ctl_shutdown(struct rings *all, struct ring_sock *rs, struct ring_op *op)
{
	return sock_shutdown(rs->s, (int)op->e.arg);
}

/* --- a datagram from one that has no port yet --- */

int ring_ctl_sendmsg(struct rings *all, struct ring_sock *rs, struct ring_op *op)
{
	struct sockaddr_in6 any = { 0 };
	socklen_t len = sizeof any;
	sock_getsockname(rs->s, (struct sockaddr *)&any, &len);
	int err = sock_bind(rs->s, (struct sockaddr *)&any, len);
	return err ? err : RING_MOVED;
}

/* --- options --- */

int ring_ctl_set(struct rings *all, struct ring_sock *rs, struct ring_op *op)
{
	return sock_setsockopt(rs->s, (int)op->e.arg, op->e.arg2, op->e.buf, (socklen_t)op->e.len);
}

int ring_ctl_get(struct rings *all, struct ring_sock *rs, struct ring_op *op)
{
	return sock_getsockopt(rs->s, (int)op->e.arg, op->e.arg2, op->e.buf, op->e.ret_len);
}

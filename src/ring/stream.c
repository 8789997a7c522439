/* SPDX-License-Identifier: BSD-2-Clause */
/* Operations that a socket's worker does in its turn. Each is tried from where it got to: op->done. */
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/uio.h>

#include "ring/ring_internal.h"

static bool may_wait(const struct ring_op *op)
{
	return !(op->e.arg & MSG_DONTWAIT) && !(op->e.flags & LEAT_NOWAIT);
}

static int result_of(const struct ring_op *op, ssize_t n)
{
	if (op->done)
		return (int)op->done;
	return (int)n;
}

/* --- opening, connecting --- */

int ring_try_open(struct ring_hub *h, struct ring_sock *rs, struct ring_op *op)
{
	struct sock *s;
	int err = sock_open_in_turn(h->w, op->e.fd, (int)op->e.arg, op->e.arg2, NULL, &s);
	if (err)
		return err == -EOPNOTSUPP ? RING_CTL : err;
	rs = ring_sock_add(h, s);
	if (rs)
		return rs->fd;
	sock_close_in_turn(s);
	return -ENFILE;
}

int ring_try_connect(struct ring_hub *h, struct ring_sock *rs, struct ring_op *op)
{
	if (!op->begun && !sock_is_unlisted(rs->s))
		return RING_CTL;
	int err = sock_connect_in_turn(rs->s, op->e.addr, (socklen_t)op->e.addr_len);
	bool ours = op->begun || err == -EINPROGRESS;
	op->begun = ours;
	return err == -EINPROGRESS || (ours && err == -EALREADY) ? RING_WAIT : err;
}

int ring_try_shutdown(struct ring_hub *h, struct ring_sock *rs, struct ring_op *op)
{
	if (rs->l || !sock_is_stream_type(rs->s))
		return RING_CTL;
	return sock_shutdown_in_turn(rs->s, (int)op->e.arg);
}

/* --- bytes --- */

static bool is_stream(const struct ring_sock *rs)
{
	return sock_is_stream_type(rs->s);
}

/* One piece of a stream (to: whom Fast Open calls), from op->done on, which began at byte `at` of them all. True: go on with the next one. */
static bool send_piece(struct ring_sock *rs, struct ring_op *op, const struct msghdr *to,
		       const struct iovec *v, uint64_t at, bool more, ssize_t *ret)
{
	int flags = (int)op->e.arg | (more ? MSG_MORE : 0);
	if (op->done)
		flags &= ~MSG_FASTOPEN; /* what was begun goes on */
	while (op->done < at + v->iov_len) {
		uint64_t off = op->done - at;
		const struct sock_msg m = { .buf = (char *)v->iov_base + off,
					    .len = v->iov_len - off,
					    .name = to ? to->msg_name : NULL,
					    .name_len = to && to->msg_name ? to->msg_namelen : 0,
					    .waits = may_wait(op) };
		ssize_t n = sock_sendmsg_in_turn(rs->s, &m, flags);
		*ret = n;
		if (n <= 0)
			return false;
		op->done += (uint64_t)n;
		flags &= ~MSG_FASTOPEN;
	}
	return true;
}

static int send_stream(struct ring_sock *rs, struct ring_op *op, const struct msghdr *to,
		       const struct iovec *v, size_t n_pieces)
{
	uint64_t at = 0;
	ssize_t n = 0;
	for (size_t i = 0; i < n_pieces; at += v[i++].iov_len) {
		if (op->done >= at + v[i].iov_len || send_piece(rs, op, to, &v[i], at, i + 1 < n_pieces, &n))
			continue;
		return n == -EAGAIN && may_wait(op) ? RING_WAIT : result_of(op, n);
	}
	return result_of(op, 0);
}

/* As send_piece(). False, with *ret > 0: it is enough. */
static bool recv_piece(struct ring_sock *rs, struct ring_op *op, const struct iovec *v, uint64_t at,
		       int flags, bool all, ssize_t *ret)
{
	while (op->done < at + v->iov_len) {
		uint64_t off = op->done - at;
		struct sock_msg m = { .buf = (char *)v->iov_base + off, .len = v->iov_len - off };
		ssize_t n = sock_recvmsg_in_turn(rs->s, &m, flags);
		*ret = n;
		if (n <= 0)
			return false;
		op->done += (uint64_t)n;
		if (flags & MSG_PEEK || (!all && op->done < at + v->iov_len))
			return false;
	}
	return true;
}

static int recv_stream(struct ring_sock *rs, struct ring_op *op, const struct iovec *v, size_t n_pieces)
{
	int flags = (int)op->e.arg & ~MSG_WAITALL;
	bool all = op->e.arg & MSG_WAITALL && !(flags & MSG_PEEK);
	uint64_t at = 0;
	ssize_t n = 0;
	for (size_t i = 0; i < n_pieces; at += v[i++].iov_len) {
		if (op->done >= at + v[i].iov_len || recv_piece(rs, op, &v[i], at, flags, all, &n))
			continue;
		if (n == -EAGAIN && (!op->done || all) && may_wait(op))
			return RING_WAIT;
		return result_of(op, n);
	}
	return result_of(op, 0);
}

int ring_try_send(struct ring_hub *h, struct ring_sock *rs, struct ring_op *op)
{
	const struct iovec v = { op->e.buf, op->e.len };
	const struct msghdr to = { .msg_name = op->e.addr,
				   .msg_namelen = op->e.addr ? (socklen_t)op->e.addr_len : 0 };
	if (is_stream(rs))
		return send_stream(rs, op, &to, &v, 1);
	if (!sock_has_port(rs->s))
		return RING_CTL;
	const struct sock_msg m = { .buf = op->e.buf,
				    .len = op->e.len,
				    .name = op->e.addr,
				    .name_len = op->e.addr ? (socklen_t)op->e.addr_len : 0 };
	return (int)sock_sendmsg_in_turn(rs->s, &m, (int)op->e.arg);
}

int ring_try_recv(struct ring_hub *h, struct ring_sock *rs, struct ring_op *op)
{
	const struct iovec v = { op->e.buf, op->e.len };
	if (is_stream(rs))
		return recv_stream(rs, op, &v, 1);
	struct sock_msg m = { .buf = op->e.buf,
			      .len = op->e.len,
			      .name = op->e.addr,
			      .name_len = op->e.addr && op->e.ret_len ? *op->e.ret_len : 0 };
	ssize_t n = sock_recvmsg_in_turn(rs->s, &m, (int)op->e.arg);
	if (n == -EAGAIN && may_wait(op))
		return RING_WAIT;
	if (n >= 0 && op->e.addr && op->e.ret_len)
		*op->e.ret_len = m.name_len;
	return (int)n;
}

/* --- struct msghdr --- */

/* A datagram of several pieces is brought together. */
static int gather(struct ring_hub *h, const struct msghdr *m, struct sock_msg *ret)
{
	size_t len = 0;
	if (m->msg_iovlen == 1) {
		ret->buf = m->msg_iov->iov_base;
		ret->len = m->msg_iov->iov_len;
		return 0;
	}
	for (size_t i = 0; i < m->msg_iovlen; i++) {
		if (m->msg_iov[i].iov_len > RING_DATAGRAM_MAX - len)
			return -EMSGSIZE;
		memcpy(h->scratch + len, m->msg_iov[i].iov_base, m->msg_iov[i].iov_len);
		len += m->msg_iov[i].iov_len;
	}
	ret->buf = h->scratch;
	ret->len = len;
	return 0;
}

static void scatter(const struct msghdr *m, const uint8_t *from, size_t len)
{
	for (size_t i = 0; i < m->msg_iovlen && len; i++) {
		size_t n = MIN(len, m->msg_iov[i].iov_len);
		memcpy(m->msg_iov[i].iov_base, from, n);
		from += n;
		len -= n;
	}
}

static size_t room_in(const struct msghdr *m)
{
	size_t len = 0;
	for (size_t i = 0; i < m->msg_iovlen; i++)
		len += m->msg_iov[i].iov_len;
	return len;
}

int ring_try_sendmsg(struct ring_hub *h, struct ring_sock *rs, struct ring_op *op)
{
	const struct msghdr *m = op->e.buf;
	if (is_stream(rs))
		return send_stream(rs, op, m, m->msg_iov, m->msg_iovlen);
	if (!sock_has_port(rs->s))
		return RING_CTL;
	struct sock_msg s = { .name = m->msg_name,
			      .name_len = m->msg_name ? m->msg_namelen : 0,
			      .control = m->msg_control,
			      .control_len = m->msg_controllen };
	int err = gather(h, m, &s);
	return err ? err : (int)sock_sendmsg_in_turn(rs->s, &s, (int)op->e.arg);
}

static int recv_one(struct ring_hub *h, struct ring_sock *rs, struct ring_op *op, struct msghdr *m)
{
	bool direct = m->msg_iovlen == 1;
	struct sock_msg s = { .buf = direct ? m->msg_iov->iov_base : h->scratch,
			      .len = direct ? m->msg_iov->iov_len
					    : MIN(room_in(m), (size_t)RING_DATAGRAM_MAX),
			      .name = m->msg_name,
			      .name_len = m->msg_name ? m->msg_namelen : 0,
			      .control = m->msg_control,
			      .control_len = m->msg_controllen };
	ssize_t n = sock_recvmsg_in_turn(rs->s, &s, (int)op->e.arg);
	if (n < 0)
		return (int)n;
	if (!direct)
		scatter(m, h->scratch, MIN((size_t)n, s.len));
	m->msg_namelen = s.name_len;
	m->msg_controllen = s.control_len;
	m->msg_flags = s.flags;
	return (int)n;
}

int ring_try_recvmsg(struct ring_hub *h, struct ring_sock *rs, struct ring_op *op)
{
	struct msghdr *m = op->e.buf;
	if (is_stream(rs) && !(op->e.arg & MSG_ERRQUEUE)) {
		int n = recv_stream(rs, op, m->msg_iov, m->msg_iovlen);
		if (n >= 0 && n != RING_WAIT)
			m->msg_namelen = 0, m->msg_controllen = 0, m->msg_flags = 0;
		return n;
	}
	int n = recv_one(h, rs, op, m);
	return n == -EAGAIN && may_wait(op) ? RING_WAIT : n;
}

/* --- readiness --- */

int ring_try_poll(struct ring_hub *h, struct ring_sock *rs, struct ring_op *op)
{
	uint32_t events = sock_poll_in_turn(rs->s) & (op->e.arg | EPOLLERR | EPOLLHUP);
	if (!events && op->e.flags & LEAT_NOWAIT)
		return 0;
	if (!events) {
		if (op->e.arg & EPOLLOUT)
			sock_want_room_in_turn(rs->s);
		return RING_WAIT;
	}
	if (!(op->e.flags & LEAT_MULTI))
		return (int)events;
	ring_more(h, op, (int)events);
	return RING_WAIT;
}

/* --- options that TCP alone acts by --- */

static bool is_tcps(const struct ring_sock *rs, const struct ring_op *op)
{
	return is_stream(rs) && op->e.arg == IPPROTO_TCP && sock_is_unlisted(rs->s);
}

int ring_try_set(struct ring_hub *h, struct ring_sock *rs, struct ring_op *op)
{
	if (!is_tcps(rs, op))
		return RING_CTL;
	return sock_setsockopt_in_turn(rs->s, op->e.arg2, op->e.buf, (socklen_t)op->e.len);
}

int ring_try_get(struct ring_hub *h, struct ring_sock *rs, struct ring_op *op)
{
	if (!is_tcps(rs, op))
		return RING_CTL;
	return sock_getsockopt_in_turn(rs->s, op->e.arg2, op->e.buf, op->e.ret_len);
}

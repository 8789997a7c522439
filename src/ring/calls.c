/* SPDX-License-Identifier: BSD-2-Clause */
/* The blocking layer (leat/socket.h): one operation, one completion waited for. */
#include <sched.h>

#include "leat/socket.h"
#include "ring/ring_internal.h"

enum { OWN_SHIFT = 48 };
#define OWN (UINT64_C(0xffff) << OWN_SHIFT)

/* n numbers in a row. */
static uint64_t next_numbers(struct leat_ring *r, unsigned n)
{
	uint64_t first = OWN | r->blocking;
	r->blocking += n;
	return first;
}

/* A full ring is read by its worker in its next turn, unless completions are in its way, which are put aside. */
static struct leat_sqe *entry(struct leat_ring *r, enum leat_op op, int fd, uint64_t user_data)
{
	struct leat_sqe *e;
	while (!(e = leat_put(r, op, fd, user_data))) {
		leat_submit(r);
		ring_put_aside(r);
		sched_yield();
	}
	return e;
}

static int wait_for(struct leat_ring *r, struct leat_sqe *e)
{
	uint64_t n = e->user_data;
	struct leat_cqe c;
	leat_submit(r);
	while (ring_take(r, n, n, -1, &c))
		;
	return c.res;
}

static struct leat_sqe *patient(struct leat_ring *r, enum leat_op op, int fd)
{
	struct leat_sqe *e = entry(r, op, fd, next_numbers(r, 1));
	e->timeout_us = r->patience_us;
	return e;
}

void leat_patience(struct leat_ring *r, uint64_t timeout_us)
{
	r->patience_us = timeout_us;
}

/* --- life and names --- */

int leat_socket(struct leat_ring *r, int domain, int type, int protocol)
{
	struct leat_sqe *e = patient(r, LEAT_OP_SOCKET, domain);
	e->arg = (uint32_t)type;
	e->arg2 = protocol;
	return wait_for(r, e);
}

static int with_name(struct leat_ring *r, enum leat_op op, int fd, const struct sockaddr *addr, socklen_t len)
{
	struct leat_sqe *e = patient(r, op, fd);
	e->addr = (void *)addr;
	e->addr_len = len;
	return wait_for(r, e);
}

static int for_name(struct leat_ring *r, enum leat_op op, int fd, struct sockaddr *addr, socklen_t *len)
{
	struct leat_sqe *e = patient(r, op, fd);
	e->addr = addr;
	e->ret_len = len;
	return wait_for(r, e);
}

int leat_bind(struct leat_ring *r, int fd, const struct sockaddr *addr, socklen_t len)
{
	return with_name(r, LEAT_OP_BIND, fd, addr, len);
}

int leat_connect(struct leat_ring *r, int fd, const struct sockaddr *addr, socklen_t len)
{
	return with_name(r, LEAT_OP_CONNECT, fd, addr, len);
}

int leat_accept(struct leat_ring *r, int fd, struct sockaddr *addr, socklen_t *len)
{
	return for_name(r, LEAT_OP_ACCEPT, fd, addr, len);
}

int leat_getsockname(struct leat_ring *r, int fd, struct sockaddr *addr, socklen_t *len)
{
	return for_name(r, LEAT_OP_GETSOCKNAME, fd, addr, len);
}

int leat_getpeername(struct leat_ring *r, int fd, struct sockaddr *addr, socklen_t *len)
{
	return for_name(r, LEAT_OP_GETPEERNAME, fd, addr, len);
}

static int with_number(struct leat_ring *r, enum leat_op op, int fd, uint32_t arg)
{
	struct leat_sqe *e = patient(r, op, fd);
	e->arg = arg;
	return wait_for(r, e);
}

int leat_listen(struct leat_ring *r, int fd, int backlog)
{
	return with_number(r, LEAT_OP_LISTEN, fd, (uint32_t)backlog);
}

int leat_shutdown(struct leat_ring *r, int fd, int how)
{
	return with_number(r, LEAT_OP_SHUTDOWN, fd, (uint32_t)how);
}

int leat_close(struct leat_ring *r, int fd)
{
	return with_number(r, LEAT_OP_CLOSE, fd, 0);
}

/* --- bytes --- */

static struct leat_sqe *with_bytes(struct leat_ring *r, enum leat_op op, int fd, const void *buf, size_t len,
				   int flags)
{
	struct leat_sqe *e = patient(r, op, fd);
	e->buf = (void *)buf;
	e->len = len;
	e->arg = (uint32_t)flags;
	return e;
}

ssize_t leat_send(struct leat_ring *r, int fd, const void *buf, size_t len, int flags)
{
	return wait_for(r, with_bytes(r, LEAT_OP_SEND, fd, buf, len, flags));
}

ssize_t leat_recv(struct leat_ring *r, int fd, void *buf, size_t len, int flags)
{
	return wait_for(r, with_bytes(r, LEAT_OP_RECV, fd, buf, len, flags));
}

ssize_t leat_sendto(struct leat_ring *r, int fd, const void *buf, size_t len, int flags,
		    const struct sockaddr *to, socklen_t to_len)
{
	struct leat_sqe *e = with_bytes(r, LEAT_OP_SEND, fd, buf, len, flags);
	e->addr = (void *)to;
	e->addr_len = to_len;
	return wait_for(r, e);
}

ssize_t leat_recvfrom(struct leat_ring *r, int fd, void *buf, size_t len, int flags, struct sockaddr *from,
		      socklen_t *from_len)
{
	struct leat_sqe *e = with_bytes(r, LEAT_OP_RECV, fd, buf, len, flags);
	e->addr = from;
	e->ret_len = from_len;
	return wait_for(r, e);
}

ssize_t leat_sendmsg(struct leat_ring *r, int fd, const struct msghdr *m, int flags)
{
	return wait_for(r, with_bytes(r, LEAT_OP_SENDMSG, fd, m, 0, flags));
}

ssize_t leat_recvmsg(struct leat_ring *r, int fd, struct msghdr *m, int flags)
{
	return wait_for(r, with_bytes(r, LEAT_OP_RECVMSG, fd, m, 0, flags));
}

/* --- options --- */

int leat_setsockopt(struct leat_ring *r, int fd, int level, int name, const void *val, socklen_t len)
{
	struct leat_sqe *e = with_bytes(r, LEAT_OP_SETSOCKOPT, fd, val, len, level);
	e->arg2 = name;
	return wait_for(r, e);
}

int leat_getsockopt(struct leat_ring *r, int fd, int level, int name, void *val, socklen_t *len)
{
	struct leat_sqe *e = with_bytes(r, LEAT_OP_GETSOCKOPT, fd, val, 0, level);
	e->arg2 = name;
	e->ret_len = len;
	return wait_for(r, e);
}

/* --- poll --- */

static void ask_all(struct leat_ring *r, const struct pollfd *fds, unsigned n, uint64_t first, uint8_t flags)
{
	for (unsigned i = 0; i < n; i++) {
		struct leat_sqe *e = entry(r, LEAT_OP_POLL, fds[i].fd, first + i);
		e->arg = (uint16_t)fds[i].events;
		e->flags = flags;
	}
	leat_submit(r);
}

static unsigned note(struct pollfd *fds, uint64_t first, const struct leat_cqe *c)
{
	struct pollfd *p = &fds[c->user_data - first];
	p->revents = (short)(c->res == -EBADF ? POLLNVAL : c->res > 0 ? c->res : 0);
	return p->revents != 0;
}

static unsigned collect(struct leat_ring *r, struct pollfd *fds, unsigned n, uint64_t first)
{
	struct leat_cqe c;
	unsigned ready = 0;
	while (n--) {
		while (ring_take(r, first, first + UINT16_MAX, -1, &c))
			;
		ready += note(fds, first, &c);
	}
	return ready;
}

/* Sleeps until one of them is ready, and takes the others' questions back. */
static int poll_long(struct leat_ring *r, struct pollfd *fds, unsigned n, int64_t timeout_us)
{
	uint64_t first = next_numbers(r, UINT16_MAX + 1);
	struct leat_cqe c;
	ask_all(r, fds, n, first, 0);
	int err = ring_take(r, first, first + n - 1, timeout_us, &c);
	unsigned ready = err ? 0 : note(fds, first, &c);
	for (unsigned i = 0; i < n; i++) {
		struct leat_sqe *e = entry(r, LEAT_OP_CANCEL, fds[i].fd, next_numbers(r, 1));
		uint64_t number = e->user_data;
		e->buf = (void *)(uintptr_t)(first + i);
		leat_submit(r);
		while (ring_take(r, number, number, -1, &c))
			;
	}
	ready += collect(r, fds, err ? n : n - 1, first);
	return ready ? (int)ready : err == -EINTR ? err : 0;
}

int leat_poll(struct leat_ring *r, struct pollfd *fds, nfds_t n, int timeout_ms)
{
	uint64_t first = next_numbers(r, UINT16_MAX + 1);
	if (n > UINT16_MAX)
		return -EINVAL;
	ask_all(r, fds, (unsigned)n, first, LEAT_NOWAIT);
	unsigned ready = collect(r, fds, (unsigned)n, first);
	if (ready || !timeout_ms || !n)
		return (int)ready;
	return poll_long(r, fds, (unsigned)n, timeout_ms < 0 ? -1 : (int64_t)timeout_ms * 1000);
}

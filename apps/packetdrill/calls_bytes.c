/* SPDX-License-Identifier: BSD-2-Clause */
/* recvmsg(), sendmsg() and their like: one call each way, in which the others end. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "packetdrill/tested.h"

/* --- receiving --- */

static size_t iov_len(const struct iovec *iov, size_t n)
{
	size_t len = 0;
	for (size_t i = 0; i < n; i++)
		len += iov[i].iov_len;
	return len;
}

static void scatter(const struct iovec *iov, size_t n, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < n && len; i++) {
		size_t here = MIN(iov[i].iov_len, len);
		if (here)
			memcpy(iov[i].iov_base, p, here);
		p += here;
		len -= here;
	}
}

struct recv {
	struct msghdr *msg;
	struct sock_msg m; /* as the last try left it */
	int flags;
};

static int64_t try_recv(struct tested_fd *f, void *arg)
{
	struct recv *r = arg;
	struct msghdr *h = r->msg;
	size_t room = iov_len(h->msg_iov, h->msg_iovlen);
	uint8_t *p = malloc(room + 1);
	if (!p)
		return -ENOMEM;
	r->m = (struct sock_msg){ .buf = p,
				  .len = room,
				  .name = h->msg_name,
				  .name_len = h->msg_name ? h->msg_namelen : 0,
				  .control = h->msg_control,
				  .control_len = h->msg_control ? h->msg_controllen : 0 };
	bool null = room && h->msg_iovlen == 1 && !h->msg_iov->iov_base; /* nothing is taken then */
	ssize_t n = sock_recvmsg(f->sock, &r->m, r->flags | (null ? MSG_PEEK : 0));
	if (null && n > 0)
		n = -EFAULT;
	if (n > 0)
		scatter(h->msg_iov, h->msg_iovlen, p, MIN((size_t)n, room));
	free(p);
	return n;
}

static bool may_block(const struct tested_fd *f, int flags)
{
	return !f->nonblock && !(flags & (MSG_DONTWAIT | MSG_ERRQUEUE));
}

static ssize_t do_recvmsg(void *u, int fd, struct msghdr *msg, int flags)
{
	struct tested *t = u;
	struct recv c = { .msg = msg, .flags = flags };
	int64_t r = -EBADF;
	tested_lock(t);
	struct tested_fd *f = calls_find(t, fd);
	if (f)
		r = clock_wait(t, f, try_recv, &c, may_block(f, flags) ? UINT64_MAX : 0);
	calls_settle(t);
	tested_unlock(t);
	if (r >= 0) {
		msg->msg_namelen = c.m.name_len;
		msg->msg_controllen = c.m.control_len;
		msg->msg_flags = c.m.flags;
	}
	return call_result(r);
}

static ssize_t do_recvfrom(void *u, int fd, void *buf, size_t len, int flags, struct sockaddr *addr,
			   socklen_t *addr_len)
{
	struct iovec iov = { buf, len };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_name = addr, .msg_namelen = addr ? *addr_len : 0
	};
	ssize_t n = do_recvmsg(u, fd, &msg, flags);
	if (n >= 0 && addr)
		*addr_len = msg.msg_namelen;
	return n;
}
static ssize_t do_recv(void *u, int fd, void *buf, size_t len, int flags)
{
	return do_recvfrom(u, fd, buf, len, flags, NULL, NULL);
}
static ssize_t do_read(void *u, int fd, void *buf, size_t len)
{
	return do_recvfrom(u, fd, buf, len, 0, NULL, NULL);
}
static ssize_t do_readv(void *u, int fd, const struct iovec *iov, int n)
{
	struct msghdr msg = { .msg_iov = (struct iovec *)iov, .msg_iovlen = (size_t)n };
	return do_recvmsg(u, fd, &msg, 0);
}

/* --- sending --- */

struct send {
	const struct msghdr *msg;
	int flags;
	uint8_t *bytes;
	size_t len, done; /* sent by the tries before */
	bool whole; /* it blocks until all of it is taken */
	bool tried;
};

/* What a stream does not take at once is tried again, and what it took of it is not lost. */
static int64_t try_send(struct tested_fd *f, void *arg)
{
	struct send *c = arg;
	const struct msghdr *h = c->msg;
	bool again =
		c->tried && c->whole; /* Linux: it waits until there is a lot of room, as poll() sees it */
	if (again && !(sock_poll(f->sock) & (EPOLLOUT | EPOLLERR | EPOLLHUP)))
		return -EAGAIN;
	c->tried = true;
	struct sock_msg m = { .buf = c->bytes + c->done,
			      .len = c->len - c->done,
			      .name = h->msg_name,
			      .name_len = h->msg_name ? h->msg_namelen : 0,
			      .control = h->msg_controllen ? h->msg_control : NULL,
			      .control_len = h->msg_controllen,
			      .waits = c->whole };
	int64_t n = sock_sendmsg(f->sock, &m, c->flags);
	if (n < 0)
		return n == -EAGAIN || !c->done ? n : (int64_t)c->done;
	c->done += (size_t)n;
	return c->done < c->len && c->whole ? -EAGAIN : (int64_t)c->done;
}

static int64_t send_locked(struct tested *t, struct tested_fd *f, struct send *c)
{
	size_t at = 0;
	c->len = iov_len(c->msg->msg_iov, c->msg->msg_iovlen);
	if (c->len && !c->msg->msg_iov->iov_base && c->msg->msg_iov->iov_len)
		return -EFAULT;
	c->bytes = malloc(c->len + 1);
	if (!c->bytes)
		return -ENOMEM;
	for (size_t i = 0; i < c->msg->msg_iovlen; at += c->msg->msg_iov[i++].iov_len)
		if (c->msg->msg_iov[i].iov_len)
			memcpy(c->bytes + at, c->msg->msg_iov[i].iov_base, c->msg->msg_iov[i].iov_len);
	c->whole = may_block(f, c->flags);
	int64_t r = clock_wait(t, f, try_send, c, c->whole ? UINT64_MAX : 0);
	free(c->bytes);
	calls_settle(t);
	return r == -EAGAIN && c->done ? (int64_t)c->done : r;
}

static ssize_t do_sendmsg(void *u, int fd, const struct msghdr *msg, int flags)
{
	struct tested *t = u;
	struct send c = { .msg = msg, .flags = flags };
	tested_lock(t);
	struct tested_fd *f = calls_find(t, fd);
	int64_t r = f ? send_locked(t, f, &c) : -EBADF;
	tested_unlock(t);
	return call_result(r);
}
static ssize_t do_sendto(void *u, int fd, const void *buf, size_t len, int flags, const struct sockaddr *addr,
			 socklen_t addr_len)
{
	struct iovec iov = { (void *)buf, len };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_name = (void *)addr, .msg_namelen = addr ? addr_len : 0
	};
	return do_sendmsg(u, fd, &msg, flags);
}
static ssize_t do_send(void *u, int fd, const void *buf, size_t len, int flags)
{
	return do_sendto(u, fd, buf, len, flags, NULL, 0);
}
static ssize_t do_write(void *u, int fd, const void *buf, size_t len)
{
	return do_sendto(u, fd, buf, len, 0, NULL, 0);
}
static ssize_t do_writev(void *u, int fd, const struct iovec *iov, int n)
{
	struct msghdr msg = { .msg_iov = (struct iovec *)iov, .msg_iovlen = (size_t)n };
	return do_sendmsg(u, fd, &msg, 0);
}

void calls_fill_bytes(struct tool_interface *i)
{
	i->read = do_read;
	i->readv = do_readv;
	i->recv = do_recv;
	i->recvfrom = do_recvfrom;
	i->recvmsg = do_recvmsg;
	i->write = do_write;
	i->writev = do_writev;
	i->send = do_send;
	i->sendto = do_sendto;
	i->sendmsg = do_sendmsg;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The socket calls, on the sockets of the stack under test. Each takes the lock, finds the socket behind the descriptor, and asks
 * sock/; what would block goes through clock_wait(). */
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "packetdrill/tested.h"

int64_t call_result(int64_t r)
{
	if (r >= 0)
		return r;
	errno = (int)-r;
	return -1;
}

static struct tested_fd *find(struct tested *t, int fd)
{
	return fd >= 0 && fd < TESTED_FDS && t->fd[fd].sock ? &t->fd[fd] : NULL;
}

bool calls_is_ours(void *u, int fd)
{
	struct tested *t = u;
	tested_lock(t);
	bool ours = find(t, fd);
	tested_unlock(t);
	return ours;
}

/* A call that does not block: `what` may use the socket s and the result r. */
#define CALL(u, fd, what)                            \
	({                                           \
		struct tested *t = (u);              \
		int64_t r = -EBADF;                  \
		tested_lock(t);                      \
		struct tested_fd *f = find(t, (fd)); \
		struct sock *s = f ? f->sock : NULL; \
		if (s) {                             \
			what;                        \
			manual_rt_settle(t->w->m);   \
			clock_poke(t);               \
		}                                    \
		tested_unlock(t);                    \
		call_result(r);                      \
	})

/* --- opening, naming, closing --- */

static int64_t open_locked(struct tested *t, int domain, int type, int protocol)
{
	struct sock *s;
	int err = sock_open(t->w->st, domain, type, protocol, NULL, &s);
	if (err)
		return err;
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd < 0 || fd >= TESTED_FDS) {
		sock_close(s);
		if (fd >= 0)
			close(fd);
		return -EMFILE;
	}
	sock_close(t->fd[fd].sock); /* the tool closed this number by close(2) */
	t->fd[fd] = (struct tested_fd){ s, type & SOCK_NONBLOCK };
	return fd;
}

static int do_socket(void *u, int domain, int type, int protocol)
{
	struct tested *t = u;
	tested_lock(t);
	int64_t r = open_locked(t, domain, type, protocol);
	tested_unlock(t);
	return (int)call_result(r);
}

static int64_t close_one(struct tested_fd *f, int fd)
{
	sock_close(f->sock);
	*f = (struct tested_fd){ 0 };
	return close(fd) ? -errno : 0;
}
static int do_close(void *u, int fd)
{
	return (int)CALL(u, fd, r = close_one(f, fd));
}
void calls_close_all(struct tested *t)
{
	for (unsigned i = 0; i < TESTED_FDS; i++) {
		sock_close(t->fd[i].sock);
		t->fd[i].sock = NULL;
	}
}

static int do_bind(void *u, int fd, const struct sockaddr *addr, socklen_t len)
{
	return (int)CALL(u, fd, r = sock_bind(s, addr, len));
}
static int do_connect(void *u, int fd, const struct sockaddr *addr, socklen_t len)
{
	return (int)CALL(u, fd, r = sock_connect(s, addr, len));
}
/* Datagram sockets, all there are, have neither. */
static int do_listen(void *u, int fd, int backlog)
{
	return (int)CALL(u, fd, r = -EOPNOTSUPP);
}
static int do_accept(void *u, int fd, struct sockaddr *addr, socklen_t *len)
{
	return (int)CALL(u, fd, r = -EOPNOTSUPP);
}
static int do_shutdown(void *u, int fd, int how)
{
	return (int)CALL(u, fd, r = sock_shutdown(s, how));
}

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
	ssize_t n = sock_recvmsg(f->sock, &r->m, r->flags);
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
	struct tested_fd *f = find(t, fd);
	if (f)
		r = clock_wait(t, f, try_recv, &c, may_block(f, flags) ? UINT64_MAX : 0);
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

static int64_t send_one(struct sock *s, const struct msghdr *h, int flags)
{
	size_t len = iov_len(h->msg_iov, h->msg_iovlen), at = 0;
	uint8_t *p = malloc(len + 1);
	if (!p)
		return -ENOMEM;
	for (size_t i = 0; i < h->msg_iovlen; at += h->msg_iov[i++].iov_len)
		if (h->msg_iov[i].iov_len)
			memcpy(p + at, h->msg_iov[i].iov_base, h->msg_iov[i].iov_len);
	struct sock_msg m = { .buf = p,
			      .len = len,
			      .name = h->msg_name,
			      .name_len = h->msg_name ? h->msg_namelen : 0,
			      .control = h->msg_controllen ? h->msg_control : NULL,
			      .control_len = h->msg_controllen };
	int64_t r = sock_sendmsg(s, &m, flags);
	free(p);
	return r;
}

static ssize_t do_sendmsg(void *u, int fd, const struct msghdr *msg, int flags)
{
	return CALL(u, fd, r = send_one(s, msg, flags));
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

/* --- options, flags, readiness --- */

static int do_setsockopt(void *u, int fd, int level, int name, const void *val, socklen_t len)
{
	return (int)CALL(u, fd, r = sock_setsockopt(s, level, name, val, len));
}
static int do_getsockopt(void *u, int fd, int level, int name, void *val, socklen_t *len)
{
	return (int)CALL(u, fd, r = sock_getsockopt(s, level, name, val, len));
}

static int do_fcntl(void *u, int fd, int cmd, ...)
{
	va_list ap;
	va_start(ap, cmd);
	int flags = cmd == F_SETFL ? va_arg(ap, int) : 0;
	va_end(ap);
	return (int)CALL(u, fd, {
		r = cmd == F_GETFL ? O_RDWR | (f->nonblock ? O_NONBLOCK : 0) : cmd == F_SETFL ? 0 : -EINVAL;
		if (cmd == F_SETFL)
			f->nonblock = flags & O_NONBLOCK;
	});
}

/* FIONREAD (also called SIOCINQ): the length of the next datagram. */
static int do_ioctl(void *u, int fd, unsigned long request, ...)
{
	va_list ap;
	va_start(ap, request);
	int *to = request == FIONREAD ? va_arg(ap, int *) : NULL;
	va_end(ap);
	return (int)CALL(u, fd, {
		r = to ? 0 : -ENOTTY;
		if (to) {
			ssize_t n =
				sock_recvfrom(s, NULL, 0, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT, NULL, NULL);
			*to = n < 0 ? 0 : (int)n;
		}
	});
}

struct polled {
	struct tested *t;
	struct pollfd *fds;
	nfds_t n;
};

static int64_t try_poll(struct tested_fd *f, void *arg)
{
	struct polled *p = arg;
	int64_t ready = 0;
	for (nfds_t i = 0; i < p->n; i++) {
		struct pollfd *one = &p->fds[i];
		struct tested_fd *g = find(p->t, one->fd);
		uint32_t now =
			g ? sock_poll(g->sock) & ((uint32_t)one->events | POLLERR | POLLHUP) : POLLNVAL;
		one->revents = (short)(one->fd < 0 ? 0 : now);
		ready += one->revents != 0;
	}
	return ready ? ready : -EAGAIN;
}

static int do_poll(void *u, struct pollfd *fds, nfds_t n, int timeout_ms)
{
	struct tested *t = u;
	struct polled p = { t, fds, n };
	tested_lock(t);
	uint64_t until =
		timeout_ms < 0 ? UINT64_MAX : manual_rt_now_us(t->w->m) + (uint64_t)timeout_ms * 1000;
	int64_t r = clock_wait(t, NULL, try_poll, &p, until);
	tested_unlock(t);
	return (int)call_result(r == -EAGAIN ? 0 : r);
}

/* --- what is not there --- */

static int no_epoll_create(void *u, int size)
{
	return (int)call_result(-ENOSYS);
}
static int no_epoll_ctl(void *u, int epfd, int op, int fd, struct epoll_event *event)
{
	return (int)call_result(-ENOSYS);
}
static int no_epoll_wait(void *u, int epfd, struct epoll_event *events, int max, int timeout_ms)
{
	return (int)call_result(-ENOSYS);
}
static int no_pipe(void *u, int fds[2])
{
	return (int)call_result(-ENOSYS);
}
static int no_splice(void *u, int in, loff_t *in_at, int out, loff_t *out_at, size_t len, unsigned flags)
{
	return (int)call_result(-ENOSYS);
}

void calls_fill(struct tool_interface *i)
{
	i->socket = do_socket;
	i->bind = do_bind;
	i->listen = do_listen;
	i->accept = do_accept;
	i->connect = do_connect;
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
	i->fcntl = do_fcntl;
	i->ioctl = do_ioctl;
	i->close = do_close;
	i->shutdown = do_shutdown;
	i->getsockopt = do_getsockopt;
	i->setsockopt = do_setsockopt;
	i->poll = do_poll;
	i->epoll_create = no_epoll_create;
	i->epoll_ctl = no_epoll_ctl;
	i->epoll_wait = no_epoll_wait;
	i->pipe = no_pipe;
	i->splice = no_splice;
}

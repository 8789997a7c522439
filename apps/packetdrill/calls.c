/* SPDX-License-Identifier: BSD-2-Clause */
/* The socket calls, on the sockets of the stack under test. Each takes the lock, finds the socket behind the descriptor, and asks
 * sock/; what would block goes through clock_wait(). Bytes are in calls_bytes.c, readiness in calls_poll.c, pipes in calls_pipe.c. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "drill/epolls.h"
#include "packetdrill/tested.h"

int64_t call_result(int64_t r)
{
	if (r >= 0)
		return r;
	errno = (int)-r;
	return -1;
}

struct tested_fd *calls_find_any(struct tested *t, int fd)
{
	struct tested_fd *f = fd >= 0 && fd < TESTED_FDS ? &t->fd[fd] : NULL;
	return f && (f->sock || f->epolls || f->pipe) ? f : NULL;
}
struct tested_fd *calls_find(struct tested *t, int fd)
{
	struct tested_fd *f = calls_find_any(t, fd);
	return f && f->sock ? f : NULL;
}

void calls_settle(struct tested *t)
{
	manual_rt_settle(t->w->m);
	calls_look_again(t);
	clock_poke(t);
}

bool calls_is_ours(void *u, int fd)
{
	struct tested *t = u;
	tested_lock(t);
	bool ours = calls_find(t, fd);
	tested_unlock(t);
	return ours;
}

/* A call that does not block: `what` may use the socket s and the result r. */
#define CALL(u, fd, what)                                  \
	({                                                 \
		struct tested *t = (u);                    \
		int64_t r = -EBADF;                        \
		tested_lock(t);                            \
		struct tested_fd *f = calls_find(t, (fd)); \
		struct sock *s = f ? f->sock : NULL;       \
		if (s) {                                   \
			what;                              \
			calls_settle(t);                   \
		}                                          \
		tested_unlock(t);                          \
		call_result(r);                            \
	})

/* --- opening, naming, closing --- */

static void end_one(struct tested_fd *f)
{
	sock_close(f->sock);
	epolls_free(f->epolls);
	pipe_put(f->pipe);
	*f = (struct tested_fd){ 0 };
}

int64_t calls_take(struct tested *t, const struct tested_fd *f)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd < 0 || fd >= TESTED_FDS) {
		if (fd >= 0)
			close(fd);
		return -EMFILE;
	}
	calls_forget(t, fd);
	end_one(&t->fd[fd]); /* the tool closed this number by close(2) */
	t->fd[fd] = *f;
	return fd;
}

static int64_t take_sock(struct tested *t, struct sock *s, bool nonblock)
{
	const struct tested_fd f = { .sock = s, .nonblock = nonblock };
	int64_t fd = calls_take(t, &f);
	if (fd < 0)
		sock_close(s);
	return fd;
}

static int64_t open_locked(struct tested *t, int domain, int type, int protocol)
{
	struct sock *s;
	int err = sock_open(t->w->st, domain, type, protocol, NULL, &s);
	return err ? err : take_sock(t, s, type & SOCK_NONBLOCK);
}

static int do_socket(void *u, int domain, int type, int protocol)
{
	struct tested *t = u;
	tested_lock(t);
	int64_t r = open_locked(t, domain, type, protocol);
	tested_unlock(t);
	return (int)call_result(r);
}

static int do_close(void *u, int fd)
{
	struct tested *t = u;
	int64_t r = -EBADF;
	tested_lock(t);
	struct tested_fd *f = calls_find_any(t, fd);
	if (f) {
		calls_forget(t, fd);
		end_one(f);
		r = close(fd) ? -errno : 0;
		calls_settle(t);
	}
	tested_unlock(t);
	return (int)call_result(r);
}
void calls_close_all(struct tested *t)
{
	for (unsigned i = 0; i < TESTED_FDS; i++)
		end_one(&t->fd[i]);
}

static int do_bind(void *u, int fd, const struct sockaddr *addr, socklen_t len)
{
	return (int)CALL(u, fd, r = sock_bind(s, addr, len));
}
struct connecting {
	const struct sockaddr *addr;
	socklen_t len;
	bool began;
};

/* A stream's takes a round trip; who does not want to wait is told so. */
static int64_t try_connect(struct tested_fd *f, void *arg)
{
	struct connecting *c = arg;
	int err = sock_connect(f->sock, c->addr, c->len);
	bool waits = err == -EINPROGRESS || (err == -EALREADY && c->began);
	c->began = true;
	return waits && !f->nonblock ? -EAGAIN : err;
}

static int do_connect(void *u, int fd, const struct sockaddr *addr, socklen_t len)
{
	struct tested *t = u;
	struct connecting c = { addr, len, false };
	tested_lock(t);
	struct tested_fd *f = calls_find(t, fd);
	int64_t r = f ? clock_wait(t, f, try_connect, &c, f->nonblock ? 0 : UINT64_MAX) : -EBADF;
	calls_settle(t);
	tested_unlock(t);
	return (int)call_result(r);
}

static int do_listen(void *u, int fd, int backlog)
{
	return (int)CALL(u, fd, r = sock_listen(s, backlog));
}

static int64_t try_accept(struct tested_fd *f, void *arg)
{
	struct sock *fresh;
	int err = sock_accept(f->sock, &fresh);
	return err ? err : take_sock(arg, fresh, false);
}

static int do_accept(void *u, int fd, struct sockaddr *addr, socklen_t *len)
{
	struct tested *t = u;
	tested_lock(t);
	struct tested_fd *f = calls_find(t, fd);
	int64_t r = f ? clock_wait(t, f, try_accept, t, f->nonblock ? 0 : UINT64_MAX) : -EBADF;
	if (r >= 0 && addr)
		sock_getpeername(t->fd[r].sock, addr, len);
	calls_settle(t);
	tested_unlock(t);
	return (int)call_result(r);
}
static int do_shutdown(void *u, int fd, int how)
{
	return (int)CALL(u, fd, r = sock_shutdown(s, how));
}

/* --- options, flags --- */

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

static int64_t amount(struct sock *s, unsigned long request, int *to)
{
	int n = sock_amount(s, request == SIOCOUTQ      ? SOCK_UNACKED
			       : request == SIOCOUTQNSD ? SOCK_UNSENT
							: SOCK_READABLE);
	if (n >= 0)
		*to = n;
	return MIN(n, 0);
}

static int do_ioctl(void *u, int fd, unsigned long request, ...)
{
	va_list ap;
	va_start(ap, request);
	int *to = va_arg(ap, int *);
	va_end(ap);
	return (int)CALL(u, fd, {
		r = -ENOTTY;
		if (request == FIONREAD || request == SIOCOUTQ || request == SIOCOUTQNSD)
			r = amount(s, request, to);
		if (request == FIONBIO) {
			f->nonblock = *to != 0;
			r = 0;
		}
	});
}

void calls_fill(struct tool_interface *i)
{
	i->socket = do_socket;
	i->bind = do_bind;
	i->listen = do_listen;
	i->accept = do_accept;
	i->connect = do_connect;
	i->fcntl = do_fcntl;
	i->ioctl = do_ioctl;
	i->close = do_close;
	i->shutdown = do_shutdown;
	i->getsockopt = do_getsockopt;
	i->setsockopt = do_setsockopt;
	calls_fill_bytes(i);
	calls_fill_poll(i);
	calls_fill_pipe(i);
}

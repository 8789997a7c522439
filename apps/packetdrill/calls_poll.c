/* SPDX-License-Identifier: BSD-2-Clause */
/* poll() and epoll: what sockets are ready for is the epolls's of `leat drill`. */
#include <errno.h>
#include <poll.h>

#include "drill/epolls.h"
#include "packetdrill/tested.h"

static uint64_t until_of(const struct tested *t, int timeout_ms)
{
	return timeout_ms < 0 ? UINT64_MAX : manual_rt_now_us(t->w->m) + (uint64_t)timeout_ms * 1000;
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
		struct tested_fd *g = calls_find(p->t, one->fd);
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
	int64_t r = clock_wait(t, NULL, try_poll, &p, until_of(t, timeout_ms));
	tested_unlock(t);
	return (int)call_result(r == -EAGAIN ? 0 : r);
}

/* --- epoll --- */

static void on_ready(struct sock *s, void *ctx)
{
	struct tested_fd *f = ctx;
	f->calls++;
}

static struct tested_fd *find_epolls(struct tested *t, int fd)
{
	struct tested_fd *f = calls_find_any(t, fd);
	return f && f->epolls ? f : NULL;
}

static int do_epoll_create(void *u, int size)
{
	struct tested *t = u;
	struct tested_fd f = { .epolls = size > 0 ? epolls_new() : NULL };
	if (!f.epolls)
		return (int)call_result(size > 0 ? -ENOMEM : -EINVAL);
	tested_lock(t);
	int64_t r = calls_take(t, &f);
	tested_unlock(t);
	if (r < 0)
		epolls_free(f.epolls);
	return (int)call_result(r);
}

static int64_t change(struct tested *t, int epfd, int op, int fd, const struct epoll_event *event)
{
	struct tested_fd *p = calls_find_any(t, epfd), *f = calls_find_any(t, fd);
	if (!p || !f)
		return -EBADF;
	if (!p->epolls || !f->sock) /* an epoll in an epoll is not here */
		return -EINVAL;
	const struct epolls_target of = { f->sock, &f->calls };
	sock_on_ready(f->sock, on_ready, f);
	return epolls_ctl(p->epolls, op, fd, &of, event);
}

static int do_epoll_ctl(void *u, int epfd, int op, int fd, struct epoll_event *event)
{
	struct tested *t = u;
	tested_lock(t);
	int64_t r = change(t, epfd, op, fd, event);
	tested_unlock(t);
	return (int)call_result(r);
}

struct epolled {
	struct epoll_event *events;
	int max;
};

static int64_t try_epoll(struct tested_fd *f, void *arg)
{
	struct epolled *e = arg;
	unsigned n = epolls_wait(f->epolls, e->events, (unsigned)e->max);
	return n ? (int64_t)n : -EAGAIN;
}

static int do_epoll_wait(void *u, int epfd, struct epoll_event *events, int max, int timeout_ms)
{
	struct tested *t = u;
	struct epolled e = { events, max };
	int64_t r = -EINVAL;
	tested_lock(t);
	struct tested_fd *f = find_epolls(t, epfd);
	if (f && max > 0)
		r = clock_wait(t, f, try_epoll, &e, until_of(t, timeout_ms));
	tested_unlock(t);
	return (int)call_result(f && r == -EAGAIN ? 0 : r);
}

void calls_forget(struct tested *t, int fd)
{
	for (unsigned i = 0; i < TESTED_FDS; i++)
		if (t->fd[i].epolls)
			epolls_forget(t->fd[i].epolls, fd);
}

void calls_look_again(struct tested *t)
{
	for (unsigned i = 0; i < TESTED_FDS; i++)
		if (t->fd[i].epolls)
			epolls_look_again(t->fd[i].epolls);
}

void calls_fill_poll(struct tool_interface *i)
{
	i->poll = do_poll;
	i->epoll_create = do_epoll_create;
	i->epoll_ctl = do_epoll_ctl;
	i->epoll_wait = do_epoll_wait;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* epoll_create(), epoll_ctl(), epoll_wait(): what is told when is epolls.c's. */
#include "drill/call_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "drill/epolls.h"
#include "drill/values.h"
#include "sock/sock.h"

enum { EVENTS_MAX = 64 };

static void on_ready(struct sock *s, void *ctx)
{
	struct drill_fd *fd = ctx;
	fd->calls++;
}

static int64_t create(struct call_ctx *c)
{
	int64_t n;
	if (!value_int(c->e->call.result, &n))
		n = DRILL_FDS - 1;
	if (n < 0 || n >= DRILL_FDS || call_fd_is_open(&c->r->fd[n]))
		return n < 0 ? 0 : -EMFILE; /* the result is wrong, or the number taken */
	struct epolls *p = epolls_new();
	if (!p)
		return -ENOMEM;
	c->r->fd[n] = (struct drill_fd){ .epoll = p };
	return n;
}

int64_t drill_epoll_create(struct call_ctx *c)
{
	return call_int(c, 0, 1) <= 0 ? -EINVAL : create(c);
}
int64_t drill_epoll_create1(struct call_ctx *c)
{
	return call_int(c, 0, 0) & ~EPOLL_CLOEXEC ? -EINVAL : create(c);
}

/* {events=EPOLLIN, fd=3}: or ptr, u32, u64. */
static bool event_of(struct call_ctx *c, const struct expr *e, int64_t *ret_events, int64_t *ret_data)
{
	static const char *const names[] = { "fd", "ptr", "u32", "u64" };
	*ret_data = 0;
	if (!value_int(value_field(e, "events", NULL), ret_events))
		return call_wrong(c, "{events=, fd=} is wanted");
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (value_int(value_field(e, names[i], NULL), ret_data))
			break;
	return true;
}

int64_t drill_epoll_ctl(struct call_ctx *c)
{
	int64_t op = call_int(c, 1, -1), n = call_int(c, 2, -1), events = 0, data = 0;
	struct drill_fd *fd = n >= 0 && n < DRILL_FDS ? &c->r->fd[n] : NULL;
	if (c->wrong)
		return 0;
	if (!fd || !call_fd_is_open(fd))
		return -EBADF;
	if (!fd->sock) /* an epoll in an epoll is not here */
		return -EINVAL;
	if (op != EPOLL_CTL_DEL && !event_of(c, call_arg(c, 3), &events, &data))
		return 0;
	const struct epolls_target t = { fd->sock, &fd->calls };
	const struct epoll_event e = { .events = (uint32_t)events, .data.u64 = (uint64_t)data };
	sock_on_ready(fd->sock, on_ready, fd);
	return epolls_ctl(c->fd->epoll, (int)op, (int)n, &t, &e);
}

void call_epoll_forget(struct run *r, int fd)
{
	for (unsigned i = 0; i < DRILL_FDS; i++)
		if (r->fd[i].epoll)
			epolls_forget(r->fd[i].epoll, fd);
}

/* The i-th of [{}, {}], or {} itself; NULL: nothing is said about it. */
static const struct expr *expected(const struct expr *e, unsigned i)
{
	if (!e || e->kind != EXPR_LIST)
		return i == 0 && !value_is_any(e) ? e : NULL;
	for (e = e->first; e && i--; e = e->next) {}
	return e;
}

static bool compare(struct call_ctx *c, const struct expr *e, const struct epoll_event *seen)
{
	int64_t events, data, got = (int64_t)seen->data.u64;
	if (!e || value_is_any(e))
		return true;
	if (!event_of(c, e, &events, &data))
		return false;
	if ((uint32_t)events != seen->events)
		return call_wrong(c, "expected events 0x%x, got 0x%x of data %lld", (unsigned)events,
				  seen->events, (long long)got);
	return data == got || call_wrong(c, "expected data %lld, got %lld", (long long)data, (long long)got);
}

int64_t drill_epoll_wait(struct call_ctx *c)
{
	struct epoll_event seen[EVENTS_MAX];
	int64_t room = call_int(c, 2, 1);
	if (room <= 0)
		return -EINVAL;
	unsigned n = epolls_wait(c->fd->epoll, seen, (unsigned)MIN(room, (int64_t)EVENTS_MAX));
	for (unsigned i = 0; i < n && !c->wrong; i++)
		compare(c, expected(call_arg(c, 1), i), &seen[i]);
	c->may_block = !n && c->waited_us < call_timeout_us(c->r, c->e);
	return c->may_block ? -EAGAIN : (int64_t)n;
}

void call_epoll_look_again(struct run *r)
{
	for (unsigned i = 0; i < DRILL_FDS; i++)
		if (r->fd[i].epoll)
			epolls_look_again(r->fd[i].epoll);
}

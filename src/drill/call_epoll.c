/* SPDX-License-Identifier: BSD-2-Clause */
/* epoll_create(), epoll_ctl(), epoll_wait().
 *
 * Readiness is asked of the sockets when epoll_wait() is tried; nothing is queued. With EPOLLET an entry is told again when it is
 * ready for something that it was not ready for before, or when the socket has called since (sock_on_ready()): what comes to a socket
 * that has something waiting already does not call, where Linux would tell of it. */
#include "drill/call_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "drill/values.h"
#include "sock/sock.h"

enum { ENTRIES_MAX = DRILL_FDS };

struct entry {
	int fd; /* -1: free */
	uint32_t events;
	int64_t data;
	uint32_t told, calls; /* as of the last look: EPOLLET */
	bool off; /* EPOLLONESHOT has shot */
};
struct drill_epoll {
	struct entry entry[ENTRIES_MAX];
};

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
	struct drill_epoll *ep = calloc(1, sizeof *ep);
	if (!ep)
		return -ENOMEM;
	for (unsigned i = 0; i < ENTRIES_MAX; i++)
		ep->entry[i].fd = -1;
	c->r->fd[n] = (struct drill_fd){ .epoll = ep };
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

static struct entry *entry_of(struct drill_epoll *ep, int64_t fd)
{
	for (unsigned i = 0; i < ENTRIES_MAX; i++)
		if (ep->entry[i].fd == fd)
			return &ep->entry[i];
	return NULL;
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

static int64_t change(struct call_ctx *c, struct entry *at, int64_t fd)
{
	int64_t events, data;
	if (!event_of(c, call_arg(c, 3), &events, &data))
		return 0;
	*at = (struct entry){ .fd = (int)fd, .events = (uint32_t)events, .data = data };
	sock_on_ready(c->r->fd[fd].sock, on_ready, &c->r->fd[fd]);
	return 0;
}

int64_t drill_epoll_ctl(struct call_ctx *c)
{
	int64_t op = call_int(c, 1, -1), fd = call_int(c, 2, -1);
	struct drill_epoll *ep = c->fd->epoll;
	if (c->wrong)
		return 0;
	if (fd < 0 || fd >= DRILL_FDS || !call_fd_is_open(&c->r->fd[fd]))
		return -EBADF;
	if (!c->r->fd[fd].sock) /* an epoll in an epoll is not here */
		return -EINVAL;
	struct entry *e = entry_of(ep, fd), *room = entry_of(ep, -1);
	switch (op) {
	case EPOLL_CTL_ADD:
		return e ? -EEXIST : room ? change(c, room, fd) : -ENOSPC;
	case EPOLL_CTL_MOD:
		return e ? change(c, e, fd) : -ENOENT;
	case EPOLL_CTL_DEL:
		if (e)
			e->fd = -1;
		return e ? 0 : -ENOENT;
	default:
		return -EINVAL;
	}
}

void call_epoll_forget(struct run *r, int fd)
{
	for (unsigned i = 0; i < DRILL_FDS; i++) {
		struct entry *e = r->fd[i].epoll ? entry_of(r->fd[i].epoll, fd) : NULL;
		if (e)
			e->fd = -1;
	}
}

/* What there is to tell of it now; 0: nothing. */
static uint32_t look(const struct run *r, const struct entry *e)
{
	const struct drill_fd *fd = &r->fd[e->fd];
	uint32_t now = sock_poll(fd->sock) & (e->events | EPOLLERR | EPOLLHUP);
	if (e->off || (e->events & EPOLLET && !(now & ~e->told) && e->calls == fd->calls))
		return 0;
	return now;
}

static void told(const struct run *r, struct entry *e, uint32_t now)
{
	e->told = now;
	e->calls = r->fd[e->fd].calls;
	e->off = now && e->events & EPOLLONESHOT;
}

/* The i-th of [{}, {}], or {} itself; NULL: nothing is said about it. */
static const struct expr *expected(const struct expr *e, int64_t i)
{
	if (!e || e->kind != EXPR_LIST)
		return i == 0 && !value_is_any(e) ? e : NULL;
	for (e = e->first; e && i--; e = e->next) {}
	return e;
}

static bool compare(struct call_ctx *c, const struct expr *e, const struct entry *seen, uint32_t now)
{
	int64_t events, data;
	if (!e || value_is_any(e))
		return true;
	if (!event_of(c, e, &events, &data))
		return false;
	if ((uint32_t)events != now)
		return call_wrong(c, "expected events 0x%x of descriptor %d, got 0x%x", (unsigned)events,
				  seen->fd, now);
	return data == seen->data ||
	       call_wrong(c, "expected data %lld, got %lld", (long long)data, (long long)seen->data);
}

int64_t drill_epoll_wait(struct call_ctx *c)
{
	struct drill_epoll *ep = c->fd->epoll;
	int64_t room = call_int(c, 2, 1), n = 0;
	if (room <= 0)
		return -EINVAL;
	for (unsigned i = 0; i < ENTRIES_MAX && n < room && !c->wrong; i++) {
		struct entry *e = &ep->entry[i];
		uint32_t now = e->fd < 0 ? 0 : look(c->r, e);
		if (!now)
			continue;
		told(c->r, e, now);
		compare(c, expected(call_arg(c, 1), n++), e, now);
	}
	c->may_block = !n && c->waited_us < call_timeout_us(c->r, c->e);
	return c->may_block ? -EAGAIN : n;
}

/* What was told may cease to be: then it is told again when it returns. */
void call_epoll_look_again(struct run *r)
{
	for (unsigned i = 0; i < DRILL_FDS; i++)
		for (unsigned k = 0; r->fd[i].epoll && k < ENTRIES_MAX; k++) {
			struct entry *e = &r->fd[i].epoll->entry[k];
			if (e->fd >= 0)
				e->told &= sock_poll(r->fd[e->fd].sock);
		}
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation. Readiness is asked of the sockets when somebody waits; nothing is queued. With EPOLLET an entry is told again
 * when it is ready for something that it was not ready for before; when the socket has called since; or when its news have changed
 * (sock_news()): more came to what waits already. So an edge costs a number and no call where none is wanted. */
#include "drill/epolls.h"

#include <errno.h>
#include <stdlib.h>

#include "base/base.h"
#include "sock/sock.h"

enum { ENTRIES_MAX = 64 };

struct entry {
	int fd; /* -1: free */
	struct epolls_target of;
	uint32_t events;
	epoll_data_t data;
	uint32_t told, calls, news; /* as of the last look: EPOLLET */
	bool off; /* EPOLLONESHOT has shot */
};
struct epolls {
	struct entry entry[ENTRIES_MAX];
};

struct epolls *epolls_new(void)
{
	struct epolls *p = calloc(1, sizeof *p);
	for (unsigned i = 0; p && i < ENTRIES_MAX; i++)
		p->entry[i].fd = -1;
	return p;
}
void epolls_free(struct epolls *p)
{
	free(p);
}

static struct entry *entry_of(struct epolls *p, int fd)
{
	for (unsigned i = 0; i < ENTRIES_MAX; i++)
		if (p->entry[i].fd == fd)
			return &p->entry[i];
	return NULL;
}

static int set(struct entry *to, int fd, const struct epolls_target *t, const struct epoll_event *e)
{
	*to = (struct entry){ .fd = fd,
			      .of = *t,
			      .events = e->events,
			      .data = e->data,
			      .calls = *t->calls,
			      .news = sock_news(t->sock) };
	return 0;
}

int epolls_ctl(struct epolls *p, int op, int fd, const struct epolls_target *t, const struct epoll_event *e)
{
	struct entry *there = entry_of(p, fd), *room = entry_of(p, -1);
	switch (op) {
	case EPOLL_CTL_ADD:
		return there ? -EEXIST : room ? set(room, fd, t, e) : -ENOSPC;
	case EPOLL_CTL_MOD:
		if (there && (there->events | e->events) & EPOLLEXCLUSIVE) /* Linux: never */
			return -EINVAL;
		return there ? set(there, fd, t, e) : -ENOENT;
	case EPOLL_CTL_DEL:
		if (there)
			there->fd = -1;
		return there ? 0 : -ENOENT;
	default:
		return -EINVAL;
	}
}

void epolls_forget(struct epolls *p, int fd)
{
	struct entry *e = entry_of(p, fd);
	if (e)
		e->fd = -1;
}

static uint32_t look(const struct entry *e)
{
	uint32_t now = sock_poll(e->of.sock) & (e->events | EPOLLERR | EPOLLHUP);
	bool edge = now & ~e->told || e->calls != *e->of.calls || e->news != sock_news(e->of.sock);
	return e->off || (e->events & EPOLLET && !edge) ? 0 : now;
}

static void tell(struct entry *e, uint32_t now)
{
	e->told = now;
	e->calls = *e->of.calls;
	e->news = sock_news(e->of.sock);
	e->off = e->events & EPOLLONESHOT;
}

unsigned epolls_wait(struct epolls *p, struct epoll_event *events, unsigned room)
{
	unsigned n = 0;
	for (unsigned i = 0; i < ENTRIES_MAX && n < room; i++) {
		struct entry *e = &p->entry[i];
		uint32_t now = e->fd < 0 ? 0 : look(e);
		if (!now)
			continue;
		tell(e, now);
		events[n++] = (struct epoll_event){ .events = now, .data = e->data };
	}
	return n;
}

void epolls_look_again(struct epolls *p)
{
	for (unsigned i = 0; i < ENTRIES_MAX; i++)
		if (p->entry[i].fd >= 0)
			p->entry[i].told &= sock_poll(p->entry[i].of.sock);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Descriptors and sleep: one epoll set per lcore, and in it an eventfd by which others wake it.
 *
 * The eventfd is watched edge-triggered and never read: each write is an edge, which saves a system call per wake-up. An
 * edge that is found while looking around counts as work, so that another turn follows it before the lcore may sleep. */
#include "rt/rt_internal.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* A busy lcore looks at its descriptors this often; rings of devices are polled in every turn. */
enum { LOOK_US = 20 };

int rt_fds_init(struct rt_lcore *c)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLET, .data.ptr = NULL };
	c->wake_fd = -1;
	c->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (c->epoll_fd < 0)
		return -errno;
	c->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (c->wake_fd < 0 || epoll_ctl(c->epoll_fd, EPOLL_CTL_ADD, c->wake_fd, &e))
		return -errno;
	return 0;
}

void rt_fds_done(struct rt_lcore *c)
{
	if (c->wake_fd >= 0)
		close(c->wake_fd);
	if (c->epoll_fd >= 0)
		close(c->epoll_fd);
}

void rt_wake(struct leat_runtime *rt, struct lcore *lc)
{
	/* Fails only when 2^64 - 2 wake-ups were written; the edge is there all the same. */
	(void)!write(rt_lcore_of(lc)->wake_fd, &(uint64_t){ 1 }, sizeof(uint64_t));
}

int rt_fd_watch(struct leat_runtime *rt, struct lcore *lc, struct fd_watch *w)
{
	struct rt_lcore *c = rt_lcore_of(lc);
	struct epoll_event e = { .events = w->events, .data.ptr = w };
	assert(!w->rt_private || w->rt_private == c);
	if (epoll_ctl(c->epoll_fd, w->rt_private ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, w->fd, &e))
		return -errno;
	w->rt_private = c;
	return 0;
}

void rt_fd_unwatch(struct leat_runtime *rt, struct lcore *lc, struct fd_watch *w)
{
	struct rt_lcore *c = rt_lcore_of(lc);
	if (!w->rt_private)
		return;
	assert(w->rt_private == c);
	epoll_ctl(c->epoll_fd, EPOLL_CTL_DEL, w->fd, NULL);
	w->rt_private = NULL;
	for (int i = c->at_event; i < c->n_events; i++) /* fetched, not yet told */
		if (c->event[i].data.ptr == w)
			c->event[i].events = 0;
}

/* In a turn. What a sleep or a look fetched is told; between looks this costs one comparison. */
unsigned rt_fds_dispatch(struct rt_lcore *c)
{
	unsigned told = 0;
	if (c->at_event == c->n_events) {
		if (c->lc->now_us - c->looked_us < LOOK_US)
			return 0;
		c->at_event = 0;
		c->n_events = MAX(0, epoll_wait(c->epoll_fd, c->event, RT_EVENTS, 0));
	}
	c->looked_us = c->lc->now_us;
	while (c->at_event < c->n_events) {
		struct epoll_event *e = &c->event[c->at_event++];
		struct fd_watch *w = e->data.ptr;
		if (w && e->events)
			w->ready(w, c->lc, e->events);
		told++;
	}
	return told;
}

void rt_fds_sleep(struct rt_lcore *c, uint64_t until_us)
{
	uint64_t now_us = until_us == UINT64_MAX ? 0 : rt_now_us(&c->rt->rt);
	uint64_t wait_us = until_us > now_us ? until_us - now_us : 0;
	struct timespec t = { .tv_sec = (time_t)(wait_us / 1000000),
			      .tv_nsec = (long)(wait_us % 1000000) * 1000 };
	assert(c->at_event == c->n_events);
	c->at_event = 0;
	c->n_events =
		epoll_pwait2(c->epoll_fd, c->event, RT_EVENTS, until_us == UINT64_MAX ? NULL : &t, NULL);
	if (c->n_events < 0 && errno == ENOSYS) { /* emulators and valgrind */
		int ms = wait_us / 1000 >= 3600000 ? 3600000 : (int)(wait_us / 1000) + 1;
		c->n_events = epoll_wait(c->epoll_fd, c->event, RT_EVENTS, ms);
	}
	c->n_events = MAX(0, c->n_events); /* a signal */
}

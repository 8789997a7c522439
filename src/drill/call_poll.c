/* SPDX-License-Identifier: BSD-2-Clause */
/* Readiness: poll(). */
#include "drill/call_internal.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "drill/values.h"
#include "sock/sock.h"

static int64_t poll_one(struct call_ctx *c, const struct expr *e, bool compare)
{
	int64_t fd = -1, events = 0, want;
	uint32_t now = POLLNVAL;
	if (!value_int(value_field(e, "fd", NULL), &fd) ||
	    !value_int(value_field(e, "events", NULL), &events))
		return call_wrong(c, "{fd=, events=} is wanted"), 0;
	if (fd >= 0 && fd < DRILL_FDS && c->r->fd[fd].sock)
		now = sock_poll(c->r->fd[fd].sock) & ((uint32_t)events | POLLERR | POLLHUP);
	if (compare && value_int(value_field(e, "revents", NULL), &want) && (uint32_t)want != now)
		call_wrong(c, "expected revents 0x%llx of descriptor %lld, got 0x%x",
			   (unsigned long long)want, (long long)fd, now);
	return now != 0;
}

int64_t drill_poll(struct call_ctx *c)
{
	const struct expr *list = call_arg(c, 0);
	uint64_t timeout = call_timeout_us(c->r, c->e);
	int64_t n = 0;
	const struct expr *first = list && list->kind == EXPR_LIST ? list->first : NULL;
	for (const struct expr *e = first; e && !c->wrong; e = e->next)
		n += poll_one(c, e, false);
	c->may_block = !n && c->waited_us < timeout;
	if (c->may_block)
		return -EAGAIN;
	for (const struct expr *e = first; e && !c->wrong; e = e->next)
		poll_one(c, e, true);
	return n;
}

uint64_t call_timeout_us(struct run *r, const struct event *e)
{
	struct call_ctx c = { .r = r, .e = e };
	bool poll = !strcmp(e->call.name, "poll"), epoll = !strcmp(e->call.name, "epoll_wait");
	int64_t ms;
	if ((!poll && !epoll) || !value_int(call_arg(&c, poll ? 2 : 3), &ms) || ms < 0)
		return UINT64_MAX;
	return (uint64_t)MIN(ms, (int64_t)1 << 40) * 1000;
}

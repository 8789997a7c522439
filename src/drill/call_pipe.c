/* SPDX-License-Identifier: BSD-2-Clause */
/* pipe() and splice(): what goes from a socket into a pipe and out of one into a socket. A pipe is bytes in a row with two ends. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "drill/call_internal.h"
#include "drill/values.h"
#include "sock/sock.h"

enum { PIPE_ROOM = 65536 }; /* as large as Linux's */

struct drill_pipe {
	unsigned ends;
	size_t len;
	uint8_t bytes[PIPE_ROOM];
};

void call_pipe_put(struct drill_pipe *p)
{
	if (p && !--p->ends)
		free(p);
}

static bool is_free(const struct run *r, int64_t n)
{
	return n >= 0 && n < DRILL_FDS && !call_fd_is_open(&r->fd[n]);
}

/* pipe([5, 6]): as the script says. */
int64_t drill_pipe(struct call_ctx *c)
{
	const struct expr *list = call_arg(c, 0), *first = list ? list->first : NULL;
	int64_t in, out;
	if (!list || list->kind != EXPR_LIST || !first || !value_int(first, &in) ||
	    !value_int(first->next, &out) || in == out || !is_free(c->r, in) || !is_free(c->r, out)) {
		call_wrong(c, "two numbers that are free are wanted");
		return 0;
	}
	struct drill_pipe *p = calloc(1, sizeof *p);
	if (!p)
		return -ENOMEM;
	p->ends = 2;
	c->r->fd[in] = c->r->fd[out] = (struct drill_fd){ .pipe = p };
	return 0;
}

/* Linux: tcp_splice_read() ends where the byte that is urgent is next. */
static int64_t into_pipe(struct sock *s, struct drill_pipe *p, size_t len)
{
	size_t n = MIN(len, PIPE_ROOM - p->len);
	if (!n)
		return len ? -EAGAIN : 0;
	if (sock_amount(s, SOCK_AT_MARK) > 0 && sock_amount(s, SOCK_READABLE) > 0)
		return 0;
	ssize_t got = sock_recvfrom(s, p->bytes + p->len, n, 0, NULL, NULL);
	p->len += got > 0 ? (size_t)got : 0;
	return got;
}

static int64_t out_of_pipe(struct sock *s, struct drill_pipe *p, size_t len)
{
	size_t n = MIN(len, p->len);
	if (!n)
		return len ? -EAGAIN : 0;
	ssize_t got = sock_sendto(s, p->bytes, n, 0, NULL, 0);
	if (got > 0) {
		p->len -= (size_t)got;
		memmove(p->bytes, p->bytes + got, p->len);
	}
	return got;
}

/* splice(in, NULL, out, NULL, len, flags) */
int64_t drill_splice(struct call_ctx *c)
{
	int64_t n = call_int(c, 2, -1), len = call_int(c, 4, 0);
	if (c->wrong)
		return 0;
	struct drill_fd *to = n >= 0 && n < DRILL_FDS && call_fd_is_open(&c->r->fd[n]) ? &c->r->fd[n] : NULL;
	if (!to)
		return -EBADF;
	c->may_block = true;
	if (c->fd->sock && to->pipe)
		return into_pipe(c->fd->sock, to->pipe, (size_t)len);
	return c->fd->pipe && to->sock ? out_of_pipe(to->sock, c->fd->pipe, (size_t)len) : -EINVAL;
}

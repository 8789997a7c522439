/* SPDX-License-Identifier: BSD-2-Clause */
/* pipe() and splice(): what goes from a socket into a pipe and out of one into a socket. A pipe is bytes in a row with two ends. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "packetdrill/tested.h"

enum { PIPE_ROOM = 65536 }; /* as large as Linux's */

struct pipe {
	unsigned ends;
	size_t len;
	uint8_t bytes[PIPE_ROOM];
};

void pipe_put(struct pipe *p)
{
	if (p && !--p->ends)
		free(p);
}

static int do_pipe(void *u, int fds[2])
{
	struct tested *t = u;
	struct pipe *p = calloc(1, sizeof *p);
	const struct tested_fd f = { .pipe = p };
	if (!p)
		return (int)call_result(-ENOMEM);
	p->ends = 2;
	tested_lock(t);
	int64_t in = calls_take(t, &f), out = in < 0 ? in : calls_take(t, &f);
	tested_unlock(t);
	if (out < 0) /* the first end, if there is one, is closed with the rest */
		pipe_put(p);
	if (in < 0)
		pipe_put(p);
	fds[0] = (int)in;
	fds[1] = (int)out;
	return (int)call_result(out < 0 ? out : 0);
}

struct splice {
	struct pipe *p;
	size_t len;
	bool into_pipe;
};

static int64_t try_splice(struct tested_fd *f, void *arg)
{
	struct splice *c = arg;
	struct pipe *p = c->p;
	size_t n = MIN(c->len, c->into_pipe ? PIPE_ROOM - p->len : p->len);
	ssize_t got;
	if (!n)
		return c->len ? -EAGAIN : 0;
	if (c->into_pipe) {
		if (sock_amount(f->sock, SOCK_AT_MARK) > 0 && sock_amount(f->sock, SOCK_READABLE) > 0)
			return 0; /* Linux: the urgent byte is next */
		got = sock_recvfrom(f->sock, p->bytes + p->len, n, 0, NULL, NULL);
		p->len += got > 0 ? (size_t)got : 0;
		return got;
	}
	got = sock_sendto(f->sock, p->bytes, n, 0, NULL, 0);
	if (got > 0) {
		p->len -= (size_t)got;
		memmove(p->bytes, p->bytes + got, p->len);
	}
	return got;
}

static int do_splice(void *u, int in, loff_t *in_at, int out, loff_t *out_at, size_t len, unsigned flags)
{
	struct tested *t = u;
	int64_t r = -EBADF;
	tested_lock(t);
	struct tested_fd *a = calls_find_any(t, in), *b = calls_find_any(t, out);
	if (a && b)
		r = -EINVAL;
	if (a && b && !a->pipe != !b->pipe) {
		struct tested_fd *s = a->pipe ? b : a;
		struct splice c = { .p = a->pipe ? a->pipe : b->pipe, .len = len, .into_pipe = !a->pipe };
		r = s->sock ? clock_wait(t, s, try_splice, &c, s->nonblock ? 0 : UINT64_MAX) : -EINVAL;
		calls_settle(t);
	}
	tested_unlock(t);
	return (int)call_result(r);
}

void calls_fill_pipe(struct tool_interface *i)
{
	i->pipe = do_pipe;
	i->splice = do_splice;
}

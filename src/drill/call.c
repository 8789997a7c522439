/* SPDX-License-Identifier: BSD-2-Clause */
/* System calls of scripts, on the sockets of the stack under test. A row of the table per call; what it returns is -errno as
 * everywhere, and is compared with the script's result here. What a call hands back in its arguments (an address, bytes, flags) is
 * compared where the script says something, and let go where it says "...". */
#include "drill/run_internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drill/call_internal.h"
#include "drill/epolls.h"
#include "drill/values.h"
#include "sock/sock.h"

/* --- arguments --- */

const struct expr *call_arg(const struct call_ctx *c, unsigned i)
{
	const struct expr *e = c->e->call.args;
	while (e && i--)
		e = e->next;
	return e;
}

int64_t call_int(struct call_ctx *c, unsigned i, int64_t otherwise)
{
	const struct expr *e = call_arg(c, i);
	int64_t v = otherwise;
	if (!value_is_any(e) && !value_int(e, &v))
		call_wrong(c, "argument %u is no number known here", i + 1);
	return v;
}

bool call_wrong(struct call_ctx *c, const char *fmt, ...)
{
	char text[256];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	c->wrong = true;
	return run_fail(c->r, c->e->line, "%s(): %s", c->e->call.name, text);
}

struct drill_fd *call_fd(struct call_ctx *c)
{
	int64_t n = call_int(c, 0, -1);
	return n >= 0 && n < DRILL_FDS && call_fd_is_open(&c->r->fd[n]) ? &c->r->fd[n] : NULL;
}

/* --- the table --- */

static const struct {
	const char *name;
	int64_t (*run)(struct call_ctx *c);
	unsigned min_args;
	bool no_fd; /* its first argument is none */
	bool epoll; /* it is an epoll's */
} calls[] = {
	{ "socket", drill_socket, 3, true, false },
	{ "bind", drill_bind, 3, false, false },
	{ "connect", drill_connect, 3, false, false },
	{ "listen", drill_listen, 2, false, false },
	{ "accept", drill_accept, 3, false, false },
	{ "close", drill_close, 1, false, false },
	{ "shutdown", drill_shutdown, 2, false, false },
	{ "getsockname", drill_getsockname, 3, false, false },
	{ "getpeername", drill_getpeername, 3, false, false },
	{ "write", drill_send, 3, false, false },
	{ "send", drill_send, 4, false, false },
	{ "sendto", drill_sendto, 6, false, false },
	{ "sendmsg", drill_sendmsg, 3, false, false },
	{ "read", drill_read, 3, false, false },
	{ "recv", drill_recv, 4, false, false },
	{ "recvfrom", drill_recvfrom, 6, false, false },
	{ "writev", drill_writev, 3, false, false },
	{ "readv", drill_readv, 3, false, false },
	{ "recvmsg", drill_recvmsg, 3, false, false },
	{ "setsockopt", drill_setsockopt, 5, false, false },
	{ "getsockopt", drill_getsockopt, 5, false, false },
	{ "fcntl", drill_fcntl, 2, false, false },
	{ "ioctl", drill_ioctl, 3, false, false },
	{ "pipe", drill_pipe, 1, true, false },
	{ "splice", drill_splice, 6, false, false },
	{ "poll", drill_poll, 3, true, false },
	{ "epoll_create", drill_epoll_create, 1, true, false },
	{ "epoll_create1", drill_epoll_create1, 1, true, false },
	{ "epoll_ctl", drill_epoll_ctl, 4, false, true },
	{ "epoll_wait", drill_epoll_wait, 4, false, true },
};

static unsigned call_row(const char *name)
{
	unsigned i = 0;
	while (i < ARRAY_SIZE(calls) && strcmp(calls[i].name, name) != 0)
		i++;
	return i;
}

const char *call_missing(const struct call *c)
{
	return call_row(c->name) == ARRAY_SIZE(calls) ? "a call that is not known here" : NULL;
}

static bool check_result(struct call_ctx *c, int64_t got)
{
	const struct call *call = &c->e->call;
	int64_t want;
	int err = call->err ? errno_of_name(call->err) : 0;
	if (c->wrong)
		return false;
	if (call->err && !err)
		return run_fail(c->r, c->e->line, "%s is no error known here", call->err);
	if (value_is_any(call->result))
		return true;
	if (!value_int(call->result, &want))
		return run_fail(c->r, c->e->line, "%s(): the result is no number known here", call->name);
	if (want == -1 && got < 0 && (!err || err == -got))
		return true;
	if (got >= 0 && want == got && !err)
		return true;
	if (got < 0)
		return run_fail(c->r, c->e->line, "%s(): expected %lld%s%s, got -1 with %s (%s)", call->name,
				(long long)want, err ? " with " : "", err ? call->err : "",
				strerrorname_np((int)-got), strerror((int)-got));
	return run_fail(c->r, c->e->line, "%s(): expected %lld%s%s, got %lld", call->name, (long long)want,
			err ? " with " : "", err ? call->err : "", (long long)got);
}

enum call_state call_try(struct run *r, const struct event *e, uint64_t waited_us)
{
	struct call_ctx c = { .r = r, .e = e, .waited_us = waited_us };
	unsigned row = call_row(e->call.name);
	int64_t got = -EBADF;
	if (e->call.n_args < calls[row].min_args)
		return run_fail(r, e->line, "%s() has %u arguments", e->call.name, calls[row].min_args),
		       CALL_WRONG;
	if (!calls[row].no_fd)
		c.fd = call_fd(&c);
	if (c.fd && calls[row].run != drill_close && calls[row].epoll != (c.fd->epoll != NULL))
		return check_result(&c, calls[row].epoll ? -EINVAL : -ENOTSOCK) ? CALL_DONE : CALL_WRONG;
	if (c.fd && c.fd->pipe && calls[row].run != drill_close && calls[row].run != drill_splice)
		return check_result(&c, -ENOTSOCK) ? CALL_DONE : CALL_WRONG;
	bool nonblock = c.fd && c.fd->nonblock;
	if (c.fd || calls[row].no_fd)
		got = calls[row].run(&c);
	if (got == -EAGAIN && c.may_block && !nonblock && !c.wrong)
		return CALL_BLOCKS;
	if (c.fd && c.fd->sock)
		call_flow_follow(r, c.fd);
	call_epoll_look_again(r);
	return check_result(&c, got) ? CALL_DONE : CALL_WRONG;
}

bool call_listens(const struct run *r)
{
	bool any = false;
	for (unsigned i = 0; i < DRILL_FDS; i++) {
		int on = 0;
		socklen_t len = sizeof on;
		if (r->fd[i].sock && !sock_getsockopt(r->fd[i].sock, SOL_SOCKET, SO_ACCEPTCONN, &on, &len))
			any |= on != 0;
	}
	return any;
}

void call_close_all(struct run *r)
{
	for (unsigned i = 0; i < DRILL_FDS; i++) {
		sock_close(r->fd[i].sock);
		epolls_free(r->fd[i].epoll);
		call_pipe_put(r->fd[i].pipe);
		r->fd[i] = (struct drill_fd){ 0 };
	}
}

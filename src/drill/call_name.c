/* SPDX-License-Identifier: BSD-2-Clause */
/* socket(), bind(), connect(), getsockname(), ...: opening, naming, closing. */
#include "drill/call_internal.h"

#include <errno.h>
#include <stdlib.h>

#include "drill/epolls.h"
#include "drill/values.h"
#include "sock/sock.h"

/* A number may name another socket from now on; the one before stays open, as in the original, and nobody can ask for it. */
static bool set_aside(struct run *r, int64_t n)
{
	struct drill_fd *was = &r->fd[n];
	unsigned to = DRILL_FDS;
	if (!call_fd_is_open(was))
		return true;
	if (was->epoll)
		return false;
	while (to-- > 0)
		if (!call_fd_is_open(&r->fd[to])) {
			r->fd[to] = *was;
			*was = (struct drill_fd){ 0 };
			return true;
		}
	return false;
}

/* Under the number that the script says, or 3. */
static int64_t take_fd(struct call_ctx *c, struct sock *s, uint8_t family, bool nonblock)
{
	int64_t n;
	if (!value_int(c->e->call.result, &n))
		n = 3;
	if (n < 0 || n >= DRILL_FDS || !set_aside(c->r, n)) { /* the result is wrong, or there are too many */
		sock_close(s);
		return n < 0 ? 0 : -EMFILE;
	}
	c->r->fd[n] = (struct drill_fd){ .sock = s, .family = family, .nonblock = nonblock };
	c->r->newest = (unsigned)n;
	return n;
}

int64_t drill_socket(struct call_ctx *c)
{
	int64_t domain = call_int(c, 0, c->r->s->mapped ? AF_INET6 : c->r->s->family),
		type = call_int(c, 1, SOCK_DGRAM), proto = call_int(c, 2, 0);
	struct sock *s;
	if (c->wrong)
		return -EINVAL;
	int err = sock_open(c->r->w->st, (int)domain, (int)type, (int)proto, NULL, &s);
	return err ? err : take_fd(c, s, (uint8_t)domain, type & SOCK_NONBLOCK);
}

int64_t drill_bind(struct call_ctx *c)
{
	struct sockaddr_storage ss;
	socklen_t len;
	return call_address_arg(c, 1, true, &ss, &len) ? sock_bind(c->fd->sock, (struct sockaddr *)&ss, len)
						       : 0;
}

/* A stream's takes a round trip; who does not want to wait is told so. */
int64_t drill_connect(struct call_ctx *c)
{
	struct sockaddr_storage ss;
	socklen_t len;
	if (!call_address_arg(c, 1, false, &ss, &len))
		return 0;
	int err = sock_connect(c->fd->sock, (struct sockaddr *)&ss, len);
	bool waits = err == -EINPROGRESS || (err == -EALREADY && c->r->pending.tries > 1);
	if (!waits || c->fd->nonblock)
		return err;
	c->may_block = true;
	call_flow_follow(c->r, c->fd);
	return -EAGAIN;
}

int64_t drill_close(struct call_ctx *c)
{
	call_epoll_forget(c->r, (int)(c->fd - c->r->fd));
	sock_close(c->fd->sock);
	epolls_free(c->fd->epoll);
	call_pipe_put(c->fd->pipe);
	*c->fd = (struct drill_fd){ 0 };
	c->fd = NULL;
	return 0;
}

int64_t drill_shutdown(struct call_ctx *c)
{
	return sock_shutdown(c->fd->sock, (int)call_int(c, 1, SHUT_RDWR));
}

int64_t drill_listen(struct call_ctx *c)
{
	c->r->talks.anew = true;
	return sock_listen(c->fd->sock, (int)call_int(c, 1, 1));
}

int64_t drill_accept(struct call_ctx *c)
{
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof ss;
	struct sock *s;
	int err = sock_accept(c->fd->sock, &s);
	c->may_block = true;
	if (err)
		return err;
	sock_getpeername(s, (struct sockaddr *)&ss, &len);
	int64_t n = take_fd(c, s, c->fd->family, false);
	if (n >= 0)
		call_address_arg_is(c, 1, &ss);
	return n;
}

static int64_t name_of(struct call_ctx *c, int (*get)(struct sock *, struct sockaddr *, socklen_t *))
{
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof ss;
	int err = get(c->fd->sock, (struct sockaddr *)&ss, &len);
	if (!err)
		call_address_arg_is(c, 1, &ss);
	return err;
}
int64_t drill_getsockname(struct call_ctx *c)
{
	return name_of(c, sock_getsockname);
}
int64_t drill_getpeername(struct call_ctx *c)
{
	return name_of(c, sock_getpeername);
}

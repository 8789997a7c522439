/* SPDX-License-Identifier: BSD-2-Clause */
/* send(), recv() and their like: what is sent and what came. */
#include "drill/call_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "drill/values.h"
#include "sock/sock.h"
#include "wire/icmp4.h"
#include "wire/icmp6.h"

/* len bytes: the script's, then zeros. NULL, and a complaint, for more than a packet can be. */
static uint8_t *payload(struct call_ctx *c, const struct expr *e, int64_t len)
{
	uint8_t *p = len >= 0 && len <= CALL_BYTES_MAX ? calloc(1, (size_t)len + 1) : NULL;
	if (!p)
		call_wrong(c, "a length of %lld is out of bounds here", (long long)len);
	else if (value_is_string(e))
		memcpy(p, e->text, MIN(e->len, (size_t)len));
	return p;
}

/* As the original does: an unsaid message to a ping socket's sendto() is an echo request of zeros. */
static void echo_request(struct call_ctx *c, const struct expr *data, uint8_t *p, int64_t len)
{
	int type = 0, proto = 0;
	socklen_t room = sizeof type;
	if (len < 8 || value_is_string(data) || strcmp(c->e->call.name, "sendto") != 0 ||
	    sock_getsockopt(c->fd->sock, SOL_SOCKET, SO_TYPE, &type, &room) ||
	    sock_getsockopt(c->fd->sock, SOL_SOCKET, SO_PROTOCOL, &proto, &room) || type != SOCK_DGRAM)
		return;
	if (proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6)
		p[0] = proto == IPPROTO_ICMP ? ICMP4_ECHO : ICMP6_ECHO;
}

bool call_waits(const struct call_ctx *c, int64_t flags)
{
	return !c->fd->nonblock && !(flags & MSG_DONTWAIT);
}

/* Linux: a call that found no room waits until there is a lot, as poll() sees it. */
bool call_waits_for_room(struct call_ctx *c, int64_t flags)
{
	c->may_block = call_waits(c, flags) && c->r->pending.tries > 1 &&
		       !(sock_poll(c->fd->sock) & (EPOLLOUT | EPOLLERR | EPOLLHUP));
	return c->may_block;
}

int64_t call_sent(struct call_ctx *c, int64_t n, int64_t len, int64_t flags)
{
	size_t *done = &c->r->pending.sent;
	if (n < 0 && n != -EAGAIN)
		return *done ? (int64_t)*done : n;
	*done += n > 0 ? (size_t)n : 0;
	c->may_block = !(flags & MSG_DONTWAIT) && ((int64_t)*done < len || n < 0);
	if (c->may_block && !c->fd->nonblock)
		return -EAGAIN;
	return *done || n >= 0 ? (int64_t)*done : n;
}

static int64_t send_to(struct call_ctx *c, const struct expr *data, int64_t len, int64_t flags,
		       const struct sockaddr_storage *to, socklen_t to_len)
{
	uint8_t *p = payload(c, data, len);
	if (!p)
		return -EMSGSIZE;
	if (len && call_is_null(data)) { /* what the copy from a program's memory would say */
		free(p);
		return -EFAULT;
	}
	if (call_waits_for_room(c, flags)) {
		free(p);
		return -EAGAIN;
	}
	echo_request(c, data, p, len);
	size_t done =
		c->r->pending
			.sent; /* by the tries before: a stream that blocks takes all of it, little by little */
	const struct sock_msg m = { .buf = p + done,
				    .len = (size_t)len - done,
				    .name = to_len ? (void *)to : NULL,
				    .name_len = to_len,
				    .waits = call_waits(c, flags) };
	int64_t n = sock_sendmsg(c->fd->sock, &m, (int)flags);
	free(p);
	n = call_sent(c, n, len, flags);
	if (n >= 0 && to_len)
		call_flow_to(c->r, to);
	if (n == -EAGAIN && c->may_block) /* Fast Open may have chosen names */
		call_flow_follow(c->r, c->fd);
	return n;
}

int64_t drill_send(struct call_ctx *c)
{
	return send_to(c, call_arg(c, 1), call_int(c, 2, 0), call_int(c, 3, 0), NULL, 0);
}

/* The address "..." of a connected socket's sendto is none: the peer's; NULL is none, too. */
int64_t drill_sendto(struct call_ctx *c)
{
	struct sockaddr_storage ss = { 0 };
	socklen_t len = 0, room = sizeof ss;
	const struct expr *to = call_arg(c, 4);
	bool connected = !sock_getpeername(c->fd->sock, (struct sockaddr *)&ss, &room);
	if (!call_is_null(to) && !(value_is_any(to) && connected) &&
	    !call_address_arg(c, 4, false, &ss, &len))
		return 0;
	return send_to(c, call_arg(c, 1), call_int(c, 2, 0), call_int(c, 3, 0), &ss, len);
}

bool call_bytes_are(struct call_ctx *c, const struct expr *e, const uint8_t *seen, size_t len)
{
	if (!value_is_string(e))
		return true;
	size_t n = e->kind == EXPR_STRING_ANY ? MIN(len, e->len) : len;
	if (n > e->len || (e->kind == EXPR_STRING_ANY && len < e->len) || memcmp(e->text, seen, n) != 0)
		return call_wrong(c, "other bytes than expected came");
	return true;
}

bool call_is_null(const struct expr *e)
{
	return e && ((e->kind == EXPR_WORD && !strcmp(e->text, "NULL")) || (e->kind == EXPR_INT && !e->num));
}

static int64_t recv_from(struct call_ctx *c, int64_t flags, bool with_address)
{
	int64_t len = call_int(c, 2, 0);
	struct sockaddr_storage from = { 0 };
	socklen_t from_len = sizeof from;
	uint8_t *p = payload(c, NULL, len);
	if (!p)
		return -EINVAL;
	bool null = len && call_is_null(call_arg(c, 1)); /* nothing is taken then */
	int64_t n = sock_recvfrom(c->fd->sock, p, (size_t)len, (int)flags | (null ? MSG_PEEK : 0),
				  (struct sockaddr *)&from, &from_len);
	n = null && n > 0 ? -EFAULT : n;
	c->may_block = !(flags & (MSG_DONTWAIT | MSG_ERRQUEUE));
	if (n >= 0)
		call_bytes_are(c, call_arg(c, 1), p, (size_t)MIN(n, len));
	if (n >= 0 && with_address && !c->wrong)
		call_address_arg_is(c, 4, &from);
	free(p);
	return n;
}
int64_t drill_read(struct call_ctx *c)
{
	return recv_from(c, 0, false);
}
int64_t drill_recv(struct call_ctx *c)
{
	return recv_from(c, call_int(c, 3, 0), false);
}
int64_t drill_recvfrom(struct call_ctx *c)
{
	return recv_from(c, call_int(c, 3, 0), true);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* System calls of scripts, on the sockets of the stack under test. A row of the table per call; what it returns is -errno as
 * everywhere, and is compared with the script's result here. What a call hands back in its arguments (an address, bytes, flags) is
 * compared where the script says something, and let go where it says "...". */
#include "drill/run_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "drill/call_internal.h"
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
	return n >= 0 && n < DRILL_FDS && c->r->fd[n].sock ? &c->r->fd[n] : NULL;
}

/* "..." is the script's own address and port. */
static bool address_arg(struct call_ctx *c, unsigned i, bool local, struct sockaddr_storage *ret,
			socklen_t *ret_len)
{
	const struct script *s = c->r->s;
	const struct ipaddr *a = local ? &s->local : &s->remote;
	uint16_t port = local ? s->bind_port : s->connect_port;
	const struct expr *e = call_arg(c, i);
	if (!value_is_any(e))
		return value_sockaddr(e, ret, ret_len) || call_wrong(c, "argument %u is no address", i + 1);
	memset(ret, 0, sizeof *ret);
	if (s->family == AF_INET) {
		struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(port) };
		memcpy(&sin.sin_addr, &a->v4, sizeof a->v4);
		memcpy(ret, &sin, *ret_len = sizeof sin);
	} else {
		struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
		memcpy(&sin6.sin6_addr, &a->v6, sizeof a->v6);
		memcpy(ret, &sin6, *ret_len = sizeof sin6);
	}
	return true;
}

/* --- the flow of the socket used last --- */

static bool split(const struct sockaddr_storage *ss, uint8_t family, struct ipaddr *ret_addr,
		  uint16_t *ret_port)
{
	const struct sockaddr_in *sin = (const void *)ss;
	const struct sockaddr_in6 *sin6 = (const void *)ss;
	*ret_addr = (struct ipaddr){ 0 };
	if (ss->ss_family != family)
		return false;
	if (family == AF_INET)
		memcpy(&ret_addr->v4, &sin->sin_addr, 4);
	else
		memcpy(&ret_addr->v6, &sin6->sin6_addr, 16);
	*ret_port = ntohs(family == AF_INET ? sin->sin_port : sin6->sin6_port);
	return true;
}

static bool is_any(const struct ipaddr *a)
{
	static const struct ipaddr zero;
	return memcmp(a, &zero, sizeof zero) == 0;
}

static void flow_to(struct run *r, const struct sockaddr_storage *to)
{
	struct ipaddr a;
	uint16_t port;
	if (!split(to, r->flow.family, &a, &port))
		return;
	r->flow.remote = a;
	r->flow.remote_port = port;
}

static void flow_follow(struct run *r, const struct drill_fd *fd)
{
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof ss;
	struct ipaddr a;
	uint16_t port;
	if (!sock_getsockname(fd->sock, (struct sockaddr *)&ss, &len) &&
	    split(&ss, r->flow.family, &a, &port) && port) {
		r->flow.local = is_any(&a) ? r->s->local : a;
		r->flow.local_port = port;
	}
	len = sizeof ss;
	if (!sock_getpeername(fd->sock, (struct sockaddr *)&ss, &len))
		flow_to(r, &ss);
}

/* --- the calls: opening, naming, closing --- */

static int64_t do_socket(struct call_ctx *c)
{
	int64_t domain = call_int(c, 0, c->r->s->family), type = call_int(c, 1, SOCK_DGRAM),
		proto = call_int(c, 2, 0), n;
	struct sock *s;
	if (c->wrong)
		return -EINVAL;
	if (!value_int(c->e->call.result, &n))
		n = 3;
	int err = sock_open(c->r->w->st, (int)domain, (int)type, (int)proto, NULL, &s);
	if (err)
		return err;
	if (n < 0 || n >= DRILL_FDS ||
	    c->r->fd[n].sock) { /* the result is wrong, or the number taken: close() was forgotten */
		sock_close(s);
		return n < 0 ? 0 : -EMFILE;
	}
	c->r->fd[n] = (struct drill_fd){ s, (uint8_t)domain, type & SOCK_NONBLOCK };
	return n;
}

static int64_t do_bind(struct call_ctx *c)
{
	struct sockaddr_storage ss;
	socklen_t len;
	return address_arg(c, 1, true, &ss, &len) ? sock_bind(c->fd->sock, (struct sockaddr *)&ss, len) : 0;
}

static int64_t do_connect(struct call_ctx *c)
{
	struct sockaddr_storage ss;
	socklen_t len;
	return address_arg(c, 1, false, &ss, &len) ? sock_connect(c->fd->sock, (struct sockaddr *)&ss, len)
						   : 0;
}

static int64_t do_close(struct call_ctx *c)
{
	sock_close(c->fd->sock);
	*c->fd = (struct drill_fd){ 0 };
	c->fd = NULL;
	return 0;
}

static int64_t do_shutdown(struct call_ctx *c)
{
	return sock_shutdown(c->fd->sock, (int)call_int(c, 1, SHUT_RDWR));
}

/* Datagram sockets have neither. */
static int64_t do_listen(struct call_ctx *c)
{
	return -EOPNOTSUPP;
}

static bool address_is(struct call_ctx *c, unsigned i, const struct sockaddr_storage *seen)
{
	const struct expr *e = call_arg(c, i);
	return value_is_any(e) || call_address_is(c, e, seen);
}

bool call_address_is(struct call_ctx *c, const struct expr *e, const struct sockaddr_storage *seen)
{
	struct sockaddr_storage want;
	socklen_t len;
	struct ipaddr a, b;
	uint16_t pa, pb;
	if (!value_sockaddr(e, &want, &len))
		return call_wrong(c, "that is no address");
	if (!split(&want, (uint8_t)want.ss_family, &a, &pa) || !split(seen, (uint8_t)want.ss_family, &b, &pb))
		return call_wrong(c, "the address is of another family than expected");
	if (pa != pb)
		return call_wrong(c, "expected port %u, got %u", pa, pb);
	return memcmp(&a, &b, sizeof a) == 0 || call_wrong(c, "the address is another one than expected");
}

static int64_t name_of(struct call_ctx *c, int (*get)(struct sock *, struct sockaddr *, socklen_t *))
{
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof ss;
	int err = get(c->fd->sock, (struct sockaddr *)&ss, &len);
	if (!err)
		address_is(c, 1, &ss);
	return err;
}
static int64_t do_getsockname(struct call_ctx *c)
{
	return name_of(c, sock_getsockname);
}
static int64_t do_getpeername(struct call_ctx *c)
{
	return name_of(c, sock_getpeername);
}

/* --- the calls: bytes --- */

static bool is_string(const struct expr *e)
{
	return e && (e->kind == EXPR_STRING || e->kind == EXPR_STRING_ANY);
}

/* len bytes: the script's, then zeros. NULL, and a complaint, for more than a packet can be. */
static uint8_t *payload(struct call_ctx *c, const struct expr *e, int64_t len)
{
	uint8_t *p = len >= 0 && len <= CALL_BYTES_MAX ? calloc(1, (size_t)len + 1) : NULL;
	if (!p)
		call_wrong(c, "a length of %lld is out of bounds here", (long long)len);
	else if (is_string(e))
		memcpy(p, e->text, MIN(e->len, (size_t)len));
	return p;
}

static int64_t send_to(struct call_ctx *c, const struct expr *data, int64_t len, int64_t flags,
		       const struct sockaddr_storage *to, socklen_t to_len)
{
	uint8_t *p = payload(c, data, len);
	if (!p)
		return -EMSGSIZE;
	int64_t n = sock_sendto(c->fd->sock, p, (size_t)len, (int)flags, to_len ? (const void *)to : NULL,
				to_len);
	free(p);
	if (n >= 0 && to_len)
		flow_to(c->r, to);
	return n;
}

static int64_t do_send(struct call_ctx *c)
{
	return send_to(c, call_arg(c, 1), call_int(c, 2, 0), call_int(c, 3, 0), NULL, 0);
}

/* The address "..." of a connected socket's sendto is none: the peer's; NULL is none, too. */
static int64_t do_sendto(struct call_ctx *c)
{
	struct sockaddr_storage ss = { 0 };
	socklen_t len = 0, room = sizeof ss;
	const struct expr *to = call_arg(c, 4);
	bool connected = !sock_getpeername(c->fd->sock, (struct sockaddr *)&ss, &room);
	bool none = to && ((to->kind == EXPR_WORD && !strcmp(to->text, "NULL")) ||
			   (to->kind == EXPR_INT && !to->num));
	if (!none && !(value_is_any(to) && connected) && !address_arg(c, 4, false, &ss, &len))
		return 0;
	return send_to(c, call_arg(c, 1), call_int(c, 2, 0), call_int(c, 3, 0), &ss, len);
}

bool call_bytes_are(struct call_ctx *c, const struct expr *e, const uint8_t *seen, size_t len)
{
	if (!is_string(e))
		return true;
	size_t n = e->kind == EXPR_STRING_ANY ? MIN(len, e->len) : len;
	if (n > e->len || (e->kind == EXPR_STRING_ANY && len < e->len) || memcmp(e->text, seen, n) != 0)
		return call_wrong(c, "other bytes than expected came");
	return true;
}

static int64_t recv_from(struct call_ctx *c, int64_t flags, bool with_address)
{
	int64_t len = call_int(c, 2, 0);
	struct sockaddr_storage from = { 0 };
	socklen_t from_len = sizeof from;
	uint8_t *p = payload(c, NULL, len);
	if (!p)
		return -EINVAL;
	int64_t n =
		sock_recvfrom(c->fd->sock, p, (size_t)len, (int)flags, (struct sockaddr *)&from, &from_len);
	c->may_block = !(flags & (MSG_DONTWAIT | MSG_ERRQUEUE));
	if (n >= 0)
		call_bytes_are(c, call_arg(c, 1), p, (size_t)MIN(n, len));
	if (n >= 0 && with_address && !c->wrong)
		address_is(c, 4, &from);
	free(p);
	return n;
}
static int64_t do_read(struct call_ctx *c)
{
	return recv_from(c, 0, false);
}
static int64_t do_recv(struct call_ctx *c)
{
	return recv_from(c, call_int(c, 3, 0), false);
}
static int64_t do_recvfrom(struct call_ctx *c)
{
	return recv_from(c, call_int(c, 3, 0), true);
}

/* --- the calls: options, flags, readiness --- */

static int64_t do_setsockopt(struct call_ctx *c)
{
	const struct expr *e = call_arg(c, 3);
	int64_t level = call_int(c, 1, 0), name = call_int(c, 2, 0), len = call_int(c, 4, sizeof(int)), v = 0;
	uint8_t room[256] = { 0 };
	if (len < 0 || len > (int64_t)sizeof room)
		return call_wrong(c, "a length of %lld is out of bounds here", (long long)len), 0;
	if (is_string(e)) {
		memcpy(room, e->text, MIN(e->len, sizeof room));
	} else if (!value_is_any(e)) {
		if (!value_int(e, &v))
			return call_wrong(c, "the value is not understood here"), 0;
		int32_t v32 = (int32_t)v;
		memcpy(room, &v32, sizeof v32);
	}
	return c->wrong ? 0 : sock_setsockopt(c->fd->sock, (int)level, (int)name, room, (socklen_t)len);
}

static int64_t do_getsockopt(struct call_ctx *c)
{
	int64_t level = call_int(c, 1, 0), name = call_int(c, 2, 0), want, len = sizeof(int), v;
	const struct expr *e = call_arg(c, 3), *room_of = call_arg(c, 4);
	uint8_t room[256] = { 0 };
	int32_t seen;
	if (!value_is_any(room_of) && !value_int(room_of, &len))
		return call_wrong(c, "the length is not understood here"), 0;
	socklen_t got = (socklen_t)MIN((uint64_t)len, sizeof room);
	int err = c->wrong ? 0 : sock_getsockopt(c->fd->sock, (int)level, (int)name, room, &got);
	if (err || value_is_any(e))
		return err;
	memcpy(&seen, room, sizeof seen);
	v = got == 1 ? room[0] : seen;
	if (!value_int(e, &want))
		call_wrong(c, "the value is not understood here");
	else if ((int32_t)want != (int32_t)v)
		call_wrong(c, "expected the value %lld, got %lld", (long long)want, (long long)v);
	return err;
}

static int64_t do_fcntl(struct call_ctx *c)
{
	int64_t cmd = call_int(c, 1, -1);
	if (cmd == F_GETFL)
		return O_RDWR | (c->fd->nonblock ? O_NONBLOCK : 0);
	if (cmd != F_SETFL)
		return -EINVAL;
	c->fd->nonblock = call_int(c, 2, 0) & O_NONBLOCK;
	return 0;
}

/* The length of the next datagram. */
static int64_t do_ioctl(struct call_ctx *c)
{
	int64_t what = call_int(c, 1, -1), want;
	if (c->wrong || what != FIONREAD)
		return -ENOTTY;
	int64_t n = sock_recvfrom(c->fd->sock, NULL, 0, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT, NULL, NULL);
	n = n < 0 ? 0 : n;
	if (value_int(call_arg(c, 2), &want) && want != n)
		call_wrong(c, "expected %lld bytes, there are %lld", (long long)want, (long long)n);
	return 0;
}

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

static int64_t do_poll(struct call_ctx *c)
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
	int64_t ms;
	if (strcmp(e->call.name, "poll") != 0 || !value_int(call_arg(&c, 2), &ms) || ms < 0)
		return UINT64_MAX;
	return (uint64_t)MIN(ms, (int64_t)1 << 40) * 1000;
}

/* --- the table --- */

static const struct {
	const char *name;
	int64_t (*run)(struct call_ctx *c);
	unsigned min_args;
	bool no_fd; /* its first argument is none */
} calls[] = {
	{ "socket", do_socket, 3, true },
	{ "bind", do_bind, 3, false },
	{ "connect", do_connect, 3, false },
	{ "listen", do_listen, 2, false },
	{ "accept", do_listen, 3, false },
	{ "close", do_close, 1, false },
	{ "shutdown", do_shutdown, 2, false },
	{ "getsockname", do_getsockname, 3, false },
	{ "getpeername", do_getpeername, 3, false },
	{ "write", do_send, 3, false },
	{ "send", do_send, 4, false },
	{ "sendto", do_sendto, 6, false },
	{ "sendmsg", drill_sendmsg, 3, false },
	{ "read", do_read, 3, false },
	{ "recv", do_recv, 4, false },
	{ "recvfrom", do_recvfrom, 6, false },
	{ "recvmsg", drill_recvmsg, 3, false },
	{ "setsockopt", do_setsockopt, 5, false },
	{ "getsockopt", do_getsockopt, 5, false },
	{ "fcntl", do_fcntl, 2, false },
	{ "ioctl", do_ioctl, 3, false },
	{ "poll", do_poll, 3, true },
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
	int64_t type, proto;
	unsigned row = call_row(c->name);
	if (row == ARRAY_SIZE(calls))
		return "a call that is not known here";
	if (strcmp(c->name, "socket") || c->n_args < 3 || !value_int(c->args->next, &type))
		return NULL;
	bool tcp = value_int(c->args->next->next, &proto) && proto == IPPROTO_TCP;
	return tcp || (type & 0xf) == SOCK_STREAM ? "no TCP yet" : NULL;
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
	bool nonblock = c.fd && c.fd->nonblock;
	if (c.fd || calls[row].no_fd)
		got = calls[row].run(&c);
	if (got == -EAGAIN && c.may_block && !nonblock && !c.wrong)
		return CALL_BLOCKS;
	if (c.fd)
		flow_follow(r, c.fd);
	return check_result(&c, got) ? CALL_DONE : CALL_WRONG;
}

void call_close_all(struct run *r)
{
	for (unsigned i = 0; i < DRILL_FDS; i++) {
		sock_close(r->fd[i].sock);
		r->fd[i] = (struct drill_fd){ 0 };
	}
}

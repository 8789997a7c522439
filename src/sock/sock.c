/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: a socket is an endpoint (l4/l4.h) with an owner: his rights, his options, whom to tell. This file has
 * its life and the calls that change what it is; message.c sends and receives, option.c has the tables of options, name.c the
 * forms of addresses.
 *
 * Every call enters a section in which all workers stand between turns, so that it may touch what is theirs; in a runtime of one
 * thread that costs nothing. Calls in a turn of the worker that owns the socket are in turn.c. */
#include "sock/sock.h"

#include <sys/epoll.h>

#include "sock/anycast.h"
#include "sock/ext.h"

const struct sock_creds sock_creds_root = { .net_raw = true, .net_bind = true, .net_admin = true };

static struct sock_worker *sock_worker(const struct worker *w)
{
	return worker_state(w, MODULE_sock);
}

/* --- life --- */

struct sock *sock_alloc(struct worker *w, const struct l4_ops *ops, const struct sock_creds *creds)
{
	struct sock_worker *sw = sock_worker(w);
	struct sock *s = slab_zalloc(ops->type == SOCK_STREAM ? &sw->streams : &sw->datagrams);
	if (!s)
		return NULL;
	s->end.uid = creds->uid;
	s->end.gid = creds->gid;
	s->end.net_raw = creds->net_raw;
	s->end.net_bind = creds->net_bind;
	s->end.net_admin = creds->net_admin;
	s->end.is_stream = ops->type == SOCK_STREAM;
	return s;
}

void sock_free(struct sock *s)
{
	slab_free_at(s, s->end.is_stream ? SOCK_STREAM_BYTES : sizeof *s, s->end.place);
}

struct sock_creds sock_creds_of(const struct sock *s)
{
	return (struct sock_creds){ .uid = s->end.uid,
				    .gid = s->end.gid,
				    .net_raw = s->end.net_raw,
				    .net_bind = s->end.net_bind,
				    .net_admin = s->end.net_admin };
}

void sock_became_ready(struct l4_end *e, struct worker *at)
{
	struct sock *s = sock_of(e);
	if (e->ready_here && s->ready_in_turn)
		s->ready_in_turn(s, at, s->ready_ctx);
	else if (!e->ready_here && s->ready)
		s->ready(s, s->ready_ctx);
}

int sock_find_ops(const struct leat_stack *st, int domain, int type, int protocol,
		  const struct sock_creds *creds, const struct l4_ops **ret, uint8_t *ret_proto)
{
	if (domain != AF_INET && domain != AF_INET6)
		return -EAFNOSUPPORT;
	if (type < 0 || type > SOCK_PACKET) /* Linux: there is no such type at all */
		return -EINVAL;
	if (type != SOCK_DGRAM && type != SOCK_RAW && type != SOCK_STREAM)
		return -ESOCKTNOSUPPORT;
	if (protocol < 0 || protocol >= IPPROTO_MAX)
		return -EINVAL;
	if (!protocol && type != SOCK_RAW)
		protocol = type == SOCK_DGRAM ? IPPROTO_UDP : IPPROTO_TCP;
	const struct l4_ops *ops =
		protocol && protocol < 256 ? l4_ops_find(st, type, (uint8_t)domain, (uint8_t)protocol) : NULL;
	if (!ops)
		return -EPROTONOSUPPORT;
	if (type == SOCK_RAW && !creds->net_raw)
		return -EPERM;
	*ret = ops;
	*ret_proto = (uint8_t)protocol;
	return 0;
}

int sock_new(struct leat_stack *st, const struct l4_ops *ops, uint8_t family, uint8_t proto,
	     const struct sock_creds *creds, struct sock **ret)
{
	struct sock *s = sock_alloc(st->worker[0], ops, creds);
	if (!s)
		return -ENOBUFS; /* Linux: inet_create() */
	int err = l4_end_init(&s->end, st, ops, family, proto);
	if (err) {
		sock_free(s);
		return err;
	}
	if (s->end.is_stream)
		tcp_opts_settle(&s->end);
	*ret = s;
	return 0;
}

int sock_open(struct leat_stack *st, int domain, int type, int protocol, const struct sock_creds *creds,
	      struct sock **ret)
{
	const struct l4_ops *ops;
	uint8_t proto;
	if (!creds)
		creds = &sock_creds_root;
	if (!sock_worker(st->worker[0]))
		return -EAFNOSUPPORT;
	int err = sock_find_ops(st, domain, type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC), protocol, creds, &ops,
				&proto);
	if (err)
		return err;
	st->rt->ops->pause(st->rt);
	err = sock_new(st, ops, (uint8_t)domain, proto, creds, ret);
	st->rt->ops->resume(st->rt);
	return err;
}

/* --- what module l4 leaves behind --- */

static void left_behind(struct l4_end *e)
{
	struct sock_stack *ss = stack_state(e->st, MODULE_sock);
	e->tell = ss->gone ? ss->gone : e;
	ss->gone = e;
}

static void forget_gone(struct sock *s)
{
	struct sock_stack *ss = stack_state(s->end.st, MODULE_sock);
	struct l4_end **at = &ss->gone, *e = &s->end;
	while (*at != e)
		at = &(*at)->tell;
	struct l4_end *prev = at == &ss->gone ? NULL : container_of(at, struct l4_end, tell);
	*at = e->tell != e ? e->tell : prev;
	e->tell = NULL;
}

/* With every worker between turns nobody can still look at it: what is under way to it names it by its id. */
void sock_close(struct sock *s)
{
	if (!s)
		return;
	struct leat_stack *st = s->end.st;
	struct lcore *home;
	l4_enter(&s->end);
	sock_anycasts_leave(s);
	sock_ext_free(s);
	if (s->end.gone)
		forget_gone(s);
	l4_end_done(&s->end);
	mem_free(s->end.more);
	home = s->end.home->lc;
	sock_free(s);
	st->rt->ops->wake(st->rt, home);
	st->rt->ops->resume(st->rt);
}

/* --- names --- */

static bool may_have_port(const struct sock *s, uint16_t port)
{
	return !s->end.ops->has_ports || (!l4_is_udp(&s->end) && !sock_is_stream(s)) || !port ||
	       port >= l4_conf(s->end.st)->privileged_ports || s->end.net_bind;
}

/* Linux: any address of no family is IPv4's; raw sockets do not look at the family. */
static bool is_good_enough4(const struct sock *s, const struct sockaddr *addr, socklen_t len)
{
	struct sockaddr_in in;
	if (s->end.family != AF_INET || len < sizeof in || addr->sa_family == AF_INET)
		return false;
	memcpy(&in, addr, sizeof in);
	return s->end.ops->type == SOCK_RAW ||
	       (l4_is_udp(&s->end) && in.sin_family == AF_UNSPEC && in.sin_addr.s_addr == INADDR_ANY);
}

/* Linux: bind() takes an IPv4 address for an IPv6 socket in its mapped form alone. */
static int addr_for_bind(struct sock *s, const struct sockaddr *addr, socklen_t len, struct l4_addr *ret)
{
	if (s->end.family == AF_INET6 && len >= (socklen_t)sizeof addr->sa_family) {
		if (len < offsetof(struct sockaddr_in6, sin6_scope_id))
			return -EINVAL;
		if (addr->sa_family != AF_INET6)
			return -EAFNOSUPPORT;
	}
	struct sockaddr_in in;
	if (is_good_enough4(s, addr, len)) {
		memcpy(&in, addr, sizeof in);
		in.sin_family = AF_INET;
		addr = (struct sockaddr *)&in;
	}
	int err = sock_addr_in(s, addr, len, ret);
	if (err)
		return err;
	if (s->end.family == AF_INET6 && l4_is4(&ret->a) && s->end.ops->type == SOCK_RAW)
		return -EADDRNOTAVAIL;
	if (s->end.family == AF_INET6 && s->end.v6only && l4_is4(&ret->a))
		return -EINVAL;
	return ip6_is_link_local(&ret->a) && !ret->if_handle && !s->end.opt->bound_if ? -EINVAL : 0;
}

int sock_bind(struct sock *s, const struct sockaddr *addr, socklen_t len)
{
	struct l4_addr to;
	if (!s->end.ops)
		return -EPROTONOSUPPORT;
	int err = addr_for_bind(s, addr, len, &to);
	if (err)
		return err;
	if (!to.if_handle)
		to.if_handle = ip6_is_link_local(&to.a) ? s->end.opt->bound_if : 0;
	if (!may_have_port(s, to.port))
		return -EACCES;
	l4_enter(&s->end);
	return (int)sock_leave(s, sock_is_stream(s) ? tcp_bind(&s->end, &to) : l4_bind(&s->end, &to));
}

int sock_connect(struct sock *s, const struct sockaddr *addr, socklen_t len)
{
	struct l4_addr to;
	if (!s->end.ops)
		return -EPROTONOSUPPORT;
	if (len < (socklen_t)sizeof addr->sa_family)
		return -EINVAL;
	l4_enter(&s->end);
	if (addr->sa_family == AF_UNSPEC) {
		if (sock_is_stream(s))
			tcp_disconnect(&s->end);
		else
			l4_disconnect(&s->end);
		return (int)sock_leave(s, 0);
	}
	int err = sock_addr_in(s, addr, len, &to);
	if (!err && s->end.v6only && addr->sa_family == AF_INET)
		err = -EAFNOSUPPORT;
	if (!err)
		err = sock_is_stream(s) ? sock_stream_connect(s, &to) : l4_connect(&s->end, &to);
	return (int)sock_leave(s, err);
}

/* Linux: an unconnected datagram socket is told so, and shut down all the same. */
int sock_shutdown(struct sock *s, int how)
{
	if (how < SHUT_RD || how > SHUT_RDWR)
		return -EINVAL;
	if (!s->end.ops)
		return -EPROTONOSUPPORT;
	if (sock_is_stream(s))
		return sock_stream_shutdown(s, how);
	l4_enter(&s->end);
	s->end.shut |= (uint8_t)(how + 1);
	return (int)sock_leave(s, s->end.connected ? 0 : -ENOTCONN);
}

/* --- state --- */

uint32_t sock_poll_in_turn(const struct sock *s)
{
	if (s->end.ops && sock_is_stream(s))
		return tcp_poll(&s->end);
	uint32_t events = EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND; /* what is sent leaves at once */
	if (s->end.error || l4_has_error(&s->end))
		events |= EPOLLERR;
	if (s->end.shut & 1)
		events |= EPOLLRDHUP | EPOLLIN | EPOLLRDNORM;
	if (s->end.shut == 3)
		events |= EPOLLHUP;
	if (s->end.rcv.n)
		events |= EPOLLIN | EPOLLRDNORM;
	return events;
}

uint32_t sock_poll(struct sock *s)
{
	l4_enter(&s->end);
	uint32_t events = sock_poll_in_turn(s);
	l4_leave(&s->end);
	return events;
}

void sock_on_ready(struct sock *s, sock_ready_fn *fn, void *ctx)
{
	l4_enter(&s->end);
	s->ready = fn;
	s->ready_ctx = ctx;
	l4_leave(&s->end);
}

/* --- the module --- */

static int sock_init(struct leat_stack *st)
{
	l4_on_ready(st, sock_became_ready, left_behind);
	return 0;
}

static int sock_worker_init(struct worker *w)
{
	struct sock_worker *sw = sock_worker(w);
	slab_init(&sw->streams, &w->st->mem, SOCK_STREAM_BYTES, offsetof(struct sock, end.place));
	SLAB_INIT(&sw->datagrams, &w->st->mem, struct sock, end.place);
	sw->streams.smooth = sw->datagrams.smooth = true;
	return 0;
}

static void sock_unlink(struct leat_stack *st)
{
	struct sock_stack *ss = stack_state(st, MODULE_sock);
	for (struct l4_end *e; (e = l4_end_next(st, NULL));)
		sock_close(sock_of(e));
	while (ss->gone)
		sock_close(sock_of(ss->gone));
	l4_on_ready(st, NULL, NULL);
}

static void sock_worker_free(struct worker *w)
{
	slab_done(&sock_worker(w)->streams);
	slab_done(&sock_worker(w)->datagrams);
}

const struct module sock_module = {
	.name = "sock",
	.id = MODULE_sock,
	.stack_size = sizeof(struct sock_stack),
	.worker_size = sizeof(struct sock_worker),
	.init = sock_init,
	.worker_init = sock_worker_init,
	.unlink = sock_unlink,
	.worker_free = sock_worker_free,
	.save = sock_save,
	.restore = sock_restore,
};

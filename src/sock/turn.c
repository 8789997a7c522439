/* SPDX-License-Identifier: BSD-2-Clause */
#include "sock/turn.h"

#include "sock/ext.h"
#include "sock/sock_internal.h"

bool sock_is_unlisted(const struct sock *s)
{
	return !s->end.id && !s->end.port_bound && !s->end.addr_bound && tcp_is_unlisted(&s->end);
}

bool sock_has_port(const struct sock *s)
{
	return s->end.local.port || !s->end.ops || !s->end.ops->has_ports;
}

bool sock_is_stream_type(const struct sock *s)
{
	return s->end.ops && sock_is_stream(s);
}

struct worker *sock_home(const struct sock *s)
{
	return s->end.home;
}

void sock_set_home(struct sock *s, struct worker *w)
{
	assert(!s->end.rcv.n && !l4_has_error(&s->end) && !s->end.tell);
	s->end.home = w;
}

void sock_on_ready_in_turn(struct sock *s, sock_ready_in_turn_fn *fn, void *ctx)
{
	s->ready_in_turn = fn;
	s->ready_ctx = ctx;
	s->end.ready_here = true;
}

/* --- life --- */

static int make(struct worker *w, const struct l4_ops *ops, uint8_t family, uint8_t proto,
		const struct sock_creds *creds, struct sock **ret)
{
	struct sock *s = sock_alloc(w, ops, creds);
	if (!s)
		return -ENOBUFS;
	int err = l4_end_init_in_turn(&s->end, w, ops, family, proto);
	if (err) {
		sock_free(s);
		return err;
	}
	*ret = s;
	return 0;
}

int sock_open_in_turn(struct worker *w, int domain, int type, int protocol, const struct sock_creds *creds,
		      struct sock **ret)
{
	const struct l4_ops *ops;
	uint8_t proto;
	if (!creds)
		creds = &sock_creds_root;
	int err = sock_find_ops(w->st, domain, type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC), protocol, creds, &ops,
				&proto);
	if (err)
		return err;
	return ops->type == SOCK_STREAM ? make(w, ops, (uint8_t)domain, proto, creds, ret) : -EOPNOTSUPP;
}

/* Nobody else knows of it, so no grace period is due. */
void sock_close_in_turn(struct sock *s)
{
	assert(sock_is_unlisted(s));
	sock_ext_free(s);
	l4_end_done(&s->end);
	sock_free(s);
}

int sock_accept_in_turn(struct sock *s, struct worker *w, struct sock **ret)
{
	struct sock *fresh;
	if (!sock_is_stream_type(s))
		return -EOPNOTSUPP;
	int err = tcp_acceptable_in_turn(&s->end, w);
	const struct sock_creds creds = sock_creds_of(s);
	if (!err)
		err = make(w, s->end.ops, s->end.family, s->end.proto, &creds, &fresh);
	if (err)
		return err;
	tcp_accept_in_turn(&s->end, w, &fresh->end);
	*ret = fresh;
	return 0;
}

/* --- names --- */

int sock_connect_in_turn(struct sock *s, const struct sockaddr *addr, socklen_t len)
{
	struct l4_addr to;
	if (!s->end.ops)
		return -EPROTONOSUPPORT;
	if (len < (socklen_t)sizeof addr->sa_family)
		return -EINVAL;
	if (addr->sa_family == AF_UNSPEC)
		return tcp_disconnect(&s->end);
	int err = sock_addr_in(s, addr, len, &to);
	if (!err && s->end.v6only && addr->sa_family == AF_INET)
		err = -EAFNOSUPPORT;
	return err ? err : tcp_connect_in_turn(&s->end, &to);
}

int sock_shutdown_in_turn(struct sock *s, int how)
{
	if (how < SHUT_RD || how > SHUT_RDWR)
		return -EINVAL;
	return s->end.ops ? tcp_shutdown(&s->end, how) : -EPROTONOSUPPORT;
}

int sock_send_lent_in_turn(struct sock *s, struct buf *b)
{
	return sock_is_stream_type(s) ? tcp_send_lent(&s->end, b) : -EOPNOTSUPP;
}

struct pkt *sock_recv_lent_in_turn(struct sock *s, uint32_t *ret_off, ssize_t *ret_len)
{
	*ret_len = -EOPNOTSUPP;
	return sock_is_stream_type(s) ? tcp_recv_lent(&s->end, ret_off, ret_len) : NULL;
}

int sock_setsockopt_in_turn(struct sock *s, int name, const void *val, socklen_t len)
{
	return tcp_setopt(&s->end, name, val, len);
}

int sock_getsockopt_in_turn(struct sock *s, int name, void *val, socklen_t *len)
{
	return tcp_getopt(&s->end, name, val, len);
}

void sock_want_room_in_turn(struct sock *s)
{
	if (sock_is_stream_type(s))
		tcp_want_room(&s->end);
}

socklen_t sock_peer_in_turn(const struct sock *s, struct sockaddr *addr, socklen_t len)
{
	const struct l4_addr peer = sock_peer(s);
	sock_addr_out(s, &peer, addr, &len);
	return len;
}

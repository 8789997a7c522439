/* SPDX-License-Identifier: BSD-2-Clause */
/* Streams: listen(), accept(), and what sending, receiving and their like are where there are no datagrams. The work is in the room tcp. */
#include <linux/tcp.h>
#include <netinet/ip.h>
#include <time.h>

#include <linux/errqueue.h> /* wants struct timespec */

#include "sock/sock_internal.h"
#include "sock/turn.h"
#include "wire/ip4.h"

int sock_listen(struct sock *s, int backlog)
{
	if (!s->end.ops)
		return -EPROTONOSUPPORT;
	if (!sock_is_stream(s))
		return -EOPNOTSUPP;
	l4_enter(&s->end);
	return (int)sock_leave(s, tcp_listen(&s->end, backlog));
}

static int accept_one(struct sock *s, struct sock **ret)
{
	struct sock *fresh;
	int err = tcp_acceptable(&s->end);
	const struct sock_creds creds = sock_creds_of(s);
	if (!err)
		err = sock_new(s->end.st, s->end.ops, s->end.family, s->end.proto, &creds, &fresh);
	if (err)
		return err;
	tcp_accept(&s->end, &fresh->end);
	*ret = fresh;
	return 0;
}

int sock_accept(struct sock *s, struct sock **ret)
{
	if (!s->end.ops)
		return -EPROTONOSUPPORT;
	if (!sock_is_stream(s))
		return -EOPNOTSUPP;
	l4_enter(&s->end);
	return (int)sock_leave(s, accept_one(s, ret));
}

int sock_stream_connect(struct sock *s, const struct l4_addr *to)
{
	return tcp_connect(&s->end, to);
}

int sock_stream_shutdown(struct sock *s, int how)
{
	l4_enter(&s->end);
	return (int)sock_leave(s, tcp_shutdown(&s->end, how));
}

/* Linux: an address that comes with it is not looked at, but for an open that it would begin (MSG_FASTOPEN). */
ssize_t sock_stream_write(struct sock *s, const struct sock_msg *m, int flags, bool in_turn)
{
	const struct sockaddr *sa = m->name;
	struct l4_addr to;
	flags = m->waits ? flags | TCP_SEND_WAITS : flags & ~TCP_SEND_WAITS;
	if (!(flags & MSG_FASTOPEN))
		return tcp_send(&s->end, m->buf, m->len, flags);
	bool said = sa && m->name_len >= sizeof sa->sa_family;
	if (said && sa->sa_family == AF_UNSPEC)
		return -EOPNOTSUPP;
	if (in_turn && !s->end.connected && !sock_is_unlisted(s)) /* names are the control lcore's */
		return -EOPNOTSUPP;
	int err = said ? sock_addr_in(s, sa, m->name_len, &to) : 0;
	if (!err && said && s->end.v6only && sa->sa_family == AF_INET)
		err = -EAFNOSUPPORT;
	return err ? err : tcp_send_open(&s->end, said ? &to : NULL, m->buf, m->len, flags, in_turn);
}

ssize_t sock_stream_send(struct sock *s, const struct sock_msg *m, int flags)
{
	l4_enter(&s->end);
	return sock_leave(s, sock_stream_write(s, m, flags, false));
}

/* What the error queue tells of bytes that were sent: when (SCM_TIMESTAMPING), and in what words (IP_RECVERR). Their copy does not come along. */
static ssize_t receive_note(struct sock *s, struct sock_msg *m)
{
	struct tcp_note n = { 0 };
	size_t at = 0;
	m->name_len = 0;
	bool there = tcp_take_note(&s->end, &n);
	struct {
		struct sock_extended_err ee;
		struct sockaddr_storage offender;
	} d = { .ee = { .ee_errno = n.zerocopy ? 0 : ENOMSG,
			.ee_origin = n.zerocopy ? SO_EE_ORIGIN_ZEROCOPY : SO_EE_ORIGIN_TIMESTAMPING,
			.ee_code = n.zerocopy ? SO_EE_CODE_ZEROCOPY_COPIED : 0,
			.ee_info = n.info,
			.ee_data = n.data } };
	const struct scm_timestamping when = { .ts[0] = { .tv_sec = (time_t)(n.at_ns / 1000000000),
							  .tv_nsec = (long)(n.at_ns % 1000000000) } };
	bool is6 = s->end.family == AF_INET6;
	if (there && !n.zerocopy)
		sock_put_control(m, &at, SOL_SOCKET, SCM_TIMESTAMPING, &when, sizeof when);
	if (there)
		sock_put_control(m, &at, is6 ? IPPROTO_IPV6 : IPPROTO_IP, is6 ? IPV6_RECVERR : IP_RECVERR, &d,
				 sizeof d.ee +
					 (is6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in)));
	m->control_len = at;
	m->flags |= there ? MSG_ERRQUEUE | (n.zerocopy ? 0 : MSG_TRUNC) : 0;
	return there ? 0 : -EAGAIN;
}

ssize_t sock_stream_take(struct sock *s, struct sock_msg *m, int flags)
{
	size_t at = 0;
	if (flags & MSG_ERRQUEUE)
		return receive_note(s, m);
	ssize_t n = tcp_recv(&s->end, m->buf, m->len, flags);
	int inq = tcp_inq(&s->end);
	if (n >= 0 && tcp_tells_inq(&s->end) && m->control)
		sock_put_control(m, &at, IPPROTO_TCP, TCP_CM_INQ, &inq, sizeof inq);
	m->name_len = 0; /* Linux: of a stream nobody is told who sends */
	m->control_len = at;
	return n;
}

ssize_t sock_stream_receive(struct sock *s, struct sock_msg *m, int flags)
{
	l4_enter(&s->end);
	return sock_leave(s, sock_stream_take(s, m, flags));
}

uint32_t sock_news(struct sock *s)
{
	if (!s->end.ops || !sock_is_stream(s))
		return 0;
	l4_enter(&s->end);
	return (uint32_t)sock_leave(s, tcp_news(&s->end));
}

/* Of datagrams the next one's length. */
static int next_len(struct sock *s)
{
	struct l4_reading r;
	l4_read(&s->end, 0, 0, &r);
	return (int)r.len;
}

static int amount(struct sock *s, enum sock_amount which)
{
	if (!sock_is_stream(s))
		return which == SOCK_READABLE ? next_len(s) : 0;
	if (tcp_state_of(&s->end) == TCP_LISTEN)
		return -EINVAL;
	switch (which) {
	case SOCK_READABLE:
		return (int)tcp_readable(&s->end);
	case SOCK_UNACKED:
		return (int)tcp_unacked(&s->end);
	case SOCK_AT_MARK:
		return tcp_at_mark(&s->end);
	case SOCK_UNSENT:
		return (int)tcp_unsent(&s->end);
	}
	return 0;
}

int sock_amount(struct sock *s, enum sock_amount which)
{
	if (!s->end.ops)
		return -EPROTONOSUPPORT;
	l4_enter(&s->end);
	return (int)sock_leave(s, amount(s, which));
}

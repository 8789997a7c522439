/* SPDX-License-Identifier: BSD-2-Clause */
/* Streams: listen(), accept(), and what sending, receiving and their like are where there are no datagrams. The work is in the room tcp. */
#include <netinet/ip.h>

#include "sock/sock_internal.h"
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
ssize_t sock_stream_send(struct sock *s, const struct sock_msg *m, int flags)
{
	enum { FASTOPEN = 0x20000000, ZEROCOPY = 0x4000000 };
	if (flags & (FASTOPEN | ZEROCOPY))
		return -EOPNOTSUPP;
	l4_enter(&s->end);
	return sock_leave(s, tcp_send(&s->end, m->buf, m->len, flags));
}

ssize_t sock_stream_receive(struct sock *s, struct sock_msg *m, int flags)
{
	l4_enter(&s->end);
	m->name_len = 0; /* Linux: of a stream nobody is told who sends */
	m->control_len = 0;
	return sock_leave(s, tcp_recv(&s->end, m->buf, m->len, flags));
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
	struct l4_addr from;
	struct pkt *p = l4_peek(&s->end);
	struct cursor c = p ? s->end.ops->payload(&s->end, p, &from) : (struct cursor){ 0 };
	return (int)cur_left(&c);
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

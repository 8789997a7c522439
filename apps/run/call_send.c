/* SPDX-License-Identifier: BSD-2-Clause */
/* sendto(), sendmsg(), sendmmsg() with an address, which is the kernel's (port 0) or nobody's. */
#include "run/msg.h"

#include <errno.h>
#include <linux/netlink.h>
#include <sys/epoll.h>

static int check_address(struct call *c, const struct target_msg *m)
{
	struct sockaddr_nl a;
	int err;

	if (!m->h.msg_name || !m->h.msg_namelen)
		return 0; /* where it is connected to: the kernel */
	if (m->h.msg_namelen < sizeof a)
		return -EINVAL;
	err = target_read(c->tid, (uint64_t)m->h.msg_name, &a, sizeof a);
	if (err)
		return err;
	if (a.nl_family != AF_NETLINK)
		return -EINVAL;
	if (a.nl_groups)
		return -EPERM; /* Linux: groups of the kernel's families are the kernel's to send to */
	return a.nl_pid ? -ECONNREFUSED : 0;
}

/* Bytes sent, or -errno. */
static ssize_t send_one(struct call *c, const struct target_msg *m, int flags)
{
	struct known *k;
	ssize_t n;
	int err = flags & MSG_OOB ? -EOPNOTSUPP : check_address(c, m);

	if (!err && m->room > SOCKD_MSG_MAX)
		err = -EMSGSIZE;
	if (!err)
		err = target_gather(c->tid, m->iov, m->h.msg_iovlen, c->s->buf, m->room);
	if (err)
		return err;
	if (!call_is_alive(c)) /* interrupted: it will be made anew */
		return -EINTR;
	k = known_find(c->s, c->cookie);
	if (k && slots_post(c->s, k, c->s->buf, m->room))
		n = (ssize_t)m->room;
	else
		n = send(c->ev.fd, c->s->buf, m->room, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n >= 0) {
		if (k)
			known_sent(k, c->s->buf, m->room);
		slots_want(c->s);
		return n;
	}
	return errno == EPIPE || errno == ECONNRESET ? -ECONNREFUSED
						     : -errno; /* Linux: no kernel side, nobody there */
}

/* What is sent while there is no daemon would wait in the pair, and its sender for an answer, nobody knows how long. */
static bool awaits_daemon(struct call *c)
{
	if (c->s->have_daemon)
		return false;
	call_await_daemon(c);
	return true;
}

static void finish(struct call *c, ssize_t n, int flags, void (*again)(struct call *))
{
	struct superv *s = c->s;

	if (n == -EAGAIN)
		call_would_block(c, flags, EPOLLOUT, SO_SNDTIMEO, again);
	else if (n < 0)
		call_fail(c, n);
	else
		call_return(c, n);
	slots_wait(s); /* the caller is on its way by then: a signal cannot have it made anew */
}

void call_sendto(struct call *c)
{
	struct target_msg m;

	if (awaits_daemon(c))
		return;
	msg_from_buf(c->arg[1], c->arg[2], c->arg[4], c->arg[5], &m);
	finish(c, send_one(c, &m, c->arg[3]), c->arg[3], call_sendto);
}

void call_sendmsg(struct call *c)
{
	struct target_msg m;
	int err;

	if (awaits_daemon(c))
		return;
	err = msg_read(c->tid, c->arg[1], &m);
	finish(c, err ? err : send_one(c, &m, c->arg[2]), c->arg[2], call_sendmsg);
}

void call_sendmmsg(struct call *c)
{
	uint32_t n = MIN((uint32_t)c->arg[2], 1024u), i;
	ssize_t sent = 0;

	if (awaits_daemon(c))
		return;
	for (i = 0; i < n; i++) {
		uint64_t at = c->arg[1] + i * sizeof(struct mmsghdr);
		struct target_msg m;
		uint32_t len;
		sent = msg_read(c->tid, at, &m);
		if (!sent)
			sent = send_one(c, &m, c->arg[3]);
		if (sent < 0)
			break;
		len = sent;
		sent = target_write(c->tid, at + offsetof(struct mmsghdr, msg_len), &len, sizeof len);
		if (sent)
			break;
	}
	finish(c, i ? (ssize_t)i : sent, c->arg[3], call_sendmmsg);
}

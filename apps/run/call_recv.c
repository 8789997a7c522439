/* SPDX-License-Identifier: BSD-2-Clause */
/* recvfrom(), recvmsg(), recvmmsg() with an address.
 *
 * A message is looked at in the pair, copied to the target, and taken from the pair only when the call still waits: one that
 * a signal interrupted will be made anew and must find it. */
#include "run/msg.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/epoll.h>

enum { ROOM_MAX = 32768 };

/* ENOBUFS travels as a message of its own (proto.h). */
static bool is_overrun(const void *bytes, ssize_t n)
{
	struct nlmsghdr h;

	if (n != sizeof h)
		return false;
	memcpy(&h, bytes, sizeof h);
	return h.nlmsg_type == NLMSG_OVERRUN && h.nlmsg_len == sizeof h;
}

static void consume(struct call *c)
{
	recv(c->ev.fd, NULL, 0, MSG_DONTWAIT);
}

/* Everything comes from the kernel: port 0. Linux: msg_namelen is the address's even when less was copied. */
static int give_name(struct call *c, struct target_msg *m)
{
	struct sockaddr_nl a = { .nl_family = AF_NETLINK };
	size_t len = MIN(sizeof a, (size_t)m->h.msg_namelen);

	if (!m->h.msg_name)
		return 0;
	m->h.msg_namelen = sizeof a;
	return target_write(c->tid, (uint64_t)m->h.msg_name, &a, len);
}

static bool wants_creds(int fd)
{
	int on = 0;
	socklen_t len = sizeof on;

	return !getsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, &len) && on;
}

/* Linux: messages of the kernel carry pid, uid and gid 0. */
static int give_control(struct call *c, struct target_msg *m)
{
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(sizeof(struct ucred))];
	} ctl = { 0 };

	if (!m->h.msg_control || !wants_creds(c->ev.fd)) {
		m->h.msg_controllen = 0;
		return 0;
	}
	if (m->h.msg_controllen < CMSG_LEN(sizeof(struct ucred))) {
		m->h.msg_controllen = 0;
		m->h.msg_flags |= MSG_CTRUNC;
		return 0;
	}
	ctl.h = (struct cmsghdr){ CMSG_LEN(sizeof(struct ucred)), SOL_SOCKET, SCM_CREDENTIALS };
	m->h.msg_controllen = MIN(m->h.msg_controllen, sizeof ctl);
	return target_write(c->tid, (uint64_t)m->h.msg_control, &ctl, m->h.msg_controllen);
}

/* Linux: a dump comes in pieces as large as the largest receive so far had room for, up to 32 KiB. No answer is waited for: a daemon that
 * does not know the request sends small ones. */
static void tell_room(struct call *c, size_t room)
{
	struct known *k = known_find(c->s, c->cookie);
	struct sockd_req req = { .op = SOCKD_ROOM, .opt.len = (uint32_t)MIN(room, (size_t)ROOM_MAX) };

	if (!k || !daemon_is_there(c->s) ||
	    (k->room >= req.opt.len && k->room_told_by == c->s->n_connections))
		return;
	k->room = req.opt.len;
	k->room_told_by = c->s->n_connections;
	req.seq = superv_seq(c->s);
	daemon_send(c->s, &req, &c->ev.fd, 1);
}

/* Fills m->h and the target's buffers; the header itself is the caller's to write back. Bytes to return, or -errno. */
static ssize_t recv_one(struct call *c, struct target_msg *m, int flags)
{
	struct known *k = known_find(c->s, c->cookie);
	size_t take;
	ssize_t n;
	int err;

	if (flags & (MSG_OOB | MSG_ERRQUEUE))
		return flags & MSG_OOB ? -EOPNOTSUPP : -EAGAIN;
	tell_room(c, m->room);
	take = MIN(MAX(m->room, sizeof(struct nlmsghdr)), (size_t)SUPERV_BUF);
	n = recv(c->ev.fd, c->s->buf, take, MSG_PEEK | MSG_DONTWAIT | MSG_TRUNC);
	if (n < 0)
		return -errno;
	if (is_overrun(c->s->buf, n)) {
		consume(c);
		return -ENOBUFS;
	}
	take = MIN((size_t)n, m->room);
	m->h.msg_flags = take < (size_t)n ? MSG_TRUNC : 0;
	if (k && !(flags & MSG_PEEK))
		known_received(k, c->s->buf, take);
	err = target_scatter(c->tid, m->iov, m->h.msg_iovlen, c->s->buf, take);
	if (!err)
		err = give_name(c, m);
	if (!err)
		err = give_control(c, m);
	if (err)
		return err;
	return flags & MSG_TRUNC ? n : (ssize_t)take;
}

static void synced(struct call *c, const struct sockd_rep *rep)
{
	c->again(c);
}

/* On Linux the answer is there when a request has been sent, and the next piece of a dump when one was read. Here the daemon may still be
 * at it, so who would not wait is told that there is nothing only after the daemon has said so. */
static bool sync_first(struct call *c, int flags, void (*again)(struct call *))
{
	struct known *k = known_find(c->s, c->cookie);
	struct sockd_req req = { .op = SOCKD_SYNC };

	if (!k || c->synced || !(k->unsure || k->asked) || !daemon_is_there(c->s) || call_may_wait(c, flags))
		return false;
	k->unsure = false;
	c->synced = true;
	c->again = again;
	call_ask(c, &req, &c->ev.fd, 1, synced);
	return true;
}

static void finish(struct call *c, ssize_t n, int flags, void (*again)(struct call *))
{
	struct known *k = known_find(c->s, c->cookie);

	if (n == -EAGAIN && k && call_may_wait(c, flags) && known_needs_daemon(c->s, k)) {
		call_await_daemon(c);
		return;
	}
	if (n == -EAGAIN && !(flags & MSG_ERRQUEUE)) {
		if (!sync_first(c, flags, again))
			call_would_block(c, flags, EPOLLIN, SO_RCVTIMEO, again);
		return;
	}
	if (n < 0) {
		call_fail(c, n);
		return;
	}
	call_return(c, n);
}

/* True when the target has it and the message is off the pair (or was to stay). */
static bool settle(struct call *c, int flags)
{
	if (!call_is_alive(c))
		return false;
	if (!(flags & MSG_PEEK))
		consume(c);
	return true;
}

void call_recvfrom(struct call *c)
{
	int room = 0, flags = c->arg[3];
	struct target_msg m;
	ssize_t n = c->arg[5] ? target_read(c->tid, c->arg[5], &room, sizeof room) : 0;

	if (!n && room < 0)
		n = -EINVAL;
	msg_from_buf(c->arg[1], c->arg[2], c->arg[4], room, &m);
	if (!n)
		n = recv_one(c, &m, flags);
	if (n >= 0 && c->arg[5]) {
		int err = target_write(c->tid, c->arg[5], &m.h.msg_namelen, sizeof m.h.msg_namelen);
		n = err ? err : n;
	}
	if (n >= 0 && !settle(c, flags))
		call_drop(c);
	else
		finish(c, n, flags, call_recvfrom);
}

static int write_back(struct call *c, uint64_t addr, const struct msghdr *h)
{
	int err = 0;

	if (h->msg_name)
		err = target_write(c->tid, addr + offsetof(struct msghdr, msg_namelen), &h->msg_namelen,
				   sizeof h->msg_namelen);
	if (!err)
		err = target_write(c->tid, addr + offsetof(struct msghdr, msg_controllen), &h->msg_controllen,
				   sizeof h->msg_controllen);
	if (!err)
		err = target_write(c->tid, addr + offsetof(struct msghdr, msg_flags), &h->msg_flags,
				   sizeof h->msg_flags);
	return err;
}

static ssize_t recv_msg_at(struct call *c, uint64_t addr, int flags)
{
	struct target_msg m;
	ssize_t n = msg_read(c->tid, addr, &m);
	int err;

	if (!n)
		n = recv_one(c, &m, flags);
	if (n < 0)
		return n;
	err = write_back(c, addr, &m.h);
	return err ? err : n;
}

void call_recvmsg(struct call *c)
{
	int flags = c->arg[2];
	ssize_t n = recv_msg_at(c, c->arg[1], flags);

	if (n >= 0 && !settle(c, flags))
		call_drop(c);
	else
		finish(c, n, flags, call_recvmsg);
}

/* Returns what is there once the first has come, as with MSG_WAITFORONE. */
void call_recvmmsg(struct call *c)
{
	uint32_t n = MIN((uint32_t)c->arg[2], 1024u), i;
	int flags = c->arg[3];
	ssize_t got = 0;

	for (i = 0; i < n; i++) {
		uint64_t at = c->arg[1] + i * sizeof(struct mmsghdr);
		uint32_t len;
		got = recv_msg_at(c, at, flags);
		if (got < 0)
			break;
		len = got;
		got = target_write(c->tid, at + offsetof(struct mmsghdr, msg_len), &len, sizeof len);
		if (got)
			break;
		if (!settle(c, flags)) {
			call_drop(c);
			return;
		}
	}
	finish(c, i ? (ssize_t)i : got, flags, call_recvmmsg);
}

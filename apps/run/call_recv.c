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
static void give_name(struct target_msg *m)
{
	size_t len = MIN(sizeof m->name, (size_t)m->h.msg_namelen);

	m->name = (struct sockaddr_nl){ .nl_family = AF_NETLINK };
	if (!m->h.msg_name)
		return;
	m->h.msg_namelen = sizeof m->name;
	msg_field(m, (uint64_t)m->h.msg_name, &m->name, len);
}

static bool wants_creds(int fd)
{
	int on = 0;
	socklen_t len = sizeof on;

	return !getsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, &len) && on;
}

/* Linux: messages of the kernel carry pid, uid and gid 0. */
static void give_control(struct call *c, struct target_msg *m)
{
	if (!m->h.msg_control || !wants_creds(c->ev.fd)) {
		m->h.msg_controllen = 0;
		return;
	}
	if (m->h.msg_controllen < CMSG_LEN(sizeof(struct ucred))) {
		m->h.msg_controllen = 0;
		m->h.msg_flags |= MSG_CTRUNC;
		return;
	}
	memset(&m->control, 0, sizeof m->control);
	m->control.h = (struct cmsghdr){ CMSG_LEN(sizeof(struct ucred)), SOL_SOCKET, SCM_CREDENTIALS };
	m->h.msg_controllen = MIN(m->h.msg_controllen, sizeof m->control);
	msg_field(m, (uint64_t)m->h.msg_control, &m->control, m->h.msg_controllen);
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

/* Looks at the message, whose bytes are then in s->buf, *ret_take of them for the target, and fills m->h; what is to be written beside them becomes fields of m.
 * Bytes to return, or -errno. */
static ssize_t recv_one(struct call *c, struct target_msg *m, int flags, size_t *ret_take)
{
	struct known *k = known_find(c->s, c->cookie);
	size_t take;
	ssize_t n;

	if (flags & (MSG_OOB | MSG_ERRQUEUE))
		return flags & MSG_OOB ? -EOPNOTSUPP : -EAGAIN;
	slots_settle(c->s);
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
	give_name(m);
	give_control(c, m);
	*ret_take = take;
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
	size_t take;
	ssize_t n = c->arg[5] ? target_read(c->tid, c->arg[5], &room, sizeof room) : 0;

	if (!n && room < 0)
		n = -EINVAL;
	msg_from_buf(c->arg[1], c->arg[2], c->arg[4], room, &m);
	if (!n)
		n = recv_one(c, &m, flags, &take);
	if (n >= 0) {
		msg_field(&m, c->arg[5], &m.h.msg_namelen, c->arg[5] ? sizeof m.h.msg_namelen : 0);
		int err = msg_write(c->tid, &m, c->s->buf, take);
		n = err ? err : n;
	}
	if (n >= 0 && !settle(c, flags))
		call_drop(c);
	else
		finish(c, n, flags, call_recvfrom);
}

static void give_header(struct target_msg *m, uint64_t addr)
{
	struct msghdr *h = &m->h;

	if (h->msg_name)
		msg_field(m, addr + offsetof(struct msghdr, msg_namelen), &h->msg_namelen,
			  sizeof h->msg_namelen);
	msg_field(m, addr + offsetof(struct msghdr, msg_controllen), &h->msg_controllen,
		  sizeof h->msg_controllen);
	msg_field(m, addr + offsetof(struct msghdr, msg_flags), &h->msg_flags, sizeof h->msg_flags);
}

/* lenp: where a struct mmsghdr has its length; 0: it is none. */
static ssize_t recv_msg_at(struct call *c, uint64_t addr, uint64_t lenp, int flags)
{
	struct target_msg m;
	ssize_t n = msg_read(c->tid, addr, &m);
	uint32_t len;
	size_t take;
	int err;

	if (!n)
		n = recv_one(c, &m, flags, &take);
	if (n < 0)
		return n;
	len = (uint32_t)n;
	give_header(&m, addr);
	msg_field(&m, lenp, &len, lenp ? sizeof len : 0);
	err = msg_write(c->tid, &m, c->s->buf, take);
	return err ? err : n;
}

void call_recvmsg(struct call *c)
{
	int flags = c->arg[2];
	ssize_t n = recv_msg_at(c, c->arg[1], 0, flags);

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
		got = recv_msg_at(c, at, at + offsetof(struct mmsghdr, msg_len), flags);
		if (got < 0)
			break;
		if (!settle(c, flags)) {
			call_drop(c);
			return;
		}
	}
	finish(c, i ? (ssize_t)i : got, flags, call_recvmmsg);
}

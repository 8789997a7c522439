/* SPDX-License-Identifier: BSD-2-Clause */
/* The supervisor's connection to the daemon. When it breaks, another daemon of that name is looked for: often while somebody waits for it,
 * which they do for a few seconds, and now and then as long as there are sockets it should know of (known.c). Calls that waited for an
 * answer are made anew, but for those that may have done their work: they fail with ENETDOWN. What finds the connection full, because more
 * ask at once than it holds, waits here with descriptors of its own. */
#include "run/superv_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "sockd/path.h"

struct unsent {
	struct list link;
	struct sockd_req req;
	int fd[SOCKD_FDS_MAX];
	unsigned n_fds;
};

static void unsent_free(struct unsent *u)
{
	for (unsigned i = 0; i < u->n_fds; i++)
		close(u->fd[i]);
	list_remove(&u->link);
	free(u);
}

/* err: what those who wait for an answer are told. */
static void disconnect(struct superv *s, int err)
{
	struct call *c, *tmp;
	struct unsent *u, *next;

	list_for_each_safe (u, next, &s->unsent, link)
		unsent_free(u);
	superv_unwatch(s, &s->daemon);
	close(s->daemon.fd);
	s->have_daemon = false;
	s->lost_ms = superv_now_ms();
	slots_drop(s);
	known_lost(s);
	list_for_each_safe (c, tmp, &s->calls, link) {
		if (!c->seq)
			continue;
		c->seq = 0;
		list_remove(&c->link);
		if (c->op == SOCKD_IOCTL || err != -ENETDOWN)
			call_fail(c, err);
		else
			call_await_daemon(c);
	}
}

bool daemon_is_there(const struct superv *s)
{
	return s->have_daemon && s->all_adopted;
}

static void nobody_came(struct call *c)
{
	call_fail(c, -ENETDOWN);
}

void call_await_daemon(struct call *c)
{
	struct superv *s = c->s;

	if (superv_now_ms() >= s->lost_ms + PATIENCE_MS)
		daemon_seek(s);
	if (daemon_is_there(s)) {
		c->fn(c);
		return;
	}
	if (superv_now_ms() >= s->lost_ms + PATIENCE_MS) {
		nobody_came(c);
		return;
	}
	if (c->watched)
		superv_unwatch(s, &c->ev);
	c->watched = false;
	list_remove(&c->link);
	c->waits_for_daemon = true;
	c->again = nobody_came;
	c->deadline_ms = s->lost_ms + PATIENCE_MS;
	list_append(&s->calls, &c->link);
}

/* What is appended meanwhile waits for something else. */
static void resume(struct superv *s)
{
	struct call *c, *tmp;

	list_for_each_safe (c, tmp, &s->calls, link) {
		if (!c->waits_for_daemon)
			continue;
		c->waits_for_daemon = false;
		c->deadline_ms = 0;
		list_remove(&c->link);
		c->fn(c);
	}
}

void daemon_seek(struct superv *s)
{
	char path[SOCKD_PATH_MAX];

	if (!s->have_daemon && daemon_connect(s, path, sizeof path))
		return;
	s->all_adopted = known_adopt(s);
	if (s->all_adopted)
		resume(s);
}

static void answered(struct superv *s, const struct sockd_rep *rep)
{
	struct call *c, *tmp;

	/* EEXIST: it was the connection alone that was lost. */
	if (rep->op == SOCKD_CLOSED || (rep->op == SOCKD_ADOPT_NETLINK && rep->err && rep->err != -EEXIST)) {
		known_remove(s, rep->cookie);
		return;
	}
	list_for_each_safe (c, tmp, &s->calls, link) {
		if (c->seq != rep->seq)
			continue;
		c->seq = 0;
		list_remove(&c->link);
		c->answered(c, rep);
		return;
	}
}

static int send_now(struct superv *s, const struct sockd_req *req, const int *fd, unsigned n_fds)
{
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(SOCKD_FDS_MAX * sizeof(int))];
	} ctl = { 0 };
	struct iovec iov = { (void *)req, sizeof *req };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = n_fds ? &ctl : NULL };

	m.msg_controllen = n_fds ? CMSG_SPACE(n_fds * sizeof(int)) : 0;
	ctl.h.cmsg_level = SOL_SOCKET;
	ctl.h.cmsg_type = SCM_RIGHTS;
	ctl.h.cmsg_len = CMSG_LEN(n_fds * sizeof(int));
	if (n_fds)
		memcpy(CMSG_DATA(&ctl.h), fd, n_fds * sizeof(int));
	if (sendmsg(s->daemon.fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)sizeof *req)
		return 0;
	return errno == EAGAIN ? -EAGAIN : -ENETDOWN;
}

static int send_later(struct superv *s, const struct sockd_req *req, const int *fd, unsigned n_fds)
{
	struct unsent *u = calloc(1, sizeof *u);

	if (!u)
		return -ENOMEM;
	u->req = *req;
	list_append(&s->unsent, &u->link);
	for (; u->n_fds < n_fds; u->n_fds++) {
		u->fd[u->n_fds] = fcntl(fd[u->n_fds], F_DUPFD_CLOEXEC, 0);
		if (u->fd[u->n_fds] < 0) {
			unsent_free(u);
			return -ENFILE;
		}
	}
	return superv_watch(s, &s->daemon, EPOLLIN | EPOLLOUT);
}

/* One that cannot be sent for another reason than want of room finds the connection broken, which is then noticed. */
static void send_unsent(struct superv *s)
{
	struct unsent *u, *next;

	list_for_each_safe (u, next, &s->unsent, link) {
		if (send_now(s, &u->req, u->fd, u->n_fds) == -EAGAIN)
			return;
		unsent_free(u);
	}
	superv_watch(s, &s->daemon, EPOLLIN);
}

/* Descriptors come with one answer only (SOCKD_SLOTS). */
static ssize_t recv_rep(int sock, struct sockd_rep *ret, int ret_fd[2])
{
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(2 * sizeof(int))];
	} ctl;
	struct iovec iov = { ret, sizeof *ret };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &ctl, .msg_controllen = sizeof ctl
	};
	ssize_t n = recvmsg(sock, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct cmsghdr *h = n < 0 ? NULL : CMSG_FIRSTHDR(&m);

	ret_fd[0] = ret_fd[1] = -1;
	if (h && h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS)
		memcpy(ret_fd, CMSG_DATA(h), MIN(h->cmsg_len - CMSG_LEN(0), 2 * sizeof(int)));
	return n;
}

static void daemon_ready(struct superv_event *e, uint32_t events)
{
	struct superv *s = container_of(e, struct superv, daemon);
	struct sockd_rep rep;
	ssize_t n;
	int fd[2];

	if (events & EPOLLOUT)
		send_unsent(s);
	n = recv_rep(e->fd, &rep, fd);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n != sizeof rep || rep.data_len > sizeof rep.data) {
		disconnect(s, -ENETDOWN);
	} else if (rep.op == SOCKD_REFUSED) { /* ip then says: Too many users */
		disconnect(s, rep.err < 0 ? rep.err : -ENETDOWN);
	} else if (rep.op == SOCKD_SLOTS) {
		slots_opened(s, &rep, fd);
	} else {
		slots_settle(s); /* first: what the daemon says comes after what is done */
		if (rep.op != SOCKD_SLOTS_DONE)
			answered(s, &rep);
		slots_wait(s);
	}
}

int daemon_connect(struct superv *s, char *ret_path, size_t len_bytes)
{
	int fd, err = sockd_connect(s->name, ret_path, len_bytes, &fd);

	if (err)
		return err;
	s->daemon = (struct superv_event){ .fd = fd, .fn = daemon_ready };
	err = superv_watch(s, &s->daemon, EPOLLIN);
	if (err)
		close(fd);
	s->have_daemon = !err;
	s->n_connections++;
	return err;
}

int daemon_send(struct superv *s, const struct sockd_req *req, const int *fd, unsigned n_fds)
{
	int err;

	if (!s->have_daemon)
		return -ENETDOWN;
	err = list_empty(&s->unsent) ? send_now(s, req, fd, n_fds) : -EAGAIN;
	if (err == -EAGAIN)
		return send_later(s, req, fd, n_fds);
	if (err) { /* the loop is about to notice that it is gone */
		s->all_adopted = false;
		s->lost_ms = superv_now_ms();
	}
	return err;
}

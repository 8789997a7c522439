/* SPDX-License-Identifier: BSD-2-Clause */
/* The supervisor's connection to the daemon. When it breaks, calls that wait for an answer fail with ENETDOWN, and the next
 * one tries to connect anew, so a daemon that was started again serves the sockets made from then on. What finds it full, because more
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
	list_for_each_safe (c, tmp, &s->calls, link)
		if (c->seq)
			call_fail(c, err);
}

static void answered(struct superv *s, const struct sockd_rep *rep)
{
	struct call *c, *tmp;

	if (rep->op == SOCKD_CLOSED) {
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

static void daemon_ready(struct superv_event *e, uint32_t events)
{
	struct superv *s = container_of(e, struct superv, daemon);
	struct sockd_rep rep;
	ssize_t n;

	if (events & EPOLLOUT)
		send_unsent(s);
	n = recv(e->fd, &rep, sizeof rep, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n != sizeof rep || rep.data_len > sizeof rep.data)
		disconnect(s, -ENETDOWN);
	else if (rep.op == SOCKD_REFUSED) /* ip then says: Too many users */
		disconnect(s, rep.err < 0 ? rep.err : -ENETDOWN);
	else
		answered(s, &rep);
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
	char path[SOCKD_PATH_MAX];
	int err;

	if (!s->have_daemon && daemon_connect(s, path, sizeof path))
		return -ENETDOWN;
	err = list_empty(&s->unsent) ? send_now(s, req, fd, n_fds) : -EAGAIN;
	return err == -EAGAIN ? send_later(s, req, fd, n_fds) : err;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The supervisor's connection to the daemon. When it breaks, calls that wait for an answer fail with ENETDOWN, and the next
 * one tries to connect anew, so a daemon that was started again serves the sockets made from then on. */
#include "run/superv_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "sockd/path.h"

static void disconnect(struct superv *s)
{
	struct call *c, *tmp;

	superv_unwatch(s, &s->daemon);
	close(s->daemon.fd);
	s->have_daemon = false;
	list_for_each_safe (c, tmp, &s->calls, link)
		if (c->seq)
			call_fail(c, -ENETDOWN);
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

static void daemon_ready(struct superv_event *e, uint32_t events)
{
	struct superv *s = container_of(e, struct superv, daemon);
	struct sockd_rep rep;
	ssize_t n = recv(e->fd, &rep, sizeof rep, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n != sizeof rep || rep.data_len > sizeof rep.data)
		disconnect(s);
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
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(SOCKD_FDS_MAX * sizeof(int))];
	} ctl = { 0 };
	struct iovec iov = { (void *)req, sizeof *req };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = n_fds ? &ctl : NULL };

	if (!s->have_daemon && daemon_connect(s, path, sizeof path))
		return -ENETDOWN;
	m.msg_controllen = n_fds ? CMSG_SPACE(n_fds * sizeof(int)) : 0;
	ctl.h.cmsg_level = SOL_SOCKET;
	ctl.h.cmsg_type = SCM_RIGHTS;
	ctl.h.cmsg_len = CMSG_LEN(n_fds * sizeof(int));
	if (n_fds)
		memcpy(CMSG_DATA(&ctl.h), fd, n_fds * sizeof(int));
	if (sendmsg(s->daemon.fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)sizeof *req)
		return 0;
	return errno == EAGAIN ? -ENOBUFS : -ENETDOWN;
}

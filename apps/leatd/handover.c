/* SPDX-License-Identifier: BSD-2-Clause */
#include "handover.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "core/fds.h"
#include "core/save_file.h"

enum { FDS_A_MESSAGE = 200 /* of SCM_MAX_FD, 253 */, FDS_MOST = 1 << 17 };

union control {
	char buf[CMSG_SPACE(FDS_A_MESSAGE * sizeof(int))];
	struct cmsghdr align;
};

/* --- descriptors, as many to a message as go --- */

static int send_some(int sock, const int *fd, uint32_t n)
{
	union control control = { 0 };
	struct iovec iov = { &n, sizeof n };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = control.buf,
			    .msg_controllen = CMSG_SPACE(n * sizeof *fd) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(n * sizeof *fd);
	memcpy(CMSG_DATA(c), fd, n * sizeof *fd);
	return sendmsg(sock, &m, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static int keep(struct fds *fds, struct msghdr *m, unsigned *ret_n)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(m);
	int err = 0, fd;
	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
		return -EPROTO;
	*ret_n = (unsigned)((c->cmsg_len - CMSG_LEN(0)) / sizeof fd);
	for (unsigned i = 0; i < *ret_n; i++) {
		memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
		int bad = fds_add(fds, fd);
		if (bad)
			close(fd);
		err = err ? err : bad;
	}
	return err;
}

static int recv_some(int sock, struct fds *fds, uint32_t most)
{
	union control control;
	uint32_t said = 0;
	unsigned n = 0;
	struct iovec iov = { &said, sizeof said };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = control.buf,
			    .msg_controllen = sizeof control.buf };
	ssize_t len = recvmsg(sock, &m, MSG_CMSG_CLOEXEC);
	if (len <= 0)
		return len ? -errno : -EPIPE;
	int err = keep(fds, &m, &n);
	if (err)
		return err;
	/* A process with too few descriptors free gets some of them, and MSG_CTRUNC. */
	return m.msg_flags & MSG_CTRUNC ? -EMFILE : n == said && n <= most ? 0 : -EPROTO;
}

/* --- messages --- */

int handover_send(int sock, enum handover_op op, int err, const char *why, const struct fds *fds)
{
	struct handover_msg m = { .magic = HANDOVER_MAGIC,
				  .version = HANDOVER_VERSION,
				  .op = op,
				  .err = err,
				  .n_fds = fds ? fds->n : 0 };
	snprintf(m.why, sizeof m.why, "%s", why ? why : "");
	int ret = send(sock, &m, sizeof m, MSG_NOSIGNAL) < 0 ? -errno : 0;
	for (uint32_t at = 0, n; !ret && at < m.n_fds; at += n) {
		n = MIN(m.n_fds - at, (uint32_t)FDS_A_MESSAGE);
		ret = send_some(sock, fds->fd + at, n);
	}
	return ret;
}

static int check(const struct handover_msg *m, ssize_t len, enum handover_op op)
{
	if (len != sizeof *m || m->magic != HANDOVER_MAGIC || m->version != HANDOVER_VERSION || m->zero ||
	    m->n_fds > FDS_MOST || (op && m->op != op) || m->err > 0)
		return -EPROTO;
	return m->err;
}

int handover_recv(int sock, enum handover_op op, struct handover_msg *ret_msg, struct fds *fds)
{
	ssize_t len;
	do
		len = recv(sock, ret_msg, sizeof *ret_msg, 0);
	while (len < 0 && errno == EINTR);
	if (len <= 0)
		return len ? -errno : -EPIPE;
	int err = check(ret_msg, len, op);
	ret_msg->why[sizeof ret_msg->why - 1] = 0;
	for (uint32_t left = err ? 0 : ret_msg->n_fds; left && !err;) {
		unsigned before = fds->n;
		err = recv_some(sock, fds, left);
		left -= fds->n - before;
	}
	return err;
}

/* --- text --- */

int handover_text_begin(struct handover_text *t)
{
	t->fd = memfd_create("leat-handover", MFD_CLOEXEC);
	if (t->fd < 0)
		return -errno;
	t->saver = saver_new(save_to_fd, &t->fd);
	if (t->saver)
		return 0;
	close(t->fd);
	return -ENOMEM;
}

int handover_text_send(int sock, enum handover_op op, struct handover_text *t, struct fds *fds)
{
	int err = saver_end(t->saver);
	if (!err)
		err = fds_add(fds, t->fd);
	return err ? err : handover_send(sock, op, 0, NULL, fds);
}

void handover_text_done(struct handover_text *t)
{
	saver_free(t->saver);
	close(t->fd);
}

static const char *reason(int err, const struct handover_msg *m)
{
	if (m->err == err && m->why[0])
		return m->why;
	return err == -EPIPE                ? "it has ended, or goes on by itself"
	       : err == -EAGAIN             ? "it does not answer"
	       : err == -EPROTO && m->magic ? "it speaks another version of this protocol"
	       : err == -EPROTO             ? "it does not speak this protocol"
					    : strerror(-err);
}

int handover_ask(int sock, enum handover_op op, struct fds *fds, struct loader **ret, char *ret_why,
		 size_t why_len)
{
	struct handover_msg m = { 0 };
	int err = handover_send(sock, op, 0, NULL, NULL);
	if (!err)
		err = handover_recv(sock, op, &m, fds);
	if (!err && ret && !fds->n)
		err = -EPROTO;
	if (err)
		snprintf(ret_why, why_len, "%s", reason(err, &m));
	if (err || !ret)
		return err;
	*ret = loader_new_fd(fds->fd[fds->n - 1], "its answer", ret_why, why_len);
	close(fds->fd[--fds->n]);
	return *ret ? 0 : -EPROTO;
}

void handover_patience(int sock, unsigned seconds)
{
	struct timeval t = { .tv_sec = seconds };
	setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* A netlink socket of leat's: a pair whose other end the daemon holds (sockd/proto.h). Bare messages go over the pair; options are asked
 * over the connection it was opened by. */
#include "netlink/internal.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sockd/path.h"
#include "sockd/proto.h"

enum { PRCTL_INSIDE = 0x7465656c }; /* answered by the supervisor of `leat run`: the name of its daemon */

static int ask(int ctl, const struct sockd_req *req, const int *fd, unsigned n_fds)
{
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(SOCKD_FDS_MAX * sizeof(int))];
	} m_ctl = { 0 };
	struct iovec iov = { (void *)req, sizeof *req };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &m_ctl };
	struct sockd_rep rep;

	m.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
	m_ctl.h = (struct cmsghdr){ CMSG_LEN(n_fds * sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
	memcpy(CMSG_DATA(&m_ctl.h), fd, n_fds * sizeof(int));
	/* A daemon that hangs up may have said why. */
	if (sendmsg(ctl, &m, MSG_NOSIGNAL) < 0 && errno != EPIPE && errno != ECONNRESET)
		return -errno;
	for (bool reset = false;;) {
		ssize_t n = recv(ctl, &rep, sizeof rep, 0);
		if (n < 0 && (errno == EINTR || (errno == ECONNRESET && !reset))) {
			reset |= errno == ECONNRESET;
			continue;
		}
		if (n != sizeof rep)
			return n < 0 ? -errno : -EPIPE;
		if (rep.seq == req->seq || rep.op == SOCKD_REFUSED)
			return rep.err;
	}
}

int daemon_open(struct leat_nl *nl, const char *name, int protocol)
{
	struct sockd_req req = {
		.op = SOCKD_OPEN_NETLINK,
		.seq = 1,
		.open = { SOCK_RAW, (uint32_t)protocol, SOCKD_RIGHT_ADMIN, geteuid(), getegid(),
			  (uint32_t)getpid() },
	};
	char path[SOCKD_PATH_MAX], outer[64];
	int pair[2], err;

	if (!name && prctl(PRCTL_INSIDE, outer, sizeof outer, 0, 0) >= 0)
		name = outer;
	err = sockd_connect(name ? name : SOCKD_DEFAULT_NAME, path, sizeof path, &nl->ctl);
	if (err)
		return err;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	err = ask(nl->ctl, &req, pair, 2);
	close(pair[0]);
	nl->fd = pair[1];
	if (!err) { /* daemons of before do not know it, and send smaller pieces */
		struct sockd_req room = { .op = SOCKD_ROOM, .seq = 3, .opt.len = IN_BYTES };
		ask(nl->ctl, &room, &nl->fd, 1);
	}
	return err;
}

int daemon_option(struct leat_nl *nl, int name, int value)
{
	struct sockd_req req = { .op = SOCKD_SETSOCKOPT, .seq = 2, .data_len = sizeof value };

	req.opt.level = SOL_NETLINK;
	req.opt.name = name;
	memcpy(req.data, &value, sizeof value);
	return ask(nl->ctl, &req, &nl->fd, 1);
}

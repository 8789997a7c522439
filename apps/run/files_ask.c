/* SPDX-License-Identifier: BSD-2-Clause */
/* The files' end of the conversation with leatd: a netlink pair of its own, of the family "leat_file". It waits, but not for ever:
 * a daemon that does not answer within TIMEOUT_S is taken for gone, since whoever reads a file cannot be left hanging. */
#include "run/files.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "leat/file.h"
#include "sockd/path.h"
#include "sockd/proto.h"

enum { TIMEOUT_S = 5, ANSWER = 1 << 16 };

struct files_ask {
	int fd;
	uint16_t family;
	uint32_t seq;
	int left; /* bytes of the datagram that are yet to be told */
	const struct nlmsghdr *at;
	bool dump;
	uint8_t out[8192], in[ANSWER] __attribute__((aligned(8)));
};

static void set_timeout(int fd)
{
	struct timeval t = { .tv_sec = TIMEOUT_S };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t);
}

static int pass(int ctl, const struct sockd_req *req, const int fd[2])
{
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(2 * sizeof(int))];
	} m_ctl = { 0 };
	struct iovec iov = { (void *)req, sizeof *req };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &m_ctl, .msg_controllen = sizeof m_ctl
	};
	struct sockd_rep rep;

	m_ctl.h = (struct cmsghdr){ CMSG_LEN(2 * sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
	memcpy(CMSG_DATA(&m_ctl.h), fd, 2 * sizeof(int));
	if (sendmsg(ctl, &m, MSG_NOSIGNAL) < 0 || recv(ctl, &rep, sizeof rep, 0) != sizeof rep)
		return -EIO;
	return rep.err;
}

static int open_pair(const char *name, int admin, int *ret_fd)
{
	struct sockd_req req = {
		.op = SOCKD_OPEN_NETLINK,
		.seq = 1,
		.open = { SOCK_RAW, NETLINK_GENERIC, admin ? SOCKD_RIGHT_ADMIN : 0, geteuid(), getegid(), 0 },
	};
	char path[SOCKD_PATH_MAX];
	int ctl, pair[2], err;

	if (sockd_connect(name, path, sizeof path, &ctl))
		return -EIO;
	set_timeout(ctl);
	err = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 ? -errno : 0;
	if (err)
		goto close_ctl;
	err = pass(ctl, &req, pair);
	close(pair[0]);
	if (err)
		close(pair[1]);
	else
		*ret_fd = pair[1];
close_ctl:
	close(ctl);
	return err;
}

static int find_family(struct files_ask *a)
{
	const struct nlmsghdr *h;
	const struct nlattr *at;
	struct genlmsghdr *g;
	struct nlmsghdr *m = mnl_nlmsg_put_header(a->out);

	m->nlmsg_type = GENL_ID_CTRL;
	m->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	g = mnl_nlmsg_put_extra_header(m, sizeof *g);
	g->cmd = CTRL_CMD_GETFAMILY;
	mnl_attr_put_strz(m, CTRL_ATTR_FAMILY_NAME, LEAT_FILE_GENL_NAME);
	if (send(a->fd, m, m->nlmsg_len, MSG_NOSIGNAL) < 0)
		return -EIO;
	while (files_ask_next(a, &h) > 0)
		mnl_attr_for_each (at, h, sizeof(struct genlmsghdr))
			if (mnl_attr_get_type(at) == CTRL_ATTR_FAMILY_ID &&
			    mnl_attr_get_payload_len(at) >= sizeof(uint16_t))
				a->family = mnl_attr_get_u16(at);
	return a->family ? 0 : -EIO;
}

int files_ask_new(const char *name, int admin, struct files_ask **ret)
{
	struct files_ask *a = calloc(1, sizeof *a);
	int err = a ? open_pair(name, admin, &a->fd) : -ENOMEM;

	if (err) {
		free(a);
		return err;
	}
	set_timeout(a->fd);
	err = find_family(a);
	if (err)
		files_ask_free(a);
	else
		*ret = a;
	return err;
}

void files_ask_free(struct files_ask *a)
{
	if (!a)
		return;
	close(a->fd);
	free(a);
}

int files_ask_send(struct files_ask *a, unsigned char cmd, int dump, const char *path, const void *text,
		   size_t text_len)
{
	struct nlmsghdr *m = mnl_nlmsg_put_header(a->out);
	struct genlmsghdr *g;

	m->nlmsg_type = a->family;
	m->nlmsg_flags = NLM_F_REQUEST | (dump ? NLM_F_DUMP : NLM_F_ACK);
	m->nlmsg_seq = ++a->seq;
	g = mnl_nlmsg_put_extra_header(m, sizeof *g);
	g->cmd = cmd;
	g->version = LEAT_FILE_GENL_VERSION;
	if (!mnl_attr_put_strz_check(m, sizeof a->out, LEAT_FILE_A_PATH, path) ||
	    (text && !mnl_attr_put_check(m, sizeof a->out, LEAT_FILE_A_TEXT, text_len, text)))
		return text ? -EINVAL : -ENOENT;
	a->left = 0;
	if (send(a->fd, m, m->nlmsg_len, MSG_NOSIGNAL) < 0)
		return errno == EAGAIN ? -EIO : -EPIPE;
	return 0;
}

/* The end of an answer, with its error. */
static int ended(const struct nlmsghdr *h)
{
	int err = 0;

	if (mnl_nlmsg_get_payload_len(h) >= sizeof err)
		memcpy(&err, mnl_nlmsg_get_payload(h), sizeof err);
	return err;
}

int files_ask_next(struct files_ask *a, const struct nlmsghdr **ret)
{
	const struct nlmsghdr *h;

	if (!mnl_nlmsg_ok(a->at, a->left)) {
		ssize_t n = recv(a->fd, a->in, sizeof a->in, 0);
		if (n < 0 && errno == EAGAIN)
			return -EIO; /* as good as gone */
		if (n <= 0)
			return -EPIPE;
		a->at = (const struct nlmsghdr *)a->in;
		a->left = (int)n;
		if (!mnl_nlmsg_ok(a->at, a->left))
			return -EIO;
	}
	h = a->at;
	a->at = mnl_nlmsg_next(h, &a->left);
	if (h->nlmsg_type == NLMSG_ERROR || h->nlmsg_type == NLMSG_DONE)
		return ended(h);
	if (h->nlmsg_type == NLMSG_OVERRUN)
		return -EIO;
	*ret = h;
	return 1;
}

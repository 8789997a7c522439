/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets: opened, set up, closed. The kernel's are sockets; leat's are pairs (daemon.c); beyond this file nobody asks which. */
#include "netlink/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { ROOM_BYTES = 1 << 20 }; /* for acks and events that wait to be read */

static int kernel_open(struct leat_nl *nl, int protocol)
{
	struct sockaddr_nl a = { .nl_family = AF_NETLINK };
	socklen_t len = sizeof a;
	int room = ROOM_BYTES;

	nl->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	if (nl->fd < 0)
		return -errno;
	if (bind(nl->fd, (struct sockaddr *)&a, sizeof a) < 0 ||
	    getsockname(nl->fd, (struct sockaddr *)&a, &len) < 0)
		return -errno;
	setsockopt(nl->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room); /* less does, too */
	nl->portid = a.nl_pid;
	return 0;
}

static int open_stack(struct leat_nl *nl, const char *stack, int protocol)
{
	if (!stack || !strcmp(stack, "kernel"))
		return kernel_open(nl, protocol);
	if (!strcmp(stack, "leat"))
		return daemon_open(nl, NULL, protocol);
	if (!strncmp(stack, "leat:", 5))
		return daemon_open(nl, stack + 5, protocol);
	return -EINVAL;
}

int leat_nl_open(const char *stack, int protocol, struct leat_nl **ret_nl)
{
	struct leat_nl *nl = calloc(1, sizeof *nl);
	int err;

	if (!nl)
		return -ENOMEM;
	nl->fd = nl->ctl = -1;
	nl->ack.msg = "";
	nl_buf_init(&nl->out, OUT_BYTES);
	nl->in = malloc(IN_BYTES);
	err = nl->in ? open_stack(nl, stack, protocol) : -ENOMEM;
	if (!err)
		err = leat_nl_option(nl, NETLINK_EXT_ACK, 1);
	if (!err)
		err = leat_nl_option(nl, NETLINK_CAP_ACK, 1);
	if (!err)
		leat_nl_option(nl, NETLINK_GET_STRICT_CHK, 1); /* before Linux 4.20 there is none */
	if (err)
		leat_nl_close(nl);
	else
		*ret_nl = nl;
	return err;
}

void leat_nl_close(struct leat_nl *nl)
{
	if (!nl)
		return;
	if (nl->fd >= 0)
		close(nl->fd);
	if (nl->ctl >= 0)
		close(nl->ctl);
	nl_buf_done(&nl->out);
	free(nl->in);
	free(nl);
}

int leat_nl_fd(const struct leat_nl *nl)
{
	return nl->fd;
}

int leat_nl_pid(const struct leat_nl *nl)
{
	struct ucred peer = { 0 };
	socklen_t len = sizeof peer;

	if (nl->ctl >= 0)
		getsockopt(nl->ctl, SOL_SOCKET, SO_PEERCRED, &peer, &len);
	return peer.pid;
}

int leat_nl_option(struct leat_nl *nl, int name, int value)
{
	if (nl->ctl >= 0)
		return daemon_option(nl, name, value);
	return setsockopt(nl->fd, SOL_NETLINK, name, &value, sizeof value) < 0 ? -errno : 0;
}

int leat_nl_timeout(struct leat_nl *nl, unsigned ms)
{
	struct timeval t = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	if (setsockopt(nl->fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t) < 0 ||
	    setsockopt(nl->fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t) < 0)
		return -errno;
	if (nl->ctl >= 0 && setsockopt(nl->ctl, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t) < 0)
		return -errno;
	return 0;
}

int leat_nl_join(struct leat_nl *nl, unsigned group)
{
	return leat_nl_option(nl, NETLINK_ADD_MEMBERSHIP, (int)group);
}

int leat_nl_leave(struct leat_nl *nl, unsigned group)
{
	return leat_nl_option(nl, NETLINK_DROP_MEMBERSHIP, (int)group);
}

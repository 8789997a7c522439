/* SPDX-License-Identifier: BSD-2-Clause */
/* socket(), and the prctl() by which a nested run finds out where it is.
 *
 * The pair is made here and not by the daemon: a Unix socket belongs to the network namespace it was made in, and through
 * interface ioctls it would show the host's devices if that were the host's. */
#include "run/superv_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { TYPE_MASK = 0xf, NETLINK_PROTOCOLS = 32 };

/* The application has the right number of bytes in flight; a longer message is refused by its own send(). */
static void limit_message(int fd)
{
	int half = SOCKD_MSG_MAX / 2 + 32; /* Linux doubles it */

	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &half, sizeof half);
}

static void opened(struct call *c, const struct sockd_rep *rep)
{
	if (rep->err) {
		call_fail(c, rep->err);
		return;
	}
	known_add(c->s, c->made, rep->cookie);
	c->made = NULL;
	call_return_fd(c, c->ev.fd, c->arg[1] & SOCK_CLOEXEC);
}

static int check(uint32_t type, uint32_t protocol)
{
	if (type & ~(TYPE_MASK | SOCK_CLOEXEC | SOCK_NONBLOCK))
		return -EINVAL;
	if ((type & TYPE_MASK) != SOCK_RAW && (type & TYPE_MASK) != SOCK_DGRAM)
		return -ESOCKTNOSUPPORT;
	return protocol < NETLINK_PROTOCOLS ? 0 : -EPROTONOSUPPORT;
}

/* The daemon went before it had answered. */
static void forget_last_try(struct call *c)
{
	if (c->ev.fd >= 0)
		close(c->ev.fd);
	c->ev.fd = -1;
	known_free(c->made);
	c->made = NULL;
}

void call_socket(struct call *c)
{
	uint32_t type = c->arg[1], protocol = c->arg[2];
	struct sockd_req req = { .op = SOCKD_OPEN_NETLINK };
	struct target_who who;

	if ((int)c->arg[0] != AF_NETLINK) {
		inet_socket(c);
		return;
	}
	int err = check(type, protocol), pair[2];

	forget_last_try(c);
	if (!err)
		err = target_who(c->s, c->tid, &who);
	if (err) {
		call_fail(c, err);
		return;
	}
	req.open.type = type & TYPE_MASK;
	req.open.protocol = protocol;
	req.open.rights = who.net_admin ? SOCKD_RIGHT_ADMIN : 0;
	req.open.uid = who.euid;
	req.open.gid = who.egid;
	req.open.pid = who.pid;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		call_fail(c, -errno);
		return;
	}
	limit_message(pair[1]);
	if (type & SOCK_NONBLOCK)
		fcntl(pair[1], F_SETFL, O_NONBLOCK);
	c->ev.fd = pair[1];
	c->made = known_new(c->s, pair[0], &req);
	if (c->made)
		call_ask(c, &req, pair, 2, opened);
	else
		call_fail(c, -ENOBUFS);
	close(pair[0]);
}

void call_prctl(struct call *c)
{
	size_t len = strlen(c->s->name) + 1;

	if (c->arg[2] < len)
		call_fail(c, -EINVAL);
	else if (target_write(c->tid, c->arg[1], c->s->name, len))
		call_fail(c, -EFAULT);
	else
		call_return(c, 0);
}

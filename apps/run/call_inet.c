/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets of AF_INET and AF_INET6 that are there for their ioctls alone, which is all that ifconfig, route and arp want of them:
 * datagram sockets without a protocol. They are Unix sockets that nobody ever connects to; an abstract name in the run's own
 * namespace says what they are meant to be. It is no more than that: anybody may bind such a name, and gains nothing. */
#include "run/superv_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#define INET_NAME "leat/inet/"

enum { TYPE_MASK = 0xf };

static int name_it(struct superv *s, int fd, int family)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int n = snprintf(a.sun_path + 1, sizeof a.sun_path - 1, INET_NAME "%d/%u", family, s->n_inet++);

	return bind(fd, (struct sockaddr *)&a, offsetof(struct sockaddr_un, sun_path) + 1 + n) < 0 ? -errno
												   : 0;
}

void inet_socket(struct call *c)
{
	int family = c->arg[0], type = c->arg[1], protocol = c->arg[2];
	int err = 0;

	if (type & ~(TYPE_MASK | SOCK_CLOEXEC | SOCK_NONBLOCK))
		err = -EINVAL;
	else if ((type & TYPE_MASK) != SOCK_DGRAM || protocol)
		err = -EAFNOSUPPORT;
	if (!err) {
		c->ev.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | (type & SOCK_NONBLOCK), 0);
		err = c->ev.fd < 0 ? -errno : name_it(c->s, c->ev.fd, family);
	}
	if (err)
		call_fail(c, err);
	else
		call_return_fd(c, c->ev.fd, type & SOCK_CLOEXEC);
}

int inet_family(int fd)
{
	struct sockaddr_un a = { 0 };
	int domain, family;
	socklen_t len = sizeof domain, name_len = sizeof a - 1;

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len))
		return 0;
	if (domain != AF_UNIX || getsockname(fd, (struct sockaddr *)&a, &name_len))
		return domain;
	if (a.sun_path[0] || sscanf(a.sun_path + 1, INET_NAME "%d", &family) != 1)
		return domain;
	return family == AF_INET6 ? AF_INET6 : AF_INET;
}

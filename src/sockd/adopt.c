/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets of a daemon that is no more. Their client held on to the daemon's ends, so their applications have noticed nothing: what they
 * wrote meanwhile waits in the pair. They get a netlink socket anew, as far as the client knows what it was like. Those that
 * listened have missed something, and are told so. */
#include "sockd/sockd_internal.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

static void set(struct pair *s, int level, int name, uint32_t v)
{
	nl_sock_setsockopt(s->nl, level, name, &v, sizeof v);
}

/* Whoever may not pass the bounds of a buffer gets what the bounds allow. */
static void set_buffer(struct pair *s, int force, int name, uint32_t v)
{
	if (v && nl_sock_setsockopt(s->nl, SOL_SOCKET, force, &v, sizeof v))
		set(s, SOL_SOCKET, name, v);
}

/* Nothing of it can fail but what could not be had before, or a port that somebody else has taken since: then it takes another. */
static void dress(struct pair *s, const struct sockd_adopt *a)
{
	if (a->portid)
		nl_sock_bind(s->nl, a->portid, 0);
	for (uint32_t g = 1; g < SOCKD_GROUPS; g++)
		if (a->groups[g / 64] >> g % 64 & 1)
			set(s, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, g);
	for (int n = 0; n < 32; n++)
		if (a->options >> n & 1 && n != NETLINK_ADD_MEMBERSHIP && n != NETLINK_DROP_MEMBERSHIP)
			set(s, SOL_NETLINK, n, 1);
	set_buffer(s, SO_RCVBUFFORCE, SO_RCVBUF, a->rcvbuf);
	set_buffer(s, SO_SNDBUFFORCE, SO_SNDBUF, a->sndbuf);
}

int pair_adopt(struct client *c, const struct sockd_req *req, int own_fd, struct pair **ret)
{
	struct sockd_adopt a;
	uint64_t own;
	struct pair *s;
	int err = pair_is_end(own_fd) ? pair_cookie(own_fd, &own) : -ENOTSOCK;

	memcpy(&a, req->data, sizeof a);
	if (!err && (!a.cookie || a.zero || pair_of_cookie(c, own)))
		err = -EINVAL;
	if (!err)
		err = pair_may_open(c, a.cookie);
	if (!err)
		err = pair_make(c, req, own_fd, a.cookie, &s);
	if (err)
		return err;
	s->claimed = true;
	dress(s, &a);
	if (a.overrun)
		pair_send_lost(s);
	*ret = s;
	return 0;
}

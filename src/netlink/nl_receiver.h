/* SPDX-License-Identifier: BSD-2-Clause */
/* For tests: the other end of a netlink socket, which remembers what it is sent and can be full. */
#ifndef LEAT_NETLINK_NL_RECEIVER_H
#define LEAT_NETLINK_NL_RECEIVER_H

#include <errno.h>
#include <stdlib.h>

#include "base/test.h"
#include "netlink/nl_sock.h"

struct receiver {
	struct nl_sock *s;
	unsigned n, room; /* datagrams it has, and takes */
	int error;
	struct {
		size_t len;
		uint32_t group;
		uint8_t *bytes;
	} got[8192];
};

static inline int receiver_deliver(void *ctx, const void *bytes, size_t len, uint32_t portid, uint32_t group)
{
	struct receiver *r = ctx;
	if (r->n == r->room || r->n == ARRAY_SIZE(r->got))
		return -EAGAIN;
	r->got[r->n].bytes = malloc(len);
	assert_non_null(r->got[r->n].bytes);
	memcpy(r->got[r->n].bytes, bytes, len);
	r->got[r->n].len = len;
	r->got[r->n++].group = group;
	return 0;
}

static inline void receiver_error(void *ctx, int err)
{
	((struct receiver *)ctx)->error = err;
}

static const struct nl_sock_ops receiver_ops = { receiver_deliver, receiver_error };

static inline void forget_all(struct receiver *r)
{
	while (r->n)
		free(r->got[--r->n].bytes);
}

static inline const struct nlmsghdr *message(const struct receiver *r, unsigned i)
{
	assert_true(i < r->n);
	const struct nlmsghdr *h = (const void *)r->got[i].bytes;
	assert_true(mnl_nlmsg_ok(h, (int)r->got[i].len));
	return h;
}

static inline int ack_error(const struct receiver *r, unsigned i)
{
	assert_int_equal(message(r, i)->nlmsg_type, NLMSG_ERROR);
	return ((const struct nlmsgerr *)mnl_nlmsg_get_payload(message(r, i)))->error;
}

static inline struct nl_sock *receiver_open(struct receiver *r, struct leat_stack *st, int protocol,
					    bool root)
{
	struct nl_creds creds = { .uid = root ? 0 : 1000, .pid = 77, .may_configure = root };
	r->room = UINT32_MAX;
	assert_int_equal(nl_sock_new(st, protocol, &creds, &receiver_ops, r, &r->s), 0);
	return r->s;
}

#endif

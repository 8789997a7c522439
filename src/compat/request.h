/* SPDX-License-Identifier: BSD-2-Clause */
/* A netlink request that the stack makes to itself in somebody's name: what old interfaces change, they change by the one way there
 * is, so rights, checks, errors and notifications are those of the message. Control lcore. */
#ifndef LEAT_COMPAT_REQUEST_H
#define LEAT_COMPAT_REQUEST_H

#include "netlink/nl_sock.h"
#include "nlmsg/nlmsg.h"

struct request {
	struct nl_buf b;
	uint8_t bytes[1024] __attribute__((aligned(8)));
};

/* Starts it: the family header to be filled in. What does not fit is refused by request_run(). */
void *request_begin(struct request *r, uint16_t type, uint16_t flags, size_t hdr_len);
/* Executes it: 0 or the acknowledgement's -errno. */
int request_run(struct leat_stack *st, const struct nl_creds *creds, struct request *r);

#endif

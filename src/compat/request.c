/* SPDX-License-Identifier: BSD-2-Clause */
#include "compat/request.h"

#include <errno.h>

void *request_begin(struct request *r, uint16_t type, uint16_t flags, size_t hdr_len)
{
	nl_buf_init_fixed(&r->b, r->bytes, sizeof r->bytes);
	return nl_begin(&r->b, type, (uint16_t)(flags | NLM_F_REQUEST), 1, 0, hdr_len);
}

/* Nothing is ever sent to it but what the request asks for, and it asks for nothing. */
static int discard(void *ctx, const void *bytes, size_t len_bytes, uint32_t src_portid, uint32_t group)
{
	return 0;
}

int request_run(struct leat_stack *st, const struct nl_creds *creds, struct request *r)
{
	static const struct nl_sock_ops ops = { .deliver = discard };
	struct nl_sock *s;
	int err = nl_end(&r->b);
	if (!err)
		err = nl_sock_new(st, NETLINK_ROUTE, creds, &ops, NULL, &s);
	if (err)
		return err;
	err = nl_sock_execute(s, (const struct nlmsghdr *)r->bytes);
	nl_sock_free(s);
	return err;
}

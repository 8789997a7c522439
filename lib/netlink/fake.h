/* SPDX-License-Identifier: BSD-2-Clause */
/* A stack for tests: what it will say is written into the other end of the pair before it is asked. */
#ifndef LEAT_LIB_NETLINK_FAKE_H
#define LEAT_LIB_NETLINK_FAKE_H

#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netlink/internal.h"

struct fake {
	struct leat_nl *nl;
	int fd; /* the stack's end */
	struct nl_buf b;
};

static inline void fake_init(struct fake *f)
{
	int pair[2];

	*f = (struct fake){ .nl = calloc(1, sizeof *f->nl) };
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	f->fd = pair[0];
	f->nl->fd = pair[1];
	f->nl->ctl = dup(pair[1]);
	f->nl->ack.msg = "";
	f->nl->in = malloc(IN_BYTES);
	nl_buf_init(&f->nl->out, OUT_BYTES);
	nl_buf_init(&f->b, 1 << 16);
}

static inline void fake_done(struct fake *f)
{
	close(f->fd);
	nl_buf_done(&f->b);
}

static inline void fake_says(struct fake *f)
{
	assert_int_equal(send(f->fd, f->b.p, f->b.len_bytes, 0), f->b.len_bytes);
	f->b.len_bytes = 0;
}

static inline void fake_done_msg(struct fake *f, uint32_t seq, uint16_t flags)
{
	nl_begin(&f->b, NLMSG_DONE, NLM_F_MULTI | flags, seq, 0, sizeof(int));
	nl_end(&f->b);
}

static inline void fake_error(struct fake *f, uint32_t seq, int err, const char *words)
{
	struct nlmsgerr *e =
		nl_begin(&f->b, NLMSG_ERROR, NLM_F_CAPPED | (words ? NLM_F_ACK_TLVS : 0), seq, 0, sizeof *e);
	e->error = err;
	if (words)
		nl_put_str(&f->b, NLMSGERR_ATTR_MSG, words);
	nl_end(&f->b);
}

/* An address, 10.0.0.N/24 of interface 1. */
static inline void fake_address(struct fake *f, uint32_t seq, uint16_t type, uint16_t flags, uint8_t n)
{
	const uint8_t a[4] = { 10, 0, 0, n };
	uint8_t *i = nl_begin(&f->b, type, flags, seq, 0, 8);

	i[0] = AF_INET;
	i[1] = 24;
	i[4] = 1;
	nl_put(&f->b, 2 /* IFA_LOCAL */, a, sizeof a);
	nl_end(&f->b);
}

#endif

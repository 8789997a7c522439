/* SPDX-License-Identifier: BSD-2-Clause */
/* Reno (RFC 5681): one segment more in a round trip, half the window after a loss. */
#include "cc/cc.h"

static void avoid(struct cc *c, const struct cc_ack *a)
{
	cc_grow(c, a->bytes, c->cwnd);
}

static uint32_t ssthresh(struct cc *c, enum cc_why why)
{
	return c->cwnd / 2;
}

const struct cc_ops cc_reno = { .name = "reno", .avoid = avoid, .ssthresh = ssthresh };

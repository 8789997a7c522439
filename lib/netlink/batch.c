/* SPDX-License-Identifier: BSD-2-Clause */
/* Batches: requests wait in nl->out until they are many, go out in one datagram, and their acks are read before the next goes. How many:
 * so that the acks of all fit into a receive buffer of the kernel's default size. */
#include "netlink/internal.h"

#include <errno.h>

enum { REQUESTS_MAX = 128, BYTES_MAX = 32 << 10 };

void leat_nl_batch_begin(struct leat_nl *nl, leat_nl_batch_fn *fn, void *ctx)
{
	nl->out.len_bytes = 0;
	nl->batch = (struct batch){ .open = true, .fn = fn, .ctx = ctx, .first_seq = nl->seq + 1 };
}

static void take_one(struct leat_nl *nl, const struct nlmsghdr *h)
{
	struct batch *b = &nl->batch;
	int err = take_ack(nl, h);

	b->refused += err != 0;
	b->n_waiting--;
	if (b->fn)
		b->fn(h->nlmsg_seq - b->first_seq, &nl->ack, b->ctx);
}

static int take_acks(struct leat_nl *nl)
{
	ssize_t n = receive(nl, 0);
	int left = (int)n;

	if (n <= 0)
		return n ? (int)n : -EPIPE;
	for (const struct nlmsghdr *h = (void *)nl->in; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left))
		if (h->nlmsg_type == NLMSG_ERROR && nl->batch.n_waiting && answers(nl, h, h->nlmsg_seq) &&
		    h->nlmsg_seq - nl->batch.first_seq <= nl->seq - nl->batch.first_seq)
			take_one(nl, h);
	return 0;
}

static int flush(struct leat_nl *nl)
{
	struct batch *b = &nl->batch;
	int err = b->broken;

	if (!err && b->n_waiting)
		err = send_all(nl, nl->out.p, nl->out.len_bytes);
	while (!err && b->n_waiting)
		err = take_acks(nl);
	nl->out.len_bytes = 0;
	return b->broken = err;
}

int leat_nl_batch_add(struct leat_nl *nl)
{
	struct batch *b = &nl->batch;
	int err = b->open ? request_end(nl, NLM_F_ACK) : -EINVAL;

	if (err) {
		nl->seq -= b->open; /* numbers have no gaps */
		return err;
	}
	b->n_waiting++;
	return b->n_waiting >= REQUESTS_MAX || nl->out.len_bytes >= BYTES_MAX ? flush(nl) : 0;
}

int leat_nl_batch_end(struct leat_nl *nl)
{
	int err = flush(nl);

	nl->batch.open = false;
	return err ? err : (int)nl->batch.refused;
}

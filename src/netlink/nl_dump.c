/* SPDX-License-Identifier: BSD-2-Clause */
/* Dumps.
 *
 * Theory of operation: a dump is a copy of its request and the keys of the element it comes to next. Each step asks the
 * family for one datagram's worth and lets go of the table; the next step, when the reader has room, finds its place by
 * key. Nothing is locked between, so writers never wait. A table that changes meanwhile is noticed by its generation
 * (notifications count it up), and the reader is told with NLM_F_DUMP_INTR that it may have missed or met something twice.
 * One dump at a time per socket, as on Linux. */
#include "netlink/netlink_internal.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>

static uint64_t generation_of(const struct nl_sock *s, uint16_t type)
{
	/* Linux: neighbours change by themselves all the time; their dumps promise nothing. */
	if (s->proto->protocol != NETLINK_ROUTE || nl_class(type) == nl_class(RTM_GETNEIGH))
		return 0;
	return nl_state(s->st)->generation[nl_class(type)];
}

int nl_dump_begin(struct nl_sock *s, const struct nl_family *f, const struct nl_msg *m,
		  const struct nlmsghdr *h)
{
	if (s->dumping)
		return -EBUSY;
	struct nl_dumping *d = mem_zalloc(&s->mem, sizeof *d);
	struct nlmsghdr *req = mem_zalloc(&s->mem, h->nlmsg_len);
	if (!d || !req) {
		mem_free(d);
		mem_free(req);
		return -ENOBUFS;
	}
	memcpy(req, h, h->nlmsg_len);
	*d = (struct nl_dumping){
		.msg = m, .family = f, .req = req, .generation = generation_of(s, h->nlmsg_type)
	};
	s->dumping = d;
	/* Linux: a dump that has begun says so by itself; no ack, even when one was asked for. */
	return -EINTR;
}

void nl_dump_end(struct nl_sock *s)
{
	struct nl_dumping *d = s->dumping;
	if (!d)
		return;
	s->dumping = NULL;
	free(d->at.priv);
	mem_free(d->req);
	mem_free(d);
}

/* One batch from the family into b: 1 when there is more, 0 at the end, or -errno. */
static int fill(struct nl_sock *s, struct nl_buf *b)
{
	struct nl_dumping *d = s->dumping;
	bool generic = s->proto->protocol == NETLINK_GENERIC, strict = s->flags & NL_F_STRICT;
	struct nl_call c = {
		.sock = s,
		.msg = d->msg,
		.h = d->req,
		.ext = &d->ext,
		.reply = b,
		.hdr_off = s->proto->hdr_len,
		.parse_flags = d->family->parse_flags | (!generic && strict ? NL_STRICT : 0),
		.lenient = !generic && !strict && !d->family->parse_flags,
		.dump = &d->at,
	};
	return nl_call(&c);
}

static void mark_interrupted(struct nl_buf *b)
{
	for (size_t off = 0; off < b->len_bytes;) {
		struct nlmsghdr *h = (struct nlmsghdr *)(b->p + off);
		h->nlmsg_flags |= NLM_F_DUMP_INTR;
		off += NLMSG_ALIGN(h->nlmsg_len);
	}
}

/* Makes the next batch; a single message too long for a datagram of the usual size gets a larger one. False: not yet. */
static bool next_batch(struct nl_sock *s, struct nl_buf *b)
{
	struct nl_dumping *d = s->dumping;
	d->at.wait = false;
	int more = fill(s, b);
	if (more > 0 && d->at.wait)
		return false;
	if (more > 0 && b->len_bytes == 0) {
		b->max_bytes = NL_DUMP_MAX;
		more = fill(s, b);
	}
	if (more > 0 && b->len_bytes == 0)
		more = -EMSGSIZE;
	d->ended = more <= 0;
	d->err = MIN(more, 0);
	if (generation_of(s, d->req->nlmsg_type) != d->generation)
		d->intr = true;
	if (d->intr)
		mark_interrupted(b);
	return true;
}

bool nl_dump_step(struct nl_sock *s)
{
	struct nl_dumping *d = s->dumping;
	struct nl_buf b;
	if (!d)
		return false;
	nl_buf_init(&b, MAX(s->recv_hint, (size_t)NL_DUMP_DEFAULT));
	if (!d->ended && !next_batch(s, &b)) {
		nl_buf_done(&b);
		return false;
	}
	bool done = false;
	if (d->ended) {
		size_t before = b.len_bytes;
		nl_put_done(&b, d->req, d->err, (d->intr ? NLM_F_DUMP_INTR : 0) | d->at.flags, &d->ext,
			    s->flags & NL_F_EXT_ACK, s->portid);
		done = b.len_bytes > before;
	}
	if (b.len_bytes)
		nl_sock_queue(s, b.p, b.len_bytes, 0, 0);
	nl_buf_done(&b);
	if (done)
		nl_dump_end(s);
	return true;
}

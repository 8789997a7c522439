/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests, one at a time: built, sent, answered.
 *
 * Theory of operation: a message is built at the end of nl->out, where those of a batch wait before it. What comes back is told from what
 * nobody asked for (a socket may be in groups, too) by number and port.
 *
 * A stack that dumps a table while it changes says so in NLM_F_DUMP_INTR, and the dump may then be missing what was there all along. So
 * leat_nl_dump() keeps what it gets until the end, and begins again when it has seen the flag. */
#include "netlink/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { DUMPS_MAX = 10 };

void *leat_nl_request(struct leat_nl *nl, uint16_t type, uint16_t flags, size_t header_bytes)
{
	void *header;

	assert(header_bytes <= HEADER_MAX);
	if (!nl->batch.open)
		nl->out.len_bytes = 0;
	if (nl->out.msg) /* begun and never sent */
		nl_cancel(&nl->out);
	header = nl_begin(&nl->out, type, NLM_F_REQUEST | flags, ++nl->seq, 0, header_bytes);
	return header ? header : memset(nl->nowhere, 0, header_bytes);
}

void leat_nl_put(struct leat_nl *nl, uint16_t type, const void *data, size_t len_bytes)
{
	nl_put(&nl->out, type, data, len_bytes);
}

void leat_nl_put_u8(struct leat_nl *nl, uint16_t type, uint8_t v)
{
	nl_put_u8(&nl->out, type, v);
}

void leat_nl_put_u16(struct leat_nl *nl, uint16_t type, uint16_t v)
{
	nl_put_u16(&nl->out, type, v);
}

void leat_nl_put_u32(struct leat_nl *nl, uint16_t type, uint32_t v)
{
	nl_put_u32(&nl->out, type, v);
}

void leat_nl_put_u64(struct leat_nl *nl, uint16_t type, uint64_t v)
{
	nl_put(&nl->out, type, &v, sizeof v);
}

void leat_nl_put_str(struct leat_nl *nl, uint16_t type, const char *s)
{
	nl_put_str(&nl->out, type, s);
}

void leat_nl_put_flag(struct leat_nl *nl, uint16_t type)
{
	nl_put_flag(&nl->out, type);
}

size_t leat_nl_nest(struct leat_nl *nl, uint16_t type)
{
	return nl_nest(&nl->out, type);
}

void leat_nl_nest_end(struct leat_nl *nl, size_t nest)
{
	nl_nest_end(&nl->out, nest);
}

/* An attribute without its header: what is put behind it goes on in the nest. */
void *leat_nl_put_header(struct leat_nl *nl, size_t header_bytes)
{
	void *room;

	assert(header_bytes >= NLA_HDRLEN && header_bytes <= HEADER_MAX);
	room = nl_put_room(&nl->out, 0, header_bytes - NLA_HDRLEN);
	if (!room)
		return memset(nl->nowhere, 0, header_bytes);
	return memset((uint8_t *)room - NLA_HDRLEN, 0, header_bytes);
}

int request_end(struct leat_nl *nl, uint16_t flags)
{
	if (nl->out.msg)
		nl->out.msg->nlmsg_flags |= flags;
	return nl_end(&nl->out);
}

int send_all(struct leat_nl *nl, const void *bytes, size_t len_bytes)
{
	ssize_t n;

	do
		n = send(nl->fd, bytes, len_bytes, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? (errno == ECONNRESET ? -EPIPE : -errno) : 0;
}

enum { MORE = 1 };

/* One datagram: MORE, or the end of the answer. */
static int take(struct leat_nl *nl, int left, leat_nl_fn *fn, void *ctx)
{
	for (const struct nlmsghdr *h = (void *)nl->in; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left)) {
		if (!answers(nl, h, nl->seq)) {
			if (nl->event && h->nlmsg_type >= NLMSG_MIN_TYPE)
				nl->event(h, nl->event_ctx);
			continue;
		}
		nl->interrupted |= !!(h->nlmsg_flags & NLM_F_DUMP_INTR);
		if (h->nlmsg_type == NLMSG_ERROR || h->nlmsg_type == NLMSG_DONE)
			return take_ack(nl, h);
		if (h->nlmsg_type >= NLMSG_MIN_TYPE && fn)
			fn(h, ctx);
	}
	return MORE;
}

static int converse(struct leat_nl *nl, leat_nl_fn *fn, void *ctx)
{
	const struct nlmsghdr *req = (const struct nlmsghdr *)nl->out.p;
	int err = send_all(nl, req, req->nlmsg_len);

	nl->ack = (struct leat_nl_ack){ .msg = "" };
	nl->interrupted = false;
	if (err)
		return nl->ack.err = err;
	do {
		ssize_t n = receive(nl, 0);
		err = n > 0 ? take(nl, (int)n, fn, ctx) : n ? (int)n : -EPIPE;
	} while (err == MORE);
	return nl->ack.err = err;
}

static int finish(struct leat_nl *nl, uint16_t flags)
{
	if (nl->batch.open)
		return -EBUSY;
	return nl->ack.err = request_end(nl, flags);
}

int leat_nl_talk(struct leat_nl *nl, leat_nl_fn *fn, void *ctx)
{
	int err = finish(nl, NLM_F_ACK);

	return err ? err : converse(nl, fn, ctx);
}

int leat_nl_stream(struct leat_nl *nl, leat_nl_fn *fn, void *ctx)
{
	int err = finish(nl, NLM_F_DUMP);

	if (!err)
		err = converse(nl, fn, ctx);
	return err ? err : nl->interrupted;
}

/* --- whole dumps --- */

struct kept {
	uint8_t *p;
	size_t len_bytes, size_bytes;
	bool failed;
};

static void keep(const struct nlmsghdr *h, void *ctx)
{
	struct kept *k = ctx;
	size_t len = NLMSG_ALIGN(h->nlmsg_len), size = MAX(k->size_bytes * 2, (size_t)IN_BYTES);

	if (k->len_bytes + len > k->size_bytes) {
		uint8_t *p = k->failed ? NULL : realloc(k->p, size);
		k->failed = !p;
		if (!p)
			return;
		k->p = p;
		k->size_bytes = size;
	}
	memcpy(k->p + k->len_bytes, h, h->nlmsg_len);
	k->len_bytes += len;
}

static void tell(const struct kept *k, leat_nl_fn *fn, void *ctx)
{
	const struct nlmsghdr *h;

	for (size_t at = 0; at < k->len_bytes; at += NLMSG_ALIGN(h->nlmsg_len)) {
		h = (const struct nlmsghdr *)(k->p + at);
		fn(h, ctx);
	}
}

int leat_nl_dump(struct leat_nl *nl, leat_nl_fn *fn, void *ctx)
{
	struct kept k = { 0 };
	int err = finish(nl, NLM_F_DUMP);

	for (unsigned i = 0; !err; i++) {
		k.len_bytes = 0;
		err = converse(nl, keep, &k);
		if (err || !nl->interrupted)
			break;
		err = i + 1 == DUMPS_MAX ? -EINTR : 0;
		((struct nlmsghdr *)nl->out.p)->nlmsg_seq = ++nl->seq;
	}
	if (!err && k.failed)
		err = -ENOMEM;
	if (!err && fn)
		tell(&k, fn, ctx);
	free(k.p);
	return nl->ack.err = err;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests: one datagram is a transaction.
 *
 * Theory of operation: the messages of a datagram are executed in order, each succeeds or fails alone, and every answer
 * waits in its socket's queue. Then the view is published once, so a packet meets all of the changes or none, and only
 * then the queues are pumped: whoever reads an ack or a notification can rely on the change being in force. Which messages
 * are skipped, acknowledged or answered follows Linux's netlink_rcv_skb(). */
#include "netlink/netlink_internal.h"

#include <errno.h>
#include <stdlib.h>

enum { ATTRS_MAX = 256, HDR_MAX = 64, SEND_OVERHEAD = 32, ACK_ROOM = 512 };

/* While a receive is handled, what it changes waits to be published, and dumps wait. */
static void nl_hold(struct leat_stack *st)
{
	nl_state(st)->held++;
}

/* The last one publishes the view and pumps every socket. */
static void nl_release(struct leat_stack *st)
{
	struct nl_state *ns = nl_state(st);
	struct nl_sock *s;
	assert(ns->held);
	if (ns->held == 1)
		view_publish(st);
	if (--ns->held)
		return;
	list_for_each (s, &ns->socks, link)
		if (nl_sock_has_more(s) && !nl_sock_gathers(s))
			nl_sock_pump(s);
}

/* Calls the handler with a header of full length (zeroes behind a short one that is let pass) and checked attributes. */
int nl_call(const struct nl_call *c)
{
	const struct nlattr *attrs[ATTRS_MAX];
	uint8_t hdr[HDR_MAX] __attribute__((aligned(8))) = { 0 };
	size_t payload = c->h->nlmsg_len - NLMSG_HDRLEN, skip = c->hdr_off + c->msg->hdr_len;
	const uint8_t *p = (const uint8_t *)c->h + NLMSG_HDRLEN;

	assert(c->msg->max_attr < ATTRS_MAX && c->msg->hdr_len <= HDR_MAX);
	memset(attrs, 0, (c->msg->max_attr + 1u) * sizeof attrs[0]);
	if (payload < skip && !c->lenient)
		return nl_bad(c->ext, NULL, -EINVAL, "Invalid header length");
	if (payload > c->hdr_off)
		memcpy(hdr, p + c->hdr_off, MIN(payload - c->hdr_off, (size_t)c->msg->hdr_len));
	skip = NLMSG_ALIGN(skip);
	if (payload > skip && c->msg->policy) {
		int err = nl_parse(p + skip, payload - skip, c->msg->policy, c->msg->max_attr, c->parse_flags,
				   attrs, c->ext);
		if (err && !c->lenient)
			return err;
		if (err) {
			memset(attrs, 0, (c->msg->max_attr + 1u) * sizeof attrs[0]);
			*c->ext = (struct nl_ext){ 0 };
		}
	}
	struct nl_req r = {
		.st = c->sock->st,
		.msg = c->h,
		.hdr = hdr,
		.attrs = attrs,
		.ext = c->ext,
		.strict = c->sock->flags & NL_F_STRICT,
		.may_configure = c->sock->creds.may_configure,
		.portid = c->sock->portid,
		.uid = c->sock->creds.uid,
		.reply = c->reply,
		.sock = c->sock,
	};
	return c->dump ? c->msg->dump(&r, c->dump) : c->msg->doit(&r);
}

static void put_ack(struct nl_buf *b, const struct nl_sock *s, const struct nlmsghdr *h, int err,
		    const struct nl_ext *ext)
{
	nl_put_error(b, h, err, ext, s->flags & NL_F_CAP_ACK, s->flags & NL_F_EXT_ACK, s->portid);
}

static void acknowledge(struct nl_sock *s, const struct nlmsghdr *h, int err, const struct nl_ext *ext)
{
	struct nl_buf b;
	nl_buf_init(&b, 2 * NL_MESSAGE_MAX + h->nlmsg_len);
	put_ack(&b, s, h, err, ext);
	if (b.len_bytes)
		nl_sock_queue(s, b.p, b.len_bytes, 0, 0);
	nl_buf_done(&b);
}

static int execute(struct nl_sock *s, const struct nlmsghdr *h, struct nl_ext *ext)
{
	struct nl_state *ns = nl_state(s->st);
	struct nl_buf reply;
	if (!(h->nlmsg_flags & NLM_F_REQUEST) || h->nlmsg_type < NLMSG_MIN_TYPE)
		return 0;
	ns->current = (struct nl_current){
		.sock = s, .seq = h->nlmsg_seq, .type = h->nlmsg_type, .echo = h->nlmsg_flags & NLM_F_ECHO
	};
	nl_buf_init(&reply, NL_MESSAGE_MAX);
	int err = s->proto->receive(s, h, ext, &reply);
	if (reply.len_bytes && err >= 0)
		nl_sock_queue(s, reply.p, reply.len_bytes, 0, 0);
	nl_buf_done(&reply);
	ns->current = (struct nl_current){ 0 };
	return err;
}

/* The ack of the datagram's last message, mostly its only one, stays in `last` to be sent as it lies; one that is too long for that
 * goes through the queue, as all others do. */
static void answer(struct nl_sock *s, const struct nlmsghdr *h, int err, const struct nl_ext *ext,
		   struct nl_buf *last)
{
	if (last && !s->dumping)
		put_ack(last, s, h, err, ext);
	if (!last || !last->len_bytes)
		acknowledge(s, h, err, ext);
}

static void execute_all(struct nl_sock *s, const uint8_t *p, size_t left, struct nl_buf *last)
{
	while (left >= NLMSG_HDRLEN) {
		const struct nlmsghdr *h = (const struct nlmsghdr *)p;
		struct nl_ext ext = { 0 };
		if (h->nlmsg_len < NLMSG_HDRLEN || h->nlmsg_len > left)
			return;
		int err = execute(s, h, &ext);
		size_t step = MIN((size_t)NLMSG_ALIGN(h->nlmsg_len), left);
		p += step;
		left -= step;
		if (err != -EINTR && (err || h->nlmsg_flags & NLM_F_ACK))
			answer(s, h, err, &ext, left < NLMSG_HDRLEN ? last : NULL);
	}
}

int nl_sock_input_own(struct nl_sock *s, const void *bytes, size_t len_bytes)
{
	uint8_t room[ACK_ROOM] __attribute__((aligned(8)));
	struct nl_buf last;
	int err = nl_sock_autobind(s);
	if (err)
		return err;
	if (len_bytes > s->sndbuf - SEND_OVERHEAD)
		return -EMSGSIZE;
	if (len_bytes == 0)
		return 0;
	nl_buf_init_fixed(&last, room, sizeof room);
	nl_hold(s->st);
	execute_all(s, bytes, len_bytes, &last);
	nl_release(s->st);
	if (last.len_bytes)
		nl_sock_send(s, last.p, last.len_bytes);
	return 0;
}

int nl_sock_input(struct nl_sock *s, const void *bytes, size_t len_bytes)
{
	if (len_bytes > s->sndbuf - SEND_OVERHEAD)
		return -EMSGSIZE;
	uint8_t *copy = mem_zalloc(&s->mem, len_bytes);
	if (!copy)
		return -ENOBUFS;
	if (len_bytes)
		memcpy(copy, bytes, len_bytes);
	int err = nl_sock_input_own(s, copy, len_bytes);
	mem_free(copy);
	return err;
}

int nl_sock_execute(struct nl_sock *s, const struct nlmsghdr *h)
{
	struct nl_current outer = nl_state(s->st)->current;
	struct nl_ext ext = { 0 };
	int err = nl_sock_autobind(s);
	if (err)
		return err;
	nl_hold(s->st);
	err = execute(s, h, &ext);
	nl_state(s->st)->current = outer;
	nl_release(s->st);
	return err;
}

int nl_sock_input_to(struct nl_sock *s, const void *bytes, size_t len_bytes, uint32_t portid, uint32_t groups)
{
	struct nl_sock *to;
	int err = 0;
	if (!portid && !groups)
		return nl_sock_input(s, bytes, len_bytes);
	if (!s->creds.may_configure)
		return -EPERM;
	if ((err = nl_sock_autobind(s)))
		return err;
	if (len_bytes > s->sndbuf - SEND_OVERHEAD)
		return -EMSGSIZE;
	/* Linux: the lowest bit set names the group; nobody listening there is no error. */
	uint32_t group = groups ? (uint32_t)__builtin_ctz(groups) + 1 : 0;
	list_for_each (to, &nl_state(s->st)->socks, link)
		if (group && to != s && to->proto == s->proto && bit_test(to->groups, group))
			nl_sock_queue(to, bytes, len_bytes, s->portid, group);
	if (!portid)
		return 0;
	to = nl_sock_by_portid(s->st, s->proto, portid);
	if (!to)
		return -ECONNREFUSED;
	return nl_sock_queue(to, bytes, len_bytes, s->portid, 0) ? 0 : -EAGAIN;
}

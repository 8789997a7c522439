/* SPDX-License-Identifier: BSD-2-Clause */
/* Datagrams in, and what an ack says. */
#include "netlink/internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* Messages of strangers can only come by a socket of the kernel's: who they are from is then in the address. */
static bool is_from_stack(const struct leat_nl *nl, const struct sockaddr_nl *from)
{
	return nl->ctl >= 0 || from->nl_pid == 0;
}

ssize_t receive(struct leat_nl *nl, int flags)
{
	struct sockaddr_nl from = { 0 };
	struct iovec iov = { nl->in, IN_BYTES };
	struct msghdr m = { .msg_name = &from, .msg_iov = &iov, .msg_iovlen = 1 };
	const struct nlmsghdr *h = (const struct nlmsghdr *)nl->in;
	ssize_t n;

	do {
		m.msg_namelen = sizeof from;
		n = recvmsg(nl->fd, &m, flags);
	} while ((n < 0 && errno == EINTR) || (n > 0 && !is_from_stack(nl, &from)));
	if (n < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	if (m.msg_flags & MSG_TRUNC)
		return -EMSGSIZE;
	if (nl->ctl >= 0 && mnl_nlmsg_ok(h, (int)n) && h->nlmsg_type == NLMSG_OVERRUN)
		return -ENOBUFS; /* leat's word for it */
	return n;
}

bool answers(const struct leat_nl *nl, const struct nlmsghdr *h, uint32_t seq)
{
	return h->nlmsg_seq == seq && (nl->ctl >= 0 || h->nlmsg_pid == nl->portid);
}

static uint16_t offset_of(const struct nlattr *a)
{
	return mnl_attr_get_payload_len(a) >= sizeof(uint32_t) ? (uint16_t)mnl_attr_get_u32(a) : 0;
}

static void take_tlv(struct leat_nl *nl, const struct nlattr *a)
{
	switch (mnl_attr_get_type(a)) {
	case NLMSGERR_ATTR_MSG:
		snprintf(nl->ack_text, sizeof nl->ack_text, "%.*s", (int)mnl_attr_get_payload_len(a),
			 (const char *)mnl_attr_get_payload(a));
		nl->ack.msg = nl->ack_text;
		break;
	case NLMSGERR_ATTR_OFFS:
		nl->ack.bad_offset = offset_of(a);
		break;
	case NLMSGERR_ATTR_MISS_TYPE:
		nl->ack.miss_type = offset_of(a);
		break;
	case NLMSGERR_ATTR_MISS_NEST:
		nl->ack.miss_offset = offset_of(a);
		break;
	}
}

/* The attributes of an extended ack stand behind the error and what is left of the request. */
static void take_tlvs(struct leat_nl *nl, const struct nlmsghdr *h, size_t skip)
{
	const struct nlattr *a;

	if (h->nlmsg_flags & NLM_F_ACK_TLVS)
		mnl_attr_for_each (a, h, skip)
			take_tlv(nl, a);
}

int take_ack(struct leat_nl *nl, const struct nlmsghdr *h)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);
	size_t len = mnl_nlmsg_get_payload_len(h), skip = sizeof e->error;

	nl->ack = (struct leat_nl_ack){ .msg = "" };
	if (h->nlmsg_type == NLMSG_ERROR) {
		skip = sizeof *e;
		if (len < skip)
			return nl->ack.err = -EBADMSG;
		if (!(h->nlmsg_flags & NLM_F_CAPPED) && e->error && e->msg.nlmsg_len >= sizeof e->msg)
			skip += NLMSG_ALIGN(e->msg.nlmsg_len) - sizeof e->msg;
	}
	if (len < skip)
		return 0; /* an old DONE says nothing */
	memcpy(&nl->ack.err, e, sizeof nl->ack.err);
	take_tlvs(nl, h, skip);
	return nl->ack.err;
}

const struct leat_nl_ack *leat_nl_ack(const struct leat_nl *nl)
{
	return &nl->ack;
}

void leat_nl_on_event(struct leat_nl *nl, leat_nl_fn *fn, void *ctx)
{
	nl->event = fn;
	nl->event_ctx = ctx;
}

int leat_nl_listen(struct leat_nl *nl, leat_nl_fn *fn, void *ctx)
{
	ssize_t n = receive(nl, 0);
	int left = (int)n;

	if (n <= 0)
		return (int)n;
	for (const struct nlmsghdr *h = (void *)nl->in; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left))
		if (h->nlmsg_type >= NLMSG_MIN_TYPE)
			fn(h, ctx);
	return 1;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Netlink without descriptors: a socket of the stack's own, whose datagrams come here. */
#include "internal.h"

#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <stdlib.h>

#include "netlink/nl_sock.h"

struct talk {
	struct holder *h;
	struct leat *l;
	int protocol;
	const void *msgs;
	size_t len;
	leat_netlink_fn *fn;
	void *ctx;
	struct nl_sock *s;
	unsigned wanted; /* requests that were not answered yet */
	int err;
	bool done; /* under l->lock */
};

static void finish(struct talk *t)
{
	pthread_mutex_lock(&t->l->lock);
	t->done = true;
	pthread_cond_broadcast(&t->l->changed);
	pthread_mutex_unlock(&t->l->lock);
}

static void note_why(struct talk *t, const struct nlmsghdr *h)
{
	size_t off = sizeof(struct nlmsgerr);
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);
	const struct nlattr *a;
	if (!(h->nlmsg_flags & NLM_F_CAPPED))
		off += e->msg.nlmsg_len - sizeof e->msg;
	if (!(h->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	mnl_attr_for_each (a, h, off)
		if (mnl_attr_get_type(a) == NLMSGERR_ATTR_MSG)
			leat_fails(t->l, e->error, "%s", mnl_attr_get_str(a));
}

static void hear(struct talk *t, const struct nlmsghdr *h)
{
	if (t->fn)
		t->fn(h, h->nlmsg_len, t->ctx);
	if (h->nlmsg_type != NLMSG_ERROR && h->nlmsg_type != NLMSG_DONE)
		return;
	int err = *(const int *)mnl_nlmsg_get_payload(h);
	if (err < 0 && !t->err) {
		t->err = err;
		if (h->nlmsg_type == NLMSG_ERROR)
			note_why(t, h);
	}
	if (t->wanted && !--t->wanted)
		finish(t);
}

static int deliver(void *ctx, const void *bytes, size_t len, uint32_t src, uint32_t group)
{
	const struct nlmsghdr *h = bytes;
	for (int left = (int)len; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left))
		hear(ctx, h);
	return 0;
}

/* Each request has one answer that ends it: an acknowledgement, or the end of its dump. */
static unsigned count_requests(uint8_t *msgs, size_t len)
{
	struct nlmsghdr *h = (struct nlmsghdr *)msgs;
	unsigned n = 0;
	for (int left = (int)len; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left), n++)
		if ((h->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP)
			h->nlmsg_flags |= NLM_F_ACK;
	return n;
}

static int input(struct talk *t)
{
	uint8_t *copy = malloc(t->len + 1);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, t->msgs, t->len);
	t->wanted = count_requests(copy, t->len);
	int err = t->wanted ? nl_sock_input(t->s, copy, t->len) : -EINVAL;
	free(copy);
	return err;
}

static int begin(struct leat *l, void *arg)
{
	static const struct nl_sock_ops ops = { .deliver = deliver };
	const struct nl_creds creds = { .may_configure = true };
	struct talk *t = arg;
	int on = 1, err = nl_sock_new(t->h->st, t->protocol, &creds, &ops, t, &t->s);
	if (err)
		return err;
	nl_sock_setsockopt(t->s, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
	nl_sock_setsockopt(t->s, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on);
	return input(t);
}

static int end(struct leat *l, void *arg)
{
	nl_sock_free(((struct talk *)arg)->s);
	return 0;
}

int leat_netlink(struct leat_stack *st, int protocol, const void *msgs, size_t len, leat_netlink_fn *fn,
		 void *ctx)
{
	struct leat *l = holder_of(st)->l;
	struct talk t = { holder_of(st), l, protocol, msgs, len, fn, ctx };
	char why[WHY];
	int err = leat_call(l, begin, &t);
	pthread_mutex_lock(&l->lock);
	while (!err && !t.done)
		pthread_cond_wait(&l->changed, &l->lock);
	pthread_mutex_unlock(&l->lock);
	memcpy(why, l->why, sizeof why);
	leat_call(l, end, &t);
	memcpy(l->why, why, sizeof why);
	return err ? err : t.err;
}

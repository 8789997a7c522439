/* SPDX-License-Identifier: BSD-2-Clause */
/* For this room's tests: a stack with the netlink module and a family of our own. */
#ifndef LEAT_NETLINK_TEST_H
#define LEAT_NETLINK_TEST_H

#include <linux/genetlink.h>
#include <linux/rtnetlink.h>

#include "core/manual.h"
#include "netlink/netlink_internal.h"
#include "netlink/nl_receiver.h"

/* --- the family: numbers that can be set, added up to a table and dumped --- */

enum { NUM_A_VALUE = 1, NUM_A_MAX = NUM_A_VALUE, TABLE_MAX = 4096 };

struct numbers {
	unsigned n;
	unsigned not_yet; /* how often a dump has to wait */
	uint32_t value[TABLE_MAX];
};

static inline struct numbers *numbers(const struct leat_stack *st)
{
	return stack_state(st, MODULE_TEST);
}

static const struct nl_policy num_policy[] = {
	[NUM_A_VALUE] = { NL_U32, .min = 1, .max = 1000000, .name = "NUM_A_VALUE", .help = "a number" },
};

static void num_fill(struct nl_buf *b, uint16_t type, uint32_t seq, uint32_t portid, const void *what)
{
	if (nl_begin(b, type, 0, seq, portid, sizeof(struct rtgenmsg)))
		nl_put_u32(b, NUM_A_VALUE, *(const uint32_t *)what);
	nl_end(b);
}

static inline int num_new(struct nl_req *r)
{
	struct numbers *t = numbers(r->st);
	if (!r->attrs[NUM_A_VALUE])
		return nl_missing(r->ext, NULL, NUM_A_VALUE, "a value is wanted");
	if (t->n == TABLE_MAX)
		return -ENOSPC;
	t->value[t->n] = mnl_attr_get_u32(r->attrs[NUM_A_VALUE]);
	nl_notify(r->st, NETLINK_ROUTE, RTNLGRP_NEIGH, RTM_NEWACTION, num_fill, &t->value[t->n]);
	t->n++;
	return 0;
}

static inline int num_get(struct nl_req *r)
{
	struct numbers *t = numbers(r->st);
	if (!t->n)
		return -ENOENT;
	num_fill(r->reply, RTM_NEWACTION, r->msg->nlmsg_seq, r->portid, &t->value[0]);
	return 0;
}

static inline int num_dump(struct nl_req *r, struct nl_dump *d)
{
	struct numbers *t = numbers(r->st);
	if (r->attrs[NUM_A_VALUE] && r->strict)
		d->flags = NLM_F_DUMP_FILTERED;
	if (t->not_yet) {
		t->not_yet--;
		d->wait = true;
		return 1;
	}
	for (; d->key[0] < t->n; d->key[0]++) {
		nl_begin(r->reply, RTM_NEWACTION, NLM_F_MULTI, r->msg->nlmsg_seq, r->portid,
			 sizeof(struct rtgenmsg));
		nl_put_u32(r->reply, NUM_A_VALUE, t->value[d->key[0]]);
		if (nl_end(r->reply))
			return 1;
	}
	return 0;
}

static const struct nl_msg num_msgs[] = {
	{ RTM_NEWACTION, NL_ADMIN, 1, NUM_A_MAX, num_policy, num_new, NULL, "RTM_NEWACTION" },
	{ RTM_GETACTION, 0, 1, NUM_A_MAX, num_policy, num_get, num_dump, "RTM_GETACTION" },
	{ 0 },
};
static const struct nl_family num_family = { .name = "test", .protocol = NETLINK_ROUTE, .msgs = num_msgs };

static const char *const echo_groups[] = { "words", NULL };
static inline int echo_do(struct nl_req *r)
{
	genl_begin(r->reply, r->msg->nlmsg_type, 2, 1, 0, r->msg->nlmsg_seq, r->portid);
	nl_put_u32(r->reply, NUM_A_VALUE,
		   r->attrs[NUM_A_VALUE] ? mnl_attr_get_u32(r->attrs[NUM_A_VALUE]) : 0);
	return nl_end(r->reply);
}
static const struct nl_msg echo_msgs[] = {
	{ 1, 0, 0, NUM_A_MAX, num_policy, echo_do, NULL, "ECHO" },
	{ 2, NL_ADMIN, 0, NUM_A_MAX, num_policy, echo_do, NULL, "ADMIN_ECHO" },
	{ 0 },
};
static const struct nl_family echo_family = {
	.name = "echo",
	.protocol = NETLINK_GENERIC,
	.version = 1,
	.msgs = echo_msgs,
	.parse_flags = NL_STRICT | NL_EXACT,
	.mcgrps = echo_groups,
};
static const struct nl_family *const test_families[] = { &num_family, &echo_family, NULL };
static const struct module test_module = {
	.name = "test", .id = MODULE_TEST, .netlink = test_families, .stack_size = sizeof(struct numbers)
};
static const struct module *const test_modules[] = { &netlink_module, &test_module, NULL };

/* --- a stack --- */

struct bench {
	struct manual_rt *rt;
	struct leat_stack *st;
	struct receiver a, b;
};

static inline struct nl_sock *open_sock(struct bench *f, struct receiver *r, int protocol, bool root)
{
	return receiver_open(r, f->st, protocol, root);
}

static inline int bench_up(void **state)
{
	struct bench *f = calloc(1, sizeof *f);
	f->rt = manual_rt_new(1, 1);
	assert_int_equal(stack_new(manual_rt_of(f->rt), "t", 1, test_modules, &f->st), 0);
	open_sock(f, &f->a, NETLINK_ROUTE, true);
	open_sock(f, &f->b, NETLINK_ROUTE, true);
	*state = f;
	return 0;
}

static inline int bench_down(void **state)
{
	struct bench *f = *state;
	nl_sock_free(f->a.s);
	nl_sock_free(f->b.s);
	forget_all(&f->a);
	forget_all(&f->b);
	stack_free(f->st);
	manual_rt_free(f->rt);
	free(f);
	return 0;
}

/* Appends a request; value 0: none. */
static inline void request(struct nl_buf *b, uint16_t type, uint16_t flags, uint32_t seq, uint32_t value)
{
	nl_begin(b, type, NLM_F_REQUEST | flags, seq, 0, sizeof(struct rtgenmsg));
	if (value)
		nl_put_u32(b, NUM_A_VALUE, value);
	nl_end(b);
}

static inline int send_one(struct nl_sock *s, uint16_t type, uint16_t flags, uint32_t seq, uint32_t value)
{
	uint8_t room[256] __attribute__((aligned(8)));
	struct nl_buf b;
	nl_buf_init_fixed(&b, room, sizeof room);
	request(&b, type, flags, seq, value);
	return nl_sock_input(s, b.p, b.len_bytes);
}

#endif

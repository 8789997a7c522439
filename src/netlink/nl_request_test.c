/* SPDX-License-Identifier: BSD-2-Clause */
#include "netlink/nl_request.c"

#include "netlink/nl_test.h"

static void a_request_without_ack_flag_is_answered_by_its_failure_only(void **state)
{
	struct bench *f = *state;
	assert_int_equal(send_one(f->a.s, RTM_NEWACTION, 0, 1, 5), 0);
	assert_int_equal(f->a.n, 0);
	send_one(f->a.s, RTM_NEWACTION, 0, 2, 0);
	assert_int_equal(f->a.n, 1);
	assert_int_equal(ack_error(&f->a, 0), -EINVAL);
	assert_int_equal(message(&f->a, 0)->nlmsg_seq, 2);
}

static void each_message_of_a_batch_succeeds_or_fails_alone(void **state)
{
	struct bench *f = *state;
	struct nl_buf b;
	nl_buf_init(&b, 4096);
	request(&b, RTM_NEWACTION, NLM_F_ACK, 1, 10);
	request(&b, RTM_NEWACTION, NLM_F_ACK, 2, 2000000); /* out of range */
	request(&b, RTM_NEWACTION, NLM_F_ACK, 3, 30);
	assert_int_equal(nl_sock_input(f->a.s, b.p, b.len_bytes), 0);
	nl_buf_done(&b);
	assert_int_equal(f->a.n, 3);
	assert_int_equal(ack_error(&f->a, 0), 0);
	assert_int_equal(ack_error(&f->a, 1), -ERANGE);
	assert_int_equal(ack_error(&f->a, 2), 0);
	assert_int_equal(numbers(f->st)->n, 2);
}

/* Sees the view at the moment of delivery. */
struct viewer {
	struct leat_stack *st;
	const struct view *before;
	unsigned after_publish, n;
};
static int watch_view(void *ctx, const void *bytes, size_t len, uint32_t portid, uint32_t group)
{
	struct viewer *v = ctx;
	v->n++;
	v->after_publish += v->st->view != v->before && !v->st->staged;
	return 0;
}

static int stage_something(struct nl_req *r)
{
	return view_stage(r->st, VIEW_fib4, r->st);
}
static const struct nl_msg stage_msgs[] = {
	{ RTM_NEWQDISC, NL_ADMIN, 1, 0, NULL, stage_something, NULL, "STAGE" },
	{ 0 },
};
static const struct nl_family stage_family = { .name = "stage",
					       .protocol = NETLINK_ROUTE,
					       .msgs = stage_msgs };
static const struct nl_family *const stage_families[] = { &stage_family, NULL };

static void answers_come_after_everything_is_published(void **state)
{
	struct bench *f = *state;
	struct nl_sock_ops ops = { .deliver = watch_view };
	struct viewer v = { .st = f->st, .before = f->st->view };
	struct nl_creds creds = { .may_configure = true };
	struct module m = { .name = "stage", .id = MODULE_eth, .netlink = stage_families };
	struct nl_sock *s;
	struct nl_buf b;

	assert_int_equal(stack_load(f->st, &m), 0);
	v.before = f->st->view;
	assert_int_equal(nl_sock_new(f->st, NETLINK_ROUTE, &creds, &ops, &v, &s), 0);
	nl_buf_init(&b, 4096);
	request(&b, RTM_NEWACTION, NLM_F_ACK, 1, 1);
	request(&b, RTM_NEWQDISC, NLM_F_ACK, 2, 0);
	assert_int_equal(nl_sock_input(s, b.p, b.len_bytes), 0);
	assert_int_equal(v.n, 2);
	assert_int_equal(v.after_publish, 2);
	assert_ptr_equal(view_ctl(f->st, VIEW_fib4), f->st);
	nl_buf_done(&b);
	nl_sock_free(s);
	view_stage(f->st, VIEW_fib4, NULL);
	view_publish(f->st);
	assert_int_equal(stack_unload(f->st, &m), 0);
}

static void who_may_not_configure_gets_eperm_and_may_still_ask(void **state)
{
	struct bench *f = *state;
	nl_sock_free(f->b.s);
	open_sock(f, &f->b, NETLINK_ROUTE, false);
	send_one(f->a.s, RTM_NEWACTION, 0, 1, 5);
	send_one(f->b.s, RTM_NEWACTION, 0, 1, 6);
	assert_int_equal(ack_error(&f->b, 0), -EPERM);
	send_one(f->b.s, RTM_NEWQDISC, 0, 1, 6); /* Linux: rights come before existence */
	assert_int_equal(ack_error(&f->b, 1), -EPERM);
	send_one(f->b.s, RTM_GETACTION, 0, 2, 0);
	assert_int_equal(message(&f->b, 2)->nlmsg_type, RTM_NEWACTION);
	assert_int_equal(numbers(f->st)->n, 1);
}

static void unknown_types_are_not_supported(void **state)
{
	struct bench *f = *state;
	send_one(f->a.s, RTM_GETQDISC, 0, 1, 0);
	send_one(f->a.s, RTM_GETQDISC, NLM_F_DUMP, 2, 0);
	send_one(f->a.s, RTM_MAX + 1, 0, 3, 0);
	assert_int_equal(f->a.n, 3);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(ack_error(&f->a, i), -EOPNOTSUPP);
	send_one(f->a.s, NLMSG_NOOP, NLM_F_ACK, 4, 0);
	assert_int_equal(ack_error(&f->a, 3), 0);
}

static void strict_sockets_refuse_what_others_ignore(void **state)
{
	struct bench *f = *state;
	int on = 1;
	struct nl_buf b;
	nl_buf_init(&b, 4096);
	send_one(f->a.s, RTM_NEWACTION, 0, 1, 5);
	nl_begin(&b, RTM_GETACTION, NLM_F_REQUEST, 1, 0, sizeof(struct rtgenmsg));
	nl_put_u32(&b, 99, 1);
	nl_end(&b);
	nl_sock_input(f->a.s, b.p, b.len_bytes);
	assert_int_equal(message(&f->a, 0)->nlmsg_type, RTM_NEWACTION);
	nl_sock_setsockopt(f->a.s, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on);
	nl_sock_setsockopt(f->a.s, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
	nl_sock_input(f->a.s, b.p, b.len_bytes);
	assert_int_equal(ack_error(&f->a, 1), -EINVAL);
	assert_true(message(&f->a, 1)->nlmsg_flags & NLM_F_ACK_TLVS);
	nl_buf_done(&b);
}

static void a_datagram_that_lies_about_its_length_does_nothing(void **state)
{
	struct bench *f = *state;
	uint8_t room[256] __attribute__((aligned(8)));
	struct nl_buf b;
	nl_buf_init_fixed(&b, room, sizeof room);
	request(&b, RTM_NEWACTION, NLM_F_ACK, 1, 5);
	((struct nlmsghdr *)room)->nlmsg_len = 4000;
	assert_int_equal(nl_sock_input(f->a.s, b.p, b.len_bytes), 0);
	((struct nlmsghdr *)room)->nlmsg_len = 3;
	assert_int_equal(nl_sock_input(f->a.s, b.p, b.len_bytes), 0);
	assert_int_equal(nl_sock_input(f->a.s, b.p, 3), 0);
	assert_int_equal(f->a.n, 0);
	assert_int_equal(numbers(f->st)->n, 0);
}

static void a_datagram_past_the_send_buffer_is_refused(void **state)
{
	struct bench *f = *state;
	int small = 1;
	char big[4096] = { 0 };
	nl_sock_setsockopt(f->a.s, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
	assert_int_equal(nl_sock_input(f->a.s, big, sizeof big), -EMSGSIZE);
}

static void sockets_of_those_who_may_can_talk_to_each_other(void **state)
{
	struct bench *f = *state;
	uint32_t port, groups;
	nl_sock_bind(f->b.s, 0, 0);
	nl_sock_getname(f->b.s, &port, &groups);
	assert_int_equal(nl_sock_input_to(f->a.s, "hello", 5, port, 0), 0);
	assert_int_equal(f->b.n, 1);
	assert_memory_equal(f->b.got[0].bytes, "hello", 5);
	assert_int_equal(nl_sock_input_to(f->a.s, "hello", 5, 4711, 0), -ECONNREFUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, bench_up, bench_down)
		T(a_request_without_ack_flag_is_answered_by_its_failure_only),
		T(each_message_of_a_batch_succeeds_or_fails_alone),
		T(answers_come_after_everything_is_published),
		T(who_may_not_configure_gets_eperm_and_may_still_ask),
		T(unknown_types_are_not_supported),
		T(strict_sockets_refuse_what_others_ignore),
		T(a_datagram_that_lies_about_its_length_does_nothing),
		T(a_datagram_past_the_send_buffer_is_refused),
		T(sockets_of_those_who_may_can_talk_to_each_other),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

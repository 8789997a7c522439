/* SPDX-License-Identifier: BSD-2-Clause */
#include "netlink/nl_sock.c"

#include "netlink/nl_test.h"

static void join(struct nl_sock *s, uint32_t group)
{
	assert_int_equal(nl_sock_setsockopt(s, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group), 0);
}

static void autobind_takes_the_pid_and_then_a_high_number(void **state)
{
	struct bench *f = *state;
	uint32_t a, b, groups;
	assert_int_equal(nl_sock_bind(f->a.s, 0, 0), 0);
	assert_int_equal(nl_sock_bind(f->b.s, 0, 0), 0);
	nl_sock_getname(f->a.s, &a, &groups);
	nl_sock_getname(f->b.s, &b, &groups);
	assert_int_equal(a, 77);
	assert_true((int32_t)b < -4096);
}

static void a_port_belongs_to_one_socket(void **state)
{
	struct bench *f = *state;
	assert_int_equal(nl_sock_bind(f->a.s, 5, 0), 0);
	assert_int_equal(nl_sock_bind(f->b.s, 5, 0), -EADDRINUSE);
	assert_int_equal(nl_sock_bind(f->a.s, 6, 0), -EINVAL);
	assert_int_equal(nl_sock_bind(f->a.s, 5, 1), 0);
}

static void protocols_without_families_are_refused(void **state)
{
	struct bench *f = *state;
	struct nl_creds creds = { 0 };
	struct nl_sock *s;
	assert_int_equal(nl_sock_new(f->st, NETLINK_XFRM, &creds, &receiver_ops, NULL, &s), -EPROTONOSUPPORT);
}

static void members_hear_of_changes_and_others_do_not(void **state)
{
	struct bench *f = *state;
	join(f->b.s, RTNLGRP_NEIGH);
	send_one(f->a.s, RTM_NEWACTION, NLM_F_ACK, 9, 5);
	assert_int_equal(f->a.n, 1); /* its ack */
	assert_int_equal(f->b.n, 1);
	assert_int_equal(f->b.got[0].group, RTNLGRP_NEIGH);
	assert_int_equal(message(&f->b, 0)->nlmsg_seq, 9);
	assert_int_equal(message(&f->b, 0)->nlmsg_pid, 77);
}

static void groups_of_bind_and_of_memberships_are_the_same(void **state)
{
	struct bench *f = *state;
	uint32_t port, groups, list[8] = { 0 }, far = RTNLGRP_NEXTHOP;
	size_t len = sizeof list;
	nl_sock_bind(f->b.s, 0, 1 << (RTNLGRP_NEIGH - 1));
	join(f->b.s, far);
	nl_sock_getname(f->b.s, &port, &groups);
	assert_int_equal(groups, 1 << (RTNLGRP_NEIGH - 1) | 1u << (RTNLGRP_NEXTHOP - 1));
	assert_int_equal(nl_sock_getsockopt(f->b.s, SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, list, &len), 0);
	assert_int_equal(len, 8);
	assert_int_equal(list[0], groups);
	send_one(f->a.s, RTM_NEWACTION, 0, 9, 5);
	assert_int_equal(f->b.n, 1);
	far = 4000;
	assert_int_equal(nl_sock_setsockopt(f->b.s, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &far, sizeof far),
			 -EINVAL);
}

static void echo_tells_the_sender_itself(void **state)
{
	struct bench *f = *state;
	send_one(f->a.s, RTM_NEWACTION, NLM_F_ECHO | NLM_F_ACK, 9, 5);
	assert_int_equal(f->a.n, 2);
	assert_int_equal(message(&f->a, 0)->nlmsg_type, RTM_NEWACTION);
	assert_int_equal(f->a.got[0].group, 0);
	assert_int_equal(ack_error(&f->a, 1), 0);
}

static void a_full_receiver_gets_the_rest_when_it_drains(void **state)
{
	struct bench *f = *state;
	f->a.room = 1;
	for (uint32_t i = 1; i <= 3; i++)
		send_one(f->a.s, RTM_NEWACTION, NLM_F_ACK, i, i);
	assert_int_equal(f->a.n, 1);
	assert_true(nl_sock_has_more(f->a.s));
	f->a.room = 10;
	nl_sock_writable(f->a.s);
	assert_int_equal(f->a.n, 3);
	assert_int_equal(message(&f->a, 2)->nlmsg_seq, 3);
	assert_int_equal(f->a.error, 0);
}

/* Who asks again after the notice, and before all was read, would wait for ever for an answer that was lost behind it. */
static void an_answer_that_is_lost_behind_the_notice_is_told_of_when_all_was_read(void **state)
{
	struct bench *f = *state;
	int small = 1;
	nl_sock_setsockopt(f->a.s, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	f->a.room = 0;
	for (uint32_t i = 1; i <= 50; i++)
		send_one(f->a.s, RTM_NEWACTION, NLM_F_ACK, i, i);
	assert_int_equal(f->a.error, ENOBUFS);
	f->a.error = 0;
	send_one(f->a.s, RTM_NEWACTION, NLM_F_ACK, 51, 51);
	assert_int_equal(f->a.error, 0);
	f->a.room = 1000;
	nl_sock_writable(f->a.s);
	assert_int_equal(f->a.error, ENOBUFS);
	f->a.error = 0;
	send_one(f->a.s, RTM_NEWACTION, NLM_F_ACK, 52, 52);
	assert_int_equal(message(&f->a, f->a.n - 1)->nlmsg_seq, 52);
	assert_int_equal(f->a.error, 0);
}

static void a_slow_listener_is_told_of_its_loss_once_and_can_go_on(void **state)
{
	struct bench *f = *state;
	int small = 1;
	nl_sock_setsockopt(f->b.s, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	join(f->b.s, RTNLGRP_NEIGH);
	f->b.room = 0;
	for (uint32_t i = 1; i <= 50; i++)
		send_one(f->a.s, RTM_NEWACTION, 0, i, i);
	assert_int_equal(f->b.error, ENOBUFS);
	assert_true(f->b.s->queued_bytes < 4096);
	assert_true(f->b.s->lost > 30);
	assert_int_equal(nl_state(f->st)->overruns, 1);
	f->b.room = 1000;
	nl_sock_writable(f->b.s);
	unsigned before = f->b.n;
	send_one(f->a.s, RTM_NEWACTION, 0, 51, 51);
	manual_rt_run(f->rt, GATHER_END_US);
	assert_int_equal(f->b.n, before + 1);
}

/* All messages that r has, in order, the values counting up. */
static unsigned in_order(const struct receiver *r)
{
	unsigned n = 0;
	for (unsigned i = 0; i < r->n; i++) {
		int left = (int)r->got[i].len;
		const struct nlmsghdr *h = (const void *)r->got[i].bytes;
		assert_true(left <= NL_DUMP_DEFAULT);
		for (; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left)) {
			const struct nlattr *a =
				mnl_nlmsg_get_payload_offset(h, NLMSG_ALIGN(sizeof(struct rtgenmsg)));
			assert_int_equal(mnl_attr_get_u32(a), ++n);
		}
		assert_int_equal(left, 0);
	}
	return n;
}

static void who_is_told_of_much_gets_it_together(void **state)
{
	struct bench *f = *state;
	join(f->b.s, RTNLGRP_NEIGH);
	for (uint32_t i = 1; i <= 200; i++)
		send_one(f->a.s, RTM_NEWACTION, 0, i, i);
	assert_int_equal(f->b.n, GATHER_FROM - 1); /* a few changes are told at once */
	manual_rt_run(f->rt, GATHER_END_US);
	assert_int_equal(in_order(&f->b), 200);
	assert_true(f->b.n < GATHER_FROM + 5);
	for (uint32_t i = 201; i <= 300; i++)
		send_one(f->a.s, RTM_NEWACTION, 0, i, i);
	send_one(f->b.s, RTM_GETACTION, NLM_F_DUMP, 5,
		 0); /* an answer waits for nothing, and comes behind what was before it */
	assert_int_equal(f->b.got[f->b.n - 1].group, 0);
	unsigned n = f->b.n;
	manual_rt_run(f->rt, 5 * GATHER_END_US);
	assert_int_equal(f->b.n, n);
	send_one(f->a.s, RTM_NEWACTION, 0, 301, 301); /* it has become quiet */
	assert_int_equal(f->b.n, n + 1);
}

static void what_was_gathered_waits_for_a_full_reader(void **state)
{
	struct bench *f = *state;
	join(f->b.s, RTNLGRP_NEIGH);
	f->b.room = 3;
	for (uint32_t i = 1; i <= 200; i++)
		send_one(f->a.s, RTM_NEWACTION, 0, i, i);
	manual_rt_run(f->rt, 5 * GATHER_END_US);
	assert_int_equal(f->b.n, 3);
	f->b.room = UINT32_MAX;
	nl_sock_writable(f->b.s);
	manual_rt_run(f->rt, 5 * GATHER_END_US);
	assert_int_equal(in_order(&f->b), 200);
	assert_int_equal(f->b.error, 0);
}

static void no_enobufs_means_no_error(void **state)
{
	struct bench *f = *state;
	int v = 1;
	nl_sock_setsockopt(f->b.s, SOL_SOCKET, SO_RCVBUF, &v, sizeof v);
	nl_sock_setsockopt(f->b.s, SOL_NETLINK, NETLINK_NO_ENOBUFS, &v, sizeof v);
	join(f->b.s, RTNLGRP_NEIGH);
	f->b.room = 0;
	for (uint32_t i = 1; i <= 50; i++)
		send_one(f->a.s, RTM_NEWACTION, 0, i, i);
	assert_int_equal(f->b.error, 0);
	assert_true(f->b.s->lost > 0);
}

static void options_are_as_they_were_set(void **state)
{
	struct bench *f = *state;
	int v = 1, got = 0;
	size_t len = sizeof got;
	static const int names[] = { NETLINK_PKTINFO,        NETLINK_BROADCAST_ERROR, NETLINK_NO_ENOBUFS,
				     NETLINK_CAP_ACK,        NETLINK_EXT_ACK,         NETLINK_GET_STRICT_CHK,
				     NETLINK_LISTEN_ALL_NSID };
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		assert_int_equal(nl_sock_getsockopt(f->a.s, SOL_NETLINK, names[i], &got, &len), 0);
		assert_int_equal(got, 0);
		assert_int_equal(nl_sock_setsockopt(f->a.s, SOL_NETLINK, names[i], &v, sizeof v), 0);
		assert_int_equal(nl_sock_getsockopt(f->a.s, SOL_NETLINK, names[i], &got, &len), 0);
		assert_int_equal(got, 1);
	}
	assert_int_equal(nl_sock_setsockopt(f->a.s, SOL_NETLINK, 999, &v, sizeof v), -ENOPROTOOPT);
	assert_int_equal(nl_sock_setsockopt(f->a.s, SOL_NETLINK, NETLINK_CAP_ACK, &v, 2), -EINVAL);
	v = 1 << 20;
	nl_sock_setsockopt(f->a.s, SOL_SOCKET, SO_RCVBUF, &v, sizeof v);
	nl_sock_getsockopt(f->a.s, SOL_SOCKET, SO_RCVBUF, &got, &len);
	assert_int_equal(got, 2 * NL_BUF_DEFAULT);
	nl_sock_setsockopt(f->a.s, SOL_SOCKET, SO_RCVBUFFORCE, &v, sizeof v);
	nl_sock_getsockopt(f->a.s, SOL_SOCKET, SO_RCVBUF, &got, &len);
	assert_int_equal(got, 2 << 20);
}

static void without_memory_a_socket_is_refused_cleanly(void **state)
{
	struct bench *f = *state;
	struct nl_creds creds = { 0 };
	struct nl_sock *s;
	f->st->rt->client_mem.fail_after = 1;
	assert_int_equal(nl_sock_new(f->st, NETLINK_ROUTE, &creds, &receiver_ops, NULL, &s), -ENOMEM);
	f->a.s->mem.fail_after = 1;
	assert_int_equal(send_one(f->a.s, RTM_NEWACTION, NLM_F_ACK, 1, 1), -ENOBUFS);
	assert_int_equal(numbers(f->st)->n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, bench_up, bench_down)
		T(autobind_takes_the_pid_and_then_a_high_number),
		T(a_port_belongs_to_one_socket),
		T(protocols_without_families_are_refused),
		T(members_hear_of_changes_and_others_do_not),
		T(groups_of_bind_and_of_memberships_are_the_same),
		T(echo_tells_the_sender_itself),
		T(a_full_receiver_gets_the_rest_when_it_drains),
		T(a_slow_listener_is_told_of_its_loss_once_and_can_go_on),
		T(an_answer_that_is_lost_behind_the_notice_is_told_of_when_all_was_read),
		T(who_is_told_of_much_gets_it_together),
		T(what_was_gathered_waits_for_a_full_reader),
		T(no_enobufs_means_no_error),
		T(options_are_as_they_were_set),
		T(without_memory_a_socket_is_refused_cleanly),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

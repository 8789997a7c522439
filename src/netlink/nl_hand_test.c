/* SPDX-License-Identifier: BSD-2-Clause */
/* A socket of one stack goes on in another that has the same tables. */
#include "netlink/nl_hand.c"

#include "core/saved_test.h"
#include "netlink/nl_test.h"

struct move {
	struct bench *from, *to;
};

static int move_up(void **state)
{
	struct move *m = calloc(1, sizeof *m);
	void *bench;
	assert_int_equal(bench_up(&bench), 0);
	m->from = bench;
	assert_int_equal(bench_up(&bench), 0);
	m->to = bench;
	*state = m;
	return 0;
}

static int move_down(void **state)
{
	struct move *m = *state;
	void *bench = m->from;
	bench_down(&bench);
	bench = m->to;
	bench_down(&bench);
	free(m);
	return 0;
}

/* m->from->a becomes m->to->a. */
static int moved(struct move *m)
{
	struct saver *s = writing();
	nl_sock_save(m->from->a.s, s);
	struct loader *l = written(s);
	nl_sock_free(m->to->a.s);
	m->to->a.s = NULL;
	int err = nl_sock_restore(m->to->st, l, &receiver_ops, &m->to->a, &m->to->a.s);
	loader_free(l);
	return err;
}

static void it_keeps_its_name_its_groups_and_its_options(void **state)
{
	struct move *m = *state;
	uint32_t on = 1, groups, portid;
	int v;
	size_t len = sizeof v;
	struct nl_sock *a = m->from->a.s;
	assert_int_equal(nl_sock_bind(a, 4711, 1 << (RTNLGRP_NEIGH - 1)), 0);
	nl_sock_setsockopt(a, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
	assert_int_equal(moved(m), 0);
	nl_sock_getname(m->to->a.s, &portid, &groups);
	assert_int_equal(portid, 4711);
	assert_int_equal(groups, 1 << (RTNLGRP_NEIGH - 1));
	assert_int_equal(nl_sock_getsockopt(m->to->a.s, SOL_NETLINK, NETLINK_EXT_ACK, &v, &len), 0);
	assert_int_equal(v, 1);
	assert_true(m->to->a.s->creds.may_configure);
	nl_sock_writable(m->to->a.s);
	send_one(m->to->b.s, RTM_NEWACTION, 0, 9, 5);
	assert_int_equal(m->to->a.n, 1); /* it hears of what happens now */
}

static void what_waited_is_delivered_in_order(void **state)
{
	struct move *m = *state;
	m->from->a.room = 1;
	for (uint32_t i = 1; i <= 3; i++)
		send_one(m->from->a.s, RTM_NEWACTION, NLM_F_ACK, i, i);
	assert_int_equal(moved(m), 0);
	assert_int_equal(m->to->a.n, 0);
	nl_sock_writable(m->to->a.s);
	assert_int_equal(m->to->a.n, 2); /* the first had been delivered before */
	assert_int_equal(message(&m->to->a, 0)->nlmsg_seq, 2);
	assert_int_equal(message(&m->to->a, 1)->nlmsg_seq, 3);
}

static void what_waited_goes_along_when_the_buffer_has_become_too_small_for_it(void **state)
{
	struct move *m = *state;
	int small = 1;
	m->from->a.room = 0;
	for (uint32_t i = 1; i <= 50; i++)
		send_one(m->from->a.s, RTM_NEWACTION, NLM_F_ACK, i, i);
	nl_sock_setsockopt(m->from->a.s, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	assert_int_equal(moved(m), 0);
	nl_sock_writable(m->to->a.s);
	assert_int_equal(m->to->a.n, 50);
	assert_int_equal(m->to->a.error, 0);
	assert_int_equal(m->to->a.s->rcvbuf, m->from->a.s->rcvbuf);
}

/* The first part is told before; that an answer was lost behind it is still to be said. */
static void that_an_answer_was_lost_is_told_after(void **state)
{
	struct move *m = *state;
	int small = 1;
	m->from->a.room = 0;
	nl_sock_setsockopt(m->from->a.s, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	for (uint32_t i = 1; i <= 50; i++)
		send_one(m->from->a.s, RTM_NEWACTION, NLM_F_ACK, i, i);
	assert_int_equal(m->from->a.error, ENOBUFS);
	assert_int_equal(moved(m), 0);
	assert_int_equal(m->to->a.error, 0);
	nl_sock_writable(m->to->a.s);
	assert_true(m->to->a.n > 0);
	assert_int_equal(m->to->a.error, ENOBUFS);
}

static unsigned numbers_dumped(const struct receiver *r)
{
	unsigned sum = 0;
	for (unsigned i = 0; i < r->n; i++) {
		int left = (int)r->got[i].len;
		for (const struct nlmsghdr *h = (const void *)r->got[i].bytes; mnl_nlmsg_ok(h, left);
		     h = mnl_nlmsg_next(h, &left))
			sum += h->nlmsg_type == RTM_NEWACTION;
	}
	return sum;
}

static void a_dump_goes_on_where_it_was(void **state)
{
	enum { N = 1000 };
	struct move *m = *state;
	for (uint32_t i = 0; i < N; i++) {
		numbers(m->from->st)->value[i] = numbers(m->to->st)->value[i] = i + 1;
		numbers(m->from->st)->n = numbers(m->to->st)->n = i + 1;
	}
	m->from->a.room = 2;
	send_one(m->from->a.s, RTM_GETACTION, NLM_F_DUMP, 1, 0);
	assert_int_equal(m->from->a.n, 2);
	unsigned before = numbers_dumped(&m->from->a);
	assert_in_range(before, 1, N - 1);
	assert_int_equal(moved(m), 0);
	nl_sock_writable(m->to->a.s);
	assert_int_equal(before + numbers_dumped(&m->to->a), N);
	const struct nlmsghdr *last = message(&m->to->a, m->to->a.n - 1);
	int left = (int)m->to->a.got[m->to->a.n - 1].len;
	while (mnl_nlmsg_ok(last, left) && last->nlmsg_type != NLMSG_DONE)
		last = mnl_nlmsg_next(last, &left);
	assert_int_equal(last->nlmsg_type, NLMSG_DONE);
	assert_false(last->nlmsg_flags & NLM_F_DUMP_INTR);
}

static void a_dump_with_memory_of_its_own_ends_with_eintr(void **state)
{
	struct move *m = *state;
	for (uint32_t i = 0; i < 1000; i++)
		numbers(m->from->st)->value[numbers(m->from->st)->n++] = i;
	m->from->a.room = 1;
	send_one(m->from->a.s, RTM_GETACTION, NLM_F_DUMP, 1, 0);
	m->from->a.s->dumping->at.priv = malloc(1);
	assert_int_equal(moved(m), 0);
	nl_sock_writable(m->to->a.s);
	const struct nlmsghdr *last = message(&m->to->a, m->to->a.n - 1);
	assert_int_equal(last->nlmsg_type, NLMSG_DONE);
	assert_int_equal(*(const int *)mnl_nlmsg_get_payload(last), -EINTR);
}

static void a_name_that_somebody_has_is_no_state(void **state)
{
	struct move *m = *state;
	assert_int_equal(nl_sock_bind(m->from->a.s, 5, 0), 0);
	assert_int_equal(nl_sock_bind(m->to->b.s, 5, 0), 0);
	assert_int_equal(moved(m), -EINVAL);
	assert_null(m->to->a.s);
}

static bool holds_everything(struct nl_closer *c, const struct nl_sock *s)
{
	return true;
}

static void nothing_to_close(struct nl_closer *c, struct nl_sock *s)
{
}

static void what_a_family_holds_stays(void **state)
{
	struct move *m = *state;
	struct nl_closer c = { .closed = nothing_to_close, .holds = holds_everything };
	assert_true(nl_sock_can_go(m->from->a.s));
	list_append(&nl_state(m->from->st)->closers, &c.link);
	assert_false(nl_sock_can_go(m->from->a.s));
	list_remove(&c.link);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, move_up, move_down)
		T(it_keeps_its_name_its_groups_and_its_options),
		T(what_waited_is_delivered_in_order),
		T(what_waited_goes_along_when_the_buffer_has_become_too_small_for_it),
		T(that_an_answer_was_lost_is_told_after),
		T(a_dump_goes_on_where_it_was),
		T(a_dump_with_memory_of_its_own_ends_with_eintr),
		T(a_name_that_somebody_has_is_no_state),
		T(what_a_family_holds_stays),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

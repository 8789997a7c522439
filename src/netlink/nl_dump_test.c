/* SPDX-License-Identifier: BSD-2-Clause */
#include "netlink/nl_dump.c"

#include "netlink/nl_test.h"

enum { SEQ = 42 };

static void fill_table(struct bench *f, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		numbers(f->st)->value[i] = i + 1;
	numbers(f->st)->n = n;
}

/* Reads all a receiver has: how many elements, in order from `from` on; whether DONE came, and with which flags. */
static unsigned elements(const struct receiver *r, bool *ret_done, uint16_t *ret_flags)
{
	unsigned n = 0;
	*ret_done = false;
	*ret_flags = 0;
	for (unsigned i = 0; i < r->n; i++) {
		int left = (int)r->got[i].len;
		for (const struct nlmsghdr *h = (const void *)r->got[i].bytes; mnl_nlmsg_ok(h, left);
		     h = mnl_nlmsg_next(h, &left)) {
			assert_false(*ret_done);
			assert_true(h->nlmsg_flags & NLM_F_MULTI);
			assert_int_equal(h->nlmsg_seq, SEQ);
			*ret_done = h->nlmsg_type == NLMSG_DONE;
			*ret_flags |= h->nlmsg_flags;
			n += h->nlmsg_type == RTM_NEWACTION;
		}
		assert_int_equal(left, 0);
	}
	return n;
}

static void a_dump_comes_in_pieces_and_ends_with_done(void **state)
{
	struct bench *f = *state;
	bool done;
	uint16_t flags;
	fill_table(f, 1000);
	send_one(f->a.s, RTM_GETACTION, NLM_F_DUMP | NLM_F_ACK, SEQ, 0);
	assert_true(f->a.n > 3);
	for (unsigned i = 0; i < f->a.n; i++)
		assert_true(f->a.got[i].len <= NL_DUMP_DEFAULT);
	assert_int_equal(elements(&f->a, &done, &flags), 1000);
	assert_true(done);
	assert_int_equal(flags, NLM_F_MULTI);
}

static void an_empty_table_is_one_done(void **state)
{
	struct bench *f = *state;
	bool done;
	uint16_t flags;
	send_one(f->a.s, RTM_GETACTION, NLM_F_DUMP, SEQ, 0);
	assert_int_equal(f->a.n, 1);
	assert_int_equal(elements(&f->a, &done, &flags), 0);
	assert_true(done);
}

static void a_dump_waits_for_its_reader_and_writers_do_not(void **state)
{
	struct bench *f = *state;
	bool done;
	uint16_t flags;
	fill_table(f, 1000);
	f->a.room = 2;
	send_one(f->a.s, RTM_GETACTION, NLM_F_DUMP, SEQ, 0);
	assert_int_equal(f->a.n, 2);
	assert_true(nl_sock_has_more(f->a.s));
	send_one(f->b.s, RTM_NEWACTION, NLM_F_ACK, 1, 7);
	assert_int_equal(ack_error(&f->b, 0), 0);
	f->a.room = 1000;
	nl_sock_writable(f->a.s);
	assert_int_equal(elements(&f->a, &done, &flags), 1001);
	assert_true(done);
	assert_true(flags & NLM_F_DUMP_INTR);
}

static void one_dump_at_a_time_per_socket(void **state)
{
	struct bench *f = *state;
	fill_table(f, 1000);
	f->a.room = 1;
	send_one(f->a.s, RTM_GETACTION, NLM_F_DUMP, SEQ, 0);
	send_one(f->a.s, RTM_GETACTION, NLM_F_DUMP, SEQ + 1, 0);
	f->a.room = 1000;
	nl_sock_writable(f->a.s);
	unsigned busy = 0;
	for (unsigned i = 0; i < f->a.n; i++)
		busy += message(&f->a, i)->nlmsg_type == NLMSG_ERROR && ack_error(&f->a, i) == -EBUSY;
	assert_int_equal(busy, 1);
	assert_false(nl_sock_has_more(f->a.s));
}

static void a_reader_with_room_gets_larger_pieces(void **state)
{
	struct bench *f = *state;
	fill_table(f, 1000);
	nl_sock_recv_hint(f->a.s, 1 << 20);
	send_one(f->a.s, RTM_GETACTION, NLM_F_DUMP, SEQ, 0);
	assert_true(f->a.n <= 2);
	assert_true(f->a.got[0].len > 16000 && f->a.got[0].len <= NL_DUMP_MAX);
}

static void a_faulty_request_ends_a_strict_dump_in_its_done(void **state)
{
	struct bench *f = *state;
	int on = 1;
	fill_table(f, 3);
	send_one(f->a.s, RTM_GETACTION, NLM_F_DUMP, SEQ, 2000000); /* out of range: as if it were not there */
	assert_int_equal(message(&f->a, 0)->nlmsg_type, RTM_NEWACTION);
	nl_sock_setsockopt(f->b.s, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on);
	send_one(f->b.s, RTM_GETACTION, NLM_F_DUMP, SEQ, 2000000);
	assert_int_equal(f->b.n, 1);
	assert_int_equal(message(&f->b, 0)->nlmsg_type, NLMSG_DONE);
	assert_int_equal(*(const int *)mnl_nlmsg_get_payload(message(&f->b, 0)), -ERANGE);
	forget_all(&f->b);
	send_one(f->b.s, RTM_GETACTION, NLM_F_DUMP, SEQ, 1);
	bool done;
	uint16_t flags;
	elements(&f->b, &done, &flags);
	assert_true(flags & NLM_F_DUMP_FILTERED);
}

static void a_very_long_dump_goes_on_in_the_next_turn(void **state)
{
	struct bench *f = *state;
	bool done;
	uint16_t flags;
	fill_table(f, TABLE_MAX);
	for (unsigned round = 0; round < 4; round++) {
		forget_all(&f->a);
		send_one(f->a.s, RTM_GETACTION, NLM_F_DUMP, SEQ, 0);
		manual_rt_run(f->rt, 10);
		assert_int_equal(elements(&f->a, &done, &flags), TABLE_MAX);
		assert_true(done);
	}
}

static void what_is_not_there_yet_is_asked_for_again(void **state)
{
	struct bench *f = *state;
	bool done;
	uint16_t flags;
	fill_table(f, 3);
	numbers(f->st)->not_yet = 2;
	send_one(f->a.s, RTM_GETACTION, NLM_F_DUMP, SEQ, 0);
	assert_int_equal(f->a.n, 0);
	manual_rt_run(f->rt, 500);
	assert_int_equal(f->a.n, 0);
	manual_rt_run(f->rt, 1000);
	assert_int_equal(elements(&f->a, &done, &flags), 3);
	assert_true(done);
}

static void a_socket_can_be_freed_in_the_middle_of_a_dump(void **state)
{
	struct bench *f = *state;
	fill_table(f, 1000);
	f->a.room = 1;
	send_one(f->a.s, RTM_GETACTION, NLM_F_DUMP, SEQ, 0);
	nl_sock_free(f->a.s);
	f->a.s = NULL;
	manual_rt_run(f->rt, 1000);
	assert_int_equal(f->a.n, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, bench_up, bench_down)
		T(a_dump_comes_in_pieces_and_ends_with_done),
		T(an_empty_table_is_one_done),
		T(a_dump_waits_for_its_reader_and_writers_do_not),
		T(one_dump_at_a_time_per_socket),
		T(a_reader_with_room_gets_larger_pieces),
		T(a_faulty_request_ends_a_strict_dump_in_its_done),
		T(a_very_long_dump_goes_on_in_the_next_turn),
		T(what_is_not_there_yet_is_asked_for_again),
		T(a_socket_can_be_freed_in_the_middle_of_a_dump),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

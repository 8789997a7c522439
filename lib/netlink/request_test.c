/* SPDX-License-Identifier: BSD-2-Clause */
#include "request.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "netlink/fake.h"

static void count(const struct nlmsghdr *h, void *ctx)
{
	++*(unsigned *)ctx;
}

static void begin(struct fake *f)
{
	leat_nl_request(f->nl, RTM_GETADDR, 0, 8);
}

static void dump_begins_again_when_the_table_changed(void **state)
{
	struct fake f;
	unsigned n = 0;

	fake_init(&f);
	fake_address(&f, 1, RTM_NEWADDR, NLM_F_MULTI, 1);
	fake_done_msg(&f, 1, NLM_F_DUMP_INTR);
	fake_says(&f);
	fake_address(&f, 2, RTM_NEWADDR, NLM_F_MULTI, 1);
	fake_says(&f);
	fake_address(&f, 2, RTM_NEWADDR, NLM_F_MULTI, 2);
	fake_done_msg(&f, 2, 0);
	fake_says(&f);
	begin(&f);
	assert_int_equal(leat_nl_dump(f.nl, count, &n), 0);
	assert_int_equal(n, 2);
	leat_nl_close(f.nl);
	fake_done(&f);
}

static void dump_gives_up_on_a_table_that_never_rests(void **state)
{
	struct fake f;
	unsigned n = 0;

	fake_init(&f);
	for (uint32_t seq = 1; seq <= DUMPS_MAX; seq++) {
		fake_address(&f, seq, RTM_NEWADDR, NLM_F_MULTI, 1);
		fake_done_msg(&f, seq, NLM_F_DUMP_INTR);
		fake_says(&f);
	}
	begin(&f);
	assert_int_equal(leat_nl_dump(f.nl, count, &n), -EINTR);
	assert_int_equal(n, 0);
	leat_nl_close(f.nl);
	fake_done(&f);
}

static void stream_tells_what_it_got_and_that_it_changed(void **state)
{
	struct fake f;
	unsigned n = 0;

	fake_init(&f);
	fake_address(&f, 1, RTM_NEWADDR, NLM_F_MULTI | NLM_F_DUMP_INTR, 1);
	fake_done_msg(&f, 1, 0);
	fake_says(&f);
	begin(&f);
	assert_int_equal(leat_nl_stream(f.nl, count, &n), 1);
	assert_int_equal(n, 1);
	leat_nl_close(f.nl);
	fake_done(&f);
}

static void refusals_come_with_their_words(void **state)
{
	struct fake f;

	fake_init(&f);
	fake_error(&f, 1, -EEXIST, "it is there");
	fake_says(&f);
	begin(&f);
	assert_int_equal(leat_nl_talk(f.nl, NULL, NULL), -EEXIST);
	assert_string_equal(leat_nl_ack(f.nl)->msg, "it is there");
	fake_error(&f, 2, 0, NULL);
	fake_says(&f);
	begin(&f);
	assert_int_equal(leat_nl_talk(f.nl, NULL, NULL), 0);
	assert_string_equal(leat_nl_ack(f.nl)->msg, "");
	leat_nl_close(f.nl);
	fake_done(&f);
}

static void what_answers_others_is_passed_over(void **state)
{
	struct fake f;
	unsigned n = 0;

	fake_init(&f);
	fake_address(&f, 0, RTM_NEWADDR, 0, 7);
	fake_error(&f, 9, -EPERM, NULL);
	fake_address(&f, 1, RTM_NEWADDR, 0, 1);
	fake_error(&f, 1, 0, NULL);
	fake_says(&f);
	begin(&f);
	assert_int_equal(leat_nl_talk(f.nl, count, &n), 0);
	assert_int_equal(n, 1);
	leat_nl_close(f.nl);
	fake_done(&f);
}

static void events_between_are_handed_on(void **state)
{
	unsigned n = 0, events = 0;
	struct fake f;

	fake_init(&f);
	leat_nl_on_event(f.nl, count, &events);
	fake_address(&f, 0, RTM_NEWADDR, 0, 7);
	fake_address(&f, 1, RTM_NEWADDR, 0, 1);
	fake_address(&f, 0, RTM_NEWADDR, 0, 8);
	fake_error(&f, 1, 0, NULL);
	fake_says(&f);
	begin(&f);
	assert_int_equal(leat_nl_talk(f.nl, count, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(events, 2);
	leat_nl_close(f.nl);
	fake_done(&f);
}

static void lost_messages_are_told(void **state)
{
	struct fake f;
	unsigned n = 0;

	fake_init(&f);
	nl_begin(&f.b, NLMSG_OVERRUN, 0, 0, 0, 0);
	nl_end(&f.b);
	fake_says(&f);
	fake_address(&f, 0, RTM_NEWADDR, 0, 7);
	fake_says(&f);
	assert_int_equal(leat_nl_listen(f.nl, count, &n), -ENOBUFS);
	assert_int_equal(leat_nl_listen(f.nl, count, &n), 1);
	assert_int_equal(n, 1);
	shutdown(f.fd, SHUT_RDWR);
	assert_int_equal(leat_nl_listen(f.nl, count, &n), 0);
	leat_nl_close(f.nl);
	fake_done(&f);
}

static void what_does_not_fit_is_told_at_the_end(void **state)
{
	static const uint8_t zeros[60000];
	struct fake f;

	fake_init(&f);
	begin(&f);
	for (unsigned i = 0; i < 3; i++)
		leat_nl_put(f.nl, 1, zeros, sizeof zeros);
	memset(leat_nl_put_header(f.nl, 16), 1, 16);
	assert_int_equal(leat_nl_talk(f.nl, NULL, NULL), -EMSGSIZE);
	fake_error(&f, 2, 0, NULL);
	fake_says(&f);
	begin(&f);
	assert_int_equal(leat_nl_talk(f.nl, NULL, NULL), 0);
	leat_nl_close(f.nl);
	fake_done(&f);
}

struct heard {
	unsigned n, bad;
};

static void batch_heard(unsigned index, const struct leat_nl_ack *ack, void *ctx)
{
	struct heard *h = ctx;

	assert_int_equal(index, h->n++);
	if (ack->err) {
		h->bad = index;
		assert_string_equal(ack->msg, "no");
	}
}

static void batches_number_their_ends(void **state)
{
	struct heard h = { 0 };
	struct fake f;

	fake_init(&f);
	f.nl->seq = 41;
	for (uint32_t i = 0; i < 3; i++)
		fake_error(&f, 42 + i, i == 1 ? -EINVAL : 0, i == 1 ? "no" : NULL);
	fake_says(&f);
	leat_nl_batch_begin(f.nl, batch_heard, &h);
	for (uint32_t i = 0; i < 3; i++) {
		begin(&f);
		assert_int_equal(leat_nl_batch_add(f.nl), 0);
	}
	begin(&f);
	assert_int_equal(leat_nl_talk(f.nl, NULL, NULL), -EBUSY);
	assert_int_equal(leat_nl_batch_end(f.nl), 1);
	assert_int_equal(h.n, 3);
	assert_int_equal(h.bad, 1);
	leat_nl_close(f.nl);
	fake_done(&f);
}

static void batch_breaks_with_the_stack(void **state)
{
	struct fake f;

	fake_init(&f);
	leat_nl_batch_begin(f.nl, NULL, NULL);
	begin(&f);
	assert_int_equal(leat_nl_batch_add(f.nl), 0);
	shutdown(f.fd, SHUT_RDWR);
	assert_int_equal(leat_nl_batch_end(f.nl), -EPIPE);
	leat_nl_close(f.nl);
	fake_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dump_begins_again_when_the_table_changed),
		cmocka_unit_test(dump_gives_up_on_a_table_that_never_rests),
		cmocka_unit_test(stream_tells_what_it_got_and_that_it_changed),
		cmocka_unit_test(refusals_come_with_their_words),
		cmocka_unit_test(what_answers_others_is_passed_over),
		cmocka_unit_test(events_between_are_handed_on),
		cmocka_unit_test(lost_messages_are_told),
		cmocka_unit_test(what_does_not_fit_is_told_at_the_end),
		cmocka_unit_test(batches_number_their_ends),
		cmocka_unit_test(batch_breaks_with_the_stack),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

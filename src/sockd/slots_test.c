/* SPDX-License-Identifier: BSD-2-Clause */
#include "slots.c"

#include <linux/genetlink.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "sockd/sockd_test.h"

struct scene {
	struct sockd_test t;
	struct test_slots slots;
	int client, app;
	uint64_t cookie; /* of app */
};

static int start(void **state)
{
	struct scene *s = malloc(sizeof *s);

	test_start(&s->t);
	s->client = test_connect(&s->t);
	s->app = test_open(&s->t, s->client, 77);
	if (s->app < 0 || pair_cookie(s->app, &s->cookie) || test_slots_open(&s->t, s->client, &s->slots))
		return -1;
	*state = s;
	return 0;
}

static int end(void **state)
{
	struct scene *s = *state;

	test_slots_close(&s->slots);
	close(s->app);
	close(s->client);
	test_settle(&s->t);
	test_end(&s->t);
	free(s);
	return 0;
}

/* Requests for the controller's own family, one behind the other; the answer to each is longer than 100 bytes. */
static size_t put_requests(void *to, unsigned n, uint32_t first_seq)
{
	struct {
		struct nlmsghdr h;
		struct genlmsghdr g;
		uint16_t len, type, id, zero;
	} q = { { sizeof q, GENL_ID_CTRL, NLM_F_REQUEST, 0, 0 },
		{ CTRL_CMD_GETFAMILY, 1, 0 },
		6,
		CTRL_ATTR_FAMILY_ID,
		GENL_ID_CTRL,
		0 };

	for (unsigned i = 0; i < n; i++) {
		q.h.nlmsg_seq = first_seq + i;
		memcpy((char *)to + i * sizeof q, &q, sizeof q);
	}
	return n * sizeof q;
}

static void post(struct scene *s, unsigned slot, uint64_t cookie, unsigned n, uint32_t first_seq)
{
	struct slot_head *h = &s->slots.shared->head[slot];

	h->req_len = (uint32_t)put_requests(s->slots.shared->req[slot], n, first_seq);
	h->cookie = cookie;
	slot_set_state(h, SLOT_POSTED);
	test_ring(&s->slots);
	test_settle(&s->t);
}

static void free_slot(struct scene *s, unsigned slot)
{
	struct slot_head *h = &s->slots.shared->head[slot];

	slot_set_state(h, SLOT_FREE);
	if (h->more)
		test_ring(&s->slots);
	test_settle(&s->t);
}

/* How many messages lie in it; their numbers go on from first_seq. */
static unsigned messages_in(struct scene *s, unsigned slot, uint32_t first_seq)
{
	const struct slot_head *h = &s->slots.shared->head[slot];
	struct nlmsghdr nl;
	uint32_t len;
	unsigned n = 0;

	for (uint32_t at = 0; at < h->rep_len; at += sizeof len + ((len + 3) & ~3u), n++) {
		memcpy(&len, s->slots.shared->rep[slot] + at, sizeof len);
		memcpy(&nl, s->slots.shared->rep[slot] + at + sizeof len, sizeof nl);
		assert_true(len <= h->rep_len - at - sizeof len);
		assert_int_equal(nl.nlmsg_len, len);
		assert_int_equal(nl.nlmsg_seq, first_seq + n);
	}
	return n;
}

static uint32_t next_in_pair(struct scene *s)
{
	char buf[8192];
	ssize_t n = recv(s->app, buf, sizeof buf, MSG_DONTWAIT);

	return n < (ssize_t)sizeof(struct nlmsghdr) ? 0 : ((struct nlmsghdr *)buf)->nlmsg_seq;
}

static void send_through_pair(struct scene *s, uint32_t seq)
{
	char buf[256];
	size_t len = put_requests(buf, 1, seq);

	assert_int_equal(send(s->app, buf, len, MSG_DONTWAIT), len);
}

static void a_request_is_answered_in_its_slot_and_nowhere_else(void **state)
{
	struct scene *s = *state;
	struct slot_head *h = &s->slots.shared->head[3];
	struct sockd_rep rep;

	post(s, 3, s->cookie, 1, 5);
	assert_int_equal(h->state, SLOT_DONE);
	assert_int_equal(messages_in(s, 3, 5), 1);
	assert_int_equal(h->more, 0);
	assert_int_equal(next_in_pair(s), 0);
	assert_int_equal(recv(s->client, &rep, sizeof rep, MSG_DONTWAIT),
			 -1); /* who does not sleep is not woken */
}

static void who_sleeps_is_told_once(void **state)
{
	struct scene *s = *state;
	struct sockd_rep rep;

	s->slots.shared->asleep = 1;
	post(s, 0, s->cookie, 1, 1);
	post(s, 1, s->cookie, 1, 2);
	assert_int_equal(recv(s->client, &rep, sizeof rep, MSG_DONTWAIT), sizeof rep);
	assert_int_equal(rep.op, SOCKD_SLOTS_DONE);
	assert_int_equal(rep.seq, 0);
	assert_int_equal(recv(s->client, &rep, sizeof rep, MSG_DONTWAIT), -1);
}

static void what_follows_waits_until_the_slot_is_free(void **state)
{
	struct scene *s = *state;

	post(s, 0, s->cookie, 1, 1);
	send_through_pair(s, 2);
	test_settle(&s->t);
	assert_int_equal(next_in_pair(s), 0);
	assert_int_equal(s->slots.shared->head[0].more, 1);
	free_slot(s, 0);
	assert_int_equal(next_in_pair(s), 2);
	send_through_pair(s, 3);
	test_settle(&s->t);
	assert_int_equal(next_in_pair(s), 3);
}

static void a_slot_that_was_used_again_holds_nobody(void **state)
{
	struct scene *s = *state;
	int other = test_open(&s->t, s->client, 78);
	uint64_t cookie;

	assert_int_equal(pair_cookie(other, &cookie), 0);
	post(s, 0, s->cookie, 1, 1);
	send_through_pair(s, 2);
	test_settle(&s->t);
	post(s, 0, cookie, 1, 9); /* its messages were fetched */
	assert_int_equal(messages_in(s, 0, 9), 1);
	assert_int_equal(next_in_pair(s), 2);
	close(other);
}

static void the_answer_to_a_new_request_lets_go_of_the_last_slot(void **state)
{
	struct scene *s = *state;

	post(s, 5, s->cookie, 1, 1);
	slot_set_state(&s->slots.shared->head[5], SLOT_FREE); /* nobody rings: there was no more */
	post(s, 2, s->cookie, 1, 2);
	assert_int_equal(messages_in(s, 2, 2), 1);
}

static void what_was_posted_before_a_message_was_sent_is_executed_before_it(void **state)
{
	struct scene *s = *state;
	struct slot_head *h = &s->slots.shared->head[0];

	h->req_len = (uint32_t)put_requests(s->slots.shared->req[0], 1, 1);
	h->cookie = s->cookie;
	slot_set_state(h, SLOT_POSTED); /* whoever wakes the daemon, and for whatever */
	send_through_pair(s, 2);
	test_settle(&s->t);
	assert_int_equal(messages_in(s, 0, 1), 1);
	assert_int_equal(next_in_pair(s), 0);
	free_slot(s, 0);
	assert_int_equal(next_in_pair(s), 2);
	assert_int_equal(s->slots.shared->reading, 0);
}

static void what_does_not_fit_comes_through_the_pair(void **state)
{
	struct scene *s = *state;
	unsigned in_slot, all = 100;

	post(s, 0, s->cookie, all, 1);
	in_slot = messages_in(s, 0, 1);
	assert_in_range(in_slot, 1, all - 1);
	assert_int_equal(s->slots.shared->head[0].more, 1);
	free_slot(s, 0);
	for (unsigned seq = in_slot + 1; seq <= all; seq++)
		assert_int_equal(next_in_pair(s), seq);
	assert_int_equal(next_in_pair(s), 0);
}

static void a_client_that_goes_lets_go_of_its_sockets(void **state)
{
	struct scene *s = *state;

	post(s, 0, s->cookie, 1, 1);
	send_through_pair(s, 2);
	test_settle(&s->t);
	close(s->client);
	test_settle(&s->t);
	assert_int_equal(next_in_pair(s), 2);
	s->client = test_connect(&s->t);
}

static void a_socket_that_is_closed_leaves_its_slot(void **state)
{
	struct scene *s = *state;
	struct sockd_stats st;

	post(s, 0, s->cookie, 1, 1);
	close(s->app);
	test_settle(&s->t);
	sockd_stats(s->t.d, &st);
	assert_int_equal(st.sockets, 0);
	s->app = test_open(&s->t, s->client, 79);
	post(s, 1, s->cookie, 1, 1); /* of the one that is gone */
	assert_int_equal(s->slots.shared->head[1].state, SLOT_DONE);
	assert_int_equal(s->slots.shared->head[1].rep_len, 0);
	free_slot(s, 0);
}

static void nobody_speaks_for_another_clients_socket(void **state)
{
	struct scene *s = *state;
	int client = test_connect(&s->t), app = test_open(&s->t, client, 80);
	uint64_t cookie;

	assert_int_equal(pair_cookie(app, &cookie), 0);
	post(s, 0, cookie, 1, 1);
	assert_int_equal(s->slots.shared->head[0].rep_len, 0);
	assert_int_equal(recv(app, &cookie, sizeof cookie, MSG_DONTWAIT), -1);
	close(app);
	close(client);
}

static void lengths_are_not_believed(void **state)
{
	static const uint32_t lengths[] = { 0, 1, SLOT_REQ_MAX, SLOT_REQ_MAX + 1, INT32_MAX, UINT32_MAX };
	struct scene *s = *state;

	for (unsigned i = 0; i < ARRAY_SIZE(lengths); i++) {
		struct slot_head *h = &s->slots.shared->head[i];
		h->req_len = lengths[i];
		h->cookie = s->cookie;
		slot_set_state(h, SLOT_POSTED);
		test_ring(&s->slots);
		test_settle(&s->t);
		assert_int_equal(h->state, SLOT_DONE);
	}
	assert_true(test_serves_another(&s->t));
}

static void the_memory_stays_as_large_as_it_is(void **state)
{
	struct scene *s = *state;
	struct client *c = list_first(&s->t.d->clients, struct client, link);

	assert_int_equal(ftruncate(c->slots->mem_fd, 0), -1);
	assert_int_equal(errno, EPERM);
	assert_true(is_memory(c->slots->mem_fd));
	assert_false(is_memory(c->slots->bell.fd));
}

static void slots_are_given_once_and_not_to_everybody(void **state)
{
	struct scene *s = *state;
	struct test_slots more = { 0 };
	int client = test_connect(&s->t);

	assert_int_equal(test_slots_open(&s->t, s->client, &more), -EEXIST);
	s->t.d->stats.with_slots += SLOTS_CLIENTS_MAX - 1;
	assert_int_equal(test_slots_open(&s->t, client, &more), -ENOSPC);
	s->t.d->stats.with_slots -= SLOTS_CLIENTS_MAX - 1;
	assert_int_equal(test_slots_open(&s->t, client, &more), 0);
	test_slots_close(&more);
	close(client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, start, end)
		T(a_request_is_answered_in_its_slot_and_nowhere_else),
		T(who_sleeps_is_told_once),
		T(what_follows_waits_until_the_slot_is_free),
		T(a_slot_that_was_used_again_holds_nobody),
		T(the_answer_to_a_new_request_lets_go_of_the_last_slot),
		T(what_was_posted_before_a_message_was_sent_is_executed_before_it),
		T(what_does_not_fit_comes_through_the_pair),
		T(a_client_that_goes_lets_go_of_its_sockets),
		T(a_socket_that_is_closed_leaves_its_slot),
		T(nobody_speaks_for_another_clients_socket),
		T(lengths_are_not_believed),
		T(the_memory_stays_as_large_as_it_is),
		T(slots_are_given_once_and_not_to_everybody),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

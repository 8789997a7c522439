/* SPDX-License-Identifier: BSD-2-Clause */
/* Rings between a thread and workers, on the runtime of one thread: what is asked is done when the runtime has settled. */
#include "ring/ring_internal.h"

#include <netinet/udp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#if defined(__SANITIZE_ADDRESS__)
#define ONE_BY_ONE 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ONE_BY_ONE 1
#endif
#endif

static unsigned workers = 1;

#include "stack/sock_rig.h"

struct fixture {
	struct duo *d;
	struct rings *one, *two;
	struct leat_ring *a, *b;
};

static int setup_with(void **state, unsigned n)
{
	struct fixture *f = calloc(1, sizeof *f);
	const struct leat_ring_opts last = { .worker = (int)n - 1, .lends = 8 };
	f->d = duo_new(n);
	assert_int_equal(rings_new(f->d->one, &f->one), 0);
	assert_int_equal(rings_new(f->d->two, &f->two), 0);
	assert_int_equal(ring_new(f->one, NULL, &f->a), 0);
	assert_int_equal(ring_new(f->two, &last, &f->b), 0);
	*state = f;
	return 0;
}

static int setup(void **state)
{
	return setup_with(state, 1);
}

static int setup3(void **state)
{
	return setup_with(state, 3);
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	assert_true(ring_end(f->a));
	assert_true(ring_end(f->b));
	ring_free(f->a);
	ring_free(f->b);
	rings_free(f->one);
	rings_free(f->two);
	duo_free(f->d);
	free(f);
	return 0;
}

/* --- short words --- */

static void go(struct fixture *f)
{
	leat_submit(f->a);
	leat_submit(f->b);
	manual_rt_settle(f->d->m);
}

static bool next(struct leat_ring *r, struct leat_cqe *c)
{
	return leat_reap(r, c, 1) == 1;
}

/* The one completion that there is. */
static int result(struct fixture *f, struct leat_ring *r, uint64_t user_data)
{
	struct leat_cqe c;
	go(f);
	assert_true(next(r, &c));
	assert_int_equal(c.user_data, user_data);
	assert_int_equal(c.flags, 0);
	return c.res;
}

static void expect_none(struct fixture *f, struct leat_ring *r)
{
	struct leat_cqe c;
	go(f);
	assert_false(next(r, &c));
}

static struct leat_sqe *put(struct leat_ring *r, enum leat_op op, int fd, uint64_t user_data)
{
	struct leat_sqe *e = leat_put(r, op, fd, user_data);
	assert_non_null(e);
	return e;
}

static int make(struct fixture *f, struct leat_ring *r, int type)
{
	put(r, LEAT_OP_SOCKET, AF_INET, 1)->arg = (uint32_t)type;
	int fd = result(f, r, 1);
	assert_true(fd >= 0);
	return fd;
}

static void name_it(struct leat_sqe *e, struct name *n)
{
	e->addr = &n->sa;
	e->addr_len = n->len;
}

static int listen_at(struct fixture *f, struct leat_ring *r, uint16_t port)
{
	struct name n = name_of("10.0.0.2", port);
	int fd = make(f, r, SOCK_STREAM);
	name_it(put(r, LEAT_OP_BIND, fd, 2), &n);
	assert_int_equal(result(f, r, 2), 0);
	put(r, LEAT_OP_LISTEN, fd, 3)->arg = 64;
	assert_int_equal(result(f, r, 3), 0);
	return fd;
}

static int call(struct fixture *f, struct leat_ring *r, uint16_t port)
{
	struct name n = name_of("10.0.0.2", port);
	int fd = make(f, r, SOCK_STREAM);
	name_it(put(r, LEAT_OP_CONNECT, fd, 4), &n);
	assert_int_equal(result(f, r, 4), 0);
	return fd;
}

static void pair(struct fixture *f, int ret[2])
{
	int l = listen_at(f, f->b, 80);
	ret[0] = call(f, f->a, 80);
	put(f->b, LEAT_OP_ACCEPT, l, 5);
	ret[1] = result(f, f->b, 5);
	assert_true(ret[1] >= 0);
	put(f->b, LEAT_OP_CLOSE, l, 6);
	assert_int_equal(result(f, f->b, 6), 0);
}

static void bytes(struct leat_sqe *e, const void *buf, size_t len, unsigned flags)
{
	e->buf = (void *)buf;
	e->len = len;
	e->arg = flags;
}

/* --- streams --- */

static void bytes_go_both_ways(void **state)
{
	struct fixture *f = *state;
	char buf[16] = "";
	int fd[2];
	pair(f, fd);
	bytes(put(f->b, LEAT_OP_RECV, fd[1], 10), buf, sizeof buf, 0);
	expect_none(f, f->b);
	bytes(put(f->a, LEAT_OP_SEND, fd[0], 11), "hello", 5, 0);
	assert_int_equal(result(f, f->a, 11), 5);
	assert_int_equal(result(f, f->b, 10), 5);
	assert_string_equal(buf, "hello");
	bytes(put(f->b, LEAT_OP_SEND, fd[1], 12), "you", 3, 0);
	assert_int_equal(result(f, f->b, 12), 3);
	bytes(put(f->a, LEAT_OP_RECV, fd[0], 13), buf, sizeof buf, 0);
	assert_int_equal(result(f, f->a, 13), 3);
	put(f->a, LEAT_OP_CLOSE, fd[0], 14);
	assert_int_equal(result(f, f->a, 14), 0);
	bytes(put(f->b, LEAT_OP_RECV, fd[1], 15), buf, sizeof buf, 0);
	assert_int_equal(result(f, f->b, 15), 0);
	put(f->b, LEAT_OP_CLOSE, fd[1], 16);
	assert_int_equal(result(f, f->b, 16), 0);
	bytes(put(f->b, LEAT_OP_RECV, fd[1], 17), buf, sizeof buf, 0);
	assert_int_equal(result(f, f->b, 17), -EBADF);
}

static void a_long_send_ends_when_all_is_taken(void **state)
{
	struct fixture *f = *state;
	enum { LONG = 4 << 20 };
	char *out = malloc(LONG), *in = malloc(LONG);
	struct leat_cqe c;
	int fd[2];
	pair(f, fd);
	for (unsigned i = 0; i < LONG; i++)
		out[i] = (char)(i * 7 + i / 1000);
	bytes(put(f->a, LEAT_OP_SEND, fd[0], 20), out, LONG, 0);
	expect_none(f, f->a);
	bytes(put(f->b, LEAT_OP_RECV, fd[1], 21), in, LONG, MSG_WAITALL);
	for (unsigned i = 0; i < 100; i++) {
		go(f);
		manual_rt_run(f->d->m, 100000);
	}
	assert_true(next(f->a, &c));
	assert_int_equal(c.res, LONG);
	assert_int_equal(result(f, f->b, 21), LONG);
	assert_memory_equal(in, out, LONG);
	free(in);
	free(out);
}

static void a_stack_talks_to_itself(void **state)
{
	struct fixture *f = *state;
	enum { LONG = 4 << 20 };
	struct name n = name_of("127.0.0.1", 99);
	char *out = malloc(LONG), *in = malloc(LONG);
	struct leat_cqe c;
	int l = make(f, f->a, SOCK_STREAM), fd[2];
	name_it(put(f->a, LEAT_OP_BIND, l, 22), &n);
	assert_int_equal(result(f, f->a, 22), 0);
	put(f->a, LEAT_OP_LISTEN, l, 23)->arg = 1;
	assert_int_equal(result(f, f->a, 23), 0);
	fd[0] = make(f, f->a, SOCK_STREAM);
	name_it(put(f->a, LEAT_OP_CONNECT, fd[0], 24), &n);
	assert_int_equal(result(f, f->a, 24), 0);
	put(f->a, LEAT_OP_ACCEPT, l, 25);
	fd[1] = result(f, f->a, 25);
	for (unsigned i = 0; i < LONG; i++)
		out[i] = (char)(i * 7 + i / 1000);
	bytes(put(f->a, LEAT_OP_SEND, fd[0], 26), out, LONG, 0);
	bytes(put(f->a, LEAT_OP_RECV, fd[1], 27), in, LONG, MSG_WAITALL);
	for (unsigned i = 0; i < 20; i++) {
		go(f);
		manual_rt_run(f->d->m, 100000);
	}
	assert_true(next(f->a, &c));
	assert_int_equal(c.res, LONG);
	assert_true(next(f->a, &c));
	assert_int_equal(c.res, LONG);
	assert_memory_equal(in, out, LONG);
	free(in);
	free(out);
}

static void receives_are_served_in_order(void **state)
{
	struct fixture *f = *state;
	char a[4], b[4];
	struct leat_cqe c[2];
	int fd[2];
	pair(f, fd);
	bytes(put(f->b, LEAT_OP_RECV, fd[1], 30), a, 4, MSG_WAITALL);
	bytes(put(f->b, LEAT_OP_RECV, fd[1], 31), b, 4, MSG_WAITALL);
	bytes(put(f->a, LEAT_OP_SEND, fd[0], 32), "abcdefgh", 8, 0);
	go(f);
	assert_int_equal(leat_reap(f->b, c, 2), 2);
	assert_int_equal(c[0].user_data, 30);
	assert_int_equal(c[1].user_data, 31);
	assert_memory_equal(a, "abcd", 4);
	assert_memory_equal(b, "efgh", 4);
}

static void many_connections_for_one_accept(void **state)
{
	struct fixture *f = *state;
	struct leat_cqe c;
	int l = listen_at(f, f->b, 81);
	put(f->b, LEAT_OP_ACCEPT, l, 40)->flags = LEAT_MULTI;
	expect_none(f, f->b);
	for (unsigned i = 0; i < 9; i++) {
		call(f, f->a, 81);
		go(f);
		assert_true(next(f->b, &c));
		assert_int_equal(c.user_data, 40);
		assert_int_equal(c.flags, LEAT_CQE_MORE);
		assert_true(c.res >= 0);
	}
	put(f->b, LEAT_OP_CANCEL, l, 41)->buf = (void *)40;
	go(f);
	assert_true(next(f->b, &c));
	assert_int_equal(c.res, -ECANCELED);
	assert_int_equal(c.flags, 0);
	assert_int_equal(result(f, f->b, 41), 1);
}

static void single_accepts_take_one_each(void **state)
{
	struct fixture *f = *state;
	struct leat_cqe c;
	int l = listen_at(f, f->b, 82);
	for (unsigned i = 0; i < 6; i++)
		put(f->b, LEAT_OP_ACCEPT, l, 50 + i);
	for (unsigned i = 0; i < 8; i++)
		call(f, f->a, 82);
	go(f);
	unsigned seen = 0;
	while (next(f->b, &c)) {
		assert_true(c.res >= 0);
		seen |= 1u << (c.user_data - 50);
	}
	assert_int_equal(seen, 0x3f);
	put(f->b, LEAT_OP_ACCEPT, l, 60);
	assert_true(result(f, f->b, 60) >= 0);
}

static void closing_cancels_what_waits(void **state)
{
	struct fixture *f = *state;
	struct leat_cqe c;
	char buf[4];
	int fd[2];
	pair(f, fd);
	bytes(put(f->b, LEAT_OP_RECV, fd[1], 70), buf, 4, 0);
	expect_none(f, f->b);
	put(f->b, LEAT_OP_CLOSE, fd[1], 71);
	go(f);
	assert_true(next(f->b, &c));
	assert_int_equal(c.user_data, 70);
	assert_int_equal(c.res, -ECANCELED);
	assert_int_equal(result(f, f->b, 71), 0);
}

/* Nobody reads, so it never goes whole. */
static void what_went_of_a_write_that_is_given_up_counts(void **state)
{
	struct fixture *f = *state;
	size_t len = 32 << 20;
	void *buf = calloc(1, len);
	int fd[2], n;
	pair(f, fd);
	bytes(put(f->a, LEAT_OP_SEND, fd[0], 75), buf, len, 0);
	expect_none(f, f->a);
	put(f->a, LEAT_OP_CANCEL, fd[0], 76)->buf = (void *)75;
	n = result(f, f->a, 75);
	assert_in_range(n, 1, len - 1);
	assert_int_equal(result(f, f->a, 76), 1);
	for (unsigned i = 0; n > 0 && i < 100; i++) { /* until no more goes */
		bytes(put(f->a, LEAT_OP_SEND, fd[0], 77), buf, len, 0);
		put(f->a, LEAT_OP_CANCEL, fd[0], 78)->buf = (void *)77;
		n = result(f, f->a, 77);
		assert_int_equal(result(f, f->a, 78), 1);
	}
	assert_int_equal(n, -ECANCELED);
	free(buf);
}

static void a_receive_waits_so_long_and_not_longer(void **state)
{
	struct fixture *f = *state;
	struct leat_sqe *e;
	char buf[4];
	int fd[2];
	pair(f, fd);
	e = put(f->b, LEAT_OP_RECV, fd[1], 80);
	bytes(e, buf, 4, 0);
	e->timeout_us = 50000;
	expect_none(f, f->b);
	manual_rt_run(f->d->m, 49999);
	expect_none(f, f->b);
	manual_rt_run(f->d->m, 1);
	assert_int_equal(result(f, f->b, 80), -ETIME);
	put(f->a, LEAT_OP_TIMEOUT, -1, 81)->timeout_us = 1000;
	expect_none(f, f->a);
	manual_rt_run(f->d->m, 1000);
	assert_int_equal(result(f, f->a, 81), -ETIME);
}

static bool is_for_want_of_memory(int res)
{
	return res == -ENOMEM || res == -ENOBUFS || res == -ENFILE;
}

/* Each allocation of socket() and accept() fails once; what came is there for the next who asks. */
static void without_memory_it_is_said_so(void **state)
{
	struct fixture *f = *state;
	struct mem_account *mem = &f->d->rt->mem;
	int l = listen_at(f, f->b, 84), res = -1;
	for (uint64_t n = 1; res < 0; n++) {
		mem->fail_after = n;
		put(f->a, LEAT_OP_SOCKET, AF_INET, 140)->arg = SOCK_STREAM;
		res = result(f, f->a, 140);
		mem->fail_after = 0;
		assert_true(res >= 0 || is_for_want_of_memory(res));
	}
	call(f, f->a, 84);
	res = -1;
	for (uint64_t n = 1; res < 0; n++) {
		mem->fail_after = n;
		put(f->b, LEAT_OP_ACCEPT, l, 141)->flags = LEAT_NOWAIT;
		res = result(f, f->b, 141);
		mem->fail_after = 0;
		assert_true(res >= 0 || is_for_want_of_memory(res));
	}
	put(f->b, LEAT_OP_ACCEPT, l, 142)->flags = LEAT_NOWAIT;
	assert_int_equal(result(f, f->b, 142), -EAGAIN);
}

static void refusal_is_told(void **state)
{
	struct fixture *f = *state;
	struct name n = name_of("10.0.0.2", 9);
	int fd = make(f, f->a, SOCK_STREAM);
	name_it(put(f->a, LEAT_OP_CONNECT, fd, 90), &n);
	assert_int_equal(result(f, f->a, 90), -ECONNREFUSED);
}

static void one_that_was_bound_connects(void **state)
{
	struct fixture *f = *state;
	struct name own = name_of("10.0.0.1", 0), to = name_of("10.0.0.2", 83),
		    peer = { .len = sizeof peer.in6 };
	struct leat_sqe *e;
	int l = listen_at(f, f->b, 83);
	for (uint16_t port = 5000; port < 5008; port++) {
		int fd = make(f, f->a, SOCK_STREAM);
		own.in.sin_port = htons(port);
		name_it(put(f->a, LEAT_OP_BIND, fd, 100), &own);
		assert_int_equal(result(f, f->a, 100), 0);
		name_it(put(f->a, LEAT_OP_CONNECT, fd, 101), &to);
		assert_int_equal(result(f, f->a, 101), 0);
		e = put(f->b, LEAT_OP_ACCEPT, l, 102);
		e->addr = &peer.sa;
		peer.len = sizeof peer.in6;
		e->ret_len = &peer.len;
		assert_true(result(f, f->b, 102) >= 0);
		assert_name(&peer, "10.0.0.1", port);
		bytes(put(f->a, LEAT_OP_SEND, fd, 103), "x", 1, 0);
		assert_int_equal(result(f, f->a, 103), 1);
		put(f->a, LEAT_OP_CLOSE, fd, 104);
		assert_int_equal(result(f, f->a, 104), 0);
		put(f->a, LEAT_OP_CLOSE, fd, 105);
		assert_int_equal(result(f, f->a, 105), -EBADF);
	}
}

static void polling_tells_of_bytes_and_room(void **state)
{
	struct fixture *f = *state;
	int fd[2];
	pair(f, fd);
	put(f->b, LEAT_OP_POLL, fd[1], 110)->arg = EPOLLOUT;
	assert_int_equal(result(f, f->b, 110), EPOLLOUT);
	put(f->b, LEAT_OP_POLL, fd[1], 111)->arg = EPOLLIN;
	expect_none(f, f->b);
	bytes(put(f->a, LEAT_OP_SEND, fd[0], 112), "x", 1, 0);
	assert_int_equal(result(f, f->a, 112), 1);
	assert_int_equal(result(f, f->b, 111), EPOLLIN);
}

/* --- bytes that are lent --- */

static void what_is_sent_without_a_copy_is_done_with_when_acknowledged(void **state)
{
	struct fixture *f = *state;
	enum { LONG = 300000 };
	char *out = malloc(LONG), *in = malloc(LONG);
	struct leat_cqe c;
	int fd[2];
	pair(f, fd);
	for (unsigned i = 0; i < LONG; i++)
		out[i] = (char)(i * 11 + i / 256);
	iface_set_up(f->d->mb, false); /* nobody answers */
	bytes(put(f->a, LEAT_OP_SEND_ZC, fd[0], 200), out, LONG, 0);
	bytes(put(f->a, LEAT_OP_SEND, fd[0], 201), "tail", 4, 0);
	expect_none(f, f->a);
	iface_set_up(f->d->mb, true);
	bytes(put(f->b, LEAT_OP_RECV, fd[1], 202), in, LONG, MSG_WAITALL);
	for (unsigned i = 0; i < 100; i++) {
		go(f);
		manual_rt_run(f->d->m, 100000);
	}
	assert_true(next(f->a, &c));
	assert_int_equal(c.user_data, 201); /* as soon as there was room */
	assert_true(next(f->a, &c));
	assert_int_equal(c.user_data, 200);
	assert_int_equal(c.res, LONG);
	assert_int_equal(result(f, f->b, 202), LONG);
	assert_memory_equal(in, out, LONG);
	free(in);
	free(out);
}

static void bytes_without_a_copy_outlive_their_socket(void **state)
{
	struct fixture *f = *state;
	char buf[8] = "";
	struct leat_cqe c;
	int fd[2];
	pair(f, fd);
	iface_set_up(f->d->mb, false);
	bytes(put(f->a, LEAT_OP_SEND_ZC, fd[0], 210), "farewell", 8, 0);
	put(f->a, LEAT_OP_CLOSE, fd[0], 211);
	assert_int_equal(result(f, f->a, 211), 0);
	iface_set_up(f->d->mb, true);
	manual_rt_run(f->d->m, 5 * SEC);
	assert_true(next(f->a, &c));
	assert_int_equal(c.user_data, 210);
	assert_int_equal(c.res, 8);
	bytes(put(f->b, LEAT_OP_RECV, fd[1], 212), buf, 8, 0);
	assert_int_equal(result(f, f->b, 212), 8);
	assert_memory_equal(buf, "farewell", 8);
}

static void a_ring_that_ends_takes_its_bytes_back(void **state)
{
	struct fixture *f = *state;
	struct leat_cqe c;
	int fd[2];
	pair(f, fd);
	iface_set_up(f->d->mb, false);
	bytes(put(f->a, LEAT_OP_SEND_ZC, fd[0], 220), "never", 5, 0);
	expect_none(f, f->a);
	assert_true(ring_end(f->a));
	assert_true(next(f->a, &c));
	assert_int_equal(c.res, -ECONNRESET);
	iface_set_up(f->d->mb, true);
}

static void give_back(struct leat_ring *r, const struct leat_cqe *c)
{
	struct leat_sqe *e = put(r, LEAT_OP_GIVE_BACK, -1, 0);
	e->len = c->lent;
	e->flags = LEAT_QUIET;
}

static void what_came_is_lent_where_it_lies(void **state)
{
	struct fixture *f = *state;
	enum { LONG = 100000 };
	char *out = malloc(LONG);
	struct leat_cqe c;
	unsigned got = 0, whole = 0;
	int fd[2];
	pair(f, fd);
	for (unsigned i = 0; i < LONG; i++)
		out[i] = (char)(i * 13 + i / 256);
	bytes(put(f->a, LEAT_OP_SEND, fd[0], 230), out, LONG, 0);
	go(f);
	for (unsigned i = 0; i < 1000 && got < LONG; i++) {
		put(f->b, LEAT_OP_RECV_LEND, fd[1], 231);
		go(f);
		manual_rt_run(f->d->m, 1000);
		do {
			assert_true(next(f->b, &c));
			assert_true(c.res > 0 && c.flags & LEAT_CQE_LENT);
			assert_memory_equal(c.data, out + got, (size_t)c.res);
			whole += (uintptr_t)c.data % 4096 == 0;
			got += (unsigned)c.res;
			give_back(f->b, &c);
		} while (c.flags & LEAT_CQE_MORE);
	}
	assert_int_equal(got, LONG);
	assert_true(whole > LONG / 4096 / 2);
	put(f->b, LEAT_OP_GIVE_BACK, -1, 232)->len = 1;
	assert_int_equal(result(f, f->b, 232), -EINVAL);
	free(out);
}

static void no_more_is_lent_than_there_are_places_for(void **state)
{
	struct fixture *f = *state;
	struct leat_cqe c[9];
	unsigned n = 0;
	int fd[2];
	pair(f, fd);
	for (unsigned i = 0; i < 9; i++) {
		bytes(put(f->a, LEAT_OP_SEND, fd[0], 240), "x", 1, 0);
		assert_int_equal(result(f, f->a, 240), 1);
		put(f->b, LEAT_OP_RECV_LEND, fd[1], 241);
		go(f);
		n += leat_reap(f->b, &c[n], 1);
		assert_int_equal(c[i].res, i < 8 ? 1 : -ENOBUFS);
	}
	give_back(f->b, &c[3]);
	put(f->b, LEAT_OP_RECV_LEND, fd[1], 242);
	assert_int_equal((go(f), leat_reap(f->b, c, 1)), 1);
	assert_int_equal(c[0].res, 1);
}

/* Each charge goes up to the runtime's account, whose failure is set for one that is far off: it counts down by each. */
static void an_established_stream_allocates_nothing(void **state)
{
	struct fixture *f = *state;
	enum { FAR = 1 << 30, LONG = 64 << 10 };
	char *out = calloc(1, LONG), *in = calloc(1, LONG), small[64] = "";
	struct leat_cqe c;
	int fd[2];
	pair(f, fd);
#ifdef ONE_BY_ONE
	int rounds = 0; /* base/slab.c: each object is a block of its own */
#else
	int rounds = 200;
#endif
	for (int i = 0; i < rounds; i++) {
		if (i == 100)
			f->d->rt->mem.fail_after = FAR;
		bytes(put(f->b, LEAT_OP_RECV, fd[1], 300), in, LONG, MSG_WAITALL);
		bytes(put(f->a, LEAT_OP_RECV, fd[0], 301), small, 1, 0);
		bytes(put(f->a, LEAT_OP_SEND, fd[0], 302), out, LONG, 0);
		go(f);
		manual_rt_run(f->d->m, 100000);
		assert_true(next(f->a, &c) && c.user_data == 302 && c.res == LONG);
		assert_true(next(f->b, &c) && c.res == LONG);
		bytes(put(f->b, LEAT_OP_SEND, fd[1], 303), small, 64, 0);
		go(f);
		assert_true(next(f->a, &c) && c.user_data == 301 && c.res == 1);
		assert_true(next(f->b, &c) && c.res == 64);
		bytes(put(f->a, LEAT_OP_RECV, fd[0], 304), small, 63, MSG_WAITALL);
		assert_int_equal(result(f, f->a, 304), 63);
	}
	assert_int_equal(f->d->rt->mem.fail_after, rounds ? FAR : 0);
	f->d->rt->mem.fail_after = 0;
	free(in);
	free(out);
}

/* --- datagrams --- */

static void datagrams_carry_addresses(void **state)
{
	struct fixture *f = *state;
	struct name at = name_of("10.0.0.2", 53), from = { 0 }, own = { .len = sizeof own.in6 };
	char one[3], two[8];
	struct iovec v[2] = { { one, sizeof one }, { two, sizeof two } };
	struct msghdr m = {
		.msg_iov = v, .msg_iovlen = 2, .msg_name = &from.sa, .msg_namelen = sizeof from.in6
	};
	struct leat_sqe *e;
	int a = make(f, f->a, SOCK_DGRAM), b = make(f, f->b, SOCK_DGRAM);
	name_it(put(f->b, LEAT_OP_BIND, b, 120), &at);
	assert_int_equal(result(f, f->b, 120), 0);
	put(f->b, LEAT_OP_RECVMSG, b, 121)->buf = &m;
	expect_none(f, f->b);
	e = put(f->a, LEAT_OP_SEND, a, 122);
	bytes(e, "datagram", 8, 0);
	name_it(e, &at);
	assert_int_equal(result(f, f->a, 122), 8);
	assert_int_equal(result(f, f->b, 121), 8);
	assert_memory_equal(one, "dat", 3);
	assert_memory_equal(two, "agram", 5);
	e = put(f->a, LEAT_OP_GETSOCKNAME, a, 123);
	e->addr = &own.sa;
	e->ret_len = &own.len;
	assert_int_equal(result(f, f->a, 123), 0);
	from.len = m.msg_namelen;
	assert_name(&from, "10.0.0.1", ntohs(own.in.sin_port));
}

/* Four receives that wait are served by one large packet; joined it is one. */
static void datagrams_of_one_call_are_read_one_by_one_or_joined(void **state)
{
	struct fixture *f = *state;
	struct name at = name_of("10.0.0.2", 54);
	char out[3500], in[4][4000];
	_Alignas(struct cmsghdr) char said[CMSG_SPACE(sizeof(uint16_t))] = { 0 }, told[64];
	struct cmsghdr *c = (struct cmsghdr *)said;
	const uint16_t each = 1000;
	struct iovec v = { out, sizeof out }, to = { in[0], sizeof in[0] };
	struct msghdr m = {
		.msg_iov = &v, .msg_iovlen = 1, .msg_control = said, .msg_controllen = sizeof said
	};
	int a = make(f, f->a, SOCK_DGRAM), b = make(f, f->b, SOCK_DGRAM), on = 1, n = 0;
	*c = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof each),
			       .cmsg_level = SOL_UDP,
			       .cmsg_type = UDP_SEGMENT };
	memcpy(CMSG_DATA(c), &each, sizeof each);
	m.msg_name = &at.sa;
	m.msg_namelen = at.len;
	for (unsigned i = 0; i < sizeof out; i++)
		out[i] = (char)(i * 3 + i / 256);
	name_it(put(f->b, LEAT_OP_BIND, b, 130), &at);
	assert_int_equal(result(f, f->b, 130), 0);
	for (unsigned i = 0; i < 4; i++)
		bytes(put(f->b, LEAT_OP_RECV, b, 131 + i), in[i], sizeof in[i], 0);
	put(f->a, LEAT_OP_SENDMSG, a, 140)->buf = &m;
	assert_int_equal(result(f, f->a, 140), sizeof out);
	for (struct leat_cqe e; next(f->b, &e); n++) {
		assert_int_equal(e.user_data, 131 + n);
		assert_int_equal(e.res, n < 3 ? 1000 : 500);
		assert_memory_equal(in[n], out + n * 1000, (size_t)e.res);
	}
	assert_int_equal(n, 4);
	struct leat_sqe *e = put(f->b, LEAT_OP_SETSOCKOPT, b, 141);
	bytes(e, &on, sizeof on, SOL_UDP);
	e->arg2 = UDP_GRO;
	assert_int_equal(result(f, f->b, 141), 0);
	struct msghdr got = {
		.msg_iov = &to, .msg_iovlen = 1, .msg_control = told, .msg_controllen = sizeof told
	};
	put(f->b, LEAT_OP_RECVMSG, b, 142)->buf = &got;
	put(f->a, LEAT_OP_SENDMSG, a, 143)->buf = &m;
	assert_int_equal(result(f, f->a, 143), sizeof out);
	assert_int_equal(result(f, f->b, 142), sizeof out);
	assert_memory_equal(in[0], out, sizeof out);
	c = CMSG_FIRSTHDR(&got);
	assert_true(c && c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO);
	memcpy(&n, CMSG_DATA(c), sizeof n);
	assert_int_equal(n, 1000);
}

/* --- rings --- */

static void a_full_completion_ring_loses_nothing(void **state)
{
	struct fixture *f = *state;
	const struct leat_ring_opts small = { .entries = 2, .worker = 0 };
	struct leat_ring *r;
	struct leat_cqe c;
	unsigned n = 0, sent = 0;
	assert_int_equal(ring_new(f->one, &small, &r), 0);
	for (unsigned i = 0; i < 20; i++) {
		for (struct leat_sqe *e; sent < 40 && (e = leat_put(r, LEAT_OP_NOP, -1, sent)); sent++)
			;
		leat_submit(r);
		manual_rt_settle(f->d->m);
		if (i > 5)
			for (unsigned k = 0; k < 4 && next(r, &c); k++)
				assert_int_equal(c.user_data, n++);
	}
	while (next(r, &c))
		assert_int_equal(c.user_data, n++);
	assert_int_equal(n, sent);
	assert_true(ring_end(r));
	ring_free(r);
}

static void what_is_no_operation_is_refused(void **state)
{
	struct fixture *f = *state;
	put(f->a, LEAT_OPS, -1, 130);
	assert_int_equal(result(f, f->a, 130), -EINVAL);
	put(f->a, LEAT_OP_RECV, 5, 131);
	assert_int_equal(result(f, f->a, 131), -EBADF);
	put(f->a, LEAT_OP_RECV, INT32_MAX, 132);
	assert_int_equal(result(f, f->a, 132), -EBADF);
	put(f->a, LEAT_OP_CANCEL, -1, 133)->buf = (void *)7;
	assert_int_equal(result(f, f->a, 133), -ENOENT);
}

/* --- anything, by chance --- */

/* Each operation has a number, and room of its own for what it names. */
enum { CHANCE_OPS = 400, CHANCE_FDS = 12 };
struct chance {
	struct fixture *f;
	uint64_t x;
	uint32_t lent[64];
	unsigned n_lent;
	int fd[CHANCE_FDS];
	unsigned n, ended;
	uint8_t open[CHANCE_OPS]; /* not ended */
	bool on_b[CHANCE_OPS];
	struct name name[CHANCE_OPS];
	struct msghdr msg[CHANCE_OPS];
	struct iovec iov[CHANCE_OPS];
	char buf[CHANCE_OPS][512];
};

static uint32_t dice(struct chance *k, uint32_t n)
{
	k->x = k->x * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(k->x >> 33) % n;
}

static void remember(struct chance *k, unsigned op, const struct leat_cqe *c)
{
	if (c->flags & LEAT_CQE_LENT && k->n_lent < 64 && k->on_b[op])
		k->lent[k->n_lent++] = (uint32_t)c->lent;
	if (c->res > 1 << 20) /* a socket: its number has its generation in front */
		k->fd[dice(k, CHANCE_FDS)] = c->res;
}

static void collect(struct chance *k, struct leat_ring *r)
{
	struct leat_cqe c;
	while (next(r, &c)) {
		assert_true(c.user_data < k->n);
		assert_int_equal(k->open[c.user_data], 1);
		remember(k, (unsigned)c.user_data, &c);
		if (c.flags & LEAT_CQE_MORE)
			continue;
		k->open[c.user_data] = 0;
		k->ended++;
	}
}

static void fill_in(struct chance *k, struct leat_sqe *e, unsigned i)
{
	static const char *const to[] = { "10.0.0.1", "10.0.0.2", "10.0.0.9" };
	k->name[i] = name_of(to[dice(k, 3)], (uint16_t)(80 + dice(k, 3)));
	k->iov[i] = (struct iovec){ k->buf[i], 1 + dice(k, sizeof k->buf[i]) };
	k->msg[i] = (struct msghdr){ .msg_iov = &k->iov[i], .msg_iovlen = 1 };
	e->buf = k->buf[i];
	e->len = 1 + dice(k, sizeof k->buf[i]);
	e->addr = &k->name[i].sa;
	e->addr_len = k->name[i].len;
	e->flags = dice(k, 8) ? 0 : LEAT_MULTI;
	e->timeout_us = dice(k, 3) ? 0 : 1 + dice(k, 200000);
}

/* What is not an operation's own to have is set right again, so that all that is named is there. */
static void set_right(struct chance *k, struct leat_sqe *e, unsigned i)
{
	switch (e->op) {
	case LEAT_OP_SOCKET:
		e->fd = AF_INET;
		e->arg = dice(k, 3) ? SOCK_STREAM : SOCK_DGRAM;
		break;
	case LEAT_OP_ACCEPT:
	case LEAT_OP_GETSOCKNAME:
	case LEAT_OP_GETPEERNAME:
		e->ret_len = &k->name[i].len;
		k->name[i].len = sizeof k->name[i].in6;
		break;
	case LEAT_OP_SEND:
	case LEAT_OP_RECV:
		e->addr = NULL;
		break;
	case LEAT_OP_SENDMSG:
	case LEAT_OP_RECVMSG:
		e->buf = &k->msg[i];
		break;
	case LEAT_OP_SHUTDOWN:
		e->arg = dice(k, 3);
		break;
	case LEAT_OP_LISTEN:
		e->arg = 1 + dice(k, 8);
		break;
	case LEAT_OP_POLL:
		e->arg = dice(k, 2) ? EPOLLIN : EPOLLOUT;
		break;
	case LEAT_OP_CANCEL:
		e->buf = (void *)(uintptr_t)dice(k, k->n + 1);
		break;
	case LEAT_OP_GIVE_BACK:
		e->len = k->n_lent && k->on_b[i] ? k->lent[--k->n_lent] : 99;
		break;
	case LEAT_OP_SETSOCKOPT:
	case LEAT_OP_GETSOCKOPT:
		e->arg = dice(k, 2) ? IPPROTO_TCP : SOL_SOCKET;
		e->arg2 = 1 + (int)dice(k, 4);
		e->len = sizeof(int);
		e->ret_len = &k->name[i].len;
		break;
	default:
		break;
	}
}

static void ask_by_chance(struct chance *k)
{
	/* Those by which something comes about, more often. */
	static const uint8_t often[] = { LEAT_OP_SOCKET,  LEAT_OP_SOCKET,    LEAT_OP_SOCKET, LEAT_OP_BIND,
					 LEAT_OP_LISTEN,  LEAT_OP_LISTEN,    LEAT_OP_ACCEPT, LEAT_OP_ACCEPT,
					 LEAT_OP_CONNECT, LEAT_OP_CONNECT,   LEAT_OP_SEND,   LEAT_OP_RECV,
					 LEAT_OP_SEND_ZC, LEAT_OP_RECV_LEND, LEAT_OP_CANCEL };
	unsigned i = k->n++;
	k->on_b[i] = dice(k, 2);
	enum leat_op op = dice(k, 2) ? often[dice(k, sizeof often)] : (enum leat_op)dice(k, LEAT_OPS);
	struct leat_sqe *e = put(k->on_b[i] ? k->f->b : k->f->a, op, k->fd[dice(k, CHANCE_FDS)], i);
	fill_in(k, e, i);
	set_right(k, e, i);
	k->open[i] = 1;
}

/* Both rings' sockets are of one stack here, so that they meet. */
static void play(void **state, unsigned n_workers, uint64_t seed)
{
	struct chance *k = calloc(1, sizeof *k);
	setup_with(state, n_workers);
	struct fixture *f = k->f = *state;
	const struct leat_ring_opts last = { .worker = (int)n_workers - 1, .lends = 8 };
	assert_true(ring_end(f->b));
	ring_free(f->b);
	assert_int_equal(ring_new(f->one, &last, &f->b), 0);
	k->x = seed;
	memset(k->fd, -1, sizeof k->fd);
	while (k->n < CHANCE_OPS) {
		for (unsigned i = 1 + dice(k, 6); i && k->n < CHANCE_OPS; i--)
			ask_by_chance(k);
		go(f);
		if (!dice(k, 3))
			manual_rt_run(f->d->m, dice(k, 50000));
		collect(k, f->a);
		collect(k, f->b);
	}
	assert_true(ring_end(f->a));
	assert_true(ring_end(f->b));
	collect(k, f->a);
	collect(k, f->b);
	assert_int_equal(k->ended, k->n);
	teardown(state);
	free(k);
}

static void whatever_is_asked_ends_once(void **state)
{
	const char *more = getenv("LEAT_RING_SEEDS");
	for (uint64_t seed = 1; seed <= (more ? strtoull(more, NULL, 10) : 20); seed++) {
		play(state, 1, seed);
		play(state, 3, seed);
	}
}

#define EITHER(name)                                                  \
	cmocka_unit_test_setup_teardown(name, setup, teardown),       \
	{                                                             \
#name ", three workers", name, setup3, teardown, NULL \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		EITHER(bytes_go_both_ways),
		EITHER(a_long_send_ends_when_all_is_taken),
		EITHER(a_stack_talks_to_itself),
		EITHER(receives_are_served_in_order),
		EITHER(many_connections_for_one_accept),
		EITHER(single_accepts_take_one_each),
		EITHER(closing_cancels_what_waits),
		EITHER(what_went_of_a_write_that_is_given_up_counts),
		EITHER(a_receive_waits_so_long_and_not_longer),
		EITHER(without_memory_it_is_said_so),
		EITHER(refusal_is_told),
		EITHER(one_that_was_bound_connects),
		EITHER(polling_tells_of_bytes_and_room),
		EITHER(what_is_sent_without_a_copy_is_done_with_when_acknowledged),
		EITHER(bytes_without_a_copy_outlive_their_socket),
		EITHER(a_ring_that_ends_takes_its_bytes_back),
		EITHER(what_came_is_lent_where_it_lies),
		EITHER(no_more_is_lent_than_there_are_places_for),
		EITHER(an_established_stream_allocates_nothing),
		EITHER(datagrams_carry_addresses),
		EITHER(datagrams_of_one_call_are_read_one_by_one_or_joined),
		EITHER(a_full_completion_ring_loses_nothing),
		EITHER(what_is_no_operation_is_refused),
		cmocka_unit_test(whatever_is_asked_ends_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Streams where memory is short: each allocation of an open failed in turn, the limit of all connections, a peer that wants to use it up,
 * and connections that sleep. */
#include "net/sysctl.h"
#include "sock/sock_internal.h"
#include "stack/sock_rig.h"
#include "tcp/tcp_internal.h"

enum { TABLES = 4096, PORT = 80, TIDY = 15, OVER = 300 /* seconds: TIME-WAIT, too */ };

static struct tcp_worker *worker_of(struct leat_stack *st)
{
	return tcp_worker(st->worker[0]);
}

static struct sock *listener(struct duo *d)
{
	struct sock *s = open_of(d->two, AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind_at(s, "10.0.0.2", PORT), 0);
	assert_int_equal(sock_listen(s, 100), 0);
	return s;
}

static void set_knob(struct leat_stack *st, const char *name, const char *value)
{
	char why[200] = "";
	assert_int_equal(sysctl_set(st, name, value, why, sizeof why), 0);
}

static void pair_of(struct duo *d, struct sock *l, struct sock *ret[2])
{
	ret[0] = open_of(d->one, AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect_to(ret[0], "10.0.0.2", PORT), -EINPROGRESS);
	manual_rt_settle(d->m);
	assert_int_equal(sock_accept(l, &ret[1]), 0);
	manual_rt_settle(d->m);
}

/* --- every allocation fails once --- */

static bool is_lack(int err)
{
	return err == -ENOBUFS || err == -ENOMEM;
}

/* Open, listen, connect, accept, first data, close: goes on after whatever failed as a program would. Where it fails, it fails for lack
 * of memory; what the network lost comes again. */
static void whole_life(struct duo *d)
{
	struct sock *l = NULL, *a = NULL, *b = NULL;
	char buf[16];
	int err = sock_open(d->two, AF_INET, SOCK_STREAM, 0, NULL, &l);
	assert_true(!err || err == -ENOBUFS); /* Linux: inet_create() */
	if (!err && (err = bind_at(l, "10.0.0.2", PORT)))
		assert_true(is_lack(err));
	if (!err && (err = sock_listen(l, 5)))
		assert_true(is_lack(err));
	int open_err = sock_open(d->one, AF_INET, SOCK_STREAM, 0, NULL, &a);
	assert_true(!open_err || open_err == -ENOBUFS);
	if (!err && !open_err) {
		err = connect_to(a, "10.0.0.2", PORT);
		assert_true(err == -EINPROGRESS || is_lack(err));
		manual_rt_run(d->m, 20 * SEC);
		int got = sock_accept(l, &b);
		assert_true(!got || got == -EAGAIN || is_lack(got));
		if (is_lack(got)) /* it is still there to be accepted */
			assert_int_equal(sock_accept(l, &b), 0);
		if (err == -EINPROGRESS)
			assert_int_equal(!!b, 1);
	}
	if (b) {
		ssize_t n = sock_sendto(a, "hello", 5, 0, NULL, 0);
		assert_true(n == 5 || n == -EAGAIN || is_lack((int)n));
		manual_rt_run(d->m, 5 * SEC);
		if (n == 5)
			assert_int_equal(sock_recvfrom(b, buf, sizeof buf, 0, NULL, NULL), 5);
		manual_rt_run(d->m, TIDY * SEC); /* both fall asleep, or not */
		n = sock_sendto(b, "hello", 5, 0, NULL, 0);
		assert_true(n == 5 || n == -EAGAIN || is_lack((int)n));
	}
	sock_close(b);
	sock_close(a);
	sock_close(l);
	manual_rt_run(d->m, OVER * SEC);
}

static void fail_each(struct duo *d, struct leat_stack *st)
{
	uint64_t one = d->one->mem.used_bytes, two = d->two->mem.used_bytes;
	for (unsigned k = 1;; k++) {
		st->mem.fail_after = k;
		whole_life(d);
		bool done = st->mem.fail_after != 0;
		st->mem.fail_after = 0;
		for (unsigned i = 0; i < 2; i++) {
			const struct tcp_worker *tw = worker_of(i ? d->two : d->one);
			assert_int_equal(tw->held + tw->conns.used + tw->asleep.used + tw->motions.used, 0);
			assert_int_equal(tw->waits.used + tw->requests.used, 0);
		}
		/* But for tables, which may have grown; duo_free() finds every byte that is left over. */
		assert_true(d->one->mem.used_bytes <= one + TABLES && d->two->mem.used_bytes <= two + TABLES);
		assert_true(k < 500);
		if (done) {
			assert_true(k > 5);
			return;
		}
	}
}

static void each_allocation_of_an_open_may_fail(void **state)
{
	struct duo *d = duo_new(1);
	for (unsigned i = 0; i < 2; i++) /* tables that grow once */
		whole_life(d);
	fail_each(d, d->one);
	fail_each(d, d->two);
	duo_free(d);
}

/* --- buffers --- */

static void buffers_grow_with_use_until_the_program_says(void **state)
{
	static char bulk[1 << 20];
	struct duo *d = duo_new(1);
	struct sock *l = listener(d), *s[2];
	pair_of(d, l, s);
	assert_int_equal(get_int(s[0], SOL_SOCKET, SO_SNDBUF), 87040); /* Linux: twice ten segments */
	assert_int_equal(get_int(s[1], SOL_SOCKET, SO_RCVBUF), 131072);
	for (unsigned i = 0; i < 2000; i++) {
		sock_sendto(s[0], bulk, sizeof bulk, 0, NULL, 0);
		manual_rt_run(d->m, 500);
		while (sock_recvfrom(s[1], bulk, sizeof bulk, 0, NULL, NULL) > 0)
			;
	}
	assert_true(get_int(s[0], SOL_SOCKET, SO_SNDBUF) > 87040);
	assert_true(get_int(s[1], SOL_SOCKET, SO_RCVBUF) >= 131072);
	assert_int_equal(set_int(s[1], SOL_SOCKET, SO_RCVBUF, 50000), 0);
	assert_int_equal(get_int(s[1], SOL_SOCKET, SO_RCVBUF), 100000);
	for (unsigned i = 0; i < 200; i++) {
		sock_sendto(s[0], bulk, sizeof bulk, 0, NULL, 0);
		manual_rt_run(d->m, 500);
		while (sock_recvfrom(s[1], bulk, sizeof bulk, 0, NULL, NULL) > 0)
			;
	}
	assert_int_equal(get_int(s[1], SOL_SOCKET, SO_RCVBUF), 100000);
	sock_close(s[0]);
	sock_close(s[1]);
	sock_close(l);
	duo_free(d);
}

/* --- all connections together --- */

enum { CROWD = 30, LIMIT_PAGES = 200 };

static void all_together_keep_to_tcp_mem(void **state)
{
	static char bulk[65536];
	struct duo *d = duo_new(1);
	struct sock *l = listener(d), *s[CROWD][2];
	uint64_t most = 0;
	set_knob(d->two, "net.ipv4.tcp_mem", "50 100 200");
	for (unsigned i = 0; i < CROWD; i++)
		pair_of(d, l, s[i]);
	for (unsigned k = 0; k < 20; k++) { /* nobody reads */
		for (unsigned i = 0; i < CROWD; i++)
			sock_sendto(s[i][0], bulk, sizeof bulk, 0, NULL, 0);
		manual_rt_run(d->m, SEC);
		most = MAX(most, worker_of(d->two)->held);
	}
	assert_true(tcp_counted(d->two, TCP_N_MEMORY_PRESSURES) > 0);
	/* What was in order and alone is taken: a packet for each. */
	assert_true(most <= LIMIT_PAGES * 4096 + CROWD * (65536 + 4096));
	for (unsigned i = 0; i < CROWD; i++) { /* who reads gets all that was sent */
		for (unsigned k = 0; k < 2000 && sock_amount(s[i][0], SOCK_UNACKED); k++) {
			while (sock_recvfrom(s[i][1], bulk, sizeof bulk, 0, NULL, NULL) > 0)
				;
			manual_rt_run(d->m, SEC / 4);
		}
		assert_int_equal(sock_amount(s[i][0], SOCK_UNACKED), 0);
	}
	for (unsigned i = 0; i < CROWD; i++) {
		sock_close(s[i][0]);
		sock_close(s[i][1]);
	}
	manual_rt_run(d->m, OVER * SEC);
	assert_int_equal(worker_of(d->two)->held, 0);
	assert_int_equal(tcp_memory(d->two), TCP_MEMORY_PLENTY);
	sock_close(l);
	duo_free(d);
}

/* A segment of who is connected as `s`, but not of his stack. */
static void forge(struct duo *d, struct sock *raw, struct sock *s, uint32_t ahead, const char *bytes,
		  uint32_t len)
{
	const struct tcp_conn *c = tcp_sock_of(&s->end)->conn;
	uint8_t seg[TCP_HDR_MAX + 1500];
	const struct tcp_msg m = { .sport = c->h.key.lport,
				   .dport = c->h.key.rport,
				   .seq = c->snd_nxt + ahead,
				   .ack = c->rcv_nxt,
				   .flags = TCP_F_ACK | TCP_F_PSH,
				   .window = 1000 };
	uint32_t hdr = tcp_emit(&m, seg);
	memcpy(seg + hdr, bytes, len);
	be16 csum = be16_of(csum_done(csum_add(csum_pseudo4(l4_v4(&c->h.key.local), l4_v4(&c->h.key.remote),
							    IPPROTO_TCP, hdr + len),
					       csum_mem(seg, hdr + len))));
	memcpy(seg + offsetof(struct tcp_hdr, csum), &csum, sizeof csum);
	struct name to = name_of("10.0.0.2", 0);
	assert_int_equal(sock_sendto(raw, seg, hdr + len, 0, &to.sa, to.len), hdr + len);
}

static void a_spray_of_early_bytes_is_bounded_by_the_buffer(void **state)
{
	struct duo *d = duo_new(1);
	set_knob(d->one, "net.ipv4.tcp_timestamps", "0"); /* so that forged ones need none */
	set_knob(d->two, "net.ipv4.tcp_rmem", "4096 131072 300000");
	struct sock *l = listener(d), *raw = open_of(d->one, AF_INET, SOCK_RAW, IPPROTO_TCP), *s[2];
	pair_of(d, l, s);
	const struct tcp_conn *c = tcp_sock_of(&s[1]->end)->conn;
	uint32_t most = 0, rng = 1;
	for (unsigned i = 0; i < 5000; i++) { /* single bytes with holes between them, all over the window */
		rng = rng * 1664525 + 1013904223;
		forge(d, raw, s[0], 2 + (rng >> 8) % 60000, "x", 1);
		if (i % 50 == 0)
			manual_rt_run(d->m, 1000);
		most = MAX(most, tcp_rcv_held(c));
	}
	manual_rt_run(d->m, SEC);
	assert_true(most > 131072 && most <= 300000 + 65536);
	assert_true(tcp_counted(d->two, TCP_N_PRUNE_CALLED) > 0);
	assert_true(worker_of(d->two)->held <= (uint64_t)c->rcvbuf + 65536);
	char buf[64];
	ssize_t n = sock_sendto(s[0], "hello", 5, 0, NULL, 0); /* what is in order comes in all the same */
	manual_rt_run(d->m, 10 * SEC);
	assert_int_equal(n, 5);
	assert_true(sock_recvfrom(s[1], buf, 5, 0, NULL, NULL) >= 1);
	sock_close(raw);
	sock_close(s[0]);
	sock_close(s[1]);
	sock_close(l);
	duo_free(d);
}

static void tiny_segments_move_together(void **state)
{
	struct duo *d = duo_new(1);
	struct sock *l = listener(d), *s[2];
	char buf[4000];
	pair_of(d, l, s);
	assert_int_equal(set_int(s[0], IPPROTO_TCP, 1 /* TCP_NODELAY */, 1), 0);
	for (unsigned i = 0; i < 3000; i++) {
		assert_int_equal(sock_sendto(s[0], "x", 1, 0, NULL, 0), 1);
		if (i % 10 == 0)
			manual_rt_run(d->m, 1000);
	}
	manual_rt_run(d->m, SEC);
	assert_true(worker_of(d->two)->held <= 131072 + 65536);
	assert_int_equal(sock_recvfrom(s[1], buf, sizeof buf, 0, NULL, NULL), 3000);
	sock_close(s[0]);
	sock_close(s[1]);
	sock_close(l);
	duo_free(d);
}

/* --- sleep --- */

static void who_rests_sleeps_and_wakes_as_it_was(void **state)
{
	struct duo *d = duo_new(1);
	struct sock *l = listener(d), *s[2];
	char buf[16];
	pair_of(d, l, s);
	assert_int_equal(set_int(s[1], SOL_SOCKET, SO_KEEPALIVE, 1), 0);
	for (unsigned i = 0; i < 3; i++) {
		manual_rt_run(d->m, TIDY * SEC);
		assert_int_equal(worker_of(d->one)->asleep.used, 1);
		assert_int_equal(worker_of(d->two)->asleep.used, 1);
		assert_int_equal(worker_of(d->two)->conns.used, 0);
		assert_int_equal(sock_poll(s[1]), EPOLLOUT | EPOLLWRNORM); /* wakes nobody */
		assert_int_equal(worker_of(d->two)->conns.used, 0);
		assert_int_equal(sock_sendto(s[i % 2], "hello", 5, 0, NULL, 0), 5);
		manual_rt_settle(d->m);
		assert_int_equal(sock_recvfrom(s[1 - i % 2], buf, sizeof buf, 0, NULL, NULL), 5);
		assert_int_equal(worker_of(d->two)->conns.used, 1);
	}
	manual_rt_run(d->m, 7300ULL * SEC); /* its keepalive timer wakes it */
	assert_true(tcp_counted(d->two, TCP_N_KEEPALIVE) > 0);
	manual_rt_run(d->m, TIDY * SEC);
	sock_close(s[0]); /* of one that sleeps, to one that sleeps */
	manual_rt_settle(d->m);
	assert_int_equal(sock_recvfrom(s[1], buf, sizeof buf, 0, NULL, NULL), 0);
	sock_close(s[1]);
	sock_close(l);
	duo_free(d);
}

static void who_cannot_wake_ends_and_his_peer_is_told(void **state)
{
	struct duo *d = duo_new(1);
	struct sock *l = listener(d), *s[2];
	char buf[16];
	pair_of(d, l, s);
	manual_rt_run(d->m, TIDY * SEC);
	d->two->mem.fail_after = 1;
	assert_int_equal(sock_sendto(s[0], "hello", 5, 0, NULL, 0), 5); /* lost, and comes again */
	manual_rt_run(d->m, TIDY * SEC);
	assert_int_equal(d->two->mem.fail_after, 0);
	assert_int_equal(sock_recvfrom(s[1], buf, sizeof buf, 0, NULL, NULL), 5);
	manual_rt_run(d->m, 100ULL * SEC);
	d->two->mem.fail_after = 1;
	assert_int_equal(sock_recvfrom(s[1], buf, sizeof buf, 0, NULL, NULL), -ENOMEM);
	assert_int_equal(tcp_counted(d->two, TCP_N_ABORT_ON_MEMORY), 1);
	assert_int_equal(sock_sendto(s[0], "hello", 5, 0, NULL, 0), 5);
	manual_rt_run(d->m, SEC);
	assert_int_equal(sock_recvfrom(s[0], buf, sizeof buf, 0, NULL, NULL), -ECONNRESET);
	sock_close(s[0]);
	sock_close(s[1]);
	sock_close(l);
	duo_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_allocation_of_an_open_may_fail),
		cmocka_unit_test(buffers_grow_with_use_until_the_program_says),
		cmocka_unit_test(all_together_keep_to_tcp_mem),
		cmocka_unit_test(a_spray_of_early_bytes_is_bounded_by_the_buffer),
		cmocka_unit_test(tiny_segments_move_together),
		cmocka_unit_test(who_rests_sleeps_and_wakes_as_it_was),
		cmocka_unit_test(who_cannot_wake_ends_and_his_peer_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

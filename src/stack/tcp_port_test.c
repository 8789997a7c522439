/* SPDX-License-Identifier: BSD-2-Clause */
/* Which local port a connection gets (RFC 6056), its first number (RFC 6528), and who may be bound where something is left. */
#include <arpa/inet.h>
#include <math.h>

#include "l4/l4.h"
#include "sock/sock_internal.h"
#include "stack/rig.h"
#include "tcp/tcp_internal.h"

enum { DRAWS = 20000, BINS = 64 };

static struct sockaddr_in at(const char *ip, unsigned port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	assert_int_equal(inet_pton(AF_INET, ip, &a.sin_addr), 1);
	return a;
}

static struct sock *stream(struct rig *r, int reuse)
{
	struct sock *s;
	assert_int_equal(sock_open(r->st, AF_INET, SOCK_STREAM, 0, NULL, &s), 0);
	assert_int_equal(sock_setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse), 0);
	return s;
}

static int bind_to(struct sock *s, const char *ip, unsigned port)
{
	struct sockaddr_in a = at(ip, port);
	return sock_bind(s, (void *)&a, sizeof a);
}

static unsigned port_of(struct sock *s)
{
	struct sockaddr_in a;
	socklen_t len = sizeof a;
	assert_int_equal(sock_getsockname(s, (void *)&a, &len), 0);
	return ntohs(a.sin_port);
}

static struct rig *setup(void)
{
	struct rig *r = rig_new(workers, 0);
	iface_set_up(iface_by_name(r->st, "lo"), true);
	manual_rt_settle(r->m);
	return r;
}

/* A connection over loopback: [0] who called, [1] who was called. */
static void connect_pair(struct rig *r, struct sock *listener, struct sock *from, unsigned port,
			 struct sock *ret[2])
{
	struct sockaddr_in to = at("127.0.0.1", port);
	assert_int_equal(sock_connect(from, (void *)&to, sizeof to), -EINPROGRESS);
	manual_rt_settle(r->m);
	assert_int_equal(sock_accept(listener, &ret[1]), 0);
	ret[0] = from;
}

/* The first of two goes into TIME-WAIT. */
static void close_both(struct rig *r, struct sock *first, struct sock *second)
{
	sock_close(first);
	manual_rt_settle(r->m);
	sock_close(second);
	manual_rt_settle(r->m);
}

/* --- RFC 6056, 3.3.4 --- */

static uint16_t next_port(struct rig *r, struct sock *s, const struct ip6 *to, uint16_t rport)
{
	struct tcp_key k = { .local = l4_of4(be32_of(0x7f000001)), .remote = *to, .rport = rport };
	struct l4_end *e = &s->end;
	assert_int_equal(tcp_choose_port(e, &k, false), 0);
	return k.lport;
}

static void ports_of_one_destination_follow_each_other(void **state)
{
	struct rig *r = setup();
	struct sock *s = stream(r, 0);
	const uint32_t *range = l4_conf(r->st)->ports;
	const struct ip6 to = l4_of4(be32_of(0x0a000001));
	uint16_t before = next_port(r, s, &to, 80);
	for (unsigned i = 0; i < 40000; i++) {
		uint16_t now = next_port(r, s, &to, 80);
		assert_in_range(now, range[0], range[1]);
		assert_int_equal(now, before == range[1] ? range[0] : (unsigned)before + 1);
		before = now;
	}
	sock_close(s);
	rig_free(r);
}

/* Chi squared with n - 1 degrees of freedom: beyond n + 6 * sqrt(2 n) once in a thousand million. */
static void assert_even(const unsigned *bins, unsigned n, unsigned draws)
{
	double want = (double)draws / n, chi = 0;
	for (unsigned i = 0; i < n; i++)
		chi += (bins[i] - want) * (bins[i] - want) / want;
	assert_true(chi < n + 6 * sqrt(2.0 * n));
}

static void where_a_destination_begins_tells_nothing_of_another(void **state)
{
	struct rig *r = setup();
	struct sock *s = stream(r, 0);
	const uint32_t *range = l4_conf(r->st)->ports;
	unsigned first[BINS] = { 0 }, step[BINS] = { 0 }, span = range[1] - range[0] + 1;
	uint16_t before = 0;
	for (uint32_t i = 0; i < DRAWS; i++) {
		const struct ip6 to = l4_of4(be32_of(0x0a000000 + i));
		uint16_t now = next_port(r, s, &to, 80);
		first[(now - range[0]) * BINS / span]++;
		step[(unsigned)(now + span - before) % span * BINS / span]++;
		before = now;
	}
	assert_even(first, BINS, DRAWS);
	assert_even(step, BINS, DRAWS);
	sock_close(s);
	rig_free(r);
}

/* Both ways of a connection are one worker's, whatever port was chosen. */
static void replies_meet_their_connection(void **state)
{
	struct rig *r = setup();
	struct sock *s = stream(r, 0);
	const struct ip6 to = l4_of4(be32_of(0x0a000001));
	for (unsigned i = 0; i < 1000; i++) {
		struct tcp_key k = { .local = l4_of4(be32_of(0x7f000001)), .remote = to, .rport = 80 };
		k.lport = next_port(r, s, &to, 80);
		const struct tcp_key back = {
			.local = k.remote, .remote = k.local, .lport = k.rport, .rport = k.lport
		};
		assert_ptr_equal(tcp_owner(r->st, &k), tcp_owner(r->st, &back));
	}
	sock_close(s);
	rig_free(r);
}

/* --- RFC 6528 --- */

static void first_numbers_go_with_the_clock_and_apart(void **state)
{
	struct rig *r = setup();
	struct worker *w = r->st->worker[0];
	unsigned bins[BINS] = { 0 }, steps[BINS] = { 0 };
	uint32_t before = 0;
	for (uint32_t i = 0; i < DRAWS; i++) {
		struct tcp_key k = { .remote = l4_of4(be32_of(0x0a000000)),
				     .lport = (uint16_t)i,
				     .rport = (uint16_t)(i >> 16) };
		uint32_t now = tcp_first_seq(w, &k);
		bins[now / (UINT32_MAX / BINS + 1)]++;
		steps[(now - before) / (UINT32_MAX / BINS + 1)]++;
		before = now;
	}
	assert_even(bins, BINS, DRAWS);
	assert_even(steps, BINS, DRAWS);
	struct tcp_key k = { .lport = 1, .rport = 2 };
	uint32_t one = tcp_first_seq(w, &k);
	w->lc->now_us += 4000;
	assert_int_equal(tcp_first_seq(w, &k) - one, 1000);
	rig_free(r);
}

/* --- what is left on a port --- */

static void a_port_with_time_wait_is_for_those_who_reuse(void **state)
{
	struct rig *r = setup();
	for (int reuse = 0; reuse < 2; reuse++) {
		struct sock *l = stream(r, reuse), *pair[2], *next = stream(r, 0), *next_reuse = stream(r, 1);
		unsigned port = 700 + (unsigned)reuse;
		assert_int_equal(bind_to(l, "0.0.0.0", port), 0);
		assert_int_equal(sock_listen(l, 5), 0);
		connect_pair(r, l, stream(r, 0), port, pair);
		sock_close(l);
		assert_int_equal(bind_to(next, "0.0.0.0", port), -EADDRINUSE); /* it is connected */
		close_both(r, pair[1], pair[0]);
		assert_int_equal(bind_to(next, "0.0.0.0", port), -EADDRINUSE);
		assert_int_equal(bind_to(next, "127.0.0.2", port), 0); /* another address */
		assert_int_equal(bind_to(next_reuse, "127.0.0.1", port), reuse ? 0 : -EADDRINUSE);
		sock_close(next);
		sock_close(next_reuse);
		manual_rt_run(r->m, 61ULL * SEC);
		next = stream(r, 0);
		assert_int_equal(bind_to(next, "0.0.0.0", port), 0);
		sock_close(next);
	}
	rig_free(r);
}

static void a_port_of_a_connection_is_taken(void **state)
{
	struct rig *r = setup();
	struct sock *l = stream(r, 1), *pair[2], *next = stream(r, 0);
	assert_int_equal(bind_to(l, "0.0.0.0", 700), 0);
	assert_int_equal(sock_listen(l, 5), 0);
	connect_pair(r, l, stream(r, 0), 700, pair);
	assert_int_equal(bind_to(next, "0.0.0.0", port_of(pair[0])), -EADDRINUSE);
	close_both(r, pair[1], pair[0]); /* who called is done with it */
	assert_int_equal(bind_to(next, "0.0.0.0", 700), -EADDRINUSE);
	sock_close(next);
	sock_close(l);
	rig_free(r);
}

static void a_bound_port_calls_again_over_time_wait(void **state)
{
	struct rig *r = setup();
	struct sock *l = stream(r, 1), *pair[2], *from = stream(r, 1);
	assert_int_equal(bind_to(l, "0.0.0.0", 700), 0);
	assert_int_equal(sock_listen(l, 5), 0);
	assert_int_equal(bind_to(from, "127.0.0.1", 701), 0);
	connect_pair(r, l, from, 700, pair);
	close_both(r, pair[0], pair[1]);
	from = stream(r, 1);
	assert_int_equal(bind_to(from, "127.0.0.1", 701), 0);
	manual_rt_run(r->m, 2ULL * SEC);
	connect_pair(r, l, from, 700, pair);
	close_both(r, pair[1], pair[0]); /* TIME-WAIT on the other side: it takes a later number (RFC 6191) */
	from = stream(r, 1);
	assert_int_equal(bind_to(from, "127.0.0.1", 701), 0);
	connect_pair(r, l, from, 700, pair);
	close_both(r, pair[0], pair[1]);
	sock_close(l);
	rig_free(r);
}

TWICE(ports_of_one_destination_follow_each_other)
TWICE(where_a_destination_begins_tells_nothing_of_another)
TWICE(replies_meet_their_connection)
TWICE(first_numbers_go_with_the_clock_and_apart)
TWICE(a_port_with_time_wait_is_for_those_who_reuse)
TWICE(a_port_of_a_connection_is_taken)
TWICE(a_bound_port_calls_again_over_time_wait)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(ports_of_one_destination_follow_each_other),
		BOTH(where_a_destination_begins_tells_nothing_of_another),
		BOTH(replies_meet_their_connection),
		BOTH(first_numbers_go_with_the_clock_and_apart),
		BOTH(a_port_with_time_wait_is_for_those_who_reuse),
		BOTH(a_port_of_a_connection_is_taken),
		BOTH(a_bound_port_calls_again_over_time_wait),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

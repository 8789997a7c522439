/* SPDX-License-Identifier: BSD-2-Clause */
/* A flood of calls that nobody means, from host A, to a port that is in use. */
#include <arpa/inet.h>

#include "sock/sock.h"
#include "stack/rig.h"
#include "tcp/tcp_internal.h"
#include "wire/csum.h"

enum { PORT = 700, BACKLOG = 16, PER_TICK = 20, TICK_US = 10000, TICKS = 6000 /* 60 s */ };

static struct sockaddr_in at(const char *ip, unsigned port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	assert_int_equal(inet_pton(AF_INET, ip, &a.sin_addr), 1);
	return a;
}

static struct sock *stream(struct rig *r)
{
	struct sock *s;
	assert_int_equal(sock_open(r->st, AF_INET, SOCK_STREAM, 0, NULL, &s), 0);
	return s;
}

static void call_from_a(struct rig *r, uint16_t port, uint32_t seq)
{
	uint8_t hdr[IP4_HDR_MAX], tcp[TCP_HDR_MAX];
	static const uint8_t mss[] = { TCP_OPT_MSS, 4, 5, 0xb4 };
	const struct tcp_msg m = { .sport = port,
				   .dport = PORT,
				   .seq = seq,
				   .flags = TCP_F_SYN,
				   .window = 1000,
				   .options = cur_of(mss, sizeof mss) };
	struct ip4_msg ip = ip4_packet("10.0.1.2", "10.0.1.1");
	unsigned len = tcp_emit(&m, tcp);
	struct frame f;
	be16 sum = be16_of(
		csum_done(csum_add(csum_pseudo4(ip.src, ip.dst, IPPROTO_TCP, len), csum_mem(tcp, len))));
	memcpy(tcp + offsetof(struct tcp_hdr, csum), &sum, sizeof sum);
	ip.proto = IPPROTO_TCP;
	ip.body = cur_of(tcp, len);
	frame_eth(&f, &r->a, NULL, ETH_P_IP);
	frame_put(&f, hdr, ip4_emit(&ip, hdr));
	frame_put(&f, tcp, len);
	rig_send(r, &r->a, &f);
}

struct scene {
	struct rig *r;
	struct sock *listener, *one, *other;
	uint32_t random;
};

static struct sock *connect_in(struct scene *s, struct sock **ret_other)
{
	struct sock *from = stream(s->r);
	struct sockaddr_in to = at("127.0.0.1", PORT);
	assert_int_equal(sock_connect(from, (void *)&to, sizeof to), -EINPROGRESS);
	manual_rt_settle(s->r->m);
	assert_int_equal(sock_accept(s->listener, ret_other), 0);
	return from;
}

static struct scene setup(void)
{
	struct scene s = { .r = rig_new(workers, 0), .random = 1 };
	struct sockaddr_in any = at("0.0.0.0", PORT);
	iface_set_up(iface_by_name(s.r->st, "lo"), true);
	rig_neigh(s.r, &s.r->a, "10.0.1.2");
	s.listener = stream(s.r);
	assert_int_equal(sock_bind(s.listener, (void *)&any, sizeof any), 0);
	assert_int_equal(sock_listen(s.listener, BACKLOG), 0);
	s.one = connect_in(&s, &s.other);
	return s;
}

static unsigned requests(const struct rig *r)
{
	unsigned n = 0;
	for (unsigned i = 0; i < r->st->n_workers; i++)
		n += (unsigned)tcp_worker(r->st->worker[i])->requests.used;
	return n;
}

/* A byte goes over at once, flood or not. */
static void say(struct scene *s, uint8_t what)
{
	uint8_t got = 0;
	assert_int_equal(sock_sendto(s->one, &what, 1, 0, NULL, 0), 1);
	manual_rt_settle(s->r->m);
	assert_int_equal(sock_recvfrom(s->other, &got, 1, 0, NULL, NULL), 1);
	assert_int_equal(got, what);
}

static void flood(struct scene *s, unsigned ticks)
{
	for (unsigned i = 0; i < ticks; i++) {
		for (unsigned k = 0; k < PER_TICK; k++) {
			s->random = s->random * 1664525 + 1013904223;
			call_from_a(s->r, (uint16_t)(1024 + (s->random >> 8) % 60000), s->random);
		}
		assert_in_range(requests(s->r), 0, BACKLOG);
		rig_clear(&s->r->a);
		manual_rt_run(s->r->m, TICK_US);
		rig_clear(&s->r->a);
		say(s, (uint8_t)i);
	}
}

static void end(struct scene *s)
{
	sock_close(s->one);
	sock_close(s->other);
	sock_close(s->listener);
	rig_free(s->r);
}

static void a_flood_costs_a_connection_nothing(void **state)
{
	struct scene s = setup();
	struct sock *other;
	flood(&s, TICKS / 60);
	uint64_t used = s.r->st->mem.used_bytes;
	flood(&s, TICKS / 60 * 5);
	assert_in_range(s.r->st->mem.used_bytes, 0, used + used / 10);
	assert_in_range(tcp_counted(s.r->st, TCP_N_SYNCOOKIES_SENT), PER_TICK * TICKS / 60 * 5,
			PER_TICK * TICKS / 10);
	struct sock *one = connect_in(&s, &other); /* who means it is served, by a cookie */
	assert_int_equal(tcp_counted(s.r->st, TCP_N_SYNCOOKIES_RECV), 1);
	sock_close(one);
	sock_close(other);
	end(&s);
}

static void without_cookies_calls_are_dropped_and_nothing_else(void **state)
{
	struct scene s = setup();
	tcp_stack(s.r->st)->conf.syncookies = 0;
	flood(&s, TICKS / 60);
	assert_int_equal(tcp_counted(s.r->st, TCP_N_SYNCOOKIES_SENT), 0);
	assert_in_range(tcp_counted(s.r->st, TCP_N_REQ_FULL_DROP), PER_TICK * TICKS / 60 / 2,
			PER_TICK * TICKS / 60);
	assert_int_equal(tcp_counted(s.r->st, TCP_N_REQ_FULL_DROP), tcp_counted(s.r->st, TCP_N_LISTEN_DROPS));
	end(&s);
}

static void old_requests_go_sooner_when_room_is_scarce(void **state)
{
	struct scene s = setup();
	for (unsigned i = 0; i < BACKLOG; i++)
		call_from_a(s.r, (uint16_t)(2000 + i), i);
	assert_int_equal(requests(s.r), BACKLOG);
	for (unsigned i = 0; i < 10; i++) {
		manual_rt_run(s.r->m, SEC);
		rig_clear(&s.r->a);
	}
	assert_in_range(requests(s.r), 0, BACKLOG / 2);
	end(&s);
}

TWICE(a_flood_costs_a_connection_nothing)
TWICE(without_cookies_calls_are_dropped_and_nothing_else)
TWICE(old_requests_go_sooner_when_room_is_scarce)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(a_flood_costs_a_connection_nothing),
		BOTH(without_cookies_calls_are_dropped_and_nothing_else),
		BOTH(old_requests_go_sooner_when_room_is_scarce),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

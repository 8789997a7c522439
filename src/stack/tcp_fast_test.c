/* SPDX-License-Identifier: BSD-2-Clause */
/* Fast Open (RFC 7413) between two sockets of a stack, and with host A, which says what it likes. */
#include <arpa/inet.h>
#include <linux/tcp.h>

#include "net/sysctl.h"
#include "sock/sock.h"
#include "sock/turn.h"
#include "stack/rig.h"
#include "tcp/host.h"
#include "wire/csum.h"

enum { PORT = 700, HOST_PORT = 5000 };

static struct sockaddr_in at(const char *ip, unsigned port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	assert_int_equal(inet_pton(AF_INET, ip, &a.sin_addr), 1);
	return a;
}

static void set(struct rig *r, const char *name, const char *value)
{
	char why[128];
	assert_int_equal(sysctl_set(r->st, name, value, why, sizeof why), 0);
}

static struct sock *stream(struct rig *r)
{
	struct sock *s;
	assert_int_equal(sock_open(r->st, AF_INET, SOCK_STREAM, 0, NULL, &s), 0);
	return s;
}

static struct rig *setup(const char *how)
{
	struct rig *r = rig_new(workers, 0);
	iface_set_up(iface_by_name(r->st, "lo"), true);
	rig_neigh(r, &r->a, "10.0.1.2");
	set(r, "net.ipv4.tcp_fastopen", how);
	manual_rt_settle(r->m);
	return r;
}

static struct sock *listener(struct rig *r, int most)
{
	struct sock *s = stream(r);
	struct sockaddr_in any = at("0.0.0.0", PORT);
	assert_int_equal(sock_bind(s, (void *)&any, sizeof any), 0);
	assert_int_equal(sock_setsockopt(s, IPPROTO_TCP, TCP_FASTOPEN, &most, sizeof most), 0);
	assert_int_equal(sock_listen(s, 16), 0);
	return s;
}

static ssize_t send_open(struct sock *s, const char *ip, const void *bytes, size_t len)
{
	struct sockaddr_in to = at(ip, PORT);
	return sock_sendto(s, bytes, len, MSG_FASTOPEN, (void *)&to, sizeof to);
}

static uint8_t options_of(struct sock *s)
{
	struct tcp_info i;
	socklen_t len = sizeof i;
	assert_int_equal(sock_getsockopt(s, IPPROTO_TCP, TCP_INFO, &i, &len), 0);
	return i.tcpi_options;
}

static void expect_bytes(struct sock *s, const char *want)
{
	char got[64] = "";
	assert_int_equal(sock_recvfrom(s, got, sizeof got, 0, NULL, NULL), strlen(want));
	assert_string_equal(got, want);
}

/* --- both ends here --- */

static void learn_cookie(struct rig *r, struct sock *l)
{
	struct sock *first = stream(r), *got;
	assert_int_equal(send_open(first, "127.0.0.1", "x", 1), -EINPROGRESS);
	manual_rt_settle(r->m);
	assert_int_equal(sock_accept(l, &got), 0);
	assert_false(options_of(got) & TCPI_OPT_SYN_DATA);
	sock_close(first);
	sock_close(got);
	manual_rt_settle(r->m);
}

static void the_second_call_brings_its_data(void **state)
{
	struct rig *r = setup("3");
	struct sock *l = listener(r, 8), *s = stream(r), *got;
	learn_cookie(r, l);
	assert_int_equal(send_open(s, "127.0.0.1", "hello", 5), 5);
	manual_rt_settle(r->m);
	assert_int_equal(sock_accept(l, &got), 0);
	expect_bytes(got, "hello");
	assert_true(options_of(got) & TCPI_OPT_SYN_DATA);
	assert_true(options_of(s) & TCPI_OPT_SYN_DATA);
	assert_int_equal(sock_sendto(got, "you", 3, 0, NULL, 0), 3);
	manual_rt_settle(r->m);
	expect_bytes(s, "you");
	assert_int_equal(tcp_counted(r->st, TCP_N_FAST_ACTIVE), 1);
	assert_int_equal(tcp_counted(r->st, TCP_N_FAST_PASSIVE), 1);
	sock_close(s);
	sock_close(got);
	sock_close(l);
	rig_free(r);
}

static void who_gives_up_waiting_hears_what_has_left(void **state)
{
	struct rig *r = setup("3");
	struct sock *l = listener(r, 8), *s = stream(r), *got;
	struct sockaddr_in to = at("127.0.0.1", PORT);
	struct sock_msg m = {
		.buf = (void *)"hello", .len = 5, .name = &to, .name_len = sizeof to, .waits = true
	};
	learn_cookie(r, l);
	assert_int_equal(sock_sendmsg(s, &m, MSG_FASTOPEN), -EAGAIN);
	assert_int_equal(sock_sent_untold_in_turn(s), 5);
	assert_int_equal(sock_sent_untold_in_turn(s), 0);
	manual_rt_settle(r->m);
	m = (struct sock_msg){ .buf = (void *)" and more", .len = 9, .waits = true };
	assert_int_equal(sock_sendmsg(s, &m, 0), 9);
	manual_rt_settle(r->m);
	assert_int_equal(sock_accept(l, &got), 0);
	expect_bytes(got, "hello and more");
	sock_close(s);
	sock_close(got);
	sock_close(l);
	rig_free(r);
}

/* The listener has another key now: the cookie is refused, another one given, and nothing is lost. */
static void a_cookie_of_before_is_replaced(void **state)
{
	struct rig *r = setup("3");
	struct sock *l = listener(r, 8), *s = stream(r), *got;
	learn_cookie(r, l);
	set(r, "net.ipv4.tcp_fastopen_key", "1-2-3-4");
	assert_int_equal(send_open(s, "127.0.0.1", "hello", 5), 5);
	manual_rt_settle(r->m);
	assert_int_equal(sock_accept(l, &got), 0);
	expect_bytes(got, "hello");
	assert_false(options_of(got) & TCPI_OPT_SYN_DATA);
	assert_int_equal(tcp_counted(r->st, TCP_N_FAST_PASSIVE_FAIL), 1);
	assert_int_equal(tcp_counted(r->st, TCP_N_FAST_ACTIVE_FAIL), 1);
	sock_close(s);
	sock_close(got);
	s = stream(r);
	assert_int_equal(send_open(s, "127.0.0.1", "again", 5), 5);
	manual_rt_settle(r->m);
	assert_int_equal(tcp_counted(r->st, TCP_N_FAST_PASSIVE), 1);
	sock_close(s);
	sock_close(l);
	rig_free(r);
}

static void cookies_survive_a_save(void **state)
{
	struct rig *a = setup("3"), *b = setup("3");
	struct sock *l = listener(a, 8);
	const struct ip6 lo = l4_of4(be32_of(0x7f000001));
	char *text, why[256];
	size_t len;
	learn_cookie(a, l);
	assert_int_equal(stack_save_text(a->st, &text, &len), 0);
	assert_int_equal(stack_restore_text(b->st, text, len, why, sizeof why), 0);
	const struct tcp_host *was = tcp_host_find(a->st, &lo, &lo), *now = tcp_host_find(b->st, &lo, &lo);
	assert_non_null(was);
	assert_non_null(now);
	assert_int_equal(now->cookie.len, 8);
	assert_memory_equal(&now->cookie, &was->cookie, sizeof now->cookie);
	assert_int_equal(now->mss, was->mss);
	assert_memory_equal(tcp_stack(b->st)->conf.fast_key, tcp_stack(a->st)->conf.fast_key,
			    sizeof tcp_stack(a->st)->conf.fast_key);
	free(text);
	sock_close(l);
	rig_free(a);
	rig_free(b);
}

/* --- host A --- */

static void from_a(struct rig *r, uint16_t flags, uint32_t seq, uint32_t ack, const char *bytes)
{
	uint8_t hdr[IP4_HDR_MAX], tcp[TCP_HDR_MAX + 64];
	const struct tcp_msg m = {
		.sport = HOST_PORT, .dport = PORT, .seq = seq, .ack = ack, .flags = flags, .window = 1000
	};
	struct ip4_msg ip = ip4_packet("10.0.1.2", "10.0.1.1");
	unsigned len = tcp_emit(&m, tcp);
	struct frame f;
	memcpy(tcp + len, bytes, strlen(bytes));
	len += (unsigned)strlen(bytes);
	be16 sum = be16_of(
		csum_done(csum_add(csum_pseudo4(ip.src, ip.dst, IPPROTO_TCP, len), csum_mem(tcp, len))));
	memcpy(tcp + offsetof(struct tcp_hdr, csum), &sum, sizeof sum);
	ip.proto = IPPROTO_TCP;
	ip.body = cur_of(tcp, len);
	frame_eth(&f, &r->a, NULL, ETH_P_IP);
	frame_put(&f, hdr, ip4_emit(&ip, hdr));
	frame_put(&f, tcp, len);
	rig_send(r, &r->a, &f);
	manual_rt_settle(r->m);
}

/* The number that the stack's last segment to A began with. */
static uint32_t last_seq(const struct rig *r)
{
	const struct rig_frame *f = r->a.frame[r->a.n - 1];
	struct tcp_hdr h;
	memcpy(&h, f->b + 14 + 20, sizeof h);
	return be32_get(h.seq);
}

static void an_open_that_is_not_over_survives_a_save(void **state)
{
	for (unsigned accepted = 0; accepted < 2; accepted++) {
		struct rig *a = setup("0x202"), *b = setup("0x202");
		struct sock *l = listener(a, 8), *got = NULL, *restored[2] = { 0 };
		char *text, why[256];
		size_t len;
		from_a(a, TCP_F_SYN, 1000, 0, "hello");
		uint32_t iss = last_seq(a);
		if (accepted)
			assert_int_equal(sock_accept(l, &got), 0);
		assert_int_equal(stack_save_text(a->st, &text, &len), 0);
		assert_int_equal(stack_restore_text(b->st, text, len, why, sizeof why), 0);
		for (unsigned i = 0; i < 1 + accepted; i++)
			assert_int_equal(sock_restored(b->st, &restored[i]), 0);
		unsigned sent = b->a.n;
		manual_rt_run(b->m, 2 * SEC); /* the answer is sent again */
		assert_true(b->a.n > sent);
		assert_int_equal(last_seq(b), iss);
		from_a(b, TCP_F_ACK, 1006, iss + 1, "you");
		if (!accepted)
			assert_int_equal(sock_accept(restored[0], &restored[1]), 0);
		unsigned connected = 0;
		for (unsigned i = 0; i < 2; i++) {
			struct sockaddr_in peer;
			socklen_t room = sizeof peer;
			if (!sock_getpeername(restored[i], (void *)&peer, &room)) {
				expect_bytes(restored[i], "helloyou");
				connected++;
			}
			sock_close(restored[i]);
		}
		assert_int_equal(connected, 1);
		free(text);
		sock_close(got);
		sock_close(l);
		rig_free(a);
		rig_free(b);
	}
}

/* Whoever was accepted goes on when the listener goes; whoever was not is reset. */
static void a_listener_may_go_first(void **state)
{
	struct rig *r = setup("0x202");
	struct sock *l = listener(r, 8), *got;
	from_a(r, TCP_F_SYN, 1000, 0, "hello");
	uint32_t iss = last_seq(r);
	assert_int_equal(sock_accept(l, &got), 0);
	sock_close(l);
	expect_bytes(got, "hello");
	from_a(r, TCP_F_ACK, 1006, iss + 1, "more");
	expect_bytes(got, "more");
	sock_close(got);
	rig_free(r);
}

static void nobody_answers_in_the_end(void **state)
{
	struct rig *r = setup("0x202");
	struct sock *l = listener(r, 8), *got;
	char byte;
	from_a(r, TCP_F_SYN, 1000, 0, "hello");
	assert_int_equal(sock_accept(l, &got), 0);
	expect_bytes(got, "hello");
	rig_clear(&r->a);
	manual_rt_run(r->m, 300ULL * SEC);
	assert_int_equal(sock_recvfrom(got, &byte, 1, 0, NULL, NULL), -ETIMEDOUT);
	sock_close(got);
	sock_close(l);
	rig_free(r);
}

TWICE(the_second_call_brings_its_data)
TWICE(who_gives_up_waiting_hears_what_has_left)
TWICE(a_cookie_of_before_is_replaced)
TWICE(cookies_survive_a_save)
TWICE(an_open_that_is_not_over_survives_a_save)
TWICE(a_listener_may_go_first)
TWICE(nobody_answers_in_the_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(the_second_call_brings_its_data),
		BOTH(who_gives_up_waiting_hears_what_has_left),
		BOTH(a_cookie_of_before_is_replaced),
		BOTH(cookies_survive_a_save),
		BOTH(an_open_that_is_not_over_survives_a_save),
		BOTH(a_listener_may_go_first),
		BOTH(nobody_answers_in_the_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

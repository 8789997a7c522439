/* SPDX-License-Identifier: BSD-2-Clause */
/* Which congestion control a connection gets: by the stack, the program, the route; and how fast it may send. */
#include <arpa/inet.h>
#include <linux/tcp.h>

#include "net/fib.h"
#include "net/route_fill.h"
#include "net/sysctl.h"
#include "sock/sock.h"
#include "stack/rig.h"
#include "tcp/tcp_internal.h"

enum { PORT = 7000, CROWD = 50 };

static struct rig *setup(void)
{
	struct rig *r = rig_new(workers, 0);
	iface_set_up(iface_by_name(r->st, "lo"), true);
	manual_rt_settle(r->m);
	return r;
}

static int set(struct rig *r, const char *name, const char *value)
{
	char why[200] = "";
	return sysctl_set(r->st, name, value, why, sizeof why);
}

static const char *get(struct rig *r, const char *name)
{
	static char text[KNOB_TEXT_MAX];
	struct sysctl s;
	assert_int_equal(sysctl_find(r->st, name, &s), 0);
	sysctl_value(&s, text);
	return text;
}

static struct sock *stream(struct rig *r, bool admin)
{
	const struct sock_creds creds = { .net_admin = admin };
	struct sock *s;
	assert_int_equal(sock_open(r->st, AF_INET, SOCK_STREAM, 0, &creds, &s), 0);
	return s;
}

static int choose(struct sock *s, const char *name)
{
	return sock_setsockopt(s, IPPROTO_TCP, TCP_CONGESTION, name, (socklen_t)strlen(name));
}

static const char *chosen(struct sock *s)
{
	static char name[CC_NAME_MAX];
	socklen_t len = sizeof name;
	assert_int_equal(sock_getsockopt(s, IPPROTO_TCP, TCP_CONGESTION, name, &len), 0);
	return name;
}

static struct sock *listen_at(struct rig *r, const char *ip)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	struct sock *s = stream(r, true);
	inet_pton(AF_INET, ip, &a.sin_addr);
	assert_int_equal(sock_bind(s, (void *)&a, sizeof a), 0);
	assert_int_equal(sock_listen(s, CROWD), 0);
	return s;
}

/* s calls the listener; who was called. */
static struct sock *call(struct rig *r, struct sock *s, struct sock *listener, const char *ip)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	struct sock *peer;
	inet_pton(AF_INET, ip, &a.sin_addr);
	assert_int_equal(sock_connect(s, (void *)&a, sizeof a), -EINPROGRESS);
	manual_rt_settle(r->m);
	assert_int_equal(sock_connect(s, (void *)&a, sizeof a), 0);
	assert_int_equal(sock_accept(listener, &peer), 0);
	return peer;
}

/* --- names --- */

static void the_default_is_for_who_chooses_nothing(void **state)
{
	struct rig *r = setup();
	struct sock *l = listen_at(r, "127.0.0.1"), *s = stream(r, false), *peer;
	assert_string_equal(get(r, "net.ipv4.tcp_congestion_control"), "cubic");
	assert_string_equal(chosen(s), "cubic");
	assert_int_equal(set(r, "net.ipv4.tcp_congestion_control", "dctcp"), 0);
	peer = call(r, s, l, "127.0.0.1");
	assert_string_equal(chosen(s), "dctcp"); /* when the connection begins */
	assert_string_equal(chosen(peer), "dctcp");
	assert_int_not_equal(set(r, "net.ipv4.tcp_congestion_control", "tahoe"), 0);
	sock_close(s);
	sock_close(peer);
	sock_close(l);
	rig_free(r);
}

static void programs_choose_among_what_is_allowed(void **state)
{
	struct rig *r = setup();
	struct sock *plain = stream(r, false), *admin = stream(r, true);
	assert_string_equal(get(r, "net.ipv4.tcp_available_congestion_control"), "reno cubic bic dctcp bbr");
	assert_string_equal(get(r, "net.ipv4.tcp_allowed_congestion_control"), "reno cubic bbr");
	assert_int_not_equal(set(r, "net.ipv4.tcp_available_congestion_control", "reno"), 0);
	assert_int_equal(choose(plain, "bbr"), 0);
	assert_int_equal(choose(plain, "bic"), -EPERM);
	assert_int_equal(choose(plain, "tahoe"), -ENOENT);
	assert_int_equal(choose(admin, "bic"), 0);
	assert_int_equal(set(r, "net.ipv4.tcp_allowed_congestion_control", "bic"), 0);
	assert_int_equal(choose(plain, "bic"), 0);
	assert_int_equal(choose(plain, "reno"), -EPERM);
	assert_int_equal(choose(plain, "cubic"), 0); /* the default */
	sock_close(plain);
	sock_close(admin);
	rig_free(r);
}

static void add_route(struct rig *r, const char *algorithm, bool locked)
{
	struct fib_route route = {
		.table = RT_TABLE_LOCAL, .plen = 32, .family = AF_INET, .protocol = RTPROT_BOOT
	};
	route.nh.type = RTN_LOCAL;
	route.nh.scope = RT_SCOPE_HOST;
	route.nh.if_handle = iface_by_name(r->st, "lo")->handle;
	route.nh.metric[RTAX_LOCK] = locked ? 1u << RTAX_CC_ALGO : 0;
	strcpy(route.nh.cc_algo, algorithm);
	inet_pton(AF_INET, "127.0.0.9", &route.dst);
	assert_int_equal(fib_add(r->st, &route, FIB_ADD, NULL), 0);
	view_publish(r->st);
	manual_rt_settle(r->m);
}

static void a_route_counts_more_than_the_program(void **state)
{
	for (unsigned locked = 0; locked < 2; locked++) {
		struct rig *r = setup();
		add_route(r, "bbr", locked);
		struct sock *l = listen_at(r, "127.0.0.9"), *s = stream(r, true), *peer;
		assert_int_equal(choose(s, "reno"), 0);
		peer = call(r, s, l, "127.0.0.9");
		assert_string_equal(chosen(s), "bbr");
		assert_string_equal(chosen(peer), "bbr"); /* it is the way back, too */
		assert_int_equal(choose(s, "reno"), locked ? -EPERM : 0);
		sock_close(s);
		sock_close(peer);
		sock_close(l);
		rig_free(r);
	}
}

/* net does not know cc. */
static void routes_know_the_same_names(void **state)
{
	for (unsigned i = 0; cc_name(i); i++)
		assert_true(route_cc_algo_known(cc_name(i)));
	assert_false(route_cc_algo_known("tahoe"));
	assert_false(route_cc_algo_known(""));
}

/* --- rates --- */

static void a_rate_may_be_set_and_read(void **state)
{
	struct rig *r = setup();
	struct sock *s = stream(r, false);
	uint32_t narrow = 1000000;
	uint64_t wide = 5000000000;
	socklen_t len = sizeof narrow;
	assert_int_equal(sock_getsockopt(s, SOL_SOCKET, SO_MAX_PACING_RATE, &narrow, &len), 0);
	assert_int_equal(narrow, UINT32_MAX);
	assert_int_equal(sock_setsockopt(s, SOL_SOCKET, SO_MAX_PACING_RATE, &wide, sizeof wide), 0);
	len = sizeof wide;
	wide = 0;
	assert_int_equal(sock_getsockopt(s, SOL_SOCKET, SO_MAX_PACING_RATE, &wide, &len), 0);
	assert_true(wide == 5000000000);
	assert_int_equal(sock_setsockopt(s, SOL_SOCKET, SO_MAX_PACING_RATE, &narrow, sizeof narrow), 0);
	assert_int_equal(sock_getsockopt(s, SOL_SOCKET, SO_MAX_PACING_RATE, &wide, &len), 0);
	assert_true(wide == UINT64_MAX);
	assert_int_equal(sock_setsockopt(s, SOL_SOCKET, SO_MAX_PACING_RATE, &narrow, 2), -EINVAL);
	sock_close(s);
	rig_free(r);
}

static struct tcp_info info(struct sock *s)
{
	struct tcp_info i;
	socklen_t len = sizeof i;
	assert_int_equal(sock_getsockopt(s, IPPROTO_TCP, TCP_INFO, &i, &len), 0);
	return i;
}

static uint64_t pump(struct sock *from, struct sock *to)
{
	static uint8_t buf[20000];
	uint64_t got = 0;
	while (sock_sendto(from, buf, sizeof buf, 0, NULL, 0) > 0)
		;
	for (ssize_t n; (n = sock_recvfrom(to, buf, sizeof buf, 0, NULL, NULL)) > 0;)
		got += (uint64_t)n;
	return got;
}

/* They share one timer, and each has its rate. */
static void a_crowd_is_paced_by_one_wheel(void **state)
{
	struct rig *r = setup();
	struct sock *l = listen_at(r, "127.0.0.1"), *s[CROWD], *peer[CROWD];
	uint64_t got[CROWD] = { 0 };
	int room = 50000, mss = 1460;
	for (unsigned i = 0; i < CROWD; i++) {
		uint32_t rate = 100000 + i * 20000;
		s[i] = stream(r, false);
		assert_int_equal(sock_setsockopt(s[i], SOL_SOCKET, SO_SNDBUF, &room, sizeof room), 0);
		assert_int_equal(sock_setsockopt(s[i], IPPROTO_TCP, TCP_MAXSEG, &mss, sizeof mss), 0);
		assert_int_equal(sock_setsockopt(s[i], SOL_SOCKET, SO_MAX_PACING_RATE, &rate, sizeof rate),
				 0);
		peer[i] = call(r, s[i], l, "127.0.0.1");
	}
	for (unsigned ms = 0; ms < 3000; ms += 5) {
		for (unsigned i = 0; i < CROWD; i++) {
			uint64_t n = pump(s[i], peer[i]);
			got[i] += ms >= 1000 ? n : 0;
		}
		manual_rt_run(r->m, 5000);
	}
	for (unsigned i = 0; i < CROWD; i++) {
		uint64_t want = 2 * (100000 + i * 20000);
		/* packets are large where round trips are short: one more or less */
		assert_in_range(got[i], want * 97 / 100 - 20000, want * 103 / 100 + 20000);
		const struct tcp_info n = info(s[i]);
		assert_int_equal(n.tcpi_max_pacing_rate, want / 2);
		assert_int_equal(n.tcpi_pacing_rate, want / 2);
		assert_true(n.tcpi_delivered > 0 && n.tcpi_min_rtt != UINT32_MAX);
		sock_close(s[i]); /* some of them wait in the wheel */
	}
	manual_rt_run(r->m, 1000000);
	for (unsigned i = 0; i < CROWD; i++)
		sock_close(peer[i]);
	sock_close(l);
	rig_free(r);
}

TWICE(the_default_is_for_who_chooses_nothing)
TWICE(programs_choose_among_what_is_allowed)
TWICE(a_route_counts_more_than_the_program)
TWICE(routes_know_the_same_names)
TWICE(a_rate_may_be_set_and_read)
TWICE(a_crowd_is_paced_by_one_wheel)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(the_default_is_for_who_chooses_nothing),
		BOTH(programs_choose_among_what_is_allowed),
		BOTH(a_route_counts_more_than_the_program),
		BOTH(routes_know_the_same_names),
		BOTH(a_rate_may_be_set_and_read),
		BOTH(a_crowd_is_paced_by_one_wheel),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

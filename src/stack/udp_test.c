/* SPDX-License-Identifier: BSD-2-Clause */
/* UDP sockets between two stacks, and within one. */
#include <time.h>

#include <linux/errqueue.h>

#include "net/sysctl.h"
#include "stack/sock_rig.h"

static void datagrams_go_there_and_back(void **state)
{
	struct duo *d = duo_start();
	struct sock *a = udp_of(d->one, "10.0.0.1", 5000), *b = udp_of(d->two, "0.0.0.0", 7);
	assert_int_equal(send_to(d, a, "hello", 5, "10.0.0.2", 7), 5);
	expect_from(b, "hello", "10.0.0.1", 5000);
	assert_int_equal(send_to(d, b, "and you", 7, "10.0.0.1", 5000), 7);
	expect_from(a, "and you", "10.0.0.2", 7);
	expect_nothing(a);
	expect_nothing(b);
	sock_close(a);
	duo_free(d);
}

static void datagrams_go_there_and_back_over_ipv6(void **state)
{
	struct duo *d = duo_start();
	struct sock *a = udp_of(d->one, "2001:db8::1", 5000), *b = udp_of(d->two, "::", 7);
	assert_int_equal(send_to(d, a, "hello", 5, "2001:db8::2", 7), 5);
	expect_from(b, "hello", "2001:db8::1", 5000);
	assert_int_equal(send_to(d, b, "", 0, "2001:db8::1", 5000), 0);
	expect_from(a, "", "2001:db8::2", 7);
	duo_free(d);
}

static void host_talks_to_itself(void **state)
{
	struct duo *d = duo_start();
	struct sock *a = udp_of(d->one, "0.0.0.0", 5000), *b = udp_of(d->one, "127.0.0.1", 7);
	assert_int_equal(send_to(d, a, "me", 2, "127.0.0.1", 7), 2);
	expect_from(b, "me", "127.0.0.1", 5000);
	assert_int_equal(send_to(d, b, "me", 2, "0.0.0.0", 5000), 2);
	expect_from(a, "me", "127.0.0.1", 7);
	assert_int_equal(send_to(d, a, "me", 2, "10.0.0.1", 5000), 2);
	expect_from(a, "me", "10.0.0.1", 5000);
	struct sock *c = udp_of(d->one, "::1", 7);
	assert_int_equal(send_to(d, c, "six", 3, "::", 7), 3);
	expect_from(c, "six", "::1", 7);
	duo_free(d);
}

static void closed_port_is_told_to_the_connected_and_to_who_asked(void **state)
{
	struct duo *d = duo_start();
	struct sock *a = open_of(d->one, AF_INET, SOCK_DGRAM, 0),
		    *b = open_of(d->one, AF_INET6, SOCK_DGRAM, 0);
	struct sock *c = open_of(d->one, AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(connect_to(a, "10.0.0.2", 9), 0);
	assert_int_equal(connect_to(b, "2001:db8::2", 9), 0);
	assert_int_equal(send_on(d, a, "x", 1), 1);
	assert_int_equal(send_on(d, b, "x", 1), 1);
	assert_true(sock_poll(a) & EPOLLERR);
	assert_int_equal(send_on(d, a, "x", 1), -ECONNREFUSED);
	assert_int_equal(get_int(b, SOL_SOCKET, SO_ERROR), ECONNREFUSED);
	assert_int_equal(get_int(b, SOL_SOCKET, SO_ERROR), 0);
	assert_int_equal(send_to(d, c, "x", 1, "10.0.0.2", 9), 1); /* not connected: told nothing */
	assert_int_equal(get_int(c, SOL_SOCKET, SO_ERROR), 0);
	assert_int_equal(set_int(c, IPPROTO_IP, IP_RECVERR, 1), 0);
	assert_int_equal(send_to(d, c, "abc", 3, "10.0.0.2", 9), 3);
	char buf[16], control[128];
	struct name of = { .len = sizeof of.in6 };
	struct sock_msg m = { .buf = buf,
			      .len = sizeof buf,
			      .name = &of.sa,
			      .name_len = of.len,
			      .control = control,
			      .control_len = sizeof control };
	assert_int_equal(sock_recvmsg(c, &m, MSG_ERRQUEUE), 3);
	assert_int_equal(m.flags, MSG_ERRQUEUE);
	assert_memory_equal(buf, "abc", 3);
	of.len = m.name_len;
	assert_name(&of, "10.0.0.2", 9);
	assert_int_equal(*(uint32_t *)CMSG_DATA((struct cmsghdr *)control), ECONNREFUSED);
	assert_int_equal(get_int(c, SOL_SOCKET, SO_ERROR), 0);
	duo_free(d);
}

/* RFC 4884: what stands behind the quoted packet is found, and not taken for payload. */
static void errors_say_where_their_extension_begins(void **state)
{
	static const struct {
		int family, level, option;
		const char *to;
		unsigned headers;
	} ways[] = { { AF_INET, IPPROTO_IP, IP_RECVERR, "10.0.0.2", 28 },
		     { AF_INET6, IPPROTO_IPV6, IPV6_RECVERR, "2001:db8::2", 48 } };
	struct duo *d = duo_start();
	char why[100], buf[200] = "", control[128];
	assert_int_equal(sysctl_set(d->two, "net.ipv4.icmp_errors_extension_mask", "1", why, sizeof why), 0);
	assert_int_equal(sysctl_set(d->two, "net.ipv6.icmp.errors_extension_mask", "1", why, sizeof why), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(ways); i++) {
		int ext = i ? IPV6_RECVERR_RFC4884 : IP_RECVERR_RFC4884;
		struct sock *s = open_of(d->one, ways[i].family, SOCK_DGRAM, 0);
		struct sock_msg m = {
			.buf = buf, .len = sizeof buf, .control = control, .control_len = sizeof control
		};
		assert_int_equal(set_int(s, ways[i].level, ways[i].option, 1), 0);
		assert_int_equal(set_int(s, ways[i].level, ext, 2), -EINVAL);
		assert_int_equal(set_int(s, ways[i].level, ext, 1), 0);
		assert_int_equal(send_to(d, s, "abc", 3, ways[i].to, 9), 3);
		/* filling, header, object: index, address, name, MTU */
		assert_int_equal(sock_recvmsg(s, &m, MSG_ERRQUEUE),
				 128 - ways[i].headers + 4 + 4 + 4 + (i ? 20 : 8) + 4 + 4);
		const struct sock_extended_err *ee = (void *)CMSG_DATA((struct cmsghdr *)control);
		assert_int_equal(ee->ee_errno, ECONNREFUSED);
		assert_int_equal(ee->ee_rfc4884.len, 128 - ways[i].headers);
		assert_int_equal(ee->ee_rfc4884.flags, 0);
	}
	duo_free(d);
}
TWICE(errors_say_where_their_extension_begins)

/* As large as a datagram can be, by fragments that meet on one worker and go to the socket's. */
static void large_datagrams_cross_in_fragments(void **state)
{
	static const struct {
		const char *from, *to;
		size_t max;
	} ways[] = { { "10.0.0.1", "10.0.0.2", 65507 }, { "2001:db8::1", "2001:db8::2", 65527 } };
	static const size_t lens[] = { 1473, 3000, 30000, 0 };
	struct duo *d = duo_start();
	char *out = malloc(65536), *in = malloc(65536);
	for (unsigned i = 0; i < 65536; i++)
		out[i] = (char)(i * 3 + i / 256);
	for (unsigned k = 0; k < ARRAY_SIZE(ways); k++) {
		struct sock *a = udp_of(d->one, ways[k].from, 5000), *b = udp_of(d->two, ways[k].to, 7);
		for (unsigned i = 0; i < ARRAY_SIZE(lens); i++) {
			size_t len = lens[i] ? lens[i] : ways[k].max;
			struct sock_msg m = { .buf = in, .len = 65536 };
			assert_int_equal(send_to(d, a, out, len, ways[k].to, 7), len);
			assert_int_equal(sock_recvmsg(b, &m, 0), len);
			assert_memory_equal(in, out, len);
		}
		assert_int_equal(send_to(d, a, out, ways[k].max + 1, ways[k].to, 7), -EMSGSIZE);
		expect_nothing(b);
	}
	free(out);
	free(in);
	duo_free(d);
}

static void calls_fail_as_on_linux(void **state)
{
	struct duo *d = duo_start();
	struct sock *a = open_of(d->one, AF_INET, SOCK_DGRAM, 0), *b = udp_of(d->one, "10.0.0.1", 5000);
	char big[2000] = { 0 };
	assert_int_equal(send_on(d, a, "x", 1), -EDESTADDRREQ);
	assert_int_equal(send_to(d, a, "x", 1, "192.0.2.1", 9), -ENETUNREACH);
	assert_int_equal(send_to(d, a, "x", 1, "10.0.0.255", 9), -EACCES);
	assert_int_equal(send_to(d, a, "x", 1, "10.0.0.2", 0), -EINVAL);
	assert_int_equal(set_int(b, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO), 0);
	assert_int_equal(send_to(d, b, big, 1473, "10.0.0.2", 9), -EMSGSIZE);
	assert_int_equal(send_to(d, b, big, 1472, "10.0.0.2", 9), 1472);
	struct sock *c = open_of(d->one, AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(bind_at(c, "10.0.0.1", 5000), -EADDRINUSE);
	assert_int_equal(bind_at(c, "0.0.0.0", 5000), -EADDRINUSE);
	assert_int_equal(bind_at(c, "10.0.0.9", 5000), -EADDRNOTAVAIL);
	assert_int_equal(bind_at(c, "127.0.0.1", 5000), 0);
	assert_int_equal(bind_at(c, "127.0.0.1", 5001), -EINVAL);
	assert_int_equal(sock_shutdown(c, SHUT_RDWR), -ENOTCONN);
	assert_int_equal(send_to(d, c, "x", 1, "127.0.0.1", 9), -EPIPE);
	assert_int_equal(sock_recvfrom(c, big, 1, 0, NULL, NULL), 0);
	duo_free(d);
}

static void full_socket_drops_by_name_and_open_ones_go_with_their_stack(void **state)
{
	struct duo *d = duo_start();
	struct sock *a = udp_of(d->one, "10.0.0.1", 5000), *b = udp_of(d->two, "10.0.0.2", 7);
	assert_int_equal(set_int(b, SOL_SOCKET, SO_RCVBUF, 4000), 0);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(send_to(d, a, "x", 1, "10.0.0.2", 7), 1);
	uint64_t dropped = graph_drops(d->two, node_find(d->two, "l4-deliver"), DROP_SOCK_RCVBUF);
	assert_in_range(dropped, 1, 19);
	for (uint64_t i = dropped; i < 20; i++)
		expect_from(b, "x", "10.0.0.1", 5000);
	expect_nothing(b);
	assert_int_equal(send_to(d, a, "left", 4, "10.0.0.2", 7), 4);
	duo_free(d);
}

static void note_ready(struct sock *s, void *ctx)
{
	++*(unsigned *)ctx;
}

static void owner_is_told_once_until_it_reads(void **state)
{
	struct duo *d = duo_start();
	struct sock *a = udp_of(d->one, "10.0.0.1", 5000), *b = udp_of(d->two, "10.0.0.2", 7);
	unsigned told = 0;
	sock_on_ready(b, note_ready, &told);
	assert_int_equal(send_to(d, a, "1", 1, "10.0.0.2", 7), 1);
	assert_int_equal(send_to(d, a, "2", 1, "10.0.0.2", 7), 1);
	assert_int_equal(told, 1);
	assert_true(sock_poll(b) & EPOLLIN);
	expect_from(b, "1", "10.0.0.1", 5000);
	expect_from(b, "2", "10.0.0.1", 5000);
	assert_false(sock_poll(b) & EPOLLIN);
	assert_int_equal(send_to(d, a, "3", 1, "10.0.0.2", 7), 1);
	assert_int_equal(told, 2);
	duo_free(d);
}

static void ping_sockets_hear_their_own_replies(void **state)
{
	struct duo *d = duo_start();
	struct sock *a = open_of(d->one, AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
	struct sock *b = open_of(d->one, AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6);
	const char echo4[] = { 8, 0, 0, 0, 0, 0, 0, 1, 'h', 'i' },
		   echo6[] = { (char)128, 0, 0, 0, 0, 0, 0, 1, 'h', 'i' };
	uint8_t buf[64];
	assert_int_equal(send_to(d, a, "12345678", 8, "10.0.0.2", 0), -EINVAL);
	assert_int_equal(send_to(d, a, echo4, 10, "10.0.0.2", 0), 10);
	assert_int_equal(send_to(d, b, echo6, 10, "2001:db8::2", 0), 10);
	assert_int_equal(sock_recvfrom(a, buf, sizeof buf, 0, NULL, NULL), 10);
	assert_int_equal(buf[0], 0);
	assert_int_equal(buf[4] << 8 | buf[5], own_port(a));
	assert_memory_equal(buf + 8, "hi", 2);
	assert_int_equal(sock_recvfrom(b, buf, sizeof buf, 0, NULL, NULL), 10);
	assert_int_equal(buf[0], 129);
	expect_nothing(a);
	expect_nothing(b);
	duo_free(d);
}

/* ip route add ... hoplimit 9 mtu lock 1000 */
static void routes_say_how_far_and_how_long(void **state)
{
	struct rig *r = rig_new(workers, 0);
	struct fib_route f = {
		.family = AF_INET,
		.plen = 24,
		.protocol = RTPROT_STATIC,
		.table = RT_TABLE_MAIN,
		.dst.v4 = ip4_of("10.9.0.0"),
		.nh = { .type = RTN_UNICAST, .gw_family = AF_INET, .gw.v4 = ip4_of("10.0.1.2") }
	};
	struct ip4_msg echo = ip4_packet("10.9.0.1", "10.0.1.1"), m;
	struct frame frame;
	f.nh.metric[RTAX_HOPLIMIT] = 9;
	f.nh.metric[RTAX_MTU] = 1000;
	f.nh.metric[RTAX_LOCK] = 1 << RTAX_MTU;
	rig_neigh(r, &r->a, "10.0.1.2");
	assert_int_equal(fib_add(r->st, &f, FIB_ADD, NULL), 0);
	view_publish(r->st);
	struct sock *far = open_of(r->st, AF_INET, SOCK_DGRAM, 0),
		    *near = open_of(r->st, AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(connect_to(far, "10.9.0.1", 7), 0);
	assert_int_equal(connect_to(near, "10.0.1.2", 7), 0);
	int mtu = 0;
	socklen_t len = sizeof mtu;
	assert_int_equal(sock_getsockopt(far, IPPROTO_IP, IP_MTU, &mtu, &len), 0);
	assert_int_equal(mtu, 1000);
	assert_int_equal(sock_sendto(far, "x", 1, 0, NULL, 0), 1);
	assert_int_equal(sock_sendto(near, "x", 1, 0, NULL, 0), 1);
	manual_rt_settle(r->m);
	m = rig_expect_ip4(&r->a, "10.0.1.1", "10.9.0.1");
	assert_int_equal(m.ttl, 9);
	assert_false(m.df); /* Linux: whoever comes later may cut it */
	m = rig_expect_ip4(&r->a, "10.0.1.1", "10.0.1.2");
	assert_int_equal(m.ttl, 64);
	assert_true(m.df);
	frame_ip4(&frame, &r->a, &echo, 8);
	rig_send(r, &r->a, &frame);
	assert_int_equal(rig_expect_ip4(&r->a, "10.0.1.1", "10.9.0.1").ttl, 9);
	sock_close(far);
	sock_close(near);
	rig_free(r);
}

/* Two ways to everywhere, the second one worse: who is bound to its interface goes by its gateway all the same. */
static void a_bound_socket_goes_by_its_own_default_route(void **state)
{
	struct rig *r = rig_new(workers, 0);
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(7) };
	struct fib_route second = { .family = AF_INET,
				    .protocol = RTPROT_STATIC,
				    .table = RT_TABLE_MAIN,
				    .metric = 10,
				    .nh.type = RTN_UNICAST };
	struct sock *s;
	rig_neigh(r, &r->a, "10.0.1.2");
	rig_neigh(r, &r->b, "10.0.2.2");
	rig_route(r, "0.0.0.0", 0, RTN_UNICAST, r->a.ifc, "10.0.1.2");
	second.nh.if_handle = r->b.ifc->handle;
	second.nh.gw = ipaddr_of("10.0.2.2", &second.nh.gw_family);
	assert_int_equal(fib_add(r->st, &second, FIB_ADD, NULL), 0);
	view_publish(r->st);
	memcpy(&to.sin_addr, &(be32){ { 192, 0, 2, 9 } }, 4);
	assert_int_equal(sock_open(r->st, AF_INET, SOCK_DGRAM, 0, NULL, &s), 0);
	assert_int_equal(sock_sendto(s, "x", 1, 0, (struct sockaddr *)&to, sizeof to), 1);
	manual_rt_settle(r->m);
	rig_expect_ip4(&r->a, "10.0.1.1", "192.0.2.9");
	sock_close(s);
	assert_int_equal(sock_open(r->st, AF_INET, SOCK_DGRAM, 0, NULL, &s), 0);
	assert_int_equal(sock_setsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, "wb", 3), 0);
	assert_int_equal(sock_sendto(s, "x", 1, 0, (struct sockaddr *)&to, sizeof to), 1);
	manual_rt_settle(r->m);
	rig_expect_ip4(&r->b, "10.0.2.1",
		       "192.0.2.9"); /* to the gateway's address, not to a neighbour called 192.0.2.9 */
	rig_expect_silence(r);
	rig_free(r);
}

TWICE(routes_say_how_far_and_how_long)
TWICE(datagrams_go_there_and_back)
TWICE(datagrams_go_there_and_back_over_ipv6)
TWICE(host_talks_to_itself)
TWICE(closed_port_is_told_to_the_connected_and_to_who_asked)
TWICE(large_datagrams_cross_in_fragments)
TWICE(calls_fail_as_on_linux)
TWICE(full_socket_drops_by_name_and_open_ones_go_with_their_stack)
TWICE(owner_is_told_once_until_it_reads)
TWICE(ping_sockets_hear_their_own_replies)
TWICE(a_bound_socket_goes_by_its_own_default_route)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(a_bound_socket_goes_by_its_own_default_route),
		BOTH(routes_say_how_far_and_how_long),
		BOTH(datagrams_go_there_and_back),
		BOTH(datagrams_go_there_and_back_over_ipv6),
		BOTH(host_talks_to_itself),
		BOTH(closed_port_is_told_to_the_connected_and_to_who_asked),
		BOTH(errors_say_where_their_extension_begins),
		BOTH(large_datagrams_cross_in_fragments),
		BOTH(calls_fail_as_on_linux),
		BOTH(full_socket_drops_by_name_and_open_ones_go_with_their_stack),
		BOTH(owner_is_told_once_until_it_reads),
		BOTH(ping_sockets_hear_their_own_replies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

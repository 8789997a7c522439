/* SPDX-License-Identifier: BSD-2-Clause */
/* Raw sockets between two stacks, and what sockets of all kinds hear of packets that did not get far. */
#include <time.h>

#include <linux/errqueue.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>

#include "l4/l4.h"
#include "stack/sock_rig.h"
#include "wire/csum.h"
#include "wire/ip4.h"
#include "wire/ip6.h"

enum { PROTO_TEST = 253 }; /* RFC 3692 */

static ssize_t get(struct sock *s, void *buf, size_t len)
{
	return sock_recvfrom(s, buf, len, 0, NULL, NULL);
}

static void everybody_of_a_protocol_hears_it(void **state)
{
	struct duo *d = duo_start();
	struct sock *a = open_of(d->one, AF_INET, SOCK_RAW, PROTO_TEST);
	struct sock *b = open_of(d->two, AF_INET, SOCK_RAW, PROTO_TEST);
	struct sock *c = open_of(d->two, AF_INET, SOCK_RAW, PROTO_TEST);
	struct sock *other = open_of(d->two, AF_INET, SOCK_RAW, PROTO_TEST + 1);
	uint8_t buf[100];
	assert_int_equal(send_to(d, a, "hello", 5, "10.0.0.2", 0), 5);
	struct sock *both[] = { b, c };
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(get(both[i], buf, sizeof buf), 25);
		assert_int_equal(buf[0], 0x45);
		assert_int_equal(buf[9], PROTO_TEST);
		assert_int_equal(buf[3], 25);
		assert_memory_equal(buf + 20, "hello", 5);
		expect_nothing(both[i]);
	}
	expect_nothing(other);
	expect_nothing(a); /* nobody was told that nobody listens */
	duo_free(d);
}

static void ipv6_gives_the_payload_alone(void **state)
{
	struct duo *d = duo_start();
	struct sock *a = open_of(d->one, AF_INET6, SOCK_RAW, PROTO_TEST);
	struct sock *b = open_of(d->two, AF_INET6, SOCK_RAW, PROTO_TEST);
	assert_int_equal(send_to(d, a, "hello", 5, "2001:db8::2", 0), 5);
	expect_from(b, "hello", "2001:db8::1", 0);
	expect_nothing(b);
	duo_free(d);
}

static void copies_do_not_keep_a_packet_from_its_protocol(void **state)
{
	struct duo *d = duo_start();
	struct sock *a = udp_of(d->one, "10.0.0.1", 5000), *b = udp_of(d->two, "10.0.0.2", 7);
	struct sock *r = open_of(d->two, AF_INET, SOCK_RAW, IPPROTO_UDP);
	struct sock *e = open_of(d->one, AF_INET, SOCK_RAW, IPPROTO_ICMP);
	static char big[1400];
	uint8_t buf[2000];
	memset(big, 'x', sizeof big);
	assert_int_equal(send_to(d, a, big, sizeof big, "10.0.0.2", 7), sizeof big);
	assert_int_equal(get(b, buf, sizeof buf), sizeof big);
	assert_memory_equal(buf, big, sizeof big);
	assert_int_equal(get(r, buf, sizeof buf), sizeof big + 28);
	assert_memory_equal(buf + 28, big, sizeof big);
	be32 src = { { 10, 0, 0, 1 } }, dst = { { 10, 0, 0, 2 } }; /* its checksum is finished */
	assert_true(csum_ok(csum_add(csum_pseudo4(src, dst, IPPROTO_UDP, sizeof big + 8),
				     csum_mem(buf + 20, sizeof big + 8))));
	assert_int_equal(send_to(d, a, "x", 1, "10.0.0.2", 8), 1); /* a closed port is told all the same */
	assert_int_equal(get(r, buf, sizeof buf), 29);
	assert_int_equal(get(e, buf, sizeof buf), 20 + 8 + 29);
	assert_int_equal(buf[20], ICMP_DEST_UNREACH);
	assert_int_equal(buf[21], ICMP_PORT_UNREACH);
	sock_close(r);
	assert_int_equal(send_to(d, a, "y", 1, "10.0.0.2", 7), 1);
	expect_from(b, "y", "10.0.0.1", 5000);
	duo_free(d);
}

static void nobody_is_told_only_while_somebody_listens(void **state)
{
	struct duo *d = duo_start();
	struct sock *a4 = open_of(d->one, AF_INET, SOCK_RAW, PROTO_TEST),
		    *a6 = open_of(d->one, AF_INET6, SOCK_RAW, PROTO_TEST);
	assert_int_equal(connect_to(a4, "10.0.0.2", 0), 0);
	assert_int_equal(connect_to(a6, "2001:db8::2", 0), 0);
	assert_int_equal(send_on(d, a4, "x", 1), 1);
	assert_int_equal(send_on(d, a6, "x", 1), 1);
	assert_int_equal(get_int(a4, SOL_SOCKET, SO_ERROR), ENOPROTOOPT);
	assert_int_equal(get_int(a6, SOL_SOCKET, SO_ERROR), EPROTO);
	struct sock *b4 = open_of(d->two, AF_INET, SOCK_RAW, PROTO_TEST),
		    *b6 = open_of(d->two, AF_INET6, SOCK_RAW, PROTO_TEST);
	assert_int_equal(send_on(d, a4, "x", 1), 1);
	assert_int_equal(send_on(d, a6, "x", 1), 1);
	assert_int_equal(get_int(a4, SOL_SOCKET, SO_ERROR), 0);
	assert_int_equal(get_int(a6, SOL_SOCKET, SO_ERROR), 0);
	assert_int_equal(graph_drops(d->two, node_find(d->two, "raw4-input"), DROP_RAW_DONE), 1);
	sock_close(b4); /* those that remain are connected to others, so they do not hear it */
	sock_close(b6);
	b4 = open_of(d->two, AF_INET, SOCK_RAW, PROTO_TEST);
	b6 = open_of(d->two, AF_INET6, SOCK_RAW, PROTO_TEST);
	assert_int_equal(connect_to(b4, "10.0.0.7", 0), 0);
	assert_int_equal(connect_to(b6, "2001:db8::7", 0), 0);
	assert_int_equal(send_on(d, a4, "x", 1), 1);
	assert_int_equal(send_on(d, a6, "x", 1), 1);
	assert_int_equal(get_int(a4, SOL_SOCKET, SO_ERROR), ENOPROTOOPT);
	assert_int_equal(get_int(a6, SOL_SOCKET, SO_ERROR), EPROTO);
	duo_free(d);
}

static void own_header_is_completed_and_sent(void **state)
{
	struct duo *d = duo_start();
	struct sock *a = open_of(d->one, AF_INET, SOCK_RAW, IPPROTO_RAW);
	struct sock *b = open_of(d->two, AF_INET, SOCK_RAW, PROTO_TEST);
	assert_int_equal(get_int(a, IPPROTO_IP, IP_HDRINCL), 1);
	uint8_t p[28] = { 0x46, 0x10, 9,  9, 0, 0, 0, 0, 3, PROTO_TEST, 1,   1,   0,   0,
			  0,    0,    10, 0, 0, 2, 1, 1, 1, 0,          'b', 'o', 'd', 'y' };
	uint8_t buf[100];
	assert_int_equal(send_to(d, a, p, sizeof p, "10.0.0.2", 0), sizeof p);
	assert_int_equal(get(b, buf, sizeof buf), sizeof p);
	assert_int_equal(buf[1], 0x10);
	assert_int_equal(buf[3], sizeof p); /* the length */
	assert_true(buf[4] | buf[5]); /* the identification */
	assert_int_equal(buf[8], 3);
	assert_memory_equal(buf + 12, "\x0a\x00\x00\x01", 4); /* the source */
	assert_memory_equal(buf + 20, p + 20, 8);
	p[4] = 0x12, p[5] = 0x34, p[15] = 9; /* what is said is kept, another's address too */
	memcpy(p + 12, "\x0a\x00\x00\x09", 4);
	assert_int_equal(send_to(d, a, p, sizeof p, "10.0.0.2", 0), sizeof p);
	assert_int_equal(get(b, buf, sizeof buf), sizeof p);
	assert_memory_equal(buf + 4, "\x12\x34", 2);
	assert_memory_equal(buf + 12, "\x0a\x00\x00\x09", 4);
	assert_int_equal(send_to(d, a, p, 19, "10.0.0.2", 0), -EINVAL);
	p[0] = 0x48;
	assert_int_equal(send_to(d, a, p, sizeof p, "10.0.0.2", 0), -EINVAL);
	static uint8_t big[1501] = { 0x45 };
	assert_int_equal(send_to(d, a, big, sizeof big, "10.0.0.2", 0), -EMSGSIZE);
	duo_free(d);
}

/* Linux: broadcasts and groups are heard at home, whoever wrote the header. */
static void what_all_hear_is_heard_at_home(void **state)
{
	struct duo *d = duo_start();
	struct sock *udp = udp_of(d->one, "0.0.0.0", 5000),
		    *raw = open_of(d->one, AF_INET, SOCK_RAW, IPPROTO_RAW);
	struct sock *near = udp_of(d->one, "0.0.0.0", 7), *far = udp_of(d->two, "0.0.0.0", 7);
	uint8_t p[31] = { 0x45, 0, 0, 0,   0,  0,   0, 0, 3, IPPROTO_UDP, 0, 0, 0,   0,   0,  0,
			  10,   0, 0, 255, 19, 136, 0, 7, 0, 11,          0, 0, 'a', 'l', 'l' };
	assert_int_equal(send_to(d, udp, "all", 3, "10.0.0.255", 7), -EACCES);
	assert_int_equal(set_int(udp, SOL_SOCKET, SO_BROADCAST, 1), 0);
	assert_int_equal(set_int(raw, SOL_SOCKET, SO_BROADCAST, 1), 0);
	assert_int_equal(send_to(d, udp, "all", 3, "10.0.0.255", 7), 3);
	expect_from(far, "all", "10.0.0.1", 5000);
	expect_from(near, "all", "10.0.0.1", 5000);
	assert_int_equal(send_to(d, raw, p, sizeof p, "10.0.0.255", 0), sizeof p);
	expect_from(far, "all", "10.0.0.1", 5000);
	expect_from(near, "all", "10.0.0.1", 5000);
	memcpy(p + 16, "\x0a\x00\x00\x02", 4); /* goes elsewhere than the call says */
	assert_int_equal(send_to(d, raw, p, sizeof p, "10.0.0.255", 0), sizeof p);
	expect_from(far, "all", "10.0.0.1", 5000);
	expect_nothing(near);
	expect_nothing(udp);
	duo_free(d);
}

static void own_ipv6_header_is_sent_as_it_is(void **state)
{
	struct duo *d = duo_start();
	struct sock *a = open_of(d->one, AF_INET6, SOCK_RAW, PROTO_TEST);
	struct sock *b = open_of(d->two, AF_INET6, SOCK_RAW, PROTO_TEST);
	assert_int_equal(set_int(a, IPPROTO_IPV6, IPV6_HDRINCL, 1), 0);
	struct name src = name_of("2001:db8::77", 0), dst = name_of("2001:db8::2", 0);
	uint8_t p[44] = { 0x60, [5] = 4, [6] = PROTO_TEST, [7] = 9, [40] = 'b', 'o', 'd', 'y' };
	memcpy(p + 8, &src.in6.sin6_addr, 16);
	memcpy(p + 24, &dst.in6.sin6_addr, 16);
	assert_int_equal(send_to(d, a, p, sizeof p, "2001:db8::2", 0), sizeof p);
	expect_from(b, "body", "2001:db8::77", 0);
	assert_int_equal(send_to(d, a, p, 39, "2001:db8::2", 0), -EINVAL);
	duo_free(d);
}

static void filters_keep_types_away(void **state)
{
	struct duo *d = duo_start();
	struct sock *a = open_of(d->one, AF_INET, SOCK_RAW, IPPROTO_ICMP),
		    *b = open_of(d->one, AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
	uint32_t not4 = ~(1u << ICMP_ECHOREPLY), not6[8];
	memset(not6, 0xff, sizeof not6);
	not6[ICMPV6_ECHO_REPLY >> 5] &= ~(1u << (ICMPV6_ECHO_REPLY & 31));
	uint8_t echo4[12] = { ICMP_ECHO, 0, 0xf7, 0xff }, echo6[12] = { ICMPV6_ECHO_REQUEST }, buf[100];
	assert_int_equal(sock_setsockopt(b, IPPROTO_ICMPV6, ICMPV6_FILTER, not6, sizeof not6),
			 0); /* no discovery either */
	assert_int_equal(send_to(d, b, echo6, 12, "2001:db8::2", 0), 12); /* the checksum is made here */
	assert_int_equal(get(b, buf, sizeof buf), 12);
	assert_int_equal(buf[0], ICMPV6_ECHO_REPLY);
	assert_int_equal(sock_setsockopt(a, SOL_RAW, ICMP_FILTER, &not4, sizeof not4), 0);
	assert_int_equal(send_to(d, a, echo4, 12, "10.0.0.1", 0), 12); /* request and reply come by */
	assert_int_equal(get(a, buf, sizeof buf), 32);
	assert_int_equal(buf[20], ICMP_ECHOREPLY);
	expect_nothing(a);
	assert_int_equal(send_to(d, b, echo6, 12, "2001:db8::1", 0), 12);
	assert_int_equal(get(b, buf, sizeof buf), 12);
	assert_int_equal(buf[0], ICMPV6_ECHO_REPLY);
	expect_nothing(b);
	assert_int_equal(send_to(d, a, echo4, 1, "10.0.0.1", 0), -EFAULT);
	duo_free(d);
}

static void asked_for_sums_are_made_and_checked(void **state)
{
	struct duo *d = duo_start();
	struct sock *a = open_of(d->one, AF_INET6, SOCK_RAW, PROTO_TEST),
		    *b = open_of(d->two, AF_INET6, SOCK_RAW, PROTO_TEST);
	static uint8_t big[1000], buf[1000];
	assert_int_equal(set_int(b, IPPROTO_IPV6, IPV6_CHECKSUM, 2), 0);
	assert_int_equal(send_to(d, a, "12345678", 8, "2001:db8::2", 0), 8);
	expect_nothing(b);
	assert_int_equal(set_int(a, IPPROTO_IPV6, IPV6_CHECKSUM, 900), 0);
	assert_int_equal(send_to(d, a, big, 901, "2001:db8::2", 0), -EINVAL);
	memset(big, 0x5a, sizeof big);
	assert_int_equal(send_to(d, a, big, 902, "2001:db8::2", 0), 902);
	assert_int_equal(get(b, buf, sizeof buf), 902);
	assert_memory_equal(buf, big, 900);
	assert_int_equal(send_to(d, a, big, 999, "2001:db8::2", 0), 999);
	assert_int_equal(get(b, buf, sizeof buf), 999);
	assert_memory_equal(buf + 902, big + 902, 97);
	duo_free(d);
}

static void addresses_and_interfaces_choose(void **state)
{
	struct duo *d = duo_start();
	struct sock *a = open_of(d->one, AF_INET, SOCK_RAW, PROTO_TEST);
	struct sock *here = open_of(d->two, AF_INET, SOCK_RAW, PROTO_TEST),
		    *there = open_of(d->two, AF_INET, SOCK_RAW, PROTO_TEST),
		    *peer = open_of(d->two, AF_INET, SOCK_RAW, PROTO_TEST),
		    *lo = open_of(d->two, AF_INET, SOCK_RAW, PROTO_TEST);
	char buf[64];
	assert_int_equal(bind_at(here, "10.0.0.2", 77), 0);
	assert_int_equal(bind_at(there, "127.0.0.1", 0), 0);
	assert_int_equal(bind_at(there, "10.0.0.9", 0), -EADDRNOTAVAIL);
	assert_int_equal(connect_to(peer, "10.0.0.1", 0), 0);
	assert_int_equal(sock_setsockopt(lo, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3), 0);
	assert_int_equal(own_port(here), PROTO_TEST);
	assert_int_equal(send_to(d, a, "x", 1, "10.0.0.2", 0), 1);
	assert_int_equal(get(here, buf, sizeof buf), 21);
	assert_int_equal(get(peer, buf, sizeof buf), 21);
	expect_nothing(there);
	expect_nothing(lo);
	assert_int_equal(send_on(d, a, "x", 1), -EDESTADDRREQ);
	duo_free(d);
}

static void full_raw_socket_drops_by_name(void **state)
{
	struct duo *d = duo_start();
	struct sock *a = open_of(d->one, AF_INET, SOCK_RAW, PROTO_TEST),
		    *b = open_of(d->two, AF_INET, SOCK_RAW, PROTO_TEST);
	char buf[64];
	assert_int_equal(set_int(b, SOL_SOCKET, SO_RCVBUF, 4000), 0);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(send_to(d, a, "x", 1, "10.0.0.2", 0), 1);
	uint64_t dropped = graph_drops(d->two, node_find(d->two, "l4-deliver"), DROP_SOCK_RCVBUF);
	assert_in_range(dropped, 1, 19);
	for (uint64_t i = dropped; i < 20; i++)
		assert_int_equal(sock_recvfrom(b, buf, 20, MSG_TRUNC, NULL, NULL), 21);
	expect_nothing(b);
	duo_free(d);
}

/* --- errors --- */

struct told {
	ssize_t n;
	struct name about;
	struct sock_extended_err ee;
	struct name from;
	char bytes[64];
};

static struct told told_of(struct sock *s)
{
	struct told t = { .about.len = sizeof t.about.in6 };
	_Alignas(struct cmsghdr) uint8_t control[256];
	struct sock_msg m = { .buf = t.bytes,
			      .len = sizeof t.bytes,
			      .name = &t.about.sa,
			      .name_len = sizeof t.about.in6,
			      .control = control,
			      .control_len = sizeof control };
	t.n = sock_recvmsg(s, &m, MSG_ERRQUEUE);
	if (t.n >= 0) {
		t.about.len = m.name_len;
		memcpy(&t.ee, CMSG_DATA((struct cmsghdr *)control), sizeof t.ee);
		memcpy(&t.from.in6, CMSG_DATA((struct cmsghdr *)control) + sizeof t.ee, sizeof t.from.in);
	}
	return t;
}

static void raw_socket_hears_errors_as_it_asked(void **state)
{
	struct duo *d = duo_start();
	struct sock *a = open_of(d->one, AF_INET, SOCK_RAW, PROTO_TEST),
		    *b = open_of(d->one, AF_INET, SOCK_RAW, PROTO_TEST);
	assert_int_equal(set_int(a, IPPROTO_IP, IP_RECVERR, 1), 0);
	assert_int_equal(send_to(d, a, "abc", 3, "10.0.0.2", 0), 3);
	assert_true(sock_poll(a) & EPOLLERR);
	struct told t = told_of(a);
	assert_int_equal(t.n, 3);
	assert_memory_equal(t.bytes, "abc", 3);
	assert_name(&t.about, "10.0.0.2", 0);
	assert_int_equal(t.ee.ee_errno, ENOPROTOOPT);
	assert_int_equal(t.ee.ee_origin, SO_EE_ORIGIN_ICMP);
	assert_int_equal(t.ee.ee_type, ICMP_DEST_UNREACH);
	assert_int_equal(t.ee.ee_code, ICMP_PROT_UNREACH);
	assert_int_equal(get_int(a, SOL_SOCKET, SO_ERROR), 0);
	assert_int_equal(get_int(b, SOL_SOCKET, SO_ERROR), 0); /* neither connected nor asked */
	expect_nothing(b);
	duo_free(d);
}

static void neighbour_that_does_not_answer_is_told(struct duo *d, struct sock *s, const void *buf, size_t len,
						   const char *to, uint16_t port)
{
	bool is6 = strchr(to, ':');
	assert_int_equal(is6 ? set_int(s, IPPROTO_IPV6, IPV6_RECVERR, 1)
			     : set_int(s, IPPROTO_IP, IP_RECVERR, 1),
			 0);
	assert_int_equal(send_to(d, s, buf, len, to, port), len);
	assert_int_equal(sock_poll(s) & EPOLLERR, 0);
	manual_rt_run(d->m, 10 * SEC);
	assert_int_equal(get_int(s, SOL_SOCKET, SO_ERROR), EHOSTUNREACH);
	struct told t = told_of(s);
	assert_int_equal(t.ee.ee_errno, EHOSTUNREACH);
	assert_int_equal(t.ee.ee_origin, is6 ? SO_EE_ORIGIN_ICMP6 : SO_EE_ORIGIN_ICMP);
	assert_int_equal(t.ee.ee_code, is6 ? ICMPV6_ADDR_UNREACH : ICMP_HOST_UNREACH);
	assert_name(&t.about, to, port);
	assert_int_equal(told_of(s).n, -EAGAIN);
}

static void silence_of_a_neighbour_reaches_the_socket(void **state)
{
	struct duo *d = duo_start();
	const uint8_t echo4[8] = { ICMP_ECHO }, echo6[8] = { ICMPV6_ECHO_REQUEST };
	neighbour_that_does_not_answer_is_told(d, open_of(d->one, AF_INET, SOCK_DGRAM, 0), "abc", 3,
					       "10.0.0.50", 9);
	neighbour_that_does_not_answer_is_told(d, open_of(d->one, AF_INET6, SOCK_DGRAM, 0), "abc", 3,
					       "2001:db8::50", 9);
	neighbour_that_does_not_answer_is_told(d, open_of(d->one, AF_INET, SOCK_DGRAM, IPPROTO_ICMP), echo4,
					       8, "10.0.0.51", 0);
	neighbour_that_does_not_answer_is_told(d, open_of(d->one, AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6),
					       echo6, 8, "2001:db8::51", 0);
	neighbour_that_does_not_answer_is_told(d, open_of(d->one, AF_INET, SOCK_RAW, PROTO_TEST), "abc", 3,
					       "10.0.0.52", 0);
	neighbour_that_does_not_answer_is_told(d, open_of(d->one, AF_INET6, SOCK_RAW, PROTO_TEST), "abc", 3,
					       "2001:db8::52", 0);
	struct sock *s =
		open_of(d->one, AF_INET, SOCK_DGRAM, 0); /* Linux: soft, so not for who did not ask */
	assert_int_equal(connect_to(s, "10.0.0.53", 9), 0);
	assert_int_equal(send_on(d, s, "x", 1), 1);
	manual_rt_run(d->m, 10 * SEC);
	assert_int_equal(get_int(s, SOL_SOCKET, SO_ERROR), 0);
	duo_free(d);
}

static void closed_port_of_the_own_host_is_told(void **state)
{
	struct duo *d = duo_start();
	struct sock *a = open_of(d->one, AF_INET, SOCK_DGRAM, 0),
		    *b = open_of(d->one, AF_INET6, SOCK_DGRAM, 0);
	assert_int_equal(connect_to(a, "127.0.0.1", 9), 0);
	assert_int_equal(connect_to(b, "::1", 9), 0);
	assert_int_equal(send_on(d, a, "x", 1), 1);
	assert_int_equal(send_on(d, b, "x", 1), 1);
	assert_int_equal(get_int(a, SOL_SOCKET, SO_ERROR), ECONNREFUSED);
	assert_int_equal(get_int(b, SOL_SOCKET, SO_ERROR), ECONNREFUSED);
	duo_free(d);
}

static void too_long_is_told_with_the_mtu(void **state)
{
	struct duo *d = duo_start();
	struct sock *a = open_of(d->one, AF_INET, SOCK_DGRAM, 0),
		    *r = open_of(d->one, AF_INET, SOCK_RAW, PROTO_TEST);
	static char big[2000];
	struct sock *both[] = { a, r };
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(set_int(both[i], IPPROTO_IP, IP_RECVERR, 1), 0);
		assert_int_equal(set_int(both[i], IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO), 0);
		assert_int_equal(send_to(d, both[i], big, 1600, "10.0.0.2", 9), -EMSGSIZE);
		assert_true(sock_poll(both[i]) & EPOLLERR);
		assert_int_equal(get_int(both[i], SOL_SOCKET, SO_ERROR), 0);
		struct told t = told_of(both[i]);
		assert_int_equal(t.n, 0);
		assert_int_equal(t.ee.ee_errno, EMSGSIZE);
		assert_int_equal(t.ee.ee_origin, SO_EE_ORIGIN_LOCAL);
		assert_int_equal(t.ee.ee_info, 1500);
		assert_int_equal(t.from.sa.sa_family, 0);
		assert_name(&t.about, "10.0.0.2", 0);
		assert_int_equal(told_of(both[i]).n, -EAGAIN);
	}
	duo_free(d);
}

static void l4_may_go_before_its_sockets(void **state)
{
	struct duo *d = duo_start();
	struct sock *a = udp_of(d->one, "10.0.0.1", 5000), *b = udp_of(d->two, "10.0.0.2", 7);
	struct sock *r = open_of(d->two, AF_INET, SOCK_RAW, IPPROTO_UDP), *late;
	struct name n = name_of("10.0.0.2", 8);
	assert_int_equal(send_to(d, a, "x", 1, "10.0.0.2", 7), 1); /* and stays unread */
	assert_int_equal(stack_unload(d->two, &l4_module), 0);
	assert_int_equal(send_to(d, a, "x", 1, "10.0.0.2", 7), 1); /* nobody there */
	assert_int_equal(sock_bind(b, &n.sa, n.len), -EPROTONOSUPPORT);
	assert_int_equal(send_to(d, b, "x", 1, "10.0.0.1", 5000), -EPROTONOSUPPORT);
	assert_int_equal(get(b, (char[1]){ 0 }, 1), -EPROTONOSUPPORT);
	assert_int_equal(get_int(r, SOL_SOCKET, SO_TYPE), -EPROTONOSUPPORT);
	assert_int_equal(sock_open(d->two, AF_INET, SOCK_DGRAM, 0, NULL, &late), -EPROTONOSUPPORT);
	sock_close(b); /* the other goes with its stack */
	duo_free(d);
}

TWICE(everybody_of_a_protocol_hears_it)
TWICE(ipv6_gives_the_payload_alone)
TWICE(copies_do_not_keep_a_packet_from_its_protocol)
TWICE(nobody_is_told_only_while_somebody_listens)
TWICE(own_header_is_completed_and_sent)
TWICE(what_all_hear_is_heard_at_home)
TWICE(own_ipv6_header_is_sent_as_it_is)
TWICE(filters_keep_types_away)
TWICE(asked_for_sums_are_made_and_checked)
TWICE(addresses_and_interfaces_choose)
TWICE(full_raw_socket_drops_by_name)
TWICE(raw_socket_hears_errors_as_it_asked)
TWICE(silence_of_a_neighbour_reaches_the_socket)
TWICE(closed_port_of_the_own_host_is_told)
TWICE(too_long_is_told_with_the_mtu)
TWICE(l4_may_go_before_its_sockets)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(everybody_of_a_protocol_hears_it),
		BOTH(ipv6_gives_the_payload_alone),
		BOTH(copies_do_not_keep_a_packet_from_its_protocol),
		BOTH(nobody_is_told_only_while_somebody_listens),
		BOTH(own_header_is_completed_and_sent),
		BOTH(what_all_hear_is_heard_at_home),
		BOTH(own_ipv6_header_is_sent_as_it_is),
		BOTH(filters_keep_types_away),
		BOTH(asked_for_sums_are_made_and_checked),
		BOTH(addresses_and_interfaces_choose),
		BOTH(full_raw_socket_drops_by_name),
		BOTH(raw_socket_hears_errors_as_it_asked),
		BOTH(silence_of_a_neighbour_reaches_the_socket),
		BOTH(closed_port_of_the_own_host_is_told),
		BOTH(too_long_is_told_with_the_mtu),
		BOTH(l4_may_go_before_its_sockets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

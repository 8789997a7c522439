/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets that ask routers to look at them (RFC 2113, RFC 2711), and who looks. */
#include "ip/ip.h"
#include "sock/sock.h"
#include "stack/rig.h"

#define A "2001:db8:1::2"
#define B "2001:db8:2::2"

static struct rig *setup(void)
{
	struct rig *r = rig_new(workers, 0);
	rig_neigh(r, &r->b, B);
	rig_neigh(r, &r->b, "10.0.2.2");
	return r;
}

static struct sock *raw_of(struct rig *r, int domain, int proto)
{
	struct sock *s;
	assert_int_equal(sock_open(r->st, domain, SOCK_RAW, proto, NULL, &s), 0);
	return s;
}

static int set_int(struct rig *r, struct sock *s, int level, int name, int value)
{
	int err = sock_setsockopt(s, level, name, &value, sizeof value);
	manual_rt_settle(r->m);
	return err;
}

static void send4(struct rig *r, const char *dst)
{
	static const uint8_t alert[] = { IP4_OPT_ROUTER_ALERT, 4, 0, 0 };
	struct ip4_msg ip = ip4_packet("10.0.1.2", dst);
	struct frame f;
	ip.options = cur_of(alert, sizeof alert);
	frame_ip4(&f, &r->a, &ip, 20);
	rig_send(r, &r->a, &f);
}

static void send6(struct rig *r, uint8_t value)
{
	const uint8_t ext[8] = { IP_PROTO_ICMP6, 0, 5, 2, 0, value, 1, 0 };
	struct ip6_msg ip = ip6_packet(A, B);
	struct frame f;
	ip.next = IP_PROTO_HOPOPTS;
	frame_ip6(&f, &r->a, &ip, ext, sizeof ext, 20);
	rig_send(r, &r->a, &f);
}

/* Bytes of the next packet in its queue; negative: none. */
static ssize_t heard(struct sock *s, uint8_t *buf, size_t len)
{
	return sock_recvfrom(s, buf, len, 0, NULL, NULL);
}

static void who_looks_gets_it_and_it_goes_no_further(void **state)
{
	struct rig *r = setup();
	uint8_t buf[256];
	struct sock *s = raw_of(r, AF_INET, IPPROTO_ICMP), *t = raw_of(r, AF_INET, IPPROTO_ICMP),
		    *udp = raw_of(r, AF_INET, IPPROTO_UDP);
	send4(r, "10.0.2.2");
	rig_expect_ip4(&r->b, "10.0.1.2", "10.0.2.2");
	assert_int_equal(set_int(r, s, IPPROTO_IP, IP_ROUTER_ALERT, 0), -ENOBUFS); /* Linux */
	assert_int_equal(set_int(r, udp, IPPROTO_IP, IP_ROUTER_ALERT, 1), 0);
	send4(r, "10.0.2.2"); /* nobody who wants ICMP */
	rig_expect_ip4(&r->b, "10.0.1.2", "10.0.2.2");
	assert_int_equal(set_int(r, s, IPPROTO_IP, IP_ROUTER_ALERT, 1), 0);
	assert_int_equal(set_int(r, t, IPPROTO_IP, IP_ROUTER_ALERT, 1), 0);
	assert_int_equal(set_int(r, t, IPPROTO_IP, IP_ROUTER_ALERT, 1), -EADDRINUSE);
	send4(r, "10.0.2.2");
	rig_expect_silence(r);
	assert_int_equal(heard(s, buf, sizeof buf), 24 + 8 + 20);
	assert_int_equal(heard(t, buf, sizeof buf), 24 + 8 + 20);
	assert_int_equal(buf[0], 0x46);
	assert_int_equal(heard(udp, buf, sizeof buf), -EAGAIN);
	sock_close(t);
	assert_int_equal(set_int(r, s, IPPROTO_IP, IP_ROUTER_ALERT, 0), 0);
	send4(r, "10.0.2.2");
	rig_expect_ip4(&r->b, "10.0.1.2", "10.0.2.2");
	assert_int_equal(heard(s, buf, sizeof buf), -EAGAIN);
	rig_free(r);
}

static void what_is_for_us_is_heard_as_ever(void **state)
{
	struct rig *r = setup();
	uint8_t buf[256];
	struct sock *s = raw_of(r, AF_INET, IPPROTO_ICMP);
	assert_int_equal(set_int(r, s, IPPROTO_IP, IP_ROUTER_ALERT, 1), 0);
	send4(r, "10.0.1.1");
	assert_int_equal(heard(s, buf, sizeof buf), 24 + 8 + 20);
	assert_int_equal(heard(s, buf, sizeof buf), -EAGAIN);
	rig_free(r);
}

static void over_ipv6_the_value_says_who(void **state)
{
	struct rig *r = setup();
	uint8_t buf[256];
	struct sock *s = raw_of(r, AF_INET6, IPPROTO_RAW), *other = raw_of(r, AF_INET6, IPPROTO_ICMPV6);
	send6(r, 0);
	rig_expect_ip6(&r->b, A, B);
	assert_int_equal(set_int(r, other, IPPROTO_IPV6, IPV6_ROUTER_ALERT, 0), -ENOPROTOOPT);
	assert_int_equal(set_int(r, s, IPPROTO_IPV6, IPV6_ROUTER_ALERT, 1), 0);
	send6(r, 0);
	rig_expect_ip6(&r->b, A, B);
	send6(r, 1);
	rig_expect_silence(r);
	assert_int_equal(heard(s, buf, sizeof buf), 40 + 8 + 8 + 20);
	assert_int_equal(buf[0], 0x60); /* with its header, as it came */
	assert_int_equal(buf[7], 64);
	assert_int_equal(set_int(r, s, IPPROTO_IPV6, IPV6_ROUTER_ALERT, -1), 0);
	send6(r, 1);
	rig_expect_ip6(&r->b, A, B);
	rig_free(r);
}

static void only_from_the_interface_it_is_bound_to(void **state)
{
	struct rig *r = setup();
	uint8_t buf[256];
	struct sock *s = raw_of(r, AF_INET, IPPROTO_ICMP);
	assert_int_equal(set_int(r, s, IPPROTO_IP, IP_ROUTER_ALERT, 1), 0);
	assert_int_equal(sock_setsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, "wb", 3), 0);
	send4(r, "10.0.2.2");
	rig_expect_ip4(&r->b, "10.0.1.2", "10.0.2.2");
	assert_int_equal(sock_setsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, "wa", 3), 0);
	send4(r, "10.0.2.2");
	rig_expect_silence(r);
	assert_int_equal(heard(s, buf, sizeof buf), 24 + 8 + 20);
	rig_free(r);
}

TWICE(who_looks_gets_it_and_it_goes_no_further)
TWICE(what_is_for_us_is_heard_as_ever)
TWICE(over_ipv6_the_value_says_who)
TWICE(only_from_the_interface_it_is_bound_to)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(who_looks_gets_it_and_it_goes_no_further),
		BOTH(what_is_for_us_is_heard_as_ever),
		BOTH(over_ipv6_the_value_says_who),
		BOTH(only_from_the_interface_it_is_bound_to),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Anycast addresses: of a router's subnets (RFC 4291, 2.6.1), and those that programs join. */
#include "ip/ip.h"
#include "net/anycast.h"
#include "net/mcast.h"
#include "net/sysctl.h"
#include "sock/sock.h"
#include "stack/rig.h"

#define A      "2001:db8:1::2"
#define LEAT_A "2001:db8:1::1"
#define SUBNET "2001:db8:1::"

static struct rig *setup(void)
{
	struct rig *r = rig_new(workers, 0);
	rig_neigh(r, &r->a, A);
	return r;
}

/* How many users has it there? */
static unsigned users(struct rig *r, const struct rig_wire *wire, const char *text)
{
	const struct ip6 a = ip6_of(text);
	const struct anycast *found = anycast_find(r->st->worker[0], wire->ifc->handle, &a);
	return found ? found->users : 0;
}

static bool has_route(struct rig *r, const char *text)
{
	const struct ip6 a = ip6_of(text);
	manual_rt_settle(r->m);
	const struct ipaddr dst = { .v6 = a };
	const struct fib_route *f = fib_lookup_ctl(r->st, AF_INET6, &dst, 0);
	return f && f->nh.type == RTN_ANYCAST && f->plen == 128 && f->table == RT_TABLE_LOCAL &&
	       f->protocol == RTPROT_KERNEL;
}

static bool hears_group_of(struct rig *r, const char *text)
{
	const struct ip6 a = ip6_of(text);
	const struct ipaddr group = { .v6 = ip6_solicited_node(&a) };
	return mcast_find_ctl(r->st, r->a.ifc->handle, AF_INET6, &group);
}

static void set(struct rig *r, const char *name, const char *value)
{
	char why[128] = "";
	if (sysctl_set(r->st, name, value, why, sizeof why))
		fail_msg("%s: %s", name, why);
	manual_rt_settle(r->m);
}

static void ping(struct rig *r, const char *from, const char *to)
{
	struct ip6_msg ip = ip6_packet(from, to);
	struct frame f;
	frame_ip6(&f, &r->a, &ip, NULL, 0, 20);
	rig_send(r, &r->a, &f);
}

/* RFC 4443, 2.2: from an address that is ours alone. */
static void a_router_has_that_of_each_of_its_subnets(void **state)
{
	struct rig *r = setup();
	assert_int_equal(users(r, &r->a, SUBNET), 1);
	assert_int_equal(users(r, &r->b, SUBNET), 0);
	assert_int_equal(users(r, &r->b, "2001:db8:2::"), 1);
	assert_true(has_route(r, SUBNET));
	assert_true(hears_group_of(r, SUBNET));
	ping(r, A, SUBNET);
	rig_expect_icmp6(&r->a, LEAT_A, A, ICMP6_ECHO_REPLY, 0, NULL);
	ping(r, A, "2001:db8:2::"); /* by whatever interface it comes */
	rig_expect_icmp6(&r->a, LEAT_A, A, ICMP6_ECHO_REPLY, 0, NULL);
	rig_expect_silence(r);
	rig_free(r);
}

static void answers_come_late_and_override_nothing(void **state)
{
	struct rig *r = setup();
	struct nd_na_msg na;
	struct ip6_msg ip;
	struct frame f;
	frame_ns(&f, &r->a, A, SUBNET);
	memcpy(f.b, (const uint8_t[]){ 0x33, 0x33, 0xff, 0, 0, 0 }, 6);
	rig_send(r, &r->a, &f);
	rig_expect_silence(r);
	manual_rt_run(r->m, SEC); /* RFC 4861, 7.2.7 */
	struct icmp6_msg m = rig_expect_icmp6(&r->a, LEAT_A, A, ICMP6_NEIGH_ADVERT, 0, &ip);
	const struct nd_envelope env = { .src = ip.src, .dst = ip.dst, .hop_limit = ip.hop_limit };
	assert_int_equal(m.type, ICMP6_NEIGH_ADVERT);
	assert_int_equal(nd_na_parse(ip.body, &env, &na), DROP_NONE);
	const struct ip6 target = ip6_of(SUBNET);
	assert_memory_equal(&na.target, &target, sizeof target);
	assert_true(na.router && na.solicited && na.has_mac && !na.override);
	rig_expect_silence(r);
	rig_free(r);
}

static void errors_come_from_an_address_of_ours(void **state)
{
	static const uint8_t body[12] = { 1 };
	struct rig *r = setup();
	struct ip6_msg ip = ip6_packet(A, SUBNET);
	struct ip6_hdr h;
	struct frame f;
	ip.next = 253; /* nobody's */
	ip.body = cur_of(body, sizeof body);
	assert_true(ip6_emit(&ip, &h));
	frame_eth(&f, &r->a, NULL, ETH_P_IPV6);
	frame_put(&f, &h, sizeof h);
	frame_put(&f, body, sizeof body);
	rig_send(r, &r->a, &f);
	rig_expect_icmp6(&r->a, LEAT_A, A, ICMP6_PARAM_PROBLEM, ICMP6_PARAM_NEXT_HEADER, NULL);
	rig_free(r);
}

static void it_goes_with_forwarding_and_comes_with_it(void **state)
{
	struct rig *r = setup();
	ip_set_forwarding(r->st, AF_INET6, false);
	assert_int_equal(users(r, &r->a, SUBNET), 0);
	assert_false(has_route(r, SUBNET));
	assert_false(hears_group_of(r, SUBNET));
	ping(r, A, SUBNET);
	rig_expect_silence(r);
	set(r, "net.ipv6.conf.wa.forwarding", "1");
	assert_int_equal(users(r, &r->a, SUBNET), 1);
	assert_int_equal(users(r, &r->b, "2001:db8:2::"), 0);
	ping(r, A, SUBNET);
	rig_expect_icmp6(&r->a, LEAT_A, A, ICMP6_ECHO_REPLY, 0, NULL);
	set(r, "net.ipv6.conf.all.forwarding", "1");
	assert_int_equal(users(r, &r->a, SUBNET), 1);
	assert_int_equal(users(r, &r->b, "2001:db8:2::"), 1);
	rig_free(r);
}

static void it_stays_for_the_last_address_of_its_subnet(void **state)
{
	struct rig *r = setup();
	const struct ipaddr one = { .v6 = ip6_of(LEAT_A) }, two = { .v6 = ip6_of("2001:db8:1::9") };
	rig_addr(r, r->a.ifc, "2001:db8:1::9", 64, IFA_F_NODAD);
	assert_int_equal(users(r, &r->a, SUBNET), 2);
	assert_int_equal(addr_delete(r->st, r->a.ifc->handle, AF_INET6, &one, 64), 0);
	assert_int_equal(users(r, &r->a, SUBNET), 1);
	assert_true(has_route(r, SUBNET));
	assert_int_equal(addr_delete(r->st, r->a.ifc->handle, AF_INET6, &two, 64), 0);
	assert_int_equal(users(r, &r->a, SUBNET), 0);
	assert_false(has_route(r, SUBNET));
	rig_free(r);
}

/* RFC 6164: a link of two has no room for it. */
static void only_of_what_is_shorter_than_127_and_tested(void **state)
{
	struct rig *r = setup();
	rig_addr(r, r->a.ifc, "2001:db8:7::3", 127, IFA_F_NODAD);
	assert_int_equal(users(r, &r->a, "2001:db8:7::2"), 0);
	rig_addr(r, r->a.ifc, "2001:db8:8::3", 126, IFA_F_NODAD);
	assert_int_equal(users(r, &r->a, "2001:db8:8::"), 1);
	rig_addr(r, r->a.ifc, "2001:db8:9::1", 64, 0);
	assert_int_equal(users(r, &r->a, "2001:db8:9::"), 0);
	manual_rt_run(r->m, 5 * SEC);
	assert_int_equal(users(r, &r->a, "2001:db8:9::"), 1);
	rig_free(r);
}

static void it_comes_back_with_its_interface(void **state)
{
	struct rig *r = setup();
	set(r, "net.ipv6.conf.wa.keep_addr_on_down", "1");
	assert_int_equal(iface_set_up(r->a.ifc, false), 0);
	manual_rt_settle(r->m);
	assert_int_equal(users(r, &r->a, SUBNET), 0);
	assert_false(has_route(r, SUBNET));
	assert_int_equal(iface_set_up(r->a.ifc, true), 0);
	manual_rt_run(r->m, 5 * SEC);
	assert_int_equal(users(r, &r->a, SUBNET), 1);
	assert_true(has_route(r, SUBNET));
	iface_delete(r->a.ifc);
	manual_rt_settle(r->m);
	assert_false(has_route(r, SUBNET));
	r->a.ifc = iface_by_name(r->st, "wb");
	rig_free(r);
}

static void the_link_local_one_is_of_its_link(void **state)
{
	struct rig *r = rig_new(workers, 0);
	rig_neigh(r, &r->a, "fe80::2");
	assert_int_equal(users(r, &r->a, "fe80::"), 1);
	ping(r, "fe80::2", "fe80::");
	rig_expect_icmp6(&r->a, "fe80::aa:ff:fe00:1", "fe80::2", ICMP6_ECHO_REPLY, 0, NULL);
	ip_set_forwarding(r->st, AF_INET6, false);
	ping(r, "fe80::2", "fe80::");
	rig_expect_silence(r);
	rig_free(r);
}

/* --- programs --- */

static int member(struct rig *r, struct sock *s, int name, uint32_t ifindex, const char *text)
{
	struct ipv6_mreq m = { .ipv6mr_interface = ifindex };
	const struct ip6 a = ip6_of(text);
	memcpy(&m.ipv6mr_multiaddr, &a, sizeof a);
	int err = sock_setsockopt(s, IPPROTO_IPV6, name, &m, sizeof m);
	manual_rt_settle(r->m);
	return err;
}

static void programs_join_and_leave(void **state)
{
	static const char any[] = "2001:db8:77::5";
	struct rig *r = setup();
	uint32_t wa = r->a.ifc->ifindex;
	struct sock *s, *t;
	assert_int_equal(sock_open(r->st, AF_INET6, SOCK_DGRAM, 0, NULL, &s), 0);
	assert_int_equal(sock_open(r->st, AF_INET6, SOCK_DGRAM, 0, NULL, &t), 0);
	assert_int_equal(member(r, s, IPV6_JOIN_ANYCAST, wa, "ff02::5"), -EINVAL);
	assert_int_equal(member(r, s, IPV6_JOIN_ANYCAST, wa, LEAT_A), -EINVAL);
	assert_int_equal(member(r, s, IPV6_JOIN_ANYCAST, 99, any), -ENODEV);
	assert_int_equal(member(r, s, IPV6_LEAVE_ANYCAST, wa, any), -ENOENT);
	assert_int_equal(member(r, s, IPV6_JOIN_ANYCAST, wa, any), 0);
	assert_int_equal(member(r, t, IPV6_JOIN_ANYCAST, wa, any), 0);
	assert_int_equal(users(r, &r->a, any), 2);
	assert_true(hears_group_of(r, any));
	ping(r, A, any);
	rig_expect_icmp6(&r->a, LEAT_A, A, ICMP6_ECHO_REPLY, 0, NULL);
	assert_int_equal(member(r, s, IPV6_LEAVE_ANYCAST, 0, any), 0);
	assert_int_equal(users(r, &r->a, any), 1);
	sock_close(t);
	manual_rt_settle(r->m);
	assert_int_equal(users(r, &r->a, any), 0);
	assert_false(has_route(r, any));
	ip_set_forwarding(r->st, AF_INET6, false); /* a host: of its own prefixes alone */
	assert_int_equal(member(r, s, IPV6_JOIN_ANYCAST, wa, any), -EADDRNOTAVAIL);
	assert_int_equal(member(r, s, IPV6_JOIN_ANYCAST, 0, "2001:db8:1::77"), 0);
	assert_int_equal(users(r, &r->a, "2001:db8:1::77"), 1);
	rig_free(r); /* closes what is left */
}

static void a_saved_router_has_them_again(void **state)
{
	struct rig *a = setup(), *b = rig_new(workers, 0);
	char *text, why[256];
	size_t len;
	struct sock *s;
	assert_int_equal(sock_open(a->st, AF_INET6, SOCK_DGRAM, 0, NULL, &s), 0);
	assert_int_equal(member(a, s, IPV6_JOIN_ANYCAST, a->a.ifc->ifindex, "2001:db8:77::5"), 0);
	rig_addr(a, a->a.ifc, "2001:db8:8::3", 64, IFA_F_NODAD);
	assert_int_equal(stack_save_text(a->st, &text, &len), 0);
	assert_int_equal(stack_restore_text(b->st, text, len, why, sizeof why), 0);
	free(text);
	assert_int_equal(users(b, &b->a, SUBNET), 1);
	assert_int_equal(users(b, &b->a, "2001:db8:8::"), 1);
	assert_true(has_route(b, "2001:db8:8::"));
	assert_int_equal(users(b, &b->a, "2001:db8:77::5"), 0); /* the program is gone */
	assert_false(has_route(b, "2001:db8:77::5"));
	rig_free(a);
	rig_free(b);
}

TWICE(a_router_has_that_of_each_of_its_subnets)
TWICE(answers_come_late_and_override_nothing)
TWICE(errors_come_from_an_address_of_ours)
TWICE(it_goes_with_forwarding_and_comes_with_it)
TWICE(it_stays_for_the_last_address_of_its_subnet)
TWICE(only_of_what_is_shorter_than_127_and_tested)
TWICE(it_comes_back_with_its_interface)
TWICE(the_link_local_one_is_of_its_link)
TWICE(programs_join_and_leave)
TWICE(a_saved_router_has_them_again)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(a_router_has_that_of_each_of_its_subnets),
		BOTH(answers_come_late_and_override_nothing),
		BOTH(errors_come_from_an_address_of_ours),
		BOTH(it_goes_with_forwarding_and_comes_with_it),
		BOTH(it_stays_for_the_last_address_of_its_subnet),
		BOTH(only_of_what_is_shorter_than_127_and_tested),
		BOTH(it_comes_back_with_its_interface),
		BOTH(the_link_local_one_is_of_its_link),
		BOTH(programs_join_and_leave),
		BOTH(a_saved_router_has_them_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

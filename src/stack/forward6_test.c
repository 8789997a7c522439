/* SPDX-License-Identifier: BSD-2-Clause */
/* IPv6 from host A to host B through a whole stack, and what extension headers come to. */
#include "ip/ip.h"
#include "net/sysctl.h"
#include "stack/rig.h"

#define A       "2001:db8:1::2"
#define B       "2001:db8:2::2"
#define LEAT_A  "2001:db8:1::1"
#define LEAT_B  "2001:db8:2::1"
#define B_GROUP "ff02::1:ff00:2"

static struct rig *setup(uint32_t features)
{
	struct rig *r = rig_new(workers, features);
	rig_neigh(r, &r->a, A);
	return r;
}

static void first_packet_waits_for_its_neighbour_and_goes_on(void **state)
{
	struct rig *r = setup(0);
	struct frame f;
	struct ip6_msg ip = ip6_packet(A, B), got;
	struct nd_ns_msg ns;
	frame_ip6(&f, &r->a, &ip, NULL, 0, 56);
	rig_send(r, &r->a, &f);
	rig_expect_icmp6(&r->b, NULL, B_GROUP, ICMP6_NEIGH_SOLICIT, 0, &got);
	struct nd_envelope env = { .src = got.src, .dst = got.dst, .hop_limit = got.hop_limit };
	assert_int_equal(nd_ns_parse(got.body, &env, &ns), DROP_NONE);
	assert_true(ns.has_mac);
	assert_memory_equal(ns.mac, r->b.ifc->mac, 6);
	rig_expect_silence(r);
	char src[IP6_TEXT_MAX];
	frame_na(&f, &r->b, B, ip6_text(&got.src, src), true);
	rig_send(r, &r->b, &f);
	rig_expect_icmp6(&r->b, A, B, ICMP6_ECHO, 0, &got);
	assert_int_equal(got.hop_limit, 63);
	frame_ip6(&f, &r->a, &ip, NULL, 0, 56); /* the second does not wait */
	rig_send(r, &r->a, &f);
	rig_expect_icmp6(&r->b, A, B, ICMP6_ECHO, 0, NULL);
	rig_expect_silence(r);
	rig_free(r);
}

static void hop_limit_that_runs_out_is_answered_with_time_exceeded(void **state)
{
	struct rig *r = setup(0);
	struct frame f;
	struct ip6_msg ip = ip6_packet(A, B);
	ip.hop_limit = 1;
	frame_ip6(&f, &r->a, &ip, NULL, 0, 1400);
	rig_send(r, &r->a, &f);
	struct icmp6_msg m = rig_expect_icmp6(&r->a, LEAT_A, A, ICMP6_TIME_EXCEEDED, 0, NULL);
	assert_int_equal(cur_left(&m.body), 1280 - 48);
	assert_true(cur_equal(&m.body, f.b + 14, 1280 - 48));
	assert_int_equal(rig_drops(r, "icmp6-error", DROP_IP_TTL_EXPIRED), 1);
	rig_expect_silence(r);
	rig_free(r);
}

static void routes_without_a_way_answer_by_their_type(void **state)
{
	static const struct {
		const char *dst;
		uint8_t type, code;
		enum drop why;
	} cases[] = {
		{ "2001:db8:ffff::1", RTN_UNSPEC, ICMP6_UNREACH_NO_ROUTE, DROP_IP_NO_ROUTE },
		{ "2001:db8:ffff::2", RTN_UNREACHABLE, ICMP6_UNREACH_NO_ROUTE, DROP_IP_UNREACHABLE },
		{ "2001:db8:ffff::3", RTN_PROHIBIT, ICMP6_UNREACH_PROHIBITED, DROP_IP_PROHIBIT },
	};
	struct rig *r = setup(0);
	struct frame f;
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ip6_msg ip = ip6_packet(A, cases[i].dst);
		if (cases[i].type)
			rig_route(r, cases[i].dst, 128, cases[i].type, iface_by_name(r->st, "lo"), NULL);
		frame_ip6(&f, &r->a, &ip, NULL, 0, 10);
		rig_send(r, &r->a, &f);
		rig_expect_icmp6(&r->a, LEAT_A, A, ICMP6_UNREACH, cases[i].code, NULL);
		assert_int_equal(rig_drops(r, "icmp6-error", cases[i].why), 1);
	}
	rig_expect_silence(r);
	rig_free(r);
}

static void too_long_says_which_length_fits(void **state)
{
	struct rig *r = setup(0);
	struct frame f;
	struct ip6_msg ip = ip6_packet(A, B);
	rig_neigh(r, &r->b, B);
	assert_int_equal(iface_set_mtu(r->b.ifc, 1400), 0);
	frame_ip6(&f, &r->a, &ip, NULL, 0, 1400 - 48); /* fits to the byte */
	rig_send(r, &r->a, &f);
	rig_expect_icmp6(&r->b, A, B, ICMP6_ECHO, 0, NULL);
	frame_ip6(&f, &r->a, &ip, NULL, 0, 1400 - 47);
	rig_send(r, &r->a, &f);
	struct icmp6_msg m = rig_expect_icmp6(&r->a, LEAT_A, A, ICMP6_TOO_BIG, 0, NULL);
	assert_int_equal(m.info, 1400);
	rig_expect_silence(r);
	rig_free(r);
}

static void neighbour_that_does_not_answer_makes_the_address_unreachable(void **state)
{
	struct rig *r = setup(0);
	struct frame f;
	struct ip6_msg ip = ip6_packet(A, B);
	frame_ip6(&f, &r->a, &ip, NULL, 0, 10);
	rig_send(r, &r->a, &f);
	for (unsigned i = 0; i < 3; i++) {
		rig_expect_icmp6(&r->b, NULL, B_GROUP, ICMP6_NEIGH_SOLICIT, 0, NULL);
		manual_rt_run(r->m, SEC);
	}
	rig_expect_icmp6(&r->a, LEAT_A, A, ICMP6_UNREACH, ICMP6_UNREACH_ADDRESS, NULL);
	assert_int_equal(rig_drops(r, "icmp6-error", DROP_NEIGH_FAILED), 1);
	rig_expect_silence(r);
	rig_free(r);
}

static void link_local_addresses_stay_on_their_link(void **state)
{
	struct rig *r = setup(0);
	struct frame f;
	struct ip6_msg ip = ip6_packet("fe80::2", B);
	rig_neigh(r, &r->a, "fe80::2");
	frame_ip6(&f, &r->a, &ip, NULL, 0, 10);
	rig_send(r, &r->a, &f); /* RFC 4443, 3.1: beyond scope of source address */
	rig_expect_icmp6(&r->a, NULL, "fe80::2", ICMP6_UNREACH, ICMP6_UNREACH_SCOPE, NULL);
	ip = ip6_packet(A, "fe80::1234");
	frame_ip6(&f, &r->a, &ip, NULL, 0, 10);
	rig_send(r, &r->a, &f);
	assert_int_equal(rig_drops(r, "ip6-route", DROP_IP_SCOPE), 1);
	rig_expect_silence(r);
	rig_free(r);
}

static void groups_nobody_listens_to_fall_by_name(void **state)
{
	struct rig *r = setup(0);
	struct frame f;
	struct ip6_msg ip = ip6_packet(A, "ff02::1:ff77:7777");
	frame_ip6(&f, &r->a, &ip, NULL, 0, 10);
	rig_send(r, &r->a, &f);
	assert_int_equal(rig_drops(r, "ip6-route", DROP_IP_NOT_MEMBER), 1);
	ip.dst = ip6_of("ff02::1"); /* all nodes answer, from their own address */
	frame_ip6(&f, &r->a, &ip, NULL, 0, 10);
	rig_send(r, &r->a, &f);
	rig_expect_icmp6(&r->a, LEAT_A, A, ICMP6_ECHO_REPLY, 0, NULL);
	rig_expect_silence(r);
	rig_free(r);
}

static void routers_hear_the_groups_of_routers(void **state)
{
	static const char *const groups[] = { "ff02::2", "ff05::2" };
	struct rig *r = setup(0);
	for (unsigned router = 2; router--;) {
		ip_set_forwarding(r->st, AF_INET6, router);
		for (unsigned i = 0; i < ARRAY_SIZE(groups); i++) {
			struct ip6_msg ip = ip6_packet(A, groups[i]);
			struct frame f;
			frame_ip6(&f, &r->a, &ip, NULL, 0, 10);
			rig_send(r, &r->a, &f);
			if (router)
				rig_expect_icmp6(&r->a, LEAT_A, A, ICMP6_ECHO_REPLY, 0, NULL);
			rig_expect_silence(r);
		}
	}
	assert_int_equal(rig_drops(r, "ip6-route", DROP_IP_NOT_MEMBER), ARRAY_SIZE(groups));
	rig_free(r);
}

/* --- extension headers --- */

static void extension_headers_are_judged(void **state)
{
	static const struct {
		const char *story, *dst;
		uint8_t first, ext[16], len;
		enum { ECHOES, PROBLEM, SILENT, FORWARDED } what;
		uint8_t code;
		uint32_t pointer;
	} cases[] = {
		{ "padding", LEAT_A, 0, { 58, 0, 1, 4 }, 8, ECHOES, 0, 0 },
		{ "padding on the way", B, 0, { 58, 0, 1, 4 }, 8, FORWARDED, 0, 0 },
		{ "unknown option to skip", LEAT_A, 0, { 58, 0, 0x1e, 4 }, 8, ECHOES, 0, 0 },
		{ "unknown option: discard", LEAT_A, 0, { 58, 0, 0x5e, 4 }, 8, SILENT, 0, 0 },
		{ "unknown option: tell", LEAT_A, 0, { 58, 0, 0x9e, 4 }, 8, PROBLEM, 2, 42 },
		{ "unknown option on the way: tell", B, 0, { 58, 0, 0x9e, 4 }, 8, PROBLEM, 2, 42 },
		{ "unknown option for the destination only", B, 60, { 58, 0, 0x9e, 4 }, 8, FORWARDED, 0, 0 },
		{ "destination option: tell", LEAT_A, 60, { 58, 0, 0x9e, 4 }, 8, PROBLEM, 2, 42 },
		{ "routing type 0 with a way to go", LEAT_A, 43, { 58, 0, 0, 1 }, 8, PROBLEM, 0, 42 },
		{ "routing type 0 at its end", LEAT_A, 43, { 58, 0, 0, 0 }, 8, ECHOES, 0, 0 },
		{ "hop-by-hop not in front",
		  LEAT_A,
		  60,
		  { 0, 0, 1, 4, 0, 0, 0, 0, 58, 0, 1, 4 },
		  16,
		  PROBLEM,
		  1,
		  40 },
		{ "whole packet in a fragment header", LEAT_A, 44, { 58 }, 8, ECHOES, 0, 0 },
		{ "first fragment", LEAT_A, 44, { 58, 0, 0, 1 }, 8, SILENT, 0, 0 },
		{ "fragment on the way", B, 44, { 58, 0, 0, 9 }, 8, FORWARDED, 0, 0 },
		{ "unknown header", LEAT_A, 253, { 58, 0, 1, 4 }, 8, PROBLEM, 1, 6 },
		{ "unknown header of authentication", LEAT_A, 51, { 58, 0 }, 8, PROBLEM, 1, 6 },
		{ "the same, in front of what may be an error", LEAT_A, 51, { 58, 255 }, 8, SILENT, 0, 0 },
		{ "no next header", LEAT_A, 59, { 58, 0, 1, 4 }, 8, SILENT, 0, 0 },
		{ "length past the end", LEAT_A, 60, { 58, 255, 1, 4 }, 8, SILENT, 0, 0 },
	};
	struct rig *r = setup(0);
	char why[256];
	assert_int_equal(sysctl_set(r->st, "net.ipv6.icmp.ratelimit", "0", why, sizeof why), 0);
	rig_neigh(r, &r->b, B);
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		struct frame f;
		struct ip6_msg ip = ip6_packet(A, cases[i].dst);
		ip.next = cases[i].first;
		frame_ip6(&f, &r->a, &ip, cases[i].ext, cases[i].len, 24);
		rig_send(r, &r->a, &f);
		print_message("%s\n", cases[i].story);
		if (cases[i].what == ECHOES)
			rig_expect_icmp6(&r->a, LEAT_A, A, ICMP6_ECHO_REPLY, 0, NULL);
		if (cases[i].what == FORWARDED)
			rig_expect_ip6(&r->b, A, B);
		if (cases[i].what == PROBLEM) {
			struct icmp6_msg m =
				rig_expect_icmp6(&r->a, LEAT_A, A, ICMP6_PARAM_PROBLEM, cases[i].code, NULL);
			assert_int_equal(m.info, cases[i].pointer);
		}
		rig_expect_silence(r);
	}
	rig_free(r);
}

static void bad_headers_fall_by_name(void **state)
{
	static const struct {
		const char *src, *dst;
		enum drop why;
	} cases[] = {
		{ "ff02::1", B, DROP_IP_MARTIAN_SOURCE },
		{ "::1", B, DROP_IP_MARTIAN_SOURCE },
		{ "::ffff:10.0.0.1", B, DROP_IP_MARTIAN_SOURCE },
		{ A, "::1", DROP_IP_MARTIAN_DEST },
		{ A, "::", DROP_IP_MARTIAN_DEST },
		{ A, "ff01::1", DROP_IP_MARTIAN_DEST },
	};
	struct rig *r = setup(0);
	struct frame f;
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t was = rig_drops(r, "ip6-input", cases[i].why);
		struct ip6_msg ip = ip6_packet(cases[i].src, cases[i].dst);
		frame_ip6(&f, &r->a, &ip, NULL, 0, 10);
		rig_send(r, &r->a, &f);
		assert_int_equal(rig_drops(r, "ip6-input", cases[i].why), was + 1);
	}
	f.b[14] = 0x45;
	rig_send(r, &r->a, &f);
	assert_int_equal(rig_drops(r, "ip6-input", DROP_IP_VERSION), 1);
	rig_expect_silence(r);
	rig_free(r);
}

TWICE(first_packet_waits_for_its_neighbour_and_goes_on)
TWICE(hop_limit_that_runs_out_is_answered_with_time_exceeded)
TWICE(routes_without_a_way_answer_by_their_type)
TWICE(too_long_says_which_length_fits)
TWICE(neighbour_that_does_not_answer_makes_the_address_unreachable)
TWICE(link_local_addresses_stay_on_their_link)
TWICE(groups_nobody_listens_to_fall_by_name)
TWICE(routers_hear_the_groups_of_routers)
TWICE(extension_headers_are_judged)
TWICE(bad_headers_fall_by_name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(first_packet_waits_for_its_neighbour_and_goes_on),
		BOTH(hop_limit_that_runs_out_is_answered_with_time_exceeded),
		BOTH(routes_without_a_way_answer_by_their_type),
		BOTH(too_long_says_which_length_fits),
		BOTH(neighbour_that_does_not_answer_makes_the_address_unreachable),
		BOTH(link_local_addresses_stay_on_their_link),
		BOTH(groups_nobody_listens_to_fall_by_name),
		BOTH(routers_hear_the_groups_of_routers),
		BOTH(extension_headers_are_judged),
		BOTH(bad_headers_fall_by_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

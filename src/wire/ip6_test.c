/* SPDX-License-Identifier: BSD-2-Clause */
#include "ip6.c"

#include "split_test.h"

static const uint8_t body[] = "some bytes of data";

static struct ip6_msg sample(void)
{
	return (struct ip6_msg){
		.tc = 0xb9,
		.next = 200,
		.hop_limit = 3,
		.flow = 0xabcde,
		.src = { { 0x20, 1, 0x0d, 0xb8, [15] = 1 } },
		.dst = { { 0x20, 1, 0x0d, 0xb8, [15] = 2 } },
		.body = cur_of(body, sizeof body),
	};
}

static void parse_undoes_emit_wherever_it_is_cut(void **state)
{
	struct ip6_msg m = sample(), got;
	uint8_t p[sizeof(struct ip6_hdr) + sizeof body + 4] = { 0 }; /* 4 bytes of padding by the link */
	struct cursor c;
	assert_true(ip6_emit(&m, (struct ip6_hdr *)p));
	memcpy(p + sizeof(struct ip6_hdr), body, sizeof body);
	for_each_split (c, p, sizeof p) {
		assert_int_equal(ip6_parse(c, &got), DROP_NONE);
		assert_int_equal(got.tc, m.tc);
		assert_int_equal(got.flow, m.flow);
		assert_int_equal(got.next, m.next);
		assert_int_equal(got.hop_limit, m.hop_limit);
		assert_true(ip6_eq(&got.src, &m.src) && ip6_eq(&got.dst, &m.dst));
		assert_true(rest_is(&got.body, body, sizeof body));
	}
}

static void what_does_not_hold_is_refused_by_name(void **state)
{
	struct ip6_msg m = sample(), got;
	uint8_t p[sizeof(struct ip6_hdr) + sizeof body];
	assert_true(ip6_emit(&m, (struct ip6_hdr *)p));
	for (uint32_t len = 0; len < sizeof p; len++)
		assert_int_equal(ip6_parse(cur_of(p, len), &got), DROP_TRUNCATED);
	p[0] = 0x45;
	assert_int_equal(ip6_parse(cur_of(p, sizeof p), &got), DROP_IP_VERSION);
}

static void a_body_too_long_is_not_emitted(void **state)
{
	static const uint8_t large[0x10000];
	struct ip6_msg m = sample();
	struct ip6_hdr h;
	m.body = cur_of(large, 0xffff);
	assert_true(ip6_emit(&m, &h));
	m.body = cur_of(large, 0x10000);
	assert_false(ip6_emit(&m, &h));
}

static void addresses_are_told_apart(void **state)
{
	const struct ip6 a = { { 0x20, 1, [13] = 0xaa, 0xbb, 0xcc } }, one = { { [15] = 1 } },
			 mapped = { { [10] = 0xff, 0xff, 10, 0, 0, 1 } };
	const struct ip6 want = { { 0xff, 0x02, [11] = 1, 0xff, 0xaa, 0xbb, 0xcc } };
	struct ip6 group = ip6_solicited_node(&a);
	assert_true(ip6_eq(&group, &want));
	assert_int_equal(ip6_multicast_scope(&group), 2);
	assert_int_equal(ip6_multicast_scope(&a), 0);
	assert_true(ip6_is_loopback(&one) && !ip6_is_loopback(&a));
	assert_true(ip6_is_v4_mapped(&mapped) && !ip6_is_v4_mapped(&one));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse_undoes_emit_wherever_it_is_cut),
		cmocka_unit_test(what_does_not_hold_is_refused_by_name),
		cmocka_unit_test(a_body_too_long_is_not_emitted),
		cmocka_unit_test(addresses_are_told_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

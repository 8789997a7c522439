/* SPDX-License-Identifier: BSD-2-Clause */
#include "icmp6.c"

#include "split_test.h"

static const uint8_t too_big[] = { ICMP6_TOO_BIG, 0, 0, 0, 0, 0, 5, 0, 'q' };

static void an_error_parses_wherever_it_is_cut(void **state)
{
	struct cursor c;
	for_each_split (c, too_big, sizeof too_big) {
		struct icmp6_msg m;
		assert_int_equal(icmp6_parse(c, &m), DROP_NONE);
		assert_int_equal(m.type, ICMP6_TOO_BIG);
		assert_int_equal(m.info, 1280);
		assert_true(rest_is(&m.body, "q", 1));
	}
}

static void emit_is_the_inverse_and_its_checksum_holds(void **state)
{
	const struct ip6 src = { { 0xfe, 0x80, [15] = 1 } }, dst = { { 0xff, 2, [15] = 1 } };
	uint8_t p[sizeof too_big];
	struct icmp6_msg m;
	struct icmp6_hdr h;
	assert_int_equal(icmp6_parse(cur_of(too_big, sizeof too_big), &m), DROP_NONE);
	icmp6_emit(&m, &h);
	assert_memory_equal(&h, too_big, sizeof h);
	h.csum = icmp6_csum(&m, &src, &dst);
	memcpy(p, too_big, sizeof p);
	memcpy(p, &h, sizeof h);
	assert_true(csum_ok(csum_add(csum_pseudo6(&src, &dst, 58, sizeof p), csum_mem(p, sizeof p))));
}

static void echo_fields_share_a_word(void **state)
{
	const struct icmp6_msg m = { .type = ICMP6_ECHO, .info = 0x1234abcd };
	assert_int_equal(icmp6_echo_id(&m), 0x1234);
	assert_int_equal(icmp6_echo_seq(&m), 0xabcd);
	assert_true(icmp6_is_error(ICMP6_PARAM_PROBLEM) && !icmp6_is_error(ICMP6_ECHO));
}

static void short_messages_are_truncated(void **state)
{
	struct icmp6_msg m;
	for (uint32_t len = 0; len < 8; len++)
		assert_int_equal(icmp6_parse(cur_of(too_big, len), &m), DROP_TRUNCATED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_error_parses_wherever_it_is_cut),
		cmocka_unit_test(emit_is_the_inverse_and_its_checksum_holds),
		cmocka_unit_test(echo_fields_share_a_word),
		cmocka_unit_test(short_messages_are_truncated),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

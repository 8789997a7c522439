/* SPDX-License-Identifier: BSD-2-Clause */
#include "icmp4.c"

#include "split_test.h"

static const uint8_t echo[] = { ICMP4_ECHO, 0, 0, 0, 0x12, 0x34, 0, 7, 'd', 'a', 't' };

static void an_echo_parses_wherever_it_is_cut(void **state)
{
	struct cursor c;
	for_each_split (c, echo, sizeof echo) {
		struct icmp4_msg m;
		assert_int_equal(icmp4_parse(c, &m), DROP_NONE);
		assert_int_equal(m.type, ICMP4_ECHO);
		assert_int_equal(m.id, 0x1234);
		assert_int_equal(m.seq, 7);
		assert_true(rest_is(&m.body, "dat", 3));
	}
}

static void emit_is_the_inverse_and_its_checksum_holds(void **state)
{
	struct icmp4_msg m;
	uint8_t p[sizeof echo];
	struct icmp4_hdr h;
	assert_int_equal(icmp4_parse(cur_of(echo, sizeof echo), &m), DROP_NONE);
	icmp4_emit(&m, &h);
	assert_memory_equal(&h, echo, sizeof h);
	h.csum = icmp4_csum(&m);
	memcpy(p, echo, sizeof p);
	memcpy(p, &h, sizeof h);
	assert_true(csum_ok(csum_mem(p, sizeof p)));
}

static void the_second_word_of_errors_reads_as_it_was_written(void **state)
{
	struct icmp4_msg m = { .type = ICMP4_REDIRECT };
	icmp4_set_info(&m, 0x0a000001);
	assert_int_equal(icmp4_info(&m), 0x0a000001);
	assert_int_equal(m.id, 0x0a00);
}

static void errors_are_told_from_queries(void **state)
{
	assert_true(icmp4_is_error(ICMP4_UNREACH) && icmp4_is_error(ICMP4_REDIRECT) &&
		    icmp4_is_error(ICMP4_PARAM_PROBLEM));
	assert_false(icmp4_is_error(ICMP4_ECHO) || icmp4_is_error(ICMP4_ECHO_REPLY) ||
		     icmp4_is_error(ICMP4_TIMESTAMP));
}

static void short_messages_are_truncated(void **state)
{
	struct icmp4_msg m;
	for (uint32_t len = 0; len < 8; len++)
		assert_int_equal(icmp4_parse(cur_of(echo, len), &m), DROP_TRUNCATED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_echo_parses_wherever_it_is_cut),
		cmocka_unit_test(emit_is_the_inverse_and_its_checksum_holds),
		cmocka_unit_test(the_second_word_of_errors_reads_as_it_was_written),
		cmocka_unit_test(errors_are_told_from_queries),
		cmocka_unit_test(short_messages_are_truncated),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

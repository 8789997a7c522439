/* SPDX-License-Identifier: BSD-2-Clause */
#include "udp.c"

#include "split_test.h"

static const uint8_t datagram[] = { 0x30, 0x39, 0, 53, 0, 11, 0xab, 0xcd, 'a', 'b', 'c', 'p', 'a', 'd' };

static void a_datagram_parses_wherever_it_is_cut(void **state)
{
	struct cursor c;
	for_each_split (c, datagram, sizeof datagram) {
		struct udp_msg m;
		assert_int_equal(udp_parse(c, &m), DROP_NONE);
		assert_int_equal(m.sport, 12345);
		assert_int_equal(m.dport, 53);
		assert_int_equal(m.csum, 0xabcd);
		assert_true(rest_is(&m.body, "abc", 3)); /* cut to the length field */
	}
}

static void emit_is_the_inverse_of_parse(void **state)
{
	struct udp_msg m;
	struct udp_hdr h;
	assert_int_equal(udp_parse(cur_of(datagram, sizeof datagram), &m), DROP_NONE);
	assert_true(udp_emit(&m, &h));
	assert_memory_equal(&h, datagram, sizeof h);
	static const uint8_t large[65536];
	m.body = cur_of(large, 65535 - 8);
	assert_true(udp_emit(&m, &h));
	m.body = cur_of(large, 65535 - 7);
	assert_false(udp_emit(&m, &h));
}

static void lengths_that_do_not_hold_are_refused(void **state)
{
	struct udp_msg m;
	uint8_t p[sizeof datagram];
	memcpy(p, datagram, sizeof p);
	for (uint32_t len = 0; len < 11; len++)
		assert_int_equal(udp_parse(cur_of(p, len), &m), DROP_TRUNCATED);
	p[5] = 7;
	assert_int_equal(udp_parse(cur_of(p, sizeof p), &m), DROP_BAD_LENGTH);
	p[5] = sizeof p + 1;
	assert_int_equal(udp_parse(cur_of(p, sizeof p), &m), DROP_TRUNCATED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_datagram_parses_wherever_it_is_cut),
		cmocka_unit_test(emit_is_the_inverse_of_parse),
		cmocka_unit_test(lengths_that_do_not_hold_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

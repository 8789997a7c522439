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

static const uint8_t lite[] = { 0x30, 0x39, 0, 53, 0, 10, 0xab, 0xcd, 'a', 'b', 'c', 'd', 'e' };

static void udplite_parses_wherever_it_is_cut(void **state)
{
	struct cursor c;
	for_each_split (c, lite, sizeof lite) {
		struct udplite_msg m;
		struct udp_hdr h;
		assert_int_equal(udplite_parse(c, &m), DROP_NONE);
		assert_int_equal(m.sport, 12345);
		assert_int_equal(m.coverage, 10);
		assert_int_equal(m.covered, 10);
		assert_true(rest_is(&m.body, "abcde", 5));
		udplite_emit(&m, &h);
		assert_memory_equal(&h, lite, sizeof h);
	}
}

/* RFC 3828, 3.1 */
static void coverage_is_the_header_at_least_and_no_more_than_there_is(void **state)
{
	struct udplite_msg m;
	uint8_t p[sizeof lite];
	memcpy(p, lite, sizeof p);
	for (unsigned n = 0; n < 256; n++) {
		p[5] = (uint8_t)n;
		bool ok = !n || (n >= 8 && n <= sizeof p);
		assert_int_equal(udplite_parse(cur_of(p, sizeof p), &m),
				 ok ? DROP_NONE : DROP_UDPLITE_COVERAGE);
		if (ok)
			assert_int_equal(m.covered, n ? n : sizeof p);
	}
	for (uint32_t len = 0; len < 8; len++)
		assert_int_equal(udplite_parse(cur_of(p, len), &m), DROP_TRUNCATED);
}

static void prints(const uint8_t *bytes, uint32_t len, const char *want)
{
	char room[100];
	struct text t = text_of(room, sizeof room);
	udplite_print(cur_of(bytes, len), &t);
	assert_string_equal(room, want);
}

static void what_is_covered_is_told(void **state)
{
	uint8_t p[sizeof lite];
	memcpy(p, lite, sizeof p);
	prints(p, sizeof p, "udplite 12345 > 53, 5 bytes, 2 of them covered");
	prints(p, 7, "udplite, cut short");
	p[5] = 0;
	prints(p, sizeof p, "udplite 12345 > 53, 5 bytes, all covered");
	p[5] = 7;
	prints(p, sizeof p, "udplite 12345 > 53, 5 bytes, bad coverage 7");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_datagram_parses_wherever_it_is_cut),
		cmocka_unit_test(emit_is_the_inverse_of_parse),
		cmocka_unit_test(lengths_that_do_not_hold_are_refused),
		cmocka_unit_test(udplite_parses_wherever_it_is_cut),
		cmocka_unit_test(coverage_is_the_header_at_least_and_no_more_than_there_is),
		cmocka_unit_test(what_is_covered_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "tcp.c"

#include "split_test.h"

static const uint8_t syn[] = {
	0xc0, 0x00, 0,    80,   1,    2,    3, 4,  0, 0, 0, 0, /* ports, sequence numbers */
	0xa0, 0xc2, 0xfa, 0xf0, 0x12, 0x34, 0, 0, /* 40 bytes; SYN, ECE, CWR */
	2,    4,    5,    0xb4, 4,    2,    8, 10, 1, 1, 1, 1, 0, 0, 0, 0, 1, 3, 3, 7, /* options */
	'd',
};

static void a_segment_parses_wherever_it_is_cut(void **state)
{
	struct cursor c;
	for_each_split (c, syn, sizeof syn) {
		struct tcp_msg m;
		assert_int_equal(tcp_parse(c, &m), DROP_NONE);
		assert_int_equal(m.sport, 0xc000);
		assert_int_equal(m.dport, 80);
		assert_int_equal(m.seq, 0x01020304);
		assert_int_equal(m.flags, TCP_F_SYN | TCP_F_ECE | TCP_F_CWR);
		assert_int_equal(m.window, 64240);
		assert_true(rest_is(&m.options, syn + 20, 20));
		assert_true(rest_is(&m.body, "d", 1));
	}
}

static void emit_is_the_inverse_of_parse(void **state)
{
	const uint8_t odd[41] = { TCP_OPT_NOP };
	struct tcp_msg m;
	uint8_t p[TCP_HDR_MAX];
	assert_int_equal(tcp_parse(cur_of(syn, sizeof syn), &m), DROP_NONE);
	assert_int_equal(tcp_emit(&m, p), 40);
	assert_memory_equal(p, syn, 40);
	m.options = cur_of(odd, 1);
	assert_int_equal(tcp_emit(&m, p), 24);
	m.options = cur_of(odd, 40);
	assert_int_equal(tcp_emit(&m, p), 60);
	m.options = cur_of(odd, 41);
	assert_int_equal(tcp_emit(&m, p), 0);
}

static void options_come_one_by_one(void **state)
{
	static const uint8_t kinds[] = { TCP_OPT_MSS, TCP_OPT_SACK_OK, TCP_OPT_STAMP, TCP_OPT_WSCALE };
	struct cursor c;
	for_each_split (c, syn + 20, 20) {
		struct tcp_opt o;
		unsigned n = 0;
		while (tcp_opt_next(&c, &o)) {
			assert_true(n < 4);
			assert_int_equal(o.kind, kinds[n]);
			if (o.kind == TCP_OPT_MSS)
				assert_memory_equal(o.data, "\x05\xb4", 2);
			if (o.kind == TCP_OPT_WSCALE)
				assert_int_equal(o.data[0], 7);
			n++;
		}
		assert_int_equal(n, 4);
	}
}

static void malformed_options_end_the_walk(void **state)
{
	static const uint8_t bad[][6] = {
		{ 2 }, { 2, 0 }, { 2, 1 }, { 2, 7, 1, 1, 1, 1 }, { 0, 2, 4, 1, 1 }, { 2, 255 }
	};
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		struct tcp_opt o;
		struct cursor c = cur_of(bad[i], i == 0 ? 1 : 6);
		assert_false(tcp_opt_next(&c, &o));
	}
}

static void lengths_that_do_not_hold_are_refused(void **state)
{
	struct tcp_msg m;
	uint8_t p[sizeof syn];
	memcpy(p, syn, sizeof p);
	for (uint32_t len = 0; len < 40; len++)
		assert_int_equal(tcp_parse(cur_of(p, len), &m), DROP_TRUNCATED);
	p[12] = 0x40;
	assert_int_equal(tcp_parse(cur_of(p, sizeof p), &m), DROP_BAD_LENGTH);
	p[12] = 0xf0;
	assert_int_equal(tcp_parse(cur_of(p, sizeof p), &m), DROP_TRUNCATED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_segment_parses_wherever_it_is_cut),
		cmocka_unit_test(emit_is_the_inverse_of_parse),
		cmocka_unit_test(options_come_one_by_one),
		cmocka_unit_test(malformed_options_end_the_walk),
		cmocka_unit_test(lengths_that_do_not_hold_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

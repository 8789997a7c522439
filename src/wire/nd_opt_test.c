/* SPDX-License-Identifier: BSD-2-Clause */
#include "nd_opt.c"

#include "split_test.h"

static struct ip6 ip(uint16_t a, uint16_t b, uint16_t c, uint16_t d, uint8_t last)
{
	return (struct ip6){ { (uint8_t)(a >> 8), (uint8_t)a, (uint8_t)(b >> 8), (uint8_t)b,
			       (uint8_t)(c >> 8), (uint8_t)c, (uint8_t)(d >> 8), (uint8_t)d, [15] = last } };
}

static void prefixes_are_read_without_their_host_bits(void **state)
{
	static const uint8_t b[32] = { 3, 4, 60, 0xc0, 0,    0,    0x0e, 0x10, 0, 0, 0,    9, 0,
				       0, 0, 0,  0x20, 0x01, 0x0d, 0xb8, 0,    0, 0, 0x1f, 1 };
	struct nd_prefix_msg m;
	assert_true(nd_prefix_parse(cur_of(b, sizeof b), &m));
	struct ip6 want = ip(0x2001, 0xdb8, 0, 0x10, 0);
	assert_true(ip6_eq(&m.prefix, &want));
	assert_int_equal(m.plen, 60);
	assert_int_equal(m.flags, ND_PREFIX_ON_LINK | ND_PREFIX_AUTONOMOUS);
	assert_int_equal(m.valid_s, 3600);
	assert_int_equal(m.preferred_s, 9);
	assert_false(nd_prefix_parse(cur_of(b, 24), &m));
	uint8_t bad[32];
	memcpy(bad, b, sizeof b);
	bad[2] = 129;
	assert_false(nd_prefix_parse(cur_of(bad, sizeof bad), &m));
}

static void routes_have_as_much_prefix_as_they_need(void **state)
{
	uint8_t b[24] = { 24, 1, 0, 0x08, 0, 0, 0, 60, 0x20, 0x01, 0x0d, 0xb8 };
	static const struct {
		uint8_t plen;
		uint32_t len;
		bool good;
	} rows[] = { { 0, 8, true },   { 1, 8, false },   { 64, 16, true },   { 65, 16, false },
		     { 65, 24, true }, { 128, 24, true }, { 129, 24, false }, { 0, 24, true } };
	struct nd_route_msg m;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		b[2] = rows[i].plen;
		assert_int_equal(nd_route_parse(cur_of(b, rows[i].len), &m), rows[i].good);
	}
	b[2] = 48;
	assert_true(nd_route_parse(cur_of(b, 16), &m));
	assert_int_equal(m.pref, ND_PREF_HIGH);
	assert_int_equal(m.lifetime_s, 60);
	b[3] = 0x10; /* RFC 4191, 2.3: reserved, and the option is ignored */
	assert_false(nd_route_parse(cur_of(b, 16), &m));
}

static void the_mtu_is_read(void **state)
{
	static const uint8_t b[16] = { 5, 1, 0, 0, 0, 0, 0x05, 0xdc };
	uint32_t mtu;
	assert_true(nd_mtu_parse(cur_of(b, 8), &mtu));
	assert_int_equal(mtu, 1500);
	assert_false(nd_mtu_parse(cur_of(b, 16), &mtu));
	assert_false(nd_mtu_parse(cur_of(b, 6), &mtu));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefixes_are_read_without_their_host_bits),
		cmocka_unit_test(routes_have_as_much_prefix_as_they_need),
		cmocka_unit_test(the_mtu_is_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

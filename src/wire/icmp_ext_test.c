/* SPDX-License-Identifier: BSD-2-Clause */
#include "icmp_ext.c"

#include "split_test.h"

static const struct icmp_ext_iface eth0 = {
	.ifindex = 7, .mtu = 1500, .family = AF_INET, .addr.v4 = { { 192, 0, 2, 1 } }, .name = "eth0"
};
/* The same, by hand: RFC 5837, 4. */
static const uint8_t eth0_bytes[] = {
	0x20, 0,   0,   0, /* the checksum comes below */
	0,    28,  2,   0x0f, 0,   0, 0, 7, /* index */
	0,    1,   0,   0,    192, 0, 2, 1, /* address */
	8,    'e', 't', 'h',  '0', 0, 0, 0, /* name */
	0,    0,   5,   0xdc, /* MTU */
};

static void an_interface_is_written_as_the_standard_says(void **state)
{
	uint8_t b[ICMP_EXT_IFACE_MAX], want[sizeof eth0_bytes];
	memcpy(want, eth0_bytes, sizeof want);
	assert_int_equal(icmp_ext_emit_iface(&eth0, b), sizeof want);
	memcpy(want + 2, b + 2, 2);
	assert_memory_equal(b, want, sizeof want);
	assert_true(csum_ok(csum_mem(b, sizeof want)));
	assert_true(icmp_ext_ok(cur_of(b, sizeof want)));
}

static void the_longest_interface_fits(void **state)
{
	struct icmp_ext_iface i = { .family = AF_INET6, .name = "fifteen-letters" };
	uint8_t b[ICMP_EXT_IFACE_MAX];
	assert_int_equal(icmp_ext_emit_iface(&i, b), ICMP_EXT_IFACE_MAX);
	i.name = "";
	i.family = 0;
	assert_int_equal(icmp_ext_emit_iface(&i, b), 4 + 4 + 4 + 4 + 4);
	assert_true(icmp_ext_ok(cur_of(b, 20)));
}

static void what_is_not_sound_is_told(void **state)
{
	uint8_t b[ICMP_EXT_IFACE_MAX];
	uint32_t len = icmp_ext_emit_iface(&eth0, b);
	struct cursor c;
	for (uint32_t n = 0; n < len; n++) /* the checksum goes with the bytes, or the header is short */
		assert_false(icmp_ext_ok(cur_of(b, n)));
	for_each_split (c, b, len)
		assert_true(icmp_ext_ok(c));
	b[9] ^= 1;
	assert_false(icmp_ext_ok(cur_of(b, len)));
	b[2] = b[3] = 0; /* RFC 4884, 7: none was made */
	assert_true(icmp_ext_ok(cur_of(b, len)));
	b[5] = 3; /* an object shorter than its header */
	assert_false(icmp_ext_ok(cur_of(b, len)));
	b[5] = 33; /* one that ends behind the end */
	assert_false(icmp_ext_ok(cur_of(b, len)));
	b[0] = 0x10; /* another version */
	assert_true(icmp_ext_ok(cur_of(b, len)));
}

static void lengths_are_where_each_family_has_them(void **state)
{
	bool may;
	assert_int_equal(icmp4_ext_info(ICMP4_UNREACH, 1400, &may), 0x00200000 | 1400);
	assert_true(may);
	assert_int_equal(icmp4_ext_quoted(ICMP4_UNREACH, 0x00200578), 128);
	assert_int_equal(icmp4_ext_info(ICMP4_REDIRECT, 1, &may), 1);
	assert_false(may);
	assert_int_equal(icmp4_ext_quoted(ICMP4_REDIRECT, 0x00200000), 0);
	assert_int_equal(icmp6_ext_info(ICMP6_TIME_EXCEEDED, 0, &may), 0x10000000);
	assert_true(may);
	assert_int_equal(icmp6_ext_quoted(ICMP6_TIME_EXCEEDED, 0x10000000), 128);
	assert_int_equal(icmp6_ext_info(ICMP6_TOO_BIG, 1280, &may), 1280);
	assert_false(may);
	assert_int_equal(icmp6_ext_quoted(ICMP6_TOO_BIG, 0xff000000), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_interface_is_written_as_the_standard_says),
		cmocka_unit_test(the_longest_interface_fits),
		cmocka_unit_test(what_is_not_sound_is_told),
		cmocka_unit_test(lengths_are_where_each_family_has_them),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

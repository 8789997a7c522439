/* SPDX-License-Identifier: BSD-2-Clause */
#include "text.c"

#include <stdlib.h>

#include "base/test.h"

static void expect_ip6(const char *in, const char *want)
{
	struct ip6 a;
	char buf[IP6_TEXT_MAX];
	assert_true(ip6_from_text(in, &a));
	assert_string_equal(ip6_text(&a, buf), want);
}

/* RFC 5952, 1 to 5 */
static void ip6_is_written_as_rfc_5952_says(void **state)
{
	expect_ip6("2001:0db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"); /* the first of equal runs */
	expect_ip6("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"); /* one group is not a run */
	expect_ip6("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"); /* the longest run */
	expect_ip6("2001:DB8::AAAA", "2001:db8::aaaa");
	expect_ip6("::", "::");
	expect_ip6("::1", "::1");
	expect_ip6("1::", "1::");
	expect_ip6("fe80:0:0:0:0:0:0:1", "fe80::1");
	expect_ip6("0:1:2:3:4:5:6:7", "0:1:2:3:4:5:6:7");
	expect_ip6("1:2:3:4:5:6:0:0", "1:2:3:4:5:6::");
	expect_ip6("::ffff:192.0.2.1", "::ffff:192.0.2.1");
	expect_ip6("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

static void every_address_reads_back(void **state)
{
	for (unsigned mask = 0; mask < 256; mask++) { /* every pattern of zero groups */
		struct ip6 a, b;
		char buf[IP6_TEXT_MAX];
		for (unsigned i = 0; i < 8; i++) {
			a.b[2 * i] = 0;
			a.b[2 * i + 1] = mask >> i & 1 ? (uint8_t)(i + 1) : 0;
		}
		assert_true(ip6_from_text(ip6_text(&a, buf), &b));
		assert_memory_equal(&a, &b, sizeof a);
	}
}

static void ip4_and_mac_read_back(void **state)
{
	char buf[MAC_TEXT_MAX];
	be32 a;
	uint8_t mac[6];
	assert_true(ip4_from_text("255.255.255.255", &a));
	assert_string_equal(ip4_text(a, buf), "255.255.255.255");
	assert_true(ip4_from_text("10.0.0.1", &a));
	assert_string_equal(ip4_text(a, buf), "10.0.0.1");
	assert_true(mac_from_text("02:00:5E:10:0:1", mac));
	assert_string_equal(mac_text(mac, buf), "02:00:5e:10:00:01");
}

static void what_is_no_address_is_refused(void **state)
{
	be32 a4 = { { 1, 2, 3, 4 } };
	struct ip6 a6;
	uint8_t mac[6] = { 9 };
	const char *const bad4[] = { "", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.4 ", "::1" };
	const char *const bad6[] = { "", "1::2::3", "12345::", "1:2:3:4:5:6:7", "fe80::1%eth0", "1.2.3.4" };
	const char *const bad_mac[] = { "",
					"02:00:00:00:00",
					"02:00:00:00:00:00:00",
					"02:00:00:00:00:0g",
					"020:0:0:0:0:0",
					"02:00:00:00:00:",
					"02-00-00-00-00-00" };
	for (unsigned i = 0; i < ARRAY_SIZE(bad4); i++)
		assert_false(ip4_from_text(bad4[i], &a4));
	for (unsigned i = 0; i < ARRAY_SIZE(bad6); i++)
		assert_false(ip6_from_text(bad6[i], &a6));
	for (unsigned i = 0; i < ARRAY_SIZE(bad_mac); i++)
		assert_false(mac_from_text(bad_mac[i], mac));
	assert_int_equal(a4.b[3], 4);
	assert_int_equal(mac[0], 9);
}

static void text_never_grows_past_its_size(void **state)
{
	for (size_t size = 0; size <= 12; size++) {
		char *p = malloc(size ? size : 1); /* of exactly that size, for sanitizers */
		struct text t = text_of(p, size);
		for (unsigned i = 0; i < 3; i++)
			text_add(&t, "%s", "abc");
		assert_int_equal(t.cut, size < 10);
		if (size) {
			assert_int_equal(strlen(p), size < 10 ? size - 1 : 9);
			assert_memory_equal(p, "abcabcabc", strlen(p));
		}
		free(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ip6_is_written_as_rfc_5952_says),
		cmocka_unit_test(every_address_reads_back),
		cmocka_unit_test(ip4_and_mac_read_back),
		cmocka_unit_test(what_is_no_address_is_refused),
		cmocka_unit_test(text_never_grows_past_its_size),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

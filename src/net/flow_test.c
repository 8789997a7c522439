/* SPDX-License-Identifier: BSD-2-Clause */
#include "flow.c"

#include "base/test.h"

static struct toeplitz key;

static uint32_t h4(const uint8_t *h, uint32_t len)
{
	return flow_hash(&key, ETH_P_IP, cur_of(h, len));
}
static uint32_t h6(const uint8_t *h, uint32_t len)
{
	return flow_hash(&key, ETH_P_IPV6, cur_of(h, len));
}

static void ports_count_and_directions_do_not(void **state)
{
	uint8_t a[24] = { 0x45, [9] = 6, [12] = 10, 0, 0, 1, 10, 0, 0, 2, 0x12, 0x34, 0, 80 };
	uint8_t b[24] = { 0x45, [9] = 6, [12] = 10, 0, 0, 2, 10, 0, 0, 1, 0, 80, 0x12, 0x34 };
	uint32_t h = h4(a, sizeof a);
	assert_int_equal(h, h4(b, sizeof b));
	a[23]++;
	assert_int_not_equal(h, h4(a, sizeof a));
	a[23]--;
	a[15]++; /* one host up on one side, one down on the other: the same XOR, another flow */
	a[19]++;
	assert_int_not_equal(h, h4(a, sizeof a));
}

/* A thousand hosts, each with its own server: every one of eight workers gets its part. */
static void pairs_side_by_side_spread(void **state)
{
	unsigned n[8] = { 0 };
	for (unsigned i = 0; i < 1000; i++) {
		uint8_t lo = (uint8_t)i, hi = (uint8_t)(i >> 8);
		uint8_t a[24] = { 0x45, [9] = 17, [12] = 10, 0, hi, lo, 10, 1, hi, lo, 0, 53, 0, 53 };
		n[h4(a, sizeof a) % 1024 % 8]++;
	}
	for (unsigned i = 0; i < 8; i++)
		assert_in_range(n[i], 60, 250);
}

static void fragments_count_only_addresses(void **state)
{
	uint8_t a[24] = { 0x45, [6] = 0x20, [9] = 17, [12] = 10, 0, 0, 1, 10, 0, 0, 2, 1, 2, 3, 4 };
	uint8_t last[24] = { 0x45, [7] = 100, [9] = 17, [12] = 10, 0, 0, 1, 10, 0, 0, 2, 9, 9, 9, 9 };
	uint8_t icmp[24] = { 0x45, [9] = 1, [12] = 10, 0, 0, 2, 10, 0, 0, 1, 8, 0, 1, 1 };
	uint8_t whole[24] = { 0x45, [6] = 0x40, [9] = 17, [12] = 10, 0, 0, 1, 10, 0, 0, 2, 1, 2, 3, 4 };
	assert_int_equal(h4(a, sizeof a), h4(last, sizeof last));
	assert_int_equal(h4(a, sizeof a), h4(icmp, sizeof icmp));
	assert_int_not_equal(h4(a, sizeof a), h4(whole, sizeof whole)); /* DF is no fragment */
}

static void extension_headers_are_walked(void **state)
{
	uint8_t plain[44] = { 0x60, [6] = 6, [23] = 1, [39] = 2, 1, 2, 3, 4 };
	uint8_t ext[60] = { 0x60, [6] = 0, [23] = 1, [39] = 2, 44, 0, 0, 0, 0, 0, 0, 0,
			    6,    0,       0,        0,        0,  0, 0, 7, 1, 2, 3, 4 };
	uint32_t h = h6(plain, sizeof plain);
	assert_int_equal(h, h6(ext, sizeof ext)); /* hop-by-hop, then an atomic fragment */
	ext[51] = 1;
	assert_int_not_equal(h, h6(ext, sizeof ext));
	for (uint32_t len = 40; len < sizeof ext; len++)
		assert_int_not_equal(h6(ext, len), 0);
}

static void what_has_no_flow_stays(void **state)
{
	uint8_t ns[64] = { 0x60, [6] = 58, [7] = 255, [23] = 1, [39] = 2, 135 };
	uint8_t echo[64] = { 0x60, [6] = 58, [7] = 64, [23] = 1, [39] = 2, 128 };
	assert_int_equal(h6(ns, sizeof ns), 0);
	assert_int_not_equal(h6(echo, sizeof echo), 0);
	assert_int_equal(h6(ns, 39), 0);
	assert_int_equal(h4(ns, 19), 0);
	assert_int_equal(flow_hash(&key, ETH_P_ARP, cur_of(ns, sizeof ns)), 0);
}

int main(void)
{
	uint8_t k[TOEPLITZ_KEY];
	for (unsigned i = 0; i < sizeof k; i++)
		k[i] = (uint8_t)(i * 167 + 13);
	toeplitz_init(&key, k);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_count_and_directions_do_not),
		cmocka_unit_test(pairs_side_by_side_spread),
		cmocka_unit_test(fragments_count_only_addresses),
		cmocka_unit_test(extension_headers_are_walked),
		cmocka_unit_test(what_has_no_flow_stays),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "csum.c"

#include "split_test.h"

/* By the letter of RFC 1071: 16-bit words, one after the other. */
static uint16_t naive(const uint8_t *p, size_t len)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? p[i] : (uint64_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static void fill(uint8_t *p, size_t len, uint64_t seed)
{
	for (size_t i = 0; i < len; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		p[i] = (uint8_t)(seed >> 56);
	}
}

/* RFC 1071, 3 */
static void the_rfcs_example_holds(void **state)
{
	const uint8_t p[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };
	assert_int_equal(csum_mem(p, sizeof p), 0xddf2);
	assert_int_equal(csum_done(csum_mem(p, sizeof p)), 0x220d);
}

static void memory_of_every_length_and_alignment_sums_up(void **state)
{
	uint8_t p[200];
	fill(p, sizeof p, 1);
	for (size_t off = 0; off < 9; off++) {
		for (size_t len = 0; off + len <= sizeof p; len++)
			assert_int_equal(csum_fold(csum_mem(p + off, len)), naive(p + off, len));
	}
	assert_int_equal(csum_mem(NULL, 0), 0);
}

static void carries_come_round(void **state)
{
	uint8_t p[1000];
	memset(p, 0xff, sizeof p);
	for (size_t len = 1; len <= sizeof p; len++)
		assert_int_equal(csum_mem(p, len), naive(p, len));
}

static void cuts_at_odd_places_change_nothing(void **state)
{
	uint8_t p[67];
	struct cursor c;
	for (uint32_t len = 0; len <= sizeof p; len++) {
		fill(p, len, len + 2);
		for_each_split (c, p, len)
			assert_int_equal(csum_fold(csum_cursor(c)), naive(p, len));
	}
}

static void parts_add_up_at_odd_offsets(void **state)
{
	uint8_t p[31];
	fill(p, sizeof p, 9);
	for (uint32_t at = 0; at <= sizeof p; at++) {
		uint32_t sum = csum_add_at(csum_mem(p, at), csum_mem(p + at, sizeof p - at), at);
		assert_int_equal(csum_fold(sum), naive(p, sizeof p));
	}
}

static void header_sums_are_plain_sums(void **state)
{
	uint8_t p[60];
	fill(p, sizeof p, 3);
	for (unsigned len = 20; len <= 60; len += 4)
		assert_int_equal(csum_fold(csum_ip4_hdr(p, len)), naive(p, len));
}

static void short_headers_are_judged_as_long_ones(void **state)
{
	uint8_t p[20];
	fill(p, sizeof p, 5);
	for (uint32_t csum = 0; csum <= 0xffff;
	     csum++) { /* two of them are right when the rest sums up to zero, else one */
		const be16 stored = be16_of((uint16_t)csum);
		memcpy(p + 10, &stored, sizeof stored);
		assert_int_equal(csum_ip4_hdr20_ok(p), csum_ok(csum_ip4_hdr(p, sizeof p)));
	}
	memset(p, 0xff, sizeof p);
	assert_true(csum_ip4_hdr20_ok(p));
}

static void pseudo_headers_are_sums_of_their_bytes(void **state)
{
	const be32 src = { { 255, 254, 253, 252 } }, dst = { { 10, 0, 0, 1 } };
	const uint8_t v4[12] = { 255, 254, 253, 252, 10, 0, 0, 1, 0, 17, 0xab, 0xcd };
	uint8_t v6[40];
	struct ip6 a, b;
	assert_int_equal(csum_fold(csum_pseudo4(src, dst, 17, 0xabcd)), naive(v4, sizeof v4));
	fill(v6, 32, 5);
	memcpy(&a, v6, 16);
	memcpy(&b, v6 + 16, 16);
	const uint8_t rest[8] = { 0, 1, 0x86, 0xa0, 0, 0, 0, 6 }; /* a length of 100,000 */
	memcpy(v6 + 32, rest, 8);
	assert_int_equal(csum_fold(csum_pseudo6(&a, &b, 6, 100000)), naive(v6, sizeof v6));
}

/* RFC 1624, 4: the example that eqn. 2 got wrong. */
static void the_update_of_rfc_1624_holds(void **state)
{
	assert_int_equal(csum_update16(0xdd2f, 0x5555, 0x3285), 0x0000);
}

static void updating_equals_summing_again(void **state)
{
	uint8_t p[20];
	for (uint64_t seed = 0; seed < 20000; seed++) {
		fill(p, sizeof p, seed);
		p[0] = 0x45; /* never all zero: as in every header, so 0xffff and 0 do not meet */
		uint16_t was = (uint16_t)(p[8] << 8 | p[9]), csum = csum_done(csum_mem(p, sizeof p));
		uint32_t was32 = (uint32_t)p[12] << 24 | (uint32_t)p[13] << 16 | (uint32_t)p[14] << 8 | p[15];
		fill(p + 8, 2, ~seed);
		uint16_t now = (uint16_t)(p[8] << 8 | p[9]);
		csum = csum_update16(csum, was, now);
		assert_int_equal(csum, csum_done(csum_mem(p, sizeof p)));
		memset(p + 12, 0xff, 4);
		assert_int_equal(csum_update32(csum, was32, UINT32_MAX), csum_done(csum_mem(p, sizeof p)));
	}
}

static void udp_never_sends_zero(void **state)
{
	assert_int_equal(csum_done(0xffff), 0);
	assert_int_equal(csum_done_udp(0xffff), 0xffff);
	assert_int_equal(csum_done_udp(0x1234), 0xedcb);
	assert_true(csum_ok(0xffff));
	assert_false(csum_ok(0));
	assert_false(csum_ok(0xfffe));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rfcs_example_holds),
		cmocka_unit_test(memory_of_every_length_and_alignment_sums_up),
		cmocka_unit_test(carries_come_round),
		cmocka_unit_test(cuts_at_odd_places_change_nothing),
		cmocka_unit_test(parts_add_up_at_odd_offsets),
		cmocka_unit_test(header_sums_are_plain_sums),
		cmocka_unit_test(short_headers_are_judged_as_long_ones),
		cmocka_unit_test(pseudo_headers_are_sums_of_their_bytes),
		cmocka_unit_test(the_update_of_rfc_1624_holds),
		cmocka_unit_test(updating_equals_summing_again),
		cmocka_unit_test(udp_never_sends_zero),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

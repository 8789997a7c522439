/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/test.h"

#include "ip4_own_options.c"

static struct ip4_own_options taken(const void *from, size_t len)
{
	struct ip4_own_options o;
	assert_int_equal(ip4_own_options_take(from, len, true, &o), 0);
	return o;
}

static void slots_are_empty_until_the_packet_goes(void **state)
{
	static const uint8_t said[] = { IP4_OPT_RECORD_ROUTE, 11, 4, 9, 9, 9, 9, 8, 8, 8, 8 };
	struct ip4_own_options o = taken(said, sizeof said);
	uint8_t b[IP4_OPTIONS_MAX];
	assert_int_equal(o.len, 12);
	assert_memory_equal(o.bytes, ((uint8_t[]){ 7, 11, 4, 0, 0, 0, 0, 8, 8, 8, 8, 0 }), 12);
	ip4_own_options_put(NULL, &o, be32_of(0x0a000001), be32_of(0x0a000002), b);
	assert_memory_equal(b, ((uint8_t[]){ 7, 11, 8, 10, 0, 0, 1, 8, 8, 8, 8, 0 }), 12);
}

static void a_route_ends_at_the_destination(void **state)
{
	static const uint8_t said[] = { IP4_OPT_NOP, IP4_OPT_LOOSE_ROUTE, 11, 4, 1, 1, 1, 1, 2, 2, 2, 2 };
	struct ip4_own_options o = taken(said, sizeof said);
	uint8_t b[IP4_OPTIONS_MAX];
	assert_int_equal(be32_get(o.hop), 0x01010101);
	assert_memory_equal(o.bytes, said, sizeof said);
	ip4_own_options_put(NULL, &o, be32_of(0x0a000001), be32_of(0x0a000002), b);
	assert_memory_equal(b, ((uint8_t[]){ 1, 131, 11, 4, 2, 2, 2, 2, 10, 0, 0, 2 }), 12);
}

/* RFC 1122, 3.2.1.8: what came by 1.1.1.1 and 2.2.2.2 goes back by 2.2.2.2 and 1.1.1.1. */
static void a_route_is_turned_around_to_answer(void **state)
{
	struct {
		struct ip4_hdr h;
		uint8_t o[12];
	} was = { .h = { .ver_ihl = 0x48, .src = be32_of(0x0a000001), .dst = be32_of(0x0a000002) },
		  .o = { 131, 11, 12, 1, 1, 1, 1, 2, 2, 2, 2, 0 } };
	uint8_t b[IP4_OPTIONS_MAX];
	assert_int_equal(ip4_own_options_answer(NULL, &was.h, b), 12);
	assert_memory_equal(b, ((uint8_t[]){ 131, 11, 4, 2, 2, 2, 2, 1, 1, 1, 1, 0 }), 12);
	struct ip4_own_options o = taken(b, 11);
	assert_int_equal(be32_get(o.hop), 0x02020202);
}

static void what_was_recorded_is_answered_with_a_slot_more(void **state)
{
	struct {
		struct ip4_hdr h;
		uint8_t o[12];
	} was = { .h = { .ver_ihl = 0x48 }, .o = { 7, 11, 8, 1, 1, 1, 1, 2, 2, 2, 2, 0 } };
	uint8_t b[IP4_OPTIONS_MAX];
	assert_int_equal(ip4_own_options_answer(NULL, &was.h, b), 12);
	assert_memory_equal(b, ((uint8_t[]){ 7, 11, 8, 1, 1, 1, 1, 0, 0, 0, 0, 0 }), 12);
}

static void what_nobody_knows_is_for_the_privileged(void **state)
{
	static const uint8_t unknown[] = { 158, 4, 1, 2 }, stamp[] = { 68, 8, 5, 7, 0, 0, 0, 0 };
	struct ip4_own_options o;
	assert_int_equal(ip4_own_options_take(unknown, sizeof unknown, false, &o), -EINVAL);
	assert_int_equal(ip4_own_options_take(unknown, sizeof unknown, true, &o), 0);
	assert_int_equal(ip4_own_options_take(stamp, sizeof stamp, false, &o), -EINVAL);
	assert_int_equal(ip4_own_options_take(stamp, sizeof stamp, true, &o), 0);
	assert_int_equal(ip4_own_options_take(stamp, 41, true, &o), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slots_are_empty_until_the_packet_goes),
		cmocka_unit_test(a_route_ends_at_the_destination),
		cmocka_unit_test(a_route_is_turned_around_to_answer),
		cmocka_unit_test(what_was_recorded_is_answered_with_a_slot_more),
		cmocka_unit_test(what_nobody_knows_is_for_the_privileged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

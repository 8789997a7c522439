/* SPDX-License-Identifier: BSD-2-Clause */
#include "mcast.c"

#include "base/test.h"

static void small_floats_grow(void **state)
{
	assert_int_equal(expand(127, 4), 127);
	assert_int_equal(expand(0x80, 4), 128); /* RFC 3376, 4.1.1: (0 | 0x10) << 3 */
	assert_int_equal(expand(0xff, 4), 31744);
	assert_int_equal(expand(0x7fff, 12), 0x7fff);
	assert_int_equal(expand(0x8000, 12), 32768); /* RFC 3810, 5.1.3: (0 | 0x1000) << 3 */
	assert_int_equal(expand(0xffff, 12), 0x1fff << 10);
}

static void versions_are_told_by_length(void **state)
{
	static const uint8_t q3[] = { IGMP_QUERY, 0x80, 0, 0, 239, 1, 1, 1, 0x0a, 125, 0, 1, 10, 0, 0, 9 };
	uint8_t b[sizeof q3];
	struct mcast_query q;
	struct ipaddr a;
	assert_int_equal(igmp_query_parse(cur_of(q3, 8), &q), DROP_NONE);
	assert_int_equal(q.version, 2);
	assert_int_equal(q.max_resp_us, 12800000);
	memcpy(b, q3, sizeof b);
	b[1] = 0;
	assert_int_equal(igmp_query_parse(cur_of(b, 8), &q), DROP_NONE);
	assert_int_equal(q.version, 1);
	assert_int_equal(q.max_resp_us, 10000000);
	assert_int_equal(igmp_query_parse(cur_of(q3, sizeof q3), &q), DROP_NONE);
	assert_int_equal(q.version, 3);
	assert_int_equal(q.robustness, 2);
	assert_int_equal(q.interval_s, 125);
	assert_true(mcast_source_next(&q.sources, AF_INET, &a));
	assert_int_equal(be32_get(a.v4), 0x0a000009);
	assert_false(mcast_source_next(&q.sources, AF_INET, &a));
	for (uint32_t len = 0; len < sizeof q3; len++)
		assert_int_equal(igmp_query_parse(cur_of(q3, len), &q), len < 8    ? DROP_TRUNCATED
									: len == 8 ? DROP_NONE
									: len < 12 ? DROP_MCAST_MALFORMED
									: len < 16 ? DROP_TRUNCATED
										   : DROP_NONE);
	memset(b + 4, 0, 4); /* sources of no group */
	assert_int_equal(igmp_query_parse(cur_of(b, sizeof b), &q), DROP_MCAST_MALFORMED);
}

static void reports_fill_up(void **state)
{
	struct ipaddr g = { .b = { 232, 1, 1, 1 } }, s = { .b = { 10, 0, 0, 1 } };
	struct mcast_report r;
	static const uint8_t want[] = { 0x22, 0, 0,  0, 0, 0, 0, 2, 5, 0, 0,   1, 232, 1,
					1,    1, 10, 0, 0, 1, 4, 0, 0, 0, 232, 1, 1,   1 };
	mcast_report_begin(&r, AF_INET, sizeof want);
	assert_true(mcast_report_record(&r, MCAST_ALLOW, &g, 1));
	assert_true(mcast_report_source(&r, &s));
	assert_false(
		mcast_report_record(&r, MCAST_TO_EX, &g, 1)); /* room for the record, none for a source */
	assert_true(mcast_report_record(&r, MCAST_TO_EX, &g, 0));
	assert_false(mcast_report_source(&r, &s));
	assert_int_equal(r.len, sizeof want);
	assert_memory_equal(r.b, want, sizeof want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_floats_grow),
		cmocka_unit_test(versions_are_told_by_length),
		cmocka_unit_test(reports_fill_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

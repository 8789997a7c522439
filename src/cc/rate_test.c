/* SPDX-License-Identifier: BSD-2-Clause */
#include "rate.c"

#include "base/test.h"

enum { MSS = 1000, MS = 1000 };

/* A segment each millisecond, acknowledged 20 ms later. */
static void a_steady_stream_shows_its_rate(void **state)
{
	struct cc_rate r = { 0 };
	struct cc_sample s = { 0 };
	for (uint32_t t = 0; t < 200; t++) {
		if (t >= 20) {
			s = (struct cc_sample){ 0 };
			cc_rate_sample(&r, t * MS, MSS, (t - 20) * MS, 20 * MS, &s);
		}
		cc_rate_sent(&r, t * MS, MIN(t, 20U) * MSS, MSS);
	}
	assert_in_range(s.us, 20 * MS, 22 * MS); /* more segments than marks */
	assert_int_equal(s.bytes * (uint64_t)MS, s.us * (uint64_t)MSS);
	assert_int_equal(s.tx_flight, 21 * MSS);
	assert_false(s.app_limited);
	assert_int_equal(cc_rate_bytes_per_s(&r), 1000000);
}

/* Sent slowly, acknowledged in a bunch: the send phase is the longer one. */
static void acks_in_a_bunch_do_not_make_it_faster(void **state)
{
	struct cc_rate r = { 0 };
	struct cc_sample s = { 0 };
	for (uint32_t t = 0; t < 10; t++)
		cc_rate_sent(&r, t * MS, t * MSS, MSS);
	cc_rate_sample(&r, 20 * MS, MSS, 0, 1, &s);
	s = (struct cc_sample){ 0 };
	cc_rate_sample(&r, 20 * MS, 9 * MSS, 9 * MS, 1, &s);
	assert_int_equal(s.bytes, 10 * MSS);
	assert_int_equal(s.us, 20 * MS);
	cc_rate_sent(&r, 21 * MS, MSS, MSS);
	cc_rate_sent(&r, 51 * MS, 2 * MSS, MSS);
	s = (struct cc_sample){ 0 };
	cc_rate_sample(&r, 52 * MS, 2 * MSS, 51 * MS, 1, &s);
	assert_int_equal(s.us, 42 * MS); /* from 9 ms, when what was delivered last was sent, to 51 */
}

static void more_segments_than_marks_are_thinned_out(void **state)
{
	struct cc_rate r = { 0 };
	struct cc_sample s = { 0 };
	for (uint32_t t = 0; t < 1000; t++)
		cc_rate_sent(&r, t * MS, t * MSS, MSS);
	assert_in_range(r.n, CC_MARKS / 2, CC_MARKS);
	cc_rate_sample(&r, 1000 * MS, 100 * MSS, 99 * MS, 1, &s);
	assert_in_range(s.us, 1, 1000 * MS);
	for (uint32_t t = 1000; t < 5000; t++) {
		s = (struct cc_sample){ 0 };
		cc_rate_sample(&r, t * MS, MSS, (t - 900) * MS, 1, &s);
		cc_rate_sent(&r, t * MS, 900 * MSS, MSS);
	}
	assert_in_range((uint64_t)s.bytes * 1000 / s.us, 990, 1010);
	assert_in_range(s.us, 900 * MS, 1000 * MS);
}

static void an_application_that_rests_is_noticed(void **state)
{
	struct cc_rate r = { 0 };
	struct cc_sample s = { 0 };
	cc_rate_sent(&r, 1000, 0, MSS);
	cc_rate_app_limited(&r, MSS);
	cc_rate_sent(&r, 2000, MSS, MSS);
	cc_rate_sample(&r, 21000, MSS, 1000, 1, &s);
	assert_false(s.app_limited);
	cc_rate_sample(&r, 22000, MSS, 2000, 1, &s);
	assert_true(s.app_limited);
	assert_false(r.app_limited); /* what was sent when it began is delivered */
}

static void too_short_to_be_true_is_no_sample(void **state)
{
	struct cc_rate r = { 0 };
	struct cc_sample s = { 0 };
	cc_rate_sent(&r, 1000, 0, MSS);
	cc_rate_sample(&r, 1500, MSS, 1000, 20000, &s);
	assert_int_equal(s.us, 0);
	assert_int_equal(cc_rate_bytes_per_s(&r), 0);
}

/* Against all of the window, looked through. */
static void the_smallest_is_within_the_window(void **state)
{
	struct cc_min m = { 0 };
	uint32_t seen[2000], random = 1;
	for (uint32_t t = 0; t < 2000; t++) {
		random = random * 1664525 + 1013904223;
		seen[t] = 1000 + (random >> 16) % 1000;
		uint32_t got = cc_min_add(&m, 100, t, seen[t]), best = UINT32_MAX;
		for (uint32_t k = t > 100 ? t - 100 : 0; k <= t; k++)
			best = MIN(best, seen[k]);
		assert_true(got >= best && got < best + 300); /* it may have forgotten the very best */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_steady_stream_shows_its_rate),
		cmocka_unit_test(acks_in_a_bunch_do_not_make_it_faster),
		cmocka_unit_test(more_segments_than_marks_are_thinned_out),
		cmocka_unit_test(an_application_that_rests_is_noticed),
		cmocka_unit_test(too_short_to_be_true_is_no_sample),
		cmocka_unit_test(the_smallest_is_within_the_window),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

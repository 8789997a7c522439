/* SPDX-License-Identifier: BSD-2-Clause */
#include "cookie.c"

#include "base/test.h"

static const struct sipkey key = { { 1, 2 } };
static const char names[] = "10.0.0.1:80 10.0.0.2:4000";
enum { SECOND = 1000000 };

static uint16_t read_at(uint32_t cookie, uint64_t us)
{
	return cookie_mss(&key, names, sizeof names, 77, us, cookie);
}

static void a_cookie_says_the_mss_rounded_down(void **state)
{
	for (unsigned mss = 48; mss < 65536; mss += 7) {
		uint32_t c = cookie_make(&key, names, sizeof names, 77, 0, (uint16_t)mss);
		uint16_t said = read_at(c, 0);
		assert_true(said && said <= mss);
		assert_int_equal(cookie_make(&key, names, sizeof names, 77, 0, said) & MSS_MASK,
				 c & MSS_MASK);
	}
}

static void a_cookie_holds_for_one_tick_at_least_and_two_at_most(void **state)
{
	for (uint64_t born = 0; born < 200; born++) {
		uint32_t c = cookie_make(&key, names, sizeof names, 77, born * SECOND, 1460);
		assert_int_equal(read_at(c, born * SECOND), 1460);
		assert_int_equal(read_at(c, (born + 64) * SECOND), 1460);
		assert_int_equal(read_at(c, (born + 135) * SECOND), 0);
		assert_int_equal(read_at(c, (born + 264) * SECOND), 0);
	}
}

static void another_call_has_another_cookie(void **state)
{
	static const char others[] = "10.0.0.1:80 10.0.0.2:4001";
	uint32_t c = cookie_make(&key, names, sizeof names, 77, 0, 1460);
	assert_int_equal(cookie_mss(&key, names, sizeof names, 78, 0, c), 0);
	assert_int_equal(cookie_mss(&key, others, sizeof others, 77, 0, c), 0);
	assert_int_equal(cookie_mss(&(const struct sipkey){ { 1, 3 } }, names, sizeof names, 77, 0, c), 0);
}

static void guesses_fail(void **state)
{
	unsigned hits = 0;
	for (uint32_t i = 0; i < 1000000; i++)
		hits += read_at(i * 0x9e3779b9U, 0) != 0;
	assert_true(hits < 3); /* one in 2^28, both ticks together one in 2^27 */
}

static void a_stamp_says_the_options_and_is_never_ahead(void **state)
{
	for (uint32_t now = 0xffffff00; now != 0x100; now++)
		for (int scale = -1; scale <= 14; scale++) {
			const struct cookie_options o = { .wscale = (int8_t)scale,
							  .sack = now & 1,
							  .ecn = now & 2 };
			uint32_t stamp = cookie_stamp(now, &o);
			struct cookie_options back = cookie_stamp_read(stamp);
			assert_in_range(now - stamp, 0, 127);
			assert_int_equal(back.wscale, scale);
			assert_int_equal(back.sack, o.sack);
			assert_int_equal(back.ecn, o.ecn);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cookie_says_the_mss_rounded_down),
		cmocka_unit_test(a_cookie_holds_for_one_tick_at_least_and_two_at_most),
		cmocka_unit_test(another_call_has_another_cookie),
		cmocka_unit_test(guesses_fail),
		cmocka_unit_test(a_stamp_says_the_options_and_is_never_ahead),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "tcp/fast_cookie.c"

#include "base/test.h"

static struct tcp_opts with_keys(const uint8_t *bytes, socklen_t len)
{
	struct tcp_opts o = { 0 };
	assert_int_equal(tcp_fast_set_keys(&o, bytes, len), 0);
	return o;
}

/* a0bf63f7-ed803d81-cd641d30-cebc4a90, as TCP_FASTOPEN_KEY has it */
static const uint8_t key_bytes[] = { 0xf7, 0x63, 0xbf, 0xa0, 0x81, 0x3d, 0x80, 0xed,
				     0x30, 0x1d, 0x64, 0xcd, 0x90, 0x4a, 0xbc, 0xce };

static void expect_cookie(const struct tcp_key *k, const struct sipkey *key, const uint8_t want[8])
{
	const struct tcp_fast_cookie ck = tcp_fast_cookie_of(k, key);
	assert_int_equal(ck.len, 8);
	assert_memory_equal(ck.bytes, want, 8);
}

/* Those of google's scripts simple1.pkt and simple2.pkt. */
static void cookies_are_those_of_linux(void **state)
{
	struct tcp_opts o = with_keys(key_bytes, sizeof key_bytes);
	struct tcp_key k = { .local = l4_of4(be32_of(0xc0a80002)), .remote = l4_of4(be32_of(0x0af80002)) };
	expect_cookie(&k, &o.fast_key[0],
		      (const uint8_t[]){ 0x00, 0xab, 0xaa, 0xab, 0xe8, 0xe9, 0x54, 0xc2 });
	k.remote = l4_of4(be32_of(0x0af80003));
	expect_cookie(&k, &o.fast_key[0],
		      (const uint8_t[]){ 0x13, 0x13, 0xa2, 0xda, 0x99, 0x4a, 0x09, 0x51 });
}

/* That of its run_all.py. */
static void cookies_of_ipv6_are_of_whole_addresses(void **state)
{
	static const uint8_t bytes[] = { 0xa1, 0xa1, 0xa1, 0xa1, 0xb2, 0xb2, 0xb2, 0xb2,
					 0xc3, 0xc3, 0xc3, 0xc3, 0xd4, 0xd4, 0xd4, 0xd4 };
	struct tcp_opts o = with_keys(bytes, sizeof bytes);
	const struct tcp_key k = { .local = { { 0xfd, 0x3d, 0x0a, 0x0b, 0x17, 0xd6, [15] = 1 } },
				   .remote = { { 0xfd, 0x3d, 0xfa, 0x7b, 0xd1, 0x7d, [15] = 1 } } };
	expect_cookie(&k, &o.fast_key[0],
		      (const uint8_t[]){ 0xc1, 0xd1, 0xe9, 0x74, 0x2a, 0x47, 0xa9, 0xbc });
}

static void one_key_or_two(void **state)
{
	uint8_t both[32], got[32];
	struct tcp_stack ts = { 0 };
	memcpy(both, key_bytes, 16);
	memset(both + 16, 7, 16);
	struct tcp_opts o = with_keys(both, sizeof both);
	assert_int_equal(o.n_fast_keys, 2);
	assert_int_equal(tcp_fast_get_keys(&ts, &o, got), 32);
	assert_memory_equal(got, both, 32);
	assert_int_equal(tcp_fast_set_keys(&o, both, 0), -EINVAL);
	assert_int_equal(tcp_fast_set_keys(&o, both, 15), -EINVAL);
	assert_int_equal(tcp_fast_set_keys(&o, both, 24), -EINVAL);
}

static void the_stack_has_a_key_of_its_own(void **state)
{
	struct tcp_stack ts = { .cookie_key = { { 1, 2 } } };
	const struct tcp_opts o = { 0 };
	struct sipkey keys[2];
	tcp_fast_first_key(&ts);
	assert_int_equal(tcp_fast_keys(&ts, &o, keys), 1);
	assert_true(keys[0].k[0] && keys[0].k[1] && keys[0].k[0] != keys[0].k[1]);
}

static struct tcp_seg read_back(const uint8_t *opts, uint32_t len)
{
	struct tcp_seg s = { .fast_len = -1 };
	struct tcp_opt o;
	for (struct cursor c = cur_of(opts, len); tcp_opt_next(&c, &o);)
		tcp_fast_read(&s, &o);
	return s;
}

static void options_come_back(void **state)
{
	uint8_t opts[TCP_OPTIONS_LEN_MAX];
	for (int exp = 0; exp < 2; exp++)
		for (int8_t len = 0; len <= TCP_FAST_COOKIE_MAX; len = (int8_t)(len ? len + 2 : 4)) {
			struct tcp_fast_cookie ck = { .len = len, .exp = exp };
			for (int8_t i = 0; i < len; i++)
				ck.bytes[i] = (uint8_t)(i * 7 + 1);
			uint8_t n = tcp_put_fast_cookie(opts, sizeof opts, &ck);
			assert_true(n && n % 4 == 0);
			const struct tcp_seg s = read_back(opts, n);
			assert_int_equal(s.fast_len, len);
			assert_int_equal(s.fast_exp, exp);
			assert_memory_equal(s.fast, ck.bytes, (size_t)len);
			assert_int_equal(tcp_put_fast_cookie(opts, (uint8_t)(n - 1), &ck), 0);
		}
	assert_int_equal(tcp_put_fast_cookie(opts, sizeof opts, &(struct tcp_fast_cookie){ .len = -1 }), 0);
}

static void cookies_of_no_length_are_none(void **state)
{
	const uint8_t two[] = { 34, 4, 1, 2 }, odd[] = { 34, 7, 1, 2, 3, 4, 5 };
	const uint8_t magic[] = { 254, 8, 0xf9, 0x88, 1, 2, 3, 4 };
	uint8_t large[2 + 18] = { 34, 20 };
	assert_int_equal(read_back(two, sizeof two).fast_len, -1);
	assert_int_equal(read_back(odd, sizeof odd).fast_len, -1);
	assert_int_equal(read_back(large, sizeof large).fast_len, -1);
	assert_int_equal(read_back(magic, sizeof magic).fast_len, -1); /* somebody else's experiment */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cookies_are_those_of_linux),
		cmocka_unit_test(cookies_of_ipv6_are_of_whole_addresses),
		cmocka_unit_test(one_key_or_two),
		cmocka_unit_test(the_stack_has_a_key_of_its_own),
		cmocka_unit_test(options_come_back),
		cmocka_unit_test(cookies_of_no_length_are_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

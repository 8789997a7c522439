/* SPDX-License-Identifier: BSD-2-Clause */
#include "nd_redirect.c"

#include "split_test.h"

static const struct ip6 host = { { 0x20, 1, [15] = 2 } }, better = { { 0xfe, 0x80, [15] = 3 } },
			far = { { 0x20, 1, 1, [15] = 9 } };
static const struct nd_envelope good = { .src = { { 0xfe, 0x80, [15] = 1 } },
					 .dst = { { 0x20, 1, [15] = 2 } },
					 .hop_limit = 255 };

static void redirects_come_back_as_they_went(void **state)
{
	for (unsigned i = 0; i < 4; i++) {
		struct nd_redirect_msg m = { .target = i & 1 ? far : better, .dst = far, .has_mac = i & 2 },
				       got;
		uint8_t p[ND_REDIRECT_HEAD_MAX + 64] = { 0 };
		struct cursor c;
		memcpy(m.mac, "\2\0\0\0\0\3", m.has_mac ? 6 : 0);
		unsigned len = nd_redirect_emit(&m, i ? 64 : 0, p);
		assert_int_equal(len, 40 + (m.has_mac ? 8 : 0) + (i ? 8 : 0));
		len += i ? 64 : 0;
		for_each_split (c, p, len) {
			assert_int_equal(nd_redirect_parse(c, &good, &got), DROP_NONE);
			assert_memory_equal(&got.target, &m.target, 16);
			assert_memory_equal(&got.dst, &m.dst, 16);
			assert_int_equal(got.has_mac, m.has_mac);
			assert_memory_equal(got.mac, m.mac, 6);
			assert_int_equal(cur_left(&got.packet), i ? 64 : 0);
		}
		for (unsigned cut = 0; cut < 40; cut++)
			assert_int_equal(nd_redirect_parse(cur_of(p, cut), &good, &got), DROP_TRUNCATED);
	}
}

static void what_rfc_4861_8_1_forbids_is_refused(void **state)
{
	const struct nd_redirect_msg m = { .target = better, .dst = far };
	struct nd_redirect_msg got;
	struct nd_envelope ip = good;
	uint8_t p[ND_REDIRECT_HEAD_MAX];
	unsigned len = nd_redirect_emit(&m, 0, p);
	ip.hop_limit = 254;
	assert_int_equal(nd_redirect_parse(cur_of(p, len), &ip, &got), DROP_ND_HOP_LIMIT);
	ip = good;
	ip.src = host;
	assert_int_equal(nd_redirect_parse(cur_of(p, len), &ip, &got), DROP_ND_MALFORMED);
	p[1] = 1; /* code */
	assert_int_equal(nd_redirect_parse(cur_of(p, len), &good, &got), DROP_ND_MALFORMED);
	p[1] = 0;
	p[8] = 0x20; /* the target: no link-local address, nor the destination */
	assert_int_equal(nd_redirect_parse(cur_of(p, len), &good, &got), DROP_ND_MALFORMED);
	p[8] = 0xfe;
	p[24] = 0xff; /* the destination: a group */
	assert_int_equal(nd_redirect_parse(cur_of(p, len), &good, &got), DROP_ND_MALFORMED);
	p[24] = 0x20;
	p[len] = ND_OPT_TARGET_LLADDR;
	p[len + 1] = 0; /* an option of no length */
	assert_int_equal(nd_redirect_parse(cur_of(p, len + 8), &good, &got), DROP_ND_MALFORMED);
}

static void whole_message_fits_the_least_mtu(void **state)
{
	for (unsigned mac = 0; mac < 2; mac++) {
		const struct nd_redirect_msg m = { .target = better, .dst = far, .has_mac = mac };
		uint8_t p[ND_REDIRECT_HEAD_MAX];
		uint32_t room = nd_redirect_room(&m, 9000);
		assert_int_equal(room % 8, 0);
		assert_in_range(40 + nd_redirect_emit(&m, room, p) + room, 1273, 1280);
		assert_int_equal(nd_redirect_room(&m, 47), 40);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(redirects_come_back_as_they_went),
		cmocka_unit_test(what_rfc_4861_8_1_forbids_is_refused),
		cmocka_unit_test(whole_message_fits_the_least_mtu),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

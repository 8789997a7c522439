/* SPDX-License-Identifier: BSD-2-Clause */
#include "nlmsg/policy.c"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum {
	A_UNSPEC,
	A_U32,
	A_NAME,
	A_NEST,
	A_FLAG,
	A_RANGE,
	A_BYTES,
	A_REJECT,
	A_ARRAY,
	A_S32,
	A_ZNAME,
	A_BITS,
	A_MAX = A_BITS
};

static const struct nl_policy inner_policy[] = { [1] = { NL_U8, .name = "INNER_BYTE" } };
static const struct nl_policy policy[A_MAX + 1] = {
	[A_U32] = { NL_U32, .name = "A_U32" },
	[A_NAME] = { NL_STRING, .max = 15, .name = "A_NAME" },
	[A_NEST] = { NL_NESTED, .nested = inner_policy, .max_attr = 1, .name = "A_NEST" },
	[A_FLAG] = { NL_FLAG, .name = "A_FLAG" },
	[A_RANGE] = { NL_U16, .min = 68, .max = 9000, .name = "A_RANGE" },
	[A_BYTES] = { NL_BYTES, .min = 4, .max = 16, .name = "A_BYTES" },
	[A_REJECT] = { NL_REJECT, .name = "A_REJECT", .help = "This one is not for users" },
	[A_ARRAY] = { NL_NESTED_ARRAY, .nested = inner_policy, .max_attr = 1, .name = "A_ARRAY" },
	[A_S32] = { NL_S32, .min = (uint64_t)-5, .max = 5, .name = "A_S32" },
	[A_ZNAME] = { NL_NUL_STRING, .max = 3, .name = "A_ZNAME" },
	[A_BITS] = { NL_BITFIELD32, .max = 3, .name = "A_BITS" },
};

static const struct nlattr *attrs[A_MAX + 1];
static struct nl_ext ext;

static int parse_buf(struct nl_buf *b, unsigned flags)
{
	nl_end(b);
	ext = (struct nl_ext){ 0 };
	return nl_parse(b->p + NLMSG_HDRLEN, b->len_bytes - NLMSG_HDRLEN, policy, A_MAX, flags, attrs, &ext);
}

static int parse_one(uint16_t type, const void *p, size_t len, unsigned flags)
{
	static uint8_t room[512] __attribute__((aligned(8)));
	struct nl_buf b;
	nl_buf_init_fixed(&b, room, sizeof room);
	nl_begin(&b, 1, 0, 0, 0, 0);
	nl_put(&b, type, p, len);
	return parse_buf(&b, flags);
}

static void attributes_are_indexed_and_the_last_of_a_kind_wins(void **state)
{
	struct nl_buf b;
	nl_buf_init(&b, 4096);
	nl_begin(&b, 1, 0, 0, 0, 0);
	nl_put_u32(&b, A_U32, 1);
	nl_put_str(&b, A_NAME, "eth0");
	nl_put_u32(&b, A_U32, 2);
	assert_int_equal(parse_buf(&b, NL_STRICT | NL_EXACT), 0);
	assert_int_equal(mnl_attr_get_u32(attrs[A_U32]), 2);
	assert_string_equal(mnl_attr_get_str(attrs[A_NAME]), "eth0");
	assert_null(attrs[A_FLAG]);
	nl_buf_done(&b);
}

static void unknown_attributes_pass_unless_strict(void **state)
{
	assert_int_equal(parse_one(200, "x", 1, 0), 0);
	assert_int_equal(parse_one(200, "x", 1, NL_STRICT), -EINVAL);
	assert_string_equal(ext.msg, "Unknown attribute type");
	assert_non_null(ext.bad_attr);
}

static void short_numbers_are_refused_and_long_ones_when_exact(void **state)
{
	assert_int_equal(parse_one(A_U32, "abc", 3, 0), -ERANGE);
	assert_string_equal(ext.msg, "Attribute failed policy validation");
	assert_ptr_equal(ext.policy, &policy[A_U32]);
	assert_int_equal(parse_one(A_U32, "abcdefgh", 8, NL_STRICT), 0);
	assert_int_equal(parse_one(A_U32, "abcdefgh", 8, NL_EXACT), -EINVAL);
	assert_string_equal(ext.msg, "invalid attribute length");
}

static void numbers_stay_in_their_range(void **state)
{
	uint16_t v[] = { 67, 68, 9000, 9001 };
	int want[] = { -ERANGE, 0, 0, -ERANGE };
	for (unsigned i = 0; i < ARRAY_SIZE(v); i++)
		assert_int_equal(parse_one(A_RANGE, &v[i], 2, 0), want[i]);
	int32_t s[] = { -6, -5, 5, 6 };
	for (unsigned i = 0; i < ARRAY_SIZE(s); i++)
		assert_int_equal(parse_one(A_S32, &s[i], 4, 0), want[i]);
}

static void strings_are_bounded_with_and_without_their_nul(void **state)
{
	assert_int_equal(parse_one(A_NAME, "123456789012345", 15, 0), 0);
	assert_int_equal(parse_one(A_NAME, "123456789012345", 16, 0), 0);
	assert_int_equal(parse_one(A_NAME, "1234567890123456", 16, 0), -ERANGE);
	assert_int_equal(parse_one(A_NAME, "", 0, 0), -ERANGE);
	assert_int_equal(parse_one(A_ZNAME, "abc", 3, 0), -EINVAL);
	assert_int_equal(parse_one(A_ZNAME, "abc", 4, 0), 0);
}

static void flags_bytes_and_refused_ones_are_checked(void **state)
{
	assert_int_equal(parse_one(A_FLAG, "", 0, 0), 0);
	assert_int_equal(parse_one(A_FLAG, "x", 1, 0), -ERANGE);
	assert_int_equal(parse_one(A_BYTES, "abc", 3, 0), -ERANGE);
	assert_int_equal(parse_one(A_BYTES, "abcd", 4, 0), 0);
	assert_int_equal(parse_one(A_BYTES, "12345678901234567", 17, 0), -ERANGE);
	assert_int_equal(parse_one(A_REJECT, "", 0, 0), -EINVAL);
	assert_string_equal(ext.msg, "This one is not for users");
	struct nla_bitfield32 f = { .value = 1, .selector = 1 };
	assert_int_equal(parse_one(A_BITS, &f, sizeof f, 0), 0);
	f.selector = 2;
	assert_int_equal(parse_one(A_BITS, &f, sizeof f, 0), -EINVAL);
	f.selector = 4;
	assert_int_equal(parse_one(A_BITS, &f, sizeof f, 0), -EINVAL);
}

static void a_fault_inside_a_nest_is_reported_where_it_is(void **state)
{
	struct nl_buf b;
	nl_buf_init(&b, 4096);
	nl_begin(&b, 1, 0, 0, 0, 0);
	size_t nest = nl_nest(&b, A_NEST);
	nl_put(&b, 1, NULL, 0);
	nl_nest_end(&b, nest);
	assert_int_equal(parse_buf(&b, 0), -ERANGE);
	assert_ptr_equal(ext.bad_attr, b.p + nest + NLA_HDRLEN);
	assert_ptr_equal(ext.policy, &inner_policy[1]);
	nl_buf_done(&b);
	assert_int_equal(parse_one(A_NEST, "\0\0", 2, 0), -ERANGE);
	assert_int_equal(parse_one(A_NEST, "", 0, 0), 0);
	assert_int_equal(parse_one(A_NEST, "", 0, NL_EXACT), -EINVAL);
	assert_string_equal(ext.msg, "NLA_F_NESTED is missing");
	assert_int_equal(parse_one(A_U32 | NLA_F_NESTED, "abcd", 4, NL_EXACT), -EINVAL);
}

static void every_element_of_an_array_of_nests_is_checked(void **state)
{
	struct nl_buf b;
	nl_buf_init(&b, 4096);
	nl_begin(&b, 1, 0, 0, 0, 0);
	size_t arr = nl_nest(&b, A_ARRAY);
	for (uint16_t i = 1; i < 4; i++) {
		size_t nest = nl_nest(&b, i);
		nl_put(&b, 1, "x", i == 3 ? 0 : 1);
		nl_nest_end(&b, nest);
	}
	nl_nest_end(&b, arr);
	assert_int_equal(parse_buf(&b, 0), -ERANGE);
	nl_buf_done(&b);
}

static void leftover_bytes_are_refused_when_strict(void **state)
{
	static const uint8_t junk[4] __attribute__((aligned(4))) = { 1, 2, 3 };
	assert_int_equal(nl_parse(junk, 3, policy, A_MAX, 0, attrs, &ext), 0);
	assert_int_equal(nl_parse(junk, 3, policy, A_MAX, NL_STRICT, attrs, &ext), -EINVAL);
	assert_string_equal(ext.msg, "bytes leftover after parsing attributes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attributes_are_indexed_and_the_last_of_a_kind_wins),
		cmocka_unit_test(unknown_attributes_pass_unless_strict),
		cmocka_unit_test(short_numbers_are_refused_and_long_ones_when_exact),
		cmocka_unit_test(numbers_stay_in_their_range),
		cmocka_unit_test(strings_are_bounded_with_and_without_their_nul),
		cmocka_unit_test(flags_bytes_and_refused_ones_are_checked),
		cmocka_unit_test(a_fault_inside_a_nest_is_reported_where_it_is),
		cmocka_unit_test(every_element_of_an_array_of_nests_is_checked),
		cmocka_unit_test(leftover_bytes_are_refused_when_strict),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

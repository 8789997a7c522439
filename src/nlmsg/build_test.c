/* SPDX-License-Identifier: BSD-2-Clause */
#include "nlmsg/build.c"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <linux/rtnetlink.h>

static void a_message_reads_back_as_it_was_built(void **state)
{
	struct nl_buf b;
	nl_buf_init(&b, 8192);
	struct ifinfomsg *ifi = nl_begin(&b, RTM_NEWLINK, NLM_F_MULTI, 7, 42, sizeof *ifi);
	ifi->ifi_index = 3;
	nl_put_str(&b, IFLA_IFNAME, "eth0");
	nl_put_u8(&b, IFLA_OPERSTATE, 6);
	nl_put_u16(&b, IFLA_WEIGHT, 515);
	nl_put_u32(&b, IFLA_MTU, 1500);
	size_t nest = nl_nest(&b, IFLA_LINKINFO);
	nl_put_str(&b, IFLA_INFO_KIND, "tap");
	nl_nest_end(&b, nest);
	assert_int_equal(nl_end(&b), 0);

	const struct nlmsghdr *h = (const void *)b.p;
	assert_true(mnl_nlmsg_ok(h, (int)b.len_bytes));
	assert_int_equal(h->nlmsg_seq, 7);
	assert_int_equal(h->nlmsg_pid, 42);
	assert_int_equal(((const struct ifinfomsg *)mnl_nlmsg_get_payload(h))->ifi_index, 3);
	const struct nlattr *a;
	unsigned seen = 0;
	mnl_attr_for_each (a, h, sizeof *ifi) {
		switch (seen++) {
		case 0:
			assert_string_equal(mnl_attr_get_str(a), "eth0");
			break;
		case 1:
			assert_int_equal(mnl_attr_get_u8(a), 6);
			break;
		case 2:
			assert_int_equal(mnl_attr_get_u16(a), 515);
			break;
		case 3:
			assert_int_equal(mnl_attr_get_u32(a), 1500);
			break;
		default:
			assert_int_equal(mnl_attr_get_type(a), IFLA_LINKINFO);
			assert_true(a->nla_type & NLA_F_NESTED);
			assert_string_equal(mnl_attr_get_str(mnl_attr_get_payload(a)), "tap");
		}
	}
	assert_int_equal(seen, 5);
	nl_buf_done(&b);
}

static void a_message_that_does_not_fit_is_taken_back(void **state)
{
	uint8_t room[64] __attribute__((aligned(4)));
	struct nl_buf b;
	nl_buf_init_fixed(&b, room, sizeof room);
	assert_non_null(nl_begin(&b, 1, 0, 0, 0, 4));
	nl_put_u32(&b, 1, 1);
	assert_int_equal(nl_end(&b), 0);
	size_t before = b.len_bytes;
	nl_begin(&b, 1, 0, 0, 0, 4);
	nl_put(&b, 1, room, 32);
	nl_put_u8(&b, 2, 1); /* nothing after the first that did not fit may sneak in */
	assert_int_equal(nl_end(&b), -EMSGSIZE);
	assert_int_equal(b.len_bytes, before);
	assert_non_null(nl_begin(&b, 1, 0, 0, 0, 4));
	assert_int_equal(nl_end(&b), 0);
}

static void eight_byte_numbers_are_aligned_by_a_pad(void **state)
{
	struct nl_buf b;
	nl_buf_init(&b, 4096);
	nl_begin(&b, 1, 0, 0, 0, 0);
	for (unsigned i = 0; i < 5; i++) {
		nl_put_u64(&b, 1, i, 9);
		assert_int_equal((b.len_bytes - 8) % 8, 0);
		nl_put_u32(&b, 2, i);
	}
	assert_int_equal(nl_end(&b), 0);
	nl_buf_done(&b);
}

static void nests_survive_a_buffer_that_moves(void **state)
{
	struct nl_buf b;
	char big[400] = { 0 };
	nl_buf_init(&b, 65536);
	nl_begin(&b, 1, 0, 0, 0, 0);
	size_t outer = nl_nest(&b, 1);
	for (unsigned i = 0; i < 20; i++) {
		size_t inner = nl_nest(&b, 2);
		nl_put(&b, 3, big, sizeof big);
		nl_nest_end(&b, inner);
	}
	size_t gone = nl_nest(&b, 4);
	nl_put(&b, 3, big, sizeof big);
	nl_nest_cancel(&b, gone);
	nl_nest_end(&b, outer);
	assert_int_equal(nl_end(&b), 0);
	const struct nlmsghdr *h = (const void *)b.p;
	const struct nlattr *o = mnl_nlmsg_get_payload(h), *a;
	unsigned n = 0;
	mnl_attr_for_each_nested(a, o)
	{
		assert_int_equal(mnl_attr_get_payload_len(a), sizeof big + NLA_HDRLEN);
		n++;
	}
	assert_int_equal(n, 20);
	nl_buf_done(&b);
}

static void a_nest_longer_than_its_length_field_is_refused(void **state)
{
	struct nl_buf b;
	static char big[60000];
	nl_buf_init(&b, 1 << 20);
	nl_begin(&b, 1, 0, 0, 0, 0);
	size_t nest = nl_nest(&b, 1);
	nl_put(&b, 3, big, sizeof big);
	nl_put(&b, 3, big, sizeof big);
	nl_nest_end(&b, nest);
	assert_int_equal(nl_end(&b), -EMSGSIZE);
	nl_buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_reads_back_as_it_was_built),
		cmocka_unit_test(a_message_that_does_not_fit_is_taken_back),
		cmocka_unit_test(eight_byte_numbers_are_aligned_by_a_pad),
		cmocka_unit_test(nests_survive_a_buffer_that_moves),
		cmocka_unit_test(a_nest_longer_than_its_length_field_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "nlmsg/ack.c"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct fixture {
	struct nl_buf req, out;
	struct nlmsghdr *h;
	const struct nlattr *attr;
};

static int set_up(void **state)
{
	static struct fixture f;
	nl_buf_init(&f.req, 4096);
	nl_buf_init(&f.out, 4096);
	nl_begin(&f.req, 20, NLM_F_REQUEST | NLM_F_ACK, 99, 0, 8);
	nl_put_u32(&f.req, 1, 5);
	nl_end(&f.req);
	f.h = (struct nlmsghdr *)f.req.p;
	f.attr = (const struct nlattr *)(f.req.p + NLMSG_HDRLEN + 8);
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	nl_buf_done(&f->req);
	nl_buf_done(&f->out);
	return 0;
}

static const struct nlmsgerr *answer(struct fixture *f, uint16_t *ret_flags)
{
	const struct nlmsghdr *h = (const void *)f->out.p;
	assert_true(mnl_nlmsg_ok(h, (int)f->out.len_bytes));
	assert_int_equal(h->nlmsg_type, NLMSG_ERROR);
	assert_int_equal(h->nlmsg_seq, 99);
	assert_int_equal(h->nlmsg_pid, 42);
	*ret_flags = h->nlmsg_flags;
	return mnl_nlmsg_get_payload(h);
}

static void an_ack_returns_the_header_alone(void **state)
{
	struct fixture *f = *state;
	uint16_t flags;
	nl_put_error(&f->out, f->h, 0, NULL, false, true, 42);
	const struct nlmsgerr *e = answer(f, &flags);
	assert_int_equal(flags, NLM_F_CAPPED);
	assert_int_equal(e->error, 0);
	assert_memory_equal(&e->msg, f->h, sizeof e->msg);
	assert_int_equal(f->out.len_bytes, NLMSG_HDRLEN + sizeof *e);
}

static void a_failure_returns_the_request_unless_capped(void **state)
{
	struct fixture *f = *state;
	uint16_t flags;
	nl_put_error(&f->out, f->h, -EINVAL, NULL, false, false, 42);
	const struct nlmsgerr *e = answer(f, &flags);
	assert_int_equal(flags, 0);
	assert_memory_equal(&e->msg, f->h, f->h->nlmsg_len);
	f->out.len_bytes = 0;
	nl_put_error(&f->out, f->h, -EINVAL, NULL, true, false, 42);
	answer(f, &flags);
	assert_int_equal(flags, NLM_F_CAPPED);
	assert_int_equal(f->out.len_bytes, NLMSG_HDRLEN + sizeof *e);
}

static void an_extended_ack_tells_message_offset_and_policy(void **state)
{
	struct fixture *f = *state;
	static const struct nl_policy pol = { NL_U32, .min = 68, .max = 9000, .name = "X" };
	struct nl_ext ext = { .msg = "no good", .bad_attr = f->attr, .policy = &pol, .miss_type = 7 };
	uint16_t flags;
	nl_put_error(&f->out, f->h, -EINVAL, &ext, true, true, 42);
	const struct nlmsgerr *e = answer(f, &flags);
	assert_int_equal(flags, NLM_F_CAPPED | NLM_F_ACK_TLVS);
	const struct nlattr *a;
	unsigned seen = 0;
	mnl_attr_for_each (a, (const struct nlmsghdr *)f->out.p, sizeof *e) {
		seen |= 1u << mnl_attr_get_type(a);
		if (mnl_attr_get_type(a) == NLMSGERR_ATTR_MSG)
			assert_string_equal(mnl_attr_get_str(a), "no good");
		if (mnl_attr_get_type(a) == NLMSGERR_ATTR_OFFS)
			assert_int_equal(mnl_attr_get_u32(a), NLMSG_HDRLEN + 8);
		if (mnl_attr_get_type(a) == NLMSGERR_ATTR_MISS_TYPE)
			assert_int_equal(mnl_attr_get_u32(a), 7);
	}
	assert_int_equal(seen, 1 << NLMSGERR_ATTR_MSG | 1 << NLMSGERR_ATTR_OFFS | 1 << NLMSGERR_ATTR_POLICY |
				       1 << NLMSGERR_ATTR_MISS_TYPE);
}

static void an_attribute_outside_the_request_has_no_offset(void **state)
{
	struct fixture *f = *state;
	struct nlattr stranger = { .nla_len = 4 };
	struct nl_ext ext = { .bad_attr = &stranger };
	uint16_t flags;
	nl_put_error(&f->out, f->h, -EINVAL, &ext, true, true, 42);
	answer(f, &flags);
	assert_int_equal(flags, NLM_F_CAPPED);
}

static void done_carries_the_error_of_the_dump(void **state)
{
	struct fixture *f = *state;
	struct nl_ext ext = { .msg = "table does not exist" };
	nl_put_done(&f->out, f->h, -ENOENT, NLM_F_DUMP_INTR, &ext, true, 42);
	const struct nlmsghdr *h = (const void *)f->out.p;
	assert_int_equal(h->nlmsg_type, NLMSG_DONE);
	assert_int_equal(h->nlmsg_flags, NLM_F_MULTI | NLM_F_DUMP_INTR | NLM_F_ACK_TLVS);
	assert_int_equal(*(const int *)mnl_nlmsg_get_payload(h), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_ack_returns_the_header_alone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_failure_returns_the_request_unless_capped, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(an_extended_ack_tells_message_offset_and_policy, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(an_attribute_outside_the_request_has_no_offset, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(done_carries_the_error_of_the_dump, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

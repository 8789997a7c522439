/* SPDX-License-Identifier: BSD-2-Clause */
#include "netlink/genl_ctrl.c"

#include "netlink/nl_test.h"

static int genl_up(void **state)
{
	bench_up(state);
	struct bench *f = *state;
	nl_sock_free(f->a.s);
	nl_sock_free(f->b.s);
	open_sock(f, &f->a, NETLINK_GENERIC, true);
	open_sock(f, &f->b, NETLINK_GENERIC, false);
	return 0;
}

static void ask(struct nl_sock *s, uint16_t id, uint8_t cmd, uint16_t flags, uint16_t type, const void *p,
		size_t len)
{
	uint8_t room[256] __attribute__((aligned(8)));
	struct nl_buf b;
	nl_buf_init_fixed(&b, room, sizeof room);
	genl_begin(&b, id, cmd, 1, NLM_F_REQUEST | flags, 1, 0);
	if (p)
		nl_put(&b, type, p, len);
	nl_end(&b);
	assert_int_equal(nl_sock_input(s, b.p, b.len_bytes), 0);
}

static const struct nlattr *find_attr(const struct nlmsghdr *h, uint16_t type)
{
	const struct nlattr *a;
	mnl_attr_for_each (a, h, GENL_HDRLEN)
		if (mnl_attr_get_type(a) == type)
			return a;
	return NULL;
}

static uint16_t resolve(struct receiver *r, const char *name)
{
	forget_all(r);
	ask(r->s, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0, CTRL_ATTR_FAMILY_NAME, name, strlen(name) + 1);
	const struct nlattr *id = find_attr(message(r, 0), CTRL_ATTR_FAMILY_ID);
	assert_non_null(id);
	return mnl_attr_get_u16(id);
}

static void a_family_is_found_by_name_and_by_number(void **state)
{
	struct bench *f = *state;
	uint16_t id = resolve(&f->a, "echo");
	assert_string_equal(mnl_attr_get_str(find_attr(message(&f->a, 0), CTRL_ATTR_FAMILY_NAME)), "echo");
	assert_non_null(find_attr(message(&f->a, 0), CTRL_ATTR_OPS));
	assert_non_null(find_attr(message(&f->a, 0), CTRL_ATTR_MCAST_GROUPS));
	forget_all(&f->a);
	ask(f->a.s, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0, CTRL_ATTR_FAMILY_ID, &id, sizeof id);
	assert_string_equal(mnl_attr_get_str(find_attr(message(&f->a, 0), CTRL_ATTR_FAMILY_NAME)), "echo");
	assert_int_equal(resolve(&f->a, "nlctrl"), GENL_ID_CTRL);
}

static void an_unknown_family_does_not_exist(void **state)
{
	struct bench *f = *state;
	ask(f->a.s, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0, CTRL_ATTR_FAMILY_NAME, "nobody", 7);
	assert_int_equal(ack_error(&f->a, 0), -ENOENT);
	ask(f->a.s, 3000, 1, 0, 0, NULL, 0);
	assert_int_equal(ack_error(&f->a, 1), -ENOENT);
	ask(f->a.s, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0, 0, NULL, 0);
	assert_int_equal(ack_error(&f->a, 2), -EINVAL);
}

static void families_are_listed(void **state)
{
	struct bench *f = *state;
	ask(f->a.s, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, NLM_F_DUMP, 0, NULL, 0);
	int left = (int)f->a.got[0].len;
	unsigned n = 0;
	for (const struct nlmsghdr *h = message(&f->a, 0); mnl_nlmsg_ok(h, left);
	     h = mnl_nlmsg_next(h, &left))
		n += h->nlmsg_type == GENL_ID_CTRL;
	assert_int_equal(n, 2);
}

static void commands_reach_their_family_with_its_strictness(void **state)
{
	struct bench *f = *state;
	uint16_t id = resolve(&f->a, "echo");
	uint32_t v = 77;
	forget_all(&f->a);
	ask(f->a.s, id, 1, NLM_F_ACK, NUM_A_VALUE, &v, sizeof v);
	assert_int_equal(mnl_attr_get_u32(find_attr(message(&f->a, 0), NUM_A_VALUE)), 77);
	assert_int_equal(ack_error(&f->a, 1), 0);
	ask(f->a.s, id, 1, 0, 55, &v, sizeof v);
	assert_int_equal(ack_error(&f->a, 2), -EINVAL);
	ask(f->a.s, id, 9, 0, 0, NULL, 0);
	assert_int_equal(ack_error(&f->a, 3), -EOPNOTSUPP);
}

static void admin_commands_want_the_right(void **state)
{
	struct bench *f = *state;
	uint16_t id = resolve(&f->a, "echo");
	ask(f->b.s, id, 2, 0, 0, NULL, 0);
	assert_int_equal(ack_error(&f->b, 0), -EPERM);
}

static void policies_are_told_with_their_bounds(void **state)
{
	struct bench *f = *state;
	ask(f->a.s, GENL_ID_CTRL, CTRL_CMD_GETPOLICY, NLM_F_DUMP, CTRL_ATTR_FAMILY_NAME, "echo", 5);
	int left = (int)f->a.got[0].len;
	unsigned ops = 0, attrs = 0;
	for (const struct nlmsghdr *h = message(&f->a, 0); mnl_nlmsg_ok(h, left);
	     h = mnl_nlmsg_next(h, &left)) {
		if (h->nlmsg_type == NLMSG_DONE)
			continue;
		ops += find_attr(h, CTRL_ATTR_OP_POLICY) != NULL;
		attrs += find_attr(h, CTRL_ATTR_POLICY) != NULL;
	}
	assert_int_equal(ops, 2);
	assert_int_equal(attrs, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, genl_up, bench_down)
		T(a_family_is_found_by_name_and_by_number),
		T(an_unknown_family_does_not_exist),
		T(families_are_listed),
		T(commands_reach_their_family_with_its_strictness),
		T(admin_commands_want_the_right),
		T(policies_are_told_with_their_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

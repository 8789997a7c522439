/* SPDX-License-Identifier: BSD-2-Clause */
#include "nlmsg/policy_print.c"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void remember(void *ctx, const char *s)
{
	strcat(strcat(ctx, s), "\n");
}

static void a_policy_prints_itself_with_nested_ones_indented(void **state)
{
	static const struct nl_policy kind[] = { [1] = { NL_STRING, .max = 16, .name = "INFO_KIND",
							 .help = "driver" } };
	static const struct nl_policy link[] = {
		[1] = { NL_U32, .min = 68, .max = 65535, .name = "LINK_MTU", .help = "largest payload" },
		[2] = { NL_UNUSED }, /* no name: not documented */
		[3] = { NL_NESTED, .nested = kind, .max_attr = 1, .name = "LINK_INFO" },
		[4] = { NL_BYTES, .min = 6, .max = 6, .name = "LINK_MAC" },
	};
	char out[1024] = "";
	nl_policy_print(link, 4, remember, out);
	assert_string_equal(out, "LINK_MTU                       1  u32 68..65535        largest payload\n"
				 "LINK_INFO                      3  nest                \n"
				 "  INFO_KIND                    1  string[0..16]        driver\n"
				 "LINK_MAC                       4  bytes[6]            \n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_policy_prints_itself_with_nested_ones_indented),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

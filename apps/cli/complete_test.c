/* SPDX-License-Identifier: BSD-2-Clause */
#include "complete.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct cli_option global[] = {
	{ .letter = 'n', .arg = "NAME", .help = "x", .values = "@daemon" },
	{ .id = 256, .name = "version", .help = "x" },
	{ 0 },
};
static const struct cli_option own[] = {
	{ .letter = 'i', .name = "interface", .arg = "DEV", .help = "x", .values = "any @dev" },
	{ .letter = 'w', .arg = "FILE", .help = "x", .values = "@file" },
	{ .id = 257, .name = "drops", .help = "x" },
	{ 0 },
};
static const struct cli_page main_page = { .program = "p", .options = global };
static const struct cli_page commands[] = {
	{ .program = "p", .command = "capture", .options = own },
	{ .program = "p", .command = "dev", .operands = "add @dev" },
};

static void ask(const char *kind, const struct cli_offers *o, void *ctx)
{
	if (!strcmp(kind, "dev")) {
		cli_offer(o, "eth0");
		cli_offer(o, "lo");
	}
	if (!strcmp(kind, "daemon"))
		cli_offer(o, "r1");
}

static void completes(const char *line, const char *want)
{
	const struct cli_program p = { &main_page, commands, 2, ask, NULL };
	char *s = NULL;
	size_t len;
	FILE *f = open_memstream(&s, &len);

	cli_complete(&p, line, f);
	fclose(f);
	assert_string_equal(s, want);
	free(s);
}

static void commands_and_options_of_the_program(void **state)
{
	completes("p ", "capture\ndev\n");
	completes("p", "capture\ndev\n");
	completes("p c", "capture\n");
	completes("p --", "--version\n");
	completes("p -n ", "r1\n");
	completes("p -n r1 d", "dev\n");
}

static void options_and_values_of_a_command(void **state)
{
	completes("p capture --", "--interface\n--drops\n");
	completes("p capture -i ", "any\neth0\nlo\n");
	completes("p -n r1 capture --interface e", "eth0\n");
	completes("p capture --interface=e", "--interface=eth0\n");
	completes("p capture -w ", ":file\n");
	completes("p capture --drops x", "");
}

static void operands(void **state)
{
	completes("p dev ", "add\neth0\nlo\n");
	completes("p dev add l", "lo\n");
	completes("p nosuch ", "");
	completes("", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands_and_options_of_the_program),
		cmocka_unit_test(options_and_values_of_a_command),
		cmocka_unit_test(operands),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

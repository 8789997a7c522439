/* SPDX-License-Identifier: BSD-2-Clause */
#include "man.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct cli_option options[] = {
	{ .letter = 'c', .name = "count", .arg = "N", .help = "so many" },
	{ 0 },
};

static const struct cli_section sections[] = { { "FILES", "/etc/p" }, { 0 } };

static char *as_roff(const struct cli_page *p)
{
	char *s = NULL;
	size_t len;
	FILE *f = open_memstream(&s, &len);

	cli_man(p, "p 1", f);
	fclose(f);
	return s;
}

static char *man_of(const char *text)
{
	const struct cli_page p = { .program = "p",
				    .command = "do",
				    .section = 1,
				    .usage = "[-c N]",
				    .what = "does",
				    .text = text,
				    .options = options,
				    .sections = sections };

	return as_roff(&p);
}

static void has(const char *text, const char *want)
{
	char *s = man_of(text);

	if (!strstr(s, want))
		fail_msg("no \"%s\" in:\n%s", want, s);
	free(s);
}

static void titles_and_options(void **state)
{
	has("x", ".TH \"P\\-DO\" 1 \"\" \"p 1\"\n");
	has("x", "p\\-do \\- does\n");
	has("x", ".TP\n\\fB\\-c\\fR, \\fB\\-\\-count\\fR \\fIN\\fR\nSo many.\n");
}

static void sections_stand_behind(void **state)
{
	has("x", "So many.\n.SH FILES\n/etc/p\n");
}

static void a_files_words_have_no_dashes(void **state)
{
	const struct cli_page p = { .program = "p.conf",
				    .section = 5,
				    .usage = "/etc/p.conf",
				    .what = "says",
				    .options = options,
				    .of_file = true };
	char *s = as_roff(&p);

	assert_non_null(strstr(s, ".SH SYNOPSIS\n\\fB/etc/p\\&.conf\\fR\n"));
	assert_non_null(strstr(s, ".TP\n\\fBcount\\fR \\fIN\\fR\nSo many.\n"));
	assert_null(strstr(s, "\\-c"));
	free(s);
}

static void no_text_is_a_request(void **state)
{
	has(".so /etc/passwd", "\n\\&.so /etc/passwd\n");
	has("'quoted", "\n\\(aqquoted\n");
	has("a\\b", "\na\\eb\n");
}

static void lines_stay_as_they_are(void **state)
{
	has("one\ntwo\n\n    a\n    b\n\nthree", "one\ntwo\n.PP\n.nf\n    a\n    b\n.fi\n");
}

static void bold_ends(void **state)
{
	has("the `ip` of", "the \\fBip\\fR of");
	has("the `ip", "the \\fBip\\fR\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(titles_and_options),           cmocka_unit_test(sections_stand_behind),
		cmocka_unit_test(a_files_words_have_no_dashes), cmocka_unit_test(no_text_is_a_request),
		cmocka_unit_test(lines_stay_as_they_are),       cmocka_unit_test(bold_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

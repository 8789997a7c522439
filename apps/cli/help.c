/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/cli.h"

#include <string.h>

enum { WIDTH = 100, OPTION_AT = 2, HELP_AT = 26 };

static int put_word(FILE *to, const char *word, size_t len, int at, int indent)
{
	if (at > indent && at + 1 + (int)len > WIDTH) {
		fprintf(to, "\n%*s", indent, "");
		at = indent;
	} else if (at > indent) {
		fputc(' ', to);
		at++;
	}
	fwrite(word, 1, len, to);
	return at + (int)len;
}

/* Words up to `end`, from column `at` on. Where that ended. */
static int fill(FILE *to, const char *s, const char *end, int at, int indent)
{
	while (s < end) {
		size_t len = strcspn(s, " \n");
		if (len > (size_t)(end - s))
			len = (size_t)(end - s);
		if (len)
			at = put_word(to, s, len, at, indent);
		s += len;
		s += s < end;
	}
	return at;
}

/* A paragraph ends at an empty line, at one that begins with a blank, or at the end of all. */
static const char *paragraph_end(const char *s)
{
	for (; *s; s++)
		if (*s == '\n' && (!s[1] || s[1] == '\n' || s[1] == ' '))
			return s;
	return s;
}

static void put_text(FILE *to, const char *s)
{
	while (s && *s) {
		size_t line = strcspn(s, "\n");
		const char *end = *s == ' ' || *s == '\n' ? s + line : paragraph_end(s);
		if (*s == ' ')
			fwrite(s, 1, line, to);
		else
			fill(to, s, end, 0, 0);
		fputc('\n', to);
		s = *end ? end + 1 : end;
	}
}

static void put_option(const struct cli_option *o, void *ctx)
{
	char left[80];
	int n;

	snprintf(left, sizeof left, "%s%.*s%s%s%s%s%s", o->letter ? "-" : "", o->letter ? 1 : 0, &o->letter,
		 o->letter && o->name ? ", " : "", o->name ? "--" : "", o->name ? o->name : "",
		 o->arg ? " " : "", o->arg ? o->arg : "");
	n = fprintf(ctx, "%*s%s", OPTION_AT, "", left);
	if (n > HELP_AT - 2) {
		fputc('\n', ctx);
		n = 0;
	}
	fprintf(ctx, "%*s", HELP_AT - n, "");
	fill(ctx, o->help, o->help + strlen(o->help), HELP_AT, HELP_AT);
	fputc('\n', ctx);
}

void cli_help(const struct cli_page *p, FILE *to)
{
	fprintf(to, "Usage: %s%s%s%s%s\n%c%s.\n", p->program, p->command ? " " : "",
		p->command ? p->command : "", *p->usage ? " " : "", p->usage, p->what[0] - 'a' + 'A',
		p->what + 1);
	if (p->text && *p->text) {
		fputc('\n', to);
		put_text(to, p->text);
	}
	fputc('\n', to);
	cli_each(p, put_option, to);
	if (p->more && *p->more) {
		fputc('\n', to);
		put_text(to, p->more);
	}
}

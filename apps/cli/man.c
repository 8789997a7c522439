/* SPDX-License-Identifier: BSD-2-Clause */
/* A page as roff, with the macros of man(7). */
#include "cli/cli.h"

#include <ctype.h>
#include <string.h>

/* A dot or a quote that begins a line would be a request; a dash is one that can be copied. */
static void put_char(FILE *to, char c)
{
	switch (c) {
	case '\\':
		fputs("\\e", to);
		break;
	case '-':
		fputs("\\-", to);
		break;
	case '^':
		fputs("\\(ha", to);
		break;
	case '~':
		fputs("\\(ti", to);
		break;
	case '\'':
		fputs("\\(aq", to);
		break;
	case '.':
		fputs("\\&.", to);
		break;
	default:
		fputc(c, to);
	}
}

/* What stands between `and` is bold. */
static void put(FILE *to, const char *s, size_t len)
{
	bool bold = false;

	for (size_t i = 0; i < len; i++) {
		if (s[i] == '`') {
			bold = !bold;
			fputs(bold ? "\\fB" : "\\fR", to);
		} else {
			put_char(to, s[i]);
		}
	}
	if (bold)
		fputs("\\fR", to);
}

static void put_str(FILE *to, const char *s)
{
	put(to, s, strlen(s));
}

/* Lines as they are stand together between .nf and .fi. */
static void put_text(FILE *to, const char *s)
{
	bool as_is = false;

	for (; s && *s; s += s[strcspn(s, "\n")] ? strcspn(s, "\n") + 1 : strcspn(s, "\n")) {
		size_t len = strcspn(s, "\n");
		if ((*s == ' ') != as_is) {
			as_is = !as_is;
			fputs(as_is ? ".PP\n.nf\n" : ".fi\n", to);
			if (!as_is && len)
				fputs(".PP\n", to);
		}
		if (!len && !as_is) {
			if (s[1] && s[1] != ' ')
				fputs(".PP\n", to);
			continue;
		}
		put(to, s, len);
		fputc('\n', to);
	}
	if (as_is)
		fputs(".fi\n", to);
}

static void put_rest(const struct cli_option *o, FILE *to)
{
	if (o->arg) {
		fputs(" \\fI", to);
		put_str(to, o->arg);
		fputs("\\fR", to);
	}
	fputc('\n', to);
	fputc(toupper((unsigned char)o->help[0]), to);
	put_str(to, o->help + 1);
	fputs(".\n", to);
}

static void put_option(const struct cli_option *o, void *ctx)
{
	FILE *to = ctx;

	fputs(".TP\n", to);
	if (o->letter)
		fprintf(to, "\\fB\\-%c\\fR%s", o->letter, o->name ? ", " : "");
	if (o->name) {
		fputs("\\fB\\-\\-", to);
		put_str(to, o->name);
		fputs("\\fR", to);
	}
	put_rest(o, to);
}

static void put_word(const struct cli_option *o, void *ctx)
{
	FILE *to = ctx;

	fputs(".TP\n\\fB", to);
	put_str(to, o->name);
	fputs("\\fR", to);
	put_rest(o, to);
}

static void put_name(const struct cli_page *p, char between, FILE *to)
{
	put_str(to, p->program);
	if (p->command) {
		put_char(to, between);
		put_str(to, p->command);
	}
}

static void put_title(const struct cli_page *p, const char *version, FILE *to)
{
	fputs(".TH \"", to);
	for (const char *c = p->program; *c; c++)
		fputc(toupper((unsigned char)*c), to);
	if (p->command)
		fputs("\\-", to);
	for (const char *c = p->command ? p->command : ""; *c; c++)
		fputc(toupper((unsigned char)*c), to);
	fprintf(to, "\" %u \"\" \"%s\"\n", p->section, version);
}

void cli_man(const struct cli_page *p, const char *version, FILE *to)
{
	put_title(p, version, to);
	fputs(".SH NAME\n", to);
	put_name(p, '-', to);
	fputs(" \\- ", to);
	put_str(to, p->what);
	fputs("\n.SH SYNOPSIS\n\\fB", to);
	if (!p->of_file) {
		put_name(p, ' ', to);
		fputs("\\fR ", to);
	}
	put_str(to, p->usage);
	if (p->of_file)
		fputs("\\fR", to);
	fputc('\n', to);
	if (p->text && *p->text) {
		fputs(".SH DESCRIPTION\n", to);
		put_text(to, p->text);
	}
	fputs(".SH OPTIONS\n", to);
	cli_each(p, p->of_file ? put_word : put_option, to);
	if (p->more && *p->more) {
		fputs(".SH NOTES\n", to);
		put_text(to, p->more);
	}
	for (const struct cli_section *x = p->sections; x && x->title; x++) {
		fprintf(to, ".SH %s\n", x->title);
		put_text(to, x->text);
	}
	if (p->see) {
		fputs(".SH SEE ALSO\n", to);
		put_str(to, p->see);
		fputc('\n', to);
	}
}

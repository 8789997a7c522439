/* SPDX-License-Identifier: BSD-2-Clause */
/* Completion. The shell hands over the line up to the cursor; everything else is known here, by the same tables that parse it. */
#include "cli/cli.h"

#include <string.h>

enum { WORDS_MAX = 256, LINE_LEN = 8192 };

void cli_offer(const struct cli_offers *o, const char *value)
{
	if (!strncmp(value, o->begins, strlen(o->begins)))
		fprintf(o->to, "%s%s\n", o->prefix, value);
}

/* Values with blanks between; @kind asks, but for those the shell knows. */
static void offer_values(const struct cli_program *p, const struct cli_offers *o, const char *values)
{
	char copy[512], *rest, *v;

	snprintf(copy, sizeof copy, "%s", values ? values : "");
	for (v = strtok_r(copy, " ", &rest); v; v = strtok_r(NULL, " ", &rest)) {
		if (*v != '@')
			cli_offer(o, v);
		else if (!strcmp(v, "@file") || !strcmp(v, "@command"))
			fprintf(o->to, ":%s\n", v + 1);
		else if (p->ask)
			p->ask(v + 1, o, p->ctx);
	}
}

static void offer_option(const struct cli_option *opt, void *ctx)
{
	const struct cli_offers *o = ctx;
	char word[80];

	if (opt->name) {
		snprintf(word, sizeof word, "--%s", opt->name);
		cli_offer(o, word);
	}
	if (opt->letter && strlen(o->begins) < 2 && !opt->name) {
		snprintf(word, sizeof word, "-%c", opt->letter);
		cli_offer(o, word);
	}
}

/* The option whose value the word behind `word` is, or NULL. */
static const struct cli_option *wants_value(const struct cli_page *page, const char *word)
{
	const struct cli_option *o = NULL;

	if (!strncmp(word, "--", 2) && word[2])
		o = cli_find(page, word + 2, 0);
	else if (word[0] == '-' && word[1] && !word[2])
		o = cli_find(page, NULL, word[1]);
	return o && o->arg ? o : NULL;
}

/* --name=beginning */
static bool offer_attached(const struct cli_program *p, const struct cli_page *page, char *word, FILE *to)
{
	char *equals = strchr(word, '='), prefix[128];
	const struct cli_option *o;

	if (strncmp(word, "--", 2) != 0 || !equals)
		return false;
	snprintf(prefix, sizeof prefix, "%.*s", (int)(equals - word + 1), word);
	*equals = 0;
	o = cli_find(page, word + 2, 0);
	if (o && o->arg)
		offer_values(p, &(struct cli_offers){ equals + 1, prefix, to }, o->values);
	return true;
}

/* words: those behind the name, the last is what is being typed. */
static void complete_words(const struct cli_program *p, const struct cli_page *page, char **words, unsigned n,
			   FILE *to)
{
	struct cli_offers o = { words[n - 1], "", to };
	const struct cli_option *opt = n > 1 ? wants_value(page, words[n - 2]) : NULL;

	if (opt)
		offer_values(p, &o, opt->values);
	else if (offer_attached(p, page, words[n - 1], to))
		return;
	else if (words[n - 1][0] == '-')
		cli_each(page, offer_option, &o);
	else
		offer_values(p, &o, page->operands);
}

static const struct cli_page *command(const struct cli_program *p, const char *name)
{
	for (unsigned i = 0; i < p->n_commands; i++)
		if (!strcmp(p->commands[i].command, name))
			return &p->commands[i];
	return NULL;
}

static void complete_program(const struct cli_program *p, char **words, unsigned n, FILE *to)
{
	struct cli_offers o = { words[n - 1], "", to };
	unsigned i = 0;

	while (i + 1 < n && words[i][0] == '-')
		i += wants_value(p->page, words[i]) ? 2 : 1;
	if (p->n_commands && i + 1 < n) {
		const struct cli_page *page = command(p, words[i]);
		if (page)
			complete_words(p, page, words + i + 1, n - i - 1, to);
		return;
	}
	complete_words(p, p->page, words, n, to);
	for (unsigned c = 0; c < p->n_commands && i + 1 == n && words[n - 1][0] != '-'; c++)
		cli_offer(&o, p->commands[c].command);
}

void cli_complete(const struct cli_program *p, const char *line, FILE *to)
{
	char copy[LINE_LEN], *words[WORDS_MAX], *rest, *w;
	size_t len = strlen(line);
	unsigned n = 0;

	if (len >= sizeof copy)
		return;
	memcpy(copy, line, len + 1);
	for (w = strtok_r(copy, " \t", &rest); w && n < WORDS_MAX - 1; w = strtok_r(NULL, " \t", &rest))
		words[n++] = w;
	if (!n)
		return;
	if (line[len - 1] == ' ' || line[len - 1] == '\t' || n == 1)
		words[n++] = copy + len; /* a word that is yet to come */
	complete_program(p, words + 1, n - 1, to);
}

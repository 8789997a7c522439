/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/cli.h"

#include <string.h>

static bool is_row(const struct cli_option *o)
{
	return o && (o->letter || o->name);
}

static const struct cli_option *find_in(const struct cli_option *o, const char *name, size_t len, char letter)
{
	for (; is_row(o); o++) {
		if (letter && o->letter == letter)
			return o;
		if (name && o->name && strlen(o->name) == len && !strncmp(o->name, name, len))
			return o;
	}
	return NULL;
}

static const struct cli_option *find(const struct cli_page *p, const char *name, size_t len, char letter)
{
	const struct cli_option *o = find_in(p->options, name, len, letter);

	return o ? o : find_in(p->shared, name, len, letter);
}

const struct cli_option *cli_find(const struct cli_page *p, const char *name, char letter)
{
	return find(p, name, name ? strlen(name) : 0, letter);
}

int cli_id(const struct cli_option *o)
{
	return o->id ? o->id : o->letter;
}

static int bad(struct cli_words *w, const char *before, const char *word, const char *behind)
{
	snprintf(w->why, sizeof w->why, "%s%s%s", before, word, behind);
	return CLI_BAD;
}

/* The option is known, its value yet to be found: behind it (attached, perhaps ""), or in the next word. */
static int take(struct cli_words *w, const struct cli_option *o, const char *attached, const char *word)
{
	w->option = o;
	w->value = NULL;
	if (!o->arg)
		return attached ? bad(w, "", word, " takes no value") : cli_id(o);
	if (!attached && *w->argv)
		attached = *w->argv++;
	if (!attached)
		return bad(w, "", word, " needs a value");
	w->value = attached;
	return cli_id(o);
}

static int take_letter(struct cli_words *w)
{
	char letter = *w->letters++, word[3] = { '-', letter };
	const struct cli_option *o = find(w->page, NULL, 0, letter);
	const char *rest = w->letters;

	if (!o)
		return bad(w, "unknown option ", word, "");
	if (!*rest || o->arg)
		w->letters = NULL;
	return take(w, o, o->arg && *rest ? rest : NULL, word);
}

static int take_name(struct cli_words *w, const char *word)
{
	size_t len = strcspn(word + 2, "=");
	const struct cli_option *o = find(w->page, word + 2, len, 0);

	if (!o)
		return bad(w, "unknown option ", word, "");
	return take(w, o, word[2 + len] ? word + 3 + len : NULL, word);
}

/* Operands are gathered at the start of the array, which words already taken leave free. */
static int end(struct cli_words *w)
{
	while (*w->argv)
		*w->to++ = *w->argv++;
	*w->to = NULL;
	w->argv = w->first;
	return CLI_END;
}

int cli_next(struct cli_words *w)
{
	if (!w->to)
		w->to = w->first = w->argv;
	if (w->letters)
		return take_letter(w);
	for (; *w->argv; *w->to++ = *w->argv++) {
		const char *word = *w->argv;
		if (!strcmp(word, "--")) {
			w->argv++;
			return end(w);
		}
		if (word[0] == '-' && word[1]) {
			w->argv++;
			if (word[1] == '-')
				return take_name(w, word);
			w->letters = word + 1;
			return take_letter(w);
		}
		if (w->in_order)
			return end(w);
	}
	return end(w);
}

void cli_each(const struct cli_page *p, cli_row_fn *each, void *ctx)
{
	for (const struct cli_option *o = p->options; is_row(o); o++)
		each(o, ctx);
	for (const struct cli_option *o = p->shared; is_row(o); o++)
		if (!find_in(p->options, o->letter ? NULL : o->name, o->letter ? 0 : strlen(o->name),
			     o->letter))
			each(o, ctx);
}

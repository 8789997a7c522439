/* SPDX-License-Identifier: BSD-2-Clause */
/* What a shell makes of a text, as far as scripts go: commands end at the end of a line, at ; and &&; words are between blanks;
 * quotes hold words together; # begins a comment; $((16*1024)) is a number; a backslash at the end of a line joins it with
 * the next. Redirections are let go, since nothing here prints. Commands end at ||, too, and the next one says so; | is a word. Whatever
 * else a shell knows makes a command odd. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drill/shell_internal.h"

const char *shell_next(struct shell_words *w)
{
	return w->at < w->n ? w->w[w->at++] : NULL;
}

bool shell_next_is(struct shell_words *w, const char *a)
{
	if (w->at == w->n || strcmp(w->w[w->at], a) != 0)
		return false;
	w->at++;
	return true;
}

struct cut {
	const char *p;
	struct shell_words *to;
	size_t used;
	bool in_word;
};

static void put(struct cut *c, char ch)
{
	struct shell_words *w = c->to;
	if (!c->in_word) {
		if (w->n == SHELL_WORDS_MAX) {
			w->odd = true;
			return;
		}
		w->w[w->n++] = w->room + c->used;
		c->in_word = true;
	}
	if (c->used + 2 > sizeof w->room) /* one is for the zero behind it */
		w->odd = true;
	else
		w->room[c->used++] = ch;
}

static void end_word(struct cut *c)
{
	if (c->in_word && c->used < sizeof c->to->room)
		c->to->room[c->used++] = 0;
	c->in_word = false;
}

static bool operand(const char **p, long long *ret)
{
	char *end;
	*ret = strtoll(*p, &end, 0);
	bool any = end != *p;
	*p = end + strspn(end, " ");
	return any && *ret >= 0 && *ret < (1LL << 31);
}

/* $((2 * 1024)): numbers and products of numbers. */
static void arithmetic(struct cut *c)
{
	const char *p = c->p + 3;
	long long v, by;
	char text[32];
	bool ok = operand(&p, &v);
	while (ok && *p == '*') {
		p++;
		ok = operand(&p, &by) && (!by || v <= (1LL << 62) / by);
		v *= ok ? by : 1;
	}
	if (!ok || strncmp(p, "))", 2) != 0) {
		c->to->odd = true;
		c->p++;
		return;
	}
	snprintf(text, sizeof text, "%lld", v);
	for (const char *t = text; *t; t++)
		put(c, *t);
	c->p = p + 2;
}

static void dollar(struct cut *c)
{
	static const char pid[] = "${PPID}"; /* of the interpreter: no file has it in its name here */
	if (!strncmp(c->p, "$((", 3)) {
		arithmetic(c);
	} else if (!strncmp(c->p, pid, strlen(pid))) {
		put(c, '0');
		c->p += strlen(pid);
	} else {
		c->to->odd = true;
		c->p++;
	}
}

static void quoted(struct cut *c)
{
	char quote = *c->p++;
	while (*c->p && *c->p != quote) {
		if (*c->p == '$' && quote == '"')
			dollar(c);
		else
			put(c, *c->p++);
	}
	c->to->odd |= !*c->p;
	c->p += *c->p != 0;
}

/* > /dev/null, 2>&1: also when a digit stands in front, which is no word then. */
static void redirection(struct cut *c)
{
	struct shell_words *w = c->to;
	bool digit = c->in_word && w->room + c->used == w->w[w->n - 1] + 1 &&
		     isdigit((unsigned char)w->w[w->n - 1][0]);
	if (digit) {
		w->n--;
		c->used--;
		c->in_word = false;
	}
	end_word(c);
	c->p += strspn(c->p, ">&");
	c->p += strspn(c->p, " \t");
	size_t len = strcspn(c->p, " \t\n;&|");
	bool is_setting = !digit && (!strncmp(c->p, "/proc/sys/", 10) || !strncmp(c->p, "/sys/module/", 12));
	if (is_setting && len < sizeof w->to)
		snprintf(w->to, sizeof w->to, "%.*s", (int)len, c->p);
	else
		w->odd |= *c->p == '<' ||
			  (strncmp(c->p, "/dev/null", len) && (len != 1 || !isdigit((unsigned char)*c->p)));
	c->p += len;
}

/* One step of a command. False: it ends here. */
static bool cut_some(struct cut *c)
{
	char ch = *c->p;
	switch (ch) {
	case 0:
	case '\n':
	case ';':
		return false;
	case '&':
		if (c->p[1] == '>') {
			redirection(c);
			return true;
		}
		c->to->odd |= c->p[1] != '&';
		return false;
	case '<':
		c->to->odd = true;
		c->p++;
		return true;
	case '|':
		if (c->p[1] == '|')
			return false;
		end_word(c);
		c->to->piped = true;
		put(c, *c->p++);
		end_word(c);
		return true;
	case '>':
		redirection(c);
		return true;
	case '\'':
	case '"':
		quoted(c);
		return true;
	case '$':
		dollar(c);
		return true;
	case '#':
		if (!c->in_word)
			c->p += strcspn(c->p, "\n");
		else
			put(c, *c->p++);
		return true;
	case '\\':
		end_word(c);
		c->p += c->p[1] ? 2 : 1;
		return true;
	case ' ':
	case '\t':
	case '\r':
		end_word(c);
		c->p++;
		return true;
	default:
		put(c, ch);
		c->p++;
		return true;
	}
}

bool shell_cut(const char **text, struct shell_words *ret)
{
	struct cut c = { .p = *text, .to = ret };
	do {
		c.p += strspn(c.p, " \t\n;&");
		ret->otherwise = c.p[0] == '|' && c.p[1] == '|';
		c.p += strspn(c.p, "|");
		if (!*c.p)
			return false;
		ret->n = ret->at = 0;
		ret->odd = ret->piped = false;
		ret->to[0] = 0;
		c.used = 0;
		c.in_word = false;
		while (cut_some(&c)) {}
		end_word(&c);
	} while (!ret->n && !ret->odd);
	*text = c.p;
	return true;
}

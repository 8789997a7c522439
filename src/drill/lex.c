/* SPDX-License-Identifier: BSD-2-Clause */
#include "drill/lex.h"

#include <stdlib.h>
#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}
static bool is_word(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
static bool at(const struct lexer *l, const char *s)
{
	size_t n = strlen(s);
	return (size_t)(l->end - l->p) >= n && memcmp(l->p, s, n) == 0;
}
static void step(struct lexer *l)
{
	if (*l->p++ == '\n')
		l->line++;
}
static void skip_line(struct lexer *l)
{
	while (l->p < l->end && *l->p != '\n')
		l->p++;
}

/* False: a comment has no end. */
static bool skip_blanks(struct lexer *l)
{
	while (l->p < l->end) {
		if (is_blank(*l->p)) {
			step(l);
		} else if (*l->p == '#' || at(l, "//")) {
			skip_line(l);
		} else if (at(l, "/*")) {
			l->p += 2;
			while (l->p < l->end && !at(l, "*/"))
				step(l);
			if (l->p == l->end)
				return false;
			l->p += 2;
		} else {
			break;
		}
	}
	return true;
}

static struct token bad(struct token t, const char *why)
{
	t.kind = TOK_BAD;
	t.why = why;
	return t;
}

/* Up to `close`, which is consumed; a backslash keeps what is behind it. */
static struct token quoted(struct lexer *l, struct token t, enum token_kind kind, const char *close,
			   const char *why)
{
	t.p = l->p;
	while (l->p < l->end && !at(l, close)) {
		if (*l->p == '\\' && kind != TOK_CODE && l->p + 1 < l->end)
			step(l);
		step(l);
	}
	if (l->p == l->end)
		return bad(t, why);
	t.kind = kind;
	t.len = (size_t)(l->p - t.p);
	l->p += strlen(close);
	return t;
}

/* Whole numbers up to 2^63 - 1. */
static bool number(const char *p, size_t len, unsigned base, int64_t *ret)
{
	uint64_t v = 0;
	if (!len)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = p[i] | 0x20;
		unsigned d = is_digit(p[i])         ? (unsigned)(p[i] - '0')
			     : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
						    : 99;
		if (d >= base || v > ((uint64_t)INT64_MAX - d) / base)
			return false;
		v = v * base + d;
	}
	*ret = (int64_t)v;
	return true;
}

/* l stands at the point; whole seconds are in t.num. What is finer than a microsecond is let go. */
static struct token seconds(struct lexer *l, struct token t)
{
	int64_t us = 0, unit = 100000;
	if (t.num > INT64_MAX / 2000000)
		return bad(t, "so late a time cannot be");
	for (l->p++; l->p < l->end && is_digit(*l->p); l->p++, unit /= 10)
		us += (*l->p - '0') * unit;
	t.kind = TOK_TIME;
	t.num = t.num * 1000000 + us;
	t.len = (size_t)(l->p - t.p);
	return t;
}

static bool is_fraction(const struct lexer *l)
{
	return l->p + 1 < l->end && *l->p == '.' && is_digit(l->p[1]);
}

/* Letters and digits: a number when it is one, else a word. */
static struct token word(struct lexer *l, struct token t)
{
	bool digits = true;
	for (; l->p < l->end && is_word(*l->p); l->p++)
		digits = digits && is_digit(*l->p);
	t.len = (size_t)(l->p - t.p);
	t.kind = TOK_WORD;
	if (digits) {
		/* A cookie may look like a number too long to be one. */
		if (number(t.p, t.len, 10, &t.num))
			t.kind = TOK_INT;
		if (t.kind == TOK_INT && is_fraction(l))
			return seconds(l, t);
	} else if (t.len > 2 && t.p[0] == '0' && (t.p[1] | 0x20) == 'x' &&
		   number(t.p + 2, t.len - 2, 16, &t.num)) {
		t.kind = TOK_INT;
		t.hex = true;
	}
	return t;
}

static struct token option(struct lexer *l, struct token t)
{
	l->p += 2;
	t.p = l->p;
	while (l->p < l->end && is_word(*l->p))
		l->p++;
	t.len = (size_t)(l->p - t.p);
	t.kind = TOK_OPTION;
	return t.len ? t : bad(t, "an option has a name");
}

/* A definition's own words are not looked up again: it cannot go round in circles. */
static struct token defined(const struct lexer *l, struct token t)
{
	for (const struct lex_define *d = t.kind == TOK_WORD ? l->defines : NULL; d; d = d->next)
		if (d->name_len == t.len && memcmp(d->name, t.p, t.len) == 0) {
			struct token is = d->is;
			is.line = t.line;
			is.touches = t.touches;
			return is;
		}
	return t;
}

struct token lex_next(struct lexer *l)
{
	const char *from = l->p;
	bool whole = skip_blanks(l);
	struct token t = { .p = l->p, .line = l->line, .touches = l->p == from };
	if (!whole)
		return bad(t, "a comment has no end");
	if (l->p == l->end)
		return t;
	if (at(l, "--") && l->p + 2 < l->end && is_word(l->p[2]) && !is_digit(l->p[2]))
		return option(l, t);
	if (at(l, "...")) {
		l->p += 3;
		t.kind = TOK_ELLIPSIS;
		t.len = 3;
		return t;
	}
	if (at(l, "%{")) {
		l->p += 2;
		return quoted(l, t, TOK_CODE, "}%", "code has no end: }% is missing");
	}
	if (*l->p == '"' || *l->p == '`') {
		char close[2] = { *l->p, 0 };
		l->p++;
		return quoted(l, t, close[0] == '"' ? TOK_STRING : TOK_SHELL, close, "a quote has no end");
	}
	if (is_fraction(l))
		return seconds(l, t);
	if (is_word(*l->p))
		return defined(l, word(l, t));
	t.kind = TOK_PUNCT;
	t.c = *l->p;
	t.len = 1;
	step(l);
	return t;
}

struct token lex_value(struct lexer *l)
{
	struct token t = { .kind = TOK_WORD, .p = l->p, .line = l->line };
	if (l->p < l->end && *l->p == '"') {
		l->p++;
		return quoted(l, t, TOK_STRING, "\"", "a quote has no end");
	}
	while (l->p < l->end && !is_blank(*l->p)) {
		char quote = *l->p++; /* as in --define=NAME="two words" */
		if (quote != '"' && quote != '`')
			continue;
		while (l->p < l->end && *l->p != quote && *l->p != '\n')
			l->p++;
		l->p += l->p < l->end;
	}
	t.len = (size_t)(l->p - t.p);
	return t.len ? t : bad(t, "an option has a value");
}

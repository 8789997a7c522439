/* SPDX-License-Identifier: BSD-2-Clause */
/* Arguments and results of calls. The syntax is that of strace: structures are read as fields with names, whatever the names
 * are; which of them a call wants is the interpreter's business. */
#include "drill/parse_internal.h"

#include <string.h>

static struct expr *expr_new(struct parse *p, enum expr_kind kind)
{
	struct expr *e = script_alloc(p->s, sizeof *e);
	if (e)
		e->kind = kind;
	else
		parse_bad(p, p->lex.line, "the script is too large");
	return e;
}

static bool expr_word(struct parse *p, enum expr_kind kind, const struct token *t, struct expr **ret)
{
	struct expr *e = expr_new(p, kind);
	if (!e || !(e->text = parse_text(p, t)))
		return false;
	e->len = t->len;
	*ret = e;
	return true;
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9'                     ? c - '0'
	       : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
							: -1;
}

/* One character of a string at from[*i], escapes as in C; *i moves behind it. */
static char unescape(const char *from, size_t len, size_t *i)
{
	static const char names[] = "ntr0abfv", values[] = "\n\t\r\0\a\b\f\v";
	char c = from[(*i)++];
	if (c != '\\' || *i == len)
		return c;
	c = from[(*i)++];
	if (c == 'x') {
		int v = 0;
		for (unsigned n = 0; n < 2 && *i < len && hex_digit(from[*i]) >= 0; n++)
			v = v * 16 + hex_digit(from[(*i)++]);
		return (char)v;
	}
	const char *at = c ? strchr(names, c) : NULL;
	return at ? values[at - names] : c;
}

static bool expr_string(struct parse *p, const struct token *t, struct expr **ret)
{
	struct expr *e = expr_new(p, EXPR_STRING);
	char *to = e ? script_alloc(p->s, t->len + 1) : NULL;
	if (!to)
		return parse_bad(p, t->line, "the script is too large");
	for (size_t i = 0; i < t->len; e->len++)
		to[e->len] = unescape(t->p, t->len, &i);
	e->text = to;
	if (lex_peek(&p->lex).kind == TOK_ELLIPSIS) {
		lex_next(&p->lex);
		e->kind = EXPR_STRING_ANY;
	}
	*ret = e;
	return true;
}

/* What is between the brackets, up to `close`. */
static bool expr_items(struct parse *p, char close, bool fields, struct expr **ret_first, unsigned *ret_n);

/* name = value, name(n) = value; anything else is an expression without a name. */
static bool expr_field(struct parse *p, struct expr **ret)
{
	struct lexer look = p->lex;
	struct token name = lex_next(&look), t = lex_next(&look);
	if (name.kind != TOK_WORD)
		return parse_expr(p, ret);
	if (t.kind == TOK_PUNCT && t.c == '(') {
		t = lex_next(&look); /* a count or "..." */
		if (t.kind != TOK_INT && t.kind != TOK_ELLIPSIS)
			return parse_expr(p, ret);
		t = lex_next(&look);
		if (t.kind != TOK_PUNCT || t.c != ')')
			return parse_expr(p, ret);
		t = lex_next(&look);
	}
	if (t.kind != TOK_PUNCT || t.c != '=')
		return parse_expr(p, ret);
	p->lex = look;
	return expr_word(p, EXPR_FIELD, &name, ret) && parse_expr(p, &(*ret)->first);
}

static bool expr_items(struct parse *p, char close, bool fields, struct expr **ret_first, unsigned *ret_n)
{
	struct expr **tail = ret_first;
	unsigned n = 0;
	*ret_first = NULL;
	while (!parse_try_punct(p, close)) {
		if (n && !parse_punct(p, ','))
			return false;
		if (n && parse_try_punct(p, close)) /* a comma at the end is let pass */
			break;
		if (fields ? !expr_field(p, tail) : !parse_expr(p, tail))
			return false;
		tail = &(*tail)->next;
		n++;
	}
	if (ret_n)
		*ret_n = n;
	return true;
}

bool parse_args(struct parse *p, struct expr **ret_first, unsigned *ret_n)
{
	return parse_punct(p, '(') && expr_items(p, ')', false, ret_first, ret_n);
}

static bool expr_group(struct parse *p, enum expr_kind kind, char close, struct expr **ret)
{
	struct expr *e = expr_new(p, kind);
	if (!e || !expr_items(p, close, kind == EXPR_STRUCT, &e->first, NULL))
		return false;
	*ret = e;
	return true;
}

static bool expr_int(struct parse *p, int64_t num, struct expr **ret)
{
	struct expr *e = expr_new(p, EXPR_INT);
	if (!e)
		return false;
	e->num = num;
	*ret = e;
	return true;
}

static bool expr_punct(struct parse *p, const struct token *t, struct expr **ret)
{
	char show[48];
	int64_t num;
	switch (t->c) {
	case '[':
		return expr_group(p, EXPR_LIST, ']', ret);
	case '{':
		return expr_group(p, EXPR_STRUCT, '}', ret);
	case '-':
		return parse_number(p, 0, INT64_MAX, &num) && expr_int(p, -num, ret);
	default:
		return parse_bad(p, t->line, "%s is no value", token_show(t, show));
	}
}

static bool expr_one(struct parse *p, struct expr **ret)
{
	struct token t = lex_next(&p->lex);
	char show[48];
	switch (t.kind) {
	case TOK_ELLIPSIS:
		return (*ret = expr_new(p, EXPR_ANY)) != NULL;
	case TOK_INT:
		return expr_int(p, t.num, ret);
	case TOK_STRING:
		return expr_string(p, &t, ret);
	case TOK_WORD:
		if (!expr_word(p, EXPR_WORD, &t, ret))
			return false;
		if (!parse_next_is_punct(p, '('))
			return true;
		(*ret)->kind = EXPR_CALL;
		return parse_args(p, &(*ret)->first, NULL);
	case TOK_PUNCT:
		return expr_punct(p, &t, ret);
	default:
		return parse_bad(p, t.line, "%s is no value", token_show(&t, show));
	}
}

static bool expr_or(struct parse *p, struct expr **ret)
{
	if (!expr_one(p, ret))
		return false;
	while (parse_try_punct(p, '|')) {
		struct expr *e = expr_new(p, EXPR_OR);
		if (!e)
			return false;
		e->first = *ret;
		if (!expr_one(p, &e->first->next))
			return false;
		*ret = e;
	}
	return true;
}

bool parse_expr(struct parse *p, struct expr **ret)
{
	if (p->depth == PARSE_DEPTH_MAX)
		return parse_bad(p, p->lex.line, "values are nested too deeply");
	p->depth++;
	bool ok = expr_or(p, ret);
	p->depth--;
	return ok;
}

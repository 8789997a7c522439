/* SPDX-License-Identifier: BSD-2-Clause */
/* Words of the packetdrill language. */
#ifndef LEAT_DRILL_LEX_H
#define LEAT_DRILL_LEX_H

#include "base/base.h"

enum token_kind {
	TOK_END,
	TOK_PUNCT, /* one character: c */
	TOK_ELLIPSIS, /* ... */
	TOK_INT, /* 12, 0x1f */
	TOK_TIME, /* 0.25, .5: num is microseconds */
	TOK_WORD, /* letters, digits, underscores; a number with letters in it, too */
	TOK_STRING, /* "..." */
	TOK_SHELL, /* `...` */
	TOK_CODE, /* %{ ... }% */
	TOK_OPTION, /* --name */
	TOK_BAD, /* text: why */
};
struct token {
	enum token_kind kind;
	char c;
	bool hex;
	int64_t num;
	const char *p; /* in the text, without quotes */
	size_t len;
	unsigned line;
	const char *why;
	bool touches; /* nothing between it and the one before */
};
/* A word that stands for something else. */
struct lex_define {
	const struct lex_define *next;
	const char *name;
	size_t name_len;
	struct token is;
};
/* Reads on from p. A value: copy it to look ahead. */
struct lexer {
	const char *p, *end;
	unsigned line;
	const struct lex_define *defines;
};

struct token lex_next(struct lexer *l);
/* What follows up to a blank: the value of an option, which is an address, a number, a word. Quotes around it are let go. */
struct token lex_value(struct lexer *l);
static inline struct token lex_peek(const struct lexer *l)
{
	struct lexer look = *l;
	return lex_next(&look);
}

#endif

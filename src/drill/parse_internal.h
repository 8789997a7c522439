/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parser's files share: the place in the text, and the first complaint. */
#ifndef LEAT_DRILL_PARSE_INTERNAL_H
#define LEAT_DRILL_PARSE_INTERNAL_H

#include "drill/lex.h"
#include "drill/script.h"

enum { PARSE_DEPTH_MAX = 16 };

struct parse {
	const struct script_option *outer; /* what was said before counts more than what the script says */
	unsigned n_outer;
	struct lexer lex;
	struct script *s;
	unsigned depth; /* of expressions */
	bool failed;
	char *why;
	size_t why_len;
};

/* Complains at a line (0: of none), once: what comes later only follows from it. Returns false. */
bool parse_bad(struct parse *p, unsigned line, const char *fmt, ...) printf_like(3, 4);

/* The next token must be the character, or the word: consumed. */
bool parse_punct(struct parse *p, char c);
bool parse_word(struct parse *p, const char *word);
/* Consumed when it is next. */
bool parse_try_punct(struct parse *p, char c);
bool parse_try_word(struct parse *p, const char *word);
bool parse_next_is_punct(const struct parse *p, char c);
/* A number with or without a minus, between the two. */
bool parse_number(struct parse *p, int64_t min, int64_t max, int64_t *ret);
/* A copy of the token's bytes as a string; NULL, and a complaint, without memory. */
const char *parse_text(struct parse *p, const struct token *t);
bool token_is(const struct token *t, const char *word);
/* "'foo'", for complaints; valid until the next call with the same buffer. */
const char *token_show(const struct token *t, char to[static 48]);

/* parse_option.c */
void parse_defaults(struct script *s);
bool parse_options(struct parse *p);
bool parse_outer_options(struct parse *p, const struct script_option *o, unsigned n);

bool parse_expr(struct parse *p, struct expr **ret);
/* ( a, b, ... ), the opening parenthesis being next. */
bool parse_args(struct parse *p, struct expr **ret_first, unsigned *ret_n);
/* (len) */
bool parse_payload_len(struct parse *p, uint32_t *ret);
/* first:last(len) */
bool parse_sequence(struct parse *p, uint32_t *ret_seq, uint32_t *ret_len);
/* [ect0] or (ttl 4), when it is there: ecn, ttl, tos, flow_label of ret are written, the others not. */
bool parse_ip_info(struct parse *p, struct packet *ret);
bool parse_encaps(struct parse *p, struct packet *ret);
bool parse_tcp(struct parse *p, struct packet *ret);
bool parse_packet(struct parse *p, struct packet *ret);

#endif

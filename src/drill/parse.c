/* SPDX-License-Identifier: BSD-2-Clause */
/* The packetdrill language.
 *
 * Theory of operation. A script is: lines of options (--name=value); perhaps a shell line; then events, each a time and what
 * happens then: a packet (< into the stack, > out of it), a system call with its result, a shell line, a piece of code. The
 * parser is one of recursive descent that looks ahead by copying the lexer, which is a value. It stops at the first thing it
 * does not understand and says the line. Names of constants are not looked at here: that is done when a call runs, so that
 * scripts about protocols that are not there yet can be read (and skipped) all the same.
 *
 * A word that was defined (-D NAME=VALUE, --define=NAME=VALUE) stands for its value, which is one word, too: the lexer puts it there.
 *
 * Read from the language's published syntax reference, from scripts and from what the original tool does; what leat adds is listed
 * in README.md. */
#include "drill/script.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "drill/parse_internal.h"
#include "wire/text.h"

enum { SCRIPT_MEM_MAX = 16 << 20 };

struct script_block {
	struct script_block *next;
	max_align_t bytes[];
};

void *script_alloc(struct script *s, size_t len)
{
	struct script_block *b = mem_zalloc(&s->mem, sizeof *b + len);
	if (!b)
		return NULL;
	b->next = s->blocks;
	s->blocks = b;
	return b->bytes;
}

/* --- pieces that the parser's files share --- */

bool parse_bad(struct parse *p, unsigned line, const char *fmt, ...)
{
	va_list ap;
	int n;
	if (p->failed)
		return false;
	p->failed = true;
	n = line ? snprintf(p->why, p->why_len, "%s:%u: ", p->s->name, line)
		 : snprintf(p->why, p->why_len, "%s: ", p->s->name);
	if (n < 0 || (size_t)n >= p->why_len)
		return false;
	va_start(ap, fmt);
	vsnprintf(p->why + n, p->why_len - (size_t)n, fmt, ap);
	va_end(ap);
	return false;
}

bool token_is(const struct token *t, const char *word)
{
	return t->kind == TOK_WORD && t->len == strlen(word) && memcmp(t->p, word, t->len) == 0;
}

const char *token_show(const struct token *t, char to[static 48])
{
	if (t->kind == TOK_END)
		return "the end of the script";
	if (t->kind == TOK_BAD)
		return t->why;
	snprintf(to, 48, "'%.*s'", (int)MIN(t->len, (size_t)40), t->p);
	for (char *c = to; *c; c++)
		if ((unsigned char)*c < ' ')
			*c = ' ';
	return to;
}

bool parse_next_is_punct(const struct parse *p, char c)
{
	struct token t = lex_peek(&p->lex);
	return t.kind == TOK_PUNCT && t.c == c;
}

bool parse_try_punct(struct parse *p, char c)
{
	if (!parse_next_is_punct(p, c))
		return false;
	lex_next(&p->lex);
	return true;
}

bool parse_punct(struct parse *p, char c)
{
	struct token t = lex_next(&p->lex);
	char show[48];
	return (t.kind == TOK_PUNCT && t.c == c) ||
	       parse_bad(p, t.line, "'%c' is wanted in front of %s", c, token_show(&t, show));
}

bool parse_try_word(struct parse *p, const char *word)
{
	struct token t = lex_peek(&p->lex);
	if (!token_is(&t, word))
		return false;
	lex_next(&p->lex);
	return true;
}

bool parse_word(struct parse *p, const char *word)
{
	struct token t = lex_next(&p->lex);
	char show[48];
	return token_is(&t, word) ||
	       parse_bad(p, t.line, "'%s' is wanted in place of %s", word, token_show(&t, show));
}

bool parse_number(struct parse *p, int64_t min, int64_t max, int64_t *ret)
{
	bool minus = parse_try_punct(p, '-');
	struct token t = lex_next(&p->lex);
	char show[48];
	if (t.kind != TOK_INT)
		return parse_bad(p, t.line, "a number is wanted in place of %s", token_show(&t, show));
	int64_t v = minus ? -t.num : t.num;
	if (v < min || v > max)
		return parse_bad(p, t.line, "%lld is not between %lld and %lld", (long long)v, (long long)min,
				 (long long)max);
	*ret = v;
	return true;
}

const char *parse_text(struct parse *p, const struct token *t)
{
	char *to = script_alloc(p->s, t->len + 1);
	if (to)
		memcpy(to, t->p, t->len);
	else
		parse_bad(p, t->line, "the script is too large");
	return to;
}

/* --- events --- */

static bool parse_seconds(struct parse *p, int64_t *ret_us)
{
	struct token t = lex_next(&p->lex);
	char show[48];
	if (t.kind == TOK_INT && t.num < INT64_MAX / 2000000)
		*ret_us = t.num * 1000000;
	else if (t.kind == TOK_TIME)
		*ret_us = t.num;
	else
		return parse_bad(p, t.line, "a time is wanted in place of %s", token_show(&t, show));
	return true;
}

static bool parse_time(struct parse *p, struct event_time *ret)
{
	unsigned line = p->lex.line;
	if (parse_try_punct(p, '*')) {
		ret->kind = TIME_ANY;
		return true;
	}
	ret->kind = parse_try_punct(p, '+') ? TIME_RELATIVE : TIME_ABSOLUTE;
	if (!parse_seconds(p, &ret->at_us))
		return false;
	ret->to_us = ret->at_us;
	if (!parse_try_punct(p, '~'))
		return true;
	ret->range = true;
	if (parse_try_punct(p, '+') != (ret->kind == TIME_RELATIVE))
		return parse_bad(p, line, "both ends of a range have a plus, or none has");
	if (!parse_seconds(p, &ret->to_us))
		return false;
	return ret->to_us >= ret->at_us || parse_bad(p, line, "a range ends before it begins");
}

/* (Connection refused): words for people, up to the closing parenthesis. */
static bool skip_note(struct parse *p)
{
	unsigned line = p->lex.line;
	if (!parse_try_punct(p, '('))
		return true;
	for (unsigned depth = 1; depth;) {
		struct token t = lex_next(&p->lex);
		if (t.kind == TOK_END || t.kind == TOK_BAD)
			return parse_bad(p, line, "a note has no end");
		if (t.kind == TOK_PUNCT)
			depth += t.c == '(' ? 1u : t.c == ')' ? UINT32_MAX : 0;
	}
	return true;
}

static bool parse_call(struct parse *p, struct call *ret)
{
	struct token t = lex_next(&p->lex);
	char show[48];
	if (t.kind != TOK_WORD)
		return parse_bad(p, t.line, "a packet, a call or a shell line is wanted in place of %s",
				 token_show(&t, show));
	if (!(ret->name = parse_text(p, &t)) || !parse_args(p, &ret->args, &ret->n_args) ||
	    !parse_punct(p, '=') || !parse_expr(p, &ret->result))
		return false;
	t = lex_peek(&p->lex);
	if (t.kind == TOK_WORD) {
		lex_next(&p->lex);
		if (!(ret->err = parse_text(p, &t)))
			return false;
	}
	return skip_note(p);
}

static bool parse_action(struct parse *p, struct event *e)
{
	struct token t = lex_peek(&p->lex);
	e->call.ends_us = UNSAID;
	e->line = t.line;
	if (t.kind == TOK_SHELL || t.kind == TOK_CODE) {
		lex_next(&p->lex);
		e->kind = t.kind == TOK_SHELL ? EVENT_SHELL : EVENT_CODE;
		return (e->text = parse_text(p, &t)) != NULL;
	}
	if (t.kind == TOK_PUNCT && (t.c == '<' || t.c == '>')) {
		lex_next(&p->lex);
		e->kind = EVENT_PACKET;
		e->inbound = t.c == '<';
		return parse_packet(p, &e->packet);
	}
	e->kind = EVENT_CALL;
	if (t.kind == TOK_ELLIPSIS) {
		lex_next(&p->lex);
		if (!parse_seconds(p, &e->call.ends_us))
			return false;
		if (e->time.kind != TIME_ANY && e->call.ends_us < e->time.at_us)
			return parse_bad(p, t.line, "the call ends before it begins");
	}
	return parse_call(p, &e->call);
}

/* A shell line may stand among the events without a time: it runs when the one before has. */
static bool parse_event(struct parse *p, struct event **ret)
{
	struct event *e = script_alloc(p->s, sizeof *e);
	struct token t = lex_peek(&p->lex);
	if (!e)
		return parse_bad(p, t.line, "the script is too large");
	*ret = e;
	if (t.kind == TOK_BAD)
		return parse_bad(p, t.line, "%s", t.why);
	if (t.kind == TOK_SHELL)
		e->time.kind = TIME_RELATIVE;
	else if (!parse_time(p, &e->time))
		return false;
	return parse_action(p, e);
}

static bool parse_script(struct parse *p)
{
	struct event **tail = &p->s->events;
	if (!parse_options(p))
		return false;
	struct token t = lex_peek(&p->lex);
	if (t.kind == TOK_SHELL) {
		lex_next(&p->lex);
		p->s->init_line = t.line;
		if (!(p->s->init = parse_text(p, &t)))
			return false;
	}
	while (lex_peek(&p->lex).kind != TOK_END) {
		if (!parse_event(p, tail))
			return false;
		tail = &(*tail)->next;
	}
	return p->s->events || parse_bad(p, p->lex.line, "a script without events tests nothing");
}

static struct script *script_new(const char *name)
{
	struct script *s = calloc(1, sizeof *s);
	if (!s)
		return NULL;
	mem_account_init(&s->mem, "script", NULL, SCRIPT_MEM_MAX);
	s->name = name;
	parse_defaults(s);
	return s;
}

static int parse_done(struct parse *p, bool ok, struct script **ret)
{
	if (!ok) {
		script_free(p->s);
		return -EINVAL;
	}
	*ret = p->s;
	return 0;
}

int script_parse(const char *name, const char *text, size_t len, const struct script_option *options,
		 unsigned n_options, struct script **ret, char *ret_why, size_t why_len)
{
	struct script *s = script_new(name);
	struct parse p = { .lex = { text, text + len, 1 },
			   .s = s,
			   .why = ret_why,
			   .why_len = why_len,
			   .outer = options,
			   .n_outer = n_options };
	if (!s)
		return -ENOMEM;
	return parse_done(&p, parse_outer_options(&p, options, n_options) && parse_script(&p), ret);
}

int script_of_options(const char *name, const struct script_option *options, unsigned n_options,
		      struct script **ret, char *ret_why, size_t why_len)
{
	struct parse p = { .s = script_new(name), .why = ret_why, .why_len = why_len };
	if (!p.s)
		return -ENOMEM;
	return parse_done(&p, parse_outer_options(&p, options, n_options), ret);
}

void script_free(struct script *s)
{
	if (!s)
		return;
	while (s->blocks) {
		struct script_block *b = s->blocks;
		s->blocks = b->next;
		mem_free(b);
	}
	mem_account_done(&s->mem);
	free(s);
}

bool script_is_ip6(const struct script *s)
{
	return s->family == AF_INET6;
}

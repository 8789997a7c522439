/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: one pass says whether a text is JSON (RFC 8259) that a saved stack may be made of; all later steps rely on that and
 * are short: a string ends at the next quote that no backslash precedes, a container where its brackets do. To step over a long
 * container again and again would cost more than everything else, so the pass notes where each of them ends and how many members it
 * has; there are as many as the text has pieces of BIG bytes, times the depth, which is bounded.
 *
 * Narrower than the RFC: integers have 64 bits, nothing is nested deeper than NEST_MAX, no string holds a NUL. A mapped file may change
 * under us, so no step trusts what it finds: each is bounded by the end of the text. */
#include "core/json_text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BIG = 65536, NEST_MAX = 64 };

/* --- characters --- */

static bool is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int hex_of(char c)
{
	if (is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static const char *space(const char *p, const char *end)
{
	while (p < end && is_space(*p))
		p++;
	return p;
}

/* RFC 3629: the bytes of the character at p, or 0: it is none. */
static size_t utf8_len(const uint8_t *p, size_t left)
{
	static const struct {
		uint8_t first, last, low, high; /* bounds of the first byte, and of the second */
		uint8_t len;
	} forms[] = {
		{ 0x00, 0x7f, 0, 0, 1 },       { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	for (unsigned i = 0; i < ARRAY_SIZE(forms); i++) {
		if (*p < forms[i].first || *p > forms[i].last)
			continue;
		size_t n = forms[i].len;
		if (n > left || (n > 1 && (p[1] < forms[i].low || p[1] > forms[i].high)))
			return 0;
		for (size_t k = 2; k < n; k++)
			if ((p[k] & 0xc0) != 0x80)
				return 0;
		return n;
	}
	return 0;
}

bool utf8_valid(const char *s, size_t len)
{
	for (size_t at = 0, n; at < len; at += n) {
		n = utf8_len((const uint8_t *)s + at, len - at);
		if (!n)
			return false;
	}
	return true;
}

/* The code unit of \uXXXX at p, which is behind the u; or -1. */
static int unit_at(const char *p, const char *end)
{
	int v = 0;
	if (end - p < 4)
		return -1;
	for (unsigned i = 0; i < 4; i++) {
		int digit = hex_of(p[i]);
		if (digit < 0)
			return -1;
		v = v << 4 | digit;
	}
	return v;
}

/* RFC 8259, 7: what is beyond 16 bits comes as two. The character at p (behind the u) and where it ends; 0: none. */
static uint32_t unicode_at(const char *p, const char *end, const char **ret_end)
{
	int high = unit_at(p, end);
	*ret_end = p + 4;
	if (high <= 0 || (high >= 0xdc00 && high <= 0xdfff))
		return 0;
	if (high < 0xd800 || high > 0xdbff)
		return (uint32_t)high;
	if (end - p < 10 || p[4] != '\\' || p[5] != 'u')
		return 0;
	int low = unit_at(p + 6, end);
	*ret_end = p + 10;
	if (low < 0xdc00 || low > 0xdfff)
		return 0;
	return 0x10000 + ((uint32_t)(high - 0xd800) << 10) + (uint32_t)(low - 0xdc00);
}

/* --- the check --- */

struct check {
	struct json_text *t;
	const char *at;
	unsigned depth;
	const char *wrong; /* what, at `at` */
	int err;
};

static bool wrong(struct check *c, const char *what)
{
	c->wrong = what;
	c->err = -EINVAL;
	return false;
}

static bool check_value(struct check *c);

static bool check_escape(struct check *c)
{
	const char *p = c->at + 1, *next;
	if (p == c->t->end)
		return wrong(c, "a string without an end");
	if (*p == 'u') {
		if (!unicode_at(p + 1, c->t->end, &next))
			return wrong(c, "no such character");
		c->at = next;
		return true;
	}
	if (!*p || !strchr("\"\\/bfnrt", *p))
		return wrong(c, "no such escape");
	c->at = p + 1;
	return true;
}

static bool check_string(struct check *c)
{
	for (c->at++; c->at < c->t->end && *c->at != '"';) {
		uint8_t b = (uint8_t)*c->at;
		size_t n = b < 0x80 ? 1 : utf8_len((const uint8_t *)c->at, (size_t)(c->t->end - c->at));
		if (b < ' ' || n == 0)
			return wrong(c, "a string with bytes that it cannot have");
		if (b != '\\')
			c->at += n;
		else if (!check_escape(c))
			return false;
	}
	if (c->at == c->t->end)
		return wrong(c, "a string without an end");
	c->at++;
	return true;
}

static bool check_digits(struct check *c)
{
	const char *from = c->at;
	while (c->at < c->t->end && is_digit(*c->at))
		c->at++;
	return c->at > from || wrong(c, "no number");
}

static bool check_number(struct check *c)
{
	c->at += *c->at == '-';
	const char *from = c->at;
	if (!check_digits(c))
		return false;
	if (*from == '0' && c->at - from > 1)
		return wrong(c, "a number that begins with 0");
	if (c->at < c->t->end && *c->at == '.') {
		c->at++;
		if (!check_digits(c))
			return false;
	}
	if (c->at < c->t->end && (*c->at | 0x20) == 'e') {
		c->at++;
		if (c->at < c->t->end && (*c->at == '+' || *c->at == '-'))
			c->at++;
		return check_digits(c);
	}
	return true;
}

static bool check_word(struct check *c)
{
	static const char *const words[] = { "true", "false", "null" };
	for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
		size_t n = strlen(words[i]);
		if ((size_t)(c->t->end - c->at) < n || memcmp(c->at, words[i], n))
			continue;
		c->at += n;
		return true;
	}
	return wrong(c, "no value");
}

static bool note_big(struct check *c, const char *from, size_t n)
{
	struct json_text *t = c->t;
	if (c->at - from < BIG)
		return true;
	if (t->n_big == t->big_room) {
		size_t room = MAX(t->big_room * 2, (size_t)64);
		struct json_span *big = realloc(t->big, room * sizeof *big);
		if (!big) {
			c->err = -ENOMEM;
			return false;
		}
		t->big = big;
		t->big_room = room;
	}
	t->big[t->n_big++] = (struct json_span){ from, c->at, n };
	return true;
}

static bool check_key(struct check *c)
{
	if (c->at == c->t->end || *c->at != '"')
		return wrong(c, "no name of a field");
	if (!check_string(c))
		return false;
	c->at = space(c->at, c->t->end);
	if (c->at == c->t->end || *c->at != ':')
		return wrong(c, "a field without a colon");
	c->at++;
	return true;
}

static bool check_members(struct check *c, char close, size_t *ret_n)
{
	const char *end = c->t->end;
	c->at = space(c->at + 1, end);
	if (c->at < end && *c->at == close) {
		c->at++;
		return true;
	}
	for (;;) {
		c->at = space(c->at, end);
		if ((close == '}' && !check_key(c)) || !check_value(c))
			return false;
		++*ret_n;
		c->at = space(c->at, end);
		if (c->at == end || (*c->at != ',' && *c->at != close))
			return wrong(c, "neither a comma nor the end of what was begun");
		if (*c->at++ == close)
			return true;
	}
}

static bool check_container(struct check *c)
{
	const char *from = c->at;
	size_t n = 0;
	if (c->depth == NEST_MAX)
		return wrong(c, "nested too deeply");
	c->depth++;
	bool ok = check_members(c, *from == '{' ? '}' : ']', &n) && note_big(c, from, n);
	c->depth--;
	return ok;
}

static bool check_value(struct check *c)
{
	c->at = space(c->at, c->t->end);
	if (c->at == c->t->end)
		return wrong(c, "the end where a value should be");
	switch (*c->at) {
	case '{':
	case '[':
		return check_container(c);
	case '"':
		return check_string(c);
	case '-':
		return check_number(c);
	default:
		return is_digit(*c->at) ? check_number(c) : check_word(c);
	}
}

static int by_place(const void *a, const void *b)
{
	const struct json_span *x = a, *y = b;
	return x->at < y->at ? -1 : x->at > y->at;
}

static unsigned line_of(const char *p, const char *at)
{
	unsigned line = 1;
	while ((p = memchr(p, '\n', (size_t)(at - p)))) {
		p++;
		line++;
	}
	return line;
}

int json_text_init(struct json_text *t, const char *p, size_t len, char *ret_why, size_t why_len)
{
	*t = (struct json_text){ .p = p, .end = p + len };
	struct check c = { .t = t, .at = p };
	t->root = space(p, t->end);
	bool ok = check_value(&c);
	if (ok && space(c.at, t->end) != t->end)
		ok = wrong(&c, "something behind the end");
	if (!ok) {
		if (c.err == -EINVAL)
			snprintf(ret_why, why_len, "line %u: %s", line_of(p, MIN(c.at, t->end)), c.wrong);
		json_text_done(t);
		return c.err;
	}
	if (t->n_big)
		qsort(t->big, t->n_big, sizeof *t->big, by_place);
	return 0;
}

void json_text_done(struct json_text *t)
{
	free(t->big);
	*t = (struct json_text){ 0 };
}

/* --- walking --- */

const char *json_text_space(const struct json_text *t, const char *at)
{
	return space(at, t->end);
}

static const char *skip_string(const struct json_text *t, const char *at)
{
	for (at++; at < t->end && *at != '"'; at++)
		if (*at == '\\')
			at++;
	return at < t->end ? at + 1 : t->end;
}

static const struct json_span *big_at(const struct json_text *t, const char *at)
{
	struct json_span key = { .at = at };
	return t->n_big ? bsearch(&key, t->big, t->n_big, sizeof key, by_place) : NULL;
}

static const char *skip_small(const struct json_text *t, const char *at)
{
	unsigned depth = 0;
	while (at < t->end) {
		if (*at == '"') {
			at = skip_string(t, at);
			continue;
		}
		if (*at == '{' || *at == '[')
			depth++;
		if ((*at == '}' || *at == ']') && --depth == 0)
			return at + 1;
		at++;
	}
	return t->end;
}

const char *json_text_skip(const struct json_text *t, const char *at)
{
	if (at >= t->end)
		return t->end;
	if (*at == '"')
		return skip_string(t, at);
	if (*at == '{' || *at == '[') {
		const struct json_span *big = big_at(t, at);
		return big ? big->end : skip_small(t, at);
	}
	while (at < t->end && *at != ',' && *at != '}' && *at != ']' && !is_space(*at))
		at++;
	return at;
}

size_t json_text_count(const struct json_text *t, const char *at)
{
	const struct json_span *big = big_at(t, at);
	size_t n = 0;
	if (big)
		return big->n;
	for (at = space(at + 1, t->end); at < t->end && *at != ']'; n++) {
		at = space(json_text_skip(t, at), t->end);
		if (at < t->end && *at == ',')
			at = space(at + 1, t->end);
		else
			return n + 1;
	}
	return n;
}

/* --- values --- */

static size_t put_utf8(uint32_t c, char *to)
{
	if (c < 0x80) {
		to[0] = (char)c;
		return 1;
	}
	size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (size_t i = n; --i; c >>= 6)
		to[i] = (char)(0x80 | (c & 0x3f));
	to[0] = (char)(0xf00 >> n | c);
	return n;
}

/* The character that an escape stands for; *at is moved behind it. */
static uint32_t unescape(const char **at, const char *end)
{
	static const char letters[] = "bfnrt", bytes[] = "\b\f\n\r\t";
	const char *p = *at + 1;
	if (p < end && *p == 'u')
		return unicode_at(p + 1, end, at);
	*at = p + 1;
	const char *l = p < end && *p ? strchr(letters, *p) : NULL;
	return l ? (uint8_t)bytes[l - letters] : p < end ? (uint8_t)*p : 0;
}

bool json_text_string(const struct json_text *t, const char *at, char *ret, size_t ret_len)
{
	size_t n = 0;
	for (at++; at < t->end && *at != '"';) {
		char one[4] = { *at };
		size_t len = 1;
		if (*at == '\\')
			len = put_utf8(unescape(&at, t->end), one);
		else
			at++;
		if (n + len >= ret_len)
			return false;
		memcpy(ret + n, one, len);
		n += len;
	}
	if (n >= ret_len)
		return false;
	ret[n] = 0;
	return true;
}

bool json_text_integer(const struct json_text *t, const char *at, uint64_t *ret)
{
	bool minus = at < t->end && *at == '-';
	uint64_t v = 0;
	at += minus;
	if (at >= t->end || !is_digit(*at))
		return false;
	for (; at < t->end && is_digit(*at); at++)
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, (uint64_t)(*at - '0'), &v))
			return false;
	if (at < t->end && (*at == '.' || (*at | 0x20) == 'e'))
		return false;
	if (minus && v > (uint64_t)INT64_MAX + 1)
		return false;
	*ret = minus ? -v : v;
	return true;
}

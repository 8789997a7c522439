/* SPDX-License-Identifier: BSD-2-Clause */
/* JSON as it lies: a text is checked once, from end to end, and then walked where it is. Nothing is built of it, so that a saved
 * stack of a million routes costs no more memory to read than one of ten. */
#ifndef LEAT_CORE_JSON_TEXT_H
#define LEAT_CORE_JSON_TEXT_H

#include "base/base.h"

/* A container that is long to walk over, and what the check found in it. */
struct json_span {
	const char *at, *end;
	size_t n; /* members */
};

struct json_text {
	const char *p, *end; /* borrowed */
	const char *root; /* the one value */
	struct json_span *big; /* sorted by at */
	size_t n_big, big_room;
};

/* Checks the whole text. 0, -ENOMEM, or -EINVAL with the place and what is wrong there. */
int json_text_init(struct json_text *t, const char *p, size_t len, char *ret_why, size_t why_len);
void json_text_done(struct json_text *t);

/* Walking. `at` is where a value of the text begins; where it ends. Should the text have changed since it was checked, somewhere
 * up to its end. */
const char *json_text_skip(const struct json_text *t, const char *at);
/* What follows spaces. */
const char *json_text_space(const struct json_text *t, const char *at);
/* Members of the list at `at`. */
size_t json_text_count(const struct json_text *t, const char *at);

/* The string at `at`, without its quotes and escapes, with a NUL behind it. false: longer than that. */
bool json_text_string(const struct json_text *t, const char *at, char *ret, size_t ret_len);
/* A whole number of 64 bits; negative ones are what they are modulo 2^64. false: another kind of number, or too large. */
bool json_text_integer(const struct json_text *t, const char *at, uint64_t *ret);

/* Whether JSON can have it in a string. */
bool utf8_valid(const char *s, size_t len);

#endif

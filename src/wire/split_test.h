/* SPDX-License-Identifier: BSD-2-Clause */
/* For tests: a message cut in two at any byte, or into single bytes. Each piece is a block of its own, so that a sanitizer
 * sees any step past its end. */
#ifndef LEAT_WIRE_SPLIT_TEST_H
#define LEAT_WIRE_SPLIT_TEST_H

#include <stdlib.h>

#include "base/cursor.h"
#include "base/test.h"

struct split {
	const uint8_t *bytes;
	uint32_t len, cut; /* cut == len + 1: single bytes */
	uint8_t *piece[2];
};

static const uint8_t *split_piece(const void *ctx, unsigned i, uint32_t *ret_len)
{
	const struct split *s = ctx;
	if (s->cut > s->len) {
		*ret_len = 1;
		return i < s->len ? s->bytes + i : NULL;
	}
	if (i > 1)
		return NULL;
	*ret_len = i ? s->len - s->cut : s->cut;
	return s->piece[i];
}

static inline struct cursor split_cursor(struct split *s)
{
	for (unsigned i = 0; i < 2 && s->cut <= s->len; i++) {
		uint32_t len = i ? s->len - s->cut : s->cut;
		free(s->piece[i]);
		s->piece[i] = malloc(len ? len : 1);
		assert_non_null(s->piece[i]);
		if (len)
			memcpy(s->piece[i], s->bytes + (i ? s->cut : 0), len);
	}
	return (struct cursor){ .p = s->bytes, .left = s->len, .more = split_piece, .ctx = s };
}

static inline bool split_more(struct split *s)
{
	if (s->cut <= s->len)
		return true;
	if (s->cut == s->len + 1)
		return true;
	free(s->piece[0]);
	free(s->piece[1]);
	return false;
}

/* Runs the body with c over the len bytes at p, for every way to cut them. No return or break inside. */
#define for_each_split(c, p, n_bytes)                                                             \
	for (struct split split_ = { .bytes = (const uint8_t *)(p), .len = (uint32_t)(n_bytes) }; \
	     split_more(&split_) && (c = split_cursor(&split_), true); split_.cut++)

/* Do the rest of the cursor's bytes equal these? */
static inline bool rest_is(const struct cursor *c, const void *p, uint32_t len)
{
	return cur_left(c) == len && cur_equal(c, p, len);
}

#endif

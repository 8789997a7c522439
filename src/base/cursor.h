/* SPDX-License-Identifier: BSD-2-Clause */
/* The sequential zero-copy reader (W:B3): walks bytes that may lie in several pieces and hands them out in place. Every
 * consumer of payload uses it: parsers, checksums, filters, ciphers, string search. It never linearises.
 *
 * A cursor is a value: copying it is how one looks ahead. It borrows the bytes from whoever made it. */
#ifndef LEAT_BASE_CURSOR_H
#define LEAT_BASE_CURSOR_H

#include <string.h>

#include "base/base.h"

/* Where further pieces come from: piece i of ctx, or NULL past the end. Pieces may have length 0. */
typedef const uint8_t *cur_piece_fn(const void *ctx, unsigned i, uint32_t *ret_len);

struct cursor {
	const uint8_t *p; /* next byte */
	uint32_t here; /* bytes left in this piece; never more than left */
	uint32_t left; /* bytes left in all */
	unsigned piece; /* number of the piece after this one */
	cur_piece_fn *more; /* NULL when there is but one piece */
	const void *ctx;
};

/* Over one piece of memory. (pkt.h has the one over a packet.) */
static inline struct cursor cur_of(const void *p, uint32_t len)
{
	return (struct cursor){ .p = p, .here = len, .left = len };
}
/* Over the first `have` of `len` bytes: the rest was there and cannot be looked at. cur_left() tells the whole length, and
 * readers find an end where the bytes end. For printing what was cut short. */
static inline struct cursor cur_of_cut(const void *p, uint32_t have, uint32_t len)
{
	return (struct cursor){ .p = p, .here = MIN(have, len), .left = len };
}
static inline uint32_t cur_left(const struct cursor *c)
{
	return c->left;
}

bool cur_copy_slow(struct cursor *c, void *to, uint32_t len);
bool cur_skip_slow(struct cursor *c, uint32_t len);
const void *cur_take_slow(struct cursor *c, void *tmp, uint32_t len);

/* Consumes len bytes: in place where they lie together, else copied to tmp (which must hold len bytes); NULL, with the
 * cursor where it was, when fewer are left. */
static inline const void *cur_take(struct cursor *c, void *tmp, uint32_t len)
{
	if (likely(len <= c->here)) {
		const uint8_t *at = c->p;
		c->p += len;
		c->here -= len;
		c->left -= len;
		return at;
	}
	return cur_take_slow(c, tmp, len);
}
/* As cur_take(), consuming nothing. */
static inline const void *cur_peek(const struct cursor *c, void *tmp, uint32_t len)
{
	struct cursor look = *c;
	return cur_take(&look, tmp, len);
}
static inline bool cur_skip(struct cursor *c, uint32_t len)
{
	if (likely(len <= c->here)) {
		c->p += len;
		c->here -= len;
		c->left -= len;
		return true;
	}
	return cur_skip_slow(c, len);
}
/* Copies len bytes out. False, with nothing consumed, when fewer are left. */
static inline bool cur_copy(struct cursor *c, void *to, uint32_t len)
{
	return cur_copy_slow(c, to, len);
}
/* The next len bytes as a cursor of their own, consumed here; *ret_sub is empty and false returned when too few. */
bool cur_sub(struct cursor *c, uint32_t len, struct cursor *ret_sub);
/* Drops what lies behind the next len bytes (a length field said so). False when fewer are left. */
static inline bool cur_trim(struct cursor *c, uint32_t len)
{
	if (len > c->left)
		return false;
	c->left = len;
	if (c->here > len)
		c->here = len;
	return true;
}
/* The bytes that lie together next, consumed: *ret_len of them, NULL at the end. For loops over whole payloads. */
const uint8_t *cur_run(struct cursor *c, uint32_t *ret_len);
/* True when the next len bytes equal p's; consumes nothing. */
bool cur_equal(const struct cursor *c, const void *p, uint32_t len);

static inline bool cur_u8(struct cursor *c, uint8_t *ret)
{
	uint8_t tmp;
	const uint8_t *at = cur_take(c, &tmp, 1);
	if (!at)
		return false;
	*ret = *at;
	return true;
}

#endif

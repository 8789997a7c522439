/* SPDX-License-Identifier: BSD-2-Clause */
/* A target whose input is a row of decisions: libFuzzer changes what is decided, and what is made of it stays well-formed as far as the
 * decisions want it so. When the input is used up every further decision is 0. */
#ifndef LEAT_CHOICE_H
#define LEAT_CHOICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct choice {
	const uint8_t *p;
	size_t left;
};

static inline uint8_t choose_byte(struct choice *c)
{
	if (!c->left)
		return 0;
	c->left--;
	return *c->p++;
}

/* 0 .. n - 1 */
static inline unsigned choose(struct choice *c, unsigned n)
{
	return n > 1 ? choose_byte(c) % n : 0;
}

static inline bool choose_rarely(struct choice *c)
{
	return choose_byte(c) >= 0xf0;
}

static inline void choose_bytes(struct choice *c, void *to, size_t len)
{
	for (uint8_t *t = to; len; len--)
		*t++ = choose_byte(c);
}

static inline uint64_t choose_u64(struct choice *c)
{
	uint64_t v;
	choose_bytes(c, &v, sizeof v);
	return v;
}

#endif

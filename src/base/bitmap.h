/* SPDX-License-Identifier: BSD-2-Clause */
/* Bits in arrays of 64-bit words. One thread. */
#ifndef LEAT_BASE_BITMAP_H
#define LEAT_BASE_BITMAP_H

#include "base/base.h"

#define BITMAP_WORDS(bits) (((bits) + 63) / 64)

static inline bool bit_test(const uint64_t *m, unsigned i)
{
	return m[i / 64] >> i % 64 & 1;
}
static inline void bit_set(uint64_t *m, unsigned i)
{
	m[i / 64] |= (uint64_t)1 << i % 64;
}
static inline void bit_clear(uint64_t *m, unsigned i)
{
	m[i / 64] &= ~((uint64_t)1 << i % 64);
}
/* The first set bit at or after i, or `bits`. */
static inline unsigned bit_next(const uint64_t *m, unsigned bits, unsigned i)
{
	while (i < bits) {
		uint64_t w = m[i / 64] >> i % 64;
		if (w) {
			i += (unsigned)__builtin_ctzll(w);
			return i < bits ? i : bits;
		}
		i = (i / 64 + 1) * 64;
	}
	return bits;
}

#endif

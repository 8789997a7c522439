/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/toeplitz.h"

/* The 32 bits of the key from bit `at` on. */
static uint32_t key_at(const uint8_t key[TOEPLITZ_KEY], unsigned at)
{
	uint64_t bits = 0;
	for (unsigned i = 0; i < 5; i++)
		bits = bits << 8 | (at / 8 + i < TOEPLITZ_KEY ? key[at / 8 + i] : 0);
	return (uint32_t)(bits >> (8 - at % 8));
}

void toeplitz_init(struct toeplitz *t, const uint8_t key[TOEPLITZ_KEY])
{
	for (unsigned place = 0; place < TOEPLITZ_INPUT * 2; place++)
		for (unsigned value = 0; value < 16; value++) {
			uint32_t h = 0;
			for (unsigned bit = 0; bit < 4; bit++)
				if (value & 8U >> bit)
					h ^= key_at(key, place * 4 + bit);
			t->part[place][value] = h;
		}
}

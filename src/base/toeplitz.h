/* SPDX-License-Identifier: BSD-2-Clause */
/* The Toeplitz hash of receive-side scaling (Microsoft, "RSS hashing functions"): what devices spread flows by, so that a device and
 * software with the same key choose the same queue. It is linear: good for spreading, never for a table whose keys a stranger
 * chooses (that is SipHash's).
 *
 * Theory of operation: the hash of an input is the XOR, over its bits that are set, of the 32 bits of the key that begin at that
 * bit's place. So it is also the XOR over the input's half-bytes of one of 16 words each, and those are computed once per key. */
#ifndef LEAT_BASE_TOEPLITZ_H
#define LEAT_BASE_TOEPLITZ_H

#include "base/base.h"

/* Two IPv6 addresses and two ports; the key reaches 32 bits behind them. */
enum { TOEPLITZ_INPUT = 36, TOEPLITZ_KEY = TOEPLITZ_INPUT + 4 };

struct toeplitz {
	uint32_t part[TOEPLITZ_INPUT * 2][16]; /* by place, in half-bytes, and value */
};

void toeplitz_init(struct toeplitz *t, const uint8_t key[TOEPLITZ_KEY]);

/* Bytes [at, at + n) of the input; XOR what the pieces give. at + n <= TOEPLITZ_INPUT. */
static inline uint32_t toeplitz_part(const struct toeplitz *t, unsigned at, const uint8_t *bytes, unsigned n)
{
	const uint32_t(*part)[16] = &t->part[at * 2];
	uint32_t h = 0;
	for (unsigned i = 0; i < n; i++)
		h ^= part[2 * i][bytes[i] >> 4] ^ part[2 * i + 1][bytes[i] & 0xf];
	return h;
}

#endif

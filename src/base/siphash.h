/* SPDX-License-Identifier: BSD-2-Clause */
/* SipHash-2-4 (Aumasson, Bernstein 2012): the keyed hash for every table whose keys a stranger can choose. */
#ifndef LEAT_BASE_SIPHASH_H
#define LEAT_BASE_SIPHASH_H

#include "base/base.h"

struct sipkey {
	uint64_t k[2];
};

uint64_t siphash(const struct sipkey *key, const void *data, size_t len_bytes);
uint64_t siphash_2u64(const struct sipkey *key, uint64_t a, uint64_t b);
uint64_t siphash_3u64(const struct sipkey *key, uint64_t a, uint64_t b, uint64_t c);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/siphash.h"

#include <string.h>

/* The four words of state, named as in the paper. */
struct sip {
	uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotl(uint64_t x, unsigned n)
{
	return x << n | x >> (64 - n);
}

static inline void sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v2 += s->v3;
	s->v1 = rotl(s->v1, 13) ^ s->v0;
	s->v3 = rotl(s->v3, 16) ^ s->v2;
	s->v0 = rotl(s->v0, 32);
	s->v2 += s->v1;
	s->v0 += s->v3;
	s->v1 = rotl(s->v1, 17) ^ s->v2;
	s->v3 = rotl(s->v3, 21) ^ s->v0;
	s->v2 = rotl(s->v2, 32);
}

static inline struct sip sip_start(const struct sipkey *key)
{
	return (struct sip){
		.v0 = key->k[0] ^ 0x736f6d6570736575, /* "somepseudorandomlygeneratedbytes" */
		.v1 = key->k[1] ^ 0x646f72616e646f6d,
		.v2 = key->k[0] ^ 0x6c7967656e657261,
		.v3 = key->k[1] ^ 0x7465646279746573,
	};
}

static inline void sip_word(struct sip *s, uint64_t m)
{
	s->v3 ^= m;
	sip_round(s);
	sip_round(s);
	s->v0 ^= m;
}

/* The last word holds the bytes left over and, on top, the length modulo 256. */
static inline uint64_t sip_end(struct sip *s, uint64_t rest, size_t len_bytes)
{
	sip_word(s, rest | (uint64_t)len_bytes << 56);
	s->v2 ^= 0xff;
	for (unsigned i = 0; i < 4; i++)
		sip_round(s);
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

uint64_t siphash(const struct sipkey *key, const void *data, size_t len_bytes)
{
	struct sip s = sip_start(key);
	const uint8_t *p = data;
	uint64_t m;

	for (size_t i = 0; i < len_bytes / 8; i++, p += 8) {
		memcpy(&m, p, 8);
		sip_word(&s, m);
	}
	m = 0;
	if (len_bytes % 8)
		memcpy(&m, p, len_bytes % 8);
	return sip_end(&s, m, len_bytes);
}

uint64_t siphash_2u64(const struct sipkey *key, uint64_t a, uint64_t b)
{
	struct sip s = sip_start(key);
	sip_word(&s, a);
	sip_word(&s, b);
	return sip_end(&s, 0, 16);
}

uint64_t siphash_3u64(const struct sipkey *key, uint64_t a, uint64_t b, uint64_t c)
{
	struct sip s = sip_start(key);
	sip_word(&s, a);
	sip_word(&s, b);
	sip_word(&s, c);
	return sip_end(&s, 0, 24);
}

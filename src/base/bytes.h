/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers as they stand on the wire. be16, be32 and be64 are structs of bytes: they have no alignment, need no packing
 * attribute, cannot be compared with a host number by mistake, and compile to the same single load as a cast. */
#ifndef LEAT_BASE_BYTES_H
#define LEAT_BASE_BYTES_H

#include <string.h>

#include "base/base.h"

typedef struct {
	uint8_t b[2];
} be16;
typedef struct {
	uint8_t b[4];
} be32;
typedef struct {
	uint8_t b[8];
} be64;

static inline uint16_t be16_get(be16 x)
{
	uint16_t v;
	memcpy(&v, &x, sizeof v);
	return __builtin_bswap16(v);
}
static inline be16 be16_of(uint16_t v)
{
	be16 x;
	v = __builtin_bswap16(v);
	memcpy(&x, &v, sizeof x);
	return x;
}
static inline uint32_t be32_get(be32 x)
{
	uint32_t v;
	memcpy(&v, &x, sizeof v);
	return __builtin_bswap32(v);
}
static inline be32 be32_of(uint32_t v)
{
	be32 x;
	v = __builtin_bswap32(v);
	memcpy(&x, &v, sizeof x);
	return x;
}
static inline uint64_t be64_get(be64 x)
{
	uint64_t v;
	memcpy(&v, &x, sizeof v);
	return __builtin_bswap64(v);
}
static inline be64 be64_of(uint64_t v)
{
	be64 x;
	v = __builtin_bswap64(v);
	memcpy(&x, &v, sizeof x);
	return x;
}
static inline bool be16_eq(be16 a, be16 b)
{
	return memcmp(&a, &b, sizeof a) == 0;
}
static inline bool be32_eq(be32 a, be32 b)
{
	return memcmp(&a, &b, sizeof a) == 0;
}

static_assert(_Alignof(be32) == 1 && sizeof(be32) == 4, "as on the wire");
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	      "big-endian hosts need be*_get and be*_of without the swap");

/* An IPv6 address, and a place for an address of either family (IPv4 in the first four bytes, the rest zero). */
struct ip6 {
	uint8_t b[16];
};
struct ipaddr {
	union {
		struct {
			be32 v4;
			be32 zero
				[3]; /* named, so that { .v4 = a } clears it: compilers need not clear a union's rest */
		};
		struct ip6 v6;
		uint8_t b[16];
	};
};

/* By words: compilers make calls of a memcmp() of 16 bytes. */
static inline bool ip6_eq(const struct ip6 *a, const struct ip6 *b)
{
	uint64_t x[2], y[2];
	memcpy(x, a, sizeof x);
	memcpy(y, b, sizeof y);
	return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
}
static inline bool ip6_is_zero(const struct ip6 *a)
{
	uint64_t x[2];
	memcpy(x, a, sizeof x);
	return (x[0] | x[1]) == 0;
}
static inline bool ipaddr_eq(const struct ipaddr *a, const struct ipaddr *b)
{
	return ip6_eq(&a->v6, &b->v6);
}
static inline bool ipaddr_is_zero(const struct ipaddr *a)
{
	return ip6_is_zero(&a->v6);
}
/* The first plen bits, the rest zero; of 128 and more all. */
static inline struct ipaddr ipaddr_prefix(const struct ipaddr *a, unsigned plen)
{
	struct ipaddr p = { 0 };
	if (plen >= 8 * sizeof p)
		return *a;
	memcpy(p.b, a->b, plen / 8);
	if (plen % 8)
		p.b[plen / 8] = (uint8_t)(a->b[plen / 8] & 0xff00 >> plen % 8);
	return p;
}
static inline bool ip6_is_multicast(const struct ip6 *a)
{
	return a->b[0] == 0xff;
}
static inline bool ip6_is_link_local(const struct ip6 *a)
{
	return a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
}
static inline bool ip4_is_multicast(be32 a)
{
	return (a.b[0] & 0xf0) == 0xe0;
}
static inline bool ip4_is_group(be32 a) /* multicast, or the limited broadcast */
{
	return ip4_is_multicast(a) || be32_get(a) == UINT32_MAX;
}
static inline bool ip4_is_common(
	be32 a) /* 1.0.0.0 to 223.255.255.255: none of the above, nor of "this" network */
{
	return likely(a.b[0] && a.b[0] < 0xe0);
}
static inline bool ip4_is_loopback(be32 a)
{
	return a.b[0] == 127;
}

/* Sequence numbers compare on a circle; these names say what the cast hides. */
typedef uint32_t seq32;
static inline bool seq_lt(seq32 a, seq32 b)
{
	return (int32_t)(a - b) < 0;
}
static inline bool seq_in_window(seq32 s, seq32 start, uint32_t size)
{
	return s - start < size;
}

#endif

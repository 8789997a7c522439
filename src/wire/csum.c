/* SPDX-License-Identifier: BSD-2-Clause */
/* Ones'-complement addition does not care about byte order (RFC 1071, 2.B): words are added as the machine loads them, eight
 * bytes at a time with the carry brought round, and swapped once at the end. */
#include "wire/csum.h"

static inline uint64_t add64(uint64_t sum, uint64_t x)
{
	sum += x;
	return sum + (sum < x);
}

static inline uint64_t load64(const uint8_t *p)
{
	uint64_t x;
	memcpy(&x, p, 8);
	return x;
}

/* To 16 bits, and to host order. */
static inline uint32_t finish64(uint64_t sum)
{
	return __builtin_bswap16(csum_fold64(sum));
}

/* The last 0 to 7 bytes, as if zeros followed. Loads of fixed sizes: a memcpy() of unknown length goes through memory, and
 * waiting for it took three times as long as a whole IPv4 header. */
static inline uint64_t load_tail(const uint8_t *p, size_t len)
{
	uint64_t x = 0;
	unsigned shift = 0;
	if (len & 4) {
		uint32_t four;
		memcpy(&four, p, 4);
		x = four;
		shift = 32;
		p += 4;
	}
	if (len & 2) {
		uint16_t two;
		memcpy(&two, p, 2);
		x |= (uint64_t)two << shift;
		shift += 16;
		p += 2;
	}
	return len & 1 ? x | (uint64_t)*p << shift : x;
}

uint32_t csum_mem(const void *p, size_t len)
{
	const uint8_t *q = p;
	uint64_t a = 0, b = 0, c = 0, d = 0;
	/* Four sums side by side, so that one carry need not wait for the other. */
	for (; len >= 32; len -= 32, q += 32) {
		a = add64(a, load64(q));
		b = add64(b, load64(q + 8));
		c = add64(c, load64(q + 16));
		d = add64(d, load64(q + 24));
	}
	for (; len >= 8; len -= 8, q += 8)
		a = add64(a, load64(q));
	b = add64(b, load_tail(q, len));
	return finish64(add64(add64(a, b), add64(c, d)));
}

uint32_t csum_cursor(struct cursor c)
{
	uint32_t sum = 0, off = 0, len;
	const uint8_t *p;
	while ((p = cur_run(&c, &len))) {
		sum = csum_add_at(sum, csum_mem(p, len), off);
		off += len;
	}
	return csum_fold(sum);
}

uint32_t csum_ip4_hdr(const void *p, unsigned hdr_len)
{
	const uint8_t *q = p;
	uint64_t sum = load64(q);
	sum = add64(sum, load64(q + 8));
	for (unsigned at = 16; at < hdr_len; at += 4) {
		uint32_t x;
		memcpy(&x, q + at, 4);
		sum = add64(sum, x);
	}
	return finish64(sum);
}

static inline uint32_t add_be32(uint32_t sum, be32 x)
{
	return csum_add(sum, be32_get(x));
}

uint32_t csum_pseudo4(be32 src, be32 dst, uint8_t proto, uint32_t len)
{
	return csum_add(add_be32(add_be32(proto, src), dst), len);
}

uint32_t csum_pseudo6(const struct ip6 *src, const struct ip6 *dst, uint8_t proto, uint32_t len)
{
	uint32_t sum = csum_add(csum_mem(src, sizeof *src), csum_mem(dst, sizeof *dst));
	return csum_add(csum_add(sum, proto), len);
}

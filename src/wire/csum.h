/* SPDX-License-Identifier: BSD-2-Clause */
/* The Internet checksum (RFC 1071) as arithmetic.
 *
 * A "sum" here is a uint32_t in host order whose ones'-complement fold to 16 bits is the sum of the big-endian 16-bit words
 * it covers: be16_of(csum_done(sum)) is what goes into a header. Sums are added with csum_add(), which keeps the carry, so
 * there is no limit to how many. A part that starts at an odd offset is added with csum_add_at(). */
#ifndef LEAT_WIRE_CSUM_H
#define LEAT_WIRE_CSUM_H

#include "base/bytes.h"
#include "base/cursor.h"

/* Of len bytes as if they began at an even offset; an odd last byte is padded with zero. At most 0xffff. */
uint32_t csum_mem(const void *p, size_t len);
/* Of all bytes of the cursor, wherever its pieces are cut. At most 0xffff. */
uint32_t csum_cursor(struct cursor c);
/* Of 20 to 60 bytes of IPv4 header: hdr_len is a multiple of 4. */
uint32_t csum_ip4_hdr(const void *p, unsigned hdr_len);

/* Pseudo headers: RFC 9293, 3.1 and RFC 768 (IPv4), RFC 8200, 8.1 (IPv6). len: bytes of transport header and data. */
uint32_t csum_pseudo4(be32 src, be32 dst, uint8_t proto, uint32_t len);
uint32_t csum_pseudo6(const struct ip6 *src, const struct ip6 *dst, uint8_t proto, uint32_t len);

static inline uint32_t csum_add(uint32_t a, uint32_t b)
{
	a += b;
	return a + (a < b);
}
static inline uint16_t csum_fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)(sum + (sum >> 16));
}
static inline uint16_t csum_fold64(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	return csum_fold((uint32_t)sum);
}
/* Adds the sum of a part that starts `off` bytes into what `sum` covers. */
static inline uint32_t csum_add_at(uint32_t sum, uint32_t part, uint32_t off)
{
	return csum_add(sum, off & 1 ? __builtin_bswap16(csum_fold(part)) : part);
}
/* What to store, in host order. UDP over either version sends 0xffff instead of 0: csum_done_udp(). */
static inline uint16_t csum_done(uint32_t sum)
{
	return (uint16_t)~csum_fold(sum);
}
static inline uint16_t csum_done_udp(uint32_t sum)
{
	uint16_t csum = csum_done(sum);
	return csum ? csum : 0xffff;
}
/* Is the sum of everything, the stored checksum included, right? */
static inline bool csum_ok(uint32_t sum)
{
	return csum_fold(sum) == 0xffff;
}

static inline uint64_t csum_word(const void *p, unsigned i)
{
	uint32_t word;
	memcpy(&word, (const char *)p + i * sizeof word, sizeof word);
	return word;
}
/* csum_ok(csum_ip4_hdr(hdr, 20)): an IPv4 header without options, nearly every packet's, and of some length: not all zero. Folding leaves the
 * remainder of 0xffff, with all ones for 0; whichever byte comes first, that is all ones. */
static inline bool csum_ip4_hdr20_ok(const void *hdr)
{
	uint64_t sum = csum_word(hdr, 0) + csum_word(hdr, 1) + csum_word(hdr, 2) + csum_word(hdr, 3) +
		       csum_word(hdr, 4);
	return sum % 0xffff == 0;
}

/* RFC 1624, eqn. 3: a stored checksum after a 16-bit word changed from `was` to `now`. */
static inline uint16_t csum_update16(uint16_t csum, uint16_t was, uint16_t now)
{
	return csum_done((uint32_t)(uint16_t)~csum + (uint16_t)~was + now);
}
static inline uint16_t csum_update32(uint16_t csum, uint32_t was, uint32_t now)
{
	csum = csum_update16(csum, (uint16_t)(was >> 16), (uint16_t)(now >> 16));
	return csum_update16(csum, (uint16_t)was, (uint16_t)now);
}

#endif

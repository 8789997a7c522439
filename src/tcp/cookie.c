/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: SYN cookies (RFC 4987, 3.6). A call that a listener has no room to remember is answered with a first
 * sequence number that says all there is to remember; who acknowledges it proves that he got the answer, and tells us what it
 * said. Its bits:
 *
 *	31            4    3      2 .. 0
 *	keyed hash       tick   MSS
 *
 * The hash is of the names of both ends, the caller's first number, the MSS bits and the tick, a count of 64 s. One tick's
 * cookies hold to the end of the next, 64 to 128 s. Guessing one takes 2^28 tries, each of which is an ACK to us.
 *
 * Window scale and SACK do not fit; where the caller has time stamps they are the low six bits of ours (as on Linux), which comes back:
 *
 *	5: ECN   4: SACK   3 .. 0: his window scale, 15: none
 *
 * Without time stamps the connection has neither. */
#include "tcp/cookie.h"

#include "base/siphash.h"

enum {
	TICK_US_LOG = 26,
	MSS_BITS = 3,
	MSS_MASK = 7,
	TICK_BIT = 1 << MSS_BITS,
	PLAIN_MASK = 2 * TICK_BIT - 1
};
enum { STAMP_MASK = 0x3f, STAMP_ECN = 0x20, STAMP_SACK = 0x10, STAMP_SCALE = 0xf, NO_SCALE = 0xf };

static const uint16_t mss_of[MSS_MASK + 1] = { 48, 536, 1220, 1300, 1400, 1440, 1460, 8940 };

static uint32_t hash(const struct sipkey *key, const void *names, size_t len, uint32_t irs, uint64_t tick,
		     unsigned mss)
{
	uint64_t h = siphash(key, names, len);
	return (uint32_t)siphash_3u64(key, h, tick, (uint64_t)irs << MSS_BITS | mss) & ~(uint32_t)PLAIN_MASK;
}

uint32_t cookie_make(const struct sipkey *key, const void *names, size_t len, uint32_t irs, uint64_t now_us,
		     uint16_t mss)
{
	unsigned i = MSS_MASK;
	uint64_t tick = now_us >> TICK_US_LOG;
	while (i && mss_of[i] > mss)
		i--;
	return hash(key, names, len, irs, tick, i) | (tick & 1 ? TICK_BIT : 0) | i;
}

uint16_t cookie_mss(const struct sipkey *key, const void *names, size_t len, uint32_t irs, uint64_t now_us,
		    uint32_t cookie)
{
	uint64_t tick = now_us >> TICK_US_LOG;
	unsigned i = cookie & MSS_MASK;
	if ((tick & 1) != !!(cookie & TICK_BIT)) {
		if (!tick)
			return 0;
		tick--;
	}
	return hash(key, names, len, irs, tick, i) == (cookie & ~(uint32_t)PLAIN_MASK) ? mss_of[i] : 0;
}

uint32_t cookie_stamp(uint32_t now, const struct cookie_options *o)
{
	uint32_t bits = (o->wscale < 0 ? NO_SCALE : (uint32_t)o->wscale & STAMP_SCALE) |
			(o->sack ? STAMP_SACK : 0U) | (o->ecn ? STAMP_ECN : 0U);
	uint32_t stamp = (now & ~(uint32_t)STAMP_MASK) | bits;
	return (int32_t)(stamp - now) > 0 ? stamp - (STAMP_MASK + 1) : stamp; /* never of a time to come */
}

struct cookie_options cookie_stamp_read(uint32_t stamp)
{
	uint32_t scale = stamp & STAMP_SCALE;
	return (struct cookie_options){ .wscale = scale == NO_SCALE ? -1 : (int8_t)scale,
					.sack = stamp & STAMP_SACK,
					.ecn = stamp & STAMP_ECN };
}

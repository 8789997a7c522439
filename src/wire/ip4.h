/* SPDX-License-Identifier: BSD-2-Clause */
/* IPv4 (RFC 791). */
#ifndef LEAT_WIRE_IP4_H
#define LEAT_WIRE_IP4_H

#include "base/bytes.h"
#include "base/cursor.h"
#include "base/drop.h"
#include "wire/csum.h"
#include "wire/ip.h"

struct text;

struct ip4_hdr {
	uint8_t ver_ihl, tos;
	be16 len, id, frag; /* len: header and data */
	uint8_t ttl, proto;
	be16 csum;
	be32 src, dst;
};
static_assert(sizeof(struct ip4_hdr) == 20, "as on the wire");

enum { IP4_VER_IHL = 0x45 }; /* of a header without options */
enum { IP4_HDR_MAX = 60, IP4_OPTIONS_MAX = 40, IP4_LEN_MAX = 65535, IP4_MIN_MTU = 68 };
enum {
	IP4_DF = 0x4000,
	IP4_MF = 0x2000,
	IP4_FRAG_OFF_MASK = 0x1fff
}; /* in frag; the offset is in units of 8 bytes */

static inline unsigned ip4_hdr_len(const struct ip4_hdr *h)
{
	return (h->ver_ihl & 0x0f) * 4u;
}
static inline bool ip4_is_fragment(const struct ip4_hdr *h)
{
	return be16_get(h->frag) & (IP4_MF | IP4_FRAG_OFF_MASK);
}

/* --- for the packet path, on a header in place --- */

/* Do version and lengths hold (RFC 1122, 3.2.1.1)? have: bytes from the header to the end of the packet; bytes behind the
 * total length are the link's padding, to be cut off. The options need not lie together with the header. */
static inline enum drop ip4_check_lengths(const struct ip4_hdr *h, uint32_t have)
{
	unsigned hdr_len = ip4_hdr_len(h), len = be16_get(h->len);
	if (unlikely(h->ver_ihl >> 4 != 4))
		return DROP_IP_VERSION;
	if (unlikely(hdr_len < sizeof *h || len < hdr_len))
		return DROP_BAD_LENGTH;
	return unlikely(len > have) ? DROP_TRUNCATED : DROP_NONE;
}
/* The header with its options must lie together. */
static inline bool ip4_csum_ok(const struct ip4_hdr *h)
{
	unsigned hdr_len = ip4_hdr_len(h);
	return likely(hdr_len == sizeof *h) ? csum_ip4_hdr20_ok(h) : csum_ok(csum_ip4_hdr(h, hdr_len));
}
static inline void ip4_csum_set(struct ip4_hdr *h)
{
	h->csum = be16_of(0);
	h->csum = be16_of(csum_done(csum_ip4_hdr(h, ip4_hdr_len(h))));
}
/* One hop: the caller knows that ttl > 1. RFC 1624: the checksum follows without being summed again. */
static inline void ip4_ttl_decrement(struct ip4_hdr *h)
{
	h->ttl--;
	/* As csum_update16() from a word to the same less 0x100: the word itself cancels out, the complements too. */
	uint32_t csum = be16_get(h->csum) + 0x100u;
	h->csum = be16_of((uint16_t)(csum + (csum >= 0xffff)));
}

/* --- whole packets --- */

struct ip4_msg {
	uint8_t tos, ttl, proto;
	bool df, mf;
	uint16_t id;
	uint16_t frag_off; /* bytes */
	be32 src, dst;
	struct cursor options; /* up to IP4_OPTIONS_MAX bytes, as on the wire */
	struct cursor body; /* cut to the total length */
};
/* Checks version, lengths and header checksum; options are checked by ip4_options_parse(). */
enum drop ip4_parse(struct cursor c, struct ip4_msg *ret_msg);
/* The header with its options (padded to a multiple of 4), length and checksum; returns its length. The body's length
 * counts, its bytes are the caller's to put behind. 0: more than 40 bytes of options or 65,535 in all. */
unsigned ip4_emit(const struct ip4_msg *m, uint8_t to[static IP4_HDR_MAX]);
void ip4_print(struct cursor c, struct text *to, unsigned depth); /* depth 0 */

/* --- options --- */

enum ip4_option {
	IP4_OPT_END = 0,
	IP4_OPT_NOP = 1,
	IP4_OPT_RECORD_ROUTE = 7,
	IP4_OPT_TIMESTAMP = 68,
	IP4_OPT_LOOSE_ROUTE = 131,
	IP4_OPT_CIPSO = 134,
	IP4_OPT_STRICT_ROUTE = 137,
	IP4_OPT_ROUTER_ALERT = 148,
};
/* Where each was found: an offset from the start of the IP header, 0 when absent. */
struct ip4_options {
	uint8_t record_route, timestamp, source_route, router_alert, cipso;
	bool strict; /* the source route is a strict one */
};
/* DROP_IP_OPTIONS for what is malformed; *ret_bad is then the offset from the start of the IP header that an ICMP parameter
 * problem points at (RFC 1122, 3.2.2.5), and *ret what was found before it. Unknown options are skipped (RFC 1122, 3.2.1.8). */
enum drop ip4_options_parse(struct cursor options, struct ip4_options *ret, uint8_t *ret_bad);

#endif

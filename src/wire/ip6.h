/* SPDX-License-Identifier: BSD-2-Clause */
/* IPv6 and its extension headers (RFC 8200). */
#ifndef LEAT_WIRE_IP6_H
#define LEAT_WIRE_IP6_H

#include "base/bytes.h"
#include "base/cursor.h"
#include "base/drop.h"
#include "wire/ip.h"

struct text;

struct ip6_hdr {
	be32 ver_tc_flow;
	be16 payload_len; /* behind this header */
	uint8_t next, hop_limit;
	struct ip6 src, dst;
};
static_assert(sizeof(struct ip6_hdr) == 40, "as on the wire");

struct ip6_ext_hdr { /* hop-by-hop options, destination options, routing */
	uint8_t next, len; /* len: units of 8 bytes, the first not counted */
	uint8_t data[6];
};
static_assert(sizeof(struct ip6_ext_hdr) == 8, "as on the wire");

struct ip6_frag_hdr {
	uint8_t next, reserved;
	be16 off_more; /* offset in units of 8 bytes in the upper 13 bits */
	be32 id;
};
static_assert(sizeof(struct ip6_frag_hdr) == 8, "as on the wire");

enum { IP6_FLOW_MASK = 0xfffff };
enum { IP6_MIN_MTU = 1280, IP6_FRAG_MORE = 1, IP6_FRAG_OFF_MASK = 0xfff8 };

static inline uint8_t ip6_traffic_class(const struct ip6_hdr *h)
{
	return (uint8_t)(be32_get(h->ver_tc_flow) >> 20);
}
static inline uint32_t ip6_flow_label(const struct ip6_hdr *h)
{
	return be32_get(h->ver_tc_flow) & 0xfffff;
}
/* ff02::1:ffXX:XXXX (RFC 4291, 2.7.1) */
static inline struct ip6 ip6_solicited_node(const struct ip6 *a)
{
	return (struct ip6){ { 0xff, 0x02, [11] = 1, [12] = 0xff, a->b[13], a->b[14], a->b[15] } };
}
/* The scope of a multicast address (RFC 4291, 2.7), 0 for others. */
static inline unsigned ip6_multicast_scope(const struct ip6 *a)
{
	return ip6_is_multicast(a) ? a->b[1] & 0x0f : 0;
}
static inline bool ip6_is_loopback(const struct ip6 *a)
{
	static const struct ip6 one = { { [15] = 1 } };
	return ip6_eq(a, &one);
}
static inline bool ip6_is_v4_mapped(const struct ip6 *a) /* ::ffff:0:0/96: never on a wire */
{
	static const struct ip6 prefix = { { [10] = 0xff, 0xff } };
	return memcmp(a, &prefix, 12) == 0;
}

/* Do version and length hold? have: bytes from the header to the end of the packet; what is behind the payload length is
 * the link's padding. A jumbogram (RFC 2675) is not understood: its length 0 leaves no room for what follows. */
static inline enum drop ip6_check_lengths(const struct ip6_hdr *h, uint32_t have)
{
	if (unlikely(h->ver_tc_flow.b[0] >> 4 != 6))
		return DROP_IP_VERSION;
	return unlikely(be16_get(h->payload_len) + sizeof *h > have) ? DROP_TRUNCATED : DROP_NONE;
}

struct ip6_msg {
	uint8_t tc, next, hop_limit;
	uint32_t flow;
	struct ip6 src, dst;
	struct cursor body; /* extension headers and on, cut to the payload length */
};
enum drop ip6_parse(struct cursor c, struct ip6_msg *ret_msg);
/* False: the body is longer than 65,535 bytes. */
bool ip6_emit(const struct ip6_msg *m, struct ip6_hdr *to);
void ip6_print(struct cursor c, struct text *to, unsigned depth); /* depth 0 */

/* --- extension headers --- */

/* At most so many in a packet, and, at first, so many options in one of them that are not padding: as RFC 8504, 5.3 allows. */
enum { IP6_EXT_MAX = 8, IP6_OPTIONS_MAX = 8 };

/* What a header of options may hold, as Linux's settings say. n: options that are not padding; negative: so many, and none that is not
 * known. len: bytes of the whole header, its first two included. */
struct ip6_limits {
	int32_t hbh_n, dst_n;
	uint32_t hbh_len, dst_len;
};
extern const struct ip6_limits ip6_limits_default, ip6_limits_none;

/* A router looks at hop-by-hop options and judges nothing behind them: for it the walk ends quietly at the first header it
 * cannot follow. The destination judges everything. */
enum ip6_walk_as {
	IP6_WALK_ROUTER,
	IP6_WALK_DESTINATION,
	IP6_WALK_FRAGMENT, /* as the destination, but what is behind a fragment's header waits for the whole */
};

struct ip6_chain {
	uint8_t proto; /* the first header that is none of the extension headers below: TCP, ESP, AH, none, an unknown one */
	uint8_t n_ext; /* headers before it */
	uint32_t l4_off; /* where it is, from the start of the IPv6 header */
	uint32_t next_off; /* where the field is that names it */
	bool router_alert; /* RFC 2711, in hop-by-hop options */
	uint16_t alert; /* its value */
	bool fragment; /* a fragment header was seen; when frag_off > 0 the walk ends behind it */
	bool frag_more;
	uint16_t frag_off; /* bytes */
	uint32_t frag_id;
	uint32_t frag_hdr_off, frag_name_off; /* where it is, and where the field is that names it */
	uint8_t routing_type, segments_left; /* of the first routing header; 0 without one */
	/* When the walk fails: is an ICMPv6 parameter problem due, with which code and pointer? To a multicast destination
	 * only when icmp_to_multicast says so (RFC 8200, 4.2). */
	bool icmp_due, icmp_to_multicast;
	uint8_t icmp_code;
	uint32_t icmp_pointer;
};
/* Neither the first, nor the last, nor the only one: a fragment header on a whole packet is legal (RFC 6946). */
static inline bool ip6_is_fragment(const struct ip6_chain *ch)
{
	return ch->fragment && (ch->frag_off || ch->frag_more);
}

/* From the IPv6 header on, to the upper-layer header. DROP_TRUNCATED, DROP_IP_EXT_HEADER (malformed, out of place, one too
 * many, a routing header with segments left, an option that says "discard"), or DROP_NONE. *ret_chain is written in any
 * case, as far as the walk came. */
enum drop ip6_walk_within(struct cursor c, enum ip6_walk_as as, const struct ip6_limits *limits,
			  struct ip6_chain *ret_chain);
static inline enum drop ip6_walk(struct cursor c, enum ip6_walk_as as, struct ip6_chain *ret_chain)
{
	return ip6_walk_within(c, as, &ip6_limits_default, ret_chain);
}

#endif

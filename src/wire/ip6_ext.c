/* SPDX-License-Identifier: BSD-2-Clause */
/* The walk along extension headers (RFC 8200, 4).
 *
 * Theory of operation: `at` counts from the start of the IPv6 header, because that is how ICMP pointers and the caller's
 * offsets count. Each header is bounded by a cursor of its own; no length in it can lead out of the packet. Limits: headers
 * and options in a header (RFC 8504, 5.3), so that the work for a packet is bounded. Left out: jumbograms (RFC 2675), which are
 * refused, and acting on options; a router alert is reported. Authentication and ESP headers end the walk: they belong to IPsec. */
#include "wire/icmp6.h"
#include "wire/ip6.h"

enum { OPT_PAD1 = 0, OPT_PADN = 1, OPT_ROUTER_ALERT = 5, OPT_IOAM = 0x31, OPT_JUMBO = 0xc2 };
enum { ROUTING_RPL = 3, ROUTING_SEGMENTS = 4 };
enum { PAD_MAX = 7 }; /* RFC 4942, 2.1.9.5: what aligns to 8 bytes needs no more between options */

const struct ip6_limits ip6_limits_none = { INT32_MAX, INT32_MAX, UINT32_MAX, UINT32_MAX };
const struct ip6_limits ip6_limits_default = { IP6_OPTIONS_MAX, IP6_OPTIONS_MAX, UINT32_MAX, UINT32_MAX };

struct walk {
	struct cursor c; /* the next header's first byte */
	uint32_t at; /* and its offset */
	uint8_t next; /* what it is */
	enum ip6_walk_as as;
	uint16_t payload_len;
	const struct ip6_limits *limits;
	bool to_group;
	struct ip6_chain *ch;
};

static enum drop problem(struct walk *w, uint8_t code, uint32_t pointer)
{
	w->ch->icmp_due = true;
	w->ch->icmp_code = code;
	w->ch->icmp_pointer = pointer;
	return DROP_IP_EXT_HEADER;
}

/* RFC 8200, 4.2: the highest two bits of the type say what happens to who does not know the option. */
static enum drop unknown_option(struct walk *w, uint8_t type, uint32_t at)
{
	switch (type >> 6) {
	case 0:
		return DROP_NONE;
	case 1:
		return DROP_IP_EXT_HEADER;
	case 2:
		w->ch->icmp_to_multicast = true;
		return problem(w, ICMP6_PARAM_OPTION, at);
	default:
		return problem(w, ICMP6_PARAM_OPTION, at);
	}
}

/* RFC 2675, 3. Payloads of more than 65,535 bytes do not come here: what says so is wrong in one way or another. */
static enum drop jumbo(struct walk *w, struct cursor c, uint8_t len, uint32_t at)
{
	be32 says;
	if (len != sizeof says || at % 4 != 2 || !cur_copy(&c, &says, sizeof says))
		return DROP_IP_EXT_HEADER;
	if (be32_get(says) <= UINT16_MAX)
		return problem(w, ICMP6_PARAM_FIELD, at + 2);
	return w->payload_len ? problem(w, ICMP6_PARAM_FIELD, at) : DROP_TRUNCATED;
}

static enum drop router_alert(struct walk *w, struct cursor c, uint8_t len)
{
	be16 value;
	if (len != sizeof value || !cur_copy(&c, &value, sizeof value)) /* RFC 2711, 2.1 */
		return DROP_IP_EXT_HEADER;
	w->ch->router_alert = true;
	w->ch->alert = be16_get(value);
	return DROP_NONE;
}

/* c: its data. */
static enum drop one_option(struct walk *w, struct cursor c, uint8_t type, uint8_t len, uint32_t at,
			    bool hop_by_hop)
{
	if (hop_by_hop && type == OPT_ROUTER_ALERT)
		return router_alert(w, c, len);
	if (hop_by_hop && type == OPT_JUMBO)
		return jumbo(w, c, len, at);
	if (hop_by_hop && type == OPT_IOAM && at % 4) /* RFC 9486, 3 */
		return DROP_IP_EXT_HEADER;
	if ((hop_by_hop ? w->limits->hbh_n : w->limits->dst_n) < 0)
		return DROP_IP_EXT_LIMIT;
	return unknown_option(w, type, at);
}

/* Padding carries nothing: else it is a hidden way to say something (RFC 4942, 2.1.9.5). Linux: silently. */
static bool is_zero(struct cursor c, uint8_t len)
{
	uint8_t byte;
	while (len--)
		if (!cur_u8(&c, &byte) || byte)
			return false;
	return true;
}

/* c: the options of one header; at: where they start. Linux: what is malformed goes silently. */
static enum drop walk_options(struct walk *w, struct cursor c, uint32_t at, bool hop_by_hop)
{
	int32_t limit = hop_by_hop ? w->limits->hbh_n : w->limits->dst_n;
	uint64_t n = 0, max = (uint64_t)(limit < 0 ? -(int64_t)limit : limit);
	unsigned padding = 0;
	uint8_t type, len;
	for (; cur_u8(&c, &type); at += 2u + len) {
		struct cursor data = c;
		if (type == OPT_PAD1) {
			if (++padding > PAD_MAX)
				return DROP_IP_EXT_HEADER;
			at--; /* is shorter by two, and len is none */
			len = 0;
			continue;
		}
		if (!cur_u8(&c, &len))
			return DROP_IP_EXT_HEADER;
		data = c;
		if (!cur_skip(&c, len))
			return DROP_IP_EXT_HEADER;
		padding = type == OPT_PADN ? padding + 2 + len : 0;
		if (padding > PAD_MAX || (type == OPT_PADN && !is_zero(data, len)))
			return DROP_IP_EXT_HEADER;
		if (type == OPT_PADN)
			continue;
		if (++n > max)
			return DROP_IP_EXT_LIMIT;
		enum drop why = one_option(w, data, type, len, at, hop_by_hop);
		if (why)
			return why;
	}
	return DROP_NONE;
}

/* Takes one header of the common form; *ret_rest is what is behind its first two bytes. */
static enum drop take_ext(struct walk *w, uint8_t *ret_next, uint8_t *ret_len, struct cursor *ret_rest)
{
	uint8_t tmp[2];
	const uint8_t *h = cur_peek(&w->c, tmp, sizeof tmp);
	if (!h)
		return DROP_TRUNCATED;
	*ret_next = h[0];
	*ret_len = h[1];
	if (!cur_sub(&w->c, (h[1] + 1u) * 8, ret_rest))
		return DROP_TRUNCATED;
	cur_skip(ret_rest, 2);
	return DROP_NONE;
}

/* The header at w->at is done: on to the one it names, whose name stands at name_at. */
static enum drop go_on(struct walk *w, uint8_t next, uint32_t name_at, uint32_t len)
{
	w->ch->next_off = name_at;
	w->ch->n_ext++;
	w->next = next;
	w->at += len;
	return DROP_NONE;
}

static enum drop walk_options_hdr(struct walk *w)
{
	uint8_t next, len;
	struct cursor rest;
	bool hop_by_hop = w->next == IP_PROTO_HOPOPTS;
	enum drop why = take_ext(w, &next, &len, &rest);
	if (!why && (len + 1u) * 8 > (hop_by_hop ? w->limits->hbh_len : w->limits->dst_len))
		return DROP_IP_EXT_LIMIT;
	if (!why && (hop_by_hop || w->as != IP6_WALK_ROUTER))
		why = walk_options(w, rest, w->at + 2, hop_by_hop);
	return why ? why : go_on(w, next, w->at, (len + 1u) * 8);
}

/* RFC 8200, 4.4, and RFC 5095 for type 0: whatever the type, none is understood here, so one with segments left is refused
 * and one without is stepped over. Linux: what goes to a group has no segments (RFC 2460, 4.4, said so); RPL's (RFC 6554) and
 * SRv6's (RFC 8754) are for those who have been told to take part, and others say nothing. */
static enum drop judge_routing(struct walk *w, uint8_t type, uint8_t left)
{
	if (w->as == IP6_WALK_ROUTER)
		return DROP_NONE;
	if (w->to_group || type == ROUTING_RPL || type == ROUTING_SEGMENTS)
		return DROP_IP_ROUTING_HEADER;
	return left ? problem(w, ICMP6_PARAM_FIELD, w->at + 2) : DROP_NONE;
}

static enum drop walk_routing(struct walk *w)
{
	uint8_t next, len, type = 0, left = 0;
	struct cursor rest;
	enum drop why = take_ext(w, &next, &len, &rest);
	if (why)
		return why;
	cur_u8(&rest, &type);
	cur_u8(&rest, &left);
	if (!w->ch->segments_left) {
		w->ch->routing_type = type;
		w->ch->segments_left = left;
	}
	why = judge_routing(w, type, left);
	return why ? why : go_on(w, next, w->at, (len + 1u) * 8);
}

static enum drop walk_fragment(struct walk *w)
{
	struct ip6_frag_hdr tmp;
	const struct ip6_frag_hdr *h = cur_take(&w->c, &tmp, sizeof tmp);
	if (!h) { /* Linux tells */
		problem(w, ICMP6_PARAM_FIELD, w->at);
		return DROP_TRUNCATED;
	}
	if (w->ch->fragment) /* RFC 8200, 4.1: at most once */
		return problem(w, ICMP6_PARAM_FIELD, w->at);
	uint16_t off_more = be16_get(h->off_more);
	w->ch->fragment = true;
	w->ch->frag_hdr_off = w->at;
	w->ch->frag_name_off = w->ch->next_off;
	w->ch->frag_off = off_more & IP6_FRAG_OFF_MASK;
	w->ch->frag_more = off_more & IP6_FRAG_MORE;
	w->ch->frag_id = be32_get(h->id);
	return go_on(w, h->next, w->at, sizeof *h);
}

static bool is_extension(uint8_t next)
{
	return next == IP_PROTO_HOPOPTS || next == IP_PROTO_DSTOPTS || next == IP_PROTO_ROUTING ||
	       next == IP_PROTO_FRAGMENT;
}

static enum drop walk_one(struct walk *w)
{
	if (w->ch->n_ext == IP6_EXT_MAX)
		return DROP_IP_EXT_LIMIT;
	if (w->next == IP_PROTO_HOPOPTS && w->ch->n_ext > 0) /* RFC 8200, 4.1: first or nowhere */
		return problem(w, ICMP6_PARAM_NEXT_HEADER, w->ch->next_off);
	if (w->next == IP_PROTO_ROUTING)
		return walk_routing(w);
	if (w->next == IP_PROTO_FRAGMENT)
		return walk_fragment(w);
	return walk_options_hdr(w);
}

static bool ends(const struct walk *w)
{
	return w->ch->frag_off || (w->as == IP6_WALK_FRAGMENT && ip6_is_fragment(w->ch));
}

enum drop ip6_walk_within(struct cursor c, enum ip6_walk_as as, const struct ip6_limits *limits,
			  struct ip6_chain *ret_chain)
{
	struct ip6_hdr tmp;
	struct walk w = { .at = sizeof tmp, .as = as, .limits = limits, .ch = ret_chain };
	enum drop why = DROP_NONE;
	*ret_chain = (struct ip6_chain){ .proto = IP_PROTO_NONE, .next_off = offsetof(struct ip6_hdr, next) };
	const struct ip6_hdr *h = cur_take(&c, &tmp, sizeof tmp);
	if (!h)
		return DROP_TRUNCATED;
	w.next = h->next;
	w.payload_len = be16_get(h->payload_len);
	w.to_group = ip6_is_multicast(&h->dst);
	w.c = c;
	while (!why && is_extension(w.next) && !ends(&w)) {
		bool judged = as != IP6_WALK_ROUTER || (w.next == IP_PROTO_HOPOPTS && ret_chain->n_ext == 0);
		why = walk_one(&w);
		if (why && !judged) {
			ret_chain->icmp_due = false;
			why = DROP_NONE;
			break;
		}
	}
	ret_chain->proto = w.next;
	ret_chain->l4_off = w.at;
	return why;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/ip4.h"

#include "wire/text.h"

static enum drop check_in_memory(const struct ip4_hdr *h, const uint8_t *options, unsigned options_len)
{
	uint32_t sum = csum_add(csum_ip4_hdr(h, sizeof *h), csum_mem(options, options_len));
	return csum_ok(sum) ? DROP_NONE : DROP_IP_HEADER_CSUM;
}

/* The header; options and body as cursors, the body cut to the total length. */
static enum drop take_header(struct cursor c, struct ip4_hdr *ret_hdr, struct cursor *ret_options,
			     struct cursor *ret_body)
{
	uint32_t have = cur_left(&c);
	if (!cur_copy(&c, ret_hdr, sizeof *ret_hdr))
		return DROP_TRUNCATED;
	enum drop why = ip4_check_lengths(ret_hdr, have);
	if (why)
		return why;
	unsigned hdr_len = ip4_hdr_len(ret_hdr);
	if (!cur_sub(&c, hdr_len - (unsigned)sizeof *ret_hdr, ret_options) ||
	    !cur_trim(&c, be16_get(ret_hdr->len) - hdr_len))
		return DROP_TRUNCATED;
	*ret_body = c;
	return DROP_NONE;
}

static struct ip4_msg msg_of(const struct ip4_hdr *h, struct cursor options, struct cursor body)
{
	uint16_t frag = be16_get(h->frag);
	return (struct ip4_msg){
		.tos = h->tos,
		.ttl = h->ttl,
		.proto = h->proto,
		.df = frag & IP4_DF,
		.mf = frag & IP4_MF,
		.id = be16_get(h->id),
		.frag_off = (uint16_t)((frag & IP4_FRAG_OFF_MASK) * 8),
		.src = h->src,
		.dst = h->dst,
		.options = options,
		.body = body,
	};
}

enum drop ip4_parse(struct cursor c, struct ip4_msg *ret_msg)
{
	struct ip4_hdr h;
	struct cursor options, body, look;
	uint8_t tmp[IP4_OPTIONS_MAX];
	enum drop why = take_header(c, &h, &options, &body);
	if (why)
		return why;
	look = options;
	unsigned options_len = cur_left(&options);
	why = check_in_memory(&h, cur_take(&look, tmp, options_len), options_len);
	if (why)
		return why;
	*ret_msg = msg_of(&h, options, body);
	return DROP_NONE;
}

unsigned ip4_emit(const struct ip4_msg *m, uint8_t to[static IP4_HDR_MAX])
{
	struct cursor options = m->options;
	uint32_t options_len = cur_left(&options), body_len = cur_left(&m->body);
	unsigned hdr_len = (unsigned)sizeof(struct ip4_hdr) + (options_len + 3) / 4 * 4;
	if (options_len > IP4_OPTIONS_MAX || body_len > IP4_LEN_MAX - hdr_len)
		return 0;
	unsigned frag = (m->df ? IP4_DF : 0) | (m->mf ? IP4_MF : 0) | (m->frag_off / 8u);
	struct ip4_hdr h = {
		.ver_ihl = (uint8_t)(0x40 | hdr_len / 4),
		.tos = m->tos,
		.len = be16_of((uint16_t)(hdr_len + body_len)),
		.id = be16_of(m->id),
		.frag = be16_of((uint16_t)frag),
		.ttl = m->ttl,
		.proto = m->proto,
		.src = m->src,
		.dst = m->dst,
	};
	memset(to, 0, hdr_len); /* the padding is "end of options" */
	memcpy(to, &h, sizeof h);
	cur_copy(&options, to + sizeof h, options_len);
	ip4_csum_set((struct ip4_hdr *)to);
	return hdr_len;
}

/* --- options --- */

struct option {
	uint8_t at, len; /* at: from the start of the IP header */
	const uint8_t *p;
};

/* RFC 791, 3.1: a pointer starts at `first`; where it is not behind the end, which says that the option is full, a slot of `each` bytes
 * follows. */
static int pointer_bad(const struct option *o, unsigned first, unsigned each)
{
	unsigned pointer = o->p[2];
	return pointer < first || (pointer <= o->len && pointer + each - 1 > o->len) ? 2 : -1;
}

static int seen_twice(uint8_t *where, const struct option *o)
{
	if (*where)
		return 0;
	*where = o->at;
	return -1;
}

/* What the rest of the route is will be seen by who follows it. */
static int source_route(const struct option *o, struct ip4_options *ret)
{
	if (o->len < 3)
		return 1;
	if (o->p[2] < 4)
		return 2;
	ret->strict = o->p[0] == IP4_OPT_STRICT_ROUTE;
	return seen_twice(&ret->source_route, o); /* RFC 1122, 3.2.1.8: at most one of the two */
}

/* What is not to be found after all. */
static int forget(uint8_t *where, int bad)
{
	if (bad >= 0)
		*where = 0;
	return bad;
}

static int record_route(const struct option *o, struct ip4_options *ret)
{
	int bad = seen_twice(&ret->record_route, o);
	if (bad >= 0)
		return bad;
	return forget(&ret->record_route, o->len < 3 ? 1 : pointer_bad(o, 4, 4));
}

enum { TS_OVERFLOW_MAX = 15 };

static int timestamp(const struct option *o, struct ip4_options *ret)
{
	int bad = seen_twice(&ret->timestamp, o);
	if (bad >= 0)
		return bad;
	if (o->len < 4)
		return forget(&ret->timestamp, 1);
	unsigned kind = o->p[3] & 0x0f;
	bool with_addr = kind == 1 || kind == 3;
	/* RFC 791: full, and how many more found it so, but where it says who has to write. */
	if (o->p[2] > o->len)
		return kind != 3 && o->p[3] >> 4 == TS_OVERFLOW_MAX ? 3 : -1;
	return forget(&ret->timestamp,
		      pointer_bad(o, 5, with_addr ? 8 : 4)); /* alone, or each with an address */
}

static int router_alert(const struct option *o, struct ip4_options *ret)
{
	if (o->len < 4) /* RFC 2113, 2.1 */
		return 1;
	if (!o->p[2] && !o->p[3])
		ret->router_alert = o->at;
	return -1;
}

/* A label of a domain and tags of type, length, value (FIPS 188). Linux without labelled networking looks at as much. */
static int cipso(const struct option *o, struct ip4_options *ret)
{
	int bad = seen_twice(&ret->cipso, o);
	if (bad >= 0)
		return bad;
	if (o->len < 8)
		return 1;
	if (!(o->p[2] | o->p[3] | o->p[4] | o->p[5]))
		return 2;
	for (unsigned i = 6; i < o->len; i += o->p[i + 1])
		if (i + 1 == o->len || !o->p[i + 1] || o->p[i + 1] > o->len - i)
			return (int)i + (i + 1 < o->len);
	return -1;
}

/* Which byte of the option is wrong, or -1. */
static int option_bad(const struct option *o, struct ip4_options *ret)
{
	switch (o->p[0]) {
	case IP4_OPT_LOOSE_ROUTE:
	case IP4_OPT_STRICT_ROUTE:
		return source_route(o, ret);
	case IP4_OPT_RECORD_ROUTE:
		return record_route(o, ret);
	case IP4_OPT_TIMESTAMP:
		return timestamp(o, ret);
	case IP4_OPT_ROUTER_ALERT:
		return router_alert(o, ret);
	case IP4_OPT_CIPSO:
		return cipso(o, ret);
	default:
		return -1; /* RFC 1122, 3.2.1.8: silently ignored */
	}
}

static enum drop options_walk(const uint8_t *p, unsigned len, struct ip4_options *ret, unsigned *ret_bad)
{
	for (unsigned i = 0; i < len && p[i] != IP4_OPT_END;) {
		if (p[i] == IP4_OPT_NOP) {
			i++;
			continue;
		}
		*ret_bad = i;
		if (len - i < 2 || p[i + 1] < 2 || p[i + 1] > len - i)
			return DROP_IP_OPTIONS;
		struct option o = { .at = (uint8_t)(sizeof(struct ip4_hdr) + i),
				    .len = p[i + 1],
				    .p = p + i };
		int bad = option_bad(&o, ret);
		if (bad >= 0) {
			*ret_bad = i + (unsigned)bad;
			return DROP_IP_OPTIONS;
		}
		i += o.len;
	}
	return DROP_NONE;
}

enum drop ip4_options_parse(struct cursor options, struct ip4_options *ret, uint8_t *ret_bad)
{
	uint8_t tmp[IP4_OPTIONS_MAX];
	unsigned len = cur_left(&options), bad = 0;
	const uint8_t *p = len && len <= IP4_OPTIONS_MAX ? cur_take(&options, tmp, len) : NULL;
	*ret = (struct ip4_options){ 0 };
	enum drop why = len && !p ? DROP_IP_OPTIONS : options_walk(p, len, ret, &bad);
	if (why)
		*ret_bad = (uint8_t)(sizeof(struct ip4_hdr) + bad);
	return why;
}

/* --- print --- */

static void print_fragment(const struct ip4_msg *m, struct text *to)
{
	if (m->mf || m->frag_off)
		text_add(to, " frag id %u off %u%s", m->id, m->frag_off, m->mf ? "+" : "");
}

void ip4_print(struct cursor c, struct text *to, unsigned depth)
{
	struct ip4_hdr h;
	struct cursor options = { 0 }, body = c;
	uint32_t have = cur_left(&c);
	if (!cur_copy(&body, &h, sizeof h)) {
		text_add(to, "ip4 of %u bytes, cut short", have);
		return;
	}
	/* What an ICMP error quotes is cut short as a rule: print what is there. */
	enum drop why = take_header(c, &h, &options, &body);
	struct ip4_msg m = msg_of(&h, options, body);
	text_ip4(to, m.src);
	text_add(to, " > ");
	text_ip4(to, m.dst);
	text_add(to, " ttl %u", m.ttl);
	print_fragment(&m, to);
	if (cur_left(&options))
		text_add(to, " options %u", cur_left(&options));
	if (why && !(depth && why == DROP_TRUNCATED))
		text_add(to, " (%s)", drop_name(why));
	text_add(to, ", ");
	if (m.frag_off || (why && why != DROP_TRUNCATED))
		text_add(to, "protocol %u, %u bytes", m.proto, cur_left(&body));
	else
		ip_print_body(m.proto, body, to, depth);
}

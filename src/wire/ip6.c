/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/ip6.h"

#include "wire/text.h"

/* The header in place or in tmp, and the body cut to the payload length. */
static enum drop take_header(struct cursor c, struct ip6_hdr *tmp, const struct ip6_hdr **ret_hdr,
			     struct cursor *ret_body)
{
	uint32_t have = cur_left(&c);
	const struct ip6_hdr *h = cur_take(&c, tmp, sizeof *tmp);
	if (!h)
		return DROP_TRUNCATED;
	enum drop why = ip6_check_lengths(h, have);
	if (why)
		return why;
	cur_trim(&c, be16_get(h->payload_len));
	*ret_hdr = h;
	*ret_body = c;
	return DROP_NONE;
}

static struct ip6_msg msg_of(const struct ip6_hdr *h, struct cursor body)
{
	return (struct ip6_msg){
		.tc = ip6_traffic_class(h),
		.next = h->next,
		.hop_limit = h->hop_limit,
		.flow = ip6_flow_label(h),
		.src = h->src,
		.dst = h->dst,
		.body = body,
	};
}

enum drop ip6_parse(struct cursor c, struct ip6_msg *ret_msg)
{
	struct ip6_hdr tmp;
	const struct ip6_hdr *h;
	struct cursor body;
	enum drop why = take_header(c, &tmp, &h, &body);
	if (why)
		return why;
	*ret_msg = msg_of(h, body);
	return DROP_NONE;
}

bool ip6_emit(const struct ip6_msg *m, struct ip6_hdr *to)
{
	uint32_t len = cur_left(&m->body);
	if (len > 0xffff)
		return false;
	*to = (struct ip6_hdr){
		.ver_tc_flow = be32_of(6u << 28 | (uint32_t)m->tc << 20 | (m->flow & 0xfffff)),
		.payload_len = be16_of((uint16_t)len),
		.next = m->next,
		.hop_limit = m->hop_limit,
		.src = m->src,
		.dst = m->dst,
	};
	return true;
}

/* What an ICMP error quotes is cut short as a rule, so the payload length is only compared. */
void ip6_print(struct cursor c, struct text *to, unsigned depth)
{
	struct ip6_hdr h;
	struct ip6_chain ch;
	struct cursor body = c;
	uint32_t have = cur_left(&c);
	if (!cur_copy(&body, &h, sizeof h)) {
		text_add(to, "ip6 of %u bytes, cut short", have);
		return;
	}
	text_ip6(to, &h.src);
	text_add(to, " > ");
	text_ip6(to, &h.dst);
	text_add(to, " hlim %u", h.hop_limit);
	enum drop why = ip6_check_lengths(&h, have);
	if (why == DROP_NONE)
		cur_trim(&c, (uint32_t)sizeof h + be16_get(h.payload_len));
	if (!why || (depth && why == DROP_TRUNCATED))
		why = ip6_walk(c, IP6_WALK_DESTINATION, &ch);
	if (why) {
		text_add(to, " (%s), %s %u, %u bytes", drop_name(why), "next header", h.next,
			 cur_left(&body));
		return;
	}
	if (ip6_is_fragment(&ch))
		text_add(to, " frag id %u off %u%s", ch.frag_id, ch.frag_off, ch.frag_more ? "+" : "");
	text_add(to, ", ");
	if (!cur_skip(&c, ch.l4_off))
		return;
	if (ch.frag_off)
		text_add(to, "protocol %u, %u bytes", ch.proto, cur_left(&c));
	else
		ip_print_body(ch.proto, c, to, depth);
}

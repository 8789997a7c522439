/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/icmp4.h"

#include "wire/csum.h"
#include "wire/ip4.h"
#include "wire/text.h"

enum drop icmp4_parse(struct cursor c, struct icmp4_msg *ret_msg)
{
	struct icmp4_hdr tmp;
	const struct icmp4_hdr *h = cur_take(&c, &tmp, sizeof tmp);
	if (!h)
		return DROP_TRUNCATED;
	*ret_msg = (struct icmp4_msg){
		.type = h->type,
		.code = h->code,
		.id = be16_get(h->id),
		.seq = be16_get(h->seq),
		.body = c,
	};
	return DROP_NONE;
}

void icmp4_emit(const struct icmp4_msg *m, struct icmp4_hdr *to)
{
	*to = (struct icmp4_hdr){
		.type = m->type,
		.code = m->code,
		.id = be16_of(m->id),
		.seq = be16_of(m->seq),
	};
}

be16 icmp4_csum(const struct icmp4_msg *m)
{
	struct icmp4_hdr h;
	icmp4_emit(m, &h);
	return be16_of(csum_done(csum_add(csum_mem(&h, sizeof h), csum_cursor(m->body))));
}

static const char *const type_names[256] = {
	[ICMP4_ECHO_REPLY] = "echo reply",
	[ICMP4_UNREACH] = "unreachable",
	[ICMP4_SOURCE_QUENCH] = "source quench",
	[ICMP4_REDIRECT] = "redirect",
	[ICMP4_ECHO] = "echo",
	[ICMP4_TIME_EXCEEDED] = "time exceeded",
	[ICMP4_PARAM_PROBLEM] = "parameter problem",
	[ICMP4_TIMESTAMP] = "timestamp",
	[ICMP4_TIMESTAMP_REPLY] = "timestamp reply",
	[ICMP4_ROUTER_ADVERT] = "router advertisement",
	[ICMP4_ROUTER_SOLICIT] = "router solicitation",
	[ICMP4_INFO] = "information request",
	[ICMP4_INFO_REPLY] = "information reply",
	[ICMP4_MASK] = "address mask request",
	[ICMP4_MASK_REPLY] = "address mask reply",
	[ICMP4_EXT_ECHO] = "extended echo",
	[ICMP4_EXT_ECHO_REPLY] = "extended echo reply",
};

static void print_quote(const struct icmp4_msg *m, struct text *to, unsigned depth)
{
	text_add(to, " code %u", m->code);
	if (m->type == ICMP4_UNREACH && m->code == ICMP4_UNREACH_FRAG_NEEDED)
		text_add(to, " mtu %u", m->seq);
	if (m->type == ICMP4_PARAM_PROBLEM)
		text_add(to, " pointer %u", m->id >> 8);
	if (m->type == ICMP4_REDIRECT) {
		text_add(to, " to ");
		text_ip4(to, be32_of(icmp4_info(m)));
	}
	if (depth + 1 < IP_PRINT_DEPTH) {
		text_add(to, " [");
		ip4_print(m->body, to, depth + 1);
		text_add(to, "]");
	}
}

void icmp4_print(struct cursor c, struct text *to, unsigned depth)
{
	struct icmp4_msg m;
	if (icmp4_parse(c, &m)) {
		text_add(to, "icmp, cut short");
		return;
	}
	const char *name = type_names[m.type];
	if (name)
		text_add(to, "icmp %s", name);
	else
		text_add(to, "icmp type %u code %u", m.type, m.code);
	if (icmp4_is_error(m.type))
		print_quote(&m, to, depth);
	else if (m.type == ICMP4_ECHO || m.type == ICMP4_ECHO_REPLY)
		text_add(to, " id %u seq %u, %u bytes", m.id, m.seq, cur_left(&m.body));
}

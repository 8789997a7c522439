/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/tcp.h"

#include "wire/text.h"

enum drop tcp_parse(struct cursor c, struct tcp_msg *ret_msg)
{
	struct tcp_hdr tmp;
	struct cursor options;
	const struct tcp_hdr *h = cur_take(&c, &tmp, sizeof tmp);
	if (!h)
		return DROP_TRUNCATED;
	unsigned hdr_len = tcp_hdr_len(h);
	if (hdr_len < sizeof *h)
		return DROP_BAD_LENGTH;
	if (!cur_sub(&c, hdr_len - (unsigned)sizeof *h, &options))
		return DROP_TRUNCATED;
	*ret_msg = (struct tcp_msg){
		.sport = be16_get(h->sport),
		.dport = be16_get(h->dport),
		.seq = be32_get(h->seq),
		.ack = be32_get(h->ack),
		.flags = (uint16_t)tcp_flags(h),
		.window = be16_get(h->window),
		.urgent = be16_get(h->urgent),
		.csum = be16_get(h->csum),
		.options = options,
		.body = c,
	};
	return DROP_NONE;
}

unsigned tcp_emit(const struct tcp_msg *m, uint8_t to[static TCP_HDR_MAX])
{
	struct cursor options = m->options;
	uint32_t options_len = cur_left(&options);
	unsigned hdr_len = (unsigned)sizeof(struct tcp_hdr) + (options_len + 3) / 4 * 4;
	if (options_len > TCP_OPTIONS_LEN_MAX)
		return 0;
	struct tcp_hdr h = {
		.sport = be16_of(m->sport),
		.dport = be16_of(m->dport),
		.seq = be32_of(m->seq),
		.ack = be32_of(m->ack),
		.off_flags = be16_of((uint16_t)(hdr_len / 4 << 12 | (m->flags & TCP_F_MASK))),
		.window = be16_of(m->window),
		.csum = be16_of(m->csum),
		.urgent = be16_of(m->urgent),
	};
	memset(to, 0, hdr_len); /* the padding is "end of options" */
	memcpy(to, &h, sizeof h);
	cur_copy(&options, to + sizeof h, options_len);
	return hdr_len;
}

bool tcp_opt_next(struct cursor *c, struct tcp_opt *ret_opt)
{
	uint8_t kind, len;
	do {
		if (!cur_u8(c, &kind) || kind == TCP_OPT_END)
			return false;
	} while (kind == TCP_OPT_NOP);
	if (!cur_u8(c, &len) || len < 2 || len - 2 > TCP_OPTIONS_LEN_MAX)
		return false;
	ret_opt->kind = kind;
	ret_opt->len = (uint8_t)(len - 2);
	ret_opt->data = cur_take(c, ret_opt->buf, len - 2u);
	return ret_opt->data;
}

static void print_flags(unsigned flags, struct text *to)
{
	static const char letters[] = "FSRPAUECN"; /* from bit 0 up */
	text_add(to, " [");
	for (unsigned i = 0; i < sizeof letters - 1; i++) {
		if (flags & 1u << i)
			text_add(to, "%c", letters[i]);
	}
	text_add(to, "]");
}

/* What an ICMP error quotes is cut short as a rule: ports and sequence number first. */
void tcp_print(struct cursor c, struct text *to)
{
	struct tcp_msg m;
	be16 ports[2];
	if (!tcp_parse(c, &m)) {
		text_add(to, "tcp %u > %u", m.sport, m.dport);
		print_flags(m.flags, to);
		text_add(to, " seq %u ack %u win %u, %u bytes", m.seq, m.ack, m.window, cur_left(&m.body));
	} else if (cur_copy(&c, ports, sizeof ports)) {
		text_add(to, "tcp %u > %u, cut short", be16_get(ports[0]), be16_get(ports[1]));
	} else {
		text_add(to, "tcp, cut short");
	}
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/udp.h"

#include "wire/text.h"

/* RFC 768: the length counts the header. Bytes behind it belong to nobody here. */
enum drop udp_parse(struct cursor c, struct udp_msg *ret_msg)
{
	struct udp_hdr tmp;
	const struct udp_hdr *h = cur_take(&c, &tmp, sizeof tmp);
	if (!h)
		return DROP_TRUNCATED;
	uint16_t len = be16_get(h->len);
	if (len < sizeof *h)
		return DROP_BAD_LENGTH;
	if (!cur_trim(&c, len - (uint32_t)sizeof *h))
		return DROP_TRUNCATED;
	*ret_msg = (struct udp_msg){
		.sport = be16_get(h->sport),
		.dport = be16_get(h->dport),
		.csum = be16_get(h->csum),
		.body = c,
	};
	return DROP_NONE;
}

bool udp_emit(const struct udp_msg *m, struct udp_hdr *to)
{
	uint32_t body_len = cur_left(&m->body);
	if (body_len > 0xffff - sizeof *to)
		return false;
	*to = (struct udp_hdr){
		.sport = be16_of(m->sport),
		.dport = be16_of(m->dport),
		.len = be16_of((uint16_t)(sizeof *to + body_len)),
		.csum = be16_of(m->csum),
	};
	return true;
}

/* What an ICMP error quotes is cut short as a rule: ports first. */
void udp_print(struct cursor c, struct text *to)
{
	struct udp_hdr h;
	if (!cur_copy(&c, &h, sizeof h)) {
		text_add(to, "udp, cut short");
		return;
	}
	text_add(to, "udp %u > %u, ", be16_get(h.sport), be16_get(h.dport));
	if (be16_get(h.len) < sizeof h)
		text_add(to, "bad length %u", be16_get(h.len));
	else
		text_add(to, "%u bytes", be16_get(h.len) - (unsigned)sizeof h);
}

/* RFC 3828, 3.1: less than the header cannot be covered, nor more than there is. */
enum drop udplite_parse(struct cursor c, struct udplite_msg *ret_msg)
{
	struct udp_hdr tmp;
	uint32_t len = cur_left(&c);
	const struct udp_hdr *h = cur_take(&c, &tmp, sizeof tmp);
	if (!h)
		return DROP_TRUNCATED;
	uint16_t coverage = be16_get(h->len);
	uint32_t covered = coverage ? coverage : len;
	if (covered < UDPLITE_COVERAGE_MIN || covered > len)
		return DROP_UDPLITE_COVERAGE;
	*ret_msg = (struct udplite_msg){
		.sport = be16_get(h->sport),
		.dport = be16_get(h->dport),
		.csum = be16_get(h->csum),
		.coverage = coverage,
		.covered = covered,
		.body = c,
	};
	return DROP_NONE;
}

void udplite_emit(const struct udplite_msg *m, struct udp_hdr *to)
{
	*to = (struct udp_hdr){
		.sport = be16_of(m->sport),
		.dport = be16_of(m->dport),
		.len = be16_of(m->coverage),
		.csum = be16_of(m->csum),
	};
}

void udplite_print(struct cursor c, struct text *to)
{
	struct udp_hdr h;
	if (!cur_copy(&c, &h, sizeof h)) {
		text_add(to, "udplite, cut short");
		return;
	}
	text_add(to, "udplite %u > %u, %u bytes, ", be16_get(h.sport), be16_get(h.dport), cur_left(&c));
	uint16_t coverage = be16_get(h.len);
	if (coverage && coverage < UDPLITE_COVERAGE_MIN)
		text_add(to, "bad coverage %u", coverage);
	else if (coverage && coverage < sizeof h + cur_left(&c))
		text_add(to, "%u of them covered", coverage - (unsigned)sizeof h);
	else
		text_add(to, "all covered");
}

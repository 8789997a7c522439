/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets, behind the < or >:
 *
 *	[ect0] S. 0:0(0) ack 1 win 1000		parse_tcp.c
 *	[ttl 64] udp 4000>53 (100)			ports as on the wire; without: those of the flow
 *	icmp unreachable frag_needed mtu 1400 [udp (1500)]
 *	icmp echo_request id 7 [raw (64)]		64 bytes of ICMP in all
 *	icmp echo_request id 1 seq 2 (56)		the number, and a length without the header, are leat's own
 *	ipv4 1.2.3.4 > 5.6.7.8: gre: udp (100)		headers in front: parse_encap.c
 */
#include "drill/parse_internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "drill/icmp_names.h"

bool parse_payload_len(struct parse *p, uint32_t *ret)
{
	int64_t len;
	if (!parse_punct(p, '(') || !parse_number(p, 0, 65535, &len) || !parse_punct(p, ')'))
		return false;
	*ret = (uint32_t)len;
	return true;
}

/* first:last(len) */
bool parse_sequence(struct parse *p, uint32_t *ret_seq, uint32_t *ret_len)
{
	int64_t first, last;
	unsigned line = p->lex.line;
	if (!parse_number(p, 0, UINT32_MAX, &first) || !parse_punct(p, ':') ||
	    !parse_number(p, 0, UINT32_MAX, &last) || !parse_payload_len(p, ret_len))
		return false;
	if ((uint32_t)(last - first) != *ret_len)
		return parse_bad(p, line, "the sequence numbers are %u apart, the length is %u",
				 (uint32_t)(last - first), *ret_len);
	*ret_seq = (uint32_t)first;
	return true;
}

/* (10, 8): how much of it the checksum of UDP-Lite covers (RFC 3828); unsaid: all. */
static bool udplite_len(struct parse *p, uint32_t *ret_len, uint32_t *ret_coverage)
{
	int64_t len, cover;
	if (!parse_punct(p, '(') || !parse_number(p, 0, 65535, &len))
		return false;
	cover = len + 8;
	if (parse_try_punct(p, ',') && !parse_number(p, 0, 65535, &cover))
		return false;
	*ret_len = (uint32_t)len;
	*ret_coverage = (uint32_t)cover;
	return parse_punct(p, ')');
}

/* --- ICMP --- */

/* As in the original, a message carries an IP header and eight bytes of what is quoted, no more and no less, if its length is
 * not said; and what is quoted is TCP, if it is not said. */
static void icmp_len_unsaid(struct parse *p, struct packet *ret)
{
	if (ret->icmp_len == UNSAID)
		ret->icmp_len = (p->s->family == AF_INET ? 20 : 40) + 8;
}

static bool icmp_raw(struct parse *p, struct packet *ret)
{
	uint32_t len;
	unsigned line = p->lex.line;
	ret->quote = QUOTE_RAW;
	if (!parse_payload_len(p, &len) || !parse_punct(p, ']'))
		return false;
	ret->icmp_len = (int64_t)len - 8;
	return len >= 8 || parse_bad(p, line, "an ICMP header alone has 8 bytes");
}

static bool icmp_quote(struct parse *p, struct packet *ret)
{
	if (!parse_try_punct(p, '['))
		return true;
	if (parse_try_word(p, "raw"))
		return icmp_raw(p, ret);
	if (parse_try_word(p, "udp")) {
		ret->quote = QUOTE_UDP;
		return parse_payload_len(p, &ret->quote_len) && parse_punct(p, ']');
	}
	if (parse_try_word(p, "udplite")) {
		ret->quote = QUOTE_UDPLITE;
		return udplite_len(p, &ret->quote_len, &ret->coverage) && parse_punct(p, ']');
	}
	ret->quote = QUOTE_TCP;
	return parse_sequence(p, &ret->quote_seq, &ret->quote_len) && parse_punct(p, ']');
}

/* type_9, code_200: what has no name. */
static bool icmp_numbered(const char *name, const char *prefix, uint8_t *ret)
{
	size_t len = strlen(prefix);
	char *end;
	unsigned long v = strncmp(name, prefix, len) ? 256 : strtoul(name + len, &end, 10);
	if (v > 255 || !name[len] || *end)
		return false;
	*ret = (uint8_t)v;
	return true;
}

static bool icmp_names(struct parse *p, struct packet *ret)
{
	struct token t = lex_next(&p->lex);
	char show[48];
	const char *name = parse_text(p, &t);
	if (!name)
		return false;
	if (t.kind != TOK_WORD ||
	    (!icmp_type_of(p->s->family, name, &ret->type) && !icmp_numbered(name, "type_", &ret->type)))
		return parse_bad(p, t.line, "%s is no ICMP type of this version of IP", token_show(&t, show));
	t = lex_peek(&p->lex);
	if (t.kind != TOK_WORD || token_is(&t, "mtu") || token_is(&t, "id") || token_is(&t, "seq"))
		return true;
	if (!(name = parse_text(p, &t)))
		return false;
	lex_next(&p->lex);
	return icmp_code_of(p->s->family, ret->type, name, &ret->code) ||
	       icmp_numbered(name, "code_", &ret->code) ||
	       parse_bad(p, t.line, "%s is no code of that ICMP type", token_show(&t, show));
}

static bool icmp_packet(struct parse *p, struct packet *ret)
{
	uint32_t len;
	ret->kind = PACKET_ICMP;
	ret->mtu = ret->id = ret->echo_seq = ret->icmp_len = UNSAID;
	if (!icmp_quote(p, ret) || !parse_word(p, "icmp") || !icmp_names(p, ret))
		return false;
	if (parse_try_word(p, "mtu") && !parse_number(p, 0, UINT32_MAX, &ret->mtu))
		return false;
	if (parse_try_word(p, "id") && !parse_number(p, 0, 65535, &ret->id))
		return false;
	if (parse_try_word(p, "seq") && !parse_number(p, 0, 65535, &ret->echo_seq))
		return false;
	if (parse_next_is_punct(p, '(')) {
		if (!parse_payload_len(p, &len))
			return false;
		ret->icmp_len = len;
	}
	if (ret->quote == QUOTE_NONE && !icmp_quote(p, ret))
		return false;
	icmp_len_unsaid(p, ret);
	return true;
}

/* --- what stands in front --- */

static bool ecn_of(const struct token *t, int *ret)
{
	static const struct {
		const char *name;
		int ecn;
	} marks[] = {
		{ "noecn", ECN_NONE }, { "ect0", ECN_ECT0 },   { "ect1", ECN_ECT1 },
		{ "ce", ECN_CE },      { "ect01", ECN_ECT01 },
	};
	for (unsigned i = 0; i < ARRAY_SIZE(marks); i++) {
		if (!token_is(t, marks[i].name))
			continue;
		*ret = marks[i].ecn;
		return true;
	}
	return false;
}

/* [ect0, ttl 64], behind its first bracket. What is said, into ret. */
static bool ip_words(struct parse *p, char close, struct packet *ret)
{
	char show[48];
	do {
		struct token t = lex_next(&p->lex);
		int64_t v;
		if (ecn_of(&t, &ret->ecn))
			continue;
		if (token_is(&t, "ttl") || token_is(&t, "hlim")) {
			if (!parse_number(p, 0, 255, &v))
				return false;
			ret->ttl = (int)v;
		} else if (token_is(&t, "tos")) {
			if (!parse_number(p, 0, 255, &v))
				return false;
			ret->tos = (int)v;
		} else if (token_is(&t, "flowlabel")) {
			if (!parse_number(p, 0, 0xfffff, &ret->flow_label))
				return false;
		} else {
			return parse_bad(p, t.line, "%s says nothing about an IP header that is known here",
					 token_show(&t, show));
		}
	} while (parse_try_punct(p, ','));
	return parse_punct(p, close);
}

/* A bracket in front holds words about the IP header, or what an ICMP error quotes. */
static bool quote_is_next(const struct parse *p)
{
	struct lexer look = p->lex;
	lex_next(&look);
	struct token t = lex_next(&look);
	return t.kind == TOK_INT || token_is(&t, "udp") || token_is(&t, "raw");
}

bool parse_ip_info(struct parse *p, struct packet *ret)
{
	ret->ecn = ECN_UNSAID;
	ret->ttl = ret->tos = UNSAID;
	ret->flow_label = UNSAID;
	if (parse_next_is_punct(p, '[') && quote_is_next(p))
		return true;
	if (parse_try_punct(p, '['))
		return ip_words(p, ']', ret);
	return !parse_try_punct(p, '(') || ip_words(p, ')', ret);
}

static bool ports(struct parse *p, struct packet *ret)
{
	int64_t from, to;
	struct lexer look = p->lex;
	struct token t = lex_next(&look), gt = lex_next(&look);
	if (t.kind != TOK_INT || gt.kind != TOK_PUNCT || gt.c != '>')
		return true;
	if (!parse_number(p, 0, 65535, &from) || !parse_punct(p, '>') || !parse_number(p, 0, 65535, &to))
		return false;
	ret->has_ports = true;
	ret->sport = (uint16_t)from;
	ret->dport = (uint16_t)to;
	return true;
}

static bool udplite_packet(struct parse *p, struct packet *ret)
{
	ret->kind = PACKET_UDPLITE;
	return ports(p, ret) && udplite_len(p, &ret->len, &ret->coverage);
}

bool parse_packet(struct parse *p, struct packet *ret)
{
	*ret = (struct packet){ 0 };
	if (!parse_encaps(p, ret) || !parse_ip_info(p, ret))
		return false;
	if (parse_try_word(p, "udp")) {
		ret->kind = PACKET_UDP;
		return ports(p, ret) && parse_payload_len(p, &ret->len);
	}
	if (parse_try_word(p, "udplite"))
		return udplite_packet(p, ret);
	struct token t = lex_peek(&p->lex);
	if (token_is(&t, "icmp") || parse_next_is_punct(p, '['))
		return icmp_packet(p, ret);
	return ports(p, ret) && parse_tcp(p, ret);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets, behind the < or >:
 *
 *	[ect0, ttl 64] S. 0:0(0) ack 1 win 1000 <mss 1460,sackOK,TS val 1 ecr 2,nop,wscale 7>
 *	udp (100)
 *	udp 5353 > 53 (100)				from and to other ports than the socket's
 *	icmp unreachable frag_needed mtu 1400 [udp (1500)]
 *	icmp echo_request id 7 [raw (64)]		64 bytes of ICMP in all
 *	icmp echo_request id 1 seq 2 (56)		the number, and a length without the header, are leat's own */
#include "drill/parse_internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "drill/icmp_names.h"
#include "wire/tcp.h"

static bool payload_len(struct parse *p, uint32_t *ret)
{
	int64_t len;
	if (!parse_punct(p, '(') || !parse_number(p, 0, 65535, &len) || !parse_punct(p, ')'))
		return false;
	*ret = (uint32_t)len;
	return true;
}

/* first:last(len) */
static bool sequence(struct parse *p, uint32_t *ret_seq, uint32_t *ret_len)
{
	int64_t first, last;
	unsigned line = p->lex.line;
	if (!parse_number(p, 0, UINT32_MAX, &first) || !parse_punct(p, ':') ||
	    !parse_number(p, 0, UINT32_MAX, &last) || !payload_len(p, ret_len))
		return false;
	if ((uint32_t)(last - first) != *ret_len)
		return parse_bad(p, line, "the sequence numbers are %u apart, the length is %u",
				 (uint32_t)(last - first), *ret_len);
	*ret_seq = (uint32_t)first;
	return true;
}

/* --- TCP --- */

static bool tcp_flags_of(struct parse *p, struct packet *ret)
{
	static const char letters[] = "FSRP.UEWA"; /* by bit */
	struct token t = lex_next(&p->lex);
	char show[48];
	if (t.kind == TOK_PUNCT && t.c == '-')
		return true;
	for (;; t = lex_next(&p->lex)) {
		for (size_t i = 0; i < t.len; i++) {
			const char *at = strchr(letters, t.p[i]);
			if (!at || !t.p[i])
				return parse_bad(p, t.line, "%s is neither a protocol nor TCP flags",
						 token_show(&t, show));
			ret->flags |= (uint16_t)(1u << (at - letters));
		}
		struct token more = lex_peek(&p->lex); /* only what touches: "S" and "." of "S." */
		if (!more.touches || (more.kind != TOK_WORD && !(more.kind == TOK_PUNCT && more.c == '.')))
			return true;
	}
}

static bool option_put(struct parse *p, struct packet *ret, uint8_t kind, const void *data, size_t len)
{
	size_t all = kind <= TCP_OPT_NOP ? 1 : 2 + len;
	if (ret->options_len + all > sizeof ret->options)
		return parse_bad(p, p->lex.line, "TCP options take more than 40 bytes");
	ret->options[ret->options_len] = kind;
	if (kind > TCP_OPT_NOP) {
		ret->options[ret->options_len + 1] = (uint8_t)all;
		if (len)
			memcpy(ret->options + ret->options_len + 2, data, len);
	}
	ret->options_len += (uint8_t)all;
	return true;
}

static bool option_sack(struct parse *p, struct packet *ret)
{
	be32 edges[8];
	unsigned n = 0;
	int64_t left, right;
	while (lex_peek(&p->lex).kind == TOK_INT) {
		if (n == ARRAY_SIZE(edges))
			return parse_bad(p, p->lex.line, "there is room for four blocks");
		if (!parse_number(p, 0, UINT32_MAX, &left) || !parse_punct(p, ':') ||
		    !parse_number(p, 0, UINT32_MAX, &right))
			return false;
		edges[n++] = be32_of((uint32_t)left);
		edges[n++] = be32_of((uint32_t)right);
	}
	return n ? option_put(p, ret, TCP_OPT_SACK, edges, n * sizeof *edges)
		 : parse_bad(p, p->lex.line, "sack wants blocks: sack 1:1001");
}

static bool option_stamp(struct parse *p, struct packet *ret)
{
	int64_t val, ecr;
	if (!parse_word(p, "val") || !parse_number(p, 0, UINT32_MAX, &val) || !parse_word(p, "ecr") ||
	    !parse_number(p, 0, UINT32_MAX, &ecr))
		return false;
	be32 both[2] = { be32_of((uint32_t)val), be32_of((uint32_t)ecr) };
	return option_put(p, ret, TCP_OPT_STAMP, both, sizeof both);
}

/* Two hexadecimal digits a byte, with up to `room` bytes; false when it is not. */
static bool hex_bytes(const struct token *t, uint8_t *to, size_t room, size_t *ret_len)
{
	if ((t->kind != TOK_WORD && t->kind != TOK_INT) || t->len % 2 || t->len / 2 > room)
		return false;
	for (size_t i = 0; i < t->len; i++) {
		static const char digits[] = "0123456789abcdef";
		const char *at = strchr(digits, t->p[i] >= 'A' && t->p[i] <= 'Z' ? t->p[i] | 0x20 : t->p[i]);
		if (!at)
			return false;
		to[i / 2] = (uint8_t)(to[i / 2] << 4 | (at - digits));
	}
	*ret_len = t->len / 2;
	return true;
}

/* RFC 7413; the experimental form has the kind 254 and the magic 0xf989 (RFC 6994). */
static bool option_fast_open(struct parse *p, struct packet *ret, bool experimental)
{
	uint8_t bytes[2 + 36] = { 0xf9, 0x89 };
	size_t head = experimental ? 2 : 0, len = 0;
	struct token t = lex_peek(&p->lex);
	char show[48];
	memset(bytes + head, 0, sizeof bytes - head);
	if (t.kind == TOK_WORD || t.kind == TOK_INT) {
		lex_next(&p->lex);
		if (token_is(&t, "TFO_COOKIE")) /* the one that the suite's own setup makes */
			len = 8;
		else if (!hex_bytes(&t, bytes + head, sizeof bytes - 2, &len))
			return parse_bad(p, t.line, "%s is no cookie", token_show(&t, show));
	}
	return option_put(p, ret, experimental ? 254 : 34, bytes, head + len);
}

static bool option_md5(struct parse *p, struct packet *ret)
{
	uint8_t digest[16] = { 0 };
	size_t len = 0;
	struct token t = lex_peek(&p->lex);
	if ((t.kind == TOK_WORD || t.kind == TOK_INT) && hex_bytes(&t, digest, sizeof digest, &len))
		lex_next(&p->lex);
	return option_put(p, ret, 19, digest, sizeof digest);
}

static bool option_number(struct parse *p, struct packet *ret, uint8_t kind, int64_t max)
{
	int64_t v;
	if (!parse_number(p, 0, max, &v))
		return false;
	uint8_t bytes[2] = { (uint8_t)(v >> 8), (uint8_t)v };
	return max > 255 ? option_put(p, ret, kind, bytes, 2) : option_put(p, ret, kind, bytes + 1, 1);
}

static bool tcp_option(struct parse *p, struct packet *ret)
{
	struct token t = lex_next(&p->lex);
	char show[48];
	if (token_is(&t, "nop"))
		return option_put(p, ret, TCP_OPT_NOP, NULL, 0);
	if (token_is(&t, "eol"))
		return option_put(p, ret, TCP_OPT_END, NULL, 0);
	if (token_is(&t, "mss"))
		return option_number(p, ret, TCP_OPT_MSS, 65535);
	if (token_is(&t, "wscale"))
		return option_number(p, ret, TCP_OPT_WSCALE, 255);
	if (token_is(&t, "sackOK"))
		return option_put(p, ret, TCP_OPT_SACK_OK, NULL, 0);
	if (token_is(&t, "sack"))
		return option_sack(p, ret);
	if (token_is(&t, "TS"))
		return option_stamp(p, ret);
	if (token_is(&t, "FO") || token_is(&t, "FOEXP"))
		return option_fast_open(p, ret, t.len > 2);
	if (token_is(&t, "md5"))
		return option_md5(p, ret);
	return parse_bad(p, t.line, "%s is no TCP option known here", token_show(&t, show));
}

static bool tcp_options(struct parse *p, struct packet *ret)
{
	if (!parse_try_punct(p, '<'))
		return true;
	if (lex_peek(&p->lex).kind == TOK_ELLIPSIS) {
		lex_next(&p->lex);
		ret->options_any = true;
		return parse_punct(p, '>');
	}
	do {
		if (!tcp_option(p, ret))
			return false;
	} while (parse_try_punct(p, ','));
	return parse_punct(p, '>');
}

/* An event begins with a time, never with <, so < behind a packet is its options. */
static bool tcp_packet(struct parse *p, struct packet *ret)
{
	int64_t v;
	ret->kind = PACKET_TCP;
	if (!tcp_flags_of(p, ret) || !sequence(p, &ret->seq, &ret->len))
		return false;
	if (parse_try_word(p, "ack")) {
		if (!parse_number(p, 0, UINT32_MAX, &v))
			return false;
		ret->has_ack = true;
		ret->ack = (uint32_t)v;
	}
	if (parse_try_word(p, "win")) {
		if (!parse_number(p, 0, 65535, &v))
			return false;
		ret->has_win = true;
		ret->win = (uint16_t)v;
	}
	if (parse_try_word(p, "urg") && !parse_number(p, 0, 65535, &v))
		return false;
	return tcp_options(p, ret);
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
	if (!payload_len(p, &len) || !parse_punct(p, ']'))
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
		return payload_len(p, &ret->quote_len) && parse_punct(p, ']');
	}
	ret->quote = QUOTE_TCP;
	return sequence(p, &ret->quote_seq, &ret->quote_len) && parse_punct(p, ']');
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
		if (!payload_len(p, &len))
			return false;
		ret->icmp_len = len;
	}
	if (ret->quote == QUOTE_NONE && !icmp_quote(p, ret))
		return false;
	icmp_len_unsaid(p, ret);
	return true;
}

/* --- UDP --- */

static bool udp_packet(struct parse *p, struct packet *ret)
{
	int64_t from, to;
	ret->kind = PACKET_UDP;
	if (lex_peek(&p->lex).kind == TOK_INT) {
		if (!parse_number(p, 0, 65535, &from) || !parse_punct(p, '>') ||
		    !parse_number(p, 0, 65535, &to))
			return false;
		ret->sport = (uint16_t)from;
		ret->dport = (uint16_t)to;
	}
	return payload_len(p, &ret->len);
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

static bool ip_info(struct parse *p, struct packet *ret)
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
		} else {
			return parse_bad(p, t.line, "%s says nothing about an IP header that is known here",
					 token_show(&t, show));
		}
	} while (parse_try_punct(p, ','));
	return parse_punct(p, ']');
}

/* A bracket in front holds words about the IP header, or what an ICMP error quotes. */
static bool quote_is_next(const struct parse *p)
{
	struct lexer look = p->lex;
	lex_next(&look);
	struct token t = lex_next(&look);
	return t.kind == TOK_INT || token_is(&t, "udp");
}

bool parse_packet(struct parse *p, struct packet *ret)
{
	*ret = (struct packet){ .ecn = ECN_UNSAID, .ttl = UNSAID, .tos = UNSAID };
	if (parse_next_is_punct(p, '[') && !quote_is_next(p)) {
		lex_next(&p->lex);
		if (!ip_info(p, ret))
			return false;
	}
	struct token t = lex_peek(&p->lex);
	if (token_is(&t, "udp")) {
		lex_next(&p->lex);
		return udp_packet(p, ret);
	}
	if (token_is(&t, "icmp") || parse_next_is_punct(p, '['))
		return icmp_packet(p, ret);
	return tcp_packet(p, ret);
}

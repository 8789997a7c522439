/* SPDX-License-Identifier: BSD-2-Clause */
/* TCP segments: S. 0:0(0) ack 1 win 1000 urg 1 <mss 1460,sackOK,TS val 1 ecr 2,nop,wscale 7> */
#include "drill/parse_internal.h"

#include <string.h>

#include "wire/tcp.h"

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
bool parse_tcp(struct parse *p, struct packet *ret)
{
	int64_t v;
	ret->kind = PACKET_TCP;
	if (!tcp_flags_of(p, ret) || !parse_sequence(p, &ret->seq, &ret->len))
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
	if (parse_try_word(p, "urg")) {
		if (!parse_number(p, 0, 65535, &v))
			return false;
		ret->has_urg = true;
		ret->urg = (uint16_t)v;
	}
	return tcp_options(p, ret);
}

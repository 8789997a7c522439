/* SPDX-License-Identifier: BSD-2-Clause */
/* Headers in front of a packet, each with a colon behind it:
 *
 *	ipv4 [ttl 5] 192.0.2.1 > 192.168.0.1:
 *	ipv6 2001:db8::1 > 2001:db8::2:
 *	gre:
 *	gre flags [key present, sequence present], sum 0, off 0, key=0x12, seq 1:
 *	mpls (label 16, tc 0, ttl 64) (label 17, tc 0, [S], ttl 64):
 */
#include "drill/parse_internal.h"

#include <string.h>
#include <sys/socket.h>

#include "wire/text.h"

/* An address is no token: 1.2.3.4 begins like a time, and a colon may follow at once. */
static bool address(struct parse *p, uint8_t family, struct ipaddr *ret)
{
	static const char letters[] = "0123456789abcdefABCDEF:.";
	struct lexer *l = &p->lex;
	char text[64];
	size_t n = 0;
	while (l->p < l->end && (*l->p == ' ' || *l->p == '\t'))
		l->p++;
	while (l->p + n < l->end && l->p[n] && strchr(letters, l->p[n]) && n < sizeof text - 1)
		n++;
	for (unsigned tries = 0; n && tries < 2; tries++, n--) { /* with its last colon, or without */
		memcpy(text, l->p, n);
		text[n] = 0;
		*ret = (struct ipaddr){ 0 };
		if (family == AF_INET6 ? ip6_from_text(text, &ret->v6) : ip4_from_text(text, &ret->v4)) {
			l->p += n;
			return true;
		}
	}
	return parse_bad(p, l->line, "an address of that version of IP is wanted");
}

static bool encap_ip(struct parse *p, enum encap_kind kind, struct encap *ret)
{
	uint8_t family = kind == ENCAP_IP4 ? AF_INET : AF_INET6;
	struct packet said = { 0 };
	if (!parse_ip_info(p, &said))
		return false;
	*ret = (struct encap){
		.kind = kind, .ecn = said.ecn, .ttl = said.ttl, .tos = said.tos, .flow_label = said.flow_label
	};
	return address(p, family, &ret->src) && parse_punct(p, '>') && address(p, family, &ret->dst);
}

/* --- GRE --- */

static bool gre_flags(struct parse *p, struct encap *ret)
{
	static const struct {
		const char *name;
		uint16_t flag;
	} names[] = { { "checksum", GRE_CSUM }, { "key", GRE_KEY }, { "sequence", GRE_SEQ } };
	int64_t v;
	if (!parse_try_punct(p, '[')) {
		if (!parse_number(p, 0, 65535, &v))
			return false;
		ret->flags = (uint16_t)v;
		return true;
	}
	do {
		struct token t = lex_next(&p->lex);
		unsigned i = 0;
		char show[48];
		if (token_is(&t, "none"))
			continue;
		while (i < ARRAY_SIZE(names) && !token_is(&t, names[i].name))
			i++;
		if (i == ARRAY_SIZE(names))
			return parse_bad(p, t.line, "%s is no flag of GRE", token_show(&t, show));
		if (!parse_word(p, "present"))
			return false;
		ret->flags |= names[i].flag;
	} while (parse_try_punct(p, ','));
	return parse_punct(p, ']');
}

/* name N, with a comma before it or without. */
static bool gre_field(struct parse *p, const char *name, int64_t max, int64_t *ret)
{
	*ret = 0;
	parse_try_punct(p, ',');
	if (!parse_try_word(p, name))
		return true;
	parse_try_punct(p, '=');
	return parse_number(p, 0, max, ret);
}

static bool encap_gre(struct parse *p, struct encap *ret)
{
	int64_t sum, off, key, seq;
	*ret = (struct encap){ .kind = ENCAP_GRE };
	parse_try_punct(p, ',');
	if (parse_next_is_punct(p, ':'))
		return true;
	if (!parse_word(p, "flags") || !gre_flags(p, ret) || !gre_field(p, "sum", 65535, &sum) ||
	    !gre_field(p, "off", 65535, &off) || !gre_field(p, "key", UINT32_MAX, &key) ||
	    !gre_field(p, "seq", UINT32_MAX, &seq))
		return false;
	ret->sum = (uint16_t)sum;
	ret->off = (uint16_t)off;
	ret->key = (uint32_t)key;
	ret->seq = (uint32_t)seq;
	return true;
}

/* --- MPLS --- */

static bool mpls_entry(struct parse *p, uint32_t *ret)
{
	int64_t label, tc, ttl;
	if (!parse_word(p, "label") || !parse_number(p, 0, 0xfffff, &label) || !parse_punct(p, ',') ||
	    !parse_word(p, "tc") || !parse_number(p, 0, 7, &tc) || !parse_punct(p, ','))
		return false;
	bool bottom = parse_try_punct(p, '[');
	if (bottom && (!parse_word(p, "S") || !parse_punct(p, ']') || !parse_punct(p, ',')))
		return false;
	if (!parse_word(p, "ttl") || !parse_number(p, 0, 255, &ttl))
		return false;
	*ret = (uint32_t)label << 12 | (uint32_t)tc << 9 | (uint32_t)bottom << 8 | (uint32_t)ttl;
	return parse_punct(p, ')');
}

static bool encap_mpls(struct parse *p, struct encap *ret)
{
	*ret = (struct encap){ .kind = ENCAP_MPLS };
	while (parse_try_punct(p, '(')) {
		if (ret->n_entries == MPLS_MAX)
			return parse_bad(p, p->lex.line, "there is room for %d labels", MPLS_MAX);
		if (!mpls_entry(p, &ret->entry[ret->n_entries++]))
			return false;
	}
	return ret->n_entries ||
	       parse_bad(p, p->lex.line, "mpls wants labels: (label 16, tc 0, [S], ttl 64)");
}

bool parse_encaps(struct parse *p, struct packet *ret)
{
	for (;; ret->n_encaps++) {
		struct token t = lex_peek(&p->lex);
		bool is4 = token_is(&t, "ipv4"), is6 = token_is(&t, "ipv6"), gre = token_is(&t, "gre"),
		     mpls = token_is(&t, "mpls");
		if (!is4 && !is6 && !gre && !mpls)
			return true;
		if (ret->n_encaps == PACKET_ENCAPS_MAX)
			return parse_bad(p, t.line, "there is room for %d headers in front",
					 PACKET_ENCAPS_MAX);
		struct encap *e = &ret->encap[ret->n_encaps];
		lex_next(&p->lex);
		bool ok = gre    ? encap_gre(p, e)
			  : mpls ? encap_mpls(p, e)
				 : encap_ip(p, is4 ? ENCAP_IP4 : ENCAP_IP6, e);
		if (!ok || !parse_punct(p, ':'))
			return false;
	}
}

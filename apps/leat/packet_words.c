/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: each word is a row of a table and says one thing about the packet; what is not said is as in a ping. Then the
 * packet is written from the inside out: transport, IP, tag, frame. */
#include "leat/packet_words.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/csum.h"
#include "wire/eth.h"
#include "wire/icmp4.h"
#include "wire/icmp6.h"
#include "wire/ip4.h"
#include "wire/ip6.h"
#include "wire/tcp.h"
#include "wire/text.h"
#include "wire/udp.h"

enum kind { NUMBER, ADDRESS, MAC, FLAGS, NAME, BARE, PROTO };

/* Numbers are 32 bits; whether a word was given tells a bit of `given`. */
struct said {
	uint64_t given; /* 1 << row of words[] */
	bool is6, has_family;
	struct ip6 from, to;
	uint8_t smac[6], dmac[6];
	const char *oif;
	uint32_t proto, sport, dport, type, code, id, seq, flags, ttl, tos, label, len, frag, vlan, mark, uid,
		worker;
};

#define ROW(word, kind, member, max)                           \
	{                                                      \
		word, kind, offsetof(struct said, member), max \
	}
static const struct word {
	const char *name;
	enum kind kind;
	size_t off;
	uint32_t max; /* of numbers; of PROTO the number that it means */
} words[] = {
	ROW("from", ADDRESS, from, 0),
	ROW("to", ADDRESS, to, 0),
	ROW("udp", PROTO, proto, IP_PROTO_UDP),
	ROW("tcp", PROTO, proto, IP_PROTO_TCP),
	ROW("icmp", PROTO, proto, IP_PROTO_ICMP4),
	ROW("icmp6", PROTO, proto, IP_PROTO_ICMP6),
	ROW("proto", NUMBER, proto, 255),
	ROW("sport", NUMBER, sport, 65535),
	ROW("dport", NUMBER, dport, 65535),
	ROW("flags", FLAGS, flags, 0),
	ROW("type", NUMBER, type, 255),
	ROW("code", NUMBER, code, 255),
	ROW("id", NUMBER, id, 65535),
	ROW("seq", NUMBER, seq, UINT32_MAX),
	ROW("ttl", NUMBER, ttl, 255),
	ROW("hoplimit", NUMBER, ttl, 255),
	ROW("tos", NUMBER, tos, 255),
	ROW("dsfield", NUMBER, tos, 255),
	ROW("label", NUMBER, label, 0xfffff),
	ROW("len", NUMBER, len, PACKET_WORDS_MAX - 64),
	ROW("df", BARE, len, 0),
	ROW("offset", NUMBER, frag, 65528),
	ROW("more", BARE, frag, 0),
	ROW("smac", MAC, smac, 0),
	ROW("dmac", MAC, dmac, 0),
	ROW("vlan", NUMBER, vlan, 4094),
	ROW("oif", NAME, oif, 0),
	ROW("mark", NUMBER, mark, UINT32_MAX),
	ROW("uid", NUMBER, uid, UINT32_MAX),
	ROW("worker", NUMBER, worker, 15),
};
#undef ROW

static bool has(const struct said *s, const char *name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(words[i].name, name))
			return s->given >> i & 1;
	return false;
}

static int printf_like(3, 4) bad(char *why, size_t len, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(why, len, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

/* --- reading --- */

static bool read_number(const char *v, uint32_t max, uint32_t *ret)
{
	char *end;
	errno = 0;
	unsigned long n = isdigit((unsigned char)*v) ? strtoul(v, &end, 0) : 0;
	if (!isdigit((unsigned char)*v) || errno || *end || n > max)
		return false;
	*ret = (uint32_t)n;
	return true;
}

static bool read_flags(const char *v, uint32_t *ret)
{
	static const char letters[] = "FSRP.UEC"; /* from the lowest bit on */
	uint32_t flags = 0;
	for (; *v; v++) {
		const char *at = strchr(letters, *v == 'A' ? '.' : toupper((unsigned char)*v));
		if (!at || !*at)
			return false;
		flags |= 1U << (at - letters);
	}
	*ret = flags;
	return true;
}

static bool read_address(struct said *s, const char *v, struct ip6 *ret)
{
	be32 a;
	bool is6 = strchr(v, ':');
	if (s->has_family && s->is6 != is6)
		return false;
	s->has_family = true;
	s->is6 = is6;
	if (is6)
		return ip6_from_text(v, ret);
	if (!ip4_from_text(v, &a))
		return false;
	memcpy(ret, &a, sizeof a);
	return true;
}

static bool read_value(struct said *s, const struct word *w, const char *v)
{
	void *to = (char *)s + w->off;
	switch (w->kind) {
	case NUMBER:
		return read_number(v, w->max, to);
	case ADDRESS:
		return read_address(s, v, to);
	case MAC:
		return mac_from_text(v, to);
	case FLAGS:
		return read_flags(v, to);
	case NAME:
		*(const char **)to = v;
		return *v;
	default:
		return false;
	}
}

static const struct word *find(const char *name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(words[i].name, name))
			return &words[i];
	return NULL;
}

static int read_words(char *const *argv, int n, struct said *s, char *why, size_t len)
{
	for (int i = 0; i < n; i++) {
		const struct word *w = find(argv[i]);
		if (!w)
			return bad(why, len, "what is \"%s\"? (see leat explain --help)", argv[i]);
		s->given |= (uint64_t)1 << (w - words);
		if (w->kind == PROTO)
			s->proto = w->max;
		if (w->kind == PROTO || w->kind == BARE)
			continue;
		if (++i == n)
			return bad(why, len, "\"%s\" wants a value", w->name);
		if (!read_value(s, w, argv[i]))
			return bad(why, len, "\"%s %s\" is not understood", w->name, argv[i]);
	}
	return 0;
}

/* --- writing --- */

static void put_transport(const struct said *s, uint8_t *to, uint32_t len)
{
	if (s->proto == IP_PROTO_UDP) {
		struct udp_hdr h = { be16_of((uint16_t)s->sport), be16_of((uint16_t)s->dport),
				     be16_of((uint16_t)len), be16_of(0) };
		memcpy(to, &h, MIN(len, (uint32_t)sizeof h));
	} else if (s->proto == IP_PROTO_TCP) {
		struct tcp_hdr h = { .sport = be16_of((uint16_t)s->sport),
				     .dport = be16_of((uint16_t)s->dport),
				     .seq = be32_of(s->seq),
				     .off_flags = be16_of((uint16_t)(5 << 12 | s->flags)),
				     .window = be16_of(65535) };
		memcpy(to, &h, MIN(len, (uint32_t)sizeof h));
	} else if (s->proto == IP_PROTO_ICMP4 || s->proto == IP_PROTO_ICMP6) {
		struct icmp4_hdr h = { .type = (uint8_t)s->type,
				       .code = (uint8_t)s->code,
				       .id = be16_of((uint16_t)s->id),
				       .seq = be16_of((uint16_t)s->seq) };
		memcpy(to, &h, MIN(len, (uint32_t)sizeof h));
	}
}

static unsigned transport_len(const struct said *s)
{
	return s->proto == IP_PROTO_TCP ? sizeof(struct tcp_hdr) : 8;
}

static int csum_at(uint32_t proto)
{
	return proto == IP_PROTO_UDP                                ? 6
	       : proto == IP_PROTO_TCP                              ? 16
	       : proto == IP_PROTO_ICMP4 || proto == IP_PROTO_ICMP6 ? 2
								    : -1;
}

static void sum_transport(const struct said *s, uint8_t *l4, uint32_t len)
{
	int at = csum_at(s->proto);
	uint32_t pseudo = 0;
	be32 from, to;
	memcpy(&from, &s->from, sizeof from);
	memcpy(&to, &s->to, sizeof to);
	if (at < 0 || len < (uint32_t)at + 2 || s->frag || has(s, "more"))
		return;
	if (s->is6)
		pseudo = csum_pseudo6(&s->from, &s->to, (uint8_t)s->proto, len);
	else if (s->proto != IP_PROTO_ICMP4)
		pseudo = csum_pseudo4(from, to, (uint8_t)s->proto, len);
	be16 csum = be16_of(csum_done_udp(csum_add(csum_mem(l4, len), pseudo)));
	memcpy(l4 + at, &csum, sizeof csum);
}

static uint32_t put_ip4(const struct said *s, uint8_t *to, uint32_t len)
{
	struct ip4_hdr h = {
		.ver_ihl = IP4_VER_IHL,
		.tos = (uint8_t)s->tos,
		.len = be16_of((uint16_t)len),
		.id = be16_of((uint16_t)(s->id ? s->id : 1)),
		.frag = be16_of((uint16_t)(s->frag / 8 | (has(s, "more") ? IP4_MF : 0) |
					   (has(s, "df") ? IP4_DF : 0))),
		.ttl = (uint8_t)s->ttl,
		.proto = (uint8_t)s->proto,
	};
	memcpy(&h.src, &s->from, sizeof h.src);
	memcpy(&h.dst, &s->to, sizeof h.dst);
	ip4_csum_set(&h);
	memcpy(to, &h, sizeof h);
	return sizeof h;
}

static bool is_fragment(const struct said *s)
{
	return s->frag || has(s, "more");
}

static uint32_t put_ip6(const struct said *s, uint8_t *to, uint32_t len)
{
	struct ip6_hdr h = {
		.ver_tc_flow = be32_of(6U << 28 | s->tos << 20 | s->label),
		.payload_len = be16_of((uint16_t)(len - sizeof h)),
		.next = is_fragment(s) ? IP_PROTO_FRAGMENT : (uint8_t)s->proto,
		.hop_limit = (uint8_t)s->ttl,
		.src = s->from,
		.dst = s->to,
	};
	struct ip6_frag_hdr f = { .next = (uint8_t)s->proto,
				  .off_more = be16_of((uint16_t)((s->frag & ~7U) | has(s, "more"))),
				  .id = be32_of(s->id ? s->id : 1) };
	memcpy(to, &h, sizeof h);
	if (is_fragment(s))
		memcpy(to + sizeof h, &f, sizeof f);
	return sizeof h + (is_fragment(s) ? (uint32_t)sizeof f : 0);
}

static uint32_t headers_len(const struct said *s)
{
	if (!s->is6)
		return sizeof(struct ip4_hdr);
	return sizeof(struct ip6_hdr) + (is_fragment(s) ? (uint32_t)sizeof(struct ip6_frag_hdr) : 0);
}

static uint32_t put_packet(const struct said *s, bool framed, uint8_t *to)
{
	uint32_t at = headers_len(s), len = has(s, "len") ? MAX(s->len, at) : at + transport_len(s);
	if (!s->frag)
		put_transport(s, to + at, len - at);
	if (framed)
		sum_transport(s, to + at, len - at);
	if (s->is6)
		put_ip6(s, to, len);
	else
		put_ip4(s, to, len);
	return len;
}

/* Where a sender on the link would send it: to the interface, or to the group's address. */
static void fill_macs(struct said *s, const uint8_t mac[6])
{
	static const uint8_t a_neighbour[6] = { 2, 0, 0, 0, 0, 1 };
	be32 to;
	memcpy(&to, &s->to, sizeof to);
	if (!has(s, "smac"))
		memcpy(s->smac, a_neighbour, 6);
	if (has(s, "dmac"))
		return;
	if (s->is6 && ip6_is_multicast(&s->to))
		eth_group_of_ip6(&s->to, s->dmac);
	else if (!s->is6 && ip4_is_multicast(to))
		eth_group_of_ip4(to, s->dmac);
	else if (!s->is6 && be32_get(to) == UINT32_MAX)
		memset(s->dmac, 0xff, 6);
	else
		memcpy(s->dmac, mac, 6);
}

static uint32_t put_frame(const struct said *s, uint8_t *to)
{
	struct eth_hdr h;
	uint16_t type = s->is6 ? ETH_P_IPV6 : ETH_P_IP;
	struct vlan_tag tag = { be16_of((uint16_t)s->vlan), be16_of(type) };
	memcpy(h.dst, s->dmac, 6);
	memcpy(h.src, s->smac, 6);
	h.type = be16_of(has(s, "vlan") ? ETH_P_8021Q : type);
	memcpy(to, &h, sizeof h);
	if (has(s, "vlan"))
		memcpy(to + sizeof h, &tag, sizeof tag);
	return sizeof h + (has(s, "vlan") ? (uint32_t)sizeof tag : 0);
}

static void set_defaults(struct said *s)
{
	if (!s->proto && !has(s, "proto"))
		s->proto = s->is6 ? IP_PROTO_ICMP6 : IP_PROTO_ICMP4;
	if (!has(s, "type"))
		s->type = s->proto == IP_PROTO_ICMP6 ? ICMP6_ECHO : ICMP4_ECHO;
	if (!has(s, "ttl") && !has(s, "hoplimit"))
		s->ttl = 64;
	if (!has(s, "flags"))
		s->flags = TCP_F_SYN;
}

static int check(const struct said *s, bool framed, char *why, size_t len)
{
	if (!has(s, "to"))
		return bad(why, len, "where does it go? (to ADDRESS)");
	if (framed && !has(s, "from"))
		return bad(why, len, "what comes by an interface has a source (from ADDRESS)");
	if (!framed && (has(s, "smac") || has(s, "dmac") || has(s, "vlan")))
		return bad(why, len, "what this host sends has no frame yet: no smac, dmac or vlan");
	if (framed && (has(s, "oif") || has(s, "uid") || has(s, "mark")))
		return bad(why, len, "oif, uid and mark are a socket's: leave the interface out in front");
	return 0;
}

int packet_words_read(char *const *argv, int n, bool framed, const uint8_t mac[6], struct packet_words *ret,
		      char *ret_why, size_t why_len)
{
	struct said s = { 0 };
	int err = read_words(argv, n, &s, ret_why, why_len);
	if (!err)
		err = check(&s, framed, ret_why, why_len);
	if (err)
		return err;
	memset(ret, 0, sizeof *ret);
	set_defaults(&s);
	if (framed) {
		fill_macs(&s, mac);
		ret->len = put_frame(&s, ret->bytes);
	}
	ret->len += put_packet(&s, framed, ret->bytes + ret->len);
	ret->oif = s.oif;
	ret->mark = s.mark;
	ret->uid = s.uid;
	ret->worker = s.worker;
	return 0;
}

/* --- hexadecimal --- */

static int digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

/* Digits of a byte may not stand apart. */
static int read_hex(const char *v, struct packet_words *ret)
{
	if (v[0] == '0' && (v[1] == 'x' || v[1] == 'X'))
		v += 2;
	while (*v) {
		if (isspace((unsigned char)*v) || *v == ':') {
			v++;
			continue;
		}
		int high = digit(v[0]), low = high < 0 ? -1 : digit(v[1]);
		if (low < 0 || ret->len == sizeof ret->bytes)
			return -EINVAL;
		ret->bytes[ret->len++] = (uint8_t)(high << 4 | low);
		v += 2;
	}
	return 0;
}

int packet_hex_read(char *const *argv, int n, struct packet_words *ret, char *ret_why, size_t why_len)
{
	memset(ret, 0, sizeof *ret);
	for (int i = 0; i < n; i++)
		if (read_hex(argv[i], ret))
			return bad(ret_why, why_len, "\"%s\" is no row of bytes in hexadecimal", argv[i]);
	return ret->len ? 0 : bad(ret_why, why_len, "hex wants bytes");
}

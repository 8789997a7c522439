/* SPDX-License-Identifier: BSD-2-Clause */
#include "drill/bytes.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "wire/icmp4.h"
#include "wire/icmp6.h"
#include "wire/ip4.h"
#include "wire/ip6.h"
#include "wire/tcp.h"
#include "wire/udp.h"

enum { QUOTE_L4 = 8, TTL_DEFAULT = 64 };

static uint8_t icmp_proto(uint8_t family)
{
	return family == AF_INET ? IP_PROTO_ICMP4 : IP_PROTO_ICMP6;
}

static uint32_t pseudo(const struct flow *f, bool out, uint8_t proto, uint32_t len)
{
	const struct ipaddr *src = out ? &f->local : &f->remote, *dst = out ? &f->remote : &f->local;
	return f->family == AF_INET ? csum_pseudo4(src->v4, dst->v4, proto, len)
				    : csum_pseudo6(&src->v6, &dst->v6, proto, len);
}

/* --- to bytes --- */

/* Writes the IP header in front of body_len bytes; returns its length. body_len may be more than what follows: a quote. */
static uint32_t emit_ip(const struct flow *f, bool out, uint8_t proto, const struct packet *p,
			const uint8_t *body, uint32_t body_len, uint8_t *to)
{
	const struct ipaddr *src = out ? &f->local : &f->remote, *dst = out ? &f->remote : &f->local;
	uint8_t tos = p->tos == UNSAID ? 0 : (uint8_t)p->tos,
		ttl = p->ttl == UNSAID ? TTL_DEFAULT : (uint8_t)p->ttl;
	if (p->ecn != ECN_UNSAID)
		tos = (uint8_t)((tos & ~IP_ECN_MASK) | (p->ecn == ECN_ECT01 ? ECN_ECT0 : p->ecn));
	if (f->family == AF_INET) {
		struct ip4_msg m = { .tos = tos, .ttl = ttl, .proto = proto, .src = src->v4, .dst = dst->v4 };
		m.body = cur_of(body, body_len);
		return ip4_emit(&m, to);
	}
	struct ip6_msg m = { .tc = tos, .hop_limit = ttl, .next = proto, .src = src->v6, .dst = dst->v6 };
	struct ip6_hdr h;
	m.body = cur_of(body, body_len);
	if (!ip6_emit(&m, &h))
		return 0;
	memcpy(to, &h, sizeof h);
	return sizeof h;
}

static uint32_t emit_udp(const struct flow *f, bool out, uint32_t len, uint8_t *to)
{
	struct udp_msg m = { .sport = out ? f->local_port : f->remote_port,
			     .dport = out ? f->remote_port : f->local_port,
			     .body = cur_of(to + sizeof(struct udp_hdr), len) };
	struct udp_hdr h;
	uint32_t all = len + (uint32_t)sizeof h;
	memset(to + sizeof h, 0, len);
	if (!udp_emit(&m, &h))
		return 0;
	memcpy(to, &h, sizeof h);
	h.csum = be16_of(csum_done_udp(csum_add(pseudo(f, out, IP_PROTO_UDP, all), csum_mem(to, all))));
	memcpy(to, &h, sizeof h);
	return all;
}

static uint32_t emit_tcp(const struct flow *f, const struct packet *p, uint8_t *to)
{
	struct tcp_msg m = { .sport = f->remote_port,
			     .dport = f->local_port,
			     .seq = p->seq,
			     .ack = p->ack,
			     .flags = p->flags,
			     .window = p->win,
			     .options = cur_of(p->options, p->options_len) };
	unsigned hdr = tcp_emit(&m, to);
	uint32_t all = hdr + p->len;
	if (!hdr)
		return 0;
	memset(to + hdr, 0, p->len);
	be16 csum = be16_of(csum_done(csum_add(pseudo(f, false, IP_PROTO_TCP, all), csum_mem(to, all))));
	memcpy(to + offsetof(struct tcp_hdr, csum), &csum, sizeof csum);
	return all;
}

/* The head of a packet that the stack sent: as much as routers quote (RFC 792). */
static uint32_t emit_quote(const struct packet *p, const struct flow *f, uint8_t *to)
{
	static const struct packet plain = { .ecn = ECN_UNSAID, .ttl = UNSAID, .tos = UNSAID };
	uint8_t l4[QUOTE_L4] = { 0 };
	struct udp_hdr h = { .sport = be16_of(f->local_port), .dport = be16_of(f->remote_port) };
	uint32_t len = p->quote_len + (uint32_t)(p->quote == QUOTE_TCP ? sizeof(struct tcp_hdr) : sizeof h);
	h.len = be16_of((uint16_t)len);
	memcpy(l4, &h, sizeof h);
	if (p->quote == QUOTE_TCP) {
		be32 seq = be32_of(p->quote_seq);
		memcpy(l4 + offsetof(struct tcp_hdr, seq), &seq, sizeof seq);
	}
	uint32_t ip =
		emit_ip(f, true, p->quote == QUOTE_TCP ? IP_PROTO_TCP : IP_PROTO_UDP, &plain, l4, len, to);
	if (ip)
		memcpy(to + ip, l4, sizeof l4);
	return ip ? ip + (uint32_t)sizeof l4 : 0;
}

static uint32_t icmp_info(const struct packet *p, uint8_t family)
{
	if (p->mtu != UNSAID)
		return (uint32_t)p->mtu & (family == AF_INET ? 0xffff : UINT32_MAX);
	return (uint32_t)(p->id == UNSAID ? 0 : p->id) << 16 |
	       (uint32_t)(p->echo_seq == UNSAID ? 0 : p->echo_seq);
}

static uint32_t emit_icmp(const struct packet *p, const struct flow *f, uint8_t *to)
{
	static const struct packet unsaid = { .quote = QUOTE_TCP };
	bool error = f->family == AF_INET ? icmp4_is_error(p->type) : icmp6_is_error(p->type);
	const uint32_t hdr = sizeof(struct icmp4_hdr);
	uint32_t len = p->icmp_len == UNSAID ? 0 : (uint32_t)p->icmp_len;
	memset(to + hdr, 0, len);
	if (error && p->quote != QUOTE_RAW &&
	    !(len = emit_quote(p->quote == QUOTE_NONE ? &unsaid : p, f, to + hdr)))
		return 0;
	be32 info = be32_of(icmp_info(p, f->family));
	memcpy(to, (const uint8_t[]){ p->type, p->code, 0, 0 }, 4);
	memcpy(to + 4, &info, sizeof info);
	uint32_t sum = csum_mem(to, hdr + len);
	if (f->family == AF_INET6)
		sum = csum_add(sum, pseudo(f, false, IP_PROTO_ICMP6, hdr + len));
	be16 csum = be16_of(csum_done(sum));
	memcpy(to + 2, &csum, sizeof csum);
	return hdr + len;
}

uint32_t packet_emit(const struct packet *p, const struct flow *f, uint8_t to[static DRILL_PACKET_MAX])
{
	uint32_t hdr = f->family == AF_INET ? sizeof(struct ip4_hdr) : sizeof(struct ip6_hdr), len;
	uint8_t *l4 = to + hdr, proto;
	if ((p->kind == PACKET_ICMP ? p->icmp_len : (int64_t)p->len) > 65535 - 100)
		return 0;
	if (p->kind == PACKET_UDP) {
		struct flow other = *f;
		other.remote_port = p->sport ? p->sport : f->remote_port;
		other.local_port = p->dport ? p->dport : f->local_port;
		proto = IP_PROTO_UDP;
		len = emit_udp(&other, false, p->len, l4);
	} else if (p->kind == PACKET_TCP) {
		proto = IP_PROTO_TCP;
		len = emit_tcp(f, p, l4);
	} else {
		proto = icmp_proto(f->family);
		len = emit_icmp(p, f, l4);
	}
	return len && emit_ip(f, false, proto, p, l4, len, to) ? hdr + len : 0;
}

/* --- from bytes --- */

struct ip_seen {
	uint8_t proto;
	struct cursor body; /* as far as it is there */
	uint32_t len; /* of the body, by its length field */
	bool fragment;
};

/* A quoted packet is cut short, so its lengths are taken as they are said. */
static const char *read_ip(struct cursor c, struct packet *p, struct flow *f, struct ip_seen *ret)
{
	union {
		struct ip4_hdr v4;
		struct ip6_hdr v6;
	} tmp;
	const uint8_t *first = cur_peek(&c, &tmp, 1);
	if (first && *first >> 4 == 6) {
		const struct ip6_hdr *h = cur_take(&c, &tmp, sizeof *h);
		if (!h)
			return "cut short within the IP header";
		*f = (struct flow){ .family = AF_INET6, .local.v6 = h->src, .remote.v6 = h->dst };
		p->ttl = h->hop_limit;
		p->tos = ip6_traffic_class(h);
		*ret = (struct ip_seen){ .proto = h->next, .body = c, .len = be16_get(h->payload_len) };
		ret->fragment = h->next == IP_PROTO_FRAGMENT;
		return NULL;
	}
	const struct ip4_hdr *h = cur_take(&c, &tmp, sizeof *h);
	if (!h || h->ver_ihl >> 4 != 4 || ip4_hdr_len(h) < sizeof *h || be16_get(h->len) < ip4_hdr_len(h) ||
	    !cur_skip(&c, ip4_hdr_len(h) - (unsigned)sizeof *h))
		return "not an IP packet";
	*f = (struct flow){ .family = AF_INET, .local.v4 = h->src, .remote.v4 = h->dst };
	p->ttl = h->ttl;
	p->tos = h->tos;
	*ret = (struct ip_seen){ .proto = h->proto, .body = c, .len = be16_get(h->len) - ip4_hdr_len(h) };
	ret->fragment = ip4_is_fragment(h);
	return NULL;
}

static void ports_of(struct cursor c, struct flow *f)
{
	be16 ports[2];
	if (!cur_copy(&c, ports, sizeof ports))
		return;
	f->local_port = be16_get(ports[0]);
	f->remote_port = be16_get(ports[1]);
}

static const char *read_udp(const struct ip_seen *ip, struct packet *p)
{
	struct udp_msg m;
	p->kind = PACKET_UDP;
	if (udp_parse(ip->body, &m) != DROP_NONE)
		return "a malformed UDP header";
	p->len = cur_left(&m.body);
	return NULL;
}

static const char *read_tcp(const struct ip_seen *ip, struct packet *p)
{
	struct tcp_msg m;
	p->kind = PACKET_TCP;
	if (tcp_parse(ip->body, &m) != DROP_NONE)
		return "a malformed TCP header";
	p->flags = m.flags;
	p->seq = m.seq;
	p->ack = m.ack;
	p->has_ack = m.flags & TCP_F_ACK;
	p->win = m.window;
	p->has_win = true;
	p->len = cur_left(&m.body);
	p->options_len = (uint8_t)cur_left(&m.options);
	cur_copy(&m.options, p->options, p->options_len);
	return NULL;
}

static void read_quote(struct cursor c, struct packet *p)
{
	struct packet inner;
	struct flow f;
	struct ip_seen ip;
	be32 seq;
	if (read_ip(c, &inner, &f, &ip))
		return;
	if (ip.proto == IP_PROTO_UDP && ip.len >= sizeof(struct udp_hdr)) {
		p->quote = QUOTE_UDP;
		p->quote_len = ip.len - (uint32_t)sizeof(struct udp_hdr);
	} else if (ip.proto == IP_PROTO_TCP && cur_skip(&ip.body, 4) &&
		   cur_copy(&ip.body, &seq, sizeof seq)) {
		p->quote = QUOTE_TCP;
		p->quote_seq = be32_get(seq);
		p->quote_len = ip.len - MIN(ip.len, (uint32_t)sizeof(struct tcp_hdr));
	}
}

static bool has_mtu(uint8_t family, const struct packet *p)
{
	return family == AF_INET ? p->type == ICMP4_UNREACH && p->code == ICMP4_UNREACH_FRAG_NEEDED
				 : p->type == ICMP6_TOO_BIG;
}

static const char *read_icmp(const struct ip_seen *ip, uint8_t family, struct packet *p)
{
	struct icmp6_msg m; /* the same eight bytes in both versions */
	p->kind = PACKET_ICMP;
	p->mtu = p->id = p->echo_seq = p->icmp_len = UNSAID;
	if (icmp6_parse(ip->body, &m) != DROP_NONE)
		return "a malformed ICMP header";
	p->type = m.type;
	p->code = m.code;
	if (family == AF_INET ? icmp4_is_error(m.type) : icmp6_is_error(m.type)) {
		if (has_mtu(family, p))
			p->mtu = m.info;
		p->icmp_len = cur_left(&m.body);
		read_quote(m.body, p);
		return NULL;
	}
	p->id = icmp6_echo_id(&m);
	p->echo_seq = icmp6_echo_seq(&m);
	p->icmp_len = cur_left(&m.body);
	return NULL;
}

static const char *check_sums(const uint8_t *bytes, const struct flow *f, const struct ip_seen *ip)
{
	uint32_t sum = csum_cursor(ip->body);
	if (f->family == AF_INET && !ip4_csum_ok((const struct ip4_hdr *)bytes))
		return "a wrong IP checksum";
	if (ip->proto != IP_PROTO_ICMP4)
		sum = csum_add(sum, pseudo(f, true, ip->proto, cur_left(&ip->body)));
	return csum_ok(sum) ? NULL : "a wrong transport checksum";
}

const char *packet_read(const uint8_t *bytes, uint32_t len, struct packet *ret_packet, struct flow *ret_flow)
{
	struct ip_seen ip;
	*ret_packet = (struct packet){ .ecn = ECN_UNSAID, .ttl = UNSAID, .tos = UNSAID };
	const char *why = read_ip(cur_of(bytes, len), ret_packet, ret_flow, &ip);
	if (why)
		return why;
	ret_packet->ecn = ret_packet->tos & IP_ECN_MASK;
	if (ip.fragment)
		return "a fragment";
	if (!cur_trim(&ip.body, ip.len))
		return "shorter than its IP header says";
	if (ip.proto == IP_PROTO_UDP)
		why = read_udp(&ip, ret_packet);
	else if (ip.proto == IP_PROTO_TCP)
		why = read_tcp(&ip, ret_packet);
	else if (ip.proto == icmp_proto(ret_flow->family))
		why = read_icmp(&ip, ret_flow->family, ret_packet);
	else
		return "of another protocol than TCP, UDP and ICMP";
	if (ip.proto == IP_PROTO_UDP || ip.proto == IP_PROTO_TCP)
		ports_of(ip.body, ret_flow);
	return why ? why : check_sums(bytes, ret_flow, &ip);
}

/* --- comparing --- */

struct compare {
	char *room;
	size_t size;
	const char *why;
};

static void same(struct compare *c, const char *what, int64_t want, int64_t seen)
{
	if (c->why || want == UNSAID || want == seen)
		return;
	snprintf(c->room, c->size, "%s: expected %lld, got %lld", what, (long long)want, (long long)seen);
	c->why = c->room;
}

static void same_ip(struct compare *c, const struct packet *want, const struct packet *seen)
{
	if (want->ecn == ECN_ECT01)
		same(c, "ECT mark", 1, seen->ecn == ECN_ECT0 || seen->ecn == ECN_ECT1);
	else
		same(c, "ECN field", want->ecn, seen->ecn);
	/* Said without its lower bits when the ECN field is said beside it. */
	same(c, "tos", want->tos,
	     want->ecn == ECN_UNSAID ? seen->tos : (seen->tos & ~IP_ECN_MASK) | (want->tos & IP_ECN_MASK));
	same(c, "ttl", want->ttl, seen->ttl);
}

static void same_tcp(struct compare *c, const struct packet *want, const struct packet *seen)
{
	same(c, "flags", want->flags, seen->flags);
	same(c, "sequence number", want->seq, seen->seq);
	same(c, "payload length", want->len, seen->len);
	if (want->has_ack)
		same(c, "ack", want->ack, seen->ack);
	if (want->has_win)
		same(c, "win", want->win, seen->win);
	if (!c->why && !want->options_any &&
	    (want->options_len != seen->options_len ||
	     memcmp(want->options, seen->options, want->options_len) != 0))
		c->why = "TCP options differ";
}

static void same_icmp(struct compare *c, const struct packet *want, const struct packet *seen)
{
	same(c, "ICMP type", want->type, seen->type);
	same(c, "ICMP code", want->code, seen->code);
	same(c, "mtu", want->mtu, seen->mtu);
	same(c, "id", want->id, seen->id);
	same(c, "seq", want->echo_seq, seen->echo_seq);
	same(c, "ICMP payload length", want->icmp_len, seen->icmp_len);
	if (want->quote == QUOTE_NONE || want->quote == QUOTE_RAW)
		return;
	if (!c->why && want->quote != seen->quote)
		c->why = "the packet that is quoted is of another protocol";
	same(c, "length of what is quoted", want->quote_len, seen->quote_len);
	if (want->quote == QUOTE_TCP)
		same(c, "sequence number of what is quoted", want->quote_seq, seen->quote_seq);
}

const char *packet_differs(const struct packet *want, const struct packet *seen, char *room, size_t size)
{
	struct compare c = { room, size, NULL };
	if (want->kind != seen->kind)
		return "the packet is of another protocol";
	if (want->kind == PACKET_UDP)
		same(&c, "payload length", want->len, seen->len);
	else if (want->kind == PACKET_TCP)
		same_tcp(&c, want, seen);
	else
		same_icmp(&c, want, seen);
	same_ip(&c, want, seen);
	return c.why;
}

static void unsaid(const int64_t *want, int64_t *seen)
{
	if (*want == UNSAID)
		*seen = UNSAID;
}

void packet_leave_unsaid(const struct packet *want, struct packet *seen)
{
	if (want->ecn == ECN_UNSAID)
		seen->ecn = ECN_UNSAID;
	if (want->tos == UNSAID)
		seen->tos = UNSAID;
	if (want->ttl == UNSAID)
		seen->ttl = UNSAID;
	if (want->kind != seen->kind)
		return;
	seen->has_ack = seen->has_ack && want->has_ack;
	seen->has_win = seen->has_win && want->has_win;
	seen->options_any = want->options_any;
	if (want->kind != PACKET_ICMP)
		return;
	unsaid(&want->mtu, &seen->mtu);
	unsaid(&want->id, &seen->id);
	unsaid(&want->echo_seq, &seen->echo_seq);
	unsaid(&want->icmp_len, &seen->icmp_len);
	if (want->quote == QUOTE_NONE)
		seen->quote = QUOTE_NONE;
}

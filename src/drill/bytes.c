/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets of scripts to bytes. */
#include "drill/bytes.h"

#include <string.h>
#include <sys/socket.h>

#include "drill/bytes_internal.h"
#include "wire/icmp4.h"
#include "wire/icmp6.h"
#include "wire/ip4.h"
#include "wire/ip6.h"
#include "wire/tcp.h"
#include "wire/udp.h"

enum { QUOTE_L4 = 8, TTL_DEFAULT = 64 };

uint8_t flow_icmp(uint8_t family)
{
	return family == AF_INET ? IP_PROTO_ICMP4 : IP_PROTO_ICMP6;
}

uint32_t flow_pseudo(const struct flow *f, bool out, uint8_t proto, uint32_t len)
{
	const struct ipaddr *src = out ? &f->local : &f->remote, *dst = out ? &f->remote : &f->local;
	return f->family == AF_INET ? csum_pseudo4(src->v4, dst->v4, proto, len)
				    : csum_pseudo6(&src->v6, &dst->v6, proto, len);
}

uint32_t emit_ip(const struct flow *f, bool out, uint8_t proto, const struct packet *p, const uint8_t *body,
		 uint32_t body_len, uint8_t *to)
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
	struct ip6_msg m = { .tc = tos,
			     .flow = p->flow_label == UNSAID ? 0 : (uint32_t)p->flow_label,
			     .hop_limit = ttl,
			     .next = proto,
			     .src = src->v6,
			     .dst = dst->v6 };
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
	h.csum = be16_of(csum_done_udp(csum_add(flow_pseudo(f, out, IP_PROTO_UDP, all), csum_mem(to, all))));
	memcpy(to, &h, sizeof h);
	return all;
}

/* What a script covers may be what cannot be. */
static uint32_t emit_udplite(const struct flow *f, const struct packet *p, uint8_t *to)
{
	const struct udplite_msg m = { .sport = f->remote_port,
				       .dport = f->local_port,
				       .coverage = (uint16_t)p->coverage };
	struct udp_hdr h;
	uint32_t all = p->len + (uint32_t)sizeof h, covered = p->coverage ? MIN(p->coverage, all) : all;
	if (p->coverage > UINT16_MAX)
		return 0;
	memset(to + sizeof h, 0, p->len);
	udplite_emit(&m, &h);
	memcpy(to, &h, sizeof h);
	uint32_t sum = csum_add(flow_pseudo(f, false, IP_PROTO_UDPLITE, all), csum_mem(to, covered));
	h.csum = be16_of(csum_done_udp(sum));
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
			     .urgent = p->urg,
			     .options = cur_of(p->options, p->options_len) };
	unsigned hdr = tcp_emit(&m, to);
	uint32_t all = hdr + p->len;
	if (!hdr)
		return 0;
	memset(to + hdr, 0, p->len);
	be16 csum = be16_of(csum_done(csum_add(flow_pseudo(f, false, IP_PROTO_TCP, all), csum_mem(to, all))));
	memcpy(to + offsetof(struct tcp_hdr, csum), &csum, sizeof csum);
	return all;
}

/* The head of a packet that the stack sent: as much as routers quote (RFC 792). */
static uint32_t emit_quote(const struct packet *p, const struct flow *f, uint8_t *to)
{
	static const struct packet plain = {
		.ecn = ECN_UNSAID, .ttl = UNSAID, .tos = UNSAID, .flow_label = UNSAID
	};
	uint8_t l4[QUOTE_L4] = { 0 };
	struct udp_hdr h = { .sport = be16_of(f->local_port), .dport = be16_of(f->remote_port) };
	static const struct {
		uint8_t proto;
		uint32_t hdr;
	} of[] = {
		[QUOTE_NONE] = { IP_PROTO_TCP, sizeof(struct tcp_hdr) }, /* as the original does */
		[QUOTE_UDP] = { IP_PROTO_UDP, sizeof h },
		[QUOTE_UDPLITE] = { IP_PROTO_UDPLITE, sizeof h },
		[QUOTE_TCP] = { IP_PROTO_TCP, sizeof(struct tcp_hdr) },
	};
	uint32_t len = p->quote_len + of[p->quote].hdr;
	h.len = be16_of((uint16_t)(p->quote == QUOTE_UDPLITE ? p->coverage : len));
	memcpy(l4, &h, sizeof h);
	if (p->quote == QUOTE_TCP || p->quote == QUOTE_NONE) {
		be32 seq = be32_of(p->quote_seq);
		memcpy(l4 + offsetof(struct tcp_hdr, seq), &seq, sizeof seq);
	}
	uint32_t ip = emit_ip(f, true, of[p->quote].proto, &plain, l4, len, to);
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
	bool error = f->family == AF_INET ? icmp4_is_error(p->type) : icmp6_is_error(p->type);
	const uint32_t hdr = sizeof(struct icmp4_hdr);
	uint32_t len = p->icmp_len == UNSAID ? 0 : (uint32_t)p->icmp_len;
	memset(to + hdr, 0, len);
	if (error && p->quote != QUOTE_RAW && !(len = emit_quote(p, f, to + hdr)))
		return 0;
	be32 info = be32_of(icmp_info(p, f->family));
	memcpy(to, (const uint8_t[]){ p->type, p->code, 0, 0 }, 4);
	memcpy(to + 4, &info, sizeof info);
	uint32_t sum = csum_mem(to, hdr + len);
	if (f->family == AF_INET6)
		sum = csum_add(sum, flow_pseudo(f, false, IP_PROTO_ICMP6, hdr + len));
	be16 csum = be16_of(csum_done(sum));
	memcpy(to + 2, &csum, sizeof csum);
	return hdr + len;
}

static uint32_t emit_l4(const struct packet *p, const struct flow *f, uint8_t *ret_proto, uint8_t *l4)
{
	switch (p->kind) {
	case PACKET_UDP:
		*ret_proto = IP_PROTO_UDP;
		return emit_udp(f, false, p->len, l4);
	case PACKET_UDPLITE:
		*ret_proto = IP_PROTO_UDPLITE;
		return emit_udplite(f, p, l4);
	case PACKET_TCP:
		*ret_proto = IP_PROTO_TCP;
		return emit_tcp(f, p, l4);
	case PACKET_ICMP:
		*ret_proto = flow_icmp(f->family);
		return emit_icmp(p, f, l4);
	}
	return 0;
}

uint32_t packet_emit(const struct packet *p, const struct flow *flow, uint8_t to[static DRILL_PACKET_MAX])
{
	struct flow f = *flow;
	uint8_t head[ENCAP_BYTES_MAX], proto = 0;
	uint32_t hdr = f.family == AF_INET ? sizeof(struct ip4_hdr) : sizeof(struct ip6_hdr), len, front;
	if ((p->kind == PACKET_ICMP ? p->icmp_len : (int64_t)p->len) > 65535 - ENCAP_BYTES_MAX)
		return 0;
	if (p->has_ports) {
		f.remote_port = p->sport;
		f.local_port = p->dport;
	}
	len = emit_l4(p, &f, &proto, to + hdr);
	if (!len || !emit_ip(&f, false, proto, p, to + hdr, len, to))
		return 0;
	len += hdr;
	if (!p->n_encaps)
		return len;
	front = encap_emit(p, f.family, len, head);
	if (!front || front + len > 65535)
		return 0;
	memmove(to + front, to, len);
	memcpy(to, head, front);
	return front + len;
}

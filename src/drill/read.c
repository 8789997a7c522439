/* SPDX-License-Identifier: BSD-2-Clause */
/* What the stack sent, as a packet of scripts. */
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

const char *read_ip(struct cursor c, struct packet *p, struct flow *f, struct ip_seen *ret)
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
		p->flow_label = ip6_flow_label(h);
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
	p->flow_label = UNSAID;
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

static const char *read_udplite(const struct flow *f, const struct ip_seen *ip, struct packet *p)
{
	struct udplite_msg m;
	struct cursor covered = ip->body;
	p->kind = PACKET_UDPLITE;
	if (udplite_parse(ip->body, &m) != DROP_NONE)
		return "a malformed UDP-Lite header";
	p->len = cur_left(&m.body);
	p->coverage = m.coverage;
	cur_trim(&covered, m.covered);
	uint32_t pseudo = flow_pseudo(f, true, ip->proto, cur_left(&ip->body));
	return m.csum && csum_ok(csum_add(csum_cursor(covered), pseudo)) ? NULL
									 : "a wrong transport checksum";
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
	p->urg = m.urgent;
	p->has_urg = m.flags & TCP_F_URG;
	p->len = cur_left(&m.body);
	p->options_len = (uint8_t)cur_left(&m.options);
	cur_copy(&m.options, p->options, p->options_len);
	return NULL;
}

static void read_quote(struct cursor c, struct packet *p)
{
	struct packet inner = { 0 };
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

static const char *check_sum(const struct flow *f, const struct ip_seen *ip)
{
	uint32_t sum = csum_cursor(ip->body);
	if (ip->proto == IP_PROTO_UDPLITE) /* seen to: it may cover less */
		return NULL;
	if (ip->proto != IP_PROTO_ICMP4)
		sum = csum_add(sum, flow_pseudo(f, true, ip->proto, cur_left(&ip->body)));
	return csum_ok(sum) ? NULL : "a wrong transport checksum";
}

/* The headers in front, then the packet's own. */
static const char *read_ips(const uint8_t *bytes, uint32_t len, struct packet *p, struct flow *f,
			    struct ip_seen *ip)
{
	struct cursor c = cur_of(bytes, len);
	for (;;) {
		struct ip4_hdr tmp;
		const struct ip4_hdr *at = cur_peek(&c, &tmp, 1); /* all is in one piece */
		const char *why = read_ip(c, p, f, ip);
		if (why)
			return why;
		if (f->family == AF_INET && !ip4_csum_ok(at))
			return "a wrong IP checksum";
		if (ip->fragment)
			return "a fragment";
		if (!cur_trim(&ip->body, ip->len))
			return "shorter than its IP header says";
		if (!encap_is(ip->proto))
			return NULL;
		c = ip->body;
		if ((why = encap_read(&c, f, ip->proto, p)))
			return why;
	}
}

const char *packet_read(const uint8_t *bytes, uint32_t len, struct packet *ret_packet, struct flow *ret_flow)
{
	struct ip_seen ip;
	*ret_packet =
		(struct packet){ .ecn = ECN_UNSAID, .ttl = UNSAID, .tos = UNSAID, .flow_label = UNSAID };
	const char *why = read_ips(bytes, len, ret_packet, ret_flow, &ip);
	if (why)
		return why;
	ret_packet->ecn = ret_packet->tos & IP_ECN_MASK;
	if (ip.proto == IP_PROTO_UDP)
		why = read_udp(&ip, ret_packet);
	else if (ip.proto == IP_PROTO_UDPLITE)
		why = read_udplite(ret_flow, &ip, ret_packet);
	else if (ip.proto == IP_PROTO_TCP)
		why = read_tcp(&ip, ret_packet);
	else if (ip.proto == flow_icmp(ret_flow->family))
		why = read_icmp(&ip, ret_flow->family, ret_packet);
	else
		why = "of another protocol than TCP, UDP, UDP-Lite and ICMP";
	if (ip.proto == IP_PROTO_UDP || ip.proto == IP_PROTO_UDPLITE || ip.proto == IP_PROTO_TCP)
		ports_of(ip.body, ret_flow);
	ret_packet->sport = ret_flow->local_port;
	ret_packet->dport = ret_flow->remote_port;
	return why ? why : check_sum(ret_flow, &ip);
}

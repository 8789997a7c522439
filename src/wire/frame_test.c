/* SPDX-License-Identifier: BSD-2-Clause */
#include "frame.c"

#include <stdio.h>

#include "split_test.h"
#include "wire/icmp4.h"
#include "wire/icmp6.h"
#include "wire/nd.h"
#include "wire/tcp.h"
#include "wire/udp.h"

#define MACS "02:00:00:00:00:01 > 02:00:00:00:00:02"

static const be32 ip_a = { { 10, 0, 0, 1 } }, ip_b = { { 10, 0, 0, 2 } };

static uint32_t put_eth(uint8_t *p, uint16_t type)
{
	const struct eth_msg m = { .dst = { 2, 0, 0, 0, 0, 2 }, .src = { 2, 0, 0, 0, 0, 1 }, .type = type };
	eth_emit(&m, (struct eth_hdr *)p);
	return sizeof(struct eth_hdr);
}

/* Puts an IPv4 header before `len` bytes already at p + 14 + 20. Returns the frame's length. */
static uint32_t wrap_ip4(uint8_t *p, uint8_t proto, uint32_t len)
{
	uint32_t at = put_eth(p, ETH_P_IP);
	const struct ip4_msg m = {
		.ttl = 64, .proto = proto, .src = ip_a, .dst = ip_b, .body = cur_of(p + at + 20, len)
	};
	uint8_t h[IP4_HDR_MAX];
	memcpy(p + at, h, ip4_emit(&m, h));
	return at + 20 + len;
}

static uint32_t wrap_ip6(uint8_t *p, uint8_t next, uint8_t hop_limit, uint32_t len)
{
	uint32_t at = put_eth(p, ETH_P_IPV6);
	const struct ip6_msg m = {
		.next = next,
		.hop_limit = hop_limit,
		.src = { { 0xfe, 0x80, [15] = 1 } },
		.dst = { { 0xfe, 0x80, [15] = 2 } },
		.body = cur_of(p + at + 40, len),
	};
	ip6_emit(&m, (struct ip6_hdr *)(p + at));
	return at + 40 + len;
}

static void expect(const uint8_t *p, uint32_t len, const char *want)
{
	char buf[400], start[400];
	struct cursor c;
	for_each_split (c, p, len) {
		wire_print_frame(c, buf, sizeof buf);
		assert_string_equal(buf, want);
	}
	for (uint32_t n = 0; n < len; n++) { /* cut short anywhere: some line, never a crash */
		wire_print_frame(cur_of(p, n), buf, sizeof buf);
		assert_true(strlen(buf) > 0 && !strchr(buf, '\n'));
	}
	for (size_t size = 1; size < strlen(want); size++) {
		wire_print_frame(cur_of(p, len), start, size);
		assert_memory_equal(start, want, size - 1);
		assert_int_equal(strlen(start), size - 1);
	}
	wire_print_frame(cur_of(p, len), NULL, 0);
}

static void echoes_are_shown(void **state)
{
	uint8_t p[200] = { 0 };
	const struct icmp4_msg m = { .type = ICMP4_ECHO, .id = 7, .seq = 1 };
	icmp4_emit(&m, (struct icmp4_hdr *)(p + 34));
	expect(p, wrap_ip4(p, IP_PROTO_ICMP4, 8 + 56),
	       MACS ", 10.0.0.1 > 10.0.0.2 ttl 64, icmp echo id 7 seq 1, 56 bytes");
	const struct icmp6_msg m6 = { .type = ICMP6_ECHO_REPLY, .info = 7 << 16 | 1 };
	icmp6_emit(&m6, (struct icmp6_hdr *)(p + 54));
	expect(p, wrap_ip6(p, IP_PROTO_ICMP6, 63, 8),
	       MACS ", fe80::1 > fe80::2 hlim 63, icmp6 echo reply id 7 seq 1, 0 bytes");
}

static void tcp_and_udp_are_shown(void **state)
{
	uint8_t p[200] = { 0 };
	const struct tcp_msg t = {
		.sport = 1000, .dport = 80, .seq = 5, .flags = TCP_F_SYN | TCP_F_ACK, .window = 9
	};
	assert_int_equal(tcp_emit(&t, p + 34), 20);
	expect(p, wrap_ip4(p, IP_PROTO_TCP, 20 + 3),
	       MACS ", 10.0.0.1 > 10.0.0.2 ttl 64, tcp 1000 > 80 [SA] seq 5 ack 0 win 9, 3 bytes");
	const struct udp_msg u = { .sport = 5353, .dport = 53, .body = cur_of(p, 4) };
	assert_true(udp_emit(&u, (struct udp_hdr *)(p + 54)));
	expect(p, wrap_ip6(p, IP_PROTO_UDP, 1, 12),
	       MACS ", fe80::1 > fe80::2 hlim 1, udp 5353 > 53, 4 bytes");
}

static void errors_show_what_they_quote(void **state)
{
	uint8_t p[300] = { 0 }, inner[200] = { 0 };
	const struct udp_msg u = { .sport = 40000, .dport = 33434, .body = cur_of(p, 32) };
	assert_true(udp_emit(&u, (struct udp_hdr *)(inner + 34)));
	wrap_ip4(inner, IP_PROTO_UDP, 40);
	const struct icmp4_msg m = { .type = ICMP4_TIME_EXCEEDED };
	icmp4_emit(&m, (struct icmp4_hdr *)(p + 34));
	memcpy(p + 42, inner + 14, 28); /* the header and 8 bytes, as RFC 792 asks */
	expect(p, wrap_ip4(p, IP_PROTO_ICMP4, 8 + 28),
	       MACS ", 10.0.0.1 > 10.0.0.2 ttl 64, icmp time exceeded code 0 "
		    "[10.0.0.1 > 10.0.0.2 ttl 64, udp 40000 > 33434, 32 bytes]");
}

static void neighbour_discovery_is_shown(void **state)
{
	uint8_t p[200] = { 0 };
	const struct nd_envelope ip = { .hop_limit = 255 };
	const struct nd_ns_msg m = { .target = { { 0xfe, 0x80, [15] = 2 } },
				     .has_mac = true,
				     .mac = { 2, 0, 0, 0, 0, 1 } };
	unsigned len = nd_ns_emit(&m, &ip, p + 54);
	expect(p, wrap_ip6(p, IP_PROTO_ICMP6, 255, len),
	       MACS ", fe80::1 > fe80::2 hlim 255, nd who-has fe80::2 from 02:00:00:00:00:01");
	const struct nd_na_msg a = { .target = { { 0xfe, 0x80, [15] = 2 } },
				     .solicited = true,
				     .override = true };
	len = nd_na_emit(&a, &ip, p + 54);
	expect(p, wrap_ip6(p, IP_PROTO_ICMP6, 255, len),
	       MACS ", fe80::1 > fe80::2 hlim 255, nd advert fe80::2 solicited override");
}

static void tags_arp_and_strangers_are_shown(void **state)
{
	uint8_t p[64] = { 0 };
	const struct vlan_msg v = { .vid = 100, .pcp = 3, .type = ETH_P_ARP };
	const struct arp_msg a = { .op = ARP_OP_REQUEST, .spa = ip_a, .tpa = ip_b };
	put_eth(p, ETH_P_8021Q);
	vlan_emit(&v, (struct vlan_tag *)(p + 14));
	arp_emit(&a, (struct arp_hdr *)(p + 18));
	expect(p, 18 + 28, MACS " vlan 100 pcp 3, arp who-has 10.0.0.2 tell 10.0.0.1");
	put_eth(p, 0x1234); /* nobody's: not in the IEEE's list */
	expect(p, 20, MACS ", ethertype 0x1234, 6 bytes");
	put_eth(p, 38);
	expect(p, 20, MACS ", 802.3 length 38");
}

static void what_does_not_hold_is_named(void **state)
{
	uint8_t p[64] = { 0 };
	put_eth(p, ETH_P_IP);
	p[14] = 0x65;
	expect(p, 54, MACS ", 0.0.0.0 > 0.0.0.0 ttl 0 (ip-version), protocol 0, 20 bytes");
}

static void fragments_show_no_transport(void **state)
{
	uint8_t p[100] = { 0 };
	uint32_t len = wrap_ip4(p, IP_PROTO_UDP, 16);
	struct ip4_hdr *h = (struct ip4_hdr *)(p + 14);
	h->frag = be16_of(IP4_MF | 185);
	h->id = be16_of(77);
	expect(p, len, MACS ", 10.0.0.1 > 10.0.0.2 ttl 64 frag id 77 off 1480+, protocol 17, 16 bytes");
}

static void what_was_cut_off_counts(void **state)
{
	uint8_t p[1500] = { 0 };
	char whole[200], cut[200];
	uint32_t len = wrap_ip4(p, IP_PROTO_UDP, 1400);
	udp_emit(&(struct udp_msg){ .sport = 7, .dport = 9, .body = cur_of(p + 42, 1392) },
		 (struct udp_hdr *)(p + 34));
	wire_print_frame(cur_of(p, len), whole, sizeof whole);
	wire_print_frame(cur_of_cut(p, 128, len), cut, sizeof cut);
	assert_string_equal(cut, whole);
	put_eth(p, 0x1234);
	wire_print_frame(cur_of_cut(p, 128, 1414), cut, sizeof cut);
	assert_string_equal(cut, MACS ", ethertype 0x1234, 1400 bytes");
}

static void a_packet_without_ethernet_is_shown_too(void **state)
{
	uint8_t p[100] = { 0 };
	char buf[100];
	uint32_t len = wrap_ip4(p, IP_PROTO_GRE, 4);
	wire_print_l3(ETH_P_IP, cur_of(p + 14, len - 14), buf, sizeof buf);
	assert_string_equal(buf, "10.0.0.1 > 10.0.0.2 ttl 64, gre, 4 bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(echoes_are_shown),
		cmocka_unit_test(tcp_and_udp_are_shown),
		cmocka_unit_test(errors_show_what_they_quote),
		cmocka_unit_test(neighbour_discovery_is_shown),
		cmocka_unit_test(tags_arp_and_strangers_are_shown),
		cmocka_unit_test(what_does_not_hold_is_named),
		cmocka_unit_test(fragments_show_no_transport),
		cmocka_unit_test(what_was_cut_off_counts),
		cmocka_unit_test(a_packet_without_ethernet_is_shown_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

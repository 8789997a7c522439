/* SPDX-License-Identifier: BSD-2-Clause */
#include "drill/bytes.c"

#include <stdio.h>

#include "base/test.h"

static uint8_t bytes[DRILL_PACKET_MAX];

static const struct flow flow4 = {
	.family = AF_INET,
	.local.v4 = { { 192, 168, 0, 1 } },
	.remote.v4 = { { 192, 0, 2, 1 } },
	.local_port = 8080,
	.remote_port = 4000,
};

/* Made as the far side sends it, read as the stack would have sent it: the ends change places. */
static void round_trip(const char *packet, const char *seen_as)
{
	char text[256], why[256], out[256], room[256];
	struct script *s;
	struct packet seen;
	struct flow f;
	snprintf(text, sizeof text, "0 < %s", packet);
	if (script_parse("t", text, strlen(text), NULL, 0, &s, why, sizeof why))
		fail_msg("%s", why);
	const struct packet *p = &s->events->packet;
	uint32_t len = packet_emit(p, &flow4, bytes);
	assert_int_not_equal(len, 0);
	const char *bad = packet_read(bytes, len, &seen, &f);
	if (bad)
		fail_msg("%s: %s", packet, bad);
	if ((bad = packet_differs(p, &seen, room, sizeof room)))
		fail_msg("%s: %s", packet, bad);
	packet_leave_unsaid(p, &seen);
	packet_print(&seen, AF_INET, out, sizeof out);
	assert_string_equal(out, seen_as);
	assert_memory_equal(&f.local.v4, &flow4.remote.v4, 4);
	script_free(s);
}

static void packets_come_back_from_their_bytes(void **state)
{
	static const char *const packets[] = {
		"udp (100)",
		"[ce, tos 0x1f, ttl 3] udp (0)",
		"udp 1 > 65535 (7)",
		"icmp echo_request id 7 seq 9 [raw (64)]",
		"icmp unreachable frag_needed mtu 1400 [udp (1500)]",
		"icmp unreachable port_unreachable [11:21(10)]",
		"icmp time_exceeded ttl [raw (16)]",
		"S. 0:0(0) ack 1 win 3 <mss 1460,sackOK,TS val 1 ecr 2,nop,wscale 7>",
		"U. 1:3(2) ack 1 win 3 urg 2",
	};
	for (unsigned i = 0; i < ARRAY_SIZE(packets); i++)
		round_trip(packets[i], packets[i]);
}

static void headers_in_front_come_back_from_their_bytes(void **state)
{
	static const char *const packets[] = {
		"ipv4 [ttl 5] 1.2.3.4 > 5.6.7.8: udp (1)",
		"ipv6 2001:db8::1 > 2001:db8::2: udp (1)",
		"ipv4 1.2.3.4 > 5.6.7.8: ipv6 1:: > 2::: gre: udp (1)",
		"ipv4 1.2.3.4 > 5.6.7.8: gre flags 0xb000, sum 0x12, off 3, key=0x7, seq 1: udp (1)",
		"udplite (10, 18)",
		"udplite (10, 0)",
		"ipv6 2001:db8::1 > 2001:db8::2: udplite (13, 11)",
		"ipv4 1.2.3.4 > 5.6.7.8: gre: mpls (label 16, tc 7, ttl 3) (label 1048575, tc 0, [S], ttl "
		"255): udp "
		"(9)",
	};
	for (unsigned i = 0; i < ARRAY_SIZE(packets); i++)
		round_trip(packets[i], packets[i]);
}

static void what_cannot_be_is_not_made(void **state)
{
	struct packet p = {
		.kind = PACKET_UDP, .ttl = UNSAID, .tos = UNSAID, .ecn = ECN_UNSAID, .len = 65535
	};
	assert_int_equal(packet_emit(&p, &flow4, bytes), 0);
	p.len = 1;
	p.n_encaps = 1;
	p.encap[0].kind = ENCAP_GRE; /* tun0 carries IP */
	assert_int_equal(packet_emit(&p, &flow4, bytes), 0);
	p.n_encaps = 0;
	p.kind = PACKET_UDPLITE;
	p.coverage = 65536;
	assert_int_equal(packet_emit(&p, &flow4, bytes), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_come_back_from_their_bytes),
		cmocka_unit_test(headers_in_front_come_back_from_their_bytes),
		cmocka_unit_test(what_cannot_be_is_not_made),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

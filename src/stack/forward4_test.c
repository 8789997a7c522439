/* SPDX-License-Identifier: BSD-2-Clause */
/* IPv4 from host A to host B through a whole stack. */
#include "ip/ip.h"
#include "stack/rig.h"

static void setup(struct rig **r, uint32_t features)
{
	*r = rig_new(workers, features);
	rig_neigh(*r, &(*r)->a, "10.0.1.2");
}

static void first_packet_waits_for_its_neighbour_and_goes_on(void **state)
{
	struct rig *r = rig_new(workers, 0);
	struct frame f;
	struct ip4_msg ip = ip4_packet("10.0.1.2", "10.0.2.2");
	frame_ip4(&f, &r->a, &ip, 56);
	rig_send(r, &r->a, &f);
	struct arp_msg req = rig_expect_arp(&r->b, ARP_OP_REQUEST, "10.0.2.1", "10.0.2.2");
	assert_true(eth_is_zero(req.tha));
	rig_expect_silence(r);
	frame_arp(&f, &r->b, ARP_OP_REPLY, "10.0.2.2", "10.0.2.1");
	rig_send(r, &r->b, &f);
	struct ip4_msg got = rig_expect_ip4(&r->b, "10.0.1.2", "10.0.2.2");
	assert_int_equal(got.ttl, 63);
	assert_int_equal(cur_left(&got.body), 64);
	frame_ip4(&f, &r->a, &ip, 56); /* the second does not wait */
	rig_send(r, &r->a, &f);
	rig_expect_icmp4(&r->b, "10.0.1.2", "10.0.2.2", ICMP4_ECHO, 0);
	rig_expect_silence(r);
	rig_free(r);
}

static void ttl_that_runs_out_is_answered_with_time_exceeded(void **state)
{
	struct rig *r;
	struct frame f;
	setup(&r, 0);
	struct ip4_msg ip = ip4_packet("10.0.1.2", "10.0.2.2"), quoted;
	ip.ttl = 1;
	ip.tos = 0x10;
	frame_ip4(&f, &r->a, &ip, 1000);
	rig_send(r, &r->a, &f);
	struct icmp4_msg m = rig_expect_icmp4(&r->a, "10.0.1.1", "10.0.1.2", ICMP4_TIME_EXCEEDED, 0);
	assert_int_equal(cur_left(&m.body), 576 - 28);
	assert_true(cur_equal(&m.body, f.b + 14, 576 - 28)); /* as it came, its TTL included */
	assert_int_equal(ip4_parse(m.body, &quoted), DROP_TRUNCATED);
	assert_int_equal(rig_drops(r, "icmp4-error", DROP_IP_TTL_EXPIRED), 1);
	rig_expect_silence(r);
	rig_free(r);
}

static void routes_without_a_way_answer_by_their_type(void **state)
{
	static const struct {
		const char *dst;
		uint8_t type, code;
		enum drop why;
	} cases[] = {
		{ "192.0.2.1", RTN_UNSPEC, ICMP4_UNREACH_NET, DROP_IP_NO_ROUTE },
		{ "198.51.100.1", RTN_UNREACHABLE, ICMP4_UNREACH_HOST, DROP_IP_UNREACHABLE },
		{ "198.51.100.2", RTN_PROHIBIT, ICMP4_UNREACH_ADMIN_PROHIBITED, DROP_IP_PROHIBIT },
	};
	struct rig *r;
	struct frame f;
	setup(&r, 0);
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ip4_msg ip = ip4_packet("10.0.1.2", cases[i].dst);
		if (cases[i].type)
			rig_route(r, cases[i].dst, 32, cases[i].type, NULL, NULL);
		frame_ip4(&f, &r->a, &ip, 10);
		rig_send(r, &r->a, &f);
		rig_expect_icmp4(&r->a, "10.0.1.1", "10.0.1.2", ICMP4_UNREACH, cases[i].code);
		assert_int_equal(rig_drops(r, "icmp4-error", cases[i].why), 1);
	}
	rig_route(r, "198.51.100.3", 32, RTN_BLACKHOLE, NULL, NULL);
	struct ip4_msg ip = ip4_packet("10.0.1.2", "198.51.100.3");
	frame_ip4(&f, &r->a, &ip, 10);
	rig_send(r, &r->a, &f);
	assert_int_equal(rig_drops(r, "ip4-route", DROP_IP_BLACKHOLE), 1);
	rig_expect_silence(r);
	rig_free(r);
}

static void gateway_is_whom_arp_asks_for(void **state)
{
	struct rig *r;
	struct frame f;
	struct ip4_msg ip = ip4_packet("10.0.1.2", "203.0.113.9");
	setup(&r, 0);
	rig_route(r, "203.0.113.0", 24, RTN_UNICAST, r->b.ifc, "10.0.2.254");
	frame_ip4(&f, &r->a, &ip, 10);
	rig_send(r, &r->a, &f);
	rig_expect_arp(&r->b, ARP_OP_REQUEST, "10.0.2.1", "10.0.2.254");
	frame_arp(&f, &r->b, ARP_OP_REPLY, "10.0.2.254", "10.0.2.1");
	rig_send(r, &r->b, &f);
	rig_expect_icmp4(&r->b, "10.0.1.2", "203.0.113.9", ICMP4_ECHO, 0);
	rig_free(r);
}

static void neighbour_that_does_not_answer_makes_the_host_unreachable(void **state)
{
	struct rig *r;
	struct frame f;
	struct ip4_msg ip = ip4_packet("10.0.1.2", "10.0.2.77");
	setup(&r, 0);
	frame_ip4(&f, &r->a, &ip, 10);
	rig_send(r, &r->a, &f);
	for (unsigned i = 0; i < 3; i++) {
		rig_expect_arp(&r->b, ARP_OP_REQUEST, "10.0.2.1", "10.0.2.77");
		manual_rt_run(r->m, SEC);
	}
	rig_expect_icmp4(&r->a, "10.0.1.1", "10.0.1.2", ICMP4_UNREACH, ICMP4_UNREACH_HOST);
	assert_int_equal(rig_drops(r, "icmp4-error", DROP_NEIGH_FAILED), 1);
	rig_expect_silence(r);
	rig_free(r);
}

static void too_long_with_df_says_which_length_fits(void **state)
{
	struct rig *r;
	struct frame f;
	struct ip4_msg ip = ip4_packet("10.0.1.2", "10.0.2.2");
	setup(&r, 0);
	rig_neigh(r, &r->b, "10.0.2.2");
	assert_int_equal(iface_set_mtu(r->b.ifc, 1000), 0);
	ip.df = true;
	frame_ip4(&f, &r->a, &ip, 1000 - 28); /* fits to the byte */
	rig_send(r, &r->a, &f);
	rig_expect_icmp4(&r->b, "10.0.1.2", "10.0.2.2", ICMP4_ECHO, 0);
	frame_ip4(&f, &r->a, &ip, 1000 - 27);
	rig_send(r, &r->a, &f);
	struct icmp4_msg m =
		rig_expect_icmp4(&r->a, "10.0.1.1", "10.0.1.2", ICMP4_UNREACH, ICMP4_UNREACH_FRAG_NEEDED);
	assert_int_equal(icmp4_info(&m), 1000);
	rig_expect_silence(r);
	rig_free(r);
}

static void too_long_without_df_is_cut(void **state)
{
	struct rig *r;
	struct frame f;
	struct ip4_msg ip = ip4_packet("10.0.1.2", "10.0.2.2"), got;
	uint8_t whole[2000];
	uint32_t at = 0;
	setup(&r, 0);
	rig_neigh(r, &r->b, "10.0.2.2");
	assert_int_equal(iface_set_mtu(r->b.ifc, 577), 0);
	ip.id = 77;
	frame_ip4(&f, &r->a, &ip, 1400);
	rig_send_pkt(r, &r->a, rig_pkt(r, f.b, f.len, 333));
	do {
		got = rig_expect_ip4(&r->b, "10.0.1.2", "10.0.2.2");
		assert_int_equal(got.id, 77);
		assert_int_equal(got.frag_off, at);
		uint32_t len = cur_left(&got.body);
		assert_in_range(len, 1, 577 - 20);
		assert_true(cur_copy(&got.body, whole + at, len));
		at += len;
	} while (got.mf);
	assert_int_equal(at, 1408);
	assert_memory_equal(whole, f.b + 34, at);
	assert_int_equal(rig_drops(r, "ip4-frag", DROP_IP_FRAGMENTED), 1);
	rig_expect_silence(r);
	rig_free(r);
}

/* A TCP segment of 2,896 bytes of payload as a device with segmentation hands it in. */
static struct pkt *large_tcp(struct rig *r, uint16_t mss, bool df)
{
	struct frame f;
	struct ip4_msg ip = ip4_packet("10.0.1.2", "10.0.2.2");
	ip.df = df;
	ip.proto = IP_PROTO_TCP;
	frame_ip4(&f, &r->a, &ip, 20 + 2 * 1448);
	f.b[34 + 12] = 5 << 4;
	be16 pseudo = be16_of(csum_fold(csum_pseudo4(ip.src, ip.dst, IP_PROTO_TCP, 20 + 2 * 1448)));
	memcpy(f.b + 34 + 16, &pseudo, sizeof pseudo);
	struct pkt *p = rig_pkt(r, f.b, f.len, 0);
	uint16_t start = (uint16_t)(p->headroom + 34);
	p->gso = PKT_GSO_TCP4;
	p->gso_size = mss;
	p->csum = PKT_CSUM_PARTIAL;
	p->csum_start = start;
	p->csum_off = 16;
	return p;
}

static void large_packet_whose_segments_fit_passes_whole(void **state)
{
	struct rig *r;
	setup(&r, IFACE_TX_CSUM | IFACE_TX_TSO4 | IFACE_TX_SG);
	rig_neigh(r, &r->b, "10.0.2.2");
	rig_send_pkt(r, &r->a, large_tcp(r, 1448, true));
	struct ip4_msg ip = rig_expect_ip4(&r->b, "10.0.1.2", "10.0.2.2");
	const struct rig_frame *got = r->b.frame[0];
	assert_int_equal(cur_left(&ip.body), 20 + 2 * 1448);
	assert_int_equal(got->meta.csum, PKT_CSUM_PARTIAL);
	assert_int_equal(got->meta.gso_size, 1448);
	rig_expect_silence(r);
	rig_free(r);
}

static void large_packet_is_split_for_a_device_that_cannot(void **state)
{
	struct rig *r;
	setup(&r, 0);
	rig_neigh(r, &r->b, "10.0.2.2");
	rig_send_pkt(r, &r->a, large_tcp(r, 1448, true));
	for (unsigned i = 0; i < 2; i++) {
		struct ip4_msg ip = rig_expect_ip4(&r->b, "10.0.1.2", "10.0.2.2");
		uint32_t len = cur_left(&ip.body);
		assert_int_equal(len, 20 + 1448);
		assert_true(csum_ok(
			csum_add(csum_cursor(ip.body), csum_pseudo4(ip.src, ip.dst, IP_PROTO_TCP, len))));
	}
	rig_expect_silence(r);
	rig_free(r);
}

static void large_packet_whose_segments_are_too_long_is_refused(void **state)
{
	struct rig *r;
	setup(&r, 0);
	rig_neigh(r, &r->b, "10.0.2.2");
	assert_int_equal(iface_set_mtu(r->b.ifc, 1400), 0);
	rig_send_pkt(r, &r->a, large_tcp(r, 1448, true));
	struct icmp4_msg m =
		rig_expect_icmp4(&r->a, "10.0.1.1", "10.0.1.2", ICMP4_UNREACH, ICMP4_UNREACH_FRAG_NEEDED);
	assert_int_equal(icmp4_info(&m), 1400);
	rig_expect_silence(r);
	rig_free(r);
}

/* Linux: ip_finish_output_gso(). Each segment is a packet that may be cut. */
static void segments_without_df_are_cut(void **state)
{
	struct rig *r;
	uint8_t segment[2000];
	setup(&r, IFACE_TX_CSUM | IFACE_TX_TSO4 | IFACE_TX_SG);
	rig_neigh(r, &r->b, "10.0.2.2");
	assert_int_equal(iface_set_mtu(r->b.ifc, 1000), 0);
	rig_send_pkt(r, &r->a, large_tcp(r, 1448, false));
	for (unsigned i = 0; i < 2; i++) {
		struct ip4_msg first = rig_expect_ip4(&r->b, "10.0.1.2", "10.0.2.2"),
			       rest = rig_expect_ip4(&r->b, "10.0.1.2", "10.0.2.2");
		uint32_t at = cur_left(&first.body), len = at + cur_left(&rest.body);
		assert_true(first.mf && !rest.mf && first.id == rest.id);
		assert_int_equal(rest.frag_off, at);
		assert_int_equal(len, 20 + 1448);
		assert_true(cur_copy(&first.body, segment, at) &&
			    cur_copy(&rest.body, segment + at, len - at));
		assert_true(csum_ok(csum_add(csum_mem(segment, len),
					     csum_pseudo4(first.src, first.dst, IP_PROTO_TCP, len))));
	}
	assert_int_equal(rig_drops(r, "ip4-frag", DROP_IP_FRAGMENTED), 2);
	rig_expect_silence(r);
	rig_free(r);
}

static void bad_headers_fall_by_name(void **state)
{
	struct rig *r;
	struct frame good, f;
	struct ip4_msg ip = ip4_packet("10.0.1.2", "10.0.2.2");
	setup(&r, 0);
	frame_ip4(&good, &r->a, &ip, 30);
	static const struct {
		unsigned at;
		uint8_t to;
		bool sum; /* make the header checksum right again */
		enum drop why;
	} cases[] = {
		{ 14, 0x65, true, DROP_IP_VERSION },       { 14, 0x44, true, DROP_BAD_LENGTH },
		{ 16, 0xff, true, DROP_TRUNCATED },        { 22, 17, false, DROP_IP_HEADER_CSUM },
		{ 26, 127, true, DROP_IP_MARTIAN_SOURCE }, { 26, 224, true, DROP_IP_MARTIAN_SOURCE },
		{ 26, 0, true, DROP_IP_MARTIAN_SOURCE },   { 30, 127, true, DROP_IP_MARTIAN_DEST },
		{ 30, 0, true, DROP_IP_MARTIAN_DEST },
	};
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t was = rig_drops(r, "ip4-input", cases[i].why);
		f = good;
		f.b[cases[i].at] = cases[i].to;
		if (cases[i].sum && (f.b[14] & 15) >= 5)
			ip4_csum_set((struct ip4_hdr *)(f.b + 14));
		rig_send(r, &r->a, &f);
		assert_int_equal(rig_drops(r, "ip4-input", cases[i].why), was + 1);
	}
	rig_expect_silence(r);
	rig_free(r);
}

static void frames_for_other_stations_fall_in_the_demux(void **state)
{
	struct rig *r;
	struct frame f;
	struct ip4_msg ip = ip4_packet("10.0.1.2", "10.0.2.2");
	setup(&r, 0);
	frame_ip4(&f, &r->a, &ip, 30);
	f.b[5] ^= 1;
	rig_send(r, &r->a, &f);
	assert_int_equal(rig_drops(r, "eth-demux", DROP_OTHER_HOST), 1);
	memset(f.b, 0xff, 6); /* RFC 1122, 3.3.6 */
	rig_send(r, &r->a, &f);
	assert_int_equal(rig_drops(r, "ip4-route", DROP_IP_MULTICAST_LINK), 1);
	memcpy(f.b, r->a.ifc->mac, 6);
	f.b[6] |= 1;
	rig_send(r, &r->a, &f);
	assert_int_equal(rig_drops(r, "eth-input", DROP_ETH_SOURCE_MULTICAST), 1);
	f.b[6] &= 0xfe;
	f.b[12] = 0x88;
	rig_send(r, &r->a, &f);
	assert_int_equal(rig_drops(r, "eth-demux", DROP_ETHERTYPE_UNKNOWN), 1);
	rig_expect_silence(r);
	rig_free(r);
}

static void errors_are_not_answered_with_errors(void **state)
{
	struct rig *r;
	struct frame f;
	struct ip4_msg ip = ip4_packet("10.0.1.2", "192.0.2.1");
	setup(&r, 0);
	frame_ip4(&f, &r->a, &ip, 30);
	f.b[34] = ICMP4_UNREACH;
	rig_send(r, &r->a, &f);
	ip.frag_off = 8; /* nor fragments but the first */
	frame_ip4(&f, &r->a, &ip, 30);
	rig_send(r, &r->a, &f);
	assert_int_equal(rig_drops(r, "icmp4-error", DROP_IP_NO_ROUTE), 2);
	rig_expect_silence(r);
	rig_free(r);
}

static void errors_are_limited_and_what_is_not_told_is_counted(void **state)
{
	struct rig *r;
	struct frame f;
	struct ip4_msg ip = ip4_packet("10.0.1.2", "192.0.2.1");
	setup(&r, 0);
	frame_ip4(&f, &r->a, &ip, 30);
	for (unsigned i = 0; i < 60; i++)
		rig_send(r, &r->a, &f);
	assert_int_equal(r->a.n, 6);
	assert_int_equal(rig_drops(r, "icmp4-error", DROP_ICMP_RATE_LIMITED), 54);
	manual_rt_run(r->m, 2000000);
	for (unsigned i = 0; i < 5; i++)
		rig_send(r, &r->a, &f);
	assert_int_equal(r->a.n, 8);
	rig_free(r);
}

static void stack_that_does_not_forward_is_silent(void **state)
{
	struct rig *r;
	struct frame f;
	struct ip4_msg ip = ip4_packet("10.0.1.2", "10.0.2.2");
	setup(&r, 0);
	ip_set_forwarding(r->st, AF_INET, false);
	frame_ip4(&f, &r->a, &ip, 30);
	rig_send(r, &r->a, &f);
	assert_int_equal(rig_drops(r, "ip4-route", DROP_IP_FORWARDING_OFF), 1);
	rig_expect_silence(r);
	rig_free(r);
}

TWICE(first_packet_waits_for_its_neighbour_and_goes_on)
TWICE(ttl_that_runs_out_is_answered_with_time_exceeded)
TWICE(routes_without_a_way_answer_by_their_type)
TWICE(gateway_is_whom_arp_asks_for)
TWICE(neighbour_that_does_not_answer_makes_the_host_unreachable)
TWICE(too_long_with_df_says_which_length_fits)
TWICE(too_long_without_df_is_cut)
TWICE(large_packet_whose_segments_fit_passes_whole)
TWICE(large_packet_is_split_for_a_device_that_cannot)
TWICE(large_packet_whose_segments_are_too_long_is_refused)
TWICE(segments_without_df_are_cut)
TWICE(bad_headers_fall_by_name)
TWICE(frames_for_other_stations_fall_in_the_demux)
TWICE(errors_are_not_answered_with_errors)
TWICE(errors_are_limited_and_what_is_not_told_is_counted)
TWICE(stack_that_does_not_forward_is_silent)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(first_packet_waits_for_its_neighbour_and_goes_on),
		BOTH(ttl_that_runs_out_is_answered_with_time_exceeded),
		BOTH(routes_without_a_way_answer_by_their_type),
		BOTH(gateway_is_whom_arp_asks_for),
		BOTH(neighbour_that_does_not_answer_makes_the_host_unreachable),
		BOTH(too_long_with_df_says_which_length_fits),
		BOTH(too_long_without_df_is_cut),
		BOTH(large_packet_whose_segments_fit_passes_whole),
		BOTH(large_packet_is_split_for_a_device_that_cannot),
		BOTH(large_packet_whose_segments_are_too_long_is_refused),
		BOTH(segments_without_df_are_cut),
		BOTH(bad_headers_fall_by_name),
		BOTH(frames_for_other_stations_fall_in_the_demux),
		BOTH(errors_are_not_answered_with_errors),
		BOTH(errors_are_limited_and_what_is_not_told_is_counted),
		BOTH(stack_that_does_not_forward_is_silent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

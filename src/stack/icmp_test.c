/* SPDX-License-Identifier: BSD-2-Clause */
/* What a whole stack answers to ICMP, to options of IPv4, and to sources that cannot be. */
#include "ip/ip_count.h"
#include "net/sysctl.h"
#include "stack/rig.h"
#include "wire/icmp_ext.h"

static bool in_vrf;

static struct rig *setup(void)
{
	struct rig *r = rig_new(workers, 0);
	r = in_vrf ? rig_in_vrf(r) : r;
	rig_neigh(r, &r->a, "10.0.1.2");
	rig_neigh(r, &r->a, "2001:db8:1::2");
	rig_neigh(r, &r->b, "10.0.2.2");
	rig_neigh(r, &r->b, "2001:db8:2::2");
	return r;
}

static void set(struct rig *r, const char *name, const char *value)
{
	char why[200] = "";
	assert_int_equal(sysctl_set(r->st, name, value, why, sizeof why), 0);
}

/* From A, with a message whose checksum is made here. */
static void send_icmp4(struct rig *r, const char *dst, const void *msg, uint32_t len)
{
	struct ip4_msg ip = ip4_packet("10.0.1.2", dst);
	uint8_t hdr[IP4_HDR_MAX], b[256];
	struct frame f;
	memcpy(b, msg, len);
	be16 sum = be16_of(csum_done(csum_mem(b, len)));
	memcpy(b + 2, &sum, sizeof sum);
	ip.body = cur_of(b, len);
	frame_eth(&f, &r->a, NULL, ETH_P_IP);
	frame_put(&f, hdr, ip4_emit(&ip, hdr));
	frame_put(&f, b, len);
	rig_send(r, &r->a, &f);
}

/* --- types --- */

static void timestamps_are_answered_with_the_time_of_day(void **state)
{
	static const uint8_t ask[] = {
		ICMP4_TIMESTAMP, 0, 0, 0, 1, 2, 3, 4, 9, 8, 7, 6, 0, 0, 0, 0, 0, 0, 0, 0, 5
	};
	struct rig *r = setup();
	for (uint32_t len = 12; len <= sizeof ask;
	     len++) { /* as long as it should be, whatever the question */
		uint8_t t[12];
		send_icmp4(r, "10.0.1.1", ask, len);
		struct icmp4_msg m =
			rig_expect_icmp4(&r->a, "10.0.1.1", "10.0.1.2", ICMP4_TIMESTAMP_REPLY, 0);
		assert_int_equal(m.id, 0x102);
		assert_int_equal(m.seq, 0x304);
		assert_int_equal(cur_left(&m.body), 12);
		cur_copy(&m.body, t, sizeof t);
		assert_memory_equal(t, ask + 8, 4);
		assert_memory_equal(t + 4, t + 8, 4); /* came and went in the same millisecond */
	}
	enum { ASKED = sizeof ask - 12 + 1 };
	assert_int_equal(ip_count(r->st, AF_INET, offsetof(struct ip_counts, icmp_in[ICMP4_TIMESTAMP])),
			 ASKED);
	assert_int_equal(ip_count(r->st, AF_INET,
				  offsetof(struct ip_counts, icmp_out[ICMP4_TIMESTAMP_REPLY])),
			 ASKED);
	assert_int_equal(ip_count(r->st, AF_INET, offsetof(struct ip_counts, icmp_out_all)), ASKED);
	send_icmp4(r, "10.0.1.1", ask, 11);
	assert_int_equal(rig_drops(r, "icmp4-input", DROP_TRUNCATED), 1);
	send_icmp4(r, "10.0.1.255", ask, 20);
	assert_int_equal(rig_drops(r, "icmp4-input", DROP_IP_NOT_MEMBER), 1);
	rig_expect_silence(r);
	rig_free(r);
}

static void what_is_to_be_ignored_is(void **state)
{
	static const uint8_t types[] = { ICMP4_SOURCE_QUENCH,  ICMP4_ROUTER_ADVERT,
					 ICMP4_ROUTER_SOLICIT, ICMP4_TIMESTAMP_REPLY,
					 ICMP4_INFO,           ICMP4_INFO_REPLY,
					 ICMP4_MASK,           ICMP4_MASK_REPLY,
					 ICMP4_EXT_ECHO };
	struct rig *r = setup();
	for (unsigned i = 0; i < ARRAY_SIZE(types); i++) {
		uint8_t msg[28] = { types[i] };
		send_icmp4(r, "10.0.1.1", msg, sizeof msg);
		assert_int_equal(rig_drops(r, "icmp4-input", DROP_ICMP_IGNORED), i + 1);
	}
	for (unsigned type = 19; type < 256; type++)
		if (type != ICMP4_EXT_ECHO) {
			uint8_t msg[28] = { (uint8_t)type };
			send_icmp4(r, "10.0.1.1", msg, sizeof msg);
		}
	assert_int_equal(rig_drops(r, "icmp4-input", DROP_ICMP_UNKNOWN), 256 - 19 - 1);
	rig_expect_silence(r);
	rig_free(r);
}

static void interfaces_are_told_of_when_that_is_allowed(void **state)
{
	static const struct {
		uint8_t object[24], len, code, state;
	} cases[] = {
		{ { 0x20, 0, 0, 0, 0, 7, 3, 1, 'w', 'a', 0 }, 11, 0, 7 },
		{ { 0x20, 0, 0, 0, 0, 7, 3, 1, 'w', 'x', 0 }, 11, 2, 0 },
		{ { 0x20, 0, 0, 0, 0, 8, 3, 2, 0, 0, 0, 1 }, 12, 0, 7 },
		{ { 0x20, 0, 0, 0, 0, 8, 3, 2, 0, 0, 1, 1 }, 12, 2, 0 },
		{ { 0x20, 0, 0, 0, 0, 12, 3, 3, 0, 1, 4, 0, 10, 0, 2, 1 }, 16, 0, 7 },
		{ { 0x20, 0, 0, 0, 0, 12, 3, 3, 0, 1, 4, 0, 10, 0, 2, 9 }, 16, 2, 0 },
		{ { 0x20, 0, 0, 0, 0, 12, 3, 3, 0, 3, 4, 0, 10, 0, 2, 1 },
		  16,
		  1,
		  0 }, /* a family that nobody knows */
		{ { 0x20, 0, 0, 0, 0, 12, 3, 3, 0, 1, 4, 0, 10 }, 13, 1, 0 }, /* cut short */
		{ { 0x20, 0, 0, 0, 0, 8, 3, 9, 0, 0, 0, 1 }, 12, 1, 0 },
		{ { 0x20, 0, 0, 0, 0, 4, 3, 1 }, 8, 1, 0 },
		{ { 0x20 }, 1, 1, 0 },
	};
	struct rig *r = setup();
	uint8_t msg[40] = { ICMP4_EXT_ECHO, 0, 0, 0, 1, 2, 3, 1 };
	set(r, "net.ipv4.icmp_echo_enable_probe", "1");
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		memcpy(msg + 8, cases[i].object, cases[i].len);
		send_icmp4(r, "10.0.1.1", msg, 8u + cases[i].len);
		struct icmp4_msg m =
			rig_expect_icmp4(&r->a, "10.0.1.1", "10.0.1.2", ICMP4_EXT_ECHO_REPLY, cases[i].code);
		assert_int_equal(m.id, 0x102);
		assert_int_equal(m.seq, 0x300 | cases[i].state);
	}
	msg[7] = 0; /* of another node's interface */
	send_icmp4(r, "10.0.1.1", msg, 20);
	rig_expect_silence(r);
	rig_free(r);
}

static void errors_come_from_where_it_says(void **state)
{
	struct rig *r = setup();
	struct frame f;
	struct ip4_msg ip = ip4_packet("10.0.2.2", "192.0.2.1"); /* by A, though its answer leaves by B */
	frame_ip4(&f, &r->a, &ip, 8);
	rig_send(r, &r->a, &f);
	rig_expect_icmp4(&r->b, "10.0.2.1", "10.0.2.2", ICMP4_UNREACH, ICMP4_UNREACH_NET);
	set(r, "net.ipv4.icmp_errors_use_inbound_ifaddr", "1");
	rig_send(r, &r->a, &f);
	rig_expect_icmp4(&r->b, "10.0.1.1", "10.0.2.2", ICMP4_UNREACH, ICMP4_UNREACH_NET);
	rig_free(r);
}

/* --- options --- */

static struct ip4_msg send_options(struct rig *r, struct rig_wire *to, const char *dst, const uint8_t *o,
				   uint8_t len)
{
	struct ip4_msg ip = ip4_packet("10.0.1.2", dst);
	struct frame f;
	ip.options = cur_of(o, len);
	frame_ip4(&f, &r->a, &ip, 20);
	rig_send(r, &r->a, &f);
	return to == &r->a ? rig_expect_ip4(to, dst, "10.0.1.2") : rig_expect_ip4(to, "10.0.1.2", dst);
}

/* The time of day, where it was written, compares as nothing. */
static void expect_options(struct rig *r, struct ip4_msg *got, const uint8_t *o, uint32_t len)
{
	uint8_t b[IP4_OPTIONS_MAX] = { 0 };
	be32 now = be32_of((uint32_t)(r->rt->ops->wall_ns(r->rt) / 1000000 % (24 * 3600 * 1000)));
	assert_int_equal(cur_left(&got->options), len);
	cur_copy(&got->options, b, len);
	for (unsigned i = 0; i + 4 <= len; i += 4)
		if (!memcmp(b + i, &now, sizeof now))
			memset(b + i, 0, sizeof now);
	assert_memory_equal(b, o, len);
}

static void options_are_filled_in_on_the_way(void **state)
{
	static const struct {
		uint8_t o[16], len, through[16], back[16];
	} cases[] = {
		{ { 7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0 },
		  12,
		  { 7, 11, 8, 10, 0, 2, 1 },
		  { 7, 11, 12, 10, 0, 1, 1, 10, 0, 1, 1 } },
		{ { 7, 7, 8, 9, 9, 9, 9, 0 },
		  8,
		  { 7, 7, 8, 9, 9, 9, 9 },
		  { 7, 7, 8, 9, 9, 9, 9 } }, /* full */
		{ { 68, 12, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, 12, { 68, 12, 9 }, { 68, 12, 13 } },
		{ { 68, 12, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0 },
		  12,
		  { 68, 12, 13, 1, 10, 0, 1, 1 },
		  { 68, 12, 13, 1, 10, 0, 1, 1 } },
		{ { 68, 12, 5, 3, 10, 0, 2, 2, 0, 0, 0, 0 },
		  12, /* somebody else is to write into it */
		  { 68, 12, 5, 3, 10, 0, 2, 2 },
		  { 68, 12, 5, 3, 10, 0, 2, 2 } },
		{ { 68, 12, 5, 3, 10, 0, 1, 1, 0, 0, 0, 0 },
		  12,
		  { 68, 12, 13, 3, 10, 0, 1, 1 },
		  { 68, 12, 13, 3, 10, 0, 1, 1 } },
		{ { 68, 4, 5, 0x20 }, 4, { 68, 4, 5, 0x30 }, { 68, 4, 5, 0x30 } }, /* one more had no room */
		{ { 68, 4, 5, 0x23 }, 4, { 68, 4, 5, 0x23 }, { 68, 4, 5, 0x23 } }, /* was not meant for us */
		{ { 148, 4, 0, 0 }, 4, { 148, 4, 0, 0 }, { 0 } }, /* is not for who sent it */
	};
	struct rig *r = setup();
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ip4_msg got = send_options(r, &r->b, "10.0.2.2", cases[i].o, cases[i].len);
		assert_int_equal(got.ttl, 63);
		expect_options(r, &got, cases[i].through, cases[i].len);
		got = send_options(r, &r->a, "10.0.1.1", cases[i].o, cases[i].len);
		expect_options(r, &got, cases[i].back, cases[i].back[0] ? cases[i].len : 0);
	}
	rig_expect_silence(r);
	rig_free(r);
}

static void malformed_options_are_pointed_at_in_an_error(void **state)
{
	static const uint8_t o[] = {
		1, 7, 7, 3, 0, 0, 0, 0, 0, 9, 9, 9
	}; /* what is behind the end stays in the quotation */
	struct rig *r = setup();
	struct frame f;
	struct ip4_msg ip = ip4_packet("10.0.1.2", "10.0.2.2");
	ip.options = cur_of(o, sizeof o);
	frame_ip4(&f, &r->a, &ip, 20);
	rig_send(r, &r->a, &f);
	struct icmp4_msg m = rig_expect_icmp4(&r->a, "10.0.1.1", "10.0.1.2", ICMP4_PARAM_PROBLEM, 0);
	assert_int_equal(icmp4_info(&m) >> 24, 23);
	assert_true(cur_equal(&m.body, f.b + 14, f.len - 14));
	rig_expect_silence(r);
	rig_free(r);
}

static void source_routes_are_followed_where_all_say_so(void **state)
{
	static const uint8_t o[] = { 131, 7, 4, 10, 0, 2, 2, 0 }, went[] = { 131, 7, 8, 10, 0, 2, 1, 0 };
	struct rig *r = setup();
	struct frame f;
	struct ip4_msg ip = ip4_packet("10.0.1.2", "10.0.1.1");
	ip.options = cur_of(o, sizeof o);
	frame_ip4(&f, &r->a, &ip, 20);
	rig_send(r, &r->a, &f);
	assert_int_equal(rig_drops(r, "ip4-route", DROP_IP_OPTIONS), 1);
	rig_expect_silence(r);
	set(r, "net.ipv4.conf.all.accept_source_route", "1");
	rig_send(r, &r->a, &f);
	struct ip4_msg got = rig_expect_ip4(&r->b, "10.0.1.2", "10.0.2.2");
	expect_options(r, &got, went, sizeof went);
	set(r, "net.ipv4.conf.wa.accept_source_route", "0");
	rig_send(r, &r->a, &f);
	rig_expect_silence(r);
	rig_free(r);
}

/* --- sources --- */

/* By wire A to B or to us. */
static void send_from(struct rig *r, const char *src, const char *dst)
{
	struct frame f;
	if (strchr(src, ':')) {
		struct ip6_msg ip = ip6_packet(src, dst);
		frame_ip6(&f, &r->a, &ip, NULL, 0, 8);
	} else {
		struct ip4_msg ip = ip4_packet(src, dst);
		frame_ip4(&f, &r->a, &ip, 8);
	}
	rig_send(r, &r->a, &f);
}

static void nobody_else_has_our_addresses(void **state)
{
	struct rig *r = setup();
	send_from(r, "10.0.1.1", "10.0.2.2"); /* nor when it is for others */
	send_from(r, "10.0.2.1", "10.0.1.1");
	assert_int_equal(rig_drops(r, "ip4-route", DROP_IP_MARTIAN_SOURCE), 2);
	rig_expect_silence(r);
	set(r, "net.ipv4.conf.wa.accept_local", "1");
	send_from(r, "10.0.1.1", "10.0.2.2");
	rig_expect_ip4(&r->b, "10.0.1.1", "10.0.2.2");
	rig_free(r);
}

static void martians_fall_by_name(void **state)
{
	static const struct {
		const char *src, *dst;
		enum drop why;
	} cases[] = {
		{ "0.1.2.3", "10.0.1.1", DROP_IP_MARTIAN_SOURCE },
		{ "127.0.0.1", "10.0.2.2", DROP_IP_MARTIAN_SOURCE },
		{ "224.0.0.1", "10.0.1.1", DROP_IP_MARTIAN_SOURCE },
		{ "255.255.255.255", "10.0.2.2", DROP_IP_MARTIAN_SOURCE },
		{ "0.0.0.0", "10.0.1.1", DROP_IP_MARTIAN_SOURCE },
		{ "10.0.1.2", "0.0.0.1", DROP_IP_MARTIAN_DEST },
		{ "10.0.1.2", "127.0.0.1", DROP_IP_MARTIAN_DEST },
		{ "10.0.1.2", "0.0.0.0", DROP_IP_MARTIAN_DEST },
	};
	struct rig *r = setup();
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t was = rig_drops(r, "ip4-input", cases[i].why);
		send_from(r, cases[i].src, cases[i].dst);
		assert_int_equal(rig_drops(r, "ip4-input", cases[i].why), was + 1);
	}
	rig_expect_silence(r);
	send_from(r, "240.1.2.3", "10.0.2.2"); /* as any other, on Linux */
	rig_expect_ip4(&r->b, "240.1.2.3", "10.0.2.2");
	set(r, "net.ipv4.conf.all.route_localnet", "1");
	send_from(r, "127.9.9.9", "10.0.2.2");
	rig_expect_ip4(&r->b, "127.9.9.9", "10.0.2.2");
	rig_free(r);
}

static void reverse_path_filter(struct rig *r, const char *v, const char *dst, const char *near,
				const char *behind_b, const char *nowhere)
{
	char all[64], own[64], node[16];
	bool is6 = strchr(dst, ':');
	const char *const src[] = { near, behind_b, nowhere };
	static const uint8_t passes[] = { 7, 1, 3 }; /* off, strict, loose: a bit for each source */
	snprintf(all, sizeof all, "net.%s.conf.all.rp_filter", v);
	snprintf(own, sizeof own, "net.%s.conf.wa.rp_filter", v);
	snprintf(node, sizeof node, "%s-route", is6 ? "ip6" : "ip4");
	for (unsigned mode = 0; mode < 6; mode++) { /* said for one interface, and for all */
		char value[2] = { (char)('0' + mode % 3), 0 };
		set(r, mode < 3 ? own : all, value);
		set(r, mode < 3 ? all : own, "0");
		for (unsigned i = 0; i < 3; i++) {
			uint64_t was = rig_drops(r, node, DROP_IP_REVERSE_PATH);
			rig_clear(&r->b);
			send_from(r, src[i], dst);
			assert_int_equal(r->b.n, passes[mode % 3] >> i & 1);
			assert_int_equal(rig_drops(r, node, DROP_IP_REVERSE_PATH) - was, !r->b.n);
		}
	}
}

static void sources_come_by_the_way_that_leads_back(void **state)
{
	struct rig *r = setup();
	reverse_path_filter(r, "ipv4", "10.0.2.2", "10.0.1.77", "10.0.2.77", "192.0.2.1");
	reverse_path_filter(r, "ipv6", "2001:db8:2::2", "2001:db8:1::77", "2001:db8:2::77", "2001:db8:99::1");
	rig_free(r);
}

static void unicast_in_group_frames_is_refused_unless_told(void **state)
{
	static const uint8_t all[6] = { 255, 255, 255, 255, 255, 255 };
	struct rig *r = setup();
	struct frame f;
	struct ip4_msg ip = ip4_packet("10.0.1.2", "10.0.1.1");
	frame_ip4(&f, &r->a, &ip, 8);
	memcpy(f.b, all, sizeof all);
	rig_send(r, &r->a, &f);
	assert_int_equal(rig_drops(r, "ip4-route", DROP_IP_MULTICAST_LINK), 1);
	set(r, "net.ipv4.conf.wa.drop_unicast_in_l2_multicast", "0");
	rig_send(r, &r->a, &f);
	rig_expect_icmp4(&r->a, "10.0.1.1", "10.0.1.2", ICMP4_ECHO_REPLY, 0);
	ip = ip4_packet("10.0.1.2", "10.0.2.2"); /* others never get them */
	frame_ip4(&f, &r->a, &ip, 8);
	memcpy(f.b, all, sizeof all);
	rig_send(r, &r->a, &f);
	assert_int_equal(rig_drops(r, "ip4-route", DROP_IP_MULTICAST_LINK), 2);
	rig_expect_silence(r);
	rig_free(r);
}

static void broadcasts_to_our_networks_go_on_when_told(void **state)
{
	struct rig *r = setup();
	struct eth_msg eth;
	struct frame f;
	struct ip4_msg ip = ip4_packet("10.0.1.2", "10.0.2.255");
	frame_ip4(&f, &r->a, &ip, 8);
	rig_send(r, &r->a, &f);
	rig_expect_silence(r);
	set(r, "net.ipv4.conf.all.bc_forwarding", "1");
	rig_send(r, &r->a, &f);
	rig_expect_silence(r);
	set(r, "net.ipv4.conf.wa.bc_forwarding", "1");
	rig_send(r, &r->a, &f);
	rig_expect(&r->b, ETH_P_IP, &eth);
	assert_int_equal(eth.dst[0] & eth.dst[5], 255);
	rig_free(r);
}

TWICE(timestamps_are_answered_with_the_time_of_day)
TWICE(what_is_to_be_ignored_is)
TWICE(interfaces_are_told_of_when_that_is_allowed)
TWICE(options_are_filled_in_on_the_way)
TWICE(nobody_else_has_our_addresses)
TWICE(sources_come_by_the_way_that_leads_back)

/* --- RFC 4884 --- */

/* Behind an error that quotes 128 bytes of a packet to the far side: the interface it came by. */
static void expect_extension(struct rig *r, struct cursor body, uint32_t quoted)
{
	static const char filling[128];
	struct cursor quote;
	const char name[4] = { 4, 'w', 'a' };
	assert_true(cur_sub(&body, 128, &quote));
	assert_true(cur_skip(&quote, quoted) && cur_equal(&quote, filling, 128 - quoted));
	assert_true(icmp_ext_ok(body));
	assert_true(cur_skip(&body, sizeof(struct icmp_ext_hdr)));
	struct icmp_ext_object o;
	be32 index;
	assert_true(cur_copy(&body, &o, sizeof o));
	assert_true(cur_copy(&body, &index, sizeof index));
	assert_int_equal(o.class_num, 2);
	assert_int_equal(o.c_type, 0x0f);
	assert_int_equal(be32_get(index), r->a.ifc->ifindex);
	assert_true(cur_skip(&body, cur_left(&body) - 8) && cur_equal(&body, name, 4)); /* name, MTU */
}

static void errors_name_the_interface_when_told_so(void **state)
{
	static const unsigned lens[] = { 10, 92,
					 1000 }; /* shorter than 128 bytes in all, about so long, longer */
	struct rig *r = setup();
	struct frame f;
	set(r, "net.ipv4.icmp_errors_extension_mask", "1");
	set(r, "net.ipv6.icmp.errors_extension_mask", "1");
	for (unsigned i = 0; i < ARRAY_SIZE(lens); i++) {
		struct ip4_msg ip4 = ip4_packet("10.0.1.2", "10.0.2.2");
		ip4.ttl = 1;
		frame_ip4(&f, &r->a, &ip4, lens[i]);
		rig_send(r, &r->a, &f);
		struct icmp4_msg m4 = rig_expect_icmp4(&r->a, "10.0.1.1", "10.0.1.2", ICMP4_TIME_EXCEEDED, 0);
		assert_int_equal(icmp4_info(&m4), 0x00200000);
		expect_extension(r, m4.body, MIN(28 + lens[i], 128u));
		struct ip6_msg ip6 = ip6_packet("2001:db8:1::2", "2001:db8:2::2");
		ip6.hop_limit = 1;
		frame_ip6(&f, &r->a, &ip6, NULL, 0, lens[i]);
		rig_send(r, &r->a, &f);
		struct icmp6_msg m6 = rig_expect_icmp6(&r->a, "2001:db8:1::1", "2001:db8:1::2",
						       ICMP6_TIME_EXCEEDED, 0, NULL);
		assert_int_equal(m6.info, 0x10000000);
		expect_extension(r, m6.body, MIN(48 + lens[i], 128u));
	}
	rig_expect_silence(r);
	rig_free(r);
}

TWICE(errors_name_the_interface_when_told_so)

static void errors_that_nothing_may_follow_are_as_ever(void **state)
{
	struct rig *r = setup();
	struct frame f;
	set(r, "net.ipv6.icmp.errors_extension_mask", "1");
	assert_int_equal(iface_set_mtu(r->b.ifc, 1280), 0);
	struct ip6_msg ip = ip6_packet("2001:db8:1::2", "2001:db8:2::2");
	frame_ip6(&f, &r->a, &ip, NULL, 0, 1400);
	rig_send(r, &r->a, &f);
	struct icmp6_msg m =
		rig_expect_icmp6(&r->a, "2001:db8:1::1", "2001:db8:1::2", ICMP6_TOO_BIG, 0, NULL);
	assert_int_equal(m.info, 1280);
	assert_int_equal(cur_left(&m.body), 1280 - 48);
	rig_free(r);
}
TWICE(errors_that_nothing_may_follow_are_as_ever)

IN_VRF(options_are_filled_in_on_the_way)
IN_VRF(malformed_options_are_pointed_at_in_an_error)
IN_VRF(source_routes_are_followed_where_all_say_so)

int main(void)
{
	workers = 1;
	const struct CMUnitTest tests[] = {
		BOTH(timestamps_are_answered_with_the_time_of_day),
		BOTH(what_is_to_be_ignored_is),
		BOTH(interfaces_are_told_of_when_that_is_allowed),
		cmocka_unit_test(errors_come_from_where_it_says),
		BOTH(errors_name_the_interface_when_told_so),
		BOTH(errors_that_nothing_may_follow_are_as_ever),
		BOTH(options_are_filled_in_on_the_way),
		cmocka_unit_test(malformed_options_are_pointed_at_in_an_error),
		cmocka_unit_test(source_routes_are_followed_where_all_say_so),
		BOTH(nobody_else_has_our_addresses),
		cmocka_unit_test(martians_fall_by_name),
		BOTH(sources_come_by_the_way_that_leads_back),
		cmocka_unit_test(unicast_in_group_frames_is_refused_unless_told),
		cmocka_unit_test(broadcasts_to_our_networks_go_on_when_told),
		cmocka_unit_test(options_are_filled_in_on_the_way_in_vrf),
		cmocka_unit_test(malformed_options_are_pointed_at_in_an_error_in_vrf),
		cmocka_unit_test(source_routes_are_followed_where_all_say_so_in_vrf),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

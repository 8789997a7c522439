/* SPDX-License-Identifier: BSD-2-Clause */
#include "nd.c"

#include "split_test.h"

static const struct ip6 host_a = { { 0xfe, 0x80, [15] = 0x0a } }, host_b = { { 0xfe, 0x80, [15] = 0x0b } },
			all_nodes = { { 0xff, 0x02, [15] = 1 } }, unspecified;
static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 0x0a };

static struct nd_envelope envelope(struct ip6 src, struct ip6 dst)
{
	return (struct nd_envelope){ .src = src, .dst = dst, .hop_limit = 255 };
}

static bool csum_holds(const uint8_t *p, unsigned len, const struct nd_envelope *ip)
{
	return csum_ok(csum_add(csum_pseudo6(&ip->src, &ip->dst, IP_PROTO_ICMP6, len), csum_mem(p, len)));
}

static struct nd_ns_msg solicit(bool with_mac, bool with_nonce)
{
	struct nd_ns_msg m = { .target = host_b, .has_mac = with_mac, .has_nonce = with_nonce };
	if (with_mac)
		memcpy(m.mac, mac, 6);
	if (with_nonce)
		memcpy(m.nonce, "nonce!", 6);
	return m;
}

static void solicitations_come_back_as_they_went(void **state)
{
	for (unsigned i = 0; i < 4; i++) {
		struct nd_envelope ip = envelope(i & 1 ? host_a : unspecified, ip6_solicited_node(&host_b));
		struct nd_ns_msg m = solicit(i & 1, i & 2), got;
		uint8_t p[ND_NEIGH_MAX];
		struct cursor c;
		unsigned len = nd_ns_emit(&m, &ip, p);
		assert_int_equal(len, 24 + (i & 1 ? 8 : 0) + (i & 2 ? 8 : 0));
		assert_true(csum_holds(p, len, &ip));
		for_each_split (c, p, len) {
			assert_int_equal(nd_ns_parse(c, &ip, &got), DROP_NONE);
			assert_memory_equal(&got, &m, sizeof m);
		}
	}
}

static void advertisements_come_back_as_they_went(void **state)
{
	for (unsigned i = 0; i < 16; i++) {
		struct nd_envelope ip = envelope(host_b, host_a);
		struct nd_na_msg m = {
			.target = host_b, .router = i & 1, .solicited = i & 2, .override = i & 4, .has_mac = i & 8,
		}, got;
		uint8_t p[ND_NEIGH_MAX];
		struct cursor c;
		if (m.has_mac)
			memcpy(m.mac, mac, 6);
		unsigned len = nd_na_emit(&m, &ip, p);
		assert_true(csum_holds(p, len, &ip));
		for_each_split (c, p, len) {
			assert_int_equal(nd_na_parse(c, &ip, &got), DROP_NONE);
			assert_memory_equal(&got, &m, sizeof m);
		}
	}
}

static enum drop parse_ns(const uint8_t *p, unsigned len, struct nd_envelope ip)
{
	struct nd_ns_msg m;
	return nd_ns_parse(cur_of(p, len), &ip, &m);
}

/* RFC 4861, 7.1.1, check by check; the checksum is not among them here. */
static void a_solicitation_must_pass_every_check(void **state)
{
	struct nd_envelope ip = envelope(host_a, ip6_solicited_node(&host_b));
	struct nd_ns_msg m = solicit(true, false);
	uint8_t good[ND_NEIGH_MAX], p[ND_NEIGH_MAX];
	unsigned len = nd_ns_emit(&m, &ip, good);
	assert_int_equal(parse_ns(good, len, ip), DROP_NONE);

	struct nd_envelope far = ip;
	far.hop_limit = 254;
	assert_int_equal(parse_ns(good, len, far), DROP_ND_HOP_LIMIT);
	for (unsigned n = 0; n < 24; n++)
		assert_int_equal(parse_ns(good, n, ip), DROP_TRUNCATED);
	for (unsigned n = 25; n < 32; n++) /* half an option */
		assert_int_equal(parse_ns(good, n, ip), DROP_ND_MALFORMED);

	memcpy(p, good, len);
	p[1] = 1; /* code */
	assert_int_equal(parse_ns(p, len, ip), DROP_ND_MALFORMED);
	memcpy(p, good, len);
	p[8] = 0xff; /* a multicast target */
	assert_int_equal(parse_ns(p, len, ip), DROP_ND_MALFORMED);
	memcpy(p, good, len);
	p[25] = 0; /* an option of length 0 */
	assert_int_equal(parse_ns(p, len, ip), DROP_ND_MALFORMED);
	memcpy(p, good, len);
	p[0] = ICMP6_NEIGH_ADVERT;
	assert_int_equal(parse_ns(p, len, ip), DROP_ND_MALFORMED);

	ip.src = unspecified; /* duplicate address detection must not carry an address */
	assert_int_equal(parse_ns(good, len, ip), DROP_ND_MALFORMED);
	assert_int_equal(parse_ns(good, 24, ip), DROP_NONE);
	ip.dst = host_b; /* and goes to a solicited-node group */
	assert_int_equal(parse_ns(good, 24, ip), DROP_ND_MALFORMED);
	ip.dst = all_nodes;
	assert_int_equal(parse_ns(good, 24, ip), DROP_ND_MALFORMED);
}

/* RFC 4861, 7.1.2 */
static void an_advertisement_must_pass_every_check(void **state)
{
	struct nd_envelope ip = envelope(host_b, all_nodes), far = ip;
	struct nd_na_msg m = { .target = host_b, .solicited = true }, got;
	uint8_t p[ND_NEIGH_MAX];
	unsigned len = nd_na_emit(&m, &ip, p);
	/* Solicited, yet to a group. */
	assert_int_equal(nd_na_parse(cur_of(p, len), &ip, &got), DROP_ND_MALFORMED);
	p[4] &= (uint8_t)~0x40;
	assert_int_equal(nd_na_parse(cur_of(p, len), &ip, &got), DROP_NONE);
	far.hop_limit = 64;
	assert_int_equal(nd_na_parse(cur_of(p, len), &far, &got), DROP_ND_HOP_LIMIT);
	for (unsigned n = 0; n < 24; n++)
		assert_int_equal(nd_na_parse(cur_of(p, n), &ip, &got), DROP_TRUNCATED);
	p[8] = 0xff;
	assert_int_equal(nd_na_parse(cur_of(p, len), &ip, &got), DROP_ND_MALFORMED);
}

static void a_link_layer_address_of_another_length_is_malformed(void **state)
{
	uint8_t p[24 + 16] = { ICMP6_NEIGH_SOLICIT };
	memcpy(p + 8, &host_b, 16);
	p[24] = ND_OPT_SOURCE_LLADDR;
	p[25] = 2;
	assert_int_equal(parse_ns(p, sizeof p, envelope(host_a, host_b)), DROP_ND_MALFORMED);
}

static void an_option_of_length_0_is_malformed_even_when_unknown(void **state)
{
	uint8_t p[24 + 8] = { ICMP6_NEIGH_SOLICIT };
	memcpy(p + 8, &host_b, 16);
	p[24] = 200;
	assert_int_equal(parse_ns(p, sizeof p, envelope(host_a, host_b)), DROP_ND_MALFORMED);
}

static void unknown_options_are_stepped_over(void **state)
{
	uint8_t p[24 + 24] = { ICMP6_NEIGH_SOLICIT };
	struct nd_envelope ip = envelope(host_a, host_b);
	struct nd_ns_msg m;
	memcpy(p + 8, &host_b, 16);
	p[24] = 200;
	p[25] = 2;
	p[40] = ND_OPT_SOURCE_LLADDR;
	p[41] = 1;
	memcpy(p + 42, mac, 6);
	assert_int_equal(nd_ns_parse(cur_of(p, sizeof p), &ip, &m), DROP_NONE);
	assert_true(m.has_mac);
	assert_memory_equal(m.mac, mac, 6);
}

static void router_solicitations_come_back_as_they_went(void **state)
{
	struct nd_envelope ip = envelope(host_a, all_nodes);
	struct nd_rs_msg m = { .has_mac = true }, got;
	uint8_t p[ND_NEIGH_MAX];
	memcpy(m.mac, mac, 6);
	unsigned len = nd_rs_emit(&m, &ip, p);
	assert_true(csum_holds(p, len, &ip));
	assert_int_equal(nd_rs_parse(cur_of(p, len), &ip, &got), DROP_NONE);
	assert_memory_equal(&got, &m, sizeof m);
	for (unsigned n = 0; n < 8; n++)
		assert_int_equal(nd_rs_parse(cur_of(p, n), &ip, &got), DROP_TRUNCATED);
	ip.src = unspecified;
	assert_int_equal(nd_rs_parse(cur_of(p, len), &ip, &got), DROP_ND_MALFORMED);
}

static void router_advertisements_come_from_the_link_itself(void **state)
{
	struct nd_envelope ip = envelope(host_a, all_nodes);
	struct nd_ra_msg m = { .hop_limit = 64,
			       .flags = ND_RA_OTHER,
			       .lifetime_s = 1800,
			       .retrans_ms = 1000 },
			 got;
	uint8_t p[sizeof(struct nd_ra_hdr) + 8] = { 0 };
	struct nd_opt o;
	bool bad;
	nd_ra_emit(&m, (struct nd_ra_hdr *)p);
	p[16] = ND_OPT_MTU;
	p[17] = 1;
	assert_int_equal(nd_ra_parse(cur_of(p, sizeof p), &ip, &got), DROP_NONE);
	assert_int_equal(got.hop_limit, 64);
	assert_int_equal(got.flags, ND_RA_OTHER);
	assert_int_equal(got.lifetime_s, 1800);
	assert_int_equal(got.retrans_ms, 1000);
	assert_true(nd_opt_next(&got.options, &o, &bad));
	assert_int_equal(o.type, ND_OPT_MTU);
	assert_false(nd_opt_next(&got.options, &o, &bad) || bad);
	for (unsigned n = 0; n < 16; n++)
		assert_int_equal(nd_ra_parse(cur_of(p, n), &ip, &got), DROP_TRUNCATED);
	ip.src.b[0] = 0x20;
	assert_int_equal(nd_ra_parse(cur_of(p, sizeof p), &ip, &got), DROP_ND_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(solicitations_come_back_as_they_went),
		cmocka_unit_test(advertisements_come_back_as_they_went),
		cmocka_unit_test(a_solicitation_must_pass_every_check),
		cmocka_unit_test(an_advertisement_must_pass_every_check),
		cmocka_unit_test(a_link_layer_address_of_another_length_is_malformed),
		cmocka_unit_test(an_option_of_length_0_is_malformed_even_when_unknown),
		cmocka_unit_test(unknown_options_are_stepped_over),
		cmocka_unit_test(router_solicitations_come_back_as_they_went),
		cmocka_unit_test(router_advertisements_come_from_the_link_itself),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

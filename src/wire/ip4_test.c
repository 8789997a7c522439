/* SPDX-License-Identifier: BSD-2-Clause */
#include "ip4.c"

#include "split_test.h"

/* 115 bytes of UDP from 192.168.0.1 to 192.168.0.199 with a checksum known to be right. */
static const uint8_t header[20] = { 0x45, 0,    0,    0x73, 0, 0, 0x40, 0,    0x40, 0x11,
				    0xb8, 0x61, 0xc0, 0xa8, 0, 1, 0xc0, 0xa8, 0,    0xc7 };

static struct ip4_msg sample(const uint8_t *options, uint32_t options_len, const uint8_t *body,
			     uint32_t body_len)
{
	return (struct ip4_msg){
		.tos = 0xb9,
		.ttl = 3,
		.proto = 200,
		.mf = true,
		.id = 0xbeef,
		.frag_off = 8000,
		.src = { { 10, 0, 0, 1 } },
		.dst = { { 10, 0, 0, 2 } },
		.options = cur_of(options, options_len),
		.body = cur_of(body, body_len),
	};
}

static void a_known_header_holds(void **state)
{
	uint8_t p[0x73] = { 0 };
	struct ip4_msg m;
	memcpy(p, header, sizeof header);
	assert_int_equal(ip4_parse(cur_of(p, sizeof p), &m), DROP_NONE);
	assert_true(m.df && !m.mf);
	assert_int_equal(m.ttl, 64);
	assert_int_equal(m.proto, IP_PROTO_UDP);
	assert_int_equal(cur_left(&m.body), 0x73 - 20);
	assert_true(ip4_csum_ok((struct ip4_hdr *)p));
}

static void parse_undoes_emit_wherever_it_is_cut(void **state)
{
	const uint8_t options[40] = { IP4_OPT_NOP, IP4_OPT_NOP, 9, 4, 1, 2 }, body[] = "some bytes of data";
	for (uint32_t options_len = 0; options_len <= 40; options_len += 4) {
		struct ip4_msg m = sample(options, options_len, body, sizeof body), got;
		uint8_t p[IP4_HDR_MAX + sizeof body + 4]; /* 4 bytes of padding by the link */
		unsigned len = ip4_emit(&m, p);
		struct cursor c;
		assert_int_equal(len, 20 + options_len);
		memcpy(p + len, body, sizeof body);
		for_each_split (c, p, len + sizeof body + 4) {
			assert_int_equal(ip4_parse(c, &got), DROP_NONE);
			assert_int_equal(got.tos, m.tos);
			assert_int_equal(got.ttl, m.ttl);
			assert_int_equal(got.proto, m.proto);
			assert_true(!got.df && got.mf);
			assert_int_equal(got.id, m.id);
			assert_int_equal(got.frag_off, m.frag_off);
			assert_true(be32_eq(got.src, m.src) && be32_eq(got.dst, m.dst));
			assert_true(rest_is(&got.options, options, options_len));
			assert_true(rest_is(&got.body, body, sizeof body));
		}
	}
}

static void emit_pads_options_and_refuses_what_does_not_fit(void **state)
{
	const uint8_t options[41] = { IP4_OPT_NOP };
	static uint8_t body[IP4_LEN_MAX];
	uint8_t p[IP4_HDR_MAX];
	struct ip4_msg m = sample(options, 1, body, 0);
	assert_int_equal(ip4_emit(&m, p), 24);
	m = sample(options, 41, body, 0);
	assert_int_equal(ip4_emit(&m, p), 0);
	m = sample(options, 0, body, IP4_LEN_MAX - 20);
	assert_int_equal(ip4_emit(&m, p), 20);
	m = sample(options, 0, body, IP4_LEN_MAX - 19);
	assert_int_equal(ip4_emit(&m, p), 0);
}

static enum drop parse_with(unsigned at, uint8_t byte, uint32_t len)
{
	uint8_t p[0x73] = { 0 };
	struct ip4_msg m;
	memcpy(p, header, sizeof header);
	p[at] = byte;
	return ip4_parse(cur_of(p, len), &m);
}

static void what_does_not_hold_is_refused_by_name(void **state)
{
	assert_int_equal(parse_with(0, 0x45, 0x73), DROP_NONE);
	for (uint32_t len = 0; len < 0x73; len++)
		assert_int_equal(parse_with(0, 0x45, len), DROP_TRUNCATED);
	assert_int_equal(parse_with(0, 0x65, 0x73), DROP_IP_VERSION);
	assert_int_equal(parse_with(0, 0x44, 0x73), DROP_BAD_LENGTH);
	assert_int_equal(parse_with(3, 19, 0x73), DROP_BAD_LENGTH);
	assert_int_equal(parse_with(2, 1, 0x73), DROP_TRUNCATED);
	for (unsigned at = 4; at < 20; at++) /* any flipped bit behind the lengths */
		assert_int_equal(parse_with(at, header[at] ^ 1, 0x73), DROP_IP_HEADER_CSUM);
}

static void a_hop_keeps_the_checksum_right(void **state)
{
	struct ip4_hdr h;
	for (uint32_t id = 0; id <= 0xffff; id++) { /* every value the checksum can take */
		memcpy(&h, header, sizeof h);
		h.id = be16_of((uint16_t)id);
		h.ttl = (uint8_t)(id % 254 + 2);
		ip4_csum_set(&h);
		ip4_ttl_decrement(&h);
		assert_true(ip4_csum_ok(&h));
		be16 stepped = h.csum;
		ip4_csum_set(&h);
		assert_true(be16_eq(stepped, h.csum));
	}
}

/* --- options --- */

static enum drop options(const uint8_t *p, uint32_t len, struct ip4_options *ret, uint8_t *ret_bad)
{
	struct cursor c;
	enum drop why = DROP_NONE;
	for_each_split (c, p, len)
		why = ip4_options_parse(c, ret, ret_bad);
	return why;
}

static void options_are_found(void **state)
{
	const uint8_t p[] = {
		IP4_OPT_NOP,
		IP4_OPT_ROUTER_ALERT,
		4,
		0,
		0, /* at 21 */
		IP4_OPT_RECORD_ROUTE,
		7,
		4,
		0,
		0,
		0,
		0, /* at 25 */
		IP4_OPT_TIMESTAMP,
		8,
		5,
		0,
		0,
		0,
		0,
		0, /* at 32 */
		IP4_OPT_STRICT_ROUTE,
		7,
		8,
		10,
		0,
		0,
		1, /* at 40; full */
		0x9e,
		3,
		0, /* unknown */
		IP4_OPT_END,
		0xff,
		0xff, /* what follows the end means nothing */
	};
	struct ip4_options o;
	uint8_t bad = 0;
	assert_int_equal(options(p, sizeof p, &o, &bad), DROP_NONE);
	assert_int_equal(o.router_alert, 21);
	assert_int_equal(o.record_route, 25);
	assert_int_equal(o.timestamp, 32);
	assert_int_equal(o.source_route, 40);
	assert_true(o.strict);
	assert_int_equal(options(p, 0, &o, &bad), DROP_NONE);
	assert_int_equal(o.source_route, 0);
}

static void malformed_options_are_pointed_at(void **state)
{
	static const struct {
		uint8_t p[14], len, bad;
	} cases[] = {
		{ { IP4_OPT_NOP, 9 }, 2, 21 }, /* no length */
		{ { 9, 1 }, 2, 20 }, /* a length that does not cover itself */
		{ { IP4_OPT_NOP, 9, 4, 0 }, 4, 21 }, /* past the end */
		{ { IP4_OPT_RECORD_ROUTE, 7, 3, 0, 0, 0, 0 }, 7, 22 }, /* the pointer points at itself */
		{ { IP4_OPT_RECORD_ROUTE, 7, 5, 0, 0, 0, 0 }, 7, 22 }, /* no room for an address */
		{ { IP4_OPT_RECORD_ROUTE, 2 }, 2, 21 },
		{ { IP4_OPT_LOOSE_ROUTE, 3, 4, IP4_OPT_STRICT_ROUTE, 3, 4 }, 6, 23 }, /* one too many */
		{ { IP4_OPT_TIMESTAMP, 3, 5 }, 3, 21 },
		{ { IP4_OPT_TIMESTAMP, 8, 5, 1, 0, 0, 0, 0 }, 8, 22 }, /* address and stamp need 8 bytes */
		{ { IP4_OPT_ROUTER_ALERT, 3, 0 }, 3, 21 },
	};
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ip4_options o;
		uint8_t bad = 0;
		assert_int_equal(options(cases[i].p, cases[i].len, &o, &bad), DROP_IP_OPTIONS);
		assert_int_equal(bad, cases[i].bad);
	}
}

static void what_comes_before_a_malformed_option_is_found(void **state)
{
	static const uint8_t p[] = { IP4_OPT_RECORD_ROUTE, 3, 4, IP4_OPT_CIPSO, 6, 0, 0, 0, 1, IP4_OPT_END };
	struct ip4_options o;
	uint8_t bad = 0;
	assert_int_equal(options(p, sizeof p, &o, &bad), DROP_IP_OPTIONS);
	assert_int_equal(bad, 24);
	assert_int_equal(o.record_route, 20);
	assert_int_equal(o.cipso, 23);
}

/* RFC 791: the route is full of addresses, so many found no room for their time. */
static void options_without_room_are_full(void **state)
{
	static const struct {
		uint8_t p[8], len;
		bool bad;
	} cases[] = {
		{ { IP4_OPT_RECORD_ROUTE, 7, 8 }, 7, false },
		{ { IP4_OPT_RECORD_ROUTE, 3, 4 }, 3, false },
		{ { IP4_OPT_TIMESTAMP, 8, 9, 0xe1 }, 8, false },
		{ { IP4_OPT_TIMESTAMP, 8, 9, 0xf0 }, 8, true },
		{ { IP4_OPT_TIMESTAMP, 8, 9, 0xf3 }, 8, false }, /* given addresses, all of which have passed */
		{ { IP4_OPT_LOOSE_ROUTE, 3, 4 }, 3, false },
	};
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ip4_options o;
		uint8_t bad = 0;
		assert_int_equal(options(cases[i].p, cases[i].len, &o, &bad) == DROP_IP_OPTIONS,
				 cases[i].bad);
		assert_int_equal(bad, cases[i].bad ? 23 : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_known_header_holds),
		cmocka_unit_test(what_comes_before_a_malformed_option_is_found),
		cmocka_unit_test(options_without_room_are_full),
		cmocka_unit_test(parse_undoes_emit_wherever_it_is_cut),
		cmocka_unit_test(emit_pads_options_and_refuses_what_does_not_fit),
		cmocka_unit_test(what_does_not_hold_is_refused_by_name),
		cmocka_unit_test(a_hop_keeps_the_checksum_right),
		cmocka_unit_test(options_are_found),
		cmocka_unit_test(malformed_options_are_pointed_at),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

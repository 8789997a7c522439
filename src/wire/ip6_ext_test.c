/* SPDX-License-Identifier: BSD-2-Clause */
#include "ip6_ext.c"

#include "split_test.h"

/* A packet under construction: each call appends a header and names it in the one before. */
struct builder {
	uint8_t p[512];
	uint32_t len, name_at;
};

static void begin(struct builder *b)
{
	*b = (struct builder){ .len = 40, .name_at = 6 };
	b->p[0] = 0x60;
	b->p[6] = IP_PROTO_NONE;
}

static uint32_t add(struct builder *b, uint8_t type, const uint8_t *data, uint32_t len)
{
	uint32_t at = b->len;
	b->p[b->name_at] = type;
	memset(b->p + at, 0, len);
	memcpy(b->p + at, data, len);
	b->p[at] = IP_PROTO_NONE;
	b->name_at = at;
	b->len += len;
	return at;
}

static void end(struct builder *b, uint8_t proto)
{
	b->p[b->name_at] = proto;
	memcpy(b->p + b->len, "upper", 5);
	b->len += 5;
}

/* The same answer wherever it is cut. */
static enum drop walk(const struct builder *b, enum ip6_walk_as as, struct ip6_chain *ret)
{
	struct cursor c;
	enum drop first = ip6_walk(cur_of(b->p, b->len), as, ret);
	for_each_split (c, b->p, b->len) {
		struct ip6_chain ch;
		assert_int_equal(ip6_walk(c, as, &ch), first);
		assert_int_equal(ch.l4_off, ret->l4_off);
		assert_int_equal(ch.proto, ret->proto);
		assert_int_equal(ch.icmp_due, ret->icmp_due);
		assert_int_equal(ch.icmp_pointer, ret->icmp_pointer);
	}
	return first;
}

static const uint8_t pad[8] = { 0, 0, OPT_PADN, 4 };
static const uint8_t alert[8] = { 0, 0, OPT_ROUTER_ALERT, 2, 0, 0, OPT_PADN, 0 };
static const uint8_t routing_done[8] = { 0, 0, 253, 0 };
static const uint8_t routing_left[8] = { 0, 0, 0, 1 };

static void without_extensions_the_upper_header_follows(void **state)
{
	struct builder b;
	struct ip6_chain ch;
	begin(&b);
	end(&b, IP_PROTO_TCP);
	assert_int_equal(walk(&b, IP6_WALK_DESTINATION, &ch), DROP_NONE);
	assert_int_equal(ch.proto, IP_PROTO_TCP);
	assert_int_equal(ch.l4_off, 40);
	assert_int_equal(ch.next_off, 6);
	assert_false(ch.fragment);
}

static void a_long_chain_is_walked_to_its_end(void **state)
{
	struct builder b;
	struct ip6_chain ch;
	const uint8_t frag[8] = { 0, 0, 0, 0, 0xde, 0xad, 0xbe, 0xef };
	begin(&b);
	add(&b, IP_PROTO_HOPOPTS, alert, 8);
	add(&b, IP_PROTO_DSTOPTS, pad, 8);
	add(&b, IP_PROTO_ROUTING, routing_done, 8);
	uint32_t frag_at = add(&b, IP_PROTO_FRAGMENT, frag, 8);
	uint32_t last = add(&b, IP_PROTO_DSTOPTS, pad, 8);
	end(&b, IP_PROTO_UDP);
	for (unsigned as = 0; as < 2; as++) {
		assert_int_equal(walk(&b, (enum ip6_walk_as)as, &ch), DROP_NONE);
		assert_int_equal(ch.proto, IP_PROTO_UDP);
		assert_int_equal(ch.n_ext, 5);
		assert_int_equal(ch.l4_off, 80);
		assert_int_equal(ch.next_off, last);
		assert_true(ch.router_alert && ch.fragment);
		assert_false(ip6_is_fragment(&ch)); /* RFC 6946 */
		assert_int_equal(ch.frag_hdr_off, frag_at);
		assert_int_equal(ch.frag_id, 0xdeadbeef);
		assert_int_equal(ch.routing_type, 253);
	}
}

static void behind_a_later_fragment_nothing_is_read(void **state)
{
	struct builder b;
	struct ip6_chain ch;
	const uint8_t frag[8] = { 0, 0, 0x05, 0xa9, 0, 0, 0, 1 }; /* offset 1448, more */
	begin(&b);
	add(&b, IP_PROTO_FRAGMENT, frag, 8);
	end(&b, IP_PROTO_DSTOPTS);
	assert_int_equal(walk(&b, IP6_WALK_DESTINATION, &ch), DROP_NONE);
	assert_int_equal(ch.proto, IP_PROTO_DSTOPTS);
	assert_int_equal(ch.l4_off, 48);
	assert_int_equal(ch.frag_off, 1448);
	assert_true(ch.frag_more && ip6_is_fragment(&ch));
}

/* RFC 8200, 4.2 */
static void unknown_options_say_themselves_what_happens(void **state)
{
	static const struct {
		uint8_t type;
		enum drop why;
		bool icmp, to_multicast;
	} cases[] = {
		{ 0x1e, DROP_NONE, false, false },
		{ 0x5e, DROP_IP_EXT_HEADER, false, false },
		{ 0x9e, DROP_IP_EXT_HEADER, true, true },
		{ 0xde, DROP_IP_EXT_HEADER, true, false },
	};
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		const uint8_t opts[8] = { 0, 0, OPT_PAD1, cases[i].type, 3 };
		struct builder b;
		struct ip6_chain ch;
		begin(&b);
		uint32_t at = add(&b, IP_PROTO_HOPOPTS, opts, 8);
		end(&b, IP_PROTO_TCP);
		for (unsigned as = 0; as < 2; as++) { /* routers judge hop-by-hop options too */
			assert_int_equal(walk(&b, (enum ip6_walk_as)as, &ch), cases[i].why);
			assert_int_equal(ch.icmp_due, cases[i].icmp);
			assert_int_equal(ch.icmp_to_multicast, cases[i].to_multicast);
			if (ch.icmp_due) {
				assert_int_equal(ch.icmp_code, ICMP6_PARAM_OPTION);
				assert_int_equal(ch.icmp_pointer, at + 3);
			}
		}
	}
}

static void a_router_judges_nothing_behind_hop_by_hop(void **state)
{
	const uint8_t bad[8] = { 0, 0, 0xde, 3 };
	struct builder b;
	struct ip6_chain ch;
	begin(&b);
	add(&b, IP_PROTO_DSTOPTS, bad, 8);
	end(&b, IP_PROTO_TCP);
	assert_int_equal(walk(&b, IP6_WALK_DESTINATION, &ch), DROP_IP_EXT_HEADER);
	assert_true(ch.icmp_due);
	assert_int_equal(walk(&b, IP6_WALK_ROUTER, &ch), DROP_NONE);
	assert_int_equal(ch.proto, IP_PROTO_TCP);
	begin(&b);
	add(&b, IP_PROTO_ROUTING, routing_left, 8);
	end(&b, IP_PROTO_TCP);
	assert_int_equal(walk(&b, IP6_WALK_ROUTER, &ch), DROP_NONE);
	begin(&b);
	add(&b, IP_PROTO_DSTOPTS, pad, 8);
	uint32_t at = add(&b, IP_PROTO_HOPOPTS, pad, 8); /* out of place: where the walk ends */
	end(&b, IP_PROTO_TCP);
	assert_int_equal(walk(&b, IP6_WALK_ROUTER, &ch), DROP_NONE);
	assert_int_equal(ch.l4_off, at);
	assert_false(ch.icmp_due);
}

static void hop_by_hop_stands_first_or_is_refused(void **state)
{
	struct builder b;
	struct ip6_chain ch;
	begin(&b);
	uint32_t at = add(&b, IP_PROTO_DSTOPTS, pad, 8);
	add(&b, IP_PROTO_HOPOPTS, pad, 8);
	end(&b, IP_PROTO_TCP);
	assert_int_equal(walk(&b, IP6_WALK_DESTINATION, &ch), DROP_IP_EXT_HEADER);
	assert_int_equal(ch.icmp_code, ICMP6_PARAM_NEXT_HEADER);
	assert_int_equal(ch.icmp_pointer, at); /* the field that names it */
}

static void a_routing_header_with_segments_left_is_refused(void **state)
{
	struct builder b;
	struct ip6_chain ch;
	begin(&b);
	uint32_t at = add(&b, IP_PROTO_ROUTING, routing_left, 8);
	end(&b, IP_PROTO_TCP);
	assert_int_equal(walk(&b, IP6_WALK_DESTINATION, &ch), DROP_IP_EXT_HEADER);
	assert_int_equal(ch.icmp_code, ICMP6_PARAM_FIELD);
	assert_int_equal(ch.icmp_pointer, at + 2);
	assert_int_equal(ch.segments_left, 1);
}

/* Linux */
static void routing_headers_that_are_refused_in_silence(void **state)
{
	static const struct ip6 group = { { 0xff, 2, [15] = 1 } };
	static const struct {
		uint8_t type, left;
		bool to_group, passes;
	} cases[] = {
		{ 253, 0, false, true }, { 253, 0, true, false }, { 253, 1, true, false },
		{ 3, 0, false, false },  { 3, 1, false, false },  { 4, 0, false, false },
		{ 4, 1, false, false },
	};
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		const uint8_t hdr[8] = { 0, 0, cases[i].type, cases[i].left };
		struct builder b;
		struct ip6_chain ch;
		begin(&b);
		add(&b, IP_PROTO_ROUTING, hdr, 8);
		end(&b, IP_PROTO_TCP);
		if (cases[i].to_group)
			memcpy(b.p + offsetof(struct ip6_hdr, dst), &group, sizeof group);
		assert_int_equal(walk(&b, IP6_WALK_DESTINATION, &ch),
				 cases[i].passes ? DROP_NONE : DROP_IP_ROUTING_HEADER);
		assert_false(ch.icmp_due);
		assert_int_equal(walk(&b, IP6_WALK_ROUTER, &ch), DROP_NONE);
	}
}

static void a_second_fragment_header_is_the_problem(void **state)
{
	const uint8_t frag[8] = { 0 };
	struct builder b;
	struct ip6_chain ch;
	begin(&b);
	add(&b, IP_PROTO_FRAGMENT, frag, 8);
	uint32_t second = add(&b, IP_PROTO_FRAGMENT, frag, 8);
	end(&b, IP_PROTO_TCP);
	assert_int_equal(walk(&b, IP6_WALK_DESTINATION, &ch), DROP_IP_EXT_HEADER);
	assert_int_equal(ch.icmp_code, ICMP6_PARAM_FIELD);
	assert_int_equal(ch.icmp_pointer, second);
	begin(&b);
	uint32_t cut = add(&b, IP_PROTO_FRAGMENT, frag, 4);
	assert_int_equal(walk(&b, IP6_WALK_DESTINATION, &ch), DROP_TRUNCATED);
	assert_true(ch.icmp_due);
	assert_int_equal(ch.icmp_pointer, cut);
}

static void there_is_a_limit_to_headers_and_to_options(void **state)
{
	uint8_t opts[24] = { 0, 2 };
	struct builder b;
	struct ip6_chain ch;
	for (unsigned n = IP6_EXT_MAX; n <= IP6_EXT_MAX + 1; n++) {
		begin(&b);
		for (unsigned i = 0; i < n; i++)
			add(&b, IP_PROTO_DSTOPTS, pad, 8);
		end(&b, IP_PROTO_TCP);
		assert_int_equal(walk(&b, IP6_WALK_DESTINATION, &ch),
				 n > IP6_EXT_MAX ? DROP_IP_EXT_LIMIT : DROP_NONE);
	}
	for (unsigned n = IP6_OPTIONS_MAX; n <= IP6_OPTIONS_MAX + 1; n++) {
		for (unsigned i = 0; i < n; i++)
			opts[2 + 2 * i] = 0x1e;
		begin(&b);
		add(&b, IP_PROTO_DSTOPTS, opts, sizeof opts);
		end(&b, IP_PROTO_TCP);
		assert_int_equal(walk(&b, IP6_WALK_DESTINATION, &ch),
				 n > IP6_OPTIONS_MAX ? DROP_IP_EXT_LIMIT : DROP_NONE);
	}
}

static void what_is_cut_short_is_truncated(void **state)
{
	struct builder b;
	struct ip6_chain ch;
	begin(&b);
	add(&b, IP_PROTO_HOPOPTS, alert, 8);
	add(&b, IP_PROTO_FRAGMENT, (const uint8_t[8]){ 0 }, 8);
	for (b.len = 0; b.len < 56; b.len++)
		assert_int_equal(walk(&b, IP6_WALK_DESTINATION, &ch), DROP_TRUNCATED);
	assert_int_equal(walk(&b, IP6_WALK_DESTINATION, &ch), DROP_NONE);
	assert_int_equal(ch.proto, IP_PROTO_NONE);
}

static void an_option_past_its_header_is_malformed(void **state)
{
	const uint8_t opts[8] = { 0, 0, OPT_PADN, 5 };
	struct builder b;
	struct ip6_chain ch;
	begin(&b);
	add(&b, IP_PROTO_HOPOPTS, opts, 8);
	end(&b, IP_PROTO_TCP);
	assert_int_equal(walk(&b, IP6_WALK_ROUTER, &ch), DROP_IP_EXT_HEADER);
	assert_false(ch.icmp_due);
}

/* Options of one header, all of which are walked by routers, too. */
static void each_option_is_judged(void **state)
{
	static const struct {
		uint8_t p[16], n;
		enum drop why;
		uint8_t pointer; /* of a problem with a field; 0: none is due */
	} cases[] = {
		{ { 0, 0, 0, 0, 0, 0, 0, 0 }, 8, DROP_NONE, 0 }, /* six times Pad1 */
		{ { 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, 16, DROP_IP_EXT_HEADER, 0 },
		{ { 0, 1, 0x1e, 5, 0, 0, 0, 0, 0, OPT_PADN, 5 }, 16, DROP_NONE, 0 },
		{ { 0, 1, 0x1e, 4, 0, 0, 0, 0, OPT_PADN, 6 }, 16, DROP_IP_EXT_HEADER, 0 }, /* 8 bytes of it */
		{ { 0, 0, OPT_PADN, 4, 0, 0, 0, 1 }, 8, DROP_IP_EXT_HEADER, 0 }, /* that say something */
		{ { 0, 0, OPT_ROUTER_ALERT, 2, 0, 0, OPT_PADN, 0 }, 8, DROP_NONE, 0 },
		{ { 0, 0, OPT_ROUTER_ALERT, 4, 0, 0, 0, 0 }, 8, DROP_IP_EXT_HEADER, 0 },
		{ { 0, 0, OPT_JUMBO, 4, 0, 0, 0xff, 0xff }, 8, DROP_IP_EXT_HEADER, 44 }, /* not so large */
		{ { 0, 0, OPT_JUMBO, 4, 0, 1, 0, 0 }, 8, DROP_TRUNCATED, 0 },
		{ { 0, 1, OPT_PADN, 0, OPT_JUMBO, 4, 0, 1, 0, 0, OPT_PADN, 4 }, 16, DROP_IP_EXT_HEADER, 0 },
	};
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		struct builder b;
		struct ip6_chain ch;
		begin(&b);
		add(&b, IP_PROTO_HOPOPTS, cases[i].p, cases[i].n);
		end(&b, IP_PROTO_TCP);
		for (unsigned as = 0; as < 2; as++) {
			assert_int_equal(walk(&b, (enum ip6_walk_as)as, &ch), cases[i].why);
			assert_int_equal(ch.icmp_due ? ch.icmp_pointer : 0, cases[i].pointer);
		}
	}
}

static void limits_are_what_they_are_told_to_be(void **state)
{
	static const uint8_t opts[16] = { 0, 1, 0x1e, 0, 0x1e, 0, OPT_ROUTER_ALERT, 2, 0, 0, OPT_PADN, 4 };
	static const struct {
		struct ip6_limits l;
		enum drop why;
	} cases[] = {
		{ { 3, 0, 16, 0 }, DROP_NONE },
		{ { 2, 8, 16, 16 }, DROP_IP_EXT_LIMIT },
		{ { 3, 8, 15, 16 }, DROP_IP_EXT_LIMIT },
		{ { -3, 8, 16, 16 }, DROP_IP_EXT_LIMIT },
		{ { INT32_MIN, 8, 16, 16 }, DROP_IP_EXT_LIMIT },
	};
	struct builder b;
	struct ip6_chain ch;
	begin(&b);
	add(&b, IP_PROTO_HOPOPTS, opts, sizeof opts);
	end(&b, IP_PROTO_TCP);
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(ip6_walk_within(cur_of(b.p, b.len), IP6_WALK_ROUTER, &cases[i].l, &ch),
				 cases[i].why);
}

static void two_fragment_headers_are_one_too_many(void **state)
{
	const uint8_t frag[8] = { 0 };
	struct builder b;
	struct ip6_chain ch;
	begin(&b);
	add(&b, IP_PROTO_FRAGMENT, frag, 8);
	add(&b, IP_PROTO_FRAGMENT, frag, 8);
	end(&b, IP_PROTO_TCP);
	assert_int_equal(walk(&b, IP6_WALK_DESTINATION, &ch), DROP_IP_EXT_HEADER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_extensions_the_upper_header_follows),
		cmocka_unit_test(a_long_chain_is_walked_to_its_end),
		cmocka_unit_test(behind_a_later_fragment_nothing_is_read),
		cmocka_unit_test(unknown_options_say_themselves_what_happens),
		cmocka_unit_test(a_router_judges_nothing_behind_hop_by_hop),
		cmocka_unit_test(hop_by_hop_stands_first_or_is_refused),
		cmocka_unit_test(a_routing_header_with_segments_left_is_refused),
		cmocka_unit_test(routing_headers_that_are_refused_in_silence),
		cmocka_unit_test(a_second_fragment_header_is_the_problem),
		cmocka_unit_test(there_is_a_limit_to_headers_and_to_options),
		cmocka_unit_test(what_is_cut_short_is_truncated),
		cmocka_unit_test(an_option_past_its_header_is_malformed),
		cmocka_unit_test(each_option_is_judged),
		cmocka_unit_test(limits_are_what_they_are_told_to_be),
		cmocka_unit_test(two_fragment_headers_are_one_too_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

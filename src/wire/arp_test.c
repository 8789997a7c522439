/* SPDX-License-Identifier: BSD-2-Clause */
#include "arp.c"

#include "split_test.h"

static const uint8_t request[] = {
	0, 1, 8, 0, 6, 4, 0,  1, /* Ethernet, IPv4, request */
	2, 0, 0, 0, 0, 1, 10, 0, 0, 1, /* from */
	0, 0, 0, 0, 0, 0, 10, 0, 0, 2, /* for */
};

static void a_request_parses_wherever_it_is_cut(void **state)
{
	struct cursor c;
	for_each_split (c, request, sizeof request) {
		struct arp_msg m;
		assert_int_equal(arp_parse(c, &m), DROP_NONE);
		assert_int_equal(m.op, ARP_OP_REQUEST);
		assert_memory_equal(m.sha, request + 8, 6);
		assert_memory_equal(&m.spa, request + 14, 4);
		assert_memory_equal(m.tha, request + 18, 6);
		assert_memory_equal(&m.tpa, request + 24, 4);
	}
}

static void emit_is_the_inverse_of_parse(void **state)
{
	struct arp_msg m;
	struct arp_hdr h;
	assert_int_equal(arp_parse(cur_of(request, sizeof request), &m), DROP_NONE);
	arp_emit(&m, &h);
	assert_memory_equal(&h, request, sizeof h);
}

static void anything_but_ip4_over_ethernet_is_malformed(void **state)
{
	for (unsigned i = 0; i < 6; i++) { /* each byte of types and lengths in turn */
		uint8_t bad[sizeof request];
		struct arp_msg m;
		memcpy(bad, request, sizeof bad);
		bad[i] ^= 0x10;
		assert_int_equal(arp_parse(cur_of(bad, sizeof bad), &m), DROP_ARP_MALFORMED);
	}
}

static void ieee_802_is_taken_for_ethernet(void **state)
{
	uint8_t p[sizeof request];
	struct arp_msg m;
	memcpy(p, request, sizeof p);
	p[1] = ARP_HTYPE_IEEE802;
	assert_int_equal(arp_parse(cur_of(p, sizeof p), &m), DROP_NONE);
}

static void short_messages_are_truncated(void **state)
{
	struct arp_msg m;
	for (uint32_t len = 0; len < sizeof request; len++)
		assert_int_equal(arp_parse(cur_of(request, len), &m), DROP_TRUNCATED);
}

static void expect_print(const uint8_t *p, uint32_t len, const char *want)
{
	char buf[80];
	struct text t = text_of(buf, sizeof buf);
	arp_print(cur_of(p, len), &t);
	assert_string_equal(buf, want);
}

static void print_tells_what_is_asked_and_answered(void **state)
{
	uint8_t p[sizeof request];
	memcpy(p, request, sizeof p);
	expect_print(p, sizeof p, "arp who-has 10.0.0.2 tell 10.0.0.1");
	p[7] = ARP_OP_REPLY;
	expect_print(p, sizeof p, "arp 10.0.0.1 is-at 02:00:00:00:00:01");
	p[7] = 9;
	expect_print(p, sizeof p, "arp op 9");
	expect_print(p, 5, "arp (truncated)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_parses_wherever_it_is_cut),
		cmocka_unit_test(emit_is_the_inverse_of_parse),
		cmocka_unit_test(anything_but_ip4_over_ethernet_is_malformed),
		cmocka_unit_test(ieee_802_is_taken_for_ethernet),
		cmocka_unit_test(short_messages_are_truncated),
		cmocka_unit_test(print_tells_what_is_asked_and_answered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

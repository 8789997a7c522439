/* SPDX-License-Identifier: BSD-2-Clause */
#include "eth.c"

#include "split_test.h"

static const uint8_t tagged[] = {
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0, 0, 0, 0, 1, 0x81, 0x00, /* Ethernet */
	0xb0, 0x64, 0x08, 0x00, 'x',  'y', /* priority 5, drop eligible, VLAN 100 */
};

static void frames_and_tags_parse_wherever_they_are_cut(void **state)
{
	struct cursor c;
	for_each_split (c, tagged, sizeof tagged) {
		struct eth_msg m;
		struct vlan_msg v;
		assert_int_equal(eth_parse(c, &m), DROP_NONE);
		assert_memory_equal(m.dst, tagged, 6);
		assert_memory_equal(m.src, tagged + 6, 6);
		assert_int_equal(m.type, ETH_P_8021Q);
		assert_int_equal(vlan_parse(m.body, &v), DROP_NONE);
		assert_int_equal(v.vid, 100);
		assert_int_equal(v.pcp, 5);
		assert_true(v.dei);
		assert_int_equal(v.type, ETH_P_IP);
		assert_true(rest_is(&v.body, "xy", 2));
	}
}

static void emit_is_the_inverse_of_parse(void **state)
{
	struct eth_msg m = { 0 };
	struct vlan_msg v = { 0 };
	struct eth_hdr h;
	struct vlan_tag t;
	assert_int_equal(eth_parse(cur_of(tagged, sizeof tagged), &m), DROP_NONE);
	eth_emit(&m, &h);
	assert_memory_equal(&h, tagged, sizeof h);
	assert_int_equal(vlan_parse(m.body, &v), DROP_NONE);
	vlan_emit(&v, &t);
	assert_memory_equal(&t, tagged + sizeof h, sizeof t);
}

static void short_frames_are_truncated(void **state)
{
	struct eth_msg m;
	struct vlan_msg v;
	for (uint32_t len = 0; len < sizeof(struct eth_hdr); len++)
		assert_int_equal(eth_parse(cur_of(tagged, len), &m), DROP_TRUNCATED);
	for (uint32_t len = 0; len < sizeof(struct vlan_tag); len++)
		assert_int_equal(vlan_parse(cur_of(tagged, len), &v), DROP_TRUNCATED);
}

static void group_addresses_are_told_apart(void **state)
{
	const uint8_t bcast[6] = { 255, 255, 255, 255, 255, 255 }, mcast[6] = { 1, 0, 0x5e }, zero[6] = { 0 },
		      host[6] = { 2, 0, 0, 0, 0, 1 }, nearly[6] = { 255, 255, 255, 255, 255, 254 };
	assert_true(eth_is_broadcast(bcast) && eth_is_group(bcast) && !eth_is_station(bcast));
	assert_true(eth_is_group(mcast) && !eth_is_broadcast(mcast) && !eth_is_station(mcast));
	assert_true(eth_is_station(host) && !eth_is_zero(host));
	assert_true(eth_is_zero(zero) && !eth_is_station(zero));
	assert_false(eth_is_broadcast(nearly));
	assert_true(eth_addr_eq(host, host) && !eth_addr_eq(host, zero));
}

static void groups_map_to_their_ethernet_addresses(void **state)
{
	const uint8_t want4[6] = { 0x01, 0x00, 0x5e, 0x7f, 0x01, 0x02 },
		      want6[6] = { 0x33, 0x33, 0xff, 1, 2, 3 };
	const struct ip6 g6 = { { 0xff, 0x02, [11] = 1, [12] = 0xff, 1, 2, 3 } };
	uint8_t got[6];
	eth_group_of_ip4((be32){ { 239, 255, 1, 2 } }, got); /* RFC 1112, 6.4: only 23 bits go across */
	assert_memory_equal(got, want4, 6);
	eth_group_of_ip6(&g6, got);
	assert_memory_equal(got, want6, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_and_tags_parse_wherever_they_are_cut),
		cmocka_unit_test(emit_is_the_inverse_of_parse),
		cmocka_unit_test(short_frames_are_truncated),
		cmocka_unit_test(group_addresses_are_told_apart),
		cmocka_unit_test(groups_map_to_their_ethernet_addresses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

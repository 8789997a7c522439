/* SPDX-License-Identifier: BSD-2-Clause */
#include "rx_split.c"

#include "net/net_test.h"

static const struct module *const modules[] = { &pkt_module, &graph_module, &iface_module, &fake_eth_module,
						NULL };

NET_TEST_LIFE(modules)

static uint32_t after_udp(struct cursor c)
{
	return 8;
}
/* A protocol with a header of its own behind UDP's, the length of which is in its first byte. */
static uint32_t after_own_header(struct cursor c)
{
	uint8_t own;
	return cur_skip(&c, 8) && cur_u8(&c, &own) ? 8u + own : 0;
}
static const struct rx_split_rule udp = { 17, 0, after_udp }, special = { 17, 2049, after_own_header };

static uint32_t at4(const struct net_test *t, unsigned tags, uint16_t port, uint8_t own, uint16_t frag,
		    uint32_t len)
{
	uint8_t b[200] = { 0 };
	unsigned k = 12;
	for (unsigned i = 0; i < tags; i++, k += 4)
		b[k] = 0x81;
	b[k] = 8;
	uint8_t *ip = b + k + 2;
	ip[0] = 0x45;
	ip[6] = (uint8_t)(frag >> 8);
	ip[9] = 17;
	ip[22] = (uint8_t)(port >> 8);
	ip[23] = (uint8_t)port;
	ip[28] = own;
	return rx_split_at(t->st, b, len);
}

static void protocols_say_where(void **state)
{
	struct net_test *t = *state;
	assert_int_equal(at4(t, 0, 53, 0, 0, 100), 0); /* nobody says */
	assert_int_equal(rx_split_add(t->st, &udp), 0);
	assert_int_equal(rx_split_add(t->st, &udp), -EEXIST);
	assert_int_equal(rx_split_add(t->st, &special), 0);
	assert_int_equal(at4(t, 0, 53, 0, 0, 100), 14 + 20 + 8);
	assert_int_equal(at4(t, 4, 53, 0, 0, 100), 14 + 16 + 20 + 8);
	assert_int_equal(at4(t, 5, 53, 0, 0, 100), 0);
	assert_int_equal(at4(t, 0, 2049, 24, 0, 100), 14 + 20 + 8 + 24);
	assert_int_equal(at4(t, 0, 2049, 240, 0, 100), 0); /* longer than the frame */
	assert_int_equal(at4(t, 0, 53, 0, 0x2000, 100), 0); /* of a fragment the rest is elsewhere */
	for (uint32_t len = 0; len <= 42; len++)
		assert_int_equal(at4(t, 0, 53, 0, 0, len), 0); /* cut short, or nothing behind */
	rx_split_remove(t->st, &special);
	assert_int_equal(at4(t, 0, 2049, 24, 0, 100), 14 + 20 + 8);
	rx_split_remove(t->st, &udp);
	assert_int_equal(at4(t, 0, 53, 0, 0, 100), 0);
}

static void extension_headers_are_in_front(void **state)
{
	struct net_test *t = *state;
	uint8_t b[120] = { [12] = 0x86, 0xdd, 0x60, [14 + 5] = 66, [14 + 6] = 60, [14 + 40] = 17, 0, 1, 4 };
	assert_int_equal(rx_split_add(t->st, &udp), 0);
	assert_int_equal(rx_split_at(t->st, b, sizeof b), 14 + 40 + 8 + 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(protocols_say_where, one_worker, teardown),
		cmocka_unit_test_setup_teardown(extension_headers_are_in_front, three_workers, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "netlink/genl_ethtool.c"

#include "netlink/genl_test.h"

static const struct module *const modules[] = {
	&pkt_module,          &graph_module, &netlink_module, &iface_module, &fake_eth_module,
	&genl_ethtool_module, NULL,
};

static int set_up(void **state)
{
	struct fixture *f = fixture_new(1, modules, &ethtool_family);
	iface_set_can(f->eth0, IFACE_TX_SG | IFACE_TX_CSUM | IFACE_TX_TSO4);
	*state = f;
	return 0;
}

static int set_up_two_workers(void **state)
{
	*state = fixture_new(2, modules, &ethtool_family);
	return 0;
}

/* A request about a device; NULL: about none. More attributes may follow in f->q. */
static void begin(struct fixture *f, uint8_t cmd, uint16_t flags, const char *name, uint32_t ask_flags)
{
	nl_buf_init_fixed(&f->q, f->room, sizeof f->room);
	genl_begin(&f->q, f->id, cmd, 1, NLM_F_REQUEST | flags, 5, 0);
	size_t nest = nl_nest(&f->q, ETHTOOL_HEADER);
	if (name)
		nl_put_str(&f->q, ETHTOOL_A_HEADER_DEV_NAME, name);
	if (ask_flags)
		nl_put_u32(&f->q, ETHTOOL_A_HEADER_FLAGS, ask_flags);
	nl_nest_end(&f->q, nest);
}

static void send_to(struct fixture *f, struct receiver *r)
{
	assert_int_equal(nl_end(&f->q), 0);
	forget_all(r);
	assert_int_equal(nl_sock_input(r->s, f->q.p, f->q.len_bytes), 0);
}

static const struct nlattr *attr_of(const struct nlmsghdr *h, uint16_t type)
{
	const struct nlattr *a;
	mnl_attr_for_each (a, h, GENL_HDRLEN)
		if (mnl_attr_get_type(a) == type)
			return a;
	return NULL;
}

static uint32_t word_of(const struct nlmsghdr *h, uint16_t set, uint16_t which)
{
	const struct nlattr *a, *s = attr_of(h, set);
	uint32_t w = 0;
	assert_non_null(s);
	mnl_attr_for_each_nested(a, s) if (mnl_attr_get_type(a) == which)
		memcpy(&w, mnl_attr_get_payload(a), sizeof w);
	return w;
}

static unsigned listed(const struct nlmsghdr *h, uint16_t set)
{
	const struct nlattr *a, *b;
	unsigned n = 0;
	mnl_attr_for_each_nested(a, attr_of(h, set))
	{
		if (mnl_attr_get_type(a) != ETHTOOL_A_BITSET_BITS)
			continue;
		mnl_attr_for_each_nested(b, a) n++;
	}
	return n;
}

static void devices_that_are_not_there_are_refused_in_words(void **state)
{
	struct fixture *f = *state;
	begin(f, ETHTOOL_MSG_LINKSTATE_GET, 0, "eth9", 0);
	send_to(f, &f->a);
	assert_int_equal(ack_error(&f->a, 0), -ENODEV);
	begin(f, ETHTOOL_MSG_LINKSTATE_GET, 0, NULL, 0);
	send_to(f, &f->a);
	assert_int_equal(ack_error(&f->a, 0), -EINVAL);
	begin(f, ETHTOOL_MSG_LINKSTATE_GET, 0, "eth0", 1u << 20);
	send_to(f, &f->a);
	assert_int_equal(ack_error(&f->a, 0), -EINVAL);
	begin(f, ETHTOOL_MSG_WOL_GET, 0, "eth0", 0);
	send_to(f, &f->a);
	assert_int_equal(ack_error(&f->a, 0), -EOPNOTSUPP);
	begin(f, ETHTOOL_MSG_RINGS_GET, 0, "eth0", 0);
	send_to(f, &f->a);
	assert_int_equal(ack_error(&f->a, 0), -EOPNOTSUPP);
}

static void the_link_is_up_or_not(void **state)
{
	struct fixture *f = *state;
	for (int up = 0; up < 2; up++) {
		iface_set_up(f->eth0, up);
		begin(f, ETHTOOL_MSG_LINKSTATE_GET, 0, "eth0", 0);
		send_to(f, &f->b);
		assert_int_equal(mnl_attr_get_u8(attr_of(message(&f->b, 0), ETHTOOL_A_LINKSTATE_LINK)), up);
	}
}

static void features_are_told_in_both_forms(void **state)
{
	struct fixture *f = *state;
	begin(f, ETHTOOL_MSG_FEATURES_GET, 0, "eth0", ETHTOOL_FLAG_COMPACT_BITSETS);
	send_to(f, &f->b);
	const struct nlmsghdr *h = message(&f->b, 0);
	enum { SG = 1, SUM = 1 << 2, TSO4 = 1 << 13, PARSE = 1 << 7, GSO = 1 << 10 }; /* their places */
	assert_int_equal(word_of(h, ETHTOOL_A_FEATURES_HW, ETHTOOL_A_BITSET_VALUE), SG | SUM | TSO4);
	assert_int_equal(word_of(h, ETHTOOL_A_FEATURES_WANTED, ETHTOOL_A_BITSET_VALUE), SG | SUM | TSO4);
	assert_int_equal(word_of(h, ETHTOOL_A_FEATURES_ACTIVE, ETHTOOL_A_BITSET_VALUE),
			 SG | SUM | TSO4 | PARSE | GSO);
	begin(f, ETHTOOL_MSG_FEATURES_GET, 0, "eth0", 0);
	send_to(f, &f->b);
	h = message(&f->b, 0);
	assert_int_equal(listed(h, ETHTOOL_A_FEATURES_HW), ethtool_n_names(NULL, ETH_SS_FEATURES));
	assert_int_equal(listed(h, ETHTOOL_A_FEATURES_ACTIVE), 6);
}

static void wish(struct fixture *f, const char *name, bool on)
{
	begin(f, ETHTOOL_MSG_FEATURES_SET, NLM_F_ACK, "eth0", 0);
	size_t set = nl_nest(&f->q, ETHTOOL_A_FEATURES_WANTED), bits = nl_nest(&f->q, ETHTOOL_A_BITSET_BITS),
	       bit = nl_nest(&f->q, ETHTOOL_A_BITSET_BITS_BIT);
	nl_put_str(&f->q, ETHTOOL_A_BITSET_BIT_NAME, name);
	if (on)
		nl_put_flag(&f->q, ETHTOOL_A_BITSET_BIT_VALUE);
	nl_nest_end(&f->q, bit);
	nl_nest_end(&f->q, bits);
	nl_nest_end(&f->q, set);
}

static void features_are_switched_and_take_others_with_them(void **state)
{
	struct fixture *f = *state;
	wish(f, "tx-checksum-ip-generic", false);
	send_to(f, &f->a);
	assert_int_equal(f->eth0->features, IFACE_TX_SG);
	const struct nlmsghdr *h = message(&f->a, 0);
	assert_int_equal(listed(h, ETHTOOL_A_FEATURES_WANTED), 0); /* as it was wished */
	assert_int_equal(listed(h, ETHTOOL_A_FEATURES_ACTIVE), 2); /* sums, and with them segments */
	iface_set_can(f->eth0, IFACE_TX_SG | IFACE_TX_CSUM); /* the device lost something */
	assert_int_equal(f->eth0->features, IFACE_TX_SG);
	iface_set_can(f->eth0, IFACE_TX_SG | IFACE_TX_CSUM | IFACE_TX_TSO4);
	wish(f, "tx-checksum-ip-generic", true);
	send_to(f, &f->a);
	assert_int_equal(f->eth0->features, IFACE_TX_SG | IFACE_TX_CSUM | IFACE_TX_TSO4);
	assert_int_equal(f->eth0->off, 0);
}

static void what_cannot_be_is_said(void **state)
{
	struct fixture *f = *state;
	wish(f, "rx-gro", true);
	send_to(f, &f->a);
	assert_int_equal(listed(message(&f->a, 0), ETHTOOL_A_FEATURES_WANTED), 1);
	assert_int_equal(ack_error(&f->a, 1), 0);
	wish(f, "tx-by-pigeon", true);
	send_to(f, &f->a);
	assert_int_equal(ack_error(&f->a, 0), -EOPNOTSUPP);
	wish(f, "rx-gro", true);
	send_to(f, &f->b); /* who may not */
	assert_int_equal(ack_error(&f->b, 0), -EPERM);
}

/* A set of n words: all 0, and a mask of the first bit and of bit number `also`. */
static int send_words(struct fixture *f, uint32_t size, unsigned words, unsigned also)
{
	uint32_t zero[4] = { 0 }, mask[4] = { 1 };
	mask[also / 32] |= 1u << also % 32;
	begin(f, ETHTOOL_MSG_FEATURES_SET, NLM_F_ACK, "eth0", ETHTOOL_FLAG_OMIT_REPLY);
	size_t set = nl_nest(&f->q, ETHTOOL_A_FEATURES_WANTED);
	nl_put_u32(&f->q, ETHTOOL_A_BITSET_SIZE, size);
	nl_put(&f->q, ETHTOOL_A_BITSET_VALUE, zero, words * 4);
	nl_put(&f->q, ETHTOOL_A_BITSET_MASK, mask, words * 4);
	nl_nest_end(&f->q, set);
	send_to(f, &f->a);
	return ack_error(&f->a, 0);
}

static void words_are_taken_too(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(send_words(f, 13, 1, 0), 0);
	assert_int_equal(f->eth0->off, IFACE_TX_SG);
	assert_int_equal(f->eth0->features, IFACE_TX_CSUM); /* segments want scatter lists */
	assert_int_equal(send_words(f, 64, 2, 0), 0);
	assert_int_equal(send_words(f, 100, 4, 0), 0); /* of a newer program; none of it is set */
	assert_int_equal(send_words(f, 100, 4, 99), -EINVAL);
	assert_int_equal(send_words(f, 64, 2, 63), -EINVAL); /* nobody's bit */
	assert_int_equal(send_words(f, 64, 1, 0), -EINVAL);
}

static void names_are_handed_out(void **state)
{
	struct fixture *f = *state;
	begin(f, ETHTOOL_MSG_STRSET_GET, 0, NULL, 0);
	size_t sets = nl_nest(&f->q, ETHTOOL_A_STRSET_STRINGSETS),
	       set = nl_nest(&f->q, ETHTOOL_A_STRINGSETS_STRINGSET);
	nl_put_u32(&f->q, ETHTOOL_A_STRINGSET_ID, ETH_SS_FEATURES);
	nl_nest_end(&f->q, set);
	nl_nest_end(&f->q, sets);
	send_to(f, &f->b);
	assert_non_null(memmem(f->b.got[0].bytes, f->b.got[0].len, "tx-udp-segmentation", 20));
}

static bool two_queues(const struct iface *i, unsigned n, struct iface_queue_stats *ret)
{
	*ret = (struct iface_queue_stats){ .rx_packets = 10 + n, .tx_kicks = 20 + n };
	return n < 2;
}
static void some_rings(const struct iface *i, struct iface_rings *ret)
{
	*ret = (struct iface_rings){ .rx = 16, .rx_max = 64, .tx = 32, .tx_max = 64, .rx_wait_us = 1000 };
}

static const struct iface_ops *of_a_card(struct fixture *f, struct iface_ops *room)
{
	const struct iface_ops *was = f->eth0->ops;
	*room = *was;
	room->queue = two_queues;
	room->rings = some_rings;
	f->eth0->ops = room;
	return was;
}

static int set_number(struct fixture *f, uint8_t cmd, uint16_t attr, uint32_t v)
{
	begin(f, cmd, NLM_F_ACK, "eth0", 0);
	nl_put_u32(&f->q, attr, v);
	send_to(f, &f->a);
	return ack_error(&f->a, 0);
}

static void queues_are_what_they_were_opened_with(void **state)
{
	struct fixture *f = *state;
	struct iface_ops room;
	const struct iface_ops *was = of_a_card(f, &room);
	begin(f, ETHTOOL_MSG_RINGS_GET, 0, "eth0", 0);
	send_to(f, &f->b);
	const struct nlmsghdr *h = message(&f->b, 0);
	assert_int_equal(mnl_attr_get_u32(attr_of(h, ETHTOOL_A_RINGS_TX)), 32);
	assert_int_equal(mnl_attr_get_u32(attr_of(h, ETHTOOL_A_RINGS_RX_MAX)), 64);
	assert_null(attr_of(h, ETHTOOL_A_RINGS_RX_MINI));
	assert_int_equal(set_number(f, ETHTOOL_MSG_RINGS_SET, ETHTOOL_A_RINGS_TX, 32), 0);
	assert_int_equal(set_number(f, ETHTOOL_MSG_RINGS_SET, ETHTOOL_A_RINGS_TX, 65), -EINVAL);
	assert_int_equal(set_number(f, ETHTOOL_MSG_RINGS_SET, ETHTOOL_A_RINGS_TX, 33), -EOPNOTSUPP);
	assert_int_equal(set_number(f, ETHTOOL_MSG_RINGS_SET, ETHTOOL_A_RINGS_RX_MINI, 1), -EINVAL);
	assert_int_equal(set_number(f, ETHTOOL_MSG_RINGS_SET, ETHTOOL_A_RINGS_TX_MAX, 64), -EINVAL);
	assert_int_equal(set_number(f, ETHTOOL_MSG_CHANNELS_SET, ETHTOOL_A_CHANNELS_COMBINED_COUNT, 2), 0);
	assert_int_equal(set_number(f, ETHTOOL_MSG_CHANNELS_SET, ETHTOOL_A_CHANNELS_COMBINED_COUNT, 3),
			 -EINVAL);
	assert_int_equal(set_number(f, ETHTOOL_MSG_COALESCE_SET, ETHTOOL_A_COALESCE_RX_USECS, 1000), 0);
	assert_int_equal(set_number(f, ETHTOOL_MSG_COALESCE_SET, ETHTOOL_A_COALESCE_TX_USECS, 1),
			 -EOPNOTSUPP);
	f->eth0->ops = was;
	assert_int_equal(set_number(f, ETHTOOL_MSG_RINGS_SET, ETHTOOL_A_RINGS_TX, 32), -EOPNOTSUPP);
}

static void counters_are_those_of_queues(void **state)
{
	struct fixture *f = *state;
	struct iface_ops room;
	char name[ETH_GSTRING_LEN];
	assert_int_equal(ethtool_n_names(f->eth0, ETH_SS_STATS), 0);
	const struct iface_ops *was = of_a_card(f, &room);
	assert_int_equal(ethtool_n_names(f->eth0, ETH_SS_STATS), 10);
	ethtool_name(f->eth0, ETH_SS_STATS, 5, name);
	assert_string_equal(name, "rx_queue_1_packets");
	assert_int_equal(ethtool_counter(f->eth0, 5), 11);
	ethtool_name(f->eth0, ETH_SS_STATS, 9, name);
	assert_string_equal(name, "tx_queue_1_kicks");
	assert_int_equal(ethtool_counter(f->eth0, 9), 21);
	f->eth0->ops = was;
}

static void one_worker_spreads_nothing(void **state)
{
	struct fixture *f = *state;
	struct ethtool_spread s;
	assert_false(ethtool_spread(f->eth0, &s));
}

static void flows_are_spread_over_workers(void **state)
{
	struct fixture *f = *state;
	struct ethtool_spread s;
	assert_true(ethtool_spread(f->eth0, &s));
	assert_int_equal(s.n_rings, 2);
	assert_int_equal(s.ring[0] + s.ring[1], 1);
	assert_memory_equal(s.key, f->t->st->flow_key, TOEPLITZ_KEY);
}

static void what_no_device_has_is_refused_after_the_device_is_found(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(set_number(f, ETHTOOL_MSG_LINKMODES_SET, ETHTOOL_A_LINKMODES_SPEED, 100),
			 -EOPNOTSUPP);
	begin(f, ETHTOOL_MSG_LINKMODES_SET, 0, "eth9", 0);
	send_to(f, &f->a);
	assert_int_equal(ack_error(&f->a, 0), -ENODEV);
	begin(f, ETHTOOL_MSG_MODULE_SET, NLM_F_ACK, "eth0", 0);
	send_to(f, &f->a);
	assert_int_equal(ack_error(&f->a, 0), 0); /* nothing was asked for */
	begin(f, ETHTOOL_MSG_TSINFO_GET, 0, "eth0", 0);
	send_to(f, &f->b);
	assert_null(attr_of(message(&f->b, 0), ETHTOOL_A_TSINFO_TIMESTAMPING));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
		CASE(devices_that_are_not_there_are_refused_in_words),
		CASE(the_link_is_up_or_not),
		CASE(features_are_told_in_both_forms),
		CASE(features_are_switched_and_take_others_with_them),
		CASE(what_cannot_be_is_said),
		CASE(words_are_taken_too),
		CASE(names_are_handed_out),
		CASE(queues_are_what_they_were_opened_with),
		CASE(counters_are_those_of_queues),
		CASE(one_worker_spreads_nothing),
		CASE(what_no_device_has_is_refused_after_the_device_is_found),
		cmocka_unit_test_setup_teardown(flows_are_spread_over_workers, set_up_two_workers, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

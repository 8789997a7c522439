/* SPDX-License-Identifier: BSD-2-Clause */
#include "netlink/genl_ethtool.c"

#include <linux/genetlink.h>

#include "net/net_test.h"
#include "netlink/nl_receiver.h"

static const struct module *const modules[] = {
	&pkt_module,          &graph_module, &netlink_module, &iface_module, &fake_eth_module,
	&genl_ethtool_module, NULL,
};

struct fixture {
	struct net_test *t;
	struct iface *eth0;
	struct receiver a, b;
	uint16_t id;
	uint8_t room[1024] __attribute__((aligned(8)));
	struct nl_buf q;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	f->t = net_test_new(1, modules);
	f->eth0 = net_test_iface(f->t, "eth0");
	iface_set_can(f->eth0, IFACE_TX_SG | IFACE_TX_CSUM | IFACE_TX_TSO4);
	receiver_open(&f->a, f->t->st, NETLINK_GENERIC, true);
	receiver_open(&f->b, f->t->st, NETLINK_GENERIC, false);
	f->id = genl_family_id(f->t->st, &ethtool_family);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	nl_sock_free(f->a.s);
	nl_sock_free(f->b.s);
	forget_all(&f->a);
	forget_all(&f->b);
	net_test_free(f->t);
	free(f);
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
	assert_int_equal(ack_error(&f->a, 0), -EOPNOTSUPP);
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
	assert_int_equal(word_of(h, ETHTOOL_A_FEATURES_HW, ETHTOOL_A_BITSET_VALUE), 0x13);
	assert_int_equal(word_of(h, ETHTOOL_A_FEATURES_WANTED, ETHTOOL_A_BITSET_VALUE), 0x13);
	assert_int_equal(word_of(h, ETHTOOL_A_FEATURES_ACTIVE, ETHTOOL_A_BITSET_VALUE), 0x13 | 0x08 | 0x180);
	begin(f, ETHTOOL_MSG_FEATURES_GET, 0, "eth0", 0);
	send_to(f, &f->b);
	h = message(&f->b, 0);
	assert_int_equal(listed(h, ETHTOOL_A_FEATURES_HW), ethtool_feature_bits.n);
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

static void words_are_taken_too(void **state)
{
	struct fixture *f = *state;
	for (uint32_t size = 13; size <= 40; size += 27) {
		begin(f, ETHTOOL_MSG_FEATURES_SET, NLM_F_ACK, "eth0", ETHTOOL_FLAG_OMIT_REPLY);
		size_t set = nl_nest(&f->q, ETHTOOL_A_FEATURES_WANTED);
		nl_put_u32(&f->q, ETHTOOL_A_BITSET_SIZE, size);
		nl_put(&f->q, ETHTOOL_A_BITSET_VALUE, &(uint32_t){ 0 }, 4);
		nl_put(&f->q, ETHTOOL_A_BITSET_MASK, &(uint32_t){ 1 }, 4);
		nl_nest_end(&f->q, set);
		send_to(f, &f->a);
		assert_int_equal(ack_error(&f->a, 0), size == 13 ? 0 : -ERANGE);
	}
	assert_int_equal(f->eth0->off, IFACE_TX_SG);
	assert_int_equal(f->eth0->features, IFACE_TX_CSUM); /* segments want scatter lists */
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
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

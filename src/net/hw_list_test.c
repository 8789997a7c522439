/* SPDX-License-Identifier: BSD-2-Clause */
#include "hw_list.c"

#include "net/addr.h"
#include "net/mcast.h"
#include "net/net_test.h"

static const struct module *const modules[] = { &pkt_module,  &graph_module, &iface_module,
						&addr_module, &mcast_module, NULL };

NET_TEST_LIFE(modules)

static const uint8_t one[6] = { 0x02, 0, 0, 0, 0, 1 }, group[6] = { 0x01, 0, 0x5e, 0, 0, 7 };

/* "33:33:00:00:00:01*1 ..." of a list: the address's end, and how many want it. */
static const char *text(struct iface *i, enum hw_list which)
{
	static char to[256];
	const struct hw_addr *a;
	size_t len = 0;
	to[0] = 0;
	list_for_each (a, &i->hw[which], link)
		len += (size_t)snprintf(to + len, sizeof to - len, "%02x%02x:%02x*%u%s ", a->mac[0],
					a->mac[1], a->mac[5], a->refs, a->is_static ? "s" : "");
	return to;
}

static void who_asks_twice_by_ioctl_counts_once(void **state)
{
	struct net_test *t = *state;
	struct iface *i = net_test_iface(t, "a");
	assert_int_equal(hw_list_remove(i, HW_GROUPS, one, HW_FOR_STATIC), -ENOENT);
	assert_int_equal(hw_list_add(i, HW_GROUPS, one, HW_FOR_STATIC), 0);
	assert_int_equal(hw_list_add(i, HW_GROUPS, one, HW_FOR_STATIC), 0);
	assert_string_equal(text(i, HW_GROUPS), "3333:01*1 0200:01*1s ");
	assert_int_equal(hw_list_remove(i, HW_GROUPS, one, HW_FOR_STATIC), 0);
	assert_int_equal(hw_list_remove(i, HW_GROUPS, one, HW_FOR_STATIC), -ENOENT);
	assert_string_equal(text(i, HW_GROUPS), "3333:01*1 ");
}

static void netlink_minds_what_is_there(void **state)
{
	struct net_test *t = *state;
	struct iface *i = net_test_iface(t, "a");
	static const uint8_t local_group[6] = { 0x33, 0x33, 0, 0, 0, 9 },
			     lldp[6] = { 1, 0x80, 0xc2, 0, 0, 0xe };
	assert_int_equal(hw_list_by_mac(one), HW_SINGLE);
	assert_int_equal(hw_list_by_mac(group), HW_GROUPS);
	assert_int_equal(hw_list_by_mac(local_group), HW_GROUPS);
	assert_int_equal(hw_list_by_mac(lldp), HW_SINGLE);
	assert_int_equal(hw_list_add(i, HW_SINGLE, one, HW_FOR_FDB), 0);
	assert_int_equal(hw_list_add(i, HW_SINGLE, one, HW_FOR_FDB), -EEXIST);
	assert_int_equal(hw_list_remove(i, HW_SINGLE, one, HW_FOR_FDB), 0);
	assert_int_equal(hw_list_remove(i, HW_SINGLE, one, HW_FOR_FDB), -ENOENT);
}

static void groups_are_heard_while_the_interface_is_up(void **state)
{
	struct net_test *t = *state;
	struct iface *i = net_test_iface(t, "a");
	struct mcast_listener four = { 0 }, six = { 0 }, here = { 0 };
	struct ipaddr g4 = net_ip("239.128.0.7"), g6 = net_ip("ff05::8"), g6_here = net_ip("ff01::9");
	assert_int_equal(mcast_join(t->st, i, AF_INET, &g4, true, &four), 0);
	assert_int_equal(mcast_join(t->st, i, AF_INET6, &g6, true, &six), 0);
	assert_int_equal(mcast_join(t->st, i, AF_INET6, &g6_here, true, &here),
			 0); /* does not leave the host */
	assert_string_equal(text(i, HW_GROUPS), "3333:01*1 3333:08*1 ");
	iface_set_up(i, true);
	assert_string_equal(text(i, HW_GROUPS), "3333:01*1 3333:08*1 0100:01*1 0100:07*1 ");
	assert_int_equal(hw_list_add(i, HW_GROUPS, group, HW_FOR_STATIC), 0);
	assert_string_equal(text(i, HW_GROUPS), "3333:01*1 3333:08*1 0100:01*1 0100:07*2s ");
	iface_set_up(i, false);
	assert_string_equal(text(i, HW_GROUPS), "0100:07*1s ");
	mcast_leave(t->st, &four);
	iface_set_up(i, true);
	assert_string_equal(text(i, HW_GROUPS), "0100:07*1s 0100:01*1 3333:08*1 3333:01*1 ");
	mcast_leave(t->st, &six);
	mcast_leave(t->st, &here);
	assert_string_equal(text(i, HW_GROUPS), "0100:07*1s 0100:01*1 3333:01*1 ");
}

static void what_was_asked_for_by_hand_is_saved(void **state)
{
	struct net_test *t = *state, *u = net_test_new(1, modules);
	struct iface *i = net_test_iface(t, "a"), *j = net_test_iface(u, "a");
	char *saved, why[160];
	size_t len;
	assert_int_equal(hw_list_add(i, HW_SINGLE, one, HW_FOR_FDB), 0);
	assert_int_equal(hw_list_add(i, HW_GROUPS, group, HW_FOR_STATIC), 0);
	assert_int_equal(stack_save_text(t->st, &saved, &len), 0);
	assert_int_equal(stack_restore_text(u->st, saved, len, why, sizeof why), 0);
	assert_string_equal(text(j, HW_SINGLE), "0200:01*1 ");
	assert_string_equal(text(j, HW_GROUPS), "3333:01*1 0100:07*1s ");
	free(saved);
	net_test_free(u);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, one_worker, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_asks_twice_by_ioctl_counts_once),
		TEST(netlink_minds_what_is_there),
		TEST(groups_are_heard_while_the_interface_is_up),
		cmocka_unit_test_setup_teardown(what_was_asked_for_by_hand_is_saved, three_workers, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

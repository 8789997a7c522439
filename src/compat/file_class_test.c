/* SPDX-License-Identifier: BSD-2-Clause */
#include "file_class.c"

#include "compat/compat_test.h"

static const char *value(struct net_test *t, const char *path)
{
	int err;
	const char *text = test_read(t, &file_devices, path, &err);
	return text ? text : strerror(-err);
}

static mode_t mode(struct net_test *t, const struct file_tree *tree, const char *path)
{
	struct file_stat s = { 0 };
	tree->stat(t->st, path, &s);
	return s.mode;
}

static unsigned count(struct net_test *t, const struct file_tree *tree, const char *dir)
{
	struct file_pos pos = { 0 };
	struct file_entry e;
	unsigned n = 0;
	while (tree->list(t->st, dir, &pos, &e))
		n++;
	return n;
}

static void interfaces_are_links_to_devices(void **state)
{
	struct net_test *t = *state;
	struct file_stat s = { 0 };
	file_class.stat(t->st, "eth0", &s);
	assert_true(S_ISLNK(s.mode));
	assert_string_equal(s.target, "../../devices/virtual/net/eth0");
	assert_int_equal(mode(t, &file_class, "nowhere"), 0);
	assert_int_equal(mode(t, &file_class, "eth0/mtu"), 0);
	assert_int_equal(count(t, &file_class, ""), 2);
}

static void devices_have_attributes_counters_and_queues(void **state)
{
	struct net_test *t = *state;
	assert_int_equal(mode(t, &file_devices, "eth0/mtu"), S_IFREG | 0644);
	assert_int_equal(mode(t, &file_devices, "eth0/statistics/rx_bytes"), S_IFREG | 0444);
	assert_int_equal(mode(t, &file_devices, "eth0/queues/tx-0"), S_IFDIR | 0755);
	assert_int_equal(mode(t, &file_devices, "eth0/queues/tx-1"), 0);
	assert_int_equal(mode(t, &file_devices, "eth0/nothing"), 0);
	assert_int_equal(count(t, &file_devices, "eth0"), ARRAY_SIZE(attrs) + 3);
	assert_int_equal(count(t, &file_devices, "eth0/statistics"), ARRAY_SIZE(counters));
	assert_int_equal(count(t, &file_devices, "eth0/queues"), 2);
	assert_int_equal(count(t, &file_devices, "eth0/queues/rx-0"), 2);
	assert_int_equal(count(t, &file_devices, "eth0/queues/tx-0"), 3);
	assert_string_equal(value(t, "eth0/queues/tx-0/tx_maxrate"), "0\n");
	assert_int_equal(mode(t, &file_devices, "eth0/queues/rx-0/tx_maxrate"), 0);
	assert_int_equal(mode(t, &file_devices, "eth0/queues/rx-0x"), 0);
}

static const char *target(struct net_test *t, const char *path, struct file_stat *room)
{
	*room = (struct file_stat){ 0 };
	file_devices.stat(t->st, path, room);
	return S_ISLNK(room->mode) ? room->target : "no link";
}

static void links_lead_to_the_class_and_to_what_is_above_and_below(void **state)
{
	struct net_test *t = *state;
	struct file_stat s;
	struct iface *lo = iface_by_name(t->st, "lo"); /* in the place of a VRF */
	assert_string_equal(target(t, "eth0/subsystem", &s), "../../../../class/net");
	assert_string_equal(target(t, "eth0/master", &s), "no link");
	eth0(t)->l3_master = lo->handle;
	assert_string_equal(target(t, "eth0/master", &s), "../lo");
	assert_string_equal(target(t, "eth0/upper_lo", &s), "../lo");
	assert_string_equal(target(t, "lo/lower_eth0", &s), "../eth0");
	assert_int_equal(count(t, &file_devices, "eth0"), ARRAY_SIZE(attrs) + 5);
	assert_int_equal(count(t, &file_devices, "lo"), ARRAY_SIZE(attrs) + 4);
	eth0(t)->l3_master = 0;
}

static void attributes_say_what_the_interface_is(void **state)
{
	struct net_test *t = *state;
	assert_string_equal(value(t, "eth0/ifindex"), "2\n");
	assert_string_equal(value(t, "eth0/flags"), "0x1002\n");
	assert_string_equal(value(t, "eth0/operstate"), "down\n");
	assert_string_equal(value(t, "eth0/carrier"), strerror(EINVAL));
	assert_string_equal(value(t, "eth0/ifalias"), "");
	assert_string_equal(value(t, "eth0/uevent"), "INTERFACE=eth0\nIFINDEX=2\n");
	assert_string_equal(value(t, "eth0/statistics/tx_packets"), "0\n");
	iface_set_up(eth0(t), true);
	iface_set_carrier(eth0(t), true);
	assert_string_equal(value(t, "eth0/operstate"), "up\n");
	assert_string_equal(value(t, "eth0/carrier"), "1\n");
	assert_string_equal(value(t, "eth0/speed"), strerror(EINVAL));
}

static void attributes_that_may_be_are_written(void **state)
{
	struct net_test *t = *state;
	const struct file_tree *f = &file_devices;
	assert_int_equal(f->write(t->st, &root, "eth0/mtu", "1400\n"), 0);
	assert_int_equal(eth0(t)->mtu, 1400);
	assert_int_equal(f->write(t->st, &root, "eth0/mtu", "-1"), -EINVAL);
	assert_int_equal(f->write(t->st, &nobody, "eth0/mtu", "1500"), -EPERM);
	assert_int_equal(f->write(t->st, &root, "eth0/ifalias", "a b\n"), 0);
	assert_string_equal(value(t, "eth0/ifalias"), "a b\n");
	assert_int_equal(f->write(t->st, &root, "eth0/flags", "0x1003"), 0);
	assert_true(eth0(t)->flags & IFF_UP);
	assert_int_equal(f->write(t->st, &root, "eth0/ifindex", "9"), -EACCES);
	assert_int_equal(f->write(t->st, &root, "eth0/carrier", "1"), -EOPNOTSUPP);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, test_setup, test_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(interfaces_are_links_to_devices),
		TEST(devices_have_attributes_counters_and_queues),
		TEST(links_lead_to_the_class_and_to_what_is_above_and_below),
		TEST(attributes_say_what_the_interface_is),
		TEST(attributes_that_may_be_are_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

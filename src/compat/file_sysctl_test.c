/* SPDX-License-Identifier: BSD-2-Clause */
#include "file_sysctl.c"

#include "compat/compat_test.h"

static mode_t mode(struct net_test *t, const char *path)
{
	struct file_stat s = { 0 };
	stat_knob(t->st, path, &s);
	return s.mode;
}

/* The names in a directory, with blanks between. */
static const char *names(struct net_test *t, const char *dir)
{
	static char all[8192];
	struct text to = text_of(all, sizeof all);
	struct file_pos pos = { 0 };
	for (struct file_entry e; list(t->st, dir, &pos, &e);) {
		text_add(&to, " %s", e.name);
		assert_int_not_equal(e.mode, 0);
	}
	text_add(&to, " ");
	return all;
}

static unsigned times(const char *all, const char *name)
{
	char word[64];
	unsigned n = 0;
	snprintf(word, sizeof word, " %s ", name);
	for (const char *at = all; (at = strstr(at, word)); at++)
		n++;
	return n;
}

static void directories_are_beginnings_of_names(void **state)
{
	struct net_test *t = *state;
	assert_int_equal(mode(t, ""), S_IFDIR | 0555);
	assert_int_equal(mode(t, "ipv4/neigh/eth0"), S_IFDIR | 0555);
	assert_int_equal(mode(t, "ipv4/neigh/default/gc_stale_time"), S_IFREG | 0644);
	assert_int_equal(mode(t, "ipv4/route/flush"), S_IFREG | 0200);
	assert_int_equal(mode(t, "ipv4/neigh/nowhere"), 0);
	assert_int_equal(mode(t, "ipv4/neigh/eth0/nothing"), 0);
	assert_int_equal(mode(t, "ipv4/neigh/default/gc_stale_time/more"), 0);
}

static void each_name_is_listed_once(void **state)
{
	struct net_test *t = *state;
	assert_int_equal(times(names(t, ""), "ipv4"), 1);
	assert_int_equal(times(names(t, "ipv4"), "neigh"), 1);
	const char *of_neigh = names(t, "ipv4/neigh");
	assert_int_equal(times(of_neigh, "default"), 1);
	assert_int_equal(times(of_neigh, "lo"), 1);
	assert_int_equal(times(of_neigh, "eth0"), 1);
	assert_int_equal(times(names(t, "ipv4/neigh/eth0"), "gc_stale_time"), 1);
}

static void an_interface_with_a_dot_is_one_directory(void **state)
{
	struct net_test *t = *state;
	int err;
	assert_int_equal(iface_rename(eth0(t), "eth0.5"), 0);
	assert_int_equal(mode(t, "ipv4/neigh/eth0.5/gc_stale_time"), S_IFREG | 0644);
	assert_int_equal(times(names(t, "ipv4/neigh"), "eth0.5"), 1);
	assert_string_equal(test_read(t, &file_sysctl, "ipv4/neigh/eth0.5/gc_stale_time", &err), "60\n");
}

static void values_are_read_and_written(void **state)
{
	static const char path[] = "ipv4/neigh/eth0/gc_stale_time";
	struct net_test *t = *state;
	int err;
	assert_int_equal(write_knob(t->st, &root, path, "17\n"), 0);
	assert_string_equal(test_read(t, &file_sysctl, path, &err), "17\n");
	assert_int_equal(write_knob(t->st, &root, path, "nonsense"), -EINVAL);
	assert_int_equal(write_knob(t->st, &root, "ipv4/nothing", "1"), -ENOENT);
	assert_null(test_read(t, &file_sysctl, "ipv6/conf/eth0/stable_secret", &err));
	assert_int_equal(err, -EIO);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, test_setup, test_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(directories_are_beginnings_of_names),
		TEST(each_name_is_listed_once),
		TEST(an_interface_with_a_dot_is_one_directory),
		TEST(values_are_read_and_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

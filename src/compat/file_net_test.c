/* SPDX-License-Identifier: BSD-2-Clause */
#include "file_net.c"

#include "compat/compat_test.h"
#include "ip/ip_count.h"

static const char *text(struct net_test *t, const char *path)
{
	int err;
	const char *s = test_read(t, &file_net, path, &err);
	return s ? s : strerror(-err);
}

static void give_addr(struct net_test *t, const char *addr, uint8_t plen)
{
	struct addr a = { .if_handle = eth0(t)->handle,
			  .family = strchr(addr, ':') ? AF_INET6 : AF_INET,
			  .plen = plen,
			  .local = net_ip(addr),
			  .flags = IFA_F_NODAD,
			  .valid_s = UINT32_MAX,
			  .preferred_s = UINT32_MAX };
	assert_int_equal(addr_add(t->st, &a, false), 0);
}

static void give_route(struct net_test *t, const char *dst, uint8_t plen, uint8_t type)
{
	struct fib_route r = { .family = strchr(dst, ':') ? AF_INET6 : AF_INET,
			       .plen = plen,
			       .dst = net_ip(dst),
			       .table = RT_TABLE_MAIN,
			       .nh = { .type = type } };
	if (type == RTN_UNICAST)
		r.nh.if_handle = eth0(t)->handle;
	assert_int_equal(fib_add(t->st, &r, FIB_ADD, NULL), 0);
}

static void every_file_of_the_list_is_there_and_reads(void **state)
{
	struct net_test *t = *state;
	struct file_pos pos = { 0 };
	unsigned n = 0;
	for (struct file_entry e; list_net(t->st, "", &pos, &e); n++) {
		struct file_stat s = { 0 };
		int err = 0;
		stat_net(t->st, e.name, &s);
		assert_int_equal(s.mode, e.mode);
		if (S_ISREG(e.mode))
			test_read(t, &file_net, e.name, &err);
		assert_int_equal(err, 0);
	}
	assert_int_equal(n, ARRAY_SIZE(rows) - 1 + ARRAY_SIZE(dirs)); /* one is in a directory */
	assert_string_equal(text(t, "nothing"), strerror(ENOENT));
	assert_string_equal(text(t, "dev_snmp6/nowhere"), strerror(ENOENT));
}

static void interfaces_are_lines(void **state)
{
	struct net_test *t = *state;
	const char *s = text(t, "dev");
	assert_non_null(strstr(s, "\n    lo:       0       0    0    0    0     0          0         0 "));
	assert_non_null(strstr(s, "\n  eth0:       0       0 "));
	assert_non_null(strstr(text(t, "dev_snmp6/eth0"), "ifIndex                         \t2\n"));
}

static void routes_of_the_main_table_are_as_wide_as_linux_has_them(void **state)
{
	struct net_test *t = *state;
	iface_set_up(eth0(t), true);
	give_route(t, "10.0.0.0", 8, RTN_UNICAST);
	give_route(t, "10.3.0.1", 32, RTN_UNREACHABLE);
	const char *s = text(t, "route");
	assert_int_equal(strlen(s), 3 * 128);
	assert_non_null(strstr(s, "\neth0\t0000000A\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0  "));
	assert_non_null(strstr(s, "\n*\t0100030A\t00000000\t0205\t0\t0\t0\tFFFFFFFF\t0\t0\t0  "));
	give_route(t, "2001:db8::", 32, RTN_UNICAST);
	assert_non_null(
		strstr(text(t, "ipv6_route"),
		       "20010db8000000000000000000000000 20 00000000000000000000000000000000 00 "
		       "00000000000000000000000000000000 00000000 00000001 00000000 00000001     eth0\n"));
}

static void a_reader_goes_on_behind_a_route_that_went(void **state)
{
	struct net_test *t = *state;
	char all[4096];
	struct text to = text_of(all, sizeof all);
	struct file_pos pos = { 0 };
	iface_set_up(eth0(t), true);
	give_route(t, "10.0.0.0", 8, RTN_UNICAST);
	give_route(t, "11.0.0.0", 8, RTN_UNICAST);
	assert_int_equal(net_route(t->st, "", &pos, &to), 1); /* the head */
	assert_int_equal(net_route(t->st, "", &pos, &to), 1);
	struct fib_route gone = {
		.family = AF_INET, .plen = 8, .dst = net_ip("10.0.0.0"), .table = RT_TABLE_MAIN
	};
	assert_int_equal(fib_delete(t->st, &gone), 0);
	while (net_route(t->st, "", &pos, &to) > 0)
		;
	assert_non_null(strstr(all, "\t0000000A\t"));
	assert_non_null(strstr(all, "\t0000000B\t"));
}

static void the_trie_is_told_by_table_address_and_length(void **state)
{
	struct net_test *t = *state;
	iface_set_up(eth0(t), true);
	give_route(t, "10.0.0.0", 16, RTN_UNICAST);
	give_route(t, "10.0.0.0", 8, RTN_UNICAST);
	give_route(t, "10.3.0.1", 32, RTN_UNREACHABLE);
	assert_string_equal(text(t, "fib_trie"), "Main:\n"
						 "  +-- 0.0.0.0/0 0 0 0\n"
						 "     |-- 10.0.0.0\n"
						 "        /16 universe UNICAST\n"
						 "        /8 universe UNICAST\n"
						 "     |-- 10.3.0.1\n"
						 "        /32 universe UNREACHABLE\n");
}

static void types_of_icmp_are_lines_when_they_were_met(void **state)
{
	struct net_test *t = *state;
	assert_null(strstr(text(t, "snmp6"), "Type143"));
	ip_count_icmp_in(t->st->worker[0], AF_INET6, 143);
	ip_count_icmp_in(t->st->worker[0], AF_INET6, 200); /* of which none is kept */
	assert_int_equal(ip_count_type((unsigned)ip_count_slot(143)), 143);
	if (ip_counts(t->st->worker[0], AF_INET6))
		assert_non_null(strstr(text(t, "snmp6"), "Icmp6InType143                  \t1\n"));
}

static void neighbours_are_told_with_those_we_answer_for(void **state)
{
	struct net_test *t = *state;
	struct neigh_info n = { .if_handle = eth0(t)->handle,
				.family = AF_INET,
				.state = NUD_PERMANENT,
				.addr = net_ip("192.0.2.7"),
				.mac = { 2, 0, 0, 0, 0, 7 },
				.has_mac = true };
	iface_set_up(eth0(t), true);
	assert_int_equal(neigh_set(t->st, &n, NLM_F_CREATE), 0);
	n.addr = net_ip("192.0.2.77");
	n.state = 0;
	assert_int_equal(neigh_proxy_set(t->st, &n), 0);
	assert_string_equal(text(t, "arp"),
			    "IP address       HW type     Flags       HW address            Mask     Device\n"
			    "192.0.2.7        0x1         0x6         02:00:00:00:00:07     *        eth0\n"
			    "192.0.2.77       0x1         0xc         00:00:00:00:00:00     *        eth0\n");
}

static void addresses_of_ipv6_are_told_with_scope_and_flags(void **state)
{
	struct net_test *t = *state;
	give_addr(t, "2001:db8::1", 64);
	give_addr(t, "fe80::1", 64);
	assert_string_equal(text(t, "if_inet6"), "20010db8000000000000000000000001 02 40 00 82     eth0\n"
						 "fe800000000000000000000000000001 02 40 20 82     eth0\n");
}

static void groups_are_told_youngest_first_and_then_what_all_hear(void **state)
{
	struct net_test *t = *state;
	struct mcast_listener a = { 0 }, b = { 0 }, c = { 0 };
	struct ipaddr one = net_ip("239.1.1.1"), two = net_ip("239.129.1.1"), src = net_ip("192.0.2.5");
	eth0(t)->conf.igmp_version = 3;
	iface_set_up(eth0(t), true);
	assert_int_equal(mcast_join(t->st, eth0(t), AF_INET, &one, true, &a), 0);
	assert_int_equal(mcast_join(t->st, eth0(t), AF_INET, &two, true, &b), 0);
	assert_int_equal(mcast_join(t->st, eth0(t), AF_INET, &two, false, &c), 0);
	assert_string_equal(text(t, "igmp"),
			    "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n"
			    "2\teth0      :     3      V3\n"
			    "\t\t\t\t010181EF     2 0:00000000\t\t0\n"
			    "\t\t\t\t010101EF     1 0:00000000\t\t0\n"
			    "\t\t\t\t010000E0     1 0:00000000\t\t0\n");
	/* both have the same address on the link (RFC 1112, 6.4) */
	assert_non_null(strstr(text(t, "dev_mcast"), "2    eth0            2     0     01005e010101\n"));
	assert_int_equal(mcast_want(t->st, &a, false, &src, 1), 0);
	assert_string_equal(text(t, "mcfilter"), "Idx Device        MCA        SRC    INC    EXC\n"
						 "  2   eth0 0xef010101 0xc0000205      1      0\n");
	mcast_leave(t->st, &a);
	mcast_leave(t->st, &b);
	mcast_leave(t->st, &c);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, test_setup, test_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_file_of_the_list_is_there_and_reads),
		TEST(interfaces_are_lines),
		TEST(routes_of_the_main_table_are_as_wide_as_linux_has_them),
		TEST(a_reader_goes_on_behind_a_route_that_went),
		TEST(the_trie_is_told_by_table_address_and_length),
		TEST(types_of_icmp_are_lines_when_they_were_met),
		TEST(neighbours_are_told_with_those_we_answer_for),
		TEST(addresses_of_ipv6_are_told_with_scope_and_flags),
		TEST(groups_are_told_youngest_first_and_then_what_all_hear),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

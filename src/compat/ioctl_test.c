/* SPDX-License-Identifier: BSD-2-Clause */
#include "ioctl.c"

#include "compat/compat_test.h"
#include "netlink/ethtool.h"

union arg {
	struct ifreq r;
	struct rtentry route;
	struct in6_rtmsg route6;
	struct arpreq arp;
	struct ioctl_ifconf conf;
	uint8_t b[IOCTL_DATA_MAX];
};

static int call_as(struct net_test *t, uint16_t family, uint32_t cmd, union arg *a, size_t len,
		   const struct nl_creds *who)
{
	struct ioctl_call c = { .cmd = cmd, .family = family, .creds = *who, .data = a->b, .len_bytes = len };
	int err = ioctl_run(t->st, &c);
	assert_true(c.len_bytes <= IOCTL_DATA_MAX);
	return err;
}
static int call(struct net_test *t, uint32_t cmd, union arg *a, size_t len)
{
	return call_as(t, AF_INET, cmd, a, len, &root);
}

static union arg of(const char *name)
{
	union arg a;
	memset(&a, 0, sizeof a);
	snprintf(a.r.ifr_name, sizeof a.r.ifr_name, "%s", name);
	return a;
}
static int ask(struct net_test *t, uint32_t cmd, const char *name, union arg *ret)
{
	*ret = of(name);
	return call(t, cmd, ret, sizeof ret->r);
}

static void put_in(struct sockaddr *to, const char *text)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = inet_addr(text) };
	memcpy(to, &in, sizeof in);
}
static int set_in(struct net_test *t, uint32_t cmd, const char *name, const char *text)
{
	union arg a = of(name);
	put_in(&a.r.ifr_addr, text);
	return call(t, cmd, &a, sizeof a.r);
}
static void expect_in(struct net_test *t, uint32_t cmd, const char *name, const char *text)
{
	union arg a;
	struct sockaddr_in in;
	assert_int_equal(ask(t, cmd, name, &a), 0);
	memcpy(&in, &a.r.ifr_addr, sizeof in);
	assert_string_equal(inet_ntoa(in.sin_addr), text);
}

static void an_interface_tells_of_itself(void **state)
{
	struct net_test *t = *state;
	union arg a;
	assert_int_equal(ask(t, SIOCGIFINDEX, "eth0", &a), 0);
	assert_int_equal(a.r.ifr_ifindex, 2);
	assert_int_equal(ask(t, SIOCGIFMTU, "eth0", &a), 0);
	assert_int_equal(a.r.ifr_mtu, 1500);
	assert_int_equal(ask(t, SIOCGIFFLAGS, "eth0:7", &a), 0);
	assert_int_equal(a.r.ifr_flags, IFF_BROADCAST | IFF_MULTICAST);
	assert_int_equal(ask(t, SIOCGIFHWADDR, "eth0", &a), 0);
	assert_int_equal(a.r.ifr_hwaddr.sa_family, ARPHRD_ETHER);
	assert_memory_equal(a.r.ifr_hwaddr.sa_data, eth0(t)->mac, 6);
	assert_int_equal(ask(t, SIOCGIFINDEX, "nowhere", &a), -ENODEV);
	a.r.ifr_ifindex = 1;
	assert_int_equal(call(t, SIOCGIFNAME, &a, sizeof a.r), 0);
	assert_string_equal(a.r.ifr_name, "lo");
}

static void names_need_not_end(void **state)
{
	struct net_test *t = *state;
	union arg a;
	memset(&a, 'x', sizeof a);
	assert_int_equal(call(t, SIOCGIFINDEX, &a, sizeof a.r), -ENODEV);
	assert_int_equal(call(t, SIOCGIFINDEX, &a, sizeof a.r - 1), -EFAULT);
}

static void settings_need_the_right_before_anything_else(void **state)
{
	struct net_test *t = *state;
	union arg a = of("nowhere");
	assert_int_equal(call_as(t, AF_INET, SIOCSIFMTU, &a, sizeof a.r, &nobody), -EPERM);
	assert_int_equal(call(t, SIOCSIFMTU, &a, sizeof a.r), -ENODEV);
	a = of("eth0");
	a.r.ifr_mtu = 1400;
	assert_int_equal(call(t, SIOCSIFMTU, &a, sizeof a.r), 0);
	assert_int_equal(eth0(t)->mtu, 1400);
	a.r.ifr_mtu = 1;
	assert_int_equal(call(t, SIOCSIFMTU, &a, sizeof a.r), -EINVAL);
}

static void an_interface_comes_up_and_gets_a_name(void **state)
{
	struct net_test *t = *state;
	union arg a = of("eth0");
	a.r.ifr_flags = IFF_UP;
	assert_int_equal(call(t, SIOCSIFFLAGS, &a, sizeof a.r), 0);
	assert_true(eth0(t)->flags & IFF_UP);
	assert_false(eth0(t)->flags & IFF_MULTICAST); /* what is not said is off */
	a = of("eth0");
	strcpy(a.r.ifr_newname, "lan");
	assert_int_equal(call(t, SIOCSIFNAME, &a, sizeof a.r), 0);
	assert_non_null(iface_by_name(t->st, "lan"));
}

static void an_address_comes_with_the_mask_of_its_class(void **state)
{
	struct net_test *t = *state;
	assert_int_equal(set_in(t, SIOCSIFADDR, "eth0", "172.16.3.4"), 0);
	expect_in(t, SIOCGIFNETMASK, "eth0", "255.255.0.0");
	expect_in(t, SIOCGIFBRDADDR, "eth0", "172.16.255.255");
	assert_int_equal(set_in(t, SIOCSIFNETMASK, "eth0", "255.255.255.0"), 0);
	expect_in(t, SIOCGIFNETMASK, "eth0", "255.255.255.0");
	expect_in(t, SIOCGIFBRDADDR, "eth0", "172.16.3.255");
	assert_int_equal(set_in(t, SIOCSIFBRDADDR, "eth0", "172.16.3.0"), 0);
	expect_in(t, SIOCGIFBRDADDR, "eth0", "172.16.3.0");
	assert_int_equal(set_in(t, SIOCSIFDSTADDR, "eth0", "172.16.3.9"), 0);
	expect_in(t, SIOCGIFDSTADDR, "eth0", "172.16.3.9");
	assert_int_equal(set_in(t, SIOCSIFADDR, "eth0", "10.0.0.1"), 0);
	expect_in(t, SIOCGIFADDR, "eth0", "10.0.0.1");
	assert_int_equal(set_in(t, SIOCSIFADDR, "eth0", "224.0.0.1"), -EINVAL);
	assert_int_equal(set_in(t, SIOCSIFNETMASK, "eth0", "255.0.255.0"), -EINVAL);
	assert_int_equal(set_in(t, SIOCSIFADDR, "eth0", "0.0.0.0"), 0);
	union arg a;
	assert_int_equal(ask(t, SIOCGIFADDR, "eth0", &a), -EADDRNOTAVAIL);
}

static void an_alias_is_an_address_with_a_label(void **state)
{
	struct net_test *t = *state;
	union arg a = of("eth0:1");
	assert_int_equal(set_in(t, SIOCSIFADDR, "eth0", "10.0.0.1"), 0);
	assert_int_equal(set_in(t, SIOCSIFADDR, "eth0:1", "192.0.2.1"), 0);
	expect_in(t, SIOCGIFADDR, "eth0", "10.0.0.1");
	expect_in(t, SIOCGIFADDR, "eth0:1", "192.0.2.1");
	assert_int_equal(call(t, SIOCSIFFLAGS, &a, sizeof a.r), 0);
	assert_int_equal(ask(t, SIOCGIFADDR, "eth0:1", &a), -EADDRNOTAVAIL);
	expect_in(t, SIOCGIFADDR, "eth0", "10.0.0.1");
}

static void all_addresses_are_told_in_pieces(void **state)
{
	struct net_test *t = *state;
	union arg a;
	char name[16], text[16];
	unsigned n = 0;
	for (unsigned i = 0; i < 30; i++) {
		snprintf(name, sizeof name, "eth0:%u", i);
		snprintf(text, sizeof text, "10.0.%u.1", i);
		assert_int_equal(set_in(t, SIOCSIFADDR, name, text), 0);
	}
	memset(&a, 0, sizeof a);
	do {
		struct ioctl_call c = { .cmd = SIOCGIFCONF, .data = a.b, .len_bytes = sizeof a.conf };
		assert_int_equal(ioctl_run(t->st, &c), 0);
		n += (unsigned)((c.len_bytes - sizeof a.conf) / sizeof(struct ifreq));
	} while (a.conf.more);
	assert_int_equal(n, 30);
}

static union arg route(const char *dst, const char *mask, const char *gw, const char *dev)
{
	union arg a;
	memset(&a, 0, sizeof a);
	put_in(&a.route.rt_dst, dst);
	if (mask)
		put_in(&a.route.rt_genmask, mask);
	a.route.rt_flags = RTF_UP | (mask ? 0 : RTF_HOST) | (gw ? RTF_GATEWAY : 0);
	if (gw)
		put_in(&a.route.rt_gateway, gw);
	snprintf((char *)a.b + sizeof a.route, IFNAMSIZ, "%s", dev ? dev : "");
	return a;
}
static int do_route(struct net_test *t, uint32_t cmd, union arg a)
{
	bool dev = a.b[sizeof a.route];
	return call(t, cmd, &a, sizeof a.route + (dev ? IFNAMSIZ : 0));
}

static void routes_come_and_go(void **state)
{
	struct net_test *t = *state;
	struct ipaddr dst = net_ip("10.1.2.3");
	assert_int_equal(set_in(t, SIOCSIFADDR, "eth0", "192.0.2.1"), 0);
	assert_int_equal(iface_set_up(eth0(t), true), 0);
	union arg a = route("10.0.0.0", "255.0.0.0", "192.0.2.9", NULL);
	assert_int_equal(do_route(t, SIOCADDRT, a), 0);
	assert_int_equal(do_route(t, SIOCADDRT, a), -EEXIST);
	const struct fib_route *r = fib_lookup_ctl(t->st, AF_INET, &dst, 0);
	assert_non_null(r);
	assert_int_equal(r->plen, 8);
	assert_int_equal(r->protocol, RTPROT_BOOT);
	assert_int_equal(do_route(t, SIOCDELRT, a), 0);
	assert_int_equal(do_route(t, SIOCDELRT, a), -ESRCH);
	assert_int_equal(do_route(t, SIOCADDRT, route("10.0.0.1", "255.0.0.0", NULL, "eth0")), -EINVAL);
	assert_int_equal(do_route(t, SIOCADDRT, route("10.0.0.0", "255.0.255.0", NULL, "eth0")), -EINVAL);
	assert_int_equal(do_route(t, SIOCADDRT, route("10.0.0.1", NULL, NULL, "nowhere")), -ENODEV);
	assert_int_equal(do_route(t, SIOCADDRT, route("10.0.0.1", NULL, NULL, "eth0")), 0);
}

static void routes_of_ipv6_come_and_go(void **state)
{
	struct net_test *t = *state;
	union arg a;
	memset(&a, 0, sizeof a);
	iface_set_up(eth0(t), true);
	inet_pton(AF_INET6, "2001:db8::", &a.route6.rtmsg_dst);
	a.route6.rtmsg_dst_len = 32;
	a.route6.rtmsg_ifindex = 2;
	assert_int_equal(call_as(t, AF_INET6, SIOCADDRT, &a, sizeof a.route6, &root), 0);
	assert_int_equal(call_as(t, AF_INET6, SIOCDELRT, &a, sizeof a.route6, &root), 0);
	assert_int_equal(call_as(t, AF_INET6, SIOCDELRT, &a, sizeof a.route6, &root), -ESRCH);
	a.route6.rtmsg_dst_len = 129;
	assert_int_equal(call_as(t, AF_INET6, SIOCADDRT, &a, sizeof a.route6, &root), -EINVAL);
}

static void neighbours_come_and_go(void **state)
{
	struct net_test *t = *state;
	union arg a, q;
	memset(&a, 0, sizeof a);
	set_in(t, SIOCSIFADDR, "eth0", "192.0.2.1");
	iface_set_up(eth0(t), true);
	put_in(&a.arp.arp_pa, "192.0.2.7");
	a.arp.arp_flags = ATF_PERM | ATF_COM;
	a.arp.arp_ha.sa_family = ARPHRD_ETHER;
	a.arp.arp_ha.sa_data[5] = 7;
	q = a;
	strcpy(q.arp.arp_dev, "eth0");
	assert_int_equal(call(t, SIOCGARP, &q, sizeof q.arp), -ENXIO);
	assert_int_equal(call(t, SIOCSARP, &a, sizeof a.arp), 0); /* the device follows from the route */
	q.arp.arp_flags = 0;
	assert_int_equal(call(t, SIOCGARP, &q, sizeof q.arp), 0);
	assert_int_equal(q.arp.arp_flags, ATF_PERM | ATF_COM);
	assert_int_equal(q.arp.arp_ha.sa_data[5], 7);
	a.arp.arp_flags = 0;
	assert_int_equal(call(t, SIOCDARP, &a, sizeof a.arp), 0);
	assert_int_equal(call(t, SIOCDARP, &a, sizeof a.arp), -ENXIO);
	a.arp.arp_flags = ATF_NETMASK;
	assert_int_equal(call(t, SIOCSARP, &a, sizeof a.arp), -EINVAL);
	a.arp.arp_pa.sa_family = AF_INET6;
	assert_int_equal(call(t, SIOCSARP, &a, sizeof a.arp), -EPFNOSUPPORT);
}

static void what_is_not_known_says_so(void **state)
{
	struct net_test *t = *state;
	union arg a = of("eth0");
	assert_int_equal(call(t, 0x89ff, &a, sizeof a.r), -ENOTTY);
	assert_int_equal(call_as(t, AF_UNIX, SIOCGIFADDR, &a, sizeof a.r, &root), -ENOTTY);
	assert_int_equal(call_as(t, AF_UNIX, SIOCGIFINDEX, &a, sizeof a.r, &root), 0);
}

/* The whole answer, piece by piece. */
static int ask_ethtool(struct net_test *t, const char *name, const void *q, size_t q_len, uint8_t *to,
		       size_t room)
{
	struct ioctl_ethtool at = { 0 };
	size_t len = 0;
	do {
		union arg a = of(name);
		memcpy(a.b + IOCTL_IFREQ, &at, sizeof at);
		memcpy(a.b + IOCTL_ETHTOOL_AT, q, q_len);
		struct ioctl_call c = { .cmd = SIOCETHTOOL,
					.family = AF_INET,
					.creds = root,
					.data = a.b,
					.len_bytes = IOCTL_ETHTOOL_AT + q_len };
		int err = ioctl_run(t->st, &c);
		if (err)
			return err;
		assert_in_range(c.len_bytes, IOCTL_ETHTOOL_AT, IOCTL_DATA_MAX);
		assert_int_equal(at.at, len);
		memcpy(&at, a.b + IOCTL_IFREQ, sizeof at);
		assert_true(at.at <= room);
		if (to)
			memcpy(to + len, a.b + IOCTL_ETHTOOL_AT, c.len_bytes - IOCTL_ETHTOOL_AT);
		len += c.len_bytes - IOCTL_ETHTOOL_AT;
	} while (at.more);
	return (int)len;
}

static void ethtool_hears_of_driver_and_link(void **state)
{
	struct net_test *t = *state;
	struct ethtool_value v = { .cmd = ETHTOOL_GLINK };
	struct ethtool_drvinfo d;
	assert_int_equal(ask_ethtool(t, "eth0", &v, sizeof v, (uint8_t *)&v, sizeof v), sizeof v);
	assert_int_equal(v.data, 0);
	v.cmd = ETHTOOL_GDRVINFO; /* of which no more came than the command */
	assert_int_equal(ask_ethtool(t, "eth0", &v.cmd, sizeof v.cmd, (uint8_t *)&d, sizeof d), sizeof d);
	assert_string_equal(d.driver, "fake");
	v.cmd = ETHTOOL_NWAY_RST;
	assert_int_equal(ask_ethtool(t, "eth0", &v, sizeof v, NULL, 0), -EOPNOTSUPP);
	assert_int_equal(ask_ethtool(t, "eth0", &v, sizeof v.cmd - 1, NULL, 0), -EFAULT);
}

static void long_answers_of_ethtool_come_in_pieces(void **state)
{
	struct net_test *t = *state;
	uint8_t got[8192];
	struct ethtool_gstrings s = { .cmd = ETHTOOL_GSTRINGS, .string_set = ETH_SS_FEATURES };
	int len = ask_ethtool(t, "eth0", &s, sizeof s, got, sizeof got);
	memcpy(&s, got, sizeof s);
	assert_int_equal(len, sizeof s + s.len * ETH_GSTRING_LEN);
	assert_string_equal((char *)got + sizeof s, "tx-scatter-gather");
	assert_string_equal((char *)got + len - ETH_GSTRING_LEN, "hsr-dup-offload");
	s = (struct ethtool_gstrings){ .cmd = ETHTOOL_GSTRINGS, .string_set = ETH_SS_STATS };
	assert_int_equal(ask_ethtool(t, "eth0", &s, sizeof s, got, sizeof got), -EOPNOTSUPP);
}

static void ethtool_switches_features_the_old_way(void **state)
{
	struct net_test *t = *state;
	struct iface *i = iface_by_name(t->st, "eth0");
	struct ethtool_value v = { .cmd = ETHTOOL_STXCSUM, .data = 0 };
	assert_int_equal(ask_ethtool(t, "eth0", &v, sizeof v, NULL, 0), -EOPNOTSUPP); /* it has none */
	iface_set_can(i, IFACE_TX_CSUM);
	assert_int_equal(ask_ethtool(t, "eth0", &v, sizeof v, NULL, 0), 0);
	assert_int_equal(i->features, 0);
	v = (struct ethtool_value){ .cmd = ETHTOOL_GTXCSUM, .data = 7 };
	assert_int_equal(ask_ethtool(t, "eth0", &v, sizeof v, (uint8_t *)&v, sizeof v), sizeof v);
	assert_int_equal(v.data, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, test_setup, test_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_interface_tells_of_itself),
		TEST(names_need_not_end),
		TEST(settings_need_the_right_before_anything_else),
		TEST(an_interface_comes_up_and_gets_a_name),
		TEST(an_address_comes_with_the_mask_of_its_class),
		TEST(an_alias_is_an_address_with_a_label),
		TEST(all_addresses_are_told_in_pieces),
		TEST(routes_come_and_go),
		TEST(routes_of_ipv6_come_and_go),
		TEST(neighbours_come_and_go),
		TEST(what_is_not_known_says_so),
		TEST(ethtool_hears_of_driver_and_link),
		TEST(long_answers_of_ethtool_come_in_pieces),
		TEST(ethtool_switches_features_the_old_way),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

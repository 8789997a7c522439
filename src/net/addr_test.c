/* SPDX-License-Identifier: BSD-2-Clause */
#include "addr.c"

#include "net/fib.h"
#include "net/net_test.h"

/* Stands for neighbour discovery: that it is there makes addresses tentative. */
static const struct module fake_nd_module = { .name = "nd", .id = MODULE_nd, .stack_size = 16 };
static const struct module *const modules[] = { &pkt_module, &graph_module,   &iface_module, &addr_module,
						&fib_module, &fake_nd_module, NULL };
static const struct module *const no_nd[] = { &pkt_module, &graph_module, &iface_module, &addr_module, NULL };

NET_TEST_LIFE(modules)

static struct addr address(const char *text, const struct iface *i)
{
	char buf[64];
	struct addr a = { .if_handle = i->handle, .valid_s = UINT32_MAX, .preferred_s = UINT32_MAX };
	snprintf(buf, sizeof buf, "%s", text);
	*strchr(buf, '/') = 0;
	a.family = strchr(buf, ':') ? AF_INET6 : AF_INET;
	a.local = net_ip(buf);
	a.plen = (uint8_t)atoi(strchr(text, '/') + 1);
	return a;
}
static int add(struct net_test *t, const struct iface *i, const char *text)
{
	struct addr a = address(text, i);
	return addr_add(t->st, &a, false);
}
static int del(struct net_test *t, const struct iface *i, const char *text)
{
	struct addr a = address(text, i);
	return addr_delete(t->st, i->handle, a.family, &a.local, a.plen);
}
static struct addr *get(struct net_test *t, const struct iface *i, const char *text)
{
	struct ipaddr a = net_ip(text);
	struct addr *x = addr_first(t->st, i);
	while (x && !ipaddr_eq(&x->local, &a))
		x = addr_next(t->st, i, x);
	return x;
}
static struct worker *last_worker(struct net_test *t)
{
	manual_rt_settle(t->m);
	return t->st->worker[t->st->n_workers - 1];
}
static bool is_ours(struct net_test *t, const char *text)
{
	struct ipaddr a = net_ip(text);
	return addr_find(last_worker(t), strchr(text, ':') ? AF_INET6 : AF_INET, &a) != NULL;
}
static struct iface *eth_up(struct net_test *t, const char *name)
{
	struct iface *i = net_test_iface(t, name);
	iface_set_up(i, true);
	return i;
}

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* The routes of a family as a sorted text: "local 10.0.0.1/32 src 10.0.0.1; ..." */
static const char *routes(struct net_test *t, uint8_t family)
{
	static const char *const types[] = { [RTN_UNICAST] = "",
					     [RTN_LOCAL] = "local ",
					     [RTN_BROADCAST] = "broadcast ",
					     [RTN_MULTICAST] = "multicast " };
	static char text[4096], line[32][128];
	struct fib_route r;
	unsigned n = 0;
	for (bool more = fib_next(t->st, NULL, family, &r); more && n < 32;
	     more = fib_next(t->st, &r, family, &r)) {
		char dst[INET6_ADDRSTRLEN], src[INET6_ADDRSTRLEN] = "";
		inet_ntop(family, &r.dst, dst, sizeof dst);
		if (r.nh.prefsrc_family)
			inet_ntop(family, &r.nh.prefsrc, src, sizeof src);
		assert_int_equal(r.protocol, RTPROT_KERNEL);
		snprintf(line[n++], sizeof line[0], "%s%s/%u%s%s; ", types[r.nh.type], dst, r.plen,
			 src[0] ? " src " : "", src);
	}
	qsort(line, n, sizeof line[0], compare);
	text[0] = 0;
	for (unsigned k = 0; k < n; k++)
		strcat(text, line[k]);
	return text;
}

/* As `ip route show table all` showed it in a namespace of Linux 6.18. */
static void ip4_routes_are_those_of_linux(void **state)
{
	struct net_test *t = *state;
	struct iface *i = eth_up(t, "e0");
	assert_int_equal(add(t, i, "10.0.0.1/24"), 0);
	assert_int_equal(add(t, i, "10.0.0.2/24"), 0);
	struct addr a = address("10.0.0.3/24", i);
	a.peer = net_ip("10.1.0.0");
	assert_int_equal(addr_add(t->st, &a, false), 0);
	assert_int_equal(add(t, i, "10.0.5.3/31"), 0);
	a = address("10.0.6.3/16", i);
	a.broadcast = net_ip("10.0.255.255");
	assert_int_equal(addr_add(t->st, &a, false), 0);
	assert_int_equal(add(t, i, "10.9.9.9/32"), 0);
	assert_string_equal(routes(t, AF_INET),
			    "10.0.0.0/16 src 10.0.6.3; 10.0.0.0/24 src 10.0.0.1; "
			    "10.0.5.2/31 src 10.0.5.3; 10.1.0.0/24 src 10.0.0.3; "
			    "broadcast 10.0.0.255/32 src 10.0.0.1; "
			    "broadcast 10.0.255.255/32 src 10.0.6.3; "
			    "broadcast 10.1.0.255/32 src 10.0.0.3; local 10.0.0.1/32 src 10.0.0.1; "
			    "local 10.0.0.2/32 src 10.0.0.1; local 10.0.0.3/32 src 10.0.0.3; "
			    "local 10.0.5.3/32 src 10.0.5.3; local 10.0.6.3/32 src 10.0.6.3; "
			    "local 10.9.9.9/32 src 10.9.9.9; ");
	assert_true(get(t, i, "10.0.0.2")->flags & IFA_F_SECONDARY);
	assert_int_equal(del(t, i, "10.0.0.1/24"), 0); /* takes its secondary along */
	assert_null(get(t, i, "10.0.0.2"));
	assert_string_equal(routes(t, AF_INET),
			    "10.0.0.0/16 src 10.0.6.3; 10.0.5.2/31 src 10.0.5.3; "
			    "10.1.0.0/24 src 10.0.0.3; broadcast 10.0.255.255/32 src 10.0.6.3; "
			    "broadcast 10.1.0.255/32 src 10.0.0.3; local 10.0.0.3/32 src 10.0.0.3; "
			    "local 10.0.5.3/32 src 10.0.5.3; local 10.0.6.3/32 src 10.0.6.3; "
			    "local 10.9.9.9/32 src 10.9.9.9; ");
	while (addr_first(t->st, i) && addr_first(t->st, i)->family == AF_INET)
		addr_remove(t->st, addr_first(t->st, i));
	assert_string_equal(routes(t, AF_INET), "");
}

static void ip4_outlives_an_interface_that_is_down(void **state)
{
	struct net_test *t = *state;
	struct iface *i = net_test_iface(t, "e0");
	assert_int_equal(add(t, i, "10.3.0.1/24"), 0);
	assert_string_equal(routes(t, AF_INET), "local 10.3.0.1/32 src 10.3.0.1; ");
	for (unsigned k = 0; k < 2; k++) {
		iface_set_up(i, true);
		assert_string_equal(routes(t, AF_INET),
				    "10.3.0.0/24 src 10.3.0.1; broadcast 10.3.0.255/32 src 10.3.0.1; "
				    "local 10.3.0.1/32 src 10.3.0.1; ");
		iface_set_up(i, false);
		assert_string_equal(routes(t, AF_INET), "local 10.3.0.1/32 src 10.3.0.1; ");
		assert_true(is_ours(t, "10.3.0.1"));
	}
	iface_delete(i);
	assert_string_equal(routes(t, AF_INET), "");
	assert_false(is_ours(t, "10.3.0.1"));
}

static void the_loopback_gets_its_addresses(void **state)
{
	struct net_test *t = *state;
	struct iface *lo = net_test_lo(t);
	iface_set_up(lo, true);
	assert_string_equal(routes(t, AF_INET),
			    "broadcast 127.255.255.255/32 src 127.0.0.1; local 127.0.0.0/8 src "
			    "127.0.0.1; local 127.0.0.1/32 src 127.0.0.1; ");
	assert_string_equal(routes(t, AF_INET6), "local ::1/128; ");
	assert_true(is_ours(t, "::1"));
	assert_int_equal(get(t, lo, "127.0.0.1")->scope, RT_SCOPE_HOST);
	assert_true(get(t, lo, "::1")->flags & IFA_F_PERMANENT);
	iface_set_up(lo, false);
	assert_null(get(t, lo, "::1"));
	iface_set_up(lo, true);
	assert_non_null(get(t, lo, "::1"));
}

static struct addr heard;
static unsigned n_heard[3];
static void note(struct addr_watch *w, struct leat_stack *st, const struct addr *a, enum addr_event e)
{
	struct ipaddr ll = net_ip("fe80::1");
	if (a->family != AF_INET6 || ipaddr_eq(&a->local, &ll))
		return;
	heard = *a;
	n_heard[e]++;
}

static void an_ip6_address_is_ours_after_its_test(void **state)
{
	struct net_test *t = *state;
	struct addr_watch watch = { .event = note };
	struct iface *i = eth_up(t, "e0");
	struct ipaddr who = net_ip("2001:db8::1");
	memset(n_heard, 0, sizeof n_heard);
	addr_watch_add(t->st, &watch);
	assert_int_equal(add(t, i, "2001:db8::1/64"), 0);
	assert_int_equal(n_heard[ADDR_ADDED], 1);
	assert_true(heard.flags & IFA_F_TENTATIVE);
	assert_false(is_ours(t, "2001:db8::1"));
	assert_non_null(addr_find_on(last_worker(t), i->handle, AF_INET6, &who));
	assert_non_null(strstr(routes(t, AF_INET6), "2001:db8::/64; "));
	assert_null(strstr(routes(t, AF_INET6), "local 2001:db8::1/128; "));
	addr_dad_done(t->st, i->handle, &who.v6, false);
	addr_dad_done(t->st, i->handle, &who.v6, true); /* too late to object */
	assert_int_equal(n_heard[ADDR_CHANGED], 1);
	assert_true(is_ours(t, "2001:db8::1"));
	assert_non_null(strstr(routes(t, AF_INET6), "local 2001:db8::1/128; "));
	assert_int_equal(add(t, i, "2001:db8::1/96"), -EEXIST);
	assert_int_equal(del(t, i, "2001:db8::1/64"), 0);
	assert_int_equal(n_heard[ADDR_GOING], 1);
	assert_null(strstr(routes(t, AF_INET6), "2001:db8"));
	addr_watch_remove(t->st, &watch);
}

static void a_duplicate_stays_marked_and_is_not_ours(void **state)
{
	struct net_test *t = *state;
	struct iface *i = eth_up(t, "e0");
	struct ipaddr who = net_ip("2001:db8::1");
	assert_int_equal(add(t, i, "2001:db8::1/64"), 0);
	addr_dad_done(t->st, i->handle, &who.v6, true);
	assert_false(is_ours(t, "2001:db8::1"));
	assert_int_equal(get(t, i, "2001:db8::1")->flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED),
			 IFA_F_TENTATIVE | IFA_F_DADFAILED);
}

static void nobody_is_asked_with_nodad_or_without_discovery(void **state)
{
	struct net_test *t = *state, *u = net_test_new(1, no_nd);
	struct iface *i = eth_up(t, "e0"), *j = eth_up(u, "e0");
	struct addr a = address("2001:db8::1/64", i);
	a.flags = IFA_F_NODAD;
	assert_int_equal(addr_add(t->st, &a, false), 0);
	assert_true(is_ours(t, "2001:db8::1"));
	assert_int_equal(add(u, j, "2001:db8::1/64"), 0);
	assert_true(is_ours(u, "2001:db8::1"));
	net_test_free(u);
}

static void a_link_gets_its_link_local_address(void **state)
{
	struct net_test *t = *state;
	struct iface_new how = net_test_eth("e0", NULL);
	static const uint8_t mac[6] = { 0xf6, 0x1c, 0x5c, 0x72, 0x67, 0x3c };
	struct iface *i;
	memcpy(how.mac, mac, 6);
	assert_int_equal(iface_add(t->st, &how, &i), 0);
	iface_set_carrier(i, false);
	iface_set_up(i, true);
	assert_null(addr_first(t->st, i)); /* no carrier: not ready */
	iface_set_carrier(i, true);
	struct addr *a = get(t, i, "fe80::f41c:5cff:fe72:673c");
	assert_non_null(a);
	assert_int_equal(a->scope, RT_SCOPE_LINK);
	assert_int_equal(a->plen, 64);
	addr_dad_done(t->st, i->handle, &a->local.v6, false);
	assert_string_equal(routes(t, AF_INET6),
			    "fe80::/64; local fe80::f41c:5cff:fe72:673c/128; multicast ff00::/8; ");
	iface_set_carrier(i, false);
	iface_set_carrier(i, true);
	assert_null(addr_next(t->st, i, addr_first(t->st, i)));
	assert_int_equal(add(t, i, "2001:db8::1/64"), 0);
	iface_set_up(i, false); /* Linux: IPv6 addresses go */
	assert_null(addr_first(t->st, i));
	assert_string_equal(routes(t, AF_INET6), "");
	i->conf.addr_gen_mode = IN6_ADDR_GEN_MODE_NONE;
	iface_set_up(i, true);
	assert_null(addr_first(t->st, i));
	assert_string_equal(routes(t, AF_INET6), "multicast ff00::/8; ");
}

static void small_mtu_has_no_ip6(void **state)
{
	struct net_test *t = *state;
	struct iface *i = eth_up(t, "e0");
	assert_non_null(addr_first(t->st, i));
	iface_set_mtu(i, 1279);
	assert_null(addr_first(t->st, i));
	assert_int_equal(add(t, i, "2001:db8::1/64"), -EINVAL);
}

static void order_is_that_of_linux(void **state)
{
	struct net_test *t = *state;
	struct iface *i = eth_up(t, "e0");
	static const char *const in[] = { "10.0.0.1/24", "2001:db8::5/64", "10.0.0.2/24", "2001:db8::7/64",
					  "10.2.0.1/16" };
	static const char *const out[] = { "10.0.0.1", "10.2.0.1", "10.0.0.2", "2001:db8::7", "2001:db8::5" };
	for (unsigned k = 0; k < ARRAY_SIZE(in); k++)
		assert_int_equal(add(t, i, in[k]), 0);
	const struct addr *a = addr_first(t->st, i);
	for (unsigned k = 0; k < ARRAY_SIZE(out); k++, a = addr_next(t->st, i, a)) {
		struct ipaddr want = net_ip(out[k]);
		assert_true(ipaddr_eq(&a->local, &want));
	}
	assert_true(ip6_is_link_local(&a->local.v6));
	assert_null(addr_next(t->st, i, a));
}

static void bad_addresses_are_refused(void **state)
{
	struct net_test *t = *state;
	struct iface *i = eth_up(t, "e0");
	assert_int_equal(add(t, i, "ff02::5/64"), -EINVAL);
	assert_int_equal(add(t, i, "::/64"), -EADDRNOTAVAIL);
	assert_int_equal(add(t, i, "::1/128"), -EADDRNOTAVAIL);
	assert_int_equal(add(t, i, "10.0.0.1/33"), -EINVAL);
	assert_int_equal(add(t, i, "0.0.0.0/8"), 0);
	assert_int_equal(add(t, i, "10.0.0.1/24"), 0);
	assert_int_equal(add(t, i, "10.0.0.1/24"), -EEXIST);
	assert_int_equal(add(t, i, "10.0.0.1/25"), 0);
	assert_int_equal(del(t, i, "10.0.0.77/24"), -EADDRNOTAVAIL);
	struct addr a = address("10.5.0.1/24", i);
	a.valid_s = 5;
	assert_int_equal(addr_add(t->st, &a, false), -EINVAL); /* preferred for longer than valid */
	a.if_handle++;
	assert_int_equal(addr_add(t->st, &a, false), -ENODEV);
}

static void lifetimes_run_out(void **state)
{
	struct net_test *t = *state;
	struct iface *i = eth_up(t, "e0");
	struct addr a = address("10.0.0.1/24", i);
	a.preferred_s = 10;
	a.valid_s = 30;
	assert_int_equal(addr_add(t->st, &a, false), 0);
	assert_false(get(t, i, "10.0.0.1")->flags & (IFA_F_PERMANENT | IFA_F_DEPRECATED));
	manual_rt_run(t->m, 9999999);
	assert_false(get(t, i, "10.0.0.1")->flags & IFA_F_DEPRECATED);
	manual_rt_run(t->m, 1);
	assert_true(get(t, i, "10.0.0.1")->flags & IFA_F_DEPRECATED);
	assert_int_equal(addr_add(t->st, &a, true), 0); /* renewed */
	assert_false(get(t, i, "10.0.0.1")->flags & IFA_F_DEPRECATED);
	manual_rt_run(t->m, 29999999);
	assert_true(is_ours(t, "10.0.0.1"));
	manual_rt_run(t->m, 1);
	assert_false(is_ours(t, "10.0.0.1"));
	assert_string_equal(routes(t, AF_INET), "");
	a.preferred_s = a.valid_s = UINT32_MAX - 1; /* 136 years */
	assert_int_equal(addr_add(t->st, &a, false), 0);
	manual_rt_run(t->m, UINT64_C(1000000) * (UINT32_MAX - 2));
	assert_true(is_ours(t, "10.0.0.1"));
	manual_rt_run(t->m, 2000000);
	assert_false(is_ours(t, "10.0.0.1"));
}

static const char *source(struct net_test *t, const struct iface *out, const char *dst)
{
	static char text[64];
	struct ipaddr to = net_ip(dst), src;
	uint8_t family = strchr(dst, ':') ? AF_INET6 : AF_INET;
	if (!addr_select_source(last_worker(t), out, family, &to, &src))
		return "none";
	return inet_ntop(family, &src, text, sizeof text);
}

static void ours(struct net_test *t, const struct iface *i, const char *text)
{
	struct addr a = address(text, i);
	a.flags = IFA_F_NODAD;
	assert_int_equal(addr_add(t->st, &a, false), 0);
}

static void sources_are_chosen_as_rfc_6724_says(void **state)
{
	struct net_test *t = *state;
	struct iface *lo = net_test_lo(t), *i = eth_up(t, "e0"), *j = eth_up(t, "e1");
	iface_set_up(lo, true);
	assert_string_equal(source(t, i, "10.0.0.9"), "none");
	assert_string_equal(source(t, i, "2001:db8::9"), "none");
	ours(t, i, "10.0.0.1/24");
	ours(t, i, "10.1.0.1/24");
	ours(t, i, "10.1.0.2/24");
	assert_string_equal(source(t, i, "10.1.0.9"), "10.1.0.1");
	assert_string_equal(source(t, i, "8.8.8.8"), "10.0.0.1");
	assert_string_equal(source(t, j, "8.8.8.8"), "10.0.0.1"); /* e1 has none of its own */
	ours(t, i, "fe80::1/64");
	ours(t, j, "fe80::2/64");
	assert_string_equal(source(t, j, "fe80::9"), "fe80::2");
	assert_string_equal(source(t, j, "ff02::1"), "fe80::2");
	assert_string_equal(source(t, j, "2001:db8::9"), "fe80::2"); /* better than none */
	ours(t, i, "2001:db8::1/64");
	ours(t, i, "2001:db8:1::1/64");
	assert_string_equal(source(t, j, "2001:db8::9"), "2001:db8::1"); /* scope before interface */
	assert_string_equal(source(t, i, "2001:db8:1::9"), "2001:db8:1::1");
	assert_string_equal(source(t, i, "fe80::9"), "fe80::1");
	struct addr a = address("2001:db8:1::1/64", i);
	a.flags = IFA_F_NODAD;
	a.preferred_s = 0;
	assert_int_equal(addr_add(t->st, &a, true), 0);
	assert_string_equal(source(t, i, "2001:db8:1::9"), "2001:db8::1"); /* deprecated */
	assert_string_equal(source(t, i, "2001:db8:1::1"), "2001:db8:1::1"); /* but to itself */
}

static void saved_addresses_come_back_tested(void **state)
{
	struct net_test *a = *state, *b = net_test_new(3, modules);
	char path[] = "/tmp/leat-addr-XXXXXX", why[256] = "", before[2][4096];
	close(mkstemp(path));
	struct iface *i = eth_up(a, "e0"), *j = eth_up(b, "e0");
	ours(a, i, "2001:db8::1/64");
	ours(a, i, "2001:db8::2/64");
	assert_int_equal(add(a, i, "2001:db8::3/64"), 0);
	assert_int_equal(add(a, i, "10.0.0.1/24"), 0);
	assert_int_equal(add(a, i, "10.0.0.2/24"), 0);
	struct addr lease = address("10.9.0.1/24", i);
	lease.valid_s = 100;
	lease.preferred_s = 50;
	assert_int_equal(addr_add(a->st, &lease, false), 0);
	manual_rt_run(a->m, 60 * 1000000);
	snprintf(before[0], sizeof before[0], "%s", routes(a, AF_INET));
	snprintf(before[1], sizeof before[1], "%s", routes(a, AF_INET6));
	assert_int_equal(stack_save(a->st, path, why, sizeof why), 0);
	assert_int_equal(stack_restore(b->st, path, why, sizeof why), 0);
	assert_string_equal(routes(b, AF_INET), before[0]);
	assert_string_equal(routes(b, AF_INET6), before[1]);
	const struct addr *x = addr_first(a->st, i), *y = addr_first(b->st, j);
	for (; x && y; x = addr_next(a->st, i, x), y = addr_next(b->st, j, y)) {
		assert_true(ipaddr_eq(&x->local, &y->local));
		assert_int_equal(x->flags, y->flags);
	}
	assert_true(!x && !y);
	assert_true(is_ours(b, "2001:db8::1"));
	assert_false(is_ours(b, "2001:db8::3"));
	manual_rt_run(b->m, 39 * 1000000);
	assert_true(is_ours(b, "10.9.0.1"));
	manual_rt_run(b->m, 2 * 1000000);
	assert_false(is_ours(b, "10.9.0.1"));
	unlink(path);
	net_test_free(b);
}

static void no_memory_leaves_things_as_they_were(void **state)
{
	struct net_test *t = *state;
	struct iface *i = net_test_iface(t, "e0");
	int err;
	unsigned k = 0;
	do {
		t->st->mem.fail_after = ++k;
		err = add(t, i, "10.0.0.1/24");
		assert_true(err == 0 || err == -ENOMEM);
		assert_true(!err == (addr_first(t->st, i) != NULL));
	} while (err);
	t->st->mem.fail_after = 0;
	assert_true(k > 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(ip4_routes_are_those_of_linux, one_worker, teardown),
		cmocka_unit_test_setup_teardown(ip4_outlives_an_interface_that_is_down, three_workers,
						teardown),
		cmocka_unit_test_setup_teardown(the_loopback_gets_its_addresses, one_worker, teardown),
		cmocka_unit_test_setup_teardown(an_ip6_address_is_ours_after_its_test, three_workers,
						teardown),
		cmocka_unit_test_setup_teardown(a_duplicate_stays_marked_and_is_not_ours, one_worker,
						teardown),
		cmocka_unit_test_setup_teardown(nobody_is_asked_with_nodad_or_without_discovery, one_worker,
						teardown),
		cmocka_unit_test_setup_teardown(a_link_gets_its_link_local_address, one_worker, teardown),
		cmocka_unit_test_setup_teardown(small_mtu_has_no_ip6, one_worker, teardown),
		cmocka_unit_test_setup_teardown(order_is_that_of_linux, one_worker, teardown),
		cmocka_unit_test_setup_teardown(bad_addresses_are_refused, one_worker, teardown),
		cmocka_unit_test_setup_teardown(lifetimes_run_out, three_workers, teardown),
		cmocka_unit_test_setup_teardown(sources_are_chosen_as_rfc_6724_says, three_workers, teardown),
		cmocka_unit_test_setup_teardown(saved_addresses_come_back_tested, three_workers, teardown),
		cmocka_unit_test_setup_teardown(no_memory_leaves_things_as_they_were, one_worker, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "fib.c"

#include <time.h>

#include "net/net_test.h"
#include "net/sysctl.h"

static const struct module *const modules[] = { &pkt_module, &graph_module, &iface_module, &fib_module,
						NULL };

NET_TEST_LIFE(modules)

/* "10.0.0.0/8" in table main, through i, or type and gateway as the caller changes them. */
static struct fib_route route(const char *prefix, const struct iface *i)
{
	char addr[64];
	struct fib_route r = { .table = RT_TABLE_MAIN, .protocol = RTPROT_STATIC, .nh.type = RTN_UNICAST };
	snprintf(addr, sizeof addr, "%s", prefix);
	*strchr(addr, '/') = 0;
	r.family = strchr(addr, ':') ? AF_INET6 : AF_INET;
	r.dst = net_ip(addr);
	r.plen = (uint8_t)atoi(strchr(prefix, '/') + 1);
	r.nh.if_handle = i ? i->handle : 0;
	r.nh.scope = r.family == AF_INET && i ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	return r;
}
static struct fib_route via(const char *prefix, const char *gw)
{
	struct fib_route r = route(prefix, NULL);
	r.nh.gw = net_ip(gw);
	r.nh.gw_family = strchr(gw, ':') ? AF_INET6 : AF_INET;
	return r;
}
static int add(struct net_test *t, struct fib_route r, enum fib_how how)
{
	return fib_add(t->st, &r, how, NULL);
}
static const struct fib_nh *look(struct net_test *t, const char *dst)
{
	struct ipaddr a = net_ip(dst);
	manual_rt_settle(t->m);
	struct worker *w = t->st->worker[t->st->n_workers - 1];
	return strchr(dst, ':') ? fib6_lookup(w, &a.v6) : fib4_lookup(w, a.v4);
}
static struct iface *up(struct net_test *t, const char *name)
{
	struct iface *i = net_test_iface(t, name);
	iface_set_up(i, true);
	return i;
}

static void the_longest_prefix_wins(void **state)
{
	struct net_test *t = *state;
	struct iface *a = up(t, "a"), *b = up(t, "b");
	assert_null(look(t, "10.1.2.3"));
	assert_int_equal(add(t, route("10.0.0.0/8", a), FIB_ADD), 0);
	assert_int_equal(add(t, route("10.1.0.0/16", b), FIB_ADD), 0);
	assert_int_equal(add(t, via("0.0.0.0/0", "10.9.9.9"), FIB_ADD), 0);
	assert_int_equal(look(t, "10.1.2.3")->if_handle, b->handle);
	assert_int_equal(look(t, "10.2.2.3")->if_handle, a->handle);
	assert_int_equal(look(t, "11.2.2.3")->gw_family, AF_INET);
	assert_int_equal(look(t, "11.2.2.3")->if_handle, a->handle); /* by way of the gateway */
	assert_int_equal(add(t, route("2001:db8::/32", a), FIB_ADD), 0);
	assert_int_equal(add(t, route("2001:db8::7/128", b), FIB_ADD), 0);
	assert_int_equal(look(t, "2001:db8::8")->if_handle, a->handle);
	assert_int_equal(look(t, "2001:db8::7")->if_handle, b->handle);
	assert_null(look(t, "2001:db9::7"));
	assert_int_equal(fib_count(t->st, AF_INET), 3);
	assert_int_equal(fib_count(t->st, AF_INET6), 2);
}

static void shown_are(struct net_test *t, uint8_t family, const char *const *prefixes)
{
	struct fib_route all;
	bool more = fib_next(t->st, NULL, family, &all);
	for (; *prefixes; prefixes++, more = fib_next(t->st, &all, family, &all)) {
		const struct fib_route want = route(*prefixes, NULL);
		assert_true(more);
		assert_int_equal(all.plen, want.plen);
		assert_true(ipaddr_eq(&all.dst, &want.dst));
	}
	assert_false(more);
}

static void routes_are_shown_in_the_order_of_linux(void **state)
{
	static const char *const four[] = { "0.0.0.0/1",   "10.0.0.0/24", "10.0.0.0/8",
					    "10.9.0.0/16", "128.0.0.0/1", NULL };
	static const char *const six[] = { "2001:db8:1::/48", "2001:db8::/32", "2001:db9::/32",
					   "fd00::/8",        "::/0",          NULL };
	static const unsigned disorder[] = { 3, 0, 4, 2, 1 };
	struct net_test *t = *state;
	struct iface *a = up(t, "a");
	for (unsigned i = 0; i < ARRAY_SIZE(disorder); i++) {
		assert_int_equal(add(t, route(four[disorder[i]], a), FIB_ADD), 0);
		assert_int_equal(add(t, route(six[disorder[i]], a), FIB_ADD), 0);
	}
	shown_are(t, AF_INET, four);
	shown_are(t, AF_INET6, six);
}

/* What was shown last is gone when the dump goes on. */
static void a_dump_goes_on_where_a_route_has_gone(void **state)
{
	struct net_test *t = *state;
	struct iface *a = up(t, "a");
	const struct fib_route gone = route("2001:db8:1::/48", a), gone4 = route("10.0.0.0/24", a);
	struct fib_route next;
	add(t, gone, FIB_ADD);
	add(t, route("2001:db8::/32", a), FIB_ADD);
	add(t, gone4, FIB_ADD);
	add(t, route("10.0.0.0/8", a), FIB_ADD);
	assert_int_equal(fib_delete(t->st, &gone), 0);
	assert_int_equal(fib_delete(t->st, &gone4), 0);
	struct fib_route last = gone;
	last.table = RT_TABLE_MAIN;
	assert_true(fib_next(t->st, &last, AF_INET6, &next));
	assert_int_equal(next.plen, 32);
	last = gone4;
	last.table = RT_TABLE_MAIN;
	assert_true(fib_next(t->st, &last, AF_INET, &next));
	assert_int_equal(next.plen, 8);
}

static void tables_are_asked_in_order(void **state)
{
	struct net_test *t = *state;
	struct iface *a = up(t, "a");
	struct fib_route r = route("10.0.0.0/8", a);
	r.table = 77;
	assert_int_equal(add(t, r, FIB_ADD), 0);
	assert_null(look(t, "10.1.2.3")); /* kept, but asked by nobody */
	r.table = RT_TABLE_DEFAULT;
	r.nh.metric[RTAX_MTU] = 1111;
	assert_int_equal(add(t, r, FIB_ADD), 0);
	assert_int_equal(look(t, "10.1.2.3")->metric[RTAX_MTU], 1111);
	r = route("10.0.0.0/8", NULL);
	r.nh.type = RTN_THROW;
	assert_int_equal(add(t, r, FIB_ADD), 0); /* main says: not here */
	assert_int_equal(look(t, "10.1.2.3")->metric[RTAX_MTU], 1111);
	r.nh.type = RTN_BLACKHOLE;
	assert_int_equal(add(t, r, FIB_REPLACE), 0);
	assert_int_equal(look(t, "10.1.2.3")->type, RTN_BLACKHOLE);
	r = route("10.1.2.3/32", a);
	r.table = RT_TABLE_LOCAL;
	r.nh.type = RTN_LOCAL;
	r.nh.scope = RT_SCOPE_HOST;
	assert_int_equal(add(t, r, FIB_ADD), 0);
	assert_int_equal(look(t, "10.1.2.3")->type, RTN_LOCAL);
}

static void the_lowest_metric_counts_and_tos_waits(void **state)
{
	struct net_test *t = *state;
	struct iface *a = up(t, "a");
	struct fib_route r = route("10.0.0.0/8", a);
	static const uint32_t metrics[] = { 300, 100, 200 };
	for (unsigned k = 0; k < 3; k++) {
		r.metric = r.nh.metric[RTAX_MTU] = metrics[k];
		assert_int_equal(add(t, r, FIB_ADD), 0);
	}
	r.tos = 0x10;
	r.metric = r.nh.metric[RTAX_MTU] = 5;
	assert_int_equal(add(t, r, FIB_ADD), 0);
	assert_int_equal(look(t, "10.0.0.1")->metric[RTAX_MTU], 100);
	struct fib_route all;
	uint32_t order[8] = { 0 };
	unsigned n = 0;
	for (bool more = fib_next(t->st, NULL, AF_INET, &all); more;
	     more = fib_next(t->st, &all, AF_INET, &all))
		order[n++] = all.metric;
	assert_int_equal(n, 4);
	static const uint32_t want[] = { 5, 100, 200, 300 };
	assert_memory_equal(order, want, sizeof want);
	r = route("10.0.0.0/8", NULL);
	assert_int_equal(fib_delete(t->st, &r), 0); /* no metric given: the first with that tos */
	assert_int_equal(look(t, "10.0.0.1")->metric[RTAX_MTU], 200);
	r.metric = 100;
	assert_int_equal(fib_delete(t->st, &r), -ESRCH);
}

static void append_prepend_replace_change_as_linux(void **state)
{
	struct net_test *t = *state;
	struct iface *a = up(t, "a"), *b = up(t, "b");
	assert_int_equal(add(t, route("10.0.0.0/8", a), FIB_CHANGE), -ENOENT);
	assert_int_equal(add(t, route("10.0.0.0/8", a), FIB_ADD), 0);
	assert_int_equal(add(t, route("10.0.0.0/8", b), FIB_ADD), -EEXIST);
	assert_int_equal(add(t, route("10.0.0.0/8", b), FIB_APPEND), 0);
	assert_int_equal(look(t, "10.0.0.1")->if_handle, a->handle);
	assert_int_equal(add(t, route("10.0.0.0/8", b), FIB_APPEND), -EEXIST);
	assert_int_equal(add(t, route("10.0.0.0/8", b), FIB_REPLACE), -EEXIST); /* it is the second already */
	struct fib_route r = route("10.0.0.0/8", b);
	assert_int_equal(fib_delete(t->st, &r), 0);
	assert_int_equal(add(t, route("10.0.0.0/8", b), FIB_PREPEND), 0);
	assert_int_equal(look(t, "10.0.0.1")->if_handle, b->handle);
	r.nh.metric[RTAX_MTU] = 1300;
	assert_int_equal(add(t, r, FIB_CHANGE), 0);
	assert_int_equal(look(t, "10.0.0.1")->metric[RTAX_MTU], 1300);
	assert_int_equal(fib_count(t->st, AF_INET), 2);
	assert_int_equal(add(t, route("2001:db8::/32", a), FIB_ADD), 0);
	assert_int_equal(add(t, route("2001:db8::/32", b), FIB_PREPEND), 0);
	assert_int_equal(look(t, "2001:db8::1")->if_handle, a->handle); /* IPv6 appends */
}

static const char *why_not(struct net_test *t, struct fib_route r, int err)
{
	const char *why = "";
	assert_int_equal(fib_add(t->st, &r, FIB_ADD, &why), err);
	return why;
}

static void bad_routes_are_refused_in_linux_words(void **state)
{
	struct net_test *t = *state;
	struct iface *a = up(t, "a"), *down = net_test_iface(t, "down");
	assert_int_equal(add(t, route("10.0.0.0/24", a), FIB_ADD), 0);
	assert_int_equal(add(t, via("0.0.0.0/0", "10.0.0.1"), FIB_ADD), 0);
	assert_int_equal(add(t, route("2001:db8::/64", a), FIB_ADD), 0);
	assert_int_equal(add(t, via("::/0", "2001:db8::1"), FIB_ADD), 0);
	assert_string_equal(why_not(t, via("5.0.0.0/8", "9.9.9.9"), -ENETUNREACH),
			    "Nexthop has invalid gateway");
	assert_string_equal(why_not(t, via("2001:db8:5::/48", "2001:db9::1"), -EHOSTUNREACH), "");
	assert_string_equal(why_not(t, route("7.0.0.1/8", a), -EINVAL),
			    "Invalid prefix for given prefix length");
	assert_string_equal(why_not(t, route("7.0.0.0/8", down), -ENETDOWN), "Device for nexthop is not up");
	assert_string_equal(why_not(t, route("2001:db8:7::/48", down), -ENETDOWN),
			    "Nexthop device is not up");
	assert_string_equal(why_not(t, route("7.0.0.0/8", NULL), -ENODEV), "");
	assert_string_equal(why_not(t, via("2001:db8:7::/48", "fe80::1"), -EINVAL),
			    "Egress device not specified");
	struct fib_route r = route("7.0.0.0/8", a);
	r.nh.type = RTN_UNREACHABLE;
	assert_string_equal(why_not(t, r, -EINVAL),
			    "Gateway, device and multipath can not be specified for this route type");
	r = route("7.0.0.0/8", a);
	r.nh.type = RTN_LOCAL;
	assert_string_equal(why_not(t, r, -EINVAL), "Invalid scope");
	r.nh.type = RTN_NAT;
	assert_string_equal(why_not(t, r, -EINVAL), "Invalid route type");
	r = route("7.0.0.0/8", a);
	r.nh.prefsrc = net_ip("1.2.3.4");
	r.nh.prefsrc_family = AF_INET;
	assert_string_equal(why_not(t, r, -EINVAL), "Invalid prefsrc address");
	r = via("7.0.0.0/8", "9.9.9.9");
	r.nh.flags = RTNH_F_ONLINK;
	assert_string_equal(why_not(t, r, -ENODEV), "Nexthop device required for onlink");
	r.nh.if_handle = a->handle;
	assert_string_equal(why_not(t, r, 0), "");
	assert_string_equal(why_not(t, route("2001:db8:6::1/48", a), 0), ""); /* host bits are cut off */
	assert_non_null(look(t, "2001:db8:6:1::"));
	r = via("8.0.0.0/8", "2001:db8::1");
	assert_string_equal(why_not(t, r, 0), "");
	assert_int_equal(look(t, "8.0.0.1")->gw_family, AF_INET6);
}

static void routes_go_with_their_interface(void **state)
{
	struct net_test *t = *state;
	struct iface *a = up(t, "a"), *b = up(t, "b");
	struct fib_route local = route("10.0.0.1/32", a);
	local.table = RT_TABLE_LOCAL;
	local.nh.type = RTN_LOCAL;
	local.nh.scope = RT_SCOPE_HOST;
	assert_int_equal(add(t, local, FIB_ADD), 0);
	assert_int_equal(add(t, route("10.0.0.0/24", a), FIB_ADD), 0);
	assert_int_equal(add(t, route("10.0.0.0/24", b), FIB_APPEND), 0);
	assert_int_equal(add(t, via("0.0.0.0/0", "10.0.0.9"), FIB_ADD), 0);
	assert_int_equal(add(t, route("2001:db8::/64", a), FIB_ADD), 0);
	struct fib_route other = route("10.5.0.0/16", a);
	other.table = 99;
	assert_int_equal(add(t, other, FIB_ADD), 0);
	iface_set_up(a, false);
	assert_int_equal(look(t, "10.0.0.1")->type, RTN_LOCAL);
	assert_int_equal(look(t, "10.0.0.2")->if_handle, b->handle);
	assert_null(look(t, "1.1.1.1"));
	assert_null(look(t, "2001:db8::1"));
	/* Linux: `ip route flush table 99` asks again afterwards. */
	assert_true(fib_has_table(t->st, AF_INET, 99));
	assert_false(fib_has_table(t->st, AF_INET, 98));
	iface_delete(a);
	assert_int_equal(look(t, "10.0.0.1")->if_handle, b->handle);
	iface_delete(b);
	assert_int_equal(fib_count(t->st, AF_INET) + fib_count(t->st, AF_INET6), 0);
}

static void a_lost_source_takes_its_routes_along(void **state)
{
	struct net_test *t = *state;
	struct iface *a = up(t, "a");
	struct fib_route local = route("10.0.0.1/32", a), r = route("7.0.0.0/8", a);
	struct ipaddr src = net_ip("10.0.0.1");
	local.table = RT_TABLE_LOCAL;
	local.nh.type = RTN_LOCAL;
	local.nh.scope = RT_SCOPE_HOST;
	assert_int_equal(add(t, local, FIB_ADD), 0);
	r.nh.prefsrc = src;
	r.nh.prefsrc_family = AF_INET;
	assert_int_equal(add(t, r, FIB_ADD), 0);
	fib_source_gone(t->st, AF_INET, &src);
	assert_null(look(t, "7.0.0.1"));
	assert_int_equal(fib_count(t->st, AF_INET), 1);
}

static void set_knob(struct net_test *t, const char *name, const char *value)
{
	char why[200];
	assert_int_equal(sysctl_set(t->st, name, value, why, sizeof why), 0);
}

/* Linux: ignore_routes_with_linkdown. */
static void routes_without_carrier_are_passed_by_when_told(void **state)
{
	static const char *const far[] = { "10.1.2.3", "2001:db8:1::1" };
	static const char *const names[] = { "net.ipv4.conf.b.ignore_routes_with_linkdown",
					     "net.ipv6.conf.b.ignore_routes_with_linkdown" };
	struct net_test *t = *state;
	struct iface *a = up(t, "a"), *b = up(t, "b");
	assert_int_equal(add(t, route("10.0.0.0/8", a), FIB_ADD), 0);
	assert_int_equal(add(t, route("10.1.0.0/16", b), FIB_ADD), 0);
	assert_int_equal(add(t, route("2001:db8::/32", a), FIB_ADD), 0);
	assert_int_equal(add(t, route("2001:db8:1::/48", b), FIB_ADD), 0);
	for (unsigned f = 0; f < 2; f++) {
		iface_set_carrier(b, false);
		assert_int_equal(look(t, far[f])->if_handle, b->handle);
		set_knob(t, names[f], "1");
		assert_int_equal(look(t, far[f])->if_handle, a->handle);
		iface_set_carrier(b, true);
		assert_int_equal(look(t, far[f])->if_handle, b->handle);
		iface_set_carrier(b, false);
		assert_int_equal(look(t, far[f])->if_handle, a->handle);
		set_knob(t, names[f], "0");
		assert_int_equal(look(t, far[f])->if_handle, b->handle);
		set_knob(t,
			 f ? "net.ipv6.conf.all.ignore_routes_with_linkdown"
			   : "net.ipv4.conf.all.ignore_routes_with_linkdown",
			 "1");
		assert_int_equal(look(t, far[f])->if_handle, a->handle);
		assert_int_equal(b->conf.guard[f].ignore_linkdown,
				 f); /* Linux: of IPv6 it is written to all */
		iface_set_carrier(b, true);
	}
}

static void dumps_resume_by_key(void **state)
{
	struct net_test *t = *state;
	struct iface *a = up(t, "a"), *b = up(t, "b");
	struct fib_route r, all;
	unsigned n = 0;
	assert_int_equal(add(t, route("10.0.0.0/8", a), FIB_ADD), 0);
	assert_int_equal(add(t, route("10.0.0.0/8", b), FIB_APPEND), 0);
	assert_int_equal(add(t, route("10.1.0.0/16", b), FIB_ADD), 0);
	r = route("9.0.0.0/8", a);
	r.table = 1023; /* behind main, by its last eight bits */
	assert_int_equal(add(t, r, FIB_ADD), 0);
	assert_int_equal(add(t, route("2001:db8::/64", a), FIB_ADD), 0);
	assert_true(fib_next(t->st, NULL, AF_UNSPEC, &all));
	assert_int_equal(all.nh.if_handle, a->handle);
	struct fib_route first = route("10.0.0.0/8", a); /* the one the dump stands on goes */
	assert_int_equal(fib_delete(t->st, &first), 0);
	assert_true(fib_next(t->st, &all, AF_UNSPEC, &all));
	/* A route between may be missed when its elder goes; none comes twice. */
	assert_int_equal(all.plen, 16);
	for (; fib_next(t->st, &all, AF_UNSPEC, &all); n++) {}
	assert_int_equal(n, 2);
	assert_false(fib_next(t->st, &all, AF_INET6, &all));
	assert_int_equal(all.family, AF_INET6);
}

static void a_lookup_tells_its_route(void **state)
{
	struct net_test *t = *state;
	struct iface *a = up(t, "a");
	struct ipaddr dst = net_ip("10.0.0.5");
	assert_int_equal(add(t, route("10.0.0.0/24", a), FIB_ADD), 0);
	const struct fib_route *r = fib_lookup_ctl(t->st, AF_INET, &dst, 0);
	assert_int_equal(r->plen, 24);
	assert_int_equal(r->table, RT_TABLE_MAIN);
	assert_int_equal(r->nh.if_handle, a->handle);
	dst = net_ip("11.0.0.5");
	assert_null(fib_lookup_ctl(t->st, AF_INET, &dst, 0));
}

static void equal_next_hops_are_one(void **state)
{
	struct net_test *t = *state;
	struct iface *a = up(t, "a");
	for (unsigned k = 0; k < 100; k++) {
		char prefix[32];
		snprintf(prefix, sizeof prefix, "10.%u.0.0/16", k);
		assert_int_equal(add(t, route(prefix, a), FIB_ADD), 0);
	}
	assert_int_equal(fib_state(t->st)->nhs.count, 1);
	iface_set_up(a, false);
	assert_int_equal(fib_state(t->st)->nhs.count, 0);
}

static void no_memory_leaves_the_table_as_it_was(void **state)
{
	struct net_test *t = *state;
	struct iface *a = up(t, "a");
	struct fib_route r = route("10.1.0.0/16", a);
	assert_int_equal(add(t, route("10.2.0.0/16", a), FIB_ADD), 0);
	r.table = 5;
	r.nh.metric[RTAX_MTU] = 1;
	int err;
	unsigned k = 0;
	do {
		t->st->mem.fail_after = ++k;
		err = add(t, r, FIB_ADD);
		assert_true(err == 0 || err == -ENOMEM);
		assert_int_equal(fib_count(t->st, AF_INET), err ? 1 : 2);
	} while (err);
	t->st->mem.fail_after = 0;
	assert_true(k > 2);
}

static void a_route_lives_its_time_over_a_restart_too(void **state)
{
	struct net_test *t = *state, *u = net_test_new(1, modules);
	struct iface *a = up(t, "a");
	struct fib_route r = route("2001:db8::/32", a), all;
	char *text, why[160];
	size_t len;
	r.until_us = t->rt->ctl->now_us + 10000000;
	assert_int_equal(add(t, r, FIB_ADD), 0);
	r = route("2001:db8:1::/48", a);
	assert_int_equal(add(t, r, FIB_ADD), 0);
	manual_rt_run(t->m, 4000000);
	assert_non_null(look(t, "2001:db8::1"));
	assert_int_equal(stack_save_text(t->st, &text, &len), 0);
	manual_rt_run(t->m, 5999999);
	assert_non_null(look(t, "2001:db8::1"));
	manual_rt_run(t->m, 1);
	assert_null(look(t, "2001:db8::1"));
	assert_int_equal(fib_count(t->st, AF_INET6), 1);
	assert_non_null(look(t, "2001:db8:1::1"));
	up(u, "a");
	assert_int_equal(stack_restore_text(u->st, text, len, why, sizeof why), 0);
	assert_true(fib_next(u->st, NULL, AF_INET6, &all));
	assert_true(fib_next(u->st, &all, AF_INET6, &all));
	assert_int_equal(all.until_us, u->rt->ctl->now_us + 6000000);
	manual_rt_run(u->m, 6000000);
	assert_null(look(u, "2001:db8::1"));
	assert_int_equal(fib_count(u->st, AF_INET6), 1);
	free(text);
	net_test_free(u);
}

static struct fib_route from(struct fib_route r, const char *prefix)
{
	char addr[64];
	snprintf(addr, sizeof addr, "%s", prefix);
	*strchr(addr, '/') = 0;
	r.nh.src = net_ip(addr);
	r.nh.src_plen = (uint8_t)atoi(strchr(prefix, '/') + 1);
	return r;
}
static uint32_t look_from(struct net_test *t, const char *dst, const char *src)
{
	const struct fib_query q = { .family = AF_INET6, .dst = net_ip(dst), .src = net_ip(src) };
	manual_rt_settle(t->m);
	const struct fib_nh *nh = fib_lookup(t->st->worker[t->st->n_workers - 1], &q);
	const struct fib_route *as_control = fib_ask(t->st, &q);
	assert_int_equal(nh ? nh->if_handle : 0, as_control ? as_control->nh.if_handle : 0);
	return nh ? nh->if_handle : 0;
}

/* RFC 8043's way out by two uplinks: of the longest prefix that has a route for the source the one with the longest source. */
static void routes_by_source_go_before_those_for_all(void **state)
{
	struct net_test *t = *state;
	uint32_t a = up(t, "a")->handle, b = up(t, "b")->handle, c = up(t, "c")->handle;
	struct iface *ia = iface_by_handle(t->st, a), *ib = iface_by_handle(t->st, b),
		     *ic = iface_by_handle(t->st, c);
	assert_int_equal(add(t, from(route("::/0", ia), "2001:db8:a::/48"), FIB_ADD), 0);
	assert_int_equal(add(t, from(route("::/0", ib), "2001:db8:b::/48"), FIB_ADD), 0);
	assert_int_equal(look_from(t, "2001:db8:99::1", "2001:db8:a::1"), a);
	assert_int_equal(look_from(t, "2001:db8:99::1", "2001:db8:b::1"), b);
	assert_int_equal(look_from(t, "2001:db8:99::1", "2001:db8:c::1"), 0);
	assert_int_equal(look_from(t, "2001:db8:99::1", "::"), 0);
	assert_int_equal(add(t, route("::/0", ic), FIB_ADD), 0);
	assert_int_equal(look_from(t, "2001:db8:99::1", "2001:db8:c::1"), c);
	assert_int_equal(add(t, from(route("::/0", ic), "2001:db8:a:1::/64"), FIB_ADD), 0);
	assert_int_equal(look_from(t, "2001:db8:99::1", "2001:db8:a:1::1"), c);
	assert_int_equal(look_from(t, "2001:db8:99::1", "2001:db8:a:2::1"), a);
	assert_int_equal(add(t, route("2001:db8:99::/48", ib), FIB_ADD), 0);
	assert_int_equal(look_from(t, "2001:db8:99::1", "2001:db8:a::1"),
			 b); /* the destination counts first */
	/* Of one source, of another and of none they are no peers. */
	assert_int_equal(add(t, from(route("::/0", ib), "2001:db8:a::/48"), FIB_ADD), -EEXIST);
	assert_int_equal(add(t, from(route("::/0", ib), "2001:db8:a::/48"), FIB_REPLACE), 0);
	assert_int_equal(look_from(t, "2001:db8:1::1", "2001:db8:a::1"), b);
	struct fib_route r = route("::/0", NULL);
	assert_int_equal(fib_delete(t->st, &r), 0); /* who names none means the one for all */
	assert_int_equal(look_from(t, "2001:db8:1::1", "2001:db8:c::1"), 0);
	assert_int_equal(fib_delete(t->st, &r), -ESRCH);
	r = from(r, "2001:db8:a:1::/64");
	assert_int_equal(fib_delete(t->st, &r), 0);
	assert_int_equal(look_from(t, "2001:db8:1::1", "2001:db8:a:1::1"), b);
	assert_int_equal(fib_state(t->st)->n_chosen[1], 2);
	fib_iface_flush(ib);
	assert_int_equal(fib_state(t->st)->n_chosen[1], 0);
	assert_null(view_ctl(t->st, VIEW_rules6));
}

/* A prefix's routes by source, what lies below it, its others: as Linux walks; and a reader that goes on behind one that went. */
static void routes_by_source_are_shown_where_linux_shows_them(void **state)
{
	struct net_test *t = *state;
	struct iface *a = up(t, "a");
	static const struct {
		const char *dst, *src;
	} want[] = {
		{ "::/0", "2001:db8:7:1::/64" },  { "::/0", "2001:db8:7::/48" },
		{ "::/0", "2001:db8:8::/48" },    { "2001:db8:1::/48", NULL },
		{ "2001:db8:2::/48", "::1/128" }, { "2001:db8:2:1::/64", NULL },
		{ "2001:db8:2::/48", NULL },      { "::/0", NULL },
	};
	static const unsigned order[] = { 6, 2, 7, 0, 4, 1, 3, 5 };
	for (unsigned k = 0; k < ARRAY_SIZE(want); k++) {
		struct fib_route r = route(want[order[k]].dst, a);
		if (want[order[k]].src)
			r = from(r, want[order[k]].src);
		assert_int_equal(add(t, r, FIB_ADD), 0);
	}
	for (unsigned skip = 0; skip <= ARRAY_SIZE(want); skip++) { /* the first ones go while one reads */
		struct fib_route at, *after = NULL;
		for (unsigned k = 0; k < ARRAY_SIZE(want); k++) {
			struct fib_route w = route(want[k].dst, NULL), gone;
			w = want[k].src ? from(w, want[k].src) : w;
			assert_true(fib_next(t->st, after, AF_INET6, &at));
			after = &at;
			assert_int_equal(at.plen, w.plen);
			assert_true(ipaddr_eq(&at.dst, &w.dst));
			assert_int_equal(at.nh.src_plen, w.nh.src_plen);
			assert_true(ipaddr_eq(&at.nh.src, &w.nh.src));
			if (k + 1 != skip)
				continue;
			gone = at;
			gone.nh.if_handle = 0;
			gone.nh.flags = 0;
			assert_int_equal(fib_delete(t->st, &gone), 0);
			gone.nh.if_handle = a->handle;
			if (k + 1 < ARRAY_SIZE(want))
				assert_true(fib_next(t->st, &at, AF_INET6, &(struct fib_route){ 0 }));
			else
				assert_false(fib_next(t->st, &at, AF_INET6, &(struct fib_route){ 0 }));
			struct fib_route behind = at;
			bool more = fib_next(t->st, &at, AF_INET6, &behind);
			assert_int_equal(more, k + 1 < ARRAY_SIZE(want));
			if (more) {
				struct fib_route n = route(want[k + 1].dst, NULL);
				assert_int_equal(behind.plen, n.plen);
				assert_true(ipaddr_eq(&behind.dst, &n.dst));
			}
			assert_int_equal(add(t, gone, FIB_ADD), 0);
		}
		assert_false(fib_next(t->st, after, AF_INET6, &at));
	}
}

static void add_nexthops(struct net_test *t, const struct iface *i)
{
	const char *why = NULL;
	for (uint32_t id = 1; id <= 3; id++) {
		struct nexthop_new how = {
			.nlm_flags = NLM_F_CREATE,
			.nh = { .id = id, .family = AF_INET, .hop.if_handle = i->handle }
		};
		assert_int_equal(nexthop_add(t->st, &how, &why), 0);
	}
	struct nexthop_new how = { .nlm_flags = NLM_F_CREATE,
				   .resilient = true,
				   .res = { .has_buckets = true, .buckets = 16, .idle_us = 77 },
				   .nh = { .id = 10, .is_group = true, .n_members = 2 } };
	how.nh.members = mem_zalloc(&t->st->mem, 2 * sizeof *how.nh.members);
	how.nh.members[0] = (struct nexthop_member){ .id = 3, .weight = 300 };
	how.nh.members[1] = (struct nexthop_member){ .id = 1, .weight = 100 };
	assert_int_equal(nexthop_add(t->st, &how, &why), 0);
	struct fib_route r = route("10.10.0.0/16", NULL);
	r.nh.nh_id = 10;
	r.nh.nh_family = AF_INET;
	assert_int_equal(add(t, r, FIB_ADD), 0);
}

static void check_nexthops(struct net_test *t, const struct net_test *as)
{
	const struct nexthop *g = nexthop_find(t->st, 10), *was = nexthop_find(as->st, 10);
	assert_non_null(nexthop_find(t->st, 2));
	assert_int_equal(g->n_members, 2);
	assert_int_equal(g->members[0].weight, 300);
	assert_int_equal(g->res->idle_us, 77);
	for (unsigned k = 0; k < 16; k++)
		assert_int_equal(g->res->buckets->bucket[k].way, was->res->buckets->bucket[k].way);
	assert_true(fib_nh_has_paths(look(t, "10.10.0.1")));
	nexthop_remove(t->st, nexthop_find(t->st, 3));
	assert_false(fib_nh_has_paths(look(t, "10.10.0.1"))); /* one way is left */
	nexthop_remove(t->st, nexthop_find(t->st, 1));
	assert_null(nexthop_find(t->st, 10)); /* and its route with it */
	assert_int_equal(fib_count(t->st, AF_INET), 4);
}

static void saved_routes_come_back(void **state)
{
	struct net_test *a = *state, *b = net_test_new(3, modules);
	char path[] = "/tmp/leat-fib-XXXXXX", why[256] = "";
	close(mkstemp(path));
	struct iface *e0 = up(a, "e0");
	assert_int_equal(add(a, route("10.0.0.0/24", e0), FIB_ADD), 0);
	/* Comes before the route it needs. */
	assert_int_equal(add(a, via("0.0.0.0/0", "10.0.0.1"), FIB_ADD), 0);
	struct fib_route r = route("10.7.0.0/16", NULL);
	r.nh.type = RTN_PROHIBIT;
	r.metric = 4000000000u;
	assert_int_equal(add(a, r, FIB_ADD), 0);
	struct fib_route r6 = route("2001:db8::/64", e0);
	for (unsigned i = 1; i <= RTAX_MAX; i++)
		r6.nh.metric[i] = i == RTAX_CC_ALGO ? 0 : i;
	memcpy(r6.nh.cc_algo, "cubic", 6);
	r6.pref = 3;
	assert_int_equal(add(a, r6, FIB_ADD), 0);
	struct fib_hop hops[2] = { { .if_handle = e0->handle, .weight = 3 },
				   { .if_handle = e0->handle,
				     .weight = 500,
				     .realms = 0x70005,
				     .gw_family = AF_INET,
				     .gw = net_ip("10.0.0.2") } };
	struct fib_route many = route("10.8.0.0/16", NULL);
	many.n_hops = 2;
	many.hops = hops;
	assert_int_equal(add(a, many, FIB_ADD), 0);
	r = from(route("2001:db8:77::/48", e0), "2001:db8:1::/48");
	assert_int_equal(add(a, r, FIB_ADD), 0);
	many = route("2001:db8:8::/48", NULL);
	struct fib_hop hops6[2] = {
		{ .if_handle = e0->handle, .weight = 7, .gw_family = AF_INET6, .gw = net_ip("fe80::1") },
		{ .if_handle = e0->handle, .weight = 1, .gw_family = AF_INET6, .gw = net_ip("fe80::2") }
	};
	many.n_hops = 2;
	many.hops = hops6;
	assert_int_equal(add(a, many, FIB_ADD), 0);
	add_nexthops(a, e0);
	assert_int_equal(stack_save(a->st, path, why, sizeof why), 0);
	struct iface *f0 = up(b, "e0");
	assert_int_equal(add(b, route("10.0.0.0/24", f0), FIB_ADD), 0);
	assert_int_equal(stack_restore(b->st, path, why, sizeof why), 0);
	assert_int_equal(fib_count(b->st, AF_INET), 5);
	assert_int_equal(fib_count(b->st, AF_INET6), 4);
	assert_int_equal(look_from(b, "2001:db8:77::1", "2001:db8:1::1"), f0->handle);
	assert_int_equal(look_from(b, "2001:db8:77::1", "2001:db8:2::1"), 0);
	assert_true(fib_nh_has_paths(look(b, "10.8.0.1")));
	assert_true(fib_nh_has_paths(look(b, "2001:db8:8::1")));
	struct ipaddr dst = net_ip("10.8.0.1");
	assert_int_equal(fib_lookup_ctl(b->st, AF_INET, &dst, 0)->hops[1].weight, 500);
	assert_int_equal(fib_lookup_ctl(b->st, AF_INET, &dst, 0)->hops[1].realms, 0x70005);
	check_nexthops(b, a);
	assert_int_equal(look(b, "8.8.8.8")->if_handle, f0->handle);
	assert_int_equal(look(b, "10.7.0.1")->type, RTN_PROHIBIT);
	struct fib_route back;
	assert_true(fib_next(b->st, NULL, AF_INET6, &back));
	assert_memory_equal(back.nh.metric, r6.nh.metric, sizeof back.nh.metric);
	assert_string_equal(back.nh.cc_algo, "cubic");
	assert_int_equal(back.pref, 3);
	unlink(path);
	net_test_free(b);
}

static double seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Not a benchmark: says what a full table costs, and that loading one is no matter of minutes. */
static void a_full_table_loads_in_seconds(void **state)
{
	enum { ROUTES = 1000000 };
	struct net_test *t = *state;
	struct iface *a = up(t, "a");
	struct fib_route r = route("10.0.0.0/8", a);
	uint64_t before = t->st->mem.used_bytes, x = 1;
	double from = seconds();
	while (fib_count(t->st, AF_INET) < ROUTES) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		r.plen = (uint8_t)(x >> 60 ? 24
					   : 12 + (x >> 50) % 12); /* about as in the Internet: mostly /24 */
		r.dst.v4 = be32_of((uint32_t)(x >> 32) & ~(uint32_t)0 << (32 - r.plen));
		fib_add(t->st, &r, FIB_ADD, NULL);
	}
	double took = seconds() - from;
	print_message("%u routes: %.2f s, %llu bytes a route\n", ROUTES, took,
		      (unsigned long long)(t->st->mem.used_bytes - before) / ROUTES);
	assert_true(took < 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_longest_prefix_wins, one_worker, teardown),
		cmocka_unit_test_setup_teardown(tables_are_asked_in_order, three_workers, teardown),
		cmocka_unit_test_setup_teardown(the_lowest_metric_counts_and_tos_waits, one_worker, teardown),
		cmocka_unit_test_setup_teardown(append_prepend_replace_change_as_linux, one_worker, teardown),
		cmocka_unit_test_setup_teardown(bad_routes_are_refused_in_linux_words, one_worker, teardown),
		cmocka_unit_test_setup_teardown(routes_go_with_their_interface, three_workers, teardown),
		cmocka_unit_test_setup_teardown(a_lost_source_takes_its_routes_along, one_worker, teardown),
		cmocka_unit_test_setup_teardown(routes_without_carrier_are_passed_by_when_told, one_worker,
						teardown),
		cmocka_unit_test_setup_teardown(dumps_resume_by_key, one_worker, teardown),
		cmocka_unit_test_setup_teardown(a_lookup_tells_its_route, one_worker, teardown),
		cmocka_unit_test_setup_teardown(equal_next_hops_are_one, one_worker, teardown),
		cmocka_unit_test_setup_teardown(no_memory_leaves_the_table_as_it_was, one_worker, teardown),
		cmocka_unit_test_setup_teardown(a_route_lives_its_time_over_a_restart_too, one_worker,
						teardown),
		cmocka_unit_test_setup_teardown(routes_are_shown_in_the_order_of_linux, one_worker, teardown),
		cmocka_unit_test_setup_teardown(a_dump_goes_on_where_a_route_has_gone, one_worker, teardown),
		cmocka_unit_test_setup_teardown(routes_by_source_go_before_those_for_all, three_workers,
						teardown),
		cmocka_unit_test_setup_teardown(routes_by_source_are_shown_where_linux_shows_them, one_worker,
						teardown),
		cmocka_unit_test_setup_teardown(saved_routes_come_back, three_workers, teardown),
		cmocka_unit_test_setup_teardown(a_full_table_loads_in_seconds, one_worker, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "addr_select.c"

#include "net/fib.h"
#include "net/net_test.h"

static const struct module *const modules[] = { &pkt_module, &graph_module, &iface_module, &addr_module,
						NULL };

NET_TEST_LIFE(modules)

static void ours(struct net_test *t, const struct iface *i, const char *text, uint32_t flags)
{
	char buf[64];
	struct addr a = { .if_handle = i->handle,
			  .family = AF_INET6,
			  .flags = flags | IFA_F_NODAD,
			  .valid_s = UINT32_MAX,
			  .preferred_s = flags & IFA_F_DEPRECATED ? 0 : UINT32_MAX };
	snprintf(buf, sizeof buf, "%s", text);
	char *slash = strchr(buf, '/');
	a.plen = slash ? (uint8_t)atoi(slash + 1) : 64;
	if (slash)
		*slash = 0;
	a.local = net_ip(buf);
	assert_int_equal(addr_add(t->st, &a, false), 0);
}

static const char *source(struct net_test *t, const struct iface *out, const char *dst, uint32_t prefs)
{
	static char text[64];
	struct ipaddr to = net_ip(dst), src;
	manual_rt_settle(t->m);
	if (!addr_select_source_as(t->st->worker[t->st->n_workers - 1], out, AF_INET6, &to, prefs, &src))
		return "none";
	return inet_ntop(AF_INET6, &src, text, sizeof text);
}

static struct iface *eth_up(struct net_test *t, const char *name)
{
	struct iface *i = net_test_iface(t, name);
	i->conf.addr_gen_mode = IN6_ADDR_GEN_MODE_NONE;
	iface_set_up(i, true);
	return i;
}

/* RFC 6724, 10.1. A mark at the end: + on another interface than the outgoing one, - deprecated, t temporary. */
static void the_examples_of_rfc_6724_come_out_as_they_say(void **state)
{
	static const struct {
		const char *dst, *a, *b, *want;
		uint32_t prefs;
	} rows[] = {
		{ "2001:db8:1::1", "2001:db8:3::1", "fe80::1", "2001:db8:3::1", 0 }, /* appropriate scope */
		{ "ff05::1", "2001:db8:3::1", "fe80::1", "2001:db8:3::1", 0 },
		{ "2001:db8:1::1", "2001:db8:1::1-", "2001:db8:2::1", "2001:db8:1::1", 0 }, /* same address */
		{ "fe80::1", "fe80::2-", "2001:db8:1::1", "fe80::2", 0 }, /* appropriate scope */
		{ "2001:db8:1::1", "2001:db8:1::2", "2001:db8:3::2", "2001:db8:1::2",
		  0 }, /* longest prefix */
		{ "2002:c633:6401::1", "2002:c633:6401::d5e3:7953:13eb:22e8t", "2001:db8:1::2",
		  "2002:c633:6401:0:d5e3:7953:13eb:22e8", IPV6_PREFER_SRC_TMP }, /* label */
		{ "2001:db8:1::d5e3:0:0:1", "2001:db8:1::2", "2001:db8:1::d5e3:7953:13eb:22e8t",
		  "2001:db8:1:0:d5e3:7953:13eb:22e8", IPV6_PREFER_SRC_TMP }, /* temporary ones */
		{ "2001:db8:1::d5e3:0:0:1", "2001:db8:1::2", "2001:db8:1::d5e3:7953:13eb:22e8t",
		  "2001:db8:1::2", 0 },
		{ "2001:db8:1::d5e3:0:0:1", "2001:db8:1::2", "2001:db8:1::d5e3:7953:13eb:22e8t",
		  "2001:db8:1::2", IPV6_PREFER_SRC_PUBLIC },
		{ "2001:db8:1::1", "2001:db8:9::2", "2001:db8:1::2+", "2001:db8:9::2", 0 }, /* interface */
		{ "2001:db8:1::1", "2001:db8:9::2-", "2001:db8:2::2+", "2001:db8:2::2", 0 }, /* deprecated */
		{ "fc00::9", "2001:db8:9::2", "fd00::2", "fd00::2", 0 }, /* label: unique local */
		{ "2001:db8::9", "fd00::2", "2001:db8:9::2", "2001:db8:9::2", 0 },
		{ "fec0::9", "fec0::2", "2001:db8:9::2", "fec0::2", 0 }, /* the smallest scope that serves */
		{ "fe80::9", "2001:db8::1", "fe80::2+", "2001:db8::1", 0 }, /* of that link alone */
		{ "2001:10::9", "2001:db8::1", "2001:1f::2", "2001:1f::2", 0 },
	};
	for (unsigned k = 0; k < ARRAY_SIZE(rows); k++) {
		struct net_test *t = net_test_new(1, modules);
		struct iface *i = eth_up(t, "e0"), *j = eth_up(t, "e1");
		const char *text[] = { rows[k].a, rows[k].b };
		for (unsigned n = 0; n < 2; n++) {
			char buf[64];
			snprintf(buf, sizeof buf, "%s", text[n]);
			char *mark = buf + strlen(buf) - 1;
			uint32_t flags = *mark == '-' ? IFA_F_DEPRECATED : *mark == 't' ? IFA_F_TEMPORARY : 0;
			const struct iface *on = *mark == '+' ? j : i;
			if (strchr("+-t", *mark))
				*mark = 0;
			ours(t, on, buf, flags);
		}
		if (strcmp(source(t, i, rows[k].dst, rows[k].prefs), rows[k].want))
			fail_msg("to %s from %s or %s: %s", rows[k].dst, rows[k].a, rows[k].b,
				 source(t, i, rows[k].dst, rows[k].prefs));
		net_test_free(t);
	}
	(void)state;
}

static void temporary_addresses_are_preferred_where_the_interface_says_so(void **state)
{
	struct net_test *t = *state;
	struct iface *i = eth_up(t, "e0");
	ours(t, i, "2001:db8:1::2", 0);
	ours(t, i, "2001:db8:1::3", IFA_F_TEMPORARY);
	assert_string_equal(source(t, i, "2001:db8:1::9", 0), "2001:db8:1::2");
	i->conf.ip6.use_tempaddr = 2;
	assert_string_equal(source(t, i, "2001:db8:1::9", 0), "2001:db8:1::3");
	assert_string_equal(source(t, i, "2001:db8:1::9", IPV6_PREFER_SRC_PUBLIC), "2001:db8:1::2");
}

static void sources_stay_on_the_outgoing_interface_where_told(void **state)
{
	struct net_test *t = *state;
	struct iface *i = eth_up(t, "e0"), *j = eth_up(t, "e1");
	ours(t, i, "fe80::2", 0);
	ours(t, j, "2001:db8:1::3", 0);
	assert_string_equal(source(t, i, "2001:db8:1::9", 0), "2001:db8:1::3");
	i->conf.ip6.oif_addrs_only = 1;
	assert_string_equal(source(t, i, "2001:db8:1::9", 0), "fe80::2");
}

/* RFC 6724, 10.6 in small: the table is configurable. */
static void labels_change_what_is_chosen(void **state)
{
	struct net_test *t = *state;
	struct iface *i = eth_up(t, "e0");
	struct addr_label l = { .plen = 32, .label = 42 };
	ours(t, i, "2001:db8:1::2", 0);
	ours(t, i, "fd00::2", 0);
	assert_string_equal(source(t, i, "3001::9", 0), "2001:db8:1::2");
	l.prefix = net_ip("3001::").v6;
	assert_int_equal(addr_label_add(t->st, &l, false), 0);
	assert_int_equal(addr_label_add(t->st, &l, false), -EEXIST);
	l.prefix = net_ip("fd00::").v6;
	assert_int_equal(addr_label_add(t->st, &l, false), 0);
	assert_string_equal(source(t, i, "3001::9", 0), "fd00::2");
	l.ifindex = i->ifindex; /* of an interface: before the same of any */
	l.label = 7;
	assert_int_equal(addr_label_add(t->st, &l, false), 0);
	assert_string_equal(source(t, i, "3001::9", 0), "2001:db8:1::2");
	assert_int_equal(addr_label_delete(t->st, &l), 0);
	assert_int_equal(addr_label_delete(t->st, &l), -ESRCH);
	assert_string_equal(source(t, i, "3001::9", 0), "fd00::2");
	l = (struct addr_label){ .plen = 128, .label = 1, .prefix = net_ip("::ffff:1.2.3.4").v6 };
	assert_int_equal(addr_label_add(t->st, &l, false), -EINVAL);
}

static void saved_labels_come_back_in_order(void **state)
{
	struct net_test *a = *state, *b = net_test_new(1, modules);
	char path[] = "/tmp/leat-label-XXXXXX", why[256] = "";
	close(mkstemp(path));
	struct iface *i = eth_up(a, "e0");
	eth_up(b, "e0");
	struct addr_label l = { .plen = 64, .label = 42, .prefix = net_ip("2001:db8::").v6 };
	assert_int_equal(addr_label_add(a->st, &l, false), 0);
	l.ifindex = i->ifindex;
	assert_int_equal(addr_label_add(a->st, &l, false), 0);
	l = (struct addr_label){ .plen = 7, .prefix = net_ip("fc00::").v6 };
	assert_int_equal(addr_label_delete(a->st, &l), 0);
	assert_int_equal(stack_save(a->st, path, why, sizeof why), 0);
	assert_int_equal(stack_restore(b->st, path, why, sizeof why), 0);
	const struct addr_labels *x = addr_state(a->st)->table.labels, *y = addr_state(b->st)->table.labels;
	assert_int_equal(x->n, 11);
	assert_int_equal(y->n, x->n);
	for (uint32_t k = 0; k < x->n; k++) { /* by members: there are holes between them */
		assert_true(ip6_eq(&x->row[k].prefix, &y->row[k].prefix));
		assert_int_equal(x->row[k].plen, y->row[k].plen);
		assert_int_equal(x->row[k].ifindex, y->row[k].ifindex);
		assert_int_equal(x->row[k].label, y->row[k].label);
	}
	unlink(path);
	net_test_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_examples_of_rfc_6724_come_out_as_they_say),
		cmocka_unit_test_setup_teardown(temporary_addresses_are_preferred_where_the_interface_says_so,
						three_workers, teardown),
		cmocka_unit_test_setup_teardown(sources_stay_on_the_outgoing_interface_where_told, one_worker,
						teardown),
		cmocka_unit_test_setup_teardown(labels_change_what_is_chosen, three_workers, teardown),
		cmocka_unit_test_setup_teardown(saved_labels_come_back_in_order, one_worker, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

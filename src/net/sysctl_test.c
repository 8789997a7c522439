/* SPDX-License-Identifier: BSD-2-Clause */
#include "sysctl.c"

#include "net/net_test.h"

/* A module of its own rows beside the neighbour table's. */
struct test_state {
	uint32_t depth;
};
static struct iface *told;
static unsigned n_told;
static void tell(struct leat_stack *st, struct iface *i, const struct knob *k)
{
	told = i;
	n_told++;
}
static const struct knob test_knobs[] = {
	KNOB("net.test.depth", struct test_state, depth, 4, 1, 8, .help = "a depth"),
	KNOB_IFACE("net.test.conf.IF.forwarding", forward4, 1, 0, 1, .changed = tell, .help = "a switch"),
	{ 0 },
};
static const struct module test_module = {
	.name = "test", .id = MODULE_TEST, .knobs = test_knobs, .stack_size = sizeof(struct test_state)
};
static const struct module *const modules[] = { &pkt_module, &graph_module, &iface_module, &test_module,
						NULL };
static const struct module *const bare[] = { &pkt_module, &graph_module, &iface_module, NULL };

static int setup(void **state)
{
	*state = net_test_new(1, modules);
	told = NULL;
	n_told = 0;
	return 0;
}

static int teardown(void **state)
{
	net_test_free(*state);
	return 0;
}

static const char *get(struct net_test *t, const char *name)
{
	static char text[KNOB_TEXT_MAX];
	struct sysctl s;
	if (sysctl_find(t->st, name, &s))
		return "none";
	sysctl_value(&s, text);
	return text;
}

static int set(struct net_test *t, const char *name, const char *value)
{
	char why[200] = "";
	int err = sysctl_set(t->st, name, value, why, sizeof why);
	assert_int_equal(!err, !why[0]); /* a refusal says why */
	return err;
}

static void names_are_found_with_dots_and_slashes(void **state)
{
	struct net_test *t = *state;
	net_test_iface(t, "e0");
	net_test_iface(t, "e0.7");
	assert_int_equal(set(t, "net/test/depth", "5"), 0);
	assert_string_equal(get(t, "net.test.depth"), "5");
	assert_int_equal(set(t, "net.test.conf.e0/7.forwarding", "0"), 0);
	assert_string_equal(get(t, "net/test/conf/e0.7/forwarding"), "0");
	assert_string_equal(get(t, "net.test.conf.e0.forwarding"), "1");
	assert_string_equal(get(t, "net.test.conf.e0.7.forwarding"), "none");
	assert_string_equal(get(t, "net.test.conf.e9.forwarding"), "none");
	assert_string_equal(get(t, "net.test.conf.IF.forwarding"), "none");
	assert_string_equal(get(t, "net.test.conf..forwarding"), "none");
	assert_string_equal(get(t, "net.test.conf.a-name-much-too-long-for-linux.forwarding"), "none");
	assert_string_equal(get(t, "net.test"), "none");
	assert_string_equal(get(t, ""), "none");
}

static void new_interfaces_begin_with_the_default(void **state)
{
	struct net_test *t = *state;
	net_test_iface(t, "e0");
	assert_int_equal(set(t, "net.test.conf.default.forwarding", "0"), 0);
	assert_null(told);
	struct iface *i = net_test_iface(t, "e1");
	assert_string_equal(get(t, "net.test.conf.e0.forwarding"), "1");
	assert_string_equal(get(t, "net.test.conf.e1.forwarding"), "0");
	assert_int_equal(set(t, "net.test.conf.e1.forwarding", "1"), 0);
	assert_ptr_equal(told, i);
	assert_int_equal(n_told, 2);
}

static void refusals_change_nothing(void **state)
{
	struct net_test *t = *state;
	assert_int_equal(set(t, "net.test.depth", "9"), -EINVAL);
	assert_int_equal(set(t, "net.test.depth", ""), -EINVAL);
	assert_int_equal(set(t, "net.test.depth", "many"), -EINVAL);
	assert_int_equal(set(t, "net.test.width", "1"), -ENOENT);
	assert_int_equal(set(t, "net.test.conf.e0.forwarding", "1"), -ENOENT);
	assert_string_equal(get(t, "net.test.depth"), "4");
}

static void all_are_gone_through_once_while_interfaces_come_and_go(void **state)
{
	struct net_test *t = *state;
	struct sysctl_pos pos = { 0 };
	struct sysctl s;
	char all[512] = "", name[KNOB_NAME_MAX];
	net_test_iface(t, "e0");
	struct iface *gone = net_test_iface(t, "e1.1");
	net_test_iface(t, "e2");
	for (unsigned n = 0; sysctl_next(t->st, &pos, &s); n++) {
		sysctl_name(&s, name);
		strcat(strcat(all, name), " ");
		if (s.iface == gone)
			iface_delete(gone);
	}
	assert_string_equal(all,
			    "net.test.depth net.test.conf.default.forwarding net.test.conf.e0.forwarding "
			    "net.test.conf.e1/1.forwarding net.test.conf.e2.forwarding ");
}

static void a_module_that_comes_later_gives_all_interfaces_its_settings(void **state)
{
	struct net_test *t = net_test_new(1, bare);
	struct iface *i = net_test_iface(t, "e0");
	assert_int_equal(i->conf.forward4, 0);
	assert_string_equal(get(t, "net.test.depth"), "none");
	assert_int_equal(stack_load(t->st, &test_module), 0);
	assert_int_equal(i->conf.forward4, 1);
	assert_int_equal(net_test_iface(t, "e1")->conf.forward4, 1);
	assert_string_equal(get(t, "net.test.depth"), "4");
	assert_int_equal(stack_unload(t->st, &test_module), 0);
	assert_string_equal(get(t, "net.test.conf.e0.forwarding"), "none");
	net_test_free(t);
}

static void settings_are_saved_with_module_and_interface(void **state)
{
	struct net_test *a = *state, *b = net_test_new(1, modules);
	char *text, why[256] = "";
	size_t len;
	net_test_iface(a, "e0");
	net_test_iface(a, "e1");
	net_test_iface(b, "e0");
	net_test_iface(b, "e1");
	assert_int_equal(set(a, "net.test.depth", "6"), 0);
	assert_int_equal(set(a, "net.test.conf.default.forwarding", "0"), 0);
	assert_int_equal(set(a, "net.test.conf.e1.forwarding", "0"), 0);
	assert_int_equal(set(b, "net.test.conf.e0.forwarding", "0"), 0);
	assert_int_equal(stack_save_text(a->st, &text, &len), 0);
	assert_int_equal(stack_restore_text(b->st, text, len, why, sizeof why), 0);
	assert_string_equal(get(b, "net.test.depth"), "6");
	assert_string_equal(get(b, "net.test.conf.default.forwarding"), "0");
	assert_string_equal(get(b, "net.test.conf.e0.forwarding"), "1");
	assert_string_equal(get(b, "net.test.conf.e1.forwarding"), "0");
	free(text);
	net_test_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(names_are_found_with_dots_and_slashes, setup, teardown),
		cmocka_unit_test_setup_teardown(new_interfaces_begin_with_the_default, setup, teardown),
		cmocka_unit_test_setup_teardown(refusals_change_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(all_are_gone_through_once_while_interfaces_come_and_go, setup,
						teardown),
		cmocka_unit_test(a_module_that_comes_later_gives_all_interfaces_its_settings),
		cmocka_unit_test_setup_teardown(settings_are_saved_with_module_and_interface, setup,
						teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

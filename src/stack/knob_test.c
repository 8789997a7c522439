/* SPDX-License-Identifier: BSD-2-Clause */
/* The settings of a whole stack: each can be set, is kept, and acts. */

#include "net/sysctl.h"
#include "stack/rig.h"

static void set(struct rig *r, const char *name, const char *value)
{
	char why[200] = "";
	assert_int_equal(sysctl_set(r->st, name, value, why, sizeof why), 0);
}

static const char *get(struct rig *r, const char *name)
{
	static char text[KNOB_TEXT_MAX];
	struct sysctl s;
	assert_int_equal(sysctl_find(r->st, name, &s), 0);
	sysctl_value(&s, text);
	return text;
}

/* --- all of them --- */

static void check_row(const struct knob *k)
{
	assert_true(!strncmp(k->name, "net.", 4) && strlen(k->name) < KNOB_NAME_MAX - IFACE_NAME_MAX);
	assert_int_equal(!!(k->flags & KNOB_PER_IFACE), strstr(k->name, ".IF.") != NULL);
	assert_true(k->help && *k->help);
	assert_true(k->size == 1 || k->size == 2 || k->size == 4 || k->size == 8);
	assert_true(k->size == 8 || k->max * MAX(k->scale, 1U) <= (1ULL << 8 * k->size) - 1);
	for (unsigned n = 0; n <= k->more; n++)
		if (k->flags & KNOB_SIGNED)
			assert_true((int64_t)k->dflt[n] >= (int64_t)k->min && k->dflt[n] + 1 <= k->max + 1);
		else
			assert_true(k->dflt[n] >= k->min && k->dflt[n] <= k->max);
}

static void every_row_makes_sense_and_every_name_finds_its_own(void **state)
{
	struct rig *r = rig_new(1, 0);
	struct sysctl_pos pos = { 0 };
	struct sysctl s, found;
	char name[KNOB_NAME_MAX];
	unsigned n = 0;
	for (; sysctl_next(r->st, &pos, &s); n++) {
		check_row(s.knob);
		sysctl_name(&s, name);
		assert_int_equal(sysctl_find(r->st, name, &found), 0);
		assert_memory_equal(&s, &found, sizeof s);
		assert_true(sysctl_is_known(leat_modules, name));
	}
	assert_true(n > 100);
	rig_free(r);
}

static void bound_of(const struct knob *k, bool to_max, char to[KNOB_TEXT_MAX])
{
	uint64_t v[KNOB_VALUES] = { to_max ? k->max : k->min };
	if (!(k->flags & KNOB_BITS))
		v[1] = v[2] = v[0];
	if (k->flags & KNOB_IP6)
		snprintf(to, KNOB_TEXT_MAX, "%s", to_max ? "2001:db8::1" : "");
	else if (k->flags & KNOB_KEYS)
		snprintf(to, KNOB_TEXT_MAX, "%s",
			 to_max ? "ffffffff-ffffffff-ffffffff-ffffffff,00000001-00000002-00000003-00000004"
				: "00000000-00000000-00000000-00000000");
	else
		knob_print(k, v, to);
}

/* The bounds of those that stand for themselves. */
static void set_all(struct rig *r, bool to_max)
{
	struct sysctl_pos pos = { 0 };
	char name[KNOB_NAME_MAX], value[KNOB_TEXT_MAX];
	for (struct sysctl s; sysctl_next(r->st, &pos, &s);) {
		if (s.knob->flags & KNOB_ALIAS || s.knob->check)
			continue;
		sysctl_name(&s, name);
		bound_of(s.knob, to_max, value);
		set(r, name, value);
		assert_string_equal(get(r, name), value);
	}
}

static void expect_same(struct rig *a, struct rig *b)
{
	struct sysctl_pos pos = { 0 };
	char name[KNOB_NAME_MAX], value[KNOB_TEXT_MAX];
	for (struct sysctl s; sysctl_next(a->st, &pos, &s);) {
		sysctl_name(&s, name);
		sysctl_value(&s, value);
		assert_string_equal(get(b, name), value);
	}
}

static void every_setting_is_saved_at_either_bound(void **state)
{
	for (unsigned to_max = 0; to_max < 2; to_max++) {
		struct rig *a = rig_new(1, 0), *b = rig_new(1, 0);
		char *text, why[256];
		size_t len;
		set_all(a, to_max);
		set(a, "net.ipv4.conf.wb.forwarding", to_max ? "0" : "1"); /* not what "all" says */
		set(a, "net.ipv4.ip_local_port_range", "5000 6000");
		set(b, "net.ipv6.neigh.wa.retrans_time_ms", "77");
		assert_int_equal(stack_save_text(a->st, &text, &len), 0);
		assert_int_equal(stack_restore_text(b->st, text, len, why, sizeof why), 0);
		expect_same(a, b);
		free(text);
		manual_rt_run(b->m, SEC); /* with all of them */
		rig_free(a);
		rig_free(b);
	}
}

/* --- what they do --- */

static void packets_go_on_as_the_interface_they_came_by_says(void **state)
{
	struct rig *r = rig_new(workers, 0);
	struct ip4_msg ab = ip4_packet("10.0.1.2", "10.0.2.2"), ba = ip4_packet("10.0.2.2", "10.0.1.2");
	struct frame f, back;
	rig_neigh(r, &r->a, "10.0.1.2");
	rig_neigh(r, &r->b, "10.0.2.2");
	set(r, "net.ipv4.conf.wa.forwarding", "0");
	assert_string_equal(get(r, "net.ipv4.ip_forward"), "1");
	frame_ip4(&f, &r->a, &ab, 30);
	frame_ip4(&back, &r->b, &ba, 30);
	rig_send(r, &r->a, &f);
	assert_int_equal(rig_drops(r, "ip4-route", DROP_IP_FORWARDING_OFF), 1);
	rig_send(r, &r->b, &back);
	rig_expect_ip4(&r->a, "10.0.2.2", "10.0.1.2");
	set(r, "net.ipv4.ip_forward", "0"); /* everywhere */
	rig_send(r, &r->b, &back);
	set(r, "net.ipv4.conf.wa.forwarding", "1"); /* Linux: and yet here */
	rig_send(r, &r->a, &f);
	rig_expect_ip4(&r->b, "10.0.1.2", "10.0.2.2");
	assert_int_equal(rig_drops(r, "ip4-route", DROP_IP_FORWARDING_OFF), 2);
	rig_expect_silence(r);
	rig_free(r);
}

static void ip6_forwards_as_the_stack_says_and_is_a_router_as_the_interface_says(void **state)
{
	struct rig *r = rig_new(workers, 0);
	struct ip6_msg ip = ip6_packet("2001:db8:1::2", "2001:db8:2::2");
	struct frame f;
	rig_neigh(r, &r->b, "2001:db8:2::2");
	set(r, "net.ipv6.conf.wa.forwarding", "0");
	frame_ip6(&f, &r->a, &ip, NULL, 0, 20);
	rig_send(r, &r->a, &f);
	rig_expect_ip6(&r->b, "2001:db8:1::2", "2001:db8:2::2");
	for (unsigned router = 0; router < 2; router++) {
		struct ip6_msg got;
		frame_ns(&f, router ? &r->b : &r->a, router ? "2001:db8:2::2" : "2001:db8:1::2",
			 router ? "2001:db8:2::1" : "2001:db8:1::1");
		rig_send(r, router ? &r->b : &r->a, &f);
		struct icmp6_msg m =
			rig_expect_icmp6(router ? &r->b : &r->a, router ? "2001:db8:2::1" : "2001:db8:1::1",
					 router ? "2001:db8:2::2" : "2001:db8:1::2", ICMP6_NEIGH_ADVERT, 0,
					 &got);
		assert_int_equal(m.info >> 31, router);
	}
	set(r, "net.ipv6.conf.all.forwarding", "0");
	frame_ip6(&f, &r->a, &ip, NULL, 0, 20);
	rig_send(r, &r->a, &f);
	assert_int_equal(rig_drops(r, "ip6-route", DROP_IP_FORWARDING_OFF), 1);
	assert_string_equal(get(r, "net.ipv6.conf.default.forwarding"), "0");
	rig_free(r);
}

static void our_own_packets_live_as_long_as_it_says(void **state)
{
	struct rig *r = rig_new(workers, 0);
	struct ip4_msg echo4 = ip4_packet("10.0.1.2", "10.0.1.1"), dead = ip4_packet("10.0.1.2", "192.0.2.1");
	struct ip6_msg echo6 = ip6_packet("2001:db8:1::2", "2001:db8:1::1"), got;
	struct frame f;
	rig_neigh(r, &r->a, "10.0.1.2");
	rig_neigh(r, &r->a, "2001:db8:1::2");
	set(r, "net.ipv4.ip_default_ttl", "7");
	set(r, "net.ipv6.conf.wa.hop_limit", "9");
	frame_ip4(&f, &r->a, &echo4, 8);
	rig_send(r, &r->a, &f);
	assert_int_equal(rig_expect_ip4(&r->a, "10.0.1.1", "10.0.1.2").ttl, 7);
	frame_ip4(&f, &r->a, &dead, 8);
	rig_send(r, &r->a, &f);
	assert_int_equal(rig_expect_ip4(&r->a, "10.0.1.1", "10.0.1.2").ttl, 7);
	frame_ip6(&f, &r->a, &echo6, NULL, 0, 8);
	rig_send(r, &r->a, &f);
	rig_expect_icmp6(&r->a, "2001:db8:1::1", "2001:db8:1::2", ICMP6_ECHO_REPLY, 0, &got);
	assert_int_equal(got.hop_limit, 9);
	rig_free(r);
}

/* Errors to so many packets that cannot go on. */
static unsigned errors(struct rig *r, const struct frame *f, unsigned n)
{
	rig_clear(&r->a);
	while (n--)
		rig_send(r, &r->a, f);
	return r->a.n;
}

static void errors_are_as_many_as_it_says(void **state)
{
	struct rig *r = rig_new(1, 0);
	struct ip4_msg ip = ip4_packet("10.0.1.2", "192.0.2.1");
	struct ip6_msg ip6 = ip6_packet("2001:db8:1::2", "2001:db8:9::1");
	struct frame f4, f6;
	rig_neigh(r, &r->a, "10.0.1.2");
	rig_neigh(r, &r->a, "2001:db8:1::2");
	frame_ip4(&f4, &r->a, &ip, 30);
	frame_ip6(&f6, &r->a, &ip6, NULL, 0, 30);
	assert_int_equal(errors(r, &f4, 20), 6); /* to each destination */
	assert_int_equal(errors(r, &f6, 20), 6);
	set(r, "net.ipv4.icmp_ratelimit", "0");
	set(r, "net.ipv6.icmp.ratelimit", "0");
	assert_int_equal(errors(r, &f4, 20), 20);
	assert_int_equal(errors(r, &f6, 20), 20);
	manual_rt_run(r->m, SEC);
	set(r, "net.ipv4.icmp_msgs_burst", "10"); /* to all of them, by a dice that says 0, 1 or 2 */
	assert_in_range(errors(r, &f4, 100), 5, 40);
	assert_in_range(errors(r, &f6, 100), 5, 40);
	set(r, "net.ipv4.icmp_ratemask", "0");
	assert_int_equal(errors(r, &f4, 100), 100);
	set(r, "net.ipv6.icmp.ratemask", "0,2-127"); /* all but who cannot be reached */
	assert_int_equal(errors(r, &f6, 100), 100);
	rig_free(r);
}

/* Echo of all kinds: how many of the answers come. */
static unsigned echoes(struct rig *r)
{
	static const char *const dst4[] = { "10.0.1.1", "10.0.1.255" }, *const dst6[] = { "2001:db8:1::1",
											  "ff02::1" };
	struct frame f;
	rig_clear(&r->a);
	for (unsigned i = 0; i < 2; i++) {
		struct ip4_msg ip = ip4_packet("10.0.1.2", dst4[i]);
		struct ip6_msg ip6 = ip6_packet("2001:db8:1::2", dst6[i]);
		frame_ip4(&f, &r->a, &ip, 30);
		rig_send(r, &r->a, &f);
		frame_ip6(&f, &r->a, &ip6, NULL, 0, 30);
		rig_send(r, &r->a, &f);
	}
	return r->a.n;
}

static void echo_is_answered_as_it_says(void **state)
{
	struct rig *r = rig_new(workers, 0);
	rig_neigh(r, &r->a, "10.0.1.2");
	rig_neigh(r, &r->a, "2001:db8:1::2");
	assert_int_equal(echoes(r), 3);
	set(r, "net.ipv4.icmp_echo_ignore_broadcasts", "0");
	assert_int_equal(echoes(r), 4);
	set(r, "net.ipv4.icmp_echo_ignore_all", "1");
	assert_int_equal(echoes(r), 2);
	set(r, "net.ipv6.icmp.echo_ignore_multicast", "1");
	assert_int_equal(echoes(r), 1);
	set(r, "net.ipv6.icmp.echo_ignore_all", "1");
	assert_int_equal(echoes(r), 0);
	rig_free(r);
}

/* Sends to a neighbour that is not there and counts the questions. */
static unsigned questions(struct rig *r, const char *dst)
{
	struct ip4_msg ip = ip4_packet("10.0.2.2", dst);
	struct frame f;
	unsigned n = r->a.n;
	frame_ip4(&f, &r->b, &ip, 30);
	rig_send(r, &r->b, &f);
	manual_rt_run(r->m, 30 * SEC);
	return r->a.n - n;
}

static void neighbours_are_asked_as_often_as_it_says(void **state)
{
	struct rig *r = rig_new(workers, 0);
	assert_int_equal(questions(r, "10.0.1.7"), 3);
	set(r, "net.ipv4.neigh.wa.mcast_solicit", "5");
	assert_int_equal(questions(r, "10.0.1.8"), 5);
	set(r, "net.ipv4.neigh.wa.retrans_time_ms", "20000");
	assert_int_equal(questions(r, "10.0.1.9"), 2); /* as many as half a minute has room for */
	rig_free(r);
}

static void queues_are_as_long_as_it_says(void **state)
{
	struct rig *r = rig_new(1, 0);
	struct ip4_msg ip = ip4_packet("10.0.2.2", "10.0.1.7");
	struct frame f;
	set(r, "net.ipv4.neigh.wa.unres_qlen", "2");
	frame_ip4(&f, &r->b, &ip, 30);
	for (unsigned i = 0; i < 5; i++)
		rig_send(r, &r->b, &f);
	assert_int_equal(graph_drops_total(r->st), 3);
	rig_free(r);
}

static unsigned solicitations_for_a_new_address(struct rig *r, const char *addr)
{
	unsigned n = r->a.n;
	rig_addr(r, r->a.ifc, addr, 64, 0);
	manual_rt_run(r->m, 10 * SEC);
	return r->a.n - n;
}

static void duplicates_are_looked_for_as_often_as_it_says(void **state)
{
	struct rig *r = rig_new(workers, 0);
	assert_int_equal(solicitations_for_a_new_address(r, "2001:db8:1::71"), 1);
	set(r, "net.ipv6.conf.wa.dad_transmits", "3");
	assert_int_equal(solicitations_for_a_new_address(r, "2001:db8:1::72"), 3);
	set(r, "net.ipv6.conf.wa.accept_dad", "0");
	assert_int_equal(solicitations_for_a_new_address(r, "2001:db8:1::73"), 0);
	const struct addr *a = addr_first(r->st, r->a.ifc);
	while (a && addr_next(r->st, r->a.ifc, a))
		a = addr_next(r->st, r->a.ifc, a);
	assert_false(a->flags & IFA_F_TENTATIVE);
	rig_free(r);
}

TWICE(packets_go_on_as_the_interface_they_came_by_says)
TWICE(ip6_forwards_as_the_stack_says_and_is_a_router_as_the_interface_says)
TWICE(our_own_packets_live_as_long_as_it_says)
TWICE(echo_is_answered_as_it_says)
TWICE(neighbours_are_asked_as_often_as_it_says)
TWICE(duplicates_are_looked_for_as_often_as_it_says)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_makes_sense_and_every_name_finds_its_own),
		cmocka_unit_test(every_setting_is_saved_at_either_bound),
		BOTH(packets_go_on_as_the_interface_they_came_by_says),
		BOTH(ip6_forwards_as_the_stack_says_and_is_a_router_as_the_interface_says),
		BOTH(our_own_packets_live_as_long_as_it_says),
		cmocka_unit_test(errors_are_as_many_as_it_says),
		BOTH(echo_is_answered_as_it_says),
		BOTH(neighbours_are_asked_as_often_as_it_says),
		cmocka_unit_test(queues_are_as_long_as_it_says),
		BOTH(duplicates_are_looked_for_as_often_as_it_says),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* ARP in a stack that has no IP: frames in by iface_input(), out by a device that keeps them (net_test.h). */
#include "arp.c"

#include "net/fib.h"
#include "net/net_test.h"
#include "net/sysctl.h"

static const uint8_t host_mac[6] = { 2, 9, 9, 9, 9, 9 };

struct rig {
	struct net_test *t;
	struct iface *ifc;
	struct net_sent sent;
};

static int setup_flags(void **state, uint32_t flags)
{
	static const struct module *const modules[] = { &pkt_module,  &graph_module, &iface_module,
							&addr_module, &neigh_module, &fib_module,
							&eth_module,  &arp_module,   NULL };
	struct rig *r = calloc(1, sizeof *r);
	r->t = net_test_new(1, modules);
	r->ifc = net_test_keeper(r->t, "e0", flags, &r->sent);
	struct addr a = { .if_handle = r->ifc->handle,
			  .family = AF_INET,
			  .plen = 24,
			  .local.v4 = { { 10, 0, 0, 1 } },
			  .peer.v4 = { { 10, 0, 0, 1 } },
			  .valid_s = UINT32_MAX,
			  .preferred_s = UINT32_MAX };
	assert_int_equal(addr_add(r->t->st, &a, false), 0);
	view_publish(r->t->st);
	manual_rt_settle(r->t->m);
	r->sent.n = 0;
	*state = r;
	return 0;
}
static int setup(void **state)
{
	return setup_flags(state, 0);
}
static int setup_noarp(void **state)
{
	return setup_flags(state, IFF_NOARP);
}
static int teardown(void **state)
{
	struct rig *r = *state;
	net_test_free(r->t);
	free(r);
	return 0;
}

static struct arp_msg request(uint8_t from, uint8_t for_whom)
{
	struct arp_msg m = { .op = ARP_OP_REQUEST,
			     .spa = { { 10, 0, 0, from } },
			     .tpa = { { 10, 0, 0, for_whom } } };
	memcpy(m.sha, host_mac, 6);
	return m;
}

static void hear_frame(struct rig *r, const struct arp_msg *m, bool broadcast)
{
	static const uint8_t all[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct arp_hdr h;
	arp_emit(m, &h);
	net_test_hear(r->t, r->ifc, broadcast ? all : NULL, host_mac, ETH_P_ARP, &h, sizeof h);
}

static uint8_t state_of(struct rig *r, uint8_t host)
{
	struct neigh_info n;
	struct ipaddr a = { .v4 = { { 10, 0, 0, host } } };
	return neigh_get(r->t->st, r->ifc->handle, AF_INET, &a, &n) ? n.state : NUD_NONE;
}

static void request_for_us_is_answered_to_the_asker(void **state)
{
	struct rig *r = *state;
	struct arp_msg m = request(2, 1), got;
	struct eth_msg eth;
	hear_frame(r, &m, true);
	assert_int_equal(r->sent.n, 1);
	assert_int_equal(r->sent.len, 42);
	assert_int_equal(eth_parse(cur_of(r->sent.b, r->sent.len), &eth), DROP_NONE);
	assert_memory_equal(eth.dst, host_mac, 6);
	assert_int_equal(arp_parse(eth.body, &got), DROP_NONE);
	assert_int_equal(got.op, ARP_OP_REPLY);
	assert_memory_equal(got.sha, r->ifc->mac, 6);
	assert_memory_equal(got.tha, host_mac, 6);
	assert_true(be32_eq(got.spa, m.tpa) && be32_eq(got.tpa, m.spa));
	assert_int_equal(state_of(r, 2), NUD_STALE);
}

static void request_for_others_teaches_nothing_new(void **state)
{
	struct rig *r = *state;
	struct arp_msg m = request(2, 3);
	hear_frame(r, &m, true);
	assert_int_equal(r->sent.n, 0);
	assert_int_equal(state_of(r, 2), NUD_NONE);
	assert_int_equal(net_test_drops(r->t, "arp-input", DROP_ARP_NOT_FOR_US), 1);
}

static void unasked_reply_makes_no_entry(void **state)
{
	struct rig *r = *state;
	struct arp_msg m = request(2, 1);
	m.op = ARP_OP_REPLY;
	hear_frame(r, &m, false);
	assert_int_equal(state_of(r, 2), NUD_NONE);
	assert_int_equal(net_test_drops(r->t, "arp-input", DROP_ARP_DONE), 1);
}

static void gratuitous_arp_updates_who_is_known(void **state)
{
	struct rig *r = *state;
	struct arp_msg m = request(2, 1);
	struct neigh_info n;
	struct ipaddr a = { .v4 = { { 10, 0, 0, 2 } } };
	r->ifc->conf.neigh[0].override_probe_ms = 0; /* as RFC 826 has it */
	hear_frame(r, &m, true);
	m = request(2, 2);
	m.sha[5] = 7; /* it moved */
	hear_frame(r, &m, true);
	assert_true(neigh_get(r->t->st, r->ifc->handle, AF_INET, &a, &n));
	assert_int_equal(n.mac[5], 7);
	assert_int_equal(net_test_drops(r->t, "arp-input", DROP_ARP_DONE), 1);
}

static void probe_is_answered_and_teaches_nothing(void **state)
{
	struct rig *r = *state;
	struct arp_msg m = request(0, 1);
	m.spa = no_addr;
	hear_frame(r, &m, true);
	assert_int_equal(r->sent.n, 1);
	assert_int_equal(state_of(r, 0), NUD_NONE);
}

static void who_claims_our_address_is_not_believed(void **state)
{
	struct rig *r = *state;
	struct arp_msg m = request(1, 1);
	hear_frame(r, &m, true);
	assert_int_equal(r->sent.n, 0);
	assert_int_equal(state_of(r, 1), NUD_NONE);
}

static void device_without_arp_neither_asks_nor_answers(void **state)
{
	struct rig *r = *state;
	struct arp_msg m = request(2, 1);
	hear_frame(r, &m, true);
	assert_int_equal(r->sent.n, 0);
	assert_int_equal(net_test_drops(r->t, "arp-demux", DROP_ARP_NOT_FOR_US), 1);
}

static void solicitation_asks_everybody_or_whom_it_knew(void **state)
{
	struct rig *r = *state;
	static const uint8_t all[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct ipaddr target = { .v4 = { { 10, 0, 0, 9 } } }, none = { 0 };
	arp_solicit(r->t->st->worker[0], r->ifc, &target, NULL, &none);
	assert_int_equal(r->sent.n, 1);
	assert_memory_equal(r->sent.b, all, 6);
	assert_memory_equal(r->sent.b + 28, ((const uint8_t[]){ 10, 0, 0, 1 }), 4);
	arp_solicit(r->t->st->worker[0], r->ifc, &target, host_mac, &none);
	assert_int_equal(r->sent.n, 2);
	assert_memory_equal(r->sent.b, host_mac, 6);
}

/* --- what is answered, asked and believed --- */

static void set_knob(struct rig *r, const char *name, const char *value)
{
	char full[KNOB_NAME_MAX], why[128] = "";
	snprintf(full, sizeof full, "net.ipv4.conf.e0.%s", name);
	if (sysctl_set(r->t->st, full, value, why, sizeof why))
		fail_msg("%s", why);
}

static void put_addr(struct rig *r, struct iface *i, const char *text, uint8_t plen, uint8_t scope)
{
	struct addr a = { .if_handle = i->handle,
			  .family = AF_INET,
			  .plen = plen,
			  .scope = scope,
			  .local = net_ip(text),
			  .peer = net_ip(text),
			  .valid_s = UINT32_MAX,
			  .preferred_s = UINT32_MAX };
	assert_int_equal(addr_add(r->t->st, &a, false), 0);
	view_publish(r->t->st);
	manual_rt_settle(r->t->m);
}

static unsigned answers(struct rig *r, be32 from, be32 to)
{
	struct arp_msg m = request(2, 1);
	m.spa = from;
	m.tpa = to;
	r->sent.n = 0;
	hear_frame(r, &m, true);
	return r->sent.n;
}

static void ignore_says_who_is_answered(void **state)
{
	struct rig *r = *state;
	static struct net_sent other_sent;
	struct iface *other = net_test_keeper(r->t, "e1", 0, &other_sent);
	const be32 asker = { { 10, 0, 0, 2 } }, stranger = { { 10, 7, 7, 7 } };
	const be32 ours = { { 10, 0, 0, 1 } }, others = { { 10, 0, 1, 1 } }, inside = { { 10, 0, 2, 1 } };
	put_addr(r, other, "10.0.1.1", 24, RT_SCOPE_UNIVERSE);
	put_addr(r, r->ifc, "10.0.2.1", 32, RT_SCOPE_HOST);
	static const struct {
		const char *ignore;
		unsigned ours, others, inside, ours_to_stranger;
	} rows[] = {
		{ "0", 1, 1, 1, 1 }, { "1", 1, 0, 1, 1 }, { "2", 1, 0, 0, 0 },
		{ "3", 1, 1, 0, 1 }, { "8", 0, 0, 0, 0 },
	};
	for (unsigned k = 0; k < ARRAY_SIZE(rows); k++) {
		set_knob(r, "arp_ignore", rows[k].ignore);
		assert_int_equal(answers(r, asker, ours), rows[k].ours);
		assert_int_equal(answers(r, asker, others), rows[k].others);
		assert_int_equal(answers(r, asker, inside), rows[k].inside);
		assert_int_equal(answers(r, stranger, ours), rows[k].ours_to_stranger);
	}
	set_knob(r, "arp_ignore", "0");
	set_knob(r, "arp_filter", "1");
	assert_int_equal(answers(r, asker, ours), 1);
	assert_int_equal(answers(r, (be32){ { 10, 0, 1, 9 } }, ours), 0); /* he is on the other link */
}

static void we_stand_in_for_whom_we_are_told_to(void **state)
{
	struct rig *r = *state;
	static struct net_sent other_sent;
	struct iface *other = net_test_keeper(r->t, "e1", 0, &other_sent);
	const be32 asker = { { 10, 0, 0, 2 } }, behind = { { 10, 0, 1, 9 } }, beside = { { 10, 0, 0, 9 } };
	struct neigh_info n = { .if_handle = r->ifc->handle, .family = AF_INET, .addr.v4 = behind };
	put_addr(r, other, "10.0.1.1", 24, RT_SCOPE_UNIVERSE);
	r->ifc->conf.forward4 = 1;
	set_knob(r, "proxy_arp", "0");
	assert_int_equal(answers(r, asker, behind), 0);
	assert_int_equal(neigh_proxy_set(r->t->st, &n), 0);
	assert_int_equal(answers(r, asker, behind), 0); /* not at once: all were asked */
	manual_rt_run(r->t->m, 800000);
	assert_int_equal(r->sent.n, 1);
	assert_int_equal(answers(r, asker, behind), 0);
	assert_int_equal(neigh_proxy_delete(r->t->st, r->ifc->handle, AF_INET, &n.addr), 0);
	manual_rt_run(r->t->m, 800000);
	assert_int_equal(r->sent.n, 0); /* no more ours to answer */
	r->ifc->conf.neigh[0].proxy_delay_ms = 0;
	set_knob(r, "proxy_arp", "1");
	assert_int_equal(answers(r, asker, behind), 1);
	assert_int_equal(answers(r, asker, beside), 0); /* he answers himself */
	set_knob(r, "proxy_arp_pvlan", "1");
	assert_int_equal(answers(r, asker, beside), 1);
	r->ifc->conf.forward4 = 0;
	assert_int_equal(answers(r, asker, behind), 0);
}

static void strangers_become_neighbours_if_they_may(void **state)
{
	struct rig *r = *state;
	struct arp_msg m = request(7, 7); /* an announcement */
	hear_frame(r, &m, true);
	assert_int_equal(state_of(r, 7), NUD_NONE);
	set_knob(r, "arp_accept", "1");
	hear_frame(r, &m, true);
	assert_int_equal(state_of(r, 7), NUD_STALE);
	m = request(8, 1);
	m.op = ARP_OP_REPLY;
	hear_frame(r, &m, false);
	assert_int_equal(state_of(r, 8), NUD_REACHABLE);
	set_knob(r, "arp_accept", "0");
	set_knob(r, "drop_gratuitous_arp", "1");
	m = request(8, 8);
	hear_frame(r, &m, true);
	assert_int_equal(net_test_drops(r->t, "arp-input", DROP_ARP_GRATUITOUS), 1);
}

static void of_two_answers_the_first_counts(void **state)
{
	struct rig *r = *state;
	struct arp_msg m = request(2, 1);
	struct neigh_info n;
	struct ipaddr a = { .v4 = { { 10, 0, 0, 2 } } };
	r->ifc->conf.neigh[0].override_probe_ms = 0; /* as RFC 826 has it */
	hear_frame(r, &m, true);
	m.op = ARP_OP_REPLY;
	m.sha[5] = 7;
	hear_frame(r, &m, false);
	assert_true(neigh_get(r->t->st, r->ifc->handle, AF_INET, &a, &n));
	assert_int_equal(n.mac[5], 9);
	manual_rt_run(r->t->m, 1100000);
	hear_frame(r, &m, false);
	assert_true(neigh_get(r->t->st, r->ifc->handle, AF_INET, &a, &n));
	assert_int_equal(n.mac[5], 7);
}

static void what_requests_show_is_announce_s_to_say(void **state)
{
	struct rig *r = *state;
	const struct iface *i = r->ifc;
	struct worker *w = r->t->st->worker[0];
	struct ipaddr near = net_ip("10.0.0.9"), far = net_ip("10.5.0.9"), other = net_ip("10.5.0.1");
	put_addr(r, r->ifc, "10.5.0.1", 24, RT_SCOPE_UNIVERSE);
	assert_true(be32_eq(arp_solicit_source(w, i, &near, &other), other.v4));
	set_knob(r, "arp_announce", "1");
	assert_true(be32_eq(arp_solicit_source(w, i, &near, &other), net_ip("10.0.0.1").v4));
	assert_true(be32_eq(arp_solicit_source(w, i, &far, &other), other.v4));
	set_knob(r, "arp_announce", "2");
	assert_true(be32_eq(arp_solicit_source(w, i, &near, &other), net_ip("10.0.0.1").v4));
}

static void addresses_are_announced_when_the_link_comes_up(void **state)
{
	struct rig *r = *state;
	struct eth_msg eth;
	struct arp_msg got;
	set_knob(r, "arp_notify", "1");
	assert_int_equal(iface_set_up(r->ifc, false), 0);
	r->sent.n = 0;
	assert_int_equal(iface_set_up(r->ifc, true), 0);
	manual_rt_settle(r->t->m);
	assert_int_equal(r->sent.n, 1);
	assert_int_equal(eth_parse(cur_of(r->sent.b, r->sent.len), &eth), DROP_NONE);
	assert_int_equal(arp_parse(eth.body, &got), DROP_NONE);
	assert_int_equal(got.op, ARP_OP_REQUEST);
	assert_true(be32_eq(got.spa, got.tpa) && be32_eq(got.spa, (be32){ { 10, 0, 0, 1 } }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(ignore_says_who_is_answered, setup, teardown),
		cmocka_unit_test_setup_teardown(we_stand_in_for_whom_we_are_told_to, setup, teardown),
		cmocka_unit_test_setup_teardown(strangers_become_neighbours_if_they_may, setup, teardown),
		cmocka_unit_test_setup_teardown(of_two_answers_the_first_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(what_requests_show_is_announce_s_to_say, setup, teardown),
		cmocka_unit_test_setup_teardown(addresses_are_announced_when_the_link_comes_up, setup,
						teardown),
		cmocka_unit_test_setup_teardown(request_for_us_is_answered_to_the_asker, setup, teardown),
		cmocka_unit_test_setup_teardown(request_for_others_teaches_nothing_new, setup, teardown),
		cmocka_unit_test_setup_teardown(unasked_reply_makes_no_entry, setup, teardown),
		cmocka_unit_test_setup_teardown(gratuitous_arp_updates_who_is_known, setup, teardown),
		cmocka_unit_test_setup_teardown(probe_is_answered_and_teaches_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(who_claims_our_address_is_not_believed, setup, teardown),
		cmocka_unit_test_setup_teardown(device_without_arp_neither_asks_nor_answers, setup_noarp,
						teardown),
		cmocka_unit_test_setup_teardown(solicitation_asks_everybody_or_whom_it_knew, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* What a whole stack says when it is spoken to itself: echo, ARP, neighbour discovery, duplicate detection, loopback. */
#include "ip/ip.h"
#include "stack/rig.h"

#define A      "2001:db8:1::2"
#define LEAT_A "2001:db8:1::1"

static struct rig *setup(void)
{
	struct rig *r = rig_new(workers, 0);
	rig_neigh(r, &r->a, A);
	rig_neigh(r, &r->a, "10.0.1.2");
	return r;
}

/* --- echo --- */

static void echo_comes_back_whole_however_it_lies(void **state)
{
	struct rig *r = setup();
	struct frame f;
	struct ip4_msg ip4 = ip4_packet("10.0.1.2", "10.0.1.1");
	struct ip6_msg ip6 = ip6_packet(A, LEAT_A);
	static const struct {
		uint32_t piece, len;
	} cases[] = { { 0, 0 }, { 0, 1 }, { 0, 1400 }, { 1000, 1400 }, { 75, 1401 }, { 7, 60 }, { 4, 3 } };
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		uint32_t len = cases[i].len;
		frame_ip4(&f, &r->a, &ip4, len);
		rig_send_pkt(r, &r->a, rig_pkt(r, f.b, f.len, cases[i].piece));
		struct icmp4_msg m = rig_expect_icmp4(&r->a, "10.0.1.1", "10.0.1.2", ICMP4_ECHO_REPLY, 0);
		assert_int_equal(m.id, 0x1234);
		assert_int_equal(m.seq, 7);
		assert_int_equal(cur_left(&m.body), len);
		assert_true(cur_equal(&m.body, f.b + 42, len));
		frame_ip6(&f, &r->a, &ip6, NULL, 0, len);
		rig_send_pkt(r, &r->a, rig_pkt(r, f.b, f.len, cases[i].piece));
		struct icmp6_msg m6 = rig_expect_icmp6(&r->a, LEAT_A, A, ICMP6_ECHO_REPLY, 0, NULL);
		assert_int_equal(m6.info, 0x12340007);
		assert_int_equal(cur_left(&m6.body), len);
		assert_true(cur_equal(&m6.body, f.b + 62, len));
	}
	rig_expect_silence(r);
	rig_free(r);
}

static void echo_with_options_is_answered_without(void **state)
{
	struct rig *r = setup();
	struct frame f;
	struct ip4_msg ip = ip4_packet("10.0.1.2", "10.0.2.1"); /* an address of another interface will do */
	static const uint8_t nops[] = { 1, 1, 1, 0 };
	ip.options = cur_of(nops, sizeof nops);
	frame_ip4(&f, &r->a, &ip, 50);
	rig_send(r, &r->a, &f);
	struct icmp4_msg m = rig_expect_icmp4(&r->a, "10.0.2.1", "10.0.1.2", ICMP4_ECHO_REPLY, 0);
	assert_int_equal(cur_left(&m.body), 50);
	rig_free(r);
}

static void wrong_checksums_fall_by_name(void **state)
{
	struct rig *r = setup();
	struct frame f;
	struct ip4_msg ip4 = ip4_packet("10.0.1.2", "10.0.1.1");
	struct ip6_msg ip6 = ip6_packet(A, LEAT_A);
	frame_ip4(&f, &r->a, &ip4, 50);
	f.b[f.len - 1] ^= 1;
	rig_send(r, &r->a, &f);
	assert_int_equal(rig_drops(r, "icmp4-input", DROP_L4_CSUM), 1);
	frame_ip6(&f, &r->a, &ip6, NULL, 0, 50);
	f.b[f.len - 1] ^= 1;
	rig_send(r, &r->a, &f);
	assert_int_equal(rig_drops(r, "icmp6-input", DROP_L4_CSUM), 1);
	rig_expect_silence(r);
	rig_free(r);
}

static void groups_and_broadcasts_are_not_echoed(void **state)
{
	static const char *const dsts[] = { "255.255.255.255", "10.0.1.255", "224.0.0.1" };
	struct rig *r = setup();
	struct frame f;
	for (unsigned i = 0; i < ARRAY_SIZE(dsts); i++) {
		struct ip4_msg ip = ip4_packet("10.0.1.2", dsts[i]);
		frame_ip4(&f, &r->a, &ip, 50);
		rig_send(r, &r->a, &f);
		assert_int_equal(rig_drops(r, "icmp4-input", DROP_IP_NOT_MEMBER), i + 1);
	}
	struct ip4_msg ip = ip4_packet("10.0.1.2", "224.0.0.99");
	frame_ip4(&f, &r->a, &ip, 50);
	rig_send(r, &r->a, &f);
	assert_int_equal(rig_drops(r, "ip4-route", DROP_IP_NOT_MEMBER), 1);
	rig_expect_silence(r);
	rig_free(r);
}

static void unknown_protocols_are_told(void **state)
{
	struct rig *r = setup();
	struct frame f;
	struct ip4_msg ip = ip4_packet("10.0.1.2", "10.0.1.1");
	ip.proto = 253;
	frame_ip4(&f, &r->a, &ip, 20);
	rig_send(r, &r->a, &f);
	rig_expect_icmp4(&r->a, "10.0.1.1", "10.0.1.2", ICMP4_UNREACH, ICMP4_UNREACH_PROTO);
	ip.dst = ip4_of("10.0.1.255"); /* but not to who asked everybody */
	frame_ip4(&f, &r->a, &ip, 20);
	rig_send(r, &r->a, &f);
	rig_expect_silence(r);
	rig_free(r);
}

static void our_own_address_as_source_is_a_lie(void **state)
{
	struct rig *r = setup();
	struct frame f;
	struct ip4_msg ip = ip4_packet("10.0.2.1", "10.0.1.1");
	frame_ip4(&f, &r->a, &ip, 20);
	rig_send(r, &r->a, &f);
	assert_int_equal(rig_drops(r, "ip4-route", DROP_IP_MARTIAN_SOURCE), 1);
	rig_expect_silence(r);
	rig_free(r);
}

/* --- ARP --- */

static void arp_answers_for_every_address_of_ours_and_learns(void **state)
{
	struct rig *r = rig_new(workers, 0);
	struct frame f;
	struct ip4_msg ip = ip4_packet("10.0.2.2", "10.0.1.2");
	frame_arp(&f, &r->a, ARP_OP_REQUEST, "10.0.1.2", "10.0.2.1");
	rig_send(r, &r->a, &f);
	struct arp_msg m = rig_expect_arp(&r->a, ARP_OP_REPLY, "10.0.2.1", "10.0.1.2");
	assert_memory_equal(m.tha, r->a.mac, 6);
	frame_ip4(&f, &r->b, &ip, 20); /* who asked is known now */
	rig_send(r, &r->b, &f);
	rig_expect_icmp4(&r->a, "10.0.2.2", "10.0.1.2", ICMP4_ECHO, 0);
	rig_expect_silence(r);
	rig_free(r);
}

static void arp_probes_are_answered_and_teach_nothing(void **state)
{
	struct rig *r = rig_new(workers, 0);
	struct frame f;
	frame_arp(&f, &r->a, ARP_OP_REQUEST, "0.0.0.0", "10.0.1.1");
	rig_send(r, &r->a, &f);
	rig_expect_arp(&r->a, ARP_OP_REPLY, "10.0.1.1", "0.0.0.0");
	frame_arp(&f, &r->a, ARP_OP_REQUEST, "0.0.0.0", "10.0.1.9");
	rig_send(r, &r->a, &f);
	assert_int_equal(rig_drops(r, "arp-input", DROP_ARP_NOT_FOR_US), 1);
	rig_expect_silence(r);
	rig_free(r);
}

static void arp_from_groups_is_malformed(void **state)
{
	struct rig *r = rig_new(workers, 0);
	struct frame f;
	frame_arp(&f, &r->a, ARP_OP_REQUEST, "10.0.1.2", "10.0.1.1");
	f.b[22] |= 1; /* sha */
	rig_send(r, &r->a, &f);
	frame_arp(&f, &r->a, ARP_OP_REQUEST, "224.0.0.5", "10.0.1.1");
	rig_send(r, &r->a, &f);
	frame_arp(&f, &r->a, 9, "10.0.1.2", "10.0.1.1");
	rig_send(r, &r->a, &f);
	assert_int_equal(rig_drops(r, "arp-demux", DROP_ARP_MALFORMED), 3);
	f.len = 14 + 27;
	rig_send(r, &r->a, &f);
	assert_int_equal(rig_drops(r, "arp-demux", DROP_TRUNCATED), 1);
	rig_expect_silence(r);
	rig_free(r);
}

/* --- neighbour discovery --- */

static void solicitation_is_answered_and_learnt_from(void **state)
{
	struct rig *r = rig_new(workers, 0);
	struct frame f;
	struct ip6_msg got;
	struct nd_na_msg na;
	frame_ns(&f, &r->a, A, LEAT_A);
	rig_send(r, &r->a, &f);
	rig_expect_icmp6(&r->a, LEAT_A, A, ICMP6_NEIGH_ADVERT, 0, &got);
	struct nd_envelope env = { .src = got.src, .dst = got.dst, .hop_limit = got.hop_limit };
	assert_int_equal(nd_na_parse(got.body, &env, &na), DROP_NONE);
	assert_true(na.solicited && na.override && na.router && na.has_mac);
	assert_memory_equal(na.mac, r->a.ifc->mac, 6);
	rig_expect_silence(r);
	frame_ns(&f, &r->a, "::", LEAT_A); /* somebody tests our address: everybody hears that it is taken */
	rig_send(r, &r->a, &f);
	rig_expect_icmp6(&r->a, LEAT_A, "ff02::1", ICMP6_NEIGH_ADVERT, 0, NULL);
	frame_ns(&f, &r->a, A, "2001:db8:1::7");
	rig_send(r, &r->a, &f);
	assert_int_equal(rig_drops(r, "ip6-route", DROP_IP_NOT_MEMBER), 1);
	rig_expect_silence(r);
	rig_free(r);
}

/* RFC 4861, 7.2.4. That it has moved is looked into (net/neigh_claim.c): it is asked for at the old place. */
static void who_asks_from_another_place_is_answered_there(void **state)
{
	struct rig *r = rig_new(workers, 0);
	uint8_t old[6];
	struct frame f;
	frame_ns(&f, &r->a, A, LEAT_A);
	rig_send(r, &r->a, &f);
	rig_expect_icmp6(&r->a, LEAT_A, A, ICMP6_NEIGH_ADVERT, 0, NULL);
	memcpy(old, r->a.mac, sizeof old);
	r->a.mac[5] ^= 0x55;
	frame_ns(&f, &r->a, A, LEAT_A);
	rig_send(r, &r->a, &f);
	assert_int_equal(r->a.n - r->a.seen, 2);
	for (unsigned i = r->a.seen; i < r->a.n; i++) {
		const struct rig_frame *got = r->a.frame[i];
		bool answer = got->b[sizeof(struct eth_hdr) + sizeof(struct ip6_hdr)] == ICMP6_NEIGH_ADVERT;
		assert_memory_equal(got->b, answer ? r->a.mac : old, 6);
	}
	r->a.seen = r->a.n;
	rig_free(r);
}

/* RFC 4861, 6.2.6 */
static void router_learns_of_who_solicits_routers(void **state)
{
	struct rig *r = rig_new(workers, 0);
	struct frame f;
	uint8_t msg[ND_NEIGH_MAX];
	struct nd_envelope ip = { .src = ip6_of(A), .dst = ip6_of("ff02::2"), .hop_limit = 255 };
	struct nd_rs_msg m = { .has_mac = true };
	struct ip6_msg echo = ip6_packet(A, LEAT_A);
	memcpy(m.mac, r->a.mac, 6);
	frame_nd(&f, &r->a, &ip, msg, nd_rs_emit(&m, &ip, msg));
	rig_send(r, &r->a, &f);
	rig_expect_silence(r);
	frame_ip6(&f, &r->a, &echo, NULL, 0, 8); /* nobody has to be asked for */
	rig_send(r, &r->a, &f);
	rig_expect_icmp6(&r->a, LEAT_A, A, ICMP6_ECHO_REPLY, 0, NULL);
	rig_expect_silence(r);
	rig_free(r);
}

static void discovery_that_crossed_a_router_is_refused(void **state)
{
	struct rig *r = setup();
	struct frame f;
	frame_na(&f, &r->a, "2001:db8:1::9", LEAT_A, true);
	f.b[14 + 7] = 254;
	rig_send(r, &r->a, &f);
	assert_int_equal(rig_drops(r, "nd-input", DROP_ND_HOP_LIMIT), 1);
	rig_free(r);
}

static const struct addr *addr_of(struct rig *r, const char *text)
{
	struct ipaddr ip = { .v6 = ip6_of(text) };
	for (struct addr *a = addr_first(r->st, r->a.ifc); a; a = addr_next(r->st, r->a.ifc, a))
		if (a->family == AF_INET6 && ip6_eq(&a->local.v6, &ip.v6))
			return a;
	return NULL;
}

static void new_address_is_tested_then_ours(void **state)
{
	struct rig *r = setup();
	struct frame f;
	struct ip6_msg got, ip = ip6_packet(A, "2001:db8:1::77");
	rig_addr(r, r->a.ifc, "2001:db8:1::77", 64, 0);
	assert_true(addr_of(r, "2001:db8:1::77")->flags & IFA_F_TENTATIVE);
	frame_ip6(&f, &r->a, &ip, NULL, 0, 10);
	rig_send(r, &r->a, &f);
	rig_expect_silence(r); /* RFC 4862, 5.4: tentative addresses hear nothing */
	manual_rt_run(r->m, SEC);
	rig_expect_icmp6(&r->a, "::", "ff02::1:ff00:77", ICMP6_NEIGH_SOLICIT, 0, &got);
	rig_send(r, &r->a, &(struct frame){ 0 }); /* nothing, cut short: falls */
	manual_rt_run(r->m, SEC);
	assert_false(addr_of(r, "2001:db8:1::77")->flags & IFA_F_TENTATIVE);
	rig_send(r, &r->a, &f);
	rig_expect_icmp6(&r->a, "2001:db8:1::77", A, ICMP6_ECHO_REPLY, 0, NULL);
	rig_expect_silence(r);
	rig_free(r);
}

static void echo_of_our_own_test_is_no_objection(void **state)
{
	struct rig *r = setup();
	struct frame f;
	rig_addr(r, r->a.ifc, "2001:db8:1::77", 64, 0);
	manual_rt_run(r->m, SEC);
	const struct rig_frame *ns = rig_next(&r->a);
	assert_non_null(ns);
	f.len = 0;
	frame_put(&f, ns->b, ns->len);
	memcpy(f.b + 6, r->a.mac, 6);
	rig_send(r, &r->a, &f);
	manual_rt_run(r->m, SEC);
	assert_false(addr_of(r, "2001:db8:1::77")->flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED));
	rig_free(r);
}

static void objections_make_a_duplicate(void **state)
{
	struct rig *r = setup();
	struct frame f;
	rig_addr(r, r->a.ifc, "2001:db8:1::77", 64, 0);
	manual_rt_run(r->m, SEC);
	frame_na(&f, &r->a, "2001:db8:1::77", "ff02::1", false);
	rig_send(r, &r->a, &f);
	manual_rt_run(r->m, 2 * SEC);
	assert_true(addr_of(r, "2001:db8:1::77")->flags & IFA_F_DADFAILED);
	rig_addr(r, r->a.ifc, "2001:db8:1::78", 64, 0);
	frame_ns(&f, &r->a, "::", "2001:db8:1::78"); /* somebody tests it too */
	rig_send(r, &r->a, &f);
	manual_rt_run(r->m, 2 * SEC);
	assert_true(addr_of(r, "2001:db8:1::78")->flags & IFA_F_DADFAILED);
	rig_free(r);
}

static void address_that_goes_while_tested_leaves_nothing(void **state)
{
	struct rig *r = setup();
	struct ipaddr ip = { .v6 = ip6_of("2001:db8:1::77") };
	rig_addr(r, r->a.ifc, "2001:db8:1::77", 64, 0);
	assert_int_equal(addr_delete(r->st, r->a.ifc->handle, AF_INET6, &ip, 64), 0);
	view_publish(r->st);
	manual_rt_run(r->m, 3 * SEC);
	rig_expect_silence(r);
	rig_addr(r, r->a.ifc, "2001:db8:1::77", 64, 0);
	iface_delete(r->a.ifc);
	manual_rt_run(r->m, 3 * SEC);
	rig_free(r);
}

/* --- to ourselves --- */

static void ping_of_an_own_address_goes_by_loopback_and_back(void **state)
{
	struct rig *r = setup();
	struct frame f;
	struct worker *w = r->st->worker[0];
	struct ip4_msg ip4 = ip4_packet("0.0.0.0", "10.0.2.1");
	struct ip6_msg ip6 = ip6_packet(LEAT_A, LEAT_A);
	frame_ip4(&f, &r->a, &ip4, 20);
	struct pkt *p = rig_pkt(r, f.b + 14, f.len - 14, 0);
	p->l3_off = p->headroom;
	p->l4_off = (uint16_t)(p->headroom + 20);
	graph_enqueue(w, node_find(r->st, "ip4-output"), p);
	graph_run(w);
	manual_rt_settle(r->m);
	assert_int_equal(rig_drops(r, "icmp4-input", DROP_ICMP_UNKNOWN) +
				 rig_drops(r, "ping4-input", DROP_PING_NO_SOCKET),
			 1); /* the reply, with nobody to read it */
	frame_ip6(&f, &r->a, &ip6, NULL, 0, 20);
	p = rig_pkt(r, f.b + 14, f.len - 14, 0);
	p->l3_off = p->headroom;
	p->l4_off = (uint16_t)(p->headroom + 40);
	graph_enqueue(w, node_find(r->st, "ip6-output"), p);
	graph_run(w);
	manual_rt_settle(r->m);
	assert_int_equal(rig_drops(r, "icmp6-input", DROP_ICMP_UNKNOWN) +
				 rig_drops(r, "ping6-input", DROP_PING_NO_SOCKET),
			 1); /* the reply, with nobody to read it */
	rig_expect_silence(r);
	rig_free(r);
}

/* RFC 1112, 6.4: a group is on the link of the interface that was named, though the route by which it goes has a gateway. */
static void group_by_a_named_interface_passes_by_the_gateway(void **state)
{
	static const uint8_t group_mac[6] = { 0x01, 0x00, 0x5e, 0x00, 0x00, 0x05 };
	struct rig *r = setup();
	struct worker *w = r->st->worker[0];
	struct frame f;
	struct eth_msg eth;
	struct ip4_msg ip4 = ip4_packet("10.0.1.1", "224.0.0.5");
	rig_route(r, "0.0.0.0", 0, RTN_UNICAST, NULL, "10.0.1.2");
	frame_ip4(&f, &r->a, &ip4, 20);
	struct pkt *p = rig_pkt(r, f.b + 14, f.len - 14, 0);
	p->l3_off = p->headroom;
	p->l4_off = (uint16_t)(p->headroom + 20);
	p->out_if = r->a.ifc->handle;
	graph_enqueue(w, node_find(r->st, "ip4-output"), p);
	graph_run(w);
	manual_rt_settle(r->m);
	rig_expect(&r->a, ETH_P_IP, &eth);
	assert_memory_equal(eth.dst, group_mac, 6);
	rig_expect_silence(r);
	rig_free(r);
}

TWICE(echo_comes_back_whole_however_it_lies)
TWICE(echo_with_options_is_answered_without)
TWICE(wrong_checksums_fall_by_name)
TWICE(groups_and_broadcasts_are_not_echoed)
TWICE(unknown_protocols_are_told)
TWICE(our_own_address_as_source_is_a_lie)
TWICE(arp_answers_for_every_address_of_ours_and_learns)
TWICE(arp_probes_are_answered_and_teach_nothing)
TWICE(arp_from_groups_is_malformed)
TWICE(solicitation_is_answered_and_learnt_from)
TWICE(who_asks_from_another_place_is_answered_there)
TWICE(router_learns_of_who_solicits_routers)
TWICE(discovery_that_crossed_a_router_is_refused)
TWICE(new_address_is_tested_then_ours)
TWICE(echo_of_our_own_test_is_no_objection)
TWICE(objections_make_a_duplicate)
TWICE(address_that_goes_while_tested_leaves_nothing)
TWICE(ping_of_an_own_address_goes_by_loopback_and_back)
TWICE(group_by_a_named_interface_passes_by_the_gateway)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(echo_comes_back_whole_however_it_lies),
		BOTH(echo_with_options_is_answered_without),
		BOTH(wrong_checksums_fall_by_name),
		BOTH(groups_and_broadcasts_are_not_echoed),
		BOTH(unknown_protocols_are_told),
		BOTH(our_own_address_as_source_is_a_lie),
		BOTH(arp_answers_for_every_address_of_ours_and_learns),
		BOTH(arp_probes_are_answered_and_teach_nothing),
		BOTH(arp_from_groups_is_malformed),
		BOTH(solicitation_is_answered_and_learnt_from),
		BOTH(who_asks_from_another_place_is_answered_there),
		BOTH(router_learns_of_who_solicits_routers),
		BOTH(discovery_that_crossed_a_router_is_refused),
		BOTH(new_address_is_tested_then_ours),
		BOTH(echo_of_our_own_test_is_no_objection),
		BOTH(objections_make_a_duplicate),
		BOTH(address_that_goes_while_tested_leaves_nothing),
		BOTH(ping_of_an_own_address_goes_by_loopback_and_back),
		BOTH(group_by_a_named_interface_passes_by_the_gateway),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* VRFs in a whole stack: two with the same addresses on wires that know nothing of each other, and what belongs to the
 * table of one.
 *
 *	host A 10.0.9.2, 2001:db8:9::2 ── wa, red ── leat 10.0.9.1, 2001:db8:9::1 in both ── wb, blue ── host B, called as A */
#include "stack/path_rig.h"

enum { RED = 10, BLUE = 20 };

static struct rig *twins_new(void)
{
	struct rig *r = rig_new(workers, 0);
	rig_enslave(r, &r->a, rig_vrf(r, "red", RED), "2001:db8:9::1");
	rig_enslave(r, &r->b, rig_vrf(r, "blue", BLUE), "2001:db8:9::1");
	for (unsigned i = 0; i < 2; i++) {
		struct rig_wire *wire = i ? &r->b : &r->a;
		rig_addr(r, wire->ifc, "10.0.9.1", 24, 0);
		rig_neigh(r, wire, "10.0.9.2");
		rig_neigh(r, wire, "2001:db8:9::2");
	}
	manual_rt_run(r->m, 5 * SEC);
	rig_clear(&r->a);
	rig_clear(&r->b);
	return r;
}

static void ask(struct rig *r, struct rig_wire *from, const char *src, const char *dst)
{
	struct ip4_msg m = ip4_packet(src, dst);
	struct frame f;
	frame_ip4(&f, from, &m, 20);
	rig_send(r, from, &f);
}

static void who_asks_in_a_vrf_is_answered_there(void **state)
{
	struct rig *r = twins_new();
	struct ip6_msg six = ip6_packet("2001:db8:9::2", "2001:db8:9::1");
	struct frame f;
	for (unsigned i = 0; i < 2; i++) {
		struct rig_wire *wire = i ? &r->b : &r->a;
		ask(r, wire, "10.0.9.2", "10.0.9.1");
		rig_expect_icmp4(wire, "10.0.9.1", "10.0.9.2", ICMP4_ECHO_REPLY, 0);
		frame_ip6(&f, wire, &six, NULL, 0, 20);
		rig_send(r, wire, &f);
		rig_expect_icmp6(wire, "2001:db8:9::1", "2001:db8:9::2", ICMP6_ECHO_REPLY, 0, NULL);
		rig_expect_silence(r);
	}
	rig_free(r);
}

/* Addresses of one are strangers in the other. */
static void arp_answers_for_its_own_vrf(void **state)
{
	struct rig *r = twins_new();
	struct frame f;
	for (unsigned i = 0; i < 2; i++) {
		struct rig_wire *wire = i ? &r->b : &r->a;
		frame_arp(&f, wire, ARP_OP_REQUEST, "10.0.9.2", "10.0.9.1");
		rig_send(r, wire, &f);
		rig_expect_arp(wire, ARP_OP_REPLY, "10.0.9.1", "10.0.9.2");
		frame_arp(&f, wire, ARP_OP_REQUEST, "10.0.9.2", i ? "10.0.1.1" : "10.0.2.1");
		rig_send(r, wire, &f);
		rig_expect_silence(r);
	}
	rig_free(r);
}

static void nobody_else_is_called_as_we_are_in_that_vrf(void **state)
{
	struct rig *r = twins_new();
	ask(r, &r->a, "10.0.9.1", "10.0.9.1");
	ask(r, &r->b, "10.0.9.1", "10.0.9.1");
	assert_int_equal(rig_drops(r, "ip4-route", DROP_IP_MARTIAN_SOURCE), 2);
	ask(r, &r->b, "10.0.1.1", "10.0.9.1"); /* an address of the other */
	assert_int_equal(rig_drops(r, "ip4-route", DROP_IP_MARTIAN_SOURCE), 2);
	rig_expect_silence(r); /* and there is no way back */
	rig_free(r);
}

/* net.ipv4.conf.*.arp_filter: by the routes of the VRF. */
static void arp_filter_asks_the_vrf(void **state)
{
	struct rig *r = twins_new();
	struct frame f;
	path_set(r, "net.ipv4.conf.all.arp_filter", "1");
	frame_arp(&f, &r->b, ARP_OP_REQUEST, "10.0.9.2", "10.0.9.1");
	rig_send(r, &r->b, &f);
	rig_expect_arp(&r->b, ARP_OP_REPLY, "10.0.9.1", "10.0.9.2");
	frame_arp(&f, &r->b, ARP_OP_REQUEST, "10.0.1.2", "10.0.9.1");
	rig_send(r, &r->b, &f);
	rig_expect_silence(r);
	rig_free(r);
}

static void add_route(struct rig *r, uint32_t table, uint8_t hops)
{
	struct fib_route f = { .plen = 24, .family = AF_INET, .protocol = RTPROT_STATIC, .table = table };
	f.dst.v4 = ip4_of("192.0.2.0");
	f.nh.type = RTN_UNICAST;
	f.nh.if_handle = table == RED ? r->a.ifc->handle : r->b.ifc->handle;
	f.nh.gw = ipaddr_of("10.0.9.2", &f.nh.gw_family);
	f.nh.metric[RTAX_HOPLIMIT] = hops;
	assert_int_equal(fib_add(r->st, &f, FIB_ADD, NULL), 0);
	view_publish(r->st);
	manual_rt_settle(r->m);
}

/* Answers take the hop limit of their route. */
static void metrics_are_those_of_the_vrf(void **state)
{
	struct rig *r = twins_new();
	add_route(r, RED, 7);
	add_route(r, BLUE, 9);
	ask(r, &r->a, FAR4, "10.0.9.1");
	assert_int_equal(rig_expect_ip4(&r->a, "10.0.9.1", FAR4).ttl, 7);
	ask(r, &r->b, FAR4, "10.0.9.1");
	assert_int_equal(rig_expect_ip4(&r->b, "10.0.9.1", FAR4).ttl, 9);
	rig_free(r);
}

static uint16_t state_of(struct rig *r, const struct rig_wire *wire)
{
	struct neigh_info n;
	const struct ipaddr a = { .v4 = ip4_of("10.0.9.2") };
	assert_true(neigh_get(r->st, wire->ifc->handle, AF_INET, &a, &n));
	return n.state;
}

/* MSG_CONFIRM: the neighbour of the socket's VRF is alive. */
static void confirmation_is_of_the_neighbour_in_the_vrf(void **state)
{
	struct rig *r = twins_new();
	struct sock *s = open_of(r->st, AF_INET, SOCK_DGRAM, 0);
	struct neigh_info n = { .family = AF_INET, .state = NUD_STALE, .has_mac = true };
	n.addr.v4 = ip4_of("10.0.9.2");
	for (unsigned i = 0; i < 2; i++) {
		struct rig_wire *wire = i ? &r->b : &r->a;
		n.if_handle = wire->ifc->handle;
		memcpy(n.mac, wire->mac, sizeof n.mac);
		assert_int_equal(neigh_set(r->st, &n, NLM_F_CREATE | NLM_F_REPLACE), 0);
	}
	assert_int_equal(sock_setsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, "blue", 5), 0);
	const struct name to = name_of("10.0.9.2", 9);
	assert_int_equal(sock_sendto(s, "x", 1, MSG_CONFIRM, &to.sa, to.len), 1);
	manual_rt_settle(r->m);
	assert_int_equal(state_of(r, &r->b), NUD_REACHABLE);
	assert_int_equal(state_of(r, &r->a), NUD_STALE);
	rig_free(r);
}

TWICE(who_asks_in_a_vrf_is_answered_there)
TWICE(arp_answers_for_its_own_vrf)
TWICE(nobody_else_is_called_as_we_are_in_that_vrf)
TWICE(arp_filter_asks_the_vrf)
TWICE(metrics_are_those_of_the_vrf)
TWICE(confirmation_is_of_the_neighbour_in_the_vrf)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(who_asks_in_a_vrf_is_answered_there),
		BOTH(arp_answers_for_its_own_vrf),
		BOTH(nobody_else_is_called_as_we_are_in_that_vrf),
		BOTH(arp_filter_asks_the_vrf),
		BOTH(metrics_are_those_of_the_vrf),
		BOTH(confirmation_is_of_the_neighbour_in_the_vrf),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Redirects: leat as a host that is told, and as a router that tells. */
#include "ip/ip6_internal.h"
#include "ip/pmtu.h"
#include "ip/redirect_internal.h"
#include "stack/path_rig.h"
#include "wire/nd_redirect.h"

#define BETTER4 "10.0.1.3"
#define BETTER6 "fe80::3"

static const uint8_t better_mac[6] = { 2, 0xaa, 0, 0, 0, 3 };

static bool in_vrf;

static struct rig *new_rig(void)
{
	struct rig *r = rig_new(workers, 0);
	return in_vrf ? rig_in_vrf(r) : r;
}

static struct rig *host_new(void)
{
	struct rig *r = path_on(new_rig());
	path_set(r, "net.ipv4.ip_forward", "0");
	path_set(r, "net.ipv6.conf.all.forwarding", "0");
	return r;
}

static void better_is_known(struct rig *r, const char *addr)
{
	uint8_t was[6];
	memcpy(was, r->a.mac, sizeof was);
	memcpy(r->a.mac, better_mac, sizeof was);
	rig_neigh(r, &r->a, addr);
	memcpy(r->a.mac, was, sizeof was);
}

/* Frames come from mac, which is to be given back. */
static void swap_mac(struct rig *r, uint8_t mac[6])
{
	uint8_t was[6];
	memcpy(was, r->a.mac, sizeof was);
	memcpy(r->a.mac, mac, sizeof was);
	memcpy(mac, was, sizeof was);
}

static void redirect4(struct rig *r, const char *from, const char *to, struct ip_bytes about)
{
	uint8_t mac[6];
	memcpy(mac, strcmp(from, BETTER4) ? r->a.mac : better_mac, sizeof mac);
	swap_mac(r, mac);
	path_error4(r, from, ICMP4_REDIRECT, 1, be32_get(ip4_of(to)), about, 28);
	swap_mac(r, mac);
}

/* Where the next frame goes. */
static void expect_to(struct rig *r, const uint8_t mac[6])
{
	const struct rig_frame *f = rig_next(&r->a);
	assert_non_null(f);
	assert_memory_equal(f->b, mac, 6);
}

/* --- a host, IPv4 --- */

static void host_takes_the_better_way_to_that_destination(void **state)
{
	struct rig *r = host_new();
	struct sock *a = path_udp(r, "10.0.1.1", 5000);
	path_send(r, a, 10, FAR4);
	struct ip_bytes sent = path_next(r);
	better_is_known(r, BETTER4);
	redirect4(r, "10.0.1.2", BETTER4, sent);
	path_send(r, a, 10, FAR4);
	expect_to(r, better_mac);
	path_send(r, a, 10, "192.0.2.10");
	expect_to(r, r->a.mac);
	redirect4(r, BETTER4, "10.0.1.2", sent); /* the first hop now is the one to be heard */
	path_send(r, a, 10, FAR4);
	expect_to(r, r->a.mac);
	redirect4(r, "10.0.1.2", BETTER4, sent);
	manual_rt_run(r->m, UINT64_C(299) * SEC);
	assert_int_equal(path_count(r), 1);
	manual_rt_run(r->m, 2 * SEC);
	assert_int_equal(path_count(r), 0);
	assert_int_equal(get_int(a, SOL_SOCKET, SO_ERROR), 0); /* no error */
	rig_free(r);
}

static void better_way_must_answer_first_and_go_on_doing_so(void **state)
{
	struct rig *r = host_new();
	struct sock *a = path_udp(r, "10.0.1.1", 5000);
	struct frame f;
	path_send(r, a, 10, FAR4);
	struct ip_bytes sent = path_next(r);
	redirect4(r, "10.0.1.2", BETTER4, sent);
	assert_int_equal(path_count(r), 0);
	rig_expect_arp(&r->a, ARP_OP_REQUEST, "10.0.1.1", BETTER4);
	frame_arp(&f, &r->a, ARP_OP_REPLY, BETTER4, "10.0.1.1");
	rig_send(r, &r->a, &f);
	redirect4(r, "10.0.1.2", BETTER4, sent);
	assert_int_equal(path_count(r), 1);
	assert_int_equal(neigh_delete(r->st, r->a.ifc->handle, AF_INET,
				      &(struct ipaddr){ .v4 = ip4_of(BETTER4) }),
			 0);
	assert_int_equal(path_count(r), 0);
	rig_free(r);
}

static void redirects_of_strangers_and_to_nowhere_are_refused(void **state)
{
	static const char *const bad[][2] = {
		{ "10.0.1.4", BETTER4 }, /* not the first hop */
		{ "10.0.1.2", "10.0.1.2" }, /* no change */
		{ "10.0.1.2", "10.0.1.1" }, /* to ourselves */
		{ "10.0.1.2", "10.0.1.255" },      { "10.0.1.2", "224.0.0.5" },
		{ "10.0.1.2", "0.0.0.1" },         { "10.0.1.2", "127.0.0.1" },
		{ "10.0.1.2", "255.255.255.255" }, { "10.0.1.2", "198.51.100.7" }, /* not on the link */
		{ "10.0.1.2", "10.0.2.2" }, /* on another one */
	};
	struct rig *r = host_new();
	struct sock *a = path_udp(r, "10.0.1.1", 5000);
	uint8_t forged[28];
	path_send(r, a, 10, FAR4);
	struct ip_bytes sent = path_next(r);
	better_is_known(r, BETTER4);
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		redirect4(r, bad[i][0], bad[i][1], sent);
		assert_int_equal(rig_drops(r, "l4-error4", DROP_REDIRECT_REFUSED), i + 1);
	}
	memcpy(forged, sent.b, sizeof forged);
	forged[21] ^= 1; /* no socket of ours */
	redirect4(r, "10.0.1.2", BETTER4, (struct ip_bytes){ forged, sizeof forged });
	assert_int_equal(rig_drops(r, "l4-error4", DROP_SOCK_ERROR_NOBODY), 1);
	assert_int_equal(path_count(r), 0);
	rig_free(r);
}

static void settings_say_who_listens(void **state)
{
	static const struct {
		const char *forward, *all, *here;
		bool listens;
	} as[] = {
		{ "0", "1", "1", true },  { "0", "0", "1", true },    { "0", "1", "0", true },
		{ "0", "0", "0", false }, { "1", "1", "1", true },    { "1", "0", "1", false },
		{ "1", "1", "0", false }, { "1", NULL, NULL, false }, { "0", NULL, NULL, true },
	};
	struct rig *r = host_new();
	struct sock *a = path_udp(r, "10.0.1.1", 5000);
	path_send(r, a, 10, FAR4);
	struct ip_bytes sent = path_next(r);
	better_is_known(r, BETTER4);
	for (unsigned i = 0; i < ARRAY_SIZE(as); i++) {
		path_set(r, "net.ipv4.ip_forward", as[i].forward);
		if (as[i].all) /* else as forwarding has set it */
			path_set(r, "net.ipv4.conf.all.accept_redirects", as[i].all);
		path_set(r, "net.ipv4.conf.wa.accept_redirects", as[i].here ? as[i].here : "1");
		redirect4(r, "10.0.1.2", BETTER4, sent);
		assert_int_equal(path_count(r), as[i].listens);
		path_set(r, "net.ipv4.route.flush", "1");
	}
	path_set(r, "net.ipv4.conf.all.shared_media", "0");
	path_set(r, "net.ipv4.conf.wa.shared_media", "0");
	redirect4(r, "10.0.1.2", BETTER4, sent); /* no default gateway */
	assert_int_equal(path_count(r), 0);
	path_set(r, "net.ipv4.conf.all.secure_redirects", "0");
	path_set(r, "net.ipv4.conf.wa.secure_redirects", "0");
	redirect4(r, "10.0.1.2", BETTER4, sent);
	assert_int_equal(path_count(r), 1);
	rig_free(r);
}

/* --- a host, IPv6 --- */

/* About an echo reply with that id, which this stack would have sent with the label of id + wrong. */
static void redirect6_about(struct rig *r, const char *from, const char *target, const char *dst,
			    uint8_t hops, unsigned wrong)
{
	enum { ID = 7, QUOTED = 48 };
	const struct nd_envelope ip = { .src = ip6_of(from),
					.dst = ip6_of("2001:db8:1::1"),
					.hop_limit = hops };
	struct nd_redirect_msg m = { .target = ip6_of(target), .dst = ip6_of(dst), .has_mac = true };
	struct ip6_hdr was = icmp6_ip_hdr(&ip.dst, &m.dst, 64);
	uint8_t msg[ND_REDIRECT_HEAD_MAX + QUOTED], mac[6], reply[8] = { ICMP6_ECHO_REPLY, [5] = ID };
	struct frame f;
	memcpy(mac, strcmp(from, BETTER6) ? r->a.mac : better_mac, sizeof mac);
	memcpy(m.mac, better_mac, sizeof m.mac);
	was.ver_tc_flow =
		be32_of(6u << 28 | pmtu_answer_label(r->st, &was.src, &was.dst, (uint16_t)(ID + wrong)));
	was.payload_len = be16_of(sizeof reply);
	unsigned len = nd_redirect_emit(&m, QUOTED, msg);
	memcpy(msg + len, &was, sizeof was);
	memcpy(msg + len + sizeof was, reply, sizeof reply);
	len += QUOTED;
	be16 sum = be16_of(
		csum_done(csum_add(csum_pseudo6(&ip.src, &ip.dst, IP_PROTO_ICMP6, len), csum_mem(msg, len))));
	memcpy(msg + 2, &sum, sizeof sum);
	swap_mac(r, mac);
	frame_nd(&f, &r->a, &ip, msg, len);
	swap_mac(r, mac);
	rig_send(r, &r->a, &f);
}

static void redirect6(struct rig *r, const char *from, const char *target, const char *dst, uint8_t hops)
{
	redirect6_about(r, from, target, dst, hops, 0);
}

static void host_is_led_over_ipv6_too(void **state)
{
	struct rig *r = host_new();
	struct sock *a = path_udp(r, "2001:db8:1::1", 5000);
	redirect6(r, ROUTER6, BETTER6, FAR6, 255);
	path_send(r, a, 10, FAR6);
	expect_to(r, better_mac);
	path_send(r, a, 10, "2001:db8:9::a");
	expect_to(r, r->a.mac);
	redirect6(r, ROUTER6, "2001:db8:9::a", "2001:db8:9::a", 255); /* it is on the link itself */
	path_send(r, a, 10, "2001:db8:9::a");
	expect_to(r, better_mac);
	redirect6(r, BETTER6, ROUTER6, FAR6, 255); /* by the first hop of now */
	path_send(r, a, 10, FAR6);
	expect_to(r, r->a.mac); /* a permanent neighbour, whatever the message says of it */
	manual_rt_run(r->m, 61 * SEC);
	assert_int_equal(path_count(r), 0);
	rig_free(r);
}

static void host_refuses_what_rfc_4861_refuses(void **state)
{
	struct rig *r = host_new();
	redirect6(r, ROUTER6, BETTER6, FAR6, 254);
	assert_int_equal(rig_drops(r, "redirect6-input", DROP_ND_HOP_LIMIT), 1);
	redirect6(r, "2001:db8:1::2", BETTER6, FAR6, 255); /* not from a link-local address */
	redirect6(r, ROUTER6, "2001:db8:1::3", FAR6, 255); /* nor to one */
	redirect6(r, ROUTER6, BETTER6, "ff02::1", 255);
	assert_int_equal(rig_drops(r, "redirect6-input", DROP_ND_MALFORMED), 3);
	redirect6(r, BETTER6, ROUTER6, FAR6, 255); /* not from the first hop */
	redirect6(r, ROUTER6, BETTER6, "2001:db8:1::7", 255); /* for which there is none */
	assert_int_equal(rig_drops(r, "redirect6-input", DROP_REDIRECT_REFUSED), 2);
	path_set(r, "net.ipv6.conf.wa.accept_redirects", "0");
	redirect6(r, ROUTER6, BETTER6, FAR6, 255);
	path_set(r, "net.ipv6.conf.wa.accept_redirects", "1");
	path_set(r, "net.ipv6.conf.all.forwarding", "1");
	redirect6(r, ROUTER6, BETTER6, FAR6, 255);
	assert_int_equal(rig_drops(r, "redirect6-input", DROP_REDIRECT_OFF), 2);
	assert_int_equal(path_count(r), 0);
	rig_free(r);
}

/* Anybody can write the first hop's address into a packet. */
static void frames_come_from_where_the_first_hop_is(void **state)
{
	struct rig *r = host_new();
	struct sock *a = path_udp(r, "10.0.1.1", 5000);
	uint8_t liar[6] = { 2, 0xbb, 0, 0, 0, 9 };
	path_send(r, a, 10, FAR4);
	struct ip_bytes sent = path_next(r);
	better_is_known(r, BETTER4);
	for (unsigned i = 0; i < 2; i++) {
		swap_mac(r, liar);
		redirect4(r, "10.0.1.2", BETTER4, sent);
		redirect6(r, ROUTER6, BETTER6, FAR6, 255);
		swap_mac(r, liar);
		assert_int_equal(path_count(r), i ? 2 : 0);
		assert_int_equal(rig_drops(r, "l4-error4", DROP_REDIRECT_FORGED), 1);
		assert_int_equal(rig_drops(r, "redirect6-input", DROP_REDIRECT_FORGED), 1);
		path_set(r, "net.ipv4.neigh.wa.override_probe_time_ms", "0"); /* as on Linux */
		path_set(r, "net.ipv6.neigh.wa.override_probe_time_ms", "0");
	}
	rig_free(r);
}

/* Nor does it help to forge the frame: of what is quoted the label is nobody's guess. */
static void a_redirect_quotes_what_was_sent(void **state)
{
	struct rig *r = host_new();
	redirect6_about(r, ROUTER6, BETTER6, FAR6, 255, 1);
	assert_int_equal(path_count(r), 0);
	assert_int_equal(rig_drops(r, "redirect6-input", DROP_REDIRECT_FORGED), 1);
	path_set(r, "net.ipv6.auto_flowlabels", "0"); /* no labels to go by */
	redirect6_about(r, ROUTER6, BETTER6, FAR6, 255, 1);
	assert_int_equal(path_count(r), 1);
	rig_free(r);
}

static void what_sockets_send_is_known_by_its_label(void **state)
{
	struct rig *r = host_new();
	struct sock *a = path_udp(r, "2001:db8:1::1", 5000);
	struct nd_redirect_msg m = { .dst = ip6_of(FAR6) };
	const struct ip6 us = ip6_of("2001:db8:1::1");
	path_send(r, a, 10, FAR6);
	const struct rig_frame *f = rig_next(&r->a);
	uint8_t sent[58];
	memcpy(sent, f->b + sizeof(struct eth_hdr), sizeof sent);
	m.packet = cur_of(sent, sizeof sent);
	assert_true(redirect6_quotes_ours(r->st, &m, &us));
	sent[3] ^= 1;
	assert_false(redirect6_quotes_ours(r->st, &m, &us));
	sent[3] ^= 1;
	sent[41] ^= 1; /* of another port */
	assert_false(redirect6_quotes_ours(r->st, &m, &us));
	m.packet = cur_of(sent, 40);
	assert_false(redirect6_quotes_ours(r->st, &m, &us));
	rig_free(r);
}

/* --- a router --- */

static struct rig *router_new(void)
{
	struct rig *r = new_rig();
	rig_neigh(r, &r->a, "10.0.1.2");
	rig_neigh(r, &r->a, "2001:db8:1::2");
	better_is_known(r, BETTER4);
	better_is_known(r, BETTER6);
	rig_route(r, "192.0.2.0", 24, RTN_UNICAST, r->a.ifc, BETTER4);
	rig_route(r, "2001:db8:9::", 64, RTN_UNICAST, r->a.ifc, BETTER6);
	return r;
}

static void router_tells_of_the_better_way(void **state)
{
	struct rig *r = router_new();
	struct ip4_msg m = ip4_packet("10.0.1.2", FAR4);
	struct frame f;
	frame_ip4(&f, &r->a, &m, 30);
	rig_send(r, &r->a, &f);
	const struct rig_frame *one = rig_next(&r->a), *two = rig_next(&r->a);
	assert_true(one && two);
	bool first = !memcmp(one->b, r->a.mac, 6); /* which of them left first is no matter */
	assert_memory_equal((first ? two : one)->b, better_mac, 6);
	r->a.seen = first ? 0 : 1;
	struct icmp4_msg e = rig_expect_icmp4(&r->a, "10.0.1.1", "10.0.1.2", ICMP4_REDIRECT, 1);
	assert_int_equal(icmp4_info(&e), be32_get(ip4_of(BETTER4)));
	struct ip4_hdr h;
	assert_true(cur_copy(&e.body, &h, sizeof h));
	assert_true(be32_eq(h.dst, ip4_of(FAR4)));
	assert_int_equal(h.ttl, 63); /* as it goes on */
	rig_free(r);
}

static unsigned told_by(struct rig *r, struct frame *f)
{
	rig_clear(&r->a);
	rig_send(r, &r->a, f);
	assert_true(r->a.n == 1 || r->a.n == 2); /* the packet itself goes on */
	return r->a.n - 1;
}

/* Linux: 20 ms, 40 ms, ... until the ninth; again after 20 s of silence. */
static void who_does_not_listen_is_told_less_and_less(void **state)
{
	struct rig *r = router_new();
	struct ip4_msg m = ip4_packet("10.0.1.2", FAR4);
	struct frame f;
	unsigned told = 0;
	frame_ip4(&f, &r->a, &m, 30);
	assert_int_equal(told_by(r, &f), 1);
	manual_rt_run(r->m, 40000);
	assert_int_equal(told_by(r, &f), 0);
	manual_rt_run(r->m, 2000);
	assert_int_equal(told_by(r, &f), 1);
	for (unsigned i = 0; i < 6000; i++) {
		manual_rt_run(r->m, 10000);
		told += told_by(r, &f);
	}
	assert_int_equal(told, 7);
	manual_rt_run(r->m, 21 * SEC);
	assert_int_equal(told_by(r, &f), 1);
	rig_free(r);
}

static void router_keeps_silent_when_it_should(void **state)
{
	struct rig *r = router_new();
	struct ip4_msg far = ip4_packet("198.51.100.1", FAR4), near = ip4_packet("10.0.1.2", FAR4);
	struct frame f;
	frame_ip4(&f, &r->a, &far, 30); /* no neighbour */
	assert_int_equal(told_by(r, &f), 0);
	path_set(r, "net.ipv4.conf.all.send_redirects", "0");
	path_set(r, "net.ipv4.conf.wa.send_redirects", "0");
	frame_ip4(&f, &r->a, &near, 30);
	assert_int_equal(told_by(r, &f), 0);
	path_set(r, "net.ipv4.conf.wa.send_redirects", "1");
	rig_clear(&r->b);
	rig_neigh(r, &r->b, "10.0.2.2");
	struct ip4_msg other = ip4_packet("10.0.1.2", "10.0.2.2");
	frame_ip4(&f, &r->a, &other, 30); /* leaves elsewhere */
	rig_clear(&r->a);
	rig_send(r, &r->a, &f);
	assert_int_equal(r->a.n, 0);
	frame_ip4(&f, &r->a, &near, 30);
	assert_int_equal(told_by(r, &f), 1);
	rig_free(r);
}

static void router_tells_over_ipv6(void **state)
{
	struct rig *r = router_new();
	struct ip6_msg m = ip6_packet("2001:db8:1::2", FAR6), ip;
	struct nd_redirect_msg red;
	struct frame f;
	unsigned told = 0;
	frame_ip6(&f, &r->a, &m, NULL, 0, 1300);
	rig_send(r, &r->a, &f);
	assert_int_equal(r->a.n, 2);
	r->a.seen = memcmp(r->a.frame[0]->b, r->a.mac, 6) ? 1 : 0;
	rig_expect_icmp6(&r->a, NULL, "2001:db8:1::2", ICMP6_REDIRECT, 0, &ip);
	const struct nd_envelope env = { .src = ip.src, .dst = ip.dst, .hop_limit = ip.hop_limit };
	assert_int_equal(nd_redirect_parse(ip.body, &env, &red), DROP_NONE);
	const struct ip6 better = ip6_of(BETTER6), dst = ip6_of(FAR6);
	assert_memory_equal(&red.target, &better, 16);
	assert_memory_equal(&red.dst, &dst, 16);
	assert_true(red.has_mac);
	assert_memory_equal(red.mac, better_mac, 6);
	assert_in_range(cur_left(&ip.body), 1232, 1240);
	assert_int_equal(cur_left(&red.packet) % 8, 0);
	for (unsigned i = 0; i < 100; i++)
		told += told_by(r, &f);
	assert_int_equal(told, 5); /* six at once */
	manual_rt_run(r->m, SEC);
	assert_int_equal(told_by(r, &f), 1);
	assert_int_equal(told_by(r, &f), 0);
	rig_free(r);
}

TWICE(host_takes_the_better_way_to_that_destination)
TWICE(better_way_must_answer_first_and_go_on_doing_so)
TWICE(redirects_of_strangers_and_to_nowhere_are_refused)
TWICE(settings_say_who_listens)
TWICE(host_is_led_over_ipv6_too)
TWICE(host_refuses_what_rfc_4861_refuses)
TWICE(frames_come_from_where_the_first_hop_is)
TWICE(a_redirect_quotes_what_was_sent)
TWICE(what_sockets_send_is_known_by_its_label)
TWICE(router_tells_of_the_better_way)
TWICE(router_keeps_silent_when_it_should)
TWICE(router_tells_over_ipv6)

/* --- all of it in a VRF --- */

IN_VRF(host_takes_the_better_way_to_that_destination)
IN_VRF(better_way_must_answer_first_and_go_on_doing_so)
IN_VRF(redirects_of_strangers_and_to_nowhere_are_refused)
IN_VRF(settings_say_who_listens)
IN_VRF(host_is_led_over_ipv6_too)
IN_VRF(host_refuses_what_rfc_4861_refuses)
IN_VRF(router_tells_of_the_better_way)
IN_VRF(router_keeps_silent_when_it_should)
IN_VRF(router_tells_over_ipv6)

static void who_does_not_listen_is_told_less_and_less_on_one(void **state)
{
	workers = 1;
	who_does_not_listen_is_told_less_and_less(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(host_takes_the_better_way_to_that_destination),
		BOTH(better_way_must_answer_first_and_go_on_doing_so),
		BOTH(redirects_of_strangers_and_to_nowhere_are_refused),
		BOTH(settings_say_who_listens),
		BOTH(host_is_led_over_ipv6_too),
		BOTH(host_refuses_what_rfc_4861_refuses),
		BOTH(frames_come_from_where_the_first_hop_is),
		BOTH(a_redirect_quotes_what_was_sent),
		BOTH(what_sockets_send_is_known_by_its_label),
		BOTH(router_tells_of_the_better_way),
		BOTH(router_keeps_silent_when_it_should),
		BOTH(router_tells_over_ipv6),
		cmocka_unit_test(host_takes_the_better_way_to_that_destination_in_vrf),
		cmocka_unit_test(better_way_must_answer_first_and_go_on_doing_so_in_vrf),
		cmocka_unit_test(redirects_of_strangers_and_to_nowhere_are_refused_in_vrf),
		cmocka_unit_test(settings_say_who_listens_in_vrf),
		cmocka_unit_test(host_is_led_over_ipv6_too_in_vrf),
		cmocka_unit_test(host_refuses_what_rfc_4861_refuses_in_vrf),
		cmocka_unit_test(router_tells_of_the_better_way_in_vrf),
		cmocka_unit_test(router_keeps_silent_when_it_should_in_vrf),
		cmocka_unit_test(router_tells_over_ipv6_in_vrf),
		cmocka_unit_test(who_does_not_listen_is_told_less_and_less_on_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

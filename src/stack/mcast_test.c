/* SPDX-License-Identifier: BSD-2-Clause */
/* Groups: who hears what, and what routers are told of it, in IGMPv1 to v3 and MLDv1 and v2. */
#include "base/test.h"
#include "stack/rig.h"

#include <netinet/in.h>

#include "net/mcast.h"
#include "net/sysctl.h"
#include "sock/sock.h"
#include "wire/mcast.h"

/* --- what leat says --- */

static struct rig *start(void)
{
	struct rig *r = rig_new(workers, 0);
	rig_clear(&r->a);
	r->a.wants_reports = true;
	return r;
}

/* The next message on wire a as text, its envelope being right; "": none. */
static const char *said(struct rig *r)
{
	static char line[512];
	struct text t = text_of(line, sizeof line);
	const struct rig_frame *f = rig_next(&r->a);
	struct eth_msg eth;
	struct ip4_msg ip4;
	struct ip6_msg ip6;
	struct ip6_chain ch;
	line[0] = 0;
	if (!f)
		return line;
	assert_int_equal(eth_parse(cur_of(f->b, f->len), &eth), DROP_NONE);
	if (eth.type == ETH_P_IP) {
		struct ip4_options o;
		uint8_t bad;
		assert_int_equal(ip4_parse(eth.body, &ip4), DROP_NONE);
		assert_int_equal(ip4.ttl, 1);
		assert_int_equal(ip4_options_parse(ip4.options, &o, &bad), DROP_NONE);
		assert_int_not_equal(o.router_alert, 0);
		assert_true(csum_ok(csum_cursor(ip4.body)));
		igmp_print(ip4.body, &t);
		text_add(&t, " > ");
		text_ip4(&t, ip4.dst);
	} else {
		assert_int_equal(ip6_parse(eth.body, &ip6), DROP_NONE);
		assert_int_equal(ip6_walk(eth.body, IP6_WALK_DESTINATION, &ch), DROP_NONE);
		assert_true(ch.router_alert);
		assert_int_equal(ip6.hop_limit, 1);
		cur_skip(&ip6.body, ch.l4_off - (uint32_t)sizeof(struct ip6_hdr));
		assert_true(csum_ok(
			csum_add(csum_cursor(ip6.body),
				 csum_pseudo6(&ip6.src, &ip6.dst, IP_PROTO_ICMP6, cur_left(&ip6.body)))));
		mld_print(ip6.body, &t);
		text_add(&t, " > ");
		text_ip6(&t, &ip6.dst);
	}
	return line;
}

static void expect(struct rig *r, const char *want)
{
	assert_string_equal(said(r), want);
}

/* As often as robustness asks for, within the time that may take. */
static void expect_twice(struct rig *r, const char *want)
{
	expect(r, want);
	expect(r, "");
	manual_rt_run(r->m, 1 * SEC);
	expect(r, want);
	manual_rt_run(r->m, 20 * SEC);
	expect(r, "");
}

/* --- what programs ask for --- */

static struct sock *udp_open(struct rig *r, int domain)
{
	struct sock *s;
	const struct sockaddr_in6 any6 = { .sin6_family = AF_INET6, .sin6_port = htons(5000) };
	const struct sockaddr_in any4 = { .sin_family = AF_INET, .sin_port = htons(5000) };
	int on = 1;
	assert_int_equal(sock_open(r->st, domain, SOCK_DGRAM, 0, NULL, &s), 0);
	assert_int_equal(sock_setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
	if (domain == AF_INET6)
		assert_int_equal(sock_bind(s, (const struct sockaddr *)&any6, sizeof any6), 0);
	else
		assert_int_equal(sock_bind(s, (const struct sockaddr *)&any4, sizeof any4), 0);
	return s;
}

static int member(struct rig *r, struct sock *s, int name, const char *group)
{
	uint8_t family;
	struct ipaddr a = ipaddr_of(group, &family);
	struct ip_mreqn m = { .imr_ifindex = (int)r->a.ifc->ifindex };
	struct ipv6_mreq m6 = { .ipv6mr_interface = r->a.ifc->ifindex };
	int err;
	if (family == AF_INET6) {
		memcpy(&m6.ipv6mr_multiaddr, &a, 16);
		err = sock_setsockopt(s, IPPROTO_IPV6, name, &m6, sizeof m6);
	} else {
		memcpy(&m.imr_multiaddr, &a, 4);
		err = sock_setsockopt(s, IPPROTO_IP, name, &m, sizeof m);
	}
	manual_rt_settle(r->m);
	return err;
}

static void put_addr(struct sockaddr_storage *to, const char *text)
{
	uint8_t family;
	struct ipaddr a = ipaddr_of(text, &family);
	memset(to, 0, sizeof *to);
	to->ss_family = family;
	if (family == AF_INET6)
		memcpy(&((struct sockaddr_in6 *)to)->sin6_addr, &a, 16);
	else
		memcpy(&((struct sockaddr_in *)to)->sin_addr, &a, 4);
}

static int source(struct rig *r, struct sock *s, int name, const char *group, const char *from)
{
	struct group_source_req q = { .gsr_interface = r->a.ifc->ifindex };
	put_addr(&q.gsr_group, group);
	put_addr(&q.gsr_source, from);
	int err = sock_setsockopt(s, strchr(group, ':') ? IPPROTO_IPV6 : IPPROTO_IP, name, &q, sizeof q);
	manual_rt_settle(r->m);
	return err;
}

/* --- what routers ask --- */

static void ask4(struct rig *r, const char *dst, const uint8_t *msg, uint32_t len)
{
	uint8_t hdr[IP4_HDR_MAX], b[64];
	static const uint8_t alert[] = { IP4_OPT_ROUTER_ALERT, 4, 0, 0 };
	struct ip4_msg ip = ip4_packet("10.0.1.2", dst);
	struct frame f;
	memcpy(b, msg, len);
	be16 csum = be16_of(csum_done(csum_mem(b, len)));
	memcpy(b + 2, &csum, 2);
	ip.proto = IP_PROTO_IGMP;
	ip.ttl = 1;
	ip.options = cur_of(alert, sizeof alert);
	ip.body = cur_of(b, len);
	frame_eth(&f, &r->a, (const uint8_t[]){ 1, 0, 0x5e, 0, 0, 1 }, ETH_P_IP);
	frame_put(&f, hdr, ip4_emit(&ip, hdr));
	frame_put(&f, b, len);
	rig_send(r, &r->a, &f);
}

static void ask6_by_alert(struct rig *r, uint8_t alert, const char *src, uint8_t hop_limit,
			  const uint8_t *msg, uint32_t len)
{
	uint8_t b[80] = { IP_PROTO_ICMP6, 0, 5, 2, 0, alert, 1, 0 };
	struct ip6_msg ip = {
		.next = IP_PROTO_HOPOPTS, .hop_limit = hop_limit, .src = ip6_of(src), .dst = ip6_of("ff02::1")
	};
	struct ip6_hdr h;
	struct frame f;
	memcpy(b + 8, msg, len);
	be16 csum = be16_of(csum_done(
		csum_add(csum_mem(b + 8, len), csum_pseudo6(&ip.src, &ip.dst, IP_PROTO_ICMP6, len))));
	memcpy(b + 10, &csum, 2);
	ip.body = cur_of(b, 8 + len);
	assert_true(ip6_emit(&ip, &h));
	frame_eth(&f, &r->a, (const uint8_t[]){ 0x33, 0x33, 0, 0, 0, 1 }, ETH_P_IPV6);
	frame_put(&f, &h, sizeof h);
	frame_put(&f, b, 8 + len);
	rig_send(r, &r->a, &f);
}

static void ask6(struct rig *r, const char *src, uint8_t hop_limit, const uint8_t *msg, uint32_t len)
{
	ask6_by_alert(r, 0, src, hop_limit, msg, len);
}

/* --- IGMP --- */

static void a_change_is_told_twice(void **state)
{
	struct rig *r = start();
	struct sock *s = udp_open(r, AF_INET), *t = udp_open(r, AF_INET);
	assert_int_equal(member(r, s, IP_ADD_MEMBERSHIP, "239.1.1.1"), 0);
	expect_twice(r, "igmp report to-ex 239.1.1.1 > 224.0.0.22");
	assert_int_equal(member(r, t, IP_ADD_MEMBERSHIP, "239.1.1.1"), 0); /* nothing new to routers */
	assert_int_equal(member(r, t, IP_ADD_MEMBERSHIP, "239.1.1.1"), -EADDRINUSE);
	assert_int_equal(member(r, s, IP_DROP_MEMBERSHIP, "239.1.1.1"), 0);
	assert_int_equal(member(r, s, IP_DROP_MEMBERSHIP, "239.1.1.1"), -EADDRNOTAVAIL);
	manual_rt_run(r->m, 5 * SEC);
	expect(r, "");
	sock_close(t); /* who closes leaves */
	manual_rt_settle(r->m);
	expect_twice(r, "igmp report to-in 239.1.1.1 > 224.0.0.22");
	assert_int_equal(member(r, s, IP_ADD_MEMBERSHIP, "10.0.0.1"), -EINVAL);
	rig_free(r);
}

static void sources_are_told_one_by_one(void **state)
{
	struct rig *r = start();
	struct sock *s = udp_open(r, AF_INET);
	assert_int_equal(source(r, s, MCAST_JOIN_SOURCE_GROUP, "232.1.1.1", "10.9.0.1"), 0);
	expect_twice(r, "igmp report allow 232.1.1.1 of 1 > 224.0.0.22");
	assert_int_equal(source(r, s, MCAST_JOIN_SOURCE_GROUP, "232.1.1.1", "10.9.0.1"), -EADDRNOTAVAIL);
	assert_int_equal(source(r, s, MCAST_JOIN_SOURCE_GROUP, "232.1.1.1", "10.9.0.2"), 0);
	expect_twice(r, "igmp report allow 232.1.1.1 of 1 > 224.0.0.22");
	assert_int_equal(source(r, s, MCAST_LEAVE_SOURCE_GROUP, "232.1.1.1", "10.9.0.1"), 0);
	expect_twice(r, "igmp report block 232.1.1.1 of 1 > 224.0.0.22");
	assert_int_equal(source(r, s, MCAST_BLOCK_SOURCE, "232.1.1.1", "10.9.0.1"), -EINVAL);
	assert_int_equal(source(r, s, MCAST_LEAVE_SOURCE_GROUP, "232.1.1.1", "10.9.0.2"),
			 0); /* the last: it leaves */
	expect_twice(r, "igmp report block 232.1.1.1 of 1 > 224.0.0.22");
	assert_int_equal(member(r, s, IP_ADD_MEMBERSHIP, "232.1.1.1"), 0);
	expect_twice(r, "igmp report to-ex 232.1.1.1 > 224.0.0.22");
	assert_int_equal(source(r, s, MCAST_BLOCK_SOURCE, "232.1.1.1", "10.9.0.7"), 0);
	expect_twice(r, "igmp report block 232.1.1.1 of 1 > 224.0.0.22");
	assert_int_equal(source(r, s, MCAST_UNBLOCK_SOURCE, "232.1.1.1", "10.9.0.7"), 0);
	expect_twice(r, "igmp report allow 232.1.1.1 of 1 > 224.0.0.22");
	rig_free(r);
}

static void queries_are_answered_in_their_time(void **state)
{
	static const uint8_t general[12] = { IGMP_QUERY, 100, [8] = 2, 125 },
			     now[12] = { IGMP_QUERY, 0, [8] = 2, 125 };
	static const uint8_t of_two[20] = { IGMP_QUERY, 10, 0,  0, 239, 1, 1,  1, 2, 125,
					    0,          2,  10, 9, 0,   1, 10, 9, 0, 2 };
	struct rig *r = start();
	struct sock *s = udp_open(r, AF_INET);
	assert_int_equal(member(r, s, IP_ADD_MEMBERSHIP, "239.1.1.1"), 0);
	assert_int_equal(source(r, s, MCAST_BLOCK_SOURCE, "239.1.1.1", "10.9.0.2"), 0);
	manual_rt_run(r->m, 5 * SEC);
	rig_clear(&r->a);
	ask4(r, "224.0.0.1", general, sizeof general);
	expect(r, "");
	manual_rt_run(r->m, 10 * SEC);
	expect(r, "igmp report is-ex 239.1.1.1 of 1 > 224.0.0.22");
	ask4(r, "224.0.0.1", now, sizeof now);
	expect(r, "igmp report is-ex 239.1.1.1 of 1 > 224.0.0.22");
	ask4(r, "239.1.1.1", of_two, sizeof of_two);
	manual_rt_run(r->m, 1 * SEC);
	expect(r, "igmp report is-in 239.1.1.1 of 1 > 224.0.0.22"); /* of the two that were asked about */
	manual_rt_run(r->m, 60 * SEC);
	expect(r, "");
	rig_free(r);
}

static void old_queriers_are_spoken_to_in_their_words(void **state)
{
	static const uint8_t v2[8] = { IGMP_QUERY, 100 }, v1[8] = { IGMP_QUERY, 0 };
	static const uint8_t heard[8] = { IGMP_V2_REPORT, 0, 0, 0, 239, 1, 1, 1 };
	struct rig *r = start();
	struct sock *s = udp_open(r, AF_INET);
	assert_int_equal(member(r, s, IP_ADD_MEMBERSHIP, "239.1.1.1"), 0);
	manual_rt_run(r->m, 5 * SEC);
	rig_clear(&r->a);
	ask4(r, "224.0.0.1", v2, sizeof v2);
	manual_rt_run(r->m, 10 * SEC);
	expect(r, "igmp report 239.1.1.1 > 239.1.1.1");
	assert_int_equal(member(r, s, IP_DROP_MEMBERSHIP, "239.1.1.1"), 0);
	expect(r, "igmp leave 239.1.1.1 > 224.0.0.2");
	assert_int_equal(member(r, s, IP_ADD_MEMBERSHIP, "239.1.1.1"), 0);
	expect(r, "igmp report 239.1.1.1 > 239.1.1.1");
	ask4(r, "239.1.1.1", heard, sizeof heard); /* somebody else says it: we need not, nor when we leave */
	manual_rt_run(r->m, 30 * SEC);
	assert_int_equal(member(r, s, IP_DROP_MEMBERSHIP, "239.1.1.1"), 0);
	expect(r, "");
	assert_int_equal(member(r, s, IP_ADD_MEMBERSHIP, "239.1.1.1"), 0);
	manual_rt_run(r->m, 30 * SEC);
	rig_clear(&r->a);
	ask4(r, "224.0.0.1", v1, sizeof v1);
	manual_rt_run(r->m, 10 * SEC);
	expect(r, "igmp report 239.1.1.1 > 239.1.1.1");
	assert_int_equal(member(r, s, IP_DROP_MEMBERSHIP, "239.1.1.1"), 0);
	expect(r, ""); /* version 1 has no leaving */
	manual_rt_run(r->m, 600 * SEC); /* RFC 3376, 8.12: they have gone */
	assert_int_equal(member(r, s, IP_ADD_MEMBERSHIP, "239.1.1.1"), 0);
	expect_twice(r, "igmp report to-ex 239.1.1.1 > 224.0.0.22");
	rig_free(r);
}

static void what_comes_up_says_so(void **state)
{
	struct rig *r = start();
	struct sock *s = udp_open(r, AF_INET);
	assert_int_equal(iface_set_up(r->a.ifc, false), 0);
	assert_int_equal(member(r, s, IP_ADD_MEMBERSHIP, "239.1.1.1"), 0);
	manual_rt_run(r->m, 5 * SEC);
	expect(r, "");
	assert_int_equal(iface_set_up(r->a.ifc, true), 0);
	manual_rt_settle(r->m);
	bool igmp = false;
	for (const char *line; *(line = said(r));)
		igmp |= !strcmp(line, "igmp report to-ex 239.1.1.1 > 224.0.0.22");
	assert_true(igmp);
	rig_free(r);
}

/* --- MLD --- */

static void addresses_join_their_groups(void **state)
{
	struct rig *r = start();
	rig_addr(r, r->a.ifc, "2001:db8:1::77", 64, 0);
	expect(r,
	       "mld report to-ex ff02::1:ff00:77 > ff02::16"); /* before the address is tested (RFC 4862, 5.4.2) */
	manual_rt_run(r->m, 5 * SEC);
	assert_int_equal(addr_delete(r->st, r->a.ifc->handle, AF_INET6,
				     &(struct ipaddr){ .v6 = ip6_of("2001:db8:1::77") }, 64),
			 0);
	rig_clear(&r->a);
	manual_rt_settle(r->m);
	expect(r, "mld report to-in ff02::1:ff00:77 > ff02::16");
	rig_free(r);
}

/* RFC 4291, 2.8. That of the host itself is nobody's business. */
static void routers_join_theirs(void **state)
{
	static const char name[] = "net.ipv6.conf.wa.forwarding";
	struct rig *r = start();
	char why[64];
	assert_int_equal(sysctl_set(r->st, name, "0", why, sizeof why), 0);
	manual_rt_settle(r->m);
	const char *line = said(r);
	assert_non_null(strstr(line, "to-in ff02::2"));
	assert_non_null(strstr(line, "to-in ff05::2"));
	manual_rt_run(r->m, 5 * SEC);
	rig_clear(&r->a);
	assert_int_equal(sysctl_set(r->st, name, "1", why, sizeof why), 0);
	manual_rt_settle(r->m);
	line = said(r);
	assert_non_null(strstr(line, "to-ex ff02::2"));
	assert_non_null(strstr(line, "to-ex ff05::2"));
	assert_null(strstr(line, "ff01::2"));
	rig_free(r);
}

static void mld_speaks_both_versions(void **state)
{
	static const uint8_t v1[24] = { ICMP6_MLD_QUERY, [5] = 100 };
	static const uint8_t v2[28] = { ICMP6_MLD_QUERY, [5] = 100, [24] = 2, 125 };
	struct rig *r = start();
	struct sock *s = udp_open(r, AF_INET6);
	assert_int_equal(member(r, s, IPV6_JOIN_GROUP, "ff05::99"), 0);
	expect_twice(r, "mld report to-ex ff05::99 > ff02::16");
	assert_int_equal(source(r, s, MCAST_BLOCK_SOURCE, "ff05::99", "2001:db8:9::1"), 0);
	expect_twice(r, "mld report block ff05::99 of 1 > ff02::16");
	ask6(r, "2001:db8:1::2", 1, v2, sizeof v2); /* RFC 3810, 6.2: not from there, */
	ask6(r, "fe80::2", 64, v2, sizeof v2); /* not from afar, */
	ask6_by_alert(r, 1, "fe80::2", 1, v2, sizeof v2); /* and not what alerts routers of something else */
	manual_rt_run(r->m, 5 * SEC);
	expect(r, "");
	assert_int_equal(rig_drops(r, "mld-input", DROP_MCAST_MALFORMED), 3);
	ask6(r, "fe80::2", 1, v2, sizeof v2);
	manual_rt_run(r->m, 1 * SEC);
	assert_non_null(strstr(said(r), " is-ex ff05::99 of 1"));
	expect(r, "");
	ask6(r, "fe80::2", 1, v1, sizeof v1);
	manual_rt_run(r->m, 1 * SEC);
	unsigned n = 0, ours = 0;
	for (const char *line; *(line = said(r)); n++)
		ours += !strcmp(line, "mld report ff05::99 > ff05::99");
	assert_int_equal(ours, 1);
	assert_true(n >= 2); /* those of our addresses, too, each a message */
	assert_int_equal(member(r, s, IPV6_LEAVE_GROUP, "ff05::99"), 0);
	expect(r, "mld done ff05::99 > ff02::2");
	rig_free(r);
}

/* --- who hears what --- */

static void send_udp(struct rig *r, const char *src, const char *dst)
{
	static const uint8_t udp[] = { 0x13, 0x88, 0x13, 0x88, 0, 9, 0, 0, 'x' };
	uint8_t hdr[IP4_HDR_MAX];
	struct ip4_msg ip = ip4_packet(src, dst);
	struct frame f;
	ip.proto = IP_PROTO_UDP;
	ip.body = cur_of(udp, sizeof udp);
	frame_eth(&f, &r->a, (const uint8_t[]){ 1, 0, 0x5e, 1, 1, 1 }, ETH_P_IP);
	frame_put(&f, hdr, ip4_emit(&ip, hdr));
	frame_put(&f, udp, sizeof udp);
	rig_send(r, &r->a, &f);
}

static unsigned hears(struct sock *s)
{
	char b[16];
	unsigned n = 0;
	while (sock_recvfrom(s, b, sizeof b, 0, NULL, NULL) >= 0)
		n++;
	return n;
}

static void each_hears_what_it_asked_for(void **state)
{
	struct rig *r = start();
	struct sock *all = udp_open(r, AF_INET), *but_one = udp_open(r, AF_INET), *one = udp_open(r, AF_INET),
		    *other = udp_open(r, AF_INET), *aloof = udp_open(r, AF_INET);
	int off = 0;
	send_udp(r, "10.9.0.1", "239.1.1.1");
	assert_int_equal(rig_drops(r, "ip4-route", DROP_IP_NOT_MEMBER), 1);
	assert_int_equal(member(r, one, IP_ADD_MEMBERSHIP, "239.1.1.1"), 0);
	assert_int_equal(member(r, one, IP_DROP_MEMBERSHIP, "239.1.1.1"), 0);
	assert_int_equal(source(r, one, MCAST_JOIN_SOURCE_GROUP, "239.1.1.1", "10.9.0.1"), 0);
	assert_int_equal(sock_setsockopt(aloof, IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof off), 0);
	send_udp(r, "10.9.0.2", "239.1.1.1"); /* nobody wants that source */
	assert_int_equal(rig_drops(r, "ip4-route", DROP_IP_NOT_MEMBER), 2);
	assert_int_equal(member(r, all, IP_ADD_MEMBERSHIP, "239.1.1.1"), 0);
	assert_int_equal(member(r, but_one, IP_ADD_MEMBERSHIP, "239.1.1.1"), 0);
	assert_int_equal(source(r, but_one, MCAST_BLOCK_SOURCE, "239.1.1.1", "10.9.0.1"), 0);
	send_udp(r, "10.9.0.1", "239.1.1.1");
	send_udp(r, "10.9.0.2", "239.1.1.1");
	send_udp(r, "10.9.0.2", "239.1.1.1");
	assert_int_equal(hears(all), 3);
	assert_int_equal(hears(but_one), 2);
	assert_int_equal(hears(one), 1);
	assert_int_equal(hears(other),
			 3); /* it is in no group, and hears what others asked for (IP_MULTICAST_ALL) */
	assert_int_equal(hears(aloof), 0);
	iface_delete(r->a.ifc); /* the memberships are left without it */
	sock_close(one);
	rig_free(r);
}

static void senders_hear_themselves_if_they_like(void **state)
{
	struct rig *r = start();
	struct sock *s = udp_open(r, AF_INET), *t = udp_open(r, AF_INET);
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(5000) };
	struct ip_mreqn out = { .imr_ifindex = (int)r->a.ifc->ifindex };
	int off = 0;
	memcpy(&to.sin_addr, &(be32){ { 239, 1, 1, 1 } }, 4);
	assert_int_equal(member(r, t, IP_ADD_MEMBERSHIP, "239.1.1.1"), 0);
	assert_int_equal(sock_setsockopt(s, IPPROTO_IP, IP_MULTICAST_IF, &out, sizeof out), 0);
	assert_int_equal(sock_sendto(s, "hello", 5, 0, (struct sockaddr *)&to, sizeof to), 5);
	manual_rt_settle(r->m);
	assert_int_equal(hears(t), 1);
	assert_int_equal(sock_setsockopt(s, IPPROTO_IP, IP_MULTICAST_LOOP, &off, sizeof off), 0);
	assert_int_equal(sock_sendto(s, "hello", 5, 0, (struct sockaddr *)&to, sizeof to), 5);
	manual_rt_settle(r->m);
	assert_int_equal(hears(t), 0);
	rig_free(r);
}

static void lists_can_be_read_back(void **state)
{
	struct rig *r = start();
	struct sock *s = udp_open(r, AF_INET);
	union {
		struct ip_msfilter f;
		char room[64];
	} q = { .f = { .imsf_numsrc = 8 } };
	socklen_t len = sizeof q;
	assert_int_equal(source(r, s, MCAST_JOIN_SOURCE_GROUP, "232.1.1.1", "10.9.0.2"), 0);
	assert_int_equal(source(r, s, MCAST_JOIN_SOURCE_GROUP, "232.1.1.1", "10.9.0.1"), 0);
	memcpy(&q.f.imsf_multiaddr, &(be32){ { 232, 1, 1, 1 } }, 4);
	memcpy(&q.f.imsf_interface, &(be32){ { 10, 0, 1, 1 } }, 4);
	assert_int_equal(sock_getsockopt(s, IPPROTO_IP, IP_MSFILTER, &q, &len), 0);
	assert_int_equal(q.f.imsf_fmode, MCAST_INCLUDE);
	assert_int_equal(q.f.imsf_numsrc, 2);
	assert_memory_equal(&q.f.imsf_slist[0], ((const uint8_t[]){ 10, 9, 0, 1 }), 4);
	rig_free(r);
}

TWICE(a_change_is_told_twice)
TWICE(sources_are_told_one_by_one)
TWICE(queries_are_answered_in_their_time)
TWICE(old_queriers_are_spoken_to_in_their_words)
TWICE(what_comes_up_says_so)
TWICE(addresses_join_their_groups)
TWICE(routers_join_theirs)
TWICE(mld_speaks_both_versions)
TWICE(each_hears_what_it_asked_for)
TWICE(senders_hear_themselves_if_they_like)
TWICE(lists_can_be_read_back)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(a_change_is_told_twice),
		BOTH(sources_are_told_one_by_one),
		BOTH(queries_are_answered_in_their_time),
		BOTH(old_queriers_are_spoken_to_in_their_words),
		BOTH(what_comes_up_says_so),
		BOTH(addresses_join_their_groups),
		BOTH(routers_join_theirs),
		BOTH(mld_speaks_both_versions),
		BOTH(each_hears_what_it_asked_for),
		BOTH(senders_hear_themselves_if_they_like),
		BOTH(lists_can_be_read_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

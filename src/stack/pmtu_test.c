/* SPDX-License-Identifier: BSD-2-Clause */
/* Path MTU discovery of a whole stack: who is believed, and who then obeys. */
#include "stack/path_rig.h"

/* --- learned --- */

static void what_a_router_says_to_one_socket_all_obey(void **state)
{
	struct rig *r = path_new(workers);
	struct sock *a = path_udp(r, "10.0.1.1", 5000), *b = path_udp(r, "10.0.1.1", 5001);
	assert_int_equal(path_send(r, a, 1400, FAR4), 1400);
	path_frag_needed(r, path_next(r), 1000);
	assert_int_equal(path_mtu(r, FAR4), 1000);
	assert_int_equal(path_send(r, b, 1400, FAR4), 1400); /* in fragments now */
	struct ip_bytes first = path_next(r);
	assert_int_equal(first.len, 996);
	assert_true(be16_get(((const struct ip4_hdr *)first.b)->frag) & IP4_MF);
	assert_int_equal(path_next_len(r), 20 + 8 + 1400 - 976);
	assert_int_equal(path_send(r, b, 1400, "192.0.2.10"), 1400); /* others are not concerned */
	assert_int_equal(path_next_len(r), 1428);
	rig_expect_silence(r);
	rig_free(r);
}

static void ipv6_datagrams_are_cut_for_the_path(void **state)
{
	struct rig *r = path_new(workers);
	struct sock *a = path_udp(r, "2001:db8:1::1", 5000), *b = path_udp(r, "::", 5001);
	assert_int_equal(path_send(r, a, 1452, FAR6), 1452);
	path_too_big(r, path_next(r), 1400);
	assert_int_equal(path_mtu(r, FAR6), 1400);
	assert_int_equal(path_send(r, b, 1452, FAR6), 1452);
	struct ip_bytes first = path_next(r);
	assert_int_equal(((const struct ip6_hdr *)first.b)->next, IP_PROTO_FRAGMENT);
	assert_true(first.len <= 1400 && first.len > 1392);
	assert_int_equal(path_next_len(r), 40 + 8 + 8 + 1452 - (first.len - 48));
	assert_int_equal(path_send(r, b, 1352, FAR6), 1352); /* what fits has no fragment header */
	assert_int_equal(path_next_len(r), 1400);
	rig_expect_silence(r);
	rig_free(r);
}

static void echo_replies_obey_and_their_label_vouches_for_them(void **state)
{
	struct rig *r = path_new(workers);
	struct ip6_msg ping = ip6_packet(FAR6, "2001:db8:1::1");
	struct frame f;
	uint8_t forged[1500];
	frame_ip6(&f, &r->a, &ping, NULL, 0, 1440);
	rig_send(r, &r->a, &f);
	struct ip_bytes reply = path_next(r);
	assert_int_equal(reply.len, 1488);
	memcpy(forged, reply.b, reply.len);
	forged[3] ^= 1; /* as one would who has not seen it */
	path_too_big(r, (struct ip_bytes){ forged, reply.len }, 1400);
	assert_int_equal(path_mtu(r, FAR6), 0);
	path_too_big(r, reply, 1400);
	assert_int_equal(path_mtu(r, FAR6), 1400);
	rig_send(r, &r->a, &f);
	assert_true(path_next_len(r) <= 1400);
	assert_true(path_next_len(r) <= 1400);
	rig_expect_silence(r);
	rig_free(r);
}

static void echo_replies_over_ipv4_never_need_to_be_told(void **state)
{
	struct rig *r = path_new(workers);
	struct ip4_msg ping = ip4_packet(FAR4, "10.0.1.1");
	struct frame f;
	frame_ip4(&f, &r->a, &ping, 1400);
	rig_send(r, &r->a, &f);
	struct ip_bytes reply = path_next(r);
	assert_false(be16_get(((const struct ip4_hdr *)reply.b)->frag) & IP4_DF);
	path_frag_needed(r, reply, 600);
	assert_int_equal(path_count(r), 0);
	rig_free(r);
}

static void after_ten_minutes_the_path_is_tried_anew(void **state)
{
	struct rig *r = path_new(workers);
	struct sock *a = path_udp(r, "10.0.1.1", 5000), *b = path_udp(r, "2001:db8:1::1", 5000);
	path_send(r, a, 1400, FAR4);
	path_frag_needed(r, path_next(r), 1000);
	path_send(r, b, 1400, FAR6);
	path_too_big(r, path_next(r), 1300);
	path_set(r, "net.ipv6.route.mtu_expires", "30"); /* for those to come */
	manual_rt_run(r->m, UINT64_C(599) * SEC);
	assert_int_equal(path_count(r), 2);
	manual_rt_run(r->m, 2 * SEC);
	assert_int_equal(path_count(r), 0);
	rig_clear(&r->a);
	path_send(r, a, 1400, FAR4);
	struct ip_bytes whole = path_next(r);
	assert_int_equal(whole.len, 1428);
	path_frag_needed(r, whole, 900); /* and has become narrower */
	assert_int_equal(path_mtu(r, FAR4), 900);
	rig_free(r);
}

static void change_of_its_route_ends_it(void **state)
{
	struct rig *r = path_new(workers);
	struct sock *a = path_udp(r, "10.0.1.1", 5000);
	path_send(r, a, 1400, FAR4);
	struct ip_bytes sent = path_next(r);
	path_frag_needed(r, sent, 1000);
	rig_route(r, "198.51.100.0", 24, RTN_UNICAST, r->a.ifc, "10.0.1.2"); /* not this one */
	assert_int_equal(path_mtu(r, FAR4), 1000);
	rig_route(r, "192.0.2.0", 24, RTN_UNICAST, r->b.ifc, "10.0.2.2");
	assert_int_equal(path_count(r), 0);
	path_frag_needed(r, sent, 1000); /* of the way it takes now */
	assert_int_equal(path_known(r, FAR4)->via.if_handle, r->b.ifc->handle);
	iface_set_up(r->b.ifc, false);
	manual_rt_settle(r->m);
	assert_int_equal(path_count(r), 0);
	path_frag_needed(r, sent, 1000);
	assert_int_equal(path_count(r), 1);
	path_set(r, "net.ipv6.route.flush", "1");
	assert_int_equal(path_count(r), 1);
	path_set(r, "net.ipv4.route.flush", "-1"); /* ip route flush cache */
	assert_int_equal(path_count(r), 0);
	rig_free(r);
}

static void it_is_saved_with_what_is_left_of_its_time(void **state)
{
	struct rig *r = path_new(workers), *n = rig_new(workers, 0);
	struct sock *a = path_udp(r, "10.0.1.1", 5000), *b = path_udp(r, "2001:db8:1::1", 5000);
	char *text, why[256];
	size_t len;
	path_send(r, a, 1400, FAR4);
	path_frag_needed(r, path_next(r), 300);
	path_send(r, b, 1400, FAR6);
	path_too_big(r, path_next(r), 1300);
	manual_rt_run(r->m, UINT64_C(400) * SEC);
	assert_int_equal(stack_save_text(r->st, &text, &len), 0);
	assert_int_equal(stack_restore_text(n->st, text, len, why, sizeof why), 0);
	free(text);
	assert_int_equal(path_mtu(n, FAR4), 552);
	assert_true(path_known(n, FAR4)->mtu_locked);
	assert_int_equal(path_mtu(n, FAR6), 1300);
	manual_rt_run(n->m, UINT64_C(199) * SEC);
	assert_int_equal(path_count(n), 2);
	manual_rt_run(n->m, 2 * SEC);
	assert_int_equal(path_count(n), 0);
	rig_free(r);
	rig_free(n);
}

/* --- not believed --- */

static void only_what_could_be_true_is_believed(void **state)
{
	struct rig *r = path_new(workers);
	struct sock *a = path_udp(r, "10.0.1.1", 5000), *b = path_udp(r, "2001:db8:1::1", 5000),
		    *any = path_udp(r, "0.0.0.0", 5007);
	uint8_t forged[1500];
	path_send(r, a, 1200, FAR4);
	struct ip_bytes sent = path_next(r);
	path_frag_needed(r, sent, 1228); /* it was not longer than that */
	assert_int_equal(rig_drops(r, "l4-error4", DROP_PMTU_IMPLAUSIBLE), 1);
	memcpy(forged, sent.b, sent.len);
	forged[21] ^= 1; /* from a port of nobody's */
	path_frag_needed(r, (struct ip_bytes){ forged, sent.len }, 1000);
	assert_int_equal(rig_drops(r, "l4-error4", DROP_SOCK_ERROR_NOBODY), 1);
	path_send(r, any, 1200, FAR4);
	sent = path_next(r);
	memcpy(forged, sent.b, sent.len);
	forged[15] ^= 0x40; /* from an address of nobody's, by a port that anybody may write to */
	path_frag_needed(r, (struct ip_bytes){ forged, sent.len }, 1000);
	assert_int_equal(path_count(r), 0);
	path_send(r, b, 1400, FAR6);
	struct ip_bytes sent6 = path_next(r);
	path_too_big(r, sent6, 1279); /* RFC 8201, 4 */
	assert_int_equal(rig_drops(r, "l4-error6", DROP_PMTU_TOO_SMALL), 1);
	path_too_big(r, sent6, 1448);
	assert_int_equal(rig_drops(r, "l4-error6", DROP_PMTU_IMPLAUSIBLE), 1);
	assert_int_equal(path_count(r), 0);
	path_too_big(r, sent6, 1280);
	path_too_big(r, sent6, 1300); /* nothing raises it */
	assert_int_equal(path_mtu(r, FAR6), 1280);
	rig_free(r);
}

static void absurd_mtu_becomes_the_least_and_may_be_cut_on_the_way(void **state)
{
	struct rig *r = path_new(workers);
	struct sock *a = path_udp(r, "10.0.1.1", 5000);
	path_send(r, a, 1400, FAR4);
	path_frag_needed(r, path_next(r), 68);
	assert_int_equal(path_mtu(r, FAR4), 552);
	path_send(r, a, 500, FAR4);
	struct ip_bytes sent = path_next(r);
	assert_int_equal(sent.len, 528);
	assert_int_equal(be16_get(((const struct ip4_hdr *)sent.b)->frag), 0);
	rig_free(r);
}

static void routes_and_settings_may_forbid_it(void **state)
{
	struct rig *r = path_new(workers);
	struct fib_route f = { .family = AF_INET,
			       .plen = 24,
			       .table = RT_TABLE_MAIN,
			       .dst.v4 = ip4_of("192.0.2.0"),
			       .nh = { .type = RTN_UNICAST, .if_handle = r->a.ifc->handle } };
	f.nh.gw = ipaddr_of("10.0.1.2", &f.nh.gw_family);
	f.nh.metric[RTAX_MTU] = 1400;
	f.nh.metric[RTAX_LOCK] = 1u << RTAX_MTU;
	assert_int_equal(fib_add(r->st, &f, FIB_ADD, NULL), 0);
	view_publish(r->st);
	struct sock *a = path_udp(r, "10.0.1.1", 5000);
	path_send(r, a, 1300, FAR4);
	struct ip_bytes sent = path_next(r);
	path_frag_needed(r, sent, 1000);
	assert_int_equal(path_count(r), 0);
	path_send(r, a, 1300, "198.51.100.1");
	sent = path_next(r);
	path_set(r, "net.ipv4.ip_no_pmtu_disc", "2");
	path_frag_needed(r, sent, 1000);
	assert_int_equal(rig_drops(r, "l4-error4", DROP_PMTU_OFF), 1);
	path_set(r, "net.ipv4.ip_no_pmtu_disc", "3");
	path_frag_needed(r, sent, 1000);
	assert_int_equal(rig_drops(r, "l4-error4", DROP_PMTU_OFF), 2);
	assert_int_equal(path_count(r), 0);
	path_set(r, "net.ipv4.ip_no_pmtu_disc", "1"); /* Linux: heard, and taken for the least */
	path_frag_needed(r, sent, 1000);
	assert_int_equal(path_mtu(r, "198.51.100.1"), 552);
	struct sock *s = open_of(r->st, AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(get_int(s, IPPROTO_IP, IP_MTU_DISCOVER), IP_PMTUDISC_DONT);
	rig_free(r);
}

static void sockets_choose_what_they_obey(void **state)
{
	static const struct {
		int disc, sent, frames; /* of 1400 bytes: what the call says, in how many frames */
		bool df, learns;
	} as[] = {
		{ IP_PMTUDISC_DONT, 1400, 2, false, true },       { IP_PMTUDISC_WANT, 1400, 2, false, true },
		{ IP_PMTUDISC_DO, -EMSGSIZE, 0, true, true },     { IP_PMTUDISC_PROBE, 1400, 1, true, true },
		{ IP_PMTUDISC_INTERFACE, 1400, 1, false, false }, { IP_PMTUDISC_OMIT, 1400, 1, false, false },
	};
	struct rig *r = path_new(workers);
	for (unsigned i = 0; i < ARRAY_SIZE(as); i++) {
		struct sock *a = path_udp(r, "10.0.1.1", 5000);
		assert_int_equal(set_int(a, IPPROTO_IP, IP_MTU_DISCOVER, as[i].disc), 0);
		path_send(r, a, 1400, FAR4);
		path_frag_needed(r, path_next(r), 1000);
		assert_int_equal(path_count(r), as[i].learns);
		struct sock *b = path_udp(r, "10.0.1.1", 5001);
		path_send(r, b, 1400, "198.51.100.1");
		path_frag_needed(r, path_next(r), 1000);
		rig_clear(&r->a);
		get_int(a, SOL_SOCKET, SO_ERROR);
		assert_int_equal(path_send(r, a, 1400, "198.51.100.1"), as[i].sent);
		assert_int_equal(r->a.n, as[i].frames);
		if (as[i].frames == 1)
			assert_int_equal(be16_get(((const struct ip4_hdr *)path_next(r).b)->frag),
					 as[i].df ? IP4_DF : 0);
		sock_close(a);
		sock_close(b);
		rig_clear(&r->a);
		path_set(r, "net.ipv4.route.flush", "1");
	}
	rig_free(r);
}

static void ipv6_sockets_may_refuse_to_be_cut(void **state)
{
	struct rig *r = path_new(workers);
	struct sock *a = path_udp(r, "2001:db8:1::1", 5000), *b = path_udp(r, "2001:db8:1::1", 5001);
	char buf[10], control[128];
	struct name from = { .len = sizeof from.in6 };
	struct sock_msg m = { .buf = buf,
			      .len = sizeof buf,
			      .name = &from.sa,
			      .name_len = from.len,
			      .control = control,
			      .control_len = sizeof control };
	struct ip6_mtuinfo info;
	socklen_t len = sizeof info;
	path_send(r, b, 1452, FAR6);
	path_too_big(r, path_next(r), 1400);
	assert_int_equal(set_int(a, IPPROTO_IPV6, IPV6_DONTFRAG, 1), 0);
	assert_int_equal(path_send(r, a, 1452, FAR6), -EMSGSIZE);
	expect_nothing(a);
	assert_int_equal(set_int(a, IPPROTO_IPV6, IPV6_RECVPATHMTU, 1), 0);
	assert_int_equal(path_send(r, a, 1353, FAR6), -EMSGSIZE);
	assert_int_equal(sock_recvmsg(a, &m, 0), 0);
	const struct cmsghdr *c = (const struct cmsghdr *)control;
	assert_int_equal(c->cmsg_type, IPV6_PATHMTU);
	memcpy(&info, CMSG_DATA(c), sizeof info);
	assert_int_equal(info.ip6m_mtu, 1400);
	expect_nothing(a);
	assert_int_equal(path_send(r, a, 1352, FAR6), 1352);
	assert_int_equal(sock_getsockopt(a, IPPROTO_IPV6, IPV6_PATHMTU, &info, &len), -ENOTCONN);
	assert_int_equal(connect_to(a, FAR6, 9), 0);
	assert_int_equal(sock_getsockopt(a, IPPROTO_IPV6, IPV6_PATHMTU, &info, &len), 0);
	assert_int_equal(info.ip6m_mtu, 1400);
	assert_int_equal(get_int(a, IPPROTO_IPV6, IPV6_MTU), 1400);
	rig_free(r);
}

static ssize_t send_with_dontfrag(struct rig *r, struct sock *s, size_t len, int dontfrag)
{
	static char bytes[2000];
	struct name to = name_of(FAR6, 9);
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct cmsghdr *c = (struct cmsghdr *)control;
	*c = (struct cmsghdr){ CMSG_LEN(sizeof dontfrag), IPPROTO_IPV6, IPV6_DONTFRAG };
	memcpy(CMSG_DATA(c), &dontfrag, sizeof dontfrag);
	const struct sock_msg m = { .buf = bytes,
				    .len = len,
				    .name = &to.sa,
				    .name_len = to.len,
				    .control = control,
				    .control_len = sizeof control };
	ssize_t ret = sock_sendmsg(s, &m, 0);
	manual_rt_settle(r->m);
	return ret;
}

static void a_datagram_alone_may_refuse_to_be_cut(void **state)
{
	struct rig *r = path_new(workers);
	struct sock *a = path_udp(r, "2001:db8:1::1", 5000);
	assert_int_equal(send_with_dontfrag(r, a, 1453, 1), -EMSGSIZE);
	assert_int_equal(send_with_dontfrag(r, a, 1452, 1), 1452);
	assert_int_equal(send_with_dontfrag(r, a, 1453, 0), 1453);
	assert_int_equal(set_int(a, IPPROTO_IPV6, IPV6_DONTFRAG, 1), 0);
	assert_int_equal(path_send(r, a, 1453, FAR6), -EMSGSIZE);
	assert_int_equal(send_with_dontfrag(r, a, 1453, 0), 1453);
	rig_free(r);
}

/* --- forwarding --- */

static void forwarded_packets_obey_their_route_unless_told_otherwise(void **state)
{
	struct rig *r = path_new(workers);
	struct sock *a = path_udp(r, "10.0.1.1", 5000);
	struct ip4_msg m = ip4_packet("10.0.2.2", FAR4);
	struct frame f;
	path_send(r, a, 1400, FAR4);
	path_frag_needed(r, path_next(r), 1000);
	m.df = true;
	frame_ip4(&f, &r->b, &m, 1200);
	rig_send(r, &r->b, &f);
	assert_int_equal(path_next_len(r), 1228);
	path_set(r, "net.ipv4.ip_forward_use_pmtu", "1");
	rig_neigh(r, &r->b, "10.0.2.2");
	rig_send(r, &r->b, &f);
	struct icmp4_msg e =
		rig_expect_icmp4(&r->b, "10.0.2.1", "10.0.2.2", ICMP4_UNREACH, ICMP4_UNREACH_FRAG_NEEDED);
	assert_int_equal(icmp4_info(&e), 1000);
	rig_expect_silence(r);
	rig_free(r);
}

/* --- a whole path ---
 *
 *	one 10.0.0.1 ── 10.0.0.2 two m0 10.0.3.1 ── 10.0.3.2 n0 far
 *	    2001:db8::1                  2001:db8:3::1     ::2 */

static struct leat_stack *behind(struct duo *d, struct iface *link[2])
{
	struct leat_stack *far = duo_stack(d, "far", workers);
	assert_int_equal(mem_pair_new(d->two, "m0", far, "n0", NULL, link), 0);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(iface_set_up(link[i], true), 0);
	duo_addr(d, d->two, link[0], "10.0.3.1", 24);
	duo_addr(d, d->two, link[0], "2001:db8:3::1", 64);
	duo_addr(d, far, link[1], "10.0.3.2", 24);
	duo_addr(d, far, link[1], "2001:db8:3::2", 64);
	return far;
}

static void lead(struct duo *d, struct leat_stack *st, struct iface *out, const char *gw)
{
	struct fib_route f = { .table = RT_TABLE_MAIN,
			       .nh = { .type = RTN_UNICAST, .if_handle = out->handle } };
	f.nh.gw = ipaddr_of(gw, &f.nh.gw_family);
	f.family = f.nh.gw_family;
	f.metric = f.family == AF_INET6 ? 1024 : 0;
	assert_int_equal(fib_add(st, &f, FIB_ADD, NULL), 0);
	view_publish(st);
}

static void crosses(struct duo *d, struct sock *a, struct sock *b, const char *to, bool does)
{
	static char out[6000], in[6000];
	struct sock_msg m = { .buf = in, .len = sizeof in };
	assert_int_equal(send_to(d, a, out, sizeof out, to, 7), sizeof out);
	manual_rt_run(d->m, SEC);
	assert_int_equal(sock_recvmsg(b, &m, 0), does ? (int)sizeof out : -EAGAIN);
}

static void large_datagrams_cross_a_path_whose_mtu_changes(void **state)
{
	struct duo *d = duo_new(workers);
	struct iface *link[2];
	struct leat_stack *far = behind(d, link);
	lead(d, d->one, d->ma, "10.0.0.2");
	lead(d, d->one, d->ma, "2001:db8::2");
	lead(d, far, link[1], "10.0.3.1");
	lead(d, far, link[1], "2001:db8:3::1");
	struct sock *a4 = udp_of(d->one, "10.0.0.1", 5000), *b4 = udp_of(far, "0.0.0.0", 7);
	struct sock *a6 = udp_of(d->one, "2001:db8::1", 5000), *b6 = udp_of(far, "2001:db8:3::2", 7);
	manual_rt_run(d->m, 3 * SEC);
	crosses(d, a6, b6, "2001:db8:3::2", true);
	for (uint32_t mtu = 1400; mtu >= 1280; mtu -= 60) {
		for (unsigned i = 0; i < 2; i++)
			assert_int_equal(iface_set_mtu(link[i], mtu), 0);
		crosses(d, a4, b4, "10.0.3.2", true); /* routers cut it */
		crosses(d, a6, b6, "2001:db8:3::2", false); /* the router tells */
		crosses(d, a6, b6, "2001:db8:3::2", true);
	}
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(iface_set_mtu(link[i], 1500), 0);
	crosses(d, a6, b6, "2001:db8:3::2", true);
	assert_non_null(fib_exc_next(d->one, AF_INET6, 0));
	manual_rt_run(d->m, UINT64_C(601) * SEC);
	assert_null(fib_exc_next(d->one, AF_INET6, 0));
	crosses(d, a6, b6, "2001:db8:3::2", true);
	assert_null(fib_exc_next(d->one, AF_INET6, 0)); /* nobody had anything to say */
	stack_free(far);
	duo_free(d);
}

/* --- floods --- */

static void flood_of_good_forgeries_is_bounded(void **state)
{
	struct rig *r = path_new(workers);
	struct sock *a = path_udp(r, "10.0.1.1", 5000);
	uint8_t quote[28];
	path_send(r, a, 1400, FAR4);
	struct ip_bytes sent = path_next(r);
	path_frag_needed(r, sent, 1000);
	memcpy(quote, sent.b, sizeof quote);
	uint64_t most = 0;
	for (unsigned i = 0; i < 30000; i++) {
		const be32 dst = be32_of(0xc6330000 + i); /* of a socket that writes to anybody */
		memcpy(quote + 16, &dst, sizeof dst);
		path_frag_needed(r, (struct ip_bytes){ quote, sizeof quote }, 1000);
		if (i % 1000 == 0)
			rig_clear(&r->a);
		if (i == 25000)
			most = r->st->mem.used_bytes;
		manual_rt_run(r->m, 400);
	}
	assert_in_range(path_count(r), 1000, FIB_EXC_BUCKETS * FIB_EXC_WAYS);
	assert_true(r->st->mem.used_bytes <= most + 65536);
	unsigned before = path_count(r);
	for (unsigned i = 0; i < 1000; i++) { /* all in one instant */
		const be32 dst = be32_of(0xc6430000 + i);
		memcpy(quote + 16, &dst, sizeof dst);
		path_frag_needed(r, (struct ip_bytes){ quote, sizeof quote }, 1000);
	}
	assert_true(path_count(r) <= before + FIB_EXC_NEWS_MAX * workers);
	rig_free(r);
}

TWICE(what_a_router_says_to_one_socket_all_obey)
TWICE(ipv6_datagrams_are_cut_for_the_path)
TWICE(echo_replies_obey_and_their_label_vouches_for_them)
TWICE(echo_replies_over_ipv4_never_need_to_be_told)
TWICE(after_ten_minutes_the_path_is_tried_anew)
TWICE(change_of_its_route_ends_it)
TWICE(only_what_could_be_true_is_believed)
TWICE(absurd_mtu_becomes_the_least_and_may_be_cut_on_the_way)
TWICE(routes_and_settings_may_forbid_it)
TWICE(sockets_choose_what_they_obey)
TWICE(ipv6_sockets_may_refuse_to_be_cut)
TWICE(a_datagram_alone_may_refuse_to_be_cut)
TWICE(large_datagrams_cross_a_path_whose_mtu_changes)
TWICE(forwarded_packets_obey_their_route_unless_told_otherwise)

int main(void)
{
	workers = 1;
	const struct CMUnitTest tests[] = {
		BOTH(what_a_router_says_to_one_socket_all_obey),
		BOTH(ipv6_datagrams_are_cut_for_the_path),
		BOTH(echo_replies_obey_and_their_label_vouches_for_them),
		BOTH(echo_replies_over_ipv4_never_need_to_be_told),
		BOTH(after_ten_minutes_the_path_is_tried_anew),
		BOTH(change_of_its_route_ends_it),
		BOTH(only_what_could_be_true_is_believed),
		BOTH(absurd_mtu_becomes_the_least_and_may_be_cut_on_the_way),
		BOTH(routes_and_settings_may_forbid_it),
		BOTH(sockets_choose_what_they_obey),
		BOTH(ipv6_sockets_may_refuse_to_be_cut),
		BOTH(a_datagram_alone_may_refuse_to_be_cut),
		BOTH(large_datagrams_cross_a_path_whose_mtu_changes),
		BOTH(forwarded_packets_obey_their_route_unless_told_otherwise),
		cmocka_unit_test(it_is_saved_with_what_is_left_of_its_time),
		cmocka_unit_test(flood_of_good_forgeries_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* UDP sockets that send and read many datagrams at a time, or one in parts, and UDP-Lite: between two stacks, by devices that split and sum and by
 * such that do not. */
#include <netinet/udp.h>

#include "l4/udp.h"
#include "net/sysctl.h"
#include "stack/sock_rig.h"

enum { SEND_CSCV = 10, RECV_CSCV = 11, LITE = 136 };

static uint8_t out[65536], in[70000];

static void fill_out(void)
{
	for (unsigned i = 0; i < sizeof out; i++)
		out[i] = (uint8_t)(i * 7 + i / 251);
}

/* What the device of `one` leaves to the edge. */
static void set_features(struct duo *d, bool splits)
{
	uint32_t all = d->ma->features;
	if (!splits)
		racy_set(d->ma->features, all & ~(uint32_t)(IFACE_TX_USO | IFACE_TX_CSUM | IFACE_TX_SG));
}

struct got {
	ssize_t n;
	int flags, segment; /* 0: it was not said */
};

static struct got take(struct sock *s, size_t room, int flags)
{
	_Alignas(struct cmsghdr) char control[256];
	struct sock_msg m = { .buf = in, .len = room, .control = control, .control_len = sizeof control };
	struct got g = { .n = sock_recvmsg(s, &m, flags) };
	struct msghdr h = { .msg_control = control, .msg_controllen = g.n < 0 ? 0 : m.control_len };
	g.flags = m.flags;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&h); c; c = CMSG_NXTHDR(&h, c))
		if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO)
			memcpy(&g.segment, CMSG_DATA(c), sizeof g.segment);
	return g;
}

static void expect(struct sock *s, size_t from, size_t len)
{
	struct got g = take(s, sizeof in, 0);
	assert_int_equal(g.n, len);
	assert_int_equal(g.segment, 0);
	assert_memory_equal(in, out + from, len);
}

static const struct {
	const char *from, *to;
} ways[] = { { "10.0.0.1", "10.0.0.2" }, { "2001:db8::1", "2001:db8::2" }, { "127.0.0.1", "127.0.0.1" } };

static void segments_arrive_one_by_one(void **state)
{
	fill_out();
	for (unsigned k = 0; k < 2 * ARRAY_SIZE(ways); k++) {
		struct duo *d = duo_start();
		const char *to = ways[k / 2].to;
		set_features(d, k & 1);
		struct sock *a = udp_of(d->one, ways[k / 2].from, 5000);
		struct sock *b = udp_of(k < 4 ? d->two : d->one, to, 7);
		assert_int_equal(set_int(a, SOL_UDP, UDP_SEGMENT, 1400), 0);
		assert_int_equal(send_to(d, a, out, 5000, to, 7), 5000);
		for (unsigned i = 0; i < 3; i++)
			expect(b, i * 1400u, 1400);
		expect(b, 4200, 800);
		expect_nothing(b);
		assert_int_equal(send_to(d, a, out, 2800, to, 7), 2800);
		expect(b, 0, 1400);
		sock_close(b); /* with half of it unread */
		duo_free(d);
	}
}

static void segments_are_joined_for_who_asked(void **state)
{
	fill_out();
	for (unsigned k = 0; k < 2 * ARRAY_SIZE(ways); k++) {
		struct duo *d = duo_start();
		const char *to = ways[k / 2].to;
		set_features(d, k & 1);
		struct sock *a = udp_of(d->one, ways[k / 2].from, 5000);
		struct sock *b = udp_of(k < 4 ? d->two : d->one, to, 7);
		assert_int_equal(set_int(a, SOL_UDP, UDP_SEGMENT, 1000), 0);
		assert_int_equal(set_int(b, SOL_UDP, UDP_GRO, 1), 0);
		assert_int_equal(send_to(d, a, out, 60300, to, 7), 60300);
		struct got g = take(b, sizeof in, MSG_PEEK);
		assert_int_equal(g.n, 60300);
		g = take(b, 2500, 0); /* two fit; the others stay */
		assert_int_equal(g.n, 2000);
		assert_int_equal(g.segment, 1000);
		assert_int_equal(g.flags & MSG_TRUNC, 0);
		g = take(b, sizeof in, 0);
		assert_int_equal(g.n, 58300);
		assert_int_equal(g.segment, 1000);
		assert_memory_equal(in, out + 2000, 58300);
		expect_nothing(b);
		duo_free(d);
	}
}

/* Of one flow, one length, but the last. */
static void only_what_belongs_together_is_joined(void **state)
{
	struct duo *d = duo_start();
	struct sock *a = udp_of(d->one, "10.0.0.1", 5000), *c = udp_of(d->one, "10.0.0.1", 5001);
	struct sock *b = udp_of(d->two, "0.0.0.0", 7);
	static const struct {
		bool second;
		uint16_t len;
		uint8_t tos;
	} sent[] = { { false, 100, 0 }, { false, 100, 0 }, { false, 60, 0 }, { false, 60, 0 },
		     { false, 90, 0 },  { true, 90, 0 },   { true, 90, 4 },  { false, 0, 0 },
		     { false, 0, 0 },   { false, 50, 0 },  { false, 0, 0 },  { false, 50, 0 },
		     { false, 50, 0 } };
	static const struct got want[] = { { 260, 0, 100 }, { 60, 0, 0 },  { 90, 0, 0 }, { 90, 0, 0 },
					   { 90, 0, 0 },    { 0, 0, 0 },   { 0, 0, 0 },  { 50, 0, 0 },
					   { 0, 0, 0 },     { 100, 0, 50 } };
	fill_out();
	assert_int_equal(set_int(b, SOL_UDP, UDP_GRO, 1), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(sent); i++) {
		struct sock *s = sent[i].second ? c : a;
		assert_int_equal(set_int(s, IPPROTO_IP, IP_TOS, sent[i].tos), 0);
		assert_int_equal(send_to(d, s, out, sent[i].len, "10.0.0.2", 7), sent[i].len);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(want); i++) {
		struct got g = take(b, sizeof in, 0);
		assert_int_equal(g.n, want[i].n);
		assert_int_equal(g.segment, want[i].segment);
	}
	expect_nothing(b);
	duo_free(d);
}

/* To a group everybody gets all of it. */
static void a_group_hears_each_segment(void **state)
{
	struct duo *d = duo_start();
	struct sock *a = udp_of(d->one, "10.0.0.1", 5000), *b[2];
	fill_out();
	for (unsigned i = 0; i < 2; i++) {
		b[i] = open_of(d->one, AF_INET, SOCK_DGRAM, 0);
		assert_int_equal(set_int(b[i], SOL_SOCKET, SO_REUSEADDR, 1), 0);
		assert_int_equal(bind_at(b[i], "0.0.0.0", 7), 0);
		const struct ip_mreqn m = { .imr_multiaddr.s_addr = htonl(0xef010101),
					    .imr_ifindex = (int)d->ma->ifindex };
		assert_int_equal(sock_setsockopt(b[i], IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, sizeof m), 0);
	}
	manual_rt_settle(d->m);
	assert_int_equal(set_int(b[1], SOL_UDP, UDP_GRO, 1), 0);
	assert_int_equal(set_int(a, SOL_UDP, UDP_SEGMENT, 1000), 0);
	assert_int_equal(send_to(d, a, out, 2500, "239.1.1.1", 7), 2500);
	expect(b[0], 0, 1000);
	expect(b[0], 1000, 1000);
	expect(b[0], 2000, 500);
	struct got g = take(b[1], sizeof in, 0);
	assert_int_equal(g.n, 2500);
	assert_int_equal(g.segment, 1000);
	assert_memory_equal(in, out, 2500);
	duo_free(d);
}

static void segments_longer_than_the_way_are_refused(void **state)
{
	struct duo *d = duo_start();
	struct sock *a = udp_of(d->one, "10.0.0.1", 5000), *b = udp_of(d->two, "10.0.0.2", 7);
	assert_int_equal(set_int(a, SOL_UDP, UDP_SEGMENT, 1472), 0);
	assert_int_equal(send_to(d, a, out, 3000, "10.0.0.2", 7), 3000);
	assert_int_equal(set_int(a, SOL_UDP, UDP_SEGMENT, 1473), 0);
	assert_int_equal(send_to(d, a, out, 3000, "10.0.0.2", 7), -EMSGSIZE);
	assert_int_equal(send_to(d, a, out, 1472, "10.0.0.2", 7), 1472);
	assert_int_equal(set_int(a, SOL_UDP, UDP_SEGMENT, 100), 0);
	assert_int_equal(send_to(d, a, out, 12801, "10.0.0.2", 7), -EINVAL);
	for (unsigned i = 0; i < 4; i++)
		assert_true(take(b, sizeof in, 0).n > 0);
	expect_nothing(b);
	duo_free(d);
}

static void corked_parts_leave_as_one(void **state)
{
	fill_out();
	for (unsigned k = 0; k < 2; k++) {
		struct duo *d = duo_start();
		struct sock *a = udp_of(d->one, ways[k].from, 5000), *b = udp_of(d->two, ways[k].to, 7);
		struct name to = name_of(ways[k].to, 7);
		for (unsigned at = 0; at < 60000; at += 1000) {
			assert_int_equal(sock_sendto(a, out + at, 1000, at < 59000 ? MSG_MORE : 0, &to.sa,
						     to.len),
					 1000);
			manual_rt_settle(d->m);
			if (at < 59000)
				expect_nothing(b);
		}
		expect(b, 0, 60000);
		assert_int_equal(sock_sendto(a, "lost", 4, MSG_MORE, &to.sa, to.len), 4);
		sock_close(a);
		manual_rt_settle(d->m);
		expect_nothing(b);
		duo_free(d);
	}
}

/* --- UDP-Lite --- */

static uint64_t counted(struct leat_stack *st, bool lite, unsigned k, enum udp_count n)
{
	return udp_counted(st, lite, k ? AF_INET6 : AF_INET, n);
}

static struct sock *lite_of(struct leat_stack *st, const char *text, uint16_t port)
{
	struct name n = name_of(text, port);
	struct sock *s = open_of(st, n.sa.sa_family, SOCK_DGRAM, LITE);
	assert_int_equal(sock_bind(s, &n.sa, n.len), 0);
	return s;
}

static void udplite_covers_what_is_said(void **state)
{
	fill_out();
	for (unsigned k = 0; k < 2; k++) {
		struct duo *d = duo_start();
		struct sock *a = lite_of(d->one, ways[k].from, 5000), *b = lite_of(d->two, ways[k].to, 7);
		static const int covers[] = { 0, 8, 9, 20, 1000, 65535 };
		static const unsigned lens[] = { 0, 1, 11, 12, 13, 3000 };
		assert_int_equal(set_int(b, LITE, RECV_CSCV, 8), 0);
		for (unsigned i = 0; i < ARRAY_SIZE(covers) * ARRAY_SIZE(lens); i++) {
			unsigned len = lens[i / ARRAY_SIZE(covers)];
			assert_int_equal(set_int(a, LITE, SEND_CSCV, covers[i % ARRAY_SIZE(covers)]), 0);
			assert_int_equal(send_to(d, a, out, len, ways[k].to, 7), len);
			expect(b, 0, len);
		}
		assert_int_equal(counted(d->two, true, k, UDP_N_IN_DATAGRAMS), 36);
		assert_int_equal(counted(d->one, true, k, UDP_N_OUT_DATAGRAMS), 36);
		assert_int_equal(set_int(b, LITE, RECV_CSCV, 21), 0);
		assert_int_equal(set_int(a, LITE, SEND_CSCV, 20), 0);
		assert_int_equal(send_to(d, a, out, 100, ways[k].to, 7), 100);
		expect_nothing(b);
		assert_int_equal(send_to(d, a, out, 12, ways[k].to, 7), 12); /* all of it */
		expect(b, 0, 12);
		assert_int_equal(counted(d->two, true, k, UDP_N_IN_ERRORS), 1);
		assert_int_equal(counted(d->two, true, k, UDP_N_IN_CSUM_ERRORS), 0);
		uint16_t node = node_find(d->two, k ? "udplite6-input" : "udplite4-input");
		assert_int_equal(graph_drops(d->two, node, DROP_UDPLITE_COVERAGE), 1);
		assert_int_equal(send_to(d, a, out, 12, ways[k].to, 9), 12);
		assert_int_equal(counted(d->two, true, k, UDP_N_NO_PORTS), 1);
		assert_int_equal(counted(d->two, false, k, UDP_N_NO_PORTS), 0);
		duo_free(d);
	}
}

/* Bytes that are not covered may change on their way (RFC 3828, 1), others not. */
static void udplite_forgives_where_it_does_not_cover(void **state)
{
	static const struct {
		unsigned at;
		bool heard;
	} hits[] = { { 7, false },
		     { 8, true },
		     { 60, true } }; /* of the payload, of which 8 bytes are covered */
	for (unsigned i = 0; i < ARRAY_SIZE(hits); i++) {
		struct duo *d = duo_start();
		struct sock *raw = open_of(d->one, AF_INET, SOCK_RAW, LITE);
		struct sock *b = lite_of(d->two, "10.0.0.2", 7);
		uint8_t msg[8 + 100] = { 0x13, 0x88, 0, 7, 0, 16 };
		uint32_t sum =
			csum_pseudo4((be32){ { 10, 0, 0, 1 } }, (be32){ { 10, 0, 0, 2 } }, LITE, sizeof msg);
		be16 csum = be16_of(csum_done_udp(csum_add(sum, csum_mem(msg, 16))));
		memcpy(msg + 6, &csum, sizeof csum);
		msg[8 + hits[i].at] ^= 1;
		assert_int_equal(set_int(b, LITE, RECV_CSCV, 16), 0);
		assert_int_equal(send_to(d, raw, msg, sizeof msg, "10.0.0.2", 0), sizeof msg);
		assert_int_equal(take(b, sizeof in, 0).n, hits[i].heard ? 100 : -EAGAIN);
		assert_int_equal(counted(d->two, true, 0, UDP_N_IN_CSUM_ERRORS), !hits[i].heard);
		duo_free(d);
	}
}

/* RFC 3828, 3.1: coverages that cannot be, and no sum. */
static void udplite_refuses_what_cannot_be(void **state)
{
	static const uint8_t covers[] = { 1, 7, 109, 255 };
	struct duo *d = duo_start();
	struct sock *raw = open_of(d->one, AF_INET, SOCK_RAW, LITE), *b = lite_of(d->two, "10.0.0.2", 7);
	uint8_t msg[8 + 100] = { 0x13, 0x88, 0, 7 };
	uint16_t node = node_find(d->two, "udplite4-input");
	for (unsigned i = 0; i < ARRAY_SIZE(covers); i++) {
		msg[5] = covers[i];
		assert_int_equal(send_to(d, raw, msg, sizeof msg, "10.0.0.2", 0), sizeof msg);
		assert_int_equal(graph_drops(d->two, node, DROP_UDPLITE_COVERAGE), i + 1);
	}
	msg[5] = 0;
	assert_int_equal(send_to(d, raw, msg, sizeof msg, "10.0.0.2", 0), sizeof msg);
	assert_int_equal(graph_drops(d->two, node, DROP_L4_CSUM), 1);
	assert_int_equal(send_to(d, raw, msg, 7, "10.0.0.2", 0), 7);
	assert_int_equal(graph_drops(d->two, node, DROP_TRUNCATED), 1);
	assert_int_equal(counted(d->two, true, 0, UDP_N_IN_ERRORS), ARRAY_SIZE(covers) + 2);
	expect_nothing(b);
	duo_free(d);
}

/* --- memory --- */

static void set_knob(struct leat_stack *st, const char *name, const char *value)
{
	char why[200] = "";
	assert_int_equal(sysctl_set(st, name, value, why, sizeof why), 0);
}

static unsigned read_all(struct sock *s)
{
	unsigned n = 0;
	while (take(s, sizeof in, 0).n >= 0)
		n++;
	return n;
}

/* Above the first number each socket has its least, above the last nobody anything. */
static void all_sockets_share_udp_mem(void **state)
{
	struct duo *d = duo_start();
	struct sock *a = udp_of(d->one, "10.0.0.1", 5000), *b[3];
	uint16_t deliver = node_find(d->two, "l4-deliver");
	set_knob(d->two, "net.ipv4.udp_mem", "16 24 32");
	set_knob(d->two, "net.ipv4.udp_rmem_min", "8192");
	for (unsigned i = 0; i < 3; i++)
		b[i] = udp_of(d->two, "10.0.0.2", (uint16_t)(7 + i));
	for (unsigned i = 0; i < 60; i++)
		assert_int_equal(send_to(d, a, out, 1000, "10.0.0.2", 7), 1000);
	uint64_t lost = graph_drops(d->two, deliver, DROP_SOCK_MEMORY);
	assert_in_range(lost, 10, 45);
	assert_int_equal(counted(d->two, false, 0, UDP_N_MEM_ERRORS), lost);
	assert_int_equal(counted(d->two, false, 0, UDP_N_IN_ERRORS), lost);
	assert_int_equal(graph_drops(d->two, deliver, DROP_SOCK_RCVBUF), 0);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(send_to(d, a, out, 1000, "10.0.0.2", 8), 1000);
	unsigned small = read_all(b[1]);
	assert_in_range(small, 1, 8); /* its least */
	assert_int_equal(read_all(b[0]), 60 - lost);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(send_to(d, a, out, 1000, "10.0.0.2", 9), 1000);
	assert_int_equal(read_all(b[2]), 5);
	set_knob(d->two, "net.ipv4.udp_mem", "0 0 0");
	for (unsigned i = 0; i < 60; i++)
		assert_int_equal(send_to(d, a, out, 1000, "10.0.0.2", 9), 1000);
	assert_in_range(read_all(b[2]), 0, 8);
	duo_free(d);
}

static void what_is_lost_is_told_with_what_follows(void **state)
{
	_Alignas(struct cmsghdr) char control[256];
	struct duo *d = duo_start();
	struct sock *a = udp_of(d->one, "10.0.0.1", 5000), *b = udp_of(d->two, "10.0.0.2", 7);
	assert_int_equal(set_int(b, SOL_SOCKET, SO_RCVBUF, 4000), 0);
	assert_int_equal(set_int(b, SOL_SOCKET, SO_RXQ_OVFL, 1), 0);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(send_to(d, a, out, 100, "10.0.0.2", 7), 100);
	unsigned n = read_all(b);
	assert_in_range(n, 1, 19);
	assert_int_equal(counted(d->two, false, 0, UDP_N_RCVBUF_ERRORS), 20 - n);
	assert_int_equal(counted(d->two, false, 0, UDP_N_IN_DATAGRAMS), n);
	assert_int_equal(send_to(d, a, out, 100, "10.0.0.2", 7), 100);
	struct sock_msg m = {
		.buf = in, .len = sizeof in, .control = control, .control_len = sizeof control
	};
	assert_int_equal(sock_recvmsg(b, &m, 0), 100);
	const struct cmsghdr *c = (const void *)control;
	assert_int_equal(c->cmsg_level, SOL_SOCKET);
	assert_int_equal(c->cmsg_type, SO_RXQ_OVFL);
	assert_int_equal(*(const uint32_t *)CMSG_DATA(c), 20 - n);
	duo_free(d);
}

TWICE(segments_arrive_one_by_one)
TWICE(segments_are_joined_for_who_asked)
TWICE(only_what_belongs_together_is_joined)
TWICE(a_group_hears_each_segment)
TWICE(segments_longer_than_the_way_are_refused)
TWICE(corked_parts_leave_as_one)
TWICE(udplite_covers_what_is_said)
TWICE(udplite_forgives_where_it_does_not_cover)
TWICE(udplite_refuses_what_cannot_be)
TWICE(all_sockets_share_udp_mem)
TWICE(what_is_lost_is_told_with_what_follows)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(segments_arrive_one_by_one),
		BOTH(segments_are_joined_for_who_asked),
		BOTH(only_what_belongs_together_is_joined),
		BOTH(a_group_hears_each_segment),
		BOTH(segments_longer_than_the_way_are_refused),
		BOTH(corked_parts_leave_as_one),
		BOTH(udplite_covers_what_is_said),
		BOTH(udplite_forgives_where_it_does_not_cover),
		BOTH(udplite_refuses_what_cannot_be),
		BOTH(all_sockets_share_udp_mem),
		BOTH(what_is_lost_is_told_with_what_follows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

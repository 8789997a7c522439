/* SPDX-License-Identifier: BSD-2-Clause */
/* Flow labels of what a stack sends, and what follows from them for whom it believes. */
#include "stack/path_rig.h"

static uint32_t next_label(struct rig *r)
{
	return ip6_flow_label((const struct ip6_hdr *)path_next(r).b);
}

static uint32_t label_of_datagram(struct rig *r, struct sock *s, const char *to)
{
	assert_int_equal(path_send(r, s, 100, to), 100);
	return next_label(r);
}

static struct ip_bytes ping(struct rig *r, uint32_t label)
{
	struct ip6_msg m = ip6_packet(FAR6, "2001:db8:1::1");
	struct frame f;
	m.flow = label;
	frame_ip6(&f, &r->a, &m, NULL, 0, 1440);
	rig_send(r, &r->a, &f);
	return path_next(r);
}

static uint32_t label_of(struct ip_bytes p)
{
	return ip6_flow_label((const struct ip6_hdr *)p.b);
}

static void autolabel(struct sock *s, int on)
{
	int is;
	socklen_t len = sizeof is;
	assert_int_equal(sock_setsockopt(s, IPPROTO_IPV6, IPV6_AUTOFLOWLABEL, &on, sizeof on), 0);
	assert_int_equal(sock_getsockopt(s, IPPROTO_IPV6, IPV6_AUTOFLOWLABEL, &is, &len), 0);
	assert_int_equal(is, on);
}

static void a_label_is_of_a_flow(void **state)
{
	struct rig *r = path_new(workers);
	struct sock *a = path_udp(r, "2001:db8:1::1", 5000), *b = path_udp(r, "2001:db8:1::1", 5001);
	uint32_t label = label_of_datagram(r, a, FAR6);
	assert_int_not_equal(label, 0);
	assert_int_equal(label_of_datagram(r, a, FAR6), label);
	assert_int_not_equal(label_of_datagram(r, b, FAR6), label);
	assert_int_not_equal(label_of_datagram(r, a, "2001:db8:9::a"), label);
	path_set(r, "net.ipv6.flowlabel_state_ranges", "1");
	assert_int_equal(label_of_datagram(r, a, FAR6), label | 0x80000);
	rig_free(r);
}

static void who_gets_one_is_said_by_the_stack_and_the_socket(void **state)
{
	static const struct {
		const char *how;
		bool unsaid, no, yes;
	} rows[] = {
		{ "0", false, false, false },
		{ "1", true, false, true },
		{ "2", false, false, true },
		{ "3", true, true, true },
	};
	struct rig *r = path_new(workers);
	struct sock *unsaid = path_udp(r, "2001:db8:1::1", 5000), *no = path_udp(r, "2001:db8:1::1", 5001),
		    *yes = path_udp(r, "2001:db8:1::1", 5002);
	autolabel(no, 0);
	autolabel(yes, 1);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		path_set(r, "net.ipv6.auto_flowlabels", rows[i].how);
		assert_int_equal(label_of_datagram(r, unsaid, FAR6) != 0, rows[i].unsaid);
		assert_int_equal(label_of_datagram(r, no, FAR6) != 0, rows[i].no);
		assert_int_equal(label_of_datagram(r, yes, FAR6) != 0, rows[i].yes);
		assert_int_equal(label_of(ping(r, 0)) != 0, rows[i].unsaid);
	}
	rig_free(r);
}

static void without_a_label_of_ours_nobody_is_believed(void **state)
{
	struct rig *r = path_new(workers);
	path_set(r, "net.ipv6.auto_flowlabels", "0");
	path_too_big(r, ping(r, 0x777), 1400);
	assert_int_equal(path_mtu(r, FAR6), 0);
	path_set(r, "net.ipv6.auto_flowlabels", "1");
	path_set(r, "net.ipv6.flowlabel_reflect", "4");
	struct ip_bytes reply = ping(r, 0x777);
	assert_int_equal(label_of(reply), 0x777);
	path_too_big(r, reply, 1400);
	assert_int_equal(path_mtu(r, FAR6), 0);
	reply = ping(r, 0); /* nothing to reflect */
	assert_int_not_equal(label_of(reply), 0);
	path_too_big(r, reply, 1400);
	assert_int_equal(path_mtu(r, FAR6), 1400);
	rig_free(r);
}

TWICE(a_label_is_of_a_flow)
TWICE(who_gets_one_is_said_by_the_stack_and_the_socket)
TWICE(without_a_label_of_ours_nobody_is_believed)

int main(void)
{
	workers = 1;
	const struct CMUnitTest tests[] = {
		BOTH(a_label_is_of_a_flow),
		BOTH(who_gets_one_is_said_by_the_stack_and_the_socket),
		BOTH(without_a_label_of_ours_nobody_is_believed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

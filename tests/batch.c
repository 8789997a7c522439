/* SPDX-License-Identifier: BSD-2-Clause */
/* Neighbouring packets with one routing key share one lookup, on their way in and out, and one call of the driver; packets of a
 * flow stay in order (W:B7, W:B6). The linker puts the counters of this file in front of the lookups (meson.build). */
#include "ip/ip.h"
#include "stack/rig.h"

enum { PACKETS = 128, HOSTS_MAX = 2 };

const struct fib_nh *__real_fib4_find(const struct fib *f, be32 dst);
const struct fib_nh *__real_fib6_find(const struct fib *f, const struct ip6 *dst);
bool __real_neigh_find(struct worker *w, uint32_t if_handle, uint8_t family, const struct ipaddr *next_hop,
		       struct neigh_hop *ret);
const struct fib_nh *__wrap_fib4_find(const struct fib *f, be32 dst);
const struct fib_nh *__wrap_fib6_find(const struct fib *f, const struct ip6 *dst);
bool __wrap_neigh_find(struct worker *w, uint32_t if_handle, uint8_t family, const struct ipaddr *next_hop,
		       struct neigh_hop *ret);

static unsigned routes, neighbours, kicks;

const struct fib_nh *__wrap_fib4_find(const struct fib *f, be32 dst)
{
	routes++;
	return __real_fib4_find(f, dst);
}
const struct fib_nh *__wrap_fib6_find(const struct fib *f, const struct ip6 *dst)
{
	routes++;
	return __real_fib6_find(f, dst);
}
bool __wrap_neigh_find(struct worker *w, uint32_t if_handle, uint8_t family, const struct ipaddr *next_hop,
		       struct neigh_hop *ret)
{
	neighbours++;
	return __real_neigh_find(w, if_handle, family, next_hop, ret);
}

static void counted_xmit(struct iface *ifc, struct worker *w, struct pkt *const *p, unsigned n)
{
	kicks++;
	rig_xmit(ifc, w, p, n);
}

static const struct iface_ops counted_ops = {
	.kind = "counted",
	.xmit = counted_xmit,
	.up = rig_up,
	.down = rig_nothing,
	.stop = rig_nothing,
	.free = rig_nothing,
};

static const char *const hosts[2][HOSTS_MAX] = { { "10.0.2.2", "10.0.2.3" },
						 { "2001:db8:2::2", "2001:db8:2::3" } };

static struct rig *router(void)
{
	struct rig *r = rig_new(workers, 0);
	r->b.ifc->ops = &counted_ops;
	for (unsigned family = 0; family < 2; family++)
		for (unsigned i = 0; i < HOSTS_MAX; i++)
			rig_neigh(r, &r->b, hosts[family][i]);
	return r;
}

/* Packet number `seq`; it is as many bytes longer, so that order can be seen. */
static struct pkt *packet(struct rig *r, bool v6, const char *dst, uint32_t seq)
{
	static struct frame f;
	if (v6) {
		struct ip6_msg ip = ip6_packet("2001:db8:1::2", dst);
		frame_ip6(&f, &r->a, &ip, NULL, 0, seq);
	} else {
		struct ip4_msg ip = ip4_packet("10.0.1.2", dst);
		frame_ip4(&f, &r->a, &ip, seq);
	}
	return rig_pkt(r, f.b, f.len, 0);
}

/* In one vector, to the two hosts by turns, `run` packets each. */
static void send_runs(struct rig *r, bool v6, unsigned run)
{
	struct pkt *p[PACKETS];
	for (unsigned i = 0; i < PACKETS; i++)
		p[i] = packet(r, v6, hosts[v6][i / run % HOSTS_MAX], i);
	manual_rt_settle(r->m);
	routes = neighbours = kicks = 0;
	iface_input(r->st->worker[0], r->a.ifc, p, PACKETS);
	manual_rt_settle(r->m);
}

static void expect_all_in_order(struct rig *r, bool v6, unsigned run)
{
	for (unsigned i = 0; i < PACKETS; i++) {
		const char *dst = hosts[v6][i / run % HOSTS_MAX];
		struct cursor body = v6 ? rig_expect_ip6(&r->b, "2001:db8:1::2", dst).body
					: rig_expect_ip4(&r->b, "10.0.1.2", dst).body;
		assert_int_equal(cur_left(&body), 8 + i);
	}
	rig_expect_silence(r);
}

static void check_runs(bool v6)
{
	static const unsigned runs[] = { 1, 8, 64, PACKETS };
	for (unsigned i = 0; i < ARRAY_SIZE(runs); i++) {
		struct rig *r = router();
		send_runs(r, v6, runs[i]);
		expect_all_in_order(r, v6, runs[i]);
		assert_int_equal(routes, PACKETS / runs[i]);
		assert_int_equal(neighbours, PACKETS / runs[i]);
		assert_int_equal(kicks, 1);
		rig_free(r);
	}
}

static void ipv4_packets_of_a_run_share_their_lookups(void **state)
{
	check_runs(false);
}

static void ipv6_packets_of_a_run_share_their_lookups(void **state)
{
	check_runs(true);
}

static void a_lone_packet_leaves_at_once(void **state)
{
	struct rig *r = router();
	struct pkt *p = packet(r, false, hosts[0][0], 10);
	uint64_t before = manual_rt_now_us(r->m);
	kicks = 0;
	rig_send_pkt(r, &r->a, p);
	rig_expect_ip4(&r->b, "10.0.1.2", hosts[0][0]);
	assert_int_equal(kicks, 1);
	assert_int_equal(manual_rt_now_us(r->m), before);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ipv4_packets_of_a_run_share_their_lookups),
		cmocka_unit_test(ipv6_packets_of_a_run_share_their_lookups),
		cmocka_unit_test(a_lone_packet_leaves_at_once),
	};
	workers = 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

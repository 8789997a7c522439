/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets of 100,000 flows through a whole stack with eight ways out: how they spread by each hash policy, and which of them move
 * when a way goes. */
#include "net/fib_hash.h"
#include "net/nexthop.h"
#include "net/sysctl.h"
#include "stack/rig.h"
#include "wire/udp.h"

enum { FLOWS = 100000, WAYS = 8, NOWAY = 0xff, PAYLOAD = 4 };

struct ways {
	struct rig *r;
	struct out {
		struct iface *ifc;
		struct ways *all;
		unsigned index;
	} out[WAYS];
	uint8_t way[FLOWS]; /* by which each flow left last */
	uint8_t was[FLOWS];
};

/* --- eight devices that note which flow they sent: its number is the end of the packet --- */

static void note(struct iface *ifc, struct worker *w, struct pkt *const *p, unsigned n)
{
	struct out *o = ifc->driver;
	for (unsigned i = 0; i < n; i++) {
		uint32_t flow = 0;
		struct cursor c = pkt_cursor(p[i]);
		assert_true(cur_skip(&c, p[i]->len - PAYLOAD) && cur_copy(&c, &flow, sizeof flow));
		if (flow < FLOWS)
			o->all->way[flow] = (uint8_t)o->index;
	}
	pkt_free_bulk(w->lc, p, n);
}

static void add_out(struct ways *s, unsigned k)
{
	static const struct iface_ops ops = { .kind = "note",
					      .xmit = note,
					      .up = rig_up,
					      .down = rig_nothing,
					      .stop = rig_nothing,
					      .free = rig_nothing };
	struct out *o = &s->out[k];
	struct iface_new how = { .ops = &ops,
				 .driver = o,
				 .hw_type = ARPHRD_ETHER,
				 .flags = IFF_BROADCAST | IFF_MULTICAST | IFF_NOARP,
				 .mtu = 1500,
				 .mtu_min = 68,
				 .mtu_max = 9000,
				 .mac = { 2, 0xee, 0, 0, 0, (uint8_t)k } };
	snprintf(how.name, sizeof how.name, "out%u", k);
	o->all = s;
	o->index = k;
	assert_int_equal(iface_add(s->r->st, &how, &o->ifc), 0);
	assert_int_equal(iface_set_up(o->ifc, true), 0);
}

static int begin(void **state)
{
	struct ways *s = calloc(1, sizeof *s);
	*state = s;
	s->r = rig_new(workers = 1, 0);
	for (unsigned k = 0; k < WAYS; k++)
		add_out(s, k);
	manual_rt_run(s->r->m, 5 * SEC);
	return 0;
}

static int end(void **state)
{
	struct ways *s = *state;
	rig_free(s->r);
	free(s);
	return 0;
}

static void set(struct ways *s, const char *knob, unsigned v)
{
	char why[128], text[16];
	snprintf(text, sizeof text, "%u", v);
	assert_int_equal(sysctl_set(s->r->st, knob, text, why, sizeof why), 0);
}

/* --- packets --- */

/* What tells flows apart. */
enum apart { BY_ADDRESS, BY_PORT, BY_INNER_ADDRESS };

static struct fib_flow flow_of(uint8_t family, enum apart apart, uint32_t k)
{
	uint32_t host = apart == BY_ADDRESS ? k : 0;
	struct fib_flow f = { .family = family, .proto = IP_PROTO_UDP, .sport = 1000, .dport = 53 };
	if (family == AF_INET) {
		f.src.v4 = be32_of(0xac100000 + host % 1000);
		f.dst.v4 = be32_of(0x14000000 + host / 1000);
	} else {
		f.src.v6 = ip6_of("2001:db8:1::2");
		f.dst.v6 = ip6_of("3001::1");
		memcpy(f.src.b + 8, &(be32[]){ be32_of(host % 1000 + 1) }, 4);
		memcpy(f.dst.b + 8, &(be32[]){ be32_of(host / 1000 + 1) }, 4);
	}
	if (apart == BY_PORT) {
		f.sport = (uint16_t)(1024 + k % 50000);
		f.dport = (uint16_t)(k / 50000 + 1);
	}
	return f;
}

static void put_ip(struct frame *f, const struct fib_flow *flow, uint8_t proto, uint32_t body)
{
	if (flow->family == AF_INET) {
		struct ip4_hdr h = { .ver_ihl = 0x45,
				     .len = be16_of((uint16_t)(sizeof h + body)),
				     .ttl = 64,
				     .proto = proto,
				     .src = flow->src.v4,
				     .dst = flow->dst.v4 };
		ip4_csum_set(&h);
		frame_put(f, &h, sizeof h);
	} else {
		struct ip6_hdr h = { .ver_tc_flow = be32_of(6u << 28),
				     .payload_len = be16_of((uint16_t)body),
				     .next = proto,
				     .hop_limit = 64,
				     .src = flow->src.v6,
				     .dst = flow->dst.v6 };
		frame_put(f, &h, sizeof h);
	}
}

static void put_udp(struct frame *f, const struct fib_flow *flow, uint32_t k)
{
	struct udp_hdr u = { .sport = be16_of(flow->sport),
			     .dport = be16_of(flow->dport),
			     .len = be16_of(sizeof u + PAYLOAD) };
	put_ip(f, flow, IP_PROTO_UDP, sizeof u + PAYLOAD);
	frame_put(f, &u, sizeof u);
	frame_put(f, &k, sizeof k);
}

static uint32_t ip_len(uint8_t family)
{
	return family == AF_INET ? sizeof(struct ip4_hdr) : sizeof(struct ip6_hdr);
}

static void make(struct ways *s, struct frame *f, uint8_t family, enum apart apart, uint32_t k)
{
	struct fib_flow flow = flow_of(family, apart, k);
	frame_eth(f, &s->r->a, NULL, family == AF_INET ? ETH_P_IP : ETH_P_IPV6);
	if (apart != BY_INNER_ADDRESS) {
		put_udp(f, &flow, k);
		return;
	}
	struct fib_flow inner = flow_of(family, BY_ADDRESS, k);
	put_ip(f, &flow, family == AF_INET ? IP_PROTO_IPIP : IP_PROTO_IPV6,
	       ip_len(family) + (uint32_t)sizeof(struct udp_hdr) + PAYLOAD);
	put_udp(f, &inner, k);
}

static void send_all(struct ways *s, uint8_t family, enum apart apart)
{
	static struct frame f;
	struct worker *w = s->r->st->worker[0];
	struct pkt *p[PKT_VEC_MAX];
	memset(s->way, NOWAY, sizeof s->way);
	manual_rt_settle(s->r->m);
	for (uint32_t k = 0; k < FLOWS;) {
		unsigned n = 0;
		for (; n < PKT_VEC_MAX && k < FLOWS; n++, k++) {
			make(s, &f, family, apart, k);
			p[n] = rig_pkt(s->r, f.b, f.len, 0);
		}
		iface_input(w, s->r->a.ifc, p, n);
		manual_rt_settle(s->r->m);
	}
}

/* Within 2 % of all flows of what the weights say. */
static void check_spread(const struct ways *s, const unsigned *weight)
{
	unsigned n[WAYS] = { 0 }, total = 0;
	for (uint32_t k = 0; k < FLOWS; k++) {
		assert_int_not_equal(s->way[k], NOWAY);
		n[s->way[k]]++;
	}
	for (unsigned w = 0; w < WAYS; w++)
		total += weight[w];
	for (unsigned w = 0; w < WAYS; w++) {
		double want = (double)FLOWS * weight[w] / total;
		assert_true(n[w] > want * 0.98 - FLOWS * 0.002 && n[w] < want * 1.02 + FLOWS * 0.002);
	}
}

/* --- routes --- */

static void add_route(struct ways *s, uint8_t family, const unsigned *weight)
{
	struct fib_hop hop[WAYS];
	struct fib_route r = { .family = family,
			       .plen = 8,
			       .table = RT_TABLE_MAIN,
			       .protocol = RTPROT_STATIC,
			       .metric = family == AF_INET6 ? 1024 : 0,
			       .nh.type = RTN_UNICAST,
			       .n_hops = WAYS,
			       .hops = hop };
	r.dst = ipaddr_of(family == AF_INET ? "20.0.0.0" : "3000::", &r.family);
	for (unsigned k = 0; k < WAYS; k++) {
		hop[k] = (struct fib_hop){ .if_handle = s->out[k].ifc->handle,
					   .weight = (uint16_t)weight[k],
					   .flags = family == AF_INET ? RTNH_F_ONLINK : 0 };
		hop[k].gw = ipaddr_of(family == AF_INET ? "10.99.0.1" : "fe80::99", &hop[k].gw_family);
	}
	assert_int_equal(fib_add(s->r->st, &r, FIB_REPLACE, NULL), 0);
	manual_rt_settle(s->r->m);
}

static const unsigned weights[WAYS] = { 1, 2, 3, 4, 5, 6, 7, 8 };
static const unsigned equal[WAYS] = { 1, 1, 1, 1, 1, 1, 1, 1 };

static void flows_spread_by_every_policy(void **state)
{
	static const struct {
		unsigned policy, fields;
		enum apart apart;
	} cases[] = {
		{ FIB_SPREAD_L3, 0, BY_ADDRESS },
		{ FIB_SPREAD_L4, 0, BY_PORT },
		{ FIB_SPREAD_INNER, 0, BY_INNER_ADDRESS },
		{ FIB_SPREAD_CUSTOM, FIB_HASH_SPORT | FIB_HASH_DPORT, BY_PORT },
		{ FIB_SPREAD_CUSTOM, (FIB_HASH_SRC | FIB_HASH_DST) << FIB_HASH_INNER_SHIFT,
		  BY_INNER_ADDRESS },
	};
	struct ways *s = *state;
	for (unsigned six = 0; six < 2; six++) {
		add_route(s, six ? AF_INET6 : AF_INET, weights);
		for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
			set(s,
			    six ? "net.ipv6.fib_multipath_hash_policy" : "net.ipv4.fib_multipath_hash_policy",
			    cases[i].policy);
			if (cases[i].fields)
				set(s,
				    six ? "net.ipv6.fib_multipath_hash_fields"
					: "net.ipv4.fib_multipath_hash_fields",
				    cases[i].fields);
			send_all(s, six ? AF_INET6 : AF_INET, cases[i].apart);
			check_spread(s, weights);
		}
	}
}

static void what_a_policy_does_not_name_makes_no_flow(void **state)
{
	struct ways *s = *state;
	add_route(s, AF_INET, equal);
	send_all(s, AF_INET, BY_PORT); /* by addresses, of which there is one pair */
	for (uint32_t k = 1; k < FLOWS; k++)
		assert_int_equal(s->way[k], s->way[0]);
}

static void a_seed_makes_routers_choose_alike(void **state)
{
	struct ways *s = *state, *other = NULL;
	unsigned same = 0;
	assert_int_equal(begin((void **)&other), 0);
	other->r->st->hash_key.k[0] ^= 12345; /* what it would have drawn itself */
	add_route(s, AF_INET, equal);
	add_route(other, AF_INET, equal);
	send_all(s, AF_INET, BY_ADDRESS);
	send_all(other, AF_INET, BY_ADDRESS);
	for (uint32_t k = 0; k < FLOWS; k++)
		same += s->way[k] == other->way[k];
	assert_true(same < FLOWS / 4);
	set(s, "net.ipv4.fib_multipath_hash_seed", 4711);
	set(other, "net.ipv4.fib_multipath_hash_seed", 4711);
	send_all(s, AF_INET, BY_ADDRESS);
	send_all(other, AF_INET, BY_ADDRESS);
	assert_memory_equal(s->way, other->way, sizeof s->way);
	assert_int_equal(end((void **)&other), 0);
}

/* --- ICMP errors --- */

/* "Too big" about the packets that come back, k being the flow's number. */
static void make_error(struct ways *s, struct frame *f, uint8_t family, enum apart apart, uint32_t k)
{
	struct fib_flow to = flow_of(family, apart, k), back = to, error = to;
	uint32_t body = 8 + ip_len(family) + (uint32_t)sizeof(struct udp_hdr) + PAYLOAD;
	uint8_t icmp[8] = { family == AF_INET ? 3 : 2, family == AF_INET ? 4 : 0 };
	back.src = to.dst;
	back.dst = to.src;
	back.sport = to.dport;
	back.dport = to.sport;
	error.src = ipaddr_of(family == AF_INET ? "172.31.9.9" : "2001:db8:1:ffff::9", &error.family);
	frame_eth(f, &s->r->a, NULL, family == AF_INET ? ETH_P_IP : ETH_P_IPV6);
	put_ip(f, &error, family == AF_INET ? IP_PROTO_ICMP4 : IP_PROTO_ICMP6, body);
	frame_put(f, icmp, sizeof icmp);
	put_udp(f, &back, k);
}

static void errors_follow(struct ways *s, uint8_t family, enum apart apart, unsigned policy)
{
	static struct frame f;
	set(s,
	    family == AF_INET6 ? "net.ipv6.fib_multipath_hash_policy" : "net.ipv4.fib_multipath_hash_policy",
	    policy);
	send_all(s, family, apart);
	check_spread(s, equal);
	memcpy(s->was, s->way, sizeof s->was);
	memset(s->way, NOWAY, sizeof s->way);
	for (uint32_t k = 0; k < 2000; k++) {
		make_error(s, &f, family, apart, k);
		rig_send(s->r, &s->r->a, &f);
		assert_int_equal(s->way[k], s->was[k]);
	}
}

static void errors_follow_the_flow_they_are_about(void **state)
{
	for (unsigned six = 0; six < 2; six++) {
		uint8_t family = six ? AF_INET6 : AF_INET;
		add_route(*state, family, equal);
		errors_follow(*state, family, BY_ADDRESS, FIB_SPREAD_L3);
		errors_follow(*state, family, BY_PORT, FIB_SPREAD_L4);
	}
}

/* --- gateways that do not answer --- */

static void set_state(struct ways *s, unsigned k, uint16_t state)
{
	struct neigh_info n = {
		.family = AF_INET, .if_handle = s->out[k].ifc->handle, .state = state, .has_mac = true
	};
	n.addr.v4 = ip4_of("10.99.0.1");
	n.mac[0] = 2;
	assert_int_equal(neigh_set(s->r->st, &n, NLM_F_CREATE | NLM_F_REPLACE), 0);
	manual_rt_settle(s->r->m);
}

/* Their flows go by the next one, others stay. */
static void check_passed_by(struct ways *s, unsigned k)
{
	memcpy(s->was, s->way, sizeof s->was);
	set_state(s, k, NUD_FAILED);
	send_all(s, AF_INET, BY_ADDRESS);
	for (uint32_t f = 0; f < FLOWS; f++)
		assert_int_equal(s->way[f], s->was[f] == k ? (k + 1) % WAYS : s->was[f]);
	set_state(s, k, NUD_PERMANENT);
	send_all(s, AF_INET, BY_ADDRESS);
	check_spread(s, equal);
}

static void gateways_that_do_not_answer_are_passed_by_on_demand(void **state)
{
	struct ways *s = *state;
	add_route(s, AF_INET, equal);
	for (unsigned k = 0; k < WAYS; k++)
		set_state(s, k, NUD_PERMANENT);
	send_all(s, AF_INET, BY_ADDRESS);
	memcpy(s->was, s->way, sizeof s->was);
	set_state(s, 2, NUD_FAILED);
	send_all(s, AF_INET, BY_ADDRESS);
	for (uint32_t f = 0; f < FLOWS; f++) /* first its way is asked for again */
		assert_true(s->way[f] == s->was[f] || (s->was[f] == 2 && s->way[f] == NOWAY));
	set(s, "net.ipv4.fib_multipath_use_neigh", 1);
	set_state(s, 2, NUD_PERMANENT);
	send_all(s, AF_INET, BY_ADDRESS);
	check_spread(s, equal);
	check_passed_by(s, 2);
	check_passed_by(s, WAYS - 1); /* the last one's go by the first */
}

/* --- resilient groups --- */

enum { GROUP = 100, FLOW_BUCKETS = 4096, IDLE_S = 120 };

static void add_nexthop(struct ways *s, uint8_t family, unsigned k)
{
	const char *why = NULL;
	struct nexthop_new how = {
		.nlm_flags = NLM_F_CREATE,
		.nh = { .id = k + 1, .family = family, .hop.if_handle = s->out[k].ifc->handle }
	};
	how.nh.hop.gw = ipaddr_of(family == AF_INET ? "10.99.0.1" : "fe80::99", &how.nh.hop.gw_family);
	assert_int_equal(nexthop_add(s->r->st, &how, &why), 0);
}

static void set_group(struct ways *s, unsigned n, unsigned nlm_flags)
{
	const char *why = NULL;
	struct nexthop_new how = { .nlm_flags = NLM_F_CREATE | nlm_flags,
				   .resilient = true,
				   .res = { .has_buckets = true,
					    .buckets = FLOW_BUCKETS,
					    .has_idle = true,
					    .idle_us = IDLE_S * (uint64_t)SEC },
				   .nh = { .id = GROUP, .is_group = true, .n_members = (uint16_t)n } };
	how.nh.members = mem_zalloc(&s->r->st->mem, n * sizeof *how.nh.members);
	for (unsigned k = 0; k < n; k++)
		how.nh.members[k] = (struct nexthop_member){ .id = k + 1, .weight = 1 };
	assert_int_equal(nexthop_add(s->r->st, &how, &why), 0);
}

static void add_route_by_group(struct ways *s, uint8_t family)
{
	struct fib_route r = { .family = family,
			       .plen = 8,
			       .table = RT_TABLE_MAIN,
			       .protocol = RTPROT_STATIC,
			       .nh = { .type = RTN_UNICAST, .nh_id = GROUP, .nh_family = family } };
	r.dst = ipaddr_of(family == AF_INET ? "20.0.0.0" : "3000::", &r.family);
	assert_int_equal(fib_add(s->r->st, &r, FIB_ADD, NULL), 0);
	manual_rt_settle(s->r->m);
}

static unsigned moved(const struct ways *s)
{
	unsigned n = 0;
	for (uint32_t k = 0; k < FLOWS; k++)
		n += s->way[k] != s->was[k];
	return n;
}

static void keep_flows(struct ways *s, uint8_t family)
{
	static const unsigned without_the_fourth[WAYS] = { 1, 1, 1, 0, 1, 1, 1, 1 };
	unsigned lost = 0;
	for (unsigned k = 0; k < WAYS; k++)
		add_nexthop(s, family, k);
	set_group(s, WAYS, 0);
	add_route_by_group(s, family);
	send_all(s, family, BY_ADDRESS);
	check_spread(s, equal);
	memcpy(s->was, s->way, sizeof s->was);
	nexthop_remove(s->r->st, nexthop_find(s->r->st, 4));
	send_all(s, family, BY_ADDRESS);
	check_spread(s, without_the_fourth);
	for (uint32_t k = 0; k < FLOWS; k++) {
		lost += s->was[k] == 3;
		if (s->was[k] != 3)
			assert_int_equal(s->way[k], s->was[k]);
	}
	assert_int_equal(moved(s), lost);
	/* It comes back: nobody moves who is alive, and who was idle for long enough does. */
	memcpy(s->was, s->way, sizeof s->was);
	add_nexthop(s, family, 3);
	set_group(s, WAYS, NLM_F_REPLACE);
	for (unsigned round = 0; round < 3; round++) {
		send_all(s, family, BY_ADDRESS);
		assert_int_equal(moved(s), 0);
		manual_rt_run(s->r->m, (IDLE_S - 20) * (uint64_t)SEC);
	}
	manual_rt_run(s->r->m, (IDLE_S + 1) * (uint64_t)SEC);
	send_all(s, family, BY_ADDRESS);
	check_spread(s, equal);
}

/* Linux: groups of nexthop objects need not be told. */
static void groups_pass_by_gateways_that_do_not_answer(void **state)
{
	struct ways *s = *state;
	const char *why = NULL;
	struct nexthop_new how = { .nlm_flags = NLM_F_CREATE,
				   .nh = { .id = GROUP, .is_group = true, .n_members = WAYS } };
	how.nh.members = mem_zalloc(&s->r->st->mem, WAYS * sizeof *how.nh.members);
	for (unsigned k = 0; k < WAYS; k++) {
		add_nexthop(s, AF_INET, k);
		set_state(s, k, NUD_PERMANENT);
		how.nh.members[k] = (struct nexthop_member){ .id = k + 1, .weight = 1 };
	}
	assert_int_equal(nexthop_add(s->r->st, &how, &why), 0);
	add_route_by_group(s, AF_INET);
	send_all(s, AF_INET, BY_ADDRESS);
	check_spread(s, equal);
	check_passed_by(s, 4);
}

static void a_living_flow_keeps_its_way4(void **state)
{
	keep_flows(*state, AF_INET);
}

static void a_living_flow_keeps_its_way6(void **state)
{
	keep_flows(*state, AF_INET6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(flows_spread_by_every_policy, begin, end),
		cmocka_unit_test_setup_teardown(what_a_policy_does_not_name_makes_no_flow, begin, end),
		cmocka_unit_test_setup_teardown(a_seed_makes_routers_choose_alike, begin, end),
		cmocka_unit_test_setup_teardown(errors_follow_the_flow_they_are_about, begin, end),
		cmocka_unit_test_setup_teardown(gateways_that_do_not_answer_are_passed_by_on_demand, begin,
						end),
		cmocka_unit_test_setup_teardown(groups_pass_by_gateways_that_do_not_answer, begin, end),
		cmocka_unit_test_setup_teardown(a_living_flow_keeps_its_way4, begin, end),
		cmocka_unit_test_setup_teardown(a_living_flow_keeps_its_way6, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

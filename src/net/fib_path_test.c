/* SPDX-License-Identifier: BSD-2-Clause */
#include "fib_path.c"

#include "net/fib_hash.h"
#include "net/net_test.h"

static const struct module *const modules[] = { &pkt_module, &graph_module, &iface_module, &fib_module,
						NULL };

NET_TEST_LIFE(modules)

enum { FLOWS = 100000, WAYS = 8 };

struct ways {
	struct iface *i[WAYS];
	struct fib_hop hop[WAYS];
	struct fib_route r;
};

static void make_ways(struct net_test *t, struct ways *s, uint8_t family)
{
	*s = (struct ways){ .r = { .family = family,
				   .table = RT_TABLE_MAIN,
				   .protocol = RTPROT_STATIC,
				   .nh = { .type = RTN_UNICAST, .metric[RTAX_MTU] = 1400 },
				   .n_hops = WAYS,
				   .hops = s->hop } };
	if (family == AF_INET)
		s->r.nh.scope = RT_SCOPE_LINK;
	for (unsigned k = 0; k < WAYS; k++) {
		char name[8];
		snprintf(name, sizeof name, "e%u", k);
		s->i[k] = net_test_iface(t, name);
		iface_set_up(s->i[k], true);
		s->hop[k] = (struct fib_hop){ .if_handle = s->i[k]->handle, .weight = (uint16_t)(k + 1) };
	}
	assert_int_equal(fib_add(t->st, &s->r, FIB_ADD, NULL), 0);
	manual_rt_settle(t->m);
}

static const struct fib_nh *look(struct net_test *t)
{
	manual_rt_settle(t->m);
	return fib4_lookup(t->st->worker[0], be32_of(0x0a000001));
}

static struct fib_flow flow4(unsigned k)
{
	return (struct fib_flow){ .family = AF_INET,
				  .src.v4 = be32_of(0xc0a80000 + k),
				  .dst.v4 = be32_of(0x0a000000 + k / 7),
				  .proto = 17,
				  .sport = (uint16_t)k,
				  .dport = 53 };
}

static unsigned way_of(const struct ways *s, const struct fib_nh *leg)
{
	for (unsigned k = 0; k < WAYS; k++)
		if (s->i[k] && leg->if_handle == s->i[k]->handle)
			return k;
	fail();
	return 0;
}

static void flows_spread_by_weight(void **state)
{
	struct net_test *t = *state;
	struct ways s;
	unsigned got[WAYS] = { 0 };
	make_ways(t, &s, AF_INET);
	const struct fib_nh *nh = look(t);
	assert_true(fib_nh_has_paths(nh));
	for (unsigned k = 0; k < FLOWS; k++) {
		const struct fib_flow f = flow4(k);
		const struct fib_nh *leg =
			fib_nh_path(t->st->worker[0], nh, fib_hash_flow(t->st->worker[0], &f));
		assert_ptr_equal(leg, fib_nh_path(t->st->worker[0], nh, fib_hash_flow(t->st->worker[0], &f)));
		assert_int_equal(leg->metric[RTAX_MTU], 1400); /* a way says all that the route does */
		assert_false(fib_nh_has_paths(leg));
		got[way_of(&s, leg)]++;
	}
	for (unsigned k = 0; k < WAYS; k++) {
		double want = FLOWS * (k + 1) / 36.0;
		assert_true(got[k] > want - FLOWS * 0.02 && got[k] < want + FLOWS * 0.02);
	}
}

static void a_dead_way_leaves_its_part_to_the_others(void **state)
{
	struct net_test *t = *state;
	struct ways s;
	make_ways(t, &s, AF_INET);
	iface_set_up(s.i[3], false);
	for (unsigned k = 0; k < 1000; k++)
		assert_int_not_equal(way_of(&s, fib_nh_path(t->st->worker[0], look(t), k * 4294967u)), 3);
	iface_set_up(s.i[3], true);
	bool back = false;
	for (unsigned k = 0; k < 1000; k++)
		back |= way_of(&s, fib_nh_path(t->st->worker[0], look(t), k * 4294967u)) == 3;
	assert_true(back);
	for (unsigned k = 0; k < WAYS; k++) { /* the last takes the route along */
		assert_non_null(look(t));
		iface_set_up(s.i[k], false);
	}
	assert_null(look(t));
}

static void an_interface_that_goes_takes_the_route_along(void **state)
{
	struct net_test *t = *state;
	struct ways s;
	make_ways(t, &s, AF_INET);
	assert_true(fib_nh_uses_if(look(t), s.i[5]->handle));
	assert_false(fib_nh_uses_if(look(t), 12345));
	iface_delete(s.i[5]);
	assert_null(look(t));
}

static void without_memory_nothing_is_left_behind(void **state)
{
	struct net_test *t = *state;
	struct ways s;
	unsigned failures = 0;
	make_ways(t, &s, AF_INET);
	for (unsigned k = 1; k < 3 * WAYS; k++) {
		assert_int_equal(fib_delete(t->st, &s.r), 0);
		assert_int_equal(fib_state(t->st)->nhs.count, 0);
		t->st->mem.fail_after = k;
		int err = fib_add(t->st, &s.r, FIB_ADD, NULL);
		t->st->mem.fail_after = 0;
		manual_rt_settle(t->m);
		if (!err) /* what failed can do without */
			continue;
		failures++;
		assert_int_equal(err, -ENOMEM);
		assert_int_equal(fib_state(t->st)->nhs.count, 0);
		assert_int_equal(fib_add(t->st, &s.r, FIB_ADD, NULL), 0);
	}
	assert_true(failures > WAYS);
}

static bool is_the_sixth(const struct worker *w, const struct fib_nh *nh, const void *ctx)
{
	const struct ways *s = ctx;
	return nh->if_handle == s->i[5]->handle;
}

static void a_way_that_fits_goes_first(void **state)
{
	struct net_test *t = *state;
	struct ways s;
	make_ways(t, &s, AF_INET);
	for (unsigned k = 0; k < 100; k++)
		assert_int_equal(way_of(&s, fib_path_that_fits(t->st->worker[0], look(t), k * 42949672u,
							       is_the_sixth, &s)),
				 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(flows_spread_by_weight, one_worker, teardown),
		cmocka_unit_test_setup_teardown(a_dead_way_leaves_its_part_to_the_others, one_worker,
						teardown),
		cmocka_unit_test_setup_teardown(an_interface_that_goes_takes_the_route_along, one_worker,
						teardown),
		cmocka_unit_test_setup_teardown(without_memory_nothing_is_left_behind, one_worker, teardown),
		cmocka_unit_test_setup_teardown(a_way_that_fits_goes_first, three_workers, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

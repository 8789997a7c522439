/* SPDX-License-Identifier: BSD-2-Clause */
#include "demux.c"

#include "l4/l4_test.h"

static struct l4_tuple tuple(const char *local, uint16_t lport, const char *remote, uint16_t rport)
{
	return (struct l4_tuple){ .proto = IPPROTO_UDP,
				  .in_if = 7,
				  .local = l4_test_addr(local, 0).a,
				  .remote = l4_test_addr(remote, 0).a,
				  .lport = lport,
				  .rport = rport };
}

static void most_specific_hears_it(void **state)
{
	struct net_test *t = *state;
	struct worker *w = t->st->worker[0];
	struct l4_end *six = l4_test_udp(t, AF_INET6, "::", 7);
	struct l4_tuple of = tuple("10.0.0.1", 7, "10.0.0.2", 9), other = tuple("10.0.0.1", 7, "10.0.0.2", 8);
	assert_ptr_equal(l4_find(w, &of), six);
	six->opt.v6only = true;
	assert_null(l4_find(w, &of));
	struct l4_end *any = l4_test_udp(t, AF_INET, "0.0.0.0", 7);
	any->opt.reuseaddr = true;
	assert_ptr_equal(l4_find(w, &of), any);
	struct l4_end *bound = l4_test_end(t, SOCK_DGRAM, AF_INET, IPPROTO_UDP), *connected;
	struct l4_addr at = l4_test_addr("10.0.0.1", 7);
	assert_int_equal(l4_take_port(bound, &at), -EADDRINUSE);
	bound->opt.reuseaddr = true;
	assert_int_equal(l4_take_port(bound, &at), 0);
	l4_hash(bound);
	assert_ptr_equal(l4_find(w, &of), bound);
	connected = l4_test_end(t, SOCK_DGRAM, AF_INET, IPPROTO_UDP);
	connected->opt.reuseaddr = true;
	assert_int_equal(l4_take_port(connected, &at), 0);
	l4_hash(connected);
	l4_test_connect(connected, "10.0.0.2", 9);
	assert_ptr_equal(l4_find(w, &of), connected);
	assert_ptr_equal(l4_find(w, &other), bound);
	l4_test_end_free(connected);
	l4_test_end_free(bound);
	assert_ptr_equal(l4_find(w, &of), any);
	l4_test_end_free(any);
	l4_test_end_free(six);
	assert_null(l4_find(w, &of));
}

static void interface_decides_among_equals(void **state)
{
	struct net_test *t = *state;
	struct worker *w = t->st->worker[0];
	struct l4_tuple of = tuple("10.0.0.1", 7, "10.0.0.2", 9);
	struct l4_end *here = l4_test_end(t, SOCK_DGRAM, AF_INET, IPPROTO_UDP);
	struct l4_end *there = l4_test_end(t, SOCK_DGRAM, AF_INET, IPPROTO_UDP);
	struct l4_addr at = l4_test_addr("10.0.0.1", 7);
	here->opt.bound_if = 7;
	there->opt.bound_if = 8;
	assert_int_equal(l4_take_port(here, &at), 0);
	l4_hash(here);
	assert_int_equal(l4_take_port(there, &at), 0); /* other interfaces have ports of their own */
	l4_hash(there);
	assert_ptr_equal(l4_find(w, &of), here);
	of.in_if = 8;
	assert_ptr_equal(l4_find(w, &of), there);
	of.in_if = 9;
	assert_null(l4_find(w, &of));
	of.in_if = L4_ANY_IF;
	assert_non_null(l4_find(w, &of));
	l4_test_end_free(here);
	l4_test_end_free(there);
}

static void sharing_is_by_flow(void **state)
{
	struct net_test *t = *state;
	struct l4_end *e[4];
	unsigned n[4] = { 0 };
	for (unsigned i = 0; i < 4; i++) {
		struct l4_addr at = l4_test_addr("0.0.0.0", 7);
		e[i] = l4_test_end(t, SOCK_DGRAM, AF_INET, IPPROTO_UDP);
		e[i]->opt.reuseport = true;
		assert_int_equal(l4_take_port(e[i], &at), 0);
		l4_hash(e[i]);
	}
	for (unsigned port = 1; port <= 1000; port++) {
		struct l4_tuple of = tuple("10.0.0.1", 7, "10.0.0.2", (uint16_t)port);
		struct l4_end *who = l4_find(t->st->worker[0], &of);
		assert_ptr_equal(l4_find(t->st->worker[t->st->n_workers - 1], &of), who);
		for (unsigned i = 0; i < 4; i++)
			n[i] += who == e[i];
	}
	for (unsigned i = 0; i < 4; i++) {
		assert_in_range(n[i], 150, 350);
		l4_test_end_free(e[i]);
	}
}

static unsigned hearers(struct net_test *t, const struct l4_tuple *of)
{
	unsigned n = 0;
	for (struct l4_end *e = NULL; (e = l4_find_next(t->st->worker[0], of, e));)
		n++;
	return n;
}

static void groups_are_heard_by_all_who_fit(void **state)
{
	struct net_test *t = *state;
	struct l4_tuple of = tuple("224.0.0.1", 7, "10.0.0.2", 9), six = tuple("ff02::1", 7, "fe80::1", 9);
	struct l4_end *any = l4_test_udp(t, AF_INET, "0.0.0.0", 7), *bound, *both;
	any->opt.reuseaddr = true;
	both = l4_test_end(t, SOCK_DGRAM, AF_INET6, IPPROTO_UDP);
	bound = l4_test_end(t, SOCK_DGRAM, AF_INET, IPPROTO_UDP);
	struct l4_addr at6 = l4_test_addr("::", 7), at = l4_test_addr("10.0.0.1", 7);
	both->opt.reuseaddr = bound->opt.reuseaddr = true;
	assert_int_equal(l4_take_port(both, &at6), 0);
	l4_hash(both);
	assert_int_equal(l4_take_port(bound, &at), 0);
	l4_hash(bound);
	assert_int_equal(hearers(t, &of), 2);
	assert_int_equal(hearers(t, &six), 1);
	l4_test_connect(any, "10.0.0.3", 9);
	assert_int_equal(hearers(t, &of), 1);
	l4_test_end_free(any);
	l4_test_end_free(both);
	l4_test_end_free(bound);
}

static void raw_ones_are_found_by_protocol_and_family(void **state)
{
	struct net_test *t = *state;
	struct worker *w = t->st->worker[0];
	struct l4_tuple of = tuple("10.0.0.1", 0, "10.0.0.2", 0);
	struct l4_end *a = l4_test_end(t, SOCK_RAW, AF_INET, 253),
		      *b = l4_test_end(t, SOCK_RAW, AF_INET6, 253);
	assert_null(l4_raw_next(w, &of, AF_INET, NULL));
	of.proto = 253;
	assert_ptr_equal(l4_raw_next(w, &of, AF_INET, NULL), a);
	assert_null(l4_raw_next(w, &of, AF_INET, a));
	assert_ptr_equal(l4_raw_next(w, &of, AF_INET6, NULL), b);
	assert_null(l4_find(w, &of));
	assert_int_equal(l4_stack(t->st)->n_raw, 2);
	assert_int_not_equal(ip_proto_rest(t->st, AF_INET, 253), 1); /* nobody else takes it */
	l4_test_end_free(a);
	l4_test_end_free(b);
	assert_int_equal(l4_stack(t->st)->n_raw, 0);
	assert_null(l4_raw_next(w, &of, AF_INET, NULL));
}

static void chosen_ports_stay_within_their_range_and_run_out(void **state)
{
	struct net_test *t = *state;
	uint32_t *range = l4_stack(t->st)->conf.ports;
	struct l4_end *e[11];
	range[0] = 40000;
	range[1] = 40009;
	for (unsigned i = 0; i < 11; i++) {
		struct l4_addr at = l4_test_addr("0.0.0.0", 0);
		e[i] = l4_test_end(t, SOCK_DGRAM, AF_INET, IPPROTO_UDP);
		e[i]->opt.reuseaddr = true; /* for ports one asks for */
		assert_int_equal(l4_take_port(e[i], &at), i < 10 ? 0 : -EADDRINUSE);
		if (i == 10)
			break;
		assert_in_range(e[i]->local.port, 40000, 40009);
		l4_hash(e[i]);
	}
	l4_test_end_free(e[4]);
	assert_int_equal(l4_autobind(e[10]), 0);
	e[4] = l4_test_end(t, SOCK_DGRAM, AF_INET, IPPROTO_UDP);
	assert_int_equal(l4_autobind(e[4]), -EAGAIN);
	for (unsigned i = 0; i < 11; i++)
		l4_test_end_free(e[i]);
}

static void those_that_stay_are_found_while_the_table_shrinks(void **state)
{
	enum { N = 4000 };
	struct net_test *t = *state;
	static struct l4_end *e[N];
	for (unsigned i = 0; i < N; i++)
		e[i] = l4_test_udp(t, AF_INET, "10.0.0.1", (uint16_t)(1000 + i));
	for (unsigned i = 0; i < N; i++) {
		struct l4_tuple gone = tuple("10.0.0.1", (uint16_t)(1000 + i), "10.0.0.2", 9);
		struct l4_tuple last = tuple("10.0.0.1", 1000 + N - 1, "10.0.0.2", 9);
		assert_ptr_equal(l4_find(t->st->worker[0], &last), e[N - 1]);
		l4_test_end_free(e[i]);
		assert_null(l4_find(t->st->worker[0], &gone));
		if (i % 100 == 0)
			manual_rt_settle(t->m);
	}
}

#define BOTH(test)                                                   \
	cmocka_unit_test_setup_teardown(test, one_worker, teardown), \
		cmocka_unit_test_setup_teardown(test, three_workers, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(most_specific_hears_it),
		BOTH(interface_decides_among_equals),
		BOTH(sharing_is_by_flow),
		BOTH(groups_are_heard_by_all_who_fit),
		BOTH(raw_ones_are_found_by_protocol_and_family),
		BOTH(chosen_ports_stay_within_their_range_and_run_out),
		BOTH(those_that_stay_are_found_while_the_table_shrinks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

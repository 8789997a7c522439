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
	six->v6only = true;
	assert_null(l4_find(w, &of));
	struct l4_end *any = l4_test_udp(t, AF_INET, "0.0.0.0", 7);
	l4_opts_own(any)->reuseaddr = true;
	assert_ptr_equal(l4_find(w, &of), any);
	struct l4_end *bound = l4_test_end(t, SOCK_DGRAM, AF_INET, IPPROTO_UDP), *connected;
	struct l4_addr at = l4_test_addr("10.0.0.1", 7);
	assert_int_equal(l4_take_port(bound, &at), -EADDRINUSE);
	l4_opts_own(bound)->reuseaddr = true;
	assert_int_equal(l4_take_port(bound, &at), 0);
	l4_hash(bound);
	assert_ptr_equal(l4_find(w, &of), bound);
	connected = l4_test_end(t, SOCK_DGRAM, AF_INET, IPPROTO_UDP);
	l4_opts_own(connected)->reuseaddr = true;
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
	l4_opts_own(here)->bound_if = 7;
	l4_opts_own(there)->bound_if = 8;
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
		l4_opts_own(e[i])->reuseport = true;
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

static struct l4_end *sharer(struct net_test *t, uint16_t port)
{
	struct l4_addr at = l4_test_addr("0.0.0.0", port);
	struct l4_end *e = l4_test_end(t, SOCK_DGRAM, AF_INET, IPPROTO_UDP);
	l4_opts_own(e)->reuseport = true;
	assert_int_equal(l4_take_port(e, &at), 0);
	l4_hash(e);
	return e;
}

/* Only the flows of who leaves move, and to all who stay; who comes takes his part of each. */
static void others_flows_stay_when_one_leaves_or_comes(void **state)
{
	enum { FLOWS = 3000 };
	struct net_test *t = *state;
	const struct worker *w = t->st->worker[0];
	struct l4_end *e[4], *first[FLOWS], *next[FLOWS];
	unsigned moved[4] = { 0 }, taken = 0;
	for (unsigned i = 0; i < 4; i++)
		e[i] = sharer(t, 7);
	for (unsigned i = 0; i < FLOWS; i++) {
		struct l4_tuple of = tuple("10.0.0.1", 7, "10.0.0.2", (uint16_t)(i + 1));
		first[i] = l4_find(w, &of);
	}
	l4_unhash(e[1]);
	for (unsigned i = 0; i < FLOWS; i++) {
		struct l4_tuple of = tuple("10.0.0.1", 7, "10.0.0.2", (uint16_t)(i + 1));
		next[i] = l4_find(w, &of);
		assert_ptr_not_equal(next[i], e[1]);
		if (first[i] != e[1])
			assert_ptr_equal(next[i], first[i]);
		for (unsigned k = 0; k < 4; k++)
			moved[k] += first[i] == e[1] && next[i] == e[k];
	}
	for (unsigned k = 0; k < 4; k++)
		assert_in_range(moved[k], k == 1 ? 0 : 150, k == 1 ? 0 : 350);
	struct l4_end *late = sharer(t, 7);
	for (unsigned i = 0; i < FLOWS; i++) {
		struct l4_tuple of = tuple("10.0.0.1", 7, "10.0.0.2", (uint16_t)(i + 1));
		struct l4_end *now = l4_find(w, &of);
		assert_true(now == next[i] || now == late);
		taken += now == late;
	}
	assert_in_range(taken, 600, 900);
	l4_test_end_free(late);
	for (unsigned i = 0; i < 4; i++)
		l4_test_end_free(e[i]);
}

/* SO_INCOMING_CPU: a worker counts as one. */
static void who_wants_this_workers_flows_gets_them(void **state)
{
	struct net_test *t = *state;
	struct l4_end *e[3];
	for (unsigned i = 0; i < 3; i++)
		e[i] = sharer(t, 7);
	l4_opts_own(e[1])->incoming_cpu = 0;
	l4_opts_own(e[2])->incoming_cpu = 99;
	for (unsigned port = 1; port < 100; port++) {
		struct l4_tuple of = tuple("10.0.0.1", 7, "10.0.0.2", (uint16_t)port);
		assert_ptr_equal(l4_find(t->st->worker[0], &of), e[1]);
	}
	l4_opts_own(e[1])->incoming_cpu = -1;
	l4_opts_settle(e[1]);
	l4_opts_own(e[0])->incoming_cpu = (int16_t)(t->st->n_workers - 1);
	for (unsigned port = 1; port < 100; port++) {
		struct l4_tuple of = tuple("10.0.0.1", 7, "10.0.0.2", (uint16_t)port);
		assert_ptr_equal(l4_find(t->st->worker[t->st->n_workers - 1], &of), e[0]);
	}
	for (unsigned i = 0; i < 3; i++)
		l4_test_end_free(e[i]);
}

/* Whoever is connected to the sender is no part of the group's choice. */
static void connected_ones_go_before_their_group(void **state)
{
	struct net_test *t = *state;
	const struct worker *w = t->st->worker[0];
	struct l4_end *a = sharer(t, 7), *b = sharer(t, 7), *c = sharer(t, 7);
	l4_test_connect(c, "10.0.0.2", 9);
	c->local.a = l4_test_addr("10.0.0.1", 0).a;
	l4_unhash(c);
	l4_hash(c);
	for (unsigned port = 1; port < 100; port++) {
		struct l4_tuple of = tuple("10.0.0.1", 7, "10.0.0.2", (uint16_t)port);
		assert_true((l4_find(w, &of) == c) == (port == 9));
	}
	l4_test_end_free(a);
	l4_test_end_free(b);
	l4_test_end_free(c);
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
	l4_opts_own(any)->reuseaddr = true;
	both = l4_test_end(t, SOCK_DGRAM, AF_INET6, IPPROTO_UDP);
	bound = l4_test_end(t, SOCK_DGRAM, AF_INET, IPPROTO_UDP);
	struct l4_addr at6 = l4_test_addr("::", 7), at = l4_test_addr("10.0.0.1", 7);
	l4_opts_own(both)->reuseaddr = l4_opts_own(bound)->reuseaddr = true;
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

/* As it arrives by interface 7, of the VRF 20; interface 8 is of the VRF 21, the numbers are handles. */
static struct l4_tuple in_vrf(struct l4_tuple of)
{
	of.vrf = 20;
	return of;
}

static struct l4_end *udp_on(struct net_test *t, uint32_t bound_if, const char *at, int want)
{
	struct l4_end *e = l4_test_end(t, SOCK_DGRAM, AF_INET, IPPROTO_UDP);
	struct l4_addr a = l4_test_addr(at, 7);
	l4_opts_own(e)->bound_if = bound_if;
	assert_int_equal(l4_take_port(e, &a), want);
	if (!want)
		l4_hash(e);
	return e;
}

/* Linux: udp_l3mdev_accept. */
static void sockets_of_no_interface_hear_a_vrf_on_demand(void **state)
{
	struct net_test *t = *state;
	const struct worker *w = t->st->worker[0];
	struct l4_tuple of = in_vrf(tuple("10.0.0.1", 7, "10.0.0.2", 9)), group = of, by_itself = of;
	struct l4_end *any = udp_on(t, 0, "0.0.0.0", 0);
	group.local = l4_test_addr("224.0.0.1", 0).a;
	by_itself.in_if = 20; /* from the VRF to itself */
	assert_null(l4_find(w, &of));
	assert_null(l4_find(w, &by_itself));
	assert_int_equal(hearers(t, &group), 0);
	l4_stack(t->st)->conf.udp_in_vrf = 1;
	assert_ptr_equal(l4_find(w, &of), any);
	assert_ptr_equal(l4_find(w, &by_itself), any);
	assert_int_equal(hearers(t, &group), 1);
	of.vrf = 0;
	l4_stack(t->st)->conf.udp_in_vrf = 0;
	assert_ptr_equal(l4_find(w, &of), any);
	l4_test_end_free(any);
}

/* SO_BINDTODEVICE to the VRF or to an interface in it. */
static void sockets_of_a_vrf_hear_all_its_interfaces(void **state)
{
	struct net_test *t = *state;
	const struct worker *w = t->st->worker[0];
	struct l4_tuple of = in_vrf(tuple("10.0.0.1", 7, "10.0.0.2", 9));
	struct l4_end *vrf = udp_on(t, 20, "0.0.0.0", 0), *other = udp_on(t, 21, "0.0.0.0", 0), *port;
	assert_ptr_equal(l4_find(w, &of), vrf);
	of.in_if = 20;
	assert_ptr_equal(l4_find(w, &of), vrf);
	of.in_if = 9; /* another one of the same VRF */
	assert_ptr_equal(l4_find(w, &of), vrf);
	port = udp_on(t, 7, "0.0.0.0", 0); /* Linux: as good as the VRF's, and younger */
	assert_ptr_equal(l4_find(w, &of), vrf);
	of.in_if = 7;
	assert_ptr_equal(l4_find(w, &of), port);
	of.in_if = 8;
	of.vrf = 21;
	assert_ptr_equal(l4_find(w, &of), other);
	l4_test_end_free(other);
	assert_null(l4_find(w, &of));
	of.vrf = 0; /* in none */
	assert_null(l4_find(w, &of));
	l4_test_end_free(vrf);
	l4_test_end_free(port);
}

/* Linux: udp_lib_lport_inuse(). Who is bound to no interface is in the way of all. */
static void vrfs_have_ports_of_their_own(void **state)
{
	struct net_test *t = *state;
	struct l4_end *red = udp_on(t, 20, "10.0.0.1", 0), *blue = udp_on(t, 21, "10.0.0.1", 0),
		      *in_red = udp_on(t, 7, "10.0.0.1", 0);
	l4_test_end_free(udp_on(t, 20, "0.0.0.0", -EADDRINUSE));
	l4_test_end_free(udp_on(t, 0, "10.0.0.1", -EADDRINUSE));
	l4_test_end_free(udp_on(t, 0, "0.0.0.0", -EADDRINUSE));
	l4_test_end_free(red);
	l4_test_end_free(blue);
	l4_test_end_free(in_red);
	struct l4_end *any = udp_on(t, 0, "0.0.0.0", 0);
	l4_test_end_free(udp_on(t, 20, "10.0.0.1", -EADDRINUSE));
	l4_test_end_free(any);
}

/* Linux: raw_l3mdev_accept, on from the start. */
static void raw_ones_hear_a_vrf_unless_told_otherwise(void **state)
{
	struct net_test *t = *state;
	const struct worker *w = t->st->worker[0];
	struct l4_tuple of = in_vrf(tuple("10.0.0.1", 0, "10.0.0.2", 0));
	struct l4_end *any = l4_test_end(t, SOCK_RAW, AF_INET, 253);
	of.proto = 253;
	assert_ptr_equal(l4_raw_next(w, &of, AF_INET, NULL), any);
	l4_stack(t->st)->conf.raw_in_vrf = 0;
	assert_null(l4_raw_next(w, &of, AF_INET, NULL));
	l4_opts_own(any)->bound_if = 20;
	assert_ptr_equal(l4_raw_next(w, &of, AF_INET, NULL), any);
	l4_opts_own(any)->bound_if = 21;
	assert_null(l4_raw_next(w, &of, AF_INET, NULL));
	l4_test_end_free(any);
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
		l4_opts_own(e[i])->reuseaddr = true; /* for ports one asks for */
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
		BOTH(others_flows_stay_when_one_leaves_or_comes),
		BOTH(who_wants_this_workers_flows_gets_them),
		BOTH(connected_ones_go_before_their_group),
		BOTH(groups_are_heard_by_all_who_fit),
		BOTH(raw_ones_are_found_by_protocol_and_family),
		BOTH(sockets_of_no_interface_hear_a_vrf_on_demand),
		BOTH(sockets_of_a_vrf_hear_all_its_interfaces),
		BOTH(vrfs_have_ports_of_their_own),
		BOTH(raw_ones_hear_a_vrf_unless_told_otherwise),
		BOTH(chosen_ports_stay_within_their_range_and_run_out),
		BOTH(those_that_stay_are_found_while_the_table_shrinks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

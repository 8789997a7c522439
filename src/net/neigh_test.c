/* SPDX-License-Identifier: BSD-2-Clause */
#include "neigh.c"

#include "net/net_test.h"

/* --- a protocol that remembers what it was asked, and a node where packets resume --- */

static struct {
	unsigned solicited, unicast, unreachable, worker;
	struct ipaddr target, hint;
} proto;
static unsigned n_out;
static uint64_t out_sum; /* of the packets' first bytes, in order: 1,2,3 gives 123 */

static void fake_solicit(struct worker *w, struct iface *out, const struct ipaddr *target, const uint8_t *mac,
			 const struct ipaddr *hint)
{
	proto.solicited++;
	proto.unicast += mac != NULL;
	proto.worker = w->index;
	proto.target = *target;
	proto.hint = *hint;
}
static void fake_unreachable(struct worker *w, struct pkt *p)
{
	proto.unreachable++;
	graph_drop(w, node_find(w->st, "fake-out"), p, DROP_NEIGH_FAILED);
}
static const struct neigh_proto fake_proto4 = { AF_INET, fake_solicit, fake_unreachable };
static const struct neigh_proto fake_proto6 = { AF_INET6, fake_solicit, fake_unreachable };

static void out_run(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	for (unsigned i = 0; i < v->n; i++) {
		n_out++;
		out_sum = out_sum * 10 + v->pkt[i]->data[0];
		next[i] = pkt_drop(v->pkt[i], DROP_CONSUMED);
	}
	vec_dispatch(w, v, next);
}
static const struct node out_node = { .name = "fake-out", .run = out_run };
static const struct node *const out_nodes[] = { &out_node, NULL };
static const struct module out_module = { .name = "fake-out", .id = MODULE_TEST, .nodes = out_nodes };
static const struct module *const modules[] = { &pkt_module,   &graph_module, &iface_module,
						&neigh_module, &out_module,   NULL };

struct test {
	struct net_test *t;
	struct iface *i;
	uint16_t out;
};

static struct test *test_new(unsigned n_workers)
{
	struct test *x = calloc(1, sizeof *x);
	x->t = net_test_new(n_workers, modules);
	neigh_proto_set(x->t->st, &fake_proto4);
	neigh_proto_set(x->t->st, &fake_proto6);
	x->i = net_test_iface(x->t, "e0");
	iface_set_up(x->i, true);
	x->out = node_find(x->t->st, "fake-out");
	memset(&proto, 0, sizeof proto);
	n_out = 0;
	out_sum = 0;
	return x;
}
static int one_worker(void **state)
{
	*state = test_new(1);
	return 0;
}
static int three_workers(void **state)
{
	*state = test_new(3);
	return 0;
}
static int teardown(void **state)
{
	struct test *x = *state;
	net_test_free(x->t);
	free(x);
	return 0;
}

static struct ipaddr ip(uint32_t host)
{
	return (struct ipaddr){ .v4 = be32_of(0x0a000000 + host) };
}
static const uint8_t mac1[6] = { 2, 1, 1, 1, 1, 1 }, mac2[6] = { 2, 2, 2, 2, 2, 2 };

static struct worker *worker(struct test *x, unsigned n)
{
	return x->t->st->worker[n];
}
/* As neigh-output does it. */
static bool send_to(struct test *x, unsigned n, uint32_t host, uint8_t byte)
{
	struct worker *w = worker(x, n);
	struct ipaddr a = ip(host);
	struct neigh_hop hop;
	struct pkt *p = pkt_new(w->lc);
	uint8_t bytes[20] = { byte, [12] = 10, 9, 9, 9 };
	assert_true(pkt_append(w->lc, p, bytes, sizeof bytes));
	p->ethertype = ETH_P_IP;
	p->l3_off = p->headroom;
	p->out_if = x->i->handle;
	if (neigh_find(w, x->i->handle, AF_INET, &a, &hop)) {
		pkt_free(w->lc, p);
		return true;
	}
	neigh_wait(w, x->i->handle, AF_INET, &a, p, x->out);
	return false;
}
static void hear_at(struct test *x, unsigned n, uint32_t host, const uint8_t *mac, unsigned flags)
{
	struct ipaddr a = ip(host);
	neigh_heard(worker(x, n), x->i->handle, AF_INET, &a, mac, flags);
	manual_rt_settle(x->t->m);
}
static struct neigh_info info(struct test *x, uint32_t host)
{
	struct ipaddr a = ip(host);
	struct neigh_info n = { 0 };
	neigh_get(x->t->st, x->i->handle, AF_INET, &a, &n);
	return n;
}
static uint8_t state_at(struct test *x, uint32_t host)
{
	manual_rt_settle(x->t->m);
	return info(x, host).state;
}
static void pass(struct test *x, double seconds)
{
	manual_rt_run(x->t->m, (uint64_t)(seconds * 1e6));
}
static uint64_t drops(struct test *x, enum drop why)
{
	return graph_drops(x->t->st, x->out, why);
}
enum {
	ANSWER = NEIGH_HEARD_SOLICITED | NEIGH_HEARD_OVERRIDE,
	REQUEST = NEIGH_HEARD_CREATE | NEIGH_HEARD_OVERRIDE
};

static void resolve(struct test *x, uint32_t host)
{
	send_to(x, 0, host, 0);
	manual_rt_settle(x->t->m);
	hear_at(x, 0, host, mac1, ANSWER);
	assert_int_equal(state_at(x, host), NUD_REACHABLE);
}

/* --- resolution --- */

static void the_first_packet_is_not_lost(void **state)
{
	struct test *x = *state;
	unsigned last = x->t->st->n_workers - 1;
	struct ipaddr src = { .b = { 10, 9, 9, 9 } };
	for (uint8_t k = 1; k <= 3; k++)
		assert_false(send_to(x, last, 1, k));
	manual_rt_settle(x->t->m);
	assert_int_equal(proto.solicited, 1);
	assert_int_equal(proto.worker, 0);
	assert_memory_equal(&proto.hint, &src, sizeof src);
	assert_int_equal(state_at(x, 1), NUD_INCOMPLETE);
	hear_at(x, 0, 1, mac1, ANSWER);
	assert_int_equal(n_out, 3);
	assert_int_equal(out_sum, 123);
	assert_true(send_to(x, last, 1, 0));
	assert_int_equal(state_at(x, 1), NUD_REACHABLE);
	assert_memory_equal(info(x, 1).mac, mac1, 6);
}

static void all_workers_get_their_packets_back(void **state)
{
	struct test *x = *state;
	for (unsigned n = 0; n < 3; n++)
		assert_false(send_to(x, n, 1, 1));
	manual_rt_settle(x->t->m);
	assert_int_equal(proto.solicited, 1); /* once for all */
	hear_at(x, 2, 1, mac1, ANSWER);
	assert_int_equal(n_out, 3);
}

static void who_does_not_answer_is_asked_three_times(void **state)
{
	struct test *x = *state;
	send_to(x, 0, 1, 1);
	manual_rt_settle(x->t->m);
	send_to(x, 0, 1, 2);
	pass(x, 2.9);
	assert_int_equal(proto.solicited, 3);
	assert_int_equal(state_at(x, 1), NUD_INCOMPLETE);
	assert_int_equal(info(x, 1).queued, 2);
	pass(x, 0.1);
	assert_int_equal(state_at(x, 1), NUD_FAILED);
	assert_int_equal(proto.solicited, 3);
	assert_int_equal(proto.unreachable, 2);
	assert_int_equal(drops(x, DROP_NEIGH_FAILED), 2);
	send_to(x, 0, 1, 3); /* asked anew */
	assert_int_equal(state_at(x, 1), NUD_INCOMPLETE);
	assert_int_equal(proto.solicited, 4);
	hear_at(x, 0, 1, mac1, ANSWER);
	assert_int_equal(out_sum, 3);
}

static void do_nothing(struct lcore *at, const struct msg *m)
{
}

/* Until not even a reserve is left: what is said now is lost. */
static void spend_all(struct test *x, struct lcore *from, struct lcore *to)
{
	const struct msg m = { .fn = do_nothing };
	pkt_free(worker(x, 0)->lc, pkt_new(worker(x, 0)->lc)); /* the pool has some already */
	x->t->rt->mem.limit_bytes = x->t->rt->mem.used_bytes;
	while (lcore_post(from, to, &m)) {}
}

static void a_question_lost_for_memory_is_asked_again(void **state)
{
	struct test *x = *state;
	spend_all(x, worker(x, 0)->lc, x->t->rt->ctl);
	send_to(x, 0, 1, 7);
	assert_int_equal(worker_of(worker(x, 0))->unasked, 1);
	x->t->rt->mem.limit_bytes = 0;
	pass(x, 4);
	assert_int_equal(proto.solicited, 0);
	pass(x, 2);
	assert_true(proto.solicited > 0);
	hear_at(x, 0, 1, mac1, ANSWER);
	assert_int_equal(out_sum, 7);
	pass(x, 20);
	assert_false(timer_is_set(&worker_of(worker(x, 0))->again));
}

static void an_answer_lost_for_memory_is_asked_for_again(void **state)
{
	struct test *x = *state;
	struct ipaddr a = ip(1);
	send_to(x, 0, 1, 7);
	manual_rt_settle(x->t->m);
	neigh_heard(worker(x, 0), x->i->handle, AF_INET, &a, mac1, ANSWER);
	spend_all(x, x->t->rt->ctl, worker(x, 0)->lc);
	lcore_turn(x->t->rt->ctl);
	assert_int_equal(state_at(x, 1), NUD_REACHABLE);
	x->t->rt->mem.limit_bytes = 0;
	manual_rt_settle(x->t->m);
	assert_int_equal(n_out, 0);
	pass(x, 11);
	assert_int_equal(out_sum, 7);
}

static void the_oldest_in_a_full_queue_goes(void **state)
{
	struct test *x = *state;
	for (unsigned k = 0; k < NEIGH_QUEUE_MAX + 5; k++)
		send_to(x, 0, 1, k < 5 ? 9 : 0);
	assert_int_equal(drops(x, DROP_NEIGH_QUEUE_FULL), 5);
	manual_rt_settle(x->t->m);
	hear_at(x, 0, 1, mac1, ANSWER);
	assert_int_equal(n_out, NEIGH_QUEUE_MAX);
	assert_int_equal(out_sum, 0); /* no nine among them */
}

static void a_worker_parks_only_so_many(void **state)
{
	struct test *x = *state;
	unsigned sent = 0;
	for (uint32_t host = 1; host <= 60; host++)
		for (unsigned k = 0; k < 100; k++, sent++)
			send_to(x, 0, host, 0);
	assert_int_equal(worker_of(worker(x, 0))->parked, NEIGH_WORKER_QUEUE_MAX);
	assert_int_equal(drops(x, DROP_NEIGH_QUEUE_FULL), sent - NEIGH_WORKER_QUEUE_MAX);
}

static void queues_do_not_run_short(void **state)
{
	struct test *x = *state;
	for (uint32_t host = 1; host <= NEIGH_STRANGERS; host++) {
		send_to(x, 0, host, 0);
		if (host % 32 == 0)
			manual_rt_settle(x->t->m);
	}
	assert_int_equal(drops(x, DROP_NEIGH_TABLE_FULL), 0);
	assert_int_equal(worker_of(worker(x, 0))->parked, NEIGH_STRANGERS);
	assert_int_equal(proto.solicited, NEIGH_SOLICIT_BURST);
	pass(x, 0.5);
	assert_int_equal(proto.solicited, NEIGH_STRANGERS); /* the others a little later */
	for (uint32_t host = 801; host <= 3000; host++) /* all in one turn */
		send_to(x, 0, host, 0);
	assert_true(drops(x, DROP_NEIGH_TABLE_FULL) > 0);
}

/* --- the states of RFC 4861 --- */

static void what_is_used_is_asked_again_and_stays(void **state)
{
	struct test *x = *state;
	resolve(x, 1);
	pass(x, 46); /* beyond 1.5 times 30 s */
	assert_int_equal(state_at(x, 1), NUD_STALE);
	assert_true(send_to(x, 0, 1, 0)); /* stale still carries */
	assert_int_equal(state_at(x, 1), NUD_DELAY);
	pass(x, 4.9);
	assert_int_equal(proto.unicast, 0);
	pass(x, 0.2);
	assert_int_equal(state_at(x, 1), NUD_PROBE);
	assert_int_equal(proto.unicast, 1);
	assert_true(send_to(x, 0, 1, 0));
	hear_at(x, 0, 1, mac1, ANSWER);
	assert_int_equal(state_at(x, 1), NUD_REACHABLE);
}

static void busy_ones_go_from_reachable_to_delay(void **state)
{
	struct test *x = *state;
	resolve(x, 1);
	for (unsigned k = 0; k < 100 && state_at(x, 1) == NUD_REACHABLE; k++) {
		pass(x, 0.5);
		assert_true(send_to(x, x->t->st->n_workers - 1, 1, 0));
	}
	assert_int_equal(state_at(x, 1), NUD_DELAY);
	pass(x, 5);
	assert_int_equal(state_at(x, 1), NUD_PROBE);
	pass(x, 3);
	assert_int_equal(state_at(x, 1), NUD_FAILED);
	assert_int_equal(proto.unicast, 3);
	assert_false(send_to(x, 0, 1, 0));
}

static void stale_is_told_once_each_time(void **state)
{
	struct test *x = *state;
	for (unsigned round = 0; round < 3; round++) {
		resolve(x, 1);
		pass(x, 50);
		assert_int_equal(state_at(x, 1), NUD_STALE);
		for (unsigned k = 0; k < 5; k++)
			assert_true(send_to(x, 0, 1, 0));
		assert_int_equal(state_at(x, 1), NUD_DELAY);
		hear_at(x, 0, 1, mac1, ANSWER);
	}
}

static void requests_to_us_make_stale_entries(void **state)
{
	struct test *x = *state;
	hear_at(x, 0, 1, mac1, NEIGH_HEARD_OVERRIDE);
	assert_int_equal(state_at(x, 1), 0); /* overheard: nothing is made of it */
	hear_at(x, 0, 1, mac1, REQUEST);
	assert_int_equal(state_at(x, 1), NUD_STALE);
	assert_true(send_to(x, 0, 1, 0));
}

static void rfc_4861_7_2_5(void **state)
{
	struct test *x = *state;
	x->i->conf.neigh[0].override_probe_ms = 0; /* else neigh_claim_test.c */
	resolve(x, 1);
	hear_at(x, 0, 1, mac2, NEIGH_HEARD_IS_ROUTER_KNOWN); /* another address, no override: doubt */
	assert_int_equal(state_at(x, 1), NUD_STALE);
	assert_memory_equal(info(x, 1).mac, mac1, 6);
	hear_at(x, 0, 1, mac2, NEIGH_HEARD_SOLICITED); /* now not even that */
	assert_int_equal(state_at(x, 1), NUD_STALE);
	assert_memory_equal(info(x, 1).mac, mac1, 6);
	hear_at(x, 0, 1, mac2, NEIGH_HEARD_OVERRIDE);
	assert_int_equal(state_at(x, 1), NUD_STALE);
	assert_memory_equal(info(x, 1).mac, mac2, 6);
	hear_at(x, 0, 1, NULL, NEIGH_HEARD_SOLICITED | NEIGH_HEARD_IS_ROUTER_KNOWN | NEIGH_HEARD_ROUTER);
	assert_int_equal(state_at(x, 1), NUD_REACHABLE);
	assert_memory_equal(info(x, 1).mac, mac2, 6);
	assert_int_equal(info(x, 1).flags, NTF_ROUTER);
	hear_at(x, 0, 1, mac2, NEIGH_HEARD_IS_ROUTER_KNOWN);
	assert_int_equal(info(x, 1).flags, 0);
	assert_int_equal(state_at(x, 1), NUD_REACHABLE);
	send_to(x, 0, 2, 0);
	manual_rt_settle(x->t->m);
	hear_at(x, 0, 2, NULL, NEIGH_HEARD_SOLICITED);
	assert_int_equal(state_at(x, 2), NUD_INCOMPLETE); /* no address to go with it */
	hear_at(x, 0, 2, mac1, 0);
	assert_int_equal(state_at(x, 2), NUD_STALE); /* unasked, but better than none */
}

/* --- the administrator --- */

static int set(struct test *x, uint32_t host, uint8_t state, const uint8_t *mac, unsigned nlm_flags)
{
	struct neigh_info n = {
		.if_handle = x->i->handle, .family = AF_INET, .addr = ip(host), .state = state
	};
	if (mac) {
		memcpy(n.mac, mac, 6);
		n.has_mac = true;
	}
	return neigh_set(x->t->st, &n, nlm_flags);
}

static void the_administrators_word_stands(void **state)
{
	struct test *x = *state;
	struct ipaddr a = ip(1);
	assert_int_equal(set(x, 1, NUD_PERMANENT, mac1, 0), -ENOENT);
	assert_int_equal(set(x, 1, NUD_PERMANENT, NULL, NLM_F_CREATE), -EINVAL);
	assert_int_equal(set(x, 1, NUD_PERMANENT | NUD_STALE, mac1, NLM_F_CREATE), -EINVAL);
	assert_int_equal(state_at(x, 1), 0);
	assert_int_equal(set(x, 1, NUD_PERMANENT, mac1, NLM_F_CREATE | NLM_F_EXCL),
			 -EEXIST); /* Linux: the refused one is there, without a state */
	assert_int_equal(set(x, 1, NUD_PERMANENT, mac1, NLM_F_CREATE | NLM_F_REPLACE), 0);
	assert_int_equal(set(x, 1, NUD_PERMANENT, mac2, NLM_F_CREATE | NLM_F_EXCL), -EEXIST);
	hear_at(x, 0, 1, mac2, ANSWER);
	pass(x, 1000);
	assert_memory_equal(info(x, 1).mac, mac1, 6);
	assert_int_equal(state_at(x, 1), NUD_PERMANENT);
	assert_int_equal(set(x, 1, NUD_PERMANENT, mac2, NLM_F_CREATE), 0); /* without replace: as it was */
	assert_memory_equal(info(x, 1).mac, mac1, 6);
	assert_int_equal(set(x, 1, NUD_REACHABLE, mac2, NLM_F_REPLACE), 0);
	assert_int_equal(state_at(x, 1), NUD_REACHABLE);
	assert_memory_equal(info(x, 1).mac, mac2, 6);
	assert_int_equal(neigh_delete(x->t->st, x->i->handle, AF_INET, &a), 0);
	assert_int_equal(neigh_delete(x->t->st, x->i->handle, AF_INET, &a), -ENOENT);
	assert_false(send_to(x, 0, 1, 0));
}

static void a_set_address_frees_what_waits(void **state)
{
	struct test *x = *state;
	send_to(x, 0, 1, 7);
	manual_rt_settle(x->t->m);
	assert_int_equal(set(x, 1, NUD_PERMANENT, mac1, NLM_F_CREATE | NLM_F_REPLACE), 0);
	manual_rt_settle(x->t->m);
	assert_int_equal(out_sum, 7);
	struct ipaddr a = ip(2);
	send_to(x, 0, 2, 8);
	manual_rt_settle(x->t->m);
	assert_int_equal(neigh_delete(x->t->st, x->i->handle, AF_INET, &a), 0);
	manual_rt_settle(x->t->m);
	assert_int_equal(drops(x, DROP_NEIGH_FAILED), 1);
}

/* --- bounds --- */

static void a_scan_evicts_nobody_alive(void **state)
{
	struct test *x = *state;
	for (uint32_t host = 1; host <= 20; host++)
		resolve(x, host);
	assert_int_equal(set(x, 21, NUD_PERMANENT, mac1, NLM_F_CREATE), 0);
	for (uint32_t host = 1000; host < 6000; host++) {
		send_to(x, 0, host, 0);
		pass(x, 0.0001);
	}
	assert_in_range(neigh_state(x->t->st)->n[0][NEIGH_STRANGER], 100, NEIGH_STRANGERS);
	assert_int_equal(neigh_state(x->t->st)->n[0][NEIGH_KNOWN], 20);
	assert_int_equal(neigh_state(x->t->st)->n[0][NEIGH_EXEMPT], 1);
	for (uint32_t host = 1; host <= 21; host++)
		assert_true(send_to(x, 0, host, 0));
	assert_int_equal(state_at(x, 1000), 0); /* the oldest of the scan */
	assert_true(drops(x, DROP_NEIGH_TABLE_FULL) > 3000);
}

static void strangers_who_ask_leave_room_for_the_answer_of_a_neighbour(void **state)
{
	struct test *x = *state;
	struct ipaddr known = ip(1);
	resolve(x, 1);
	pass(x, 46);
	assert_int_equal(state_at(x, 1), NUD_STALE);
	for (uint32_t host = 1000; host < 2000; host++) { /* faster than control can hear them */
		struct ipaddr a = ip(host);
		neigh_heard(worker(x, 0), x->i->handle, AF_INET, &a, mac2, REQUEST);
	}
	neigh_heard(worker(x, 0), x->i->handle, AF_INET, &known, mac1, ANSWER);
	assert_int_equal(state_at(x, 1), NUD_REACHABLE);
	assert_in_range(state_at(x, 1000), NUD_INCOMPLETE, NUD_PERMANENT);
	assert_int_equal(info(x, 1999).state, 0);
}

static void a_newcomer_is_refused_by_a_live_table(void **state)
{
	struct test *x = *state;
	for (uint32_t host = 1; host <= NEIGH_MAX; host++)
		assert_int_equal(set(x, host, NUD_REACHABLE, mac1, NLM_F_CREATE), 0);
	send_to(x, 0, 5000, 0);
	manual_rt_settle(x->t->m);
	assert_int_equal(drops(x, DROP_NEIGH_TABLE_FULL), 1);
	assert_int_equal(set(x, 5000, NUD_REACHABLE, mac1, NLM_F_CREATE), -ENOBUFS);
	assert_int_equal(set(x, 5000, NUD_PERMANENT, mac1, NLM_F_CREATE), 0);
	pass(x, 50); /* all stale */
	for (uint32_t host = 2; host <= NEIGH_MAX; host++)
		assert_true(send_to(x, 0, host, 0)); /* all but the first in use */
	send_to(x, 0, 5001, 0);
	send_to(x, 0, 5002, 0);
	assert_int_equal(state_at(x, 5001), NUD_INCOMPLETE);
	assert_int_equal(state_at(x, 1), NUD_STALE); /* until one of them answers */
	hear_at(x, 0, 5001, mac1, ANSWER);
	assert_int_equal(state_at(x, 5001), NUD_REACHABLE);
	assert_int_equal(state_at(x, 1), 0);
	hear_at(x, 0, 5002, mac1, ANSWER); /* all are in use now */
	assert_int_equal(state_at(x, 5002), 0);
}

static void idle_ones_are_forgotten_when_there_are_many(void **state)
{
	struct test *x = *state;
	for (uint32_t host = 1; host <= 200; host++)
		hear_at(x, 0, host, mac1, REQUEST);
	pass(x, 600);
	assert_int_equal(neigh_state(x->t->st)->n[0][NEIGH_STRANGER], NEIGH_FEW);
}

/* --- interfaces, dumps, saving --- */

static void an_interface_takes_its_neighbours_along(void **state)
{
	struct test *x = *state;
	resolve(x, 1);
	send_to(x, 0, 2, 0);
	assert_int_equal(set(x, 3, NUD_PERMANENT, mac1, NLM_F_CREATE), 0);
	manual_rt_settle(x->t->m);
	iface_set_carrier(x->i, false);
	manual_rt_settle(x->t->m);
	assert_int_equal(drops(x, DROP_IF_DOWN), 1);
	assert_int_equal(state_at(x, 1), 0);
	assert_int_equal(state_at(x, 3), NUD_PERMANENT);
	send_to(x, 0, 4, 0); /* nobody to ask */
	manual_rt_settle(x->t->m);
	assert_int_equal(drops(x, DROP_IF_DOWN), 2);
	iface_set_up(x->i, false);
	assert_int_equal(state_at(x, 3), 0);
	iface_set_carrier(x->i, true);
	iface_set_up(x->i, true);
	for (unsigned n = 0; n < x->t->st->n_workers; n++)
		send_to(x, n, 5, 0);
	uint32_t handle = x->i->handle;
	manual_rt_settle(x->t->m);
	iface_delete(x->i);
	manual_rt_settle(x->t->m);
	assert_int_equal(drops(x, DROP_IF_DOWN), 2 + x->t->st->n_workers); /* down comes before gone */
	struct ipaddr a = ip(5);
	assert_false(neigh_delete(x->t->st, handle, AF_INET, &a) == 0);
}

static void dumps_resume_by_position(void **state)
{
	struct test *x = *state;
	uint64_t pos = 0;
	struct neigh_info n;
	for (uint32_t host = 1; host <= 5; host++)
		assert_int_equal(set(x, host, NUD_PERMANENT, mac1, NLM_F_CREATE), 0);
	for (uint32_t host = 1; host <= 5; host++) {
		struct ipaddr a = ip(host);
		assert_true(neigh_next(x->t->st, &pos, &n));
		assert_memory_equal(&n.addr, &a, sizeof a);
		/* Under the dump's feet. */
		assert_int_equal(neigh_delete(x->t->st, x->i->handle, AF_INET, &a), 0);
	}
	assert_false(neigh_next(x->t->st, &pos, &n));
}

static void saved_neighbours_need_no_asking(void **state)
{
	struct test *x = *state, *y = test_new(x->t->st->n_workers);
	char path[] = "/tmp/leat-neigh-XXXXXX", why[256] = "";
	close(mkstemp(path));
	resolve(x, 1);
	hear_at(x, 0, 2, mac2, REQUEST);
	assert_int_equal(set(x, 3, NUD_PERMANENT, mac1, NLM_F_CREATE), 0);
	send_to(x, 0, 4, 0);
	pass(x, 1);
	assert_int_equal(stack_save(x->t->st, path, why, sizeof why), 0);
	assert_int_equal(drops(x, DROP_SAVED), 1);
	memset(&proto, 0, sizeof proto);
	assert_int_equal(stack_restore(y->t->st, path, why, sizeof why), 0);
	assert_int_equal(drops(y, DROP_SAVED), 1); /* whoever asks the new stack learns what became of it */
	for (uint32_t host = 1; host <= 3; host++) {
		assert_int_equal(state_at(y, host), state_at(x, host));
		assert_memory_equal(info(y, host).mac, info(x, host).mac, 6);
		assert_true(send_to(y, 0, host, 0));
	}
	assert_int_equal(state_at(y, 4), 0);
	assert_int_equal(proto.solicited, 0);
	pass(y, 46);
	assert_true(state_at(y, 1) & (NUD_STALE | NUD_DELAY)); /* its timer goes on */
	unlink(path);
	void *z = y;
	teardown(&z);
}

static void a_stack_goes_with_packets_waiting(void **state)
{
	struct test *x = *state;
	for (unsigned n = 0; n < 3; n++)
		/* Teardown finds them parked and asked for, the question still in flight. */
		send_to(x, n, 1, 0);
}

/* Everything at once, at random; the accounts say at the end whether anything was lost. */
static void anything_may_happen(void **state)
{
	struct test *x = *state;
	uint64_t seed = getenv("LEAT_SEED") ? strtoull(getenv("LEAT_SEED"), NULL, 0) : 42, r = seed;
	print_message("seed %llu\n", (unsigned long long)seed);
	for (unsigned step = 0; step < 20000; step++) {
		r = r * 6364136223846793005u + 1442695040888963407u;
		unsigned n = (unsigned)(r >> 60) % 3;
		uint32_t host = 1 + (uint32_t)(r >> 40) % 40;
		struct ipaddr a = ip(host);
		switch ((r >> 33) % 16) {
		default:
			send_to(x, n, host, 0);
			break;
		case 8:
		case 9:
			hear_at(x, n, host, host & 1 ? mac1 : mac2, (unsigned)(r >> 50) & 31);
			break;
		case 10:
			set(x, host, (uint8_t)(1 << (r >> 50) % 8), mac1, (unsigned)(r >> 20) & 0xffff);
			break;
		case 11:
			neigh_delete(x->t->st, x->i->handle, AF_INET, &a);
			break;
		case 12:
			iface_set_carrier(x->i, r >> 58 & 1);
			break;
		case 13:
			iface_set_up(x->i, r >> 58);
			break;
		case 14:
			pass(x, (double)(r >> 50) / 1000);
			break;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_first_packet_is_not_lost, one_worker, teardown),
		cmocka_unit_test_setup_teardown(the_first_packet_is_not_lost, three_workers, teardown),
		cmocka_unit_test_setup_teardown(all_workers_get_their_packets_back, three_workers, teardown),
		cmocka_unit_test_setup_teardown(who_does_not_answer_is_asked_three_times, one_worker,
						teardown),
		cmocka_unit_test_setup_teardown(a_question_lost_for_memory_is_asked_again, one_worker,
						teardown),
		cmocka_unit_test_setup_teardown(an_answer_lost_for_memory_is_asked_for_again, one_worker,
						teardown),
		cmocka_unit_test_setup_teardown(the_oldest_in_a_full_queue_goes, one_worker, teardown),
		cmocka_unit_test_setup_teardown(a_worker_parks_only_so_many, one_worker, teardown),
		cmocka_unit_test_setup_teardown(queues_do_not_run_short, one_worker, teardown),
		cmocka_unit_test_setup_teardown(what_is_used_is_asked_again_and_stays, one_worker, teardown),
		cmocka_unit_test_setup_teardown(busy_ones_go_from_reachable_to_delay, three_workers,
						teardown),
		cmocka_unit_test_setup_teardown(stale_is_told_once_each_time, one_worker, teardown),
		cmocka_unit_test_setup_teardown(requests_to_us_make_stale_entries, three_workers, teardown),
		cmocka_unit_test_setup_teardown(rfc_4861_7_2_5, one_worker, teardown),
		cmocka_unit_test_setup_teardown(the_administrators_word_stands, one_worker, teardown),
		cmocka_unit_test_setup_teardown(a_set_address_frees_what_waits, one_worker, teardown),
		cmocka_unit_test_setup_teardown(a_scan_evicts_nobody_alive, one_worker, teardown),
		cmocka_unit_test_setup_teardown(strangers_who_ask_leave_room_for_the_answer_of_a_neighbour,
						one_worker, teardown),
		cmocka_unit_test_setup_teardown(a_newcomer_is_refused_by_a_live_table, one_worker, teardown),
		cmocka_unit_test_setup_teardown(idle_ones_are_forgotten_when_there_are_many, one_worker,
						teardown),
		cmocka_unit_test_setup_teardown(an_interface_takes_its_neighbours_along, one_worker,
						teardown),
		cmocka_unit_test_setup_teardown(an_interface_takes_its_neighbours_along, three_workers,
						teardown),
		cmocka_unit_test_setup_teardown(dumps_resume_by_position, one_worker, teardown),
		cmocka_unit_test_setup_teardown(saved_neighbours_need_no_asking, three_workers, teardown),
		cmocka_unit_test_setup_teardown(a_stack_goes_with_packets_waiting, three_workers, teardown),
		cmocka_unit_test_setup_teardown(anything_may_happen, three_workers, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

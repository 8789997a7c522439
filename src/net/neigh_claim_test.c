/* SPDX-License-Identifier: BSD-2-Clause */
/* Who says to be a neighbour that is known, and what comes of it, in virtual time and for both families. */
#include "neigh_claim.c"

#include <linux/netlink.h>
#include <unistd.h>

#include "net/net_test.h"

static struct {
	unsigned unicast, multicast;
	uint8_t mac[6];
	bool answers; /* the neighbour at mac1, at once */
} asked;
static unsigned counted; /* claims */
static struct net_test *t;
static struct iface *ifc;
static const uint8_t mac1[6] = { 2, 1, 1, 1, 1, 1 }, mac2[6] = { 2, 2, 2, 2, 2, 2 },
		     mac3[6] = { 2, 3, 3, 3, 3, 3 };

enum {
	ARP_REPLY = NEIGH_HEARD_LOCKED | NEIGH_HEARD_SOLICITED, /* to us */
	NA_ANSWER = NEIGH_HEARD_IS_ROUTER_KNOWN | NEIGH_HEARD_NA | NEIGH_HEARD_SOLICITED,
	CLAIM = NEIGH_HEARD_OVERRIDE, /* a gratuitous ARP */
	REQUEST = NEIGH_HEARD_OVERRIDE |
		  NEIGH_HEARD_CREATE, /* to us, with its address; a solicitation, a redirect */
	NA_CLAIM = NA_ANSWER | NEIGH_HEARD_OVERRIDE,
};

/* An answer as ARP gives it, and as Linux gives it to a solicitation of its own: without an address. */
static void answer(struct worker *w, uint32_t if_handle, uint8_t family, const struct ipaddr *who)
{
	if (family == AF_INET)
		neigh_heard(w, if_handle, family, who, mac1, ARP_REPLY);
	else
		neigh_heard(w, if_handle, family, who, NULL, NA_ANSWER);
}
static void fake_solicit(struct worker *w, struct iface *out, const struct ipaddr *target, const uint8_t *mac,
			 const struct ipaddr *hint)
{
	bool v4 = target->b[0] == 10;
	asked.unicast += mac != NULL;
	asked.multicast += mac == NULL;
	if (!mac)
		return;
	memcpy(asked.mac, mac, sizeof asked.mac);
	if (asked.answers && !memcmp(mac, mac1, sizeof mac1))
		answer(w, out->handle, v4 ? AF_INET : AF_INET6, target);
}
static const struct neigh_proto proto4 = { AF_INET, fake_solicit, NULL },
				proto6 = { AF_INET6, fake_solicit, NULL };
static const struct module *const modules[] = { &pkt_module, &graph_module, &iface_module, &neigh_module,
						NULL };

static int setup(void **state)
{
	t = net_test_new(2, modules);
	neigh_proto_set(t->st, &proto4);
	neigh_proto_set(t->st, &proto6);
	ifc = net_test_iface(t, "e0");
	iface_set_up(ifc, true);
	memset(&asked, 0, sizeof asked);
	counted = 0;
	manual_rt_run(t->m, 100000000);
	return 0;
}
static int teardown(void **state)
{
	net_test_free(t);
	return 0;
}

static struct ipaddr addr_of(uint8_t family, uint8_t host)
{
	return family == AF_INET ? (struct ipaddr){ .b = { 10, 0, 0, host } }
				 : (struct ipaddr){ .b = { 0x20, 1, 0xd, 0xb8, [15] = host } };
}
static struct neigh_entry *entry(uint8_t family, uint8_t host)
{
	const struct neigh_key k = { ifc->handle, family, addr_of(family, host) };
	return neigh_lookup(t->st, &neigh_state(t->st)->table, &k);
}
static void put(uint8_t family, uint8_t host, uint8_t state)
{
	const struct neigh_key k = { ifc->handle, family, addr_of(family, host) };
	struct neigh_entry *e;
	assert_int_equal(neigh_entry_new(t->st, &k, false, true, &e), 0);
	neigh_set_state(e, state, mac1);
	if (state == NUD_PROBE)
		neigh_begin_asking(e, NUD_PROBE);
	manual_rt_run(t->m, 1100000); /* locktime is over */
	memset(&asked, 0, sizeof asked);
}
static void hear(uint8_t family, uint8_t host, const uint8_t *mac, unsigned flags)
{
	struct ipaddr a = addr_of(family, host);
	counted +=
		neigh_heard(t->st->worker[host % 2], ifc->handle, family, &a, mac, flags) == DROP_NEIGH_CLAIM;
	manual_rt_settle(t->m);
}
static bool is_at(uint8_t family, uint8_t host, const uint8_t *mac)
{
	const struct neigh_entry *e = entry(family, host);
	return e && neigh_word_has_mac(e->word) && !memcmp(&e->word, mac, 6);
}
static void set_time(uint32_t ms)
{
	ifc->conf.neigh[0].override_probe_ms = ifc->conf.neigh[1].override_probe_ms = ms;
}
/* What may be said of a known neighbour, and in which state it is then. */
static const struct {
	uint8_t family, state;
	unsigned flags;
} claims[] = {
	{ AF_INET, NUD_REACHABLE, CLAIM },     { AF_INET, NUD_REACHABLE, REQUEST },
	{ AF_INET, NUD_REACHABLE, ARP_REPLY }, { AF_INET, NUD_STALE, CLAIM },
	{ AF_INET, NUD_STALE, ARP_REPLY },     { AF_INET, NUD_DELAY, REQUEST },
	{ AF_INET, NUD_PROBE, CLAIM },         { AF_INET6, NUD_REACHABLE, NA_CLAIM },
	{ AF_INET6, NUD_REACHABLE, REQUEST },  { AF_INET6, NUD_STALE, NA_CLAIM },
	{ AF_INET6, NUD_STALE, REQUEST },      { AF_INET6, NUD_DELAY, NA_CLAIM },
	{ AF_INET6, NUD_DELAY, REQUEST },      { AF_INET6, NUD_PROBE, NA_CLAIM },
	{ AF_INET6, NUD_PROBE, REQUEST },
};

static void who_lives_is_not_replaced(void **state)
{
	for (uint8_t k = 0; k < ARRAY_SIZE(claims); k++) {
		unsigned before = counted;
		put(claims[k].family, k, claims[k].state);
		asked.answers = true;
		hear(claims[k].family, k, mac2, claims[k].flags);
		assert_true(is_at(claims[k].family, k, mac1));
		assert_int_equal(counted, before + 1);
		assert_memory_equal(asked.mac, mac1, 6);
		manual_rt_run(t->m, 4000000);
		assert_true(is_at(claims[k].family, k, mac1));
		assert_int_equal(neigh_nud(entry(claims[k].family, k)), NUD_REACHABLE);
		assert_int_equal(asked.unicast, 1);
		assert_int_equal(asked.multicast, 0);
		assert_null(entry(claims[k].family, k)->claim);
	}
}

static void who_is_silent_is_replaced_after_the_time(void **state)
{
	for (uint8_t k = 0; k < ARRAY_SIZE(claims); k++) {
		if (claims[k].state == NUD_PROBE)
			continue; /* asks by itself, too */
		put(claims[k].family, k, claims[k].state);
		hear(claims[k].family, k, mac2, claims[k].flags);
		manual_rt_run(t->m, 990000);
		assert_true(is_at(claims[k].family, k, mac1));
		assert_int_equal(asked.unicast, QUESTIONS);
		manual_rt_run(t->m, 20000);
		assert_true(is_at(claims[k].family, k, mac2));
		assert_int_equal(neigh_nud(entry(claims[k].family, k)), NUD_STALE);
		assert_null(entry(claims[k].family, k)->claim);
	}
}

/* That the tests above can fail. */
static void without_a_time_a_claim_is_believed_at_once(void **state)
{
	set_time(0);
	for (uint8_t k = 0; k < ARRAY_SIZE(claims); k++) {
		put(claims[k].family, k, claims[k].state);
		hear(claims[k].family, k, mac2, claims[k].flags);
		assert_true(is_at(claims[k].family, k, mac2));
		assert_int_equal(asked.unicast, 0);
	}
	assert_int_equal(counted, 0);
}

static void a_flood_of_claims_asks_once_in_the_time(void **state)
{
	uint8_t mac[6] = { 2, 9 };
	put(AF_INET6, 1, NUD_REACHABLE);
	asked.answers = true;
	hear(AF_INET6, 1, mac2, NA_CLAIM);
	uint64_t used = t->st->mem.used_bytes;
	for (unsigned k = 0; k < 20000; k++) {
		mac[4] = (uint8_t)(k >> 8);
		mac[5] = (uint8_t)k;
		hear(AF_INET6, 1, mac, NA_CLAIM);
		manual_rt_run(t->m, 500);
		assert_true(is_at(AF_INET6, 1, mac1));
	}
	assert_in_range(asked.unicast, 8, 12);
	assert_int_equal(t->st->mem.used_bytes, used);
	assert_int_equal(counted, 20001);
}

static void a_claim_soon_after_a_refusal_is_not_forgotten(void **state)
{
	put(AF_INET, 1, NUD_REACHABLE);
	asked.answers = true;
	hear(AF_INET, 1, mac2, CLAIM);
	asked.answers = false; /* it gave its address away just after */
	hear(AF_INET, 1, mac2, CLAIM);
	manual_rt_run(t->m, 1990000);
	assert_true(is_at(AF_INET, 1, mac1));
	manual_rt_run(t->m, 20000);
	assert_true(is_at(AF_INET, 1, mac2));
}

static void the_first_who_claims_counts(void **state)
{
	put(AF_INET, 1, NUD_REACHABLE);
	hear(AF_INET, 1, mac3, CLAIM);
	hear(AF_INET, 1, mac2, CLAIM);
	manual_rt_run(t->m, 1100000);
	assert_true(is_at(AF_INET, 1, mac3));
	hear(AF_INET, 1, mac2, CLAIM); /* and who was believed is no better than the one before */
	manual_rt_run(t->m, 1100000);
	assert_true(is_at(AF_INET, 1, mac2));
}

static void its_own_words_are_an_answer(void **state)
{
	put(AF_INET6, 1, NUD_REACHABLE);
	hear(AF_INET6, 1, mac2, NA_CLAIM);
	hear(AF_INET6, 1, mac1, REQUEST);
	manual_rt_run(t->m, 3000000);
	assert_true(is_at(AF_INET6, 1, mac1));
	hear(AF_INET6, 1, mac2, NA_CLAIM);
	hear(AF_INET6, 1, NULL, NA_ANSWER & ~(unsigned)NEIGH_HEARD_SOLICITED); /* this might be of mac2 */
	manual_rt_run(t->m, 1100000);
	assert_true(is_at(AF_INET6, 1, mac2));
}

static void what_a_protocol_above_knows_is_none(void **state)
{
	const struct ipaddr a = addr_of(AF_INET, 1);
	put(AF_INET, 1, NUD_STALE);
	hear(AF_INET, 1, mac2, CLAIM);
	neigh_confirm(t->st->worker[0], ifc->handle, AF_INET, &a);
	manual_rt_run(t->m, 1100000);
	assert_true(is_at(AF_INET, 1, mac2));
}

static void who_fails_makes_way_at_once(void **state)
{
	set_time(60000);
	ifc->conf.neigh[0].ucast_probes = 2;
	put(AF_INET, 1, NUD_PROBE);
	hear(AF_INET, 1, mac2, CLAIM);
	manual_rt_run(t->m, 1000000);
	assert_true(is_at(AF_INET, 1, mac2));
	assert_int_equal(neigh_nud(entry(AF_INET, 1)), NUD_STALE);
}

static void permanent_ones_are_not_asked(void **state)
{
	put(AF_INET, 1, NUD_PERMANENT);
	hear(AF_INET, 1, mac2, CLAIM);
	assert_int_equal(asked.unicast, 0);
	assert_null(entry(AF_INET, 1)->claim);
}

static void the_administrator_ends_it(void **state)
{
	struct neigh_info n = {
		.if_handle = ifc->handle, .family = AF_INET, .has_mac = true, .state = NUD_REACHABLE
	};
	put(AF_INET, 1, NUD_REACHABLE);
	put(AF_INET, 2, NUD_REACHABLE);
	put(AF_INET, 3, NUD_REACHABLE);
	for (uint8_t host = 1; host <= 3; host++)
		hear(AF_INET, host, mac2, CLAIM);
	n.addr = addr_of(AF_INET, 1);
	memcpy(n.mac, mac3, sizeof mac3);
	assert_int_equal(neigh_set(t->st, &n, NLM_F_REPLACE), 0);
	n.addr = addr_of(AF_INET, 2);
	assert_int_equal(neigh_delete(t->st, ifc->handle, AF_INET, &n.addr), 0);
	manual_rt_run(t->m, 2000000);
	assert_true(is_at(AF_INET, 1, mac3));
	assert_null(entry(AF_INET, 2));
	assert_true(is_at(AF_INET, 3, mac2));
	hear(AF_INET, 3, mac1, CLAIM); /* teardown finds it */
}

static void frames_of_a_known_one_come_from_there(void **state)
{
	const struct ipaddr a = addr_of(AF_INET6, 1), b = addr_of(AF_INET6, 2);
	const struct worker *w = t->st->worker[0];
	put(AF_INET6, 1, NUD_STALE);
	assert_true(neigh_may_be_at(w, ifc->handle, AF_INET6, &a, mac1));
	assert_false(neigh_may_be_at(w, ifc->handle, AF_INET6, &a, mac2));
	assert_true(neigh_may_be_at(w, ifc->handle, AF_INET6, &b, mac2));
	set_time(0);
	assert_true(neigh_may_be_at(w, ifc->handle, AF_INET6, &a, mac2));
}

static void a_saved_claim_is_looked_into_again(void **state)
{
	char path[] = "/tmp/leat-claim-XXXXXX", why[256] = "";
	struct net_test *old = t;
	close(mkstemp(path));
	put(AF_INET6, 1, NUD_REACHABLE);
	put(AF_INET6, 2, NUD_REACHABLE);
	hear(AF_INET6, 1, mac2, NA_CLAIM);
	assert_int_equal(stack_save(t->st, path, why, sizeof why), 0);
	setup(NULL);
	assert_int_equal(stack_restore(t->st, path, why, sizeof why), 0);
	assert_true(is_at(AF_INET6, 1, mac1));
	manual_rt_run(t->m, 2100000);
	assert_true(is_at(AF_INET6, 1, mac2));
	assert_true(is_at(AF_INET6, 2, mac1));
	unlink(path);
	net_test_free(t);
	t = old;
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(who_lives_is_not_replaced),
		CASE(who_is_silent_is_replaced_after_the_time),
		CASE(without_a_time_a_claim_is_believed_at_once),
		CASE(a_flood_of_claims_asks_once_in_the_time),
		CASE(a_claim_soon_after_a_refusal_is_not_forgotten),
		CASE(the_first_who_claims_counts),
		CASE(its_own_words_are_an_answer),
		CASE(what_a_protocol_above_knows_is_none),
		CASE(who_fails_makes_way_at_once),
		CASE(permanent_ones_are_not_asked),
		CASE(the_administrator_ends_it),
		CASE(frames_of_a_known_one_come_from_there),
		CASE(a_saved_claim_is_looked_into_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

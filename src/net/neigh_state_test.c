/* SPDX-License-Identifier: BSD-2-Clause */
/* The state machine of RFC 4861 against its text: appendix C row by row, each state with each event, for neighbour discovery and,
 * as RFC 826 and Linux have it, for ARP. And RFC 6583: a scan beside flows that live. */
#include "neigh_state.c"

#include "net/net_test.h"

/* --- a stack whose neighbours answer as the test says --- */

static struct {
	unsigned unicast, multicast;
} asked;

static void fake_solicit(struct worker *w, struct iface *out, const struct ipaddr *target, const uint8_t *mac,
			 const struct ipaddr *hint)
{
	asked.unicast += mac != NULL;
	asked.multicast += mac == NULL;
}
static const struct neigh_proto proto4 = { AF_INET, fake_solicit, NULL },
				proto6 = { AF_INET6, fake_solicit, NULL };

static unsigned n_out;
static void out_run(struct worker *w, struct pkt_vec *v)
{
	uint8_t next[PKT_VEC_MAX];
	for (unsigned i = 0; i < v->n; i++, n_out++)
		next[i] = pkt_drop(v->pkt[i], DROP_CONSUMED);
	vec_dispatch(w, v, next);
}
static const struct node out_node = { .name = "fake-out", .run = out_run };
static const struct node *const out_nodes[] = { &out_node, NULL };
static const struct module out_module = { .name = "fake-out", .id = MODULE_TEST, .nodes = out_nodes };
static const struct module *const modules[] = { &pkt_module,   &graph_module, &iface_module,
						&neigh_module, &out_module,   NULL };

static struct net_test *t;
static struct iface *ifc;
static struct worker *w0;
static const uint8_t mac1[6] = { 2, 1, 1, 1, 1, 1 }, mac2[6] = { 2, 2, 2, 2, 2, 2 };

static int setup(void **state)
{
	t = net_test_new(1, modules);
	neigh_proto_set(t->st, &proto4);
	neigh_proto_set(t->st, &proto6);
	ifc = net_test_iface(t, "e0");
	iface_set_up(ifc, true);
	w0 = t->st->worker[0];
	memset(&asked, 0, sizeof asked);
	n_out = 0;
	return 0;
}
static int teardown(void **state)
{
	net_test_free(t);
	return 0;
}

static struct neigh_key key(uint8_t family, uint32_t host)
{
	struct neigh_key k = { .if_handle = ifc->handle, .family = family };
	if (family == AF_INET)
		k.addr.v4 = be32_of(0x0a000000 + host);
	else
		k.addr = (struct ipaddr){ .b = { 0x20, 1, 0xd, 0xb8, [12] = (uint8_t)(host >> 24),
						 (uint8_t)(host >> 16), (uint8_t)(host >> 8),
						 (uint8_t)host } };
	return k;
}
static struct neigh_entry *entry(uint8_t family, uint32_t host)
{
	const struct neigh_key k = key(family, host);
	return neigh_lookup(t->st, &neigh_state(t->st)->table, &k);
}
static bool send_to(uint8_t family, uint32_t host)
{
	const struct neigh_key k = key(family, host);
	struct neigh_hop hop;
	uint8_t bytes[40] = { 0 };
	if (neigh_find(w0, k.if_handle, family, &k.addr, &hop))
		return true;
	struct pkt *p = pkt_new(w0->lc);
	assert_true(p && pkt_append(w0->lc, p, bytes, sizeof bytes));
	p->l3_off = p->headroom;
	p->out_if = ifc->handle;
	neigh_wait(w0, k.if_handle, family, &k.addr, p, node_find(t->st, "fake-out"));
	return false;
}
static void hear(uint8_t family, uint32_t host, const uint8_t *mac, unsigned flags)
{
	const struct neigh_key k = key(family, host);
	neigh_heard(w0, k.if_handle, family, &k.addr, mac, flags);
	manual_rt_settle(t->m);
}

/* --- appendix C --- */

enum { NONE = 0, SAME = 0xff, GONE = 0xfe };
enum event {
	PACKET, /* to send */
	NS, /* a solicitation, request or the like from it, with its address as known */
	NS_OTHER, /* with another */
	NA, /* S O and the same address, by the letters */
	NA_S,
	NA_O,
	NA_SO,
	NA_OTHER,
	NA_S_OTHER,
	NA_O_OTHER,
	NA_SO_OTHER,
	NA_BARE, /* without an address */
	NA_S_BARE,
	NA_O_BARE,
	NA_SO_BARE,
	CONFIRM, /* a protocol above heard from it */
	TIMEOUT, /* the state's timer, often enough */
	EVENTS
};
static const char *const event_names[EVENTS] = {
	"packet",    "NS",        "NS other",   "NA",         "NA S",        "NA O",
	"NA SO",     "NA other",  "NA S other", "NA O other", "NA SO other", "NA bare",
	"NA S bare", "NA O bare", "NA SO bare", "confirm",    "timeout",
};
static const struct {
	bool other, bare;
	unsigned flags;
} heard[EVENTS] = {
	[NS] = { .flags = NEIGH_HEARD_CREATE | NEIGH_HEARD_OVERRIDE },
	[NS_OTHER] = { .other = true, .flags = NEIGH_HEARD_CREATE | NEIGH_HEARD_OVERRIDE },
#define ADVERT(bits) .flags = (bits) | NEIGH_HEARD_IS_ROUTER_KNOWN | NEIGH_HEARD_NA
#define S            NEIGH_HEARD_SOLICITED
#define O            NEIGH_HEARD_OVERRIDE
	[NA] = { ADVERT(0) },
	[NA_S] = { ADVERT(S) },
	[NA_O] = { ADVERT(O) },
	[NA_SO] = { ADVERT(S | O) },
	[NA_OTHER] = { .other = true, ADVERT(0) },
	[NA_S_OTHER] = { .other = true, ADVERT(S) },
	[NA_O_OTHER] = { .other = true, ADVERT(O) },
	[NA_SO_OTHER] = { .other = true, ADVERT(S | O) },
	[NA_BARE] = { .bare = true, ADVERT(0) },
	[NA_S_BARE] = { .bare = true, ADVERT(S) },
	[NA_O_BARE] = { .bare = true, ADVERT(O) },
	[NA_SO_BARE] = { .bare = true, ADVERT(S | O) },
#undef S
#undef O
};

/* What follows: the state, and whose address is known then (0: it does not matter, 1: as before, 2: the other). */
struct cell {
	uint8_t state, mac;
};
#define R1                       \
	{                        \
		NUD_REACHABLE, 1 \
	}
#define R2                       \
	{                        \
		NUD_REACHABLE, 2 \
	}
#define S1                   \
	{                    \
		NUD_STALE, 1 \
	}
#define S2                   \
	{                    \
		NUD_STALE, 2 \
	}
#define D1                   \
	{                    \
		NUD_DELAY, 1 \
	}
#define P1                   \
	{                    \
		NUD_PROBE, 1 \
	}
#define I_                        \
	{                         \
		NUD_INCOMPLETE, 0 \
	}
#define F_                    \
	{                     \
		NUD_FAILED, 0 \
	}
#define N_              \
	{               \
		NONE, 0 \
	}
static const struct row {
	uint8_t state;
	struct cell to[EVENTS];
} appendix_c[] = {
	/* Packet and timeout as in the appendix's first table; "-": nothing is known of it. A failed one is to the RFC none. */
	{ NONE, { I_, S1, S2, N_, N_, N_, N_, N_, N_, N_, N_, N_, N_, N_, N_, N_, N_ } },
	{ NUD_INCOMPLETE, { I_, S1, S2, S1, R1, S1, R1, S2, R2, S2, R2, I_, I_, I_, I_, I_, F_ } },
	{ NUD_REACHABLE, { R1, R1, S2, R1, R1, R1, R1, S1, S1, S2, R2, R1, R1, R1, R1, R1, S1 } },
	{ NUD_STALE, { D1, S1, S2, S1, R1, S1, R1, S1, S1, S2, R2, S1, R1, S1, R1, R1, S1 } },
	{ NUD_DELAY, { D1, D1, S2, D1, R1, D1, R1, D1, D1, S2, R2, D1, R1, D1, R1, R1, P1 } },
	{ NUD_PROBE, { P1, P1, S2, P1, R1, P1, R1, P1, P1, S2, R2, P1, R1, P1, R1, R1, F_ } },
	{ NUD_FAILED, { I_, S1, S2, F_, F_, F_, F_, F_, F_, F_, F_, F_, F_, F_, F_, F_, F_ } },
	/* The administrator's. */
	{ NUD_PERMANENT,
	  { { NUD_PERMANENT, 1 },
	    { NUD_PERMANENT, 1 },
	    { NUD_PERMANENT, 1 },
	    { NUD_PERMANENT, 1 },
	    { NUD_PERMANENT, 1 },
	    { NUD_PERMANENT, 1 },
	    { NUD_PERMANENT, 1 },
	    { NUD_PERMANENT, 1 },
	    { NUD_PERMANENT, 1 },
	    { NUD_PERMANENT, 1 },
	    { NUD_PERMANENT, 1 },
	    { NUD_PERMANENT, 1 },
	    { NUD_PERMANENT, 1 },
	    { NUD_PERMANENT, 1 },
	    { NUD_PERMANENT, 1 },
	    { NUD_PERMANENT, 1 },
	    { NUD_PERMANENT, 1 } } },
	{ NUD_NOARP,
	  { { NUD_NOARP, 1 },
	    { NUD_NOARP, 1 },
	    { NUD_NOARP, 1 },
	    { NUD_NOARP, 1 },
	    { NUD_NOARP, 1 },
	    { NUD_NOARP, 1 },
	    { NUD_NOARP, 1 },
	    { NUD_NOARP, 1 },
	    { NUD_NOARP, 1 },
	    { NUD_NOARP, 1 },
	    { NUD_NOARP, 1 },
	    { NUD_NOARP, 1 },
	    { NUD_NOARP, 1 },
	    { NUD_NOARP, 1 },
	    { NUD_NOARP, 1 },
	    { NUD_NOARP, 1 },
	    { NUD_NOARP, 1 } } },
};

static void put_into(uint8_t family, uint32_t host, uint8_t state)
{
	const struct neigh_key k = key(family, host);
	struct neigh_entry *e;
	if (state == NONE)
		return;
	assert_int_equal(neigh_entry_new(t->st, &k, false, state & NUD_VALID, &e), 0);
	if (state == NUD_INCOMPLETE || state == NUD_PROBE) {
		if (state == NUD_PROBE)
			neigh_set_state(e, NUD_DELAY, mac1);
		neigh_begin_asking(e, state);
	} else {
		neigh_set_state(e, state, state == NUD_FAILED ? NULL : mac1);
	}
	assert_int_equal(neigh_nud(e), state);
}

static uint64_t long_enough_us(uint8_t state)
{
	switch (state) {
	case NUD_REACHABLE:
		return 46000000;
	case NUD_DELAY:
		return 5500000;
	case NUD_INCOMPLETE:
	case NUD_PROBE:
		return 3500000;
	default:
		return 1000000;
	}
}

static void happen(uint8_t family, uint32_t host, uint8_t state, enum event e)
{
	const struct neigh_key k = key(family, host);
	switch (e) {
	case PACKET:
		send_to(family, host);
		break;
	case CONFIRM:
		neigh_confirm(w0, k.if_handle, family, &k.addr);
		break;
	case TIMEOUT:
		/* Of long idleness: what was used just now goes from REACHABLE to DELAY, as on Linux. */
		if (entry(family, host) && state == NUD_REACHABLE)
			entry(family, host)->used_us = 0;
		manual_rt_run(t->m, long_enough_us(state));
		break;
	default:
		hear(family, host, heard[e].bare ? NULL : heard[e].other ? mac2 : mac1, heard[e].flags);
	}
	manual_rt_settle(t->m);
}

static void expect(uint8_t family, uint32_t host, const struct row *r, enum event ev)
{
	const struct neigh_entry *e = entry(family, host);
	const struct cell *c = &r->to[ev];
	uint8_t is = e ? neigh_nud(e) : NONE;
	if (is != c->state || (c->mac && memcmp(&e->word, c->mac == 1 ? mac1 : mac2, 6)))
		fail_msg("state %#x, %s: is %#x, address %d; should be %#x, %u", r->state, event_names[ev],
			 is, e ? (memcmp(&e->word, mac1, 6) ? 2 : 1) : 0, c->state, c->mac);
}

/* As the RFCs have it; what else there may be is in neigh_claim_test.c. */
static void believe_at_once(void)
{
	ifc->conf.neigh[0].override_probe_ms = ifc->conf.neigh[1].override_probe_ms = 0;
}

static void every_state_meets_every_event(void **state)
{
	uint32_t host = 1;
	believe_at_once();
	manual_rt_run(t->m, 100000000);
	for (unsigned r = 0; r < ARRAY_SIZE(appendix_c); r++)
		for (unsigned ev = 0; ev < EVENTS; ev++, host++) {
			put_into(AF_INET6, host, appendix_c[r].state);
			happen(AF_INET6, host, appendix_c[r].state, (enum event)ev);
			expect(AF_INET6, host, &appendix_c[r], (enum event)ev);
			if (entry(AF_INET6, host))
				neigh_entry_remove(entry(AF_INET6, host), DROP_STALE, false);
		}
}

/* --- ARP: RFC 826 and 1122, 2.3.2, as Linux --- */

static const struct arp_row {
	uint8_t state;
	bool other, locked_out; /* another address; within locktime of the last change */
	unsigned flags;
	struct cell to;
} arp_rows[] = {
	/* A reply to us. */
	{ NUD_INCOMPLETE, false, false, NEIGH_HEARD_LOCKED | NEIGH_HEARD_SOLICITED, R1 },
	{ NUD_REACHABLE, false, true, NEIGH_HEARD_LOCKED | NEIGH_HEARD_SOLICITED, R1 },
	{ NUD_REACHABLE, true, true, NEIGH_HEARD_LOCKED | NEIGH_HEARD_SOLICITED, R1 },
	{ NUD_REACHABLE, true, false, NEIGH_HEARD_LOCKED | NEIGH_HEARD_SOLICITED, R2 },
	{ NUD_STALE, true, false, NEIGH_HEARD_LOCKED | NEIGH_HEARD_SOLICITED, R2 },
	{ NUD_PROBE, false, false, NEIGH_HEARD_LOCKED | NEIGH_HEARD_SOLICITED, R1 },
	{ NUD_FAILED, false, false, NEIGH_HEARD_LOCKED | NEIGH_HEARD_SOLICITED, R1 },
	/* A reply to all, a request to others. */
	{ NUD_INCOMPLETE, false, false, NEIGH_HEARD_LOCKED, S1 },
	{ NUD_REACHABLE, false, false, NEIGH_HEARD_LOCKED, R1 },
	{ NUD_REACHABLE, true, true, NEIGH_HEARD_LOCKED, R1 },
	{ NUD_REACHABLE, true, false, NEIGH_HEARD_LOCKED, S2 },
	{ NUD_DELAY, true, false, NEIGH_HEARD_LOCKED, S2 },
	/* An announcement, a request to us. */
	{ NONE, false, false, NEIGH_HEARD_OVERRIDE, N_ },
	{ NUD_REACHABLE, true, true, NEIGH_HEARD_OVERRIDE, S2 },
	{ NUD_PROBE, true, true, NEIGH_HEARD_OVERRIDE, S2 },
	{ NONE, false, false, NEIGH_HEARD_OVERRIDE | NEIGH_HEARD_CREATE, S1 },
	{ NUD_PERMANENT, true, false, NEIGH_HEARD_OVERRIDE | NEIGH_HEARD_CREATE, { NUD_PERMANENT, 1 } },
	/* arp_accept: a reply of a stranger. */
	{ NONE, false, false, NEIGH_HEARD_LOCKED | NEIGH_HEARD_SOLICITED | NEIGH_HEARD_CREATE, R1 },
};

static void arp_follows_its_table(void **state)
{
	believe_at_once();
	for (uint32_t r = 0; r < ARRAY_SIZE(arp_rows); r++) {
		const struct arp_row *row = &arp_rows[r];
		put_into(AF_INET, r + 1, row->state);
		if (!row->locked_out && row->state != NUD_INCOMPLETE && row->state != NUD_PROBE)
			manual_rt_run(t->m, 1100000);
		hear(AF_INET, r + 1, row->other ? mac2 : mac1, row->flags);
		const struct neigh_entry *e = entry(AF_INET, r + 1);
		if ((e ? neigh_nud(e) : NONE) != row->to.state ||
		    (row->to.mac && memcmp(&e->word, row->to.mac == 1 ? mac1 : mac2, 6)))
			fail_msg("row %u: state %#x", r, e ? neigh_nud(e) : NONE);
	}
}

/* --- probes --- */

static struct neigh_conf *conf(uint8_t family)
{
	return &ifc->conf.neigh[neigh_index(family)];
}

static void probes_go_to_it_to_programs_and_to_all(void **state)
{
	conf(AF_INET)->ucast_probes = 2;
	conf(AF_INET)->app_probes = 3;
	conf(AF_INET)->mcast_reprobes = 4;
	put_into(AF_INET, 1, NUD_PROBE);
	manual_rt_run(t->m, 8900000);
	assert_int_equal(neigh_nud(entry(AF_INET, 1)), NUD_PROBE);
	assert_int_equal(asked.unicast, 2);
	assert_int_equal(asked.multicast, 4);
	manual_rt_run(t->m, 200000);
	assert_int_equal(neigh_nud(entry(AF_INET, 1)), NUD_FAILED);
	conf(AF_INET)->app_probes = conf(AF_INET)->mcast_probes = 0;
	send_to(AF_INET, 2); /* nobody may be asked */
	manual_rt_settle(t->m);
	assert_int_equal(neigh_nud(entry(AF_INET, 2)), NUD_FAILED);
}

static unsigned router_events;
static void on_neigh(struct neigh_watch *w, struct leat_stack *st, const struct neigh_info *n,
		     enum neigh_event e)
{
	router_events += e == NEIGH_ROUTER;
}

static void a_router_that_is_none_any_more_is_told(void **state)
{
	const unsigned na = NEIGH_HEARD_IS_ROUTER_KNOWN | NEIGH_HEARD_NA | NEIGH_HEARD_SOLICITED;
	struct neigh_watch watch = { .event = on_neigh };
	neigh_watch_add(t->st, &watch);
	router_events = 0;
	put_into(AF_INET6, 1, NUD_INCOMPLETE);
	hear(AF_INET6, 1, mac1, na | NEIGH_HEARD_ROUTER);
	hear(AF_INET6, 1, mac1, na | NEIGH_HEARD_ROUTER);
	assert_int_equal(router_events, 1);
	hear(AF_INET6, 1, mac2, na); /* does not override: nor does its flag */
	assert_int_equal(router_events, 1);
	hear(AF_INET6, 1, mac1, na);
	assert_int_equal(router_events, 2);
	assert_false(entry(AF_INET6, 1)->flags & NTF_ROUTER);
	neigh_watch_remove(t->st, &watch);
}

static void a_managed_one_is_looked_after(void **state)
{
	struct neigh_info n = { .if_handle = ifc->handle,
				.family = AF_INET,
				.addr = key(AF_INET, 1).addr,
				.flags = NEIGH_MANAGED };
	assert_int_equal(neigh_set(t->st, &n, NLM_F_CREATE), 0);
	manual_rt_settle(t->m);
	assert_int_equal(asked.multicast, 1);
	manual_rt_run(t->m, 8900000); /* failed after 3 s, and asked again 5 s later */
	assert_int_equal(neigh_nud(entry(AF_INET, 1)), NUD_INCOMPLETE);
	assert_int_equal(asked.multicast, 4);
	hear(AF_INET, 1, mac1, NEIGH_HEARD_SOLICITED | NEIGH_HEARD_LOCKED);
	manual_rt_run(t->m, 70000000); /* nobody sends to it */
	assert_true(asked.unicast > 0);
}

static void what_routers_say_of_times_holds(void **state)
{
	neigh_set_times(t->st, ifc, AF_INET6, 10000, 50);
	assert_int_equal(conf(AF_INET6)->reachable_ms, 10000);
	assert_int_equal(conf(AF_INET6)->retrans_ms, 100);
	assert_in_range(neigh_reachable_us(t->st, ifc, AF_INET6), 5000000, 15000000);
	neigh_set_times(t->st, ifc, AF_INET6, 0, 0);
	assert_int_equal(conf(AF_INET6)->reachable_ms, 10000);
}

/* --- RFC 6583 --- */

enum { LIVE = 50, IDLE = 600, TARGETS = 1000000 };

/* A live flow to each of LIVE hosts, which answer; IDLE others were talked to a while ago; and a target more every microsecond.
 * Returns how many packets of live flows found no neighbour. */
static unsigned scan(unsigned targets)
{
	unsigned lost = 0, answered = 0;
	for (uint32_t host = 1; host <= LIVE + IDLE; host++)
		if (!entry(AF_INET6, host))
			put_into(AF_INET6, host, NUD_REACHABLE);
	manual_rt_run(t->m, 60000000); /* all are stale */
	uint64_t r = targets + t->rt->ctl->now_us;
	for (unsigned n = 0; n < targets; n++) {
		r = r * 6364136223846793005u + 1442695040888963407u;
		send_to(AF_INET6, 0x40000000 | (uint32_t)(r >> 34));
		if (n % 100 == 0) {
			manual_rt_run(t->m,
				      100 * (n % 10000 ? 1
						       : 1000)); /* at times slower, so that probes are due */
			lost += !send_to(AF_INET6, 1 + n / 100 % LIVE);
		}
		if (asked.unicast != answered) { /* whoever it was */
			answered = asked.unicast;
			for (uint32_t host = 1; host <= LIVE; host++)
				hear(AF_INET6, host, mac1,
				     NEIGH_HEARD_SOLICITED | NEIGH_HEARD_IS_ROUTER_KNOWN | NEIGH_HEARD_NA);
		}
	}
	for (uint32_t host = LIVE + 1; host <= LIVE + IDLE; host++) /* who was known is known */
		lost += !entry(AF_INET6, host);
	return lost;
}

/* What a scan may have cost; false: more. */
static bool is_cheap(uint64_t used_before)
{
	const struct neigh_stack *s = neigh_state(t->st);
	const struct neigh_worker *nw = worker_state(w0, MODULE_neigh);
	uint64_t seconds = t->rt->ctl->now_us / 1000000, used = t->st->mem.used_bytes;
	uint64_t most_asked = 3 * (seconds + 1) * NEIGH_SOLICIT_RATE + NEIGH_SOLICIT_BURST;
	return s->n[1][NEIGH_STRANGER] <= NEIGH_STRANGERS && nw->n_strangers <= NEIGH_STRANGERS &&
	       asked.multicast <= most_asked && used <= used_before + used_before / 20;
}

static void a_scan_costs_no_live_flow_a_packet(void **state)
{
	struct neigh_stack *s = neigh_state(t->st);
	s->few[1] = LIVE + IDLE + NEIGH_STRANGERS; /* age is another matter */
	assert_int_equal(scan(TARGETS / 2), 0);
	uint64_t used = t->st->mem.used_bytes;
	assert_int_equal(scan(TARGETS / 2), 0);
	assert_true(is_cheap(used));
	assert_int_equal(s->n[1][NEIGH_KNOWN], LIVE + IDLE);
}

/* The same without bounds of their own for strangers: that the test above can fail. */
static void without_its_bounds_a_scan_is_dear(void **state)
{
	struct neigh_stack *s = neigh_state(t->st);
	s->few[1] = LIVE + IDLE + NEIGH_STRANGERS;
	s->max[1] = TARGETS;
	s->strangers[1] = s->solicit_rate[1] = 0;
	scan(TARGETS / 100);
	uint64_t used = t->st->mem.used_bytes;
	scan(TARGETS / 100);
	assert_false(is_cheap(used));
	assert_true(s->n[1][NEIGH_STRANGER] > NEIGH_STRANGERS);
	assert_true(t->st->mem.used_bytes > used + used / 20);
}

static void a_known_one_is_asked_for_in_the_midst_of_a_scan(void **state)
{
	put_into(AF_INET6, 1, NUD_REACHABLE);
	neigh_set_state(entry(AF_INET6, 1), NUD_FAILED, NULL);
	for (uint32_t n = 0; n < 5000; n++)
		send_to(AF_INET6, 0x40000000 + n);
	send_to(AF_INET6, 1);
	for (uint32_t n = 5000; n < 10000; n++)
		send_to(AF_INET6, 0x40000000 + n);
	manual_rt_settle(t->m);
	assert_int_equal(neigh_nud(entry(AF_INET6, 1)), NUD_INCOMPLETE);
	hear(AF_INET6, 1, mac1, NEIGH_HEARD_SOLICITED | NEIGH_HEARD_IS_ROUTER_KNOWN | NEIGH_HEARD_NA);
	assert_int_equal(n_out, 1); /* its packet was kept */
}

/* A packet from that net, or of this stack's own (0), to a host. */
static void send_from(uint8_t net, uint32_t host)
{
	const struct neigh_key k = key(AF_INET6, host);
	uint8_t bytes[40] = { 0x60, [8] = 0x20, 1, 0xd, 0xb8, 0, net, [23] = (uint8_t)host };
	struct pkt *p = pkt_new(w0->lc);
	assert_true(p && pkt_append(w0->lc, p, bytes, sizeof bytes));
	p->l3_off = p->headroom;
	p->ethertype = ETH_P_IPV6;
	p->flags |= net ? 0 : PKT_F_LOCAL_OUT;
	p->out_if = ifc->handle;
	neigh_wait(w0, k.if_handle, AF_INET6, &k.addr, p, node_find(t->st, "fake-out"));
}

/* Whether somebody of that net finds a new host while net 1 scans at full speed. */
static bool finds_a_new_host(uint8_t net)
{
	for (uint32_t n = 0; n < 60000; n++) {
		send_from(1, 0x40000000 + n);
		if (n == 20000)
			send_from(net, 7);
		if (n % 100 == 0)
			manual_rt_run(t->m, 100);
	}
	n_out = 0;
	hear(AF_INET6, 7, mac1, NEIGH_HEARD_SOLICITED | NEIGH_HEARD_IS_ROUTER_KNOWN | NEIGH_HEARD_NA);
	return n_out == 1;
}

static void a_scan_makes_only_its_own_net_wait(void **state)
{
	assert_true(finds_a_new_host(2));
	neigh_entry_remove(entry(AF_INET6, 7), DROP_STALE, false);
	assert_true(finds_a_new_host(0));
	neigh_entry_remove(entry(AF_INET6, 7), DROP_STALE, false);
	assert_false(finds_a_new_host(1)); /* that the test can fail */
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(every_state_meets_every_event),
		CASE(arp_follows_its_table),
		CASE(probes_go_to_it_to_programs_and_to_all),
		CASE(a_router_that_is_none_any_more_is_told),
		CASE(a_managed_one_is_looked_after),
		CASE(what_routers_say_of_times_holds),
		CASE(a_scan_costs_no_live_flow_a_packet),
		CASE(without_its_bounds_a_scan_is_dear),
		CASE(a_known_one_is_asked_for_in_the_midst_of_a_scan),
		CASE(a_scan_makes_only_its_own_net_wait),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Making a plan from a seed. First a network, then traffic, faults and changes packed close: what goes wrong does so where things
 * meet. Each plan has a temper: how much of each it gets, so that some are all faults and some all configuration. */
#include "plan.h"

#include <string.h>

enum { MS = 1000, SETTLED_US = 2500 * MS, LEN_SMALL = 1200, LEN_MAX = 9000, BURST = 130 };

struct maker {
	struct plan *p;
	uint64_t random;
	unsigned nodes, wires, socks;
	unsigned faulty, changing, crashing; /* temper: of 100 */
	unsigned raw; /* of 100 sockets */
	bool may_corrupt, tables;
};

static uint32_t below(struct maker *m, uint32_t n)
{
	return (uint32_t)((random_next(&m->random) >> 32) * n >> 32);
}
static uint32_t between(struct maker *m, uint32_t from, uint32_t to)
{
	return from + below(m, to - from + 1);
}
static bool chance(struct maker *m, unsigned percent)
{
	return below(m, 100) < percent;
}
static uint32_t a_node(struct maker *m)
{
	return between(m, 1, m->nodes);
}
static uint32_t a_wire(struct maker *m)
{
	return between(m, 1, m->wires);
}
static uint32_t a_sock(struct maker *m)
{
	return between(m, 1, m->socks);
}

static uint32_t *add(struct maker *m, uint64_t at_us, enum deed_kind kind)
{
	static uint32_t nowhere[ARGS_MAX];
	if (m->p->n == DEEDS_MAX)
		return nowhere;
	struct deed *d = &m->p->deed[m->p->n++];
	*d = (struct deed){ .at_us = at_us, .kind = kind };
	return d->arg;
}
#define ADD(m, at_us, kind, ...)                                              \
	memcpy(add(m, at_us, DEED_##kind), (const uint32_t[]){ __VA_ARGS__ }, \
	       sizeof((const uint32_t[]){ __VA_ARGS__ }))

/* --- the network --- */

static void make_nodes(struct maker *m)
{
	unsigned workers = chance(m, 50) ? 1 : 3;
	bool mixed = chance(m, 25);
	m->nodes = chance(m, 70) ? between(m, 2, 3) : chance(m, 60) ? 4 : between(m, 5, NODES_MAX);
	for (unsigned i = 1; i <= m->nodes; i++)
		ADD(m, 0, node, i, mixed && chance(m, 50) ? 4 - workers : workers, !chance(m, 15));
}

static void make_wire(struct maker *m, uint32_t a, uint32_t b)
{
	uint32_t delay = chance(m, 30) ? 0 : chance(m, 50) ? between(m, 1, 2000) : between(m, 1, 30000);
	uint32_t jitter = chance(m, 80) ? 0 : below(m, delay + 1);
	uint32_t rate = chance(m, 70) ? 0 : between(m, 100, 100000); /* kbit/s */
	uint32_t queue = chance(m, 50) ? 0 : between(m, 1, 100);
	uint32_t mtu = chance(m, 80) ? 1500 : between(m, 1280, 1500);
	ADD(m, 0, wire, ++m->wires, a, b, delay, jitter, rate, queue, mtu, chance(m, 25));
}

static void make_wires(struct maker *m)
{
	for (unsigned i = 2; i <= m->nodes; i++)
		make_wire(m, i, chance(m, 50) ? i - 1 : between(m, 1, i - 1));
	for (unsigned n = below(m, m->nodes); n && m->wires < WIRES_MAX; n--) {
		uint32_t a = a_node(m), b = a_node(m);
		if (a != b)
			make_wire(m, a, b);
	}
}

static void make_sock(struct maker *m, uint64_t at)
{
	if (m->socks == SOCKS_MAX)
		return;
	uint32_t s = ++m->socks, peer = s > 1 && chance(m, 35) ? between(m, 1, s - 1) : 0;
	ADD(m, at, sock, s, a_node(m), chance(m, 50) ? 4 : 6, chance(m, 20), peer, below(m, 4), chance(m, 20),
	    chance(m, 20) ? between(m, 1, 20000) : 0, chance(m, m->raw));
}

static void make_socks(struct maker *m)
{
	for (unsigned n = between(m, 2, 8); n; n--)
		make_sock(m, SETTLED_US - MS);
}

/* --- what happens to it --- */

static uint32_t a_len(struct maker *m)
{
	return chance(m, 70)   ? between(m, 24, 200)
	       : chance(m, 70) ? between(m, 200, 1500)
			       : between(m, LEN_SMALL, LEN_MAX);
}

static void make_traffic(struct maker *m, uint64_t at)
{
	if (chance(m, 70))
		ADD(m, at, send, a_sock(m), a_sock(m), chance(m, 92) ? below(m, 4) : 4 + below(m, 2),
		    a_len(m), chance(m, 6) ? BURST : between(m, 1, 4));
	else if (chance(m, 85))
		ADD(m, at, ping, a_node(m), a_node(m), below(m, 4),
		    chance(m, 80) ? below(m, 1400) : below(m, 6000), chance(m, 6) ? BURST : between(m, 1, 5),
		    chance(m, 50) ? 0 : between(m, 1, 50) * MS);
	else if (chance(m, 80))
		ADD(m, at, read, a_sock(m));
	else if (chance(m, 50))
		make_sock(m, at);
	else
		ADD(m, at, close, a_sock(m));
}

static uint32_t a_chance(struct maker *m)
{
	return chance(m, 60) ? 0 : chance(m, 70) ? between(m, 1, 200) : between(m, 200, 1000);
}

/* Somebody waits for a neighbour who does not answer, and meanwhile the ground is taken from under him. */
static void make_clash(struct maker *m, uint64_t at)
{
	uint32_t w = a_wire(m), end = below(m, 2), family = chance(m, 50) ? 4 : 6;
	uint64_t then = at + (chance(m, 30) ? 0 : below(m, 900)) * MS, later = then + below(m, 2000) * MS;
	ADD(m, at, cut, w, 1);
	ADD(m, at, neigh, w, end, family, 0, 0, 1);
	ADD(m, at, cross, w, end, family, chance(m, 20) ? BURST : between(m, 1, 5));
	switch (below(m, 5)) {
	case 0:
	case 1:
		ADD(m, then, link_gone, w, end);
		ADD(m, later, link_back, w, end);
		break;
	case 2:
		ADD(m, then, link_up, w, end, 0);
		ADD(m, later, link_up, w, end, 1);
		break;
	case 3:
		ADD(m, then, neigh, w, end, family, below(m, 6), 0, chance(m, 50));
		break;
	default:
		ADD(m, then, unplug, w, 1);
		ADD(m, later, unplug, w, 0);
	}
	ADD(m, later, cut, w, 0);
}

static void make_fault(struct maker *m, uint64_t at)
{
	uint32_t w = a_wire(m);
	uint64_t later = at + (chance(m, 70) ? between(m, 1, 300) : between(m, 300, 4000)) * MS;
	if (chance(m, m->crashing)) {
		uint32_t n = a_node(m);
		ADD(m, at, crash, n, chance(m, 70));
		if (chance(m, 90))
			ADD(m, chance(m, 30) ? at : later, return, n);
	} else if (chance(m, 20)) {
		make_clash(m, at);
	} else if (chance(m, 35)) {
		ADD(m, at, cut, w, 1);
		ADD(m, later, cut, w, 0);
	} else if (chance(m, 35)) {
		ADD(m, at, unplug, w, 1);
		ADD(m, later, unplug, w, 0);
	} else {
		uint32_t corrupt = m->may_corrupt ? a_chance(m) : 0;
		ADD(m, at, faults, w, a_chance(m) / 2, a_chance(m) / 4, a_chance(m), a_chance(m), corrupt,
		    below(m, 3), chance(m, 80) ? 0 : between(m, 500, 1500));
		ADD(m, later, faults, w, 0);
	}
}

static void change_link(struct maker *m, uint64_t at, uint64_t later)
{
	uint32_t w = a_wire(m), end = below(m, 2);
	if (chance(m, 40)) {
		ADD(m, at, link_up, w, end, 0);
		ADD(m, later, link_up, w, end, 1);
	} else if (chance(m, 40)) {
		ADD(m, at, link_mtu, w, end, chance(m, 80) ? between(m, 1280, 1500) : between(m, 68, 2200));
	} else {
		ADD(m, at, link_gone, w, end);
		if (chance(m, 80))
			ADD(m, chance(m, 50) ? at : later, link_back, w, end);
	}
}

/* Both ends of a wire narrow, and what is too long for it sent along. */
static void make_narrow(struct maker *m, uint64_t at, uint64_t later)
{
	uint32_t w = a_wire(m), mtu = chance(m, 80) ? between(m, 1280, 1490) : between(m, 576, 1280);
	for (uint32_t e = 0; e < 2; e++) {
		ADD(m, at, link_mtu, w, e, mtu);
		ADD(m, later, link_mtu, w, e, 1500);
	}
	for (unsigned n = between(m, 1, 3); n && m->socks; n--)
		ADD(m, at + below(m, 500) * MS, send, a_sock(m), a_sock(m), below(m, 4),
		    between(m, 1200, 4000), between(m, 1, 3));
}

static void make_group(struct maker *m, uint64_t at, uint64_t later)
{
	uint32_t s = a_sock(m), w = a_wire(m);
	ADD(m, at, join, s, w, 0);
	ADD(m, later, send, a_sock(m), s, 6 + below(m, 2), a_len(m), between(m, 1, 3));
	if (chance(m, 50))
		ADD(m, later, join, s, w, 1);
}

/* What leads packets otherwise than one table of destinations does. */
static void make_tables(struct maker *m, uint64_t at, uint64_t later)
{
	uint32_t n = a_node(m), family = chance(m, 50) ? 4 : 6, w = a_wire(m), o = below(m, 8);
	switch (below(m, 10)) {
	case 0:
	case 1:
		ADD(m, at, rule, n, family, below(m, 6), 0);
		ADD(m, later, rule, n, family, below(m, 6), chance(m, 70));
		break;
	case 2:
	case 3:
		ADD(m, at, hop, n, o, family, a_wire(m), 0);
		ADD(m, at, hop, n, o + 1, family, a_wire(m), 0);
		ADD(m, at, group, n, o, o, o + 1, below(m, 4), chance(m, 50) ? 0 : between(m, 2, 16), 0);
		ADD(m, at, ways, n, a_node(m), family, 0, chance(m, 30), 8 + o, 0);
		ADD(m, later, hop, n, o + below(m, 2), family, a_wire(m), chance(m, 60));
		ADD(m, later, group, n, o, o, below(m, 8), below(m, 4), 0, chance(m, 40));
		break;
	case 4:
		ADD(m, at, ways, n, a_node(m), family, a_wire(m), a_wire(m), 0, 0);
		ADD(m, later, ways, n, a_node(m), family, a_wire(m), a_wire(m), 0, chance(m, 50));
		break;
	case 5:
		ADD(m, at, vlan, w, below(m, 2), family, chance(m, 50) ? 0 : below(m, 3000));
		break;
	case 6:
		ADD(m, at, vrf, w, below(m, 2), 1);
		if (chance(m, 70))
			ADD(m, later, vrf, w, below(m, 2), 0);
		break;
	case 7:
		ADD(m, at, proxy, w, below(m, 2), family, chance(m, 30));
		break;
	case 8:
		make_group(m, at, later);
		break;
	default:
		make_narrow(m, at, later);
	}
}

static void make_change(struct maker *m, uint64_t at)
{
	uint64_t later = at + (chance(m, 60) ? between(m, 0, 100) : between(m, 100, 3000)) * MS;
	unsigned what = below(m, 100);
	uint32_t family = chance(m, 50) ? 4 : 6;
	if (m->tables && chance(m, 35))
		make_tables(m, at, later);
	else if (what < 25)
		change_link(m, at, later);
	else if (what < 45)
		ADD(m, at, addr, a_wire(m), below(m, 2), family, below(m, 3), chance(m, 50));
	else if (what < 70)
		ADD(m, at, route, a_node(m), a_node(m), family, a_wire(m), chance(m, 80) ? 0 : below(m, 4),
		    chance(m, 40), below(m, 2));
	else if (what < 88)
		ADD(m, at, neigh, a_wire(m), below(m, 2), family, below(m, 6), chance(m, 30), chance(m, 40));
	else if (what < 92)
		ADD(m, at, forward, a_node(m), family, chance(m, 60));
	else if (what < 94)
		ADD(m, at, link_mac, a_wire(m), below(m, 2), below(m, 3));
	else if (what < 97)
		ADD(m, at, tune, a_node(m), chance(m, 80) ? a_wire(m) : 0, below(m, 64), below(m, 4));
	else {
		uint32_t n = a_node(m), which = below(m, 4);
		ADD(m, at, module, n, which, 0);
		ADD(m, later, module, n, which, 1);
	}
}

/* Deeds of one time stay in the order in which they were made. */
static void sort(struct plan *p)
{
	for (unsigned i = 1; i < p->n; i++) {
		struct deed d = p->deed[i];
		unsigned k = i;
		for (; k && d.at_us < p->deed[k - 1].at_us; k--)
			p->deed[k] = p->deed[k - 1];
		p->deed[k] = d;
	}
}

void plan_make(struct plan *p, uint64_t seed)
{
	struct maker m = { .p = p, .random = seed * 2 + 1 };
	memset(p, 0, sizeof *p);
	p->seed = seed;
	m.faulty = below(&m, 60);
	m.changing = below(&m, 60);
	m.crashing = chance(&m, 50) ? below(&m, 50) : 0;
	m.may_corrupt = chance(&m, 40);
	m.raw = chance(&m, 30) ? 50 : 5;
	m.tables = chance(&m, 60);
	make_nodes(&m);
	make_wires(&m);
	ADD(&m, 0, routes, chance(&m, 60));
	make_socks(&m);
	uint32_t span_ms = chance(&m, 60) ? between(&m, 50, 2000) : between(&m, 2000, 20000);
	/* Some begin while addresses are still being tested. */
	uint32_t from_ms = chance(&m, 80) ? SETTLED_US / MS : between(&m, 1, SETTLED_US / MS);
	for (unsigned n = between(&m, 5, chance(&m, 80) ? 40 : 120); n; n--) {
		uint64_t at =
			(uint64_t)(from_ms + below(&m, span_ms)) * MS + (chance(&m, 50) ? 0 : below(&m, MS));
		if (chance(&m, m.faulty))
			make_fault(&m, at);
		else if (chance(&m, m.changing))
			make_change(&m, at);
		else
			make_traffic(&m, at);
	}
	sort(p);
	p->end_us = (uint64_t)(SETTLED_US / MS + span_ms) * MS + 100 * MS;
}

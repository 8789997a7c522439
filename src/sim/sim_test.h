/* SPDX-License-Identifier: BSD-2-Clause */
/* For this room's tests: two nodes on a wire, a (10.0.0.1, 2001:db8::1) and b (.2, ::2). */
#ifndef LEAT_SIM_TEST_H
#define LEAT_SIM_TEST_H

#include "base/test.h"
#include "net/addr.h"
#include "sim/sim.h"
#include "wire/text.h"

static inline struct sim *test_sim(uint64_t seed, unsigned lcores)
{
	struct sim_opts o = { .seed = seed, .lcores = lcores };
	struct sim *s;
	assert_int_equal(sim_new(&o, &s), 0);
	return s;
}

/* --- events that note when they ran --- */

enum { ORDER_MAX = 16 };
struct order_test {
	struct order_event {
		struct sim_event e;
		struct order_test *o;
		unsigned id;
	} e[ORDER_MAX];
	unsigned n, seen[ORDER_MAX];
};

static inline void order_note(struct sim *s, struct sim_event *e)
{
	struct order_event *oe = container_of(e, struct order_event, e);
	oe->o->seen[oe->o->n++] = oe->id;
}
static inline void order_add(struct sim *s, struct order_test *o, unsigned id, uint64_t at_us)
{
	o->e[id] = (struct order_event){ .e.fn = order_note, .o = o, .id = id };
	sim_at(s, &o->e[id].e, at_us);
}

/* --- addresses --- */

static inline void test_addr(struct iface *i, const char *text, uint8_t plen)
{
	struct addr a = { .if_handle = i->handle,
			  .family = AF_INET,
			  .plen = plen,
			  .flags = IFA_F_NODAD,
			  .valid_s = UINT32_MAX,
			  .preferred_s = UINT32_MAX };
	if (ip6_from_text(text, &a.local.v6))
		a.family = AF_INET6;
	else
		assert_true(ip4_from_text(text, &a.local.v4));
	a.peer = a.local;
	assert_int_equal(addr_add(i->st, &a, false), 0);
	view_publish(i->st);
}

/* --- a pair --- */

struct pair {
	struct sim *s;
	struct sim_node *a, *b;
	struct sim_wire *w;
};

static inline void pair_configure(struct pair *p, unsigned end)
{
	struct iface *i = sim_wire_iface(p->w, end);
	assert_int_equal(iface_set_up(i, true), 0);
	test_addr(i, end ? "10.0.0.2" : "10.0.0.1", 24);
	test_addr(i, end ? "2001:db8::2" : "2001:db8::1", 64);
	sim_settle(p->s);
}
static inline void pair_new(struct pair *p, unsigned workers, uint64_t seed, const struct sim_wire_conf *c)
{
	p->s = test_sim(seed, workers);
	assert_int_equal(sim_node_new(p->s, "a", workers, &p->a), 0);
	assert_int_equal(sim_node_new(p->s, "b", workers, &p->b), 0);
	assert_int_equal(sim_wire_new(p->s, p->a, "eth0", p->b, "eth0", c, &p->w), 0);
	pair_configure(p, 0);
	pair_configure(p, 1);
	sim_run(p->s, 5 * SIM_SEC); /* link-local addresses are found unique, nothing is said any more */
}
static inline struct sim_ping *pair_start(struct pair *p, uint32_t count, uint32_t size, uint64_t interval_us)
{
	struct sim_ping *ping;
	const struct sim_ping_conf c = {
		.to = "10.0.0.2", .count = count, .size = size, .interval_us = interval_us
	};
	assert_int_equal(sim_ping(p->a, &c, &ping), 0);
	return ping;
}
static inline struct sim_ping_stats pair_ping(struct pair *p, uint32_t count, uint32_t size)
{
	struct sim_ping_stats st;
	struct sim_ping *ping = pair_start(p, count, size, 20000);
	sim_run(p->s, 20000 * (uint64_t)count + SIM_SEC);
	sim_ping_stats(ping, &st);
	assert_int_equal(st.sent, count);
	return st;
}
/* All at one instant. */
static inline struct sim_ping_stats pair_burst(struct pair *p, uint32_t count, uint32_t size)
{
	struct sim_ping_stats st;
	struct sim_ping *ping = pair_start(p, count, size, 0);
	sim_run(p->s, 10 * SIM_SEC);
	sim_ping_stats(ping, &st);
	assert_int_equal(st.sent, count);
	return st;
}

/* Every frame is accounted for and every packet has come back. */
static inline void pair_free(struct pair *p)
{
	for (unsigned from = 0; from < 2; from++) {
		struct sim_wire_stats s;
		uint64_t dropped = 0;
		sim_wire_stats(p->w, from, &s);
		for (unsigned i = 0; i < SIM_DROPS; i++)
			dropped += s.dropped[i];
		assert_int_equal(s.in + s.duplicated, s.out + dropped + s.held);
	}
	assert_int_equal(sim_free(p->s), 0);
}

#endif

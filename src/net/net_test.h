/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of this room and of those above it share: a stack of some modules on the manual runtime, a device that
 * remembers what it was asked to do, one that keeps the frame it sent last, frames coming in, and a node in the place of
 * eth-input. */
#ifndef LEAT_NET_NET_TEST_H
#define LEAT_NET_NET_TEST_H

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/test.h"
#include "core/manual.h"
#include "net/iface.h"
#include "wire/eth.h"

struct net_test {
	struct manual_rt *m;
	struct leat_runtime *rt;
	struct leat_stack *st;
};

/* --- eth-input, which keeps count and frees --- */

struct fake_eth {
	unsigned n;
	uint32_t last_hash, last_in_if;
};

static void fake_eth_run(struct worker *w, struct pkt_vec *v)
{
	struct fake_eth *f = worker_state(w, MODULE_TEST);
	uint8_t next[PKT_VEC_MAX];
	for (unsigned i = 0; i < v->n; i++) {
		f->n++;
		f->last_hash = v->pkt[i]->hash;
		f->last_in_if = v->pkt[i]->in_if;
		next[i] = pkt_drop(v->pkt[i], DROP_CONSUMED);
	}
	vec_dispatch(w, v, next);
}
static const struct node fake_eth_node = { .name = "eth-input",
					   .run = fake_eth_run,
					   .next = { [1] = "eth-demux", [2] = "hook-ingress" } };
static const struct node *const fake_eth_nodes[] = { &fake_eth_node, NULL };
static const struct module fake_eth_module = {
	.name = "fake-eth",
	.id = MODULE_TEST,
	.nodes = fake_eth_nodes,
	.worker_size = sizeof(struct fake_eth),
};

/* --- a device --- */

struct fake_device {
	char story[64]; /* u up, d down, s stop, f free, m mtu, a mac */
	int fail_up;
};

static void fake_note(struct iface *i, char c)
{
	struct fake_device *d = i->driver;
	size_t len = d ? strlen(d->story) : 0;
	if (d && len + 1 < sizeof d->story)
		d->story[len] = c;
}
static void fake_xmit(struct iface *i, struct worker *w, struct pkt *const *p, unsigned n)
{
	pkt_free_bulk(w->lc, p, n);
}
static int fake_up(struct iface *i)
{
	struct fake_device *d = i->driver;
	fake_note(i, 'u');
	return d ? d->fail_up : 0;
}
static void fake_down(struct iface *i)
{
	fake_note(i, 'd');
}
static int fake_mtu(struct iface *i, uint32_t mtu)
{
	fake_note(i, 'm');
	return 0;
}
static void fake_stop(struct iface *i)
{
	fake_note(i, 's');
}
static void fake_free(struct iface *i)
{
	fake_note(i, 'f');
}
static void fake_describe(const struct iface *i, char *to, size_t len)
{
	snprintf(to, len, "fake:%s,speed=9", i->name);
}
static const struct iface_ops fake_ops = {
	.kind = "fake",
	.xmit = fake_xmit,
	.up = fake_up,
	.down = fake_down,
	.set_mtu = fake_mtu,
	.stop = fake_stop,
	.free = fake_free,
	.describe = fake_describe,
};
static const struct iface_ops fake_lo_ops = { .stateless = true, .kind = "loopback", .xmit = fake_xmit };

static inline struct iface_new net_test_eth(const char *name, struct fake_device *d)
{
	static uint8_t n;
	struct iface_new how = {
		.ops = &fake_ops,
		.driver = d,
		.hw_type = ARPHRD_ETHER,
		.flags = IFF_BROADCAST | IFF_MULTICAST,
		.mtu = 1500,
		.mtu_min = 68,
		.mtu_max = 9000,
		.mac = { 2, 0, 0, 0, 0, ++n },
	};
	snprintf(how.name, sizeof how.name, "%s", name);
	return how;
}

static inline struct iface *net_test_iface(struct net_test *t, const char *name)
{
	struct iface_new how = net_test_eth(name, NULL);
	struct iface *i;
	assert_int_equal(iface_add(t->st, &how, &i), 0);
	return i;
}

static inline struct iface *net_test_lo(struct net_test *t)
{
	struct iface_new how = { .name = "lo",
				 .ops = &fake_lo_ops,
				 .hw_type = ARPHRD_LOOPBACK,
				 .flags = IFF_LOOPBACK,
				 .mtu = 65536 };
	struct iface *i;
	assert_int_equal(iface_add(t->st, &how, &i), 0);
	return i;
}

/* --- the stack --- */

static inline struct net_test *net_test_new(unsigned n_workers, const struct module *const *modules)
{
	struct net_test *t = calloc(1, sizeof *t);
	t->m = manual_rt_new(n_workers, 7);
	t->rt = manual_rt_of(t->m);
	assert_int_equal(pkt_pools_init(t->rt, 64 << 20), 0);
	assert_int_equal(stack_new(t->rt, "test", n_workers, modules, &t->st), 0);
	return t;
}

/* Fixtures for tests that want a stack of these modules with one worker or three. */
#define NET_TEST_LIFE(modules)                     \
	static int one_worker(void **state)        \
	{                                          \
		*state = net_test_new(1, modules); \
		return 0;                          \
	}                                          \
	static int three_workers(void **state)     \
	{                                          \
		*state = net_test_new(3, modules); \
		return 0;                          \
	}                                          \
	static int teardown(void **state)          \
	{                                          \
		net_test_free(*state);             \
		return 0;                          \
	}

static inline struct ipaddr net_ip(const char *text)
{
	struct ipaddr a = { 0 };
	assert_int_equal(inet_pton(strchr(text, ':') ? AF_INET6 : AF_INET, text, &a), 1);
	return a;
}

/* --- frames in and out --- */

/* What a device sent: how often, and the last one. */
struct net_sent {
	unsigned n;
	uint32_t len;
	uint8_t b[2048];
};

static inline void net_test_keep(struct iface *i, struct worker *w, struct pkt *const *p, unsigned n)
{
	struct net_sent *s = i->driver;
	for (unsigned k = 0; k < n; k++) {
		struct cursor c = pkt_cursor(p[k]);
		s->n++;
		s->len = p[k]->len;
		assert_true(cur_copy(&c, s->b, MIN(p[k]->len, (uint32_t)sizeof s->b)));
	}
	pkt_free_bulk(w->lc, p, n);
}
static inline int net_test_carrier(struct iface *i)
{
	iface_set_carrier(i, true);
	return 0;
}
static inline void net_test_nothing(struct iface *i)
{
}

/* An Ethernet device that is up and keeps what it sends in *to. More flags than usual: IFF_NOARP, say, or 0. */
static inline struct iface *net_test_keeper(struct net_test *t, const char *name, uint32_t flags,
					    struct net_sent *to)
{
	static const struct iface_ops ops = {
		.kind = "keep",
		.xmit = net_test_keep,
		.up = net_test_carrier,
		.down = net_test_nothing,
		.stop = net_test_nothing,
		.free = net_test_nothing,
	};
	struct iface_new how = net_test_eth(name, NULL);
	struct iface *i = NULL;
	how.ops = &ops;
	how.driver = to;
	how.flags |= flags;
	assert_int_equal(iface_add(t->st, &how, &i), 0);
	assert_int_equal(iface_set_up(i, true), 0);
	view_publish(t->st);
	manual_rt_settle(t->m);
	return i;
}

/* A frame comes in at the first worker and is carried to its end: dst NULL is the device's own address. */
static inline void net_test_hear(struct net_test *t, struct iface *i, const uint8_t *dst, const uint8_t *src,
				 uint16_t ethertype, const void *payload, uint32_t len)
{
	struct worker *w = t->st->worker[0];
	struct eth_msg m = { .type = ethertype };
	struct eth_hdr h;
	struct pkt *p = pkt_new(w->lc);
	memcpy(m.dst, dst ? dst : i->mac, sizeof m.dst);
	memcpy(m.src, src, sizeof m.src);
	eth_emit(&m, &h);
	assert_true(pkt_append(w->lc, p, &h, sizeof h) && pkt_append(w->lc, p, payload, len));
	iface_input(w, i, &p, 1);
	manual_rt_settle(t->m);
}

static inline uint64_t net_test_drops(const struct net_test *t, const char *node, enum drop why)
{
	return graph_drops(t->st, node_find(t->st, node), why);
}

/* The accounts assert that nothing was forgotten. */
static inline void net_test_free(struct net_test *t)
{
	stack_free(t->st);
	pkt_pools_done(t->rt);
	manual_rt_free(t->m);
	free(t);
}

#endif

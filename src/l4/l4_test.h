/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of this room share: a stack with endpoints and no wire, and endpoints without sockets. */
#ifndef LEAT_L4_TEST_H
#define LEAT_L4_TEST_H

#include "l4/l4_internal.h"
#include "net/addr.h"
#include "net/fib.h"
#include "net/neigh.h"
#include "net/net_test.h"

static const struct module *const l4_test_modules[] = {
	&pkt_module, &graph_module, &iface_module, &addr_module,  &neigh_module,
	&fib_module, &ip4_module,   &ip6_module,   &icmp4_module, &icmp6_module,
	&l4_module,  &udp_module,   &ping_module,  &raw_module,   NULL,
};
NET_TEST_LIFE(l4_test_modules)

static inline struct l4_addr l4_test_addr(const char *text, uint16_t port)
{
	struct ipaddr a = net_ip(text);
	return (struct l4_addr){ .a = strchr(text, ':') ? a.v6 : l4_of4(a.v4), .port = port };
}

/* An endpoint that is where it says, whether such an address is ours or not. */
static inline struct l4_end *l4_test_end(struct net_test *t, int type, uint8_t family, uint8_t proto)
{
	struct l4_end *e = calloc(1, sizeof *e);
	const struct l4_ops *ops = l4_ops_find(t->st, type, family, proto);
	assert_non_null(ops);
	assert_int_equal(l4_end_init(e, t->st, ops, family, proto), 0);
	return e;
}
static inline struct l4_end *l4_test_udp(struct net_test *t, uint8_t family, const char *at, uint16_t port)
{
	struct l4_end *e = l4_test_end(t, SOCK_DGRAM, family, IPPROTO_UDP);
	struct l4_addr a = l4_test_addr(at, port);
	assert_int_equal(l4_take_port(e, &a), 0);
	l4_hash(e);
	return e;
}
static inline void l4_test_connect(struct l4_end *e, const char *to, uint16_t port)
{
	l4_unhash(e);
	e->peer = l4_test_addr(to, port);
	e->connected = true;
	l4_hash(e);
}
static inline void l4_test_end_free(struct l4_end *e)
{
	l4_end_done(e);
	free(e);
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of families share: a stack with one interface, a client that may configure and one that may not. */
#ifndef LEAT_NETLINK_GENL_TEST_H
#define LEAT_NETLINK_GENL_TEST_H

#include <linux/genetlink.h>

#include "net/net_test.h"
#include "netlink/nl_receiver.h"

struct fixture {
	struct net_test *t;
	struct iface *eth0;
	struct receiver a, b;
	uint16_t id;
	uint8_t room[1024] __attribute__((aligned(8)));
	struct nl_buf q; /* the request that is being written */
};

static inline struct fixture *fixture_new(unsigned n_workers, const struct module *const *modules,
					  const struct nl_family *family)
{
	struct fixture *f = calloc(1, sizeof *f);
	f->t = net_test_new(n_workers, modules);
	f->eth0 = net_test_iface(f->t, "eth0");
	receiver_open(&f->a, f->t->st, NETLINK_GENERIC, true);
	receiver_open(&f->b, f->t->st, NETLINK_GENERIC, false);
	f->id = genl_family_id(f->t->st, family);
	return f;
}

static inline int tear_down(void **state)
{
	struct fixture *f = *state;
	nl_sock_free(f->a.s);
	nl_sock_free(f->b.s);
	forget_all(&f->a);
	forget_all(&f->b);
	net_test_free(f->t);
	free(f);
	return 0;
}

#endif

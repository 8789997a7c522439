/* SPDX-License-Identifier: BSD-2-Clause */
/* For this room's tests: a stack of tables, "lo" (1) and "eth0" (2). */
#ifndef LEAT_COMPAT_TEST_H
#define LEAT_COMPAT_TEST_H

#include "compat/file.h"
#include "net/addr.h"
#include "net/fib_exc.h"
#include "net/mcast.h"
#include "net/neigh.h"
#include "net/net_test.h"

static const struct nl_creds root = { .may_configure = true }, nobody = { .uid = 65534 };

static const struct module *const test_modules[] = { &pkt_module,   &graph_module, &netlink_module,
						     &iface_module, &addr_module,  &mcast_module,
						     &neigh_module, &fib_module,   &fib_exc_module,
						     &files_module, NULL };

static inline int test_setup(void **state)
{
	struct net_test *t = net_test_new(1, test_modules);
	net_test_lo(t);
	net_test_iface(t, "eth0");
	*state = t;
	return 0;
}

static inline int test_teardown(void **state)
{
	net_test_free(*state);
	return 0;
}

static inline struct iface *eth0(const struct net_test *t)
{
	return iface_by_name(t->st, "eth0");
}

/* What a file says: the text, or NULL and *ret_err. */
static inline const char *test_read(struct net_test *t, const struct file_tree *tree, const char *path,
				    int *ret_err)
{
	static char all[65536];
	struct text to = text_of(all, sizeof all);
	struct file_pos pos = { 0 };
	do
		*ret_err = tree->read(t->st, path, &pos, &to);
	while (*ret_err > 0);
	return *ret_err ? NULL : all;
}

#endif

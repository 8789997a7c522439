/* SPDX-License-Identifier: BSD-2-Clause */
/* The netlink module: sockets and what they share. The families come with the modules whose tables they speak for. */
#include "netlink/netlink_internal.h"

static int netlink_init(struct leat_stack *st)
{
	struct nl_state *ns = nl_state(st);
	ns->notifier.notify = nl_multicast;
	list_init(&ns->socks);
	list_init(&ns->closers);
	return 0;
}

/* Sockets are their owners' (sockd, the daemon): they free them before the stack. */
static void netlink_free(struct leat_stack *st)
{
	assert(list_empty(&nl_state(st)->socks));
}

const struct module netlink_module = {
	.name = "netlink",
	.id = MODULE_netlink,
	.stack_size = sizeof(struct nl_state),
	.init = netlink_init,
	.free = netlink_free,
};

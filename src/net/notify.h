/* SPDX-License-Identifier: BSD-2-Clause */
/* How rooms that change tables tell netlink listeners, without knowing netlink's sockets. */
#ifndef LEAT_NET_NOTIFY_H
#define LEAT_NET_NOTIFY_H

#include "core/stack.h"
#include "nlmsg/family.h"

/* The first member of the netlink module's stack state; netlink/ fills it in. */
struct nl_notifier {
	void (*notify)(struct leat_stack *st, int protocol, unsigned group, uint16_t type, nl_fill_fn *fill,
		       const void *what);
};

/* Control lcore. `group` is a number (RTNLGRP_LINK), not a mask; `fill` is called once, at once, and only when somebody
 * listens. A no-op in a stack without the netlink module. */
void nl_notify(struct leat_stack *st, int protocol, unsigned group, uint16_t type, nl_fill_fn *fill,
	       const void *what);

#endif

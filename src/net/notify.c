/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/notify.h"

void nl_notify(struct leat_stack *st, int protocol, unsigned group, uint16_t type, nl_fill_fn *fill,
	       const void *what)
{
	const struct nl_notifier *n = stack_state(st, MODULE_netlink);
	if (n && n->notify)
		n->notify(st, protocol, group, type, fill, what);
}

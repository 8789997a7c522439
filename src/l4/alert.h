/* SPDX-License-Identifier: BSD-2-Clause */
/* Raw sockets that look at packets with a router alert. Workers between turns. */
#ifndef LEAT_L4_ALERT_H
#define LEAT_L4_ALERT_H

#include "graph/node.h"
#include "l4/l4.h"

/* From now on, or not any more. 0; -EINVAL or, for IPv6, -ENOPROTOOPT (no socket for that), -EADDRINUSE, -ENOBUFS. value: what the
 * option says; negative: not any more. */
int l4_alert_set4(struct l4_end *e, bool on);
int l4_alert_set6(struct l4_end *e, int value);
void l4_alert_leave(struct l4_end *e);
void l4_alert_init(struct leat_stack *st);

extern const struct node l4_alert4_node, l4_alert6_node;

#endif

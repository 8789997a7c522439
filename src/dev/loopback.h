/* SPDX-License-Identifier: BSD-2-Clause */
/* "lo": what a stack sends to itself. */
#ifndef LEAT_DEV_LOOPBACK_H
#define LEAT_DEV_LOOPBACK_H

#include "net/iface.h"

/* Makes "lo", ifindex 1, down, without addresses: it gets 127.0.0.1/8 and ::1/128 when it first comes up. Every stack with the
 * module "dev" has one from the start, as a network namespace has on Linux. 0 or what iface_add() says. */
int loopback_new(struct leat_stack *st, struct iface **ret);

#endif

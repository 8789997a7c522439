/* SPDX-License-Identifier: BSD-2-Clause */
/* An interface that takes every frame and keeps none: what has gone out is in its counters. */
#ifndef LEAT_DEV_SINK_H
#define LEAT_DEV_SINK_H

#include "net/iface.h"

/* Control lcore. 0 or what iface_add() says. */
int sink_new(struct leat_stack *st, const char *name, struct iface **ret);

extern const struct iface_kind sink_kind; /* "sink": mac=MAC */

#endif

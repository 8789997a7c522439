/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LEAT_NET_FIB_EXC_INTERNAL_H
#define LEAT_NET_FIB_EXC_INTERNAL_H

#include "net/fib_exc.h"

struct saver;
struct loader;

/* fib_exc_save.c */
int fib_exc_save(struct leat_stack *st, struct saver *s);
int fib_exc_restore(struct leat_stack *st, struct loader *l);

#endif

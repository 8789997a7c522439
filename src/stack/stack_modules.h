/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LEAT_STACK_MODULES_H
#define LEAT_STACK_MODULES_H

#include "core/module.h"

/* All that is built in, in start order, NULL-terminated: what leatd and whole-stack tests give to stack_new(). */
extern const struct module *const leat_modules[];

#endif

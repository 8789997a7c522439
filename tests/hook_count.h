/* SPDX-License-Identifier: BSD-2-Clause */
/* A module that counts packets at every hook point and lets all of them pass. stack_load() it into any stack. */
#ifndef LEAT_TESTS_HOOK_COUNT_H
#define LEAT_TESTS_HOOK_COUNT_H

#include "graph/hook.h"

extern const struct module hook_count_module;

/* Packets seen at the point since the module was loaded, all workers. Control lcore, while it is loaded. */
uint64_t hook_count(const struct leat_stack *st, enum hook_point h);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Shell lines of scripts: the few that the stack under test answers itself. */
#ifndef LEAT_DRILL_SHELL_H
#define LEAT_DRILL_SHELL_H

#include "drill/world.h"

/* NULL, or why this line cannot be answered here. dir: where files are named from. */
const char *shell_missing(const char *dir, const char *text, char *room, size_t size);
/* 0 or -errno; *ret_why: a few words. */
int shell_run(struct world *w, const char *dir, const char *text, char *ret_why, size_t why_len);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Running scripts. */
#ifndef LEAT_DRILL_DRILL_H
#define LEAT_DRILL_DRILL_H

#include "drill/script.h"

enum drill_outcome { DRILL_PASSED, DRILL_FAILED, DRILL_SKIPPED };

/* Plays a script on a stack of its own. When it does not pass, the text says where and why: a line, or, when packets differ, the
 * expected and the actual one in lines below each other. */
enum drill_outcome drill_run(const struct script *s, char *ret_why, size_t why_len);

#endif

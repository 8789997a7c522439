/* SPDX-License-Identifier: BSD-2-Clause */
/* Faults planted on purpose; in the program prop-mutants alone. */
#ifndef LEAT_PROP_MUTANTS_H
#define LEAT_PROP_MUTANTS_H

#include <stdio.h>

#include "base/base.h"

void mutants_list(FILE *to);
bool mutant_choose(const char *name); /* false: no such */

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* The program prop as it is: without any. */
#include "mutants.h"

void mutants_list(FILE *to)
{
}

bool mutant_choose(const char *name)
{
	return false;
}

void mutants_begin(void)
{
}

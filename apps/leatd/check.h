/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LEATD_CHECK_H
#define LEATD_CHECK_H

#include <stdio.h>

struct options;

/* Says on `err` what drivers and settings `o` names that there are not, and values that are refused: 0, or -EINVAL. */
int check_names(const struct options *o, FILE *err);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* What leatd says of itself: --help, the man page, completion. */
#ifndef LEATD_PAGE_H
#define LEATD_PAGE_H

#include <stdbool.h>
#include <stdio.h>

void page_help(FILE *to);
/* `leatd --print-man [conf]` (the build) and `leatd --complete LINE` (the shell), which are told of nowhere. false: something else is wanted. */
bool page_asked(int argc, char **argv);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Two packets below each other, with marks where they differ. */
#ifndef LEAT_DRILL_SIDE_H
#define LEAT_DRILL_SIDE_H

#include "base/base.h"

/* Writes three lines into `to` (the last without its end): want and got, each behind its label and with equal words in equal columns, and
 * marks below the words that only one of them has. The labels are of one length. */
void side_by_side(const char *want_label, const char *want, const char *got_label, const char *got, char *to,
		  size_t size);

#endif

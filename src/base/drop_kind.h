/* SPDX-License-Identifier: BSD-2-Clause */
/* Which reasons are no loss. Apart from drop.h, which is included nearly everywhere, since only who counts and shows asks. */
#ifndef LEAT_BASE_DROP_KIND_H
#define LEAT_BASE_DROP_KIND_H

#include "base/drop.h"

/* The packet had come to where it was going (DONE() in drop.def): no drop to a user, though it is counted as one is. */
bool drop_is_done(enum drop why);

#endif

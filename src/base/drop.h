/* SPDX-License-Identifier: BSD-2-Clause */
/* Why packets are dropped. The reasons live once, in drop.def; 0 means the packet is fine. */
#ifndef LEAT_BASE_DROP_H
#define LEAT_BASE_DROP_H

#include "base/base.h"

enum drop {
	DROP_NONE,
#define DROP(name, help) DROP_##name,
#include "base/drop.def"
#undef DROP
	DROP_MAX
};
static_assert(DROP_MAX <= 256, "a reason fits a byte");

const char *drop_name(enum drop why); /* "truncated"; "?" past the end */
const char *drop_help(enum drop why); /* a line for a person */
/* The reason with that name, or DROP_NONE. */
enum drop drop_from_name(const char *name);

#endif

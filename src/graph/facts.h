/* SPDX-License-Identifier: BSD-2-Clause */
/* What a node says of its decision: a few pairs of a name and a value, in the order in which they were said. */
#ifndef LEAT_GRAPH_FACTS_H
#define LEAT_GRAPH_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

enum { FACTS_BYTES = 1000 };

/* Strings one after the other, a name and its value in turns. What has no room is left out. */
struct facts {
	uint16_t len;
	char text[FACTS_BYTES];
};

void fact(struct facts *f, const char *name, const char *fmt, ...) printf_like(3, 4);
/* Goes through them: *at is 0 at first. False: no more. */
bool facts_next(const struct facts *f, size_t *at, const char **ret_name, const char **ret_value);
/* The first value of that name, or NULL. */
const char *facts_find(const struct facts *f, const char *name);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* A plan: everything that happens in one run, as a list of timed deeds. It is made from a seed before anything runs, can be
 * written and read as text, and what is left when lines are taken out of it is a plan, too: shrinking rests on that. */
#ifndef LEAT_PROP_PLAN_H
#define LEAT_PROP_PLAN_H

#include <stdio.h>

#include "base/base.h"

enum {
	NODES_MAX = 8,
	WIRES_MAX = 12,
	SOCKS_MAX = 24,
	VLANS_MAX = 2, /* of a wire; the second lies in the first */
	ARGS_MAX = 10,
	DEEDS_MAX = 600,
};

/* Rows of deeds.def: what can happen. */
enum deed_kind {
#define DEED(name, ...) DEED_##name,
#include "deeds.def"
#undef DEED
	DEEDS
};

struct deed {
	uint64_t at_us;
	enum deed_kind kind;
	uint32_t arg[ARGS_MAX];
};

struct plan {
	uint64_t seed; /* of the simulation: wires' faults, stacks' keys */
	uint64_t end_us; /* deeds are over */
	unsigned n;
	struct deed deed[DEEDS_MAX];
};

/* What a random plan is made of. */
void plan_make(struct plan *p, uint64_t seed);

/* A line a deed. Reading says on standard error what is wrong. */
void plan_write(const struct plan *p, FILE *to);
bool plan_read(struct plan *p, FILE *from, const char *name);
void deed_write(const struct deed *d, FILE *to);

/* SplitMix64, as the simulator has it. */
static inline uint64_t random_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15U;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
	z = (z ^ z >> 27) * 0x94d049bb133111ebU;
	return z ^ z >> 31;
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Faults planted on purpose, to see whether the properties notice: in the program prop-mutants alone, and one at a time. The linker
 * puts the functions below in front of the real ones (--wrap), and three files are compiled again with one word changed; so
 * production's source knows nothing of it. */
#ifndef LEAT_PROP_MUTANTS_H
#define LEAT_PROP_MUTANTS_H

#include <stdio.h>

#include "base/base.h"

enum mutant {
	MUTANT_NONE,
#define MUTANT(name, words, expected) MUTANT_##name,
#include "mutants.def"
#undef MUTANT
};

void mutants_list(FILE *to);
bool mutant_choose(const char *name); /* false: no such */
void mutants_begin(void); /* of a play: the same seed is the same again */
/* Is it the chosen one's turn: once in so many times. */
bool mutant_strikes(enum mutant m, unsigned one_in);

struct pkt;
struct pkt_queue;
struct timer;
struct wheel;
struct pkt *mutant_queue_pop(struct pkt_queue *q);
uint32_t mutant_bound(const char *what, uint32_t is);
void mutant_exception_timer(struct wheel *w, struct timer *t, uint64_t when_us);
bool mutant_counts(const char *what);

#endif

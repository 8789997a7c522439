/* SPDX-License-Identifier: BSD-2-Clause */
/* Plays in processes of their own, so that a crash is one more way for a property not to hold. */
#ifndef LEAT_PROP_RUN_H
#define LEAT_PROP_RUN_H

#include "prop.h"

/* And it is the same run both times. */
bool play_twice(const struct plan *p, const struct play_opts *o, struct result *ret);
/* The same, in a child. What ended it otherwise (a signal, a sanitizer, the time it took) is told in `why`. */
bool play_apart(const struct plan *p, struct result *ret);

struct seeds {
	uint64_t from, n;
	unsigned jobs;
	double seconds; /* stop after that; 0: when all are done */
	bool count; /* print what the plans reached */
	bool go_on; /* after a failure: print it and go on */
};
/* Plays seeds in s->jobs processes. True: all were clean. Else *ret_seed is one that was not. */
bool play_seeds(const struct seeds *s, uint64_t *ret_clean, uint64_t *ret_seed);

/* Makes a failing plan short: what is left fails in the same way. *ret: how. Returns how many plays that took. */
unsigned shrink(struct plan *p, struct result *ret);

double seconds_now(void);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* The runtime of tests, and the seed of the simulator: one thread, a clock set by hand, randomness from a seed. */
#ifndef LEAT_CORE_MANUAL_H
#define LEAT_CORE_MANUAL_H

#include "core/lcore.h"

struct manual_rt;

/* n_lcores with workers, plus control. Never returns NULL (aborts without memory). */
struct manual_rt *manual_rt_new(unsigned n_lcores, uint64_t seed);
void manual_rt_free(struct manual_rt *m); /* NULL is welcome; runs what is still deferred */
struct leat_runtime *manual_rt_of(struct manual_rt *m);

uint64_t manual_rt_now_us(const struct manual_rt *m);
/* Turns every lcore until none has anything to do at this instant, then runs deferred frees; repeats until quiet. */
void manual_rt_settle(struct manual_rt *m);
/* Moves the clock by delta_us, stopping (and settling) at each instant at which a timer is due. */
void manual_rt_run(struct manual_rt *m, uint64_t delta_us);
/* When the next timer is due, or UINT64_MAX. */
uint64_t manual_rt_next_us(const struct manual_rt *m);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* The real runtime: what a stack is given on a Linux host. One thread per lcore; the control lcore is the thread that
 * calls rt_run(). The contract of each operation is core/runtime.h; README.md says how they are kept. */
#ifndef LEAT_RT_RT_H
#define LEAT_RT_RT_H

#include "core/lcore.h"

struct rt_opts {
	bool poll; /* lcores with workers never sleep */
	bool pin; /* lcore i runs on the i-th CPU of this process's affinity mask (modulo their number) */
	unsigned spin_us; /* how long an idle lcore looks on before it sleeps; 0: RT_SPIN_US */
	uint64_t budget_bytes; /* of all memory accounts, an eighth of it for clients; 0: none */
	enum log_level log_level; /* lines less important than this are not written */
	const char *log_name; /* in front of each line; borrowed; NULL: "leat" */
};
enum { RT_SPIN_US = 50 };

/* Makes a runtime with n_lcores + 1 lcores; no thread runs yet, the caller's is the control lcore's from here on. `opts`
 * may be NULL. 0 or -errno. */
int rt_new(unsigned n_lcores, const struct rt_opts *opts, struct leat_runtime **ret_rt);
/* Starts the threads and serves the control lcore until rt_stop(), then ends them. 0 or -errno (a thread could not be
 * started; none is left then). May be called again. */
int rt_run(struct leat_runtime *rt);
/* Any thread; before rt_run() too, which then returns at once. */
void rt_stop(struct leat_runtime *rt);
/* Runs what is still deferred and frees everything. Not within rt_run(). NULL is welcome. */
void rt_free(struct leat_runtime *rt);

#endif

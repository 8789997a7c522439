/* SPDX-License-Identifier: BSD-2-Clause */
/* What would happen? A copy of the whole process finds out, by letting it happen there. */
#ifndef LEAT_CORE_ASIDE_H
#define LEAT_CORE_ASIDE_H

#include <sys/types.h>

#include "core/lcore.h"

enum { ASIDE_SECONDS = 10 }; /* after which the copy is ended by itself */

struct aside {
	pid_t pid;
	int fd; /* what the copy writes; ends with it */
};

/* Runs in the copy. `out` is the one descriptor it has. Between its calls of aside_settle() no lcore is in a turn, so it may call
 * whatever the control lcore may, and on a worker's behalf whatever that worker may. */
typedef void aside_fn(struct leat_runtime *rt, int out, void *ctx);
/* Runs in the copy first of all, while its descriptors are open: makes memory that it shares with the original its own. */
typedef void aside_own_fn(struct leat_runtime *rt);

/* Control lcore. own: NULL, or pkt_arenas_own(). 0 or -errno (-ENOMEM, -EAGAIN: the host has no room for one more process). */
int aside_start(struct leat_runtime *rt, aside_own_fn *own, aside_fn *fn, void *ctx, struct aside *ret);
/* Waits for the end of a copy that has closed its descriptor (heard: fd was read to its end), or ends it. How it ended, as waitpid()
 * says; 0: it came to its end. */
int aside_end(struct aside *a, bool heard);

/* In the copy: everything that follows from what was done, at this instant: messages and what they ask for. No timer fires and
 * no device is polled. */
void aside_settle(struct leat_runtime *rt);
/* In the copy: all of it, or the copy ends (nobody listens). */
void aside_write(int out, const void *bytes, size_t len_bytes);

#endif

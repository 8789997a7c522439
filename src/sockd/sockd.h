/* SPDX-License-Identifier: BSD-2-Clause */
/* The daemon's end of applications' descriptors. It serves a listening Unix socket on the control lcore; the requests that
 * come over it are in proto.h, its place in the file system in path.h. */
#ifndef LEAT_SOCKD_SOCKD_H
#define LEAT_SOCKD_SOCKD_H

#include "core/stack.h"

struct sockd;

/* Serves st's sockets on listen_fd (sockd_listen()), which it closes in the end. Control lcore, or before the lcores run.
 * Root and whoever called listen() (not: whom the process runs as by now) may configure, others look on.
 * 0 or -errno; on failure listen_fd stays the caller's. */
int sockd_new(struct leat_stack *st, int listen_fd, struct sockd **ret);
/* Closes all clients and sockets. Call it before stack_free(). NULL is welcome. */
void sockd_free(struct sockd *d);

struct fds;
struct loader;
struct saver;

/* Who started the daemon asks, over fd, to take its place (SOCKD_TAKE_OVER). Takes fd when it returns 0; else -errno. */
typedef int sockd_take_over_fn(void *ctx, int fd);
void sockd_on_take_over(struct sockd *d, sockd_take_over_fn *fn, void *ctx);
/* Everything but the listener, as it is now (hand.c). The descriptors stay ours. */
void sockd_save(struct sockd *d, struct saver *s, struct fds *fds);
/* Into a new one, before its lcores run. 0 or -errno: then it can only be freed. */
int sockd_restore(struct sockd *d, struct loader *l, struct fds *fds);

struct sockd_stats {
	uint64_t clients, sockets, with_slots; /* now */
	uint64_t requests, slot_requests, refused, bad_requests; /* ever */
};
void sockd_stats(const struct sockd *d, struct sockd_stats *ret);

#endif

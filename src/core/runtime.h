/* SPDX-License-Identifier: BSD-2-Clause */
/* What a stack is given by the world outside it: time, randomness, memory, wake-ups, logging and deferred frees. The real
 * one is in rt/; manual.h is the single-threaded one with a clock that tests set by hand. */
#ifndef LEAT_CORE_RUNTIME_H
#define LEAT_CORE_RUNTIME_H

#include "base/hash.h" /* struct deferred */
#include "base/mem.h"

struct lcore;

enum { LCORE_MAX = 17 }; /* 16 that carry workers, and the control lcore */
enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

struct leat_runtime {
	const struct runtime_ops *ops;
	struct mem_account mem; /* root of all accounts but those of clients */
	/* What clients have in flight: requests, answers, notifications. Apart, so that a full stack can be asked, and relieved. */
	struct mem_account client_mem;
	unsigned n_lcores; /* with workers: lcore[0] .. lcore[n_lcores - 1] */
	struct lcore *lcore[LCORE_MAX]; /* lcore[n_lcores] is the control lcore, ctl */
	struct lcore *ctl;
	uint64_t views_published; /* of all stacks; written by the control lcore behind the view */
	bool deterministic; /* no cycle counts, no wall clock: a simulation */
};

/* A descriptor that wakes an lcore. ready() runs on that lcore, in a turn; level-triggered unless events say EPOLLET. */
struct fd_watch {
	int fd;
	uint32_t events; /* EPOLLIN, EPOLLOUT */
	void (*ready)(struct fd_watch *w, struct lcore *lc, uint32_t events);
	void *rt_private; /* the runtime's */
};

struct runtime_ops {
	/* Microseconds since the runtime started. Called once per turn by lcore_turn(); by others only where a turn takes long. */
	uint64_t (*now_us)(struct leat_runtime *rt);
	/* Wall clock in nanoseconds since 1970, for captures and netlink caches that show it. 0 in a simulation's year one. */
	uint64_t (*wall_ns)(struct leat_runtime *rt);
	void (*random)(struct leat_runtime *rt, void *buf, size_t len_bytes);
	/* Ends or forestalls lc's sleep. Any thread. */
	void (*wake)(struct leat_runtime *rt, struct lcore *lc);
	/* Runs d->fn(d) on `from`, the calling lcore, when no other lcore can still see what was unlinked. */
	void (*defer)(struct leat_runtime *rt, struct lcore *from, struct deferred *d);
	/* Starts, changes (call again after writing w->events) and ends watching; on lc itself, or on the control lcore while
	 * paused or before lc first runs. Polling lcores look at their descriptors now and then, sleeping ones are woken. After
	 * fd_unwatch() ready() is not called again. NULL in a runtime without descriptors. 0 or -errno. */
	int (*fd_watch)(struct leat_runtime *rt, struct lcore *lc, struct fd_watch *w);
	void (*fd_unwatch)(struct leat_runtime *rt, struct lcore *lc, struct fd_watch *w);
	/* Control lcore only. pause() returns when every other lcore stands between turns and can see nothing that is
	 * unlinked; resume() lets them go on. Pauses nest. While paused, run_deferred() runs everything deferred so far. */
	void (*pause)(struct leat_runtime *rt);
	void (*resume)(struct leat_runtime *rt);
	void (*run_deferred)(struct leat_runtime *rt);
	/* Clients may have the process copied (core/aside.h). */
	bool may_fork;
	/* One line without newline. Rooms below apps/ log only through here, rarely. Any thread. */
	void (*log)(struct leat_runtime *rt, enum log_level level, const char *line);
};

/* `from` is the calling lcore. */
static inline void rt_defer(struct lcore *from, struct leat_runtime *rt, struct deferred *d,
			    void (*fn)(struct deferred *))
{
	d->fn = fn;
	rt->ops->defer(rt, from, d);
}
uint64_t rt_random_u64(struct leat_runtime *rt);
void rt_log(struct leat_runtime *rt, enum log_level level, const char *fmt, ...) printf_like(3, 4);

/* Makes n_lcores + 1 lcores with their mailboxes. rt->ops and the accounts must be set. 0 or -errno. */
int rt_init_lcores(struct leat_runtime *rt, unsigned n_lcores);
void rt_done_lcores(struct leat_runtime *rt);

#endif

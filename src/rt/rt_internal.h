/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of this room share. */
#ifndef LEAT_RT_INTERNAL_H
#define LEAT_RT_INTERNAL_H

#include <pthread.h>
#include <semaphore.h>
#include <sys/epoll.h>

#include "rt/rt.h"

enum { RT_EVENTS = 64, RT_RANDOM_BYTES = 1024 };

/* A batch of deferred functions is with the lcore (idle), with the reaper (sent), or back and due to run (done). */
enum batch_state { BATCH_IDLE, BATCH_SENT, BATCH_DONE };

/* The runtime's part of an lcore; lcore->slot[LCORE_SLOT_RT]. Touched by the lcore's thread, or by the control thread
 * while the lcore is parked or not yet running, except where a line says otherwise. */
struct rt_lcore {
	struct real_rt *rt;
	struct lcore *lc;
	struct poller poller;
	pthread_t thread;

	int epoll_fd;
	int wake_fd; /* any thread writes */
	uint64_t looked_us; /* when the descriptors were last looked at */
	struct epoll_event event[RT_EVENTS];
	int n_events, at_event;
	unsigned n_own; /* in the last turn: descriptors told of, deferred functions run */

	struct deferred *deferred, **deferred_tail; /* since the last batch was sent */
	unsigned n_deferred;
	uint64_t sent_us; /* when the last batch was sent */
	struct deferred *batch; /* the reaper's while sent */
	int batch_state; /* enum batch_state: by whose turn it is, acquire and release */
	char grace; /* its address names this lcore's quiescent states to TSan */
};

struct rt_random {
	bool busy; /* somebody draws from the buffer */
	unsigned left;
	uint8_t buf[RT_RANDOM_BYTES];
};

/* Lines that differ in numbers and quoted words only. */
struct rt_log_kind {
	bool used;
	uint32_t kind;
	unsigned tokens;
	uint64_t tokens_at_us, last_us, left_out;
};

struct rt_log {
	pthread_mutex_t lock;
	unsigned tokens;
	uint64_t tokens_at_us;
	struct rt_log_kind kind[64];
	bool in_journal; /* standard error is the journal's */
	int journal_fd; /* -1: lines go to standard error */
};

struct real_rt {
	struct leat_runtime rt;
	struct rt_opts opts;
	uint64_t start_ns;
	struct rt_random random;
	struct rt_log log;
	struct rt_lcore lcore[LCORE_MAX];
	unsigned n_threads; /* that run; control's view */
	int stop; /* any thread; racy_* */

	/* Pausing. `pausing` is read without the lock between turns and written with it. */
	pthread_mutex_t lock;
	pthread_cond_t changed; /* n_parked, pausing, a batch that came back */
	unsigned pause_depth; /* control's */
	unsigned n_parked;
	int pausing;

	/* The reaper. */
	pthread_t reaper;
	sem_t reap;
	int reaper_stop;
};

static inline struct real_rt *real(struct leat_runtime *rt)
{
	return container_of(rt, struct real_rt, rt);
}
static inline struct rt_lcore *rt_lcore_of(struct lcore *lc)
{
	return lc->slot[LCORE_SLOT_RT];
}

/* time.c */
uint64_t rt_clock_ns(void); /* CLOCK_MONOTONIC */
uint64_t rt_now_us(struct leat_runtime *rt);
uint64_t rt_wall_ns(struct leat_runtime *rt);
void rt_random(struct leat_runtime *rt, void *buf, size_t len_bytes);
/* log.c */
void rt_log_init(struct rt_log *l);
void rt_log_done(struct rt_log *l);
void rt_log_line(struct leat_runtime *rt, enum log_level level, const char *line);

/* fd.c */
int rt_fds_init(struct rt_lcore *c);
void rt_fds_done(struct rt_lcore *c);
void rt_wake(struct leat_runtime *rt, struct lcore *lc);
int rt_fd_watch(struct leat_runtime *rt, struct lcore *lc, struct fd_watch *w);
void rt_fd_unwatch(struct leat_runtime *rt, struct lcore *lc, struct fd_watch *w);
unsigned rt_fds_dispatch(struct rt_lcore *c); /* how many were ready */
void rt_fds_sleep(struct rt_lcore *c, uint64_t until_us);

/* defer.c */
void rt_deferred_init(struct rt_lcore *c);
void rt_thread_register(void);
void rt_thread_unregister(struct rt_lcore *c);
void rt_quiescent(struct rt_lcore *c);
void rt_offline(struct rt_lcore *c);
void rt_online(struct rt_lcore *c);
void rt_defer_on(struct leat_runtime *rt, struct lcore *from, struct deferred *d);
void rt_deferred_send(struct rt_lcore *c);
void rt_deferred_turn(struct rt_lcore *c); /* after a turn: the same, unless one has just been sent */
uint64_t rt_deferred_until(
	const struct rt_lcore *c); /* when they are sent at the latest, if they can be; or never */
unsigned rt_deferred_run(struct rt_lcore *c); /* those whose grace period is over; returns how many */
bool rt_deferred_due(const struct rt_lcore *c);
void rt_run_deferred(struct leat_runtime *rt);
int rt_reaper_start(struct real_rt *rr);
void rt_reaper_stop(struct real_rt *rr);

/* pause.c */
void rt_pause(struct leat_runtime *rt);
void rt_resume(struct leat_runtime *rt);
void rt_park(struct rt_lcore *c); /* between turns, while rr->pausing */

#endif

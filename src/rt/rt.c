/* SPDX-License-Identifier: BSD-2-Clause */
/* The real runtime.
 *
 * Theory of operation: each lcore is a thread that gives its lcore one turn after another. After a turn with work comes the
 * next at once; after spin_us without work the lcore sleeps in epoll until a descriptor, a timer or another lcore wakes it.
 * There is no periodic tick, so an idle process costs nothing. Spinning a little first keeps latency low while packets
 * come in trains: a wake-up costs some 5 us on both sides, a look at an empty ring some 50 ns.
 *
 * Sleep protocol: the sleeper sets lcore->sleeping, fences, and looks once more at everything that could want it (its
 * mailboxes, a batch that came back, a pause, the end). Whoever wants it writes first, fences, and then looks at
 * `sleeping`. One of the two sees the other, so a wake-up is neither lost nor paid for while the lcore is awake.
 *
 * Threads: the control lcore is the caller's of rt_run(); lcores with workers have their own; the reaper (defer.c) waits
 * for grace periods. Everything between turns (parking, sleeping, grace periods) is in this room; a turn is core's. */
#include "rt/rt.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "rt/rt_internal.h"

/* In every turn: what is due of the deferred, and descriptors that are ready. */
static unsigned rt_poll(struct poller *p, struct lcore *lc)
{
	struct rt_lcore *c = container_of(p, struct rt_lcore, poller);
	c->n_own = rt_deferred_run(c);
	c->n_own += rt_fds_dispatch(c);
	return c->n_own;
}

static bool is_ctl(const struct rt_lcore *c)
{
	return c->lc == c->rt->rt.ctl;
}

static bool wanted(const struct rt_lcore *c)
{
	return racy_get(c->rt->stop) || (racy_get(c->rt->pausing) && !is_ctl(c)) || rt_deferred_due(c);
}

static void go_to_sleep(struct rt_lcore *c)
{
	racy_set(c->lc->sleeping, 1);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	uint64_t until_us = wanted(c) ? 0 : MIN(lcore_sleep_until(c->lc), rt_deferred_until(c));
	if (until_us > c->lc->now_us) {
		rt_offline(c);
		rt_fds_sleep(c, until_us);
		rt_online(c);
	}
	racy_set(c->lc->sleeping, 0);
}

/* Whether more is likely to come at once. On the control lcore descriptors bring requests, and the next one comes when its sender has
 * read the answer to the last: to look on meanwhile costs ten times what the request did. What was deferred, and timers, bring nothing. */
static bool is_busy(const struct rt_lcore *c, bool worked)
{
	return worked && !(is_ctl(c) && c->lc->n_done == c->n_own + c->lc->n_fired);
}

static void lcore_serve(struct rt_lcore *c)
{
	const struct rt_opts *o = &c->rt->opts;
	bool poll = o->poll && !is_ctl(c);
	uint64_t busy_us = c->lc->now_us;
	rt_thread_register();
	while (!racy_get(c->rt->stop)) {
		if (racy_get(c->rt->pausing) && !is_ctl(c))
			rt_park(c);
		bool busy = is_busy(c, lcore_turn(c->lc));
		rt_deferred_turn(c);
		rt_quiescent(c);
		if (busy)
			busy_us = c->lc->now_us;
		else if (!poll && c->lc->now_us - busy_us >= o->spin_us)
			go_to_sleep(c);
	}
	rt_thread_unregister(c);
}

/* The n-th CPU that this process may use, counted round. Not being allowed to pin is no reason not to run. */
static void pin_to_cpu(unsigned n)
{
	cpu_set_t may, one;
	if (sched_getaffinity(0, sizeof may, &may) || CPU_COUNT(&may) == 0)
		return;
	n %= (unsigned)CPU_COUNT(&may);
	for (unsigned cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &may) || n-- > 0)
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		sched_setaffinity(0, sizeof one, &one);
		return;
	}
}

static void *lcore_main(void *arg)
{
	struct rt_lcore *c = arg;
	char name[16];
	snprintf(name, sizeof name, "lcore-%u", c->lc->id);
	pthread_setname_np(pthread_self(), name);
	if (c->rt->opts.pin)
		pin_to_cpu(c->lc->id);
	lcore_serve(c);
	return NULL;
}

/* --- life --- */

static const struct runtime_ops real_ops = {
	.now_us = rt_now_us,
	.wall_ns = rt_wall_ns,
	.random = rt_random,
	.wake = rt_wake,
	.defer = rt_defer_on,
	.fd_watch = rt_fd_watch,
	.fd_unwatch = rt_fd_unwatch,
	.pause = rt_pause,
	.resume = rt_resume,
	.run_deferred = rt_run_deferred,
	.may_fork = true,
	.log = rt_log_line,
};

static int attach_lcore(struct real_rt *rr, unsigned i)
{
	struct rt_lcore *c = &rr->lcore[i];
	c->rt = rr;
	c->lc = rr->rt.lcore[i];
	c->lc->slot[LCORE_SLOT_RT] = c;
	rt_deferred_init(c);
	c->poller.poll = rt_poll;
	lcore_poll_add(c->lc, &c->poller);
	return rt_fds_init(c);
}

int rt_new(unsigned n_lcores, const struct rt_opts *opts, struct leat_runtime **ret_rt)
{
	struct real_rt *rr = calloc(1, sizeof *rr);
	if (!rr)
		return -ENOMEM;
	rr->opts = opts ? *opts : (struct rt_opts){ .log_level = LOG_INFO };
	if (!rr->opts.spin_us)
		rr->opts.spin_us = RT_SPIN_US;
	if (!rr->opts.log_name)
		rr->opts.log_name = "leat";
	for (unsigned i = 0; i < LCORE_MAX; i++)
		rr->lcore[i].epoll_fd = rr->lcore[i].wake_fd = -1;
	rr->start_ns = rt_clock_ns();
	rr->rt.ops = &real_ops;
	rt_log_init(&rr->log);
	pthread_mutex_init(&rr->lock, NULL);
	pthread_cond_init(&rr->changed, NULL);
	sem_init(&rr->reap, 0, 0);
	uint64_t for_clients = rr->opts.budget_bytes / 8;
	mem_account_init(&rr->rt.mem, "runtime", NULL, rr->opts.budget_bytes - for_clients);
	mem_account_init(&rr->rt.client_mem, "clients", NULL, for_clients);
	int err = rt_init_lcores(&rr->rt, n_lcores);
	for (unsigned i = 0; !err && i <= n_lcores; i++)
		err = attach_lcore(rr, i);
	if (err) {
		rt_free(&rr->rt);
		return err;
	}
	*ret_rt = &rr->rt;
	return 0;
}

void rt_free(struct leat_runtime *rt)
{
	if (!rt)
		return;
	struct real_rt *rr = real(rt);
	if (rt->ctl)
		rt_run_deferred(rt);
	for (unsigned i = 0; i < LCORE_MAX; i++)
		rt_fds_done(&rr->lcore[i]);
	rt_done_lcores(rt);
	mem_account_done(&rt->client_mem);
	mem_account_done(&rt->mem);
	sem_destroy(&rr->reap);
	pthread_cond_destroy(&rr->changed);
	pthread_mutex_destroy(&rr->lock);
	rt_log_done(&rr->log);
	free(rr);
}

static void stop_lcores(struct real_rt *rr)
{
	rt_stop(&rr->rt);
	while (rr->n_threads)
		pthread_join(rr->lcore[--rr->n_threads].thread, NULL);
}

static int start_lcores(struct real_rt *rr)
{
	for (unsigned i = 0; i < rr->rt.n_lcores; i++) {
		int err = pthread_create(&rr->lcore[i].thread, NULL, lcore_main, &rr->lcore[i]);
		if (err) {
			stop_lcores(rr);
			return -err;
		}
		rr->n_threads++;
	}
	return 0;
}

int rt_run(struct leat_runtime *rt)
{
	struct real_rt *rr = real(rt);
	int err = rt_reaper_start(rr);
	if (err)
		return err;
	err = start_lcores(rr);
	if (!err) {
		lcore_serve(rt_lcore_of(rt->ctl));
		stop_lcores(rr);
	}
	rt_reaper_stop(rr);
	racy_set(rr->stop, 0);
	return err;
}

void rt_stop(struct leat_runtime *rt)
{
	racy_set(real(rt)->stop, 1);
	for (unsigned i = 0; i <= rt->n_lcores; i++)
		rt_wake(rt, rt->lcore[i]);
}

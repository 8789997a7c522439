/* SPDX-License-Identifier: BSD-2-Clause */
/* Deferred functions and grace periods.
 *
 * Theory of operation: every lcore is a reader of liburcu's QSBR flavour: online in its turns, quiescent after each, offline
 * while it sleeps or is parked. What an lcore defers collects in a list. After the turn the list goes, as one batch, to a
 * helper thread, the reaper, which takes the batches of all lcores, waits for one grace period (synchronize_rcu), hands
 * each back and wakes its owner, who runs it in its next turn. One batch per lcore is under way at a time; meanwhile the
 * next one grows.
 *
 * Why not call_rcu(): it runs callbacks on its own thread, so each would have to travel back one by one; its thread polls
 * on a timer while there is work; and nothing tells TSan when its grace period ended. With one batch in one place the
 * hand-over needs no compare-and-swap: `batch_state` says whose it is.
 *
 * TSan does not see into liburcu. Each lcore releases `grace` before it says that it is quiescent, and the reaper acquires
 * all of them after the grace period; that is the order which synchronize_rcu() promises. */
#include "rt/rt_internal.h"

#include <errno.h>
#include <urcu-qsbr.h>

#if defined(__SANITIZE_THREAD__)
#define LEAT_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define LEAT_TSAN 1
#endif
#endif
#ifdef LEAT_TSAN
#include <sanitizer/tsan_interface.h>
#else
#define __tsan_acquire(p) ((void)(p))
#define __tsan_release(p) ((void)(p))
#endif

void rt_thread_register(void)
{
	rcu_register_thread();
}

void rt_thread_unregister(struct rt_lcore *c)
{
	__tsan_release(&c->grace);
	rcu_unregister_thread();
}

void rt_quiescent(struct rt_lcore *c)
{
	__tsan_release(&c->grace);
	rcu_quiescent_state();
}

void rt_offline(struct rt_lcore *c)
{
	__tsan_release(&c->grace);
	rcu_thread_offline();
}

void rt_online(struct rt_lcore *c)
{
	rcu_thread_online();
}

/* --- the lcore's side --- */

/* A batch costs a grace period and two wake-ups, whatever its size: behind one that has just gone the next waits so long, or until it
 * is large. */
enum { BATCH_LARGE = 512, BATCH_EVERY_US = 20000 };

void rt_deferred_init(struct rt_lcore *c)
{
	c->deferred = NULL;
	c->deferred_tail = &c->deferred;
	c->n_deferred = 0;
}

static int batch_state(const struct rt_lcore *c)
{
	return __atomic_load_n(&c->batch_state, __ATOMIC_ACQUIRE);
}

static void batch_set(struct rt_lcore *c, enum batch_state s)
{
	__atomic_store_n(&c->batch_state, (int)s, __ATOMIC_RELEASE);
}

void rt_defer_on(struct leat_runtime *rt, struct lcore *from, struct deferred *d)
{
	struct rt_lcore *c = rt_lcore_of(from);
	d->next = NULL;
	c->n_deferred++;
	*c->deferred_tail = d;
	c->deferred_tail = &d->next;
}

static struct deferred *deferred_take(struct rt_lcore *c)
{
	struct deferred *all = c->deferred;
	rt_deferred_init(c);
	return all;
}

static unsigned deferred_call(struct deferred *d)
{
	unsigned n = 0;
	while (d) {
		struct deferred *next = d->next;
		d->fn(d);
		d = next;
		n++;
	}
	return n;
}

void rt_deferred_send(struct rt_lcore *c)
{
	if (likely(!c->deferred) || batch_state(c) != BATCH_IDLE)
		return;
	c->batch = deferred_take(c);
	c->sent_us = c->lc->now_us;
	batch_set(c, BATCH_SENT);
	sem_post(&c->rt->reap);
}

void rt_deferred_turn(struct rt_lcore *c)
{
	if (unlikely(c->deferred) &&
	    (c->n_deferred >= BATCH_LARGE || c->lc->now_us - c->sent_us >= BATCH_EVERY_US))
		rt_deferred_send(c);
}

uint64_t rt_deferred_until(const struct rt_lcore *c)
{
	return c->deferred && batch_state(c) == BATCH_IDLE ? c->sent_us + BATCH_EVERY_US : UINT64_MAX;
}

bool rt_deferred_due(const struct rt_lcore *c)
{
	return batch_state(c) == BATCH_DONE;
}

unsigned rt_deferred_run(struct rt_lcore *c)
{
	if (likely(!rt_deferred_due(c)))
		return 0;
	struct deferred *d = c->batch;
	c->batch = NULL;
	batch_set(c, BATCH_IDLE);
	return deferred_call(d);
}

/* --- the reaper --- */

static unsigned n_lcores(const struct real_rt *rr)
{
	return rr->rt.n_lcores + 1;
}

static void hand_back(struct real_rt *rr, uint32_t batches)
{
	for (unsigned i = 0; i < n_lcores(rr); i++) {
		struct rt_lcore *c = &rr->lcore[i];
		if (!(batches >> i & 1))
			continue;
		batch_set(c, BATCH_DONE);
		__atomic_thread_fence(__ATOMIC_SEQ_CST); /* pairs with the one in rt.c's go_to_sleep() */
		if (racy_get(c->lc->sleeping))
			rt_wake(&rr->rt, c->lc);
	}
	pthread_mutex_lock(&rr->lock); /* for batch_await() */
	pthread_cond_broadcast(&rr->changed);
	pthread_mutex_unlock(&rr->lock);
}

static void *reaper_main(void *arg)
{
	struct real_rt *rr = arg;
	while (!racy_get(rr->reaper_stop)) {
		uint32_t batches = 0;
		while (sem_wait(&rr->reap) && errno == EINTR)
			;
		for (unsigned i = 0; i < n_lcores(rr); i++)
			if (batch_state(&rr->lcore[i]) == BATCH_SENT)
				batches |= 1U << i;
		if (!batches)
			continue;
		synchronize_rcu();
		for (unsigned i = 0; i < n_lcores(rr); i++)
			__tsan_acquire(&rr->lcore[i].grace);
		hand_back(rr, batches);
	}
	return NULL;
}

int rt_reaper_start(struct real_rt *rr)
{
	rr->reaper_stop = 0;
	return -pthread_create(&rr->reaper, NULL, reaper_main, rr);
}

void rt_reaper_stop(struct real_rt *rr)
{
	racy_set(rr->reaper_stop, 1);
	sem_post(&rr->reap);
	pthread_join(rr->reaper, NULL);
	for (unsigned i = 0; i < n_lcores(rr);
	     i++) /* nobody reads any more: what it had not yet taken is due */
		if (batch_state(&rr->lcore[i]) == BATCH_SENT)
			batch_set(&rr->lcore[i], BATCH_DONE);
}

/* --- while paused --- */

/* The control lcore itself goes offline while it waits, or the grace period would wait for it. */
static void batch_await(struct rt_lcore *c)
{
	struct real_rt *rr = c->rt;
	if (batch_state(c) != BATCH_SENT)
		return;
	rt_offline(rt_lcore_of(rr->rt.ctl));
	pthread_mutex_lock(&rr->lock);
	while (batch_state(c) == BATCH_SENT)
		pthread_cond_wait(&rr->changed, &rr->lock);
	pthread_mutex_unlock(&rr->lock);
	rt_online(rt_lcore_of(rr->rt.ctl));
}

/* Nobody can see anything that is unlinked, so what is not yet with the reaper needs no grace period. Functions may defer
 * more; that runs too. */
void rt_run_deferred(struct leat_runtime *rt)
{
	struct real_rt *rr = real(rt);
	unsigned n;
	do {
		n = 0;
		for (unsigned i = 0; i < n_lcores(rr); i++) {
			struct rt_lcore *c = &rr->lcore[i];
			batch_await(c);
			n += rt_deferred_run(c);
			n += deferred_call(deferred_take(c));
		}
	} while (n);
}

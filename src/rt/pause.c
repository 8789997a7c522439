/* SPDX-License-Identifier: BSD-2-Clause */
/* Pausing: the control lcore stops the others between turns. It raises a flag and wakes them; each finds the flag before
 * its next turn, goes RCU-offline and waits. The control lcore stays online meanwhile: it is in a turn of its own and may
 * hold pointers that only its own quiescence protects. */
#include "rt/rt_internal.h"

void rt_pause(struct leat_runtime *rt)
{
	struct real_rt *rr = real(rt);
	if (rr->pause_depth++)
		return;
	pthread_mutex_lock(&rr->lock);
	racy_set(rr->pausing, 1);
	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* pairs with the one in rt.c's go_to_sleep() */
	for (unsigned i = 0; i < rr->n_threads; i++)
		if (racy_get(rt->lcore[i]->sleeping))
			rt_wake(rt, rt->lcore[i]);
	while (rr->n_parked < rr->n_threads)
		pthread_cond_wait(&rr->changed, &rr->lock);
	pthread_mutex_unlock(&rr->lock);
}

void rt_resume(struct leat_runtime *rt)
{
	struct real_rt *rr = real(rt);
	assert(rr->pause_depth);
	if (--rr->pause_depth)
		return;
	pthread_mutex_lock(&rr->lock);
	racy_set(rr->pausing, 0);
	pthread_cond_broadcast(&rr->changed);
	pthread_mutex_unlock(&rr->lock);
}

void rt_park(struct rt_lcore *c)
{
	struct real_rt *rr = c->rt;
	rt_offline(c);
	pthread_mutex_lock(&rr->lock);
	rr->n_parked++;
	pthread_cond_broadcast(&rr->changed);
	while (racy_get(rr->pausing))
		pthread_cond_wait(&rr->changed, &rr->lock);
	rr->n_parked--;
	pthread_mutex_unlock(&rr->lock);
	rt_online(c);
}

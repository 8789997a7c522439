/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/manual.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct manual_rt {
	struct leat_runtime rt;
	uint64_t now_us;
	uint64_t random;
	struct deferred *deferred, **deferred_tail;
};

static struct manual_rt *manual(struct leat_runtime *rt)
{
	return container_of(rt, struct manual_rt, rt);
}

static uint64_t manual_now(struct leat_runtime *rt)
{
	return manual(rt)->now_us;
}

static uint64_t manual_wall(struct leat_runtime *rt)
{
	return manual(rt)->now_us * 1000;
}

static void manual_random(struct leat_runtime *rt, void *buf, size_t len)
{
	struct manual_rt *m = manual(rt);
	for (size_t at = 0; at < len; at += sizeof m->random) {
		/* SplitMix64 (Steele, Lea, Flood 2014) */
		uint64_t z = m->random += 0x9e3779b97f4a7c15U;
		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
		z = (z ^ z >> 27) * 0x94d049bb133111ebU;
		z ^= z >> 31;
		memcpy((char *)buf + at, &z, MIN(sizeof z, len - at));
	}
}

static void manual_wake(struct leat_runtime *rt, struct lcore *lc)
{
	/* Nobody sleeps: settle() gives everyone a turn. */
}

static void manual_defer(struct leat_runtime *rt, struct lcore *from, struct deferred *d)
{
	struct manual_rt *m = manual(rt);
	d->next = NULL;
	*m->deferred_tail = d;
	m->deferred_tail = &d->next;
}

static void manual_pause(struct leat_runtime *rt)
{
	/* One thread: whoever runs on the control lcore finds the others between turns. */
}

static void manual_run_deferred(struct leat_runtime *rt)
{
	struct manual_rt *m = manual(rt);
	while (m->deferred) {
		struct deferred *d = m->deferred;
		m->deferred = d->next;
		if (!m->deferred)
			m->deferred_tail = &m->deferred;
		d->fn(d);
	}
}

static void manual_log(struct leat_runtime *rt, enum log_level level, const char *line)
{
	if (level <= LOG_WARN)
		fprintf(stderr, "%s\n", line);
}

static const struct runtime_ops manual_ops = {
	.now_us = manual_now,
	.wall_ns = manual_wall,
	.random = manual_random,
	.wake = manual_wake,
	.defer = manual_defer,
	.pause = manual_pause,
	.resume = manual_pause,
	.run_deferred = manual_run_deferred,
	.log = manual_log,
};

struct manual_rt *manual_rt_new(unsigned n_lcores, uint64_t seed)
{
	struct manual_rt *m = calloc(1, sizeof *m);
	if (!m)
		abort();
	m->rt.ops = &manual_ops;
	m->rt.deterministic = true;
	m->random = seed;
	m->deferred_tail = &m->deferred;
	mem_account_init(&m->rt.mem, "runtime", NULL, 0);
	mem_account_init(&m->rt.client_mem, "clients", NULL, 0);
	if (rt_init_lcores(&m->rt, n_lcores))
		abort();
	return m;
}

void manual_rt_free(struct manual_rt *m)
{
	if (!m)
		return;
	manual_run_deferred(&m->rt);
	rt_done_lcores(&m->rt);
	mem_account_done(&m->rt.client_mem);
	mem_account_done(&m->rt.mem);
	free(m);
}

struct leat_runtime *manual_rt_of(struct manual_rt *m)
{
	return &m->rt;
}

uint64_t manual_rt_now_us(const struct manual_rt *m)
{
	return m->now_us;
}

void manual_rt_settle(struct manual_rt *m)
{
	bool busy;
	do {
		busy = false;
		for (unsigned i = 0; i <= m->rt.n_lcores; i++)
			busy |= lcore_turn(m->rt.lcore[i]);
		if (!busy && m->deferred) {
			manual_run_deferred(&m->rt);
			busy = true;
		}
	} while (busy);
}

uint64_t manual_rt_next_us(const struct manual_rt *m)
{
	uint64_t next = UINT64_MAX;
	for (unsigned i = 0; i <= m->rt.n_lcores; i++)
		next = MIN(next, wheel_next_us(&m->rt.lcore[i]->wheel));
	return next;
}

void manual_rt_run(struct manual_rt *m, uint64_t delta_us)
{
	uint64_t end = m->now_us + delta_us;
	manual_rt_settle(m);
	for (;;) {
		uint64_t next = manual_rt_next_us(m);
		if (next > end)
			break;
		m->now_us = MAX(next, m->now_us);
		manual_rt_settle(m);
	}
	m->now_us = end;
	manual_rt_settle(m);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: the manual runtime moves the clock from one due timer to the next; what wires and schedules want to
 * happen waits beside it in a heap ordered by time and then by the order of asking. sim_run() goes to whichever is earlier,
 * lets every lcore take turns until none has anything left to do at that instant, then runs the deferred frees, and goes on.
 * Nothing else moves time, and one thread does it all, so for a given number of workers a run is a function of the seed
 * and of the calls made.
 *
 * Randomness: stacks draw from one stream, each direction of a wire from its own, so that a loss more or less changes no key in a
 * stack. While a program outside configures a stack (outside.c) a third stream is used, since how often sockets are asked
 * for randomness then is not ours to say.
 *
 * The digest is a chain: each frame's bytes, with when and where they were sent, hashed under what came before. */
#include "sim/sim_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pkt/pkt.h"
#include "stack/stack_modules.h"

enum { POOL_BUDGET = 1 << 30 };

uint64_t sim_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15U;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
	z = (z ^ z >> 27) * 0x94d049bb133111ebU;
	return z ^ z >> 31;
}

static void runtime_random(struct leat_runtime *rt, void *buf, size_t len)
{
	struct sim *s = sim_of(rt);
	for (size_t at = 0; at < len; at += sizeof(uint64_t)) {
		uint64_t z = sim_random(s->outside ? &s->outside_random : &s->random);
		memcpy((char *)buf + at, &z, MIN(sizeof z, len - at));
	}
}

/* --- what is to happen --- */

static bool earlier(const struct sim_event *a, const struct sim_event *b)
{
	return a->at_us != b->at_us ? a->at_us < b->at_us : a->order < b->order;
}

static void put(struct sim *s, unsigned place, struct sim_event *e)
{
	s->heap[place] = e;
	e->place = place;
}

static void sift_up(struct sim *s, unsigned i, struct sim_event *e)
{
	for (; i > 1 && earlier(e, s->heap[i / 2]); i /= 2)
		put(s, i, s->heap[i / 2]);
	put(s, i, e);
}

static void sift_down(struct sim *s, unsigned i, struct sim_event *e)
{
	for (unsigned kid; (kid = 2 * i) <= s->n_events; i = kid) {
		if (kid < s->n_events && earlier(s->heap[kid + 1], s->heap[kid]))
			kid++;
		if (!earlier(s->heap[kid], e))
			break;
		put(s, i, s->heap[kid]);
	}
	put(s, i, e);
}

void sim_cancel(struct sim *s, struct sim_event *e)
{
	unsigned i = e->place;
	if (!i)
		return;
	struct sim_event *last = s->heap[s->n_events--];
	e->place = 0;
	if (last == e)
		return;
	if (earlier(last, e))
		sift_up(s, i, last);
	else
		sift_down(s, i, last);
}

void sim_at(struct sim *s, struct sim_event *e, uint64_t at_us)
{
	sim_cancel(s, e);
	if (s->n_events + 1 >= s->room_events) {
		s->room_events = MAX(64U, 2 * s->room_events);
		s->heap = realloc(s->heap, s->room_events * sizeof *s->heap);
		if (!s->heap)
			abort(); /* as manual_rt_new() does: a simulation that forgets is worth nothing */
	}
	e->at_us = MAX(at_us, sim_now_us(s));
	e->order = s->order++;
	sift_up(s, ++s->n_events, e);
}

/* --- time --- */

uint64_t sim_now_us(const struct sim *s)
{
	return manual_rt_now_us(s->m);
}

struct leat_runtime *sim_rt(struct sim *s)
{
	return s->rt;
}

/* When the next event is due; UINT64_MAX: never. */
static uint64_t next_event_us(const struct sim *s)
{
	bool over = s->opts.events_max && s->happened >= s->opts.events_max;
	return s->n_events && !over ? s->heap[1]->at_us : UINT64_MAX;
}

static void settle(struct sim *s)
{
	manual_rt_settle(s->m);
	follow_flush(s, NULL);
}

const char *sim_why(const struct sim *s)
{
	return s->why;
}

void sim_settle(struct sim *s)
{
	settle(s);
	while (next_event_us(s) <= sim_now_us(s)) {
		while (next_event_us(s) <= sim_now_us(s)) {
			struct sim_event *e = s->heap[1];
			s->happened++;
			sim_cancel(s, e);
			e->fn(s, e);
		}
		settle(s);
	}
}

void sim_run(struct sim *s, uint64_t delta_us)
{
	uint64_t end = sim_now_us(s) + delta_us;
	sim_settle(s);
	for (;;) {
		uint64_t next = MIN(manual_rt_next_us(s->m), next_event_us(s)), now = sim_now_us(s);
		if (next > end)
			break;
		if (next > now)
			manual_rt_run(s->m, next - now);
		sim_settle(s);
	}
	manual_rt_run(s->m, end - sim_now_us(s));
}

/* --- the digest --- */

uint64_t sim_digest(const struct sim *s)
{
	return s->digest;
}

void sim_digest_add(struct sim *s, const struct sim_dir *d, const struct sim_frame *f)
{
	struct sipkey key = { { s->digest, s->n_frames++ } };
	uint64_t bytes = siphash(&key, f->b, f->len);
	s->digest = siphash_3u64(&key, sim_now_us(s), (uint64_t)d->wire->number << 1 | d->from, bytes);
}

/* --- life --- */

static void list_modules(struct sim *s)
{
	unsigned n = 0;
	for (; leat_modules[n]; n++) {
		assert(n + 2 < SIM_MODULES_MAX);
		s->modules[n] = leat_modules[n];
	}
	s->modules[n] = &sim_module;
}

int sim_new(const struct sim_opts *o, struct sim **ret)
{
	struct sim *s = calloc(1, sizeof *s);
	if (!s)
		return -ENOMEM;
	s->opts = *o;
	s->random = o->seed;
	s->m = manual_rt_new(o->lcores ? o->lcores : 1, o->seed);
	s->rt = manual_rt_of(s->m);
	s->ops = *s->rt->ops;
	s->ops.random = runtime_random;
	s->ops.fd_watch = outside_watch;
	s->ops.fd_unwatch = outside_unwatch;
	s->rt->ops = &s->ops;
	list_init(&s->nodes);
	list_init(&s->sinks);
	list_modules(s);
	int err = pkt_pools_init(s->rt, POOL_BUDGET);
	s->pools = !err;
	if (!err)
		err = follow_init(s);
	if (err) {
		sim_free(s);
		return err;
	}
	*ret = s;
	return 0;
}

static uint64_t packets_out(const struct sim *s)
{
	uint64_t n = 0;
	for (unsigned i = 0; i < s->rt->n_lcores; i++) {
		struct pkt_stats st;
		pkt_stats(s->rt->lcore[i], &st);
		n += st.in_use;
	}
	return n;
}

int sim_make_dir(struct sim *s)
{
	if (s->dir[0])
		return 0;
	snprintf(s->dir, sizeof s->dir, "/tmp/leat-sim-XXXXXX");
	if (mkdtemp(s->dir))
		return 0;
	s->dir[0] = 0;
	return -errno;
}

uint64_t sim_free(struct sim *s)
{
	struct sim_node *n, *tmp;
	if (!s)
		return 0;
	list_for_each_safe (n, tmp, &s->nodes, link)
		sim_crash(n, false);
	wires_forget_events(s);
	for (unsigned i = 0; i < s->n_wires; i++)
		wire_done(s->wire[i]);
	udp_done(s);
	list_for_each_safe (n, tmp, &s->nodes, link)
		free(n);
	for (unsigned i = 0; i < s->n_pings; i++)
		ping_free(s->ping[i]);
	manual_rt_settle(s->m);
	uint64_t out = s->pools ? packets_out(s) : 0;
	if (s->pools)
		pkt_pools_done(s->rt);
	manual_rt_free(s->m);
	if (s->dir[0])
		rmdir(s->dir);
	follow_done(s);
	free(s->wire);
	free(s->ping);
	free(s->heap);
	free(s);
	return out;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Playing a plan: its deeds at their times, with a look at the properties after each and now and then between. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "mutants.h"
#include "prop.h"

enum { LCORES = 3, BETWEEN = 3 };

static void (*const acts[DEEDS])(struct world *w, const uint32_t *arg) = {
#define DEED(name, ...) [DEED_##name] = deed_##name,
#include "deeds.def"
#undef DEED
};

bool broken(struct world *w, const char *fmt, ...)
{
	va_list ap;
	if (!holds(w))
		return false;
	va_start(ap, fmt);
	vsnprintf(w->why, sizeof w->why, fmt, ap);
	va_end(ap);
	return false;
}

static void wait_until(struct world *w, uint64_t at_us)
{
	uint64_t now = sim_now_us(w->sim), left = at_us > now ? at_us - now : 0;
	for (unsigned i = BETWEEN; i && left && holds(w); i--) {
		uint64_t step = left / i;
		sim_run(w->sim, step);
		left -= step;
		check_all(w);
	}
}

static void play_deeds(struct world *w)
{
	for (unsigned i = 0; i < w->plan->n && holds(w); i++) {
		const struct deed *d = &w->plan->deed[i];
		wait_until(w, d->at_us);
		if (!holds(w))
			return;
		if (w->trace)
			deed_write(d, w->trace);
		acts[d->kind](w, d->arg);
		/* What comes at the same time meets what this has begun. */
		if (i + 1 < w->plan->n && w->plan->deed[i + 1].at_us == d->at_us && d->at_us)
			continue;
		sim_settle(w->sim);
		check_all(w);
		if (w->explain && holds(w))
			explained_some(w, &w->explain_random, w->explain);
	}
}

static void count_reached(struct world *w, struct reached *r)
{
	reached_add(w, r);
	for (unsigned i = 1; i <= w->n_msgs; i++) {
		r->sent += w->msg[i].len > 0;
		r->came += w->msg[i].came;
	}
	for (unsigned i = 0; i < w->n_pings; i++) {
		struct sim_ping_stats s;
		sim_ping_stats(w->ping[i], &s);
		r->asked += s.sent;
		r->answered += s.received;
	}
}

static void finish(struct world *w, const struct play_opts *o, struct result *ret)
{
	if (o->counts)
		count_reached(w, &w->reached);
	ret->reached = w->reached;
	for (unsigned i = 1; i <= NODES_MAX; i++)
		counters_free(w->node[i].kept);
	ret->digest = sim_digest(w->sim);
	ret->outcome = w->outcome;
	uint64_t left = sim_free(w->sim);
	if (left)
		broken(w, "leak: %lu packets are out of the pools when all stacks are gone", left);
	memcpy(ret->why, w->why, sizeof ret->why);
	free(w->msg);
}

bool play(const struct plan *p, const struct play_opts *o, struct result *ret)
{
	struct world *w = calloc(1, sizeof *w);
	const struct sim_opts so = {
		.seed = p->seed, .lcores = LCORES, .pcap_dir = o->pcap_dir, .trace = o->follow
	};
	if (!w || !(w->msg = calloc(MSGS_MAX, sizeof *w->msg)) || sim_new(&so, &w->sim))
		abort();
	mutants_begin();
	w->plan = p;
	w->trace = o->trace;
	w->explain = o->explain;
	w->explain_random = p->seed;
	play_deeds(w);
	if (holds(w))
		wait_until(w, p->end_us);
	if (holds(w))
		check_final(w);
	finish(w, o, ret);
	bool ok = holds(w);
	free(w);
	return ok;
}

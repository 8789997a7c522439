/* SPDX-License-Identifier: BSD-2-Clause */
/* Many seeds: a few processes take them one after another from a common counter. A process that dies tells by that which
 * seed it was at; another takes its place when seeds are to go on. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run.h"

enum { JOBS_MAX = 64, LIMIT_S = 60, AGAIN_EVERY = 50 };

struct job {
	pid_t pid;
	uint64_t seed; /* at work on; 0: none */
};
struct common {
	uint64_t next, clean, failed, stop, first_failed;
	uint64_t digest; /* over those of all clean seeds, in any order */
	struct job job[JOBS_MAX];
	struct reached reached;
};

static void note_failure(struct common *c, uint64_t seed)
{
	__atomic_fetch_add(&c->failed, 1, __ATOMIC_RELAXED);
	uint64_t none = 0;
	__atomic_compare_exchange_n(&c->first_failed, &none, seed, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

/* Now and then a second time: the same seed is the same run. */
static bool play_seed(uint64_t seed, bool count, struct result *r)
{
	static struct plan p;
	const struct play_opts o = { .counts = count };
	plan_make(&p, seed);
	return seed % AGAIN_EVERY ? play(&p, &o, r) : play_twice(&p, &o, r);
}

static void add_reached(struct reached *to, const struct reached *r)
{
	const uint64_t *from = (const uint64_t *)r;
	for (unsigned i = 0; i < sizeof *r / sizeof *from; i++)
		__atomic_fetch_add((uint64_t *)to + i, from[i], __ATOMIC_RELAXED);
}

static void print_reached(const struct reached *r)
{
	printf("%lu datagrams sent, %lu came; %lu pings, %lu answered; %lu stacks restored\n", r->sent,
	       r->came, r->asked, r->answered, r->restored);
	for (unsigned why = 1; why < DROP_MAX; why++)
		printf("%12lu %s\n", r->drop[why], drop_name((enum drop)why));
}

static void work(struct common *c, struct job *j, const struct seeds *s, double until)
{
	static struct result r;
	for (;;) {
		uint64_t i = __atomic_fetch_add(&c->next, 1, __ATOMIC_RELAXED);
		if (i >= s->n || (until > 0 && seconds_now() > until) ||
		    __atomic_load_n(&c->stop, __ATOMIC_RELAXED))
			_exit(0);
		j->seed = s->from + i;
		alarm(LIMIT_S);
		if (play_seed(j->seed, s->count, &r)) {
			__atomic_fetch_add(&c->clean, 1, __ATOMIC_RELAXED);
			__atomic_fetch_add(&c->digest, r.digest ^ r.outcome * 31, __ATOMIC_RELAXED);
			add_reached(&c->reached, &r.reached);
			j->seed = 0;
			continue;
		}
		note_failure(c, j->seed);
		printf("seed %lu: %s\n", j->seed, r.why);
		fflush(stdout);
		j->seed = 0;
		if (!s->go_on) {
			__atomic_store_n(&c->stop, 1, __ATOMIC_RELAXED);
			_exit(0);
		}
	}
}

static void start(struct common *c, struct job *j, const struct seeds *s, double until)
{
	fflush(NULL);
	j->seed = 0;
	pid_t pid = fork();
	if (pid < 0)
		abort();
	if (!pid)
		work(c, j, s, until);
	j->pid = pid;
}

static void ended(struct common *c, const struct seeds *s, double until, pid_t pid)
{
	for (unsigned i = 0; i < s->jobs; i++) {
		struct job *j = &c->job[i];
		if (j->pid != pid)
			continue;
		j->pid = 0;
		if (!j->seed)
			return;
		printf("seed %lu: its process died\n", j->seed);
		note_failure(c, j->seed);
		if (s->go_on)
			start(c, j, s, until);
		else
			__atomic_store_n(&c->stop, 1, __ATOMIC_RELAXED);
	}
}

bool play_seeds(const struct seeds *s, uint64_t *ret_clean, uint64_t *ret_seed)
{
	double until = s->seconds > 0 ? seconds_now() + s->seconds : 0;
	struct common *c = mmap(NULL, sizeof *c, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (c == MAP_FAILED || s->jobs > JOBS_MAX)
		abort();
	for (unsigned i = 0; i < s->jobs; i++)
		start(c, &c->job[i], s, until);
	for (pid_t pid; (pid = wait(NULL)) > 0;)
		ended(c, s, until, pid);
	if (s->count)
		print_reached(&c->reached);
	if (c->clean)
		printf("digest %016lx\n", c->digest);
	*ret_clean = c->clean;
	*ret_seed = c->first_failed;
	bool clean = !c->failed;
	munmap(c, sizeof *c);
	return clean;
}

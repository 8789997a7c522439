/* SPDX-License-Identifier: BSD-2-Clause */
#include "rt.c"

#include <sys/resource.h>
#include <unistd.h>

#include "base/test.h"

/* A test runs rt_run() on its own thread; `step` is called on the control lcore in every millisecond until it says true. */
struct stepper {
	struct timer timer;
	bool (*step)(struct stepper *s, struct lcore *ctl);
	unsigned n;
	void *ctx;
};

static void step_again(struct lcore *lc, struct timer *t)
{
	struct stepper *s = container_of(t, struct stepper, timer);
	s->n++;
	if (s->step(s, lc))
		rt_stop(lc->rt);
	else
		lcore_timer_in(lc, t, 1000);
}

static struct leat_runtime *runtime(unsigned n_lcores, unsigned spin_us)
{
	struct leat_runtime *rt;
	struct rt_opts o = { .spin_us = spin_us, .log_level = LOG_INFO };
	assert_int_equal(rt_new(n_lcores, &o, &rt), 0);
	return rt;
}

static void run_steps(struct leat_runtime *rt, struct stepper *s)
{
	timer_init(&s->timer, step_again);
	lcore_timer_in(rt->ctl, &s->timer, 0);
	assert_int_equal(rt_run(rt), 0);
}

/* --- start and stop --- */

static void stop_before_run_returns_at_once(void **state)
{
	struct leat_runtime *rt = runtime(2, 0);
	rt_stop(rt);
	assert_int_equal(rt_run(rt), 0);
	rt_free(rt);
}

static bool after_three(struct stepper *s, struct lcore *ctl)
{
	return s->n % 3 == 0;
}

static void runs_again_after_a_stop(void **state)
{
	struct leat_runtime *rt = runtime(3, 0);
	struct stepper s = { .step = after_three };
	run_steps(rt, &s);
	run_steps(rt, &s);
	assert_int_equal(s.n, 6);
	rt_free(rt);
}

static void refuses_more_lcores_than_there_are(void **state)
{
	struct leat_runtime *rt;
	assert_int_equal(rt_new(LCORE_MAX, NULL, &rt), -EINVAL);
	assert_int_equal(rt_new(0, NULL, &rt), -EINVAL);
}

/* --- messages and sleep --- */

/* A ball goes round all lcores. With a short spin everybody falls asleep between two visits now and then. */
static void pass_on(struct lcore *at, const struct msg *m)
{
	struct leat_runtime *rt = at->rt;
	struct msg next = *m;
	if (next.arg[0].u-- == 0) {
		rt_stop(rt);
		return;
	}
	assert_true(lcore_post(at, rt->lcore[(at->id + 1) % (rt->n_lcores + 1)], &next));
}

static void a_message_always_wakes_its_receiver(void **state)
{
	struct leat_runtime *rt = runtime(3, 1);
	struct msg m = { .fn = pass_on, .arg[0].u = 20000 };
	assert_true(lcore_post(rt->ctl, rt->ctl, &m));
	alarm(60);
	assert_int_equal(rt_run(rt), 0);
	alarm(0);
	rt_free(rt);
}

static void note_time(struct lcore *lc, struct timer *t)
{
	struct stepper *s = container_of(t, struct stepper, timer);
	racy_set(s->n, 1);
	*(uint64_t *)s->ctx = lc->now_us;
	rt_stop(lc->rt);
}

static void a_timer_ends_the_sleep_in_time(void **state)
{
	struct leat_runtime *rt = runtime(1, 0);
	uint64_t fired_us = 0, due_us;
	struct stepper s = { .ctx = &fired_us };
	timer_init(&s.timer, note_time);
	due_us = rt->lcore[0]->now_us + 30000;
	timer_set_at(&rt->lcore[0]->wheel, &s.timer, due_us);
	assert_int_equal(rt_run(rt), 0);
	assert_true(fired_us >= due_us && fired_us < due_us + 200000);
	rt_free(rt);
}

static void stop_later(struct lcore *lc, struct timer *t)
{
	rt_stop(lc->rt);
}

static void an_idle_runtime_takes_no_turns(void **state)
{
	struct leat_runtime *rt = runtime(2, 0);
	struct timer t;
	struct rusage before, after;
	timer_init(&t, stop_later);
	lcore_timer_in(rt->ctl, &t, 400000);
	getrusage(RUSAGE_SELF, &before);
	assert_int_equal(rt_run(rt), 0);
	getrusage(RUSAGE_SELF, &after);
	uint64_t used_us = (uint64_t)(after.ru_utime.tv_sec - before.ru_utime.tv_sec + after.ru_stime.tv_sec -
				      before.ru_stime.tv_sec) *
				   1000000 +
			   (uint64_t)(after.ru_utime.tv_usec - before.ru_utime.tv_usec +
				      after.ru_stime.tv_usec - before.ru_stime.tv_usec);
	/* One spin at the start, the wake-ups of the stop, and no tick: a polling lcore takes millions of turns. Far timers
	 * may wake it once per wheel level. */
	for (unsigned i = 0; i <= 2; i++)
		assert_true(rt->lcore[i]->turns < 5000);
	assert_true(used_us < 200000);
	rt_free(rt);
}

static void poll_mode_never_sleeps(void **state)
{
	struct leat_runtime *rt;
	struct rt_opts o = { .poll = true };
	struct timer t;
	assert_int_equal(rt_new(1, &o, &rt), 0);
	timer_init(&t, stop_later);
	lcore_timer_in(rt->ctl, &t, 100000);
	assert_int_equal(rt_run(rt), 0);
	assert_true(rt->lcore[0]->turns > 1000);
	rt_free(rt);
}

/* --- descriptors --- */

struct pipe_end {
	struct fd_watch watch;
	struct leat_runtime *rt;
	struct pipe_end *other;
	unsigned n;
};

static void read_one(struct fd_watch *w, struct lcore *lc, uint32_t events)
{
	struct pipe_end *p = container_of(w, struct pipe_end, watch);
	char c;
	assert_int_equal(events & EPOLLIN, EPOLLIN);
	assert_int_equal(read(w->fd, &c, 1), 1);
	p->n++;
	if (c == 'q')
		rt_stop(p->rt);
}

static void a_descriptor_wakes_its_lcore(void **state)
{
	struct leat_runtime *rt = runtime(1, 0);
	int fd[2];
	assert_int_equal(pipe(fd), 0);
	struct pipe_end p = { .watch = { .fd = fd[0], .events = EPOLLIN, .ready = read_one }, .rt = rt };
	assert_int_equal(rt->ops->fd_watch(rt, rt->lcore[0], &p.watch), 0);
	assert_int_equal(write(fd[1], "abcq", 4), 4); /* level-triggered: told once for each */
	assert_int_equal(rt_run(rt), 0);
	assert_int_equal(p.n, 4);
	rt->ops->fd_unwatch(rt, rt->lcore[0], &p.watch);
	rt->ops->fd_unwatch(rt, rt->lcore[0], &p.watch);
	rt_free(rt);
	close(fd[0]);
	close(fd[1]);
}

static void silence_the_other(struct fd_watch *w, struct lcore *lc, uint32_t events)
{
	struct pipe_end *p = container_of(w, struct pipe_end, watch);
	p->n++;
	lc->rt->ops->fd_unwatch(lc->rt, lc, &p->watch);
	lc->rt->ops->fd_unwatch(lc->rt, lc, &p->other->watch);
}

static void an_unwatched_descriptor_is_silent_at_once(void **state)
{
	struct leat_runtime *rt = runtime(1, 0);
	struct stepper s = { .step = after_three };
	int fd[2];
	assert_int_equal(pipe(fd), 0);
	int dup_fd = dup(fd[0]);
	struct pipe_end a = { .watch = { .fd = fd[0], .events = EPOLLIN, .ready = silence_the_other } };
	struct pipe_end b = { .watch = { .fd = dup_fd, .events = EPOLLIN, .ready = silence_the_other },
			      .other = &a };
	a.other = &b;
	assert_int_equal(rt->ops->fd_watch(rt, rt->ctl, &a.watch), 0);
	assert_int_equal(rt->ops->fd_watch(rt, rt->ctl, &b.watch), 0);
	assert_int_equal(write(fd[1], "x", 1), 1); /* both are ready in the same look */
	run_steps(rt, &s);
	assert_int_equal(a.n + b.n, 1);
	rt_free(rt);
	close(fd[0]);
	close(fd[1]);
	close(dup_fd);
}

static void watching_a_file_says_why_not(void **state)
{
	struct leat_runtime *rt = runtime(1, 0);
	struct fd_watch w = { .fd = -1, .events = EPOLLIN };
	assert_int_equal(rt->ops->fd_watch(rt, rt->ctl, &w), -EBADF);
	rt_free(rt);
}

/* --- deferred functions --- */

/* One lcore replaces a published object as fast as it can; the others look at it in every turn. The plain accesses are
 * what TSan and a missing grace period would trip over. */
struct thing {
	struct deferred deferred;
	unsigned alive;
	struct lcore *owner;
};
struct reader {
	struct poller poller;
	struct published *pub;
	unsigned seen;
};
struct published {
	rcu_ptr(struct thing) thing;
	struct reader reader[3];
	struct poller writer;
	unsigned made, freed, rounds;
};

static unsigned look(struct poller *p, struct lcore *lc)
{
	struct reader *r = container_of(p, struct reader, poller);
	struct thing *t = rcu_get(r->pub->thing);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(t->alive, 0x600d);
	r->seen++;
	return 1;
}

static void thing_free(struct deferred *d)
{
	struct thing *t = container_of(d, struct thing, deferred);
	assert_ptr_equal(t->owner, t->owner->rt->lcore[0]);
	struct published *pub = t->owner->rt->ctl->slot[LCORE_SLOT_GRAPH];
	t->alive = 0xdead;
	pub->freed++;
	if (pub->freed == pub->rounds)
		rt_stop(t->owner->rt);
	free(t);
}

static struct thing *thing_new(struct published *pub, struct lcore *owner)
{
	struct thing *t = malloc(sizeof *t);
	assert_non_null(t);
	t->alive = 0x600d;
	t->owner = owner;
	pub->made++;
	return t;
}

static unsigned replace(struct poller *p, struct lcore *lc)
{
	struct published *pub = container_of(p, struct published, writer);
	struct thing *old = pub->thing;
	if (pub->made > pub->rounds)
		return 0;
	rcu_set(pub->thing, thing_new(pub, lc));
	rt_defer(lc, lc->rt, &old->deferred, thing_free);
	return 1;
}

static void deferred_functions_wait_for_every_reader(void **state)
{
	struct leat_runtime *rt = runtime(3, 0);
	struct published pub = { .rounds = 3000, .writer.poll = replace };
	pub.thing = thing_new(&pub, rt->lcore[0]);
	rt->ctl->slot[LCORE_SLOT_GRAPH] = &pub;
	lcore_poll_add(rt->lcore[0], &pub.writer);
	for (unsigned i = 1; i <= 3; i++) { /* the control lcore reads too */
		pub.reader[i - 1] = (struct reader){ .poller.poll = look, .pub = &pub };
		lcore_poll_add(rt->lcore[i], &pub.reader[i - 1].poller);
	}
	assert_int_equal(rt_run(rt), 0);
	assert_int_equal(pub.freed, pub.rounds);
	free(pub.thing);
	rt_free(rt);
}

struct counted {
	struct deferred deferred;
	unsigned *n;
	struct lcore *again_on; /* defers itself once more */
};

static void count(struct deferred *d)
{
	struct counted *c = container_of(d, struct counted, deferred);
	struct lcore *lc = c->again_on;
	(*c->n)++;
	c->again_on = NULL;
	if (lc)
		rt_defer(lc, lc->rt, &c->deferred, count);
}

static void freeing_runs_what_is_deferred(void **state)
{
	struct leat_runtime *rt = runtime(2, 0);
	unsigned n = 0;
	struct counted c = { .n = &n, .again_on = rt->lcore[1] };
	rt_defer(rt->ctl, rt, &c.deferred, count);
	rt_free(rt);
	assert_int_equal(n, 2);
}

/* --- pausing --- */

struct busy_body {
	struct poller poller;
	unsigned a, b; /* equal between turns */
	struct counted c[40];
	unsigned deferred, freed;
};

static unsigned be_busy(struct poller *p, struct lcore *lc)
{
	struct busy_body *b = container_of(p, struct busy_body, poller);
	b->a++;
	if (b->a % 50 == 0 && b->deferred < ARRAY_SIZE(b->c)) {
		struct counted *c = &b->c[b->deferred++];
		c->n = &b->freed;
		rt_defer(lc, lc->rt, &c->deferred, count);
	}
	b->b++;
	return b->a % 1000 ? 1 : 0; /* now and then it may sleep */
}

static bool pause_and_look(struct stepper *s, struct lcore *ctl)
{
	struct busy_body *b = s->ctx;
	struct leat_runtime *rt = ctl->rt;
	rt->ops->pause(rt);
	rt->ops->pause(rt);
	for (unsigned i = 0; i < 2; i++) {
		unsigned a = b[i].a;
		assert_int_equal(a, b[i].b);
		b[i].a = b[i].b = a + 7; /* a write, for TSan's sake */
	}
	rt->ops->resume(rt);
	rt->ops->run_deferred(rt);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(b[i].freed, b[i].deferred);
	rt->ops->resume(rt);
	return s->n == 50;
}

static void a_pause_finds_everybody_between_turns(void **state)
{
	struct leat_runtime *rt = runtime(2, 5);
	struct busy_body b[2] = { { .poller.poll = be_busy }, { .poller.poll = be_busy } };
	struct stepper s = { .step = pause_and_look, .ctx = b };
	for (unsigned i = 0; i < 2; i++)
		lcore_poll_add(rt->lcore[i], &b[i].poller);
	run_steps(rt, &s);
	rt_free(rt);
}

/* An lcore defers and goes to sleep; the control lcore pauses and wants it run now, while the reaper may hold it. */
static bool defer_then_pause(struct stepper *s, struct lcore *ctl)
{
	struct leat_runtime *rt = ctl->rt;
	unsigned n = 0;
	struct counted c = { .n = &n, .again_on = s->n % 2 ? rt->lcore[0] : NULL };
	rt->ops->pause(rt);
	rt_defer(rt->lcore[s->n % 2], rt, &c.deferred, count);
	rt_deferred_send(rt_lcore_of(rt->lcore[s->n % 2])); /* as if its turn had ended */
	rt->ops->run_deferred(rt);
	assert_int_equal(n, 1 + s->n % 2);
	rt->ops->resume(rt);
	return s->n == 30;
}

static void run_deferred_leaves_nothing(void **state)
{
	struct leat_runtime *rt = runtime(2, 5);
	struct stepper s = { .step = defer_then_pause };
	alarm(60);
	run_steps(rt, &s);
	alarm(0);
	rt_free(rt);
}

/* --- randomness and log --- */

static void random_bytes_do_not_repeat(void **state)
{
	struct leat_runtime *rt = runtime(1, 0);
	uint64_t seen[500], big[64] = { 0 };
	for (unsigned i = 0; i < 500; i++) {
		seen[i] = rt_random_u64(rt);
		for (unsigned k = 0; k < i; k++)
			assert_true(seen[i] != seen[k]);
	}
	rt->ops->random(rt, big, sizeof big);
	assert_true(big[0] && big[63] && big[0] != big[63]);
	rt_free(rt);
}

static unsigned log_lines(struct leat_runtime *rt, unsigned n)
{
	char buf[65536];
	int fd[2], err = dup(STDERR_FILENO);
	unsigned lines = 0;
	assert_int_equal(pipe(fd), 0);
	dup2(fd[1], STDERR_FILENO);
	close(fd[1]);
	for (unsigned i = 0; i < n; i++)
		rt_log(rt, LOG_WARN, "line %u", i);
	rt_log(rt, LOG_DEBUG, "not at this level");
	dup2(err, STDERR_FILENO);
	close(err);
	ssize_t len = read(fd[0], buf, sizeof buf - 1);
	for (ssize_t i = 0; i < len; i++)
		lines += buf[i] == '\n';
	close(fd[0]);
	return lines;
}

static void the_log_lets_a_burst_of_a_kind_through(void **state)
{
	struct leat_runtime *rt = runtime(1, 0);
	assert_int_equal(log_lines(rt, 5), 5);
	assert_int_equal(log_lines(rt, 500), 5); /* they differ in their number only */
	rt_free(rt);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stop_before_run_returns_at_once),
		cmocka_unit_test(runs_again_after_a_stop),
		cmocka_unit_test(refuses_more_lcores_than_there_are),
		cmocka_unit_test(a_message_always_wakes_its_receiver),
		cmocka_unit_test(a_timer_ends_the_sleep_in_time),
		cmocka_unit_test(an_idle_runtime_takes_no_turns),
		cmocka_unit_test(poll_mode_never_sleeps),
		cmocka_unit_test(a_descriptor_wakes_its_lcore),
		cmocka_unit_test(an_unwatched_descriptor_is_silent_at_once),
		cmocka_unit_test(watching_a_file_says_why_not),
		cmocka_unit_test(deferred_functions_wait_for_every_reader),
		cmocka_unit_test(freeing_runs_what_is_deferred),
		cmocka_unit_test(a_pause_finds_everybody_between_turns),
		cmocka_unit_test(run_deferred_leaves_nothing),
		cmocka_unit_test(random_bytes_do_not_repeat),
		cmocka_unit_test(the_log_lets_a_burst_of_a_kind_through),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The threads of a program's stacks. The control lcore is a thread of its own, which makes the runtime and serves it; a call of any other
 * thread is put into a list and run there, while its caller waits: this is the control plane, and rare. */
#include "internal.h"

#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "pkt/pkt.h"
#include "rt/rt.h"

enum { BUDGET_MIB = 1024 };

int leat_fails(struct leat *l, int err, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(l->why, sizeof l->why, fmt, ap);
	va_end(ap);
	return err;
}

const char *leat_why(const struct leat *l)
{
	return l->why;
}

/* --- calls --- */

struct call {
	struct list link;
	call_fn *fn;
	void *arg;
	int err;
	bool done;
};

static struct call *next_call(struct leat *l)
{
	struct call *c = NULL;
	pthread_mutex_lock(&l->lock);
	if (!list_empty(&l->calls)) {
		c = list_first(&l->calls, struct call, link);
		list_remove(&c->link);
	}
	pthread_mutex_unlock(&l->lock);
	return c;
}

static void run_calls(struct fd_watch *w, struct lcore *lc, uint32_t events)
{
	struct leat *l = container_of(w, struct leat, calls_watch);
	uint64_t times;
	(void)!read(w->fd, &times, sizeof times);
	for (struct call *c; (c = next_call(l));) {
		l->why[0] = 0;
		int err = c->fn(l, c->arg);
		pthread_mutex_lock(&l->lock);
		c->err = err;
		c->done = true;
		pthread_cond_broadcast(&l->changed);
		pthread_mutex_unlock(&l->lock);
	}
}

int leat_call(struct leat *l, call_fn *fn, void *arg)
{
	struct call c = { .fn = fn, .arg = arg };
	pthread_mutex_lock(&l->lock);
	list_append(&l->calls, &c.link);
	(void)!write(l->call_fd, &(uint64_t){ 1 }, sizeof(uint64_t));
	while (!c.done)
		pthread_cond_wait(&l->changed, &l->lock);
	pthread_mutex_unlock(&l->lock);
	return c.err;
}

/* --- the thread --- */

static int make_runtime(struct leat *l)
{
	uint64_t budget = (uint64_t)l->opts.budget_mib << 20;
	const struct rt_opts o = { .poll = l->opts.poll,
				   .pin = l->opts.pin,
				   .budget_bytes = budget,
				   .log_level = l->opts.verbose ? LOG_INFO : LOG_WARN,
				   .log_name = "libleat" };
	int err = rt_new(l->opts.workers, &o, &l->rt);
	if (err)
		return err;
	err = pkt_pools_init(l->rt, budget / 2 / l->opts.workers);
	if (!err) {
		l->calls_watch = (struct fd_watch){ .fd = l->call_fd, .events = EPOLLIN, .ready = run_calls };
		err = l->rt->ops->fd_watch(l->rt, l->rt->ctl, &l->calls_watch);
		if (err)
			pkt_pools_done(l->rt);
	}
	if (err)
		rt_free(l->rt);
	return err;
}

static void say_started(struct leat *l, int err)
{
	pthread_mutex_lock(&l->lock);
	l->started = true;
	l->err = err;
	pthread_cond_broadcast(&l->changed);
	pthread_mutex_unlock(&l->lock);
}

static void *control_main(void *arg)
{
	struct leat *l = arg;
	int err = make_runtime(l);
	say_started(l, err);
	if (err)
		return NULL;
	err = rt_run(l->rt);
	if (err)
		fprintf(stderr, "libleat: cannot start threads: %s\n", strerror(-err));
	pkt_pools_done(l->rt);
	rt_free(l->rt);
	return NULL;
}

/* Signals are the program's own threads' to hear. */
static int start_thread(struct leat *l)
{
	sigset_t all, old;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int err = pthread_create(&l->thread, NULL, control_main, l);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (err)
		return -err;
	pthread_mutex_lock(&l->lock);
	while (!l->started)
		pthread_cond_wait(&l->changed, &l->lock);
	pthread_mutex_unlock(&l->lock);
	if (l->err)
		pthread_join(l->thread, NULL);
	return l->err;
}

static void release(struct leat *l)
{
	if (l->call_fd >= 0)
		close(l->call_fd);
	pthread_cond_destroy(&l->changed);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

int leat_new(const struct leat_opts *opts, struct leat **ret)
{
	struct leat *l = calloc(1, sizeof *l);
	if (!l)
		return -ENOMEM;
	if (opts)
		l->opts = *opts;
	l->opts.workers = l->opts.workers ? l->opts.workers : 1;
	l->opts.budget_mib = l->opts.budget_mib ? l->opts.budget_mib : BUDGET_MIB;
	pthread_mutex_init(&l->lock, NULL);
	pthread_cond_init(&l->changed, NULL);
	list_init(&l->calls);
	list_init(&l->stacks);
	l->call_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int err = l->call_fd < 0 ? -errno : start_thread(l);
	if (err) {
		release(l);
		return err;
	}
	*ret = l;
	return 0;
}

static int first_stack(struct leat *l, void *arg)
{
	*(struct leat_stack **)arg =
		list_empty(&l->stacks) ? NULL : list_first(&l->stacks, struct holder, link)->st;
	return 0;
}

static int stop(struct leat *l, void *arg)
{
	rt_stop(l->rt);
	return 0;
}

void leat_free(struct leat *l)
{
	struct leat_stack *st;
	if (!l)
		return;
	while (leat_call(l, first_stack, &st), st)
		leat_stack_free(st);
	leat_call(l, stop, NULL);
	pthread_join(l->thread, NULL);
	release(l);
}

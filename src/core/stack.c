/* SPDX-License-Identifier: BSD-2-Clause */
/* How a stack comes and goes. Modules start in order and stop in reverse, each in stages (module.h); whatever others could
 * still be looking at is changed while the runtime holds them between turns. */
#include "core/stack.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void pause_others(struct leat_stack *st)
{
	st->rt->ops->pause(st->rt);
}

/* Makes the others see the newest view when they go on. */
static void resume_others(struct leat_stack *st)
{
	for (unsigned i = 0; i < st->n_workers; i++)
		st->worker[i]->view = st->view;
	st->rt->ops->resume(st->rt);
}

static void module_free_states(struct leat_stack *st, const struct module *m)
{
	for (unsigned i = 0; i < st->n_workers; i++) {
		mem_free(st->worker[i]->state[m->id]);
		st->worker[i]->state[m->id] = NULL;
	}
	mem_free(st->state[m->id]);
	st->state[m->id] = NULL;
}

static int module_alloc_states(struct leat_stack *st, const struct module *m)
{
	if (m->stack_size) {
		st->state[m->id] = mem_zalloc_aligned(&st->mem, m->stack_size, CACHELINE);
		if (!st->state[m->id])
			return -ENOMEM;
	}
	for (unsigned i = 0; i < st->n_workers && m->worker_size; i++) {
		st->worker[i]->state[m->id] = mem_zalloc_aligned(&st->mem, m->worker_size, CACHELINE);
		if (!st->worker[i]->state[m->id]) {
			module_free_states(st, m);
			return -ENOMEM;
		}
	}
	return 0;
}

static void module_free_workers(struct leat_stack *st, const struct module *m, unsigned n)
{
	while (m->worker_free && n--)
		m->worker_free(st->worker[n]);
}

/* The stages after unlink, which has been followed by a grace period; n: workers that worker_init has seen. */
static void module_stop(struct leat_stack *st, const struct module *m, unsigned n)
{
	if (m->drain)
		m->drain(st);
	rt_flush_messages(st->rt);
	st->rt->ops->run_deferred(st->rt);
	module_free_workers(st, m, n);
	if (m->free)
		m->free(st);
	st->rt->ops->run_deferred(st->rt);
	module_free_states(st, m);
}

/* What unlink took away is gone for everybody: view published, messages that were under way run, deferred frees done. */
static void after_unlink(struct leat_stack *st)
{
	view_publish(st);
	for (unsigned i = 0; i < st->n_workers; i++)
		st->worker[i]->view = st->view;
	rt_flush_messages(st->rt);
	st->rt->ops->run_deferred(st->rt);
}

static int module_start(struct leat_stack *st, const struct module *m)
{
	unsigned i = 0;
	int err = module_alloc_states(st, m);
	if (err)
		return err;
	knobs_reset(st, m);
	if (m->init && (err = m->init(st))) {
		module_free_states(st, m);
		return err;
	}
	while (m->worker_init && !err && i < st->n_workers)
		err = m->worker_init(st->worker[i++]);
	if (!err)
		return 0;
	if (m->unlink) /* init has succeeded, so others may know of it */
		m->unlink(st);
	after_unlink(st);
	module_stop(st, m, i - 1);
	return err;
}

static unsigned n_modules(const struct leat_stack *st)
{
	unsigned n = 0;
	while (st->modules[n])
		n++;
	return n;
}

static int new_workers(struct leat_stack *st, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct worker *w = mem_zalloc_aligned(&st->mem, sizeof *w, CACHELINE);
		if (!w)
			return -ENOMEM;
		w->lc = st->rt->lcore[i];
		w->st = st;
		w->index = i;
		list_append(&w->lc->workers, &w->lc_link);
		st->worker[i] = w;
		st->n_workers = i + 1;
	}
	return 0;
}

static int new_bucket_map(struct leat_stack *st)
{
	struct bucket_map *b = mem_zalloc(&st->mem, sizeof *b);
	if (!b)
		return -ENOMEM;
	for (unsigned i = 0; i < BUCKETS; i++)
		b->worker[i] = (uint8_t)(i % st->n_workers);
	int err = view_stage(st, VIEW_buckets, b);
	if (err)
		mem_free(b);
	else
		view_publish(st);
	return err;
}

/* Everything that is left when all modules have stopped. */
static void free_frame(struct leat_stack *st)
{
	st->rt->ops->run_deferred(st->rt);
	for (unsigned i = 0; i < st->n_workers; i++) {
		list_remove(&st->worker[i]->lc_link);
		mem_free(st->worker[i]);
	}
	if (st->view)
		mem_free(st->view->root[VIEW_buckets]);
	mem_free(st->staged);
	mem_free(st->view);
	mem_account_done(&st->mem);
	mem_free(st);
}

static void stop_modules(struct leat_stack *st, unsigned n)
{
	for (unsigned i = n; i--;)
		if (st->modules[i]->unlink)
			st->modules[i]->unlink(st);
	after_unlink(st);
	for (unsigned i = n; i--;)
		module_stop(st, st->modules[i], st->n_workers);
}

int stack_new(struct leat_runtime *rt, const char *name, unsigned n_workers,
	      const struct module *const *modules, struct leat_stack **ret_st)
{
	unsigned started = 0;
	int err;
	if (n_workers == 0 || n_workers > rt->n_lcores)
		return -EINVAL;
	struct leat_stack *st = mem_zalloc_aligned(&rt->mem, sizeof *st, CACHELINE);
	if (!st)
		return -ENOMEM;
	st->rt = rt;
	snprintf(st->name, sizeof st->name, "%s", name);
	mem_account_init(&st->mem, st->name, &rt->mem, 0);
	rt->ops->random(rt, &st->hash_key, sizeof st->hash_key);
	rt->ops->random(rt, st->flow_key, sizeof st->flow_key);
	toeplitz_init(&st->flow_toeplitz, st->flow_key);
	st->start_us = rt->ctl->now_us;
	pause_others(st);
	err = new_workers(st, n_workers);
	if (!err)
		err = new_bucket_map(st);
	if (err)
		goto free_stack;
	for (unsigned i = 0; modules[i] && i < MODULE_MAX; i++)
		st->modules[i] = modules[i];
	for (; st->modules[started]; started++) {
		for (unsigned i = 0; i < st->n_workers; i++)
			st->worker[i]->view = st->view;
		err = module_start(st, st->modules[started]);
		view_publish(st);
		if (err)
			goto stop;
	}
	resume_others(st);
	*ret_st = st;
	return 0;
stop:
	rt_log(rt, LOG_ERROR, "stack %s: module %s does not start: %s", st->name, st->modules[started]->name,
	       strerror(-err));
	stop_modules(st, started);
free_stack:
	free_frame(st);
	rt->ops->resume(rt);
	return err;
}

void stack_free(struct leat_stack *st)
{
	if (!st)
		return;
	struct leat_runtime *rt = st->rt;
	pause_others(st);
	stop_modules(st, n_modules(st));
	free_frame(st);
	rt->ops->resume(rt);
}

static int find_module(const struct leat_stack *st, const struct module *m)
{
	for (unsigned i = 0; st->modules[i]; i++)
		if (st->modules[i]->id == m->id)
			return (int)i;
	return -ENOENT;
}

static void forget_module(struct leat_stack *st, unsigned i)
{
	memmove(&st->modules[i], &st->modules[i + 1], (MODULE_MAX - i) * sizeof st->modules[0]);
	st->modules_changed++;
	if (st->on_modules)
		st->on_modules(st);
}

int stack_load(struct leat_stack *st, const struct module *m)
{
	if (find_module(st, m) >= 0)
		return -EEXIST;
	pause_others(st);
	unsigned n = n_modules(st);
	st->modules[n] = m;
	st->modules_changed++;
	int err = st->on_modules ? st->on_modules(st) : 0;
	if (!err)
		err = module_start(st, m);
	view_publish(st);
	if (err)
		forget_module(st, n);
	resume_others(st);
	return err;
}

int stack_unload(struct leat_stack *st, const struct module *m)
{
	int i = find_module(st, m);
	if (i < 0)
		return i;
	pause_others(st);
	if (m->unlink)
		m->unlink(st);
	after_unlink(st);
	module_stop(st, m, st->n_workers);
	forget_module(st, (unsigned)i);
	resume_others(st);
	return 0;
}

bool stack_post_workers(struct leat_stack *st, msg_fn *fn, uint64_t a1, uint64_t a2, uint64_t a3)
{
	bool ok = true;
	for (unsigned i = 0; i < st->n_workers; i++) {
		struct msg m = { .fn = fn, .arg = { { .p = st->worker[i] }, { a1 }, { a2 }, { a3 } } };
		ok &= lcore_post(st->rt->ctl, st->worker[i]->lc, &m);
	}
	return ok;
}

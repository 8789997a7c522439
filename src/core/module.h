/* SPDX-License-Identifier: BSD-2-Clause */
/* What a module is. Every protocol, table, hook and tunnel is one: a const struct that says what it adds to a stack and
 * how it comes and goes. The list of them is modules.def. */
#ifndef LEAT_CORE_MODULE_H
#define LEAT_CORE_MODULE_H

#include "core/knob.h"

struct leat_stack;
struct worker;
struct node;
struct nl_family;
struct saver;
struct loader;

enum module_id {
#define MODULE(name) MODULE_##name,
#include "core/modules.def"
#undef MODULE
	MODULE_SIM, /* the simulator's part in each of its stacks */
	MODULE_TEST, /* free for a test's own module */
	MODULE_MAX
};

/* Stages of life (W:M4): init, per worker worker_init; then traffic; then unlink (no new finders: take edges, hooks, table
 * entries away), a grace period, drain (nothing in flight: stop timers, drop what is parked, by name), worker_free, free.
 * All run on the control lcore with the stack's workers between turns, except where a line says otherwise. A member that
 * is NULL or 0 says there is nothing to do. */
struct module {
	const char *name;
	enum module_id id;
	const struct node *const *nodes; /* NULL-terminated (graph/node.h) */
	const struct knob *knobs; /* settings by name; ends with { 0 } (knob.h) */
	const struct nl_family *const *netlink; /* NULL-terminated (nlmsg/family.h) */
	size_t stack_size, worker_size; /* zeroed state the frame allocates before init, frees after free */
	int (*init)(struct leat_stack *st); /* 0 or -errno; on failure nothing stays behind */
	/* On failure all from unlink on follow, but for this worker's free. */
	int (*worker_init)(struct worker *w);
	void (*unlink)(struct leat_stack *st);
	void (*drain)(struct leat_stack *st);
	void (*worker_free)(struct worker *w);
	void (*free)(struct leat_stack *st);
	/* Typed fields, no pointers (save.h). save() is asked of the last module first, and drops by name what it has parked;
	 * restore() meets a fresh stack whose earlier modules are restored. 0 or -errno. */
	int (*save)(struct leat_stack *st, struct saver *s);
	int (*restore)(struct leat_stack *st, struct loader *l);
};

#endif

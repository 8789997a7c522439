/* SPDX-License-Identifier: BSD-2-Clause */
/* A stack is a value: what the kernel calls a network namespace. A worker is its shard on one lcore. */
#ifndef LEAT_CORE_STACK_H
#define LEAT_CORE_STACK_H

#include "base/siphash.h"
#include "base/toeplitz.h"
#include "core/lcore.h"
#include "core/module.h"

enum { STACK_NAME_MAX = 32, BUCKETS = 1024 };

enum view_id {
#define VIEW(name) VIEW_##name,
#include "core/views.def"
#undef VIEW
	VIEW_MAX
};

/* Immutable once published; the next one is a changed copy. */
struct view {
	struct deferred deferred;
	void *root[VIEW_MAX];
};

/* Which worker owns each flow bucket. */
struct bucket_map {
	struct deferred deferred;
	uint8_t worker[BUCKETS];
};

struct leat_stack {
	struct leat_runtime *rt;
	char name[STACK_NAME_MAX];
	struct mem_account mem;
	const struct module *modules[MODULE_MAX + 1]; /* NULL-terminated, in start order */
	uint32_t
		modules_changed; /* how often one came or went: who remembers something of them looks again */
	/* The graph's: nodes came or went. 0 or -errno: they do not fit in. */
	int (*on_modules)(struct leat_stack *st);
	void *iface_conf; /* net's: the settings that interfaces begin with; NULL: no interfaces */
	/* Net's: m's knobs have their defaults. */
	void (*on_knobs)(struct leat_stack *st, const struct module *m);
	unsigned n_workers;
	struct worker *worker[LCORE_MAX - 1];
	void *state[MODULE_MAX];
	/* Read: any worker, once per turn.   Write: control lcore, view_publish().   Free: rt_defer(). */
	rcu_ptr(struct view) view;
	struct view *staged; /* the copy being changed, or NULL */
	struct sipkey hash_key; /* for tables a stranger can fill */
	uint8_t flow_key[TOEPLITZ_KEY]; /* for the flow hash; saved, so that flows keep their buckets */
	struct toeplitz flow_toeplitz; /* made of it */
	uint64_t start_us;
	void *user; /* the application's */
};

struct worker {
	struct lcore *lc;
	struct leat_stack *st;
	unsigned index; /* in st->worker[] */
	const struct view *view; /* loaded at the start of each turn of the lcore */
	struct list lc_link;
	void *state[MODULE_MAX];
};

/* Makes a stack with a worker on each of the runtime's first n_workers lcores and starts its modules. `name` is copied.
 * Like all that follows here it runs on the control lcore and pauses the others while it changes what they see
 * (runtime_ops.pause). 0 or -errno, *ret_st written on success. */
int stack_new(struct leat_runtime *rt, const char *name, unsigned n_workers,
	      const struct module *const *modules, struct leat_stack **ret_st);
/* Stops the modules in stages and frees everything. NULL is welcome. */
void stack_free(struct leat_stack *st);

/* Adds or takes away one module of a living stack; the stages of module.h. -EEXIST, -ENOENT, or what init says. */
int stack_load(struct leat_stack *st, const struct module *m);
int stack_unload(struct leat_stack *st, const struct module *m);

static inline void *stack_state(const struct leat_stack *st, enum module_id id)
{
	return st->state[id];
}
static inline void *worker_state(const struct worker *w, enum module_id id)
{
	return w->state[id];
}

/* --- the view --- */

/* A root as it stood when the worker's turn began; NULL: that table is not there. */
static inline void *view_get(const struct worker *w, enum view_id id)
{
	return w->view->root[id];
}
/* Control lcore: what will be (or already is) published. */
static inline void *view_ctl(const struct leat_stack *st, enum view_id id)
{
	return (st->staged ? st->staged : st->view)->root[id];
}
/* Control lcore: puts a root into the next view. Nobody sees it before view_publish(). 0 or -ENOMEM. The old root is the
 * caller's, who defers its free after publishing. */
int view_stage(struct leat_stack *st, enum view_id id, void *root);
/* Publishes everything staged as one step. Harmless when nothing is. Netlink calls it at the end of each receive. */
void view_publish(struct leat_stack *st);

/* The worker that owns a flow hash. */
static inline unsigned bucket_worker(const struct worker *w, uint32_t flow_hash)
{
	const struct bucket_map *m = view_get(w, VIEW_buckets);
	return m->worker[flow_hash % BUCKETS];
}

/* Control lcore: runs fn on every worker's lcore, as a message with the worker in arg[0].p and the caller's words behind it.
 * False when memory ran out: some may not hear of it. */
bool stack_post_workers(struct leat_stack *st, msg_fn *fn, uint64_t a1, uint64_t a2, uint64_t a3);

/* Saves the whole stack as a JSON file; restores it into a fresh one made with the same modules. *ret_why, when given, gets
 * a line that says what was wrong. */
int stack_save(struct leat_stack *st, const char *path, char *ret_why, size_t why_len);
int stack_restore(struct leat_stack *st, const char *path, char *ret_why, size_t why_len);
/* The same by descriptors, which stay the caller's. Saving needs no more memory for a million routes than for ten, and neither does
 * restoring from a file (a memfd is one), which begins at its beginning and must not change meanwhile; of a pipe a copy is made.
 * `where` is what a message calls it. The other lcores wait while the text is written, or for one written to a sink. */
int stack_save_fd(struct leat_stack *st, int fd);
int stack_restore_fd(struct leat_stack *st, int fd, const char *where, char *ret_why, size_t why_len);
int stack_save_to(struct leat_stack *st, int (*sink)(void *ctx, const void *bytes, size_t len_bytes),
		  void *ctx);
/* The same by way of text, to be freed with free(): for what is small. It holds keys; only those who may configure get it. */
int stack_save_text(struct leat_stack *st, char **ret_text, size_t *ret_len);
int stack_restore_text(struct leat_stack *st, const char *text, size_t len, char *ret_why, size_t why_len);

#endif

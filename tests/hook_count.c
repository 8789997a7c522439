/* SPDX-License-Identifier: BSD-2-Clause */
#include "hook_count.h"

struct count_stack {
	struct hook_listener listener[HOOK_MAX];
};
struct count_worker {
	uint64_t seen[HOOK_MAX];
};

static void count(struct worker *w, struct hook_listener *l, struct pkt_vec *v, uint8_t *verdict)
{
	struct count_worker *c = worker_state(w, MODULE_TEST);
	racy_add(c->seen[l->point], v->n);
}

static void count_unlink(struct leat_stack *st)
{
	struct count_stack *s = stack_state(st, MODULE_TEST);
	for (unsigned h = 0; h < HOOK_MAX; h++)
		if (s->listener[h].fn)
			hook_unlisten(st, &s->listener[h]);
}

static int count_init(struct leat_stack *st)
{
	struct count_stack *s = stack_state(st, MODULE_TEST);
	int err = 0;
	for (unsigned h = 0; h < HOOK_MAX && !err; h++) {
		s->listener[h] = (struct hook_listener){ .name = "count", .point = h, .fn = count };
		err = hook_listen(st, &s->listener[h]);
		if (err)
			s->listener[h].fn = NULL;
	}
	if (err)
		count_unlink(st);
	return err;
}

uint64_t hook_count(const struct leat_stack *st, enum hook_point h)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < st->n_workers; i++) {
		const struct count_worker *c = worker_state(st->worker[i], MODULE_TEST);
		sum += racy_get(c->seen[h]);
	}
	return sum;
}

const struct module hook_count_module = {
	.name = "hook-count",
	.id = MODULE_TEST,
	.stack_size = sizeof(struct count_stack),
	.worker_size = sizeof(struct count_worker),
	.init = count_init,
	.unlink = count_unlink,
};

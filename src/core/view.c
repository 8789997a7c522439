/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/stack.h"

#include <errno.h>

static void view_free_deferred(struct deferred *d)
{
	mem_free(container_of(d, struct view, deferred));
}

int view_stage(struct leat_stack *st, enum view_id id, void *root)
{
	if (!st->staged) {
		st->staged = mem_zalloc(&st->mem, sizeof *st->staged);
		if (!st->staged)
			return -ENOMEM;
		if (st->view)
			*st->staged = *st->view;
	}
	st->staged->root[id] = root;
	return 0;
}

void view_publish(struct leat_stack *st)
{
	struct view *old = st->view;
	if (!st->staged)
		return;
	rcu_set(st->view, st->staged);
	rcu_set(st->rt->views_published, st->rt->views_published + 1);
	st->staged = NULL;
	if (old)
		rt_defer(st->rt->ctl, st->rt, &old->deferred, view_free_deferred);
}

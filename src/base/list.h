/* SPDX-License-Identifier: BSD-2-Clause */
/* Circular doubly linked lists with the links inside the elements. One thread; for tables that others read while they
 * change there is hash.h. */
#ifndef LEAT_BASE_LIST_H
#define LEAT_BASE_LIST_H

#include "base/base.h"

struct list {
	struct list *next, *prev;
};

static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}
static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}
static inline void list_insert(struct list *after, struct list *e)
{
	e->prev = after;
	e->next = after->next;
	after->next->prev = e;
	after->next = e;
}
static inline void list_push(struct list *l, struct list *e) /* at the front */
{
	list_insert(l, e);
}
static inline void list_append(struct list *l, struct list *e) /* at the end */
{
	list_insert(l->prev, e);
}
/* Leaves e as an empty list, so that removing twice is harmless and list_empty(e) says "on no list". */
static inline void list_remove(struct list *e)
{
	e->prev->next = e->next;
	e->next->prev = e->prev;
	list_init(e);
}

#define list_entry(e, type, member) container_of(e, type, member)
#define list_first(l, type, member) list_entry((l)->next, type, member)
/* The cursor v is declared by the caller. The _safe form allows v to be removed and freed in the body. */
#define list_for_each(v, l, member)                                            \
	for (v = list_entry((l)->next, typeof(*v), member); &v->member != (l); \
	     v = list_entry(v->member.next, typeof(*v), member))
#define list_for_each_safe(v, tmp, l, member)                     \
	for (v = list_entry((l)->next, typeof(*v), member),       \
	    tmp = list_entry(v->member.next, typeof(*v), member); \
	     &v->member != (l); v = tmp, tmp = list_entry(v->member.next, typeof(*v), member))

#endif

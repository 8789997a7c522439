/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/mcast_auto.h"

#include "net/mcast.h"

struct joined {
	struct list link;
	uint32_t if_handle;
	uint8_t family;
	struct ipaddr group;
	struct mcast_listener listener;
};

static struct joined *find(const struct mcast_auto *m, const struct addr *a)
{
	struct joined *j;
	list_for_each (j, &m->joined, link)
		if (j->if_handle == a->if_handle && j->family == a->family && ipaddr_eq(&j->group, &a->local))
			return j;
	return NULL;
}

static void join(struct mcast_auto *m, struct leat_stack *st, const struct addr *a)
{
	const struct iface *i = iface_by_handle(st, a->if_handle);
	struct joined *j = i && !find(m, a) ? mem_zalloc(&st->mem, sizeof *j) : NULL;
	if (!j)
		return;
	*j = (struct joined){ .if_handle = a->if_handle, .family = a->family, .group = a->local };
	if (mcast_join(st, i, a->family, &a->local, true, &j->listener)) {
		mem_free(j); /* no group, or no memory: the address is there all the same */
		return;
	}
	list_append(&m->joined, &j->link);
}

static void leave(struct leat_stack *st, struct joined *j)
{
	mcast_leave(st, &j->listener);
	list_remove(&j->link);
	mem_free(j);
}

static void addr_event(struct addr_watch *watch, struct leat_stack *st, const struct addr *a,
		       enum addr_event e)
{
	struct mcast_auto *m = container_of(watch, struct mcast_auto, watch);
	struct joined *j = e == ADDR_GOING ? find(m, a) : NULL;
	if (e == ADDR_ADDED && a->flags & IFA_F_MCAUTOJOIN)
		join(m, st, a);
	else if (j)
		leave(st, j);
}

void mcast_auto_init(struct leat_stack *st, struct mcast_auto *m)
{
	list_init(&m->joined);
	m->watch.event = addr_event;
	addr_watch_add(st, &m->watch);
}

void mcast_auto_unlink(struct leat_stack *st, struct mcast_auto *m)
{
	addr_watch_remove(st, &m->watch);
	while (!list_empty(&m->joined))
		leave(st, list_first(&m->joined, struct joined, link));
}

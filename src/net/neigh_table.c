/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of neighbours as the control lcore keeps it: how entries come, go, and are shown.
 *
 * Theory of operation: a family has at most gc_thresh3 entries that are not permanent. When a new one is wanted beyond that, the
 * oldest FAILED goes, else the oldest INCOMPLETE (what a scan leaves behind), else the oldest STALE that nobody has used for
 * delay_first_probe_time. What is REACHABLE or being confirmed never makes room for a newcomer: he is refused. So that the victim
 * is found at once, entries of those states stand in lines, oldest first. FAILED and STALE entries that nobody uses are also
 * forgotten after gc_stale_time when there are more than gc_thresh1 (neigh_state.c has the timer).
 *
 * Deletion: unlink from the hash (a worker in its turn may still hold it), tell workers to drop what waits, free after a grace
 * period. */
#include <errno.h>
#include <linux/rtnetlink.h>

#include "net/ctl_fill.h"
#include "net/neigh_internal.h"

/* --- an entry told --- */

void neigh_describe(const struct neigh_entry *e, struct neigh_info *ret)
{
	*ret = (struct neigh_info){
		.if_handle = e->if_handle,
		.family = e->family,
		.state = neigh_nud(e),
		.flags = e->flags,
		.protocol = e->protocol,
		.addr = e->addr,
		.has_mac = neigh_word_has_mac(e->word),
		.confirmed_us = e->confirmed_us,
		.used_us = e->used_us,
		.updated_us = e->updated_us,
		.probes = e->probes,
	};
	if (ret->has_mac)
		memcpy(ret->mac, &e->word, sizeof ret->mac);
	for (unsigned i = 0; i < e->st->n_workers; i++) {
		ret->used_us = MAX(ret->used_us, racy_get(e->mark[i].used_us));
		ret->queued += racy_get(e->mark[i].queued);
	}
}

uint64_t neigh_last_used_us(const struct neigh_entry *e)
{
	struct neigh_info n;
	neigh_describe(e, &n);
	return n.used_us;
}

void neigh_announce(const struct neigh_entry *e, uint16_t type)
{
	struct neigh_info n;
	neigh_describe(e, &n);
	neigh_tell(e->st, type, &n);
}

/* --- coming and going --- */

static enum neigh_line line_of(uint8_t state)
{
	switch (state) {
	case NUD_NONE:
	case NUD_FAILED:
		return NEIGH_LINE_FAILED;
	case NUD_INCOMPLETE:
		return NEIGH_LINE_INCOMPLETE;
	case NUD_STALE:
		return NEIGH_LINE_STALE;
	default:
		return NEIGH_LINE_NONE;
	}
}

void neigh_stand_in_line(struct neigh_entry *e)
{
	struct neigh_stack *s = neigh_state(e->st);
	unsigned f = neigh_index(e->family);
	bool bounded = !(neigh_nud(e) & NUD_PERMANENT);
	list_remove(&e->in_line);
	e->line = line_of(neigh_nud(e));
	if (e->line != NEIGH_LINE_NONE)
		list_append(&s->line[f][e->line], &e->in_line);
	s->bounded[f] += (unsigned)bounded - (unsigned)e->bounded;
	e->bounded = bounded;
}

static void entry_free(struct deferred *d)
{
	mem_free(container_of(d, struct neigh_entry, deferred));
}

void neigh_entry_remove(struct neigh_entry *e, enum drop why, bool tell_listeners)
{
	struct leat_stack *st = e->st;
	struct neigh_stack *s = neigh_state(st);
	const struct neigh_key k = neigh_key_of(e);
	if (s->cursor == e)
		s->cursor = NULL;
	hash_remove(&s->table.hash, &e->node);
	list_remove(&e->all);
	list_remove(&e->in_line);
	s->bounded[neigh_index(e->family)] -= e->bounded;
	lcore_timer_stop(st->rt->ctl, &e->timer);
	if (tell_listeners)
		neigh_announce(e, RTM_DELNEIGH);
	if (!(neigh_nud(e) & NUD_VALID))
		neigh_post_all(st, neigh_on_failed, &k, why);
	rt_defer(st->rt->ctl, st->rt, &e->deferred, entry_free);
}

/* The oldest that is not in use, or NULL. */
static struct neigh_entry *find_victim(struct leat_stack *st, uint8_t family)
{
	struct list *line = neigh_state(st)->line[neigh_index(family)];
	struct neigh_entry *e;
	for (unsigned k = NEIGH_LINE_FAILED; k <= NEIGH_LINE_INCOMPLETE; k++)
		if (!list_empty(&line[k]))
			return list_first(&line[k], struct neigh_entry, in_line);
	list_for_each (e, &line[NEIGH_LINE_STALE], in_line)
		if (neigh_now_us(st) - neigh_last_used_us(e) >= neigh_delay_us(e))
			return e;
	return NULL;
}

int neigh_entry_new(struct leat_stack *st, const struct neigh_key *k, bool bounded, struct neigh_entry **ret)
{
	struct neigh_stack *s = neigh_state(st);
	if (bounded && s->bounded[neigh_index(k->family)] >= s->max[neigh_index(k->family)]) {
		struct neigh_entry *victim = find_victim(st, k->family);
		if (!victim)
			return -ENOBUFS;
		neigh_entry_remove(victim, DROP_NEIGH_TABLE_FULL, true);
	}
	struct neigh_entry *e = mem_zalloc(&st->mem, sizeof *e + st->n_workers * sizeof e->mark[0]);
	if (!e)
		return -ENOMEM;
	e->st = st;
	e->if_handle = k->if_handle;
	e->family = k->family;
	e->addr = k->addr;
	e->id = ++s->last_id;
	e->used_us = e->updated_us = neigh_now_us(st);
	list_init(&e->in_line);
	timer_init(&e->timer, neigh_on_timer);
	list_append(&s->all, &e->all);
	hash_insert(&s->table.hash, &e->node, neigh_hash(st, k));
	neigh_stand_in_line(e);
	*ret = e;
	return 0;
}

/* --- asking --- */

bool neigh_get(struct leat_stack *st, uint32_t if_handle, uint8_t family, const struct ipaddr *addr,
	       struct neigh_info *ret)
{
	const struct neigh_key k = { if_handle, family, *addr };
	const struct neigh_entry *e = neigh_lookup(st, &neigh_state(st)->table, &k);
	if (e)
		neigh_describe(e, ret);
	return e != NULL;
}

struct neigh_entry *neigh_entry_after(struct leat_stack *st, const struct neigh_entry *e)
{
	struct neigh_stack *s = neigh_state(st);
	const struct list *at = e ? &e->all : &s->all;
	return at->next != &s->all ? list_entry(at->next, struct neigh_entry, all) : NULL;
}

bool neigh_next(struct leat_stack *st, uint64_t *pos, struct neigh_info *ret)
{
	struct neigh_stack *s = neigh_state(st);
	struct neigh_entry *e;
	if (*pos && s->cursor && s->cursor->id == *pos)
		e = neigh_entry_after(st, s->cursor);
	else
		for (e = neigh_entry_after(st, NULL); e && e->id <= *pos;)
			e = neigh_entry_after(st, e);
	s->cursor = e;
	if (!e)
		return false;
	*pos = e->id;
	neigh_describe(e, ret);
	return true;
}

/* --- interfaces --- */

static void flush(struct leat_stack *st, const struct iface *i, enum drop why, bool with_permanent)
{
	struct neigh_entry *e, *next;
	list_for_each_safe (e, next, &neigh_state(st)->all, all)
		if (e->if_handle == i->handle && (with_permanent || !(neigh_nud(e) & NUD_PERMANENT)))
			neigh_entry_remove(e, why, true);
	stack_post_workers(st, neigh_on_iface_gone, i->handle, why, 0);
}

static void on_iface(struct iface_watch *w, struct iface *i, enum iface_event e)
{
	if (e == IFACE_GOING)
		flush(i->st, i, DROP_IF_GONE, true);
	else if (e == IFACE_DOWN)
		flush(i->st, i, DROP_IF_DOWN, true);
	else if (e == IFACE_CHANGED && i->flags & IFF_UP && !(i->flags & IFF_LOWER_UP))
		/* Linux: no carrier; what the administrator said stays. */
		flush(i->st, i, DROP_IF_DOWN, false);
}

/* --- module --- */

static void defer_chunk(void *ctx, struct deferred *d)
{
	struct leat_stack *st = ctx;
	rt_defer(st->rt->ctl, st->rt, d, d->fn);
}

int neigh_table_init(struct leat_stack *st)
{
	struct neigh_stack *s = neigh_state(st);
	hash_init(&s->table.hash, &st->mem, defer_chunk, st);
	list_init(&s->all);
	for (unsigned f = 0; f < 2; f++)
		for (unsigned k = 0; k < NEIGH_LINES; k++)
			list_init(&s->line[f][k]);
	int err = view_stage(st, VIEW_neighs, &s->table);
	if (err)
		return err;
	s->watch.event = on_iface;
	iface_watch_add(st, &s->watch);
	return 0;
}

void neigh_table_unlink(struct leat_stack *st)
{
	struct neigh_stack *s = neigh_state(st);
	struct neigh_entry *e, *next;
	s->stopping = true;
	iface_watch_remove(st, &s->watch);
	list_for_each_safe (e, next, &s->all, all)
		neigh_entry_remove(e, DROP_SHUTDOWN, false);
	view_stage(st, VIEW_neighs, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of neighbours as the control lcore keeps it: how entries come, go, and are shown.
 *
 * Theory of operation: an entry is known once it has been reachable or the administrator has named its address; until then it is a
 * stranger: somebody whom a packet was for, or who said something and was never asked. A family has at most gc_thresh3 known
 * entries, and beside them unconfirmed_max strangers (RFC 6583, 7.1), so no number of strangers makes a known one go. When one
 * more stranger comes, the oldest FAILED one goes, else the oldest INCOMPLETE (what a scan leaves behind), else the oldest STALE
 * (what a forger leaves behind). When a stranger answers and becomes known, it takes the place of a known one that has FAILED
 * or is STALE and unused for delay_first_probe_time, but only if there are more than gc_thresh2; and without such a place at
 * gc_thresh3 it is forgotten again. What is in use never makes room. So that the victim is found at once, entries of those
 * states stand in lines, oldest first. With unconfirmed_max 0 all share gc_thresh3 and any idle one goes, as on Linux.
 *
 * FAILED and STALE entries that nobody uses are also forgotten after gc_stale_time when there are more than gc_thresh1
 * (neigh_state.c has the timer). PERMANENT ones, and those that programs look after (NTF_EXT_LEARNED, NTF_EXT_MANAGED,
 * NTF_EXT_EXT_VALIDATED) are neither counted nor forgotten.
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
		.known = neigh_word_known(e->word),
		.protocol = e->protocol,
		.addr = e->addr,
		.has_mac = neigh_word_has_mac(e->word),
		.confirmed_us = neigh_last_confirmed_us(e),
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

uint64_t neigh_last_confirmed_us(const struct neigh_entry *e)
{
	uint64_t us = e->confirmed_us;
	for (unsigned i = 0; i < e->st->n_workers; i++)
		us = MAX(us, racy_get(e->mark[i].confirmed_us));
	return us;
}

void neigh_event(const struct neigh_entry *e, enum neigh_event what)
{
	struct neigh_watch *w, *next;
	struct neigh_info n;
	neigh_describe(e, &n);
	list_for_each_safe (w, next, &neigh_state(e->st)->watches, link)
		w->event(w, e->st, &n, what);
}

void neigh_announce(const struct neigh_entry *e, uint16_t type)
{
	struct neigh_info n;
	neigh_describe(e, &n);
	neigh_tell(e->st, type, &n);
	neigh_event(e, type == RTM_DELNEIGH ? NEIGH_GOING : NEIGH_STATE);
}

void neigh_watch_add(struct leat_stack *st, struct neigh_watch *w)
{
	list_append(&neigh_state(st)->watches, &w->link);
}

void neigh_watch_remove(struct leat_stack *st, struct neigh_watch *w)
{
	list_remove(&w->link);
}

/* --- coming and going --- */

static enum neigh_class class_of(const struct neigh_entry *e)
{
	if (neigh_nud(e) & NUD_PERMANENT || e->flags & (NTF_EXT_LEARNED | NEIGH_MANAGED | NEIGH_VALIDATED))
		return NEIGH_EXEMPT;
	return neigh_word_known(e->word) ? NEIGH_KNOWN : NEIGH_STRANGER;
}

static enum neigh_line line_of(enum neigh_class class, uint8_t state)
{
	bool stranger = class == NEIGH_STRANGER;
	if (class == NEIGH_EXEMPT)
		return NEIGH_LINE_NONE;
	switch (state) {
	case NUD_NONE:
	case NUD_FAILED:
		return stranger ? NEIGH_LINE_STRANGER_FAILED : NEIGH_LINE_FAILED;
	case NUD_INCOMPLETE:
		return stranger ? NEIGH_LINE_STRANGER_INCOMPLETE : NEIGH_LINE_NONE;
	case NUD_STALE:
		return stranger ? NEIGH_LINE_STRANGER_STALE : NEIGH_LINE_STALE;
	default:
		return NEIGH_LINE_NONE;
	}
}

void neigh_stand_in_line(struct neigh_entry *e)
{
	struct neigh_stack *s = neigh_state(e->st);
	unsigned f = neigh_index(e->family);
	s->n[f][e->class]--;
	e->class = class_of(e);
	s->n[f][e->class]++;
	list_remove(&e->in_line);
	e->line = line_of(e->class, neigh_nud(e));
	if (e->line != NEIGH_LINE_NONE)
		list_append(&s->line[f][e->line], &e->in_line);
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
	s->n[neigh_index(e->family)][e->class]--;
	s->counts[neigh_index(e->family)].destroys++;
	lcore_timer_stop(st->rt->ctl, &e->timer);
	neigh_claim_drop(e);
	if (tell_listeners)
		neigh_announce(e, RTM_DELNEIGH);
	if (!(neigh_nud(e) & NUD_VALID))
		neigh_post_all(st, neigh_on_failed, &k, why);
	rt_defer(st->rt->ctl, st->rt, &e->deferred, entry_free);
}

static struct neigh_entry *oldest_of(const struct neigh_stack *s, unsigned f, enum neigh_line from,
				     enum neigh_line to)
{
	for (unsigned k = from; k <= to; k++)
		if (!list_empty(&s->line[f][k]))
			return list_first(&s->line[f][k], struct neigh_entry, in_line);
	return NULL;
}

/* The oldest known one that is not in use, or NULL. */
static struct neigh_entry *find_idle(struct leat_stack *st, unsigned f)
{
	const struct neigh_stack *s = neigh_state(st);
	struct neigh_entry *e = oldest_of(s, f, NEIGH_LINE_FAILED, NEIGH_LINE_FAILED);
	if (e)
		return e;
	list_for_each (e, &s->line[f][NEIGH_LINE_STALE], in_line)
		if (neigh_now_us(st) - MIN(neigh_last_used_us(e), neigh_now_us(st)) >= neigh_delay_us(e))
			return e;
	return NULL;
}

static void make_go(struct neigh_stack *s, struct neigh_entry *e)
{
	s->counts[neigh_index(e->family)].forced_gc_runs++;
	s->flushed_us[neigh_index(e->family)] = neigh_now_us(e->st);
	neigh_entry_remove(e, DROP_NEIGH_TABLE_FULL, true);
}

bool neigh_make_room(struct leat_stack *st, uint8_t family)
{
	struct neigh_stack *s = neigh_state(st);
	unsigned f = neigh_index(family), n = s->n[f][NEIGH_KNOWN];
	struct neigh_entry *idle = n >= MIN(s->many[f], s->max[f]) ? find_idle(st, f) : NULL;
	if (idle)
		make_go(s, idle);
	else if (n >= s->max[f])
		s->counts[f].table_fulls++;
	return idle || n < s->max[f];
}

/* Room for one more who may never answer. */
static bool make_room_for_stranger(struct leat_stack *st, unsigned f)
{
	struct neigh_stack *s = neigh_state(st);
	unsigned strangers = s->n[f][NEIGH_STRANGER], known = s->n[f][NEIGH_KNOWN];
	bool shared = !s->strangers[f];
	bool full = shared ? strangers + known >= s->max[f] : strangers >= s->strangers[f];
	bool nothing_to_gain = !shared && known >= s->max[f] && !find_idle(st, f);
	struct neigh_entry *e = NULL;
	if (full)
		e = oldest_of(s, f, NEIGH_LINE_STRANGER_FAILED, NEIGH_LINE_STRANGER_STALE);
	if (full && !e && shared)
		e = find_idle(st, f);
	if (nothing_to_gain || (full && !e)) {
		s->counts[f].table_fulls++;
		return false;
	}
	if (e)
		make_go(s, e);
	return true;
}

int neigh_entry_new(struct leat_stack *st, const struct neigh_key *k, bool exempt, bool known,
		    struct neigh_entry **ret)
{
	struct neigh_stack *s = neigh_state(st);
	unsigned f = neigh_index(k->family);
	if (!exempt && !(known ? neigh_make_room(st, k->family) : make_room_for_stranger(st, f)))
		return -ENOBUFS;
	struct neigh_entry *e = mem_zalloc(&st->mem, sizeof *e + st->n_workers * sizeof e->mark[0]);
	if (!e)
		return -ENOMEM;
	e->st = st;
	e->if_handle = k->if_handle;
	e->family = k->family;
	e->addr = k->addr;
	e->id = ++s->last_id;
	e->word = known ? 1ULL << NEIGH_WORD_KNOWN_BIT : 0;
	s->counts[f].allocs++;
	s->n[f][e->class]++;
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

enum { BOTH_FAMILIES = 3 };

static void forget(struct leat_stack *st, const struct iface *i, unsigned families, enum drop why,
		   bool with_permanent)
{
	struct neigh_entry *e, *next;
	list_for_each_safe (e, next, &neigh_state(st)->all, all)
		if (e->if_handle == i->handle && (families & 1 << neigh_index(e->family)) &&
		    (with_permanent || !(neigh_nud(e) & NUD_PERMANENT || e->flags & NEIGH_VALIDATED)))
			neigh_entry_remove(e, why, true);
	stack_post_workers(st, neigh_on_iface_gone, i->handle, why, families);
}

static void flush(struct leat_stack *st, const struct iface *i, unsigned families, enum drop why,
		  bool with_permanent)
{
	neigh_proxy_flush(st, i, families, with_permanent);
	forget(st, i, families, why, with_permanent);
}

static void on_carrier_lost(struct leat_stack *st, const struct iface *i)
{
	const struct neigh_stack *s = neigh_state(st);
	unsigned families = 0;
	for (unsigned f = 0; f < 2; f++)
		if (i->conf.neigh[f].evict_nocarrier && s->evict_all[f])
			families |= 1U << f;
	flush(st, i, families, DROP_IF_DOWN, false); /* Linux: what the administrator said stays */
}

static void on_iface(struct iface_watch *w, struct iface *i, enum iface_event e)
{
	if (e == IFACE_GOING)
		flush(i->st, i, BOTH_FAMILIES, DROP_IF_GONE, true);
	else if (e == IFACE_DOWN)
		flush(i->st, i, BOTH_FAMILIES, DROP_IF_DOWN, true);
	else if (e == IFACE_MAC) /* Linux: so that all learn the new one from our questions */
		forget(i->st, i, BOTH_FAMILIES, DROP_STALE, true);
	else if (e == IFACE_ARP) /* Linux: arp_netdev_event() */
		forget(i->st, i, 1U << 0, DROP_STALE, true);
	else if (e == IFACE_CHANGED && i->flags & IFF_UP && !(i->flags & IFF_LOWER_UP))
		on_carrier_lost(i->st, i);
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
	list_init(&s->watches);
	neigh_proxy_init(st);
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
	neigh_proxy_flush(st, NULL, BOTH_FAMILIES, true);
	view_stage(st, VIEW_neighs, NULL);
}

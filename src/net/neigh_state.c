/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation, control's side: the states of RFC 4861, 7.3.3, as Linux runs them for ARP and neighbour discovery alike.
 * One timer an entry; what it means depends on the state.
 *
 *	 wanted            3 asked, no answer
 *	──────► INCOMPLETE ─────────────────► FAILED ──(wanted)──► INCOMPLETE
 *	            │ heard         3 asked again ▲
 *	            ▼      used           5 s     │
 *	  ┌──► REACHABLE ──► DELAY ─────────► PROBE
 *	  │         │ 30 s, idle ▲               │
 *	  │         ▼            │ used          │
 *	  │       STALE ─────────┘               │
 *	  └────────── heard, solicited ──────────┘
 *
 * PERMANENT and NOARP are the administrator's and change by his word only.
 *
 * Bounds: a family has at most NEIGH_MAX entries that are not permanent. When a new one is wanted beyond that, the oldest
 * FAILED goes, else the oldest INCOMPLETE (what a scan leaves behind), else the oldest STALE that nobody has used for
 * NEIGH_DELAY_US. What is REACHABLE or being confirmed never makes room for a newcomer: he is refused. FAILED and STALE
 * entries that nobody uses are also forgotten after a minute when there are more than NEIGH_FEW.
 *
 * Deletion: unlink from the hash (a worker in its turn may still hold it), tell workers to drop what waits, free after a grace
 * period.
 *
 * Left out: proxy entries, NTF_EXT_LEARNED, NTF_USE, confirmation by upper layers, Linux's locktime. */
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "net/ctl_fill.h"
#include "net/neigh_internal.h"

static uint64_t now_us(const struct leat_stack *st)
{
	return st->rt->ctl->now_us;
}

static uint8_t state_of(const struct neigh_entry *e)
{
	return neigh_word_state(e->word);
}

void neigh_describe(const struct neigh_entry *e, struct neigh_info *ret)
{
	*ret = (struct neigh_info){
		.if_handle = e->if_handle,
		.family = e->family,
		.state = state_of(e),
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

static uint64_t last_used_us(const struct neigh_entry *e)
{
	struct neigh_info n;
	neigh_describe(e, &n);
	return n.used_us;
}

static void announce(const struct neigh_entry *e, uint16_t type)
{
	struct neigh_info n;
	neigh_describe(e, &n);
	neigh_tell(e->st, type, &n);
}

/* --- words to workers --- */

static void post_all(struct leat_stack *st, msg_fn *fn, const struct neigh_key *k, uint32_t extra)
{
	uint64_t word[3];
	neigh_key_put(word, k, extra);
	stack_post_workers(st, st->rt->ctl, fn, word[0], word[1], word[2], 0);
}

static void post_one(struct worker *w, msg_fn *fn, const struct neigh_key *k, uint32_t extra)
{
	struct msg m = { .fn = fn, .arg[0].p = w };
	uint64_t word[3];
	neigh_key_put(word, k, extra);
	for (unsigned i = 0; i < 3; i++)
		m.arg[1 + i].u = word[i];
	lcore_post(w->st->rt->ctl, w->lc, &m); /* without memory: the worker asks again */
}

enum { SOLICIT_UNICAST = 1 };

static void solicit_on_worker(struct lcore *at, const struct msg *m)
{
	struct worker *w = m->arg[0].p;
	uint32_t how;
	const struct neigh_key k = neigh_key_get(m, &how);
	const struct neigh_proto *proto = rcu_get(neigh_state(w->st)->proto[neigh_index(k.family)]);
	struct iface *out = iface_get(w, k.if_handle);
	struct ipaddr hint;
	uint8_t mac[6];
	if (!proto || !out || !iface_is_up(out))
		return;
	memcpy(mac, &m->arg[4].u, sizeof mac);
	memcpy(hint.b, &m->arg[5].u, 8);
	memcpy(hint.b + 8, &m->arg[6].u, 8);
	proto->solicit(w, out, &k.addr, how & SOLICIT_UNICAST ? mac : NULL, &hint);
	graph_run(w);
}

static void solicit(struct neigh_entry *e)
{
	struct worker *w = e->st->worker[0];
	struct msg m = { .fn = solicit_on_worker, .arg[0].p = w };
	const struct neigh_key k = neigh_key_of(e);
	bool unicast = state_of(e) == NUD_PROBE;
	uint64_t word[3];
	neigh_key_put(word, &k, unicast ? SOLICIT_UNICAST : 0);
	for (unsigned i = 0; i < 3; i++)
		m.arg[1 + i].u = word[i];
	m.arg[4].u = e->word;
	memcpy(&m.arg[5].u, e->src_hint.b, 8);
	memcpy(&m.arg[6].u, e->src_hint.b + 8, 8);
	e->probes++;
	lcore_post(e->st->rt->ctl, w->lc, &m); /* lost without memory: as if the wire had lost it */
}

/* --- states --- */

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

static void stand_in_line(struct neigh_entry *e)
{
	struct neigh_stack *s = neigh_state(e->st);
	unsigned f = neigh_index(e->family);
	bool bounded = !(state_of(e) & NUD_PERMANENT);
	list_remove(&e->in_line);
	e->line = line_of(state_of(e));
	if (e->line != NEIGH_LINE_NONE)
		list_append(&s->line[f][e->line], &e->in_line);
	s->bounded[f] += (unsigned)bounded - (unsigned)e->bounded;
	e->bounded = bounded;
}

/* RFC 4861, 6.3.2: a random time, so that neighbours do not ask in step. */
static uint64_t reachable_us(const struct leat_stack *st)
{
	return NEIGH_REACHABLE_US / 2 + rt_random_u64(st->rt) % NEIGH_REACHABLE_US;
}

static uint64_t time_in(const struct neigh_entry *e, uint8_t state)
{
	switch (state) {
	case NUD_REACHABLE:
		return reachable_us(e->st);
	case NUD_DELAY:
		return NEIGH_DELAY_US;
	case NUD_INCOMPLETE:
	case NUD_PROBE:
		return NEIGH_RETRANS_US;
	case NUD_STALE:
	case NUD_FAILED:
		return NEIGH_IDLE_US;
	default:
		return 0;
	}
}

/* The one writer of the word. Sets the timer that belongs to the state. */
static void set_state(struct neigh_entry *e, uint8_t state, const uint8_t *mac)
{
	struct lcore *ctl = e->st->rt->ctl;
	uint64_t delay = time_in(e, state), word;
	if (mac)
		word = neigh_word(mac, true, state);
	else
		word = (e->word & ~((uint64_t)0xff << 48)) | (uint64_t)state << 48;
	if (word != e->word)
		e->updated_us = now_us(e->st);
	for (unsigned i = 0; state == NUD_STALE && i < e->st->n_workers; i++)
		racy_set(e->mark[i].told, 0); /* before anybody can see that it is stale */
	racy_set(e->word, word);
	if (state & (NUD_INCOMPLETE | NUD_PROBE))
		e->probes = 0;
	if (state & NUD_CONNECTED)
		racy_set(e->confirmed_us, now_us(e->st));
	if (delay)
		lcore_timer_in(ctl, &e->timer, delay);
	else
		lcore_timer_stop(ctl, &e->timer);
	stand_in_line(e);
}

static void begin_asking(struct neigh_entry *e, uint8_t state)
{
	set_state(e, state, NULL);
	solicit(e);
}

static void fail(struct neigh_entry *e)
{
	const struct neigh_key k = neigh_key_of(e);
	set_state(e, NUD_FAILED, NULL);
	announce(e, RTM_NEWNEIGH);
	post_all(e->st, neigh_on_failed, &k, DROP_NEIGH_FAILED);
}

/* --- coming and going --- */

static void entry_free(struct deferred *d)
{
	mem_free(container_of(d, struct neigh_entry, deferred));
}

/* `why`: for packets that still wait. */
static void remove_entry(struct neigh_entry *e, enum drop why, bool tell_listeners)
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
		announce(e, RTM_DELNEIGH);
	if (!(state_of(e) & NUD_VALID))
		post_all(st, neigh_on_failed, &k, why);
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
		if (now_us(st) - last_used_us(e) >= NEIGH_DELAY_US)
			return e;
	return NULL;
}

static void on_timer(struct lcore *lc, struct timer *t);

/* 0, -ENOBUFS: the table is full of live entries, or -ENOMEM. */
static int create(struct leat_stack *st, const struct neigh_key *k, bool bounded, struct neigh_entry **ret)
{
	struct neigh_stack *s = neigh_state(st);
	if (bounded && s->bounded[neigh_index(k->family)] >= NEIGH_MAX) {
		struct neigh_entry *victim = find_victim(st, k->family);
		if (!victim)
			return -ENOBUFS;
		remove_entry(victim, DROP_NEIGH_TABLE_FULL, true);
	}
	struct neigh_entry *e = mem_zalloc(&st->mem, sizeof *e + st->n_workers * sizeof e->mark[0]);
	if (!e)
		return -ENOMEM;
	e->st = st;
	e->if_handle = k->if_handle;
	e->family = k->family;
	e->addr = k->addr;
	e->id = ++s->last_id;
	e->used_us = e->updated_us = now_us(st);
	list_init(&e->in_line);
	timer_init(&e->timer, on_timer);
	list_append(&s->all, &e->all);
	hash_insert(&s->table.hash, &e->node, neigh_hash(st, k));
	stand_in_line(e);
	*ret = e;
	return 0;
}

/* --- timers, a row per state --- */

static void reachable_expired(struct neigh_entry *e)
{
	if (now_us(e->st) - last_used_us(e) <= NEIGH_DELAY_US) {
		set_state(e, NUD_DELAY,
			  NULL); /* Linux: as if a stale one had been used, and told to nobody */
		return;
	}
	set_state(e, NUD_STALE, NULL);
	announce(e, RTM_NEWNEIGH);
}

static void delay_expired(struct neigh_entry *e)
{
	begin_asking(e, NUD_PROBE);
	announce(e, RTM_NEWNEIGH);
}

static void no_answer(struct neigh_entry *e)
{
	if (e->probes >= NEIGH_PROBES_MAX) {
		fail(e);
		return;
	}
	solicit(e);
	lcore_timer_in(e->st->rt->ctl, &e->timer, NEIGH_RETRANS_US);
}

static void grown_old(struct neigh_entry *e)
{
	uint64_t idle_us = now_us(e->st) - MAX(last_used_us(e), e->updated_us);
	bool many = neigh_state(e->st)->bounded[neigh_index(e->family)] > NEIGH_FEW;
	if (many && idle_us >= NEIGH_IDLE_US)
		remove_entry(e, DROP_NEIGH_FAILED, true);
	else
		lcore_timer_in(e->st->rt->ctl, &e->timer, NEIGH_IDLE_US);
}

static void on_timer(struct lcore *lc, struct timer *t)
{
	struct neigh_entry *e = container_of(t, struct neigh_entry, timer);
	switch (state_of(e)) {
	case NUD_REACHABLE:
		reachable_expired(e);
		break;
	case NUD_DELAY:
		delay_expired(e);
		break;
	case NUD_INCOMPLETE:
	case NUD_PROBE:
		no_answer(e);
		break;
	case NUD_STALE:
	case NUD_FAILED:
		grown_old(e);
		break;
	default:
		break;
	}
}

/* --- what workers say --- */

static enum drop why_not(struct leat_stack *st, const struct neigh_key *k)
{
	const struct iface *i = iface_by_handle(st, k->if_handle);
	if (neigh_state(st)->stopping)
		return DROP_SHUTDOWN;
	if (!i)
		return DROP_IF_GONE;
	if (!iface_is_up(i))
		return DROP_IF_DOWN;
	return neigh_state(st)->proto[neigh_index(k->family)] ? DROP_NONE : DROP_NEIGH_FAILED;
}

void neigh_on_wanted(struct lcore *at, const struct msg *m)
{
	struct worker *w = m->arg[0].p;
	struct leat_stack *st = w->st;
	uint32_t extra;
	const struct neigh_key k = neigh_key_get(m, &extra);
	struct neigh_entry *e = neigh_lookup(st, &neigh_state(st)->table, &k);
	enum drop why = e && state_of(e) & NUD_VALID ? DROP_NONE : why_not(st, &k);
	if (!why && !e) {
		int err = create(st, &k, true, &e);
		why = err == -ENOBUFS ? DROP_NEIGH_TABLE_FULL : err ? DROP_NO_MEMORY : DROP_NONE;
	}
	if (why) {
		post_one(w, neigh_on_failed, &k, why);
		return;
	}
	e->used_us = now_us(st);
	if (state_of(e) & NUD_VALID) {
		post_one(w, neigh_on_valid, &k, 0); /* it has become so meanwhile */
		return;
	}
	memcpy(e->src_hint.b, &m->arg[4].u, 8);
	memcpy(e->src_hint.b + 8, &m->arg[5].u, 8);
	if (state_of(e) != NUD_INCOMPLETE)
		begin_asking(e, NUD_INCOMPLETE);
}

void neigh_on_used(struct lcore *at, const struct msg *m)
{
	struct worker *w = m->arg[0].p;
	uint32_t extra;
	const struct neigh_key k = neigh_key_get(m, &extra);
	struct neigh_entry *e = neigh_lookup(w->st, &neigh_state(w->st)->table, &k);
	if (!e || state_of(e) != NUD_STALE)
		return;
	e->used_us = now_us(w->st);
	set_state(e, NUD_DELAY, NULL);
}

void neigh_on_more(struct lcore *at, const struct msg *m)
{
	struct worker *w = m->arg[0].p;
	struct neigh_chunk *c = neigh_state(w->st)->stopping ? NULL : mem_zalloc(&w->st->mem, sizeof *c);
	const struct msg answer = { .fn = neigh_on_chunk, .arg = { { .p = w }, { .p = c } } },
			 none = { .fn = neigh_on_chunk, .arg[0].p = w };
	if (lcore_post(at, w->lc, &answer))
		return;
	mem_free(c);
	lcore_post(at, w->lc, &none); /* there is room for that now; the worker asks again later */
}

/* --- what is heard --- */

/* The MAC is NULL when none was given. Tells workers and listeners what has changed. */
static void learn(struct neigh_entry *e, uint8_t state, const uint8_t *mac)
{
	const struct neigh_key k = neigh_key_of(e);
	uint8_t old = state_of(e);
	bool other_mac = mac && (!neigh_word_has_mac(e->word) || memcmp(&e->word, mac, 6));
	set_state(e, state, mac);
	if (old != state || other_mac)
		announce(e, RTM_NEWNEIGH);
	if (!(old & NUD_VALID) && state & NUD_VALID)
		post_all(e->st, neigh_on_valid, &k, 0);
}

static bool set_router(struct neigh_entry *e, unsigned flags)
{
	uint8_t old = e->flags;
	if (flags & NEIGH_HEARD_IS_ROUTER_KNOWN)
		e->flags = (uint8_t)((old & ~NTF_ROUTER) | (flags & NEIGH_HEARD_ROUTER ? NTF_ROUTER : 0));
	return e->flags != old;
}

/* RFC 4861, 7.2.5, for advertisements and for ARP replies alike; 7.2.3 for solicitations and requests. */
static void hear(struct neigh_entry *e, const uint8_t *mac, unsigned flags)
{
	uint8_t old = state_of(e), heard = flags & NEIGH_HEARD_SOLICITED ? NUD_REACHABLE : NUD_STALE;
	bool had_mac = old & NUD_VALID, same = had_mac && (!mac || !memcmp(&e->word, mac, 6));
	if (old & (NUD_PERMANENT | NUD_NOARP) || (!mac && !had_mac))
		return;
	if (!same && had_mac && !(flags & NEIGH_HEARD_OVERRIDE)) {
		if (old == NUD_REACHABLE)
			learn(e, NUD_STALE, NULL); /* doubt, but keep what we know */
		return;
	}
	bool router_changed = set_router(e, flags);
	if (same && heard == NUD_STALE) {
		if (router_changed)
			announce(e, RTM_NEWNEIGH);
		return;
	}
	learn(e, heard, same ? NULL : mac);
}

void neigh_on_heard(struct lcore *at, const struct msg *m)
{
	struct worker *w = m->arg[0].p;
	struct leat_stack *st = w->st;
	uint32_t flags;
	uint8_t mac[6];
	const struct neigh_key k = neigh_key_get(m, &flags);
	struct neigh_entry *e = neigh_lookup(st, &neigh_state(st)->table, &k);
	bool has_mac = flags & NEIGH_HEARD_HAS_MAC;
	memcpy(mac, &m->arg[4].u, sizeof mac);
	if (!e && (!(flags & NEIGH_HEARD_CREATE) || !has_mac || why_not(st, &k) || create(st, &k, true, &e)))
		return;
	hear(e, has_mac ? mac : NULL, flags);
}

/* --- the administrator --- */

static int check(struct leat_stack *st, const struct neigh_info *how)
{
	const uint8_t known = NUD_VALID | NUD_INCOMPLETE | NUD_FAILED;
	if (!iface_by_handle(st, how->if_handle))
		return -ENODEV;
	if ((how->family != AF_INET && how->family != AF_INET6) || how->state & ~known ||
	    how->state & (how->state - 1))
		return -EINVAL;
	return 0;
}

static void set_invalid(struct neigh_entry *e, uint8_t state)
{
	const struct neigh_key k = neigh_key_of(e);
	bool was_valid = state_of(e) & NUD_VALID;
	if (state == NUD_INCOMPLETE) {
		begin_asking(e, state);
	} else {
		set_state(e, state, NULL);
		post_all(e->st, neigh_on_failed, &k, DROP_NEIGH_FAILED);
	}
	if (was_valid)
		announce(e, RTM_NEWNEIGH);
}

/* Linux, __neigh_update() with NEIGH_UPDATE_F_ADMIN. */
static int admin_update(struct neigh_entry *e, const struct neigh_info *how, bool may_override)
{
	uint8_t old = state_of(e);
	bool same = how->has_mac && old & NUD_VALID && !memcmp(&e->word, how->mac, 6);
	e->flags = how->flags;
	e->protocol = how->protocol ? how->protocol : e->protocol;
	if (!(how->state & NUD_VALID)) {
		set_invalid(e, how->state);
		return 0;
	}
	if (!how->has_mac && !(old & NUD_VALID))
		return -EINVAL;
	if (how->has_mac && !same && old & NUD_VALID && !may_override)
		return 0;
	learn(e, how->state, how->has_mac && !same ? how->mac : NULL);
	if (how->state == NUD_PROBE)
		solicit(e);
	return 0;
}

int neigh_set(struct leat_stack *st, const struct neigh_info *how, unsigned nlm_flags)
{
	const struct neigh_key k = { how->if_handle, how->family, how->addr };
	int err = check(st, how);
	if (err)
		return err;
	struct neigh_entry *e = neigh_lookup(st, &neigh_state(st)->table, &k);
	if (e && nlm_flags & NLM_F_EXCL)
		return -EEXIST;
	if (e)
		return admin_update(e, how, nlm_flags & NLM_F_REPLACE);
	if (!(nlm_flags & NLM_F_CREATE))
		return -ENOENT;
	if (how->state & NUD_VALID && !how->has_mac)
		return -EINVAL;
	err = create(st, &k, !(how->state & NUD_PERMANENT), &e);
	return err ? err : admin_update(e, how, true);
}

int neigh_delete(struct leat_stack *st, uint32_t if_handle, uint8_t family, const struct ipaddr *addr)
{
	const struct neigh_key k = { if_handle, family, *addr };
	struct neigh_entry *e = neigh_lookup(st, &neigh_state(st)->table, &k);
	if (!e)
		return -ENOENT;
	if (state_of(e) & NUD_VALID) { /* Linux: seen to fail, then to go */
		set_state(e, NUD_FAILED, NULL);
		announce(e, RTM_NEWNEIGH);
	}
	remove_entry(e, DROP_NEIGH_FAILED, true);
	return 0;
}

int neigh_put_back(struct leat_stack *st, const struct neigh_info *n, uint64_t timer_in_us)
{
	const struct neigh_key k = { n->if_handle, n->family, n->addr };
	struct neigh_entry *e;
	int err = check(st, n);
	if (!err && neigh_lookup(st, &neigh_state(st)->table, &k))
		err = -EEXIST;
	if (!err)
		err = create(st, &k, !(n->state & NUD_PERMANENT), &e);
	if (err)
		return err;
	set_state(e, n->state, n->has_mac ? n->mac : NULL);
	e->flags = n->flags;
	e->protocol = n->protocol;
	e->probes = (uint8_t)n->probes;
	e->used_us = n->used_us;
	e->updated_us = n->updated_us;
	racy_set(e->confirmed_us, n->confirmed_us);
	if (timer_is_set(&e->timer))
		lcore_timer_in(st->rt->ctl, &e->timer, timer_in_us);
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
		if (e->if_handle == i->handle && (with_permanent || !(state_of(e) & NUD_PERMANENT)))
			remove_entry(e, why, true);
	stack_post_workers(st, st->rt->ctl, neigh_on_iface_gone, i->handle, why, 0, 0);
}

static void on_iface(struct iface_watch *w, struct iface *i, enum iface_event e)
{
	if (e == IFACE_GOING)
		flush(i->st, i, DROP_IF_GONE, true);
	else if (e == IFACE_DOWN)
		flush(i->st, i, DROP_IF_DOWN, true);
	else if (e == IFACE_CHANGED && i->flags & IFF_UP && !(i->flags & IFF_RUNNING))
		flush(i->st, i, DROP_IF_DOWN,
		      false); /* Linux: no carrier; what the administrator said stays */
}

/* --- module --- */

static void defer_chunk(void *ctx, struct deferred *d)
{
	struct leat_stack *st = ctx;
	rt_defer(st->rt->ctl, st->rt, d, d->fn);
}

int neigh_state_init(struct leat_stack *st)
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

void neigh_state_unlink(struct leat_stack *st)
{
	struct neigh_stack *s = neigh_state(st);
	struct neigh_entry *e, *next;
	s->stopping = true;
	iface_watch_remove(st, &s->watch);
	list_for_each_safe (e, next, &s->all, all)
		remove_entry(e, DROP_SHUTDOWN, false);
	view_stage(st, VIEW_neighs, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* What the control lcore and workers say to each other about neighbours: control's half of it (neigh.c has the workers').
 *
 *	worker: wanted, used, heard, more queues ──────► control
 *	worker ◄────── valid, failed, interface gone, queues; to worker 0: solicit
 *
 * Messages name an entry by its key, because it may be gone when they arrive. */
#include <errno.h>
#include <linux/rtnetlink.h>

#include "net/ctl_fill.h"
#include "net/neigh_internal.h"

/* --- to workers --- */

void neigh_post_all(struct leat_stack *st, msg_fn *fn, const struct neigh_key *k, uint32_t extra)
{
	uint64_t word[3];
	neigh_key_put(word, k, extra);
	stack_post_workers(st, fn, word[0], word[1], word[2]);
}

static void post_one(struct worker *w, msg_fn *fn, const struct neigh_key *k, uint32_t extra)
{
	const struct msg m = neigh_msg(fn, w, k, extra);
	lcore_post(w->st->rt->ctl, w->lc, &m); /* without memory: the worker asks again */
}

enum { SOLICIT_UNICAST = 1 };

/* Programs that listen to changes of neighbours find out, and set an address. */
static void ask_programs(struct neigh_entry *e)
{
	struct neigh_info n;
	neigh_describe(e, &n);
	neigh_tell(e->st, RTM_GETNEIGH, &n);
}

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

static void post_solicit(struct neigh_entry *e, uint32_t how)
{
	struct worker *w = e->st->worker[0];
	const struct neigh_key k = neigh_key_of(e);
	struct msg m = neigh_msg(solicit_on_worker, w, &k, how);
	m.arg[4].u = e->word;
	memcpy(&m.arg[5].u, e->src_hint.b, 8);
	memcpy(&m.arg[6].u, e->src_hint.b + 8, 8);
	lcore_post(e->st->rt->ctl, w->lc, &m); /* lost without memory: as if the wire had lost it */
}

void neigh_solicit(struct neigh_entry *e)
{
	const struct neigh_conf *conf = neigh_conf_of(e);
	bool unicast = e->probes < conf->ucast_probes;
	if (!unicast && e->probes < conf->ucast_probes + conf->app_probes) {
		e->probes++;
		ask_programs(e);
		return;
	}
	e->probes++;
	post_solicit(e, unicast ? SOLICIT_UNICAST : 0);
}

void neigh_solicit_at(struct neigh_entry *e)
{
	post_solicit(e, SOLICIT_UNICAST);
}

/* --- from workers --- */

/* Why an address on that interface cannot be asked for, or DROP_NONE. */
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
	enum drop why = e && neigh_nud(e) & NUD_VALID ? DROP_NONE : why_not(st, &k);
	if (!why && !e) {
		int err = neigh_entry_new(st, &k, false, false, &e);
		why = err == -ENOBUFS ? DROP_NEIGH_TABLE_FULL : err ? DROP_NO_MEMORY : DROP_NONE;
	}
	if (why) {
		post_one(w, neigh_on_failed, &k, why);
		return;
	}
	e->used_us = neigh_now_us(st);
	if (neigh_nud(e) & NUD_VALID) {
		post_one(w, neigh_on_valid, &k, 0); /* it has become so meanwhile */
		return;
	}
	memcpy(e->src_hint.b, &m->arg[4].u, 8);
	memcpy(e->src_hint.b + 8, &m->arg[5].u, 8);
	neigh_want(e);
}

void neigh_on_used(struct lcore *at, const struct msg *m)
{
	struct worker *w = m->arg[0].p;
	uint32_t extra;
	const struct neigh_key k = neigh_key_get(m, &extra);
	struct neigh_entry *e = neigh_lookup(w->st, &neigh_state(w->st)->table, &k);
	if (!e || neigh_nud(e) != NUD_STALE)
		return;
	e->used_us = neigh_now_us(w->st);
	neigh_want(e);
}

void neigh_on_confirmed(struct lcore *at, const struct msg *m)
{
	struct worker *w = m->arg[0].p;
	uint32_t extra;
	const struct neigh_key k = neigh_key_get(m, &extra);
	struct neigh_entry *e = neigh_lookup(w->st, &neigh_state(w->st)->table, &k);
	if (e)
		neigh_confirmed(e);
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
	if (!e && flags & NEIGH_HEARD_NA) /* RFC 9131, 6.1.1 */
		flags &= ~(uint32_t)NEIGH_HEARD_SOLICITED;
	if (!e && (!(flags & NEIGH_HEARD_CREATE) || !has_mac || why_not(st, &k) ||
		   neigh_entry_new(st, &k, false, false, &e)))
		return;
	neigh_hear(e, has_mac ? mac : NULL, flags);
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

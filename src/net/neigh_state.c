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
 * The word that workers read has one writer, neigh_set_state(), which also sets the timer that belongs to the state.
 *
 * Left out: NTF_USE, proxy entries, NTF_EXT_LEARNED, confirmation by upper layers, Linux's locktime. */
#include <linux/rtnetlink.h>

#include "net/ctl_fill.h"
#include "net/neigh_internal.h"

enum { LOOK_AGAIN_US = 1000000 }; /* at most so often whether an entry is old */

/* --- states --- */

/* RFC 4861, 6.3.2: a random time, so that neighbours do not ask in step. */
static uint64_t reachable_us(const struct neigh_entry *e)
{
	uint64_t base = (uint64_t)neigh_conf_of(e)->reachable_ms * 1000;
	return base / 2 + rt_random_u64(e->st->rt) % base;
}

static uint64_t retrans_us(const struct neigh_entry *e)
{
	return (uint64_t)neigh_conf_of(e)->retrans_ms * 1000;
}

static uint64_t stale_us(const struct neigh_entry *e)
{
	return (uint64_t)neigh_conf_of(e)->stale_s * 1000000;
}

static uint64_t time_in(const struct neigh_entry *e, uint8_t state)
{
	switch (state) {
	case NUD_REACHABLE:
		return reachable_us(e);
	case NUD_DELAY:
		return MAX(neigh_delay_us(e), 1UL);
	case NUD_INCOMPLETE:
	case NUD_PROBE:
		return retrans_us(e);
	case NUD_STALE:
	case NUD_FAILED:
		return MAX(stale_us(e), (uint64_t)LOOK_AGAIN_US);
	default:
		return 0;
	}
}

void neigh_set_state(struct neigh_entry *e, uint8_t state, const uint8_t *mac)
{
	struct lcore *ctl = e->st->rt->ctl;
	uint64_t delay = time_in(e, state), word;
	if (mac)
		word = neigh_word(mac, true, state);
	else
		word = (e->word & ~((uint64_t)0xff << 48)) | (uint64_t)state << 48;
	if (word != e->word)
		e->updated_us = neigh_now_us(e->st);
	for (unsigned i = 0; state == NUD_STALE && i < e->st->n_workers; i++)
		racy_set(e->mark[i].told, 0); /* before anybody can see that it is stale */
	racy_set(e->word, word);
	if (state & (NUD_INCOMPLETE | NUD_PROBE))
		e->probes = 0;
	if (state & NUD_CONNECTED)
		racy_set(e->confirmed_us, neigh_now_us(e->st));
	if (delay)
		lcore_timer_in(ctl, &e->timer, delay);
	else
		lcore_timer_stop(ctl, &e->timer);
	neigh_stand_in_line(e);
}

void neigh_begin_asking(struct neigh_entry *e, uint8_t state)
{
	neigh_set_state(e, state, NULL);
	neigh_solicit(e);
}

static void fail(struct neigh_entry *e)
{
	const struct neigh_key k = neigh_key_of(e);
	neigh_set_state(e, NUD_FAILED, NULL);
	neigh_announce(e, RTM_NEWNEIGH);
	neigh_post_all(e->st, neigh_on_failed, &k, DROP_NEIGH_FAILED);
}

/* --- timers, a row per state --- */

static void reachable_expired(struct neigh_entry *e)
{
	if (neigh_now_us(e->st) - neigh_last_used_us(e) <= neigh_delay_us(e)) {
		/* Linux: as if a stale one had been used, and told to nobody. */
		neigh_set_state(e, NUD_DELAY, NULL);
		return;
	}
	neigh_set_state(e, NUD_STALE, NULL);
	neigh_announce(e, RTM_NEWNEIGH);
}

static void delay_expired(struct neigh_entry *e)
{
	neigh_begin_asking(e, NUD_PROBE);
	neigh_announce(e, RTM_NEWNEIGH);
}

static void no_answer(struct neigh_entry *e)
{
	const struct neigh_conf *conf = neigh_conf_of(e);
	if (e->probes >= (neigh_nud(e) == NUD_PROBE ? conf->ucast_probes : conf->mcast_probes)) {
		fail(e);
		return;
	}
	neigh_solicit(e);
	lcore_timer_in(e->st->rt->ctl, &e->timer, retrans_us(e));
}

static void grown_old(struct neigh_entry *e)
{
	uint64_t idle_us = neigh_now_us(e->st) - MAX(neigh_last_used_us(e), e->updated_us);
	const struct neigh_stack *s = neigh_state(e->st);
	bool many = s->bounded[neigh_index(e->family)] > s->few[neigh_index(e->family)];
	if (many && idle_us >= stale_us(e))
		neigh_entry_remove(e, DROP_NEIGH_FAILED, true);
	else
		lcore_timer_in(e->st->rt->ctl, &e->timer, MAX(stale_us(e), (uint64_t)LOOK_AGAIN_US));
}

void neigh_on_timer(struct lcore *lc, struct timer *t)
{
	struct neigh_entry *e = container_of(t, struct neigh_entry, timer);
	switch (neigh_nud(e)) {
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

/* --- what is heard --- */

void neigh_learn(struct neigh_entry *e, uint8_t state, const uint8_t *mac)
{
	const struct neigh_key k = neigh_key_of(e);
	uint8_t old = neigh_nud(e);
	bool other_mac = mac && (!neigh_word_has_mac(e->word) || memcmp(&e->word, mac, 6));
	neigh_set_state(e, state, mac);
	if (old != state || other_mac)
		neigh_announce(e, RTM_NEWNEIGH);
	if (!(old & NUD_VALID) && state & NUD_VALID)
		neigh_post_all(e->st, neigh_on_valid, &k, 0);
}

static bool set_router(struct neigh_entry *e, unsigned flags)
{
	uint8_t old = e->flags;
	if (flags & NEIGH_HEARD_IS_ROUTER_KNOWN)
		e->flags = (uint8_t)((old & ~NTF_ROUTER) | (flags & NEIGH_HEARD_ROUTER ? NTF_ROUTER : 0));
	return e->flags != old;
}

/* RFC 4861, 7.2.5, for advertisements and for ARP replies alike; 7.2.3 for solicitations and requests. */
void neigh_hear(struct neigh_entry *e, const uint8_t *mac, unsigned flags)
{
	uint8_t old = neigh_nud(e), heard = flags & NEIGH_HEARD_SOLICITED ? NUD_REACHABLE : NUD_STALE;
	bool had_mac = old & NUD_VALID, same = had_mac && (!mac || !memcmp(&e->word, mac, 6));
	if (old & (NUD_PERMANENT | NUD_NOARP) || (!mac && !had_mac))
		return;
	if (!same && had_mac && !(flags & NEIGH_HEARD_OVERRIDE)) {
		if (old == NUD_REACHABLE)
			neigh_learn(e, NUD_STALE, NULL); /* doubt, but keep what we know */
		return;
	}
	bool router_changed = set_router(e, flags);
	if (same && heard == NUD_STALE) {
		if (router_changed)
			neigh_announce(e, RTM_NEWNEIGH);
		return;
	}
	neigh_learn(e, heard, same ? NULL : mac);
}

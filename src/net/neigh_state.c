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
 * PERMANENT and NOARP are the administrator's and change by his word only. What a protocol above confirms goes from STALE, DELAY
 * and PROBE to REACHABLE (RFC 4861, appendix C; Linux: from DELAY only). A managed entry (NTF_EXT_MANAGED) is used by us when
 * nobody else does, every interval_probe_time; a validated one (NTF_EXT_EXT_VALIDATED) is stale instead of failed.
 *
 * Whom a probe goes to is a matter of its number, as on Linux: the first ucast_solicit to the neighbour, the next app_solicit to
 * programs, the rest to all. One without an address begins at the second kind.
 *
 * Another address than the known one is believed when the known one does not answer: neigh_claim.c.
 *
 * The word that workers read has one writer, neigh_set_state(), which also sets the timer that belongs to the state. */
#include <linux/rtnetlink.h>

#include "net/ctl_fill.h"
#include "net/neigh_internal.h"

enum { LOOK_AGAIN_US = 1000000 }; /* at most so often whether an entry is old */
enum { RETRANS_MIN_US = 10000 }; /* Linux */

/* --- states --- */

/* RFC 4861, 6.3.2: a random time, so that nodes do not ask in step. */
uint64_t neigh_reachable_us(struct leat_stack *st, struct iface *i, uint8_t family)
{
	struct neigh_iface *n = &i->neigh[neigh_index(family)];
	uint32_t base = i->conf.neigh[neigh_index(family)].reachable_ms;
	if (n->drawn_of_ms != base || neigh_now_us(st) - n->drawn_us >= NEIGH_RANDOM_US) {
		n->reachable_us = base * 500UL + rt_random_u64(st->rt) % (base * 1000UL);
		n->drawn_of_ms = base;
		n->drawn_us = neigh_now_us(st);
	}
	return n->reachable_us;
}

static uint64_t reachable_us(const struct neigh_entry *e)
{
	struct iface *i = iface_by_handle(e->st, e->if_handle);
	return i ? neigh_reachable_us(e->st, i, e->family) : NEIGH_REACHABLE_MS * 1000UL;
}

static uint64_t retrans_us(const struct neigh_entry *e)
{
	return MAX((uint64_t)neigh_conf_of(e)->retrans_ms * 1000, (uint64_t)RETRANS_MIN_US);
}

static uint64_t stale_us(const struct neigh_entry *e)
{
	return (uint64_t)neigh_conf_of(e)->stale_ms * 1000;
}

/* Until a stale or failed one is looked at. */
static uint64_t idle_time_us(const struct neigh_entry *e)
{
	if (e->flags & NEIGH_MANAGED)
		return MAX((uint64_t)neigh_conf_of(e)->interval_probe_ms * 1000, (uint64_t)RETRANS_MIN_US);
	return e->class == NEIGH_EXEMPT ? 0 : MAX(stale_us(e), (uint64_t)LOOK_AGAIN_US);
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
	case NUD_NONE:
	case NUD_STALE:
	case NUD_FAILED:
		return idle_time_us(e);
	default:
		return 0;
	}
}

static uint64_t word_of(const struct neigh_entry *e, uint8_t state, const uint8_t *mac)
{
	uint64_t word = e->word & ~(0xffULL << 48);
	if (mac)
		word = neigh_word(mac, true, 0) | (e->word & 1ULL << NEIGH_WORD_ROUTER_BIT) |
		       (e->word & 1ULL << NEIGH_WORD_KNOWN_BIT);
	if (state & NUD_CONNECTED)
		word |= 1ULL << NEIGH_WORD_KNOWN_BIT;
	return word | (uint64_t)state << 48;
}

void neigh_set_state(struct neigh_entry *e, uint8_t state, const uint8_t *mac)
{
	struct lcore *ctl = e->st->rt->ctl;
	if (mac || !(state & NEIGH_NUD_ASKABLE))
		neigh_claim_drop(e);
	uint64_t word = word_of(e, state, mac);
	if (word != e->word)
		e->updated_us = neigh_now_us(e->st);
	for (unsigned i = 0; state == NUD_STALE && i < e->st->n_workers; i++)
		racy_set(e->mark[i].told, 0); /* before anybody can see that it is stale */
	racy_set(e->word, word);
	if (state & (NUD_INCOMPLETE | NUD_PROBE))
		e->probes = state == NUD_INCOMPLETE ? (uint16_t)neigh_conf_of(e)->ucast_probes : 0;
	if (state & NUD_CONNECTED)
		racy_set(e->confirmed_us, neigh_now_us(e->st));
	neigh_stand_in_line(e);
	uint64_t delay = time_in(e, state);
	if (delay)
		lcore_timer_in(ctl, &e->timer, delay);
	else
		lcore_timer_stop(ctl, &e->timer);
}

bool neigh_set_router(struct neigh_entry *e, bool router)
{
	uint64_t bit = 1ULL << NEIGH_WORD_ROUTER_BIT;
	if (router == !!(e->flags & NTF_ROUTER))
		return false;
	e->flags = (uint16_t)(router ? e->flags | NTF_ROUTER : e->flags & ~NTF_ROUTER);
	racy_set(e->word, router ? e->word | bit : e->word & ~bit);
	neigh_event(e, NEIGH_ROUTER);
	return true;
}

uint32_t neigh_max_probes(const struct neigh_entry *e)
{
	const struct neigh_conf *c = neigh_conf_of(e);
	return c->ucast_probes + c->app_probes +
	       (neigh_nud(e) == NUD_PROBE ? c->mcast_reprobes : c->mcast_probes);
}

static void fail(struct neigh_entry *e)
{
	const struct neigh_key k = neigh_key_of(e);
	if (neigh_nud(e) == NUD_PROBE && neigh_claim_win(e))
		return;
	if (neigh_nud(e) == NUD_PROBE && e->flags & NEIGH_VALIDATED) { /* Linux: others answer for it */
		neigh_set_state(e, NUD_STALE, NULL);
		neigh_announce(e, RTM_NEWNEIGH);
		return;
	}
	neigh_state(e->st)->counts[neigh_index(e->family)].res_failed++;
	neigh_set_state(e, NUD_FAILED, NULL);
	neigh_announce(e, RTM_NEWNEIGH);
	neigh_post_all(e->st, neigh_on_failed, &k, DROP_NEIGH_FAILED);
}

/* The next probe, if there is one left. */
static void probe(struct neigh_entry *e)
{
	if (e->probes >= neigh_max_probes(e))
		fail(e);
	else
		neigh_solicit(e);
}

void neigh_begin_asking(struct neigh_entry *e, uint8_t state)
{
	neigh_set_state(e, state, NULL);
	probe(e);
}

void neigh_want(struct neigh_entry *e)
{
	uint8_t state = neigh_nud(e);
	if (state == NUD_STALE)
		neigh_set_state(e, NUD_DELAY, NULL);
	else if (!(state & (NUD_VALID | NUD_INCOMPLETE)))
		neigh_begin_asking(e, NUD_INCOMPLETE);
}

void neigh_confirmed(struct neigh_entry *e)
{
	if (neigh_nud(e) & (NUD_STALE | NUD_DELAY | NUD_PROBE))
		neigh_learn(e, NUD_REACHABLE, NULL);
}

/* --- timers, a row per state --- */

static void reachable_expired(struct neigh_entry *e)
{
	uint64_t now_us = neigh_now_us(e->st), until_us = neigh_last_confirmed_us(e) + reachable_us(e);
	if (until_us > now_us) { /* a protocol above has heard from it */
		lcore_timer_in(e->st->rt->ctl, &e->timer, until_us - now_us);
		return;
	}
	if (now_us - neigh_last_used_us(e) <= neigh_delay_us(e)) {
		/* Linux: as if a stale one had been used, and told to nobody. */
		neigh_set_state(e, NUD_DELAY, NULL);
		return;
	}
	neigh_set_state(e, NUD_STALE, NULL);
	neigh_announce(e, RTM_NEWNEIGH);
}

static void delay_expired(struct neigh_entry *e)
{
	if (neigh_now_us(e->st) - neigh_last_confirmed_us(e) <= neigh_delay_us(e)) {
		neigh_confirmed(e);
		return;
	}
	neigh_begin_asking(e, NUD_PROBE);
	if (neigh_nud(e) == NUD_PROBE)
		neigh_announce(e, RTM_NEWNEIGH);
}

static void no_answer(struct neigh_entry *e)
{
	lcore_timer_in(e->st->rt->ctl, &e->timer, retrans_us(e));
	probe(e);
}

static void grown_old(struct neigh_entry *e)
{
	struct neigh_stack *s = neigh_state(e->st);
	unsigned f = neigh_index(e->family);
	uint64_t now_us = neigh_now_us(e->st);
	uint64_t idle_us = now_us - MIN(MAX(neigh_last_used_us(e), e->updated_us), now_us);
	bool many = s->n[f][NEIGH_KNOWN] + s->n[f][NEIGH_STRANGER] > s->few[f];
	if (e->flags & NEIGH_MANAGED) {
		neigh_want(e);
		return;
	}
	s->counts[f].periodic_gc_runs++;
	if (many && idle_us >= stale_us(e)) {
		neigh_entry_remove(e, DROP_NEIGH_FAILED, true);
		return;
	}
	uint64_t again_us = many ? stale_us(e) - idle_us : (uint64_t)s->gc_s[f] * 1000000;
	lcore_timer_in(e->st->rt->ctl, &e->timer, MAX(again_us, (uint64_t)LOOK_AGAIN_US));
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
	case NUD_NONE:
	case NUD_STALE:
	case NUD_FAILED:
		grown_old(e);
		break;
	default:
		break;
	}
}

/* --- what is heard --- */

/* A stranger who answers becomes known if there is room; else he is forgotten again. */
static bool finds_room(const struct neigh_entry *e, uint8_t state)
{
	return !(state & NUD_CONNECTED) || e->class != NEIGH_STRANGER || neigh_make_room(e->st, e->family);
}

void neigh_learn(struct neigh_entry *e, uint8_t state, const uint8_t *mac)
{
	const struct neigh_key k = neigh_key_of(e);
	uint8_t old = neigh_nud(e);
	bool other_mac = mac && (!neigh_word_has_mac(e->word) || memcmp(&e->word, mac, 6));
	if (!finds_room(e, state)) {
		neigh_entry_remove(e, DROP_NEIGH_TABLE_FULL, true);
		return;
	}
	neigh_set_state(e, state, mac);
	if (old != state || other_mac)
		neigh_announce(e, RTM_NEWNEIGH);
	if (!(old & NUD_VALID) && state & NUD_VALID)
		neigh_post_all(e->st, neigh_on_valid, &k, 0);
}

static bool may_override(const struct neigh_entry *e, unsigned flags)
{
	uint64_t lock_us = (uint64_t)neigh_conf_of(e)->locktime_ms * 1000;
	if (flags & NEIGH_HEARD_LOCKED) /* Linux: of several answers at a time the first counts */
		return neigh_now_us(e->st) - e->updated_us > lock_us;
	return flags & NEIGH_HEARD_OVERRIDE;
}

void neigh_believe(struct neigh_entry *e, const uint8_t *mac, unsigned flags)
{
	uint8_t old = neigh_nud(e), heard = flags & NEIGH_HEARD_SOLICITED ? NUD_REACHABLE : NUD_STALE;
	bool same = old & NUD_VALID && (!mac || !memcmp(&e->word, mac, 6));
	bool router_changed =
		flags & NEIGH_HEARD_IS_ROUTER_KNOWN && neigh_set_router(e, flags & NEIGH_HEARD_ROUTER);
	if (same && heard == NUD_STALE) {
		if (router_changed)
			neigh_announce(e, RTM_NEWNEIGH);
		return;
	}
	if (router_changed && same && old == heard)
		neigh_announce(e, RTM_NEWNEIGH);
	neigh_learn(e, heard, same ? NULL : mac);
}

/* RFC 4861, 7.2.5, for advertisements and for ARP replies alike; 7.2.3 for solicitations and requests. */
void neigh_hear(struct neigh_entry *e, const uint8_t *mac, unsigned flags)
{
	uint8_t old = neigh_nud(e);
	bool had_mac = old & NUD_VALID, same = had_mac && (!mac || !memcmp(&e->word, mac, 6));
	if (old & (NUD_PERMANENT | NUD_NOARP) || (!mac && !had_mac))
		return;
	if (flags & NEIGH_HEARD_NA && old == NUD_FAILED)
		return; /* to the RFC that one is not there any more */
	if (!same && had_mac && !may_override(e, flags)) {
		if (flags & NEIGH_HEARD_IS_ROUTER_KNOWN && old == NUD_REACHABLE)
			neigh_learn(e, NUD_STALE, NULL); /* doubt, but keep what we know */
		return;
	}
	if (same && (mac || flags & NEIGH_HEARD_SOLICITED))
		neigh_claim_answered(e);
	if (same || !had_mac || !neigh_claim(e, mac, flags))
		neigh_believe(e, mac, flags);
}

/* --- what routers say of the link --- */

enum { RETRANS_FROM_RA_MIN_MS = 100, STALE_PER_REACHABLE = 3 }; /* Linux */

void neigh_set_times(struct leat_stack *st, struct iface *i, uint8_t family, uint32_t reachable_ms,
		     uint32_t retrans_ms)
{
	struct neigh_conf *c = &i->conf.neigh[neigh_index(family)];
	if (reachable_ms && reachable_ms <= NEIGH_MS_MAX / STALE_PER_REACHABLE &&
	    reachable_ms != c->reachable_ms) {
		racy_set(c->reachable_ms, reachable_ms);
		racy_set(c->stale_ms, STALE_PER_REACHABLE * reachable_ms);
	}
	if (retrans_ms && retrans_ms <= NEIGH_MS_MAX)
		racy_set(c->retrans_ms, MAX(retrans_ms, (uint32_t)RETRANS_FROM_RA_MIN_MS));
}

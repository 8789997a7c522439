/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: neighbours are asked before another is believed to be them. RFC 4861, 7.2.5 has a node put a new link-layer
 * address in the place of the one it knows because somebody said so, and ARP is no better (RFC 826): who is on the link takes over
 * whom he likes. Here a claim, a message that gives a neighbour with an address another one, is remembered, and the neighbour
 * is asked at the address that is known:
 *
 *	      claim                  it answers: the claim is refused          time is over
 *	─ ───────────► ASKING ────────────────────────────────────► RESTING ───────────────► ─
 *	                 │ ▲                                         │  ▲ │
 *	    no answer:   │ └──────────── time is over ───────────────│──┘ │
 *	    is believed  ▼               (a claim was heard)         └────┘ claim: remembered
 *
 * The time is override_probe_time_ms, three questions in it. Meanwhile packets go where they went. When the neighbour fails by
 * itself the claim is believed at once. What answers is a message of the known address, or one without an address to a question
 * of ours (RFC 4861, 4.4: an answer to who knows need not say it); what protocols above confirm is no answer, since
 * it may be of before the claim. When both answer, the known one stays.
 *
 * So failover, a gratuitous ARP or an unsolicited advertisement of who takes over, takes that time longer than on Linux when the
 * old one is silent; and as long again when the old one still answered once, for claims in RESTING are not forgotten. Pairs that
 * move a virtual MAC (RFC 5798) make no claim.
 *
 * Limits: one claim a neighbour, the first; while it is looked into workers drop others (neigh_heard.c). So however many claims are
 * made, a neighbour that lives is asked once in the time, one that does not three times. A claim is a small object that lives for
 * that time, so there are never more than neighbours. Who comes first, for an address nobody has claimed yet, is believed: that is
 * the protocol, and a permanent neighbour the cure. */
#include "net/neigh_internal.h"
#include "wire/text.h"

enum { QUESTIONS = 3, TIME_MIN_US = 30000 };

struct neigh_claim {
	struct neigh_entry *e;
	struct timer timer;
	uint8_t mac[6];
	uint32_t flags; /* enum neigh_heard, of the claim */
	uint8_t asked;
	bool resting, has_mac; /* ASKING: always has one */
};

static uint64_t time_us(const struct neigh_entry *e)
{
	return MAX((uint64_t)neigh_conf_of(e)->override_probe_ms * 1000, (uint64_t)TIME_MIN_US);
}

static void set_claimed(struct neigh_entry *e, bool claimed)
{
	uint64_t bit = 1ULL << NEIGH_WORD_CLAIMED_BIT;
	racy_set(e->word, claimed ? e->word | bit : e->word & ~bit);
}

void neigh_claim_drop(struct neigh_entry *e)
{
	struct neigh_claim *c = e->claim;
	if (!c)
		return;
	e->claim = NULL;
	set_claimed(e, false);
	lcore_timer_stop(e->st->rt->ctl, &c->timer);
	mem_free(c);
}

bool neigh_claim_win(struct neigh_entry *e)
{
	struct neigh_claim *c = e->claim;
	uint8_t mac[6];
	if (!c || !c->has_mac)
		return false;
	uint32_t flags = c->flags & ~(uint32_t)NEIGH_HEARD_SOLICITED; /* whether it is there it has to show */
	memcpy(mac, c->mac, sizeof mac);
	neigh_claim_drop(e);
	neigh_believe(e, mac, flags);
	return true;
}

static void ask(struct neigh_claim *c)
{
	c->asked++;
	neigh_solicit_at(c->e);
	lcore_timer_in(c->e->st->rt->ctl, &c->timer, time_us(c->e) / QUESTIONS);
}

static void begin(struct neigh_claim *c)
{
	c->resting = false;
	c->asked = 0;
	ask(c);
}

static void on_timer(struct lcore *lc, struct timer *t)
{
	struct neigh_claim *c = container_of(t, struct neigh_claim, timer);
	if (c->resting && !c->has_mac)
		neigh_claim_drop(c->e);
	else if (c->resting)
		begin(c);
	else if (c->asked < QUESTIONS)
		ask(c);
	else
		neigh_claim_win(c->e);
}

static void log_refusal(const struct neigh_claim *c)
{
	enum { EVERY_US = 10000000 };
	const struct neigh_entry *e = c->e;
	struct leat_stack *st = e->st;
	struct neigh_stack *s = neigh_state(st);
	const struct iface *i = iface_by_handle(st, e->if_handle);
	char who[MAC_TEXT_MAX], whom[IP6_TEXT_MAX];
	uint64_t now_us = neigh_now_us(st);
	if (s->refused_us && now_us - s->refused_us < EVERY_US)
		return;
	s->refused_us = now_us;
	rt_log(st->rt, LOG_WARN, "stack %s: %s: %s claims to be %s, which still answers elsewhere: refused",
	       st->name, i ? i->name : "?", mac_text(c->mac, who),
	       e->family == AF_INET6 ? ip6_text(&e->addr.v6, whom) : ip4_text(e->addr.v4, whom));
}

void neigh_claim_answered(struct neigh_entry *e)
{
	struct neigh_claim *c = e->claim;
	if (!c || c->resting)
		return;
	log_refusal(c);
	c->resting = true;
	c->has_mac = false;
	set_claimed(e, false); /* the next one is to be remembered */
	lcore_timer_in(e->st->rt->ctl, &c->timer, time_us(e));
}

static struct neigh_claim *claim_new(struct neigh_entry *e)
{
	struct neigh_claim *c = mem_zalloc(&e->st->mem, sizeof *c);
	if (!c)
		return NULL;
	c->e = e;
	timer_init(&c->timer, on_timer);
	e->claim = c;
	return c;
}

bool neigh_claim(struct neigh_entry *e, const uint8_t mac[6], unsigned flags)
{
	if (!neigh_conf_of(e)->override_probe_ms || !(neigh_nud(e) & NEIGH_NUD_ASKABLE))
		return false;
	bool is_first = !e->claim;
	struct neigh_claim *c = is_first ? claim_new(e) : e->claim;
	if (!c || c->has_mac)
		return true; /* without memory: as if the message had been lost */
	memcpy(c->mac, mac, sizeof c->mac);
	c->flags = flags;
	c->has_mac = true;
	set_claimed(e, true);
	if (is_first)
		begin(c);
	return true;
}

void neigh_claim_put_back(struct neigh_entry *e, const uint8_t mac[6], uint32_t flags)
{
	struct neigh_claim *c = e->claim || !(neigh_nud(e) & NEIGH_NUD_ASKABLE) ? NULL : claim_new(e);
	if (!c)
		return;
	memcpy(c->mac, mac, sizeof c->mac);
	c->flags = flags;
	c->has_mac = c->resting = true;
	set_claimed(e, true);
	lcore_timer_in(e->st->rt->ctl, &c->timer, time_us(e));
}

bool neigh_claim_get(const struct neigh_entry *e, uint8_t ret_mac[6], uint32_t *ret_flags)
{
	const struct neigh_claim *c = e->claim;
	if (!c || !c->has_mac)
		return false;
	memcpy(ret_mac, c->mac, sizeof c->mac);
	*ret_flags = c->flags;
	return true;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* What ARP and neighbour discovery say, on the workers: news goes to control (neigh_state.c) by a message, the rest is seen to be
 * none here, so that neighbours who talk a lot cost little. */
#include <string.h>

#include "net/neigh_internal.h"
#include "wire/eth.h"

enum { HEARD_FRESH_US = 1000000 };

/* Nothing that control would act on: the same again, and lately confirmed if it confirms. */
static bool is_old_news(const struct worker *w, const struct neigh_entry *e, const uint8_t *mac,
			unsigned flags)
{
	uint64_t word = racy_get(e->word);
	bool same = mac && neigh_word_has_mac(word) && !memcmp(&word, mac, 6);
	bool router_changes = flags & NEIGH_HEARD_IS_ROUTER_KNOWN &&
			      neigh_word_router(word) != !!(flags & NEIGH_HEARD_ROUTER);
	if (!same || !(neigh_word_state(word) & NUD_VALID) || router_changes || neigh_word_claimed(word))
		return false;
	if (!(flags & NEIGH_HEARD_SOLICITED))
		return true;
	return neigh_word_state(word) == NUD_REACHABLE &&
	       w->lc->now_us - racy_get(e->confirmed_us) < HEARD_FRESH_US;
}

/* It has another address than mac, and is asked before that changes. */
static bool is_elsewhere(const struct worker *w, const struct neigh_entry *e, const uint8_t mac[6])
{
	uint64_t word = racy_get(e->word);
	const struct iface *i = iface_get(w, e->if_handle);
	return i && racy_get(i->conf.neigh[neigh_index(e->family)].override_probe_ms) &&
	       neigh_word_state(word) & NUD_VALID && neigh_word_has_mac(word) && memcmp(&word, mac, 6);
}

bool neigh_may_be_at(const struct worker *w, uint32_t if_handle, uint8_t family, const struct ipaddr *who,
		     const uint8_t mac[6])
{
	const struct neigh_key k = { if_handle, family, *who };
	const struct neigh_entry *e = neigh_lookup(w->st, view_get(w, VIEW_neighs), &k);
	return !e || !is_elsewhere(w, e, mac);
}

static bool is_fixed(const struct neigh_entry *e)
{
	return e && neigh_word_state(racy_get(e->word)) & (NUD_PERMANENT | NUD_NOARP);
}

bool neigh_is_fixed(const struct worker *w, uint32_t if_handle, uint8_t family, const struct ipaddr *who)
{
	const struct neigh_key k = { if_handle, family, *who };
	return is_fixed(neigh_lookup(w->st, view_get(w, VIEW_neighs), &k));
}

bool neigh_may_be_from(const struct worker *w, const struct pkt *p, uint8_t family, const struct ipaddr *who)
{
	const struct eth_hdr *h = pkt_l2(p);
	bool has_frame = p->l2_off + sizeof *h <= p->l3_off;
	return !has_frame || neigh_may_be_at(w, p->in_if, family, who, h->src);
}

/* Another address than the known one, in a message that may override it. */
static bool is_claim(const struct worker *w, const struct neigh_entry *e, const uint8_t *mac, unsigned flags)
{
	return mac && flags & (NEIGH_HEARD_OVERRIDE | NEIGH_HEARD_LOCKED) &&
	       neigh_word_state(racy_get(e->word)) & NEIGH_NUD_ASKABLE && is_elsewhere(w, e, mac);
}

enum drop neigh_heard(struct worker *w, uint32_t if_handle, uint8_t family, const struct ipaddr *who,
		      const uint8_t mac[6], unsigned flags)
{
	const struct neigh_key k = { if_handle, family, *who };
	const struct neigh_entry *e = neigh_lookup(w->st, view_get(w, VIEW_neighs), &k);
	uint64_t more[2] = { 0 };
	if (is_fixed(e))
		return DROP_NONE;
	if (e ? is_old_news(w, e, mac, flags) : !(flags & NEIGH_HEARD_CREATE) && !neigh_is_awaited(w, &k))
		return DROP_NONE;
	bool claims = e && is_claim(w, e, mac, flags);
	if (claims && neigh_word_claimed(racy_get(
			      e->word))) /* one at a time: a flood of them costs what the first did */
		return DROP_NEIGH_CLAIM;
	if (mac)
		memcpy(more, mac, 6);
	/* A flood of strangers who ask must not keep out the answer of a neighbour that is in use. */
	bool known = e && neigh_word_known(racy_get(e->word)) && !claims;
	neigh_post_fn *post = known ? lcore_try_post : lcore_try_post_stranger;
	if (!neigh_tell_ctl(w, neigh_on_heard, &k, flags | (mac ? NEIGH_HEARD_HAS_MAC : 0), more, post))
		racy_add(((struct neigh_worker *)worker_state(w, MODULE_neigh))->unheard, 1);
	return claims ? DROP_NEIGH_CLAIM : DROP_NONE;
}

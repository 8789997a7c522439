/* SPDX-License-Identifier: BSD-2-Clause */
/* The administrator's word on neighbours: RTM_NEWNEIGH and RTM_DELNEIGH, and what a saved stack says was known. */
#include <errno.h>
#include <linux/if_arp.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "net/ctl_fill.h"
#include "net/fib_internal.h"
#include "net/hw_list.h"
#include "net/neigh_internal.h"

static int check(struct leat_stack *st, const struct neigh_info *how)
{
	const uint8_t states = NUD_VALID | NUD_INCOMPLETE | NUD_FAILED;
	if (!iface_by_handle(st, how->if_handle))
		return -ENODEV;
	if ((how->family != AF_INET && how->family != AF_INET6) || how->state & ~states ||
	    how->state & (how->state - 1))
		return -EINVAL;
	return 0;
}

static void set_invalid(struct neigh_entry *e, uint8_t state)
{
	const struct neigh_key k = neigh_key_of(e);
	uint8_t old = neigh_nud(e);
	if (state == NUD_INCOMPLETE) {
		neigh_begin_asking(e, state);
	} else {
		neigh_set_state(e, state, NULL);
		neigh_post_all(e->st, neigh_on_failed, &k, DROP_NEIGH_FAILED);
	}
	if (old & NUD_VALID || (old & NUD_INCOMPLETE && state == NUD_FAILED))
		neigh_announce(e, RTM_NEWNEIGH);
}

enum { FLAGS_SET = NTF_EXT_LEARNED | NEIGH_MANAGED | NEIGH_VALIDATED };

/* What is exempt from bounds may change by that. False: they were so. */
static bool set_flags(struct neigh_entry *e, uint16_t flags)
{
	uint16_t old = e->flags;
	e->flags = (uint16_t)((old & ~FLAGS_SET) | (flags & FLAGS_SET));
	return e->flags != old;
}

static int become_known(struct neigh_entry *e)
{
	if (e->class == NEIGH_STRANGER && !neigh_make_room(e->st, e->family))
		return -ENOBUFS;
	racy_set(e->word, e->word | 1ULL << NEIGH_WORD_KNOWN_BIT);
	return 0;
}

/* Linux: NTF_USE and NTF_EXT_MANAGED name no state; the entry is wanted, as if by a packet. */
static int use(struct neigh_entry *e)
{
	uint8_t old = neigh_nud(e);
	if (old == NUD_PERMANENT || !old)
		neigh_set_state(e, NUD_NONE, NULL);
	e->used_us = neigh_now_us(e->st);
	neigh_want(e);
	return 0;
}

static int set_valid(struct neigh_entry *e, const struct neigh_info *how, bool may_override)
{
	uint8_t old = neigh_nud(e);
	bool same = how->has_mac && old & NUD_VALID && !memcmp(&e->word, how->mac, 6);
	if (!how->has_mac && !(old & NUD_VALID))
		return -EINVAL;
	if (how->has_mac && !same && old & NUD_VALID && !may_override)
		return 0;
	int err = become_known(e);
	if (err)
		return err;
	bool router_changed = may_override && neigh_set_router(e, how->flags & NTF_ROUTER);
	neigh_learn(e, how->state, how->has_mac && !same ? how->mac : NULL);
	if (router_changed && old == how->state && (same || !how->has_mac))
		neigh_announce(e, RTM_NEWNEIGH);
	if (how->state == NUD_PROBE)
		neigh_solicit(e);
	return 0;
}

/* Linux, __neigh_update() with NEIGH_UPDATE_F_ADMIN. */
static int admin_update(struct neigh_entry *e, const struct neigh_info *how, bool may_override)
{
	uint64_t word = e->word;
	int err = 0;
	e->protocol = how->protocol ? how->protocol : e->protocol;
	bool flags_changed = set_flags(e, how->flags);
	if (flags_changed) /* other bounds, another timer */
		neigh_set_state(e, neigh_nud(e), NULL);
	if (how->flags & (NTF_USE | NEIGH_MANAGED)) {
		if (flags_changed)
			neigh_announce(e, RTM_NEWNEIGH);
		return use(e);
	}
	if (!(how->state & NUD_VALID))
		set_invalid(e, how->state);
	else
		err = set_valid(e, how, may_override);
	if (flags_changed && e->word == word)
		neigh_announce(e, RTM_NEWNEIGH);
	return err;
}

static bool is_for_all(struct leat_stack *st, const struct neigh_key *k)
{
	return k->family == AF_INET && (!be32_get(k->addr.v4) || be32_get(k->addr.v4) == UINT32_MAX ||
					fib_addr_type(st, AF_INET, &k->addr) == RTN_BROADCAST);
}

/* Linux: arp_constructor(), ndisc_constructor(). Of these nobody has to be asked for a link-layer address. */
static bool is_known_by_itself(struct leat_stack *st, const struct neigh_key *k, uint8_t ret_mac[6])
{
	const struct iface *i = iface_by_handle(st, k->if_handle);
	bool group = k->family == AF_INET6 ? ip6_is_multicast(&k->addr.v6) : ip4_is_multicast(k->addr.v4);
	if (group && i->hw_type == ARPHRD_ETHER)
		hw_of_group(i, k->family, &k->addr, ret_mac);
	else if (!group && i->flags & (IFF_NOARP | IFF_LOOPBACK))
		memcpy(ret_mac, i->mac, sizeof i->mac);
	else if (group || i->flags & IFF_POINTOPOINT || (stack_state(st, MODULE_fib) && is_for_all(st, k)))
		memcpy(ret_mac, i->broadcast, sizeof i->broadcast);
	else
		return false;
	return true;
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
	bool exempt = how->state & NUD_PERMANENT || how->flags & FLAGS_SET;
	err = neigh_entry_new(st, &k, exempt, how->state & NUD_VALID, &e);
	if (err)
		return err;
	uint8_t mac[6];
	e->flags = how->flags & FLAGS_SET;
	if (is_known_by_itself(st, &k, mac))
		neigh_set_state(e, NUD_NOARP, mac);
	return admin_update(e, how, true);
}

int neigh_delete(struct leat_stack *st, uint32_t if_handle, uint8_t family, const struct ipaddr *addr)
{
	const struct neigh_key k = { if_handle, family, *addr };
	struct neigh_entry *e = neigh_lookup(st, &neigh_state(st)->table, &k);
	if (!e)
		return -ENOENT;
	uint8_t old = neigh_nud(e);
	e->flags &= (uint16_t)~FLAGS_SET; /* Linux: seen to fail, then to go, by whoever it was */
	neigh_set_state(e, NUD_FAILED, NULL);
	if (old & (NUD_VALID | NUD_INCOMPLETE))
		neigh_announce(e, RTM_NEWNEIGH);
	neigh_entry_remove(e, DROP_NEIGH_FAILED, true);
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
		err = neigh_entry_new(st, &k, true, n->known,
				      &e); /* bounds are for newcomers: this one was there */
	if (err)
		return err;
	e->flags = n->flags & (FLAGS_SET | NTF_ROUTER);
	e->word |= n->flags & NTF_ROUTER ? 1ULL << NEIGH_WORD_ROUTER_BIT : 0;
	neigh_set_state(e, n->state, n->has_mac ? n->mac : NULL);
	e->protocol = n->protocol;
	e->probes = (uint16_t)n->probes;
	e->used_us = n->used_us;
	e->updated_us = n->updated_us;
	racy_set(e->confirmed_us, n->confirmed_us);
	if (timer_is_set(&e->timer))
		lcore_timer_in(st->rt->ctl, &e->timer, timer_in_us);
	return 0;
}

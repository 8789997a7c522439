/* SPDX-License-Identifier: BSD-2-Clause */
/* Neighbours in a saved stack: states, and what is left of their timers, so that nobody is asked again who was known. Packets that
 * wait are not saved: they are dropped as `saved`, and who was being asked for is asked when next wanted. */
#include <errno.h>

#include "core/save.h"
#include "net/neigh_internal.h"

static void save_one(struct saver *s, const struct neigh_entry *e, uint32_t ifindex)
{
	struct neigh_info n;
	uint8_t mac[6];
	uint32_t flags;
	uint64_t now_us = e->st->rt->ctl->now_us;
	neigh_describe(e, &n);
	save_item(s);
	save_u64(s, "ifindex", ifindex);
	save_u64(s, "family", n.family);
	save_bytes(s, "addr", n.addr.b, sizeof n.addr.b);
	save_u64(s, "state", n.state);
	save_u64(s, "has_mac", n.has_mac);
	save_bytes(s, "mac", n.mac, sizeof n.mac);
	save_u64(s, "flags", n.flags);
	save_u64(s, "known", n.known);
	save_u64(s, "protocol", n.protocol);
	save_u64(s, "probes", n.probes);
	if (neigh_claim_get(e, mac, &flags)) {
		save_bytes(s, "claim", mac, sizeof mac);
		save_u64(s, "claim_flags", flags & UINT16_MAX);
	}
	save_u64(s, "confirmed_ago_us", now_us - n.confirmed_us);
	save_u64(s, "used_ago_us", now_us - MIN(n.used_us, now_us)); /* a worker may be ahead of us */
	save_u64(s, "updated_ago_us", now_us - n.updated_us);
	save_u64(s, "timer_in_us",
		 timer_is_set(&e->timer) && e->timer.when_us > now_us ? e->timer.when_us - now_us : 0);
	save_end(s);
}

static void save_proxies(struct leat_stack *st, struct saver *s)
{
	struct neigh_info n;
	save_list(s, "proxies");
	for (uint64_t pos = 0; neigh_proxy_next(st, &pos, &n);) {
		const struct iface *i = n.if_handle ? iface_by_handle(st, n.if_handle) : NULL;
		save_item(s);
		save_u64(s, "ifindex", i ? i->ifindex : 0);
		save_u64(s, "family", n.family);
		save_bytes(s, "addr", n.addr.b, sizeof n.addr.b);
		save_u64(s, "flags", n.flags & UINT8_MAX);
		save_u64(s, "protocol", n.protocol);
		save_u64(s, "permanent", n.state & NUD_PERMANENT ? 1 : 0);
		save_end(s);
	}
	save_end(s);
}

int neigh_save(struct leat_stack *st, struct saver *s)
{
	for (unsigned i = 0; i < st->n_workers; i++)
		neigh_drop_parked(st->worker[i], DROP_SAVED);
	save_list(s, "neighbours");
	for (const struct neigh_entry *e = neigh_entry_after(st, NULL); e; e = neigh_entry_after(st, e)) {
		const struct iface *i = iface_by_handle(st, e->if_handle);
		if (i && neigh_word_state(e->word) & (NUD_VALID | NUD_FAILED))
			save_one(s, e, i->ifindex);
	}
	save_end(s);
	save_proxies(st, s);
	return save_error(s);
}

/* A new process's clock starts at 0, so some of that may lie before its time. */
static uint64_t ago(const struct leat_stack *st, uint64_t us)
{
	uint64_t now_us = st->rt->ctl->now_us;
	return us < now_us ? now_us - us : 0;
}

static bool load_neigh(struct leat_stack *st, struct loader *l, struct neigh_info *n, uint64_t *ret_timer)
{
	uint64_t ifindex, family, state, has_mac, flags, known, protocol, probes, confirmed, used, updated;
	if (!load_u64(l, "ifindex", 1, INT32_MAX, &ifindex) || !load_u64(l, "family", 0, AF_INET6, &family) ||
	    !load_bytes(l, "addr", n->addr.b, sizeof n->addr.b) ||
	    !load_u64(l, "state", 1, UINT8_MAX, &state) || !load_u64(l, "has_mac", 0, 1, &has_mac) ||
	    !load_bytes(l, "mac", n->mac, sizeof n->mac) || !load_u64(l, "flags", 0, UINT16_MAX, &flags) ||
	    !load_u64(l, "known", 0, 1, &known) || !load_u64(l, "protocol", 0, UINT8_MAX, &protocol) ||
	    !load_u64(l, "probes", 0, 3 * NEIGH_PROBES_MAX, &probes) ||
	    !load_u64(l, "confirmed_ago_us", 0, UINT64_MAX, &confirmed) ||
	    !load_u64(l, "used_ago_us", 0, UINT64_MAX, &used) ||
	    !load_u64(l, "updated_ago_us", 0, UINT64_MAX, &updated) ||
	    !load_u64(l, "timer_in_us", 0, 2000 * (uint64_t)NEIGH_MS_MAX, ret_timer))
		return false;
	const struct iface *i = iface_by_index(st, (uint32_t)ifindex);
	n->if_handle = i ? i->handle : 0;
	n->family = (uint8_t)family;
	n->state = (uint8_t)state;
	n->has_mac = has_mac;
	n->flags = (uint16_t)flags;
	n->known = known;
	n->protocol = (uint8_t)protocol;
	n->probes = (uint32_t)probes;
	n->confirmed_us = ago(st, confirmed);
	n->used_us = ago(st, used);
	n->updated_us = ago(st, updated);
	return has_mac || !(state & NUD_VALID);
}

static bool load_proxy(struct leat_stack *st, struct loader *l, struct neigh_info *n, bool *ret_gone)
{
	uint64_t ifindex, family, flags, protocol, permanent;
	if (!load_u64(l, "ifindex", 0, INT32_MAX, &ifindex) || !load_u64(l, "family", 0, AF_INET6, &family) ||
	    !load_bytes(l, "addr", n->addr.b, sizeof n->addr.b) ||
	    !load_u64(l, "flags", 0, UINT8_MAX, &flags) ||
	    !load_u64(l, "protocol", 0, UINT8_MAX, &protocol) ||
	    !load_u64(l, "permanent", 0, 1, &permanent) || (family != AF_INET && family != AF_INET6))
		return false;
	const struct iface *i = iface_by_index(st, (uint32_t)ifindex);
	*ret_gone = ifindex && !i; /* that has been said */
	n->if_handle = i ? i->handle : 0;
	n->family = (uint8_t)family;
	n->flags = (uint16_t)flags;
	n->protocol = (uint8_t)protocol;
	n->state = permanent ? NUD_PERMANENT : 0;
	return true;
}

static int restore_proxies(struct leat_stack *st, struct loader *l)
{
	size_t count;
	int err = 0;
	if (!load_list(l, "proxies", &count))
		return -EINVAL;
	for (size_t k = 0; k < count && !err; k++) {
		struct neigh_info n = { 0 };
		bool gone;
		if (!load_item(l, k))
			return -EINVAL;
		err = load_proxy(st, l, &n, &gone) ? 0 : -EINVAL;
		if (!err && !gone)
			err = neigh_proxy_set(st, &n) == -ENOMEM ? -ENOMEM : 0;
		load_end(l);
	}
	load_end(l);
	return err;
}

/* Files of before have none. */
static int restore_claim(struct leat_stack *st, struct loader *l, const struct neigh_info *n)
{
	const struct neigh_key k = { n->if_handle, n->family, n->addr };
	struct neigh_entry *e = neigh_lookup(st, &neigh_state(st)->table, &k);
	uint8_t mac[6];
	uint64_t flags;
	if (!load_has(l, "claim"))
		return 0;
	if (!load_bytes(l, "claim", mac, sizeof mac) || !load_u64(l, "claim_flags", 0, UINT16_MAX, &flags))
		return -EINVAL;
	if (e)
		neigh_claim_put_back(e, mac, (uint32_t)flags);
	return 0;
}

int neigh_restore(struct leat_stack *st, struct loader *l)
{
	size_t count;
	int err = 0;
	if (!load_list(l, "neighbours", &count))
		return -EINVAL;
	for (size_t k = 0; k < count && !err; k++) {
		struct neigh_info n = { 0 };
		uint64_t timer_in_us;
		if (!load_item(l, k))
			return -EINVAL;
		err = load_neigh(st, l, &n, &timer_in_us) ? 0 : -EINVAL;
		if (!err && n.if_handle) /* else its interface did not come back, and that has been said */
			err = neigh_put_back(st, &n, timer_in_us);
		if (!err && n.if_handle)
			err = restore_claim(st, l, &n);
		err = err == -EEXIST ? 0 : err;
		load_end(l);
	}
	load_end(l);
	return err ? err : restore_proxies(st, l);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses in a saved stack, with what is left of their lifetimes. What came by itself while interfaces were put back gives
 * way to what the file says; addresses that were tested for duplicates are not tested again. */
#include <errno.h>
#include <string.h>

#include "core/save.h"
#include "net/addr_label.h"

static void save_one(struct leat_stack *st, struct saver *s, const struct iface *i, const struct addr *a)
{
	uint32_t valid_s = addr_left_s(st, a, a->valid_s);
	save_item(s);
	save_u64(s, "ifindex", i->ifindex);
	save_u64(s, "family", a->family);
	save_bytes(s, "local", a->local.b, sizeof a->local.b);
	save_u64(s, "plen", a->plen);
	save_bytes(s, "peer", a->peer.b, sizeof a->peer.b);
	save_bytes(s, "broadcast", a->broadcast.b, sizeof a->broadcast.b);
	save_u64(s, "scope", a->scope);
	save_u64(s, "flags", a->flags);
	save_u64(s, "valid_s", valid_s ? valid_s : 1);
	save_u64(s, "preferred_s", addr_left_s(st, a, a->preferred_s));
	save_str(s, "label", a->label);
	save_u64(s, "proto", a->proto);
	save_u64(s, "metric", a->metric);
	if (a->origin) {
		save_u64(s, "origin", a->origin);
		save_u64(s, "retries", a->retries);
		save_u64(s, "tokenized", a->tokenized);
		save_u64(s, "renewed", a->renewed);
		save_bytes(s, "pub", a->pub.b, sizeof a->pub.b);
		save_u64(s, "age_s", (st->rt->ctl->now_us - a->created_us) / 1000000);
	}
	save_end(s);
}

/* Backwards where the newest stands first, so that adding in the order of the file gives the order there was. */
static void save_all_of(struct leat_stack *st, struct saver *s, const struct iface *i)
{
	const struct addr_if *f = addr_if_find(&addr_state(st)->table, i->handle);
	const struct addr *a;
	if (!f)
		return;
	list_for_each (a, &f->addrs, link)
		if (a->family == AF_INET)
			save_one(st, s, i, a);
	for (const struct list *l = f->addrs.prev; l != &f->addrs; l = l->prev)
		if (list_entry(l, const struct addr, link)->family == AF_INET6)
			save_one(st, s, i, list_entry(l, const struct addr, link));
}

int addr_save(struct leat_stack *st, struct saver *s)
{
	save_list(s, "addresses");
	for (const struct iface *i = iface_next(st, 0); i; i = iface_next(st, i->ifindex))
		save_all_of(st, s, i);
	save_end(s);
	addr_labels_save(st, s);
	return save_error(s);
}

/* Of those a router made; absent from others. */
static bool load_origin(struct loader *l, struct addr *a, uint64_t *ret_age_s)
{
	uint64_t origin, retries, tokenized, renewed;
	*ret_age_s = 0;
	if (!load_has(l, "origin"))
		return true;
	if (!load_u64(l, "origin", ADDR_ADMIN, ADDR_SLAAC, &origin) ||
	    !load_u64(l, "retries", 0, UINT8_MAX, &retries) || !load_u64(l, "tokenized", 0, 1, &tokenized) ||
	    !load_u64(l, "renewed", 0, 1, &renewed) || !load_bytes(l, "pub", a->pub.b, sizeof a->pub.b) ||
	    !load_u64(l, "age_s", 0, UINT32_MAX, ret_age_s))
		return false;
	a->origin = (uint8_t)origin;
	a->retries = (uint8_t)retries;
	a->tokenized = tokenized;
	a->renewed = renewed;
	return true;
}

static bool load_addr(struct loader *l, struct addr *a, uint64_t *ret_ifindex)
{
	uint64_t family, plen, scope, flags, valid_s, preferred_s, proto, metric;
	if (!load_u64(l, "ifindex", 1, INT32_MAX, ret_ifindex) ||
	    !load_u64(l, "family", 0, AF_INET6, &family) ||
	    !load_bytes(l, "local", a->local.b, sizeof a->local.b) || !load_u64(l, "plen", 0, 128, &plen) ||
	    !load_bytes(l, "peer", a->peer.b, sizeof a->peer.b) ||
	    !load_bytes(l, "broadcast", a->broadcast.b, sizeof a->broadcast.b) ||
	    !load_u64(l, "scope", 0, UINT8_MAX, &scope) || !load_u64(l, "flags", 0, UINT32_MAX, &flags) ||
	    !load_u64(l, "valid_s", 1, UINT32_MAX, &valid_s) ||
	    !load_u64(l, "preferred_s", 0, UINT32_MAX, &preferred_s) ||
	    !load_str(l, "label", a->label, sizeof a->label) || !load_u64(l, "proto", 0, UINT8_MAX, &proto) ||
	    !load_u64(l, "metric", 0, UINT32_MAX, &metric))
		return false;
	a->family = (uint8_t)family;
	a->plen = (uint8_t)plen;
	a->scope = (uint8_t)scope;
	a->flags = (uint32_t)flags;
	a->valid_s = (uint32_t)valid_s;
	a->preferred_s = (uint32_t)preferred_s;
	a->proto = (uint8_t)proto;
	a->metric = (uint32_t)metric;
	return true;
}

static int put_back(struct leat_stack *st, struct addr *a, uint64_t ifindex, uint64_t age_s)
{
	const struct iface *i = iface_by_index(st, (uint32_t)ifindex);
	if (!i)
		return 0; /* the interface did not come back, and that has been said */
	a->if_handle = i->handle;
	addr_state(st)->restoring = true;
	addr_state(st)->trusted = !(a->flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED));
	int err = addr_add(st, a, true);
	addr_state(st)->trusted = addr_state(st)->restoring = false;
	struct addr *now = err || a->family != AF_INET6 ? NULL : addr_get6(st, i->handle, &a->local.v6);
	if (now && now->created_us >= age_s * 1000000)
		now->created_us -= age_s * 1000000;
	if (!err && a->flags & IFA_F_DADFAILED)
		addr_dad_done(st, i->handle, &a->local.v6, true);
	return err;
}

int addr_restore(struct leat_stack *st, struct loader *l)
{
	size_t n;
	int err = 0;
	if (!load_list(l, "addresses", &n))
		return -EINVAL;
	for (const struct iface *i = iface_next(st, 0); i; i = iface_next(st, i->ifindex))
		for (struct addr *a; (a = addr_first(st, i));)
			addr_remove(st, a);
	for (size_t k = 0; k < n && !err; k++) {
		struct addr a = { 0 };
		uint64_t ifindex, age_s;
		if (!load_item(l, k))
			return -EINVAL;
		err = load_addr(l, &a, &ifindex) && load_origin(l, &a, &age_s)
			      ? put_back(st, &a, ifindex, age_s)
			      : -EINVAL;
		load_end(l);
	}
	load_end(l);
	return err ? err : addr_labels_restore(st, l);
}

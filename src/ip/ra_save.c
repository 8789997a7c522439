/* SPDX-License-Identifier: BSD-2-Clause */
/* What routers said, in a saved stack, with what is left of its time. The routes themselves are in the FIB's part. */
#include <errno.h>

#include "core/save.h"
#include "ip/ra.h"

static uint32_t left_s(const struct leat_stack *st, const struct ra_route *r)
{
	uint64_t now_us = st->rt->ctl->now_us;
	if (r->ends_us == UINT64_MAX)
		return UINT32_MAX;
	return r->ends_us > now_us ? (uint32_t)((r->ends_us - now_us + 999999) / 1000000) : 1;
}

static void save_route(struct leat_stack *st, struct saver *s, const struct ra_route *r)
{
	const struct iface *i = iface_by_handle(st, r->if_handle);
	if (!i)
		return;
	save_item(s);
	save_u64(s, "ifindex", i->ifindex);
	save_u64(s, "kind", r->kind);
	save_bytes(s, "prefix", r->prefix.b, sizeof r->prefix.b);
	save_u64(s, "plen", r->plen);
	save_bytes(s, "router", r->gw.b, sizeof r->gw.b);
	save_u64(s, "pref", r->pref);
	save_u64(s, "metric", r->metric);
	save_u64(s, "mtu", r->mtu);
	save_u64(s, "hop_limit", r->hop_limit);
	save_u64(s, "left_s", left_s(st, r));
	save_end(s);
}

static void save_iface(struct saver *s, const struct iface *i)
{
	const struct iface_in6 *n = &i->in6;
	uint32_t flags = n->flags & ~(uint32_t)IN6_RS_SENT; /* who comes back asks again */
	if (ip6_is_zero(&n->token) && !n->ra_mtu && !flags && !n->has_desync)
		return;
	save_item(s);
	save_u64(s, "ifindex", i->ifindex);
	save_bytes(s, "token", n->token.b, sizeof n->token.b);
	save_u64(s, "ra_mtu", n->ra_mtu);
	save_u64(s, "mtu6", i->mtu6);
	save_u64(s, "flags", flags);
	save_u64(s, "has_desync", n->has_desync);
	save_u64(s, "desync_s", n->desync_s);
	save_end(s);
}

int ra_save(struct leat_stack *st, struct saver *s)
{
	const struct ra_route *r;
	save_list(s, "interfaces");
	for (const struct iface *i = iface_next(st, 0); i; i = iface_next(st, i->ifindex))
		save_iface(s, i);
	save_end(s);
	save_list(s, "routes");
	list_for_each (r, &ra_stack(st)->routes, link)
		save_route(st, s, r);
	save_end(s);
	return save_error(s);
}

/* --- back --- */

static int load_iface(struct leat_stack *st, struct loader *l)
{
	uint64_t ifindex, ra_mtu, mtu6, flags, has_desync, desync_s;
	struct ip6 token;
	if (!load_u64(l, "ifindex", 1, INT32_MAX, &ifindex) ||
	    !load_bytes(l, "token", token.b, sizeof token.b) ||
	    !load_u64(l, "ra_mtu", 0, UINT32_MAX, &ra_mtu) || !load_u64(l, "mtu6", 0, INT32_MAX, &mtu6) ||
	    !load_u64(l, "flags", 0, UINT8_MAX, &flags) || !load_u64(l, "has_desync", 0, 1, &has_desync) ||
	    !load_u64(l, "desync_s", 0, INT32_MAX, &desync_s))
		return -EINVAL;
	struct iface *i = iface_by_index(st, (uint32_t)ifindex);
	if (!i)
		return 0; /* it did not come back, and that has been said */
	if (mtu6 && (mtu6 < IP6_MIN_MTU || mtu6 > i->mtu))
		return load_bad(l, "mtu6", "out of range");
	struct ra_if *f = ra_if_find(st, i->handle);
	i->in6.token = token;
	if (f)
		f->token = token;
	i->in6.ra_mtu = (uint32_t)ra_mtu;
	i->in6.flags = (i->in6.flags & IN6_RS_SENT) | (uint32_t)flags;
	i->in6.has_desync = has_desync;
	i->in6.desync_s = (uint32_t)desync_s;
	racy_set(i->mtu6, (uint32_t)mtu6);
	return 0;
}

static int load_route(struct leat_stack *st, struct loader *l)
{
	struct ra_route r = { 0 };
	uint64_t ifindex, kind, plen, pref, metric, mtu, hop_limit, left;
	if (!load_u64(l, "ifindex", 1, INT32_MAX, &ifindex) || !load_u64(l, "kind", 0, RA_KINDS - 1, &kind) ||
	    !load_bytes(l, "prefix", r.prefix.b, sizeof r.prefix.b) || !load_u64(l, "plen", 0, 128, &plen) ||
	    !load_bytes(l, "router", r.gw.b, sizeof r.gw.b) || !load_u64(l, "pref", 0, ND_PREF_LOW, &pref) ||
	    !load_u64(l, "metric", 0, UINT32_MAX, &metric) || !load_u64(l, "mtu", 0, UINT32_MAX, &mtu) ||
	    !load_u64(l, "hop_limit", 0, UINT8_MAX, &hop_limit) ||
	    !load_u64(l, "left_s", 1, UINT32_MAX, &left))
		return -EINVAL;
	const struct iface *i = iface_by_index(st, (uint32_t)ifindex);
	if (!i)
		return 0;
	r.if_handle = i->handle;
	r.kind = (uint8_t)kind;
	r.plen = (uint8_t)plen;
	r.pref = (uint8_t)pref;
	r.metric = (uint32_t)metric;
	r.mtu = (uint32_t)mtu;
	r.hop_limit = (uint8_t)hop_limit;
	return ra_route_put_back(st, &r, (uint32_t)left);
}

static int load_each(struct leat_stack *st, struct loader *l, const char *list,
		     int (*load)(struct leat_stack *st, struct loader *l))
{
	size_t n;
	int err = 0;
	if (!load_list(l, list, &n))
		return -EINVAL;
	for (size_t k = 0; k < n && !err; k++) {
		if (!load_item(l, k))
			return -EINVAL;
		err = load(st, l);
		load_end(l);
	}
	load_end(l);
	return err;
}

int ra_restore(struct leat_stack *st, struct loader *l)
{
	int err = load_each(st, l, "interfaces", load_iface);
	return err ? err : load_each(st, l, "routes", load_route);
}

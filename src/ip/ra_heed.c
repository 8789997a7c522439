/* SPDX-License-Identifier: BSD-2-Clause */
/* What comes of a router advertisement (RFC 4861, 6.3.4), in the order and under the settings of Linux's ndisc_router_discovery(). */
#include <linux/rtnetlink.h>

#include "ip/ra.h"
#include "net/addr_slaac.h"
#include "net/link_fill.h"
#include "net/neigh.h"

#define REACHABLE_MS_MIN 100U /* Linux: a tenth of a second */

/* One advertisement while it is being heeded. */
struct heeding {
	struct leat_stack *st;
	struct iface *i;
	const struct ip6_auto_conf *c;
	struct nd_ra_msg ra;
	struct ip6 src;
	bool told_us_apart; /* from an address of our own, which is not to be heeded */
	bool changed; /* something that listeners see */
};

static bool too_short(const struct heeding *h, uint32_t lifetime_s)
{
	return lifetime_s && lifetime_s < h->c->min_lft_s;
}

/* --- the header --- */

static void heed_flags(struct heeding *h)
{
	uint32_t flags = h->i->in6.flags & ~(uint32_t)(IN6_RA_MANAGED | IN6_RA_OTHER);
	if (flags & IN6_RS_SENT)
		flags |= IN6_RA_RCVD;
	flags |= (h->ra.flags & ND_RA_MANAGED ? IN6_RA_MANAGED : 0) |
		 (h->ra.flags & ND_RA_OTHER ? IN6_RA_OTHER : 0);
	h->changed |= (flags ^ h->i->in6.flags) & (IN6_RA_MANAGED | IN6_RA_OTHER);
	h->i->in6.flags = flags;
}

/* RFC 4191, 2.2: what is not to be used means medium. */
static uint8_t usable_pref(const struct heeding *h, enum nd_pref pref)
{
	return pref == ND_PREF_INVALID || !h->c->rtr_pref ? ND_PREF_MEDIUM : pref;
}

static void take_mtu(struct heeding *h, uint32_t mtu)
{
	h->changed |= h->i->in6.ra_mtu != mtu;
	h->i->in6.ra_mtu = mtu;
	if (mtu >= IP6_MIN_MTU && mtu <= h->i->mtu)
		racy_set(h->i->mtu6, mtu == h->i->mtu ? 0 : mtu);
}

static void heed_mtu(struct heeding *h)
{
	struct cursor c = h->ra.options;
	struct nd_opt o;
	uint32_t mtu;
	bool bad;
	while (h->c->ra_mtu && nd_opt_next(&c, &o, &bad))
		if (o.type == ND_OPT_MTU && nd_mtu_parse(o.whole, &mtu))
			take_mtu(h, mtu);
}

static void heed_router(struct heeding *h)
{
	struct ra_route how = {
		.if_handle = h->i->handle,
		.kind = RA_DEFAULT,
		.gw = h->src,
		.metric = h->c->defrtr_metric,
		.pref = usable_pref(h, nd_ra_pref(h->ra.flags)),
	};
	if (!h->c->defrtr || h->told_us_apart || too_short(h, h->ra.lifetime_s))
		return;
	/* Linux: not below what is wanted at least, lest a stranger keep us from getting anywhere */
	if (h->ra.hop_limit && h->ra.hop_limit >= h->c->min_hop_limit) {
		racy_set(h->i->conf.hop_limit6, h->ra.hop_limit);
		how.hop_limit = h->ra.hop_limit;
	}
	how.mtu = h->i->mtu6;
	ra_route_heard(h->st, &how, h->ra.lifetime_s);
}

static void heed_timers(struct heeding *h)
{
	struct neigh_conf *n = &h->i->conf.neigh[1], was = *n;
	neigh_set_times(h->st, h->i, AF_INET6,
			MAX(h->ra.reachable_ms, h->ra.reachable_ms ? REACHABLE_MS_MIN : 0U),
			h->ra.retrans_ms);
	if (was.reachable_ms == n->reachable_ms && was.retrans_ms == n->retrans_ms)
		return;
	h->i->in6.changed_us = h->st->rt->ctl->now_us;
	h->changed = true;
}

/* --- options --- */

typedef void heed_fn(struct heeding *h, struct cursor option);

static void heed_route(struct heeding *h, struct cursor option)
{
	struct nd_route_msg m;
	const struct ip6_auto_conf *c = h->c;
	if (h->told_us_apart || !c->rtr_pref || !nd_route_parse(option, &m) || too_short(h, m.lifetime_s))
		return;
	if ((!m.plen && !c->defrtr) || m.plen < c->rt_info_min_plen || m.plen > c->rt_info_max_plen)
		return;
	struct ra_route how = {
		.if_handle = h->i->handle,
		.kind = m.plen ? RA_INFO : RA_DEFAULT,
		.plen = m.plen,
		.prefix = m.prefix,
		.gw = h->src,
		.metric = m.plen ? 1024 : c->defrtr_metric, /* Linux: IP6_RT_PRIO_USER */
		.pref = m.pref,
	};
	ra_route_heard(h->st, &how, m.lifetime_s);
}

static void heed_on_link(struct heeding *h, const struct nd_prefix_msg *m)
{
	struct ra_route how = {
		.if_handle = h->i->handle,
		.kind = RA_ON_LINK,
		.plen = m->plen,
		.prefix = m->prefix,
		.metric = 256, /* Linux: IP6_RT_PRIO_ADDRCONF */
	};
	ra_route_heard(h->st, &how, m->valid_s);
}

/* RFC 4862, 5.5.3; RFC 9762 */
static void heed_autonomous(struct heeding *h, const struct nd_prefix_msg *m)
{
	struct addr_prefix p = {
		.prefix = m->prefix,
		.valid_s = m->valid_s,
		.preferred_s = m->preferred_s,
		.optimistic = h->ra.has_mac,
	};
	bool elsewhere = h->c->pio_pflag && m->flags & ND_PREFIX_PREFER_PD;
	if (h->c->autoconf && !elsewhere && m->plen == 64)
		addr_slaac(h->st, h->i, &p);
}

static void heed_prefix(struct heeding *h, struct cursor option)
{
	struct nd_prefix_msg m;
	if (!h->c->pinfo || !nd_prefix_parse(option, &m))
		return;
	if (ip6_is_multicast(&m.prefix) || ip6_is_link_local(&m.prefix) || m.preferred_s > m.valid_s ||
	    too_short(h, m.valid_s))
		return;
	if (m.flags & ND_PREFIX_ON_LINK)
		heed_on_link(h, &m);
	if (m.flags & ND_PREFIX_AUTONOMOUS)
		heed_autonomous(h, &m);
	ra_tell_prefix(h->st, h->i, &m);
}

/* Linux goes through the message once for each kind, in this order. */
static const struct {
	heed_fn *heed;
	uint8_t type;
} kinds[] = {
	{ heed_route, ND_OPT_ROUTE },
	{ heed_prefix, ND_OPT_PREFIX },
};

static bool is_for_user_space(uint8_t type)
{
	return type == ND_OPT_PREFIX || type == ND_OPT_RDNSS || type == ND_OPT_DNSSL || type == ND_OPT_6CO ||
	       type == ND_OPT_CAPTIVE_PORTAL || type == ND_OPT_PREF64;
}

static void pass_on(struct heeding *h)
{
	struct cursor c = h->ra.options;
	struct nd_opt o;
	bool bad;
	while (nd_opt_next(&c, &o, &bad))
		if (is_for_user_space(o.type))
			ra_tell_option(h->st, h->i, &h->src, o.whole);
}

static void heed_options(struct heeding *h)
{
	for (unsigned k = 0; k < ARRAY_SIZE(kinds); k++) {
		struct cursor c = h->ra.options;
		struct nd_opt o;
		bool bad;
		while (nd_opt_next(&c, &o, &bad))
			if (o.type == kinds[k].type)
				kinds[k].heed(h, o.whole);
	}
}

static bool is_ours(struct leat_stack *st, const struct iface *i, const struct ip6 *a)
{
	for (const struct addr *x = addr_first(st, i); x; x = addr_next(st, i, x))
		if (x->family == AF_INET6 && ip6_eq(&x->local.v6, a) && !(x->flags & IFA_F_TENTATIVE))
			return true;
	return false;
}

void ra_heed(struct leat_stack *st, const struct ra_slot *m)
{
	struct nd_envelope ip = { .src = m->src, .hop_limit = 255 };
	struct heeding h = { .st = st, .i = iface_by_handle(st, m->if_handle), .src = m->src };
	if (!h.i || !ra_is_accepted(h.i) || nd_ra_parse(cur_of(m->msg, m->len), &ip, &h.ra))
		return;
	h.c = &h.i->conf.ip6;
	h.told_us_apart = !h.c->from_local && is_ours(st, h.i, &m->src);
	heed_flags(&h);
	heed_mtu(&h); /* before the router, whose route says it, too */
	heed_router(&h);
	heed_timers(&h);
	heed_options(&h);
	pass_on(&h);
	if (h.changed)
		link_tell6(h.i);
}

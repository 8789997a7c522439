/* SPDX-License-Identifier: BSD-2-Clause */
/* Theory of operation: what a packet from a wire may claim to be (RFC 1812, 5.3.7 and 5.3.8; RFC 3704). ip4-input and ip6-input refuse
 * addresses that are wrong anywhere; here is what depends on where we are: the addresses of this stack, which nobody else may use, and,
 * where rp_filter says so, the way back to the source, which must be the way the packet came (1), or at least be there (2).
 *
 * Settings exist for each interface and for all; what counts is the larger of the two for rp_filter, both of them for source
 * routes and directed broadcasts, and either of them for the rest, as on Linux. IPv6 has rp_filter here, too; Linux leaves that to
 * netfilter there.
 *
 * A vector pays for it once per run of packets; each packet has its source looked for in a filter of a thousand bits (struct ip_own).
 *
 * Left out: strict filters accept a source that several ways lead to by any of them; there are no feasible-path filters (RFC 8704). */
#include <linux/rtnetlink.h>

#include "ip/ip_internal.h"
#include "net/l3.h"
#include "wire/eth.h"
#include "wire/frame.h"
#include "wire/ip4.h"
#include "wire/ip6.h"

enum { LOG_EVERY_US = 500000 };

unsigned ip_guard_of(const struct ip_stack *ip, const struct iface *in, bool is6)
{
	const struct ip_guard_conf *all = &ip->all, *own = &in->conf.guard[is6];
	unsigned rpf = MAX(racy_get(all->rp_filter), racy_get(own->rp_filter));
	return (rpf == 1 ? IP_GUARD_STRICT
		: rpf    ? IP_GUARD_LOOSE
			 : 0) |
	       (racy_get(all->accept_local) | racy_get(own->accept_local) ? IP_GUARD_ACCEPT_LOCAL : 0) |
	       (racy_get(all->bc_forwarding) & racy_get(own->bc_forwarding) ? IP_GUARD_BC_FORWARDING : 0) |
	       (racy_get(all->drop_l2_multicast) | racy_get(own->drop_l2_multicast) ? IP_GUARD_L2_MULTICAST
										    : 0) |
	       (racy_get(all->src_mark) | racy_get(own->src_mark) ? IP_GUARD_SRC_MARK : 0);
}

bool ip_guard_localnet(const struct worker *w, const struct iface *in)
{
	return racy_get(in->flags) & IFF_LOOPBACK || racy_get(in->conf.guard[0].route_localnet) ||
	       racy_get(ip4_stack(w->st)->all.route_localnet);
}

/* --- the way back --- */

/* nh: the route to the source. */
static bool way_back_fits(const struct worker *w, const struct pkt *p, const struct fib_nh *nh,
			  unsigned guard)
{
	if (!nh)
		return false;
	if (nh->type == RTN_LOCAL)
		return guard & IP_GUARD_ACCEPT_LOCAL || false;
	if (nh->type != RTN_UNICAST)
		return false;
	return guard & IP_GUARD_LOOSE || fib_nh_uses_if(nh, p->in_if);
}

static const struct fib_nh *way_back(const struct worker *w, const struct pkt *p, uint8_t family,
				     const struct ipaddr *src, const struct ipaddr *dst, unsigned guard)
{
	const struct fib_query q = { .family = family,
				     .dst = *src,
				     .src = *dst,
				     .oif = l3_handle_of(w, p->in_if), /* in that VRF */
				     .dsfield =
					     family == AF_INET ? ((const struct ip4_hdr *)pkt_l3(p))->tos : 0,
				     .mark = guard & IP_GUARD_SRC_MARK && p->ext ? p->ext->mark : 0 };
	return fib_lookup(w, &q);
}

/* A VRF has addresses of its own. */
static bool is_own4(const struct worker *w, uint32_t in_if, be32 src)
{
	struct ipaddr a = { .v4 = src };
	if (likely(!ip4_may_be_own(&ip4_stack(w->st)->own, src)))
		return false;
	return addr_find_in(w, l3_handle_of(w, in_if), AF_INET, &a);
}

enum drop ip4_guard_source(const struct worker *w, const struct pkt *p, const struct iface *in,
			   unsigned guard)
{
	const struct ip4_hdr *h = pkt_l3(p);
	const struct ipaddr src = { .v4 = h->src }, dst = { .v4 = h->dst };
	if (be32_get(h->src) == 0 || p->flags & PKT_F_LOCAL_OUT || /* our own, looped back to a group */
	    racy_get(in->flags) & IFF_LOOPBACK || in->l3_table) /* of one who asks who he is; our own */
		return DROP_NONE;
	if (!(guard & IP_GUARD_ACCEPT_LOCAL) && is_own4(w, p->in_if, h->src))
		return ip_martian(w, p, in, ETH_P_IP, DROP_IP_MARTIAN_SOURCE);
	if (!(guard & IP_GUARD_RPF) || way_back_fits(w, p, way_back(w, p, AF_INET, &src, &dst, guard), guard))
		return DROP_NONE;
	return ip_martian(w, p, in, ETH_P_IP, DROP_IP_REVERSE_PATH);
}

/* Link-local sources are on their link, and nowhere else. */
enum drop ip6_guard_source(const struct worker *w, const struct pkt *p, const struct iface *in,
			   unsigned guard)
{
	const struct ip6_hdr *h = pkt_l3(p);
	const struct ipaddr src = { .v6 = h->src }, dst = { .v6 = h->dst };
	if (!(guard & IP_GUARD_RPF) || ip6_is_zero(&h->src) || ip6_is_link_local(&h->src) ||
	    racy_get(in->flags) & IFF_LOOPBACK || in->l3_table)
		return DROP_NONE;
	if (way_back_fits(w, p, way_back(w, p, AF_INET6, &src, &dst, guard), guard))
		return DROP_NONE;
	return ip_martian(w, p, in, ETH_P_IPV6, DROP_IP_REVERSE_PATH);
}

/* --- for people --- */

enum drop ip_martian(const struct worker *w, const struct pkt *p, const struct iface *in, uint16_t ethertype,
		     enum drop why)
{
	struct ip4_worker *iw = worker_state(w, MODULE_ip4);
	const struct ip_stack *ip = ethertype == ETH_P_IP ? ip4_stack(w->st) : ip6_stack(w->st);
	char line[200];
	if (likely(!racy_get(ip->all.log_martians) &&
		   !racy_get(in->conf.guard[ethertype == ETH_P_IPV6].log_martians)))
		return why;
	if (!iw || w->lc->now_us < iw->martian_us)
		return why;
	iw->martian_us = w->lc->now_us + LOG_EVERY_US;
	wire_print_l3(ethertype, pkt_cursor(p), line, sizeof line);
	rt_log(w->st->rt, LOG_WARN, "stack %s: martian on %s (%s): %s", w->st->name, in->name, drop_name(why),
	       line);
	return why;
}

/* --- our addresses --- */

static void own_event(struct addr_watch *watch, struct leat_stack *st, const struct addr *a,
		      enum addr_event e)
{
	struct ip_own *o = container_of(watch, struct ip_own, watch);
	unsigned slot = ip4_own_slot(a->local.v4);
	uint64_t *word = &o->bit[slot / 64], bit = 1ULL << slot % 64;
	if (a->family != AF_INET || e == ADDR_CHANGED)
		return;
	if (e == ADDR_ADDED ? o->n[slot] < UINT16_MAX
			    : o->n[slot] && o->n[slot] < UINT16_MAX) /* once full, for ever */
		o->n[slot] = (uint16_t)(o->n[slot] + (e == ADDR_ADDED ? 1 : -1));
	racy_set(*word, o->n[slot] ? *word | bit : *word & ~bit);
}

void ip4_own_init(struct leat_stack *st, struct ip_own *o)
{
	o->watch.event = own_event;
	for (struct iface *i = iface_next(st, 0); i; i = iface_next(st, i->ifindex))
		for (struct addr *a = addr_first(st, i); a; a = addr_next(st, i, a))
			own_event(&o->watch, st, a, ADDR_ADDED);
	addr_watch_add(st, &o->watch);
}

void ip4_own_unlink(struct leat_stack *st, struct ip_own *o)
{
	addr_watch_remove(st, &o->watch);
}

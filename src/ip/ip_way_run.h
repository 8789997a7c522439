/* SPDX-License-Identifier: BSD-2-Clause */
/* What neighbouring packets on one way share in ip4-forward, ip6-forward and the two nodes behind them: everything that follows
 * from the next hop and the interface alone, worked out for the first of them. What is left for each packet is to compare. */
#ifndef LEAT_IP_WAY_RUN_H
#define LEAT_IP_WAY_RUN_H

#include "ip/ip_internal.h"

#define IP_WAY_NONE UINT32_MAX /* no interface's handle */

struct ip_way_run {
	const struct fib_nh *nh; /* NULL: none is wanted, the destination is on the link */
	const struct iface *out;
	uint32_t out_if; /* IP_WAY_NONE: no run yet */
	uint32_t mtu; /* of those without exceptions */
	bool has_hop; /* the next hop is `hop`; else it is the destination */
	uint8_t edge; /* the hook's */
	struct ipaddr hop;
};

static inline bool ip_way_goes_on(const struct ip_way_run *r, const struct fib_nh *nh, uint32_t out_if)
{
	return likely(nh == r->nh && out_if == r->out_if);
}

/* False: there is no such interface any more. */
static inline bool ip_way_start(const struct worker *w, struct ip_way_run *r, const struct fib_nh *nh,
				uint32_t out_if, enum hook_point hook)
{
	r->out_if = IP_WAY_NONE;
	r->out = iface_get(w, out_if);
	if (!r->out)
		return false;
	r->nh = nh;
	r->out_if = out_if;
	r->mtu = route_mtu(nh, r->out);
	r->edge = racy_get(r->out->hooks.edge[hook]);
	return true;
}

/* Does anything but its next hop say how long it may be, or where it goes? */
static inline bool ip_way_is_own(const struct pkt *p)
{
	return unlikely(p->edge.ip_route.exc || p->flags & PKT_F_LINK_MTU);
}

#endif

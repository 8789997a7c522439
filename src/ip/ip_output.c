/* SPDX-License-Identifier: BSD-2-Clause */
#include "ip/ip_output.h"

#include "net/addr.h"

enum drop ip_to_others(const struct fib_nh *nh, uint32_t *out_if, const struct fib_nh **ret_nh)
{
	if (*out_if) { /* the sender named the interface: by its routes, or on the link */
		*ret_nh = nh ? fib_nh_through(nh, *out_if) : NULL;
		return DROP_NONE;
	}
	*ret_nh = nh;
	if (!nh)
		return DROP_IP_NO_ROUTE;
	*out_if = nh->if_handle;
	switch (nh->type) {
	case RTN_UNICAST:
	case RTN_ANYCAST: /* IPv4, Linux: as if it were nothing special */
	case RTN_BROADCAST:
	case RTN_MULTICAST:
		return DROP_NONE;
	case RTN_BLACKHOLE:
		return DROP_IP_BLACKHOLE;
	case RTN_PROHIBIT:
		return DROP_IP_PROHIBIT;
	default:
		return DROP_IP_UNREACHABLE;
	}
}

bool ip_choose_source(const struct worker *w, const struct fib_nh *nh, uint32_t out_if, uint8_t family,
		      const struct ipaddr *dst, struct ipaddr *ret)
{
	if (nh && nh->type == RTN_LOCAL) { /* to ourselves: from the same address */
		*ret = *dst;
		return true;
	}
	if (nh && nh->prefsrc_family == family) {
		*ret = nh->prefsrc;
		return true;
	}
	/* Linux: to an anycast address of ours from one of its interface */
	const struct iface *out = iface_get(w, nh && nh->type == RTN_ANYCAST ? nh->if_handle : out_if);
	return out && addr_select_source(w, out, family, dst, ret);
}

static bool would_come_from(const struct worker *w, const struct fib_nh *nh, const void *ctx)
{
	const struct fib_flow *f = ctx;
	struct ipaddr would;
	return ip_choose_source(w, nh, nh->if_handle, f->family, &f->dst, &would) &&
	       ipaddr_eq(&would, &f->src);
}

const struct fib_nh *ip_flow_path(const struct worker *w, const struct fib_nh *nh, const struct fib_flow *f,
				  const struct pkt *p)
{
	uint32_t hash = p ? fib_hash_pkt(w, f->family, p) : fib_hash_flow(w, f);
	return ipaddr_is_zero(&f->src) ? fib_path_of(w, nh, hash)
				       : fib_path_that_fits(w, nh, hash, would_come_from, f);
}

enum drop ip_way_of(const struct worker *w, const struct fib_nh *nh, uint32_t out_if, uint8_t family,
		    const struct ipaddr *dst, struct ip_way *ret)
{
	const struct iface *out = iface_get(w, out_if);
	if (!out)
		return DROP_IF_GONE;
	*ret = (struct ip_way){
		.out_if = out_if,
		.mtu = family == AF_INET6 ? link_mtu6(out, route_mtu(nh, out)) : route_mtu(nh, out),
		.link_mtu = racy_get(out->mtu),
		.nh = nh,
		.mtu_locked = nh && fib_nh_mtu_locked(nh),
		.via = fib_via_of(out_if, nh),
		.exc = fib_exc_find(w, family, dst, out_if, nh),
		.hops = route_hops(w, nh, out, family),
		.type = nh ? nh->type : RTN_UNICAST,
	};
	if (ret->exc && ret->exc->mtu) {
		ret->mtu = MIN(ret->mtu, ret->exc->mtu);
		ret->mtu_locked |= ret->exc->mtu_locked;
	}
	ret->src_by_route = nh && nh->prefsrc_family == family;
	ret->has_src = ip_choose_source(w, nh, out_if, family, dst, &ret->src);
	return DROP_NONE;
}

enum drop ip_way(const struct worker *w, const struct fib_query *q, struct ip_way *ret)
{
	return q->family == AF_INET6 ? ip6_way_of(w, q, ret) : ip4_way_of(w, q, ret);
}

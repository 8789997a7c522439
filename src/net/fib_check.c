/* SPDX-License-Identifier: BSD-2-Clause */
/* What a route must satisfy before it is added, with Linux's errors and Linux's words. */
#include <errno.h>
#include <netinet/in.h>

#include "net/fib_internal.h"
#include "net/nexthop.h"

static int refuse(const char **ret_why, int err, const char *why)
{
	*ret_why = why;
	return err;
}

/* By type: the narrowest scope it may have (IPv4), and whether it answers by itself, without a next hop. */
static const struct type_rule {
	uint8_t scope;
	bool known, no_hop;
} type_rules[RTN_MAX + 1] = {
	[RTN_UNICAST] = { RT_SCOPE_UNIVERSE, true, false },
	[RTN_LOCAL] = { RT_SCOPE_HOST, true, false },
	[RTN_BROADCAST] = { RT_SCOPE_LINK, true, false },
	[RTN_ANYCAST] = { RT_SCOPE_LINK, true, false },
	[RTN_MULTICAST] = { RT_SCOPE_UNIVERSE, true, false },
	[RTN_BLACKHOLE] = { RT_SCOPE_UNIVERSE, true, true },
	[RTN_UNREACHABLE] = { RT_SCOPE_UNIVERSE, true, true },
	[RTN_PROHIBIT] = { RT_SCOPE_UNIVERSE, true, true },
	[RTN_THROW] = { RT_SCOPE_UNIVERSE, true, true },
};

/* Linux looks gateways up with scope link, so a route through another gateway does not count. */
static bool wants_on_link4(const struct fib_nh *nh)
{
	return nh->scope >= RT_SCOPE_LINK;
}
static bool wants_on_link6(const struct fib_nh *nh)
{
	return nh->gw_family == 0 && !type_rules[nh->type].no_hop;
}

static struct iface *hop_iface(struct leat_stack *st, const struct fib_route *r)
{
	return r->nh.if_handle ? iface_by_handle(st, r->nh.if_handle) : NULL;
}

static int check_onlink(struct leat_stack *st, const struct fib_route *r, const char **ret_why)
{
	struct iface *i = hop_iface(st, r);
	if (r->family == AF_INET && r->nh.scope >= RT_SCOPE_LINK)
		return refuse(ret_why, -EINVAL, "Nexthop has invalid scope");
	if (!i)
		return refuse(ret_why, -ENODEV, "Nexthop device required for onlink");
	if (!(i->flags & IFF_UP))
		return refuse(ret_why, -ENETDOWN, "Nexthop device is not up");
	return 0;
}

static int check_gateway4(struct leat_stack *st, struct fib_route *r, const char **ret_why)
{
	if (r->nh.flags & RTNH_F_ONLINK) {
		int err = check_onlink(st, r, ret_why);
		if (!err && fib_addr_type(st, AF_INET, &r->nh.gw) != RTN_UNICAST)
			return refuse(ret_why, -EINVAL, "Nexthop has invalid gateway");
		return err;
	}
	if (r->nh.scope >= RT_SCOPE_LINK)
		return refuse(ret_why, -EINVAL, "Nexthop has invalid scope");
	/* Linux: a table of one's own is asked first, then the rules. */
	const struct fib_nh *to = NULL;
	if (r->table != RT_TABLE_MAIN)
		to = fib_find_route(st, AF_INET, r->table, &r->nh.gw, r->nh.if_handle, wants_on_link4);
	if (!to)
		to = fib_find_route(st, AF_INET, 0, &r->nh.gw, r->nh.if_handle, wants_on_link4);
	if (!to || (r->nh.if_handle && to->if_handle != r->nh.if_handle))
		return refuse(ret_why, -ENETUNREACH, "Nexthop has invalid gateway");
	if (to->type != RTN_UNICAST && to->type != RTN_LOCAL) /* Linux: an address of ours will do */
		return refuse(ret_why, -EINVAL, "Nexthop has invalid gateway");
	r->nh.if_handle = to->if_handle;
	struct iface *i = hop_iface(st, r);
	if (!i)
		return refuse(ret_why, -ENETUNREACH, "No egress device for nexthop");
	return i->flags & IFF_UP ? 0 : -ENETDOWN;
}

static int check_gateway6(struct leat_stack *st, struct fib_route *r, const char **ret_why)
{
	const struct ip6 *gw = &r->nh.gw.v6;
	if (fib_addr_type(st, AF_INET6, &r->nh.gw) == RTN_LOCAL)
		return refuse(ret_why, -EINVAL, "Gateway can not be a local address");
	if (ip6_is_multicast(gw) || ip6_is_zero(gw))
		return refuse(ret_why, -EINVAL, "Invalid gateway address");
	if (!ip6_is_link_local(gw) && !(r->nh.flags & RTNH_F_ONLINK)) {
		const struct fib_nh *to =
			fib_find_route(st, AF_INET6, r->table, &r->nh.gw, r->nh.if_handle, NULL);
		if (!to || !wants_on_link6(to))
			to = fib_find_route(st, AF_INET6, 0, &r->nh.gw, r->nh.if_handle, NULL);
		if (!to || !wants_on_link6(to) || (r->nh.if_handle && to->if_handle != r->nh.if_handle))
			return -EHOSTUNREACH;
		r->nh.if_handle = to->if_handle;
	}
	struct iface *i = hop_iface(st, r);
	if (!i)
		return refuse(ret_why, -EINVAL, "Egress device not specified");
	if (i->flags & IFF_LOOPBACK)
		return refuse(ret_why, -EINVAL, "Egress device can not be loopback device for this route");
	return 0;
}

static int check_hop4(struct leat_stack *st, struct fib_route *r, const char **ret_why)
{
	struct iface *i = hop_iface(st, r);
	if (r->nh.scope == RT_SCOPE_HOST) {
		if (r->nh.gw_family)
			return refuse(ret_why, -EINVAL, "Route with host scope can not have a gateway");
		return i ? 0 : -ENODEV;
	}
	if (r->nh.gw_family == AF_INET)
		return check_gateway4(st, r, ret_why);
	if (r->nh.gw_family == AF_INET6) {
		const struct ipaddr v4 = { .v4 = r->nh.gw.v4 };
		if (ipaddr_eq(&v4, &r->nh.gw)) /* it could not be told from one of IPv4: x:y:: alone */
			return refuse(ret_why, -EINVAL, "Invalid gateway address");
		return check_gateway6(st, r, ret_why);
	}
	if (r->nh.flags & RTNH_F_ONLINK)
		return refuse(ret_why, -EINVAL,
			      "Invalid flags for nexthop - PERVASIVE and ONLINK can not be set");
	if (!i)
		return -ENODEV;
	if (!(i->flags & IFF_UP))
		return refuse(ret_why, -ENETDOWN, "Device for nexthop is not up");
	return 0;
}

static int check_hop6(struct leat_stack *st, struct fib_route *r, const char **ret_why)
{
	if (r->nh.if_handle && !hop_iface(st, r))
		return -ENODEV;
	if (r->nh.flags & RTNH_F_ONLINK) {
		int err = check_onlink(st, r, ret_why);
		if (err)
			return err;
	}
	if (r->nh.gw_family && r->nh.gw_family != AF_INET6)
		return refuse(ret_why, -EINVAL, "Invalid gateway address");
	int err = r->nh.gw_family ? check_gateway6(st, r, ret_why) : 0;
	if (err)
		return err;
	struct iface *i = hop_iface(st, r);
	if (!i)
		return -ENODEV;
	/* Linux: an address of an interface that is down is nevertheless ours. */
	if (!(i->flags & IFF_UP) && r->nh.type != RTN_LOCAL)
		return refuse(ret_why, -ENETDOWN, "Nexthop device is not up");
	return 0;
}

int fib_check_hop(struct leat_stack *st, struct fib_route *r, const char **ret_why)
{
	return r->family == AF_INET ? check_hop4(st, r, ret_why) : check_hop6(st, r, ret_why);
}

/* Each way as if it were the only one. */
static int check_hops(struct leat_stack *st, const struct fib_route *r, struct fib_hop *hops,
		      const char **ret_why)
{
	int err = 0;
	for (unsigned i = 0; i < r->n_hops && !err; i++) {
		struct fib_route one = *r;
		one.nh = fib_nh_with_hop(&r->nh, &hops[i]);
		err = fib_check_hop(st, &one, ret_why);
		hops[i].if_handle = one.nh.if_handle;
	}
	return err;
}

static int check_source(struct leat_stack *st, const struct fib_route *r, const char **ret_why)
{
	const struct fib_nh *nh = &r->nh;
	uint8_t family = nh->prefsrc_family ? nh->prefsrc_family : r->family;
	if (ipaddr_is_zero(&nh->prefsrc) || (nh->type == RTN_LOCAL && ipaddr_eq(&nh->prefsrc, &r->dst)))
		return 0;
	if (fib_addr_type(st, family, &nh->prefsrc) == RTN_LOCAL)
		return 0;
	/* Linux: or in the route's own table, a VRF's. */
	const struct fib_nh *own = fib_find_route(st, family, r->table, &nh->prefsrc, 0, NULL);
	if (own && own->type == RTN_LOCAL)
		return 0;
	return refuse(ret_why, -EINVAL,
		      r->family == AF_INET ? "Invalid prefsrc address" : "Invalid source address");
}

static bool has_host_bits4(const struct fib_route *r)
{
	return r->plen < 32 && be32_get(r->dst.v4) << r->plen;
}

int fib_check_shape(const struct fib_route *r, const char **ret_why)
{
	if ((r->family != AF_INET && r->family != AF_INET6) || r->table == RT_TABLE_UNSPEC)
		return -EINVAL;
	if (r->plen > (r->family == AF_INET ? 32 : 128))
		return refuse(ret_why, -EINVAL, "Invalid prefix length");
	if (r->nh.src_plen > (r->family == AF_INET ? 0 : 128))
		return refuse(ret_why, -EINVAL, "Invalid source address length");
	if (r->family == AF_INET && has_host_bits4(r)) /* Linux: those of IPv6 are cut off without a word */
		return refuse(ret_why, -EINVAL, "Invalid prefix for given prefix length");
	if (r->tos & 3 || (r->tos && r->family == AF_INET6))
		return -EINVAL; /* netlink says why */
	if (r->nh.type > RTN_MAX || !type_rules[r->nh.type].known)
		return refuse(ret_why, -EINVAL, "Invalid route type");
	if (r->nh.flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN))
		return refuse(ret_why, -EINVAL, "Invalid rtm_flags - can not contain DEAD or LINKDOWN");
	if (r->family == AF_INET &&
	    (type_rules[r->nh.type].scope > r->nh.scope || r->nh.scope > RT_SCOPE_HOST))
		return refuse(ret_why, -EINVAL, "Invalid scope");
	return 0;
}

int fib_check(struct leat_stack *st, struct fib_route *r, struct fib_hop *hops, const char **ret_why)
{
	int err = fib_check_shape(r, ret_why);
	if (err)
		return err;
	if (type_rules[r->nh.type].no_hop) {
		if (r->family == AF_INET && (r->nh.gw_family || r->nh.if_handle || r->n_hops))
			return refuse(
				ret_why, -EINVAL,
				"Gateway, device and multipath can not be specified for this route type");
		r->nh.if_handle = 0;
		r->nh.gw_family = 0;
		r->nh.gw = (struct ipaddr){ 0 };
		return 0;
	}
	if (r->nh.nh_id) {
		err = nexthop_check_route(st, r->nh.nh_id, r->family, r->nh.scope, ret_why);
		return err ? err : check_source(st, r, ret_why);
	}
	if (r->n_hops && r->family == AF_INET && r->nh.scope == RT_SCOPE_HOST)
		return refuse(ret_why, -EINVAL, "Route with host scope can not have multiple nexthops");
	err = r->n_hops ? check_hops(st, r, hops, ret_why) : fib_check_hop(st, r, ret_why);
	return err ? err : check_source(st, r, ret_why);
}
